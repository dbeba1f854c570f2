"""Verify on archives: what only a zip can hide is found and named."""

import os
import random
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.report.provenance.layout import checksum_file
from analysis.report.provenance.verify import verify

Change = Callable[[Path], None]
PAGE = "pages/03_placement_gaps.en.html"


def _member(name: str, content: bytes = b"x", mode: int = 0) -> Change:
    """Add a member to an archive."""

    def change(path: Path) -> None:
        member = zipfile.ZipInfo(name)
        member.external_attr = mode << 16
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(member, content)

    return change


def _comment(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"hello"


def _damage(path: Path) -> None:
    """Change one byte in the middle of a member's compressed bytes."""
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo(f"{path.stem}/{PAGE}")
    content = bytearray(path.read_bytes())
    content[member.header_offset + 30 + len(member.filename) + 9] ^= 0xFF
    path.write_bytes(content)


def _encrypt(path: Path) -> None:
    """Say of a member that it is encrypted, in the archive's directory."""
    content = path.read_bytes()
    place = content.rindex(f"{path.stem}/{PAGE}".encode()) - 46
    path.write_bytes(content[: place + 8] + b"\x01" + content[place + 9 :])


ARCHIVE: dict[str, tuple[Change, str]] = {
    "a member added": (_member("openclassrooms/notes.txt"), "added: notes.txt"),
    "a member twice": (
        _member(f"openclassrooms/{PAGE}"),
        f"added: openclassrooms/{PAGE} (is in the archive 2 times)",
    ),
    "a member beside the pack": (_member("notes.txt"), "added: notes.txt (beside the pack)"),
    "a name that climbs": (
        _member("openclassrooms/../../x"),
        "added: openclassrooms/../../x (its name leads out of the pack)",
    ),
    "an absolute name": (_member("/etc/x"), "added: /etc/x (its name leads out of the pack)"),
    "a name with a drive": (_member("C:x"), "added: C:x (its name leads out of the pack)"),
    "a link": (
        _member("openclassrooms/x", b"/etc/passwd", stat.S_IFLNK | 0o777),
        "link: openclassrooms/x",
    ),
    "a folder's own entry": (_member("openclassrooms/new/"), "added: openclassrooms/new/"),
    "a comment": (_comment, "added: openclassrooms.zip (a comment on the archive)"),
    "bytes before": (
        lambda path: path.write_bytes(b"#!/bin/sh\n" + path.read_bytes()),
        "added: openclassrooms.zip (bytes before the first member)",
    ),
    "a member damaged": (_damage, f"changed: {PAGE} (it can't be read: "),
    "a member encrypted": (_encrypt, f"added: openclassrooms/{PAGE} (is encrypted)"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", ARCHIVE)
def test_tampering_with_the_archive_is_named(archive: Path, kind: str) -> None:
    checksum_file(archive).unlink()
    assert not verify(archive).faults
    change, line = ARCHIVE[kind]
    change(archive)
    lines = list(verify(archive).lines(archive.name))
    assert any(one.startswith(line) for one in lines), lines


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(path.read_bytes() + b"more"),
        lambda path: os.truncate(path, 5000),
        lambda path: path.write_bytes(b""),
    ],
    ids=["bytes appended", "cut short", "emptied"],
)
def test_the_checksum_beside_an_archive_seals_it(archive: Path, change: Change) -> None:
    change(archive)
    lines = list(verify(archive).lines(archive.name))
    assert lines[0].startswith("changed: openclassrooms.zip (is not the archive that openclass")


def test_no_damage_of_an_archive_is_taken_for_whole_or_breaks_the_program(archive: Path) -> None:
    content, draw = archive.read_bytes(), random.Random(4)
    for _ in range(60):
        broken = bytearray(content)
        # The directory at the end says where everything is, so half of the damage goes there.
        first = draw.choice((0, len(content) - 3000))
        broken[draw.randrange(first, len(content))] ^= 1 << draw.randrange(8)
        archive.write_bytes(broken)
        assert verify(archive).faults
