"""Executed notebooks as pages, one per language, with alternative texts and folded code."""

from pathlib import Path
from typing import Any

import nbformat
from nbconvert import HTMLExporter
from nbconvert.preprocessors import Preprocessor
from traitlets import Unicode

from analysis.figures.save import OUTPUT_KEY
from analysis.files import write_text
from analysis.vocabulary import LANGUAGES

TEMPLATES = Path(__file__).parent / "templates"


class LanguageFilter(Preprocessor):
    """Keeps one language of a notebook that was executed once for all.

    Markdown cells tagged with another language go. Outputs that hold every language, which
    `analysis.figures` marks in their metadata, show the one asked for.
    """

    page_language = Unicode("en", help="language to keep").tag(config=True)

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
        elif "alt" in marked:
            source = f"../figures/{marked['figure']}.{self.page_language}.png"
            alt = marked["alt"][self.page_language]
            output.metadata = {"figure": {"source": source, "alt": alt}}
            output.data = {"image/png": ""}


def write_pages(notebook: Path, folder: Path) -> list[Path]:
    """Write an executed notebook as one HTML page per language.

    Parameters
    ----------
    notebook
        The executed notebook.
    folder
        Where to write `<name>.<language>.html`; figures are looked for in `../figures`.

    Returns
    -------
    list of pathlib.Path
        The pages.
    """
    pages = []
    for language in LANGUAGES:
        exporter = HTMLExporter(
            template_name="report", extra_template_basedirs=[str(TEMPLATES)], embed_images=False
        )
        exporter.register_preprocessor(LanguageFilter(page_language=language), enabled=True)
        resources = {
            "page_language": language,
            "page_title": _title(notebook, language),
            "other_pages": _others(notebook, language),
        }
        body, _ = exporter.from_filename(str(notebook), resources=resources)
        page = folder / f"{notebook.stem}.{language}.html"
        write_text(page, body)
        pages.append(page)
    return pages


def _title(notebook: Path, language: str) -> str:
    """First heading of a notebook in a language."""
    cells = nbformat.read(notebook, as_version=4).cells
    headings = (
        line.removeprefix("# ")
        for cell in cells
        if cell.cell_type == "markdown" and language in cell.metadata.get("tags", [])
        for line in cell.source.splitlines()
        if line.startswith("# ")
    )
    return next(headings, notebook.stem)


def _others(notebook: Path, language: str) -> dict[str, str]:
    """Pages of the same notebook in the other languages."""
    return {other: f"{notebook.stem}.{other}.html" for other in LANGUAGES if other != language}
