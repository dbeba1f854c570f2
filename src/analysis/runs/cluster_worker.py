"""One notebook on a worker of a Dask cluster, executed by the worker's own runner.

The worker has a checkout of the repository and access to the data. Only plain values come to it
and go from it, so that nothing but Dask has to be the same on both sides for a refusal to be told.
"""

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from distributed import Reschedule, get_worker
from distributed.core import Status

from analysis.errors import InputError
from analysis.files import project_root, sha256
from analysis.runs.agreement import basis, differences
from analysis.runs.keys import Snapshot
from analysis.runs.parcel import pack_folder
from analysis.runs.runner import run_notebooks
from analysis.runs.task import Task
from analysis.runs.warm import WarmProcess, possible

ROOT_VARIABLE = "PLACEMENT_GAPS_ROOT"
"""Where a worker has its checkout, if it was not started in it."""
PACKAGE = Path(__file__).parents[1]
POLL_SECONDS = 0.5
RUNNING = {Status.running, Status.paused, Status.closing_gracefully}
EXECUTING = {"executing", "long-running"}


def execute_order(order: Mapping[str, Any]) -> dict[str, Any]:
    """Execute a notebook in this worker's checkout.

    Parameters
    ----------
    order
        Plain values: `notebook`, `parameters`, `time_limit` in seconds, and the `basis` that its
        results must have (see `analysis.runs.agreement`).

    Returns
    -------
    dict
        `refused`, in words, if this worker can't give the results asked for; else `status`,
        `seconds`, `error`, and `results`, the bytes of the folder (see `analysis.runs.parcel`).

    Raises
    ------
    distributed.Reschedule
        If the worker is closed meanwhile: the notebook is then run on another.
    """
    worker = get_worker()
    # In the worker's own folder: what a killed one leaves there, the next one clears away.
    with tempfile.TemporaryDirectory(prefix="pg-result-", dir=worker.local_directory) as folder:
        try:
            task = Task(worker_root(), order["notebook"], order["parameters"], Path(folder))
            _check(task, order["basis"])
        except InputError as error:
            return {"refused": f"worker {worker.address}: {error}"}
        with _stopped_when_unwanted() as stop:
            options = {"jobs": 1, "time_limit": order["time_limit"], "quiet": True, "stop": stop}
            (ended,) = run_notebooks([task], standing=_WARM.process(task.root, stop), **options)
        if ended.status == "interrupted":
            raise Reschedule
        return {
            "status": ended.status,
            "seconds": ended.seconds,
            "error": ended.error,
            "results": pack_folder(task.result),
        }


class _Warm:
    """A warm process for as long as the worker lives, so that only its first notebook waits.

    It has the package as it was when it began. Once that is changed on disk, each notebook has a
    warm process of its own again, until the worker is started anew.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Path, tuple[dict[str, str], WarmProcess | None]] = {}

    def process(self, root: Path, stop: threading.Event) -> WarmProcess | None:
        """The warm process of a checkout; None if it may not be used, or `stop` was set."""
        package = {path: sha256(Path(path)) for path in sorted(map(str, PACKAGE.rglob("*.py")))}
        with self._lock:
            if root not in self._kept:
                process = self._started(root, stop)
                if stop.is_set():
                    return None
                self._kept[root] = (package, process)
            begun_with, process = self._kept[root]
        return process if package == begun_with else None

    def _started(self, root: Path, stop: threading.Event) -> WarmProcess | None:
        if not possible():
            return None
        names = sorted(path.stem for path in (root / "notebooks").glob("*.ipynb"))
        process = WarmProcess([Task(root, name, {}, root) for name in names])
        if process.ready(stop):
            return process
        process.close()
        return None


_WARM = _Warm()


def worker_root() -> Path:
    """The worker's checkout: told by `PLACEMENT_GAPS_ROOT`, else around its working directory.

    Raises
    ------
    InputError
        If there is none.
    """
    told = os.environ.get(ROOT_VARIABLE)
    try:
        return project_root(Path(told) if told else None)
    except InputError:
        raise InputError(
            f"{told or Path.cwd()} is not inside a checkout of the repository. Set {ROOT_VARIABLE} "
            "to one in the worker's environment, or start the worker in it."
        ) from None


def _check(task: Task, wanted: Mapping[str, object]) -> None:
    if not task.source.is_file():
        raise InputError(f"there is no notebook {task.notebook} in {task.root}.")
    if differing := differences(wanted, basis(task, Snapshot(task.root))):
        raise InputError(
            f"{task.root} would give other results of {task.notebook}, for there is a difference "
            f"in {'; '.join(differing)}. Bring it to the same commit, packages and data."
        )


@contextlib.contextmanager
def _stopped_when_unwanted() -> Iterator[threading.Event]:
    """Give an event that is set once nobody waits for this task, or its worker closes.

    Dask does not end what runs when its client cancels it or is gone, it only marks it so.
    """
    worker = get_worker()
    key = worker.get_current_task()
    stop, over = threading.Event(), threading.Event()

    def watch() -> None:
        while not over.wait(POLL_SECONDS):
            state = worker.state.tasks.get(key)
            if worker.status not in RUNNING or state is None or state.state not in EXECUTING:
                stop.set()
                return

    watcher = threading.Thread(target=watch, name="pg-watch", daemon=True)
    watcher.start()
    try:
        yield stop
    finally:
        over.set()
        watcher.join()
