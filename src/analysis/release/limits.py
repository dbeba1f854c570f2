"""Limits and tests that depend on nothing but a row's counts, taken from the counts as shown.

Wilson's limits are a function of two counts. Shown to whole points beside the rounded counts and
the rate, they leave few pairs of whole numbers, and of some rows a single one. Taken from the
rounded counts they tell nothing that these don't.
"""

import math
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.estimate.fits import Link, NotEstimableError
from analysis.estimate.groups import MEMBER
from analysis.estimate.options import Errors, GapOptions
from analysis.estimate.proportions import (
    Estimate,
    difference,
    odds_ratio,
    rate,
    risk_ratio,
)
from analysis.estimate.rates import margin_of_error, proportionality_index
from analysis.estimate.regressions import regression_rows
from analysis.estimate.results import Correction, adjust_p_values
from analysis.release.policy import SMALLEST, round_count
from analysis.vocabulary import Contrast, Estimand

Row = Mapping[Hashable, Any]
Limits = Callable[..., Estimate]
"""From k and n of the group and of the reference, and the confidence, to an estimate."""

WILSON: Final = frozenset({"wilson", "response_wilson", "respondents_wilson"})
"""Methods of rates whose limits are a function of the row's two counts."""

RAW_GAPS: Final = frozenset(
    {Estimand.DIFFERENCE, Estimand.DIFFERENCE_AS_NO, Estimand.DIFFERENCE_AS_YES}
)
"""Differences of two rates; one of several regressed together depends on the others' counts."""

_AUTOMATIC: Final[Mapping[Link, Errors]] = {"linear": "hc2", "logit": "hc1"}
_UNCLUSTERED: Final[tuple[Errors, ...]] = ("model", "hc0", "hc1", "hc2", "hc3")

COUNTS: Final = ("k_group", "n_group", "k_reference", "n_reference")
NOT_KNOWN: Final = Estimate(math.nan)


def _rate(k: int, n: int, _k0: int, _n0: int, confidence: float) -> Estimate:
    return rate(k, n, confidence)


def _index(k: int, n: int, k0: int, n0: int, confidence: float) -> Estimate:
    # Rounded one by one, the rest may have fewer successes than none, or more than persons.
    return proportionality_index(k, n, min(max(k0, k), k + n0 - n), n0, confidence)


def _regressed(
    k: int, n: int, k0: int, n0: int, confidence: float, *, link: Link, errors: Errors
) -> Estimate:
    """The difference as the coefficient, or the effect, of a regression on membership alone."""
    cells = pd.DataFrame({MEMBER: [True, False], "n": [n, n0], "successes": [k, k0]})
    options = GapOptions(confidence=confidence, errors=errors)
    ((_, row),) = regression_rows(cells, link, [MEMBER], [], options)
    names = ("estimate", "std_error", "ci_low", "ci_high", "p_value")
    return Estimate(*(float(str(row.get(name, math.nan))) for name in names))


BY_METHOD: Final[Mapping[tuple[Estimand, str], Limits]] = {
    (Estimand.DIFFERENCE, "newcombe"): partial(difference, method="newcombe"),
    (Estimand.DIFFERENCE, "miettinen_nurminen"): partial(difference, method="miettinen_nurminen"),
    (Estimand.RISK_RATIO, "log"): risk_ratio,
    (Estimand.EIGHTY_PERCENT_INDEX, "log"): risk_ratio,
    (Estimand.ODDS_RATIO, "log"): odds_ratio,
    (Estimand.PROPORTIONALITY_INDEX, "log"): _index,
}

REGRESSED: Final[Mapping[str, Limits]] = {
    # Those that are taken unless others are asked for come with Satterthwaite's freedom.
    f"{link}_{errors}": partial(_regressed, link=link, errors="auto" if errors == own else errors)
    for link, own in _AUTOMATIC.items()
    for errors in _UNCLUSTERED
}
"""By methods of regressions on membership alone."""


def limits_of(row: Row) -> Limits | None:
    """What gives a row's limits from its counts alone; None if they depend on more."""
    estimand, method = Estimand(row["estimand"]), str(row["method"])
    if estimand == Estimand.RATE and method in WILSON:
        return _rate
    if estimand in RAW_GAPS and row["contrast"] != Contrast.JOINT and method in REGRESSED:
        return REGRESSED[method]
    return BY_METHOD.get((estimand, method))


def with_limits_of_rounded(
    table: pd.DataFrame, confidence: float, correction: Correction
) -> pd.DataFrame:
    """A result table whose limits and tests tell no more of the counts than these, rounded.

    Parameters
    ----------
    table
        A result table as estimated. Point estimates stay as they are.
    confidence
        Coverage of its intervals.
    correction
        For many tests, of its `p_adjusted`.

    Returns
    -------
    pandas.DataFrame
        A copy. Rows whose limits depend on more than their counts are the same, and so is what a
        row has not.
    """
    rows = [_replaced(row, confidence) for row in table.to_dict("records")]
    shown = pd.DataFrame(rows, columns=table.columns, index=table.index).astype(table.dtypes)
    own = [limits_of(row) is not None for row in rows]
    adjusted = adjust_p_values(shown, correction)["p_adjusted"]
    kept = shown["p_adjusted"].where(~(np.array(own, dtype=bool) & shown["p_adjusted"].notna()))
    return shown.assign(p_adjusted=kept.fillna(adjusted.where(shown["p_adjusted"].notna())))


def _replaced(row: Row, confidence: float) -> Row:
    if Estimand(row["estimand"]) == Estimand.POINT_GAP:
        return {**row, **_margin(row, confidence)}
    limits = limits_of(row)
    if limits is None or pd.isna(row["ci_low"]):
        return row
    try:
        told = limits(*(int(round_count(row[name])) for name in COUNTS), confidence=confidence)
    except NotEstimableError:
        told = NOT_KNOWN
    tested = math.nan if pd.isna(row["p_value"]) else told.p_value
    return {**row, "ci_low": told.low, "ci_high": told.high, "p_value": tested}


def _margin(row: Row, confidence: float) -> dict[Hashable, float]:
    """Limits of a gap to everyone: its margin of error, by the rounded number of persons."""
    if pd.isna(row["ci_low"]) or row["n_group"] < SMALLEST:
        return {}
    margin = margin_of_error(int(round_count(row["n_group"])), confidence)
    gap = row["estimate"]
    return {"ci_low": max(gap - margin, -1.0), "ci_high": min(gap + margin, 1.0)}
