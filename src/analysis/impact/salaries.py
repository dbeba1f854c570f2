"""Mean salaries before and after a path, and the gain, by group."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import t as student

from analysis.cells import amount_cells
from analysis.engines.tables import Place
from analysis.estimate.groups import MEMBER, compare, populations
from analysis.studies import Study
from analysis.vocabulary import Contrast

JOB_SEEKER: Final = "job_seeker"
JOB_SEEKER_OUT: Final = "job_seeker_out"
"""Those known to be no job seekers: they had a wage before, and no benefits that are saved."""

COLUMNS: Final = ("amount", "group", "n", "mean", "std_error", "ci_low", "ci_high")
DECIMALS: Final = 6
"""Sums of the engine differ in their last digits with the order in which it adds."""


def salary_means(
    study: Study, processed: Place, cohort: str | None, confidence: float
) -> pd.DataFrame:
    """Mean of each amount of a study in each group, with its t-interval.

    Parameters
    ----------
    study
        The study; its `amounts` say who is counted.
    processed
        Where the processed table lies: a Parquet file, or an address.
    cohort
        Restrict to this cohort; all when None.
    confidence
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        A row an amount and group (`all`, `non_underserved`, `underserved`, each category, and
        `job_seeker_out` where job seekers are a category), in the amount's unit: `amount`, `group`,
        `n`, `mean`, `std_error`, `ci_low`, `ci_high`. Of one person there is a mean without
        interval, of nobody neither. No rows if the study declares no amounts.

    Raises
    ------
    InputError
        If the cohort is not one of the study's.

    Notes
    -----
    From counts, sums and sums of squares: s² = (Σx² − (Σx)²/n) / (n − 1), and the interval is
    mean ± t(n − 1) s/√n. Persons are taken as independent.
    """
    rows = []
    for name in study.amounts:
        cells = amount_cells(study, processed, amount=name, cohort=cohort)
        for group, own in _groups(cells, list(study.categories)):
            told = _mean(
                int(own["n"].sum()),
                float(own[f"sum_{name}"].sum()),
                float(own[f"squares_{name}"].sum()),
                confidence,
            )
            rows.append({"amount": name, "group": group, **told})
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"n": "int64"})


def _groups(cells: pd.DataFrame, categories: list[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    for group, own, _ in populations(cells, categories):
        yield group, own
    if JOB_SEEKER in categories:
        sides = compare(cells, categories, Contrast.COMPLEMENT, JOB_SEEKER).cells
        yield JOB_SEEKER_OUT, sides[~sides[MEMBER]]


def _mean(n: int, total: float, squares: float, confidence: float) -> dict[str, float]:
    """Mean of n numbers, its standard error and interval, from their sum and sum of squares."""
    mean, error, half = np.nan, np.nan, np.nan
    if n > 0:
        mean = total / n
    if n > 1:
        # Numbers that are all the same may leave a trace below zero.
        variance = max((squares - total * mean) / (n - 1), 0.0)
        error = float(np.sqrt(variance / n))
        half = error * float(student.ppf((1 + confidence) / 2, n - 1))
    found = {"mean": mean, "std_error": error, "ci_low": mean - half, "ci_high": mean + half}
    return {"n": n, **{name: round(value, DECIMALS) for name, value in found.items()}}
