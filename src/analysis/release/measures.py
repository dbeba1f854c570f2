"""Measures of the bottom lines as everyone may see them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.estimate.results import write_note
from analysis.impact.measures import MeasureUnit
from analysis.impact.precision import rounded
from analysis.release.overlaps import is_population, telling_rows
from analysis.release.policy import HIDDEN, PROTECTS, SMALL, SMALLEST, round_count
from analysis.vocabulary import ALL, NON_UNDERSERVED, UNDERSERVED

LIMITS: Final = ("estimate", "ci_low", "ci_high")
SIDES: Final = (UNDERSERVED, NON_UNDERSERVED)
"""Groups that nearly make up all: of the one and of all together the other can be worked out."""


def public_measures(table: pd.DataFrame, categories: Collection[str] = ()) -> pd.DataFrame:
    """Round measures to their digits and counts by the policy, and hide what tells of few persons.

    A sum over a group is its mean times its persons, and sums of groups can be added and
    subtracted: a row is hidden if its own persons are fewer than the policy's limit, and if with
    other rows it tells the sum of such few; see `analysis.release.overlaps`. What is hidden of a
    group is hidden of every measure of the same persons, for one measure may follow from another.

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
    return shown


@dataclass
class _Family:
    """Rows of the same persons: of one period, each group counted alike wherever it stands."""

    period: str
    persons: dict[str, int] = field(default_factory=dict)
    places: list[int] = field(default_factory=list)

    def holds(self, period: str, persons: Mapping[str, int]) -> bool:
        """Whether groups of a measure are of the same persons as far as their numbers tell."""
        shared = self.persons.keys() & persons.keys()
        alike = all(self.persons[group] == persons[group] for group in shared)
        return period == self.period and bool(shared) and alike


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
    way = rows.groupby(["period", "measure", "group"])["n"].rank("dense")
    families: list[_Family] = []
    for key, own in rows.groupby(["period", "measure", way], sort=False):
        period = str(key[0])
        persons = {_group(group): int(n) for group, n in zip(own["group"], own["n"], strict=True)}
        family = next((one for one in families if one.holds(period, persons)), None)
        if family is None:
            family = _Family(period)
            families.append(family)
        family.persons |= persons
        family.places += list(own.index)
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
        # The whole is what readers look for first: it goes only where it tells by itself.
        gone = min(told, key=lambda group: (group == ALL, shown[group], group))
        hidden[gone] = PROTECTS
        del shown[gone]
    return hidden


def _rounded(value: float, digits: int, unit: str) -> float:
    """A value with the decimals that readers see: two more of a fraction than of its percentage."""
    return rounded(value, digits + 2 * (unit == MeasureUnit.SHARE))
