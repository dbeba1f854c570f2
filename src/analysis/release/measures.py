"""Measures of the bottom lines as everyone may see them."""

from typing import Final

import numpy as np
import pandas as pd

from analysis.estimate.results import write_note
from analysis.impact.measures import MeasureUnit
from analysis.impact.precision import rounded
from analysis.release.policy import HIDDEN, PROTECTS, SMALL, SMALLEST, round_count
from analysis.vocabulary import NON_UNDERSERVED, UNDERSERVED

LIMITS: Final = ("estimate", "ci_low", "ci_high")
QUESTION: Final = ["measure", "period", "horizon"]
"""Columns whose rows are groups of the same persons."""
SIDES: Final = (UNDERSERVED, NON_UNDERSERVED)
"""Groups that nearly make up all: of the one and of all together the other can be worked out."""


def public_measures(table: pd.DataFrame) -> pd.DataFrame:
    """Round measures to their digits and counts by the policy, and hide rows of few persons.

    Parameters
    ----------
    table
        See `analysis.impact.measures.Measures`; its rows with `n` are of persons.
    """
    small = (table["n"] < SMALLEST).fillna(False).astype(bool)
    sides = table["group"].isin(SIDES)
    bared = small.where(sides, False).groupby(
        [table[name].astype("string").fillna("") for name in QUESTION]
    )
    hidden = small | (sides & bared.transform("any"))
    reasons = small.map({True: SMALL, False: PROTECTS})
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


def _rounded(value: float, digits: int, unit: str) -> float:
    """A value with the decimals that readers see: two more of a fraction than of its percentage."""
    return rounded(value, digits + 2 * (unit == MeasureUnit.SHARE))
