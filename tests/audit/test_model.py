"""Figures as relations: which can contradict each other, and on which assumptions it rests."""

import math
from collections.abc import Callable

import pytest

from analysis.audit.figures import Figure, Printed
from analysis.audit.identities import Assumption
from analysis.audit.model import EVERYTHING, build_model

Make = Callable[..., Figure]


def _feasible(*figures: Figure, taken: frozenset[Assumption] = EVERYTHING) -> bool:
    return build_model(figures).view(taken).system.is_feasible()


@pytest.mark.parametrize(("percent", "feasible"), [(28, False), (29, True), (30, False)])
def test_a_share_is_a_ratio_of_counts(make: Make, percent: float, feasible: bool) -> None:
    applicants = make("applicants", "all", 37_218, "persons")
    students = make("students", "all", 10_915, "persons")
    rate = make("orientation_rate", "all", percent)
    assert _feasible(applicants, students, rate) is feasible
    assert _feasible(applicants, students, rate, taken=EVERYTHING - {Assumption.SAME_YEAR})


@pytest.mark.parametrize(("times", "feasible"), [(10, False), (20, True), (30, True), (60, False)])
def test_emissions_are_compared_across_units(make: Make, times: float, feasible: bool) -> None:
    assert (
        _feasible(
            make("emissions_per_person", "path_students", 32, "kg CO2e a year"),
            make("emissions_per_person", "in_person_students", 1, "t CO2e a year", 1,
                 period="each year"),
            make("times_lower", "path_students", times, "times", 10),
        )
        is feasible
    )  # fmt: skip


@pytest.mark.parametrize(("percent", "feasible"), [(47, False), (210, False), (211, True)])
def test_growth_is_of_the_two_years(make: Make, percent: float, feasible: bool) -> None:
    figures = [
        make("career_outcomes", "all", 14_163, "outcomes", period="2021"),
        make("career_outcomes", "all", 44_010, "outcomes", period="2022"),
        make("growth", "all", percent, period="2021 to 2022"),
    ]
    assert _feasible(*figures) is feasible


def test_growth_may_be_below_zero(make: Make) -> None:
    figures = [
        make("apprentices", "all", 200, "persons", period="2021"),
        make("apprentices", "all", 150, "persons", period="2022"),
    ]
    assert _feasible(*figures, make("growth", "apprentices", -25, period="2021 to 2022"))
    assert not _feasible(*figures, make("growth", "apprentices", 25, period="2021 to 2022"))


@pytest.mark.parametrize(
    ("measure", "whole", "assumption"),
    [
        ("graduation_rate", "expected", Assumption.EXPECTED_LIKE_STUDENTS),
        ("placement_rate", "respondents", Assumption.RESPONDENTS_LIKE_STUDENTS),
    ],
)
def test_an_average_lies_between_what_it_averages(
    make: Make, measure: str, whole: str, assumption: Assumption
) -> None:
    """9 of 10 are job seekers at 40%, the others can't lift the average to 53%."""
    figures = [
        make("share", "job_seeker", 90),
        make(measure, "job_seeker", 40),
        make(measure, "all", 53),
    ]
    assert not _feasible(*figures)
    assert _feasible(*figures, taken=EVERYTHING - {assumption})
    # Counted, those whom the rate is out of need not be like the students.
    assert _feasible(*figures, make(whole, "all", 1000, "persons"))


def test_populations_are_compared_through_the_students_too(make: Make) -> None:
    """No share is printed, but one rate makes job seekers many, and the other makes them few."""
    many = [make("graduation_rate", "job_seeker", 20), make("graduation_rate", "all", 24)]
    many += [
        make("graduation_rate", "non_underserved", 60),
        make("graduation_rate", "underserved", 20),
    ]
    few = [make("placement_rate", "underserved", 20), make("placement_rate", "all", 56)]
    few += [make("placement_rate", "non_underserved", 60)]
    assert _feasible(*many)
    assert _feasible(*few)
    assert not _feasible(*many, *few)


