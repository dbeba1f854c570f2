"""From one file back to what made it: run, notebook, data, parameters and commit."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from analysis.errors import InputError
from analysis.files import project_root, sha256
from analysis.report.provenance.keys import read_key
from analysis.report.provenance.layout import (
    CRATE_FILE,
    GRID_FILE,
    MANIFEST_FILE,
    SWEPT,
    WORKFLOW,
    told_version,
)
from analysis.report.provenance.manifest import DIGEST, FILES
from analysis.report.provenance.manifest import digest as manifest_digest
from analysis.report.provenance.pack import Pack, open_pack

Told = Mapping[str, Any]
OUTPUTS = "outputs"
RECORDS = "runs/*/run.json"
WIDTH = 12


@dataclass(frozen=True)
class Origin:
    """Where a file comes from.

    Attributes
    ----------
    name
        The file in the pack that it is, or was before it was changed.
    key
        The content key by which it was found; None if it was found by its bytes.
    unchanged
        Whether it has the bytes that the manifest states.
    sidecar
        What the figure's or table's sidecar tells; empty for other files.
    manifest
        What the pack's manifest tells.
    """

    name: str
    key: str | None
    unchanged: bool
    sidecar: Told
    manifest: Told


def trace(file: Path, pack: Path | None = None) -> tuple[list[str], bool]:
    """Tell what made a file.

    A figure, or a sidecar, is known by the content key in its own metadata, even if it was
    renamed, moved or edited; any other file of a pack by its bytes.

    Parameters
    ----------
    file
        The file.
    pack
        Folder or archive of the pack that it is from. Left out, the packs around the file are
        asked, then those below `outputs/`.

    Returns
    -------
    tuple
        Lines to print, and whether a pack knows the file.

    Raises
    ------
    InputError
        If there is no such file, or `pack` is none.
    """
    if not file.is_file():
        raise InputError(f"{file}: there is no such file.")
    key, digest = read_key(file.name, file.read_bytes()), sha256(file)
    for candidate in [pack] if pack else _candidates(file):
        origin = _origin(candidate, key, digest, file.name, asked=pack is not None)
        if origin is not None:
            return list(_lines(file, candidate, origin, _records(digest, origin))), True
    says = f"carries the content key {key}" if key else "carries no content key"
    where = f"{pack} does not know it" if pack else "no pack around it or in outputs/ knows it"
    return [f"{file}: {says}, and {where}."], False


def _candidates(file: Path) -> Iterator[Path]:
    """Packs around the file, the nearest first, then the reports of this repository."""
    yield from (folder for folder in file.resolve().parents if _marked(folder))
    with contextlib.suppress(InputError):
        outputs = project_root() / OUTPUTS
        yield from sorted(path for path in outputs.glob("*") if _marked(path))
        yield from sorted(outputs.glob("*.zip"))


def _marked(folder: Path) -> bool:
    beside = any((folder / name).is_file() for name in (CRATE_FILE, GRID_FILE))
    return beside and (folder / MANIFEST_FILE).is_file()


def _origin(path: Path, key: str | None, digest: str, name: str, *, asked: bool) -> Origin | None:
    """Look a file up in a pack; what is none is passed over, unless it was asked for."""
    try:
        with open_pack(path) as pack:
            return _find(pack, key, digest, name)
    except InputError:
        if asked:
            raise
        return None


def _find(pack: Pack, key: str | None, digest: str, file: str) -> Origin | None:
    try:
        manifest = json.loads(pack.read(MANIFEST_FILE))
        hashes = manifest[FILES]
    except (KeyError, OSError, ValueError, TypeError):
        return None
    named = PurePosixPath(file)
    same = sorted(
        (name for name, one in hashes.items() if one == digest),
        key=lambda name: PurePosixPath(name).name != named.name,
    )
    sidecars = dict(_sidecars(pack, hashes))
    if same:
        told = sidecars.get(_stem(same[0]), {})
        return Origin(same[0], key, True, told, manifest)
    for stem, told in sidecars.items():
        if key is not None and told.get("key") == key:
            return Origin(f"{stem}{named.suffix.lower()}", key, False, told, manifest)
    return None


def _sidecars(pack: Pack, hashes: Mapping[str, str]) -> Iterator[tuple[str, Told]]:
    """What each sidecar tells, by its path without ending; a figure's data go with the first."""
    seen = set()
    for name in sorted(hashes):
        folder = name.split("/")[0]
        if folder not in ("figures", "tables") or not name.endswith(".json"):
            continue
        with contextlib.suppress(KeyError, OSError, ValueError):
            told = json.loads(pack.read(name))
            yield _stem(name), told
            data = f"{folder}/{told['id']}"
            if data not in seen and data != _stem(name):
                seen.add(data)
                yield data, {name: one for name, one in told.items() if name != "language"}


def _stem(name: str) -> str:
    return name.removesuffix(PurePosixPath(name).suffix)


