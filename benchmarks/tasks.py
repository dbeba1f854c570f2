"""One task on the drawn persons, in the process that this module is: the work of `make bench`.

    python -m benchmarks.tasks TASK FOLDER PERSONS

In the folder lie the extract, what was derived from it, and the cells counted of that: each task
leaves there what later ones read. Engines are opened and modules imported before the time is taken,
and estimators read their cells from disk, so that the peak of memory is the estimator's own.
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import ibis
import pandas as pd

from analysis.cells import study_cells, time_cells
from analysis.engines.tables import Place
from analysis.estimate.fragility.specifications import count_patterns
from analysis.estimate.groups import collapse, compare
from analysis.estimate.options import GapOptions
from analysis.estimate.regressions import regression_rows
from analysis.ingest import open_processed, process_extract
from analysis.vocabulary import Contrast
from benchmarks.estimators import (
    ALL,
    ANSWERED,
    CATEGORIES,
    COVARIATES,
    DURATION,
    ESTIMATORS,
    GROWTH,
    HORIZONS,
    ON_PLACES,
    SURVEYED,
)
from benchmarks.measure import Stopwatch, answer
from benchmarks.persons import EXTRACT, write_persons

Task = Callable[[Path, int, Stopwatch], dict[str, float]]
COUNTED = {
    # Cells that are counted once and read by several tasks.
    "all": partial(study_cells, outcome=ALL, covariates=COVARIATES),
    "plain": partial(study_cells, outcome=ALL, covariates=()),
    "surveyed": partial(study_cells, outcome=SURVEYED, covariates=COVARIATES),
    "answered": partial(study_cells, outcome=ANSWERED, covariates=COVARIATES),
    "followed": partial(time_cells, duration=DURATION, covariates=COVARIATES),
    "2021": partial(study_cells, outcome=ALL, covariates=COVARIATES, cohort="2021"),
    "2022": partial(study_cells, outcome=ALL, covariates=COVARIATES, cohort="2022"),
    "patterns": partial(count_patterns, outcomes=HORIZONS, covariates=COVARIATES),
}


def cells_file(folder: Path, name: str) -> Path:
    """Where cells are left for later tasks."""
    return folder / f"{name}.pkl"


# ---- From an extract to cells -------------------------------------------------------------------


def draw(folder: Path, persons: int, watch: Stopwatch) -> dict[str, float]:
    """Draw the persons: the extract that all else rests on."""
    with watch.running():
        file = write_persons(persons, folder / EXTRACT)
    return {"bytes": file.stat().st_size}


def derive(folder: Path, persons: int, watch: Stopwatch) -> dict[str, float]:
    """Check the extract and derive the processed table."""
    with watch.running():
        log = process_extract(GROWTH, folder / EXTRACT, folder / "processed").log
    assert log["rows"] == persons
    return {}


def count(folder: Path, persons: int, watch: Stopwatch) -> dict[str, float]:
    """Count the cells of one outcome, with all categories and covariates."""
    place = _place(folder)
    with watch.running():
        cells = COUNTED["all"](GROWTH, place)
    assert cells["n"].sum() == persons
    cells.to_pickle(cells_file(folder, "all"))
    return {"cells": len(cells)}


def count_others(folder: Path, _: int, watch: Stopwatch) -> dict[str, float]:
    """Count what else the estimators read."""
    place = _place(folder)
    with watch.running():
        for name, counted in COUNTED.items():
            if name != "all":
                counted(GROWTH, place).to_pickle(cells_file(folder, name))
    return {}


def adjust(folder: Path, persons: int, watch: Stopwatch) -> dict[str, float]:
    """From the processed table to the adjusted gaps of all categories, in one go.

    The joint contrast: average marginal effects of a logit with robust (HC1) errors, each
    category's with the others and the covariates held fixed.
    """
    place = _place(folder)
    options = GapOptions(errors="hc1")
    with watch.running():
        cells = COUNTED["all"](GROWTH, place)
        told = compare(cells, CATEGORIES, Contrast.JOINT, CATEGORIES[0])
        kept = collapse(told.cells, [*CATEGORIES, *COVARIATES])
        rows = dict(regression_rows(kept, "logit", CATEGORIES, COVARIATES, options))
    assert told.left_out + kept["n"].sum() == persons
    errors = {f"error_{name}": float(str(row["std_error"])) for name, row in rows.items()}
    return {"cells": len(cells), **errors}


def _place(folder: Path) -> Place:
    """Where the processed table lies."""
    return open_processed(GROWTH, folder / "processed").place


# ---- Estimators ---------------------------------------------------------------------------------


def estimate(name: str, folder: Path, _: int, watch: Stopwatch) -> dict[str, float]:
    """Ask one estimator for what it tells of cells that were counted before."""
    names, asked = ESTIMATORS[name]
    cells = [pd.read_pickle(cells_file(folder, one)) for one in names]  # noqa: S301  our own
    with watch.running():
        asked(*cells)
    return {"cells": len(cells[0])}


def estimate_place(name: str, folder: Path, _: int, watch: Stopwatch) -> dict[str, float]:
    """Ask one that counts its own cells for what it tells of the processed table."""
    place = _place(folder)
    with watch.running():
        ON_PLACES[name](place)
    return {}


STEPS: dict[str, Task] = {
    "draw": draw,
    "derive": derive,
    "count": count,
    "count_others": count_others,
    "adjust": adjust,
}
TASKS: dict[str, Task] = {
    **STEPS,
    **{name: partial(estimate, name) for name in ESTIMATORS},
    **{name: partial(estimate_place, name) for name in ON_PLACES},
}


def main() -> None:
    """Run the task asked for, and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tasks", description=__doc__)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("persons", type=int)
    asked = parser.parse_args()
    ibis.duckdb.connect()  # what imports the engine
    watch = Stopwatch()
    answer(watch, TASKS[asked.task](asked.folder, asked.persons, watch))


if __name__ == "__main__":
    main()
