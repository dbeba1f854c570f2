"""What tables of rates tell of the share of the non-underserved."""

from collections.abc import Callable

import pytest

from analysis.audit.bounds import Bound, find_bounds
from analysis.audit.figures import Figure, Printed
from analysis.audit.identities import Assumption
from analysis.audit.model import EVERYTHING, build_model

Make = Callable[..., Figure]


@pytest.fixture(scope="module")
def bounds(published: Printed) -> dict[tuple[str, str], Bound]:
    """Give the bounds of 2022, by rate and population."""
    found = find_bounds(build_model(published.figures), EVERYTHING)
    return {(one.measure, one.population): one for one in found}


def test_each_table_of_2022_agrees_with_21_percent_and_not_with_36(
    bounds: dict[tuple[str, str], Bound],
) -> None:
    assert len(bounds) == 6
    for (_, population), bound in bounds.items():
        assert 0 <= bound.low < bound.high < 100
        verdicts = {figure.value: agrees for figure, agrees in bound.tested}
        assert verdicts == ({36: False, 79: True} if population == "students" else {})


def test_a_bound_names_what_it_rests_on(bounds: dict[tuple[str, str], Bound]) -> None:
    respondents = bounds["placement_rate", "respondents"]
    assert Assumption.RESPONDENTS_LIKE_STUDENTS in respondents.assumptions
    assert Assumption.SAME_YEAR not in respondents.assumptions
    measures = {(one.measure, one.group) for one in respondents.figures}
    assert ("share", "non_underserved") not in measures
    assert ("share", "underserved") not in measures


def test_a_bound_by_hand(make: Make) -> None:
    """One category of half of all, at 20%, and the others at 60%: nobody else can lift 40%."""
    figures = [
        make("share", "job_seeker", 50, rounding=0.001),
        *(make("share", one, 0, rounding=1e-6) for one in ("refugee", "disability")),
        *(
            make("share", one, 0, rounding=1e-6)
            for one in ("low_qualification", "underserved_area")
        ),
        make("placement_rate", "all", 40, rounding=0.001),
        make("placement_rate", "non_underserved", 60, rounding=0.001),
        make("placement_rate", "job_seeker", 20, rounding=0.001),
    ]
    found = find_bounds(build_model(figures), EVERYTHING)
    assert [one.population for one in found] == ["respondents", "students"]
    for one in found:
        assert (one.low, one.high) == pytest.approx((50, 50), abs=0.01)


def test_a_table_without_its_average_bounds_nothing(make: Make) -> None:
    figures = [make("share", "job_seeker", 50), make("placement_rate", "job_seeker", 20)]
    assert find_bounds(build_model(figures), EVERYTHING) == ()


def test_a_table_that_contradicts_itself_bounds_nothing(make: Make) -> None:
    figures = [
        make("share", "job_seeker", 90),
        make("placement_rate", "all", 60),
        make("placement_rate", "job_seeker", 40),
        make("placement_rate", "non_underserved", 50),
    ]
    assert find_bounds(build_model(figures), EVERYTHING) == ()
