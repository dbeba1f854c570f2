"""Warm starts: forks are what a process started afresh is, share nothing, and end as they should.

`tests/runs/test_runner.py` holds what is promised of every start, on forks where there are any.
"""

import json
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from analysis.files import data_folder, tree_hashes
from analysis.ingest import process_extract
from analysis.runs import forks, warm
from analysis.runs.parameters import check_parameters
from analysis.runs.runner import LOST_WORDS, run_notebooks
from analysis.runs.task import Ended, Task
from analysis.runs.warm import PLAIN_VARIABLE, WarmProcess, possible
from analysis.studies import Study
from tests.runs.waiting import PATIENCE, alive, read_pids, wait_for

ROOT = Path(__file__).parents[2]
LONG = 600.0
FORKED = "import sys; print('papermill' in sys.modules)"
"""Nothing has imported papermill in a kernel that was started afresh."""
LIBRARIES = """
import duckdb, ibis, matplotlib.pyplot as plt, numpy as np, pandas as pd, seaborn
import statsmodels.api
from analysis.runs.session import open_session
"""
HANG = """
import os, pathlib, time
pathlib.Path(wanted).write_text(f"{os.getppid()} {os.getpid()}")
time.sleep(600)
"""

pytestmark = pytest.mark.skipif(not possible(), reason="processes are not forked here")


def run(*tasks: Task, jobs: int = 1) -> list[Ended]:
    return run_notebooks(tasks, jobs=jobs, time_limit=LONG, quiet=True)


def printed(task: Task, cell: int = -1) -> str:
    """What a cell of an executed notebook printed."""
    outputs = nbformat.read(task.executed, as_version=4).cells[cell].outputs
    (text,) = (output.text for output in outputs if output.get("name") == "stdout")
    return str(text).strip()


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Ended]]:
    """Run notebooks, each started afresh."""

    def run_plain(*tasks: Task) -> list[Ended]:
        with monkeypatch.context() as patch:
            patch.setenv(PLAIN_VARIABLE, "1")
            return run(*tasks)

    return run_plain


def test_a_kernel_is_a_fork_unless_a_plain_start_is_asked_for(make_task: Any, plain: Any) -> None:
    task = make_task("fork", FORKED)
    assert [one.status for one in run(task)] == ["done"]
    assert printed(task) == "True"
    assert [one.status for one in plain(task)] == ["done"]
    assert printed(task) == "False"


def test_the_warm_process_has_one_thread_and_all_that_notebooks_import(make_task: Any) -> None:
    """A second thread would be lost in a fork, with whatever lock it holds."""
    process = WarmProcess([make_task("libraries", LIBRARIES)])
    try:
        assert process.ready(threading.Event())
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert "Threads:\t1\n" in status
        loaded = Path(f"/proc/{process.pid}/maps").read_text()
        for library in ("pyarrow", "duckdb", "pandas", "matplotlib", "zmq"):
            assert library in loaded
    finally:
        process.close()
    assert not alive([process.pid])


PLANT = """
import builtins, locale, os, random, sys, warnings
builtins.planted = sys.planted = pd.planted = plt.planted = open_session.planted = True
os.environ["PLANTED"] = "1"
os.chdir("/")
os.umask(0o077)
plt.rcParams["font.size"] = 77
plt.plot([1, 2])
pd.set_option("display.max_rows", 7)
np.seterr(all="raise")
warnings.filterwarnings("ignore", "planted")
sys.path.append("/planted")
duckdb.sql("create table planted as select 1")
"""
LOOK = """
import builtins, json, os, sys, warnings
print(json.dumps({
    "planted": [hasattr(one, "planted") for one in (builtins, sys, pd, plt, open_session)],
    "environment": "PLANTED" in os.environ,
    "folder": os.getcwd(),
    "umask": os.umask(0o022),
    "font": plt.rcParams["font.size"],
    "figures": plt.get_fignums(),
    "rows": pd.get_option("display.max_rows"),
    "errors": np.geterr(),
    "warnings": "planted" in str(warnings.filters),
    "path": "/planted" in sys.path,
    "tables": len(duckdb.sql("show tables")),
}))
"""


