"""Rows of result tables as everyone may see them."""

import math
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self

import numpy as np
import pandas as pd

from analysis.estimate.journey_rates import STEPS
from analysis.estimate.results import read_note, write_note
from analysis.release.knowledge import ALL_KNOWN, stratum
from analysis.release.policy import (
    HIDDEN,
    PROTECTS,
    SMALL,
    SMALLEST,
    point_digits,
    rate_digits,
    round_count,
)
from analysis.release.units import (
    CHANGES,
    COARSE_DIGITS,
    FRACTIONS,
    FULL_DIGITS,
    ONE_SIDED,
    UNITS,
    Unit,
)
from analysis.vocabulary import ALL, INTERSECTION, Estimand

Row = Mapping[Hashable, Any]

COUNTS: Final = ("n_group", "n_reference", "k_group", "k_reference")
LIMITS: Final = ("estimate", "ci_low", "ci_high")
TESTS: Final = ("p_value", "p_adjusted")
NUMBERS: Final = (*LIMITS, *TESTS, "std_error")

COUNTED_REMARKS: Final = frozenset({"left_out", "only_group", "only_reference"})
"""Keys of notes whose values count persons."""

TELLING_REMARKS: Final = frozenset({"df", "effective", "largest_weight", "few_at_risk"})
"""Keys of notes whose values give a count away: degrees of freedom are about the smaller side."""

HIDDEN_CAUSES: Final = {
    key: f"{key}_hidden" for key in ("separation", "undetermined", "collinear", "unseen_level")
}
"""Keys of notes whose values name levels of few persons who are all alike, and those without."""

AT_RISK: Final = "few_at_risk"
COHORT_GAPS: Final = frozenset({Estimand.DIFFERENCE, Estimand.ADJUSTED_DIFFERENCE})
"""Estimands whose term, if they have one, is the cohort that they are of."""

PLACED: Final = "placed_"
ANSWERED: Final = "answered_"
OF_ANSWERS: Final = ("response", "manski", "tipping", "weighted")
"""First words of methods whose rows on placement count all who were asked."""


class Withheld(NamedTuple):
    """A row that is hidden to protect others: all that is told of a group's outcome."""

    cohort: str
    outcome: str
    group: str


class Sides(NamedTuple):
    """Which gap a row is of, in one cohort."""

    outcome: str
    contrast: str
    group: str
    cohort: str


