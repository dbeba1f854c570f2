"""Time and memory from Parquet to adjusted gaps: `make bench`.

Generates persons with five overlapping categories that depend on gender, age band, country and
path, then measures, each in a process of its own:

- cells: from the Parquet file to the logit average marginal effects of the five joint
  categories with robust (HC1) errors, adjusted for the four covariates;
- rows: statsmodels' Logit on the rows of the first million persons, fit and covariance only.

Both in one run, so that their ratio does not depend on the machine's mood. Imports are not
counted, for either.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CATEGORIES = ["job_seeker", "low_qualification", "disability", "refugee", "underserved_area"]
COVARIATES = {"gender": 2, "age_band": 6, "country": 8, "path": 50}
PREVALENCE = [0.68, 0.36, 0.06, 0.006, 0.06]
EFFECTS = [-0.5, -0.4, -0.5, -0.9, -0.6]
SEED = 2022


def generate(persons: int, target: Path) -> None:
    """Write persons to Parquet; draws are hashes of the seed, the person and the variable."""
    import duckdb

    def uniform(variable: str) -> str:
        # One string: DuckDB's hash of several arguments is nearly the same for each variable.
        return f"(hash('{SEED}:{variable}:' || id) / 18446744073709551616.0)"

    covariates = ", ".join(
        f"'{name} ' || lpad(cast(floor(pow({uniform(name)}, 1.5) * {levels}) as int)::varchar, 2,"
        f" '0') as {name}"
        for name, levels in COVARIATES.items()
    )
    flags = ", ".join(
        f"{uniform(name)} < {share} * (0.7 + 0.6 * {uniform('age_band')}) as {name}"
        for name, share in zip(CATEGORIES, PREVALENCE, strict=True)
    )
    index = " + ".join(
        f"{effect} * {name}::int" for name, effect in zip(CATEGORIES, EFFECTS, strict=True)
    )
    duckdb.sql(
        f"copy (select *, {uniform('placed')} < 1 / (1 + exp(-(0.4 + {index} "
        f"- 0.8 * {uniform('age_band')} + 0.5 * {uniform('path')}))) as placed "
        f"from (select range as id, {covariates}, {flags} from range({persons}))) "
        f"to '{target}' (format parquet)"
    )


def time_cells(path: Path) -> dict[str, float]:
    """Seconds and MiB from the file to the five adjusted gaps."""
    import ibis

    from analysis.cells import count_cells
    from analysis.estimate.covariance import covariance
    from analysis.estimate.fits import fit_logit
    from analysis.estimate.margins import average_marginal_effect

    engine = ibis.duckdb.connect()  # what imports the engine
    start = time.perf_counter()
    table = engine.read_parquet(path)
    cells = count_cells(table, by=[*CATEGORIES, *COVARIATES], outcome="placed")
    counted = time.perf_counter()
    fit = fit_logit(cells, CATEGORIES, list(COVARIATES))
    robust = covariance(fit, "hc1")
    effects = [average_marginal_effect(fit, name) for name in CATEGORIES]
    errors = [effect.std_error(robust) for effect in effects]
    done = time.perf_counter()
    for name, effect, error in zip(CATEGORIES, effects, errors, strict=True):
        print(f"  {name:18} {effect.value:+.5f} (SE {error:.5f})", file=sys.stderr)
    return {
        "persons": float(cells["n"].sum()),
        "cells": len(cells),
        "parameters": len(fit.coefficients),
        "cells_seconds": counted - start,
        "seconds": done - start,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def time_rows(path: Path, persons: int) -> dict[str, float]:
    """Seconds of statsmodels' Logit on rows, the design matrix given."""
    import ibis
    import numpy as np
    import pandas as pd
    from statsmodels.discrete.discrete_model import Logit

    table = ibis.duckdb.connect().read_parquet(path)
    rows = table.filter(table.id < persons).to_pandas()
    dummies = pd.get_dummies(rows[list(COVARIATES)], drop_first=True, dtype=float)
    design = np.column_stack([np.ones(len(rows)), dummies, rows[CATEGORIES].astype(float)])
    start = time.perf_counter()
    Logit(rows["placed"].astype(float), design).fit(disp=0, cov_type="HC1")
    return {"persons": float(len(rows)), "seconds": time.perf_counter() - start}


def measure(task: str, path: Path, persons: int) -> dict[str, float]:
    """Run one task in a fresh process, so that its peak memory is its own."""
    command = [sys.executable, __file__, "--task", task, "--path", str(path)]
    command += ["--persons", str(persons)]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(json.loads(answer))


def main() -> None:
    """Generate, measure both, and print the figures and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=10_000_000)
    parser.add_argument("--rows", type=int, default=1_000_000, help="persons of the row-wise fit")
    parser.add_argument("--task", choices=["cells", "rows"], help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.task:
        run = (
            time_cells(given.path)
            if given.task == "cells"
            else time_rows(given.path, given.persons)
        )
        print(json.dumps(run))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "persons.parquet"
        generate(given.persons, path)
        cells = measure("cells", path, given.persons)
        rows = measure("rows", path, given.rows)
    report(cells, rows)


def report(cells: dict[str, float], rows: dict[str, float]) -> None:
    """Print both measurements and the ratio of seconds per person."""
    print(
        f"cells: {cells['persons']:,.0f} persons, {cells['cells']:,.0f} cells, "
        f"{cells['parameters']:.0f} parameters: {cells['seconds']:.2f} s "
        f"({cells['cells_seconds']:.2f} s counting), peak {cells['peak_mib']:,.0f} MiB"
    )
    print(f"rows:  {rows['persons']:,.0f} persons, statsmodels Logit: {rows['seconds']:.2f} s")
    per_person = (rows["seconds"] / rows["persons"]) / (cells["seconds"] / cells["persons"])
    print(f"cells are {per_person:,.0f} times faster per person")


if __name__ == "__main__":
    main()
