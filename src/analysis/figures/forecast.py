"""Emissions by month, and the months to come: table and charts."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.estimate.results import read_note
from analysis.figures.amounts import amount, amount_with_interval, row_amount
from analysis.figures.measured import (
    known,
    measured_group,
    month_ticks,
    number_ticks,
    period_words,
    row_of,
    rows_of,
)
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.tables import DASH, show, show_message
from analysis.figures.theme import MUTED, SOFT, Words, frame, key_above
from analysis.figures.wording import enumerate_words, number, say
from analysis.impact.emissions import MONTHLY
from analysis.impact.forecast import FORECAST
from analysis.impact.measures import MeasureUnit
from analysis.vocabulary import MONTHS_A_YEAR

Tables = Mapping[str, pd.DataFrame]

HEIGHT: Final = 3.0
KEY: Final = 0.72
TICKS: Final = 9
MONTHS_NAMED: Final = 3
"""Months that lack a scope, named one by one; of more, the number is told."""
FACES: Final = (("#0072b2", ""), ("#e69f00", "///"), ("#56b4e9", "..."))
"""Of the scopes in their order, with a hatch each, so that colour is not the only sign."""
MEASURES: Final = (
    "emissions_year_ahead",
    "emissions_year_ahead_change",
    "emissions_forecast",
    "backtest_year_ahead",
    "backtest_actual",
    "backtest_coverage",
)


def show_forecast(tables: Tables, subject: Subject, language: str) -> None:
    """Show the forecast of the year ahead, of its months, and the backtest, or say why not."""
    if FORECAST in tables:
        show(lambda each: forecast_table(tables[FORECAST], subject, each), language)
    else:
        show_message("ahead.missing", language)


def forecast_table(table: pd.DataFrame, subject: Subject, language: str) -> pd.DataFrame:
    """A row a measure and period: the value with its interval, and remarks."""
    lines = []
    for measure in MEASURES:
        for _, row in rows_of(table, measure).iterrows():
            texts = {
                "measure": say(f"measures.{measure}", language),
                "period": period_words(row["period"], language) or DASH,
                "forecast": _interval(row, language),
                "note": subject.reason(row, language) or DASH,
            }
            level = subject.level(language)
            lines.append(
                {
                    say(f"columns.{name}", language, level=level): text
                    for name, text in texts.items()
                }
            )
    return pd.DataFrame(lines)


def _interval(row: pd.Series, language: str) -> str:
    """A value with its interval, a change with its sign."""
    if row["measure"] != "emissions_year_ahead_change" or pd.isna(row["estimate"]):
        return amount_with_interval(row, language)
    columns = {"estimate": "estimate", "low": "ci_low", "high": "ci_high"}
    told = {name: row_amount(row, language, of, signed=True) for name, of in columns.items()}
    return f"{told.pop('estimate')} ({say('words.interval', language, **told)})"


def forecast_charts(tables: Tables, subject: Subject) -> list[Chart]:
    """Emissions by month and scope with their forecast; an empty list if there are none."""
    if MONTHLY not in tables:
        return []
    scopes = rows_of(tables[MONTHLY], "emissions_by_scope")
    ahead = tables[FORECAST]
    totals = rows_of(tables[MONTHLY], "emissions")
    data = pd.concat([totals, scopes, ahead], ignore_index=True)
    return [
        Chart.about(
            subject,
            "emissions-forecast",
            data,
            lambda language: _words(data, subject, language),
            lambda words, language: _draw(data, subject, words, language),
        )
    ]


def _words(data: pd.DataFrame, subject: Subject, language: str) -> Words:
    months = list(rows_of(data, "emissions")["period"])
    estimable = known(row_of(data, "emissions_year_ahead"))
    ending = "" if estimable else "_missing"
    shared = {
        "first": period_words(months[0], language),
        "last": period_words(months[-1], language),
        "level": subject.level(language),
        "values": say("words.separator", language).join(_values(data, language)),
        "note": _note(data, subject, language),
    }
    return Words(
        _headline(data, language),
        say(f"ahead.subtitle{ending}", language, **shared),
        shared["note"],
        subject.source(language),
        say(f"ahead.caption{ending}", language, **shared),
        say(f"ahead.alt{ending}", language, **shared),
    )


def _headline(data: pd.DataFrame, language: str) -> str:
    row, before = row_of(data, "emissions_year_ahead"), _years(data)
    if row is None or pd.isna(row["estimate"]):
        return say("ahead.headline_missing", language)
    digits = int(row["digits"])
    decimals = max(digits, 0)
    ends = {
        end: number(round(row[f"ci_{end}"], digits), language, decimals) for end in ("low", "high")
    }
    period = str(row["period"])
    last = str(int(period) - 1) if period.isdigit() else ""
    if last not in before:
        return say("ahead.headline_months", language, **ends)
    passed = number(before[last], language, decimals)
    return say("ahead.headline", language, year=period, last=last, before=passed, **ends)


def _years(data: pd.DataFrame) -> dict[str, float]:
    """Tonnes of each calendar year of which every month is whole."""
    totals = rows_of(data, "emissions")
    known_months = totals[totals["estimate"].notna()]
    by_year = known_months.groupby(known_months["period"].str[:4])["estimate"].agg(["sum", "size"])
    whole = by_year[by_year["size"] == MONTHS_A_YEAR]
    return {str(year): float(value) for year, value in whole["sum"].items()}


def _values(data: pd.DataFrame, language: str) -> list[str]:
    """The emissions of each whole year, and the forecast of the next twelve months."""
    told = [
        say("ahead.year", language, year=year,
            value=amount(value, MeasureUnit.TONNE, language, 1 if value < 1000 else 0))
        for year, value in _years(data).items()
    ]  # fmt: skip
    row = row_of(data, "emissions_year_ahead")
    if row is not None and known(row):
        value = amount_with_interval(row, language)
        period = period_words(str(row["period"]), language)
        told.append(say("ahead.forecast_of", language, period=period, value=value))
    return told


def _note(data: pd.DataFrame, subject: Subject, language: str) -> str:
    ahead, year = row_of(data, "emissions_forecast"), row_of(data, "emissions_year_ahead")
    assert ahead is not None, "a forecast has a row even if it can't be made"
    if year is None:
        said = [say("ahead.unforecast", language, reason=subject.reason(ahead, language))]
    else:
        levels = "in_levels" in read_note(str(ahead["note"]))
        said = [say("ahead.note_levels" if levels else "ahead.note", language)]
        said.append(_backtest_words(data, language))
    totals = rows_of(data, "emissions")
    holes = [
        period_words(month, language) for month in totals.loc[totals["estimate"].isna(), "period"]
    ]
    if holes:
        few = len(holes) <= MONTHS_NAMED
        months = enumerate_words(holes, language) if few else number(len(holes), language)
        said.append(say("ahead.holes", language, months=months))
    return " ".join(said)


def _backtest_words(data: pd.DataFrame, language: str) -> str:
    names = ("backtest_year_ahead", "backtest_actual", "backtest_coverage")
    told, actual, coverage = (row_of(data, name) for name in names)
    if told is None or actual is None or coverage is None:
        return say("ahead.no_backtest", language)
    inside = int(read_note(str(coverage["note"]))["within_interval"])
    return say(
        "ahead.backtest",
        language,
        period=period_words(str(told["period"]), language),
        forecast=amount_with_interval(told, language),
        actual=row_amount(actual, language),
        inside=number(inside, language),
    )


# ---- Drawing ------------------------------------------------------------------------------------


def _draw(data: pd.DataFrame, subject: Subject, words: Words, language: str) -> Figure:
    figure, (axes,) = frame(
        words,
        HEIGHT,
        key_height=KEY,
        label_width=0.75,
        right_width=0.25,
        watermark=subject.watermark(language),
    )
    ahead = rows_of(data, "emissions_forecast")
    ahead = ahead[ahead["estimate"].notna()]
    months = list(dict.fromkeys([*rows_of(data, "emissions")["period"], *ahead["period"]]))
    _draw_scopes(axes, rows_of(data, "emissions_by_scope"), months, subject, language)
    if len(ahead):
        _draw_ahead(axes, ahead, months, language)
    axes.grid(axis="y", visible=True)
    axes.grid(axis="x", visible=False)
    axes.set_xlim(-0.8, len(months) - 0.2)
    axes.set_ylim(bottom=0)
    number_ticks(axes.yaxis, language)
    ticks = month_ticks(months, TICKS)
    axes.set_xticks(ticks, [period_words(months[place], language) for place in ticks])
    # Vertical text is hard to read: what the axis is of stands above it.
    axes.set_title(say("ahead.axis", language), loc="left", size=8.2, color=MUTED)
    key_above(figure, axes, columns=2, above=0.26)
    return figure


def _draw_ahead(axes: Axes, ahead: pd.DataFrame, months: list[str], language: str) -> None:
    """A ring and an interval for each month forecast."""
    reach = [ahead["estimate"] - ahead["ci_low"], ahead["ci_high"] - ahead["estimate"]]
    # Limits that were rounded may lie a hair on the other side of a rounded estimate.
    reach = [side.clip(lower=0) for side in reach]
    axes.errorbar([months.index(month) for month in ahead["period"]], ahead["estimate"],
                  yerr=reach, fmt="o", markersize=5, color=SOFT, markerfacecolor="white",
                  markeredgewidth=1.5, elinewidth=2,
                  label=say("ahead.forecast", language))  # fmt: skip


def _draw_scopes(
    axes: Axes, rows: pd.DataFrame, months: list[str], subject: Subject, language: str
) -> None:
    """Bars stacked by scope; a month that lacks a scope has none."""
    parts = rows.pivot(index="period", columns="group", values="estimate").reindex(months)
    parts = parts[parts.notna().all(axis="columns")]
    x = [months.index(str(month)) for month in parts.index]
    start = np.zeros(len(parts))
    for (scope, values), (color, hatch) in zip(parts.items(), FACES, strict=False):
        axes.bar(x, values, bottom=start, width=0.82, color=color, hatch=hatch,
                 edgecolor="white", linewidth=0.4,
                 label=measured_group(str(scope), subject, language))  # fmt: skip
        start = start + values.to_numpy()
