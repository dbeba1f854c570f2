"""A run killed at any moment costs only what it was doing: `pytest --kills N` says how often."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import psutil
import pytest

from analysis.files import sha256, tree_hashes

NOTEBOOKS: Final = ("01_data_quality", "07_published_audit")
CONFIDENCES: Final = (0.95, 0.9)
"""Asked for in turn, so that each report has something to run."""
PATIENCE: Final = 60.0
AT_ONCE: Final = 2
"""Repositories in which runs are killed side by side."""


class Command:
    """`placement-gaps report` in a repository, run to its end or killed."""

    def __init__(self, root: Path, study: Path, extract: Path) -> None:
        self.root, self.study, self.extract = root, study, extract
        self.outputs = root / "outputs"

    def start(self, confidence: float) -> "subprocess.Popen[str]":
        parameters = self.root / f"parameters-{confidence}.yml"
        parameters.write_text(f"confidence: {confidence}\n")
        command = [sys.executable, "-m", "analysis.cli", "report", "--quiet"]
        command += ["--study", str(self.study), "--extract", str(self.extract)]
        command += ["--params", str(parameters)]
        command += [word for name in NOTEBOOKS for word in ("--notebook", name)]
        return subprocess.Popen(
            command,
            cwd=self.root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(os.environ),
        )

    def finish(self, confidence: float) -> tuple[dict[str, str], str]:
        """Run to the end; hashes of the pack's files and of its archive."""
        run = self.start(confidence)
        _, words = run.communicate()
        assert run.returncode == 0, words
        return self.published()

    def published(self) -> tuple[dict[str, str], str]:
        (link,) = (path for path in self.outputs.iterdir() if path.is_symlink())
        return tree_hashes(link), sha256(link.with_name(f"{link.name}.zip"))

    def processes(self) -> list[psutil.Process]:
        """What works in the repository: notebooks and kernels."""
        found = []
        for process in psutil.process_iter():
            try:
                if Path(process.cwd()) == self.root:
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found


@pytest.mark.slow
def test_a_run_killed_at_any_moment_leaves_the_next_one_the_same_report(
    make_repository: Callable[[], Path],
    toy_study_file: Path,
    toy_extract: Path,
    pytestconfig: pytest.Config,
) -> None:
    kills = int(pytestconfig.getoption("--kills"))
    commands = [Command(make_repository(), toy_study_file, toy_extract) for _ in range(AT_ONCE)]
    shares = [kills // AT_ONCE + (number < kills % AT_ONCE) for number in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(_kill_often, commands, shares, range(AT_ONCE)))
    for command in commands:
        _nothing_is_left(command)


def _kill_often(command: Command, kills: int, seed: int) -> None:
    """Kill runs in one repository, each followed by one that must end as if nothing had been."""
    moments = random.Random(seed)
    undisturbed = {CONFIDENCES[0]: command.finish(CONFIDENCES[0])}
    began = time.monotonic()
    undisturbed[CONFIDENCES[1]] = command.finish(CONFIDENCES[1])
    seconds = time.monotonic() - began
    before = undisturbed[CONFIDENCES[1]][0]
    for kill in range(kills):
        confidence = CONFIDENCES[kill % 2]
        run = command.start(confidence)
        try:
            run.communicate(timeout=moments.uniform(0.0, seconds))
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            run.communicate()
        whole = command.published()[0]
        assert whole in (before, undisturbed[confidence][0]), f"kill {kill}: a mixture"
        assert command.finish(confidence) == undisturbed[confidence], f"kill {kill}"
        before = undisturbed[confidence][0]


def _nothing_is_left(command: Command) -> None:
    """Neither a process nor a half-written folder outlives the runs."""
    deadline = time.monotonic() + PATIENCE
    while left := command.processes():
        assert time.monotonic() < deadline, [process.cmdline() for process in left]
        time.sleep(0.1)
    versions = [path for path in (command.outputs / ".versions").iterdir() if path.is_dir()]
    assert len(versions) == 1
    store = command.outputs / ".store"
    assert list((store / "staged").iterdir()) == []
    assert len(list((store / "results").iterdir())) == len(NOTEBOOKS)
