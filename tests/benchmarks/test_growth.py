"""What is measured of growth, on a thousand persons: that each task does its work, and the sums."""

from pathlib import Path

import duckdb
import pytest

from benchmarks.estimators import ESTIMATORS, ON_PLACES
from benchmarks.growth import LABELS, Growth, cells_line, growth_exponent, growth_table
from benchmarks.measure import Measured, NotMeasuredError, Stopwatch, measure
from benchmarks.persons import write_persons
from benchmarks.tasks import COUNTED, TASKS, cells_file

PERSONS = 1_000
PREPARED = ("draw", "derive", "count", "count_others")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a thousand persons, their processed table and cells."""
    folder = tmp_path_factory.mktemp("growth")
    for task in PREPARED:
        TASKS[task](folder, PERSONS, Stopwatch())
    return folder


def test_what_is_told_is_what_is_measured() -> None:
    assert set(LABELS) == {"derive", "count", "adjust", *ESTIMATORS, *ON_PLACES}


def test_estimators_find_the_cells_that_they_read(work: Path) -> None:
    assert all(cells_file(work, name).is_file() for name in COUNTED)
    assert {name for names, _ in ESTIMATORS.values() for name in names} == set(COUNTED)


@pytest.mark.parametrize("task", ["rates", "sensitivity", "times", "description"])
def test_a_task_runs_and_its_time_is_taken(work: Path, task: str) -> None:
    watch = Stopwatch()
    TASKS[task](work, PERSONS, watch)
    assert watch.seconds > 0


def test_adjusted_gaps_have_errors_that_fall_with_the_root_of_persons(work: Path) -> None:
    told = TASKS["adjust"](work, PERSONS, Stopwatch())
    # The unadjusted difference of two shares near one half has √(1/320 + 1/680) / 2.
    assert told["error_job_seeker"] == pytest.approx(0.034, rel=0.1)


def test_persons_are_the_same_among_more_and_stand_in_order(tmp_path: Path) -> None:
    few, many = (write_persons(n, tmp_path / str(n)) for n in (2_000, 300_000))
    differing = f"select count(*) from (from '{few}' except from '{many}')"
    assert duckdb.sql(differing).fetchall() == [(0,)]
    drawn = duckdb.sql(f"select person from '{many}'").fetchnumpy()["person"]
    assert (drawn[1:] > drawn[:-1]).all()


def test_a_file_is_derived_in_its_order_without_being_sorted(tmp_path: Path) -> None:
    # More rows than two groups of a Parquet file hold, so that threads could mix them up.
    persons = 300_000
    for task in ("draw", "derive"):
        TASKS[task](tmp_path, persons, Stopwatch())
    rows = tmp_path / "processed" / "growth" / "rows.parquet"
    derived = duckdb.sql(f"select person::int as person from '{rows}'").fetchnumpy()["person"]
    assert (derived == range(persons)).all()


def test_the_exponent_is_that_of_what_comes_on_top_of_overhead() -> None:
    sizes = [10**power for power in range(4, 9)]
    assert growth_exponent({n: 3 + 1e-6 * n for n in sizes}) == pytest.approx(1, abs=0.001)
    assert growth_exponent({n: 3 + 1e-9 * n**1.5 for n in sizes}) == pytest.approx(1.5, abs=0.001)
    assert growth_exponent(dict.fromkeys(sizes, 3.0)) is None
    assert growth_exponent({}) is None


def test_tables_tell_measures_and_what_was_not_measured() -> None:
    few, many = Measured(1.0, 1.5, 100.0, {"cells": 40}), Measured(3.0, 4.5, 130.0, {"cells": 50})
    grown = [
        Growth("count", {10_000: few, 100_000: many, 1_000_000: many}, {}),
        Growth("rates", {10_000: few}, {100_000: "over 9 s", 1_000_000: "not tried"}),
    ]
    lines = growth_table(grown, [10_000, 100_000, 1_000_000]).splitlines()
    assert lines[0] == "|  | 10^4 | 10^5 | 10^6 | exponent of time | of memory |"
    assert "| 1.00 s (1.50), 100 MiB | 3.00 s (4.50), 130 MiB |" in lines[2]
    assert lines[2].endswith("| 0.00 | – |")
    assert lines[3].endswith("| over 9 s | not tried | – | – |")
    assert cells_line(grown[:1]).startswith("Cells: 40 for 10,000 persons, 50 for 100,000")


def test_a_task_that_fails_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(NotMeasuredError, match=r"pkl|FileNotFound"):
        measure("benchmarks.tasks", ["rates", str(tmp_path), "10"])
