"""Running one task in a process of its own, so that its peak of memory is its own."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MEBIBYTE = 1024 * 1024
# The unit of `ru_maxrss` is the byte on macOS, the kibibyte elsewhere.
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Measured:
    """What one task took.

    Attributes
    ----------
    seconds
        Wall-clock time of the task, without imports.
    mebibytes
        Most memory that its process held, with all that it imported.
    told
        What else the task tells of itself, such as how many cells there were.
    """

    seconds: float
    mebibytes: float
    told: dict[str, float] = field(default_factory=dict)


class Stopwatch:
    """Takes the time of a part of a task; what stands outside of it is preparation."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let time count while the block runs."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - begun


def answer(watch: Stopwatch, told: dict[str, float]) -> None:
    """Print what a task took, as the last line of its process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PEAK_UNIT / MEBIBYTE
    print(json.dumps({"seconds": watch.seconds, "mebibytes": peak, "told": told}))


def measure(module: str, arguments: Sequence[str], repeats: int = 1) -> Measured:
    """Run `python -m module arguments` several times, and keep the least seconds and memory.

    The least, for whatever else the machine does can only add.

    Raises
    ------
    RuntimeError
        If the process fails; with what it said.
    """
    runs = [_run(module, arguments) for _ in range(repeats)]
    return Measured(
        min(run.seconds for run in runs), min(run.mebibytes for run in runs), runs[0].told
    )


def _run(module: str, arguments: Sequence[str]) -> Measured:
    command = [sys.executable, "-W", "ignore", "-m", module, *arguments]
    # BLAS with one thread: the sums of matrices of cells don't gain by more, and waits cost.
    alone = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments)}:\n{done.stderr}")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))
