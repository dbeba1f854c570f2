"""What runs of notebooks cost, as ratios from one run.

In a copy of the repository, by the command line alone: a report of which nothing stands, from
plain kernels and from forked ones; the same report unchanged, and with one figure module edited; a
sweep, beside a loop of papermill's own command over the same runs.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from benchmarks.measure import ROOT

GRID = Path("benchmarks") / "sweep-96.yaml"
NOTEBOOK = "03_placement_gaps"
MODULE = Path("src") / "analysis" / "figures" / "curves.py"
"""A figure module that one notebook imports."""
PLAIN_START = {"PLACEMENT_GAPS_PLAIN_START": "1"}
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class Copy:
    """A private copy of the repository as it was committed last, and the time of commands in it."""

    def __init__(self, work: Path) -> None:
        self.root = work / "copy"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(self.root)], check=True)  # noqa: S607

    def run(self, *command: str, environment: Mapping[str, str] | None = None) -> float:
        """Run a program of this environment in the copy; gives its seconds.

        Raises
        ------
        CalledProcessError
            If it fails.
        """
        program, *arguments = command
        source = {"PYTHONPATH": str(self.root / "src"), "PYTHONWARNINGS": "ignore"}
        known = {**os.environ, **ONE_THREAD, **source, **(environment or {})}
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", program, *arguments],
            cwd=self.root,
            env=known,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        return time.perf_counter() - begun

    def project(self, *arguments: str, environment: Mapping[str, str] | None = None) -> float:
        """Run the project's command in the copy; gives its seconds."""
        return self.run("analysis.cli", *arguments, environment=environment)

    def forget(self) -> None:
        """Remove all that was made of the data."""
        for path in (self.root / "outputs").iterdir():
            if path.name != ".gitkeep":
                subprocess.run(["rm", "-rf", str(path)], check=True)  # noqa: S607


def measure_notebooks(work: Path, grid: Path, runs: int) -> list[tuple[str, float, str]]:
    """Measure all of it, one after the other.

    Parameters
    ----------
    work
        Folder to work in.
    grid
        File of a sweep.
    runs
        How many of its runs, spread evenly over it.

    Returns
    -------
    list of tuple
        What was measured, its seconds, and what they are a multiple or a part of, in words.
    """
    copy = Copy(work)
    copy.project("data")
    told: list[tuple[str, float, str]] = []

    def tell(label: str, seconds: float, ratio: str = "") -> None:
        told.append((label, seconds, ratio))
        print(f"  {label}: {seconds:.1f} s {ratio}", file=sys.stderr, flush=True)

    plain = copy.project("report", "--quiet", environment=PLAIN_START)
    tell("report, nothing stands, each kernel started afresh", plain)
    copy.forget()
    warm = copy.project("report", "--quiet")
    tell("report, nothing stands, kernels forked", warm, _share(warm, plain))
    for label, change in (
        ("report, unchanged", lambda: None),
        (f"report, {MODULE.name} edited", lambda: _edit(copy.root / MODULE)),
    ):
        change()
        seconds = copy.project("report", "--quiet")
        tell(label, seconds, _share(seconds, warm))
    asked = chosen_runs(grid, runs)
    loop = sum(_papermill(copy, number, one) for number, one in enumerate(asked))
    tell(
        f"plain loop of papermill over {len(asked)} runs", loop, f"{loop / len(asked):.1f} s a run"
    )
    swept = _sweep(copy, asked)
    tell(
        f"sweep over the same {len(asked)} runs", swept, f"{loop / swept:.1f} times the throughput"
    )
    again = _sweep(copy, asked)
    tell("the same sweep again", again, _share(again, swept))
    return told


def _share(seconds: float, whole: float) -> str:
    return f"{100 * seconds / whole:.0f}% of that"


def _edit(module: Path) -> None:
    """Change what a module does not say in words alone."""
    text = module.read_text(encoding="utf-8")
    module.write_text(f"{text}\n\nEDITED = True\n", encoding="utf-8")


def chosen_runs(grid: Path, runs: int) -> list[dict[str, object]]:
    """Parameters of some runs of a grid, spread evenly over it, all of the notebook of gaps."""
    from analysis.runs.grid import read_grid

    read = read_grid(grid, {}, lambda study: study)
    every = [run for run in read.runs if run.notebook == NOTEBOOK]
    runs = min(runs, len(every))
    chosen = [every[number * len(every) // runs] for number in range(runs)]
    return [run.parameters.model_dump(mode="json", include=set(read.asked)) for run in chosen]


def _papermill(copy: Copy, number: int, asked: Mapping[str, object]) -> float:
    """Seconds of papermill's own command on one run."""
    parameters = copy.root.parent / f"{number}.yaml"
    parameters.write_text(yaml.safe_dump(dict(asked)), encoding="utf-8")
    source, executed = (
        copy.root / "notebooks" / f"{NOTEBOOK}.ipynb",
        parameters.with_suffix(".ipynb"),
    )
    options = ["--no-progress-bar", "-f", str(parameters)]
    return copy.run("papermill", str(source), str(executed), *options)


def _sweep(copy: Copy, asked: Sequence[Mapping[str, object]]) -> float:
    """Seconds of a sweep of these runs, its pack included."""
    grid = copy.root.parent / "grid.yaml"
    content = {"name": "benchmark", "notebooks": [NOTEBOOK], "runs": [dict(one) for one in asked]}
    grid.write_text(yaml.safe_dump(content), encoding="utf-8")
    return copy.project("sweep", str(grid), "--quiet")


def notebooks_table(told: Sequence[tuple[str, float, str]]) -> str:
    """The measures as a Markdown table."""
    lines = ["| | seconds | |", "| --- | ---: | --- |"]
    return "\n".join([*lines, *(f"| {label} | {s:.1f} | {ratio} |" for label, s, ratio in told)])
