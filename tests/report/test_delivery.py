"""Packs delivered to stores that fsspec writes to: files before their manifest, whole or not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from analysis.cli import WRONG_INPUT, main
from analysis.errors import InputError
from analysis.files import tree_hashes
from analysis.report.delivery import UNFINISHED, Delivery, deliver
from analysis.report.provenance.archive import write_archive
from analysis.report.provenance.manifest import write_manifest
from analysis.report.provenance.verify import verify

FIRST = {"index.html": "one", "figures/a.svg": "a", "figures/b.svg": "b"}
SECOND = {"index.html": "two", "figures/a.svg": "a", "tables/c.csv": "c"}


class Watched(MemoryFileSystem):
    """A store in memory that notes what is written and removed, and can be cut off or lie."""

    protocol = "watched"
    store: dict[str, Any] = {}  # noqa: RUF012 (fsspec's own way)
    pseudo_dirs = [""]  # noqa: RUF012
    noted: list[str] = []  # noqa: RUF012
    left: int | None = None
    shortened: str | None = None

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        return super()._strip_protocol(path.replace("watched://", "memory://"))

    def put_file(self, lpath: Any, rpath: Any, *rest: Any, **options: Any) -> None:
        self._note(f"+{Path(rpath).name}")
        super().put_file(lpath, rpath, *rest, **options)
        if Path(rpath).name == self.shortened:
            self.pipe_file(rpath, b"")

    def _rm(self, path: Any) -> None:
        self._note(f"-{Path(path).name}")
        super()._rm(path)

    @classmethod
    def _note(cls, what: str) -> None:
        if cls.left is not None:
            if not cls.left:
                raise ConnectionResetError("cut off, token=hunter2")
            cls.left -= 1
        cls.noted.append(what)


@pytest.fixture(autouse=True)
def watched() -> Iterator[type[Watched]]:
    fsspec.register_implementation("watched", Watched, clobber=True)
    Watched.store, Watched.pseudo_dirs, Watched.noted = {}, [""], []
    Watched.left = Watched.shortened = None
    yield Watched
    MemoryFileSystem.store.clear()


def pack(tmp_path: Path, files: dict[str, str], name: str = "oulad") -> tuple[Path, Path]:
    """A finished pack of some files, and its archive."""
    folder = tmp_path / f"made-{len(list(tmp_path.iterdir()))}" / name
    for file, text in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    write_manifest(folder, {"study": name})
    return folder, write_archive(folder, folder.with_name(f"{name}.zip"))


@pytest.mark.parametrize("kind", ["path", "file", "memory", "watched"])
def test_what_is_delivered_is_the_pack_and_verifies(tmp_path: Path, kind: str) -> None:
    there = tmp_path / "a b" / "reports"
    address = {"path": str(there), "file": f"file://{there}"}.get(kind, f"{kind}://reports")
    for files, wanted in ((FIRST, (3, 0, 0)), (SECOND, (2, 1, 1)), (SECOND, (0, 3, 0))):
        folder, archive = pack(tmp_path, files)
        done = deliver(folder, archive, address)
        assert done == Delivery(f"{address}/oulad", *wanted)
        system, path = fsspec.url_to_fs(address)
        back = tmp_path / "back" / str(len(list(tmp_path.iterdir())))
        system.get(path, str(back), recursive=True)
        assert tree_hashes(back / "oulad") == tree_hashes(folder)
        assert sorted(one.name for one in back.iterdir()) == [
            "oulad",
            "oulad.zip",
            "oulad.zip.sha256",
        ]
        assert "oulad.zip" not in {fault.file for fault in verify(back / "oulad.zip").faults}


def test_files_go_first_then_the_manifest_then_the_old_ones_are_removed(
    tmp_path: Path, watched: type[Watched]
) -> None:
    deliver(*pack(tmp_path, FIRST), "watched://reports")
    watched.noted.clear()
    deliver(*pack(tmp_path, SECOND), "watched://reports")
    assert watched.noted == [
        f"+{UNFINISHED}",
        "+index.html",
        "+c.csv",
        "-oulad.zip.sha256",
        "+oulad.zip",
        "+oulad.zip.sha256",
        "+manifest.json",
        "-b.svg",
        f"-{UNFINISHED}",
    ]


def test_what_no_manifest_names_is_not_touched(tmp_path: Path) -> None:
    deliver(*pack(tmp_path, FIRST), "memory://reports")
    system = fsspec.filesystem("memory")
    others = ["/reports/oulad/figures/own.txt", "/reports/other/index.html", "/reports/note.txt"]
    for other in others:
        system.pipe_file(other, b"mine")
    # A manifest that somebody wrote by hand names a file outside of the pack.
    manifest = json.loads(system.cat_file("/reports/oulad/manifest.json"))
    manifest["files"] |= {"../note.txt": "0", "/reports/other/index.html": "0"}
    system.pipe_file("/reports/oulad/manifest.json", json.dumps(manifest).encode())
    assert deliver(*pack(tmp_path, SECOND), "memory://reports").removed == 1
    assert [system.cat_file(other) for other in others] == [b"mine"] * 3


@pytest.mark.parametrize("step", range(9))
def test_a_delivery_that_is_cut_off_is_completed_by_the_next(
    tmp_path: Path, watched: type[Watched], step: int
) -> None:
    """Whatever the next one is of: also of the pack before, whose manifest still stands."""
    first, second = pack(tmp_path, FIRST), pack(tmp_path, SECOND)
    deliver(*first, "watched://reports")
    old = (first[0] / "manifest.json").read_bytes()
    watched.left = step
    with pytest.raises(InputError, match=r"can't be written to: cut off, token=\*\*\*"):
        deliver(*second, "watched://reports")
    system = watched()
    manifest = system.cat_file("/reports/oulad/manifest.json")
    assert (manifest == old) == (step < 7)
    if step >= 7:
        files = json.loads(manifest)["files"]
        assert all(system.isfile(f"/reports/oulad/{name}") for name in files)
    for folder, archive in (first, second):
        watched.left = None
        deliver(folder, archive, "watched://reports")
        back = tmp_path / "back" / folder.parent.name
        system.get("/reports/oulad", str(back), recursive=True)
        assert tree_hashes(back) == tree_hashes(folder)


def test_what_was_changed_in_the_store_is_sent_again(tmp_path: Path) -> None:
    folder, archive = pack(tmp_path, FIRST)
    deliver(folder, archive, "memory://reports")
    system = fsspec.filesystem("memory")
    system.pipe_file("/reports/oulad/figures/a.svg", b"shortened or longer")
    system.rm_file("/reports/oulad/figures/b.svg")
    system.pipe_file("/reports/oulad.zip", b"")
    assert deliver(folder, archive, "memory://reports").sent == 2
    assert system.cat_file("/reports/oulad/figures/a.svg") == b"a"
    assert system.cat_file("/reports/oulad.zip") == archive.read_bytes()


def test_a_store_that_keeps_something_else_is_found_out(
    tmp_path: Path, watched: type[Watched]
) -> None:
    watched.shortened = "b.svg"
    with pytest.raises(InputError, match=r"does not hold what was sent: figures/b\.svg\."):
        deliver(*pack(tmp_path, FIRST), "watched://reports")


def test_other_packs_at_the_address_stay(tmp_path: Path) -> None:
    deliver(*pack(tmp_path, FIRST), f"file://{tmp_path}/there")
    deliver(*pack(tmp_path, SECOND, "openclassrooms"), f"file://{tmp_path}/there/")
    assert (tmp_path / "there" / "oulad" / "index.html").read_text() == "one"
    assert (tmp_path / "there" / "openclassrooms" / "index.html").read_text() == "two"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("s3://key:hunter2@bucket/reports", "holds a password or a token"),
        ("s3://bucket/reports?token=hunter2", "holds a password or a token"),
        ("abfs://box/reports?sv=1&sig=hunter2", "after a question mark"),
        ("s3://bucket/reports", "Install s3fs to access S3"),
        ("gs://bucket/reports", "install gcsfs"),
        ("abfs://box/reports", "Install adlfs"),
        ("gopher://host/reports", "Protocol not known: gopher"),
    ],
)
def test_an_address_that_will_not_do_is_refused_in_words(
    tmp_path: Path, address: str, words: str
) -> None:
    with pytest.raises(InputError, match=words) as refusal:
        deliver(*pack(tmp_path, FIRST), address)
    assert "hunter2" not in str(refusal.value)


def test_a_pack_is_not_delivered_onto_itself_nor_unfinished(tmp_path: Path) -> None:
    folder, archive = pack(tmp_path, FIRST)
    with pytest.raises(InputError, match="where the pack stands already"):
        deliver(folder, archive, str(folder.parent))
    before = tree_hashes(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(InputError, match="no finished pack"):
        deliver(folder, archive, "memory://reports")
    assert before.pop("manifest.json")
    assert before == tree_hashes(folder)


@pytest.mark.parametrize("command", [["report"], ["pack"], ["sweep", "no-grid.yaml"]])
def test_a_wrong_address_is_refused_before_anything_is_made(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--to", "s3://key:hunter2@bucket/reports"]) == WRONG_INPUT
    told = capsys.readouterr()
    assert "holds a password or a token" in told.err
    assert "hunter2" not in told.err + told.out
