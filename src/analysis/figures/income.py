"""The income statement: its table, and the way from revenue to the net result."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.estimate.results import read_note
from analysis.figures.amounts import amount, row_amount
from analysis.figures.measured import marked, measured_group, row_of, rows_of, shortened
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.tables import DASH, show, show_message
from analysis.figures.theme import (
    INK,
    MUTED,
    SOFT,
    STRONG,
    Words,
    frame,
    label_beside,
    name_rows,
    wrap_label,
)
from analysis.figures.wording import number, say
from analysis.impact.income import COSTS, INCOME, STATEMENT
from analysis.impact.measures import MeasureUnit
from analysis.vocabulary import IncomeLine

Tables = Mapping[str, pd.DataFrame]

YEARS_SHOWN: Final = 3
ROW_HEIGHT: Final = 0.3
SUBTOTALS: Final = ("revenue", "operating_result", "net_result")
"""Drawn from zero; the total of the costs is the way between the first two."""
TAKEN: Final = (*COSTS, IncomeLine.INCOME_TAX)
BESIDE_BARS: Final = 0.02
MILLION: Final = 1e6
THOUSAND: Final = 1e3


@dataclass(frozen=True)
class Bar:
    """A bar of the waterfall.

    Attributes
    ----------
    group
        A line or a subtotal.
    start, end
        Where it begins and ends.
    """

    group: str
    start: float
    end: float


def income_year(table: pd.DataFrame, subject: Subject) -> str:
    """The year that the chart and the last columns are of: the cohort's, else the last."""
    years = sorted(table["period"].unique())
    return subject.cohort if subject.cohort and subject.cohort.isdigit() else str(years[-1])


def show_income(tables: Tables, subject: Subject, language: str) -> None:
    """Show the income statement up to the year, or say that there is none."""
    if INCOME not in tables:
        show_message("income.missing", language)
        return
    table = tables[INCOME]
    year = income_year(table, subject)
    if year not in set(table["period"]):
        show_message("income.missing_year", language, year=year)
        return
    show(lambda each: income_table(table, subject, each), language)
    show_message("measured.before_rounding", language)


def income_table(table: pd.DataFrame, subject: Subject, language: str) -> pd.DataFrame:
    """A line of the statement a row: amounts of some years, growth, budget and deviation."""
    year = income_year(table, subject)
    years = sorted(one for one in table["period"].unique() if one <= year)[-YEARS_SHOWN:]
    own = table[table["period"].isin(years)]
    groups = [name for name in STATEMENT if name in set(own["group"])]
    lines = []
    for group in groups:
        line = {say("columns.line", language): measured_group(group, subject, language)}
        for one in years:
            header = marked(one, own, language)
            line[header] = _cell(row_of(own, "income", group, one), language)
        for name in ("growth", "budget", "deviation"):
            header = say(f"columns.{name}", language, year=str(int(year) - 1))
            row = row_of(own, f"income_{name}", group, year)
            line[header] = _cell(row, language, signed=name != "budget")
        rows = own[(own["group"] == group) & (own["period"] == year)]
        line[say("columns.note", language)] = _notes(rows, subject, language)
        lines.append(line)
    return pd.DataFrame(lines)


def _cell(row: pd.Series | None, language: str, *, signed: bool = False) -> str:
    return DASH if row is None else row_amount(row, language, signed=signed)


def _notes(rows: pd.DataFrame, subject: Subject, language: str) -> str:
    said = dict.fromkeys(subject.reason(row, language) for _, row in rows.iterrows())
    return say("words.separator", language).join(filter(None, said)) or DASH


def income_charts(tables: Tables, subject: Subject) -> list[Chart]:
    """The waterfall of the year; an empty list if nothing is known of it."""
    if INCOME not in tables:
        return []
    table = tables[INCOME]
    year = income_year(table, subject)
    rows = table[(table["period"] == year) & table["measure"].isin(["income", "income_growth"])]
    if rows.empty:
        return []
    return [
        Chart.about(
            subject,
            "income-statement",
            rows.reset_index(drop=True),
            lambda language: _words(rows, year, subject, language),
            lambda words, language: _draw(rows, subject, words, language),
        )
    ]


def _words(rows: pd.DataFrame, year: str, subject: Subject, language: str) -> Words:
    amounts = rows_of(rows, "income")
    note = say("income.note", language)
    if months := _months_given(amounts):
        note += " " + say("income.short", language, months=number(months, language))
    told = [
        say("words.item", language, name=measured_group(group, subject, language),
            value=_label(rows, group, language))
        for group in amounts["group"]
    ]  # fmt: skip
    shared = {
        "year": year,
        "values": say("words.separator", language).join(told),
        "note": note,
    }
    return Words(
        _headline(amounts, year, language),
        say("income.subtitle", language, **shared),
        note,
        subject.source(language),
        marked(say("income.caption", language, **shared), rows, language),
        say("income.alt", language, **shared),
    )


