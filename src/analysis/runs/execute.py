"""One notebook, executed in this process: `python -m analysis.runs.execute task.json`.

The runner starts one such process per notebook, or has it forked. It writes a line of JSON per
executed cell to its standard output, and ends when its standard input closes: when the runner is
killed, no kernel outlives it.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError

from analysis.files import staged_file
from analysis.runs.kernels import IpcKernelManager
from analysis.runs.task import INJECTED

DONE, FAILED, INTERRUPTED = 0, 1, 130
TIMED_METADATA = ("papermill", "execution")


def execute(task: dict[str, str]) -> int:
    """Execute a notebook and keep the executed copy, also if it fails.

    Parameters
    ----------
    task
        Paths: `notebook` (source), `executed` (where to keep the copy), `parameters` (YAML file,
        in a folder for this notebook alone, whose path is short) and `folder` (working directory
        of the kernel: the repository).

    Returns
    -------
    int
        Exit code: done or failed.
    """
    target = Path(task["executed"])
    IpcKernelManager.place = Path(task["parameters"]).parent
    code = DONE
    with staged_file(target) as staged:
        try:
            papermill.execute_notebook(
                task["notebook"],
                str(staged),
                parameters=json.loads(Path(task["parameters"]).read_text(encoding="utf-8")),
                cwd=task["folder"],
                progress_bar=False,
                request_save_on_cell_execute=False,  # once, at the end: saving each time is slow
                kernel_manager_class=IpcKernelManager,
                on_cell_executed=_report_cell,
                record_timing=False,
            )
        except PapermillExecutionError as error:
            report({"error": f"{error.ename}: {error.evalue}", "cell": error.cell_index})
            code = FAILED
        _normalise(staged)
    return code


def _report_cell(cell: Any, cell_index: int, execute_reply: Any) -> None:  # noqa: ANN401
    report({"done": cell_index + 1})


def report(message: dict[str, Any]) -> None:
    """Tell the runner something."""
    print(json.dumps(message), flush=True)  # noqa: T201 (the runner's pipe)


def _normalise(path: Path) -> None:
    """Take out clock times, paths and random names, so that equal runs give equal notebooks."""
    notebook = nbformat.read(path, as_version=4)
    for part in (notebook, *notebook.cells):
        for key in TIMED_METADATA:
            part.metadata.pop(key, None)
    for cell in notebook.cells:
        if INJECTED in cell.metadata.get("tags", []):
            cell.id = INJECTED
    nbformat.write(notebook, path)


def _end_with_runner() -> None:
    """Interrupt this process once the runner's end of standard input closes."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Execute the task of the file named on the command line."""
    signal.signal(signal.SIGTERM, _interrupt)
    threading.Thread(target=_end_with_runner, daemon=True).start()
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    try:
        return execute(task)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # a dead kernel, a full disk: told before libraries say farewell
        report({"error": str(error) or type(error).__name__})
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
