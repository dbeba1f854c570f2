"""Content keys and dates: what changes them, and what must not."""

import datetime
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from analysis.errors import InputError
from analysis.ingest import Processed
from analysis.runs import keys
from analysis.runs.keys import run_key
from analysis.runs.parameters import StudyParameters, check_parameters
from analysis.runs.provenance import (
    EARLIEST,
    SOURCE_DATE,
    code_version,
    environment,
    source_date,
    source_epoch,
    write_record,
)

NOTEBOOK = "03_placement_gaps"
CODE = "from analysis.figures import forest\nfrom analysis.estimate.gaps import gap"
COMMITTED = "2024-05-06T07:08:09+00:00"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a notebook, raw files, a lock file and modules of its own."""
    root = tmp_path / "repository"
    cells = [
        nbformat.v4.new_markdown_cell("What are the gaps?", id="prose"),
        nbformat.v4.new_code_cell(CODE, id="code"),
    ]
    for path, text in {
        f"notebooks/{NOTEBOOK}.ipynb": nbformat.writes(nbformat.v4.new_notebook(cells=cells)),
        "data/raw/published/2022/rates.csv": "rate\n40\n",
        "data/processed/rows.parquet": "rows",
        "requirements.lock": "numpy==2.4.0\n",
        "src/analysis/__init__.py": "",
        "src/analysis/runs/keys.py": "",
        "src/analysis/runs/execute.py": "import analysis.errors\n",
        "src/analysis/errors.py": "",
        "src/analysis/figures/__init__.py": "",
        "src/analysis/figures/forest.py": "def chart():\n    from analysis.ingest import read\n",
        "src/analysis/figures/funnel.py": "",
        "src/analysis/ingest/__init__.py": "",
        "src/analysis/ingest/read.py": "",
        "src/analysis/estimate/gaps.py": "def gap(): ...\n",
        "src/analysis/figures/messages.yml": "title: gaps\n",
        "src/analysis/ingest/cohort.sql": "SELECT 1\n",
        "src/analysis/figures/page.css": "body {}\n",
        "src/analysis/report/site/pages.py": "",
        "src/analysis/cli.py": "",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    monkeypatch.setattr(keys, "__file__", str(root / "src/analysis/runs/keys.py"))
    return root


@pytest.fixture
def data(root: Path) -> Processed:
    """The processed table of that repository."""
    return Processed(root / "data" / "processed", {})


def _asked(**parameters: object) -> StudyParameters:
    return check_parameters(NOTEBOOK, {"study": "openclassrooms", **parameters})


def _cell(root: Path, kind: str, source: str) -> None:
    path = root / "notebooks" / f"{NOTEBOOK}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    (cell,) = (cell for cell in notebook.cells if cell.cell_type == kind)
    cell.source = source
    nbformat.write(notebook, path)


def _write(path: str, text: str = "changed\n") -> Callable[[Path], object]:
    return lambda root: (root / path).write_text(text)


def _commit(root: Path) -> None:
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "All"]):
        variables = {"GIT_COMMITTER_DATE": COMMITTED, "HOME": str(root.parent)}
        subprocess.run(["git", *words], cwd=root, check=True, env=variables)


def _outputs(root: Path) -> None:
    """Leave what an analyst's own run of the notebook leaves."""
    path = root / "notebooks" / f"{NOTEBOOK}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].execution_count = 7
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="done")]
    nbformat.write(notebook, path)


