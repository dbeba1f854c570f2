"""Why a notebook would be run again: what of all that it is made of has changed, in words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.runs.keys import Wanted

NOT_RUN = "not run yet"
GONE = "its results are damaged or gone"
KINDS = {
    "modules": "module",
    "inputs": "data",
    "published": "published figures",
    "versions": "version of",
    "docs": "docs",
    "prose": "prose of",
    "program": "file",
}
"""What is told by name, and what it is called."""
WHOLE = {
    "tags": "the tags of its code cells changed",
    "study": "the study file changed",
    "country": "the country file changed",
    "lock": "the lock file changed",
}


def why(told: Mapping[str, Any], wanted: Wanted) -> list[str]:
    """What has changed since a result was made.

    Parameters
    ----------
    told
        What the result says of itself (see `Store.told`); empty if there is none.
    wanted
        The run that is wanted now.

    Returns
    -------
    list of str
        A clause for each change; empty if nothing changed.
    """
    if not told:
        return [NOT_RUN]
    before: Mapping[str, Any] = told["made_of"]
    now: Mapping[str, Any] = wanted.made_of
    named = ("modules", "inputs", "published")
    return [
        *_cells(before["code"], now["code"]),
        *(clause for kind in named for clause in by_name(KINDS[kind], before[kind], now[kind])),
        *(words for kind, words in WHOLE.items() if before.get(kind) != now[kind]),
        *_parameters(told["parameters"], wanted.plain),
        *by_name(KINDS["versions"], told["versions"], wanted.versions),
    ]


def by_name(kind: str, before: Mapping[str, object], now: Mapping[str, object]) -> Iterator[str]:
    """A clause for each name whose hash differs, or that only one side has.

    Parameters
    ----------
    kind
        What the names are of, in words.
    before, now
        Hashes by name.
    """
    for name in sorted(before.keys() | now.keys()):
        if name not in before:
            yield f"{kind} {name} is new"
        elif name not in now:
            yield f"{kind} {name} is gone"
        elif before[name] != now[name]:
            yield f"{kind} {name} changed"


def _cells(before: Sequence[str], now: Sequence[str]) -> Iterator[str]:
    """A clause for the code cells, by their number from 1."""
    if len(before) != len(now):
        yield f"{len(now)} cells of code instead of {len(before)}"
        return
    changed = [
        str(i) for i, (old, new) in enumerate(zip(before, now, strict=True), 1) if old != new
    ]
    if changed:
        yield f"code cell {', '.join(changed)} changed"


def _parameters(before: Mapping[str, object], now: Mapping[str, object]) -> Iterator[str]:
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name), now.get(name)
        if old != new:
            yield f"parameter {name}: {new!r} instead of {old!r}"
