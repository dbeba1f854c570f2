"""Delivering a finished pack to any address that fsspec can write to: S3, a share, SFTP.

Files go first and the manifest last, so whoever finds a manifest finds its files. What the
manifest that stood there names and the new one does not is removed after that; nothing else there
is touched. Secrets never stand in an address: drivers take them from the environment or their own
files (docs/scaling.md).
"""

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from analysis.engines.address import MARK, refuse_secrets, scrub
from analysis.errors import InputError
from analysis.files import canonical_json
from analysis.report.provenance.layout import MANIFEST_FILE, checksum_file
from analysis.report.provenance.manifest import FILES

UNFINISHED: Final = ".unfinished-delivery.json"
"""Names what a delivery is about to write: if it is cut off, the next one trusts none of that."""
PART: Final = ".part"
RENAMING: Final = {"file", "local", "sftp", "ssh"}
"""Stores that show a file while it is written, and replace one by renaming. Others show it whole
(object stores), or not even that is known of them."""


@dataclass(frozen=True)
class Delivery:
    """What a delivery did.

    Attributes
    ----------
    address
        Of the pack's folder.
    sent, kept, removed
        Files written, files that stood there already, and files of the pack before that are none
        of this one's.
    """

    address: str
    sent: int
    kept: int
    removed: int

    def __str__(self) -> str:
        return (
            f"delivered: {self.address}, {self.sent:,} files sent, {self.kept:,} already there, "
            f"{self.removed:,} removed"
        )


def deliver(folder: Path, archive: Path, address: str) -> Delivery:
    """Copy a finished pack to an address, so that a reader never finds a manifest before its files.

    A delivery that is cut off leaves the manifest before, and the next one completes it. Two at
    once to the same address are not kept apart.

    Parameters
    ----------
    folder
        The pack; it is copied to a folder of its name below the address.
    archive
        The pack as one file, with its checksum beside it; both are copied beside the folder.
    address
        Such as `s3://bucket/reports`, `sftp://host/reports`, or a folder.

    Raises
    ------
    InputError
        If the address holds a secret (which the message does not repeat), its driver is missing,
        the pack is unfinished, the store refuses, or holds another thing afterwards than was sent.
    """
    check_address(address)
    files = _files_of(folder)
    with _store_errors(address):
        store = _Store.open(address, folder)
        before = store.names()
        standing, known = store.delivered_before()
        sizes = {name: (folder / name).stat().st_size for name in files}
        new = {
            name
            for name, digest in files.items()
            if standing.get(name) != digest or before.get(name) != sizes[name]
        }
        store.write(UNFINISHED, canonical_json({FILES: sorted(new | known)}).encode())
        for name in sorted(new):
            store.put(folder / name, name)
        _put_archive(store, archive)
        store.put(folder / MANIFEST_FILE, MANIFEST_FILE)
        old = sorted((known - files.keys()) & before.keys())
        for name in old:
            store.remove(name)
        store.compare(folder, sizes)
        store.remove(UNFINISHED)
    return Delivery(store.shown, len(new), len(files) - len(new), len(old))


def check_address(address: str) -> None:
    """Refuse an address that nothing can be delivered to, before anything is made for it.

    Raises
    ------
    InputError
        If it holds a secret (which the message does not repeat), or its driver is missing.
    """
    refuse_secrets(address)
    if MARK in address and "?" in address:
        raise InputError("The address to deliver to goes on after a question mark; leave that out.")
    import fsspec
    from fsspec.utils import get_protocol

    try:
        fsspec.get_filesystem_class(get_protocol(address))
    except (ImportError, ValueError) as error:
        raise InputError(f"{address}: there is no driver for this store. {error}.") from None


def _files_of(folder: Path) -> Mapping[str, str]:
    """The hashes of a pack's files, by its manifest."""
    manifest = folder / MANIFEST_FILE
    if not manifest.is_file():
        raise InputError(f"There is no finished pack at {folder}. Make it: make report.")
    files: Mapping[str, str] = json.loads(manifest.read_text(encoding="utf-8"))[FILES]
    return files


def _put_archive(store: "_Store", archive: Path) -> None:
    """The archive, then its checksum: at no time one with the checksum of another."""
    checksum = checksum_file(archive)
    beside = [f"../{path.name}" for path in (archive, checksum)]
    same = store.read(beside[1]) == checksum.read_bytes()
    if same and store.size(beside[0]) == archive.stat().st_size:
        return
    store.remove(beside[1])
    store.put(archive, beside[0])
    store.put(checksum, beside[1])


