"""How far counts can be told that are known by linear constraints."""

import math

import pytest

from analysis.release.knowledge import Cell, Constraint, Population
from analysis.release.polyhedron import ContradictionError, Polyhedron, parts_of

SOME = Population("toy", "all", "admitted", "denominator")
WHOLE, A, B, ELSEWHERE = (Cell(SOME, name) for name in ("all", "a", "b", "c"))
SUM = Constraint({WHOLE: 1, A: -1, B: -1}, 0, 0)
INF = math.inf


def test_what_is_left_of_a_whole_lies_within_both_roundings() -> None:
    body = Polyhedron.of(
        [SUM, Constraint({WHOLE: 1}, 98, 102, ("whole",)), Constraint({A: 1}, 88, 92, ("a",))]
    )
    told = dict(body.ranges([B], enough=20))[B]
    assert (told.low, told.high) == pytest.approx((6, 14))
    assert told.owners == {("whole",), ("a",)}


def test_a_range_that_is_wide_enough_names_nobody() -> None:
    body = Polyhedron.of([SUM, Constraint({WHOLE: 1}, 98, 102, ("whole",))])
    told = dict(body.ranges([B], enough=20))[B]
    assert told.width >= 20
    assert told.owners is None


def test_what_has_no_end_is_wide() -> None:
    body = Polyhedron.of([Constraint({A: 1, B: -1}, 0, INF)])
    assert dict(body.ranges([A], enough=7))[A].high == INF


def test_many_targets_have_the_range_that_each_has_alone() -> None:
    constraints = [SUM, Constraint({WHOLE: 1}, 30, 34), Constraint({A: 1}, 10, 12)]
    body = Polyhedron.of(constraints)
    together = dict(body.ranges([A, B, WHOLE], enough=7))
    assert {cell: (told.low, told.high) for cell, told in together.items() if told.width < 7} == {
        A: pytest.approx((10, 12)),
        B: pytest.approx((18, 24)),
        WHOLE: pytest.approx((30, 34)),
    }


def test_what_contradicts_is_said_to() -> None:
    body = Polyhedron.of([Constraint({A: 1}, 5, 6), Constraint({A: 1}, 8, 9)])
    with pytest.raises(ContradictionError):
        list(body.ranges([A], enough=7))


def test_parts_have_no_count_in_common_and_those_without_a_target_are_left_out() -> None:
    apart = Constraint({ELSEWHERE: 1}, 0, 24)
    parts = list(parts_of([SUM, apart, Constraint({A: 1}, 1, 2)], [B]))
    assert [len(constraints) for constraints, _ in parts] == [2]
    assert list(parts_of([SUM], [ELSEWHERE])) == []
    assert list(parts_of([], [B])) == []
