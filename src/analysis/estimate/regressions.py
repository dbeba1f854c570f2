"""Gaps from regressions on cells: estimate, error, interval and test of each focus variable."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from analysis.estimate.clusters import CLUSTERS_FOR_INTERVAL, CLUSTERS_FOR_LARGE_SAMPLE, too_few
from analysis.estimate.covariance import Robust, cluster_codes, cluster_covariance, covariance
from analysis.estimate.fits import Array, Fit, Link, NotEstimableError, fit_linear, fit_logit
from analysis.estimate.margins import Effect, average_marginal_effect, random_std_error
from analysis.estimate.options import GapOptions
from analysis.estimate.proportions import Estimate
from analysis.estimate.rates import Row, as_row
from analysis.estimate.results import write_note
from analysis.estimate.small_clusters import SmallClusterCovariance, cr2_covariance
from analysis.estimate.small_samples import (
    SmallSampleCovariance,
    hc2_covariance,
    logit_covariance,
)

NO_VARIATION = 1e-12
TOLD_FREEDOM = 40
"""Degrees of freedom below which a row tells them; above, t is all but the normal."""
FITS = {"linear": fit_linear, "logit": fit_logit}


@dataclass(frozen=True)
class ErrorModel:
    """How the coefficients of one fit vary.

    Attributes
    ----------
    kind
        Name for the method column: a robust kind, `cluster` or `cr2`.
    matrix
        Covariance of the coefficients.
    clusters
        Number of each cell's cluster, where errors are clustered.
    small
        What Satterthwaite's degrees of freedom need, where there are any.
    freedom
        Degrees of freedom else; infinite for the normal.
    """

    kind: str
    matrix: Array
    clusters: NDArray[np.intp] | None = None
    small: SmallClusterCovariance | SmallSampleCovariance | None = None
    freedom: float = np.inf

    def degrees_of_freedom(self, effect: Effect) -> float:
        """Degrees of freedom of an effect's error; infinite for the normal."""
        return self.small.degrees_of_freedom(effect.gradient) if self.small else self.freedom

    @property
    def groups(self) -> int | None:
        """Number of clusters, where errors are clustered."""
        return None if self.clusters is None else int(self.clusters.max()) + 1


@dataclass(frozen=True)
class Regression:
    """A regression of some focus variables, or why there is none.

    Attributes
    ----------
    link, options
        How it was estimated.
    reasons
        Note of each focus variable that has no estimate.
    fit, model
        The fit and its errors, if there are any.
    """

    link: Link
    options: GapOptions
    reasons: Mapping[str, str]
    fit: Fit | None = None
    model: ErrorModel | None = None

    def effect(self, name: str) -> Effect:
        """Adjusted difference of a focus variable that has one."""
        assert self.fit is not None
        over = self.options.over if self.link == "logit" else "all"
        return average_marginal_effect(self.fit, name, over=over)

    def degrees_of_freedom(self, name: str) -> float:
        """Degrees of freedom of the error of a focus variable's effect."""
        assert self.model is not None
        return self.model.degrees_of_freedom(self.effect(name))

    def row(self, name: str) -> Row:
        """Numbers of the row of a focus variable, or the reason why there are none."""
        if name in self.reasons:
            return {"method": self.link, "note": self.reasons[name]}
        assert self.fit is not None
        assert self.model is not None
        barred = write_note(
            few_clusters=too_few_clusters(self.fit, self.model, name),
            fixed_rate=has_fixed_rate(self.fit, name),
        )
        return effect_row(self.fit, self.model, self.effect(name), self.options, barred)


def has_fixed_rate(fit: Fit, name: str) -> bool:
    """Whether all members of a focus variable succeed, or all fail, or all others do.

    Residuals then say nothing of how sure that side's rate is, and a linear model's error would
    claim certainty.
    """
    member = fit.design.matrix[:, fit.design.names.index(name)] > 0
    sides = (fit.n[side].sum() - fit.successes[side].sum() for side in (member, ~member))
    totals = (fit.n[side].sum() for side in (member, ~member))
    return any(lost in (0, total) for lost, total in zip(sides, totals, strict=True))


