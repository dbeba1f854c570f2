"""Chart of the shares of the non-underserved that printed tables of rates allow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from analysis.audit.bounds import Bound
from analysis.audit.figures import PERCENT, Figure
from analysis.audit.findings import Audit
from analysis.audit.left import decimals
from analysis.audit.tables import left_by
from analysis.figures.audit_words import (
    assumption_words,
    in_unit,
    printed_group,
    range_words,
    rates_words,
)
from analysis.figures.audits import SOURCE
from analysis.figures.save import Chart
from analysis.figures.theme import (
    INK,
    MUTED,
    STRONG,
    Words,
    frame,
    label_axis,
    label_beside,
    name_rows,
    wrap_label,
)
from analysis.figures.wording import number, percent, say
from analysis.vocabulary import CATEGORIES, LANGUAGES, NON_UNDERSERVED

ROW_HEIGHT: Final = 0.5
LINES_HEIGHT: Final = 0.2
STYLES: Final = ("-", "--", ":")
"""Of the lines: printed, left by the underserved, left by the largest category."""


@dataclass(frozen=True)
class Line:
    """A share of the students' non-underserved that follows from a printed figure.

    Attributes
    ----------
    share
        In percent; of what a category leaves, the most that there can be.
    figure
        The printed figure.
    """

    share: float
    figure: Figure

    @property
    def style(self) -> str:
        """How the line is drawn, so that colour is not needed to tell lines apart."""
        if self.figure.group == NON_UNDERSERVED:
            return STYLES[0]
        return STYLES[2] if self.figure.group in CATEGORIES else STYLES[1]

    def words(self, language: str) -> str:
        """What stands beside the line."""
        share, printed = (
            in_unit(value, PERCENT, language, decimals(self.figure))
            for value in (self.share, self.figure.value)
        )
        if self.figure.group == NON_UNDERSERVED:
            return say("audit_bounds.printed_line", language, share=share)
        key = "left_at_most" if self.figure.group in CATEGORIES else "left_line"
        group = printed_group(self.figure.group, language)
        return say(f"audit_bounds.{key}", language, share=share, printed=printed, group=group)


def bounds_charts(audit: Audit, year: str) -> list[Chart]:
    """Bar of the shares that each table of rates allows, with lines at the printed ones.

    Parameters
    ----------
    audit
        The audit.
    year
        The year that the figures were published of.

    Returns
    -------
    list of Chart
        One; none if the figures bound nothing.
    """
    return [_chart(audit, year)] if audit.bounds else []


def _chart(audit: Audit, year: str) -> Chart:
    lines = _lines(audit)
    words = {each: _words(audit.bounds, lines, year, each) for each in LANGUAGES}
    return Chart(
        "audit-bounds",
        words,
        lambda language: _draw(audit.bounds, lines, words[language], language),
        _plotted(audit.bounds, lines),
        [f"{SOURCE}/{year}"],
    )


def _lines(audit: Audit) -> list[Line]:
    """Lines of the printed shares that were tested, and of the largest category."""
    tested = {figure: None for bound in audit.bounds for figure, _ in bound.tested}
    lines = [Line(left_by(figure), figure) for figure in tested]
    periods = {bound.period for bound in audit.bounds}
    shares = [
        figure
        for figure in audit.figures
        if figure.measure == "share" and figure.group in CATEGORIES and figure.period in periods
    ]
    if shares:
        largest = max(shares, key=lambda figure: figure.value)
        lines.append(Line(100 - largest.value, largest))
    return sorted(lines, key=lambda line: line.share)


def _plotted(bounds: Sequence[Bound], lines: Sequence[Line]) -> pd.DataFrame:
    allowed = [
        {
            "kind": "allowed",
            "measure": one.measure,
            "period": one.period,
            "group": one.population,
            "low": one.low / 100,
            "high": one.high / 100,
        }
        for one in bounds
    ]
    printed = [
        {
            "kind": "printed",
            "measure": line.figure.measure,
            "period": line.figure.period,
            "group": line.figure.group,
            "low": line.share / 100,
            "high": line.share / 100,
        }
        for line in lines
    ]
    return pd.DataFrame([*allowed, *printed]).round(8)


def _words(bounds: Sequence[Bound], lines: Sequence[Line], year: str, language: str) -> Words:
    separator = say("words.separator", language)
    values = separator.join(
        say(
            "audit_bounds.item",
            language,
            name=_name(one, language),
            range=range_words(one, language),
        )
        for one in bounds
    )
    source = say("audit_source.published", language, year=year)
    told = separator.join(line.words(language) for line in lines)
    rests = dict.fromkeys(rest for one in bounds for rest in one.assumptions)
    shared = {"values": values, "lines": told}
    return Words(
        _headline(bounds, language),
        say("audit_bounds.subtitle", language, year=year),
        say("audit_bounds.note", language, assumptions=assumption_words(rests, language)),
        source,
        say("audit_bounds.caption", language, year=year, source=source, **shared),
        say("audit_bounds.alt", language, **shared),
    )


def _headline(bounds: Sequence[Bound], language: str) -> str:
    """Which tables of rates agree with the printed share of the non-underserved."""
    verdicts = [
        (figure, agrees)
        for one in bounds
        for figure, agrees in one.tested
        if figure.group == NON_UNDERSERVED
    ]
    if not verdicts:
        return say("audit_bounds.headline_untested", language)
    figure = verdicts[0][0]
    share = in_unit(figure.value, PERCENT, language, decimals(figure))
    agreeing, total = sum(agrees for _, agrees in verdicts), len(verdicts)
    key = {0: "none", total: "all"}.get(agreeing, "some")
    shown = {"number": number(agreeing, language), "total": number(total, language)}
    return say(f"audit_bounds.headline_{key}", language, share=share, **shown)


def _name(bound: Bound, language: str) -> str:
    population = printed_group(bound.population, language)
    measure = rates_words(bound.measure, language)
    return say("audit_bounds.row", language, measure=measure, population=population)


def _draw(bounds: Sequence[Bound], lines: Sequence[Line], words: Words, language: str) -> Drawing:
    figure, (axes,) = frame(
        words,
        ROW_HEIGHT * len(bounds),
        key_height=LINES_HEIGHT * len(lines) + 0.1,
        label_width=2.5,
        right_width=1.35,
    )
    for y, one in enumerate(bounds):
        low, high = one.low / 100, one.high / 100
        # The lines are of students: only bars that were held against them are filled.
        filled = STRONG if one.tested else "white"
        axes.barh(y, high - low, 0.26, low, facecolor=filled, edgecolor=STRONG, linewidth=1.3)
        label_beside(axes, y, range_words(one, language))
    name_rows(axes, [wrap_label(_name(one, language), 34) for one in bounds])
    greatest = max([one.high for one in bounds] + [line.share for line in lines])
    axes.set_xlim(0, min(1.0, greatest / 100 + 0.04))
    for place, line in enumerate(lines):
        _draw_line(axes, line, place, len(bounds), language)
    label_axis(axes, lambda x, digits: percent(x, language, digits))
    axes.set_xlabel(say("audit_bounds.axis", language), color=MUTED)
    return figure


def _draw_line(axes: Axes, line: Line, place: int, rows: int, language: str) -> None:
    """A line through all rows, with its words above them on a line of their own."""
    above = (place + 0.6) * LINES_HEIGHT / ROW_HEIGHT
    x = line.share / 100
    axes.plot([x, x], [rows - 0.5, -0.5 - above], color=INK, linestyle=line.style,
              linewidth=1.2, clip_on=False, zorder=4)  # fmt: skip
    axes.annotate(line.words(language), (x, -0.5 - above), xytext=(-4, 0),
                  textcoords="offset points", ha="right", va="center", size=8.2,
                  annotation_clip=False)  # fmt: skip
