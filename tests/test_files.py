"""Files are whole or as they were, whatever happens while they are written."""

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.files import (
    BLOCK_BYTES,
    canonical_json,
    project_root,
    read_yaml,
    sha256,
    staged_file,
    staged_folder,
    tree_hashes,
    write_text,
)

# Fills a staged folder half, says so, and waits to be killed.
INTERRUPTED_WRITER = """
import sys, time
from pathlib import Path
from analysis.files import staged_folder

with staged_folder(Path(sys.argv[1])) as staged:
    (staged / "half.txt").write_text("new")
    print("half", flush=True)
    time.sleep(600)
"""


class _StopError(Exception):
    pass


def _fill(target: Path, **texts: str) -> None:
    with staged_folder(target) as staged:
        for name, text in texts.items():
            (staged / name).write_text(text, encoding="utf-8")


def _content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def _versions(target: Path) -> list[Path]:
    return [path for path in (target.parent / ".versions").iterdir() if path.is_dir()]


@pytest.fixture
def interrupted(tmp_path: Path) -> Iterator[tuple[Path, "subprocess.Popen[str]"]]:
    """Give a published folder that another process is about to replace."""
    target = tmp_path / "pack"
    _fill(target, whole="old")
    command = [sys.executable, "-c", INTERRUPTED_WRITER, str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "half\n"
        yield target, writer
        writer.kill()


@pytest.mark.parametrize("size", [0, 1, BLOCK_BYTES, BLOCK_BYTES + 1])
def test_sha256_is_that_of_all_bytes(tmp_path: Path, size: int) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(b"\x00\xe9" * size)
    assert sha256(path) == hashlib.sha256(b"\x00\xe9" * size).hexdigest()


def test_tree_hashes_name_every_file_in_order(tmp_path: Path) -> None:
    (tmp_path / "b" / "deep").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    for name in ("b/deep/z", "b/a", "a.txt"):
        (tmp_path / name).write_text(name)
    hashes = tree_hashes(tmp_path)
    assert list(hashes) == ["a.txt", "b/a", "b/deep/z"]
    assert hashes["b/a"] == hashlib.sha256(b"b/a").hexdigest()
    (tmp_path / "b" / "a").write_text("other")
    assert {name for name, one in tree_hashes(tmp_path).items() if one != hashes[name]} == {"b/a"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(content=st.dictionaries(st.text(), JSON))
def test_canonical_json_depends_on_content_alone(content: dict[str, object]) -> None:
    text = canonical_json(content)
    assert text == canonical_json(dict(reversed(content.items())))
    assert json.loads(text) == content
    assert text.endswith("\n")


def test_canonical_json_keeps_accents_readable() -> None:
    assert canonical_json({"b": "é", "a": [1]}) == '{\n  "a": [\n    1\n  ],\n  "b": "é"\n}\n'


TRAPS = "no yes on off y N 007 0o17 0x1f 1e3 1_000 .5 20-10 10-20 2021-01-01 1:30 1.10 = <<"


@pytest.mark.parametrize("text", TRAPS.split())
def test_a_plain_scalar_stays_text(tmp_path: Path, text: str) -> None:
    path = tmp_path / "traps.yml"
    path.write_text(f"alone: {text}\nlisted: [{text}, x]\n{text}: key\n", encoding="utf-8")
    expected = {"alone": text, "listed": [text, "x"], text: "key"}
    assert read_yaml(path) == expected


@pytest.mark.parametrize("text", ["null", "~", "", "Null"])
def test_null_is_null(tmp_path: Path, text: str) -> None:
    path = tmp_path / "null.yml"
    path.write_text(f"name: {text}\nquoted: 'null'\n", encoding="utf-8")
    assert read_yaml(path) == {"name": None, "quoted": "null"}


@pytest.mark.parametrize("text", ["", "\n", "# nothing but a comment\n", "null\n"])
def test_an_empty_yaml_file_holds_no_names(tmp_path: Path, text: str) -> None:
    path = tmp_path / "empty.yml"
    path.write_text(text, encoding="utf-8")
    assert read_yaml(path) == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: [1, 2", "not readable as YAML"),
        (b"a:\n\tb: c", "not readable as YAML"),
        (b"a: caf\xe9", "not readable as YAML"),
        (b"a: !!python/object/apply:os.getcwd []", "not readable as YAML"),
        (b"- a\n- b\n", "must map names to values"),
        (b"just a text\n", "must map names to values"),
    ],
)
def test_what_is_no_mapping_of_names_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "wrong.yml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read_yaml(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "text", ["study: a\ncohort: x\nstudy: b\n", "adjusters:\n  study: a\n  study: b\n"]
)
def test_a_name_that_stands_twice_is_refused(tmp_path: Path, text: str) -> None:
    """YAML forbids it; a loader that takes the last drops what the first said without a word."""
    path = tmp_path / "twice.yml"
    path.write_text(text)
    with pytest.raises(InputError, match="study") as caught:
        read_yaml(path)
    assert str(path) in str(caught.value)


def test_yaml_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.yml", tmp_path):
        with pytest.raises(InputError, match="can't be read") as caught:
            read_yaml(path)
        assert str(path) in str(caught.value)


