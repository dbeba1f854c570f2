"""Is there no gap? Two one-sided tests of whether it lies within a margin.

A gap that differs from 0 by no test may still be large. Only a test whose null hypothesis is a
gap beyond the margin can tell that there is none (Schuirmann 1987).
"""

import numpy as np
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as student

from analysis.estimate.proportions import Estimate
from analysis.estimate.rates import Row, as_row
from analysis.estimate.regressions import Regression, with_interval
from analysis.estimate.results import write_note
from analysis.vocabulary import Estimand


def equivalence(
    value: float, error: float, margin: float, confidence: float = 0.95, freedom: float = np.inf
) -> Estimate:
    """Two one-sided tests of a gap against ± a margin.

    Parameters
    ----------
    value, error
        The gap and its standard error, which is above 0.
    margin
        Gaps within it count as none; a fraction.
    confidence
        One minus the level α of the two tests.
    freedom
        Degrees of freedom of Student's t; infinite for the normal.

    Returns
    -------
    Estimate
        The gap, its interval of coverage 1 - 2α, and the larger of the two p-values, which is at
        most α if and only if the interval lies within the margin.
    """
    law = norm if np.isinf(freedom) else student(freedom)
    p_value = float(law.sf((margin - abs(value)) / error))
    inner = with_interval(value, error, freedom, 2 * confidence - 1)
    return Estimate(value, error, inner.low, inner.high, p_value)


def equivalence_row(regression: Regression, name: str, margin: float) -> Row:
    """Row of the tests of a regression's focus variable; the margin is its term.

    Parameters
    ----------
    regression
        Of which the adjusted difference is tested.
    name
        A focus variable of it.
    margin
        See `equivalence`.
    """
    row = regression.row(name)
    value, error = row.get("estimate", np.nan), row.get("std_error", np.nan)
    assert isinstance(value, float)
    assert isinstance(error, float)
    found = Estimate(value)
    if np.isfinite(error):
        asked = (
            regression.options.confidence,
            regression.degrees_of_freedom(name),
        )
        found = equivalence(value, error, margin, *asked)
    return as_row(found) | {
        "estimand": Estimand.EQUIVALENCE,
        "term": f"{margin:g}",
        "method": row["method"],
        "note": row["note"],
    }


def add_verdicts(results: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Note for each test of equivalence whether it is shown, by the corrected p-value.

    Parameters
    ----------
    results
        A result table with `p_adjusted`.
    confidence
        One minus the level of the tests.

    Returns
    -------
    pandas.DataFrame
        A copy; tests without a p-value have no verdict.
    """
    tested = (results["estimand"] == Estimand.EQUIVALENCE) & results["p_adjusted"].notna()
    shown = results["p_adjusted"] <= 1 - confidence
    verdicts = shown.map(
        {True: write_note(equivalent=True), False: write_note(not_equivalent=True)}
    )
    notes = (verdicts + "; " + results["note"]).str.removesuffix("; ")
    return results.assign(note=notes.where(tested, results["note"]))
