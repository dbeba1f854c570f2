"""Notebooks on a real cluster: a scheduler and two workers, each a process, over loopback."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dask.config
import nbformat
import psutil
import pytest

from analysis.errors import InputError
from analysis.files import tree_hashes
from analysis.runs import cluster
from analysis.runs.cluster import run_on_cluster
from analysis.runs.runner import run_notebooks
from analysis.runs.task import Ended, Task

LONG = 600.0
PATIENCE = 60.0
WRITES = """
import os, pathlib
folder = pathlib.Path(os.environ["PLACEMENT_GAPS_OUTPUT"], "tables")
folder.mkdir(parents=True, exist_ok=True)
_ = (folder / f"{wanted}.bin").write_bytes(bytes(range(256)) * 100)
print(wanted)
"""
NOTES_ITS_KERNEL = """
import os, pathlib, uuid
_ = pathlib.Path(wanted, str(uuid.uuid4())).write_text(str(os.getpid()))
"""
WAITS = """
import time
while not pathlib.Path(wanted, "go").exists():
    time.sleep(0.05)
"""


def wait_for(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return found


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Cluster:
    """A scheduler and workers, each without a nanny: killed means gone."""

    def __init__(self, folder: Path, protocol: str = "tcp") -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.scheduler = f"{protocol}://127.0.0.1:{free_port()}"
        port = self.scheduler.rsplit(":", 1)[1]
        # The scheduler's own environment lacks the package: it need not be there.
        shadow = folder / "shadow" / "analysis.py"
        shadow.parent.mkdir(parents=True)
        shadow.write_text("raise ImportError('not here')")
        options = ("--port", port, "--protocol", protocol)
        self._start("scheduler", *options, PYTHONPATH=str(shadow.parent))

    def worker(self, root: Path, **environment: str) -> subprocess.Popen[bytes]:
        """Start a worker of one thread whose checkout is `root`."""
        local = self.folder / f"worker-{len(self.processes)}"
        options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(local))
        told = {"PLACEMENT_GAPS_ROOT": str(root), **environment}
        return self._start("worker", self.scheduler, *options, **told)

    def _start(self, kind: str, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *options]
        log = (self.folder / f"{kind}-{len(self.processes)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [*command, "--host", "127.0.0.1", "--no-dashboard"],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=os.environ | {"DASK_TEMPORARY_DIRECTORY": str(self.folder)} | environment,
            )
        self.processes.append(process)
        return process

    def end(self) -> None:
        for process in self.processes[::-1]:
            process.kill()
            process.wait()


@pytest.fixture
def empty_cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "cluster")
    yield made
    made.end()


@pytest.fixture
def two_workers(empty_cluster: Cluster, root: Path) -> Cluster:
    for _ in range(2):
        empty_cluster.worker(root)
    return empty_cluster


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The checkout that the tasks of `make_task` are in."""
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


def run(where: Cluster, *tasks: Task, time_limit: float = LONG, **options: Any) -> list[Ended]:
    return run_on_cluster(
        tasks, scheduler=where.scheduler, time_limit=time_limit, quiet=True, **options
    )


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def kernels(folder: Path) -> list[int]:
    """Process numbers of the kernels that noted themselves in a folder, once written."""
    texts = [path.read_text() for path in folder.iterdir() if path.name != "go"]
    return [int(text) for text in texts if text]


def left_in(where: Cluster) -> list[Path]:
    """Folders of results that workers left behind."""
    return [path for path in where.folder.rglob("pg-result-*") if path.is_dir()]


