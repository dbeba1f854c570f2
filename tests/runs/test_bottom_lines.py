"""Tables of the financial and environmental bottom lines that a session asks for."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.impact.emissions import EMISSIONS, MONTHLY
from analysis.impact.forecast import FORECAST
from analysis.impact.income import INCOME
from analysis.release.results import Release
from analysis.runs.bottom_lines import environmental_tables, financial_tables, measured_year
from analysis.runs.parameters import TripleBottomLine
from analysis.vocabulary import Audience

MONTHS = pd.period_range("2020-01", "2022-12", freq="M").to_timestamp()
EMITTED = pd.DataFrame(
    [
        (month, "travel", scope, 1000.0 + 10 * place + scope, np.nan)
        for place, month in enumerate(MONTHS)
        for scope in (1, 2, 3)
    ],
    columns=["month", "team", "scope", "kg_co2e", "budget_kg_co2e"],
)
FINANCE = pd.DataFrame(
    [
        (month, line, amount, amount)
        for month in MONTHS
        for line, amount in (("revenue_public", 300.0), ("staff", 200.0))
    ]
    + [(MONTHS[-1], "climate_contribution", 80.0, 80.0)],
    columns=["month", "line", "amount", "budget"],
)
ACTIVITY = pd.DataFrame({"year": [2022], "kind": ["path"], "persons": [20]})


def session(
    provided: dict[str, pd.DataFrame], audience: Audience = Audience.INTERNAL,
    cohort: str | None = "2022", **parameters: Any,
) -> Any:  # fmt: skip
    return SimpleNamespace(
        parameters=TripleBottomLine(**parameters),
        data=SimpleNamespace(provided=provided.get),
        release=Release(audience),
        cohort=cohort,
        published=lambda subject: None,
    )


ALL = {"emissions": EMITTED, "finance": FINANCE, "activity": ACTIVITY}


def test_tables_stand_by_the_names_that_they_are_saved_under() -> None:
    assert list(financial_tables(session(ALL))) == [INCOME]
    assert list(environmental_tables(session(ALL))) == [EMISSIONS, MONTHLY, FORECAST]


@pytest.mark.parametrize("given", [{}, {"finance": FINANCE.head(0), "emissions": EMITTED.head(0)}])
def test_absent_and_empty_tables_give_none(given: dict[str, pd.DataFrame]) -> None:
    assert financial_tables(session(given)) == {}
    assert environmental_tables(session(given)) == {}


def test_emissions_alone_are_measured_without_persons_and_payments() -> None:
    found = environmental_tables(session({"emissions": EMITTED}))[EMISSIONS].set_index("measure")
    assert found.loc["emissions_per_learner", "note"] == "no_activity"
    assert found.loc["climate_contribution", "note"] == "no_contribution"


def test_the_year_is_the_cohort_else_the_last() -> None:
    assert measured_year(session(ALL, cohort="2021"), EMITTED) == 2021
    assert measured_year(session(ALL, cohort=None), EMITTED) == 2022
    assert measured_year(session(ALL, cohort="spring"), EMITTED) == 2022
    found = environmental_tables(session(ALL, cohort="2021"))[EMISSIONS]
    assert set(found["period"]) == {"2021"}


def test_the_forecast_is_that_of_the_parameters() -> None:
    asked = session(ALL, months_ahead=3, simulations=1000, seed=1, confidence=0.8)
    found, again = (environmental_tables(asked)[FORECAST] for _ in range(2))
    assert (found["measure"] == "emissions_forecast").sum() == 3
    pd.testing.assert_frame_equal(found, again)
    wider = environmental_tables(session(ALL, months_ahead=3, simulations=1000, seed=1))[FORECAST]
    lengths = [(table["ci_high"] - table["ci_low"]).iloc[0] for table in (found, wider)]
    assert lengths[0] < lengths[1]


def test_dollars_are_illustrative_and_tonnes_are_not() -> None:
    asked = session(ALL, currency="USD", dollars_per_euro=2.0)
    income = financial_tables(asked)[INCOME]
    revenue = income[(income["group"] == "revenue") & (income["measure"] == "income")]
    assert list(revenue["estimate"].unique()) == [7200]
    assert list(revenue["unit"].unique()) == ["USD"]
    assert revenue["illustrative"].all()
    emissions = environmental_tables(asked)[EMISSIONS].set_index("measure")
    assert emissions.loc["contribution_per_tonne", "unit"] == "USD a t CO2e"
    assert emissions.loc["contribution_per_tonne", "illustrative"]
    assert not emissions.loc["emissions_per_learner", "illustrative"]


def test_everyone_sees_no_measure_of_few_persons() -> None:
    shown = environmental_tables(session(ALL, Audience.PUBLIC))[EMISSIONS].set_index("measure")
    assert np.isnan(shown.loc["emissions_per_path_student", "estimate"])
    assert "hidden" in shown.loc["emissions_per_path_student", "note"]
    assert shown.loc["emissions_budget", "note"].iloc[0] == "no_budget"


def test_everyone_sees_emissions_for_each_of_the_persons_that_they_see() -> None:
    activity = pd.DataFrame({"year": 2022, "kind": ["free", "path"], "persons": [1003, 52]})
    shown, inside = (
        environmental_tables(session(ALL | {"activity": activity}, audience))[EMISSIONS].set_index(
            "measure"
        )
        for audience in (Audience.PUBLIC, Audience.INTERNAL)
    )
    total = 1000 * inside.loc["emissions", "estimate"]
    for measure, true, rounded in (
        ("emissions_per_path_student", 52, 50),
        ("emissions_per_learner", 1055, 1055),
    ):
        assert inside.loc[measure, "estimate"] == pytest.approx(total / true)
        assert shown.loc[measure, "estimate"] == pytest.approx(total / rounded, abs=0.005)
        assert shown.loc[measure, "n"] == rounded