def test_the_repository_is_found_from_below(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    (root / "notebooks" / "deep").mkdir(parents=True)
    (root / "pyproject.toml").touch()
    assert project_root(root / "notebooks" / "deep") == root
    assert project_root(root) == root
    with pytest.raises(InputError, match="not inside the placement-gaps repository"):
        project_root(tmp_path)


def test_a_staged_file_replaces_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "new folder" / "table.csv"
    for text in ("old", "new"):
        with staged_file(target) as staged:
            assert staged.suffix == ".csv"
            staged.write_text(text)
        assert target.read_text() == text
    assert [path.name for path in target.parent.iterdir()] == ["table.csv"]
    assert target.stat().st_mode & 0o777 == 0o644


def _fail_half_way(target: Path) -> None:
    with staged_file(target) as staged:
        staged.write_text("half")
        raise _StopError


def test_a_staged_file_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    write_text(target, "été\n")
    with pytest.raises(_StopError):
        _fail_half_way(target)
    assert target.read_bytes() == "été\n".encode()
    assert list(tmp_path.iterdir()) == [target]


def test_a_staged_folder_is_published_whole(tmp_path: Path) -> None:
    target = tmp_path / "outputs" / "pack"
    with staged_folder(target) as staged:
        (staged / "a").write_text("1")
        assert not target.exists()
    assert _content(target) == {"a": "1"}
    _fill(target, b="2")
    assert _content(target) == {"b": "2"}
    assert len(_versions(target)) == 1


def test_two_folders_side_by_side_are_kept_apart(tmp_path: Path) -> None:
    _fill(tmp_path / "pack", a="1")
    _fill(tmp_path / "pack-2022", a="2")
    _fill(tmp_path / "pack", a="3")
    assert _content(tmp_path / "pack") == {"a": "3"}
    assert _content(tmp_path / "pack-2022") == {"a": "2"}


def _stop_half_way(target: Path) -> None:
    with staged_folder(target) as staged:
        (staged / "half").write_text("new")
        raise _StopError


def test_a_staged_folder_that_fails_keeps_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "pack"
    with pytest.raises(_StopError):
        _stop_half_way(target)
    assert not target.exists()
    _fill(target, whole="old")
    with pytest.raises(_StopError):
        _stop_half_way(target)
    assert _content(target) == {"whole": "old"}
    assert len(_versions(target)) == 1


def test_leftovers_of_a_killed_process_are_removed_by_the_next(tmp_path: Path) -> None:
    target = tmp_path / "pack"
    _fill(target, whole="old")
    leftover = tmp_path / ".versions" / "pack@leftover"
    leftover.mkdir()
    (leftover / "half").touch()
    (tmp_path / ".versions" / "pack.link").symlink_to("nowhere")
    with staged_folder(target) as staged:
        assert not leftover.exists()  # before more room is needed, and also if this run fails
        assert _content(target) == {"whole": "old"}
        (staged / "whole").write_text("new")
    assert _content(target) == {"whole": "new"}
    assert len(_versions(target)) == 1


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "pack"
    with staged_folder(target) as staged:
        with pytest.raises(InputError, match="Another run is writing") as caught:
            _fill(target, whole="second")
        assert str(target) in str(caught.value)
        (staged / "whole").write_text("first")
    assert _content(target) == {"whole": "first"}
    _fill(target, whole="third")
    assert _content(target) == {"whole": "third"}


def test_a_writer_in_another_process_is_waited_for(
    interrupted: tuple[Path, "subprocess.Popen[str]"],
) -> None:
    target, _ = interrupted
    with pytest.raises(InputError, match="Another run is writing"):
        _fill(target, whole="second")
    assert _content(target) == {"whole": "old"}


def test_a_killed_writer_leaves_the_old_content_whole(
    interrupted: tuple[Path, "subprocess.Popen[str]"],
) -> None:
    target, writer = interrupted
    assert len(_versions(target)) == 2
    writer.send_signal(signal.SIGKILL)
    assert writer.wait() == -signal.SIGKILL
    assert _content(target) == {"whole": "old"}
    _fill(target, whole="new")
    assert _content(target) == {"whole": "new"}
    assert len(_versions(target)) == 1


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_stands_in_the_place_of_a_folder_is_not_touched(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "pack"
    if kind == "folder":
        target.mkdir()
        (target / "mine").write_text("precious")
    else:
        target.write_text("precious")
    with pytest.raises(InputError, match="move it away"):
        _fill(target, whole="new")
    assert "precious" in (_content(target).values() if kind == "folder" else [target.read_text()])


def test_a_published_folder_may_be_moved_with_its_repository(tmp_path: Path) -> None:
    _fill(tmp_path / "here" / "pack", whole="old")
    shutil.move(tmp_path / "here", tmp_path / "there")
    target = tmp_path / "there" / "pack"
    assert _content(target) == {"whole": "old"}
    _fill(target, whole="new")
    assert _content(target) == {"whole": "new"}
    assert len(_versions(target)) == 1


def test_a_relative_place_is_published_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = tempfile.mkdtemp
    # As Python 3.12 and later do, whatever Python runs this.
    monkeypatch.setattr(tempfile, "mkdtemp", lambda **given: str(Path(make(**given)).absolute()))
    monkeypatch.chdir(tmp_path)
    for text in ("old", "new"):
        _fill(Path("outputs/pack"), whole=text)
        assert _content(tmp_path / "outputs" / "pack") == {"whole": text}
