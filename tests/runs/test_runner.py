"""The runner: notebooks end as they should, and nothing that they started outlives them."""

import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import nbformat
import pytest

from analysis.runs.runner import run_notebooks
from analysis.runs.task import Ended, Task
from tests.runs.waiting import PATIENCE, alive, read_pids, wait_for

SPAWN = """
import os, pathlib, subprocess, time
child = subprocess.Popen(["sleep", "600"])
pathlib.Path(wanted).write_text(f"{os.getpid()} {child.pid}")
"""
SLEEP = "time.sleep(600)"
LONG = 600.0


def run(*tasks: Task, time_limit: float = LONG) -> list[Any]:
    return run_notebooks(tasks, jobs=2, time_limit=time_limit, quiet=True)


def test_parameters_keep_their_types_and_outputs_their_place(make_task: Any) -> None:
    wanted = {"text": "007", "number": 0.5, "none": None, "list": ["a", 1], "flag": True}
    task = make_task(
        "good",
        "print(wanted)",
        "import os, pathlib; print(os.environ['PLACEMENT_GAPS_OUTPUT'])",
        parameters={"wanted": wanted},
    )
    assert [one.status for one in run(task)] == ["done"]
    cells = nbformat.read(task.executed, as_version=4).cells
    assert cells[2].outputs[0].text.strip() == str(wanted)
    assert cells[3].outputs[0].text.strip() == str(task.result)


def test_equal_runs_give_equal_notebooks(make_task: Any) -> None:
    task = make_task("same", "print(wanted)", parameters={"wanted": 1})
    run(task)
    first = task.executed.read_bytes()
    run(task)
    assert task.executed.read_bytes() == first
    assert str(task.executed.parent) not in first.decode()


def test_a_failed_notebook_is_kept_with_its_error_and_does_not_stop_the_others(
    make_task: Any,
) -> None:
    bad = make_task("bad", "1 / 0", "print('never')")
    good = make_task("good", "print('fine')")
    ended = run(bad, good)
    assert [one.status for one in ended] == ["failed", "done"]
    assert ended[0].error == "ZeroDivisionError: division by zero"
    outputs = [
        output
        for cell in nbformat.read(bad.executed, as_version=4).cells
        for output in cell.get("outputs", [])
    ]
    assert "ZeroDivisionError" in {output.get("ename") for output in outputs}
    assert "never" not in str(outputs)


def test_a_dead_kernel_is_one_line(make_task: Any) -> None:
    (ended,) = run(make_task("dead", "import os; os._exit(1)"))
    assert ended.status == "failed"
    assert "kernel" in ended.error.lower()
    assert "\n" not in ended.error


def test_the_time_limit_is_for_the_whole_notebook_and_ends_all_that_it_started(
    make_task: Any, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    cells = (SPAWN, *["time.sleep(5)"] * 20)  # no cell alone is over the limit
    task = make_task("slow", *cells, parameters={"wanted": str(pids)})
    (ended,) = run(task, time_limit=12)
    assert ended.status == "timed out"
    assert len(read_pids(pids)) == 2
    wait_for(lambda: not alive(read_pids(pids)))


SCRIPT = """
import json, sys
from pathlib import Path
from analysis.runs.runner import run_notebooks
from analysis.runs.task import Task, as_records
root, notebook, result, pids = sys.argv[1:]
task = Task(Path(root), notebook, {"wanted": pids}, Path(result))
print(json.dumps(as_records(run_notebooks([task], jobs=1, time_limit=600, quiet=True))))
"""


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_stopped_runner_leaves_no_process_behind(
    make_task: Any, tmp_path: Path, kind: signal.Signals
) -> None:
    pids = tmp_path / "pids"
    task = make_task("long", SPAWN, SLEEP)
    arguments = [task.root, task.notebook, task.result, pids]
    runner = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )
    kernel = wait_for(lambda: read_pids(pids))[0]
    runner.send_signal(kind)
    answer, _ = runner.communicate(timeout=PATIENCE)
    if kind == signal.SIGKILL:
        # Nobody is left to mark anything; the kernel must notice by itself.
        wait_for(lambda: not alive([kernel]))
    else:
        assert '"status": "interrupted"' in answer
        wait_for(lambda: not alive(read_pids(pids)))
    assert not task.executed.exists()


def test_notebooks_run_side_by_side(make_task: Any, tmp_path: Path) -> None:
    """Each waits for the other to start, which only works if both run at once."""
    meet = """
import pathlib, time
me, other = (pathlib.Path(wanted[0], name) for name in wanted[1:])
me.touch()
for _ in range(600):
    if other.exists():
        break
    time.sleep(0.1)
else:
    raise TimeoutError("alone")
"""
    tasks = [
        make_task(name, meet, parameters={"wanted": [str(tmp_path), name, other]})
        for name, other in (("one", "two"), ("two", "one"))
    ]
    assert [one.status for one in run(*tasks)] == ["done", "done"]


def test_kernels_talk_over_files_not_ports(make_task: Any) -> None:
    task = make_task(
        "ipc",
        "from ipykernel.kernelapp import IPKernelApp",
        "app = IPKernelApp.instance(); print(app.transport, app.ip)",
    )
    run(task)
    text = nbformat.read(task.executed, as_version=4).cells[2].outputs[0].text
    transport, folder = text.split()
    assert transport == "ipc"
    assert not Path(folder).parent.exists()  # removed with the kernel


def test_nothing_heavy_is_imported_before_there_is_something_to_run() -> None:
    heavy = {"numpy", "pandas", "papermill", "nbformat", "jupyter_client", "psutil", "tqdm"}
    script = f"import sys, analysis.runs.runner; print(*(sys.modules.keys() & {heavy}))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_nothing_to_run_is_nothing_done() -> None:
    assert run() == []


def test_it_works_outside_of_the_main_thread(make_task: Any) -> None:
    """Where signals can't be handled: in a thread of JupyterLab, say."""
    found: list[Any] = []
    task = make_task("threaded", "print('fine')")
    thread = threading.Thread(target=lambda: found.extend(run(task)))
    thread.start()
    thread.join(PATIENCE)
    assert [one.status for one in found] == ["done"]


def test_what_is_done_with_an_end_may_fail_and_ends_the_rest(
    make_task: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be kept, hours of notebooks more would be for nothing."""
    ended: list[str] = []

    def executed(task: Task, _: object, __: float, stop: threading.Event, ___: object) -> Ended:
        status = "interrupted" if stop.is_set() else "done"
        ended.append(status)
        return Ended(task.notebook, status, 0.0)

    def full(task: Task, how: Ended) -> None:
        if how.status == "done":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("analysis.runs.runner._run", executed)
    monkeypatch.setenv("PLACEMENT_GAPS_PLAIN_START", "1")
    tasks = [make_task(name, "1") for name in ("one", "two", "three")]
    with pytest.raises(OSError, match="No space left"):
        run_notebooks(tasks, jobs=1, time_limit=LONG, quiet=True, finished=full)
    assert ended == ["done", "interrupted", "interrupted"]
