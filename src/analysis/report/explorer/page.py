"""Writing the explorer: a page per language, its script, and the libraries that draw."""

import json
from pathlib import Path
from typing import Any, Final

from analysis.figures.wording import say
from analysis.files import write_text
from analysis.report.contents import Contents
from analysis.report.explorer.bundle import vega_script
from analysis.report.explorer.rows import GAPS, STEPS, gap_rows
from analysis.report.explorer.words import Wording
from analysis.report.given import given_parameter
from analysis.report.site.layout import page_path, render
from analysis.vocabulary import LANGUAGES

HERE: Final = Path(__file__).parent
NAME: Final = "explorer"
ASSETS: Final = ("explorer.css", "explorer-chart.js", "explorer.js")


def write_explorer(contents: Contents) -> None:
    """Write the explorer of a report's released gaps.

    Parameters
    ----------
    contents
        The report; `pages/explorer.<language>.html` and the files that these load from `assets`
        are written below its folder. A report without gaps gets pages that say so.
    """
    rows = gap_rows(contents)
    tables = [table for table in contents.tables if table.id in (GAPS, STEPS)]
    told: dict[str, Wording | None] = dict.fromkeys(LANGUAGES)
    if len(rows):
        confidence = float(str(given_parameter(contents, tables[0].notebook, "confidence")))
        told = {language: Wording(contents, rows, confidence, language) for language in LANGUAGES}
        assets = contents.folder / "assets"
        write_text(assets / "vega.js", vega_script())
        for name in ASSETS:
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


def _embedded(payload: dict[str, Any]) -> str:
    """JSON that no text of it can end the script element of."""
    text = json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
