"""Emissions of a year, by hand: sums, persons, budgets, contribution, and what is printed."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.impact.emissions import (
    by_month,
    emission_measures,
    monthly_measures,
    monthly_totals,
)
from analysis.impact.measures import MeasureUnit
from analysis.release.results import Release
from analysis.vocabulary import PRINTED, Audience

TEAMS = ("teaching", "travel")


def table(months: int = 12, kilograms: float = 100.0, first: str = "2022-01") -> pd.DataFrame:
    """Every team and scope with so many kilograms in each month, and 90 of them as a budget."""
    rows = [
        (month.to_timestamp(), team, scope, kilograms, 90.0)
        for month in pd.period_range(first, periods=months, freq="M")
        for team in TEAMS
        for scope in (1, 2, 3)
    ]
    columns = ["month", "team", "scope", "kg_co2e", "budget_kg_co2e"]
    return pd.DataFrame(rows, columns=columns).astype({"month": "datetime64[ns]"})


ACTIVITY = pd.DataFrame(
    [(2021, "free", 50), (2022, "free", 800), (2022, "path", 200)],
    columns=["year", "kind", "persons"],
)


def printed(*rows: tuple[str, str, float, str, float]) -> pd.DataFrame:
    columns = ["measure", "group", "value", "unit", "rounding"]
    return pd.DataFrame(list(rows), columns=columns).assign(period="2022", section="Impact")


def one(measures: pd.DataFrame, measure: str, group: str = "all") -> dict[str, Any]:
    found = measures[(measures["measure"] == measure) & (measures["group"] == group)]
    (row,) = found.to_dict("records")
    return {str(name): value for name, value in row.items()}


def test_a_year_by_hand() -> None:
    # 12 months x 2 teams x 3 scopes x 100 kg = 7.2 t, of 1,000 learners and 200 on a path.
    found = emission_measures(table(), 2022, activity=ACTIVITY, contribution=3600.0)
    assert one(found, "emissions")["estimate"] == pytest.approx(7.2)
    for scope in (1, 2, 3):
        assert one(found, "emissions_by_scope", f"scope_{scope}")["estimate"] == pytest.approx(2.4)
    assert one(found, "emissions_by_team", "travel")["estimate"] == pytest.approx(3.6)
    learner = one(found, "emissions_per_learner")
    assert learner["estimate"] == pytest.approx(7.2)
    assert (learner["n"], learner["unit"]) == (1000, MeasureUnit.KILOGRAM)
    path = one(found, "emissions_per_path_student")
    assert (path["estimate"], path["n"]) == (pytest.approx(36), 200)
    assert one(found, "contribution_per_tonne")["estimate"] == pytest.approx(500)
    assert one(found, "contribution_per_tonne")["unit"] == MeasureUnit.EUR_A_TONNE
    assert (found["note"] == "").all()
    assert not found["illustrative"].any()


def test_budgets_by_hand() -> None:
    found = emission_measures(table(), 2022)
    # 72 rows of 90 and 100 kg in all, half of them of one team.
    assert one(found, "emissions_budget")["estimate"] == pytest.approx(6.48)
    assert one(found, "emissions_deviation")["estimate"] == pytest.approx(0.72)
    assert one(found, "emissions_deviation_share")["estimate"] == pytest.approx(1 / 9)
    assert one(found, "emissions_budget", "travel")["estimate"] == pytest.approx(3.24)
    assert one(found, "emissions_deviation", "travel")["estimate"] == pytest.approx(0.36)


def test_only_what_has_a_budget_is_compared_with_it() -> None:
    rows = table()
    late = rows["month"].dt.month > 9
    rows.loc[late, "budget_kg_co2e"] = np.nan
    rows.loc[late, "kg_co2e"] = 1e6
    found = emission_measures(rows, 2022)
    assert one(found, "emissions_budgeted")["estimate"] == pytest.approx(5.4)
    assert one(found, "emissions_deviation")["estimate"] == pytest.approx(0.54)
    assert "budgeted_months=9" in one(found, "emissions_deviation")["note"]
    rows.loc[rows["team"] == "travel", "budget_kg_co2e"] = np.nan
    found = emission_measures(rows, 2022)
    lacking = one(found, "emissions_budget", "travel")
    assert np.isnan(lacking["estimate"])
    assert lacking["note"] == "no_budget"
    assert "emissions_deviation" not in set(found.loc[found["group"] == "travel", "measure"])


def test_a_budget_of_some_teams_says_of_how_much_it_is() -> None:
    rows = table()
    rows.loc[rows["team"] == "travel", "budget_kg_co2e"] = np.nan
    assert one(emission_measures(rows, 2022), "emissions_budget")["note"] == "budget_covers=50"
    # Of a row of a gram none is planned, and that isn't all.
    rows = table()
    rows.loc[0, ["kg_co2e", "budget_kg_co2e"]] = [0.001, np.nan]
    assert one(emission_measures(rows, 2022), "emissions_budget")["note"] == "budget_covers=99"


def test_a_budget_of_nothing_has_no_share() -> None:
    rows = table().assign(budget_kg_co2e=0.0)
    found = one(emission_measures(rows, 2022), "emissions_deviation_share")
    assert np.isnan(found["estimate"])
    assert found["note"] == "nothing_below"


@pytest.mark.parametrize("lost", ["month", "scope"])
def test_a_year_that_is_not_whole_is_summed_and_said_but_never_divided(lost: str) -> None:
    rows = table()
    gone = rows["month"] == "2022-05-01"
    rows = rows[~gone] if lost == "month" else rows[~gone | (rows["scope"] != 3)]
    figures = printed(("emissions_per_person", "learners", 7.2, "kg CO2e", 0.1))
    found = emission_measures(rows, 2022, activity=ACTIVITY, contribution=3600.0, printed=figures)
    assert one(found, "emissions")["note"] == "months_given=11"
    assert one(found, "emissions")["estimate"] == pytest.approx(rows["kg_co2e"].sum() / 1000)
    for name in ("emissions_per_learner", "emissions_per_path_student", "contribution_per_tonne"):
        assert np.isnan(one(found, name)["estimate"])
        assert one(found, name)["note"] == "months_given=11"
    assert one(found, "emissions_per_learner", PRINTED)["note"] == "not_compared"


def test_a_year_without_rows_says_so() -> None:
    found = emission_measures(table(), 2019, activity=ACTIVITY, contribution=1.0)
    assert one(found, "emissions")["note"] == "no_months"
    assert found.loc[found["unit"] != "EUR", "estimate"].isna().all()


def test_persons_and_payments_that_are_not_known_are_no_zeros() -> None:
    found = emission_measures(table(), 2022)
    assert one(found, "emissions_per_learner")["note"] == "no_activity"
    assert one(found, "climate_contribution")["note"] == "no_contribution"
    found = emission_measures(table(kilograms=0.0), 2022, contribution=10.0)
    assert one(found, "contribution_per_tonne")["note"] == "nothing_below"
    assert one(found, "emissions")["estimate"] == 0


@pytest.mark.parametrize("kind", ["free", "path"])
def test_learners_are_those_of_both_kinds_or_not_known(kind: str) -> None:
    one_kind = ACTIVITY[ACTIVITY["kind"] == kind]
    found = emission_measures(table(), 2022, activity=one_kind)
    learner, path = (one(found, f"emissions_per_{x}") for x in ("learner", "path_student"))
    assert np.isnan(learner["estimate"])
    assert (learner["n"], learner["note"]) == (None, "one_kind_only")
    assert path["note"] == ("" if kind == "path" else "one_kind_only")
    nobody = one_kind.assign(kind="path", persons=0)
    found = emission_measures(table(), 2022, activity=nobody)
    assert one(found, "emissions_per_path_student")["note"] == "nothing_below"


CAMPUS = ("emissions_per_person", "in_person_students", 1.0, "t CO2e a year", 1.0)
PATH = ("emissions_per_person", "path_students", 36.0, "kg CO2e a year", 1.0)


def test_all_that_is_divided_by_persons_counts_them_and_is_hidden_with_them() -> None:
    few = ACTIVITY.assign(persons=[50, 800, 24])
    found = emission_measures(table(), 2022, activity=few, printed=printed(CAMPUS, PATH))
    divided = ["emissions_per_path_student", "times_lower"]
    assert (found.loc[found["measure"].isin(divided), "n"] == 24).all()
    shown = Release(Audience.PUBLIC).measures(found)
    hidden = shown[shown["measure"].isin(divided)]
    assert len(hidden) == 3
    assert hidden["estimate"].isna().all()
    assert set(hidden["note"]) == {"hidden=small"}
    assert one(shown, "emissions_per_learner")["n"] == 825


@settings(max_examples=40, deadline=None)
@given(st.floats(1, 1e6), st.integers(6, 20_000), st.integers(-1, 1), st.integers(-1, 1))
def test_no_total_over_a_value_tells_more_of_the_persons_than_their_rounded_number(
    kilograms: float, fives: int, free: int, path: int
) -> None:
    def seen(free: int, path: int) -> pd.DataFrame:
        activity = ACTIVITY.assign(persons=[50, 10_000 + free, 5 * fives + path])
        release = Release(Audience.PUBLIC)
        found = emission_measures(
            table(kilograms=kilograms), 2022, activity=activity,
            printed=printed(CAMPUS, PATH), counted=release.number,
        )  # fmt: skip
        return release.measures(found)

    pd.testing.assert_frame_equal(seen(free, path), seen(0, 0))


def test_printed_values_agree_at_their_rounding() -> None:
    figures = printed(
        ("emissions_per_person", "learners", 7.0, "kg CO2e", 0.1),
        ("emissions_per_person", "path_students", 36.0, "kg CO2e a year", 1),
        ("emissions_per_person", "in_person_students", 1.0, "t CO2e a year", 1),
        ("times_lower", "path_students", 30.0, "times", 10),
        ("donation", "all", 85_000.0, "EUR", 1000),
    )
    found = emission_measures(
        table(), 2022, activity=ACTIVITY, contribution=85_499.0, printed=figures
    )
    notes = found[found["group"] == PRINTED].set_index("measure")["note"]
    assert dict(notes) == {
        "emissions_per_learner": "differs_printed",
        "emissions_per_path_student": "agrees_printed",
        "times_lower": "agrees_printed",
        "climate_contribution": "agrees_printed",
    }
    # A tonne on a campus against 36 kg.
    assert one(found, "times_lower")["estimate"] == pytest.approx(1000 / 36)
    assert one(found, "emissions_per_learner", PRINTED)["digits"] == 1
    assert one(found, "climate_contribution", PRINTED)["digits"] == -3


@pytest.mark.parametrize(("value", "agrees"), [(35.5, True), (36.5, True), (36.51, False)])
def test_a_half_is_rounded_either_way(value: float, agrees: bool) -> None:
    figures = printed(("emissions_per_person", "path_students", value, "kg CO2e", 1))
    found = emission_measures(table(), 2022, activity=ACTIVITY, printed=figures)
    note = one(found, "emissions_per_path_student", PRINTED)["note"]
    assert note == ("agrees_printed" if agrees else "differs_printed")


def test_a_figure_printed_in_another_unit_is_not_compared() -> None:
    figures = printed(("emissions_per_person", "learners", 0.007, "t CO2e", 0.001))
    assert PRINTED not in set(
        emission_measures(table(), 2022, activity=ACTIVITY, printed=figures)["group"]
    )


def test_months_that_lack_a_scope_have_no_total() -> None:
    rows = table(14)
    gone = (rows["month"] == "2022-03-01") & (rows["scope"] == 2)
    rows = rows[~gone & (rows["month"] != "2022-07-01")]
    totals = monthly_totals(rows)
    assert list(totals.index.astype(str)[totals.isna()]) == ["2022-03", "2022-07"]
    assert totals.dropna().eq(600).all()
    assert by_month(rows).loc["2022-03", 1] == 200
    found = monthly_measures(rows)
    march = found[found["period"] == "2022-03"].set_index("group")
    assert march.loc["scope_1", "estimate"] == pytest.approx(0.2)
    assert march.loc[["all", "scope_2"], "note"].eq("month_missing").all()
    # In all, three scopes and two teams, in each of fourteen months.
    assert len(found) == 14 * 6


def test_what_a_team_has_before_and_after_is_lost_and_what_it_begins_with_is_not() -> None:
    rows = table(14)
    travel, third = rows["team"] == "travel", rows["scope"] == 3
    lost = travel & third & (rows["month"] == "2022-06-01")
    begins = travel & (rows["month"] < "2022-03-01")
    teams = by_month(rows[~lost & ~begins], "team")
    missing = teams["travel"].isna()
    assert list(teams.index.astype(str)[missing]) == ["2022-01", "2022-02", "2022-06"]
    assert teams["teaching"].eq(300).all()
    totals = monthly_totals(rows[~lost & ~begins])
    assert list(totals.index.astype(str)[totals.isna()]) == ["2022-06"]
    assert totals["2022-01"] == 300
    found = emission_measures(rows[~lost & ~begins], 2022)
    began = "months_given=11; began_or_ended=3"
    assert one(found, "emissions_by_team", "travel")["note"] == began
    assert one(found, "emissions_by_team", "teaching")["note"] == ""
    third_scope = one(found, "emissions_by_scope", "scope_3")
    assert third_scope["note"] == "months_given=11; began_or_ended=1"
    assert one(found, "emissions")["note"] == began


@pytest.mark.parametrize("ends", ["2022-10-01", "2022-12-01"])
def test_a_scope_of_a_team_that_ends_within_the_year_is_told_of_and_divided(ends: str) -> None:
    rows = table(14)
    gone = (rows["team"] == "travel") & (rows["scope"] == 2) & (rows["month"] >= ends)
    found = emission_measures(rows[~gone], 2022, activity=ACTIVITY, contribution=3600.0)
    told = [
        one(found, "emissions"),
        one(found, "emissions_by_team", "travel"),
        one(found, "emissions_by_scope", "scope_2"),
        one(found, "emissions_per_learner"),
        one(found, "emissions_per_path_student"),
        one(found, "contribution_per_tonne"),
    ]
    assert [row["note"] for row in told] == ["began_or_ended=1"] * len(told)
    assert not any(np.isnan(row["estimate"]) for row in told)
    assert one(found, "emissions_by_team", "teaching")["note"] == ""


def test_a_scope_that_no_team_has_any_more_leaves_every_sum_with_it_short() -> None:
    rows = table()
    found = emission_measures(rows[(rows["scope"] != 2) | (rows["month"] < "2022-10-01")], 2022)
    assert one(found, "emissions")["note"] == "months_given=9"
    assert one(found, "emissions_by_scope", "scope_2")["note"] == "months_given=9"
    assert one(found, "emissions_by_scope", "scope_1")["note"] == ""
    assert one(found, "emissions_by_team", "travel")["note"] == "months_given=9"


def test_small_emissions_have_decimals_enough() -> None:
    found = emission_measures(table(kilograms=0.05).assign(budget_kg_co2e=0.04), 2022)
    assert one(found, "emissions")["estimate"] == pytest.approx(0.0036)
    assert one(found, "emissions")["digits"] == 5
    assert one(emission_measures(table(), 2022), "emissions")["digits"] == 2


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=72, max_size=72))
def test_parts_add_up_to_the_year(kilograms: list[float]) -> None:
    rows = table().assign(kg_co2e=kilograms)
    found, monthly = emission_measures(rows, 2022), monthly_measures(rows)
    total = one(found, "emissions")["estimate"]
    for name in ("emissions_by_scope", "emissions_by_team"):
        for measures in (found, monthly):
            parts = measures.loc[measures["measure"] == name, "estimate"].sum()
            assert parts == pytest.approx(total)
    assert monthly.loc[monthly["measure"] == "emissions", "estimate"].sum() == pytest.approx(total)
    budget, deviation = (one(found, f"emissions_{x}")["estimate"] for x in ("budget", "deviation"))
    assert budget + deviation == pytest.approx(total)
