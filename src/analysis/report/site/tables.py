"""The page of all tables: what each is, its files, and its first rows in the words of readers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.figures.tables import DASH, Format, shown_value, with_interval
from analysis.figures.wording import (
    catalogue,
    count,
    number,
    p_words,
    percent,
    points,
    released_p_words,
    say,
)
from analysis.release.units import UNITS, Unit
from analysis.report.contents import Contents, ReportTable
from analysis.report.documents.columns import NOT_COUNTED, SHARES
from analysis.report.documents.labels import Labels
from analysis.report.documents.quantities import has_units
from analysis.report.site.cells import Cell, is_text, says, text_cells
from analysis.report.site.layout import page_path, render
from analysis.report.site.measured import measured_columns
from analysis.vocabulary import LANGUAGES, Audience, Estimand

ROWS_SHOWN = 8
WRITERS: Mapping[Unit, Format] = {
    Unit.RATE: percent,
    Unit.POINTS: points,
    Unit.RATIO: number,
    Unit.MONTHS: number,
    Unit.PERSONS: number,
}
NOT_SHOWN = frozenset({"study", "digits", "data", "ci_low", "ci_high", "std_error", "p_value"})
"""Columns without a cell of their own: said elsewhere on the page, or part of another cell."""
VALUES = ("estimate", "share", "rate", "placed_by")
"""Columns whose number stands with its interval."""
OF_REFERENCE = frozenset({"n_reference", "k_reference"})


@dataclass(frozen=True)
class Preview:
    """A table as the page shows it."""

    table: ReportTable
    title: str
    about: str
    headers: list[Cell]
    rows: list[list[Cell]]


def table_pages(contents: Contents) -> Iterator[tuple[str, str]]:
    """Path and HTML of the page of tables in each language."""
    for language in LANGUAGES:
        yield (
            page_path("tables", language),
            render(
                "tables.html.j2",
                language=language,
                title=say("site.page_tables", language),
                current="tables",
                contents=contents,
                previews=[_preview(table, contents, language) for table in contents.tables],
            ),
        )


def _preview(table: ReportTable, contents: Contents, language: str) -> Preview:
    labels = Labels(contents.study, language)
    first = table.data.head(ROWS_SHOWN).reset_index(drop=True)
    if has_units(first):
        header, columns = labels.measured_header, measured_columns(first, labels, language)
    else:
        header, columns = labels.header, _columns(first, labels, contents.audience, language)
    headers = [
        Cell(header(name), next((cell.kind for cell in cells), ""))
        for name, cells in columns.items()
    ]
    rows = [list(cells) for cells in zip(*columns.values(), strict=True)]
    return Preview(table, labels.table(table.id), _about(table.id, language), headers, rows)


def _columns(
    table: pd.DataFrame, labels: Labels, audience: Audience, language: str
) -> dict[str, list[Cell]]:
    """The columns of a result table, or of a table of persons and shares."""
    unsaid = NOT_SHOWN if _compares(table) else NOT_SHOWN | OF_REFERENCE
    names = [str(name) for name in table if name not in unsaid and says(table[name])]
    columns = {name: _column(table, name, labels, audience, language) for name in names}
    return _with_units(columns, table, labels) if "estimand" in columns else columns


def _compares(table: pd.DataFrame) -> bool:
    """Whether any row of a table has a reference."""
    return "reference" in table and says(table["reference"])


def _column(
    table: pd.DataFrame, name: str, labels: Labels, audience: Audience, language: str
) -> list[Cell]:
    if is_text(table[name]):
        return text_cells(table, name, labels)
    rows = table.to_dict("records")
    if name in VALUES:
        return [Cell(_value(row, name, language), "amount") for row in rows]
    if name == "p_adjusted":
        write = p_words if audience is Audience.INTERNAL else released_p_words
        texts = [DASH if pd.isna(value) else write(value, language) for value in table[name]]
        return [Cell(text, "amount") for text in texts]
    return [Cell(_count(row, name, language), "amount") for row in rows]


def _value(row: Mapping[Any, Any], name: str, language: str) -> str:
    """A number in the unit of its estimand, and its interval behind it."""
    write = WRITERS[UNITS[Estimand(row["estimand"])]] if "estimand" in row else percent
    if "estimand" in row and Estimand(row["estimand"]) in SHARES:
        write = percent
    if "ci_low" in row:
        return with_interval(row, write, language, name)
    return shown_value(row, write, language, name)


def _with_units(
    columns: Mapping[str, list[Cell]], table: pd.DataFrame, labels: Labels
) -> dict[str, list[Cell]]:
    """The columns, and behind the estimates in what unit each is."""
    estimands = [Estimand(name) for name in table["estimand"]]
    units = [Unit.RATE if one in SHARES else UNITS[one] for one in estimands]
    cells = [Cell(labels.say(f"units.{unit}")) for unit in units]
    found: dict[str, list[Cell]] = {}
    for name, column in columns.items():
        found[name] = column
        if name == "estimate":
            found["unit"] = cells
    return found


def _count(row: Mapping[Any, Any], name: str, language: str) -> str:
    value = row[name]
    if name in OF_REFERENCE and not row["reference"]:
        return DASH
    if name in NOT_COUNTED and pd.notna(value):
        return str(int(value))
    return count(value, language)


def _about(name: str, language: str) -> str:
    """What a table holds, by the longest beginning of its name that the catalogue knows."""
    stem, section = name.replace("-", "_"), "table_contents."
    known = [key.removeprefix(section) for key in catalogue() if key.startswith(section)]
    found = [kind for kind in known if stem == kind or stem.startswith(f"{kind}_")]
    return say(section + max(found, key=len), language) if found else ""
