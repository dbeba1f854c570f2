"""The manifest of raw files: every difference is refused by the name of its file."""

import shutil
from pathlib import Path

import pytest

from analysis.errors import InputError
from analysis.ingest.raw import check_raw, raw_folder, read_manifest


@pytest.fixture
def root(tmp_path: Path, repository: Path) -> Path:
    """A copy of the repository's raw files."""
    shutil.copytree(raw_folder(repository), raw_folder(tmp_path))
    return tmp_path


def test_the_raw_files_of_the_repository_are_as_they_were(repository: Path) -> None:
    hashes = check_raw(repository)
    assert "published/2022/funnel.csv" in hashes
    assert set(map(len, hashes.values())) == {64}


def test_each_folder_has_an_origin_and_a_licence(repository: Path) -> None:
    manifest = read_manifest(raw_folder(repository))
    assert manifest
    for source in manifest.values():
        assert source.origin
        assert source.licence


def test_a_changed_file_is_refused(root: Path) -> None:
    path = raw_folder(root) / "published" / "2022" / "funnel.csv"
    path.write_text(path.read_text("utf-8").replace("37218", "37219"), "utf-8")
    with pytest.raises(InputError, match=r"published/2022/funnel\.csv: changed") as caught:
        check_raw(root)
    assert "categories.csv" not in str(caught.value)


def test_every_difference_is_named(root: Path) -> None:
    folder = raw_folder(root) / "published" / "2022"
    (folder / "funnel.csv").unlink()
    (folder / "funding.csv").write_text("")
    (folder / "rumours.csv").write_text("")
    with pytest.raises(InputError) as caught:
        check_raw(root)
    message = str(caught.value)
    assert "published/2022/funnel.csv: missing" in message
    assert "published/2022/funding.csv: changed" in message
    assert "published/2022/rumours.csv: not in the manifest" in message


def test_a_lost_manifest_is_no_way_around(root: Path) -> None:
    (raw_folder(root) / "MANIFEST").unlink()
    with pytest.raises(InputError, match=r"funnel\.csv: not in the manifest"):
        check_raw(root)


def test_a_repository_without_raw_files_has_nothing_to_check(tmp_path: Path) -> None:
    assert check_raw(tmp_path) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("published: 1", "published"),
        ("published: {origin: a, sha256: {}}", "published.licence"),
        ("published: {origin: a, licence: b, sha256: {}, more: c}", "published.more"),
        ("- published", "map names to values"),
    ],
)
def test_what_is_no_manifest_is_refused(root: Path, text: str, words: str) -> None:
    (raw_folder(root) / "MANIFEST").write_text(text)
    with pytest.raises(InputError, match=words):
        check_raw(root)
