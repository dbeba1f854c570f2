"""The raw files and their manifest: origin, licence, and that nobody edited them."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from analysis.errors import InputError
from analysis.files import read_yaml, tree_hashes

MANIFEST_FILE = "MANIFEST"
IGNORED = (MANIFEST_FILE, ".gitkeep")


class RawSource(BaseModel):
    """What the manifest tells of the files of one folder below `data/raw`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    origin: str
    licence: str
    sha256: dict[str, str]


def raw_folder(root: Path) -> Path:
    """The folder of raw files of a repository."""
    return root / "data" / "raw"


def published_folder(root: Path, year: int | str) -> Path:
    """The folder of the figures published of a year."""
    return raw_folder(root) / "published" / str(year)


def check_raw(root: Path) -> dict[str, str]:
    """Compare the raw files with their manifest.

    Parameters
    ----------
    root
        The repository.

    Returns
    -------
    dict
        SHA-256 of each raw file, by its path below `data/raw`.

    Raises
    ------
    InputError
        If a file was changed, is missing, or is not in the manifest; the message names each.
    """
    folder = raw_folder(root)
    found = {path: digest for path, digest in _hashes(folder).items() if path not in IGNORED}
    wanted = {
        f"{place}/{name}": digest
        for place, source in read_manifest(folder).items()
        for name, digest in source.sha256.items()
    }
    faults = [
        f"  {path}: {_fault(wanted.get(path), found.get(path))}"
        for path in sorted(found | wanted)
        if wanted.get(path) != found.get(path)
    ]
    if faults:
        raise InputError(
            f"Raw files are never edited, but {folder} differs from its {MANIFEST_FILE}:\n"
            + "\n".join(faults)
        )
    return found


def read_manifest(folder: Path) -> dict[str, RawSource]:
    """Read the manifest of a folder of raw files; empty where there is none.

    Returns
    -------
    dict
        What is told of each folder, by its path below `folder`.

    Raises
    ------
    InputError
        If it is not readable, or lacks an origin, a licence or the hashes of a folder.
    """
    path = folder / MANIFEST_FILE
    if not path.is_file():
        return {}
    try:
        return TypeAdapter(dict[str, RawSource]).validate_python(read_yaml(path))
    except ValidationError as error:
        faults = "\n".join(
            f"  {'.'.join(str(step) for step in fault['loc'])}: {fault['msg']}"
            for fault in error.errors()
        )
        raise InputError(f"{path} is not a manifest:\n{faults}") from None


def _hashes(folder: Path) -> dict[str, str]:
    return tree_hashes(folder) if folder.is_dir() else {}


def _fault(wanted: str | None, found: str | None) -> str:
    if found is None:
        return "missing; restore it: git checkout -- data/raw"
    if wanted is None:
        return f"not in the manifest; take it away, or add it with its sha256 {found}"
    return "changed; restore it: git checkout -- data/raw"
