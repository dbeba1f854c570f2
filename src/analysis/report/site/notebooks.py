"""Executed notebooks as pages, one per language, with alternative texts and folded code."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from nbconvert import HTMLExporter
from nbconvert.preprocessors import Preprocessor
from traitlets import Dict, Unicode

from analysis.figures.place import OUTPUT_KEY
from analysis.figures.wording import say
from analysis.report.contents import Contents, ReportFigure
from analysis.report.site.images import png_size
from analysis.report.site.layout import NOTEBOOKS, page_path, render
from analysis.report.site.markdown import Page
from analysis.vocabulary import LANGUAGES

TEMPLATES = Path(__file__).parent / "nbconvert"


class LanguageFilter(Preprocessor):
    """Keeps one language of a notebook that was executed once for all.

    Markdown cells tagged with another language go. Outputs that hold every language, which
    `analysis.figures` marks in their metadata, show the one asked for.
    """

    page_language = Unicode("en", help="language to keep").tag(config=True)
    figures = Dict(help="what to show of each figure, by its id").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:  # noqa: ANN401
        """Filter the cells and translate the outputs."""
        others = set(LANGUAGES) - {self.page_language}
        nb.cells = [cell for cell in nb.cells if not others & set(cell.metadata.get("tags", []))]
        for cell in nb.cells:
            for output in cell.get("outputs", []):
                marked = output.get("metadata", {}).get(OUTPUT_KEY)
                if marked:
                    self._translate(output, marked)
        return nb, resources

    def _translate(self, output: Any, marked: dict[str, Any]) -> None:  # noqa: ANN401
        if "html" in marked:
            output.data = {"text/html": marked["html"][self.page_language]}
        elif "markdown" in marked:
            output.data = {"text/markdown": marked["markdown"][self.page_language]}
        elif "figure" in marked:
            output.metadata = {"figure": self.figures[marked["figure"]]}
            output.data = {"image/png": ""}


def notebook_pages(contents: Contents) -> Iterator[tuple[str, str]]:
    """Path and HTML of each notebook's page, and of the page that lists them."""
    books = {name: contents.executed(name) for name in contents.notebooks}
    for language in LANGUAGES:
        figures = {one.id: _shown(one, contents, language) for one in contents.figures}
        for name, book in books.items():
            yield (
                page_path(name, language),
                _page(name, book, figures, contents, language),
            )
        yield page_path(NOTEBOOKS, language), _list(books, contents, language)


def _page(
    name: str,
    book: Any,  # noqa: ANN401 (nbformat's own)
    figures: Mapping[str, object],
    contents: Contents,
    language: str,
) -> str:
    """A notebook in the layout of the site."""
    page = Page(language)
    exporter = HTMLExporter(
        template_name="page",
        extra_template_basedirs=[str(TEMPLATES)],
        filters={"page_markdown": page.html, "page_table": page.table},
    )
    keep = LanguageFilter(page_language=language, figures=dict(figures))
    exporter.register_preprocessor(keep, enabled=True)
    body, _ = exporter.from_notebook_node(book, {"words": {"code": say("site.code", language)}})
    return render(
        "notebook.html.j2",
        language=language,
        title=Introduction.of(book, name, language).title,
        current=name,
        contents=contents,
        body=Markup(body),  # noqa: S704 (the exporter escapes)
        headings=page.headings,
        source=f"notebooks/{name}.ipynb",
    )


def _shown(figure: ReportFigure, contents: Contents, language: str) -> dict[str, object]:
    """What a notebook's page shows of a figure."""
    image = figure.file(language, "png")
    width, height = png_size(contents.folder / image)
    return {
        "source": f"../{image}",
        "alt": figure.alt[language],
        "title": figure.title[language],
        "number": say("site.figure_number", language, number=figure.number),
        "anchor": figure_anchor(figure),
        "link": f"figures.{language}.html#{figure_anchor(figure)}",
        "width": width,
        "height": height,
    }


def figure_anchor(figure: ReportFigure) -> str:
    """Where a figure stands on the page of figures, and on its notebook's."""
    return f"figure-{figure.id}"


@dataclass(frozen=True)
class Introduction:
    """How a notebook begins in a language: its heading, and what it asks, as Markdown."""

    title: str
    question: str

    @classmethod
    def of(cls, book: Any, name: str, language: str) -> "Introduction":  # noqa: ANN401
        """Read the first cell with a heading of depth 1; a notebook without one has its name."""
        for cell in book.cells:
            if cell.cell_type == "markdown" and language in cell.metadata.get("tags", []):
                heading, _, rest = cell.source.strip().partition("\n")
                if heading.startswith("# "):
                    return cls(heading.removeprefix("# "), rest.strip().split("\n\n")[0])
        return cls(name, "")


def _list(books: Mapping[str, Any], contents: Contents, language: str) -> str:
    """The page that tells what each notebook asks."""
    entries = []
    for name, book in books.items():
        told = Introduction.of(book, name, language)
        entries.append(
            {
                "name": name,
                "title": told.title,
                "question": Page(language).html(told.question),
                "figures": sum(one.notebook == name for one in contents.figures),
                "tables": sum(one.notebook == name for one in contents.tables),
            }
        )
    return render(
        "notebooks.html.j2",
        language=language,
        title=say("site.page_notebooks", language),
        current=NOTEBOOKS,
        contents=contents,
        entries=entries,
    )
