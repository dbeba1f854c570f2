"""The one table that every estimator returns, and the correction for many tests."""

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import pandas as pd
import pandera.pandas as pa
from numpy.typing import ArrayLike, NDArray
from pandera.typing import Series
from scipy.stats import false_discovery_control

from analysis.vocabulary import INTERSECTION, Contrast, Estimand

Correction = Literal["holm", "benjamini_hochberg"]

FAMILY: tuple[str, ...] = ("study", "outcome", "contrast", "estimand", "term", "model")
"""Rows that agree in these are one family of tests: one question asked of each group.

The model is the first word of the method: which errors a group's clusters allow does not make
its test another question.
"""

BOUNDED = {
    Estimand.RATE,
    Estimand.DIFFERENCE,
    Estimand.DIFFERENCE_AS_NO,
    Estimand.DIFFERENCE_AS_YES,
    Estimand.ADJUSTED_DIFFERENCE,
    Estimand.ADJUSTED_DIFFERENCE_AS_NO,
    Estimand.ADJUSTED_DIFFERENCE_AS_YES,
    Estimand.POINT_GAP,
    Estimand.RATE_LOWER_BOUND,
    Estimand.RATE_UPPER_BOUND,
    Estimand.DIFFERENCE_LOWER_BOUND,
    Estimand.DIFFERENCE_UPPER_BOUND,
    Estimand.SHRUNK_RATE,
    Estimand.PLACED_BY,
    Estimand.PLACED_BY_DIFFERENCE,
    Estimand.ADJUSTED_PLACED_BY_DIFFERENCE,
}
"""Estimands that are fractions in [-1, 1]; coefficients of linear models may leave it."""

LINEAR = ("linear", "gelbach")
"""How methods begin whose differences are coefficients of linear models."""


def holds_estimate(rows: pd.DataFrame, slack: "float | pd.Series[float]") -> "pd.Series[bool]":
    """Whether each interval, where there is one, has two ends with the estimate between them.

    Parameters
    ----------
    rows
        Have `estimate`, `ci_low` and `ci_high`.
    slack
        How far beyond an end the estimate may lie by rounding, for all rows or each.
    """
    both = rows["ci_low"].isna() == rows["ci_high"].isna()
    low = rows["ci_low"].isna() | (rows["ci_low"] <= rows["estimate"] + slack)
    high = rows["ci_high"].isna() | (rows["estimate"] <= rows["ci_high"] + slack)
    return both & low & high


class Results(pa.DataFrameModel):
    """Columns of a result table, one row per group, contrast, estimand and method.

    Rates and gaps are fractions; a row that can't be estimated has no estimate and says in
    `note` why. `term` names the part that a row is about (a covariate, a step of the journey, a
    year, a horizon in months) and is empty for the whole. `n` and `k` count persons and successes
    of each side.
    """

    study: Series[str]
    outcome: Series[str]
    group: Series[str]
    reference: Series[str]
    contrast: Series[str] = pa.Field(isin=["", *Contrast, INTERSECTION])
    estimand: Series[str] = pa.Field(isin=list(Estimand))
    term: Series[str]
    method: Series[str]
    estimate: Series[float] = pa.Field(nullable=True)
    std_error: Series[float] = pa.Field(nullable=True, ge=0)
    ci_low: Series[float] = pa.Field(nullable=True)
    ci_high: Series[float] = pa.Field(nullable=True)
    p_value: Series[float] = pa.Field(nullable=True, ge=0, le=1)
    p_adjusted: Series[float] = pa.Field(nullable=True, ge=0, le=1)
    n_group: Series[int] = pa.Field(ge=0)
    n_reference: Series[int] = pa.Field(ge=0)
    k_group: Series[int] = pa.Field(ge=0)
    k_reference: Series[int] = pa.Field(ge=0)
    note: Series[str]

    class Config:
        """Columns are these, in this order, and no others."""

        strict = True
        ordered = True
        coerce = True

    @pa.dataframe_check
    @classmethod
    def counts_agree(cls, rows: pd.DataFrame) -> pd.Series:
        """No side has more successes than persons."""
        return (rows["k_group"] <= rows["n_group"]) & (rows["k_reference"] <= rows["n_reference"])

    @pa.dataframe_check
    @classmethod
    def interval_holds_estimate(cls, rows: pd.DataFrame) -> pd.Series:
        """An interval, where there is one, has two ends with the estimate between them."""
        return holds_estimate(rows, 1e-9)

    @pa.dataframe_check
    @classmethod
    def reason_if_missing(cls, rows: pd.DataFrame) -> pd.Series:
        """A row without an estimate says why."""
        return rows["estimate"].notna() | (rows["note"] != "")

    @pa.dataframe_check
    @classmethod
    def fractions(cls, rows: pd.DataFrame) -> pd.Series:
        """Rates and gaps are fractions, never percentages."""
        bounded = rows["estimand"].isin(BOUNDED) & ~rows["method"].str.startswith(LINEAR)
        return ~bounded | rows["estimate"].isna() | (rows["estimate"].abs() <= 1 + 1e-9)


