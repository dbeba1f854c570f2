"""Running notebooks on a Dask cluster that is there already, be it on Slurm, Kubernetes or a cloud.

The same task that the runner executes in a process of its own goes to a worker, which has its own
checkout and its own access to the data, and its results come back as bytes: nothing needs a file
system that is shared. See docs/scaling.md.
"""

import concurrent.futures
import contextlib
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from analysis.errors import InputError
from analysis.runs.agreement import basis
from analysis.runs.keys import Snapshot
from analysis.runs.parcel import unpack_folder
from analysis.runs.runner import stopping
from analysis.runs.task import Ended, Finished, Task

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_SECONDS = 15.0
PATIENCE_SECONDS = 300.0
TELL_SECONDS = 10.0
ANSWER_SECONDS = 60.0
POLL_SECONDS = 0.1
COUNT_SECONDS = 2.0
COUNTING_SECONDS = 10.0
EXECUTE = "analysis.runs.cluster_worker:execute_order"
NOT_YET = {"pending", "lost"}


def run_on_cluster(
    tasks: Sequence[Task],
    *,
    scheduler: str,
    time_limit: float,
    quiet: bool = False,
    finished: Finished = lambda *_: None,
    patience: float = PATIENCE_SECONDS,
) -> list[Ended]:
    """Execute notebooks on the workers of a Dask cluster, one per thread of a worker.

    What a lost worker was running is tried again elsewhere, as often as the scheduler allows
    (its `distributed.scheduler.allowed-failures`: three times unless set otherwise). A notebook
    that fails by itself is not. SIGINT and SIGTERM end every notebook, also on the workers, and
    mark those not done interrupted; so does the end of this process, be it killed.

    Parameters
    ----------
    tasks
        What to execute. The results of each are in its `result` when `finished` is called.
    scheduler
        Address of the cluster's scheduler, such as `tcp://host:8786` or `tls://host:8786`.
    time_limit
        Seconds that one notebook may take once it has begun; waiting for a worker doesn't count.
    quiet
        Show no progress.
    finished
        What to do with each as it ends, so that what is done is kept if the rest never ends.
    patience
        Seconds to wait while the cluster has no worker.

    Returns
    -------
    list of Ended
        In the order of the tasks.

    Raises
    ------
    InputError
        If Dask is not installed, the scheduler can't be reached or is lost, there is no worker
        for too long, or a worker's code, packages or data are not the ones here.
    """
    if not tasks:
        return []
    orders = _orders(tasks, time_limit)
    stop = threading.Event()
    with (
        stopping(stop),
        _connected(scheduler) as client,
        _progress(len(tasks), quiet) as progress,
    ):
        workers = _Workers(client, scheduler, patience)
        return _Run(client, tasks, finished, progress, workers).run(orders, stop)


def _orders(tasks: Sequence[Task], time_limit: float) -> list[dict[str, object]]:
    """What each worker is sent: plain values."""
    snapshots = {root: Snapshot(root) for root in {task.root for task in tasks}}
    return [
        {
            "notebook": task.notebook,
            "parameters": dict(task.parameters),
            "time_limit": time_limit,
            "basis": basis(task, snapshots[task.root]),
        }
        for task in tasks
    ]


@contextlib.contextmanager
def _connected(scheduler: str) -> Iterator["Client"]:
    """A client of a scheduler. When it leaves, the cluster drops all that it asked for."""
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            "A cluster needs the package distributed, which is not installed: "
            "pip install 'placement-gaps[cluster]'."
        ) from None
    try:
        client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise InputError(
            f"The scheduler {scheduler} can't be reached: {error}. Give its address as "
            "tcp://host:8786, or tls://host:8786 with certificates in Dask's configuration, and "
            "see that it runs and that its port is open from here."
        ) from None
    try:
        yield client
    finally:
        client.close(timeout=CONNECT_SECONDS)


def _progress(notebooks: int, quiet: bool) -> "tqdm[Any]":
    """One bar over all notebooks, with an estimate of the end; none where nobody watches."""
    hidden = quiet or not sys.stderr.isatty()
    return tqdm(total=notebooks, unit="notebook", disable=hidden, leave=False, smoothing=0)


def _messenger() -> Callable[[Mapping[str, object]], Any]:
    """What Dask carries to a worker.

    A function within a function travels as its code, not by its module's name: the scheduler,
    which opens what it passes on, needs nothing of this package.
    """

    def execute(order: Mapping[str, object]) -> Any:  # noqa: ANN401 (read by `_Run`)
        import pkgutil

        return pkgutil.resolve_name(EXECUTE)(order)

    return execute


