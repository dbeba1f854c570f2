"""Small populations, and the rows that tell of them.

Helpers are fixtures that give functions, for pytest's import mode lets no test import another.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from analysis.estimate.rates import rate_rows
from analysis.estimate.results import result_table
from analysis.release.facts import ReleasedTable
from analysis.release.results import Release
from analysis.vocabulary import Audience

CATEGORIES = ["job_seeker", "refugee"]
CHAIN = ("admitted", "started")


@pytest.fixture
def row() -> Callable[..., pd.DataFrame]:
    """Give a function that makes a result table of one row, with what differs from a rate."""

    def make(**values: object) -> pd.DataFrame:
        counts = {"n_group": 400, "n_reference": 0, "k_group": 123, "k_reference": 0}
        shared = {"study": "toy", "outcome": "placed_6", "group": "refugee", "reference": ""}
        plain = {"estimand": "rate", "method": "wilson", "estimate": 0.3075}
        return result_table([{**shared, **plain, **counts, **values}])

    return make


@pytest.fixture
def draw_cells() -> Callable[[int, int], dict[str, pd.DataFrame]]:
    """Give a function that draws persons who apply, are admitted and start, in two cohorts."""

    def draw(seed: int, size: int) -> dict[str, pd.DataFrame]:
        rng = np.random.default_rng(seed)
        persons = pd.DataFrame({"year": rng.choice(["2021", "2022"], size, p=[0.4, 0.6])})
        for name in CATEGORIES:
            flags = pd.array(rng.random(size) < rng.choice([0.05, 0.3]), dtype="boolean")
            flags[rng.random(size) < rng.choice([0.0, 0.05])] = pd.NA
            persons[name] = flags
        persons["admitted"] = rng.random(size) < rng.choice([0.2, 0.6])
        persons["started"] = persons["admitted"] & (rng.random(size) < 0.6)
        inside = {"admitted": persons, "started": persons[persons["admitted"]]}
        keys = [*CATEGORIES, "year"]
        return {
            name: own.groupby(keys, dropna=False, as_index=False)[name]
            .agg(["size", "sum"])
            .rename(columns={"size": "n", "sum": "successes"})
            .astype({"successes": "int64"})
            for name, own in inside.items()
        }

    return draw


@pytest.fixture
def release_rates() -> Callable[..., list[ReleasedTable]]:
    """Give a function that releases the rates of all outcomes, of a cohort and of all."""

    def tables(
        cells: dict[str, pd.DataFrame], withheld: frozenset, cohorts: tuple[str, ...]
    ) -> list[ReleasedTable]:
        found = []
        for cohort in cohorts:
            rows = []
            for outcome, every in cells.items():
                own = every if cohort == "all" else every[every["year"] == cohort]
                shared = {"study": "toy", "outcome": outcome, "reference": ""}
                rows += [shared | one for one in rate_rows(own, CATEGORIES)]
            shown = Release(Audience.PUBLIC, withheld, cohort).results(result_table(rows))
            found.append(ReleasedTable(f"rates-{cohort}", shown, "toy", cohort))
        return found

    return tables
