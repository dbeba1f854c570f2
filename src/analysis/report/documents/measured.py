"""Tables whose rows say their unit as columns of typed cells: measures, printed figures, bounds."""

import re
from datetime import datetime
from typing import Final

import pandas as pd

from analysis.report.documents.columns import (
    COUNT,
    DASH,
    NOT_COUNTED,
    PLAIN,
    TEXT,
    Column,
    Typed,
    Value,
)
from analysis.report.documents.labels import ILLUSTRATIVE, MONTH, Labels
from analysis.report.documents.quantities import (
    LIMITS,
    UNIT,
    cell_format,
    cell_value,
    has_units,
    in_unit,
    shown_digits,
)
from analysis.vocabulary import Audience

FIRST_DAY: Final = datetime(1899, 12, 30)
"""Day 0 of the days that a workbook counts dates by."""
MONTHS: Final = {"en": "[$-409]mmmm yyyy", "fr": "[$-40C]mmmm yyyy"}
"""The format of a month, whatever the language of the reader's program."""
TIMES: Final = ("month", "period")
"""Columns that are dates or numbers, if every row is a month or a year."""
YEAR: Final = re.compile(r"\d{4}")
OF_PERSONS: Final = (*LIMITS, "n")
"""Columns that a hidden row has no number of; others were never about persons."""


class Measured(Typed):
    """A table whose numbers are in the units of their rows, or in none; see `Typed`."""

    def __init__(
        self, table: pd.DataFrame, labels: Labels, language: str, audience: Audience
    ) -> None:
        super().__init__(table, labels, language, audience)
        self._language = language
        self._rows = table.to_dict("records")

    def _left_out(self, name: str) -> bool:
        """Besides what no table shows, columns without any value."""
        if name == ILLUSTRATIVE:
            return not self._table[name].any()
        return super()._left_out(name) or not self._holds_any(name)

    def _header(self, name: str) -> str:
        return self._labels.measured_header(name)

    def _column(self, name: str) -> Column:
        if name in TIMES:
            times = self._table[name].astype(str)
            for pattern, make in ((MONTH, self._months), (YEAR, self._years)):
                if times.map(pattern.fullmatch).notna().all():
                    return make(name, times)
        return super()._column(name)

    def _numbers(self, name: str) -> list[Value]:
        values = super()._numbers(name)
        if name not in OF_PERSONS:
            not_shown = self._labels.say("words.not_shown")
            values = [DASH if value == not_shown else value for value in values]
        if not in_unit(self._table, name):
            return values
        return [
            value
            if isinstance(value, str)
            else cell_value(value, row[UNIT], shown_digits(row, name))
            for value, row in zip(values, self._rows, strict=True)
        ]

    def _patterns(self, name: str) -> list[str]:
        if in_unit(self._table, name):
            return [
                cell_format(row[UNIT], self._language, shown_digits(row, name))
                if pd.notna(row[name])
                else TEXT
                for row in self._rows
            ]
        return [PLAIN if name in NOT_COUNTED else COUNT] * len(self._rows)

    def _months(self, name: str, times: pd.Series) -> Column:
        days = [(datetime(int(text[:4]), int(text[5:7]), 1) - FIRST_DAY).days for text in times]
        return Column(self._header(name), days, [MONTHS[self._language]] * len(days))

    def _years(self, name: str, times: pd.Series) -> Column:
        return Column(self._header(name), list(times.astype(int)), [PLAIN] * len(times))


def typed(table: pd.DataFrame, labels: Labels, language: str, audience: Audience) -> Typed:
    """A released table in the words and formats of a language, by what its numbers are.

    Parameters
    ----------
    table
        A result table, one of shares, or one whose rows say their unit; see `Typed`.
    labels, language, audience
        See `Typed`.
    """
    kind = Measured if has_units(table) else Typed
    return kind(table, labels, language, audience)
