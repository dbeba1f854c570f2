"""What two checkouts must agree on, and in which words they are told to differ."""

from pathlib import Path
from typing import Any

import pytest

from analysis.errors import InputError
from analysis.runs.agreement import NAMES_TOLD, WORDS, basis, differences
from analysis.runs.keys import Snapshot
from analysis.runs.task import Task

NOTEBOOK = "03_placement_gaps"


def test_equal_bases_do_not_differ() -> None:
    assert (
        differences({"lock": "a", "modules": {"x": "1"}}, {"modules": {"x": "1"}, "lock": "a"})
        == []
    )


def test_what_differs_is_named_in_words() -> None:
    mine = {
        "code": ["a"],
        "lock": "1",
        "modules": {f"m{at}.py": "1" for at in range(8)},
        "versions": {"python": "3.11", "numpy": "2.1"},
        "inputs": {"rows.parquet": "1"},
    }
    theirs = {
        "code": ["b"],
        "lock": None,
        "modules": {f"m{at}.py": "2" for at in range(1, 8)},
        "versions": {"python": "3.11", "numpy": "2.2"},
        "inputs": {"rows.parquet": "1"},
    }
    assert differences(mine, theirs) == [
        "the code of the notebook",
        "the package (m0.py, m1.py, m2.py, m3.py, m4.py and 3 more)",
        "the lock file",
        "what is installed (numpy)",
    ]


@pytest.fixture
def checkout(tmp_path: Path) -> Any:
    """Make a checkout with the study file `own.yml` and a notebook, whose data are given."""

    def make(name: str) -> Path:
        root = tmp_path / name
        source = Path(__file__).parents[2]
        for file in (f"notebooks/{NOTEBOOK}.ipynb", "requirements.lock"):
            target = root / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((source / file).read_bytes())
        text = (source / "src/analysis/studies/oulad.yml").read_text("utf-8")
        (root / "own.yml").write_text(text.replace("name: oulad", "name: own"), "utf-8")
        return root

    return make


class Data:
    """A processed table, for all that a basis looks at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "own"


def test_a_task_has_the_same_basis_wherever_its_checkout_lies(
    checkout: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.ingest.open_processed", lambda _, folder: Data(folder))
    roots = [checkout("here"), checkout("there")]
    for root in roots:
        (root / "data/processed/own").mkdir(parents=True)
        (root / "data/processed/own/rows.parquet").write_bytes(b"rows")
    tasks = [Task(root, NOTEBOOK, {"study": "own.yml"}, root / "result") for root in roots]
    mine, theirs = (basis(task, Snapshot(task.root)) for task in tasks)
    assert differences(mine, theirs) == []
    assert mine == theirs
    assert mine.keys() == WORDS.keys()
    assert not any(str(root) in str(mine) for root in roots)

    (roots[1] / "data/processed/own/rows.parquet").write_bytes(b"others")
    text = (roots[1] / "own.yml").read_text("utf-8")
    (roots[1] / "own.yml").write_text(text.replace("title:", "title :", 1) + "\n# told\n", "utf-8")
    theirs = basis(tasks[1], Snapshot(roots[1]))
    assert differences(mine, theirs)[-1] == "the processed table (rows.parquet)"


def test_missing_data_are_told(checkout: Any) -> None:
    root = checkout("here")
    task = Task(root, NOTEBOOK, {"study": "own.yml"}, root / "result")
    with pytest.raises(InputError, match="own"):
        basis(task, Snapshot(root))


def test_every_part_of_a_basis_has_words(make_task: Any) -> None:
    task = make_task("plain", "print(1)")
    found = basis(task, Snapshot(task.root))
    assert found.keys() <= WORDS.keys()
    assert len(found["modules"]) > NAMES_TOLD  # type: ignore[arg-type]