def _records(digest: str, origin: Origin) -> list[tuple[str, Told]]:
    """Records in this repository of runs that gave this very file, the first run first."""
    try:
        outputs = project_root() / OUTPUTS
    except InputError:
        return []
    wanted, found = origin.manifest[FILES].get(origin.name, digest), []
    for path in sorted(outputs.glob(RECORDS)):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            record = json.loads(path.read_text("utf-8"))
            if record.get("outputs", {}).get(origin.name) == wanted:
                found.append((path.parent.name, record))
    return found


def _lines(
    file: Path, pack: Path, origin: Origin, records: list[tuple[str, Told]]
) -> Iterator[str]:
    manifest, told = origin.manifest, origin.sidecar
    yield _line("file", f"{file.name}: {origin.name} of {pack}")
    state = "as built" if origin.unchanged else "NOT as built: edited or converted since"
    yield _line("bytes", state)
    if manifest.get(DIGEST) != manifest_digest(manifest):
        yield _line("manifest", "NOT as built: ask placement-gaps verify")
    if "title" in told:
        yield _line("shows", told["title"])
    if key := origin.key or told.get("key"):
        yield _line("content key", key)
    if SWEPT in manifest:
        yield from _sweep_lines(origin.name, manifest)
    else:
        yield from _report_lines(origin, manifest)
    yield from _code_lines(manifest)
    for name, record in records:
        yield _line("recorded", f"{OUTPUTS}/runs/{name}, commit {told_version(record)}")


def _sweep_lines(name: str, manifest: Told) -> Iterator[str]:
    """The run that a file of a sweep is of, or all of them; then the data of each study."""
    runs = manifest[SWEPT]
    own = [one for one in runs if name.startswith(f"{one.get('folder')}/")] or runs
    told = f"{manifest.get('sweep')}, {manifest.get('audience')}, runs with results: {len(runs)}"
    yield _line("sweep", told)
    for one in own:
        cohort = one.get("cohort") or "all"
        yield _line("of", f"{one.get('folder')}: study {one.get('study')}, cohort {cohort}")
        for notebook in one.get("runs", {}):
            yield from _run_lines(notebook, one)
    studies = {one.get("study") for one in own}
    for study, about in manifest.get("studies", {}).items():
        if study in studies:
            yield _line("study", study + (", all SYNTHETIC" if about.get("synthetic") else ""))
            yield from _data_lines(about)


def _report_lines(origin: Origin, manifest: Told) -> Iterator[str]:
    """Study, notebooks and data of a file of a report."""
    synthetic = ", all SYNTHETIC" if manifest.get("synthetic") else ""
    cohort = manifest.get("cohort") or "all"
    audience = manifest.get("audience")
    yield _line("study", f"{manifest.get('study')}, cohort {cohort}, {audience}{synthetic}")
    for name in _notebooks(origin.sidecar, origin.name, manifest):
        yield _line("notebook", f"{WORKFLOW}/{name}.ipynb, executed: notebooks/{name}.ipynb")
        yield from _run_lines(name, manifest)
    yield from _data_lines(manifest)


def _notebooks(told: Told, name: str, manifest: Told) -> list[str]:
    """The notebook that made a file; all of them, if the file is of the report as a whole."""
    if "notebook" in told:
        return [told["notebook"]]
    known = list(manifest.get("parameters", {}))
    own = [one for one in known if PurePosixPath(name).name.split(".")[0] == one]
    return own or known


def _run_lines(notebook: str, manifest: Told) -> Iterator[str]:
    yield _line("run", manifest.get("runs", {}).get(notebook, "unknown"))
    given = manifest.get("parameters", {}).get(notebook, {})
    for label, (name, value) in zip(_labels("parameters"), given.items(), strict=False):
        yield _line(label, f"{name}: {json.dumps(value, ensure_ascii=False)}")


def _data_lines(manifest: Told) -> Iterator[str]:
    about, inputs = manifest.get("provenance", {}), manifest.get("inputs", {})
    yield _line("data", about.get("source", "unknown"))
    yield _line("", f"licence: {about.get('licence')}; to cite: {about.get('citation')}")
    for source in inputs.get("sources", []):
        yield _line("", f"{source.get('file')}, sha256 {source.get('sha256')}")
    for label, (name, digest) in zip(
        _labels("processed"), inputs.get("processed", {}).items(), strict=False
    ):
        yield _line(label, f"{name}, sha256 {digest}")
    for place, one in manifest.get("published", {}).items():
        yield _line("published", f"data/raw/{place}: {one.get('origin')}")
        yield _line("", f"licence: {one.get('licence')}")
        for name, digest in one.get("sha256", {}).items():
            yield _line("", f"{name}, sha256 {digest}")


def _code_lines(manifest: Told) -> Iterator[str]:
    yield _line("commit", told_version(manifest.get("code", {})))
    told = manifest.get("environment", {})
    packages = ", ".join(f"{name} {one}" for name, one in told.get("packages", {}).items())
    yield _line("software", f"Python {told.get('python')}, {packages}")
    yield _line("", f"requirements.lock, sha256 {told.get('lock_sha256')}")


def _labels(first: str) -> Iterator[str]:
    """A label for the first of several lines, and none for the others."""
    yield first
    while True:
        yield ""


def _line(label: str, text: str) -> str:
    return f"{label:<{WIDTH}} {text}"
