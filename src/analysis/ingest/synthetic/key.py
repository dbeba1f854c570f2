"""Whether a generated extract is that of the present generator, told without starting it."""

import hashlib
from importlib import metadata, resources
from pathlib import Path
from typing import Final

from analysis.files import sha256
from analysis.ingest.raw import published_folder
from analysis.ingest.synthetic import YEAR

TRUTH_FILE: Final = "truth.json"
PACKAGES: Final = ("duckdb", "numpy", "pandas", "pyarrow", "scipy")


def generator_key(root: Path) -> str:
    """What a generated extract depends on, beside seed and scale: code, figures and libraries."""
    package = Path(str(resources.files("analysis.ingest.synthetic")))
    files = [*package.glob("*.py"), *package.glob("*.sql"), *published_folder(root, YEAR).glob("*")]
    parts = [f"{path.name} {sha256(path)}" for path in sorted(files)]
    parts += [f"{name} {metadata.version(name)}" for name in PACKAGES]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
