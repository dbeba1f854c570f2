"""How many digits a value may be shown with, given its interval."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

TWO_DIGITS_BELOW = 3.55
"""Of what half a length begins with."""


def supported_digits(low: ArrayLike, high: ArrayLike, exact: int = 0) -> NDArray[np.int64]:
    """Decimals that intervals support; negative where they reach only to tens, hundreds and so on.

    Half the interval's length has two significant digits if its first three are 100 to 354, else
    one, and the value is shown as far: the rule of the Particle Data Group (Review of Particle
    Physics, 5.3), within the one or two digits of the Guide to the Expression of Uncertainty in
    Measurement (JCGM 100:2008, 7.2.6). With one digit always, ±1.4 would be shown as ±1 and
    intervals as if they held what they don't.

    Parameters
    ----------
    low, high
        Limits, any shapes that fit each other; missing where there is no interval.
    exact
        Decimals of what has no interval, or one without length.

    Returns
    -------
    numpy.ndarray
        Whole numbers in the shape of the limits.
    """
    half = (np.asarray(high, dtype=float) - np.asarray(low, dtype=float)) / 2
    certain = ~(half > 0)
    # A hair of room: a half length of exactly 0.1 is a hair below it in binary.
    power = np.log10(np.where(certain, 1.0, half)) + 1e-9
    first = np.floor(power)
    second = 10 ** (power - first) < TWO_DIGITS_BELOW
    return np.where(certain, exact, second - first).astype("int64")


def leading_digits(value: float, shown: int = 2) -> int:
    """Decimals with which a value has so many significant digits; 0 of zero."""
    return shown - 1 - math.floor(math.log10(abs(value))) if value else 0


def rounded(value: float, digits: int) -> float:
    """A value rounded to so many decimals, which may be negative; a missing one stays missing."""
    return value if math.isnan(value) else round(value, digits) + 0.0
