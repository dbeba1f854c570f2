"""Executed notebooks, run again by nbval: every output must come out as it stands."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from analysis.report.build import Report

NOTEBOOK = "03_placement_gaps.ipynb"


def rerun(notebook: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", "-c"]
    return subprocess.run(
        [*command, "/dev/null", "--rootdir", str(notebook.parent), str(notebook)],
        capture_output=True,
        text=True,
        cwd=notebook.parent,
    )


@pytest.fixture
def executed(toy_report: Report, tmp_path: Path) -> Path:
    """The executed notebook in a repository whose data it can read."""
    root = toy_report.folder.parents[1]
    for name in ("data", "notebooks"):
        shutil.copytree(root / name, tmp_path / name, symlinks=True)
    shutil.copy(root / "pyproject.toml", tmp_path)
    target = tmp_path / "notebooks" / NOTEBOOK
    shutil.copy(toy_report.folder / "notebooks" / NOTEBOOK, target)
    return target


def test_an_executed_notebook_comes_out_the_same(executed: Path) -> None:
    outcome = rerun(executed)
    assert outcome.returncode == 0, outcome.stdout[-3000:]
    cells = nbformat.read(executed, as_version=4).cells
    assert f"{sum(cell.cell_type == 'code' for cell in cells)} passed" in outcome.stdout


def test_results_that_moved_are_noticed(executed: Path) -> None:
    """A number of a table, a word of the summary, and the data of a figure."""
    notebook = nbformat.read(executed, as_version=4)
    for kind, seen in (
        ("text/html", "text/html"),
        ("text/markdown", "text/markdown"),
        ("image/png", "text/plain"),
    ):
        output = next(
            output
            for cell in notebook.cells
            for output in cell.get("outputs", [])
            if kind in output.get("data", {}) and "1" in output.data[seen]
        )
        output.data[seen] = output.data[seen].replace("1", "2")
    nbformat.write(notebook, executed)
    outcome = rerun(executed)
    assert outcome.returncode == 1, outcome.stdout[-3000:]
    assert "3 failed" in outcome.stdout
