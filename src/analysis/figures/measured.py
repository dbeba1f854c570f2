"""Words for rows of measures, and rows by what they measure."""

import math
from collections.abc import Sequence
from datetime import date
from typing import Final

import pandas as pd
from babel.dates import format_skeleton
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.figures.amounts import amount
from analysis.figures.subject import Subject
from analysis.figures.wording import catalogue, group_label, number, say
from analysis.vocabulary import ALL, GROUPS

STEPS: Final = ((1e8, -6), (1e7, -5), (1e6, -4), (1e4, -3))
"""Amounts from so much on, and the decimals that they are told with."""


def rows_of(table: pd.DataFrame, measure: str, period: str | None = None) -> pd.DataFrame:
    """Rows of a measure, of one period or of all."""
    kept = table["measure"] == measure
    if period is not None:
        kept &= table["period"] == period
    return table[kept]


def row_of(
    table: pd.DataFrame, measure: str, group: str = ALL, period: str | None = None
) -> pd.Series | None:
    """The row of a measure and group, of one period or the first; None if there is none."""
    rows = rows_of(table, measure, period)
    found = rows[rows["group"] == group]
    return None if found.empty else found.iloc[0]


def known(row: pd.Series | None) -> bool:
    """Whether a row is there and has a value."""
    return row is not None and bool(pd.notna(row["estimate"]))


def measured_group(name: str, subject: Subject, language: str) -> str:
    """Label of a group of a measure; its own name if it has none, as teams of an extract."""
    key = f"measure_groups.{name}"
    if key in catalogue():
        return say(key, language)
    if name in GROUPS or name in subject.study.categories:
        return group_label(subject.study, name, language)
    return name


def period_words(period: str, language: str) -> str:
    """A year as it is, a month "2022-03" in short words, and "2022-07/2023-06" as two of them."""
    if "/" in period:
        first, last = (period_words(part, language) for part in period.split("/"))
        return say("ahead.twelve", language, first=first, last=last)
    if "-" not in period:
        return period
    year, month = map(int, period.split("-"))
    return format_skeleton("yMMM", date(year, month, 1), locale=language)


def shortened(value: float, unit: str, language: str, *, signed: bool = False) -> str:
    """An amount of money with three or four digits, as millions if it is that large."""
    digits = next((digits for least, digits in STEPS if abs(value) >= least), 0)
    return amount(value, unit, language, digits, signed=signed, short=True)


def number_ticks(axis: Axis, language: str, bins: int = 6) -> None:
    """Put ticks at round values of an axis with its limits, with the decimals that they need."""
    axis.set_major_locator(MaxNLocator(nbins=bins, steps=[1, 2, 5, 10]))
    first, second = axis.get_ticklocs()[:2]
    digits = max(0, -math.floor(math.log10(second - first) + 1e-9))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value, language, digits)))


def month_ticks(months: Sequence[str], most: int) -> list[int]:
    """Places of half-years, years or every so many years among months in order, at most so many.

    The first month alone if none of them begins a half-year.
    """
    for endings in (("-01", "-07"), ("-01",)):
        found = [place for place, month in enumerate(months) if month.endswith(endings)]
        if len(found) <= most:
            return found or [0]
    return found[:: -(-len(found) // most)]


def marked(text: str, table: pd.DataFrame, language: str) -> str:
    """The text, with ILLUSTRATIVE behind it if a row of the table is."""
    if not table["illustrative"].any():
        return text
    return say("amounts.illustrative", language, text=text)
