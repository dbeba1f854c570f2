"""Ticks of narrow panels: the last of one never meets the first of the next."""

import pytest
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from analysis.figures.panels import part_ticks


@pytest.mark.parametrize(
    ("panels", "limits", "ticks", "left"),
    [
        (2, (-21, 21), [-20, 0, 20], [-20, 0]),
        (2, (-30, 21), [-20, 0, 20], [-20, 0, 20]),
        (1, (-21, 21), [-20, 0, 20], [-20, 0, 20]),
        (3, (-1, 1), [0], [0]),
    ],
)
def test_the_last_tick_goes_where_both_ends_have_one(
    panels: int, limits: tuple[float, float], ticks: list[float], left: list[float]
) -> None:
    axes = Figure().subplots(1, panels, sharex=True, squeeze=False)[0]
    axes[0].set_xlim(*limits)
    for one in axes:
        one.xaxis.set_major_locator(FixedLocator(ticks))
    part_ticks(list(axes))
    assert all(list(one.xaxis.get_ticklocs()) == left for one in axes)