def _months_given(amounts: pd.DataFrame) -> int | None:
    months = read_note(str(amounts["note"].iloc[0])).get("months_given")
    return None if months is None else int(months)


def _headline(amounts: pd.DataFrame, year: str, language: str) -> str:
    net, revenue = (row_of(amounts, "income", group) for group in ("net_result", "revenue"))
    assert net is not None, "every line enters the net result"
    shared = {"year": year, "result": shortened(net["estimate"], net["unit"], language)}
    if revenue is None or not revenue["estimate"]:
        return marked(say("income.headline_bare", language, **shared), amounts, language)
    share = amount(net["estimate"] / revenue["estimate"], MeasureUnit.SHARE, language, 1)
    return marked(say("income.headline", language, share=share, **shared), amounts, language)


def _label(rows: pd.DataFrame, group: str, language: str) -> str:
    """Amount of a line, with its growth if that is told."""
    row, growth = (row_of(rows, measure, group) for measure in ("income", "income_growth"))
    assert row is not None, "only lines that are there are drawn"
    value = shortened(row["estimate"], row["unit"], language)
    if growth is None or pd.isna(growth["estimate"]):
        return value
    told = row_amount(growth, language, signed=True)
    return say("income.value", language, value=value, growth=told)


def waterfall(amounts: Mapping[str, float]) -> list[Bar]:
    """Bars from revenue to the net result: each line begins where the one before ended.

    Parameters
    ----------
    amounts
        By line and subtotal, as the statement writes them: costs and tax positive.
    """
    bars, reached = [], 0.0
    for group in STATEMENT:
        if group not in amounts or group == "costs":
            continue
        if group in SUBTOTALS:
            bars.append(Bar(group, 0.0, amounts[group]))
            reached = amounts[group]
            continue
        step = -amounts[group] if group in TAKEN else amounts[group]
        bars.append(Bar(group, reached, reached + step))
        reached += step
    return bars


def _draw(rows: pd.DataFrame, subject: Subject, words: Words, language: str) -> Figure:
    amounts = rows_of(rows, "income")
    bars = waterfall(dict(zip(amounts["group"], amounts["estimate"], strict=True)))
    figure, (axes,) = frame(
        words,
        ROW_HEIGHT * len(bars),
        label_width=2.2,
        right_width=1.85,
        watermark=subject.watermark(language),
    )
    for y, bar in enumerate(bars):
        _draw_bar(axes, y, bar)
        if y and bar.group not in SUBTOTALS:
            axes.plot([bar.start] * 2, [y - 1, y], color=MUTED, linewidth=0.7, zorder=0)
        label_beside(axes, y, _label(rows, bar.group, language), size=8)
    ends = [end for bar in bars for end in (bar.start, bar.end)]
    room = BESIDE_BARS * (max(ends) - min(ends)) or 1.0
    axes.set_xlim(min(ends) - (room if min(ends) < 0 else 0), max(ends) + room)
    axes.axvline(0, color=INK, linewidth=0.9)
    names = [measured_group(bar.group, subject, language) for bar in bars]
    name_rows(axes, [wrap_label(name) for name in names])
    for tick, bar in zip(axes.get_yticklabels(), bars, strict=True):
        tick.set_fontweight("bold" if bar.group in SUBTOTALS else "normal")
    _label_money(axes, bars, str(amounts["unit"].iloc[0]), language)
    return figure


def _draw_bar(axes: Axes, y: int, bar: Bar) -> None:
    """Dark for what begins at zero, hatched for what is taken away: not by colour alone."""
    taken = bar.group not in SUBTOTALS and bar.end < bar.start
    color = INK if bar.group in SUBTOTALS else SOFT if taken else STRONG
    place: dict[str, Any] = {
        "y": y,
        "width": bar.end - bar.start,
        "left": bar.start,
        "height": 0.62,
    }
    axes.barh(**place, color=color, edgecolor="white", linewidth=0, hatch="///" if taken else "")
    # The outline shows bars that are too thin for anything else.
    axes.barh(**place, facecolor="none", edgecolor=color, linewidth=0.8)


def _label_money(axes: Axes, bars: list[Bar], unit: str, language: str) -> None:
    largest = max(max(abs(bar.start), abs(bar.end)) for bar in bars)
    worth, name = (MILLION, "millions") if largest >= 2 * MILLION else (THOUSAND, "thousands")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    digits = 0 if largest >= 2 * worth else 1
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: number(x / worth, language, digits)))
    currency = "usd" if unit == MeasureUnit.USD else "eur"
    axes.set_xlabel(say(f"income.{name}_{currency}", language), color=MUTED)
