"""The same regression on many draws of the outcome at once: effects and errors of one variable.

The persons and their covariates are the same in all draws, so least squares is one product of
matrices, and the logits take their Newton steps together.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import expit

from analysis.estimate.fits import EXTREME_PROBABILITY, Array
from analysis.estimate.margins import Over

STEPS = 40
STEP_TOLERANCE = 1e-7
INNER_STEPS = 4
ERROR_STEPS = 8


@dataclass(frozen=True)
class Clusters:
    """The cells of draws, each of a pattern and a cluster.

    Attributes
    ----------
    pattern, cluster
        Number of each cell's pattern and cluster, shape (cells,).
    n
        Persons, shape (cells,).
    successes
        Shape (cells, draws).
    """

    pattern: NDArray[np.intp]
    cluster: NDArray[np.intp]
    n: Array
    successes: Array

    def squares(self, through: Array, fitted: Array) -> Array:
        """Sum over clusters of the squared sums of `through` × residual, shape (draws,)."""
        residual = self.successes - self.n[:, None] * fitted[self.pattern]
        size = len(self.cluster)
        sums = csr_array(
            (np.ones(size), (self.cluster, np.arange(size))),
            shape=(int(self.cluster.max()) + 1, size),
        )
        totals = sums @ (through[self.pattern] * residual)
        squares: Array = (totals**2).sum(axis=0)
        return squares


@dataclass(frozen=True)
class Outcomes:
    """Draws of an outcome over the patterns of a design.

    Attributes
    ----------
    matrix
        Patterns by columns.
    focus
        Position of the variable asked for, 0 or 1 in each pattern.
    n, n_squares
        Sum of the persons' weights in each pattern, and of their squares.
    successes, success_squares
        The same over those who succeed, shape (patterns, draws).
    clusters
        The same by cluster, where errors are clustered.
    """

    matrix: Array
    focus: int
    n: Array
    n_squares: Array
    successes: Array
    success_squares: Array
    clusters: Clusters | None = None

    def errors(self, through: Array, fitted: Array) -> Array:
        """Root of the sandwich without small-sample factors, weights taken as known."""
        if self.clusters:
            of_clusters: Array = np.sqrt(self.clusters.squares(through, fitted))
            return of_clusters
        losses = self.n_squares[:, None] - self.success_squares
        squares = self.success_squares * (1 - fitted) ** 2 + losses * fitted**2
        errors: Array = np.sqrt((through**2 * squares).sum(axis=0))
        return errors


def linear_effects(outcomes: Outcomes) -> tuple[Array, Array]:
    """Coefficient of the focus variable by least squares, and its error, for each draw.

    Returns
    -------
    tuple of numpy.ndarray
        Both of shape (draws,).
    """
    matrix = outcomes.matrix
    bread = np.linalg.inv(matrix.T @ (outcomes.n[:, None] * matrix))
    coefficients = bread @ (matrix.T @ outcomes.successes)
    through = (matrix @ bread[:, outcomes.focus])[:, None]
    return coefficients[outcomes.focus], outcomes.errors(through, matrix @ coefficients)


def logit_effects(outcomes: Outcomes, start: Array, over: Over = "all") -> tuple[Array, Array]:
    """Average marginal effect of the focus variable in a logit, and its error, for each draw.

    Parameters
    ----------
    outcomes
        Draws.
    start
        Coefficients to start from, those of the mean of the draws, say.
    over
        See `analysis.estimate.margins.average_marginal_effect`.

    Returns
    -------
    tuple of numpy.ndarray
        Both of shape (draws,); nan where the likelihood of a draw has no maximum.
    """
    matrix, focus = outcomes.matrix, outcomes.focus
    coefficients = _maximise(outcomes, start)
    index = matrix @ coefficients
    fitted = expit(index)
    base = index - np.outer(matrix[:, focus], coefficients[focus])
    high, low = expit(base + coefficients[focus]), expit(base)
    weights = outcomes.n * (matrix[:, focus] if over == "group" else 1.0)
    weights = (weights / weights.sum())[:, None]
    effects = (weights * (high - low)).sum(axis=0)
    high_slope, low_slope = weights * high * (1 - high), weights * low * (1 - low)
    gradient = matrix.T @ (high_slope - low_slope)
    gradient[focus] = high_slope.sum(axis=0)
    information = outcomes.n[:, None] * fitted * (1 - fitted)
    direction = _solve(matrix, information, gradient, _inverse(outcomes, start), ERROR_STEPS)
    errors = outcomes.errors(matrix @ direction, fitted)
    # A fitted probability of 0 or 1, or a step that never ends: separation.
    lost = ~(np.minimum(fitted, 1 - fitted).min(axis=0) > EXTREME_PROBABILITY)
    return np.where(lost, np.nan, effects), np.where(lost, np.nan, errors)


def _inverse(outcomes: Outcomes, coefficients: Array) -> Array:
    """Inverse information at some coefficients: near that of every draw."""
    fitted = expit(outcomes.matrix @ coefficients)
    weighted = (outcomes.n * fitted * (1 - fitted))[:, None] * outcomes.matrix
    inverse: Array = np.linalg.inv(outcomes.matrix.T @ weighted)
    return inverse


def _maximise(outcomes: Outcomes, start: Array) -> Array:
    """Maximum likelihood coefficients of each draw, k by draws; nan where steps don't end.

    Newton's steps, each solved by conjugate gradients: what differs from draw to draw in the
    information is little, so a few of them on the common inverse do.
    """
    matrix, n = outcomes.matrix, outcomes.n[:, None]
    near = _inverse(outcomes, start)
    draws = outcomes.successes.shape[1]
    coefficients = np.repeat(start[:, None], draws, axis=1)
    going = np.arange(draws)
    for _ in range(STEPS):
        own = coefficients[:, going]
        fitted = expit(matrix @ own)
        score = matrix.T @ (outcomes.successes[:, going] - n * fitted)
        step = _solve(matrix, n * fitted * (1 - fitted), score, near, INNER_STEPS)
        coefficients[:, going] = own + step
        going = going[~(np.abs(step).max(axis=0) < STEP_TOLERANCE)]
        if not len(going):
            return coefficients
    coefficients[:, going] = np.nan
    return coefficients


def _solve(matrix: Array, weights: Array, right: Array, near: Array, steps: int) -> Array:
    """Solve X'W_dX b = r_d for every draw d by preconditioned conjugate gradients.

    Parameters
    ----------
    matrix
        X, patterns by k.
    weights
        Diagonals of W_d, patterns by draws.
    right
        r_d, k by draws.
    near
        Inverse of a matrix near all X'W_dX.
    steps
        How many.
    """
    found = np.zeros_like(right)
    left, way = right, near @ right
    size = (left * way).sum(axis=0)
    for _ in range(steps):
        through = matrix.T @ (weights * (matrix @ way))
        bend = (way * through).sum(axis=0)
        length = np.divide(size, bend, out=np.zeros_like(size), where=bend > 0)
        found = found + length * way
        left = left - length * through
        better = near @ left
        next_size = (left * better).sum(axis=0)
        turn = np.divide(next_size, size, out=np.zeros_like(size), where=size > 0)
        way, size = better + turn * way, next_size
    return found
