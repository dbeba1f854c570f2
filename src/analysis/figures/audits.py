"""Charts of an audit: printed figures beside what others leave, and bounds by tables of rates."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from analysis.audit.figures import Figure
from analysis.audit.findings import Audit
from analysis.audit.implied import Implied
from analysis.figures.audit_words import (
    figure_words,
    left_words,
    measure_words,
    name_words,
    period_words,
    printed_group,
    value_words,
)
from analysis.figures.save import Chart
from analysis.figures.theme import (
    MUTED,
    SOFT,
    STRONG,
    Words,
    frame,
    key_above,
    label_beside,
    name_rows,
    wrap_label,
)
from analysis.figures.wording import capitalise, enumerate_words, number, say
from analysis.vocabulary import ALL, LANGUAGES

SOURCE: Final = "data/raw/published"
ROWS: Final = 12
"""Figures that a chart has room for."""
ROW_HEIGHT: Final = 0.5
EDGE: Final = 3.0
"""How far a row shows, in distances from what is printed to the nearest value that is left."""


@dataclass(frozen=True)
class Clash:
    """A figure in contradictions.

    Attributes
    ----------
    implied
        What is left for it in the first contradiction of the fewest figures.
    often
        In how many contradictions it is.
    both_ways
        Whether the others ask for more in some of these, and for less in others.
    """

    implied: Implied
    often: int
    both_ways: bool

    @property
    def figure(self) -> Figure:
        """The figure."""
        return self.implied.figure


def clashes(audit: Audit) -> list[Clash]:
    """Figures in contradictions: those in most first, then those that few others contradict."""
    found: dict[Figure, list[Implied]] = {}
    for conflict in audit.contradictions:
        for implied in conflict.implied:
            found.setdefault(implied.figure, []).append(implied)
    rows = [Clash(own[0], len(own), _both_ways(own)) for own in found.values()]
    return sorted(rows, key=lambda one: -one.often)


def _both_ways(own: Iterable[Implied]) -> bool:
    """Whether some of what is left for a figure lies above it, and some below."""
    above = [one.low > one.figure.value for one in own if not math.isnan(one.low)]
    return any(above) and not all(above)


def conflicts_charts(audit: Audit, year: str) -> list[Chart]:
    """Dot of each figure in a contradiction beside the range that the others leave.

    Parameters
    ----------
    audit
        The audit.
    year
        The year that the figures were published of.

    Returns
    -------
    list of Chart
        One; none if there is no contradiction.
    """
    found = clashes(audit)
    return [_chart(audit, found, year)] if found else []


def _chart(audit: Audit, found: Sequence[Clash], year: str) -> Chart:
    rows = found[:ROWS]
    words = {each: _words(audit, found, year, each) for each in LANGUAGES}
    return Chart(
        "audit-conflicts",
        words,
        lambda language: _draw(audit, rows, words[language], year, language),
        _plotted(rows),
        [f"{SOURCE}/{year}"],
    )


def _plotted(rows: Sequence[Clash]) -> pd.DataFrame:
    table = pd.DataFrame(
        [
            {
                "measure": one.figure.measure,
                "group": one.figure.group,
                "period": one.figure.period,
                "wording": one.figure.relation,
                "value": one.figure.value,
                "unit": one.figure.unit,
                "printed_low": one.figure.interval[0],
                "printed_high": one.figure.interval[1],
                "left_low": one.implied.low,
                "left_high": one.implied.high,
                "contradictions": one.often,
            }
            for one in rows
        ]
    )
    # An end that there is not is empty, as in the tables.
    return table.replace([math.inf, -math.inf], math.nan)


def _words(audit: Audit, found: Sequence[Clash], year: str, language: str) -> Words:
    rows = found[:ROWS]
    source = say("audit_source.published", language, year=year)
    values = say("words.separator", language).join(
        say(
            "audit_conflicts.item",
            language,
            figure=figure_words(one.figure, language),
            left=left_words(one.implied, language),
        )
        for one in rows
    )
    total = number(len(audit.contradictions), language)
    shared = {"year": year, "values": values, "contradictions": total, "source": source}
    return Words(
        _headline(audit, found, language),
        say("audit_conflicts.subtitle", language, year=year),
        _note(found, language),
        source,
        say("audit_conflicts.caption", language, **shared),
        say("audit_conflicts.alt", language, values=values),
    )


def _note(found: Sequence[Clash], language: str) -> str:
    """How to read the chart, which figures are pulled both ways, and how many are not shown."""
    notes = [say("audit_conflicts.note", language)]
    if pulled := [one.figure for one in found[:ROWS] if one.both_ways]:
        figures = enumerate_words([_short(one, language) for one in pulled], language)
        notes.append(say("audit_conflicts.note_both_ways", language, figures=figures))
    if (more := len(found) - ROWS) > 0:
        notes.append(say("audit_conflicts.note_more", language, more=number(more, language)))
    return " ".join(notes)


def _headline(audit: Audit, found: Sequence[Clash], language: str) -> str:
    """The finding: how many contradictions, and which figure is in most, if one is."""
    total, figures = len(audit.contradictions), number(len(audit.figures), language)
    if total == 1:
        return say("audit_conflicts.headline_one", language, figures=figures)
    shown = {"contradictions": number(total, language)}
    most = max(found, key=lambda one: one.often)
    if sum(one.often == most.often for one in found) == 1:
        return say(
            "audit_conflicts.headline",
            language,
            value=value_words(most.figure, language),
            name=_short_name(most.figure, language),
            number=number(most.often, language),
            **shown,
        )
    return say("audit_conflicts.headline_many", language, figures=figures, **shown)


def _short(figure: Figure, language: str) -> str:
    """A figure's value with its short name."""
    value, group = value_words(figure, language), _short_name(figure, language)
    return say("audit.of_group", language, value=value, group=group)


