"""Is a pack as it was built? Every hash computed again, and what was changed, added or lost.

What is compared: the files with the manifest; the manifest with its own digest; the crate's
hashes, sizes and commit with the manifest's; the content keys of figures and tables with their
words, data and metadata; an archive with the checksum beside it. Somebody who changes a number
must therefore change its key in four files, crate, manifest and archive checksum too. A sweep's
pack has no crate, which describes the one run of a workflow; its manifest tells each run. Somebody
who does all that is not found out: nothing here is signed (see `manifest`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from analysis.errors import InputError
from analysis.files import sha256
from analysis.report.provenance.keys import key_faults
from analysis.report.provenance.layout import (
    CRATE_FILE,
    MANIFEST_FILE,
    PROGRAM,
    SWEPT,
    WORKFLOW,
    checksum_file,
    told_version,
)
from analysis.report.provenance.manifest import DIGEST, FILES, digest
from analysis.report.provenance.pack import Fault, Pack, open_pack

Manifest = Mapping[str, Any]
Measured = tuple[str, int]
"""A file's hash and its bytes."""


@dataclass(frozen=True)
class Verdict:
    """What came of comparing a pack: the faults, none if it is whole, and what was compared."""

    faults: tuple[Fault, ...]
    files: int
    sealed: bool

    def lines(self, name: str) -> Iterator[str]:
        """One line a fault, or one that says that all is well."""
        yield from map(str, self.faults)
        if not self.faults:
            seal = ", and so is the archive as a whole" if self.sealed else ""
            yield f"{name}: {self.files:,} files are as they were built{seal}"


def verify(path: Path) -> Verdict:
    """Compare a pack with what it was when it was built.

    Parameters
    ----------
    path
        Its folder or archive.

    Raises
    ------
    InputError
        If there is no pack.
    """
    checksum = checksum_file(path)
    sealed = path.is_file() and checksum.is_file()
    broken = list(_checksum_faults(path, checksum)) if sealed else []
    try:
        with open_pack(path) as pack:
            inside, files = _faults(pack)
    except InputError:
        if not broken:
            raise
        inside, files = [], 0  # an archive that was, before it was damaged
    return Verdict((*broken, *dict.fromkeys(inside)), files, sealed)


def _checksum_faults(archive: Path, checksum: Path) -> Iterator[Fault]:
    stated = checksum.read_text("utf-8", "replace").split()
    if sha256(archive) not in stated[:1]:
        yield Fault("changed", archive.name, f"is not the archive that {checksum.name} is of")


def _faults(pack: Pack) -> tuple[list[Fault], int]:
    crate, manifest = _read(pack, CRATE_FILE), _read(pack, MANIFEST_FILE)
    found, faults = _measure(pack)
    faults = [*pack.faults, *faults]
    if _is_manifest(manifest):
        known = {fault.file for fault in faults} - set(found)
        wanted = {name: one for name, one in manifest[FILES].items() if name not in known}
        faults += _compare(wanted, found, _sizes(crate))
        if manifest.get(DIGEST) != digest(manifest):
            faults.append(Fault("changed", MANIFEST_FILE, "it is not what its own digest is of"))
        if not _needs_no_crate(manifest):
            faults += _crate_faults(crate, manifest)
    elif MANIFEST_FILE in pack.openers:
        faults.append(Fault("changed", MANIFEST_FILE, "it can't be read"))
    else:
        faults.append(Fault("lost", MANIFEST_FILE, "without it, files can't be compared"))
    runs = manifest.get("runs")
    faults += key_faults(pack, runs if isinstance(runs, dict) else {})
    return faults, len(found)


def _is_manifest(content: Manifest) -> bool:
    files = content.get(FILES)
    return isinstance(files, dict) and all(isinstance(one, str) for one in files.values())


def _needs_no_crate(manifest: Manifest) -> bool:
    """Whether a pack was built without a crate: that of a sweep, whose runs are of many studies."""
    return SWEPT in manifest and CRATE_FILE not in manifest[FILES]


def _read(pack: Pack, name: str) -> dict[str, Any]:
    """A file of plain values; empty if it is lost or unreadable."""
    try:
        content = json.loads(pack.read(name))
    except (KeyError, OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _measure(pack: Pack) -> tuple[dict[str, Measured], list[Fault]]:
    """Hash and size of every file but the manifest, and the files that can't be read."""
    found, faults = {}, []
    for name in sorted(set(pack.openers) - {MANIFEST_FILE}):
        try:
            found[name] = pack.measure(name)
        except OSError as error:
            faults.append(Fault("changed", name, f"it can't be read: {error}"))
    return found, faults


def _compare(
    wanted: Mapping[str, str], found: Mapping[str, Measured], sizes: Mapping[str, int]
) -> Iterator[Fault]:
    """Name what differs; a file that has another's content is told with the other's name."""
    lost, added = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    for old in lost:
        new = next((name for name in added if found[name][0] == wanted[old]), None)
        if new is None:
            yield Fault("lost", old)
        else:
            added.remove(new)
            yield Fault("renamed", old, f"is now {new}")
    for name in added:
        yield Fault("added", name)
    owners = {digest: name for name, digest in sorted(wanted.items(), reverse=True)}
    for name in sorted(set(wanted) & set(found)):
        content, size = found[name]
        if content != wanted[name]:
            yield Fault("changed", name, _how(owners.get(content), size, sizes.get(name)))


def _how(owner: str | None, size: int, built: int | None) -> str:
    if owner is not None:
        return f"it holds what belongs to {owner}"
    if size == 0:
        return "it is empty"
    return f"{size:,} bytes, {built:,} when built" if built not in (None, size) else ""


def _described(crate: Manifest) -> dict[str, dict[str, Any]]:
    """The files that a crate states the hash of, by path."""
    graph = crate.get("@graph")
    entities = [one for one in graph if isinstance(one, dict)] if isinstance(graph, list) else []
    return {
        unquote(str(one.get("@id"))): one
        for one in entities
        if "sha256" in one and "File" in one.get("@type", ())
    }


def _sizes(crate: Manifest) -> dict[str, int]:
    told = {name: str(one.get("contentSize")) for name, one in _described(crate).items()}
    return {name: int(size) for name, size in told.items() if size.isdecimal()}


def _crate_faults(crate: Manifest, manifest: Manifest) -> Iterator[Fault]:
    """Compare what crate and manifest both say: the files' hashes, and the commit."""
    described = _described(crate)
    if not described:
        yield Fault("changed", CRATE_FILE, "it can't be read, or describes no file")
        return
    wanted = {name: one for name, one in manifest[FILES].items() if name != CRATE_FILE}
    for name in sorted(set(wanted) | set(described)):
        if described.get(name, {}).get("sha256") != wanted.get(name):
            yield Fault("changed", CRATE_FILE, f"it does not agree with the manifest on {name}")
    version = described.get(f"{WORKFLOW}/{PROGRAM}", {}).get("version")
    code = manifest.get("code")
    if not isinstance(code, dict) or version != told_version(code):
        yield Fault("changed", CRATE_FILE, "it does not agree with the manifest on the commit")
