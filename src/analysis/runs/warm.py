"""Warm starts: one process imports everything once, and each notebook's process is its fork.

The runner's side. `analysis.runs.forks` is what runs in the warm process and its forks; what
must be as at a plain start is told there.
"""

import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from analysis.runs.task import OUTPUT_VARIABLE, Task

PLAIN_VARIABLE: Final = "PLACEMENT_GAPS_PLAIN_START"
"""Set to anything, it has each notebook started afresh: to compare, to measure, to debug."""
INTERPRETER: Final = ("-Xfrozen_modules=off",)
"""Options of Python that ipykernel writes into the kernels that it installs."""
READY: Final = b"ready"
NUMBER: Final = struct.Struct("q")
LOST: Final = 1000
"""Stands for the exit code of a process that nobody can tell, for the warm process is dead."""
POLL_SECONDS: Final = 0.2
ANSWER_SECONDS: Final = 30.0


class WarmProcess:
    """A process that has imported what notebooks import, and forks their processes.

    It is not multiprocessing's own "forkserver": that imports the runner's `__main__` again in
    every fork, has one set of imports and one environment for all its users, and forks nothing
    where the runner is a daemonic process, as a worker of Dask under its nanny is.

    Parameters
    ----------
    tasks
        Notebooks to execute; at least one. What they import is imported.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        module = [sys.executable, *INTERPRETER, "-m", "analysis.runs.forks"]
        root = tasks[0].root.absolute()
        notebooks = sorted({task.notebook for task in tasks if task.root == tasks[0].root})
        with theirs:
            self._process = subprocess.Popen(
                [*module, str(theirs.fileno()), str(root), *notebooks],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                env=os.environ,  # not what C libraries have added to it, readline for one
            )

    @property
    def pid(self) -> int:
        """Number of the warm process."""
        return self._process.pid

    def ready(self, stop: threading.Event) -> bool:
        """Wait until everything is imported; False if that failed or `stop` was set."""
        while not stop.is_set():
            if _readable(self._socket.fileno(), POLL_SECONDS):
                with contextlib.suppress(ConnectionError):
                    return self._socket.recv(len(READY)) == READY
                return False
        return False

    def start(self, task: Task, description: Path, errors: IO[bytes]) -> "ForkedProcess | None":
        """Have the process of a task forked, with the arguments of `processes.start_afresh`.

        Returns
        -------
        ForkedProcess or None
            None if the warm process doesn't answer.
        """
        order = {
            "description": str(description),
            "environment": {OUTPUT_VARIABLE: str(task.result)},
            "folder": str(Path.cwd()),
        }
        stdin, ours_in = os.pipe()
        ours_out, stdout = os.pipe()
        status, told = os.pipe()
        process = ForkedProcess(ours_in, ours_out, status)
        theirs = [stdin, stdout, told]
        try:
            message = json.dumps(order).encode()
            socket.send_fds(self._socket, [message], [stdin, stdout, errors.fileno(), told])
        except ConnectionError:
            pass  # the warm process is dead: nothing will be told
        finally:
            for end in theirs:
                os.close(end)
        return process if process.begun() else None

    def close(self) -> None:
        """End it; its forks have ended, or end as they find the runner gone."""
        self._socket.close()
        self._process.kill()
        self._process.wait()


class ForkedProcess:
    """A notebook's process that the warm process has forked: as far as needed, like a `Popen`.

    Its parent is the warm process, which alone can tell how it ended, and does so through a pipe.

    Parameters
    ----------
    stdin, stdout
        The runner's ends of its standard streams.
    status
        Where the warm process writes its number, then its exit code.
    """

    def __init__(self, stdin: int, stdout: int, status: int) -> None:
        self.stdin: IO[str] = os.fdopen(stdin, "w")
        self.stdout: IO[str] = os.fdopen(stdout, encoding="utf-8", errors="replace")
        self._status = status
        self.pid = 0
        self.returncode: int | None = None

    def begun(self) -> bool:
        """Whether it was forked; if not, whatever there is of it is let go."""
        pid = self._told(ANSWER_SECONDS)
        if pid is None or pid == LOST:
            self.close()
            return False
        self.pid = pid
        return True

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs; LOST if nobody can tell."""
        if self.returncode is None:
            self.returncode = self._told(0.0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        if self.returncode is None:
            self.returncode = self._told(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("notebook", timeout or 0.0)
        return self.returncode

    def terminate(self) -> None:
        """Ask it to end."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)

    def close(self) -> None:
        """Close the runner's ends, which ends the process if it still runs."""
        with contextlib.suppress(BrokenPipeError):
            self.stdin.close()
        self.stdout.close()
        os.close(self._status)

    def __enter__(self) -> "ForkedProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _told(self, timeout: float | None) -> int | None:
        """A number that the warm process tells; None if it takes longer."""
        if not _readable(self._status, timeout):
            return None
        number = os.read(self._status, NUMBER.size)
        return NUMBER.unpack(number)[0] if number else LOST


def _readable(descriptor: int, timeout: float | None) -> bool:
    """Wait until there is something to read, or nothing can come any more."""
    wanted = select.poll()
    wanted.register(descriptor, select.POLLIN)
    return bool(wanted.poll(None if timeout is None else timeout * 1000))


def possible() -> bool:
    """Whether processes can be forked here, and no plain start is asked for.

    Linux alone: elsewhere libraries may not be used after a fork, or there is no `pidfd_open`.
    """
    return (
        sys.platform == "linux" and hasattr(os, "pidfd_open") and not os.environ.get(PLAIN_VARIABLE)
    )


@contextlib.contextmanager
def warm_process(tasks: Sequence[Task], stop: threading.Event) -> Iterator[WarmProcess | None]:
    """A warm process while the block runs; None where each notebook must be started afresh."""
    if not tasks or not possible():
        yield None
        return
    process = WarmProcess(tasks)
    try:
        yield process if process.ready(stop) else None
    finally:
        process.close()