def _short_name(figure: Figure, language: str) -> str:
    """Of whom a figure is, or of what if it is of all."""
    if figure.group == ALL:
        return measure_words(figure.measure, language)
    return printed_group(figure.group, language)


def _draw(audit: Audit, rows: Sequence[Clash], words: Words, year: str, language: str) -> Drawing:
    figure, (axes,) = frame(
        words, ROW_HEIGHT * len(rows), key_height=0.32, label_width=2.95, right_width=1.75
    )
    total = number(len(audit.contradictions), language)
    for y, one in enumerate(rows):
        _draw_row(axes, y, one.implied, _keyed(language) if y == 0 else {})
        text = say(
            "audit_conflicts.beside",
            language,
            left=left_words(one.implied, language),
            number=number(one.often, language),
            contradictions=total,
        )
        label_beside(axes, y, text, size=8.0)
    name_rows(axes, [wrap_label(_label(one.figure, year, language), 40) for one in rows])
    axes.set_xlim(-EDGE, EDGE)
    axes.set_xticks([])
    axes.set_xlabel(wrap_label(say("audit_conflicts.axis", language), 60), color=MUTED)
    key_above(figure, axes)
    return figure


def _keyed(language: str) -> Mapping[str, str]:
    return {name: say(f"audit_conflicts.{name}", language) for name in ("printed", "left")}


def _label(figure: Figure, year: str, language: str) -> str:
    """A figure's value and what it is of, with its period if that is another than the year."""
    key = "row" if figure.period == year else "row_dated"
    return say(
        f"audit_conflicts.{key}",
        language,
        value=capitalise(value_words(figure, language)),
        name=name_words(figure, language),
        period=period_words(figure.period, language),
    )


def _draw_row(axes: Axes, y: float, implied: Implied, labels: Mapping[str, str]) -> None:
    """What is printed at 0, and the range left, in distances to its nearest end."""
    figure = implied.figure
    scale = _distance(implied) or figure.rounding
    low, high = (_clipped((end - figure.value) / scale) for end in figure.interval)
    axes.plot([low, high], [y, y], color=STRONG, linewidth=1.6, solid_capstyle="butt")
    axes.plot([0], [y], marker="o", markersize=6, color=STRONG, linestyle="none",
              label=labels.get("printed"), zorder=3)  # fmt: skip
    if math.isnan(implied.low):
        return
    ends = [_clipped((end - figure.value) / scale) for end in (implied.low, implied.high)]
    # A single value that is left would be a bar without width.
    ends = [ends[0], ends[0] + 0.06] if ends[1] - ends[0] < 0.06 else ends
    axes.plot(ends, [y, y], color=SOFT, linewidth=7, solid_capstyle="butt", alpha=0.85,
              label=labels.get("left"))  # fmt: skip


def _distance(implied: Implied) -> float:
    """How far what is printed is from the nearest value left; 0 if there is none."""
    value = implied.figure.value
    if math.isnan(implied.low):
        return 0.0
    return implied.low - value if implied.low > value else max(0.0, value - implied.high)


def _clipped(place: float) -> float:
    return min(EDGE, max(-EDGE, place))