def regression_rows(
    cells: pd.DataFrame,
    link: Link,
    focus: Sequence[str],
    adjusters: Sequence[str],
    options: GapOptions,
    cluster: str | None = None,
) -> Iterator[tuple[str, Row]]:
    """Adjusted differences of the focus variables from one regression.

    Parameters
    ----------
    cells
        Cells with `n`, `successes`, the variables, and the cluster where there is one.
    link
        `linear`: coefficients of the linear probability model. `logit`: average marginal effects.
    focus
        Boolean variables whose difference is asked for.
    adjusters
        Variables held fixed.
    options
        Errors, averaging and coverage.
    cluster
        Cluster column.

    Yields
    ------
    tuple
        Name of the focus variable and the numbers of its row: method, estimate, error, interval,
        p-value and note; if the regression can't be had, the reason in the note.
    """
    regression = regress(cells, link, focus, adjusters, options, cluster)
    for name in focus:
        yield name, regression.row(name)


def regress(
    cells: pd.DataFrame,
    link: Link,
    focus: Sequence[str],
    adjusters: Sequence[str],
    options: GapOptions,
    cluster: str | None = None,
) -> Regression:
    """Fit one regression and choose its errors; see `regression_rows`, which tells its rows."""
    empty = {name: reason for name in focus if (reason := empty_side(cells, name))}
    try:
        fit = FITS[link](cells, [name for name in focus if name not in empty], adjusters)
        model = error_model(fit, cells, options, cluster)
    except NotEstimableError as error:
        note = write_note(**{error.reason: error.detail or True})
        return Regression(link, options, dict.fromkeys(focus, note) | empty)
    return Regression(link, options, empty, fit, model)


def empty_side(cells: pd.DataFrame, name: str) -> str | None:
    """Reason why a focus variable can't be compared, if one of its sides has no persons."""
    persons = cells["n"].groupby(cells[name]).sum()
    if not persons.get(True, 0):
        return "empty_group"
    return None if persons.get(False, 0) else "empty_reference"


def error_model(
    fit: Fit, cells: pd.DataFrame, options: GapOptions, cluster: str | None
) -> ErrorModel:
    """Choose the errors of a fit: by the options, and by how many clusters there are.

    Without clusters the linear model takes HC2, the logit HC1, both with Satterthwaite's degrees
    of freedom; if errors are asked for by name, but for HC2, the linear model takes t(N - k) and
    the logit the normal. Fewer than 10 clusters
    carry no interval. With 10 to 39 the linear model takes CR2 and Satterthwaite's degrees of
    freedom, the logit t(G - 1); from 40 both take t(G - 1).
    """
    chosen: Robust | None = None
    if options.errors != "auto" and options.errors != "cluster":
        chosen = options.errors
    if cluster is None and options.errors == "cluster":
        raise ValueError("errors by cluster need cells with clusters")
    if fit.persons <= len(fit.coefficients):
        raise NotEstimableError("no_freedom")
    if cluster is None or chosen:
        kind = chosen or "hc2"
        if fit.link == "logit" and kind in ("hc2", "hc3"):
            kind = "hc1"
        if kind == "hc2" or not chosen:
            persons = hc2_covariance(fit) if fit.link == "linear" else logit_covariance(fit)
            return ErrorModel(kind, persons.covariance, small=persons)
        freedom = fit.persons - len(fit.coefficients) if fit.link == "linear" else np.inf
        return ErrorModel(kind, covariance(fit, kind), freedom=freedom)
    clusters = cluster_codes(cells[cluster].iloc[fit.rows])
    groups = int(clusters.max()) + 1
    if groups < CLUSTERS_FOR_INTERVAL:
        # No interval will rest on it; with a single cluster there is no covariance at all.
        return ErrorModel("cluster", np.full_like(fit.bread, np.nan), clusters)
    if groups < CLUSTERS_FOR_LARGE_SAMPLE and fit.link == "linear":
        small = cr2_covariance(fit, clusters)
        return ErrorModel("cr2", small.covariance, clusters, small)
    return ErrorModel("cluster", cluster_covariance(fit, clusters), clusters, freedom=groups - 1)


