"""Whether a published report is still what making it again would give, told at once.

Nothing depends on the times of files: all that the report was made of is compared by content, and
so is every file of it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from analysis.files import canonical_json, sha256, tree_hashes, write_text
from analysis.report.browser import find_browser
from analysis.report.job import Job, archive_file
from analysis.report.provenance.layout import checksum_file
from analysis.runs.keys import Snapshot, Wanted
from analysis.runs.provenance import code_version, source_date
from analysis.runs.task import notebook_file
from analysis.runs.why import GONE, KINDS, by_name, why

NOTES: Final = "packs"
"""Folder of the store with a note for each published pack."""
BY_NAME: Final = ("prose", "program", "docs")
WHOLE: Final = {
    "code": "the commit changed, or files differ from it",
    "date": "the date to write changed",
    "browser": "a browser to print with came or went",
}


def parts_of(job: Job, wanted: Mapping[str, Wanted], snapshot: Snapshot) -> dict[str, object]:
    """What a pack is made of, as plain values by kind.

    Parameters
    ----------
    job
        The report.
    wanted
        The runs whose results it shows.
    snapshot
        The repository as it is.

    Returns
    -------
    dict
        `runs`, keys by notebook; by name the hashes of `prose` (notebooks with what is no code),
        `program` (every file of the package) and `docs`; `code`, the commit; `date`; `browser`,
        whether there is one to print with.
    """
    return {
        "runs": {name: one.key for name, one in wanted.items()},
        "prose": {name: sha256(notebook_file(job.root, name)) for name in wanted},
        "program": snapshot.sources.all_hashes(),
        "docs": tree_hashes(job.root / "docs"),
        "code": code_version(job.root),
        "date": source_date(job.root).isoformat(),
        "browser": find_browser() is not None,
    }


def note(job: Job, parts: Mapping[str, object], remarks: Sequence[str]) -> None:
    """Note what a report was made of, and what was left out, once all of it is published."""
    told = {"parts": parts, "remarks": list(remarks), "files": _published(job.target)}
    write_text(_note_file(job), canonical_json(told))


def stands(job: Job, parts: Mapping[str, object]) -> Sequence[str] | None:
    """What was left out of a report that stands; None if it has to be made again.

    Parameters
    ----------
    job
        The report.
    parts
        What it would be made of now (see `parts_of`).
    """
    told = _told(job)
    if told.get("parts") != parts or told.get("files") != _published(job.target):
        return None
    remarks: Sequence[str] = told["remarks"]
    return remarks


def explain(
    job: Job, wanted: Mapping[str, Wanted], parts: Mapping[str, Any]
) -> Iterator[tuple[str, list[str]]]:
    """Why each notebook would be run again, and the pages made again.

    Parameters
    ----------
    job, wanted, parts
        See `parts_of`.

    Yields
    ------
    tuple
        The notebook's name, or `pages`, with a clause for each change; none if it stands.
    """
    standing = job.store.reference(job.target.name).standing
    for name, one in wanted.items():
        clauses = why(job.store.told(standing.get(name, "")), one)
        if not clauses and job.store.find(one.key) is None:
            clauses = [GONE]
        yield name, clauses
    told = _told(job)
    before = told.get("parts", {})
    clauses = [words for kind, words in WHOLE.items() if before.get(kind) != parts[kind]]
    for kind in BY_NAME:
        clauses += by_name(KINDS[kind], before.get(kind, {}), parts[kind])
    if not told:
        clauses = ["not made yet"]
    elif told["files"] != _published(job.target):
        clauses.append("files of the pack were changed, added or lost")
    yield "pages", clauses


def _published(target: Path) -> dict[str, str]:
    """Hashes of all that was published: the pack's files, its archive and the checksum."""
    archive = archive_file(target)
    beside = [path for path in (archive, checksum_file(archive)) if path.is_file()]
    return tree_hashes(target) | {f"../{path.name}": sha256(path) for path in beside}


def _told(job: Job) -> dict[str, Any]:
    try:
        told = json.loads(_note_file(job).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _note_file(job: Job) -> Path:
    return job.store.folder / NOTES / f"{job.target.name}.json"
