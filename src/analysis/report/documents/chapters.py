"""Executed notebooks as the chapters of a printed report: prose, figures and tables, no code."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import mistune

from analysis.figures.place import OUTPUT_KEY
from analysis.figures.wording import capitalise, outcome_label, say
from analysis.report.contents import Contents, ReportFigure
from analysis.vocabulary import LANGUAGES

ALONE: Final = re.compile(r"\*\*([^*]+)\*\*")
"""A text that only names what the tables below it are about."""
TAG: Final = re.compile(r"<[^>]+>")
WIDE: Final = 7
"""Columns from which a table is set smaller."""
NUMBERED: Final = 2
"""Level of the deepest headings that have a number and stand in the contents."""
LONG: Final = 26
"""Rows from which a table may go on over the page."""


@dataclass(frozen=True)
class Block:
    """A piece of a chapter.

    Attributes
    ----------
    kind
        What it is; `about` names what the tables below it are about, `again` is a figure that a
        chapter before has shown.
    html
        Of prose, or of a table.
    figure
        The figure, if it is one.
    number
        Of a table in the report, from 1.
    caption
        Of a table.
    wide, long
        Whether a table has many columns, or more rows than are kept on one page.
    """

    kind: Literal["prose", "about", "figure", "again", "table"]
    html: str = ""
    figure: ReportFigure | None = None
    number: int = 0
    caption: str = ""
    wide: bool = False
    long: bool = False


@dataclass(frozen=True)
class Heading:
    """A heading and the name that links lead to it by."""

    anchor: str
    text: str


@dataclass(frozen=True)
class Chapter:
    """A notebook in one language.

    Attributes
    ----------
    heading
        Its title, numbered.
    sections
        Headings of its sections, numbered.
    blocks
        What stands below its title.
    """

    heading: Heading
    sections: Sequence[Heading]
    blocks: Sequence[Block]


def read_chapters(contents: Contents, language: str) -> list[Chapter]:
    """The chapters of a report in a language, one a notebook.

    Parameters
    ----------
    contents
        The report.
    language
        One of `analysis.vocabulary.LANGUAGES`.
    """
    reader = _Reader(contents, language)
    return [
        reader.read(name, _Headings(number))
        for number, name in enumerate(contents.notebooks, start=1)
    ]


class _Reader:
    """Reads the notebooks one after the other; knows which section and outcome it is at."""

    def __init__(self, contents: Contents, language: str) -> None:
        self._contents = contents
        self._language = language
        self._figures = {figure.id: figure for figure in contents.figures}
        self._shown: set[int] = set()
        self._tables = 0
        self._headings = _Headings(0)
        self._outcome = ""

    def read(self, name: str, headings: "_Headings") -> Chapter:
        """The chapter of a notebook, with the headings that it is given."""
        self._headings = headings
        blocks = [
            block
            for cell in self._contents.executed(name).cells
            for block in self._cell(cell)
            if block.html or block.figure
        ]
        return Chapter(headings.chapter(name), headings.sections, blocks)

    def _cell(self, cell: Any) -> Iterator[Block]:  # noqa: ANN401 (nbformat's own)
        others = set(LANGUAGES) - {self._language}
        if cell.cell_type == "markdown" and not others & set(cell.metadata.get("tags", [])):
            yield self._prose(cell.source)
        self._outcome = ""
        shown = [
            output.get("metadata", {}).get(OUTPUT_KEY, {}) for output in cell.get("outputs", [])
        ]
        several = sum("html" in marked for marked in shown) > 1
        for marked in shown:
            if "figure" in marked:
                figure = self._figures[marked["figure"]]
                # A lone table needs no telling apart, and may be about something else.
                self._outcome = self._outcome_of(figure) if several else ""
                yield self._figure(figure)
            elif "markdown" in marked:
                yield self._said(marked["markdown"][self._language])
            elif "html" in marked:
                yield self._table(marked["html"][self._language])

    def _prose(self, text: str) -> Block:
        markdown = mistune.create_markdown(renderer=self._headings, plugins=["table"])
        return Block("prose", html=str(markdown(text)).strip())

    def _said(self, text: str) -> Block:
        if alone := ALONE.fullmatch(text.strip()):
            self._outcome = alone[1]
            return Block("about", html=self._prose(text).html)
        return self._prose(text)

    def _figure(self, figure: ReportFigure) -> Block:
        if figure.number in self._shown:
            return Block("again", figure=figure)
        self._shown.add(figure.number)
        return Block("figure", figure=figure)

    def _outcome_of(self, figure: ReportFigure) -> str:
        """Label of the outcome that a figure's name contains; empty if none."""
        study = self._contents.study
        found = [
            outcome
            for outcome in study.outcomes
            if f"-{outcome.replace('_', '-')}-" in f"-{figure.id}-"
        ]
        if not found:
            return ""
        return capitalise(outcome_label(study, max(found, key=len), self._language))

    def _table(self, html: str) -> Block:
        rows = html.count("<tr") - 1
        if not rows:
            return Block("table")
        self._tables += 1
        return Block(
            "table",
            html=html.replace("<th>", '<th scope="col">'),
            number=self._tables,
            caption=self._caption(),
            wide=html.count("<th>") >= WIDE,
            long=rows >= LONG,
        )

    def _caption(self) -> str:
        """The section that a table stands in, and the outcome that it is about where known."""
        about = self._headings.latest
        if not self._outcome:
            return about
        return say("words.item", self._language, name=about, value=self._outcome)


class _Headings(mistune.HTMLRenderer):
    """Renders Markdown; takes the first heading as the chapter's and numbers the others."""

    def __init__(self, chapter: int) -> None:
        super().__init__(escape=True)
        self._chapter = chapter
        self._title = ""
        self.sections: list[Heading] = []
        self.latest = ""

    def chapter(self, name: str) -> Heading:
        """The chapter's own heading; its notebook's name where it has none."""
        return Heading(f"chapter-{self._chapter}", f"{self._chapter}. {self._title or name}")

    def heading(self, text: str, level: int, **_: object) -> str:
        """A heading: none for the chapter's own, which stands above its blocks."""
        if level == 1 and not self._title:
            self._title = self.latest = _plain(text)
            return ""
        self.latest = _plain(text)
        if level > NUMBERED:
            return f"<h{level}>{text}</h{level}>\n"
        number = len(self.sections) + 1
        anchor, counted = f"section-{self._chapter}-{number}", f"{self._chapter}.{number}"
        self.sections.append(Heading(anchor, f"{counted} {self.latest}"))
        return f'<h2 id="{anchor}">{counted} {text}</h2>\n'


def _plain(text: str) -> str:
    """A text of HTML without its marks."""
    return html.unescape(TAG.sub("", text))
