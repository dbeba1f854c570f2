"""The tables of a report as a workbook: a typed sheet each, and a sheet of contents first."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from analysis.figures.wording import say
from analysis.files import staged_file
from analysis.report.contents import MARK, Contents, ReportTable
from analysis.report.documents.columns import COUNT, Column
from analysis.report.documents.labels import ILLUSTRATIVE, Labels
from analysis.report.documents.marks import cohort, describe, marks, title
from analysis.report.documents.measured import typed
from analysis.report.documents.quantities import has_units
from analysis.runs.provenance import source_epoch
from analysis.vocabulary import Audience

EARLIEST: Final = datetime(1980, 1, 1, tzinfo=UTC)
"""Date of workbooks, which must have one, unless SOURCE_DATE_EPOCH asks for another."""
NAME_LENGTH: Final = 31
FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\]")
"""What the format allows in no sheet's name."""
NARROWEST, WIDEST = 9, 46
A4: Final = 9
HEADER_ROW: Final = 4
"""Below the title, the marks, the remarks and the way back."""
REMARKS_HEIGHT: Final = 52
COLOUR, MARKED, HEAD = "#1F4E79", "#A3261B", "#E4ECF4"


@dataclass(frozen=True)
class Sheet:
    """A table on its sheet: what it is called there, its title, and its cells."""

    name: str
    title: str
    table: ReportTable
    columns: Sequence[Column]
    hidden: int

    @property
    def real(self) -> bool:
        """Whether no row is of a generated person, whatever the study's are."""
        return MARK not in self.table.data


def write_workbook(contents: Contents, language: str, target: Path) -> None:
    """Write all tables of a report into one workbook.

    Parameters
    ----------
    contents
        The report.
    language
        One of `analysis.vocabulary.LANGUAGES`.
    target
        The file. Its bytes depend on the contents alone.
    """
    sheets, epoch = _sheets(contents, language), source_epoch()
    with staged_file(target) as staged:
        book = xlsxwriter.Workbook(staged, {"in_memory": True})
        book.set_properties(
            {
                "title": title(contents, language),
                "subject": cohort(contents, language),
                "keywords": " ".join(marks(contents, language)),
                "created": EARLIEST if epoch is None else datetime.fromtimestamp(epoch, UTC),
            }
        )
        writer = _Writer(book, contents, language)
        writer.contents(sheets)
        for sheet in sheets:
            writer.table(sheet)
        book.close()


def _sheets(contents: Contents, language: str) -> list[Sheet]:
    labels = Labels(contents.study, language)
    short = [labels.short_table(table.id) for table in contents.tables]
    names = sheet_names(short, taken=[say("workbook.contents", language)])
    made = []
    for table, name in zip(contents.tables, names, strict=True):
        shown = typed(table.data, labels, language, contents.audience)
        heading = labels.table(table.id)
        made.append(Sheet(name, heading, table, shown.columns(), sum(shown.hidden)))
    return made


