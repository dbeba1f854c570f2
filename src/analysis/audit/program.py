"""Relations in the form that the solver takes, scaled so that its tolerances mean something."""

import math
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from itertools import product
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csc_array, csr_array, hstack, sparray, vstack

from analysis.audit.relation import Relation

Array = NDArray[np.float64]
Places = NDArray[np.intp]

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


class End(NamedTuple):
    """An end of what an expression can take.

    Attributes
    ----------
    value
        The end, infinite if there is none.
    violation
        By what every limit has to be widened, relative to its size, for a point with this value;
        infinite if there is no such point, as where the value is only approached.
    """

    value: float
    violation: float


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
        self._least = np.array([-np.inf if name in free else 0.0 for name in self.unknowns])
        ends = np.array(
            [relations[at].high if sign > 0 else -relations[at].low for at, sign in self.sources],
            dtype=float,
        )
        rows, columns, weights = self._entries(relations)
        self.units = _units(rows, columns, weights, ends, len(self.unknowns))
        weights = weights * self.units[columns]
        largest = np.abs(ends)
        np.maximum.at(largest, rows, np.abs(weights))
        self.sizes = _power(largest)
        shape = (len(ends), len(self.unknowns))
        self.weights = csr_array((weights / self.sizes[rows], (rows, columns)), shape=shape)
        self.ends = ends / self.sizes

    def _entries(self, relations: Sequence[Relation]) -> tuple[Places, Places, Array]:
        """Rows, columns and weights of all limits, as they are told."""
        entries = [
            (row, self._column[name], sign * weight)
            for row, (place, sign) in enumerate(self.sources)
            for name, weight in relations[place].coefficients.items()
            if weight
        ]
        rows, columns, weights = zip(*entries, strict=True) if entries else ((), (), ())
        places = np.array(rows, dtype=np.intp), np.array(columns, dtype=np.intp)
        return (*places, np.array(weights, dtype=float))

    @cached_property
    def _combined(self) -> csc_array:
        """The program of `worst`: one row for each unknown, and one for the sum of all weights."""
        ones = csr_array(np.ones((1, len(self.ends))))
        return csc_array(vstack([self.weights.T, ones]))

    def lines(self, figures: Collection[int]) -> NDArray[np.bool_]:
        """Which limits are those of identities and of some figures, by the number of the figure."""
        kept = np.zeros(self.owners.max(initial=-1) + 2, dtype=bool)
        # The last place is that of identities, whose owner is -1.
        kept[[*figures, -1]] = True
        lines: NDArray[np.bool_] = kept[self.owners]
        return lines

    def violation(self, lines: NDArray[np.bool_]) -> float:
        """How far some point is from satisfying limits; infinite if no point is found.

        Parameters
        ----------
        lines
            Shape (limits,): which limits to keep.

        Returns
        -------
        float
            By what every limit has to be widened, relative to its size, for the point.
        """
        rows = self._unwidened[lines]
        ends = (np.full(rows.shape[0], -np.inf), np.zeros(rows.shape[0]))
        try:
            point = self._point(np.zeros(rows.shape[1]), rows, ends, (1.0, 1.0))
        except InfeasibleError:
            return math.inf
        assert point is not None, "nothing is asked for, so it has an end"
        return self._away(rows, point)

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
        most = np.append(np.where(np.isinf(self._least), 0.0, np.inf), 1.0)
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
    ) -> "End":
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

        Returns
        -------
        End
            The value, and how far the point that has it is from satisfying the limits.

        Raises
        ------
        InfeasibleError
            If there is no point, or none with a positive denominator.
        KeyError
            If there is no unknown of that name.
        """
        limits = rows = self._cone(widened)[lines]
        low, high = np.full(rows.shape[0], -np.inf), np.zeros(rows.shape[0])
        unit, scale = (1.0, 1.0), 1.0
        if over is not None:
            below = self._row(over)
            scale, unit = _size(below), (0.0, np.inf)
            rows = csr_array(vstack([rows, csr_array(np.append(below / scale, 0.0)[None, :])]))
            low, high = np.append(low, 1.0), np.append(high, 1.0)
        price = self._row(expression)
        point = self._point(np.append(price / _size(price), 0.0), rows, (low, high), unit)
        if point is None:
            return End(-math.inf, math.inf)
        return End(float(price @ point[:-1]) / scale, self._away(limits, point))

    def size(self, expression: Mapping[str, float]) -> float:
        """About how large an expression is, a power of 2."""
        return _size(self._row(expression))

    def _row(self, expression: Mapping[str, float]) -> Array:
        row = np.zeros(len(self.unknowns))
        for name, weight in expression.items():
            row[self._column[name]] = weight
        return row * self.units

    def _cone(self, widened: float) -> csr_array:
        """Limits of a point that is counted in units of one more unknown, the last column."""
        if widened:
            return _beside(self.weights, -(self.ends + widened))
        return self._unwidened

    @cached_property
    def _unwidened(self) -> csr_array:
        return _beside(self.weights, -self.ends)

    def _point(
        self, price: Array, rows: csr_array, ends: tuple[Array, Array], unit: tuple[float, float]
    ) -> Array | None:
        """Point at which the price is least, with the unit that it is counted in as last number."""
        least, most = np.full(len(price), unit[0]), np.full(len(price), np.inf)
        least[:-1], most[-1] = self._least, unit[1]
        return _solve(price, rows, ends, (least, most))

    def _away(self, rows: csr_array, point: Array) -> float:
        """How far a point is from satisfying limits, where it is not infinitely far away."""
        # The solver may leave an unknown a hair outside of its bounds.
        inside = np.append(np.maximum(point[:-1], self._least), point[-1])
        away = float(np.max(rows @ inside, initial=0.0))
        return away / float(point[-1]) if point[-1] > 0 else math.inf


def times(expression: Mapping[str, float], factor: float) -> dict[str, float]:
    """Multiply each coefficient of an expression."""
    return {name: factor * weight for name, weight in expression.items()}


def _beside(weights: csr_array, column: Array) -> csr_array:
    return csr_array(hstack([weights, csr_array(column[:, None])]))


def _size(row: Array) -> float:
    return float(_power(np.max(np.abs(row), initial=0.0)))


def _power(sizes: Array) -> Array:
    """Next power of 2, by which nothing is lost in dividing; 1 for 0."""
    positive = np.where(sizes > 0, sizes, 1.0)
    powers: Array = np.exp2(np.ceil(np.log2(positive)))
    return powers


def _solve(
    price: Array, weights: sparray, ends: tuple[Array, Array], bounds: tuple[Array, Array]
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


def _units(rows: Places, columns: Places, weights: Array, ends: Array, count: int) -> Array:
    """About how large each unknown is, a power of 2.

    Units of unknowns and sizes of limits are sought that bring all weights, and all limits other
    than 0, as near to 1 as least squares of their logarithms come (Curtis and Reid 1972), by
    taking turns: each is the geometric mean of what it divides. Limits of a single unknown tell
    its size best.
    """
    logs = np.log2(np.abs(weights))
    limited = ends != 0
    limits = np.log2(np.abs(np.where(limited, ends, 1.0)))
    terms = np.bincount(rows, minlength=len(ends))
    trust = np.where(limited & (terms == 1), ALONE, 1.0)[rows]
    in_column = np.maximum(1.0, np.bincount(columns, trust, count))
    in_row = np.maximum(1, terms + limited)
    units = np.zeros(count)
    for _ in range(SWEEPS):
        sums = np.bincount(rows, logs + units[columns], len(ends)) + limits
        # A limit of a single unknown is met, not halfway.
        size = np.where(limited & (terms == 1), limits, sums / in_row)
        before = units
        units = np.bincount(columns, trust * (size[rows] - logs), count) / in_column
        if np.array_equal(units, before):
            break
    powers: Array = np.exp2(np.round(units))
    return powers
