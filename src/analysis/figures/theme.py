"""The look of every figure: page, titles, colours and the frame that charts are drawn in."""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

# Okabe and Ito (2008): told apart by colour-blind readers; never the only sign.
INK: Final = "#222222"
MUTED: Final = "#5c5c5c"
GRID: Final = "#dddddd"
STRONG: Final = "#0072b2"
SOFT: Final = "#b3540a"
WATERMARK: Final = "#b0b0b0"

WIDTH: Final = 7.6
MARGIN: Final = 0.18
LINE: Final = {"headline": 0.27, "subtitle": 0.185, "note": 0.165}
CHARACTERS: Final = {"headline": 66, "subtitle": 102, "note": 118}
SMALL_GROUP: Final = 30
BESIDE: Final = 22
"""Characters of a sentence that have room on a line to the right of the axes."""
TITLE_LINE: Final = 0.17
WIDE_PANELS: Final = 3
"""With more, panels have no room for long titles and many ticks."""

SETTINGS: Final[dict[Any, Any]] = {
    "figure.dpi": 110,
    "savefig.dpi": 200,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "xtick.labelsize": 8.6,
    "ytick.labelsize": 8.8,
    "text.color": INK,
    # Two dollar signs in a text are prices, not mathematics.
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "x",
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "ytick.left": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "placement-gaps",
    "pdf.fonttype": 42,
}


@dataclass(frozen=True)
class Words:
    """What stands around a chart, in one language.

    Attributes
    ----------
    headline
        The finding, at most twelve words.
    subtitle
        Measure, population, period and n.
    note, source
        Stand below the chart.
    caption
        Estimate, interval, n, reference, adjustment and source, for pasting under the figure.
    alt
        What a reader who can't see the chart needs to know.
    """

    headline: str
    subtitle: str
    note: str
    source: str
    caption: str
    alt: str


def apply_theme() -> None:
    """Set seaborn's and matplotlib's defaults to the project's."""
    sns.set_theme(style="whitegrid", rc=SETTINGS)


def frame(
    words: Words,
    height: float,
    *,
    columns: int = 1,
    key_height: float = 0.0,
    label_width: float = 2.1,
    right_width: float = 0.9,
    watermark: str = "",
) -> tuple[Figure, list[Axes]]:
    """Make a figure with titles above, note and source below, and axes in between.

    Parameters
    ----------
    words
        What stands around the chart.
    height
        Height of the axes, in inches; the figure grows with the text.
    columns
        Number of axes side by side, sharing both axes.
    key_height
        Room for a key between titles and axes, in inches.
    label_width, right_width
        Room for row labels on the left and direct labels on the right, in inches.
    watermark
        Text laid over the chart, for synthetic data.

    Returns
    -------
    tuple
        The figure and its axes.
    """
    apply_theme()
    above = _wrapped(words.headline, "headline"), _wrapped(words.subtitle, "subtitle")
    below = [*_wrapped(words.note, "note"), *_wrapped(words.source, "note")]
    top = MARGIN + _room(above[0], "headline") + _room(above[1], "subtitle") + 0.12
    bottom = MARGIN + _room(below, "note") + 0.62
    total = top + key_height + height + bottom
    figure = Figure(figsize=(WIDTH, total))
    axes = figure.subplots(1, columns, sharex=True, sharey=True, squeeze=False)[0]
    figure.subplots_adjust(
        left=label_width / WIDTH,
        right=1 - right_width / WIDTH,
        top=1 - (top + key_height) / total,
        bottom=bottom / total,
        wspace=0.08,
    )
    _write_lines(figure, above[0], total - MARGIN, "headline", size=12.5, weight="bold")
    second = total - MARGIN - _room(above[0], "headline") - 0.04
    _write_lines(figure, above[1], second, "subtitle", size=8.6, color=MUTED)
    _write_lines(figure, below, MARGIN + _room(below, "note"), "note", size=7.4, color=MUTED)
    if watermark:
        _stamp(figure, watermark)
    return figure, list(axes)


def _wrapped(text: str, kind: str) -> list[str]:
    return textwrap.wrap(text, CHARACTERS[kind], break_long_words=False, break_on_hyphens=False)


def _room(lines: Sequence[str], kind: str) -> float:
    return len(lines) * LINE[kind]


