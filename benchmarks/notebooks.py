"""What runs of notebooks cost, as ratios from one run.

In a copy of the repository, by the command line alone: a report of which nothing stands, from
plain kernels and from forked ones; the same report unchanged, and with one figure module edited; a
sweep, beside a loop of papermill's own command over the same runs.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from benchmarks.measure import ROOT

GRID = Path("benchmarks") / "sweep-96.yaml"
NOTEBOOK = "03_placement_gaps"
MODULE = Path("src") / "analysis" / "figures" / "curves.py"
"""A figure module that one notebook imports."""
PLAIN_START = {"PLACEMENT_GAPS_PLAIN_START": "1"}
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Spent:
    """Wall-clock seconds of commands, and processor seconds of all their processes."""

    seconds: float
    processor: float

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.seconds + other.seconds, self.processor + other.processor)

    def over(self, other: "Spent") -> float:
        """Its wall-clock time as a multiple of another's."""
        return self.seconds / other.seconds


class Copy:
    """A private copy of the repository as it was committed last, and the time of commands in it."""

    def __init__(self, work: Path) -> None:
        self.root = work / "copy"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(self.root)], check=True)  # noqa: S607

    def run(self, *command: str, environment: Mapping[str, str] | None = None) -> Spent:
        """Run a program of this environment in the copy; gives its time.

        Raises
        ------
        CalledProcessError
            If it fails.
        """
        program, *arguments = command
        source = {"PYTHONPATH": str(self.root / "src"), "PYTHONWARNINGS": "ignore"}
        known = {**os.environ, **ONE_THREAD, **source, **(environment or {})}
        begun, worked = time.perf_counter(), _worked()
        subprocess.run(
            [sys.executable, "-m", program, *arguments],
            cwd=self.root,
            env=known,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        return Spent(time.perf_counter() - begun, _worked() - worked)

    def project(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Spent:
        """Run the project's command in the copy; gives its time."""
        return self.run("analysis.cli", *arguments, environment=environment)

    def forget(self) -> None:
        """Remove all that was made of the data."""
        for path in (self.root / "outputs").iterdir():
            if path.name != ".gitkeep":
                subprocess.run(["rm", "-rf", str(path)], check=True)  # noqa: S607


@dataclass
class Told:
    """What was measured, its seconds, and what they are a multiple or a part of, in words."""

    lines: list[tuple[str, Spent, str]] = field(default_factory=list)

    def tell(self, label: str, spent: Spent, ratio: str = "") -> None:
        """Keep a measure, and show it to whoever waits."""
        self.lines.append((label, spent, ratio))
        print(f"  {label}: {spent.seconds:.1f} s {ratio}", file=sys.stderr, flush=True)

    def table(self) -> str:
        """The measures as a Markdown table."""
        lines = ["| | seconds | of processor time | |", "| --- | ---: | ---: | --- |"]
        lines += [
            f"| {label} | {spent.seconds:.1f} | {spent.processor:.1f} | {ratio} |"
            for label, spent, ratio in self.lines
        ]
        return "\n".join(lines)


def measure_reports(work: Path) -> Told:
    """Measure a report of which nothing stands, unchanged, and with one module edited."""
    copy, told = Copy(work), Told()
    copy.project("data")
    plain = copy.project("report", "--quiet", environment=PLAIN_START)
    told.tell("nothing stands, each kernel started afresh", plain)
    copy.forget()
    whole = copy.project("report", "--quiet")
    told.tell("nothing stands, kernels forked", whole, f"{_share(whole, plain)} of the former")
    unchanged = copy.project("report", "--quiet")
    told.tell("unchanged", unchanged, f"{_share(unchanged, whole)} of the whole")
    _edit(copy.root / MODULE)
    edited = copy.project("report", "--quiet")
    told.tell(f"`{MODULE.name}` edited", edited, f"{_share(edited, whole)} of the whole")
    return told


def measure_sweep(work: Path, grid: Path, runs: int) -> Told:
    """Measure a sweep beside a loop of papermill's own command over the same runs.

    Parameters
    ----------
    work
        Folder to work in.
    grid
        File of a sweep.
    runs
        How many of its runs, spread evenly over it.
    """
    copy, told = Copy(work), Told()
    copy.project("data")
    told.tell("papermill’s command on a notebook that says 1", _trivial(copy))
    asked = chosen_runs(grid, runs)
    loop = sum((_papermill(copy, *one) for one in enumerate(asked)), start=Spent(0, 0))
    a_run = f"{loop.seconds / len(asked):.1f} s a run"
    told.tell(f"plain loop over {len(asked)} runs", loop, a_run)
    swept = _sweep(copy, asked)
    told.tell("sweep over the same runs", swept, f"{loop.over(swept):.1f} times the throughput")
    again = _sweep(copy, asked)
    told.tell("the same sweep again", again, f"{_share(again, swept)} of the first time")
    return told


def _share(part: Spent, whole: Spent) -> str:
    return f"{100 * part.over(whole):.0f}%"


def _worked() -> float:
    """Processor seconds of all processes that were started from here and have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def _trivial(copy: Copy) -> Spent:
    """Time of papermill's own command on a notebook that does nothing to speak of."""
    import nbformat

    source = copy.root.parent / "trivial.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "", "language": "python"}
    nbformat.write(notebook, source)
    executed = source.with_name("executed.ipynb")
    return copy.run("papermill", str(source), str(executed), "--no-progress-bar")


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


def _papermill(copy: Copy, number: int, asked: Mapping[str, object]) -> Spent:
    """Time of papermill's own command on one run."""
    parameters = copy.root.parent / f"{number}.yaml"
    parameters.write_text(yaml.safe_dump(dict(asked)), encoding="utf-8")
    source, executed = (
        copy.root / "notebooks" / f"{NOTEBOOK}.ipynb",
        parameters.with_suffix(".ipynb"),
    )
    options = ["--no-progress-bar", "-f", str(parameters)]
    return copy.run("papermill", str(source), str(executed), *options)


def _sweep(copy: Copy, asked: Sequence[Mapping[str, object]]) -> Spent:
    """Time of a sweep of these runs, its pack included."""
    grid = copy.root.parent / "grid.yaml"
    content = {"name": "benchmark", "notebooks": [NOTEBOOK], "runs": [dict(one) for one in asked]}
    grid.write_text(yaml.safe_dump(content), encoding="utf-8")
    return copy.project("sweep", str(grid), "--quiet")
