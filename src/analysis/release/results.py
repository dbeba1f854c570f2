"""Result tables as they may be shown."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.estimate.results import read_note, write_note
from analysis.release.policy import HIDDEN, PROTECTS, SMALL, SMALLEST, point_digits, round_count
from analysis.vocabulary import Audience, Estimand

COUNTS: Final = ("n_group", "n_reference", "k_group", "k_reference")
LIMITS: Final = ("estimate", "ci_low", "ci_high")
NUMBERS: Final = (*LIMITS, "std_error", "p_value", "p_adjusted")
COUNTED_REMARKS: Final = frozenset({"left_out"})
"""Keys of notes whose values count persons."""

RATIOS: Final = frozenset(
    {
        Estimand.RISK_RATIO,
        Estimand.ODDS_RATIO,
        Estimand.PROPORTIONALITY_INDEX,
        Estimand.EIGHTY_PERCENT_INDEX,
        Estimand.E_VALUE,
        Estimand.E_VALUE_INTERVAL,
        Estimand.HAZARD_RATIO,
        Estimand.HAZARD_ODDS_RATIO,
        Estimand.LOG_STEP_CONTRIBUTION,
    }
)
MONTHS: Final = frozenset({Estimand.RESTRICTED_MEAN, Estimand.RESTRICTED_MEAN_DIFFERENCE})
PERSONS: Final = frozenset({Estimand.SUCCESSES_TO_PARITY, Estimand.SUCCESSES_TO_ESCAPE_FLAG})


@dataclass(frozen=True)
class Release:
    """What an audience may see of a table.

    Attributes
    ----------
    audience
        Inside the provider, everything; everyone, what the policy allows.
    withheld
        Pairs of outcome and group that are hidden to protect others.
    """

    audience: Audience
    withheld: frozenset[tuple[str, str]] = frozenset()

    def results(self, table: pd.DataFrame) -> pd.DataFrame:
        """A result table as the audience may see it.

        Parameters
        ----------
        table
            See `analysis.estimate.results.Results`.

        Returns
        -------
        pandas.DataFrame
            The same rows and columns, counts as nullable integers, and `digits`: decimals of
            each row in the unit that readers see (percent, points, months, persons, or a plain
            ratio). A row that is hidden has no numbers, and its note says `hidden`.
        """
        table = table.astype(dict.fromkeys(COUNTS, "Int64"))
        if self.audience is Audience.INTERNAL:
            digits = [_full_digits(Estimand(name)) for name in table["estimand"]]
            return table.assign(digits=digits)
        rows = [self._released(row) for row in table.to_dict("records")]
        released = pd.DataFrame(rows, columns=[*table.columns, "digits"])
        return released.astype({**table.dtypes.to_dict(), "digits": "int64"})

    def _released(self, row: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        estimand = Estimand(str(row["estimand"]))
        sides = [row["n_group"], *([row["n_reference"]] if row["reference"] else [])]
        if min(sides) < SMALLEST:
            return _hidden(row, SMALL)
        if (row["outcome"], row["group"]) in self.withheld:
            return _hidden(row, PROTECTS)
        digits = _public_digits(estimand, sides)
        places = digits + (2 if _is_fraction(estimand) else 0)
        shown: dict[Hashable, Any] = {
            name: _rounded(row[name], estimand, places) for name in LIMITS
        }
        tests: dict[Hashable, Any] = {
            name: round(row[name], 2) for name in ("p_value", "p_adjusted")
        }
        counts: dict[Hashable, Any] = {name: round_count(row[name]) for name in COUNTS}
        return {
            **row, **shown, **tests, **counts,
            "std_error": np.nan, "note": _rounded_note(str(row["note"])), "digits": digits,
        }  # fmt: skip


def _hidden(row: Mapping[Hashable, Any], reason: str) -> dict[Hashable, Any]:
    nothing: dict[Hashable, Any] = dict.fromkeys(NUMBERS, np.nan)
    no_counts: dict[Hashable, Any] = dict.fromkeys(COUNTS)
    return {
        **row,
        **nothing,
        **no_counts,
        "note": write_note(hidden=reason),
        "digits": 0,
    }


def _is_fraction(estimand: Estimand) -> bool:
    return estimand not in RATIOS | MONTHS | PERSONS


def _full_digits(estimand: Estimand) -> int:
    if estimand in RATIOS:
        return 2
    return 0 if estimand in PERSONS else 1


def _public_digits(estimand: Estimand, sides: list[float]) -> int:
    fine = point_digits(*sides)
    if estimand in RATIOS:
        return 1 + fine
    return 0 if estimand in PERSONS else fine


def _rounded(value: float, estimand: Estimand, places: int) -> float:
    # Adding nothing turns a negative zero into zero.
    return round_count(value) if estimand in PERSONS else round(value, places) + 0.0


def _rounded_note(note: str) -> str:
    parts = {
        key: f"{round_count(int(value)):.0f}" if key in COUNTED_REMARKS and value else value or True
        for key, value in read_note(note).items()
    }
    return write_note(**parts)


def is_hidden(note: str) -> bool:
    """Whether the note of a row says that it is not shown."""
    return HIDDEN in read_note(note)
