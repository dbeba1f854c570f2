"""From the processed table to cells: one row per distinct pattern, with counts.

Outcomes are binary and covariates categorical, so the counts by pattern hold the whole
information of a regression. Persons never leave the engine: it groups, and only cells come back.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import ibis
import pandas as pd
from ibis import ir

from analysis.errors import InputError
from analysis.studies import Study

CLUSTER = "cluster"


def count_cells(
    table: ir.Table,
    *,
    by: Sequence[str],
    outcome: str,
    cluster: str | None = None,
    response: str | None = None,
    weight: str | None = None,
    sums: Sequence[str] = (),
    levels: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Count persons and successes by covariate pattern.

    Parameters
    ----------
    table
        A row a person, on any engine that Ibis reaches.
    by
        Columns that make the pattern: booleans (null = unknown) or text levels.
    outcome
        Boolean column; null for a person outside the outcome's denominator.
    cluster
        Column that splits each pattern further, for clustered errors.
    response
        Boolean column: who answered. Adds `answered`.
    weight
        Column of non-negative weights. Adds, over the denominator, `weight` and
        `weight_successes` (sums of w and w·y) and `weight_squares` and
        `weight_squares_successes` (sums of w² and w²·y), all that a sandwich needs.
    sums
        Numeric columns. Adds for each `count_<name>`, `sum_<name>` and `squares_<name>`.
    levels
        Declared levels of text columns; they become categories in this order, whether or not
        they occur.

    Returns
    -------
    pandas.DataFrame
        One row per pattern that any person has, sorted by it: the columns of `by`, `cluster`
        where asked, `persons` (all of the pattern), `n` (those in the denominator) and
        `successes`. Patterns with n = 0, and with only successes or failures, are kept.

    Raises
    ------
    ValueError
        If a column has a level that is not declared.
    """
    counts = {
        "persons": table.count(),
        "n": table[outcome].count(),
        "successes": table[outcome].sum().fill_null(0),
        **_response_counts(table, response),
        **_weight_sums(table, outcome, weight),
        **dict(_numeric_sums(table, sums)),
    }
    keys = [*by, cluster] if cluster else list(by)
    grouped = table.aggregate(counts, by=keys) if keys else table.aggregate(counts)
    return _typed(grouped.to_pandas(), table, keys, levels or {})


def _response_counts(table: ir.Table, response: str | None) -> dict[str, ir.Value]:
    return {"answered": table[response].sum().fill_null(0)} if response else {}


def _weight_sums(table: ir.Table, outcome: str, weight: str | None) -> dict[str, ir.Value]:
    if weight is None:
        return {}
    inside, success = table[outcome].notnull(), table[outcome].fill_null(False)
    one = table[weight].cast("float64")
    return {
        "weight": one.sum(where=inside).fill_null(0.0),
        "weight_successes": one.sum(where=success).fill_null(0.0),
        "weight_squares": (one * one).sum(where=inside).fill_null(0.0),
        "weight_squares_successes": (one * one).sum(where=success).fill_null(0.0),
    }


def _numeric_sums(table: ir.Table, sums: Sequence[str]) -> Iterator[tuple[str, ir.Value]]:
    for name in sums:
        value = table[name].cast("float64")
        yield f"count_{name}", value.count()
        yield f"sum_{name}", value.sum().fill_null(0.0)
        yield f"squares_{name}", (value * value).sum().fill_null(0.0)


def _typed(
    cells: pd.DataFrame,
    table: ir.Table,
    keys: Sequence[str],
    levels: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """Give keys their types and rows an order that doesn't depend on the engine's threads."""
    for key in keys:
        if table[key].type().is_boolean():
            cells[key] = cells[key].astype("boolean")
        elif declared := levels.get(key):
            if strange := sorted(set(cells[key].dropna()) - set(declared)):
                raise ValueError(f"{key} has undeclared levels: {', '.join(strange)}")
            cells[key] = pd.Categorical(cells[key], categories=list(declared))
        else:
            cells[key] = cells[key].astype("category")
    counts = [name for name in ("persons", "n", "successes", "answered") if name in cells]
    cells[counts] = cells[counts].astype("int64")
    return cells.sort_values(list(keys), ignore_index=True) if keys else cells


def study_cells(
    study: Study,
    processed: Path,
    *,
    outcome: str,
    covariates: Sequence[str],
    cohort: str | None = None,
) -> pd.DataFrame:
    """Count the cells of one outcome of a study: its categories, covariates and cluster.

    Parameters
    ----------
    study
        The study.
    processed
        Parquet file of the processed table.
    outcome
        Name of the outcome.
    covariates
        Names of adjusters and mediators to keep apart.
    cohort
        Restrict to this cohort; all when not given.

    Returns
    -------
    pandas.DataFrame
        See `count_cells`.

    Raises
    ------
    InputError
        If the cohort is not one of the study's.
    """
    table = ibis.duckdb.connect().read_parquet(processed)
    if cohort is not None:
        check_cohort(study, cohort)
        table = table.filter(table[study.cohort_column(outcome)] == cohort)
    return count_cells(
        table,
        by=[*study.categories, *covariates],
        outcome=outcome,
        cluster=CLUSTER if study.cluster else None,
        levels={name: study.levels(name) for name in covariates},
    )


def check_cohort(study: Study, cohort: str) -> None:
    """Raise an `InputError` that lists the study's cohorts if `cohort` is none of them."""
    groups = list(study.cohort.groups) if study.cohort else []
    if cohort not in groups:
        known = ", ".join(groups) or "none: this study declares no cohorts"
        raise InputError(f"Study {study.name} has no cohort {cohort!r}. Cohorts: {known}.")
