"""Measures of the bottom lines as everyone may see them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import InputError
from analysis.estimate.results import write_note
from analysis.impact.measures import MeasureUnit
from analysis.impact.precision import rounded
from analysis.release.overlaps import OUTSIDE, is_population, telling_rows
from analysis.release.policy import (
    HIDDEN,
    PROTECTS,
    ROUNDED_TO,
    SMALL,
    SMALLEST,
    round_count,
)
from analysis.vocabulary import ALL, NON_UNDERSERVED, UNDERSERVED

LIMITS: Final = ("estimate", "ci_low", "ci_high")
KEY: Final = ("measure", "group", "period")
COUNTED_ELSEWHERE: Final = (
    MeasureUnit.SHARE,
    MeasureUnit.POINTS,
    MeasureUnit.PERSONS,
    MeasureUnit.OUTCOMES,
)
"""Units of what tables of results and of counts tell, which have their own rules and checks."""
SIDES: Final = (UNDERSERVED, NON_UNDERSERVED)
"""Groups that nearly make up all: of the one and of all together the other can be worked out."""


def public_measures(table: pd.DataFrame, categories: Collection[str] = ()) -> pd.DataFrame:
    """Round measures to their digits, persons by the policy, and hide what tells of few persons.

    A sum over a group is its mean times its persons, and sums of groups can be added and
    subtracted: a row is hidden if its own persons are fewer than the policy's limit, and if with
    other rows it tells the sum of such few; see `analysis.release.overlaps`. What is hidden of a
    group is hidden of every measure of the same persons, for one measure may follow from another:
    measures of a period and a source are taken to be of the same persons unless they count a group
    differently.

    Parameters
    ----------
    table
        See `analysis.impact.measures.Measures`; its rows with `n` are of persons. May have more
        columns, which are left as they are.
    categories
        Names of the study's categories. Rows of what is neither one of these, nor those outside
        of one, nor a side, nor all, are no sums over a group, and only hidden for their own `n`.
    """
    reasons = _reasons(table, categories)
    hidden = reasons != ""
    shown = table.copy()
    for name in LIMITS:
        shown[name] = [
            np.nan if gone else _rounded(value, digits, unit)
            for gone, value, digits, unit in zip(
                hidden, table[name], table["digits"], table["unit"], strict=True
            )
        ]
    shown["n"] = table["n"].map(round_count, na_action="ignore").astype("Int64").mask(hidden)
    told = reasons.map(lambda reason: write_note(**{HIDDEN: reason}))
    shown["note"] = table["note"].mask(hidden, told)
    # The digits of a hidden value would tell how wide its interval is.
    shown["digits"] = table["digits"].mask(hidden, 0)
    persons = table["unit"] == MeasureUnit.PERSONS
    shown["digits"] = shown["digits"].mask(persons, shown["digits"].clip(upper=0))
    return shown


def check_measures(tables: Mapping[str, pd.DataFrame], categories: Collection[str]) -> None:
    """Refuse released tables of measures that together tell the sum of a few persons.

    Each table was released by itself or with others: what one hides, another could tell. Shares
    are left to the attack on result tables, which they are a copy of.

    Parameters
    ----------
    tables
        Tables of a pack by their names; those that are none of measures are passed over.
    categories
        Names of the study's categories.

    Raises
    ------
    InputError
        Naming the tables and the groups.
    """
    named = [
        table[[*KEY, "source", "n"]].assign(table=name)[~table["unit"].isin(COUNTED_ELSEWHERE)]
        for name, table in tables.items()
        if {*KEY, "source", "unit", "n"} <= set(table)
    ]
    rows = (
        pd.concat(named, ignore_index=True)
        if named
        else pd.DataFrame(columns=[*KEY, "source", "n"])
    )
    populations = [is_population(_group(str(name)), categories) for name in rows["group"]]
    for family in _families(rows, np.array(populations, dtype=bool)):
        told = telling_rows(family.persons, categories, SMALLEST, ROUNDED_TO / 2)
        if told:
            groups = rows.loc[family.places, "group"].map(_group)
            names = rows.loc[family.places, "table"][groups.isin(told)].unique()
            raise InputError(
                f"The amounts of {', '.join(told)} in {', '.join(sorted(names))}, added and "
                "subtracted, tell the sum of a few persons. Leave out one of these tables, or "
                "build the pack with --internal."
            )


@dataclass
class _Family:
    """Rows of the same persons: of one period and source, each group counted alike throughout."""

    about: tuple[str, str]
    persons: dict[str, int]
    places: list[int]

    def shares(self, other: Self) -> int:
        """How many groups another family has too; -1 if it can't be of the same persons."""
        shared = self.persons.keys() & other.persons.keys()
        alike = all(self.persons[group] == other.persons[group] for group in shared)
        return len(shared) if alike and self.about == other.about else -1

    def take(self, other: Self) -> None:
        """Add another family's groups and rows."""
        self.persons |= other.persons
        self.places += other.places