def test_notebooks_share_no_state(make_task: Any, tmp_path: Path) -> None:
    look = make_task("look", LIBRARIES + LOOK)
    plants = [make_task(f"plant{number}", LIBRARIES + PLANT) for number in (1, 2)]
    # The last is begun first.
    assert [one.status for one in run(look, *plants)] == ["done"] * 3
    found = json.loads(printed(look))
    assert found == {
        "planted": [False] * 5,
        "environment": False,
        "folder": str(tmp_path),
        "umask": 0o022,
        "font": 10.0,
        "figures": [],
        "rows": 60,
        "errors": found["errors"],
        "warnings": False,
        "path": False,
        "tables": 0,
    }
    assert found["errors"]["divide"] == "warn"


def test_notebooks_draw_different_random_numbers(make_task: Any) -> None:
    draw = "import random; print(random.random(), np.random.random())"
    tasks = [make_task(f"draw{number}", LIBRARIES + draw) for number in range(3)]
    run(*tasks)
    drawn = {word for task in tasks for word in printed(task).split()}
    assert len(drawn) == 6


STATE = """
import json, locale, logging, multiprocessing, os, resource, signal, socket, sys, threading
import matplotlib, warnings
from ipykernel.kernelapp import IPKernelApp
main = sys.modules["__main__"]
print(json.dumps({
    "arguments": [*sys.argv[:-1], *sys.orig_argv[:-1], sys.executable],
    "interpreter": [str(sys.flags), sys._xoptions, sys.getrecursionlimit()],
    "path": sys.path,
    "folder": os.getcwd(),
    "environment": {key: os.environ[key] for key in os.environ.keys() - {"JPY_PARENT_PID"}},
    "parent": int(os.environ["JPY_PARENT_PID"]) == os.getppid(),
    "parent watched": IPKernelApp.instance().parent_handle == os.getppid(),
    "session": [os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid()],
    "limits": [resource.getrlimit(value) for name, value in vars(resource).items()
               if name.startswith("RLIMIT_")],
    "nice": os.nice(0),
    "umask": os.umask(0o022),
    "handlers": {one: getattr(signal.getsignal(one), "__name__", str(signal.getsignal(one)))
                 for one in signal.valid_signals()},
    "blocked": list(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "inherited": [one for one in range(64) if os.path.exists(f"/proc/self/fd/{one}")
                  and os.get_inheritable(one)],
    "descriptors": sorted(os.readlink(one.path).split(":")[0] for one in os.scandir("/proc/self/fd")
                          if os.path.islink(one.path) and ":" in os.readlink(one.path)),
    "threads": sorted(one.name.split("-")[0] for one in threading.enumerate()),
    "main": [main.__dict__ is globals(), main.__spec__, hasattr(main, "__file__")],
    "multiprocessing": [multiprocessing.current_process().name,
                        multiprocessing.get_start_method(allow_none=True)],
    "hooks": [sys.excepthook.__qualname__, type(sys.displayhook).__name__, sys.gettrace()],
    "root logger": [logging.root.handlers, logging.root.level],
    "streams": [sys.stdout.encoding, sys.__stdout__.encoding, sys.__stdout__.line_buffering,
                sys.__stderr__.line_buffering, sys.stdin.encoding],
    "locale": locale.setlocale(locale.LC_ALL),
    "rcParams": {key: str(value) for key, value in matplotlib.rcParams.items()},
    "backend": matplotlib.get_backend(),
    "pandas": {key: str(pd.get_option(key)).casefold()
               for key in pd._config.config._registered_options if not key.startswith("mode.")},
    "numpy": [np.geterr(), str(np.get_printoptions())],
    "errors": [str(one) for one in warnings.filters if one[0] == "error"],
}, default=str, sort_keys=True))
"""


