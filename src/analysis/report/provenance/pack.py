"""Reading a pack, be it a folder or an archive, without trusting it."""

import contextlib
import hashlib
import os
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from analysis.errors import InputError
from analysis.files import BLOCK_BYTES
from analysis.report.provenance.layout import CRATE_FILE, MANIFEST_FILE

MARKS = (MANIFEST_FILE, CRATE_FILE)
"""One of these a folder must hold to be a pack, even one that lost the other."""
DAMAGE = (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
ENCRYPTED = 1


@dataclass(frozen=True)
class Fault:
    """One thing that is not as it was built: what happened, to which file, and details."""

    kind: str
    file: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.file}" + (f" ({self.detail})" if self.detail else "")


@dataclass(frozen=True)
class Pack:
    """A pack that is open for reading.

    Attributes
    ----------
    path
        The folder or archive.
    openers
        Opens each regular file, by its path in the pack.
    faults
        What is wrong before any file is read: links, doubles, names that lead out of the pack.
    """

    path: Path
    openers: Mapping[str, Callable[[], IO[bytes]]]
    faults: tuple[Fault, ...]

    def read(self, name: str) -> bytes:
        """Content of a file.

        Raises
        ------
        KeyError
            If there is no such file.
        OSError
            If it can't be read, be it for damage of the archive.
        """
        return b"".join(self._blocks(name))

    def measure(self, name: str) -> tuple[str, int]:
        """SHA-256 of a file and its bytes; raises as `read`."""
        digest, size = hashlib.sha256(), 0
        for block in self._blocks(name):
            digest.update(block)
            size += len(block)
        return digest.hexdigest(), size

    def _blocks(self, name: str) -> Iterator[bytes]:
        try:
            with self.openers[name]() as stream:
                while block := stream.read(BLOCK_BYTES):
                    yield block
        except DAMAGE as error:
            raise OSError(str(error)) from error


@contextlib.contextmanager
def open_pack(path: Path) -> Iterator[Pack]:
    """Open a pack for reading.

    Parameters
    ----------
    path
        Its folder or archive.

    Raises
    ------
    InputError
        If it is neither, or holds no pack.
    """
    if path.is_dir():
        yield _folder(path)
        return
    if not path.is_file():
        raise InputError(f"{path}: there is no such folder or archive.")
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGE as error:
        raise InputError(
            f"{path} is neither a folder nor a readable zip archive: {error}"
        ) from None
    with archive:
        yield _archive(path, archive)


def _folder(path: Path) -> Pack:
    openers: dict[str, Callable[[], IO[bytes]]] = {}
    faults = []
    root = path.resolve()  # a report's own folder is a link to its version
    for place, folders, names in os.walk(root):
        here = Path(place)
        for name in (*names, *folders):
            file = here / name
            kind, relative = file.lstat().st_mode, file.relative_to(root).as_posix()
            if stat.S_ISREG(kind):
                openers[relative] = _opener(file)
            elif stat.S_ISLNK(kind):
                faults.append(Fault("link", relative, f"leads to {file.readlink()}"))
            elif not stat.S_ISDIR(kind):
                faults.append(Fault("added", relative, "no regular file"))
            elif not any(file.iterdir()):
                faults.append(Fault("added", f"{relative}/", "an empty folder"))
    _refuse_others(path, set(openers))
    return Pack(path, openers, tuple(faults))


def _opener(file: Path) -> Callable[[], IO[bytes]]:
    return lambda: file.open("rb")


def _archive(path: Path, archive: zipfile.ZipFile) -> Pack:
    members = archive.infolist()
    top = _top(path, [member.filename for member in members])
    faults = [*_around(path, archive), *_doubles(members)]
    openers: dict[str, Callable[[], IO[bytes]]] = {}
    for member in members:
        inside = member.filename.startswith(top)
        name = member.filename[len(top) :] if inside else member.filename
        fault = _unfit(member) or (None if inside else Fault("added", name, "beside the pack"))
        if fault:
            faults.append(fault)
        else:
            openers[name] = _member_opener(archive, member)
    return Pack(path, openers, tuple(faults))


def _member_opener(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: archive.open(member)


def _top(path: Path, names: list[str]) -> str:
    """The folder that holds the pack, with a slash, or nothing if it lies at the top."""
    for mark in MARKS:
        holders = {name.removesuffix(mark) for name in names if PurePosixPath(name).name == mark}
        fit = sorted(holder for holder in holders if holder.count("/") <= 1)
        if fit:
            return fit[0]
    _refuse_others(path, set())
    raise AssertionError("refused above")


def _around(path: Path, archive: zipfile.ZipFile) -> Iterator[Fault]:
    """What an archive holds beside its members."""
    if archive.comment:
        yield Fault("added", path.name, "a comment on the archive")
    if min(member.header_offset for member in archive.infolist()):
        yield Fault("added", path.name, "bytes before the first member")


def _doubles(members: list[zipfile.ZipInfo]) -> Iterator[Fault]:
    counts = Counter(member.filename for member in members)
    for name, times in counts.items():
        if times > 1:
            yield Fault("added", name, f"is in the archive {times} times")


def _unfit(member: zipfile.ZipInfo) -> Fault | None:
    """Why a member is none that a pack has."""
    name, parts = member.filename, PurePosixPath(member.filename).parts
    if name.startswith("/") or ".." in parts or "\\" in name or ":" in name:
        return Fault("added", name, "its name leads out of the pack")
    if stat.S_ISLNK(member.external_attr >> 16):
        return Fault("link", name)
    if member.flag_bits & ENCRYPTED:
        return Fault("added", name, "is encrypted")
    return Fault("added", name, "a folder's own entry") if member.is_dir() else None


def _refuse_others(path: Path, names: set[str]) -> None:
    if not names.intersection(MARKS):
        raise InputError(f"{path} is no pack: it holds neither {' nor '.join(MARKS)}.")
