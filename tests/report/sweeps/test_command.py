"""The command: what it refuses, and a sweep from its grid to its pack with real kernels."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest

from analysis import cli
from analysis.report.provenance.verify import verify

NOTEBOOK = "03_placement_gaps"
REFUSING = """
import sys
from analysis.cli import main

code = main(["sweep", "grid.yaml"])
print([name for name in ("pandas", "duckdb", "matplotlib") if name in sys.modules])
sys.exit(code)
"""


@pytest.fixture
def own(make_sweeps: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A repository with processed data, which is the working directory."""
    made = make_sweeps()
    monkeypatch.chdir(made.root)
    return made


def test_a_wrong_grid_is_refused_before_libraries_are_loaded(own: Any) -> None:
    (own.root / "grid.yaml").write_text("name: a\nproduct: {errors: [hc9], cohort: ['1999']}")
    done = subprocess.run(
        [sys.executable, "-c", REFUSING], capture_output=True, text=True, check=False, cwd=own.root
    )
    assert done.returncode == 2
    assert done.stdout.strip() == "[]"
    assert "run 1: errors:" in done.stderr
    assert "run 1: cohort: there is no '1999'" in done.stderr
    assert not (own.root / "outputs").exists()


def test_a_grid_that_is_not_there_is_refused(own: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["sweep", "nowhere.yaml"]) == 2
    assert "nowhere.yaml: can't be read" in capsys.readouterr().err


def test_an_audience_stands_in_one_place(own: Any, capsys: pytest.CaptureFixture[str]) -> None:
    Path("grid.yaml").write_text(
        f"name: a\nproduct: {{study: [{own.study}], audience: [internal]}}"
    )
    assert cli.main(["sweep", "grid.yaml", "--public"]) == 2
    assert "audience: given on the command line and in the grid" in capsys.readouterr().err


@pytest.mark.slow
def test_a_sweep_with_a_failure_is_published_and_gone_on_with(
    own: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path = own.root / "notebooks" / f"{NOTEBOOK}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    planted = 'if confidence == 0.8:\n    raise ValueError("planted")'
    notebook.cells.append(nbformat.v4.new_code_cell(planted))
    nbformat.write(notebook, path)
    confidences = "['0.8', '0.9', '0.95']"
    grid = f"name: real\nproduct: {{study: [{own.study}], confidence: {confidences}}}"
    Path("grid.yaml").write_text(grid)
    assert cli.main(["sweep", "grid.yaml", "--quiet", "--jobs", "2"]) == 1
    said = capsys.readouterr().out
    assert "3 runs, 0 of them done already" in said
    assert "run 1: failed: ValueError: planted" in said
    pack = own.root / "outputs" / "real"
    assert verify(pack).faults == verify(pack.with_name("real.zip")).faults == ()
    estimates = pd.read_csv(pack / "tables" / "sweep.csv", dtype={"confidence": str})
    assert set(estimates["confidence"]) == {"0.9", "0.95"}
    assert cli.main(["sweep", "grid.yaml", "--quiet"]) == 1
    assert "3 runs, 2 of them done already" in capsys.readouterr().out
    records = sorted(own.root.glob("outputs/runs/*/run.json"))
    last = json.loads(records[-1].read_text("utf-8"))
    assert [one["status"] for one in last["runs"]] == ["failed", "kept", "kept"]
    assert list(records[-1].parent.glob(f"{NOTEBOOK}-*.ipynb"))
