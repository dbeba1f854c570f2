"""Kernels that talk over files, and are forked where the notebook's own process was.

A fork has everything imported, but must be made before its parent has a thread: zmq's, say. So
a notebook's process forks its kernel as the first thing that it does. The child waits, a "spare"
kernel, until papermill launches one.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from analysis.runs.task import OUTPUT_VARIABLE
from analysis.runs.warm import INTERPRETER

LAUNCHER: Final = "ipykernel_launcher"
PARENT_VARIABLE: Final = "JPY_PARENT_PID"
ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Read as libraries are imported. A thread more could not be forked, and rounds differently."""
OWN: Final = {OUTPUT_VARIABLE, PARENT_VARIABLE, "JPY_SESSION_NAME"}
"""Variables that nothing reads as it is imported, so that a fork may be given them."""
WAIT_SECONDS: Final = 0.005


class SpareKernel:
    """A child that waits to be the kernel of this process: once it is, like a `Popen`.

    Parameters
    ----------
    pid
        Its number, and that of the session that it leads.
    order
        Writing end of the pipe that is its standard input.
    """

    stdin = stdout = stderr = None

    def __init__(self, pid: int, order: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._order = order

    def launch(self, command: Sequence[str], environment: Mapping[str, str], folder: str) -> None:
        """Have it become a kernel. That it is dead is found out by whoever waits for the kernel."""
        with contextlib.suppress(BrokenPipeError), os.fdopen(self._order, "wb") as order:
            order.write(json.dumps([command, environment, folder]).encode())

    def close(self) -> None:
        """Have it end without having been launched."""
        os.close(self._order)
        self.wait()

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(LAUNCHER, timeout or 0.0)
            time.sleep(WAIT_SECONDS)
        return code

    def send_signal(self, signum: int) -> None:
        """Send it a signal, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, signum)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class SpareProvisioner(LocalProvisioner):
    """Gives its kernel manager the spare kernel, once, where it is what was asked for.

    For anything else, and for a second kernel, a process is started afresh.
    """

    spare: SpareKernel | None = None

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:  # noqa: ANN401
        """Launch a kernel by a command."""
        spare, self.spare = self.spare, None
        if spare is not None and not forkable(cmd, **options):
            spare.close()
            spare = None
        if spare is None:
            return await super().launch_kernel(cmd, **options)
        self.process = cast("subprocess.Popen[bytes]", spare)  # as far as provisioners use one
        self.pid = self.pgid = spare.pid
        self.cwd = str(options.get("cwd") or Path.cwd())
        spare.launch(cmd, options["env"] | {PARENT_VARIABLE: str(os.getpid())}, self.cwd)
        return self.connection_info


def forkable(command: Sequence[str], **options: Any) -> bool:  # noqa: ANN401 (Popen's own)
    """Whether a fork of this process would be the same as the kernel that a command starts.

    Parameters
    ----------
    command
        It must start Jupyter's Python kernel with this very Python and its options.
    **options
        Of the start: `cwd`, and `env`. What differs there from this process's environment may be
        read as something is imported, which is too late.
    """
    python, *rest = command
    known = [*INTERPRETER, "-m", LAUNCHER]
    environment = options.get("env", {})
    differing = {name for name, _ in environment.items() ^ os.environ.items()}
    return (
        {"env"} <= options.keys() <= {"env", "cwd"}
        and rest[: len(known)] == known
        and Path(python).parent == Path(sys.executable).parent
        and Path(python).resolve() == Path(sys.executable).resolve()
        and differing <= OWN | ONE_THREAD.keys()
        and ONE_THREAD.items() <= environment.items()
    )


class IpcKernelManager(AsyncKernelManager):
    """Talks to its kernel over files, of a folder that no other kernel has.

    Kernels on TCP ports collide when many start at once.
    """

    spare: ClassVar[SpareKernel | None] = None
    """The kernel that was forked for this process, if it was forked itself."""
    place: ClassVar[Path | None] = None
    """Folder for the files of the first kernel, which is removed even if this process is killed."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 (traitlets' own)
        # Short, for the path of a socket holds about 100 characters; gone with the manager.
        own = None if self.place else tempfile.TemporaryDirectory(prefix="pg-")
        folder = own.name if own else self.place
        files = {"connection_file": f"{folder}/kernel.json", "ip": f"{folder}/socket"}
        super().__init__(transport="ipc", **files, **options)
        self.own_folder, IpcKernelManager.place = own, None
        if self.spare is not None:
            # An entry point would do the same for every kernel of the environment.
            self.kernel_id = str(uuid.uuid4())
            about = {"kernel_id": self.kernel_id, "kernel_spec": self.kernel_spec}
            self.provisioner = SpareProvisioner(parent=self, **about)
            self.provisioner.spare, IpcKernelManager.spare = self.spare, None
