"""No more digits than the interval supports."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.impact.precision import rounded, supported_digits

LENGTHS = st.floats(1e-6, 1e9)


@pytest.mark.parametrize(
    ("low", "high", "digits"),
    [
        (0.0, 2.0, 0),
        (0.0, 1.99, 1),
        (9.8, 10.0, 1),
        (0.0, 19.9, 0),
        (-100.0, 100.0, -2),
        (4.4e6, 10.9e6, -6),
        (0.45, 0.51, 2),
    ],
)
def test_the_last_digit_is_the_first_of_half_the_length(
    low: float, high: float, digits: int
) -> None:
    assert supported_digits(low, high) == digits


def test_what_is_certain_has_the_digits_of_its_unit() -> None:
    ends = np.array([np.nan, 5.0, 1.0]), np.array([np.nan, 5.0, 3.0])
    assert supported_digits(*ends, exact=2).tolist() == [2, 2, 0]


@given(low=st.floats(-1e9, 1e9), length=LENGTHS)
def test_rounding_moves_a_value_by_half_of_half_the_length_at_most(
    low: float, length: float
) -> None:
    """Rounding to the first digit of the uncertainty h moves a value by up to h / 2."""
    high = low + length
    half = (high - low) / 2
    if not half > 0:
        return
    digits = int(supported_digits(low, high))
    assert 10.0**-digits <= half * (1 + 1e-6) < 10.0 ** (1 - digits) * (1 + 1e-6)
    middle = low + half
    assert abs(rounded(middle, digits) - middle) <= half / 2 * (1 + 1e-6) + 1e-6


def test_zero_has_no_sign_and_missing_stays_missing() -> None:
    assert math.copysign(1, rounded(-0.04, 1)) == 1
    assert math.isnan(rounded(float("nan"), 0))
    assert rounded(1234.0, -2) == 1200.0
