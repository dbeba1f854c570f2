"""Verify: each kind of tampering is found and named."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from analysis.cli import main
from analysis.figures.place import KEY_PREFIX, Place
from analysis.files import canonical_json, sha256
from analysis.report.provenance.archive import write_archive
from analysis.report.provenance.layout import CRATE_FILE, MANIFEST_FILE, checksum_file
from analysis.report.provenance.manifest import DIGEST, FILES, write_manifest
from analysis.report.provenance.verify import verify

Change = Callable[[Path], None]
FIGURE = "figures/gaps-placed-6"
TABLE = "tables/placement-gaps"
PAGE = "pages/03_placement_gaps.en.html"
OTHER_KEY = "0" * 64


def _edit(name: str, old: str, new: str) -> Change:
    """Replace a text that is there."""

    def change(pack: Path) -> None:
        text = (pack / name).read_bytes().decode()
        assert old in text
        (pack / name).write_bytes(text.replace(old, new).encode())

    return change


def _resealed(*changes: Change) -> Change:
    """Make changes, then compute all hashes again, in crate and manifest."""

    def change(pack: Path) -> None:
        for one in changes:
            one(pack)
        path = pack / CRATE_FILE
        if path.exists():
            crate = json.loads(path.read_text())
            for entity in crate["@graph"]:
                file = pack / entity["@id"]
                if "sha256" in entity and file.is_file():
                    entity |= {"sha256": sha256(file), "contentSize": str(file.stat().st_size)}
            path.write_text(canonical_json(crate))
        told = json.loads((pack / MANIFEST_FILE).read_text())
        write_manifest(pack, {name: told[name] for name in told if name not in (FILES, DIGEST)})

    return change


def _swap(one: str, other: str) -> Change:
    def change(pack: Path) -> None:
        (pack / one).rename(pack / "aside")
        (pack / other).rename(pack / one)
        (pack / "aside").rename(pack / other)

    return change


def _in_json(name: str, edit: Callable[[dict[str, object]], object]) -> Change:
    def change(pack: Path) -> None:
        content = json.loads((pack / name).read_text())
        edit(content)
        (pack / name).write_text(canonical_json(content))

    return change


def _link(name: str) -> Change:
    def change(pack: Path) -> None:
        (pack / name).rename(pack.parent / "elsewhere")
        (pack / name).symlink_to(pack.parent / "elsewhere")

    return change


def _rekey_png(pack: Path) -> None:
    path, marks = pack / f"{FIGURE}.en.png", PngInfo()
    marks.add_text("Identifier", KEY_PREFIX + OTHER_KEY)
    with Image.open(path) as image:
        image.save(path, pnginfo=marks)


def _rekey_pdf(pack: Path) -> None:
    with pikepdf.open(pack / f"{FIGURE}.en.pdf", allow_overwriting_input=True) as document:
        document.docinfo["/Keywords"] = KEY_PREFIX + OTHER_KEY
        document.save()


def _rerun(pack: Path) -> None:
    """Give a table to another run, with a key that fits."""
    told = json.loads((pack / f"{TABLE}.json").read_text()) | {"run": OTHER_KEY}
    text = (pack / f"{TABLE}.csv").read_text()
    told["key"] = Place(pack, told["notebook"], OTHER_KEY).content_key(told["id"], text)
    (pack / f"{TABLE}.json").write_text(canonical_json(told))


def _append(name: str, more: bytes) -> Change:
    return lambda pack: (pack / name).write_bytes((pack / name).read_bytes() + more)


def _flip(name: str) -> Change:
    """Change one bit of a file, in its middle."""

    def change(pack: Path) -> None:
        content = bytearray((pack / name).read_bytes())
        content[len(content) // 2] ^= 1
        (pack / name).write_bytes(content)

    return change


def _cut(name: str, kept: int) -> Change:
    return lambda pack: os.truncate(pack / name, kept)


# What somebody does to the folder, and the line that must name it.
FOLDER: dict[str, tuple[Change, str]] = {
    "a number in a page": (_edit(PAGE, "pages/03", "pages/04"), f"changed: {PAGE}"),
    "one byte of an image": (
        _flip(f"{FIGURE}.en.png"),
        f"changed: {FIGURE}.en.png",
    ),
    "a file emptied": (_cut(PAGE, 0), f"changed: {PAGE} (it is empty)"),
    "a file cut short": (_cut(f"{FIGURE}.fr.svg", 900), f"changed: {FIGURE}.fr.svg (900 bytes, "),
    "bytes appended": (
        _append(f"{FIGURE}.en.pdf", b"%"),
        f"changed: {FIGURE}.en.pdf",
    ),
    "other line ends": (_edit(f"{TABLE}.csv", "\n", "\r\n"), f"changed: {TABLE}.csv"),
    "a file deleted": (lambda pack: (pack / PAGE).unlink(), f"lost: {PAGE}"),
    "a folder deleted": (lambda pack: shutil.rmtree(pack / "tables"), f"lost: {TABLE}.csv"),
    "a file added": (lambda pack: (pack / "notes.txt").write_text("n"), "added: notes.txt"),
    "a hidden file added": (
        lambda pack: (pack / "pages/.hidden").write_text("h"),
        "added: pages/.hidden",
    ),
    "an empty folder added": (lambda pack: (pack / "new").mkdir(), "added: new/ (an empty folder)"),
    "a pipe added": (lambda pack: os.mkfifo(pack / "pipe"), "added: pipe (no regular file)"),
    "a file renamed": (
        lambda pack: (pack / PAGE).rename(pack / "pages/old.html"),
        f"renamed: {PAGE} (is now pages/old.html)",
    ),
    "a name in capitals": (
        lambda pack: (pack / "index.html").rename(pack / "Index.html"),
        "renamed: index.html (is now Index.html)",
    ),
    "two files swapped": (
        _swap(f"{FIGURE}.en.svg", f"{FIGURE}.fr.svg"),
        f"changed: {FIGURE}.en.svg (it holds what belongs to {FIGURE}.fr.svg)",
    ),
    "a file over another": (
        lambda pack: shutil.copy(pack / f"{FIGURE}.en.png", pack / f"{FIGURE}.fr.png"),
        f"changed: {FIGURE}.fr.png (it holds what belongs to {FIGURE}.en.png)",
    ),
    "a link for a file": (_link(PAGE), f"link: {PAGE}"),
    "a link for a folder": (_link("tables"), "link: tables"),
    "the manifest deleted": (lambda pack: (pack / MANIFEST_FILE).unlink(), "lost: manifest.json"),
    "the manifest cut short": (
        _cut(MANIFEST_FILE, 99),
        "changed: manifest.json (it can't be read)",
    ),
    "a hash in the manifest": (
        _in_json(MANIFEST_FILE, lambda told: told[FILES].update({PAGE: OTHER_KEY})),
        "changed: manifest.json (it is not what its own digest is of)",
    ),
    "a file struck off the manifest": (
        _in_json(MANIFEST_FILE, lambda told: told[FILES].pop(PAGE)),
        f"added: {PAGE}",
    ),
    "a name that leads out": (
        _in_json(MANIFEST_FILE, lambda told: told[FILES].update({"../x": OTHER_KEY})),
        "lost: ../x",
    ),
    "the audience in the manifest": (
        _in_json(MANIFEST_FILE, lambda told: told.update(audience="public")),
        "changed: manifest.json (it is not what its own digest is of)",
    ),
    "the crate deleted": (lambda pack: (pack / CRATE_FILE).unlink(), f"lost: {CRATE_FILE}"),
    "all hashes renewed, crate gone": (
        _resealed(lambda pack: (pack / CRATE_FILE).unlink()),
        f"changed: {CRATE_FILE} (it can't be read, or describes no file)",
    ),
    "a file added, manifest renewed": (
        _resealed(lambda pack: (pack / "notes.txt").write_text("n")),
        f"changed: {CRATE_FILE} (it does not agree with the manifest on notes.txt)",
    ),
    "the commit, all hashes renewed": (
        _resealed(_edit(CRATE_FILE, '"version": "', '"version": "0')),
        f"changed: {CRATE_FILE} (it does not agree with the manifest on the commit)",
    ),
    "a caption, all hashes renewed": (
        _resealed(_edit(f"{FIGURE}.en.json", "caption of", "heading of")),
        f"key: {FIGURE}.en.json (is not made of this run, these words and these data)",
    ),
    "an alternative text, all hashes renewed": (
        _resealed(_edit(f"{FIGURE}.fr.json", "alt of", "not of")),
        f"key: {FIGURE}.fr.json",
    ),
    "a figure's data, all hashes renewed": (
        _resealed(_edit(f"{FIGURE}.csv", "-0.25", "-0.05")),
        f"key: {FIGURE}.en.json",
    ),
    "a table's data, all hashes renewed": (
        _resealed(_edit(f"{TABLE}.csv", "-0.25", "-0.05")),
        f"key: {TABLE}.json (is not made of this run and these data)",
    ),
    "a sidecar's key, all hashes renewed": (
        _resealed(_in_json(f"{FIGURE}.en.json", lambda told: told.update(key=OTHER_KEY))),
        f"key: {FIGURE}.en.svg (is not the one of its sidecar)",
    ),
    "a sidecar unreadable, all hashes renewed": (
        _resealed(_cut(f"{FIGURE}.en.json", 20)),
        f"key: {FIGURE}.en.json (can't be followed to its words and data)",
    ),
    "a key in SVG, all hashes renewed": (
        _resealed(_edit(f"{FIGURE}.en.svg", KEY_PREFIX, f"{KEY_PREFIX}0")),
        f"key: {FIGURE}.en.svg",
    ),
    "a key in PNG, all hashes renewed": (_resealed(_rekey_png), f"key: {FIGURE}.en.png"),
    "a key in PDF, all hashes renewed": (_resealed(_rekey_pdf), f"key: {FIGURE}.en.pdf"),
    "languages swapped, all hashes renewed": (
        _resealed(_swap(f"{FIGURE}.en.png", f"{FIGURE}.fr.png")),
        f"key: {FIGURE}.en.png",
    ),
    "another run's table, all hashes renewed": (
        _resealed(_rerun),
        f"key: {TABLE}.json (is of another run than that of 03_placement_gaps)",
    ),
}


@pytest.mark.parametrize("kind", FOLDER)
def test_tampering_with_the_folder_is_named(pack: Path, kind: str) -> None:
    change, line = FOLDER[kind]
    change(pack)
    lines = list(verify(pack).lines(pack.name))
    assert any(one.startswith(line) for one in lines), lines


def test_an_archive_with_all_hashes_renewed_breaks_its_checksum(pack: Path, archive: Path) -> None:
    """What nothing inside a pack can show: a page changed, and every hash computed again."""
    seal = checksum_file(archive).read_text()
    _resealed(_edit(PAGE, "pages/03", "pages/04"))(pack)
    assert not verify(pack).faults
    write_archive(pack, archive)
    checksum_file(archive).write_text(seal)
    assert [fault.kind for fault in verify(archive).faults] == ["changed"]


def test_one_bit_of_any_file_is_named(pack: Path) -> None:
    for path in sorted(path for path in pack.rglob("*") if path.is_file()):
        name, content = path.relative_to(pack).as_posix(), path.read_bytes()
        _flip(name)(pack)
        assert name in {fault.file for fault in verify(pack).faults}
        path.write_bytes(content)
    assert not verify(pack).faults


def test_at_least_twenty_kinds_are_tried() -> None:
    assert len(FOLDER) >= 20


def test_a_whole_pack_is_whole(
    pack: Path, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = sum(path.is_file() for path in pack.rglob("*")) - 1
    assert main(["verify", str(pack)]) == 0
    assert capsys.readouterr().out == f"openclassrooms: {files} files are as they were built\n"
    assert main(["verify", str(archive)]) == 0
    assert capsys.readouterr().out.endswith("built, and so is the archive as a whole\n")
    link = pack.parent / "link"
    link.symlink_to(pack)  # as a report's own folder is
    pack.chmod(0o700)
    assert main(["verify", str(link)]) == 0


def test_a_renamed_archive_is_whole(archive: Path) -> None:
    assert not verify(archive.rename(archive.with_name("sent by mail.zip"))).faults


def test_exit_codes(pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pack / PAGE).unlink()
    (pack / "notes.txt").write_text("n")
    assert main(["verify", str(pack)]) == 1
    assert capsys.readouterr().out.splitlines()[:2] == [f"lost: {PAGE}", "added: notes.txt"]
    other = tmp_path / "other"
    other.mkdir()
    for none in (other, tmp_path / "nowhere", pack / "notes.txt"):
        assert main(["verify", str(none)]) == 2
        assert str(none) in capsys.readouterr().err


def test_any_manifest_is_survived(pack: Path) -> None:
    for content in ("[]", "null", '{"files": {"a": []}}', '{"files": {}, "runs": []}', "\xff"):
        (pack / MANIFEST_FILE).write_text(content, "latin-1")
        assert any(fault.file == MANIFEST_FILE for fault in verify(pack).faults), content
