"""The logit refitted to other counts of its cells: all counts at once, from the data's own fit."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Array = NDArray[np.floating[Any]]

ITERATIONS = 60
GRADIENT_TOLERANCE = 1e-8
LONGEST_STEP = 4.0
"""By which the logit of a cell may change in one step."""
RIDGE = 1e-12
NUMBERS_AT_ONCE = 8_000_000
"""Of the largest array, which bounds the memory."""


def refit(matrix: Array, n: Array, successes: Array, start: Array) -> Array:
    """Maximum likelihood coefficients of one design for many counts: Newton's method on all.

    A draw may lack a level, whose coefficient then stays where it started, or may hold only its
    successes. The likelihood then rises to a limit without reaching it; the coefficients are those
    at which it is all but reached, and the fitted probabilities are the limit's. To leave such
    draws out would leave out the extreme ones.

    Parameters
    ----------
    matrix
        Design, shape (m, k).
    n, successes
        Counts of each draw, shape (draws, m).
    start
        Coefficients to start from, shape (k,).

    Returns
    -------
    numpy.ndarray
        Shape (draws, k); nan where the gradient did not vanish.
    """
    cells, columns = matrix.shape
    at_once = max(1, NUMBERS_AT_ONCE // max(cells, columns * columns, 1))
    found = np.empty((len(n), columns))
    for first in range(0, len(n), at_once):
        block = slice(first, first + at_once)
        found[block] = _refit_block(matrix, n[block], successes[block], start)
    return found


def _refit_block(matrix: Array, n: Array, successes: Array, start: Array) -> Array:
    found = np.tile(start, (len(n), 1))
    unsolved = np.arange(len(n))
    for _ in range(ITERATIONS):
        fitted = expit(found[unsolved] @ matrix.T)
        total = n[unsolved]
        gradient = (successes[unsolved] - total * fitted) @ matrix
        going = np.abs(gradient).max(axis=1, initial=0.0) > GRADIENT_TOLERANCE * total.sum(axis=1)
        unsolved = unsolved[going]
        if not len(unsolved):
            break
        fitted, total = fitted[going], total[going]
        information = _informations(matrix, total * fitted * (1 - fitted))
        # Keeps solvable what a draw says nothing about, and moves no maximum.
        information += RIDGE * total.sum(axis=1)[:, None, None] * np.eye(matrix.shape[1])
        step = np.linalg.solve(information, gradient[going][:, :, None])[:, :, 0]
        longest = np.abs(step @ matrix.T).max(axis=1)
        found[unsolved] += (
            step * np.minimum(1.0, LONGEST_STEP / np.maximum(longest, 1e-300))[:, None]
        )
    found[unsolved] = np.nan
    return found


def _informations(matrix: Array, weights: Array) -> Array:
    """X'WX of each draw, shape (draws, k, k)."""
    cells, columns = matrix.shape
    upper = np.triu_indices(columns)
    sums = np.zeros((len(weights), len(upper[0])))
    at_once = max(1, NUMBERS_AT_ONCE // len(upper[0]))
    for first in range(0, cells, at_once):
        block = slice(first, first + at_once)
        sums += weights[:, block] @ (matrix[block, upper[0]] * matrix[block, upper[1]])
    whole = np.empty((len(weights), columns, columns))
    whole[:, upper[0], upper[1]] = sums
    whole[:, upper[1], upper[0]] = sums
    return whole
