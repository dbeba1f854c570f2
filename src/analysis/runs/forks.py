"""The warm process, and what its forks become: a notebook's process and its kernel.

Started by `analysis.runs.warm` as `python -m analysis.runs.forks`. It imports what notebooks
import, while it has one thread, and then forks on each order. A fork returns from here to `main`,
which ends as any program does, so that nothing of the warm process runs in it but imports.

What must be as at a plain start, besides, is done here: session, standard streams, environment,
folder, arguments, random numbers. No descriptor of the warm process stays open in a fork.
"""

import builtins
import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import socket
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Final

from analysis.runs.warm import NUMBER, READY

WHILE_IMPORTING: Final = {
    # One thread, for a fork has none but the one that forked. Kernels compute with one as well.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # pyarrow's allocator starts a thread as it is loaded.
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
BACKEND: Final = ("MPLBACKEND", "module://matplotlib_inline.backend_inline")
"""What ipykernel sets before a notebook first imports matplotlib, if nobody has set it."""
LATE: Final = ("ibis.backends.duckdb", "matplotlib.backends.backend_pdf")
"""What libraries import as they are first used: a third of a second of each notebook."""
APPLICATION: Final = ("ipykernel", "kernelapp")
"""A module that reads, as it is imported, who the kernel's parent is: each kernel imports it."""
MESSAGE_BYTES: Final = 1 << 16
STREAMS: Final = 3


@dataclass(frozen=True)
class Order:
    """A notebook to execute.

    Attributes
    ----------
    description
        Path of the file that tells of it.
    environment
        Variables to set.
    folder
        Working directory.
    streams
        Descriptors for standard input, output and error.
    """

    description: str
    environment: dict[str, str]
    folder: str
    streams: list[int]


def main() -> int:
    """Import, then fork on each order until the runner is gone.

    Arguments on the command line: the descriptor of a socket for orders, a repository, and the
    names of its notebooks whose imports are wanted.

    Returns
    -------
    int
        Exit code: of the warm process, or of the notebook's process or kernel that it has become.
    """
    descriptor, root, *notebooks = sys.argv[1:]
    if not sys.flags.safe_path:
        del sys.path[0]  # the working directory, which each fork has its own of
    with socket.socket(fileno=int(descriptor)) as orders:
        orders.set_inheritable(False)
        with _as_in_a_kernel(), contextlib.chdir(root):  # where matplotlib looks for settings
            import_all(Path(root), notebooks)
        os.close(os.pidfd_open(os.getpid()))  # fails here and now where Linux is too old
        if threads() != 1:
            return 1
        # What is there now is never garbage: forks share it as long as nobody touches it.
        gc.collect()
        gc.freeze()
        orders.send(READY)
        order = _serve(orders)
    return 0 if order is None else _be_notebook(order)


def import_all(root: Path, notebooks: Sequence[str]) -> None:
    """Import what executes notebooks, and of this package all that their content keys count."""
    from analysis.runs.keys import EXECUTED_BY, code_cells
    from analysis.sources import Sources

    code = [cell for notebook in notebooks for cell in code_cells(root, notebook)]
    for name in Sources(Path(__file__).parents[1]).files([*code, EXECUTED_BY]):
        file = Path("analysis", name)
        if file.suffix == ".py":
            module = file.parent if file.stem == "__init__" else file.with_suffix("")
            with contextlib.suppress(ImportError):  # whoever needs it will say so
                importlib.import_module(".".join(module.parts))
    for name in LATE:
        importlib.import_module(name)
    importlib.import_module(".".join(APPLICATION))  # for all that it imports; then forgotten
    delattr(importlib.import_module(APPLICATION[0]), APPLICATION[1])
    del sys.modules[".".join(APPLICATION)]


@contextlib.contextmanager
def _as_in_a_kernel() -> Iterator[None]:
    """Show libraries what they look at as they are imported, while they are."""
    name, backend = BACKEND
    wanted = WHILE_IMPORTING | {name: os.environ.get(name) or backend}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    # pandas shows 20 columns in a kernel, and as many as a terminal holds elsewhere.
    vars(builtins)["get_ipython"] = lambda: SimpleNamespace(kernel=None)
    try:
        yield
    finally:
        del vars(builtins)["get_ipython"]
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value


def threads() -> int:
    """How many threads this process has, those of libraries included."""
    return sum(1 for _ in Path("/proc/self/task").iterdir())


def _serve(orders: socket.socket) -> Order | None:
    """Fork on each order: it is what the fork returns. None once nobody gives orders any more."""
    running: dict[int, tuple[int, int]] = {}  # by pidfd: number, and where to tell of its end
    with selectors.DefaultSelector() as selector:
        selector.register(orders, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd != orders.fileno():
                    selector.unregister(key.fd)
                    _tell_end(key.fd, *running.pop(key.fd))
                    continue
                message, descriptors, *_ = socket.recv_fds(orders, MESSAGE_BYTES, STREAMS + 1)
                if not message:
                    return None
                *streams, told = descriptors
                try:
                    pid = os.fork()
                except OSError:  # the runner, told nothing, starts this one afresh
                    for end in descriptors:
                        os.close(end)
                    continue
                if pid == 0:
                    for end in (told, *running, *(end for _, end in running.values())):
                        os.close(end)
                    return Order(**json.loads(message), streams=streams)
                for stream in streams:
                    os.close(stream)
                _tell(told, pid)
                watched = os.pidfd_open(pid)
                running[watched] = pid, told
                selector.register(watched, selectors.EVENT_READ)


def _tell_end(watched: int, pid: int, told: int) -> None:
    """Tell the runner how a fork ended."""
    _, status = os.waitpid(pid, 0)
    _tell(told, os.waitstatus_to_exitcode(status))
    os.close(told)
    os.close(watched)


def _tell(told: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # the runner doesn't want to know any more
        os.write(told, NUMBER.pack(number))


def _be_notebook(order: Order) -> int:
    """Become the process of a notebook; its kernel is forked first, before there are threads."""
    from analysis.runs import execute, kernels

    os.setsid()
    for number, stream in enumerate(order.streams):
        os.dup2(stream, number)
        os.close(stream)
    launch, launcher = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(launcher)
        return _be_kernel(launch)
    os.close(launch)
    kernels.IpcKernelManager.spare = kernels.SpareKernel(pid, launcher)
    os.environ.update(order.environment)
    _enter(order.folder)
    sys.argv = [execute.__file__, order.description]
    return execute.main()


def _be_kernel(launch: int) -> int:
    """Wait to be launched, then become a kernel, or end if nothing comes."""
    os.setsid()
    os.dup2(launch, 0)
    os.close(launch)
    with os.fdopen(0, "rb", closefd=False) as stdin:
        told = stdin.read()
    if not told:
        return 0
    command, environment, folder = json.loads(told)
    os.environ.clear()
    os.environ.update(environment)
    _enter(folder)
    sys.executable, sys.orig_argv = command[0], command
    module = command.index("-m") + 1
    sys.argv = command[module:]
    # Python's own generator seeds itself in a fork; numpy's does not.
    if numpy_random := sys.modules.get("numpy.random"):
        numpy_random.seed()
    runpy.run_module(command[module], run_name="__main__", alter_sys=True)
    return 0


def _enter(folder: str) -> None:
    """Work in a folder, and import from it first, as `python -m` does."""
    os.chdir(folder)
    if not sys.flags.safe_path:
        sys.path.insert(0, folder)


if __name__ == "__main__":
    sys.exit(main())
