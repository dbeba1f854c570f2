"""Only what changed is run; whatever was done before a stop is kept."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from analysis.runs.keys import Wanted
from analysis.runs.parameters import StudyParameters
from analysis.runs.renew import CHANGED, renew
from analysis.runs.store import Store
from analysis.runs.task import Ended, Finished, Task


class Executor:
    """Writes a figure for each task, or fails, or is stopped, as told by the notebook's name."""

    def __init__(self, run: str = "") -> None:
        self.run = run
        self.asked: list[str] = []

    def __call__(self, tasks: Sequence[Task], finished: Finished) -> list[Ended]:
        ended = []
        for task in tasks:
            self.asked.append(task.notebook)
            if task.notebook == "stop":
                raise KeyboardInterrupt
            task.executed.parent.mkdir(parents=True)
            task.executed.write_text("{}")
            figures = task.result / "figures"
            figures.mkdir()
            (figures / "a.en.json").write_text(json.dumps({"run": self.run or RUN}))
            one = Ended(task.notebook, "failed" if task.notebook == "bad" else "done", 1.0, "why")
            ended.append(one)
            finished(task, one)
        return ended


def wanted(notebook: str, key: str) -> Wanted:
    return Wanted(Path("root"), notebook, StudyParameters(), {"code": []}, {}, key)


RUN = wanted("any", "key").run


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / ".store")


def statuses(ended: Sequence[Ended]) -> list[tuple[str, str]]:
    return [(one.notebook, one.status) for one in ended]


def test_what_stands_is_kept_and_the_rest_is_run_in_order(store: Store, tmp_path: Path) -> None:
    first, second = Executor(), Executor()
    renew([wanted("b", "kb")], store, first, tmp_path)
    ended = renew([wanted(n, f"k{n}") for n in "abc"], store, second, tmp_path)
    assert statuses(ended) == [("a", "done"), ("b", "kept"), ("c", "done")]
    assert second.asked == ["a", "c"]
    assert all(store.find(f"k{name}") for name in "abc")
    nothing = Executor()
    assert {one.status for one in renew([wanted("a", "ka")], store, nothing, tmp_path)} == {"kept"}
    assert nothing.asked == []


def test_equal_runs_are_executed_once(store: Store, tmp_path: Path) -> None:
    executor = Executor()
    ended = renew([wanted("a", "k"), wanted("a", "k")], store, executor, tmp_path)
    assert executor.asked == ["a"]
    assert statuses(ended) == [("a", "done"), ("a", "done")]


def test_a_damaged_result_is_made_again(store: Store, tmp_path: Path) -> None:
    renew([wanted("a", "ka")], store, Executor(), tmp_path)
    (store.results / "ka" / "figures" / "a.en.json").write_text("{")
    again = Executor()
    assert statuses(renew([wanted("a", "ka")], store, again, tmp_path)) == [("a", "done")]
    assert again.asked == ["a"]


def test_a_failure_is_kept_aside_and_is_no_result(store: Store, tmp_path: Path) -> None:
    aside = tmp_path / "aside"
    ended = renew([wanted("bad", "k" * 64), wanted("a", "ka")], store, Executor(), aside)
    assert statuses(ended) == [("bad", "failed"), ("a", "done")]
    assert [path.name for path in aside.iterdir()] == ["bad-kkkkkkkk.ipynb"]
    assert store.find("k" * 64) is None
    assert store.find("ka") is not None


def test_what_was_done_before_a_stop_is_kept(store: Store, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        renew([wanted("a", "ka"), wanted("stop", "ks")], store, Executor(), tmp_path)
    assert store.find("ka") is not None
    assert list((store.folder / "staged").iterdir()) == []


def test_results_of_other_code_than_was_asked_for_are_refused(store: Store, tmp_path: Path) -> None:
    (ended,) = renew([wanted("a", "ka")], store, Executor(run="of another code"), tmp_path)
    assert (ended.status, ended.error) == ("failed", CHANGED)
    assert store.find("ka") is None