def test_results_are_those_of_the_local_runner_and_failures_run_once(
    make_task: Any, two_workers: Cluster, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    good = [make_task(f"good{at}", WRITES, parameters={"wanted": at}) for at in range(2)]
    bad = make_task("bad", NOTES_ITS_KERNEL, "1 / 0", parameters={"wanted": str(marks)})
    tasks = [*good, bad]
    told: list[tuple[str, str, bool]] = []

    def finished(task: Task, ended: Ended) -> None:
        told.append((task.notebook, ended.status, task.executed.is_file()))

    ended = run(two_workers, *tasks, finished=finished)
    assert [one.notebook for one in ended] == [task.notebook for task in tasks]
    assert [one.status for one in ended] == ["done", "done", "failed"]
    assert ended[-1].error == "ZeroDivisionError: division by zero"
    assert len(kernels(marks)) == 1
    assert sorted(told) == [
        ("bad", "failed", True),
        *((task.notebook, "done", True) for task in good),
    ]
    there = {task.notebook: tree_hashes(task.result) for task in good}
    assert there["good1"].keys() == {"notebooks/good1.ipynb", "tables/1.bin"}
    run_notebooks(good, jobs=2, time_limit=LONG, quiet=True)
    assert there == {task.notebook: tree_hashes(task.result) for task in good}
    assert not left_in(two_workers)


@pytest.mark.parametrize(
    "kind", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_lost_worker_costs_only_what_it_was_running(
    make_task: Any, two_workers: Cluster, tmp_path: Path, kind: signal.Signals
) -> None:
    folders = [tmp_path / name for name in ("one", "two", "three")]
    for folder in folders:
        folder.mkdir()
    (folders[2] / "go").touch()
    tasks = [
        make_task(folder.name, NOTES_ITS_KERNEL, WAITS, parameters={"wanted": str(folder)})
        for folder in folders
    ]
    lost: list[int] = []

    def finished(task: Task, _: Ended) -> None:
        if task is tasks[2]:
            # One worker runs “one”, the other “two”, or is about to.
            kernel = wait_for(lambda: kernels(folders[0]))[0]
            lost.append(kernel)
            worker = next(
                process.pid
                for process in two_workers.processes[1:]
                if kernel in {one.pid for one in psutil.Process(process.pid).children(True)}
            )
            os.kill(worker, kind)
            wait_for(lambda: not alive(kernel))
            for folder in folders:
                (folder / "go").touch()

    ended = run(two_workers, *tasks, finished=finished)
    assert [one.status for one in ended] == ["done"] * 3
    assert len(lost) == 1
    assert [len(kernels(folder)) for folder in folders] == [2, 1, 1]


SCRIPT = """
import json, sys
from pathlib import Path
from analysis.runs.cluster import run_on_cluster
from analysis.runs.task import Task, as_records
scheduler, root, *folders = sys.argv[1:]
tasks = [
    Task(Path(root), "long", {"wanted": folder}, Path(root, "results", Path(folder).name))
    for folder in folders
]
ended = run_on_cluster(tasks, scheduler=scheduler, time_limit=600, quiet=True)
print(json.dumps(as_records(ended)))
"""


@pytest.mark.parametrize(
    "kind",
    [signal.SIGINT, signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)],
)
def test_a_stopped_client_ends_the_notebooks_on_the_workers(
    make_task: Any, two_workers: Cluster, tmp_path: Path, kind: signal.Signals
) -> None:
    folders = [tmp_path / f"f{at}" for at in range(4)]
    for folder in folders:
        folder.mkdir()
    task = make_task("long", NOTES_ITS_KERNEL, WAITS)
    arguments = [two_workers.scheduler, task.root, *folders]
    client = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )

    def started() -> list[int]:
        return [pid for folder in folders for pid in kernels(folder)]

    wait_for(lambda: len(started()) == 2)
    client.send_signal(kind)
    answer, _ = client.communicate(timeout=PATIENCE)
    if kind != signal.SIGKILL:
        assert [one["status"] for one in json.loads(answer)] == ["interrupted"] * 4
    wait_for(lambda: not any(map(alive, started())))
    wait_for(lambda: not left_in(two_workers))
    assert len(started()) == 2  # what had not begun never does
    assert not task.result.exists()


def test_a_worker_with_other_code_refuses_and_says_what_differs(
    make_task: Any, empty_cluster: Cluster, root: Path, tmp_path: Path
) -> None:
    task = make_task("other", "print('here')")
    there = tmp_path / "there"
    (there / "notebooks").mkdir(parents=True)
    (there / "pyproject.toml").touch()
    book = nbformat.read(task.source, as_version=4)
    book.cells[-1].source = "print('there')"
    nbformat.write(book, there / "notebooks" / "other.ipynb")
    (there / "requirements.lock").write_text("numpy==1.0\n")
    empty_cluster.worker(there)
    with pytest.raises(InputError) as refusal:
        run(empty_cluster, task)
    words = str(refusal.value)
    assert "difference in the code of the notebook; the lock file." in words
    assert str(there) in words
    assert "worker tcp://127.0.0.1:" in words
    assert not task.result.exists()


def test_a_worker_without_a_checkout_or_the_package_says_so(
    make_task: Any, empty_cluster: Cluster, tmp_path: Path
) -> None:
    task = make_task("lost", "print(1)")
    outside = tmp_path / "cluster"
    first = empty_cluster.worker(outside)
    with pytest.raises(InputError, match=r"Set PLACEMENT_GAPS_ROOT"):
        run(empty_cluster, task)
    first.kill()
    first.wait()
    empty_cluster.worker(tmp_path, PYTHONPATH=str(outside / "shadow"))
    with pytest.raises(InputError, match=r"can't import the package: not here"):
        run(empty_cluster, task)


