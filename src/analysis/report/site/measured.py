"""Previews of tables whose rows say their unit: measures, printed figures, bounds."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from analysis.figures.tables import DASH
from analysis.figures.wording import count, say
from analysis.release.results import is_hidden
from analysis.report.documents.columns import NOT_COUNTED
from analysis.report.documents.labels import ILLUSTRATIVE, Labels
from analysis.report.documents.quantities import UNIT, in_unit, quantity, shown_digits, tells_unit
from analysis.report.site.cells import Cell, is_text, says, text_cells

Row = Mapping[Any, Any]

ESTIMATE: Final = "estimate"
SOURCE: Final = "source"
"""Column that is left out where it says no more than the foot of every page."""
NOT_SHOWN: Final = frozenset({"study", "digits", "data"})
"""Columns that other words of the page say."""
BESIDE_ESTIMATE: Final = frozenset({"ci_low", "ci_high", ILLUSTRATIVE})
"""Columns that stand in the cell of an estimate."""


def measured_columns(table: pd.DataFrame, labels: Labels, language: str) -> dict[str, list[Cell]]:
    """The columns of a preview by their names, each with the cells of its rows.

    Parameters
    ----------
    table
        Its first rows, each with its `unit`.
    labels, language
        Of the words and numbers.
    """
    unsaid = set(NOT_SHOWN)
    if ESTIMATE in table:
        unsaid |= BESIDE_ESTIMATE
    if all(tells_unit(str(unit), language) for unit in table[UNIT]):
        unsaid.add(UNIT)
    if SOURCE in table and (table[SOURCE] == labels.source).all():
        unsaid.add(SOURCE)
    names = [str(name) for name in table if name not in unsaid and says(table[name])]
    return {name: _column(table, name, labels, language) for name in names}


def _column(table: pd.DataFrame, name: str, labels: Labels, language: str) -> list[Cell]:
    if is_text(table[name]):
        return text_cells(table, name, labels)
    write = _number
    if name == ESTIMATE:
        write = _estimate
    elif not in_unit(table, name):
        write = _whole
    return [Cell(write(row, name, language), "amount") for row in table.to_dict("records")]


def _estimate(row: Row, name: str, language: str) -> str:
    """An estimate, its interval behind it, and ILLUSTRATIVE if it rests on such a value."""
    if pd.isna(row[name]):
        return _missing(row, language)
    text = _number(row, name, language)
    if pd.notna(row["ci_low"]):
        limits = {end: _number(row, f"ci_{end}", language) for end in ("low", "high")}
        text = f"{text} ({say('words.interval', language, **limits)})"
    illustrative = bool(row.get(ILLUSTRATIVE, False))
    return say("amounts.illustrative", language, text=text) if illustrative else text


def _number(row: Row, name: str, language: str) -> str:
    if pd.isna(row[name]):
        return DASH
    return quantity(row[name], str(row[UNIT]), language, shown_digits(row, name))


def _whole(row: Row, name: str, language: str) -> str:
    if pd.isna(row[name]):
        return _missing(row, language) if name == "n" else DASH
    return str(int(row[name])) if name in NOT_COUNTED else count(row[name], language)


def _missing(row: Row, language: str) -> str:
    """Words for a number that there is none of, or that is hidden."""
    return say("words.not_shown", language) if is_hidden(str(row.get("note", ""))) else DASH