def test_a_forked_kernel_is_as_one_started_afresh(
    make_task: Any, plain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = make_task("state", LIBRARIES + STATE)
    states = []
    for how in (run, plain):
        assert [(one.status, one.error) for one in how(task)] == [("done", "")]
        states.append(json.loads(printed(task)))
        states[-1]["environment"].pop(PLAIN_VARIABLE, None)
    differing = {key for key in states[0] if states[0][key] != states[1][key]}
    assert differing == set()
    assert states[0]["backend"].endswith("inline")


@pytest.fixture
def real_task(tmp_path: Path, toy_study: Study, toy_study_file: Path, toy_extract: Path) -> Task:
    """A notebook of the project on the study of the tests."""
    root, name = tmp_path / "repository", "03_placement_gaps"
    for part in ("notebooks", "data/raw"):
        shutil.copytree(ROOT / part, root / part)
    for part in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / part, root / part)
    process_extract(toy_study, toy_extract, data_folder(root))
    parameters = check_parameters(name, {"study": str(toy_study_file)})
    return Task(root, name, parameters.model_dump(mode="json"), tmp_path / "result")


@pytest.mark.slow
def test_results_are_the_same_bytes_with_and_without(
    real_task: Task, plain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where Spark is installed, pandera imports it, and it warns of pandas 3 as it is imported.
    monkeypatch.setenv("PYTHONWARNINGS", "ignore::FutureWarning:pyspark.pandas")
    results = []
    for how in (run, plain):
        assert [(one.status, one.error) for one in how(real_task)] == [("done", "")]
        results.append(tree_hashes(real_task.result))
        shutil.rmtree(real_task.result)
    assert results[0] == results[1]
    assert {Path(name).parts[0] for name in results[0]} == {"notebooks", "figures", "tables"}


def test_figures_are_the_same_bytes_with_and_without(make_task: Any, plain: Any) -> None:
    draw = """
    figure, axes = plt.subplots()
    seaborn.lineplot(x=[1, 2, 3], y=[1, 4, 9], ax=axes)
    figure.savefig(wanted, metadata={"Software": None})
    pd.DataFrame(np.arange(600).reshape(2, 300))
    """
    cells = [LIBRARIES, *draw.strip().splitlines()]
    files = []
    task = make_task("draw", *(cell.strip() for cell in cells), parameters={"wanted": "figure.png"})
    for how in (run, plain):
        assert [(one.status, one.error) for one in how(task)] == [("done", "")]
        files.append([(task.root / "figure.png").read_bytes(), task.executed.read_bytes()])
    assert files[0] == files[1]
    assert b"image/png" in files[0][1]


@pytest.mark.parametrize("who", ["warm process", "notebook", "kernel"])
def test_what_is_killed_fails_in_words(make_task: Any, tmp_path: Path, who: str) -> None:
    pids = tmp_path / "pids"
    task = make_task("hangs", HANG, parameters={"wanted": str(pids)})
    # The last is begun first.
    after = make_task("after", "print('fine')")
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(run, after, task)
        notebook, kernel = wait_for(lambda: read_pids(pids))
        server = psutil.Process(notebook).ppid()
        victims = {"warm process": server, "notebook": notebook, "kernel": kernel}
        os.kill(victims[who], signal.SIGKILL)
        good, bad = ended.result(timeout=PATIENCE)
    assert good.status == "done"
    assert bad.status == "failed"
    words = {"warm process": LOST_WORDS, "notebook": "SIGKILL", "kernel": "kernel"}
    assert words[who] in bad.error.replace("Kernel", "kernel")
    wait_for(lambda: not alive([server, notebook, kernel]))


SCRIPT = """
import sys
from pathlib import Path
from analysis.runs.runner import run_notebooks
from analysis.runs.task import Task
root, notebook, result, pids = sys.argv[1:]
task = Task(Path(root), notebook, {"wanted": pids}, Path(result))
run_notebooks([task], jobs=1, time_limit=600, quiet=True)
"""


def test_a_killed_runner_leaves_no_process_behind(make_task: Any, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    task = make_task("hangs", HANG, parameters={"wanted": str(pids)})
    arguments = map(str, (task.root, task.notebook, task.result, pids))
    with subprocess.Popen([sys.executable, "-c", SCRIPT, *arguments]) as runner:
        notebook, kernel = wait_for(lambda: read_pids(pids))
        server = psutil.Process(notebook).ppid()
        runner.kill()
    wait_for(lambda: not alive([server, notebook, kernel]))


def test_nothing_is_left_in_the_temporary_folder(
    make_task: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "t"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr("tempfile.tempdir", None)
    kill = "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"
    tasks = [make_task("good", "1"), make_task("bad", "1 / 0"), make_task("killed", kill)]
    assert [one.status for one in run(*tasks)] == ["done", "failed", "failed"]
    assert list(place.iterdir()) == []


def test_a_kernel_with_an_environment_of_its_own_is_started_afresh(
    make_task: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Libraries may read it as they are imported."""
    folder = tmp_path / "jupyter" / "kernels" / "placement-gaps"
    folder.mkdir(parents=True)
    command = [sys.executable, *warm.INTERPRETER, "-m", "ipykernel_launcher", "-f"]
    spec = {
        "argv": [*command, "{connection_file}"],
        "display_name": "",
        "language": "python",
        "env": {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "LC_ALL": "C"},
    }
    (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    task = make_task("own", "import os; print(os.environ['LC_ALL'])", FORKED)
    assert [one.status for one in run(task)] == ["done"]
    assert [printed(task, -2), printed(task, -1)] == ["C", "False"]


def test_where_nothing_can_be_imported_each_is_started_afresh(
    make_task: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm, "INTERPRETER", ("-X", "importtime", "-S"))  # no site-packages
    task = make_task("afresh", FORKED)
    assert [one.status for one in run(task)] == ["done"]
    assert printed(task) == "False"


def _run_in_daemon(task: Task, answer: Any) -> None:
    answer.send([one.status for one in run(task)])


def test_a_fork_that_is_refused_ends_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """For want of memory, say: the runner is told at once that nothing was begun."""

    def refused() -> int:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(os, "fork", refused)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    status, told = os.pipe()
    with ours, theirs:
        with Path(os.devnull).open("r+b") as stream:
            socket.send_fds(ours, [b"{}"], [*[stream.fileno()] * 3, told])
        os.close(told)
        ours.shutdown(socket.SHUT_WR)
        assert forks._serve(theirs) is None
    assert os.read(status, 1) == b""
    os.close(status)


def test_a_daemonic_process_may_run_notebooks(make_task: Any) -> None:
    """As a worker of Dask is: multiprocessing lets it have no children."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    task = make_task("daemon", FORKED)
    process = context.Process(target=_run_in_daemon, args=(task, theirs), daemon=True)
    process.start()
    assert ours.poll(PATIENCE)
    assert ours.recv() == ["done"]
    process.join(PATIENCE)
    assert printed(task) == "True"


@pytest.mark.parametrize(("number", "times"), [(6, 1), pytest.param(96, 3, marks=pytest.mark.slow)])
def test_many_notebooks_all_end(make_task: Any, number: int, times: int) -> None:
    tasks = [
        make_task(f"many{one:02d}", "print(wanted)", parameters={"wanted": one})
        for one in range(number)
    ]
    for _ in range(times):
        assert [(one.status, one.error) for one in run(*tasks, jobs=2)] == [("done", "")] * number
        assert [printed(task) for task in tasks] == [str(one) for one in range(number)]
        for task in tasks:
            task.executed.unlink()
