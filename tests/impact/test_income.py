"""The income statement by hand: signs, parts that add up, budgets, growth, months not given."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.impact.conversion import converted
from analysis.impact.currency import Currency
from analysis.impact.income import (
    COSTS,
    REVENUE,
    STATEMENT,
    SUBTOTALS,
    climate_contribution,
    income_statement,
)
from analysis.impact.measures import MeasureUnit, measure_table
from analysis.vocabulary import PRINTED, IncomeLine

AMOUNTS = {
    "revenue_public": 1000.0,
    "subsidies": 100.0,
    "staff": 600.0,
    "marketing": 200.0,
    "financial_result": -30.0,
    "income_tax": 20.0,
}
"""Of each month: revenue 1100, costs 800, operating result 300, net result 250."""


def finance(year: int = 2022, factor: float = 1.0, months: int = 12) -> pd.DataFrame:
    rows = [
        (pd.Timestamp(year, month, 1), line, factor * amount, amount)
        for month in range(1, months + 1)
        for line, amount in AMOUNTS.items()
    ]
    table = pd.DataFrame(rows, columns=["month", "line", "amount", "budget"])
    return table.astype({"month": "datetime64[ns]"})


def one(
    table: pd.DataFrame, group: str, measure: str = "income", year: int = 2022
) -> tuple[float, str]:
    asked = (table["measure"] == measure) & (table["period"] == str(year))
    (row,) = table[asked & (table["group"] == group)].to_dict("records")
    return float(row["estimate"]), str(row["note"])


def test_a_year_by_hand() -> None:
    found = income_statement(finance())
    year = {"revenue": 1100, "costs": 800, "operating_result": 300, "net_result": 250}
    for group, month in (AMOUNTS | year).items():
        assert one(found, group) == (pytest.approx(12 * month), "")
    assert (found.loc[found["measure"] == "income", "unit"] == MeasureUnit.EUR).all()


def test_lines_stand_in_the_order_of_the_statement_and_absent_ones_not_at_all() -> None:
    found = income_statement(finance())
    groups = list(found.loc[found["measure"] == "income", "group"])
    assert groups == [name for name in STATEMENT if name in groups]
    assert "mentoring" not in groups


def test_every_line_of_the_vocabulary_is_in_the_net_result() -> None:
    assert set(SUBTOTALS["net_result"]) == set(IncomeLine)
    assert set(REVENUE) | set(COSTS) == set(SUBTOTALS["operating_result"])


def test_a_loss_and_a_tax_credit_keep_their_signs() -> None:
    rows = finance()
    rows.loc[rows["line"] == "staff", "amount"] = 1500.0
    rows.loc[rows["line"] == "income_tax", "amount"] = -50.0
    found = income_statement(rows)
    assert one(found, "operating_result")[0] == pytest.approx(-7200)
    # -600 - 30 + 50 a month.
    assert one(found, "net_result")[0] == pytest.approx(-6960)


def test_deviations_have_the_sign_of_the_amount_minus_the_budget() -> None:
    found = income_statement(finance(factor=1.1))
    assert one(found, "costs", "income_budget")[0] == pytest.approx(9600)
    assert one(found, "costs", "income_deviation")[0] == pytest.approx(960)
    assert one(found, "net_result", "income_deviation")[0] == pytest.approx(300)


def test_a_subtotal_is_compared_in_months_in_which_all_its_lines_have_a_budget() -> None:
    rows = finance(factor=1.1)
    lost = (rows["line"] == "marketing") & (rows["month"].dt.month > 10)
    rows.loc[lost, "budget"] = np.nan
    found = income_statement(rows)
    assert one(found, "costs", "income_budget") == (pytest.approx(8000), "budgeted_months=10")
    assert one(found, "costs", "income_deviation")[0] == pytest.approx(800)
    assert one(found, "revenue", "income_deviation") == (pytest.approx(1320), "")
    rows["budget"] = np.nan
    found = income_statement(rows)
    value, note = one(found, "costs", "income_budget")
    assert np.isnan(value)
    assert note == "no_budget"
    assert "income_deviation" not in set(found["measure"])


def test_growth_by_hand() -> None:
    found = income_statement(pd.concat([finance(2021), finance(2022, 1.25)]))
    assert one(found, "revenue", "income_growth")[0] == pytest.approx(0.25)
    assert one(found, "staff", "income_growth")[0] == pytest.approx(0.25)
    # From a loss no share grows.
    value, note = one(found, "financial_result", "income_growth")
    assert np.isnan(value)
    assert note == "base_not_positive"
    assert one(found, "revenue", "income_growth", 2021)[1] == "no_year_before"


@pytest.mark.parametrize("short", [2021, 2022])
def test_a_year_that_is_not_whole_is_summed_and_said_but_not_compared(short: int) -> None:
    months = {year: 11 if year == short else 12 for year in (2021, 2022)}
    rows = pd.concat([finance(year, months=number) for year, number in months.items()])
    found = income_statement(rows)
    assert one(found, "revenue", year=short) == (pytest.approx(12_100), "months_given=11")
    value, note = one(found, "revenue", "income_growth")
    assert np.isnan(value)
    assert note == "years_not_whole"


def test_a_month_with_revenue_and_no_costs_is_not_whole() -> None:
    rows = finance()
    gone = (rows["month"] == "2022-04-01") & rows["line"].isin(["staff", "marketing"])
    assert one(income_statement(rows[~gone]), "net_result")[1] == "months_given=11"


def test_a_line_of_each_month_that_is_not_in_all_is_told_of_in_its_row_and_subtotals() -> None:
    rows = pd.concat([finance(2021), finance(2022), finance(2023)], ignore_index=True)
    late = rows["month"].between("2022-10-01", "2022-12-01")
    found = income_statement(rows[~late | (rows["line"] != "staff")])
    assert one(found, "staff") == (pytest.approx(9 * 600), "line_months=9")
    for group in ("costs", "operating_result", "net_result"):
        assert one(found, group)[1] == "lines_not_whole=1"
        for year in (2022, 2023):
            assert one(found, group, "income_growth", year)[1] == "years_not_whole"
    for group in ("marketing", "revenue"):
        assert one(found, group)[1] == ""
        assert one(found, group, "income_growth") == (pytest.approx(0), "")


def test_a_line_is_held_against_the_months_given() -> None:
    rows = finance(months=11)
    found = income_statement(rows[(rows["line"] != "staff") | (rows["month"] < "2022-10-01")])
    assert one(found, "staff")[1] == "months_given=11; line_months=9"
    assert one(found, "revenue")[1] == "months_given=11"


def test_a_tax_that_is_due_once_leaves_the_year_whole() -> None:
    rows = finance()
    rows = rows[(rows["line"] != "income_tax") | (rows["month"] == "2022-12-01")]
    assert one(income_statement(rows), "net_result") == (pytest.approx(12 * 270 - 20), "")


def test_the_climate_contribution_is_that_of_a_whole_year() -> None:
    paid = finance().head(1).assign(month=pd.Timestamp("2022-12-01"), line="climate_contribution")
    rows = pd.concat([finance(), paid.assign(amount=85_000.0)], ignore_index=True)
    assert climate_contribution(rows, 2022) == 85_000
    assert climate_contribution(rows, 2021) is None
    assert climate_contribution(finance(), 2022) is None
    assert climate_contribution(rows[rows["month"] > "2022-01-01"], 2022) is None


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.sampled_from([*IncomeLine]), st.floats(0, 1e9), min_size=1))
def test_parts_add_up(amounts: dict[IncomeLine, float]) -> None:
    rows = pd.DataFrame(
        [(pd.Timestamp(2022, 1, 1), str(line), value, value) for line, value in amounts.items()],
        columns=["month", "line", "amount", "budget"],
    )
    found = income_statement(rows)
    income = found[found["measure"] == "income"].set_index("group")["estimate"]

    def of(name: str) -> float:
        return float(income.get(name, 0.0))

    near = {"rel": 1e-9, "abs": 1e-3}
    assert of("revenue") == pytest.approx(sum(of(line) for line in REVENUE), **near)
    assert of("costs") == pytest.approx(sum(of(line) for line in COSTS), **near)
    assert of("operating_result") == pytest.approx(of("revenue") - of("costs"), **near)
    after = of("operating_result") + of("financial_result") - of("income_tax")
    assert of("net_result") == pytest.approx(after, **near)
    deviations = found.loc[found["measure"] == "income_deviation", "estimate"]
    np.testing.assert_allclose(deviations, 0, atol=1e-3)


def test_only_money_is_converted_and_the_rate_makes_it_illustrative() -> None:
    table = measure_table(
        [
            {
                "measure": "a",
                "unit": MeasureUnit.EUR,
                "estimate": 100,
                "ci_low": 90,
                "ci_high": 120,
            },
            {"measure": "b", "unit": MeasureUnit.EUR_A_TONNE, "estimate": 10},
            {"measure": "c", "unit": MeasureUnit.TONNE, "estimate": 7},
        ]
    )
    found = converted(table, Currency.of("USD", 1.5))
    assert list(found["unit"]) == ["USD", "USD a t CO2e", "t CO2e"]
    assert list(found["estimate"]) == [150, 15, 7]
    assert list(found[["ci_low", "ci_high"]].loc[0]) == [135, 180]
    assert list(found["illustrative"]) == [True, True, False]
    pd.testing.assert_frame_equal(converted(table, Currency.of("EUR", 1.5)), table)


def test_converted_intervals_support_digits_of_their_own() -> None:
    interval = {"unit": MeasureUnit.EUR, "estimate": 5000, "ci_low": 4020, "ci_high": 5980}
    stated = {"measure": "stated", "unit": MeasureUnit.EUR, "digits": 0, "estimate": 5000,
              "ci_low": 4000, "ci_high": 6000}  # fmt: skip
    bare = {"measure": "bare", "unit": MeasureUnit.EUR, "estimate": 5000.0, "digits": -3}
    table = measure_table([{"measure": "supported", **interval}, stated, bare])
    found = converted(table, Currency.of("USD", 4.0))
    in_dollars = {"ci_low": 16_080, "ci_high": 23_920, "estimate": 20_000, "unit": "USD"}
    expected = measure_table([{"measure": "supported", **in_dollars}])
    assert list(table["digits"]) == [-2, 0, -3]
    assert list(found["digits"]) == [expected["digits"].iloc[0], 0, -3] == [-3, 0, -3]


def test_what_was_printed_stays_in_the_currency_that_it_was_printed_in() -> None:
    row = {"measure": "climate_contribution", "unit": MeasureUnit.EUR, "estimate": 85_000.0}
    table = measure_table([{**row, "group": group} for group in ("all", PRINTED)])
    found = converted(table, Currency.of("USD", 1.05))
    assert list(found["unit"]) == ["USD", "EUR"]
    assert list(found["estimate"]) == [89_250, 85_000]
    assert list(found["illustrative"]) == [True, False]
