"""The table of measures: digits follow from intervals, and faults of code are refused."""

from typing import Any

import pandas as pd
import pandera.errors
import pytest

from analysis.impact.conversion import converted
from analysis.impact.currency import Currency
from analysis.impact.measures import COLUMNS, EXACT_DIGITS, MeasureUnit, measure_table

ROW: dict[str, Any] = {"measure": "gain", "unit": MeasureUnit.EUR, "estimate": 100.0}


def test_rows_may_leave_out_what_they_do_not_have() -> None:
    table = measure_table([ROW])
    assert tuple(table.columns) == COLUMNS
    [row] = table.to_dict("records")
    assert (row["group"], row["note"], row["illustrative"]) == ("", "", False)
    assert pd.isna(row["n"])
    assert pd.isna(row["horizon"])


def test_a_table_without_rows_has_all_columns() -> None:
    assert tuple(measure_table([]).columns) == COLUMNS


@pytest.mark.parametrize("unit", MeasureUnit)
def test_what_has_no_interval_has_the_digits_of_its_unit(unit: MeasureUnit) -> None:
    [digits] = measure_table([ROW | {"unit": unit}])["digits"]
    assert digits == EXACT_DIGITS[unit]


@pytest.mark.parametrize(
    ("unit", "half", "digits"),
    [
        (MeasureUnit.EUR, 3_000.0, -2),
        (MeasureUnit.EUR, 4_000.0, -3),
        (MeasureUnit.EUR, 0.02, 0),
        (MeasureUnit.SHARE, 0.03, 1),
        (MeasureUnit.SHARE, 0.04, 0),
        (MeasureUnit.SHARE, 0.004, 1),
        (MeasureUnit.SHARE, 0.12, 0),
        (MeasureUnit.SHARE, 0.4, -1),
        (MeasureUnit.KILOGRAM, 0.5, 1),
    ],
)
def test_digits_are_what_the_interval_supports_in_the_unit_that_readers_see(
    unit: MeasureUnit, half: float, digits: int
) -> None:
    row = {"unit": unit, "estimate": 0.5, "ci_low": 0.5 - half, "ci_high": 0.5 + half}
    assert measure_table([ROW | row])["digits"].tolist() == [digits]


def test_digits_that_are_given_stay() -> None:
    assert measure_table([ROW | {"digits": -2}])["digits"].tolist() == [-2]


def test_a_strange_key_is_refused() -> None:
    with pytest.raises(ValueError, match="no colour"):
        measure_table([ROW | {"colour": "red"}])


@pytest.mark.parametrize(
    "fault",
    [
        {"ci_low": 101.0, "ci_high": 120.0},
        {"ci_low": 90.0},
        {"estimate": float("nan")},
        {"unit": "pounds"},
        {"measure": ""},
        {"n": -1},
        {"horizon": 0},
    ],
)
def test_a_row_that_breaks_the_model_is_refused(fault: dict) -> None:
    if "unit" in fault:
        fault = fault | {"digits": 0}
    with pytest.raises(pandera.errors.SchemaErrors):
        measure_table([ROW | fault])


def test_a_missing_estimate_with_its_reason_is_a_row() -> None:
    table = measure_table([ROW | {"estimate": float("nan"), "note": "no_successes"}])
    assert table["estimate"].isna().all()


def test_euros_stay_euros_and_dollars_rest_on_a_rate_that_no_source_states() -> None:
    rows = [ROW | {"ci_low": 90.0, "ci_high": 110.0}, ROW | {"unit": MeasureUnit.PERSONS}]
    table = measure_table(rows)
    assert converted(table, Currency.of("EUR", 1.5)).equals(table)
    dollars = converted(table, Currency.of("USD", 1.5))
    assert dollars["unit"].tolist() == [MeasureUnit.USD, MeasureUnit.PERSONS]
    assert dollars[["estimate", "ci_low", "ci_high"]].iloc[0].tolist() == [150.0, 135.0, 165.0]
    assert dollars["estimate"].iloc[1] == 100.0
    assert dollars["illustrative"].tolist() == [True, False]
