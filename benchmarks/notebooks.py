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
