"""The social value against cases worked by hand, and the identities between its parts."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.impact.country import Country, load_country
from analysis.impact.measures import measure_table
from analysis.impact.simulation import (
    Assumed,
    Estimated,
    Result,
    central_values,
    rests_on,
)
from analysis.impact.social import (
    EACH,
    FLOWS,
    IF_NOT_TOLD,
    PLACED,
    YEARS,
    Asked,
    Evidence,
    Simulation,
    flows,
    gap_formulas,
    gap_rows,
    result_rows,
    social_inputs,
    value_formulas,
    worth_of_years,
)
from analysis.vocabulary import UNDERSERVED

HAND = {
    "employee_contributions": 0.2,
    "employer_contributions": 0.3,
    "income_tax": 0.1,
    "benefit_recipients": 0.5,
    "benefit": 1000.0,
    "benefit_months": 6.0,
    "counterfactual": 0.4,
    "silent_placement": 0.5,
    "persistence": 0.8,
    "discount": 0.25,
    "placement": 0.5,
    "seekers": 0.6,
    "underserved_seekers": 0.75,
    "pay": 30_000.0,
    "raise": 5_000.0,
    "gap": -0.1,
}
EVERYONE, PRIORITY = Asked(1000, 600), Asked(400, 200)
# 0.6 × 30,000 + 0.4 × 5,000, and 0.6 × 0.5 × 1,000 × 6.
PAY_GAINED, SAVED = 20_000.0, 1_800.0


def by_hand() -> dict:
    return {name: np.array([value]) for name, value in HAND.items()}


def share(value: float, n: int = 500) -> Estimated:
    return Estimated(value, value - 0.03, value + 0.03, 0.95, n, least=0.0, most=1.0)


@pytest.fixture(scope="module")
def country() -> Country:
    return load_country("france")


@pytest.fixture
def evidence() -> Evidence:
    return Evidence(
        EVERYONE,
        PRIORITY,
        placement=share(0.5),
        seekers=share(0.6, 300),
        underserved_seekers=share(0.75, 120),
        gap=Estimated(-0.1, -0.16, -0.04, 0.95, 200, least=-1.0, most=1.0),
        pay=Estimated(30_000, 29_000, 31_000, 0.95, 150),
        raised=Estimated(5_000, 4_500, 5_500, 0.95, 100),
    )


HOW = Simulation(2000, 7, 0.95, "2022", "a source")


@pytest.mark.parametrize(("years", "worth"), [(1, 1.0), (2, 1.64), (3, 2.0496)])
def test_years_are_worth_what_lasts_of_them_discounted(years: int, worth: float) -> None:
    """0.8 / 1.25 is 0.64: 1, then 0.64, then 0.4096 more."""
    values = by_hand()
    found = worth_of_years(values["persistence"], values["discount"], years)
    assert found == pytest.approx([worth])


def test_ten_years_are_a_geometric_series() -> None:
    found = worth_of_years(np.array([0.9, 1.0]), np.array([0.05, 0.0]), 10)
    ratio = 0.9 / 1.05
    assert found == pytest.approx([(1 - ratio**10) / (1 - ratio), 10.0])


def test_one_placement_by_hand() -> None:
    found = {name: float(value[0]) for name, value in flows(by_hand(), np.array([0.6]), 1).items()}
    assert found == pytest.approx(
        {
            "salary_gain": PAY_GAINED,
            "learners_net_gain": 0.7 * PAY_GAINED - SAVED,
            "contributions_gained": 0.5 * PAY_GAINED,
            "taxes_gained": 0.1 * PAY_GAINED,
            "benefits_saved": SAVED,
            "public_gain": 0.6 * PAY_GAINED + SAVED,
        }
    )
    assert tuple(found) == FLOWS


def test_benefits_are_saved_once_and_pay_year_after_year() -> None:
    one, two = (flows(by_hand(), np.array([0.6]), years) for years in (1, 2))
    assert two["benefits_saved"] == one["benefits_saved"]
    assert two["taxes_gained"] == pytest.approx(1.64 * one["taxes_gained"])
    assert two["public_gain"] == pytest.approx(0.6 * 1.64 * PAY_GAINED + SAVED)


def test_only_job_seekers_save_benefits_and_pay_on_all_that_they_earn() -> None:
    none, only = (flows(by_hand(), np.array([seekers]), 1) for seekers in (0.0, 1.0))
    assert none["benefits_saved"] == 0
    assert none["taxes_gained"] == pytest.approx(0.1 * 5_000)
    assert only["benefits_saved"] == pytest.approx(3_000)
    assert only["taxes_gained"] == pytest.approx(0.1 * 30_000)


@pytest.mark.parametrize("years", YEARS)
def test_learners_and_public_share_what_employers_pay_more(years: int) -> None:
    """The two don't overlap: together they are gross pay and the employer's contributions."""
    found = flows(by_hand(), np.array([0.6]), years)
    both = found["learners_net_gain"] + found["public_gain"]
    assert both == pytest.approx(1.3 * found["salary_gain"])
    parts = found["contributions_gained"] + found["taxes_gained"] + found["benefits_saved"]
    assert found["public_gain"] == pytest.approx(parts)


def test_all_placements_by_hand() -> None:
    """0.5 × (600 + 0.5 × 400) are placed, and 60% of them through the training."""
    found = value_formulas(EVERYONE)(by_hand())
    assert found[Result("placed_graduates", PLACED)] == pytest.approx([400])
    assert found[Result("placed_through_training", PLACED)] == pytest.approx([240])
    assert found[Result("salary_gain", EACH, 1)] == pytest.approx([0.6 * PAY_GAINED])
    assert found[Result("salary_gain", PLACED, 1)] == pytest.approx([240 * PAY_GAINED])
    assert found[Result("salary_gain", PLACED, 2)] == pytest.approx([1.64 * 240 * PAY_GAINED])
    assert {result.horizon for result in found} == {None, *YEARS}


def test_closing_the_gap_by_hand() -> None:
    """0.1 × (200 + 0.5 × 200) placements more; 0.75 × 30,000 + 0.25 × 5,000 each."""
    found = gap_formulas(PRIORITY)(by_hand())
    assert found[Result("gap_placements", UNDERSERVED)] == pytest.approx([30])
    gained, saved = 23_750.0, 0.75 * 3_000
    public, net = 0.6 * gained + saved, 0.7 * gained - saved
    assert found[Result("gap_salary_gain", UNDERSERVED, 1)] == pytest.approx([30 * gained])
    assert found[Result("gap_public_gain", UNDERSERVED, 1)] == pytest.approx([30 * public])
    assert found[Result("gap_learners_net_gain", UNDERSERVED, 1)] == pytest.approx([30 * net])


def test_twice_the_persons_are_twice_the_totals_and_the_same_each() -> None:
    one = value_formulas(EVERYONE)(by_hand())
    two = value_formulas(Asked(2 * EVERYONE.graduates, 2 * EVERYONE.respondents))(by_hand())
    for result, value in one.items():
        factor = 1 if result.group == EACH else 2
        assert two[result] == pytest.approx(factor * value), result


def test_every_input_is_used(country: Country, evidence: Evidence) -> None:
    inputs = social_inputs(country, evidence)
    behind = rests_on(inputs, value_formulas(EVERYONE)) | rests_on(inputs, gap_formulas(PRIORITY))
    assert {name for names in behind.values() for name in names} == inputs.keys()


def test_parameters_stand_in_for_salaries_only_where_no_survey_tells_them(
    country: Country, evidence: Evidence
) -> None:
    told = social_inputs(country, evidence)
    assert not told["pay"].illustrative
    assert not set(IF_NOT_TOLD.values()) & told.keys()
    untold = social_inputs(country, replace(evidence, pay=None, raised=None))
    for name, parameter in IF_NOT_TOLD.items():
        stated = country.parameters[parameter]
        assert untold[name] == Assumed(stated.central, stated.low, stated.high, illustrative=True)


def test_what_rests_on_an_illustrative_parameter_is_illustrative(
    country: Country, evidence: Evidence
) -> None:
    table = measure_table(
        result_rows(social_inputs(country, evidence), value_formulas(EVERYONE), HOW)
    )
    assert table["illustrative"].all()
    cited = country.model_copy(
        update={
            "parameters": {
                name: one.model_copy(update={"illustrative": name == "benefit"})
                for name, one in country.parameters.items()
            }
        }
    )
    table = measure_table(
        result_rows(social_inputs(cited, evidence), value_formulas(EVERYONE), HOW)
    )
    marked = set(table.loc[table["illustrative"], "measure"])
    assert marked == {"learners_net_gain", "benefits_saved", "public_gain"}


def test_rows_hold_their_estimate_and_the_fewest_persons_behind_it(
    country: Country, evidence: Evidence
) -> None:
    inputs = social_inputs(country, evidence)
    table = measure_table(result_rows(inputs, value_formulas(EVERYONE), HOW))
    central = value_formulas(EVERYONE)(central_values(inputs))
    assert len(table) == len(central)
    for row, (result, value) in zip(table.to_dict("records"), central.items(), strict=True):
        assert row["measure"] == result.measure
        assert row["estimate"] == pytest.approx(float(value[0]))
        assert row["ci_low"] < row["estimate"] < row["ci_high"]
    people = table.set_index("measure")["n"]
    assert people["placed_graduates"] == 500
    assert set(people["salary_gain"]) == {100}
    assert set(people["benefits_saved"]) == {300}


def test_the_same_seed_gives_the_same_table(country: Country, evidence: Evidence) -> None:
    inputs, formulas = social_inputs(country, evidence), value_formulas(EVERYONE)
    one, same, other = (
        measure_table(result_rows(inputs, formulas, replace(HOW, seed=seed))) for seed in (7, 7, 8)
    )
    assert one.equals(same)
    assert not one["ci_low"].equals(other["ci_low"])


def test_an_uncertain_gap_makes_an_uncertain_worth(country: Country, evidence: Evidence) -> None:
    wide = replace(evidence, gap=Estimated(-0.1, -0.3, 0.1, 0.95, 200, least=-1.0, most=1.0))
    for one, holds_zero in ((evidence, False), (wide, True)):
        table = measure_table(gap_rows(social_inputs(country, one), one, HOW))
        assert ((table["ci_low"] < 0) == holds_zero).all()


def test_a_gap_that_can_not_be_estimated_is_a_row_that_says_why(
    country: Country, evidence: Evidence
) -> None:
    bare = replace(evidence, gap=None, gap_note="one_sided")
    table = measure_table(gap_rows(social_inputs(country, bare), bare, HOW))
    assert table["measure"].tolist() == ["gap_placements"]
    assert table["note"].tolist() == ["one_sided"]
    unknown = replace(evidence, underserved_seekers=None)
    table = measure_table(gap_rows(social_inputs(country, unknown), unknown, HOW))
    assert table["note"].tolist() == ["no_successes"]


def test_without_an_interval_of_an_input_there_is_none_and_no_more_than_two_digits(
    country: Country, evidence: Evidence
) -> None:
    bare = replace(evidence, placement=replace(evidence.placement, low=np.nan, high=np.nan))
    table = measure_table(result_rows(social_inputs(country, bare), value_formulas(EVERYONE), HOW))
    placed = table[table["group"] == PLACED]
    assert placed[["ci_low", "ci_high"]].isna().all(axis=None)
    assert (placed["note"] == "input_without_interval").all()
    assert (placed["digits"] <= 0).all()
    each = table[table["group"] == EACH]
    assert each["ci_low"].notna().all()
    assert (each["note"] == "").all()
