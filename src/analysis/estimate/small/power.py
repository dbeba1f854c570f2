"""What a comparison could have found: its minimal detectable gap, and its power to see a margin.

Both rest on the error of the adjusted gap, so on the persons of both sides, the adjusters and the
clusters that there are, and on no gap that was found: the power against the estimate itself only
says the p-value again (Hoenig and Heisey 2001).
"""

from collections.abc import Iterator

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from analysis.estimate.hybrid import critical_value
from analysis.estimate.rates import Row
from analysis.estimate.regressions import Regression
from analysis.vocabulary import Estimand

POWER = 0.8
"""Chance with which a gap must be found to count as detectable."""


def minimal_detectable_gap(
    error: float, confidence: float = 0.95, freedom: float = np.inf, power: float = POWER
) -> float:
    """Smallest gap that a two-sided test would find with the given chance (Bloom 1995).

    Parameters
    ----------
    error
        Standard error of the gap.
    confidence
        One minus the level of the test.
    freedom
        Degrees of freedom of Student's t; infinite for the normal.
    power
        The chance, above 1/2.

    Returns
    -------
    float
        (quantile of 1 - α/2 plus quantile of the power) × error, a fraction.
    """
    law = norm if np.isinf(freedom) else student(freedom)
    return (critical_value(confidence, freedom) + float(law.ppf(power))) * error


def power_against(
    gap: float, error: float, confidence: float = 0.95, freedom: float = np.inf
) -> float:
    """Chance that a two-sided test finds a gap, on either side of 0.

    Parameters
    ----------
    gap
        The true gap, a fraction.
    error, confidence, freedom
        See `minimal_detectable_gap`.
    """
    law = norm if np.isinf(freedom) else student(freedom)
    critical, shift = critical_value(confidence, freedom), abs(gap) / error
    return float(law.sf(critical - shift) + law.cdf(-critical - shift))


def power_rows(regression: Regression, name: str, margin: float) -> Iterator[Row]:
    """Rows of what the adjusted gap of a regression's focus variable could have shown.

    Parameters
    ----------
    regression
        Of which the adjusted difference is asked.
    name
        A focus variable of it.
    margin
        The gap that should not be missed, a fraction.

    Yields
    ------
    dict
        `minimal_detectable_gap`, and `power` with the margin as its term; without an error the
        reason in the note.
    """
    row = regression.row(name)
    shared: Row = {"method": row["method"], "note": row["note"]}
    error = row.get("std_error", np.nan)
    assert isinstance(error, float)
    found = {Estimand.MINIMAL_DETECTABLE_GAP: np.nan, Estimand.POWER: np.nan}
    if np.isfinite(error):
        asked = (
            error,
            regression.options.confidence,
            regression.degrees_of_freedom(name),
        )
        found = {
            Estimand.MINIMAL_DETECTABLE_GAP: minimal_detectable_gap(*asked),
            Estimand.POWER: power_against(margin, *asked),
        }
    terms = {Estimand.POWER: f"{margin:g}"}
    for estimand, value in found.items():
        yield shared | {
            "estimand": estimand,
            "estimate": value,
            "term": terms.get(estimand, ""),
        }
