"""A small report with gaps of two outcomes, released for either audience, and its explorer."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from analysis.estimate.results import result_table
from analysis.figures.place import Place
from analysis.figures.save import save_table
from analysis.release.results import Release
from analysis.report.contents import Contents
from analysis.report.explorer import write_explorer
from analysis.report.site import layout
from analysis.studies import Study
from analysis.vocabulary import LANGUAGES, Audience

NOTEBOOK = "03_placement_gaps"
SITE_ASSETS = Path(layout.__file__).parent / "assets"
SIDES = {"underserved": 1400, "job_seeker": 1200, "low_qualification": 27, "carer": 12}
REFERENCES = {"any": "non_underserved", "marginal": "non_underserved", "complement": "others"}
ALL = "gender, age_band"
NEVER_ESTIMATED = ("placed", "complement", "job_seeker", "logit")
"""This outcome, contrast, group and model has no estimate, and a reason."""

Row = dict[str, object]
MakeContents = Callable[[Path, Study, Audience, dict[str, pd.DataFrame]], Contents]
ReadPayload = Callable[[Contents, str], dict[str, Any]]


def _row(outcome: str, contrast: str, group: str, estimand: str, method: str, note: str) -> Row:
    """One gap; each row has numbers of its own, so that none can be taken for another."""
    shift = sum(map(ord, outcome + contrast + group + estimand + method + note)) % 89 / 1000
    estimate, half = -0.03 - shift, 0.041 if group != "low_qualification" else 0.2
    numbers = {"estimate": estimate, "ci_low": estimate - half, "ci_high": estimate + half}
    if (outcome, contrast, group, method.partition("_")[0]) == NEVER_ESTIMATED:
        numbers, note, method = {}, "separation=gender", "logit"
    return {
        "study": "bootcamp", "outcome": outcome, "contrast": contrast, "group": group,
        "reference": REFERENCES[contrast], "estimand": estimand, "method": method,
        "n_group": SIDES[group], "n_reference": 1504, "k_group": SIDES[group] // 2,
        "k_reference": 803, "note": note, **numbers,
    }  # fmt: skip


def _groups(contrast: str) -> list[str]:
    return list(SIDES)[:1] if contrast == "any" else list(SIDES)[1:]


def _estimated_gaps() -> pd.DataFrame:
    """What stands in `placement-gaps`: gaps, and rows that are no gaps."""
    kinds = [
        ("difference", "newcombe", "left_out=23"),
        ("difference", "miettinen_nurminen", "left_out=23"),
        ("difference", "linear_hc2", "left_out=23"),
        ("adjusted_difference", "logit_hc1", f"adjusted={ALL}; left_out=23"),
        ("adjusted_difference", "linear_hc2", f"adjusted={ALL}; left_out=23"),
        ("difference_unknown_as_no", "linear_hc2", ""),
        ("adjusted_difference_unknown_as_yes", "logit_hc1", f"adjusted={ALL}"),
        ("risk_ratio", "log", "left_out=23"),
    ]
    return result_table(
        _row(outcome, contrast, group, *kind)
        for outcome in ("graduated", "placed")
        for contrast in REFERENCES
        for group in _groups(contrast)
        for kind in kinds
    )


def _estimated_steps() -> pd.DataFrame:
    """What stands in `adjustment-steps`."""
    kinds = [
        ("adjusted_difference", "logit_hc1", "adjusted=gender; left_out=23"),
        ("adjusted_difference", "logit_hc1", "adjusted=age_band; left_out=23"),
        ("difference", "logit_hc1", "left_out=23"),
        ("adjusted_difference", "logit_hc1", f"adjusted={ALL}; left_out=23"),
    ]
    return result_table(
        _row("graduated", "complement", group, *kind)
        for group in _groups("complement")
        for kind in kinds
    )


def _make_contents(
    folder: Path, study: Study, audience: Audience, tables: dict[str, pd.DataFrame]
) -> Contents:
    """Write what the notebooks leave: released tables and an executed notebook."""
    place = Place(folder, NOTEBOOK, "0" * 64)
    release = Release(audience)
    for name, table in tables.items():
        save_table(release.results(table), name, place, synthetic=study.synthetic)
    cells = [
        nbformat.v4.new_code_cell(f"confidence = {level}", metadata={"tags": [tag]})
        for tag, level in (("parameters", 0.95), ("injected-parameters", 0.9))
    ]
    (folder / "notebooks").mkdir()
    nbformat.write(
        nbformat.v4.new_notebook(cells=cells), folder / "notebooks" / f"{NOTEBOOK}.ipynb"
    )
    return Contents(folder, study, "2022", audience, (NOTEBOOK,))


def _explored(folder: Path, study: Study, audience: Audience) -> Contents:
    tables = {"placement-gaps": _estimated_gaps(), "adjustment-steps": _estimated_steps()}
    contents = _make_contents(folder, study, audience, tables)
    write_explorer(contents)
    shutil.copytree(SITE_ASSETS, folder / "assets", dirs_exist_ok=True)
    return contents


@pytest.fixture(scope="session")
def make_contents() -> MakeContents:
    """Write what the notebooks leave, with the tables given."""
    return _make_contents


@pytest.fixture(scope="session")
def estimated_steps() -> pd.DataFrame:
    """What stands in `adjustment-steps`, before its release."""
    return _estimated_steps()


@pytest.fixture(scope="session")
def internal(toy_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """A synthetic, internal report with its explorer."""
    return _explored(tmp_path_factory.mktemp("internal"), toy_study, Audience.INTERNAL)


@pytest.fixture(scope="session")
def public(toy_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """A report of real persons for everyone, with its explorer."""
    real = toy_study.model_copy(update={"synthetic": False})
    return _explored(tmp_path_factory.mktemp("public"), real, Audience.PUBLIC)


@pytest.fixture(scope="session")
def read_payload() -> ReadPayload:
    """Read the data of an explorer's page as its script does, each row with names."""
    return _read_payload


def _read_payload(contents: Contents, language: str) -> dict[str, Any]:
    assert language in LANGUAGES
    page = (contents.folder / "pages" / f"explorer.{language}.html").read_text("utf-8")
    script = BeautifulSoup(page, "html.parser").find(id="payload")
    assert script is not None
    payload: dict[str, Any] = json.loads(script.text)
    codes = [list(one["values"]) for one in payload["dimensions"]]
    names = [one["name"] for one in payload["dimensions"]]
    payload["named"] = []
    for values in payload["rows"]:
        row = dict(zip(payload["fields"], values, strict=True))
        chosen = {name: codes[i][row["at"][i]] for i, name in enumerate(names)}
        payload["named"].append({**row, **chosen})
    return payload
