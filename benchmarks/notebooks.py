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


@dataclass
class Told:
    """What was measured, its seconds, and what they are a multiple or a part of, in words."""

    lines: list[tuple[str, float, str]] = field(default_factory=list)

    def tell(self, label: str, seconds: float, ratio: str = "") -> None:
        """Keep a measure, and show it to whoever waits."""
        self.lines.append((label, seconds, ratio))
        print(f"  {label}: {seconds:.1f} s {ratio}", file=sys.stderr, flush=True)

    def table(self) -> str:
        """The measures as a Markdown table."""
        lines = ["| | seconds | |", "| --- | ---: | --- |"]
        lines += [f"| {label} | {seconds:.1f} | {ratio} |" for label, seconds, ratio in self.lines]
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
    loop = sum(_papermill(copy, number, one) for number, one in enumerate(asked))
    told.tell(f"plain loop over {len(asked)} runs", loop, f"{loop / len(asked):.1f} s a run")
    swept = _sweep(copy, asked)
    told.tell("sweep over the same runs", swept, f"{loop / swept:.1f} times the throughput")
    again = _sweep(copy, asked)
    told.tell("the same sweep again", again, f"{_share(again, swept)} of the first time")
    return told


def _share(seconds: float, whole: float) -> str:
    return f"{100 * seconds / whole:.0f}%"


def _trivial(copy: Copy) -> float:
    """Seconds of papermill's own command on a notebook that does nothing to speak of."""
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
