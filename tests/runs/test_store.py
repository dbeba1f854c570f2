"""Results are kept whole or not at all, and for as long as something refers to them."""

import fcntl
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from analysis.errors import InputError
from analysis.runs.keys import Wanted
from analysis.runs.parameters import StudyParameters
from analysis.runs.store import PUBLISHING, RESULT_FILE, STAGED, Store

FILES = {"notebooks/a.ipynb": "{}", "figures/one.en.svg": "<svg/>", "tables/two.csv": "a\n1\n"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / ".store")


def wanted(key: str) -> Wanted:
    return Wanted(Path("root"), "a", StudyParameters(), {"code": ["1 + 1"]}, {"python": "3"}, key)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def publish(store: Store, key: str) -> Path:
    with store.staging() as staged:
        for name, text in FILES.items():
            path = staged / key / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        store.publish(wanted(key), staged / key)
    return store.results / key


def test_a_published_result_is_found_with_all_that_it_is_made_of(store: Store) -> None:
    place = publish(store, "k1")
    assert store.find("k1") == place
    assert {name: (place / name).read_text() for name in FILES} == FILES
    told = store.told("k1")
    assert (told["notebook"], told["made_of"]) == ("a", {"code": ["1 + 1"]})
    assert told["parameters"]["study"] == "openclassrooms"
    assert store.find("k2") is None


@pytest.mark.parametrize("name", [*FILES, RESULT_FILE])
@pytest.mark.parametrize("how", ["changed", "cut", "lost"])
def test_a_damaged_result_is_none_and_goes(store: Store, name: str, how: str) -> None:
    path = publish(store, "k1") / name
    if how == "lost":
        path.unlink()
    else:
        path.write_text("other" if how == "changed" else path.read_text()[:-1])
    found = store.find("k1")
    if name == RESULT_FILE and how == "cut":  # its last character is the line's end
        assert found is not None
        return
    assert found is None
    assert not (store.results / "k1").exists()


def test_a_file_too_many_is_damage(store: Store) -> None:
    (publish(store, "k1") / "figures" / "more.svg").write_text("")
    assert store.find("k1") is None


def test_a_result_without_its_last_file_is_half_written(store: Store) -> None:
    (store.results / "k1" / "figures").mkdir(parents=True)
    (store.results / "k1" / "figures" / "one.en.svg").write_text("<svg/>")
    assert store.find("k1") is None


def test_whoever_publishes_second_leaves_the_first(store: Store) -> None:
    place = publish(store, "k1")
    before = place.stat().st_ino
    publish(store, "k1")
    assert store.find("k1") == place
    assert place.stat().st_ino == before
    assert names(store.folder / STAGED) == []


def test_what_a_killed_run_left_goes_and_what_a_live_one_has_stays(store: Store) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from analysis.runs.store import Store\n"
        "with Store(Path(sys.argv[1])).staging() as staged:\n"
        "    (staged / 'half').write_text('')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(store.folder)], check=False)
    place = store.folder / STAGED
    assert len(names(place)) == 2
    with store.staging() as first:
        assert len(names(place)) == 2
        with store.staging() as second:
            assert first.is_dir()
            assert first != second
    assert names(place) == []


def test_results_of_standing_and_wanted_reports_stay_the_others_go(store: Store) -> None:
    for key in ("old", "new", "begun", "none"):
        publish(store, key)
    store.settle("report", {"a": "old"})
    assert store.find("none") is None
    for key in ("new", "begun"):
        publish(store, key)
    store.want("sweep", {"1": "begun", "2": "not yet"})
    store.want("report", {"a": "new"})
    store.settle("other", {})
    assert all(store.find(key) for key in ("old", "new", "begun"))
    store.settle("report", {"a": "new"})
    assert store.find("old") is None
    assert store.reference("report").standing == {"a": "new"}
    assert store.find("begun") is not None
    assert store.reference("sweep").standing == {}


def test_an_unreadable_reference_is_none(store: Store) -> None:
    store.settle("report", {"a": "k"})
    (store.folder / "references" / "report.json").write_text(json.dumps([1]))
    assert store.reference("report").standing == {}


def test_a_result_that_cannot_be_read_is_damaged(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, "k1")

    def refused(_: Path) -> dict[str, str]:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("analysis.runs.store.tree_hashes", refused)
        assert store.find("k1") is None


def test_looking_for_a_result_takes_away_none_that_is_published_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = store.told

    def meanwhile(key: str) -> dict[str, Any]:
        """Another process publishes between a look at the result and what follows from it."""
        before = told(key)
        if not before:
            publish(store, key)
        return before

    monkeypatch.setattr(store, "told", meanwhile)
    store.find("k1")
    monkeypatch.undo()
    assert store.find("k1") is not None


def test_a_result_that_cannot_be_kept_is_told(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(InputError, match="can't be kept: No space left on device"):
        publish(store, "k1")


def test_whoever_publishes_is_alone(store: Store) -> None:
    lock = store.folder / PUBLISHING
    with store.publishing():
        store.settle("report", {})  # which doesn't wait for the one whom it is part of
        with lock.open("w") as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with lock.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_results_that_another_start_of_the_same_report_removed_are_told(store: Store) -> None:
    publish(store, "first")
    store.want("report", {"a": "first"})
    store.require(["first"])
    store.settle("report", {"a": "second"})
    with pytest.raises(InputError, match="Repeat the command"):
        store.require(["first"])
