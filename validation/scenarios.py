"""Scenarios: what is drawn, what is estimated from it, what is true, and what is demanded."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.estimate.proportions import Estimate

Named = Iterable[tuple[str, Estimate]]

LARGE: Final = 600
"""Persons of the smaller side from which the strict bar holds."""

SMALL: Final = 66
"""Persons of the smaller side from which the loose bar holds: the refugees of the report."""

COVERAGE: Final = "Coverage"

ALLOWED_ERRORS: Final = 2
"""Monte Carlo errors that each bar is allowed."""


@dataclass(frozen=True)
class Bar:
    """What a share must lie between, each limit with two Monte Carlo errors allowed."""

    low: float
    high: float = 1.0

    def holds(self, share: float, error: float) -> bool:
        """Whether a share with its Monte Carlo error is within the bar."""
        reach = ALLOWED_ERRORS * error
        return self.low <= share + reach and share - reach <= self.high


STRICT: Final = Bar(0.935, 0.965)
LOOSE: Final = Bar(0.92)
AT_LEAST_95: Final = Bar(0.95)
AT_MOST_5: Final = Bar(0.0, 0.05)


def bar_for(persons: int) -> Bar | None:
    """The bar of a two-sided 95% interval, by the persons of the smaller side."""
    if persons >= LARGE:
        return STRICT
    return LOOSE if persons >= SMALL else None


PRODUCT: Final = (
    "A part is a difference times a coefficient. Where both are near zero, as in this population, "
    "an error of first order with its trace term is too large (Sobel 1982): the interval errs to "
    "the safe side."
)
BORDER: Final = (
    "The truth lies on the border of the possible, and an interval that never leaves it can’t miss "
    "on that side."
)
UNKNOWN: Final = "No reason is known."
PRODUCTS: Final = ("explained,", "endowments,", "interaction,", "change composition,")


def reason(scenario: "Scenario", name: str) -> str:
    """Why an interval misses its bar, where it is known."""
    if name.startswith(PRODUCTS):
        return PRODUCT
    return BORDER if scenario.column == "effects of 0" else UNKNOWN


@dataclass(frozen=True)
class Scenario:
    """One design from which samples are drawn and estimated again and again.

    Attributes
    ----------
    table
        Heading of the table that it belongs to.
    column
        Its name within the table.
    truth
        What each interval should hold, by the interval's name.
    simulate
        Draws one sample and gives the estimates by name; random numbers come from its argument.
    replications
        How often.
    bars
        The bar of each interval; those without one are reported only.
    counted
        What is counted: `Coverage`, or the share of samples in which something is found.
    """

    table: str
    column: str
    truth: Mapping[str, float]
    simulate: Callable[[np.random.Generator], Named]
    replications: int
    bars: Mapping[str, Bar | None]
    counted: str = COVERAGE
