"""Charts of counts and shares as horizontal bars."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.figures.subject import Subject
from analysis.figures.theme import (
    INK,
    MUTED,
    STRONG,
    Words,
    frame,
    key_above,
    name_rows,
    wrap_label,
)
from analysis.figures.wording import count, number, percent, say
from analysis.release.results import is_hidden

ROW_HEIGHT = 0.42
LEAST_LABELLED = 0.045
"""Narrower parts have no room for their number."""
LABEL_CHARACTERS = 40
# Okabe and Ito (2008), with a hatch each, so that colour is not the only sign.
PARTS = (
    ("#0072b2", ""),
    ("#56b4e9", "///"),
    ("#e69f00", ""),
    ("#f0e442", "..."),
    ("#999999", "xxx"),
)


def draw_bars(
    words: Words,
    labels: Sequence[str],
    values: Sequence[float],
    texts: Sequence[str],
    language: str,
    *,
    axis: str,
    light: Sequence[bool],
    watermark: str,
) -> Figure:
    """Draw one bar a row with its value written behind it.

    Parameters
    ----------
    words
        What stands around the chart.
    labels, values, texts
        A row each: its name, the length of its bar, what stands behind the bar. A missing length
        has no bar, and its text says why.
    language
        Of the numbers.
    axis
        Label of the axis.
    light
        Which rows to draw as an outline.
    watermark
        Laid over the chart.
    """
    figure, (axes,) = frame(
        words, ROW_HEIGHT * len(labels), label_width=3.1, right_width=1.6, watermark=watermark
    )
    for y, (value, text, outline) in enumerate(zip(values, texts, light, strict=True)):
        face = "white" if outline else STRONG
        length = 0.0 if pd.isna(value) else float(value)
        if length:
            axes.barh(y, length, height=0.62, color=face, edgecolor=STRONG, linewidth=1.2)
        axes.annotate(text, (length, y), xytext=(5, 0), textcoords="offset points", va="center",
                      size=8.4, color=INK, annotation_clip=False)  # fmt: skip
    name_rows(axes, [wrap_label(label, LABEL_CHARACTERS) for label in labels])
    axes.set_xlim(0, 1.02 * max([*(value for value in values if pd.notna(value)), 1e-9]))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: number(x, language)))
    axes.set_xlabel(axis, color=MUTED)
    return figure


def draw_parts(
    words: Words,
    shares: pd.DataFrame,
    texts: Sequence[str],
    language: str,
    *,
    axis: str,
    watermark: str,
) -> Figure:
    """Draw one bar a row, parted into shares that add up to one, with a key above.

    Parameters
    ----------
    words
        What stands around the chart.
    shares
        A row a bar, a column a part, both by the labels to show; at most five parts.
    texts
        What stands in the place of each bar that has no shares.
    language, axis, watermark
        See `draw_bars`.
    """
    figure, (axes,) = frame(
        words,
        0.46 * len(shares),
        key_height=0.55,
        label_width=2.6,
        right_width=0.35,
        watermark=watermark,
    )
    start = pd.Series(0.0, index=shares.index)
    for (part, values), (color, hatch) in zip(shares.items(), PARTS, strict=False):
        axes.barh(range(len(shares)), values, left=start, height=0.66, color=color, hatch=hatch,
                  edgecolor="white", linewidth=0.8, label=str(part))  # fmt: skip
        for y, (left, value) in enumerate(zip(start, values, strict=True)):
            if value >= LEAST_LABELLED:
                axes.annotate(
                    percent(value, language, 0), (left + value / 2, y), ha="center", va="center",
                    size=7.8, bbox={"boxstyle": "round,pad=0.12", "fc": "white", "ec": "none"},
                )  # fmt: skip
        start = start + values.fillna(0)
    for y, (left, text) in enumerate(zip(start, texts, strict=True)):
        if not left:
            axes.annotate(text, (0, y), xytext=(5, 0), textcoords="offset points", va="center",
                          size=8.4, color=INK)  # fmt: skip
    name_rows(axes, [wrap_label(str(label)) for label in shares.index])
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: percent(x, language, 0)))
    axes.set_xlabel(axis, color=MUTED)
    key_above(figure, axes, columns=3)
    return figure


def counted(row: pd.Series, subject: Subject, language: str, share: str = "share") -> str:
    """The persons of a released row with their share, where it has one, or why it is hidden."""
    if is_hidden(str(row["note"])):
        return subject.reason(row, language)
    shown = count(row["persons"], language)
    if pd.isna(row[share]):
        return shown
    part = percent(row[share], language, row["digits"])
    return say("words.count_and_share", language, count=shown, share=part)
