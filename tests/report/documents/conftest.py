"""A small report on a third study, put together by hand: two notebooks, three figures."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from analysis.estimate.results import COLUMNS, MISSING
from analysis.figures.place import OUTPUT_KEY, Place
from analysis.figures.save import save_figure, save_table
from analysis.figures.theme import apply_theme
from analysis.report.contents import Contents
from analysis.studies import Study
from analysis.vocabulary import LANGUAGES, Audience

COUNTS = ("n_group", "n_reference", "k_group", "k_reference")
MakeContents = Callable[[Audience], Contents]

ROWS: Sequence[Mapping[str, object]] = (
    {"group": "carer", "estimand": "rate", "estimate": 0.41237, "std_error": 0.01234, "digits": 1,
     "method": "wilson", "n_group": 1234, "k_group": 509, "note": "left_out=12"},
    {"group": "carer", "reference": "non_underserved", "contrast": "marginal",
     "estimand": "difference", "estimate": -0.05, "ci_low": -0.081, "ci_high": 0.0,
     "p_value": 1e-9, "p_adjusted": 0.04, "method": "newcombe", "digits": 1,
     "n_group": 1234, "n_reference": 987, "k_group": 509, "k_reference": 456},
    {"group": "underserved", "reference": "non_underserved", "contrast": "any",
     "estimand": "difference", "method": "newcombe", "digits": 0, "note": "hidden=small"},
    {"group": "carer", "reference": "non_underserved", "contrast": "marginal",
     "estimand": "adjusted_difference", "method": "logit_hc1", "digits": 1, "note": "separation",
     "n_group": 30, "n_reference": 987, "k_group": 30, "k_reference": 456},
    {"group": "carer", "reference": "non_underserved", "contrast": "marginal",
     "estimand": "odds_ratio", "estimate": 0.81, "ci_low": 0.7, "ci_high": 0.93,
     "method": "logit_hc1", "digits": 2,
     "n_group": 1234, "n_reference": 987, "k_group": 509, "k_reference": 456},
    {"group": "carer", "reference": "non_underserved", "contrast": "marginal", "term": "12",
     "estimand": "restricted_mean", "estimate": 7.25, "method": "kaplan_meier", "digits": 1,
     "n_group": 1234, "k_group": 509},
    {"group": "carer", "reference": "non_underserved", "contrast": "marginal",
     "estimand": "successes_to_parity", "estimate": 61.0, "method": "eighty", "digits": 0,
     "n_group": 1234, "n_reference": 987, "k_group": 509, "k_reference": 456},
    {"group": "carer", "reference": "non_underserved", "contrast": "marginal", "term": "0.05",
     "estimand": "power", "estimate": 0.8, "method": "logit_hc1", "digits": 0,
     "n_group": 1234, "n_reference": 987, "k_group": 509, "k_reference": 456},
)  # fmt: skip


@pytest.fixture(scope="session")
def results() -> pd.DataFrame:
    """Give a released result table with a row of every kind."""
    texts = dict.fromkeys(("reference", "contrast", "term", "note"), "")
    own = {"study": "bootcamp", "outcome": "graduated"}
    none = {"n_group": 0, "n_reference": 0, "k_group": 0, "k_reference": 0}
    rows = [
        {**own, **MISSING, **texts, **none, **row}
        | (dict.fromkeys(COUNTS) if "hidden" in str(row.get("note")) else {})
        for row in ROWS
    ]
    table = pd.DataFrame(rows, columns=[*COLUMNS, "digits"])
    return table.astype({**dict.fromkeys(COUNTS, "Int64"), "digits": "int64"})


@pytest.fixture(scope="session")
def make_contents(
    toy_study: Study, results: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> MakeContents:
    """Give the function that makes the report for an audience, in a folder of its own."""

    def make(audience: Audience) -> Contents:
        folder = tmp_path_factory.mktemp("pack")
        _write_figures(folder)
        place = Place(folder, "02_gaps", "0" * 64)
        shares = pd.DataFrame(
            {"group": ["all", "carer"], "persons": [900, None], "n": [1000, None],
             "share": [0.9, np.nan], "digits": [0, 0], "note": ["", "hidden=small"]}
        ).astype({"persons": "Int64", "n": "Int64"})  # fmt: skip
        tables = {
            "placement-gaps": results,
            "response-graduated": results,
            "response-placed": results,
            "funding": shares,
        }
        for name, table in tables.items():
            save_table(table, name, place, synthetic=toy_study.synthetic)
        _write_notebook(folder, "01_rates", "Rates & shares", "Taux et parts", ["rates", "again"])
        _write_notebook(folder, "02_gaps", "Gaps", "Écarts", ["gaps-graduated", "rates"])
        notebooks = ("01_rates", "02_gaps")
        return Contents(folder, toy_study, "2022", audience, notebooks)

    return make


@pytest.fixture(scope="session")
def contents(make_contents: MakeContents) -> Contents:
    """Give the report for those inside."""
    return make_contents(Audience.INTERNAL)


def _write_figures(folder: Path) -> None:
    # Tests of figures set the theme for the whole process, so that it must be set here too: else a
    # report would look otherwise after them than before.
    apply_theme()
    for name in ("rates", "gaps-graduated", "again"):
        for language in LANGUAGES:
            figure = Figure(figsize=(4, 3))
            figure.add_subplot().plot([0, 1])
            save_figure(
                figure,
                name,
                f"Headline of {name} in {language}",
                f"Caption of {name} in {language}.",
                f"Alternative text of {name} in {language}.",
                pd.DataFrame({"outcome": ["graduated"], "estimate": [0.4]}),
                ["a source"],
                language=language,
                place=Place(folder, "01_rates", "0" * 64),
            )


def _write_notebook(folder: Path, name: str, en: str, fr: str, figures: Sequence[str]) -> None:
    html = "<table><tr><th>Head</th></tr><tr><td>{}</td></tr></table>"
    tables = {each: html.format(f"cell of {name} in {each}") for each in LANGUAGES}
    with_tables = [part for one in figures for part in ({"figure": one}, {"html": tables})]
    about = [{"markdown": dict.fromkeys(LANGUAGES, "**About**")}, {"html": tables}]
    prose = {each: f"Computed **{each}** <script>" for each in LANGUAGES}
    cells = [
        new_markdown_cell(f"# {en}\n\nOpening.", metadata={"tags": ["en"]}),
        new_markdown_cell(f"# {fr}\n\nOuverture.", metadata={"tags": ["fr"]}),
        new_markdown_cell("## A *first* part", metadata={"tags": ["en"]}),
        new_markdown_cell("## Une *première* partie", metadata={"tags": ["fr"]}),
        new_code_cell("secret()", outputs=_shown({"markdown": prose}, *with_tables)),
        new_code_cell("", outputs=_shown({"figure": figures[0]}, {"html": tables})),
        new_code_cell("", outputs=_shown(*about)),
    ]
    path = folder / "notebooks" / f"{name}.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(new_notebook(cells=cells), path)


def _shown(*marked: Mapping[str, object]) -> list[nbformat.NotebookNode]:
    return [
        new_output("display_data", {"text/plain": ""}, metadata={OUTPUT_KEY: one}) for one in marked
    ]
