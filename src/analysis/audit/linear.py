"""Systems of linear relations: whether any numbers satisfy them, and how far the numbers can go."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.audit.certificate import Limit, shortfall
from analysis.audit.program import End, InfeasibleError, Program, times
from analysis.audit.relation import Relation

__all__ = ["ContradictionError", "Relation", "System"]

TOLERANCE: Final = 1e-9
"""Relations that hold once each is widened by this, relative to its size, are held to hold."""

CANCELLED: Final = 1e-9
"""What weights leave of an unknown, where they leave nothing but rounding."""

WEIGHTED: Final = 1e-11
"""Weights up to this, in a sum of 1, are rounding."""

VANISHES: Final = 1e-6
"""A denominator that comes no higher than this, relative to its size, is 0 but for rounding."""


NEVER_POSITIVE: Final = "The denominator of the ratio is never positive"


class ContradictionError(Exception):
    """No numbers satisfy the relations of which a range was asked."""


@dataclass(frozen=True)
class System:
    """Relations between unknowns that are at least 0, some of them told by figures.

    Attributes
    ----------
    relations
        What holds whatever was printed: identities and assumptions. They are always kept.
    figures
        What each printed figure says, by the name of the figure. A figure is kept or left out
        as a whole.
    free
        Unknowns that may be negative.
    """

    relations: tuple[Relation, ...]
    figures: Mapping[str, tuple[Relation, ...]] = field(default_factory=dict)
    free: frozenset[str] = frozenset()

    def is_feasible(self, figures: Collection[str] | None = None) -> bool:
        """Whether any numbers satisfy the identities and some figures.

        Parameters
        ----------
        figures
            Names of the figures to keep; None keeps all.

        Returns
        -------
        bool
            False only where it is proven in exact arithmetic that no numbers do, even with every
            relation widened by a billionth of its size.

        Raises
        ------
        KeyError
            If there is no figure of that name.
        """
        return self.contradiction(figures) is None

    def contradiction(self, figures: Collection[str] | None = None) -> frozenset[str] | None:
        """Figures that already contradict each other, among some figures.

        Parameters
        ----------
        figures
            As for `is_feasible`.

        Returns
        -------
        frozenset or None
            None if the figures are feasible. The set is small, but need not be minimal. It is
            empty if the identities contradict each other.

        Raises
        ------
        KeyError
            If there is no figure of that name.
        """
        return self._proof(self.figures if figures is None else figures).figures

    def range(
        self,
        expression: Mapping[str, float],
        over: Mapping[str, float] | None = None,
        without: Collection[str] = (),
    ) -> tuple[float, float]:
        """Smallest and greatest value that a linear expression, or a ratio of two, can take.

        Parameters
        ----------
        expression
            Coefficient of each unknown.
        over
            The same for the denominator of a ratio. The ratio is looked at where its denominator
            is positive (Charnes and Cooper 1962).
        without
            Names of figures to leave out; all others are kept.

        Returns
        -------
        tuple of float
            Infinite where there is no end. A limit may be one that is only approached.

        Raises
        ------
        ContradictionError
            If no numbers satisfy what is kept, or none with a positive denominator.
        KeyError
            If there is no figure, or no unknown, of that name.
        """
        left_out = {self._number[name] for name in without}
        kept = {name: number for name, number in self._number.items() if number not in left_out}
        lines = self._program.lines(kept.values())
        ends: tuple[End, End] | None = None
        with suppress(InfeasibleError):
            ends = self._ends(lines, expression, over)
        # A point that satisfies what is kept is all the proof that is needed.
        if ends is None or min(end.violation for end in ends) > TOLERANCE:
            proof = self._proof(kept)
            if proof.figures is not None:
                told = ", ".join(sorted(proof.figures)) or "the identities"
                raise ContradictionError(f"No numbers satisfy these at once: {told}")
            if ends is None:
                widened = TOLERANCE + 2 * proof.shortfall
                ends = self._widened_ends(lines, expression, over, widened)
        least, greatest = ends
        return least.value + 0.0, 0.0 - greatest.value

    def _ends(
        self,
        lines: NDArray[np.bool_],
        expression: Mapping[str, float],
        over: Mapping[str, float] | None,
        widened: float = 0.0,
    ) -> tuple[End, End]:
        """Least value of an expression, and of its opposite."""
        least = self._program.least
        return (
            least(lines, expression, over, widened),
            least(lines, times(expression, -1), over, widened),
        )

    def _widened_ends(
        self,
        lines: NDArray[np.bool_],
        expression: Mapping[str, float],
        over: Mapping[str, float] | None,
        widened: float,
    ) -> tuple[End, End]:
        """Ends where figures meet in a point, which leaves the solver's rounding no room."""
        with suppress(InfeasibleError):
            if over is None or not self._vanishes(lines, over, widened):
                return self._ends(lines, expression, over, widened)
        what = "No numbers fit as far as the solver sees" if over is None else NEVER_POSITIVE
        raise ContradictionError(what)

    def _vanishes(
        self, lines: NDArray[np.bool_], expression: Mapping[str, float], widened: float
    ) -> bool:
        """Whether an expression is positive nowhere but by rounding."""
        greatest = -self._program.least(lines, times(expression, -1), widened=widened).value
        return greatest <= VANISHES * self._program.size(expression)

    @cached_property
    def _number(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.figures)}

    @cached_property
    def _told(self) -> list[tuple[int, Relation]]:
        """All relations with the numbers of the figures that tell them, -1 for identities."""
        identities = [(-1, one) for one in self.relations]
        return identities + [
            (number, one)
            for number, relations in enumerate(self.figures.values())
            for one in relations
        ]

    @cached_property
    def _program(self) -> Program:
        owners, relations = [number for number, _ in self._told], [one for _, one in self._told]
        return Program(relations, owners, self.free)

    @cached_property
    def _proofs(self) -> dict[frozenset[str], "_Proof"]:
        return {}

    def _proof(self, figures: Collection[str]) -> "_Proof":
        key = frozenset(figures)
        if key not in self._proofs:
            self._proofs[key] = self._prove(key)
        return self._proofs[key]

    def _prove(self, figures: frozenset[str]) -> "_Proof":
        program = self._program
        lines = program.lines([self._number[name] for name in figures])
        # Most sets that are asked about are feasible, and a point is found faster than a proof.
        if (away := program.violation(lines)) <= TOLERANCE:
            return _Proof(None, away)
        short, weights = program.worst(lines)
        if short <= TOLERANCE:
            return _Proof(None, short)
        used = np.flatnonzero(weights > WEIGHTED)
        left = program.weights.T @ weights
        exact = shortfall(
            [self._limit(int(line)) for line in used],
            list(weights[used] / program.sizes[used]),
            {program.unknowns[column] for column in np.flatnonzero(np.abs(left) <= CANCELLED)},
            self.free,
        )
        if exact is None or exact <= Fraction(TOLERANCE):
            return _Proof(None, short)
        names = list(self.figures)
        owners = {int(owner) for owner in program.owners[used]} - {-1}
        return _Proof(frozenset(names[owner] for owner in owners), short)

    def _limit(self, line: int) -> Limit:
        if line not in self._limits:
            place, sign = self._program.sources[line]
            relation = self._told[place][1]
            weights = {name: sign * _exact(own) for name, own in relation.coefficients.items()}
            end = sign * _exact(relation.high if sign > 0 else relation.low)
            size = Fraction(float(self._program.sizes[line]))
            self._limits[line] = Limit(weights, end, size)
        return self._limits[line]

    @cached_property
    def _limits(self) -> dict[int, Limit]:
        return {}


class _Proof(NamedTuple):
    """Figures that are proven to contradict each other, if so, and how far they are apart."""

    figures: frozenset[str] | None
    shortfall: float


def _exact(number: float) -> Fraction:
    """The decimal that a number is written as."""
    return Fraction(repr(float(number)))
