"""Which runs of a grid are measured, and what is told of them."""

from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.measure import ROOT
from benchmarks.notebooks import GRID, MODULE, NOTEBOOK, Spent, Told, chosen_runs


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    path = tmp_path / "grid.yaml"
    path.write_text(
        "name: a\nproduct:\n  study: [openclassrooms]\n  cohort: ['2021', '2022']\n"
        "  outcomes: [[oriented], [graduated]]\n  confidence: [0.9, 0.95, 0.99]\n"
    )
    return path


def test_runs_are_spread_evenly_over_the_grid(grid: Path) -> None:
    every = chosen_runs(grid, 100)
    assert len(every) == 12
    assert chosen_runs(grid, 4) == every[::3]
    assert every[0] == {
        "study": "openclassrooms",
        "cohort": "2021",
        "outcomes": ["oriented"],
        "confidence": 0.9,
    }


def test_the_module_that_is_edited_and_the_notebook_are_there() -> None:
    assert (ROOT / MODULE).is_file()
    assert (ROOT / "notebooks" / f"{NOTEBOOK}.ipynb").is_file()
    assert len(chosen_runs(ROOT / GRID, 12)) == 12


def test_ratios_stand_beside_what_they_are_of() -> None:
    told = Told()
    told.tell("plain loop", Spent(60.0, 70.0) + Spent(30.0, 20.0))
    told.tell("sweep", Spent(30.0, 45.0), "3.0 times the throughput")
    assert told.table().splitlines()[2:] == [
        "| plain loop | 90.0 | 90.0 |  |",
        "| sweep | 30.0 | 45.0 | 3.0 times the throughput |",
    ]


def test_a_part_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["growht"])
    assert "there are: growth, rows, contract, reports, sweep" in capsys.readouterr().err