class FullRows:
    """Rows for those who may see everything."""

    def released(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table with nullable counts and the decimals of its rows."""
        digits = [FULL_DIGITS[UNITS[Estimand(name)]] for name in table["estimand"]]
        return table.astype(dict.fromkeys(COUNTS, "Int64")).assign(digits=digits)


@dataclass(frozen=True)
class PublicRows:
    """Rows for everyone.

    Attributes
    ----------
    withheld, cohort
        See `analysis.release.results.Release`.
    smallest
        Persons of the smaller side of each gap that the table has by cohort.
    by_specification
        Whether rows are specifications of one gap, which have no counts and whole points.
    """

    withheld: frozenset[Withheld]
    cohort: str
    smallest: Mapping[Sides, int]
    by_specification: bool = False

    @classmethod
    def of(
        cls,
        table: pd.DataFrame,
        withheld: frozenset[Withheld],
        cohort: str,
        *,
        by_specification: bool = False,
    ) -> Self:
        """Learn from a table what its changes between cohorts compare."""
        gaps = table[table["estimand"].isin(COHORT_GAPS) & (table["term"] != "")]
        smallest = {
            Sides(*key): int(min(n_group, n_reference))
            for *key, n_group, n_reference in gaps[
                ["outcome", "contrast", "group", "term", "n_group", "n_reference"]
            ].itertuples(index=False)
        }
        return cls(withheld, cohort, smallest, by_specification)

    def released(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table rounded and hidden by the policy, with the decimals of its rows."""
        rows = [self._released(row) for row in table.to_dict("records")]
        released = pd.DataFrame(rows, columns=[*table.columns, "digits"])
        types = table.dtypes.to_dict() | dict.fromkeys(COUNTS, "Int64")
        return released.astype({**types, "digits": "int64"})

    def _released(self, row: Row) -> dict[Hashable, Any]:
        estimand, note = Estimand(row["estimand"]), read_note(str(row["note"]))
        least = self._smallest(row, estimand)
        if least < SMALLEST or int(note.get(AT_RISK, SMALLEST)) < SMALLEST:
            return _hidden(row, SMALL)
        if self.withheld.intersection(self._about(row, estimand, note)):
            return _hidden(row, PROTECTS)
        unit = UNITS[estimand]
        digits = COARSE_DIGITS[unit] if self.by_specification else _digits(unit, least)
        return {
            **row,
            **_rounded_limits(row, unit, digits),
            **{name: round_up(row[name]) for name in TESTS},
            **self._counts(row, estimand),
            "std_error": np.nan,
            "note": self._told(note, estimand),
            "digits": digits,
        }

    def _smallest(self, row: Row, estimand: Estimand) -> int:
        """Persons of the smallest denominator that a row rests on."""
        if estimand in CHANGES:
            # A cohort without a gap of its own in the table can't be checked.
            shared = (row["outcome"], row["contrast"], row["group"])
            cohorts = str(row["term"]).split(">")
            return min(self.smallest.get(Sides(*shared, cohort), 0) for cohort in cohorts)
        alone = not row["reference"] or estimand in ONE_SIDED
        return int(row["n_group"] if alone else min(row["n_group"], row["n_reference"]))

    def _about(self, row: Row, estimand: Estimand, note: Mapping[str, str]) -> Iterator[Withheld]:
        """All rows of the declared table of which this row tells something."""
        term, outcome = str(row["term"]), str(row["outcome"])
        cohorts = [self.cohort]
        if estimand in CHANGES:
            cohorts = term.split(">")
        elif estimand in COHORT_GAPS and term and not self.by_specification:
            cohorts = [term]
        outcomes = {outcome, STEPS.get(term, outcome), note.get("spec_outcome", outcome)}
        if str(row["method"]).startswith(OF_ANSWERS):
            outcomes |= {name.replace(PLACED, ANSWERED) for name in outcomes}
        for group in filter(None, (str(row["group"]), str(row["reference"]))):
            if row["contrast"] == INTERSECTION:
                group = ALL_KNOWN if group == ALL else stratum(group)
            yield from (Withheld(c, o, group) for c in cohorts for o in sorted(outcomes))

    def _counts(self, row: Row, estimand: Estimand) -> dict[Hashable, Any]:
        if self._uncounted(estimand):
            return dict.fromkeys(COUNTS)
        return {name: round_count(row[name]) for name in COUNTS}

    def _uncounted(self, estimand: Estimand) -> bool:
        """Whether a row tells no counts: two that differ by a few persons would tell these."""
        return self.by_specification or estimand in CHANGES

    def _told(self, note: Mapping[str, str], estimand: Estimand) -> str:
        dropped = TELLING_REMARKS | (COUNTED_REMARKS if self._uncounted(estimand) else frozenset())
        parts: dict[str, object] = {}
        for key, value in note.items():
            if key in HIDDEN_CAUSES:
                parts[HIDDEN_CAUSES[key]] = True
            elif key in COUNTED_REMARKS - dropped:
                parts[key] = f"{round_count(int(value)):.0f}"
            elif key not in dropped:
                parts[key] = value or True
        return write_note(**parts)


def _hidden(row: Row, reason: str) -> dict[Hashable, Any]:
    told: dict[Hashable, Any] = {"note": write_note(**{HIDDEN: reason}), "digits": 0}
    return {**row, **dict.fromkeys(NUMBERS, np.nan), **dict.fromkeys(COUNTS), **told}


def _digits(unit: Unit, least: int) -> int:
    if unit is Unit.RATE:
        return rate_digits(least)
    return min(FULL_DIGITS[unit], COARSE_DIGITS[unit] + point_digits(least))


def _rounded_limits(row: Row, unit: Unit, digits: int) -> dict[Hashable, float]:
    """The estimate and its limits, which hold it even if they are those of rounded counts."""
    value, low, high = (_rounded(row[name], unit, digits) for name in LIMITS)
    # A comparison with a missing limit is false, which leaves it missing.
    held = (value, value if low > value else low, value if high < value else high)
    return dict(zip(LIMITS, held, strict=True))


def _rounded(value: float, unit: Unit, digits: int) -> float:
    if unit is Unit.PERSONS:
        return round_count(value)
    # Adding nothing turns a negative zero into zero.
    return round(value, digits + (2 if unit in FRACTIONS else 0)) + 0.0


def round_up(p_value: float) -> float:
    """A p-value to two decimals, upwards: none reads smaller than it is, and none as zero."""
    return p_value if math.isnan(p_value) else max(math.ceil(100 * p_value - 1e-9), 1) / 100