def _write_lines(
    figure: Figure,
    lines: Sequence[str],
    top: float,
    kind: str,
    **style: Any,  # noqa: ANN401 (what matplotlib takes)
) -> None:
    height = figure.get_size_inches()[1]
    for i, line in enumerate(lines):
        y = (top - i * LINE[kind]) / height
        figure.text(MARGIN / WIDTH, y, line, ha="left", va="top", **style)


def _stamp(figure: Figure, text: str) -> None:
    figure.text(
        0.5, 0.5, text, ha="center", va="center", size=44, color=WATERMARK, alpha=0.35, zorder=10
    )


def is_few(*sizes: float) -> bool:
    """Whether a side has so few persons that a number is only indicative.

    A size that is not shown counts as none: nothing is shown of which to say so.
    """
    return any(pd.notna(size) and size < SMALL_GROUP for size in sizes)


def wrap_label(text: str, characters: int = 30) -> str:
    """A label on as many lines as its width asks for."""
    return "\n".join(
        textwrap.wrap(text, characters, break_long_words=False, break_on_hyphens=False)
    )


def title_panels(panels: Sequence[Axes], titles: Sequence[str]) -> None:
    """Write a title above each panel; narrow panels get few ticks."""
    for axes, title in zip(panels, wrapped_titles(titles), strict=True):
        axes.set_title(title, size=8.6, loc="left")
        if len(panels) > WIDE_PANELS:
            axes.xaxis.set_major_locator(MaxNLocator(nbins=2, steps=[1, 2, 5, 10]))


def wrapped_titles(titles: Sequence[str]) -> list[str]:
    """Titles of panels on as many lines as their number asks for."""
    return [wrap_label(title, 14 if len(titles) > WIDE_PANELS else 24) for title in titles]


def titles_height(titles: Sequence[str]) -> float:
    """Room for the titles of panels, in inches."""
    return TITLE_LINE * max(2, *(title.count("\n") + 1 for title in wrapped_titles(titles)))


def name_rows(axes: Axes, labels: Sequence[str]) -> None:
    """Write a label to the left of each row, the first one on top."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)


def label_beside(
    axes: Axes, y: float, text: str, *, size: float = 8.4, linespacing: float | None = None
) -> None:
    """Write to the right of the axes at the height of a row."""
    axes.annotate(
        text,
        (1.02, y),
        xycoords=("axes fraction", "data"),
        va="center",
        size=size,
        linespacing=linespacing,
    )


def label_axis(axes: Axes, write: Callable[[float, int], str]) -> None:
    """Put ticks at round values and write them with no more decimals than they need.

    Parameters
    ----------
    axes
        Whose horizontal axis is a fraction.
    write
        Writes a fraction with a number of decimals, in the unit that readers see.
    """
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda x, _: write(x, 0 if round(100 * x, 6).is_integer() else 1))
    )


def draw_interval(
    axes: Axes,
    y: float,
    values: tuple[float, float, float],
    *,
    color: str,
    hollow: bool = False,
    label: str | None = None,
) -> None:
    """Draw an estimate with its interval as a horizontal bar with a dot.

    Parameters
    ----------
    axes
        Where.
    y
        Height of the row.
    values
        Estimate, lower and upper limit; limits may be nan where there is no interval.
    color
        Of both.
    hollow
        Draw the dot as a ring, so that colour is not the only sign.
    label
        For the key.
    """
    estimate, low, high = values
    axes.plot([low, high], [y, y], color=color, linewidth=1.6, solid_capstyle="butt")
    axes.plot(
        [estimate],
        [y],
        marker="o",
        markersize=6,
        color=color,
        markerfacecolor="white" if hollow else color,
        markeredgewidth=1.5,
        linestyle="none",
        label=label,
        zorder=3,
    )


def key_above(figure: Figure, axes: Axes, columns: int = 2, above: float = 0.0) -> None:
    """Put the key between the titles and the axes, so many inches above these."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(
            axes.get_position().x0,
            axes.get_position().y1 + above / figure.get_size_inches()[1],
        ),
        ncols=columns,
        frameon=False,
        handletextpad=0.3,
        columnspacing=1.6,
        borderaxespad=0.1,
        fontsize=8.6,
    )
