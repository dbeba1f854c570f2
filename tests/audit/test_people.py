"""Eight unknowns say all that totals of groups tell of the 32 combinations of categories."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.audit.linear import Relation, System
from analysis.audit.people import (
    GROUPS,
    membership,
    partition,
    somebody,
    status_known,
    unknown,
    within,
)
from analysis.vocabulary import ALL, CATEGORIES, NON_UNDERSERVED, UNDERSERVED

TOTALS = st.fixed_dictionaries({group: st.integers(0, 20) for group in GROUPS})


def _told(people: str, totals: dict[str, int]) -> list[Relation]:
    return [
        Relation(group, {unknown(people, group, "2022"): 1.0}, total, total)
        for group, total in totals.items()
    ]


def _by_combinations(totals: dict[str, int]) -> bool:
    """Whether a population with these totals exists, by a number for each combination."""
    combinations = list(product([0, 1], repeat=len(CATEGORIES)))
    sums: dict[str, dict[str, float]] = {
        ALL: {str(one): 1.0 for one in combinations},
        UNDERSERVED: {str(one): 1.0 for one in combinations if any(one)},
        NON_UNDERSERVED: {str(one): 1.0 for one in combinations if not any(one)},
    }
    for place, category in enumerate(CATEGORIES):
        sums[category] = {str(one): 1.0 for one in combinations if one[place]}
    # Of unknown status are those who are in no category as far as is known.
    sums[ALL]["unknown"] = 1.0
    relations = [Relation(group, sums[group], total, total) for group, total in totals.items()]
    return System(tuple(relations)).is_feasible()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(totals=TOTALS)
def test_the_eight_unknowns_are_as_strict_as_all_combinations(totals: dict[str, int]) -> None:
    system = System((*membership({"people": 1.0}, "2022"), *_told("people", totals)))
    assert system.is_feasible() == _by_combinations(totals)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(whole=TOTALS, part=TOTALS)
def test_a_part_and_the_others_are_populations_too(
    whole: dict[str, int], part: dict[str, int]
) -> None:
    told = [*_told("whole", whole), *_told("part", part)]
    others = {group: whole[group] - part[group] for group in GROUPS}
    exists = min(others.values()) >= 0 and _by_combinations(part) and _by_combinations(others)
    assert System((*within("part", "whole", "2022"), *told)).is_feasible() == exists


@pytest.mark.parametrize(("non_underserved", "feasible"), [(3, False), (4, True), (5, False)])
def test_with_known_status_all_are_one_or_the_other(non_underserved: int, feasible: bool) -> None:
    totals = {ALL: 10, UNDERSERVED: 6, NON_UNDERSERVED: non_underserved}
    told = _told("people", totals)
    relations = (*membership({"people": 1.0}, "2022"), status_known("people", "2022"), *told)
    assert System(relations).is_feasible() is feasible


def test_parts_add_up_in_every_group() -> None:
    relations = partition("students", ("funded public", "funded other"), "2022")
    assert len(relations) == len(GROUPS)
    told = [*_told("students", {"refugee": 3}), *_told("funded public", {"refugee": 1})]
    system = System((*relations, *told))
    assert system.range({"funded other/refugee/2022": 1.0}) == pytest.approx((2, 2))


def test_nobody_is_no_population() -> None:
    assert not System((somebody("students", "2022"), *_told("students", {ALL: 0}))).is_feasible()
