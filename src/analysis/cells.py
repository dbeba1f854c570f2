"""From the processed table to cells: one row per distinct pattern, with counts.

Outcomes are binary and covariates categorical, so the counts by pattern hold the whole
information of a regression. Persons never leave the engine: it groups, and only cells come back.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd
from ibis import ir
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.engines.connect import fetch
from analysis.engines.dialect import by_code_point
from analysis.engines.tables import Place, open_rows
from analysis.errors import InputError
from analysis.studies import Study
from analysis.studies.model import MONTH, TOLD

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
    return _typed(fetch(grouped), table, keys, levels or {})


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


@dataclass(frozen=True)
class LinkedCells:
    """Rows by their kind, and persons by the kinds of all of their rows.

    Attributes
    ----------
    kinds
        A line for each distinct combination of the columns asked for.
    patterns
        Patterns by kinds: how many rows of each kind a person of each pattern has.
    persons
        How many persons have each pattern, shape (patterns,).
    clusters
        Number of each pattern's cluster from 0 on; a person counts anew in each cluster.
    """

    kinds: pd.DataFrame
    patterns: csr_array
    persons: NDArray[np.int64]
    clusters: NDArray[np.intp] | None


def count_linked(
    table: ir.Table,
    *,
    by: Sequence[str],
    person: str,
    cluster: str | None = None,
    levels: Mapping[str, Sequence[str]] | None = None,
) -> LinkedCells:
    """Count persons by all that they contribute, for what persons in several rows have in common.

    To draw persons again is to draw the counts of patterns again, whatever rows they have.

    Parameters
    ----------
    table
        See `count_cells`.
    by
        Columns that make the kind of a row: booleans (null = unknown) or text levels.
    person, cluster
        Columns that tell whose row it is, and where.
    levels
        See `count_cells`.
    """
    keys = [cluster] if cluster else []
    order = [by_code_point(table[name]) for name in by]
    numbered = table.mutate(kind=ibis.dense_rank().over(order_by=order))
    kinds = fetch(numbered.select("kind", *by).distinct())
    kinds = _typed(kinds, table, by, levels or {}).sort_values("kind", ignore_index=True)
    told = numbered.kind.collect().sort().cast("array<string>").join(" ")
    each = numbered.group_by([person, *keys]).aggregate(pattern=told)
    counted = fetch(each.group_by(["pattern", *keys]).aggregate(persons=each.count()))
    counted = counted.sort_values(["pattern", *keys], ignore_index=True)
    rows = counted["pattern"].astype(str).str.split(" ").explode().astype("int64")
    patterns = csr_array(
        (np.ones(len(rows)), (rows.index.to_numpy(), rows.to_numpy())),
        shape=(len(counted), len(kinds)),
    )
    clusters = np.unique(counted[cluster], return_inverse=True)[1].ravel() if cluster else None
    return LinkedCells(
        kinds.drop(columns="kind"), patterns, counted["persons"].to_numpy("int64"), clusters
    )


def study_cells(
    study: Study,
    processed: Place,
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
        Where the processed table lies: a Parquet file, or an address.
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
    return count_cells(
        _cohort_rows(study, processed, outcome, cohort),
        by=[*study.categories, *covariates],
        outcome=outcome,
        cluster=CLUSTER if study.cluster else None,
        levels={name: study.levels(name) for name in covariates},
    )


def time_cells(
    study: Study,
    processed: Place,
    *,
    duration: str,
    covariates: Sequence[str],
    cohort: str | None = None,
) -> pd.DataFrame:
    """Count the cells of one duration of a study: how long persons were followed, and to what.

    Parameters
    ----------
    study, processed, covariates, cohort
        See `study_cells`.
    duration
        Name of the duration.

    Returns
    -------
    pandas.DataFrame
        See `count_cells`, with the whole number `month` beside the keys: `n` persons were
        followed to that month, and of these the event came about in it for `successes`. Whoever
        is outside the denominator, or has no month, is left out.

    Raises
    ------
    InputError
        If the cohort is not one of the study's.
    """
    table = _cohort_rows(study, processed, duration, cohort)
    table = table.mutate(**{MONTH: table[study.months_column(duration)]})
    cells = count_cells(
        table.filter(table[duration].notnull() & table[MONTH].notnull()),
        by=[*study.categories, *covariates, MONTH],
        outcome=duration,
        cluster=CLUSTER if study.cluster else None,
        levels={name: study.levels(name) for name in covariates},
    )
    return cells.astype({MONTH: "int64"})


def amount_cells(
    study: Study, processed: Place, *, amount: str, cohort: str | None = None
) -> pd.DataFrame:
    """Count the cells of one amount of a study, by its categories.

    Parameters
    ----------
    study, processed, cohort
        See `study_cells`.
    amount
        Name of the amount.

    Returns
    -------
    pandas.DataFrame
        See `count_cells`, without cluster: `n` persons have the amount; `sum_<amount>` and
        `squares_<amount>` are the sums of it and of its square.

    Raises
    ------
    InputError
        If the cohort is not one of the study's.
    """
    table = _cohort_rows(study, processed, amount, cohort)
    told = table.filter(table[amount].notnull()).mutate(**{TOLD: True})
    return count_cells(told, by=list(study.categories), outcome=TOLD, sums=[amount])


def _cohort_rows(study: Study, processed: Place, measure: str, cohort: str | None) -> ir.Table:
    """Rows of the processed table, of one cohort of an outcome, duration or amount if asked."""
    table = open_rows(processed)
    if cohort is None:
        return table
    check_cohort(study, cohort)
    return table.filter(table[study.cohort_column(measure)] == cohort)


def check_cohort(study: Study, cohort: str) -> None:
    """Raise an `InputError` that lists the study's cohorts if `cohort` is none of them."""
    groups = list(study.cohort.groups) if study.cohort else []
    if cohort not in groups:
        known = ", ".join(groups) or "none: this study declares no cohorts"
        raise InputError(f"Study {study.name} has no cohort {cohort!r}. Cohorts: {known}.")
