"""Rates by group, and the indices of disproportionate impact."""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from analysis.cells import CLUSTER
from analysis.estimate.clusters import CLUSTERS_FOR_INTERVAL
from analysis.estimate.fits import NotEstimableError
from analysis.estimate.groups import populations
from analysis.estimate.proportions import (
    Estimate,
    clustered_rate,
    log_scale,
    rate,
    risk_ratio,
)
from analysis.estimate.results import write_note
from analysis.vocabulary import ALL, NON_UNDERSERVED, Estimand

Row = dict[str, object]

MINIMAL_MARGIN = 0.03
OVERALL_METHODS = {
    Estimand.POINT_GAP: "margin_of_error",
    Estimand.PROPORTIONALITY_INDEX: "log",
    Estimand.SUCCESSES_TO_PARITY: "margin_of_error",
    Estimand.SUCCESSES_TO_ESCAPE_FLAG: "margin_of_error",
}


def as_row(estimate: Estimate) -> Row:
    """Give the numbers of an estimate by the names of the result table's columns."""
    return {
        "estimate": estimate.value,
        "std_error": estimate.std_error,
        "ci_low": estimate.low,
        "ci_high": estimate.high,
        "p_value": estimate.p_value,
    }


def rate_rows(
    cells: pd.DataFrame, categories: Sequence[str], confidence: float = 0.95
) -> Iterator[Row]:
    """Rate of everyone, of both sides and of each category, with Wilson's interval.

    Parameters
    ----------
    cells
        Cells of one outcome; where they have clusters, the intervals allow for them.
    categories
        Its category columns.
    confidence
        Coverage of the intervals.

    Yields
    ------
    dict
        A row of the result table; `n_reference` is 0, for a rate has no reference.
    """
    for name, own, unknown in populations(cells, categories):
        found = rate_row(own, confidence)
        notes = (str(found.get("note", "")), write_note(left_out=unknown or None))
        yield {**found, "group": name, "note": "; ".join(filter(None, notes))}


def rate_row(cells: pd.DataFrame, confidence: float = 0.95) -> Row:
    """Rate of all persons in the cells; see `rate_rows`. It names no group."""
    n, successes = int(cells["n"].sum()), int(cells["successes"].sum())
    found = row_or_reason(Estimand.RATE, "wilson", rate, successes, n, confidence)
    if CLUSTER in cells and n:
        found = _clustered(cells, confidence)
    counts = {"n_group": n, "k_group": successes, "n_reference": 0, "k_reference": 0}
    return {**found, "reference": "", **counts}


def _clustered(cells: pd.DataFrame, confidence: float) -> Row:
    """Rate of persons in clusters; with too few of these it has no interval."""
    by_cluster = cells.groupby(CLUSTER, observed=True)[["n", "successes"]].sum()
    by_cluster = by_cluster[by_cluster["n"] > 0]
    groups = len(by_cluster)
    found = clustered_rate(
        by_cluster["successes"].to_numpy(), by_cluster["n"].to_numpy(), confidence
    )
    few = groups < CLUSTERS_FOR_INTERVAL
    if few:
        found = Estimate(found.value)
    return as_row(found) | {
        "estimand": Estimand.RATE,
        "method": "wilson_cluster",
        "note": write_note(few_clusters=groups if few else None, clusters=None if few else groups),
    }


def margin_of_error(n: int, confidence: float = 0.95, minimum: float = MINIMAL_MARGIN) -> float:
    """Margin of error of a group's rate at p = 1/2, at least `minimum`.

    The convention of the percentage point gap of the California Community Colleges, which R's
    DisImpact follows. The reference's own error is not in it.
    """
    return max(float(norm.ppf(0.5 + confidence / 2)) * math.sqrt(0.25 / n), minimum)


def proportionality_index(
    successes: int, n: int, all_successes: int, all_n: int, confidence: float = 0.95
) -> Estimate:
    """Group's share of the successes over its share of the persons.

    It equals the group's rate over the overall rate, which the group is part of; the interval
    takes that into account: log delta method on the independent rates of the group and the rest.

    Parameters
    ----------
    successes, n
        Counts of the group.
    all_successes, all_n
        Counts of everyone, the group included.
    confidence
        Coverage of the interval.

    Raises
    ------
    NotEstimableError
        If the group has no persons or no successes.
    """
    if n == 0:
        raise NotEstimableError("empty_group")
    if successes == 0:
        raise NotEstimableError("no_successes")
    if n == all_n:
        return Estimate(1.0)  # by definition, so without an interval
    share, overall, part = successes / n, all_successes / all_n, n / all_n
    variance = (1 / share - part / overall) ** 2 * share * (1 - share) / n
    rest_n = all_n - n
    rest = (all_successes - successes) / rest_n
    variance += ((1 - part) / overall) ** 2 * rest * (1 - rest) / rest_n
    return log_scale(share / overall, math.sqrt(variance), confidence)


