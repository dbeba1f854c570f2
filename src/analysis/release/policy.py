"""The rules of what may be shown to everyone, stated once."""

from typing import Final

import pandas as pd

ROUNDED_TO: Final = 5
"""Public counts are rounded to the nearest multiple."""

SMALLEST: Final = 25
"""Nothing is shown of a denominator of fewer persons."""

LARGE: Final = 1_000
"""Where every denominator has as many persons, points have one decimal."""

PINNED_WITHIN: Final = 3
"""A hidden count is given away if it can be told to within so many persons."""

HIDDEN: Final = "hidden"
"""Key of the note of a row that is not shown; its value says why."""

SMALL: Final = "small"
"""Hidden for a denominator under `SMALLEST`."""

PROTECTS: Final = "protects"
"""Hidden because another hidden number could be worked out from it."""


def round_count(count: float) -> float:
    """The nearest multiple of `ROUNDED_TO`; a missing count stays missing."""
    return count if pd.isna(count) else float(ROUNDED_TO * round(count / ROUNDED_TO))


def point_digits(*denominators: float) -> int:
    """Decimals of a percentage, or of points, that the denominators allow."""
    return int(min(denominators) >= LARGE)


def rate_digits(denominator: float) -> int:
    """Decimals of a percentage that is the share of two counts.

    Rounding the successes moves their share of n persons by up to `ROUNDED_TO` / (2n). A decimal
    is shown only where that is at most half of its unit, 0.05 points: from 5,000 persons on.
    Whole points are the coarsest that the policy knows, and stay below that.
    """
    moved = 100 * ROUNDED_TO / 2 / denominator if denominator else float("inf")
    return point_digits(denominator) if moved <= 0.05 else 0
