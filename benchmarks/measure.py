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
LIMIT = 1_200.0
# The unit of `ru_maxrss` is the byte on macOS, the kibibyte elsewhere.
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Measured:
    """What one task took.

    Attributes
    ----------
    seconds
        Wall-clock time of the task, without imports.
    processor
        Seconds of processor time in it, of all threads together: what other programs of the
        machine disturb least.
    mebibytes
        Most memory that its process held, with all that it imported.
    told
        What else the task tells of itself, such as how many cells there were.
    """

    seconds: float
    processor: float
    mebibytes: float
    told: dict[str, float] = field(default_factory=dict)


class Stopwatch:
    """Takes the time of a part of a task; what stands outside of it is preparation."""

    def __init__(self) -> None:
        self.seconds = self.processor = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let time count while the block runs."""
        begun, worked = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - begun
            self.processor += time.process_time() - worked


def answer(watch: Stopwatch, told: dict[str, float]) -> None:
    """Print what a task took, as the last line of its process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PEAK_UNIT / MEBIBYTE
    taken = {"seconds": watch.seconds, "processor": watch.processor, "mebibytes": peak}
    print(json.dumps({**taken, "told": told}))


class NotMeasuredError(Exception):
    """A task failed, or took longer than it may."""


def measure(
    module: str, arguments: Sequence[str], *, repeats: int = 1, limit: float = LIMIT
) -> Measured:
    """Run `python -m module arguments`, and keep the least time and memory of some repeats.

    The least, for whatever else the machine does can only add.

    Parameters
    ----------
    module, arguments
        What to run; it ends with `answer`.
    repeats
        How often.
    limit
        Seconds that one run may take.

    Raises
    ------
    NotMeasuredError
        If it fails or takes longer; with what it said.
    """
    runs = [_run(module, arguments, limit) for _ in range(repeats)]
    return Measured(
        min(run.seconds for run in runs),
        min(run.processor for run in runs),
        min(run.mebibytes for run in runs),
        runs[0].told,
    )


def _run(module: str, arguments: Sequence[str], limit: float) -> Measured:
    command = [sys.executable, "-W", "ignore", "-m", module, *arguments]
    # As notebooks run: one thread for linear algebra.
    alone = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=alone, capture_output=True, text=True, timeout=limit
        )
    except subprocess.TimeoutExpired:
        raise NotMeasuredError(f"over {limit:,.0f} s") from None
    if done.returncode:
        said = done.stderr.strip() or f"ended by signal {-done.returncode}"
        raise NotMeasuredError(said.splitlines()[-1])
    return Measured(**json.loads(done.stdout.splitlines()[-1]))
