"""The record of a run: what went in, what came out, with which versions, when and how it ended."""

import datetime
import hashlib
import json
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from analysis.errors import InputError
from analysis.files import canonical_json, sha256, tree_hashes, write_text
from analysis.impact.country import country_file
from analysis.ingest import Processed
from analysis.ingest.raw import raw_folder
from analysis.runs.parameters import StudyParameters, TripleBottomLine
from analysis.runs.sources import source_files
from analysis.runs.task import notebook_file

LOCK_FILE = "requirements.lock"
RECORD_FILE = "run.json"
EXECUTED_BY = "import analysis.runs.execute"
"""What runs a notebook without the notebook's asking for it."""
PACKAGES = (
    "placement-gaps",
    "duckdb",
    "ibis-framework",
    "ipykernel",
    "jinja2",
    "matplotlib",
    "nbconvert",
    "numpy",
    "pandas",
    "papermill",
    "pikepdf",
    "playwright",
    "rocrate",
    "scipy",
    "seaborn",
    "statsmodels",
    "vl-convert-python",
    "xlsxwriter",
)
SOURCE_DATE = "SOURCE_DATE_EPOCH"
EARLIEST = datetime.datetime(1980, 1, 1, tzinfo=datetime.UTC)


def now() -> datetime.datetime:
    """The time, with its zone."""
    return datetime.datetime.now(datetime.UTC)


def run_id(start: datetime.datetime) -> str:
    """Name of a run's folder, which sorts by time."""
    return start.strftime("%Y%m%dT%H%M%S.%fZ")


def code_version(root: Path) -> dict[str, object]:
    """Commit of the repository and whether files differ from it; nulls outside of one."""
    changed = _git(root, "status", "--porcelain")
    commit = _git(root, "rev-parse", "HEAD")
    return {"commit": commit, "dirty": None if changed is None else bool(changed)}


def _git(root: Path, *words: str) -> str | None:
    """What git answers; None if it can't."""
    command = ["git", "-C", str(root), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def source_epoch() -> int | None:
    """Seconds since 1970 that SOURCE_DATE_EPOCH asks to write as the time; None if it is not set.

    Raises
    ------
    InputError
        If it is no whole number that a date can be made of.
    """
    asked = os.environ.get(SOURCE_DATE)
    if not asked:
        return None
    try:
        seconds = int(asked)
        datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (ValueError, OverflowError, OSError):
        raise InputError(
            f"{SOURCE_DATE} must be a whole number of seconds since 1970, not {asked!r}."
        ) from None
    return seconds


def source_date(root: Path) -> datetime.datetime:
    """The time to write into files, the same for every build of a commit.

    SOURCE_DATE_EPOCH where it is set, else the commit's time, else the first of 1980, with which
    zip archives begin.
    """
    seconds = source_epoch()
    if seconds is None:
        committed = _git(root, "log", "-1", "--format=%ct")
        if not committed:
            return EARLIEST
        seconds = int(committed)
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


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
        Name of the notebook; its code counts, with all of the package that it imports, directly
        or not. Its prose doesn't.
    parameters
        Its checked parameters. The language shown changes no result, and neither does the
        place of the study file.
    data
        The processed table that it reads. Of a study with published figures, these count too.

    Returns
    -------
    str
        SHA-256 in hexadecimal.
    """
    book = json.loads(notebook_file(root, notebook).read_text(encoding="utf-8"))
    lock, study = root / LOCK_FILE, parameters.loaded
    code = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    files = source_files(Path(__file__).parents[1], [*code, EXECUTED_BY])
    made_of = {
        "code": code,
        "modules": {name: sha256(path) for name, path in files.items()},
        "parameters": parameters.model_dump(mode="json", exclude={"language", "study"}),
        "study": study.digest,
        "country": _country(parameters),
        "inputs": tree_hashes(data.folder),
        "published": tree_hashes(raw_folder(root)) if study.published else {},
        "lock": sha256(lock) if lock.is_file() else None,
    }
    return hashlib.sha256(canonical_json(made_of).encode()).hexdigest()


def _country(parameters: StudyParameters) -> str | None:
    """Hash of the country file asked for, which may lie anywhere; None if none is."""
    if not isinstance(parameters, TripleBottomLine):
        return None
    return sha256(country_file(parameters.country))


def write_record(folder: Path, record: dict[str, object]) -> Path:
    """Write the record of a run, as the last of its files."""
    path = folder / RECORD_FILE
    write_text(path, canonical_json(record))
    return path