def test_public_funding_of_a_category_is_within_that_of_all(make: Make) -> None:
    """The report's charts, put the other way round, would leave more than 100% for the rest."""
    right = [make("public", "all", 57), make("public", "job_seeker", 78)]
    turned = [make("public", "all", 78), make("public", "job_seeker", 57)]
    share = make("share", "job_seeker", 68)
    assert _feasible(*right, share)
    assert not _feasible(*turned, share)


def test_funding_sums_to_the_students(make: Make) -> None:
    values = {"individual": 15, "public": 57, "apprenticeship": 13, "employer": 5}
    parts = [make(kind, "all", value) for kind, value in values.items()]
    assert _feasible(*parts, make("other", "all", 10))
    assert _feasible(*parts, make("other", "all", 8))
    assert not _feasible(*parts, make("other", "all", 7))
    assert _feasible(*parts, make("funded_by_others", "all", 50, relation="more_than"))
    assert not _feasible(*parts, make("funded_by_others", "all", 77, relation="more_than"))


def test_the_self_paid_are_within_individual_funding(make: Make) -> None:
    individual = make("individual", "all", 15)
    third = make("third_party", "all", 90, rounding=10)
    assert _feasible(individual, third, make("self_paid", "all", 10, rounding=10, relation="about"))
    far = make("third_party", "all", 80, rounding=1)
    assert not _feasible(individual, far)
    assert _feasible(individual, far, taken=EVERYTHING - {Assumption.SELF_PAID_IS_INDIVIDUAL})


def test_apprentices_are_path_students_and_these_learners(make: Make) -> None:
    counts = {"all": 44_010, "path_students": 3_885, "apprentices": 1_679}
    figures = {group: make("career_outcomes", group, n, "outcomes") for group, n in counts.items()}
    assert _feasible(*figures.values())
    assert not _feasible(
        figures["path_students"], make("career_outcomes", "apprentices", 3_886, "outcomes")
    )
    assert not _feasible(figures["all"], make("career_outcomes", "apprentices", 44_011, "outcomes"))


def test_the_funnel_narrows(make: Make) -> None:
    candidates = make("candidates", "all", 100, "persons")
    assert _feasible(candidates, make("students", "all", 100, "persons"))
    assert not _feasible(candidates, make("students", "all", 101, "persons"))
    assert not _feasible(candidates, make("applicants", "all", 99, "persons"))
    by_group = make("candidates", "refugee", 3, "persons")
    assert not _feasible(candidates, by_group, make("students", "refugee", 4, "persons"))


def test_every_year_is_the_years_of_the_same_figure(make: Make) -> None:
    more = make("students", "all", 11_000, "persons", 1000, "more_than", "each year")
    assert not _feasible(more, make("students", "all", 10_915, "persons"))
    assert not _feasible(
        more,
        make("students", "all", 12_000, "persons"),
        make("students", "all", 9_000, "persons", period="2021"),
    )


def test_other_periods_and_measures_are_compared_with_nothing(make: Make) -> None:
    horizons = [make("placement_horizon", "graduates", n, "months", 12, period="later reports")
                for n in (12, 24)]  # fmt: skip
    model = build_model([*horizons, make("mentors", "all", 3000, "mentors", 1000)])
    assert len(model.alone) == 3
    assert model.view().system.is_feasible()


def test_the_same_figure_in_another_unit_is_another_figure(make: Make) -> None:
    assert _feasible(make("donation", "all", 85, "EUR"), make("donation", "all", 90, "USD"))
    assert not _feasible(make("donation", "all", 85, "EUR"), make("donation", "all", 90, "EUR"))


def test_a_part_of_a_model_leaves_as_much_as_the_whole(published: Printed) -> None:
    """Identities that figures don't touch tell nothing of them."""
    model = build_model(published.figures)
    rates = [key for key, one in model.figures.items() if one.measure == "placement_rate"]
    shares = [
        key
        for key, one in model.figures.items()
        if one.measure == "share" and one.group in ("job_seeker", "refugee")
    ]
    kept = [*rates, *shares]
    key = rates[0]
    (quantity,) = model.quantities[key]
    others = [one for one in model.quantities if one not in kept]
    whole = model.view().range(quantity, [key, *others])
    assert model.of(kept).view().range(quantity, [key]) == pytest.approx(whole)
    assert 0 < whole[0] < whole[1] < 100
    assert not math.isclose(*whole)