def sheet_names(titles: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Names for sheets: allowed, short enough, and different whatever their case.

    Parameters
    ----------
    titles
        What the sheets are about.
    taken
        Names that are given already.
    """
    used = {name.casefold() for name in taken}
    names = []
    for heading in titles:
        plain = " ".join(FORBIDDEN.sub(" ", heading).split()).strip("' ")
        name, again = plain[:NAME_LENGTH].rstrip("', "), 2
        while name.casefold() in used:
            ending = f" {again}"
            name = plain[: NAME_LENGTH - len(ending)].rstrip("', ") + ending
            again += 1
        used.add(name.casefold())
        names.append(name)
    return names


class _Writer:
    """Writes the sheets of one workbook, with every format made once."""

    def __init__(self, book: Workbook, contents: Contents, language: str) -> None:
        self._book = book
        self._contents = contents
        self._language = language
        self._title = book.add_format({"bold": True, "font_size": 14, "font_color": COLOUR})
        self._mark = book.add_format({"bold": True, "font_color": MARKED})
        self._bold = book.add_format({"bold": True, "valign": "top"})
        self._wrapped = book.add_format({"text_wrap": True, "valign": "top", "font_size": 9})
        # What is next to a cell of several lines stands at the height of its first.
        self._text = book.add_format({"valign": "top"})
        self._long = book.add_format({"valign": "top", "text_wrap": True})
        self._link = book.add_format({"font_color": COLOUR, "underline": 1})
        self._head = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "bottom", "bottom": 1, "bg_color": HEAD}
        )
        self._cells: dict[str, Format] = {}

    def contents(self, sheets: Sequence[Sheet]) -> None:
        """Write what the workbook is of, and its sheets with links to them."""
        page = self._sheet(self._say("workbook.contents"))
        page.write_string(0, 0, title(self._contents, self._language), self._title)
        page.write_string(1, 0, self._marks(), self._mark)
        row = 3
        for name, text in describe(self._contents, self._language):
            page.write_string(row, 0, name, self._bold)
            page.write_string(row, 1, text)
            row += 1
        heads = ("sheet", "table", "rows", "hidden_rows", "file")
        row += 1
        for place, head in enumerate(heads):
            page.write_string(row, place, self._say(f"workbook.{head}"), self._head)
        for row, sheet in enumerate(sheets, start=row + 1):  # noqa: B020 (goes on below the heads)
            self._link_to(page, row, sheet.name, sheet.name)
            page.write_string(row, 1, sheet.title)
            page.write_number(row, 2, len(sheet.table.data), self._cell(COUNT))
            page.write_number(row, 3, sheet.hidden, self._cell(COUNT))
            page.write_string(row, 4, sheet.table.file("csv"))
        for place, width in enumerate((32, 48, 10, 16, 52)):
            page.set_column(place, place, width)

    def table(self, sheet: Sheet) -> None:
        """Write a table below its title, its marks and what to know of it."""
        page, columns = self._sheet(sheet.name, real=sheet.real), sheet.columns
        last = len(columns) - 1
        page.write_string(0, 0, sheet.title, self._title)
        about = [cohort(self._contents, self._language), self._marks(real=sheet.real)]
        page.write_string(1, 0, " · ".join(part for part in about if part), self._mark)
        page.merge_range(2, 0, 2, max(last, 1), self._remarks(sheet), self._wrapped)
        page.set_row(2, REMARKS_HEIGHT)
        self._link_to(page, 3, self._say("workbook.contents"), self._say("workbook.back"))
        for place, column in enumerate(columns):
            page.write_string(HEADER_ROW, place, column.header, self._head)
            page.set_column(place, place, _width(column))
            self._fill(page, place, column)
        page.freeze_panes(HEADER_ROW + 1, 0)
        page.autofilter(HEADER_ROW, 0, HEADER_ROW + max(len(sheet.table.data), 1), last)
        page.repeat_rows(HEADER_ROW)

    def _fill(self, page: Worksheet, place: int, column: Column) -> None:
        cells = zip(column.values, column.formats, strict=True)
        for row, (value, pattern) in enumerate(cells, start=HEADER_ROW + 1):
            if isinstance(value, str):
                text = self._long if len(value) > WIDEST else self._text
                page.write_string(row, place, value, text)
            else:
                page.write_number(row, place, value, self._cell(pattern))

    def _remarks(self, sheet: Sheet) -> str:
        public = self._contents.audience is Audience.PUBLIC
        said = self._contents.study.provenance.said
        told = [
            self._say("workbook.notebook", notebook=sheet.table.notebook),
            self._say("workbook.real")
            if sheet.real and self._contents.study.synthetic
            else self._say(
                "words.source",
                source=said("source", self._language),
                licence=said("licence", self._language),
            ),
            self._say("workbook.dash"),
            self._say("workbook.public" if public else "workbook.decimals"),
        ]
        if has_units(sheet.table.data):
            told.append(self._say("workbook.digits"))
        if ILLUSTRATIVE in sheet.table.data and sheet.table.data[ILLUSTRATIVE].any():
            told.append(self._say("workbook.illustrative"))
        if any("%" in pattern for column in sheet.columns for pattern in set(column.formats)):
            told.append(self._say("workbook.fractions"))
        if sheet.hidden:
            told.append(self._say("workbook.hidden"))
        return " ".join(told)

    def _sheet(self, name: str, *, real: bool = False) -> Worksheet:
        """A sheet that prints on A4, as wide as the paper, with its marks on every page."""
        page = self._book.add_worksheet(name)
        page.set_landscape()
        page.set_paper(A4)
        page.set_margins(left=0.4, right=0.4)
        page.fit_to_pages(1, 0)
        heading = _plain(title(self._contents, self._language))
        page.set_header(f"&L{heading}&R&B{self._marks(real=real)}")
        page.set_footer("&L&A&R&P / &N")
        page.hide_gridlines(2)
        return page

    def _link_to(self, page: Worksheet, row: int, name: str, text: str) -> None:
        quoted = name.replace("'", "''")
        page.write_url(row, 0, f"internal:'{quoted}'!A1", self._link, text)

    def _cell(self, pattern: str) -> Format:
        if pattern not in self._cells:
            self._cells[pattern] = self._book.add_format({"num_format": pattern, "valign": "top"})
        return self._cells[pattern]

    def _marks(self, *, real: bool = False) -> str:
        return " · ".join(marks(self._contents, self._language, real=real))

    def _say(self, key: str, **values: object) -> str:
        return say(key, self._language, **values)


def _plain(text: str) -> str:
    """A text without what a sheet's header takes as an instruction."""
    return text.replace("&", "&&")


def _width(column: Column) -> float:
    """A width that most of a column's cells fit into."""
    texts = [len(value) for value in column.values if isinstance(value, str)]
    words = max((len(word) for word in column.header.split()), default=0) + 3
    return min(max(NARROWEST, words, *texts), WIDEST)
