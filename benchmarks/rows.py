"""The adjusted gaps from cells beside statsmodels' logit on the rows of the same persons.

    python -m benchmarks.rows FOLDER PERSONS

Measured one after the other, so that their ratio does not depend on the machine's mood.
"""

import argparse
from pathlib import Path

from benchmarks.measure import Measured, Stopwatch, answer, measure

ROWS = 1_000_000
"""Persons of the fit on rows, whose time grows with them; more would take minutes and gigabytes."""


def fit_rows(folder: Path, watch: Stopwatch) -> dict[str, float]:
    """Fit statsmodels' logit, with robust errors, on the rows whose categories are all known."""
    import ibis
    import numpy as np
    import pandas as pd
    from statsmodels.discrete.discrete_model import Logit

    from analysis.ingest import open_processed
    from benchmarks.estimators import ALL, CATEGORIES, COVARIATES, GROWTH

    place = open_processed(GROWTH, folder / "processed").place
    rows = ibis.duckdb.connect().read_parquet(place).to_pandas().dropna(subset=CATEGORIES)
    dummies = pd.get_dummies(rows[list(COVARIATES)], drop_first=True, dtype=float)
    design = np.column_stack([np.ones(len(rows)), dummies, rows[CATEGORIES].astype(float)])
    with watch.running():
        Logit(rows[ALL].astype(float), design).fit(disp=0, cov_type="HC1")
    return {"persons": len(rows)}


def measure_rows(work: Path) -> str:
    """Measure both at a million persons, and tell their ratio."""
    folder = work / "rows"
    given = [str(folder), str(ROWS)]
    for task in ("draw", "derive"):
        measure("benchmarks.tasks", [task, *given])
    cells = measure("benchmarks.tasks", ["adjust", *given])
    rows = measure("benchmarks.rows", given)
    return (
        f"{ROWS:,} persons: {_told(cells)} from the processed table to the adjusted gaps; "
        f"{_told(rows)} for statsmodels’ logit on their rows, design matrix given: "
        f"{rows.seconds / cells.seconds:,.0f} times as long."
    )


def _told(run: Measured) -> str:
    return f"{run.seconds:.1f} s and {run.mebibytes:,.0f} MiB"


def main() -> None:
    """Fit on rows, and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rows", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("persons", type=int)
    asked = parser.parse_args()
    watch = Stopwatch()
    answer(watch, fit_rows(asked.folder, watch))


if __name__ == "__main__":
    main()
