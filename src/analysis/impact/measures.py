"""The table of what the bottom lines and the scoreboard measure: one row a value."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from analysis.estimate.results import holds_estimate
from analysis.impact.precision import supported_digits


class MeasureUnit(StrEnum):
    """What a value counts."""

    EUR = "EUR"
    USD = "USD"
    KILOGRAM = "kg CO2e"
    TONNE = "t CO2e"
    EUR_A_TONNE = "EUR a t CO2e"
    USD_A_TONNE = "USD a t CO2e"
    PERSONS = "persons"
    OUTCOMES = "outcomes"
    SHARE = "share"
    """A fraction, shown as a percentage."""
    POINTS = "points"
    """Percentage points, of a difference of shares."""
    RATIO = "ratio"
    MONTHS = "months"


EXACT_DIGITS: Mapping[MeasureUnit, int] = {
    MeasureUnit.EUR: 0,
    MeasureUnit.USD: 0,
    MeasureUnit.KILOGRAM: 2,
    MeasureUnit.TONNE: 1,
    MeasureUnit.EUR_A_TONNE: 0,
    MeasureUnit.USD_A_TONNE: 0,
    MeasureUnit.PERSONS: 0,
    MeasureUnit.OUTCOMES: 0,
    MeasureUnit.SHARE: 1,
    MeasureUnit.POINTS: 1,
    MeasureUnit.RATIO: 2,
    MeasureUnit.MONTHS: 1,
}
"""Decimals of a value without interval, in the unit that readers see."""


class Measures(pa.DataFrameModel):
    """Columns of a table of measures.

    `measure` names what is measured and `group` of whom or of what, both by their keys in the
    message catalogue; `period` is a year or a month, empty for none; `horizon` counts years from
    the first on. `n` counts the persons that a value rests on; missing where it rests on none.
    `digits` are the decimals that the interval supports, in the unit that readers see; they may be
    negative. `illustrative` tells that the value rests on an input that no source states.
    """

    measure: Series[str] = pa.Field(str_length={"min_value": 1})
    group: Series[str]
    period: Series[str]
    horizon: Series[pd.Int64Dtype] = pa.Field(nullable=True, ge=1)
    unit: Series[str] = pa.Field(isin=list(MeasureUnit))
    estimate: Series[float] = pa.Field(nullable=True)
    ci_low: Series[float] = pa.Field(nullable=True)
    ci_high: Series[float] = pa.Field(nullable=True)
    n: Series[pd.Int64Dtype] = pa.Field(nullable=True, ge=0)
    digits: Series[int]
    illustrative: Series[bool]
    source: Series[str]
    note: Series[str]

    class Config:
        """Columns are these, in this order, and no others."""

        strict = True
        ordered = True
        coerce = True

    @pa.dataframe_check
    @classmethod
    def interval_holds_estimate(cls, rows: pd.DataFrame) -> pd.Series:
        """An interval, where there is one, has two ends with the estimate between them."""
        return holds_estimate(rows, 1e-9 * rows["estimate"].abs().clip(lower=1))

    @pa.dataframe_check
    @classmethod
    def reason_if_missing(cls, rows: pd.DataFrame) -> pd.Series:
        """A row without an estimate says why."""
        return rows["estimate"].notna() | (rows["note"] != "")


COLUMNS: tuple[str, ...] = tuple(Measures.to_schema().columns)
DEFAULTS: Mapping[str, object] = {
    "group": "",
    "period": "",
    "horizon": pd.NA,
    "estimate": np.nan,
    "ci_low": np.nan,
    "ci_high": np.nan,
    "n": pd.NA,
    "digits": pd.NA,
    "illustrative": False,
    "source": "",
    "note": "",
}


def measure_table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Make a validated table of measures of rows that may leave out what they don't have.

    Parameters
    ----------
    rows
        By the columns of `Measures`. Rows without `digits` get those that their interval supports,
        or those of their unit if they have none.

    Raises
    ------
    ValueError
        If a row has a key that is no column.
    pandera.errors.SchemaErrors
        If a row breaks the model: a fault of the code, not of the data.
    """
    listed = [dict(row) for row in rows]
    if strange := {key for row in listed for key in row}.difference(COLUMNS):
        raise ValueError(f"a measure has no {', '.join(sorted(strange))}")
    table = pd.DataFrame([{**DEFAULTS, **row} for row in listed], columns=list(COLUMNS))
    table["digits"] = [
        _digits(row) if pd.isna(row["digits"]) else row["digits"]
        for row in table.to_dict("records")
    ]
    return Measures.validate(table, lazy=True)


def _digits(row: Mapping[Any, Any]) -> int:
    unit = MeasureUnit(row["unit"])
    worth = 100 if unit is MeasureUnit.SHARE else 1
    found = supported_digits(worth * row["ci_low"], worth * row["ci_high"], EXACT_DIGITS[unit])
    # Never more than an exact value has.
    return min(int(found), EXACT_DIGITS[unit])
