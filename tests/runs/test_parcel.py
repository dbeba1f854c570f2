"""Folders of results as bytes: the same for the same files, and never out of their place."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from analysis.errors import InputError
from analysis.files import tree_hashes
from analysis.runs.parcel import pack_folder, unpack_folder


def filled(folder: Path) -> Path:
    for name, content in (("b/x.txt", b"one"), ("a.bin", bytes(range(256))), ("b/é.svg", b"")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_a_folder_comes_back_as_it_was(tmp_path: Path) -> None:
    there = filled(tmp_path / "there")
    here = tmp_path / "here"
    here.mkdir()
    (here / "own.txt").write_text("stays")
    unpack_folder(pack_folder(there), here)
    assert tree_hashes(here).items() > tree_hashes(there).items()
    assert (here / "own.txt").read_text() == "stays"
    assert not list(here.rglob(".staged-*"))


def test_the_bytes_depend_on_the_files_alone(tmp_path: Path) -> None:
    first, second = filled(tmp_path / "first"), filled(tmp_path / "second")
    for path in second.rglob("*"):
        os.utime(path, (10**9, 10**9))
        path.chmod(0o700)
    assert pack_folder(first) == pack_folder(second)


def test_a_missing_folder_has_no_files(tmp_path: Path) -> None:
    unpack_folder(pack_folder(tmp_path / "none"), tmp_path / "here")
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize("name", ["../out.txt", "/out.txt", "a/../../out.txt", "link/out.txt", "."])
def test_a_name_that_leads_out_is_refused_and_nothing_written(tmp_path: Path, name: str) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "link").symlink_to(tmp_path)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("good.txt", "good")
        archive.writestr(name, "bad")
    with pytest.raises(InputError, match="name a file outside of it"):
        unpack_folder(stream.getvalue(), here)
    assert [path.name for path in here.iterdir()] == ["link"]
    assert not (tmp_path / "out.txt").exists()


@pytest.mark.parametrize("damage", [lambda whole: whole[: len(whole) // 2], lambda _: b""])
def test_a_damaged_archive_is_refused(tmp_path: Path, damage: object) -> None:
    assert callable(damage)
    content = damage(pack_folder(filled(tmp_path / "there")))
    with pytest.raises(InputError, match="arrived damaged"):
        unpack_folder(content, tmp_path / "here")
    assert not (tmp_path / "here").exists()


def test_no_byte_that_is_wrong_raises_anything_else(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (there / "x.txt").write_text("a text that can be compressed, " * 20)
    whole = pack_folder(there)
    refused = 0
    for at in range(len(whole)):
        damaged = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        try:
            unpack_folder(damaged, tmp_path / "here")
        except InputError:
            refused += 1
    assert refused > len(whole) // 3
