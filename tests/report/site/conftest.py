"""A small report: one executed notebook with two figures, its tables, in both languages."""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure

from analysis.estimate.results import result_table
from analysis.figures.place import OUTPUT_KEY, Place
from analysis.figures.save import save_figure, save_table
from analysis.release.results import Release
from analysis.report.contents import Contents
from analysis.report.site import write_site
from analysis.studies import Study
from analysis.vocabulary import LANGUAGES, Audience

NOTEBOOK = "toy"
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q"
    "DwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ALT = {"en": 'Dots & "lines" <1>', "fr": "Points et lignes"}
TITLE = {"en": "Graduation: <60%> & more", "fr": "Diplôme : 60 % et plus"}
TABLE = {
    "en": "<table><thead><tr><th>Group</th></tr></thead><tr><td>en</td></tr></table>",
    "fr": "<table><thead><tr><th>Groupe</th></tr></thead><tr><td>fr</td></tr></table>",
}
NO_ROWS = "<table><thead><tr></tr></thead><tbody></tbody></table>"


def results() -> pd.DataFrame:
    """Rates and gaps of an outcome, as estimated."""
    sides = {
        "all": (600, 400),
        "non_underserved": (280, 210),
        "underserved": (300, 180),
        "low_qualification": (120, 60),
        "carer": (12, 5),
    }
    rates = [
        {
            "study": "bootcamp", "outcome": "graduated", "group": group, "reference": "",
            "estimand": "rate", "method": "wilson", "estimate": k / n, "ci_low": k / n - 0.05,
            "ci_high": k / n + 0.05, "n_group": n, "n_reference": 0, "k_group": k,
            "k_reference": 0, "note": "" if group == "all" else "left_out=20",
        }
        for group, (n, k) in sides.items()
    ]  # fmt: skip
    gaps = [
        {
            **row,
            "reference": "non_underserved",
            "contrast": "any" if row["group"] == "underserved" else "marginal",
            "estimand": estimand, "method": method,
            "estimate": row["estimate"] - 0.75, "ci_low": row["estimate"] - 0.83,
            "ci_high": row["estimate"] - 0.67, "n_reference": 280, "k_reference": 210,
        }
        for row in rates[2:]
        for estimand, method in (
            ("difference", "linear_hc2"),
            ("adjusted_difference", "logit_hc1"),
        )
    ]  # fmt: skip
    return result_table([*rates, *gaps])


def _output(data: dict[str, str], marked: dict[str, object]) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", data=data, metadata={OUTPUT_KEY: marked})


def _notebook() -> nbformat.NotebookNode:
    prose = {
        "en": "# Gaps & more\n\nEnglish question?\n\nEnglish prose.\n\n## Part\n\n$p_1 < 1$",
        "fr": "# Écarts\n\nQuestion française ?\n\nProse française.\n\n## Partie",
    }
    given = nbformat.v4.new_code_cell("confidence = 0.9", metadata={"tags": ["parameters"]})
    code = nbformat.v4.new_code_cell("show(1 < 2)")
    code.outputs = [
        _output({"image/png": PIXEL}, {"figure": "rates-graduated", "alt": ALT}),
        _output({"image/png": PIXEL}, {"figure": "overlap", "alt": ALT}),
        _output({"text/html": TABLE["en"]}, {"html": TABLE}),
        _output({"text/html": NO_ROWS}, {"html": dict.fromkeys(LANGUAGES, NO_ROWS)}),
        _output({"text/markdown": "x"}, {"markdown": {"en": "**Said**", "fr": "**Dit**"}}),
        nbformat.v4.new_output("stream", text="1 & 2 <ok>"),
    ]
    by_hand = nbformat.v4.new_code_cell("plot()")
    by_hand.outputs = [
        nbformat.v4.new_output(
            "display_data",
            data={"image/png": PIXEL},
            metadata={"image/png": {"alt": "By hand"}},
        )
    ]
    cells = [
        nbformat.v4.new_markdown_cell(text, metadata={"tags": [tag]}) for tag, text in prose.items()
    ]
    return nbformat.v4.new_notebook(cells=[*cells, given, code, by_hand])


def _save(release: Release, folder: Path) -> None:
    place = Place(folder, NOTEBOOK, "0" * 64)
    released = release.results(results())
    composition = pd.DataFrame(
        {
            "variable": "category",
            "level": ["underserved", "carer"],
            "persons": [300, 12],
            "n": [580, 600],
            "share": [300 / 580, 12 / 600],
            "ci_low": [0.47, 0.01],
            "ci_high": [0.56, 0.04],
            "unknown": [20, 0],
        }
    )
    overlap = pd.DataFrame({"combination": ["carer", "carer + seeker"], "persons": [12, 4]})
    plotted = {"rates-graduated": released[released["estimand"] == "rate"], "overlap": overlap}
    for name, data in plotted.items():
        for language in LANGUAGES:
            save_figure(
                Figure(figsize=(1, 0.5)), name, TITLE[language], f"Caption {language}",
                ALT[language], data, ["drawn at random"], language=language, place=place,
            )  # fmt: skip
    tables = {"placement-gaps": released, "composition": release.shares(composition)}
    for name, table in tables.items():
        save_table(table, name, place, synthetic=True)


def make_contents(folder: Path, study: Study, audience: Audience) -> Contents:
    """Write what the notebooks leave, for an audience."""
    _save(Release(audience, described="graduated"), folder)
    (folder / "notebooks").mkdir()
    nbformat.write(_notebook(), folder / "notebooks" / f"{NOTEBOOK}.ipynb")
    return Contents(folder, study, None, audience, (NOTEBOOK,))


@pytest.fixture(scope="session")
def contents(toy_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """A synthetic, internal report with its site."""
    made = make_contents(tmp_path_factory.mktemp("internal"), toy_study, Audience.INTERNAL)
    write_site(made)
    return made


@pytest.fixture(scope="session")
def public_contents(toy_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """A report of real persons for everyone, with its site."""
    real = toy_study.model_copy(update={"synthetic": False})
    made = make_contents(tmp_path_factory.mktemp("public"), real, Audience.PUBLIC)
    write_site(made)
    return made


@pytest.fixture(scope="session")
def pages(contents: Contents) -> dict[str, BeautifulSoup]:
    """Every page of the site by its path."""
    return dict(_read_pages(contents.folder))


def _read_pages(folder: Path) -> Iterator[tuple[str, BeautifulSoup]]:
    for path in sorted(folder.rglob("*.html")):
        yield (
            path.relative_to(folder).as_posix(),
            BeautifulSoup(path.read_text("utf-8"), "html.parser"),
        )
