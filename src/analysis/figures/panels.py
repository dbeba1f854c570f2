"""Ticks of narrow panels side by side."""

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

EDGE: Final = 0.12
"""Share of a panel, at each end, where a label reaches beyond it."""


def part_ticks(panels: Sequence[Axes]) -> None:
    """Leave out the last tick of panels that share an axis, where it would meet the next's first.

    That is so if both the first and the last tick are near the ends of a panel.
    """
    axis = panels[0].xaxis
    low, high = panels[0].get_xlim()
    ticks = [tick for tick in axis.get_ticklocs() if low <= tick <= high]
    room = EDGE * (high - low)
    if len(panels) > 1 and len(ticks) > 1 and ticks[0] < low + room and ticks[-1] > high - room:
        for axes in panels:
            axes.xaxis.set_major_locator(FixedLocator(ticks[:-1]))