def successes_needed(successes: int, n: int, rate_to_reach: float) -> int:
    """Additional successes that would bring a group to a rate; 0 if it is there."""
    # Rounding first keeps an exact tie, such as 0.5 × 20 computed as 10.000000000000002, a tie.
    return max(0, math.ceil(round(rate_to_reach * n - successes, 9)))


def impact_rows(
    cells: pd.DataFrame, categories: Sequence[str], confidence: float = 0.95
) -> Iterator[Row]:
    """Indices of disproportionate impact of each side and category.

    The percentage point gap, the proportionality index and the successes needed compare with
    everyone, the group included; the 80% index compares with the non-underserved, a reference
    declared beforehand: choosing the best group by the data flags gaps by chance.

    Yields
    ------
    dict
        Rows of the result table.
    """
    parts = {name: (own, unknown) for name, own, unknown in populations(cells, categories)}
    counts = {
        name: (int(own["successes"].sum()), int(own["n"].sum())) for name, (own, _) in parts.items()
    }
    for name, (k, n) in counts.items():
        if name == ALL:
            continue
        rows = list(_overall_rows(name, k, n, *counts[ALL], confidence))
        if name != NON_UNDERSERVED:
            k0, n0 = counts[NON_UNDERSERVED]
            shared = _sides(name, NON_UNDERSERVED, k, n, k0, n0)
            index = (Estimand.EIGHTY_PERCENT_INDEX, "log", risk_ratio)
            rows.append(shared | row_or_reason(*index, k, n, k0, n0, confidence))
        left_out = write_note(left_out=parts[name][1] or None)
        for row in rows:
            yield row | {"note": "; ".join(filter(None, (str(row.get("note", "")), left_out)))}


def _sides(name: str, reference: str, k: int, n: int, k0: int, n0: int) -> Row:
    return {
        "group": name,
        "reference": reference,
        "k_group": k,
        "n_group": n,
        "k_reference": k0,
        "n_reference": n0,
    }


def _overall_rows(name: str, k: int, n: int, k0: int, n0: int, level: float) -> Iterator[Row]:
    shared = _sides(name, ALL, k, n, k0, n0)
    if n == 0:
        for estimand, method in OVERALL_METHODS.items():
            yield shared | reason_row(estimand, method, NotEstimableError("empty_group"))
        return
    overall, margin = k0 / n0, margin_of_error(n, level)
    gap = k / n - overall
    method = "margin_of_error"
    gap_estimate = Estimate(gap, np.nan, max(gap - margin, -1.0), min(gap + margin, 1.0))
    yield shared | as_row(gap_estimate) | {"estimand": Estimand.POINT_GAP, "method": method}
    yield shared | row_or_reason(
        Estimand.PROPORTIONALITY_INDEX, "log", proportionality_index, k, n, k0, n0, level
    )
    for estimand, target in (
        (Estimand.SUCCESSES_TO_PARITY, overall),
        (Estimand.SUCCESSES_TO_ESCAPE_FLAG, overall - margin),
    ):
        needed = Estimate(float(successes_needed(k, n, target)))
        yield shared | as_row(needed) | {"estimand": estimand, "method": method}


def row_or_reason(
    estimand: Estimand, method: str, estimator: Callable[..., Estimate], *arguments: float
) -> Row:
    """Row of an estimator's result, or of the reason why there is none."""
    try:
        return as_row(estimator(*arguments)) | {"estimand": estimand, "method": method}
    except NotEstimableError as error:
        return reason_row(estimand, method, error)


def reason_row(estimand: Estimand, method: str, error: NotEstimableError) -> Row:
    """Row without an estimate, with the reason in its note."""
    note = write_note(**{error.reason: error.detail or True})
    return {"estimand": estimand, "method": method, "note": note}
