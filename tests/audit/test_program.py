"""The form in which relations go to the solver."""

import numpy as np
import pytest

from analysis.audit.program import InfeasibleError, Program
from analysis.audit.relation import Relation

TABLE = {"huge": 23_883_932.0, "small": 1_447.0, "tiny": 0.08, "sum": 23_885_379.08}
RELATIONS = (
    Relation("sum", {"huge": 1, "small": 1, "tiny": 1, "sum": -1}, 0, 0),
    Relation("huge", {"huge": 1}, 23_883_931, 23_883_933),
    Relation("tiny", {"tiny": 1}, 0.07, 0.09),
    Relation("ratio", {"huge": 1, "small": -16_505}, 0, 2_000),
    Relation("one-sided", {"small": 1}, low=1_000),
)
OWNERS = (-1, 0, 1, 2, 2)


def test_scaling_brings_unknowns_together_and_loses_nothing() -> None:
    program = Program(RELATIONS, OWNERS, ())
    scaled = np.array([TABLE[name] for name in program.unknowns]) / program.units
    assert max(TABLE.values()) / min(TABLE.values()) > 1e8
    assert scaled.max() / scaled.min() < 1e6
    assert np.abs(program.weights.data).max() <= 1
    assert np.abs(program.ends).max() <= 1
    for line, (place, sign) in enumerate(program.sources):
        unscaled = (program.weights[[line]].toarray().ravel() / program.units)[:, None]
        relation = RELATIONS[place]
        weights = [sign * relation.coefficients.get(name, 0) for name in program.unknowns]
        assert list(unscaled.ravel() * program.sizes[line]) == weights
        end = relation.high if sign > 0 else -relation.low
        assert program.ends[line] * program.sizes[line] == end


def test_lines_are_those_of_identities_and_figures() -> None:
    program = Program(RELATIONS, OWNERS, ())
    assert [place for place, _ in program.sources] == [0, 0, 1, 1, 2, 2, 3, 3, 4]
    assert list(np.flatnonzero(program.lines([]))) == [0, 1]
    assert list(np.flatnonzero(program.lines([0, 2]))) == [0, 1, 2, 3, 6, 7, 8]


def test_the_shortfall_is_what_every_limit_has_to_give() -> None:
    """From 4 down and from 8 up: both, in units of 4 and 8, have to give a third."""
    program = Program(
        (Relation("no more", {"a": 1}, high=4), Relation("no less", {"a": 1}, low=8)), (0, 1), ()
    )
    short, weights = program.worst(program.lines([0, 1]))
    assert short == pytest.approx(4 / (4 + 8))
    assert weights == pytest.approx([4 / 12, 8 / 12])
    assert program.worst(program.lines([0]))[0] == 0
    assert program.worst(program.lines([]))[0] == 0


def test_limits_widened_by_the_shortfall_leave_one_point() -> None:
    program = Program(
        (Relation("no more", {"a": 1}, high=4), Relation("no less", {"a": 1}, low=8)), (0, 1), ()
    )
    lines = program.lines([0, 1])
    with pytest.raises(InfeasibleError):
        program.least(lines, {"a": 1})
    end = program.least(lines, {"a": 1}, widened=1 / 3 + 1e-6)
    assert end.value == pytest.approx(16 / 3, rel=1e-5)
    assert end.violation <= 1e-9


def test_a_point_tells_how_far_limits_are_from_holding() -> None:
    program = Program(
        (Relation("no more", {"a": 1}, high=4), Relation("no less", {"a": 1}, low=8)), (0, 1), ()
    )
    assert program.violation(program.lines([0])) == 0
    assert program.violation(program.lines([])) == 0
    assert program.violation(program.lines([0, 1])) == np.inf


def test_an_end_that_is_only_approached_has_no_point() -> None:
    """`a / b` comes as near to 0 as one likes while `b` grows; `a` alone gets down to 2."""
    program = Program((Relation("some", {"a": 1, "b": 0}, low=2, high=3),), (0,), ())
    lines = program.lines([0])
    ratio = program.least(lines, {"a": 1}, {"b": 1})
    assert ratio.value == pytest.approx(0)
    assert ratio.violation > 1e-9
    assert program.least(lines, {"a": 1}).violation <= 1e-9
    assert program.least(lines, {"b": -1}) == (-np.inf, np.inf)