COLUMNS: tuple[str, ...] = tuple(Results.to_schema().columns)
MISSING = dict.fromkeys(
    ("estimate", "std_error", "ci_low", "ci_high", "p_value", "p_adjusted"), np.nan
)


def write_note(**parts: object) -> str:
    """Write remarks as "key=value; key", in the words of the catalogue's `notes` keys.

    Notes are kept in this form, not as sentences, so that both languages can be made of them.
    Parts that are None or False are left out; a part that is True has no value.
    """
    shown = {key: value for key, value in parts.items() if value is not None and value is not False}
    return "; ".join(
        key if value is True else f"{key}={str(value).replace(';', ',')}"
        for key, value in shown.items()
    )


def read_note(note: str) -> dict[str, str]:
    """Take a note apart into its keys and values; a key without a value has an empty one."""
    parts = (part.partition("=") for part in note.split("; ") if part)
    return {key: value for key, _, value in parts}


def result_table(rows: Iterable[dict[str, object]]) -> pd.DataFrame:
    """Make a validated result table of rows that may leave out what they don't have.

    Raises
    ------
    ValueError
        If a row has a key that is no column.
    pandera.errors.SchemaErrors
        If a row breaks the model: a fault of the estimator, not of the data.
    """
    defaults = {**MISSING, "study": "", "contrast": "", "term": "", "note": ""}
    listed = list(rows)
    if strange := {key for row in listed for key in row}.difference(COLUMNS):
        raise ValueError(f"a result row has no {', '.join(sorted(strange))}")
    frame = pd.DataFrame([{**defaults, **row} for row in listed], columns=list(COLUMNS))
    return Results.validate(frame, lazy=True)


def adjust_p_values(
    results: pd.DataFrame,
    correction: Correction = "holm",
    family: Sequence[str] = FAMILY,
) -> pd.DataFrame:
    """Fill `p_adjusted` by Holm (1979) or Benjamini and Hochberg (1995) within each family.

    Parameters
    ----------
    results
        A result table.
    correction
        `holm` controls the chance of any false flag, `benjamini_hochberg` the share of false
        ones among the flags.
    family
        Columns by which rows are sorted into families, `model` being the first word of the
        method; rows without a p-value are in none.

    Returns
    -------
    pandas.DataFrame
        A copy with `p_adjusted`.
    """
    tested = results[results["p_value"].notna()]
    tested = tested.assign(model=tested["method"].str.split("_").str[0])
    families = tested.groupby(list(family), observed=True)["p_value"]
    # Not statsmodels' multipletests: it has Python collect its garbage at each call, which took
    # most of the time of all gaps.
    adjusted = families.transform(holm if correction == "holm" else false_discovery_control)
    return results.assign(p_adjusted=adjusted.reindex(results.index))


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """P-values corrected by Holm (1979), section 2: step down, never less than the one before.

    Parameters
    ----------
    p_values
        Of one family, shape (m,).
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