class _Run:
    """Tasks on their way to a cluster and back."""

    def __init__(
        self,
        client: "Client",
        tasks: Sequence[Task],
        finished: Finished,
        progress: "tqdm[Any]",
        workers: "_Workers",
    ) -> None:
        self.client, self.tasks, self.finished = client, tasks, finished
        self.progress, self.workers = progress, workers
        self.waiting: dict[int, Future[Any]] = {}
        self.ended: dict[int, Ended] = {}

    def run(self, orders: Sequence[Mapping[str, object]], stop: threading.Event) -> list[Ended]:
        """Send all, and receive each as it ends, until all have or `stop` is set."""
        execute = _messenger()
        # The later notebooks take longer: begun first, they leave no worker idle at the end.
        for place in reversed(range(len(self.tasks))):
            key = f"{self.tasks[place].notebook}-{uuid.uuid4()}"
            self.waiting[place] = self.client.submit(execute, orders[place], key=key)
        while self.waiting and not stop.is_set():
            ready = [at for at, future in self.waiting.items() if future.status not in NOT_YET]
            received = [self._receive(place) for place in ready if not stop.is_set()]
            if not any(received):
                self.workers.look()
                stop.wait(POLL_SECONDS)
        for place in self.waiting:
            self._end(place, Ended(self.tasks[place].notebook, "interrupted", 0.0))
        return [self.ended[place] for place in range(len(self.tasks))]

    def _receive(self, place: int) -> bool:
        """Take what came of a task, and let the cluster forget it; False if it is lost again."""
        task, future = self.tasks[place], self.waiting[place]
        try:
            answer = future.result(ANSWER_SECONDS)
        except concurrent.futures.CancelledError:
            raise InputError(
                f"The scheduler {self.workers.scheduler} is gone. What is done is kept. Start the "
                "cluster again and repeat the command for the rest."
            ) from None
        except Exception as error:
            if future.status != "error":
                return False  # it went with its worker, and is being made again
            ended = Ended(task.notebook, "failed", 0.0, _why(error))
        else:
            ended = _unpacked(task, answer)
        # Forgotten at once: else a worker lost later would take it along, and it would run again.
        del self.waiting[place]
        future.release()
        self._end(place, ended)
        return True

    def _end(self, place: int, ended: Ended) -> None:
        self.ended[place] = ended
        self.progress.update()
        self.finished(self.tasks[place], ended)


def _unpacked(task: Task, answer: Mapping[str, Any]) -> Ended:
    """How a task ended on a worker, its results put in their place."""
    if refused := answer.get("refused"):
        raise InputError(f"{refused} What is done is kept.")
    unpack_folder(answer["results"], task.result)
    return Ended(task.notebook, answer["status"], answer["seconds"], answer["error"])


def _why(error: BaseException) -> str:
    """Why there is no answer of a worker, in one line.

    Raises
    ------
    InputError
        If the worker has no package to answer with, which is so for every task.
    """
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):
        return (
            f"its worker was lost {error.allowed_failures + 1} times, last "
            f"{error.last_worker.address}: it may need more memory than a worker's machine has"
        )
    if isinstance(error, ImportError):
        raise InputError(
            f"A worker can't import the package: {error}. Install the repository in the "
            "environment of every worker, from the same lock file."
        )
    return f"on the worker: {type(error).__name__}: {error}".splitlines()[0]


class _Workers:
    """Whether a cluster has workers, told and refused when it has none for too long."""

    def __init__(self, client: "Client", scheduler: str, patience: float) -> None:
        self.client, self.scheduler, self.patience = client, scheduler, patience
        self.looked = time.monotonic()
        self.since: float | None = None
        self.told = False

    def look(self) -> None:
        """Count the workers, unless that was done a moment ago.

        Raises
        ------
        InputError
            If there has been none for longer than the patience.
        """
        now = time.monotonic()
        if now < self.looked + COUNT_SECONDS:
            return
        self.looked = now
        if self._count():
            self.since, self.told = None, False
            return
        self.since = now if self.since is None else self.since
        waited = now - self.since
        if waited > self.patience:
            raise InputError(
                f"The cluster of {self.scheduler} has had no worker for {waited:.0f} s. What is "
                "done is kept. Start workers, such as “dask worker ADDRESS --nthreads 1”, see in "
                "their log that they reach the scheduler, and repeat the command."
            )
        if waited >= TELL_SECONDS and not self.told:
            self.told = True
            tqdm.write(
                f"The cluster of {self.scheduler} has no worker; waiting for one for another "
                f"{self.patience - waited:.0f} s. Ctrl-C ends this.",
                file=sys.stderr,
            )

    def _count(self) -> int:
        rpc = self.client.scheduler
        try:
            found = self.client.sync(rpc.ncores, callback_timeout=COUNTING_SECONDS) if rpc else ()
        except (OSError, TimeoutError):
            return 0
        return len(found)
