"""The archive: the same bytes for the same files, and nothing of the machine in it."""

import os
import shutil
import zipfile
from pathlib import Path

import pytest

from analysis.errors import InputError
from analysis.files import sha256, tree_hashes
from analysis.report.provenance.archive import write_archive
from analysis.runs.provenance import SOURCE_DATE


@pytest.fixture(autouse=True)
def _no_source_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SOURCE_DATE, raising=False)


def test_it_depends_on_content_alone(pack: Path, tmp_path: Path) -> None:
    first = write_archive(pack, tmp_path / "one" / "name.zip")
    copy = tmp_path / "copy"
    for path in sorted(pack.rglob("*"), reverse=True):  # another order on disk
        if path.is_file():
            (copy / path.relative_to(pack)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy / path.relative_to(pack))
    for path in copy.rglob("*.svg"):
        os.utime(path, (0, 0))
        path.chmod(0o600)
    second = write_archive(copy, tmp_path / "two" / "name.zip")
    assert first.read_bytes() == second.read_bytes()


def test_it_holds_the_pack_in_one_folder(pack: Path, archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        members = opened.infolist()
        assert opened.testzip() is None
        opened.extractall(tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["openclassrooms"]
    assert tree_hashes(tmp_path / "out" / "openclassrooms") == tree_hashes(pack)
    names = [member.filename for member in members]
    assert names == sorted(names)
    assert {member.date_time for member in members} == {(1980, 1, 1, 0, 0, 0)}
    assert {member.external_attr >> 16 for member in members} == {0o100644}
    ways = {Path(member.filename).suffix: member.compress_type for member in members}
    assert ways[".png"] == zipfile.ZIP_STORED
    assert ways[".svg"] == zipfile.ZIP_DEFLATED


def test_the_checksum_is_one_that_sha256sum_reads(archive: Path) -> None:
    text = archive.with_name("openclassrooms.zip.sha256").read_text()
    assert text == f"{sha256(archive)}  openclassrooms.zip\n"
    assert sorted(path.name for path in archive.parent.iterdir()) == [
        "openclassrooms.zip",
        "openclassrooms.zip.sha256",
    ]


def test_the_time_is_the_one_asked_for(
    pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def times(seconds: str) -> set[tuple[int, ...]]:
        monkeypatch.setenv(SOURCE_DATE, seconds)
        with zipfile.ZipFile(write_archive(pack, tmp_path / "name.zip")) as opened:
            return {member.date_time for member in opened.infolist()}

    assert times("1700000000") == {(2023, 11, 14, 22, 13, 20)}
    assert times("0") == {(1980, 1, 1, 0, 0, 0)}  # zip knows no earlier time
    with pytest.raises(InputError, match="whole number of seconds since 1970, not 'soon'"):
        times("soon")


def test_a_failure_leaves_the_archive_before(
    pack: Path, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = archive.read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", fail)
    with pytest.raises(OSError, match="disk full"):
        write_archive(pack, archive)
    assert archive.read_bytes() == before
    assert [path.name for path in archive.parent.glob("*.zip*")] == ["openclassrooms.zip"]
