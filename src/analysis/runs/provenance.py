"""The record of a run: what went in, what came out, with which versions, when and how it ended."""

import datetime
import hashlib
import json
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from analysis.files import canonical_json, sha256, tree_hashes, write_text
from analysis.ingest import Processed
from analysis.runs.parameters import StudyParameters

LOCK_FILE = "requirements.lock"
RECORD_FILE = "run.json"
SOURCES = {".py", ".sql", ".yml"}
PACKAGES = (
    "placement-gaps",
    "duckdb",
    "ibis-framework",
    "ipykernel",
    "matplotlib",
    "nbconvert",
    "numpy",
    "pandas",
    "papermill",
    "scipy",
    "seaborn",
    "statsmodels",
)


def now() -> datetime.datetime:
    """The time, with its zone."""
    return datetime.datetime.now(datetime.UTC)


def run_id(start: datetime.datetime) -> str:
    """Name of a run's folder, which sorts by time."""
    return start.strftime("%Y%m%dT%H%M%S.%fZ")


def code_version(root: Path) -> dict[str, object]:
    """Commit of the repository and whether files differ from it; nulls outside of one."""

    def git(*words: str) -> str | None:
        command = ["git", "-C", str(root), *words]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return done.stdout.strip()

    changed = git("status", "--porcelain")
    return {"commit": git("rev-parse", "HEAD"), "dirty": None if changed is None else bool(changed)}


def environment(root: Path) -> dict[str, object]:
    """Versions of Python and of the packages that results depend on, and the lock's hash."""
    lock = root / LOCK_FILE
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "lock_sha256": sha256(lock) if lock.is_file() else None,
    }


def run_key(root: Path, notebook: str, parameters: StudyParameters, data: Processed) -> str:
    """Content key of a notebook's run: what its results are made of, no commit and no time.

    Parameters
    ----------
    root
        The repository.
    notebook
        Name of the notebook; its code counts, its prose doesn't.
    parameters
        Its checked parameters. The language shown changes no result.
    data
        The processed table that it reads.

    Returns
    -------
    str
        SHA-256 in hexadecimal.
    """
    book = json.loads((root / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8"))
    package = Path(__file__).parents[1]
    lock = root / LOCK_FILE
    made_of = {
        "code": ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"],
        "modules": {
            path.relative_to(package).as_posix(): sha256(path)
            for path in sorted(package.rglob("*"))
            if path.suffix in SOURCES
        },
        "parameters": parameters.model_dump(mode="json", exclude={"language"}),
        "study": parameters.loaded.digest,
        "inputs": tree_hashes(data.folder),
        "lock": sha256(lock) if lock.is_file() else None,
    }
    return hashlib.sha256(canonical_json(made_of).encode()).hexdigest()


def write_record(folder: Path, record: dict[str, object]) -> Path:
    """Write the record of a run, as the last of its files."""
    path = folder / RECORD_FILE
    write_text(path, canonical_json(record))
    return path