def _reasons(table: pd.DataFrame, categories: Collection[str]) -> pd.Series:
    """Why each row is hidden; empty where it is shown."""
    groups = [_group(str(name)) for name in table["group"]]
    small = (table["n"] < SMALLEST).fillna(False).astype(bool)
    reasons = [SMALL if few else "" for few in small]
    populations = [is_population(group, categories) for group in groups]
    for family in _families(table, np.array(populations)):
        hidden = _hidden_groups(family.persons, categories)
        for place in family.places:
            reasons[place] = hidden.get(groups[place], "")
    return pd.Series(reasons, table.index, dtype=object)


def _families(table: pd.DataFrame, populations: NDArray[np.bool_]) -> list[_Family]:
    rows = table.reset_index(drop=True)
    rows = rows[populations & rows["n"].notna()]
    # A measure that counts a group in two ways is of two sets of persons.
    way = rows.groupby([*KEY, "source"])["n"].rank("dense")
    measures = [
        _Family(
            (str(key[0]), str(key[1])),
            {_group(group): int(n) for group, n in zip(own["group"], own["n"], strict=True)},
            list(own.index),
        )
        for key, own in rows.groupby(["period", "source", "measure", way], sort=False)
    ]
    families: list[_Family] = []
    # Those of many groups first: one of a single group then finds the one that has it too.
    for one in sorted(measures, key=lambda one: -len(one.persons)):
        best = max(families, key=one.shares, default=None)
        if best is None or one.shares(best) < 0:
            families.append(one)
        else:
            best.take(one)
    return families


def _group(name: str) -> str:
    """A group by its name; a measure that names none is of all."""
    return name or ALL


def _hidden_groups(persons: Mapping[str, int], categories: Collection[str]) -> dict[str, str]:
    """Which of some groups of the same persons are hidden, and why."""
    hidden = {group: SMALL for group, n in persons.items() if n < SMALLEST}
    if any(side in hidden for side in SIDES):
        hidden |= {side: PROTECTS for side in SIDES if side in persons and side not in hidden}
    shown = {group: n for group, n in persons.items() if group not in hidden}
    while told := telling_rows(shown, categories, SMALLEST):
        # Readers look for the whole first, and for those outside of a category last.
        gone = min(
            told, key=lambda group: (group == ALL, not group.endswith(OUTSIDE), shown[group], group)
        )
        hidden[gone] = PROTECTS
        del shown[gone]
    return hidden


def _rounded(value: float, digits: int, unit: str) -> float:
    """A value with the decimals that readers see: two more of a fraction than of its percentage.

    Persons are rounded by the policy whatever their digits, which may be coarser but not finer.
    """
    if unit == MeasureUnit.PERSONS:
        return round_count(rounded(value, min(digits, 0)))
    return rounded(value, digits + 2 * (unit == MeasureUnit.SHARE))