def effect_row(
    fit: Fit, model: ErrorModel, effect: Effect, options: GapOptions, barred: str = ""
) -> Row:
    """Numbers of the row of one effect: method, estimate, error, interval, p-value and note.

    Parameters
    ----------
    fit, model
        A fit and its errors.
    effect
        An effect of the fit.
    options
        Averaging, covariates and coverage.
    barred
        Note of why no interval can rest on the data; empty if one can.
    """
    over = options.over if fit.link == "logit" else "all"
    random = fit.link == "logit" and options.covariates == "random"
    error = np.nan if barred else _std_error(fit, model, effect, random=random)
    # Composition is as much of a random effect's error as coefficients, whose freedom is not its.
    by_persons = random and model.clusters is None
    freedom = np.inf if by_persons else model.degrees_of_freedom(effect)
    if error > NO_VARIATION and freedom > 0:
        estimate = with_interval(effect.value, error, freedom, options.confidence)
    else:
        # Barred, or a residual of rounding alone, which would claim certainty.
        estimate = Estimate(effect.value)
    # Influence values are squared as they are, whatever factor was asked for fixed covariates.
    kind = "hc0" if random and model.clusters is None else model.kind
    method = [fit.link, kind, over if over == "group" else "", "random" if random else ""]
    note = write_note(
        no_variation=error <= NO_VARIATION or bool(error > 0 and not freedom > 0),
        clusters=None if barred else model.groups,
        df=f"{freedom:.1f}" if model.small and freedom < TOLD_FREEDOM and not barred else None,
        dropped=", ".join(fit.design.dropped) or None,
    )
    told = "; ".join(filter(None, (barred, note)))
    return as_row(estimate) | {"method": "_".join(filter(None, method)), "note": told}


def _std_error(fit: Fit, model: ErrorModel, effect: Effect, *, random: bool) -> float:
    if random:
        return random_std_error(fit, effect, model.clusters)
    return effect.std_error(model.matrix)


def too_few_clusters(fit: Fit, model: ErrorModel, name: str) -> int | None:
    """Number of clusters in all, or that hold one side, if an interval can't rest on it."""
    if model.clusters is None:
        return None
    return too_few(model.groups, clusters_of_smaller_side(fit, model.clusters, name))


def clusters_of_smaller_side(fit: Fit, clusters: NDArray[np.intp], name: str) -> int:
    """Number of clusters that hold the members of a focus variable, or the others if fewer."""
    member = fit.design.matrix[:, fit.design.names.index(name)] > 0
    return min(len(np.unique(clusters[side])) for side in (member, ~member))


def with_interval(value: float, error: float, freedom: float, confidence: float) -> Estimate:
    """Estimate with a symmetric interval and a two-sided test against 0.

    Parameters
    ----------
    value, error
        The estimate and its standard error, which is above 0.
    freedom
        Degrees of freedom of Student's t; infinite for the normal.
    confidence
        Coverage.
    """
    # Not scipy's distributions, which take a hundred times as long to be made as to be asked.
    upper, ratio = 0.5 + confidence / 2, abs(value) / error
    if np.isinf(freedom):
        quantile, tail = ndtri(upper), ndtr(-ratio)
    else:
        quantile, tail = stdtrit(freedom, upper), stdtr(freedom, -ratio)
    reach, p_value = float(quantile) * error, float(2 * tail)
    return Estimate(value, error, value - reach, value + reach, p_value)
