"""Waiting for what processes do, and telling which of them live."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil

PATIENCE = 60.0


def wait_for(condition: Callable[[], Any]) -> Any:
    """Wait until a condition holds; what it gives then."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return found


def alive(pids: Iterable[int]) -> list[int]:
    """Those of some processes that have not ended."""
    return [
        pid
        for pid in pids
        if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    ]


def read_pids(path: Path) -> list[int]:
    """Numbers of processes in a file; none if it is not there yet."""
    return [int(word) for word in path.read_text().split()] if path.is_file() else []
