"""The process that executes one notebook: started afresh, watched and ended for certain."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Protocol, Self

from analysis.runs.task import OUTPUT_VARIABLE, Task

GRACE_SECONDS: Final = 5.0


class NotebookProcess(Protocol):
    """What the runner needs of a notebook's process: a part of `subprocess.Popen`."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    @property
    def pid(self) -> int:
        """Its number, and that of the process group that it leads."""

    @property
    def stdin(self) -> IO[str] | None:
        """The process ends when this closes."""

    @property
    def stdout(self) -> IO[str] | None:
        """Its messages."""

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; `subprocess.TimeoutExpired` if it takes longer."""

    def terminate(self) -> None:
        """Ask it to end."""


def describe(task: Task, folder: Path) -> Path:
    """Write a task's files for the process that executes it; the path of its description."""
    parameters, description = folder / "parameters.yaml", folder / "task.json"
    # JSON is YAML, in which every value keeps its type.
    parameters.write_text(json.dumps(dict(task.parameters)), encoding="utf-8")
    paths = {
        "notebook": task.source,
        "executed": task.executed,
        "parameters": parameters,
        "folder": task.root,
    }
    description.write_text(json.dumps({name: str(path) for name, path in paths.items()}))
    return description


def start_afresh(task: Task, description: Path, errors: IO[bytes]) -> "subprocess.Popen[str]":
    """Start the process of a task in a process group of its own.

    Parameters
    ----------
    task
        What to execute.
    description
        The file that tells the process of it.
    errors
        Where its standard error goes.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "analysis.runs.execute", str(description)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        start_new_session=True,
        env=os.environ | {OUTPUT_VARIABLE: str(task.result)},
    )


def end_tree(child: NotebookProcess) -> int:
    """End a process and all that it started, gently first, for certain then; its exit code.

    A kernel is in a session of its own, so a signal to the process group doesn't reach it.
    """
    import psutil  # here, for nothing heavy is imported before there is something to run

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
    return child.wait()
