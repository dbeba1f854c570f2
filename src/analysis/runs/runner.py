"""Running notebooks side by side, each in a process of its own that can be ended for certain."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import psutil
from tqdm import tqdm

from analysis.runs.task import OUTPUT_VARIABLE, Ended, Finished, Task

GRACE_SECONDS = 5.0
POLL_SECONDS = 0.2


def run_notebooks(
    tasks: Sequence[Task],
    *,
    jobs: int,
    time_limit: float,
    quiet: bool = False,
    finished: Finished = lambda *_: None,
    stop: threading.Event | None = None,
) -> list[Ended]:
    """Execute notebooks side by side, with one progress display over all their cells.

    SIGINT and SIGTERM end every notebook, with its kernel, and mark those not done interrupted.

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

    Returns
    -------
    list of Ended
        In the order of the tasks.
    """
    stop, one_at_a_time = stop or threading.Event(), threading.Lock()
    cells = sum(len(nbformat.read(task.source, as_version=4).cells) for task in tasks)

    def run(task: Task) -> Ended:
        ended = _run(task, time_limit, stop, progress)
        with one_at_a_time:
            finished(task, ended)
        return ended

    with (
        stopping(stop),
        _progress(cells, quiet) as progress,
        ThreadPoolExecutor(max_workers=jobs) as pool,
    ):
        # The later notebooks take longer: begun first, they leave no processor idle at the end.
        futures = [pool.submit(run, task) for task in tasks[::-1]]
        return [future.result() for future in futures[::-1]]


def _progress(cells: int, quiet: bool) -> "tqdm[Any]":
    """One bar over all notebooks; none where nobody watches."""
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


def _run(task: Task, time_limit: float, stop: threading.Event, progress: "tqdm[Any]") -> Ended:
    start = time.monotonic()
    name = task.notebook
    if stop.is_set():
        return Ended(name, "interrupted", 0.0)
    with tempfile.TemporaryDirectory(prefix="pg-task-") as folder, _start(task, folder) as child:
        assert child.stdout is not None
        messages = _Messages(progress)
        reader = threading.Thread(target=messages.read, args=(child.stdout,), daemon=True)
        reader.start()
        status = _watch(child, start + time_limit, stop)
        end_tree(child)
        reader.join(GRACE_SECONDS)
        log = Path(folder, "stderr").read_text(encoding="utf-8", errors="replace")
    seconds = time.monotonic() - start
    if status:
        return Ended(name, status, seconds)
    if child.returncode == 0:
        return Ended(name, "done", seconds)
    error = messages.error or (log.strip().splitlines() or ["ended without a word"])[-1]
    return Ended(name, "failed", seconds, error)


def _start(task: Task, folder: str) -> subprocess.Popen[str]:
    """Start the process of a task in a process group of its own."""
    parameters, description = Path(folder, "parameters.yaml"), Path(folder, "task.json")
    # JSON is YAML, in which every value keeps its type.
    parameters.write_text(json.dumps(dict(task.parameters)), encoding="utf-8")
    paths = {
        "notebook": task.source,
        "executed": task.executed,
        "parameters": parameters,
        "folder": task.root,
    }
    description.write_text(json.dumps({name: str(path) for name, path in paths.items()}))
    with Path(folder, "stderr").open("w") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "analysis.runs.execute", str(description)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
            env=os.environ | {OUTPUT_VARIABLE: str(task.result)},
        )


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


def _watch(child: subprocess.Popen[str], deadline: float, stop: threading.Event) -> str:
    """Wait for a process; the status if it must be ended, empty if it ended by itself."""
    while child.poll() is None:
        if stop.wait(POLL_SECONDS):
            return "interrupted"
        if time.monotonic() > deadline:
            return "timed out"
    return ""


def end_tree(child: subprocess.Popen[str]) -> None:
    """End a process and all that it started, gently first, for certain then.

    A kernel is in a session of its own, so a signal to the process group doesn't reach it.
    """
    try:
        descendants = psutil.Process(child.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        descendants = []
    if child.poll() is None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    for process in descendants:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    child.wait()
