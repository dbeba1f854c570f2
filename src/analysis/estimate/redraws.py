"""Persons drawn again and the logit refitted to each draw; the adjusted gap with its bootstrap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from analysis.cells import CLUSTER
from analysis.estimate.bootstrap import DRAWS, draw_counts, drawn_estimate
from analysis.estimate.covariance import cluster_codes
from analysis.estimate.fits import Array, Fit, NotEstimableError, fit_logit
from analysis.estimate.groups import MEMBER, collapse, comparisons
from analysis.estimate.margins import average_marginal_effect
from analysis.estimate.options import GapOptions
from analysis.estimate.question import Question, with_sides
from analysis.estimate.rates import Row, as_row, reason_row
from analysis.estimate.refits import refit
from analysis.estimate.regressions import empty_side
from analysis.estimate.results import adjust_p_values, result_table, write_note
from analysis.studies import Study
from analysis.vocabulary import SEED, Contrast, Estimand


@dataclass(frozen=True)
class Redrawn:
    """A logit, and its refits to draws of the persons.

    Attributes
    ----------
    fit
        To the cells of the data, one for each pattern of the variables, in their order.
    cells
        These cells.
    n
        Persons of each cell in each draw, shape (draws, m).
    successes
        Of the same shape.
    coefficients
        Shape (draws, k); nan where no maximum was found.
    """

    fit: Fit
    cells: pd.DataFrame
    n: Array
    successes: Array
    coefficients: Array


def redraw(
    cells: pd.DataFrame,
    focus: Sequence[str],
    adjusters: Sequence[str],
    cluster: str | None = None,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Redrawn:
    """Fit a logit to cells, draw their persons again and refit it to each draw.

    Parameters
    ----------
    cells
        Cells with `n`, `successes`, the variables, and the cluster where there is one.
    focus, adjusters
        See `analysis.estimate.fits.fit_logit`.
    cluster
        Cluster column; whole clusters are drawn then.
    draws, seed
        How often, and of what.

    Raises
    ------
    NotEstimableError
        If the data themselves have no fit; see `analysis.estimate.fits.fit_logit`.
    """
    keys = [*focus, *adjusters]
    patterns = _in_order(cells, keys)
    fit = fit_logit(patterns, focus, adjusters)
    drawn = _draw_patterns(cells, keys, cluster, draws, seed)
    n, successes = np.empty((draws, len(patterns))), np.empty((draws, len(patterns)))
    for i, (won, lost) in enumerate(drawn):
        n[i], successes[i] = won + lost, won
    coefficients = refit(fit.design.matrix, n, successes, fit.coefficients)
    return Redrawn(fit, patterns, n, successes, coefficients)


def _in_order(cells: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Cells by pattern, sorted: a draw depends neither on their order nor on how they are split."""
    return collapse(cells, keys).sort_values(list(keys), ignore_index=True)


def _draw_patterns(
    cells: pd.DataFrame, keys: list[str], cluster: str | None, draws: int, seed: int
) -> Iterator[tuple[Array, Array]]:
    """Successes and failures of each pattern, draw by draw."""
    kinds = _in_order(cells, [*keys, cluster] if cluster else keys)
    position = kinds.groupby(keys, observed=True, sort=True, dropna=False).ngroup().to_numpy()
    patterns = int(position.max()) + 1
    won = kinds["successes"].to_numpy()
    counts = np.concatenate([won, kinds["n"].to_numpy() - won])
    codes = np.tile(cluster_codes(kinds[cluster]), 2) if cluster else None
    for drawn in draw_counts(counts, draws, seed, codes):
        sides = np.split(drawn, 2)
        yield tuple(np.bincount(position, side, patterns) for side in sides)  # type: ignore[misc]


# ---- The adjusted gap ---------------------------------------------------------------------------


def bootstrap_gaps(
    study: Study,
    outcome: str,
    cells: pd.DataFrame,
    covariates: Sequence[str],
    options: GapOptions | None = None,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> pd.DataFrame:
    """Estimate the adjusted logit gaps of one outcome with bootstrapped errors.

    Parameters
    ----------
    study, outcome, cells, covariates, options
        See `analysis.estimate.gaps.outcome_gaps`; the covariates are a random draw here.
    draws, seed
        Of the bootstrap, which draws persons, or clusters where errors are clustered.

    Returns
    -------
    pandas.DataFrame
        A result table of `adjusted_difference`, without the joint contrast.
    """
    options = options or GapOptions()
    question = Question.of(study, cells, covariates, options)
    rows: list[Row] = []
    for contrast in options.contrasts:
        if contrast == Contrast.JOINT:
            continue
        for one in comparisons(cells, question.categories, contrast):
            adjusters, remarks = question.adjusters(contrast, one.group)
            cluster = question.clustered
            row = bootstrap_row(one.cells, adjusters, options, cluster, draws=draws, seed=seed)
            rows.append(with_sides(one, row, **remarks))
    shared: Row = {"study": study.name, "outcome": outcome}
    return adjust_p_values(result_table([shared | row for row in rows]), options.correction)


def bootstrap_row(
    cells: pd.DataFrame,
    adjusters: Sequence[str],
    options: GapOptions,
    cluster: str | None = None,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Row:
    """Numbers of the row of one adjusted logit gap, its error and interval by bootstrap.

    Parameters
    ----------
    cells
        Cells of a comparison; see `redraw`.
    adjusters
        Variables held fixed.
    options
        Averaging and coverage.
    cluster, draws, seed
        See `redraw`.
    """
    name = "logit_group" if options.over == "group" else "logit"
    row: Row = {"estimand": Estimand.ADJUSTED_DIFFERENCE, "method": name}
    if empty := empty_side(cells, MEMBER):
        return row | {"note": empty}
    try:
        redrawn = redraw(cells, [MEMBER], adjusters, cluster, draws=draws, seed=seed)
    except NotEstimableError as error:
        return reason_row(Estimand.ADJUSTED_DIFFERENCE, name, error)
    effect = average_marginal_effect(redrawn.fit, MEMBER, over=options.over)
    values = np.concatenate([[effect.value], _gaps(redrawn, group=options.over == "group")])
    clusters = cluster_counts(cells, cluster) if cluster else None
    estimate, remarks = drawn_estimate(values, options.confidence, clusters)
    dropped = ", ".join(redrawn.fit.design.dropped) or None
    return row | as_row(estimate) | {
        "method": f"{name}_bootstrap" + ("_cluster" if cluster else ""),
        "note": write_note(**remarks, draws=draws, dropped=dropped),
    }  # fmt: skip


def _gaps(redrawn: Redrawn, *, group: bool) -> Array:
    """Average marginal effect of the group in each draw."""
    design = redrawn.fit.design
    column = design.names.index(MEMBER)
    others = design.matrix.copy()
    others[:, column] = 0.0
    index = redrawn.coefficients @ others.T
    changes = expit(index + redrawn.coefficients[:, [column]]) - expit(index)
    weights = redrawn.n * design.matrix[:, column] if group else redrawn.n
    with np.errstate(invalid="ignore"):
        gaps: Array = (weights * changes).sum(axis=1) / weights.sum(axis=1)
    return gaps


def cluster_counts(cells: pd.DataFrame, cluster: str = CLUSTER) -> tuple[int, int]:
    """Number of clusters with persons, and of those that hold the side that fewer hold."""
    held = cells[cells["n"] > 0]
    sides = held.groupby(MEMBER)[cluster].nunique()
    return int(held[cluster].nunique()), int(sides.min())
