"""How many digits a value may be shown with, given its interval."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


def supported_digits(low: ArrayLike, high: ArrayLike, exact: int = 0) -> NDArray[np.int64]:
    """Decimals that intervals support; negative where they reach only to tens, hundreds and so on.

    The last digit shown has the worth of the first digit of half the interval's length: one
    significant digit of the uncertainty, the stricter of the one or two that the Guide to the
    Expression of Uncertainty in Measurement allows (JCGM 100:2008, 7.2.6).

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
    worth = np.floor(np.log10(np.where(certain, 1.0, half)) + 1e-9)
    return np.where(certain, exact, -worth).astype("int64")


def rounded(value: float, digits: int) -> float:
    """A value rounded to so many decimals, which may be negative; a missing one stays missing."""
    return value if math.isnan(value) else round(value, digits) + 0.0
