"""No more digits than the interval supports."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.impact.precision import leading_digits, rounded, supported_digits

LENGTHS = st.floats(1e-6, 1e9)


@pytest.mark.parametrize(
    ("half", "digits"),
    [
        # The examples of the Particle Data Group: ±0.119, ±0.367, ±0.951.
        (0.119, 2),
        (0.367, 1),
        (0.951, 1),
        (0.1, 2),
        (0.354, 2),
        (0.355, 1),
        (1.0, 1),
        (35.4, 0),
        (35.6, -1),
        (100.0, -1),
        (999.0, -2),
        (3.25e6, -5),
    ],
)
def test_half_the_length_decides(half: float, digits: int) -> None:
    assert supported_digits(12.0 - half, 12.0 + half) == digits


def test_what_is_certain_has_the_digits_of_its_unit() -> None:
    ends = np.array([np.nan, 5.0, 1.0]), np.array([np.nan, 5.0, 3.0])
    assert supported_digits(*ends, exact=2).tolist() == [2, 2, 1]


@given(low=st.floats(-1e9, 1e9), length=LENGTHS)
def test_rounding_moves_a_value_by_little_and_the_next_digit_tells_nothing(
    low: float, length: float
) -> None:
    """The last digit is worth from 0.028 to 0.28 of half the length h."""
    high = low + length
    half = (high - low) / 2
    if not half > 0:
        return
    digits = int(supported_digits(low, high))
    assert 0.028 < 10.0**-digits / half < 0.2818
    middle = low + half
    assert abs(rounded(middle, digits) - middle) <= 0.141 * half + 1e-6


def test_zero_has_no_sign_and_missing_stays_missing() -> None:
    assert math.copysign(1, rounded(-0.04, 1)) == 1
    assert math.isnan(rounded(float("nan"), 0))
    assert rounded(1234.0, -2) == 1200.0


@pytest.mark.parametrize(
    ("value", "digits"), [(878.7, -1), (-0.0351, 3), (1.0, 1), (99_999.0, -3), (0.0, 0)]
)
def test_two_significant_digits(value: float, digits: int) -> None:
    assert leading_digits(value) == digits
