"""Relations in the form that the solver takes, scaled so that its tolerances mean something."""

import math
from collections.abc import Collection, Mapping, Sequence
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csc_array, csr_array, hstack, vstack

from analysis.audit.relation import Relation

Array = NDArray[np.float64]

GAINS: Final = (1024.0, 1.0)
"""Sizes of solutions and prices in the solver, whose tolerances are an absolute 1e-7.

The second is for what it does not solve at the precision that the first one asks.
"""

SWEEPS: Final = 100
"""How often units of unknowns and sizes of limits are fitted to each other."""

ALONE: Final = 100.0
"""How much more a limit tells of the size of an unknown that stands in it alone."""

SOLVED: Final = 0
INFEASIBLE: Final = 2
UNBOUNDED: Final = 3


class InfeasibleError(Exception):
    """No point satisfies the limits as the solver sees them, or it gives up."""


class Program:
    """Limits ``Σ weight · unknown ≤ end``, two for each relation that has two.

    Unknowns are counted in units of about their own size, and every limit is divided by its size,
    so that a violation of 1e-9 means a billionth, of persons as of shares. Up to ten orders of
    magnitude may lie between unknowns of one sum; far beyond that the smallest are lost on the
    solver.

    Parameters
    ----------
    relations
        Relations of all kinds.
    owners
        For each relation, the number of the figure that tells it, or -1.
    free
        Unknowns that may be negative.

    Attributes
    ----------
    unknowns
        Their names, in the order of the columns.
    units
        Shape (unknowns,): size of each, a power of 2.
    weights, ends
        Shapes (limits, unknowns) and (limits,), scaled.
    sizes
        Shape (limits,): by what each limit was divided, a power of 2.
    sources
        For each limit, its relation, and 1 if it is the upper limit or -1 if it is the lower one
        turned round.
    owners
        Shape (limits,): as the parameter.
    """

    def __init__(
        self, relations: Sequence[Relation], owners: Sequence[int], free: Collection[str]
    ) -> None:
        self.unknowns = tuple(dict.fromkeys(name for one in relations for name in one.coefficients))
        self.sources = [
            (place, sign)
            for place, one in enumerate(relations)
            for sign, end in ((1, one.high), (-1, one.low))
            if math.isfinite(end)
        ]
        self.owners = np.array([owners[place] for place, _ in self.sources], dtype=np.intp)
        self._column = {name: column for column, name in enumerate(self.unknowns)}
        self._free = np.array([name in free for name in self.unknowns], dtype=bool)
        self.units = np.ones(len(self.unknowns))
        weights = self._matrix([times(relations[at].coefficients, s) for at, s in self.sources])
        ends = np.array(
            [relations[at].high if sign > 0 else -relations[at].low for at, sign in self.sources],
            dtype=float,
        )
        self.units = _units(weights, ends)
        weights = csr_array(weights.multiply(self.units))
        largest = np.zeros(len(ends))
        if weights.nnz:
            largest = abs(weights).max(axis=1).toarray().ravel()
        self.sizes = _power(np.maximum(np.abs(ends), largest))
        self.weights = csr_array(weights.multiply(1 / self.sizes[:, None]))
        self.ends = ends / self.sizes
        # The program of `worst`: one row for each unknown, and one for the sum of all weights.
        ones = csr_array(np.ones((1, len(ends))))
        self._combined = csc_array(vstack([self.weights.T, ones]))

    def _matrix(self, expressions: Sequence[Mapping[str, float]]) -> csr_array:
        entries = [
            (row, self._column[name], weight)
            for row, expression in enumerate(expressions)
            for name, weight in expression.items()
        ]
        rows, columns, weights = zip(*entries, strict=True) if entries else ((), (), ())
        shape = (len(expressions), len(self.unknowns))
        places = (np.array(rows, dtype=np.intp), np.array(columns, dtype=np.intp))
        matrix = coo_array((np.array(weights, dtype=float), places), shape=shape)
        return csr_array(matrix.multiply(self.units))

    def lines(self, figures: Collection[int]) -> NDArray[np.bool_]:
        """Which limits are those of identities and of some figures, by the number of the figure."""
        kept: NDArray[np.bool_] = np.isin(self.owners, [-1, *figures])
        return kept

    def worst(self, lines: NDArray[np.bool_]) -> tuple[float, Array]:
        """Weigh limits so that they fall short of each other by as much as can be.

        By the lemma of Farkas no point satisfies them just if weights of at least 0 make the left
        sides sum to something that can't be negative, and the right sides to something that is.
        With weights that sum to 1, the shortfall is the least by which all limits have to be
        widened for a point to exist (duality of linear programs), and the limits with a weight
        are a set that has no point (Gleeson and Ryan 1990).

        Parameters
        ----------
        lines
            Shape (limits,): which limits to keep.

        Returns
        -------
        tuple
            The shortfall, no less than 0, and the weights, shape (limits,).
        """
        weights = np.zeros(len(self.ends))
        if not lines.any():
            return 0.0, weights
        most = np.append(np.where(self._free, 0.0, np.inf), 1.0)
        least = np.append(np.zeros(len(self.unknowns)), 1.0)
        columns = np.flatnonzero(lines)
        nothing, no_end = np.zeros(len(columns)), np.full(len(columns), np.inf)
        try:
            solved = _solve(
                self.ends[columns], self._combined[:, columns], (least, most), (nothing, no_end)
            )
        except InfeasibleError:
            return 0.0, weights
        assert solved is not None, "weights that sum to a constant have an end"
        weights[columns] = solved
        return max(0.0, -float(self.ends @ weights)), weights

    def least(
        self,
        lines: NDArray[np.bool_],
        expression: Mapping[str, float],
        over: Mapping[str, float] | None = None,
        widened: float = 0.0,
    ) -> float:
        """Least value of an expression, or of a ratio where its denominator is positive.

        Ratios by the change of variables of Charnes and Cooper (1962): the point is counted in
        units of the denominator, and the unit becomes one more unknown.

        Parameters
        ----------
        lines
            Shape (limits,): which limits to keep.
        expression, over
            Coefficients by the name of the unknown.
        widened
            By what to widen every limit, relative to its size.

        Raises
        ------
        InfeasibleError
            If there is no point, or none with a positive denominator.
        KeyError
            If there is no unknown of that name.
        """
        ends = csr_array(-(self.ends[lines] + widened)[:, None])
        rows = csr_array(hstack([self.weights[lines], ends]))
        low, high = np.full(rows.shape[0], -np.inf), np.zeros(rows.shape[0])
        unit, scale = (1.0, 1.0), 1.0
        if over is not None:
            scale = self.size(over)
            below = csr_array(np.append(self._row(over) / scale, 0.0)[None, :])
            rows, unit = csr_array(vstack([rows, below])), (0.0, np.inf)
            low, high = np.append(low, 1.0), np.append(high, 1.0)
        price = self._row(expression)
        point = _solve(
            np.append(price / self.size(expression), 0.0),
            csc_array(rows),
            (low, high),
            (
                np.append(np.where(self._free, -np.inf, 0.0), unit[0]),
                np.append(np.full(len(price), np.inf), unit[1]),
            ),
        )
        return -math.inf if point is None else float(price @ point[:-1]) / scale

    def size(self, expression: Mapping[str, float]) -> float:
        """About how large an expression is, a power of 2."""
        return float(_power(np.max(np.abs(self._row(expression)), initial=0.0)))

    def _row(self, expression: Mapping[str, float]) -> Array:
        row: Array = self._matrix([expression]).toarray().ravel()
        return row


