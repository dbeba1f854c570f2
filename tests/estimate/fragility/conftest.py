"""Patterns of persons that specifications are asked of, and the curve of all specifications."""

from collections.abc import Callable
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from analysis.cells import count_cells
from analysis.estimate.fragility.specifications import specification_curve
from analysis.estimate.results import read_note
from analysis.studies import Study

CATEGORIES = ["job_seeker", "low_qualification", "disability"]
NAMES = ["gender", "age_band"]
LEVELS = {"gender": ["F", "M", "unknown"], "age_band": ["<=30", "31-45", ">45", "unknown"]}
ALONE = {"graduated": None}
CHOICES = ("outcome", "reference", "covariates", "model", "weights", "unknown")


@pytest.fixture(scope="session")
def patterns_of() -> Callable[..., pd.DataFrame]:
    """Give the function that counts persons by their categories, covariates and outcomes."""

    def count_patterns(
        rows: pd.DataFrame, outcomes: dict[str, str | None], cluster: str | None = None
    ) -> pd.DataFrame:
        answers = [name for name in outcomes.values() if name]
        return count_cells(
            ibis.memtable(rows),
            by=[*CATEGORIES, *NAMES, *outcomes, *answers],
            outcome=next(iter(outcomes)),
            cluster=cluster,
            levels=LEVELS,
        )

    return count_patterns


@pytest.fixture(scope="session")
def patterns(persons: pd.DataFrame, patterns_of: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return patterns_of(persons, ALONE)


@pytest.fixture(scope="session")
def two_horizons(persons: pd.DataFrame) -> pd.DataFrame:
    """Give rows with a placement at two horizons, each known of those who answered its survey.

    Who is placed by 6 months is placed by 12. The second survey was not yet due for a third.
    """
    rng = np.random.default_rng(5)
    rows = persons.drop(columns="graduated").reset_index(drop=True)
    size = len(rows)
    early = rng.random(size) < 0.3 + 0.2 * (rows["gender"] == "F")
    late = early | (rng.random(size) < 0.3)
    for months, placed, due in (
        (6, early, np.ones(size, dtype=bool)),
        (12, late, rng.random(size) < 2 / 3),
    ):
        chance = 0.5 + 0.2 * (rows["age_band"] == ">45") - 0.1 * rows["job_seeker"].fillna(False)
        answered = pd.array(rng.random(size) < chance.astype(float), dtype="boolean")
        answered[~due] = pd.NA
        told = pd.array(placed, dtype="boolean")
        told[~answered.fillna(False)] = pd.NA
        rows[f"answered_{months}"] = answered
        rows[f"placed_{months}"] = told
    return rows


@pytest.fixture(scope="session")
def curve() -> Callable[..., pd.DataFrame]:
    """Give the function that estimates all specifications of a gap."""

    def estimate(study: Study, patterns: pd.DataFrame, **asked: Any) -> pd.DataFrame:
        given = {"outcome": "graduated", "covariates": NAMES, "outcomes": ALONE, "draws": 20}
        given |= asked
        outcome, covariates = given.pop("outcome"), given.pop("covariates")
        return specification_curve(study, outcome, patterns, covariates, **given)

    return estimate


@pytest.fixture(scope="session")
def specified() -> Callable[..., pd.DataFrame]:
    """Give the function that takes the rows of specifications, their choices as columns."""

    def read_choices(results: pd.DataFrame) -> pd.DataFrame:
        rows = results[results["term"] != ""].reset_index(drop=True)
        notes = [read_note(note) for note in rows["note"]]
        return rows.assign(**{name: [note[f"spec_{name}"] for note in notes] for name in CHOICES})

    return read_choices
