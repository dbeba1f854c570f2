"""What other figures leave for a figure, in the decimals and the form that readers are told it."""

import math
from dataclasses import dataclass
from enum import StrEnum

from analysis.audit.figures import COUNTED, Figure
from analysis.audit.implied import Implied


class Form(StrEnum):
    """How a range is told."""

    NOTHING = "nothing"
    """No value is left."""
    EXACTLY = "exactly"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    """Nothing that is counted goes below 0, so a range from there on has one end to tell."""
    BETWEEN = "between"


@dataclass(frozen=True)
class Left:
    """A range of values as it is told.

    Attributes
    ----------
    form
        Which ends are told.
    low, high
        The ends, rounded to `digits`; of what is counted the whole numbers within the range, if
        there are any.
    digits
        Decimals.
    """

    form: Form
    low: float
    high: float
    digits: int


def left_for(implied: Implied) -> Left:
    """What the others leave for a figure."""
    figure = implied.figure
    low, high, digits = _ends(figure, implied.low, implied.high)
    if math.isnan(implied.low):
        form = Form.NOTHING
    elif low == high:
        form = Form.EXACTLY
    elif math.isinf(high):
        form = Form.AT_LEAST
    elif implied.low <= 0:
        form = Form.AT_MOST
    else:
        form = Form.BETWEEN
    return Left(form, low, high, digits)


def decimals(figure: Figure) -> int:
    """Decimals that a figure is printed with."""
    return max(0, -math.floor(math.log10(figure.rounding) + 1e-9))


def _ends(figure: Figure, low: float, high: float) -> tuple[float, float, int]:
    """Ends of a range: whole numbers within it of what is counted, else with a digit more."""
    if figure.unit in COUNTED and math.isfinite(low):
        # Ends come out of a solver: 10914.9999999 is 10915.
        least = math.ceil(round(low, 4))
        most = math.floor(round(high, 4)) if math.isfinite(high) else math.inf
        if least <= most:
            return float(least), float(most), 0
    digits = decimals(figure) + 1
    # Adding 0 makes no minus of what is rounded to nothing.
    return round(low, digits) + 0.0, round(high, digits) + 0.0, digits
