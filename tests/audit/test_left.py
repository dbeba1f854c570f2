"""What others leave for a figure, in the form that readers are told it."""

import math
from collections.abc import Callable

import pytest

from analysis.audit.figures import Figure
from analysis.audit.findings import Implied
from analysis.audit.left import Form, Left, decimals, left_for

Make = Callable[..., Figure]
NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("low", "high", "left"),
    [
        (66.88, 66.88, Left(Form.EXACTLY, 66.9, 66.9, 1)),
        (0.0, 32.5, Left(Form.AT_MOST, 0.0, 32.5, 1)),
        (-1e-12, 32.5, Left(Form.AT_MOST, 0.0, 32.5, 1)),
        (210.7, INF, Left(Form.AT_LEAST, 210.7, INF, 1)),
        (29.6, 31.04, Left(Form.BETWEEN, 29.6, 31.0, 1)),
    ],
)
def test_a_share_is_left_with_a_decimal_more(
    make: Make, low: float, high: float, left: Left
) -> None:
    assert left_for(Implied(make("share", "all", 36), low, high, None)) == left


@pytest.mark.parametrize(
    ("low", "high", "left"),
    [
        (7368.4, 7476.2, Left(Form.BETWEEN, 7369, 7476, 0)),
        (10914.9999999, 10915.0000001, Left(Form.EXACTLY, 10915, 10915, 0)),
        (10999.2, INF, Left(Form.AT_LEAST, 11000, INF, 0)),
        # No whole number lies within.
        (106.25, 106.35, Left(Form.BETWEEN, 106.2, 106.3, 1)),
    ],
)
def test_of_what_is_counted_whole_numbers_are_left(
    make: Make, low: float, high: float, left: Left
) -> None:
    figure = make("students", "all", 9000, "persons")
    assert left_for(Implied(figure, low, high, None)) == left


def test_nothing_may_be_left(make: Make) -> None:
    assert left_for(Implied(make("share", "all", 36), NAN, NAN, None)).form is Form.NOTHING


@pytest.mark.parametrize(("rounding", "digits"), [(1000, 0), (1, 0), (0.1, 1), (0.01, 2)])
def test_decimals_are_those_of_the_rounding(make: Make, rounding: float, digits: int) -> None:
    assert decimals(make("share", "all", 2000, rounding=rounding)) == digits
