"""Who is compared with whom: the contrasts of overlapping groups, on cells."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from analysis.vocabulary import (
    ALL,
    NON_UNDERSERVED,
    OTHERS,
    UNDERSERVED,
    Contrast,
    Unknown,
)

MEMBER = "member"


@dataclass(frozen=True)
class Comparison:
    """Two disjoint sets of persons.

    Attributes
    ----------
    contrast, group, reference
        What is compared, by their names in the vocabulary or the study.
    cells
        Cells of both sides, with the boolean column `member`.
    left_out
        Persons of the denominator left out because a membership is not known.
    """

    contrast: Contrast
    group: str
    reference: str
    cells: pd.DataFrame
    left_out: int

    @cached_property
    def counts(self) -> dict[str, int]:
        """Persons and successes of both sides, by the names of the result table's columns."""
        members = self.cells[MEMBER]
        sums = self.cells[["n", "successes"]]
        group, reference = sums[members].sum(), sums[~members].sum()
        return {
            "n_group": int(group["n"]),
            "n_reference": int(reference["n"]),
            "k_group": int(group["successes"]),
            "k_reference": int(reference["successes"]),
        }

    @property
    def sides(self) -> tuple[int, int, int, int]:
        """Successes and persons of the group, then of the reference."""
        counts = self.counts
        return counts["k_group"], counts["n_group"], counts["k_reference"], counts["n_reference"]


def treat_unknown(cells: pd.DataFrame, categories: Sequence[str], unknown: Unknown) -> pd.DataFrame:
    """Take unknown memberships as "no" or as "yes", or leave them unknown."""
    if unknown == Unknown.LEFT_OUT:
        return cells
    value = unknown == Unknown.AS_YES
    return cells.assign(**{name: cells[name].fillna(value) for name in categories})


def compare(
    cells: pd.DataFrame, categories: Sequence[str], contrast: Contrast, group: str
) -> Comparison:
    """Sort cells into a group and its reference.

    Parameters
    ----------
    cells
        Cells with one nullable boolean column per category.
    categories
        The categories that make a person underserved.
    contrast
        `any`: underserved against non-underserved. `marginal`: members of a category against
        the non-underserved. `complement`: members against those known not to be. `joint`: as
        `complement`, among those whose categories are all known.
    group
        The category, or `underserved` for the contrast `any`.
    """
    flags = cells[list(categories)]
    yes, no = flags.eq(True).fillna(False), flags.eq(False).fillna(False)
    underserved, privileged = yes.any(axis=1), no.all(axis=1)
    if contrast == Contrast.ANY:
        members, others, reference = underserved, privileged, NON_UNDERSERVED
        eligible = pd.Series(True, index=cells.index)
    elif contrast == Contrast.MARGINAL:
        members, others, reference = yes[group], privileged, NON_UNDERSERVED
        # A person known to be underserved, but not in this category, is on neither side.
        eligible = ~(underserved & no[group])
    elif contrast == Contrast.COMPLEMENT:
        members, others, reference = yes[group], no[group], OTHERS
        eligible = pd.Series(True, index=cells.index)
    else:
        known = (yes | no).all(axis=1)
        members, others, reference = yes[group] & known, no[group] & known, OTHERS
        eligible = pd.Series(True, index=cells.index)
    kept = members | others
    left_out = int(cells.loc[eligible & ~kept, "n"].sum())
    sides = cells[kept].assign(**{MEMBER: members[kept].astype(bool)})
    return Comparison(contrast, group, reference, sides, left_out)


def comparisons(
    cells: pd.DataFrame, categories: Sequence[str], contrast: Contrast
) -> Iterator[Comparison]:
    """One comparison per group of a contrast."""
    groups = [UNDERSERVED] if contrast == Contrast.ANY else categories
    for group in groups:
        yield compare(cells, categories, contrast, group)


def populations(
    cells: pd.DataFrame, categories: Sequence[str]
) -> Iterator[tuple[str, pd.DataFrame, int]]:
    """Name, cells and number of unknown membership of everyone, each side and each category."""
    yield ALL, cells, 0
    any_gap = compare(cells, categories, Contrast.ANY, UNDERSERVED)
    members = any_gap.cells[MEMBER]
    yield NON_UNDERSERVED, any_gap.cells[~members], any_gap.left_out
    yield UNDERSERVED, any_gap.cells[members], any_gap.left_out
    for name in categories:
        own = compare(cells, categories, Contrast.COMPLEMENT, name)
        yield name, own.cells[own.cells[MEMBER]], own.left_out


def combination_names(cells: pd.DataFrame, categories: Sequence[str]) -> pd.Series:
    """Name each cell's combination of categories: those known to hold, joined by " + ".

    It is `non_underserved` where all are known not to hold, and empty where none is known to and
    one is not known.
    """
    flags = cells[list(categories)]
    yes, no = flags.eq(True).fillna(False), flags.eq(False).fillna(False)
    names = [
        NON_UNDERSERVED
        if none
        else " + ".join(name for name, has in zip(categories, row, strict=True) if has)
        for row, none in zip(yes.to_numpy(), no.all(axis=1), strict=True)
    ]
    return pd.Series(names, index=cells.index, dtype=str)


def collapse(cells: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Add up the cells that agree in `by`; cells without persons in the denominator go."""
    used = cells[cells["n"] > 0]
    return used.groupby(list(by), observed=True, sort=False, as_index=False, dropna=False)[
        ["n", "successes"]
    ].sum()