def times(expression: Mapping[str, float], factor: float) -> dict[str, float]:
    """Multiply each coefficient of an expression."""
    return {name: factor * weight for name, weight in expression.items()}


def _power(sizes: Array) -> Array:
    """Next power of 2, by which nothing is lost in dividing; 1 for 0."""
    positive = np.where(sizes > 0, sizes, 1.0)
    powers: Array = np.exp2(np.ceil(np.log2(positive)))
    return powers


def _solve(
    price: Array, weights: csc_array, ends: tuple[Array, Array], bounds: tuple[Array, Array]
) -> Array | None:
    """Point at which the price is least, None if there is no end to it.

    This is a linear program: `milp` is called as it starts faster than `linprog`.
    """
    for gain, presolve in product(GAINS, (False, True)):
        solved = milp(
            gain * price,
            constraints=LinearConstraint(weights, *(gain * end for end in ends)),
            bounds=Bounds(*(gain * bound for bound in bounds)),
            options={"presolve": presolve},
        )
        if solved.status == SOLVED:
            point: Array = solved.x / gain
            return point
        if solved.status == UNBOUNDED:
            return None
        # Presolving takes longer here, and may take "unbounded" for "infeasible".
        if solved.status == INFEASIBLE and not presolve:
            break
    raise InfeasibleError(solved.message)


def _units(weights: csr_array, ends: Array) -> Array:
    """About how large each unknown is, a power of 2.

    Units of unknowns and sizes of limits are sought that bring all weights, and all limits other
    than 0, as near to 1 as least squares of their logarithms come (Curtis and Reid 1972), by
    taking turns: each is the geometric mean of what it divides. Limits of a single unknown tell
    its size best.
    """
    entries = weights.tocoo()
    some = entries.data != 0
    rows, columns = entries.row[some], entries.col[some]
    logs = np.log2(np.abs(entries.data[some]))
    limited = ends != 0
    limits = np.log2(np.abs(np.where(limited, ends, 1.0)))
    terms = np.bincount(rows, minlength=len(ends))
    trust = np.where(limited & (terms == 1), ALONE, 1.0)[rows]
    in_column = np.bincount(columns, trust, weights.shape[1])
    units = np.zeros(weights.shape[1])
    for _ in range(SWEEPS):
        sums = np.bincount(rows, logs + units[columns], len(ends)) + limits
        size = sums / np.maximum(1, terms + limited)
        # A limit of a single unknown is met, not halfway.
        size = np.where(limited & (terms == 1), limits, size)
        wanted = np.bincount(columns, trust * (size[rows] - logs), len(units))
        units = wanted / np.maximum(1.0, in_column)
    powers: Array = np.exp2(np.round(units))
    return powers
