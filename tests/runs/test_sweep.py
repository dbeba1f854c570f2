"""What a sweep says of its progress where nobody watches a bar."""

import io

import pytest

from analysis.runs import sweep
from analysis.runs.sweep import Lines, parameter_column
from analysis.runs.task import Ended


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that shows its one number."""
    shown = [100.0]
    monkeypatch.setattr(sweep.time, "monotonic", lambda: shown[0])
    return shown


def test_a_line_comes_every_so_often_and_at_the_end(clock: list[float]) -> None:
    stream = io.StringIO()
    lines = Lines(stream, hidden=False)
    for seconds, status in ((110, "done"), (131, "failed"), (140, "done"), (150, "done")):
        clock[0] = seconds
        lines.count(Ended("a", status, 1.0), 4)
    assert stream.getvalue().splitlines() == [
        "2 of 4 runs ended, 1 without result, about 0.5 min left",
        "4 of 4 runs ended, 1 without result",
    ]


def test_nothing_is_said_where_a_bar_is_or_nobody_listens(clock: list[float]) -> None:
    stream = io.StringIO()
    Lines(stream, hidden=True).count(Ended("a", "done", 1.0), 1)
    assert stream.getvalue() == ""


def test_no_column_of_a_parameter_is_one_of_estimates() -> None:
    assert parameter_column("reference") == "parameter_reference"
    assert parameter_column("errors") == "errors"
