"""Writing the explorer: a page per language, its script, and the libraries that draw."""

import ast
import json
from pathlib import Path
from typing import Any, Final

from analysis.figures.wording import say
from analysis.files import write_text
from analysis.report.contents import Contents
from analysis.report.explorer.bundle import vega_script
from analysis.report.explorer.rows import GAPS, STEPS, gap_rows
from analysis.report.explorer.words import Wording
from analysis.report.site.layout import page_path, render
from analysis.vocabulary import LANGUAGES

HERE: Final = Path(__file__).parent
NAME: Final = "explorer"
PARAMETER_TAGS: Final = frozenset({"parameters", "injected-parameters"})


def write_explorer(contents: Contents) -> None:
    """Write the explorer of a report's released gaps.

    Parameters
    ----------
    contents
        The report; `pages/explorer.<language>.html` and `assets/explorer.css`, `explorer.js` and
        `vega.js` are written below its folder. A report without gaps gets pages that say so.
    """
    rows = gap_rows(contents)
    tables = [table for table in contents.tables if table.id in (GAPS, STEPS)]
    told: dict[str, Wording | None] = dict.fromkeys(LANGUAGES)
    if len(rows):
        confidence = _confidence(contents, tables[0].notebook)
        told = {language: Wording(contents, rows, confidence, language) for language in LANGUAGES}
        assets = contents.folder / "assets"
        write_text(assets / "vega.js", vega_script())
        for name in ("explorer.js", "explorer.css"):
            write_text(assets / name, (HERE / name).read_text(encoding="utf-8"))
    for language, wording in told.items():
        page = _page(contents, wording, [table.file("csv") for table in tables], language)
        write_text(contents.folder / page_path(NAME, language), page)


def _page(contents: Contents, wording: Wording | None, files: list[str], language: str) -> str:
    return render(
        "explorer.html.j2",
        language=language,
        title=say("explorer.title", language),
        current=NAME,
        contents=contents,
        templates=HERE,
        payload=_embedded(wording.payload()) if wording else "",
        wording=wording,
        files=files,
    )


def _confidence(contents: Contents, notebook: str) -> float:
    """Coverage of the intervals, as the notebook was told; the last cell of parameters counts."""
    cells = contents.executed(notebook).cells
    told = [cell.source for cell in cells if PARAMETER_TAGS & set(cell.metadata.get("tags", []))]
    given = {
        statement.targets[0].id: statement.value
        for source in told
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }
    return float(ast.literal_eval(given["confidence"]))


def _embedded(payload: dict[str, Any]) -> str:
    """JSON that no text of it can end the script element of."""
    text = json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
