"""Names that writers and readers of a pack share."""

from collections.abc import Mapping
from pathlib import Path

MANIFEST_FILE = "manifest.json"
CRATE_FILE = "ro-crate-metadata.json"
WORKFLOW = "workflow"
"""The pack's folder of what was run: the notebooks without outputs, and the program around them."""
PROGRAM = "build.py"
GRID_FILE = "grid.yaml"
"""What was asked of a sweep; it lies in the pack, which has no crate."""
SWEPT = "swept"
"""What the manifest of a sweep calls its runs; only a sweep has them."""


def checksum_file(archive: Path) -> Path:
    """The file beside an archive that holds its checksum."""
    return archive.with_name(f"{archive.name}.sha256")


def told_version(code: Mapping[str, object]) -> str:
    """The commit, with a word if files differed from it.

    Parameters
    ----------
    code
        `commit` and `dirty` (see `analysis.runs.provenance.code_version`).
    """
    if code.get("commit") is None:
        return "not under version control"
    return f"{code['commit']}, with changes" if code.get("dirty") else str(code["commit"])