@pytest.mark.slow
def test_a_notebook_that_loses_every_worker_fails(
    make_task: Any, empty_cluster: Cluster, root: Path
) -> None:
    """Its first cell kills the worker: a kernel's runner is a child of it."""
    kills = """
import os, psutil, signal
worker = next(one for one in psutil.Process().parents() if "dask_worker" in " ".join(one.cmdline()))
os.kill(worker.pid, signal.SIGKILL)
"""
    for _ in range(4):
        empty_cluster.worker(root)
    (ended,) = run(empty_cluster, make_task("killer", kills))
    assert ended.status == "failed"
    assert ended.error.startswith("its worker was lost 4 times, last tcp://127.0.0.1:")
    assert [process.poll() for process in empty_cluster.processes] == [None, *[-signal.SIGKILL] * 4]


@pytest.mark.slow
def test_certificates_of_dask_are_used(
    make_task: Any, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes"]
    made += ["-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*made, "-out", cert, "-keyout", key], check=True, capture_output=True)
    files = {"ca-file": cert} | {
        f"{side}.{kind}": file
        for side in ("client", "scheduler", "worker")
        for kind, file in (("cert", cert), ("key", key))
    }
    for name, file in files.items():
        variable = name.upper().replace(".", "__").replace("-", "_")
        monkeypatch.setenv(f"DASK_DISTRIBUTED__COMM__TLS__{variable}", str(file))
    with dask.config.set({f"distributed.comm.tls.{name}": str(files[name]) for name in files}):
        made_here = Cluster(tmp_path / "cluster", "tls")
        try:
            made_here.worker(root)
            (ended,) = run(made_here, make_task("sealed", "print(1)"))
            assert ended.status == "done"
            with (
                dask.config.set({"distributed.comm.tls.client.cert": None}),
                pytest.raises(InputError, match="can't be reached"),
            ):
                run(made_here, make_task("open", "print(1)"))
        finally:
            made_here.end()


def test_a_time_limit_holds_on_the_worker(
    make_task: Any, two_workers: Cluster, tmp_path: Path
) -> None:
    task = make_task("slow", NOTES_ITS_KERNEL, WAITS, parameters={"wanted": str(tmp_path)})
    (ended,) = run(two_workers, task, time_limit=4)
    assert ended.status == "timed out"
    assert not task.executed.exists()


def test_without_a_worker_it_waits_and_tells_and_then_gives_up(
    make_task: Any,
    empty_cluster: Cluster,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cluster, "TELL_SECONDS", 0.0)
    monkeypatch.setattr(cluster, "COUNT_SECONDS", 0.1)
    with pytest.raises(InputError, match="has had no worker for 1 s"):
        run(empty_cluster, make_task("alone", "print(1)"), patience=1.0)
    told = capsys.readouterr().err
    assert told.count("has no worker; waiting for one") == 1


def test_a_lost_scheduler_is_told(make_task: Any, two_workers: Cluster, tmp_path: Path) -> None:
    task = make_task("long", NOTES_ITS_KERNEL, WAITS, parameters={"wanted": str(tmp_path / "k")})
    quick = make_task("quick", "print(1)")
    (tmp_path / "k").mkdir()

    def finished(*_: object) -> None:
        wait_for(lambda: kernels(tmp_path / "k"))
        two_workers.processes[0].kill()

    with pytest.raises(InputError, match=r"is gone\. What is done is kept"):
        run(two_workers, task, quick, finished=finished)
    assert quick.executed.is_file()
    wait_for(lambda: not any(map(alive, kernels(tmp_path / "k"))))


def test_an_unreachable_scheduler_is_told(make_task: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    task = make_task("never", "print(1)")
    for address in (f"tcp://127.0.0.1:{free_port()}", "gopher://127.0.0.1:70"):
        with pytest.raises(InputError, match=f"The scheduler {address} can't be reached"):
            run_on_cluster([task], scheduler=address, time_limit=LONG)


def test_without_dask_it_says_what_to_install(
    make_task: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install 'placement-gaps\[cluster\]'"):
        run_on_cluster([make_task("never")], scheduler="tcp://127.0.0.1:1", time_limit=LONG)


def test_nothing_to_do_needs_no_cluster() -> None:
    assert run_on_cluster([], scheduler="tcp://127.0.0.1:1", time_limit=LONG) == []