class _Store:
    """The folder of a pack in a store; names are relative to it.

    Parameters
    ----------
    system
        fsspec's file system.
    base
        The folder's path in it.
    shown
        The folder's address, for people.
    """

    def __init__(self, system: Any, base: str, shown: str) -> None:  # noqa: ANN401 (untyped)
        self.system, self.base, self.shown = system, base, shown
        protocol = system.protocol
        protocols = {protocol} if isinstance(protocol, str) else set(protocol)
        self.renaming = bool(protocols & RENAMING)

    @classmethod
    def open(cls, address: str, folder: Path) -> "_Store":
        """Open the folder for a pack at an address."""
        import fsspec

        system, path = fsspec.url_to_fs(address)
        base = f"{path.rstrip('/')}/{folder.name}"
        if "file" in system.protocol and Path(base).resolve() == folder.resolve():
            raise InputError(f"{address} is where the pack stands already; name another place.")
        return cls(system, base, f"{address.rstrip('/')}/{folder.name}")

    def names(self) -> dict[str, int]:
        """The size of each file that stands there, by name."""
        self.system.invalidate_cache()
        try:
            found = self.system.find(self.base, detail=True)
        except FileNotFoundError:
            return {}
        start = self.system._strip_protocol(self.base).rstrip("/") + "/"
        return {path.removeprefix(start): one["size"] for path, one in found.items()}

    def delivered_before(self) -> tuple[dict[str, str], set[str]]:
        """Hashes of what certainly stands there, and names of all that deliveries wrote."""
        manifest, unfinished = self._told(MANIFEST_FILE), self._told(UNFINISHED)
        hashes = {name: str(one) for name, one in dict(manifest).items() if _inside(name)}
        doubtful = {name for name in unfinished if _inside(name)}
        standing = {name: one for name, one in hashes.items() if name not in doubtful}
        return standing, set(hashes) | doubtful

    def _told(self, name: str) -> Any:  # noqa: ANN401 (by kind of file)
        """The files that a file of deliveries tells of; none if it is missing or damaged."""
        try:
            return json.loads(self.read(name) or b"{}").get(FILES, {})
        except (ValueError, AttributeError):
            return {}

    def put(self, source: Path, name: str) -> None:
        """Write a file, which on stores that show parts of files gets its name when it is whole."""
        target = self._path(name)
        if not self.renaming:  # and where there are folders, it makes them
            self.system.put_file(str(source), target)
            return
        self.system.makedirs(self.system._parent(target), exist_ok=True)
        self.system.put_file(str(source), target + PART)
        self.system.mv(target + PART, target)

    def write(self, name: str, content: bytes) -> None:
        """Write a small file."""
        with tempfile.TemporaryDirectory(prefix="pg-") as folder:
            source = Path(folder, name)
            source.write_bytes(content)
            self.put(source, name)

    def read(self, name: str) -> bytes | None:
        """The content of a file; None if it is missing."""
        try:
            content: bytes = self.system.cat_file(self._path(name))
        except FileNotFoundError:
            return None
        return content

    def size(self, name: str) -> int | None:
        """The size of a file; None if it is missing."""
        try:
            size: int = self.system.info(self._path(name))["size"]
        except FileNotFoundError:
            return None
        return size

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            self.system.rm_file(self._path(name))

    def compare(self, folder: Path, sizes: Mapping[str, int]) -> None:
        """Refuse a store that tells other sizes than were sent, or gives another manifest back."""
        found = self.names()
        wrong = sorted(name for name, size in sizes.items() if found.get(name) != size)
        if self.read(MANIFEST_FILE) != (folder / MANIFEST_FILE).read_bytes():
            wrong.append(MANIFEST_FILE)
        if wrong:
            raise InputError(
                f"{self.shown} does not hold what was sent: {', '.join(wrong[:5])}"
                f"{' and more' if len(wrong) > 5 else ''}. Deliver again; if that does not help, "
                "ask who keeps that store."
            )

    def _path(self, name: str) -> str:
        if name.startswith("../"):
            return f"{self.base.rpartition('/')[0]}/{name.removeprefix('../')}"
        return f"{self.base}/{name}"


def _inside(name: str) -> bool:
    """Whether a name that a store tells leads to a place below the pack's folder."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


@contextlib.contextmanager
def _store_errors(address: str) -> Iterator[None]:
    """Turn what drivers raise into words without secrets."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # each driver has its own kinds
        words = scrub(str(error)) or type(error).__name__
        raise InputError(f"{address} can't be written to: {words}") from None
