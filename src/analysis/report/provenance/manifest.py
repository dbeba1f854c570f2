"""The manifest: what a pack is of, and the hash of every file in it.

It is written last, so a pack without one is unfinished. It carries a digest of its own content,
which shows an edit made by hand. A checksum is no signature: whoever can write all files can
compute all hashes again, and no program that has only the pack can tell. Against that helps only
a copy of the hash kept elsewhere: the archive's `.sha256`, sent by another way, or the commit
and the data, from which the pack can be built again byte for byte.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from analysis.files import canonical_json, tree_hashes, write_text
from analysis.report.provenance.layout import MANIFEST_FILE

DIGEST = "digest"
FILES = "files"


def write_manifest(folder: Path, description: Mapping[str, object]) -> None:
    """Say what a pack is of and hash every file of it, last.

    Parameters
    ----------
    folder
        The pack.
    description
        What it is of, as plain values (see `Facts.description`).
    """
    hashes = tree_hashes(folder)
    hashes.pop(MANIFEST_FILE, None)  # of a pack that is renewed
    content = {**description, FILES: hashes}
    write_text(folder / MANIFEST_FILE, canonical_json({**content, DIGEST: digest(content)}))


def digest(manifest: Mapping[str, object]) -> str:
    """SHA-256 of a manifest's content, its own digest left out."""
    content = {name: value for name, value in manifest.items() if name != DIGEST}
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()
