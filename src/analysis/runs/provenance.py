"""The record of a run: what went in, what came out, with which versions, when and how it ended."""

import datetime
import os
import platform
import subprocess
from pathlib import Path

from analysis.errors import InputError
from analysis.files import canonical_json, write_text
from analysis.runs.keys import Snapshot

RECORD_FILE = "run.json"
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
    now = Snapshot(root)
    packages = dict(now.versions)
    return {
        "python": packages.pop("python"),
        "platform": platform.platform(),
        "packages": packages,
        "lock_sha256": now.lock,
    }


def write_record(folder: Path, record: dict[str, object]) -> Path:
    """Write the record of a run, as the last of its files."""
    path = folder / RECORD_FILE
    write_text(path, canonical_json(record))
    return path
