"""How far counts can be told that are known by linear constraints alone."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from analysis.release.knowledge import Cell, Constraint, Owner

Array = NDArray[np.float64]

UNBOUNDED: Final = 3
"""Status of a linear program of scipy without an end."""

BINDS: Final = 1e-7
"""A constraint whose price is no more than this does not hold a range in."""


class ContradictionError(Exception):
    """No counts fit the constraints: they were misread, or the numbers are wrong."""


class Range(NamedTuple):
    """Between what numbers a count lies, and the owners of the constraints that tell.

    Owners are known of ranges that were asked for exactly, and None of the others, which are
    at least so wide.
    """

    low: float
    high: float
    owners: frozenset[Owner] | None = None

    @property
    def width(self) -> float:
        """How far apart the limits are."""
        return self.high - self.low


def parts_of(
    constraints: Iterable[Constraint], targets: Iterable[Cell]
) -> Iterator[tuple[list[Constraint], list[Cell]]]:
    """Sort constraints into parts that have no count in common, each with its targets.

    Parts without a target are left out.
    """
    listed = list(constraints)
    number: dict[Cell, int] = {}
    edges = [
        (place, number.setdefault(cell, len(number)))
        for place, constraint in enumerate(listed)
        for cell in constraint.terms
    ]
    if not edges:
        return
    # Constraints and counts are the nodes of one graph, the counts numbered behind.
    lines, cells = np.array(edges).T
    nodes = len(listed) + len(number)
    graph = coo_array((np.ones(len(lines)), (lines, cells + len(listed))), shape=(nodes, nodes))
    labels = connected_components(graph, directed=False)[1]
    asked: dict[int, list[Cell]] = {}
    for cell in targets:
        if cell in number:
            asked.setdefault(labels[len(listed) + number[cell]], []).append(cell)
    for label, own in asked.items():
        places = np.flatnonzero(labels[: len(listed)] == label)
        yield [listed[place] for place in places], own


@dataclass(frozen=True)
class Polyhedron:
    """All counts that fit a list of constraints.

    Attributes
    ----------
    cells
        The counts, in the order of the columns.
    constraints
        What they keep.
    weights
        Shape (constraints, cells).
    """

    cells: Sequence[Cell]
    constraints: Sequence[Constraint]
    weights: csr_array

    @classmethod
    def of(cls, constraints: Sequence[Constraint]) -> "Polyhedron":
        """Put constraints into one matrix."""
        number: dict[Cell, int] = {}
        entries = [
            (line, number.setdefault(cell, len(number)), weight)
            for line, constraint in enumerate(constraints)
            for cell, weight in constraint.terms.items()
        ]
        lines, columns, weights = zip(*entries, strict=True)
        shape = (len(constraints), len(number))
        return cls(list(number), constraints, csr_array((weights, (lines, columns)), shape=shape))

    def ranges(self, targets: Sequence[Cell], enough: float) -> Iterator[tuple[Cell, Range]]:
        """Range of each target: exact where it is narrower than `enough`.

        A range is wide as soon as two points show it, so targets are first pushed up and down
        together, which settles most; only what is left gets programs of its own, when asked for.

        Raises
        ------
        ContradictionError
            If no counts fit.
        """
        program = _Program.of(self)
        place = {cell: column for column, cell in enumerate(self.cells)}
        columns = np.array([place[cell] for cell in targets], dtype=np.intp)
        low, high = np.full(len(targets), np.inf), np.full(len(targets), -np.inf)

        def see(best: _Best | None) -> None:
            if best:
                np.minimum(low, best.point[columns], out=low)
                np.maximum(high, best.point[columns], out=high)

        def narrow() -> NDArray[np.intp]:
            left: NDArray[np.intp] = columns[~(high - low >= enough)]
            return left

        see(program.best(columns, -1.0))
        before = len(columns) + 1
        # Pushed up together, some targets take the room of others; these come next.
        while 0 < len(narrow()) < before:
            before = len(narrow())
            see(program.best(narrow(), 1.0))
        for position in np.argsort(high - low < enough, kind="stable"):
            cell = targets[position]
            if high[position] - low[position] >= enough:
                yield cell, Range(low[position], high[position])
                continue
            top, bottom = (program.best(columns[[position]], sign) for sign in (1.0, -1.0))
            see(top)
            see(bottom)
            if top is None or bottom is None:
                yield cell, Range(0.0, np.inf)
                continue
            lines = np.concatenate([top.binding, bottom.binding])
            owners = (self.constraints[line].owner for line in lines)
            told = frozenset(owner for owner in owners if owner is not None)
            yield cell, Range(low[position], high[position], told)


class _Best(NamedTuple):
    """Where a sum of counts is largest or smallest, and the constraints that hold it there."""

    point: Array
    binding: NDArray[np.intp]


@dataclass(frozen=True)
class _Program:
    """The constraints in the form that the solver takes."""

    upper: csr_array
    upper_limits: Array
    upper_lines: NDArray[np.intp]
    exact: csr_array
    exact_values: Array
    exact_lines: NDArray[np.intp]
    columns: int

    @classmethod
    def of(cls, body: Polyhedron) -> "_Program":
        low = np.array([constraint.low for constraint in body.constraints])
        high = np.array([constraint.high for constraint in body.constraints])
        exact = np.flatnonzero(low == high)
        above = np.flatnonzero((low != high) & np.isfinite(high))
        below = np.flatnonzero((low != high) & np.isfinite(low))
        lines = np.concatenate([above, below])
        signs = np.concatenate([np.ones(len(above)), -np.ones(len(below))])
        limits = np.concatenate([high[above], -low[below]])
        upper = csr_array(body.weights[lines].multiply(signs[:, None]))
        return cls(upper, limits, lines, body.weights[exact], low[exact], exact, len(body.cells))

    def best(self, columns: NDArray[np.intp], direction: float) -> _Best | None:
        """Make the sum of some counts as large (direction 1) or as small (-1) as can be.

        None if there is no end to it.
        """
        price = np.zeros(self.columns)
        price[columns] = -direction
        solved = linprog(
            price,
            A_ub=self.upper if len(self.upper_lines) else None,
            b_ub=self.upper_limits if len(self.upper_lines) else None,
            A_eq=self.exact if len(self.exact_lines) else None,
            b_eq=self.exact_values if len(self.exact_lines) else None,
            method="highs",
        )
        if solved.status == UNBOUNDED:
            return None
        if solved.x is None:
            raise ContradictionError(solved.message)
        binding = [
            lines[np.abs(prices) > BINDS]
            for lines, prices in (
                (self.upper_lines, solved.ineqlin.marginals),
                (self.exact_lines, solved.eqlin.marginals),
            )
            if len(lines)
        ]
        return _Best(solved.x, np.concatenate(binding))