CHANGES = {
    "code of the notebook": lambda root: _cell(root, "code", f"{CODE}\ngap(2)"),
    "a module": _write("src/analysis/estimate/gaps.py"),
    "a module of a module": _write("src/analysis/ingest/read.py"),
    "a package": _write("src/analysis/figures/__init__.py"),
    "what executes notebooks": _write("src/analysis/errors.py"),
    "a message": _write("src/analysis/figures/messages.yml"),
    "SQL": _write("src/analysis/ingest/cohort.sql"),
    "the data": _write("data/processed/rows.parquet"),
    "the log of the data": _write("data/processed/log.json"),
    "published figures": _write("data/raw/published/2022/rates.csv"),
    "versions of packages": _write("requirements.lock"),
}
KEPT = {
    "prose": lambda root: _cell(root, "markdown", "How large are the gaps?"),
    "outputs of the notebook": _outputs,
    "a commit": _commit,
    "a style sheet": _write("src/analysis/figures/page.css"),
    "a module that it doesn't import": _write("src/analysis/figures/funnel.py"),
    "a new module": _write("src/analysis/estimate/new.py"),
    "a module that makes pages": _write("src/analysis/report/site/pages.py"),
    "the command line": _write("src/analysis/cli.py"),
    "another notebook": _write("notebooks/04_gap_drivers.ipynb"),
    "a time": lambda root: [os.utime(path, (0, 0)) for path in root.rglob("*")],
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_key_changes_with(root: Path, data: Processed, change: str) -> None:
    before = run_key(root, NOTEBOOK, _asked(), data)
    CHANGES[change](root)
    assert run_key(root, NOTEBOOK, _asked(), data) != before


@pytest.mark.parametrize("change", KEPT)
def test_the_key_does_not_change_with(root: Path, data: Processed, change: str) -> None:
    before = run_key(root, NOTEBOOK, _asked(), data)
    KEPT[change](root)
    assert run_key(root, NOTEBOOK, _asked(), data) == before


def test_every_parameter_counts_but_the_language(root: Path, data: Processed) -> None:
    def key(**parameters: object) -> str:
        return run_key(root, NOTEBOOK, _asked(**parameters), data)

    keys = [
        key(),
        key(confidence=0.9),
        key(cohort="all"),
        key(audience="public"),
        key(contrasts=["any"]),
        key(study="openclassrooms+zrr"),
    ]
    assert len(set(keys)) == len(keys)
    assert key(language="fr") == keys[0]


def test_the_place_of_a_study_file_does_not_count(
    root: Path, data: Processed, tmp_path: Path, toy_study_text: str
) -> None:
    def key(place: str, text: str) -> str:
        path = tmp_path / place / "bootcamp.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return run_key(root, NOTEBOOK, _asked(study=str(path)), data)

    first = key("one", toy_study_text)
    assert key("two", toy_study_text) == first
    assert key("three", f"# A comment.\n{toy_study_text}") == first
    assert key("four", toy_study_text.replace("[25, 35, 45]", "[25, 35, 50]")) != first


def test_published_figures_count_only_where_they_are_read(
    root: Path, data: Processed, toy_study_file: Path
) -> None:
    asked = _asked(study=str(toy_study_file))
    before = run_key(root, NOTEBOOK, asked, data)
    CHANGES["published figures"](root)
    assert run_key(root, NOTEBOOK, asked, data) == before


def test_the_commit_and_what_differs_from_it(root: Path) -> None:
    assert code_version(root) == {"commit": None, "dirty": None}
    _commit(root)
    version = code_version(root)
    assert len(str(version["commit"])) == 40
    assert version["dirty"] is False
    (root / "requirements.lock").write_text("numpy==2.4.1\n")
    assert code_version(root) == {**version, "dirty": True}


def test_the_environment_names_versions_and_the_lock(root: Path) -> None:
    told = environment(root)
    packages = told["packages"]
    assert isinstance(packages, dict)
    assert {"numpy", "pandas", "rocrate"} <= set(packages)
    assert len(str(told["lock_sha256"])) == 64
    (root / "requirements.lock").unlink()
    assert environment(root)["lock_sha256"] is None


def test_the_date_is_the_one_asked_for_or_the_commits(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SOURCE_DATE, raising=False)
    assert source_epoch() is None
    assert source_date(root) == EARLIEST
    _commit(root)
    assert source_date(root) == datetime.datetime.fromisoformat(COMMITTED)
    monkeypatch.setenv(SOURCE_DATE, "0")
    assert source_epoch() == 0
    assert source_date(root) == datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


@pytest.mark.parametrize("value", ["soon", "1.5", "9" * 30])
def test_a_date_that_is_none_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SOURCE_DATE, value)
    with pytest.raises(InputError, match=SOURCE_DATE):
        source_epoch()


def test_records_are_written_the_same_way(tmp_path: Path) -> None:
    path = write_record(tmp_path, {"b": 1, "a": "é"})
    assert path.read_text("utf-8") == '{\n  "a": "é",\n  "b": 1\n}\n'
    assert json.loads(path.read_text("utf-8")) == {"a": "é", "b": 1}
