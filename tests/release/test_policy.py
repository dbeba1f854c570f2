"""Rounding, and how many digits a rate may have."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.release.policy import LARGE, ROUNDED_TO, point_digits, rate_digits, round_count


@given(st.integers(0, 10_000_000))
def test_a_rounded_count_is_a_multiple_and_near(count: int) -> None:
    rounded = round_count(count)
    assert rounded % ROUNDED_TO == 0
    assert abs(rounded - count) <= ROUNDED_TO // 2


def test_a_missing_count_stays_missing() -> None:
    assert math.isnan(round_count(float("nan")))


@pytest.mark.parametrize(("sides", "digits"), [((LARGE, LARGE), 1), ((LARGE, LARGE - 1), 0)])
def test_every_denominator_must_be_large_for_a_decimal(sides: tuple[int, int], digits: int) -> None:
    assert point_digits(*sides) == digits


@given(st.integers(1, 1_000_000))
def test_a_rate_with_a_decimal_stays_within_it_when_its_count_is_rounded(n: int) -> None:
    moved = 100 * (ROUNDED_TO / 2) / n
    assert rate_digits(n) == int(n >= LARGE and moved <= 0.05)


def test_a_rate_of_nobody_has_no_decimal() -> None:
    assert rate_digits(0) == 0
