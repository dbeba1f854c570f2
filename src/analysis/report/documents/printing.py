"""The report as a PDF: laid out as a page of its own and printed by the browser."""

import html
import io
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import matplotlib as mpl
import pikepdf
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from playwright.sync_api import Page

from analysis.figures.wording import count, say
from analysis.files import staged_file
from analysis.report.browser import open_browser
from analysis.report.contents import Contents
from analysis.report.documents.chapters import read_chapters
from analysis.report.documents.labels import ILLUSTRATIVE
from analysis.report.documents.marks import cohort, describe, marks, title
from analysis.report.documents.normal import normalise
from analysis.vocabulary import LANGUAGES, Audience

TEMPLATES: Final = Path(__file__).parent / "templates"
FONTS: Final = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""
"""The figures' own fonts and no others, so that every machine prints the same letters."""
MARGIN: Final = "17mm"
INK: Final = "#444"
MARK: Final = "#a3261b"
"""As in `templates/print.css`, which does not reach into the margins of a sheet."""
EXPLAINED: Final = (
    "gap", "references", "interval", "tests", "adjusted", "missing", "small", "unknown",
)  # fmt: skip
"""Parts of the page on how to read a report that every report has."""
TIME_LIMIT: Final = 120_000
"""Milliseconds that a busy machine may take to load a report."""
NUMBER_PAGES: Final = """pages => {
  for (const place of document.querySelectorAll("[data-page-of]"))
    place.textContent = pages[place.dataset.pageOf] ?? "";
}"""


def print_reports(contents: Contents, browser: Path) -> list[Path]:
    """Print the report in every language.

    Parameters
    ----------
    contents
        The report.
    browser
        See `analysis.report.browser.find_browser`.

    Returns
    -------
    list of pathlib.Path
        `documents/report.<language>.pdf`, tagged and with bookmarks; equal bytes for equal
        contents and an equal browser.
    """
    printed = []
    with (
        tempfile.TemporaryDirectory() as scratch,
        open_browser(browser, _own_fonts(Path(scratch))) as program,
    ):
        for language in LANGUAGES:
            layout = Path(scratch) / f"report.{language}.html"
            layout.write_text(lay_out(contents, language), encoding="utf-8")
            page = program.new_page()
            page.set_default_timeout(TIME_LIMIT)
            page.goto(layout.as_uri())
            # Only a first print, of the sheets alone, tells on which pages the contents' links end.
            draft = page.pdf(prefer_css_page_size=True, print_background=True)
            page.evaluate(NUMBER_PAGES, page_numbers(draft))
            content = normalise(_print(page, contents, language), title(contents, language))
            page.close()
            target = contents.folder / "documents" / f"report.{language}.pdf"
            with staged_file(target) as staged:
                staged.write_bytes(content)
            printed.append(target)
    return printed


def lay_out(contents: Contents, language: str) -> str:
    """The whole report as one HTML page made for paper."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        language=language,
        title=title(contents, language),
        marks=marks(contents, language),
        facts=describe(contents, language),
        contents=contents,
        public=contents.audience is Audience.PUBLIC,
        chapters=read_chapters(contents, language),
        explained=_explained(contents),
        file=lambda figure: (contents.folder / figure.file(language, "svg")).absolute().as_uri(),
        say=lambda key, **values: say(key, language, **values),
        count=lambda value: count(value, language),
    )


def _explained(contents: Contents) -> list[str]:
    """What the page on how to read the report explains: all that some table has."""
    tables = [table.data for table in contents.tables]
    measures = [table for table in tables if ILLUSTRATIVE in table]
    found = {
        "measures": bool(measures),
        "illustrative": any(table[ILLUSTRATIVE].any() for table in measures),
    }
    return [*EXPLAINED, *(part for part, there in found.items() if there)]


def page_numbers(printed: bytes) -> dict[str, int]:
    """The page, from 1, of every place that a link of a PDF leads to."""
    with pikepdf.open(io.BytesIO(printed)) as document:
        places = {page.obj.objgen: number for number, page in enumerate(document.pages, start=1)}
        targets = document.Root.get("/Dests", pikepdf.Dictionary())
        return {
            str(name).removeprefix("/"): places[target[0].objgen]
            for name, target in targets.items()
        }


def _own_fonts(folder: Path) -> Mapping[str, str]:
    """Settings that give the browser the fonts of the figures."""
    settings = folder / "fonts.conf"
    fonts = Path(mpl.get_data_path()) / "fonts" / "ttf"
    settings.write_text(FONTS.format(fonts=fonts, cache=folder / "fonts"), encoding="utf-8")
    return {"FONTCONFIG_FILE": str(settings)}


def _print(page: Page, contents: Contents, language: str) -> bytes:
    """Print a page as it stands, with what every sheet says in its margins."""
    return page.pdf(
        tagged=True,
        outline=True,
        prefer_css_page_size=True,
        print_background=True,
        display_header_footer=True,
        header_template=_strip(
            html.escape(title(contents, language)),
            f'<b style="color: {MARK}">{html.escape(" · ".join(marks(contents, language)))}</b>',
        ),
        footer_template=_strip(
            html.escape(cohort(contents, language)),
            '<span><span class="pageNumber"></span> / <span class="totalPages"></span></span>',
        ),
    )


def _strip(left: str, right: str) -> str:
    """A line for the margin of every sheet, with HTML on either side."""
    return (
        f'<div style="width: 100%; margin: 0 {MARGIN}; display: flex; color: {INK};'
        " justify-content: space-between; font: 7pt 'DejaVu Sans'\">"
        f"<span>{left}</span>{right}</div>"
    )
