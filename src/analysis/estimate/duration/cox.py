"""Cox's proportional hazards regression on cells, with Efron's ties and robust errors.

Months are few, so that the sums over a risk set are sums by month of what the cells add to it: no
person's row is needed, and the numbers are those of the rows to rounding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.estimate.fits import INTERCEPT, Array, Design, NotEstimableError, design_matrix
from analysis.studies.model import MONTH

MAX_STEPS = 40
MAX_HALVINGS = 30
STEP_TOLERANCE = 1e-9
HALVING_TOLERANCE = 1e-12
RUNAWAY_STEP = 0.05
"""A coefficient that still moves so far after all steps has no maximum."""


@dataclass(frozen=True)
class RiskSums:
    """What the likelihood needs of the risk set of each month, the terms of its deaths added up.

    With r = exp(x'b), S0 and S1 the sums of r and of r x over those at risk in a month, D0 and D1
    over the d whose event came about in it, and for each l = 0 to d - 1 the share a = l/d,
    F = S0 - a D0 and Z = (S1 - a D1)/F.

    Attributes
    ----------
    risk
        r of each cell.
    hazard, tied
        Sums of 1/F and of a/F over l, shape (months,).
    mean
        Mean of Z over l, shape (months, columns).
    hazard_mean, tied_mean
        Sums of Z/F and of a Z/F over l, shape (months, columns).
    squares
        Sum of Z Z' over l and months.
    log_left
        Sum of log F over l and months.
    """

    risk: Array
    hazard: Array
    tied: Array
    mean: Array
    hazard_mean: Array
    tied_mean: Array
    squares: Array
    log_left: float


@dataclass(frozen=True)
class CoxCells:
    """The cells of a regression.

    Attributes
    ----------
    design
        Columns without an intercept, which the risk sets stand for.
    n, events, month
        Of each cell, its persons, those whose event came about, and the month of the end.
    rows
        Positions of the cells in the table that they are of.
    """

    design: Design
    n: Array
    events: Array
    month: NDArray[np.int64]
    rows: NDArray[np.intp]

    def risk_sums(self, coefficients: Array) -> RiskSums:
        """Sums over the risk sets, with Efron's terms for ties."""
        columns, months = self.design.matrix, int(self.month.max()) + 1
        risk = np.exp(columns @ coefficients)
        weighted = risk[:, None] * np.column_stack([np.ones(len(columns)), columns])
        at_risk = _sums_by(self.month, months, self.n[:, None] * weighted)
        at_risk = at_risk[::-1].cumsum(axis=0)[::-1]
        deaths = _sums_by(self.month, months, self.events[:, None] * weighted)
        count = self.deaths(months)
        # One line a death: its month, and the share of the month's deaths that left before it.
        when = np.repeat(np.arange(months), count)
        share = (np.arange(len(when)) - np.repeat(np.cumsum(count) - count, count)) / count[when]
        left = at_risk[when] - share[:, None] * deaths[when]
        hazard, centre = 1 / left[:, 0], left[:, 1:] / left[:, :1]
        of_tied = share * hazard
        means = [centre, hazard[:, None] * centre, of_tied[:, None] * centre]
        terms = np.column_stack([hazard, of_tied, *means])
        sums = _sums_by(when, months, terms)
        k = columns.shape[1]
        mean = sums[:, 2 : k + 2] / np.maximum(count, 1)[:, None]
        return RiskSums(
            risk,
            sums[:, 0],
            sums[:, 1],
            mean,
            sums[:, k + 2 : 2 * k + 2],
            sums[:, 2 * k + 2 :],
            centre.T @ centre,
            float(np.log(left[:, 0]).sum()),
        )

    def deaths(self, months: int) -> NDArray[np.int64]:
        """Number of events in each month."""
        return np.bincount(self.month, self.events, months).astype(np.int64)

    def likelihood(self, coefficients: Array) -> tuple[float, Array, Array]:
        """Log partial likelihood with its gradient and its information."""
        sums = self.risk_sums(coefficients)
        columns = self.design.matrix
        value = float(self.events @ (columns @ coefficients)) - sums.log_left
        gradient = columns.T @ self.events - sums.mean.T @ self.deaths(len(sums.hazard))
        weight = self.n * np.cumsum(sums.hazard)[self.month]
        weight = sums.risk * (weight - self.events * sums.tied[self.month])
        information = columns.T @ (weight[:, None] * columns) - sums.squares
        return value, gradient, information


def _sums_by(number: NDArray[np.intp], size: int, values: Array) -> Array:
    """Sums of the rows of values that share a number, from 0 to size - 1."""
    sums = np.zeros((size, values.shape[1]))
    np.add.at(sums, number, values)
    return sums


@dataclass(frozen=True)
class CoxFit:
    """A fitted regression.

    Attributes
    ----------
    cells
        What it was fitted to.
    coefficients
        Logarithms of hazard ratios, one a column of the design.
    bread
        Inverse of the information, over persons.
    """

    cells: CoxCells
    coefficients: Array
    bread: Array

    @cached_property
    def residuals(self) -> tuple[Array, Array]:
        """Score residuals of a person of each cell, with the event and without: (cells, columns).

        Lin and Wei (1989), with Efron's ties as in R's survival: among the deaths of a month each
        is in the risk set as much as in the likelihood.
        """
        cells, sums = self.cells, self.cells.risk_sums(self.coefficients)
        columns, risk = cells.design.matrix, sums.risk[:, None]
        lived = np.cumsum(sums.hazard)[cells.month][:, None]
        drawn = np.cumsum(sums.hazard_mean, axis=0)[cells.month]
        ended = -risk * (columns * lived - drawn)
        # In the month of the event a death is not wholly at risk of the deaths tied with it.
        tied = columns * sums.tied[cells.month][:, None] - sums.tied_mean[cells.month]
        return ended + risk * tied + columns - sums.mean[cells.month], ended

    def covariance(self, clusters: NDArray[np.intp] | None) -> Array:
        """Sandwich of the score residuals, of persons or of clusters times G/(G - 1).

        Parameters
        ----------
        clusters
            Number of the cluster of each cell used; None without clusters.
        """
        with_event, without = self.residuals
        won, lost = self.cells.events[:, None], (self.cells.n - self.cells.events)[:, None]
        if clusters is None:
            meat = (won * with_event).T @ with_event + (lost * without).T @ without
            return np.asarray(self.bread @ meat @ self.bread)
        groups = int(clusters.max()) + 1
        scores = _sums_by(clusters, groups, won * with_event + lost * without)
        factor = groups / (groups - 1)
        return np.asarray(factor * self.bread @ (scores.T @ scores) @ self.bread)


def fit_cox(cells: pd.DataFrame, focus: Sequence[str], adjusters: Sequence[str] = ()) -> CoxFit:
    """Fit a proportional hazards regression by Efron's partial likelihood (Cox 1972; Efron 1977).

    Over the months, with d deaths in a month and the notation of `RiskSums`, the maximum of
    the sum over deaths of x'b minus the sum over l < d of log(S0 - l/d D0).

    Parameters
    ----------
    cells
        Columns `n`, `successes`, `month` and the variables; see `analysis.cells.time_cells`.
    focus, adjusters
        See `analysis.estimate.fits.design_matrix`.

    Raises
    ------
    NotEstimableError
        If there are no persons or no events, a focus variable is collinear, or the maximum does
        not exist because a combination of the variables tells who has the event first.
    """
    rows = np.flatnonzero(cells["n"].to_numpy() > 0)
    if not len(rows):
        raise NotEstimableError("no_persons")
    used = cells.iloc[rows]
    if not used["successes"].sum():
        raise NotEstimableError("one_sided")
    data = CoxCells(
        _without_intercept(design_matrix(used, focus, adjusters)),
        used["n"].to_numpy(dtype=float),
        used["successes"].to_numpy(dtype=float),
        used[MONTH].to_numpy(),
        rows,
    )
    coefficients, information = _maximise(data)
    return CoxFit(data, coefficients, np.linalg.inv(information))


def _without_intercept(design: Design) -> Design:
    """The design without its first column, centred for accuracy."""
    factors = {name: tuple(i - 1 for i in places) for name, places in design.factors.items()}
    assert design.names[0] == INTERCEPT
    matrix = design.matrix[:, 1:]
    return Design(matrix - matrix.mean(axis=0), design.names[1:], factors, design.dropped)


def _maximise(cells: CoxCells) -> tuple[Array, Array]:
    """Coefficients and information at the maximum, by Newton's method with halved steps."""
    coefficients: Array = np.zeros(cells.design.matrix.shape[1])
    step = np.zeros_like(coefficients)
    # A step that leaps too far overflows; its likelihood is no number, and it is halved.
    with np.errstate(all="ignore"):
        value, gradient, information = cells.likelihood(coefficients)
        for _ in range(MAX_STEPS):
            try:
                step = np.linalg.solve(information, gradient)
            except np.linalg.LinAlgError:
                break
            if np.abs(step).max() <= STEP_TOLERANCE:
                return coefficients + step, information
            taken, (value, gradient, information) = _climb(cells, coefficients, step, value)
            coefficients = coefficients + taken
    # With a maximum at infinity, Newton's steps toward it become 1 and stay so.
    away = np.abs(step) > RUNAWAY_STEP
    if away.any():
        names = (name for name, far in zip(cells.design.names, away, strict=True) if far)
        raise NotEstimableError("separation", ", ".join(names))
    raise NotEstimableError("no_convergence")


def _climb(
    cells: CoxCells, coefficients: Array, step: Array, value: float
) -> tuple[Array, tuple[float, Array, Array]]:
    """A step, halved until the likelihood does not fall, and what the likelihood is there."""
    found = cells.likelihood(coefficients + step)
    for _ in range(MAX_HALVINGS):
        if found[0] >= value - HALVING_TOLERANCE * abs(value):
            break
        step = step / 2
        found = cells.likelihood(coefficients + step)
    return step, found
