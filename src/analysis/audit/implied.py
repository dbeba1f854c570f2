"""What other figures leave for a figure."""

import math
from collections.abc import Collection
from dataclasses import dataclass

from analysis.audit.figures import Figure
from analysis.audit.linear import ContradictionError
from analysis.audit.model import Model, View


@dataclass(frozen=True)
class Implied:
    """What other figures leave for a figure: of a conflict the others, of a resolution the rest.

    Attributes
    ----------
    figure
        The figure.
    low, high
        Smallest and greatest true value that the others allow, in the figure's unit; not a number
        if they allow none.
    printable
        The nearest value that could be printed instead, at the figure's rounding; None if there
        is none. The figure alone would then resolve the conflict.
    """

    figure: Figure
    low: float
    high: float
    printable: float | None

    @property
    def is_cut(self) -> bool:
        """Whether the figure would be right if it had been cut instead of rounded."""
        figure = self.figure
        if figure.relation != "equal" or figure.is_exact:
            return False
        return self.low < figure.value + figure.rounding and self.high >= figure.value


def implied_for(model: Model, view: View, key: str, without: Collection[str]) -> Implied:
    """What is left for a figure if some are left out.

    Parameters
    ----------
    model
        All figures.
    view
        The model's system.
    key
        Of the figure.
    without
        Keys of the figures to leave out, its own among them.

    Returns
    -------
    Implied
        Of a figure of every year, in the first year in which it is wrong.
    """
    figure = model.figures[key]
    below, above = figure.interval
    low, high = math.nan, math.nan
    for quantity in model.quantities[key]:
        try:
            low, high = view.range(quantity, without)
        except ContradictionError:
            continue
        if low > above or high < below:
            break
    return Implied(figure, low, high, None if math.isnan(low) else figure.printable(low, high))
