"""Running only what changed: results that stand are taken, the others are made and kept."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from analysis.runs.keys import Wanted
from analysis.runs.store import Store
from analysis.runs.task import Ended, Finished, Task

Execute = Callable[[Sequence[Task], Finished], list[Ended]]
"""Executes notebooks: the local runner, or that of a cluster, its options given."""
CHANGED = "its code, parameters or data changed while it ran; run it again"


def renew(wanted: Sequence[Wanted], store: Store, execute: Execute, failures: Path) -> list[Ended]:
    """Execute the runs whose results don't stand, and keep each as it ends.

    Parameters
    ----------
    wanted
        Runs; equal ones are executed once.
    store
        Where results are kept.
    execute
        What executes notebooks.
    failures
        Folder for the executed copies of notebooks that fail, made if one does.

    Returns
    -------
    list of Ended
        In the order of the runs, `kept` for those whose results stood.
    """
    missing = {one.key: one for one in wanted if store.find(one.key) is None}
    ended = _execute(missing, store, execute, failures) if missing else {}
    return [ended.get(one.key) or Ended(one.notebook, "kept", 0.0) for one in wanted]


def _execute(
    missing: Mapping[str, Wanted], store: Store, execute: Execute, failures: Path
) -> dict[str, Ended]:
    changed: set[str] = set()

    def finished(task: Task, ended: Ended) -> None:
        one = missing[task.result.name]
        if ended.status == "failed" and task.executed.is_file():
            failures.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(task.executed, failures / f"{one.notebook}-{one.key[:8]}.ipynb")
        if ended.status == "done" and set(_runs(task.result)) <= {one.run}:
            store.publish(one, task.result)
        elif ended.status == "done":
            changed.add(one.key)

    with store.staging() as staged:
        tasks = [
            Task(one.root, one.notebook, one.plain, staged / key) for key, one in missing.items()
        ]
        results = dict(zip(missing, execute(tasks, finished), strict=True))
    wrong = {key: replace(results[key], status="failed", error=CHANGED) for key in changed}
    return results | wrong


def _runs(result: Path) -> Iterator[str]:
    """Content keys of the run that figures and tables say they are of, told as it ran."""
    for sidecar in sorted(result.glob("*/*.json")):
        yield json.loads(sidecar.read_text(encoding="utf-8"))["run"]
