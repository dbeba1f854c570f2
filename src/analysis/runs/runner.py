"""Running notebooks side by side, each in a process of its own that can be ended for certain."""

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.runs.processes import (
    GRACE_SECONDS,
    NotebookProcess,
    describe,
    end_tree,
    start_afresh,
)
from analysis.runs.task import Ended, Finished, Task
from analysis.runs.warm import LOST, POLL_SECONDS, WarmProcess, warm_process

if TYPE_CHECKING:
    from tqdm import tqdm

LOST_WORDS = "the process that notebooks are forked from was ended from outside"


def run_notebooks(
    tasks: Sequence[Task],
    *,
    jobs: int,
    time_limit: float,
    quiet: bool = False,
    finished: Finished = lambda *_: None,
    stop: threading.Event | None = None,
    standing: WarmProcess | None = None,
) -> list[Ended]:
    """Execute notebooks side by side, with one progress display over all their cells.

    SIGINT and SIGTERM end every notebook, with its kernel, and mark those not done interrupted.

    On Linux one process imports what the notebooks import, and their processes and kernels are
    forks of it. Elsewhere, or with the environment variable PLACEMENT_GAPS_PLAIN_START set (to
    measure what that saves, or to debug), each is started afresh, with the same results.

    Parameters
    ----------
    tasks
        What to execute.
    jobs
        How many at the same time.
    time_limit
        Seconds that one notebook may take, as a whole.
    quiet
        Show no progress.
    finished
        What to do with each as it ends, so that what is done is kept if the rest never ends.
    stop
        Ends every notebook when it is set, as SIGINT and SIGTERM do, which reach no other thread
        than the main one.
    standing
        A warm process to fork from, which is left standing; one of these tasks' own if None.

    Returns
    -------
    list of Ended
        In the order of the tasks.
    """
    stop, one_at_a_time = stop or threading.Event(), threading.Lock()
    if not tasks:
        return []

    def run(task: Task) -> Ended:
        try:
            ended = _run(task, warm, time_limit, stop, progress)
            with one_at_a_time:
                finished(task, ended)
        except BaseException:
            stop.set()  # nothing can be started or kept here, so the others need not go on
            raise
        return ended

    with (
        stopping(stop),
        contextlib.nullcontext(standing) if standing else warm_process(tasks, stop) as warm,
        _progress(tasks, quiet) as progress,
        ThreadPoolExecutor(max_workers=jobs) as pool,
    ):
        # The later notebooks take longer: begun first, they leave no processor idle at the end.
        futures = [pool.submit(run, task) for task in tasks[::-1]]
        return [future.result() for future in futures[::-1]]


def _progress(tasks: Sequence[Task], quiet: bool) -> "tqdm[Any]":
    """One bar over all notebooks; none where nobody watches."""
    from tqdm import tqdm

    cells = sum(len(json.loads(task.source.read_bytes())["cells"]) for task in tasks)
    hidden = quiet or not sys.stderr.isatty()
    return tqdm(total=cells, unit="cell", disable=hidden, leave=False)


@contextlib.contextmanager
def stopping(stop: threading.Event) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into `stop` while the block runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = {kind: signal.signal(kind, lambda *_: stop.set()) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def _run(
    task: Task,
    warm: WarmProcess | None,
    time_limit: float,
    stop: threading.Event,
    progress: "tqdm[Any]",
) -> Ended:
    start = time.monotonic()
    name = task.notebook
    if stop.is_set():
        return Ended(name, "interrupted", 0.0)
    with tempfile.TemporaryDirectory(prefix="pg-") as place:
        folder = Path(place)
        with _start(task, folder, warm) as child:
            assert child.stdout is not None
            messages = _Messages(progress)
            reader = threading.Thread(target=messages.read, args=(child.stdout,), daemon=True)
            reader.start()
            status = _watch(child, start + time_limit, stop)
            code = end_tree(child)
            reader.join(GRACE_SECONDS)
        log = (folder / "stderr").read_text(encoding="utf-8", errors="replace")
    seconds = time.monotonic() - start
    if status:
        return Ended(name, status, seconds)
    if code == 0:
        return Ended(name, "done", seconds)
    return Ended(name, "failed", seconds, messages.error or _last_words(log, code))


def _last_words(log: str, code: int) -> str:
    """Why a process ended that did not tell: the last line of its standard error, if it wrote."""
    if code == LOST:
        return LOST_WORDS
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    return (log.strip().splitlines() or ["ended without a word"])[-1]


def _start(task: Task, folder: Path, warm: WarmProcess | None) -> NotebookProcess:
    """Start the process of a task, as a fork if there is something to be forked."""
    description = describe(task, folder)
    with (folder / "stderr").open("wb") as errors:
        forked = warm and warm.start(task, description, errors)
        return forked or start_afresh(task, description, errors)


class _Messages:
    """What the process of a notebook says of its progress."""

    def __init__(self, progress: "tqdm[Any]") -> None:
        self.progress = progress
        self.error = ""

    def read(self, stream: Iterator[str]) -> None:
        """Read lines until the process closes them."""
        for line in stream:
            with contextlib.suppress(json.JSONDecodeError):
                message = json.loads(line)
                if "done" in message:
                    self.progress.update()
                self.error = message.get("error", self.error)


def _watch(child: NotebookProcess, deadline: float, stop: threading.Event) -> str:
    """Wait for a process; the status if it must be ended, empty if it ended by itself."""
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(POLL_SECONDS)
            return ""
        if stop.is_set():
            return "interrupted"
        if time.monotonic() > deadline:
            return "timed out"
