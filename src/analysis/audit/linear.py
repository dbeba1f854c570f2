"""Systems of linear relations: whether any numbers satisfy them, and how far the numbers can go."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linprog


class ContradictionError(Exception):
    """No numbers satisfy the relations of which a range was asked."""


@dataclass(frozen=True)
class Relation:
    """What a linear expression of the unknowns keeps to: ``low ≤ Σ coefficient · unknown ≤ high``.

    Attributes
    ----------
    name
        What the relation says, for readers of errors.
    coefficients
        Coefficient of each unknown, by the name of the unknown; the others have none.
    low, high
        Limits of the expression, both included; infinite where there is none.

    Raises
    ------
    ValueError
        If the limits are not in order, or anything is not a number.
    """

    name: str
    coefficients: Mapping[str, float]
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        if not self.low <= self.high or self.low == math.inf or self.high == -math.inf:
            raise ValueError(f"{self.name}: no number lies between {self.low} and {self.high}")
        if not all(math.isfinite(weight) for weight in self.coefficients.values()):
            raise ValueError(f"{self.name}: a coefficient is not a finite number")


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

        Raises
        ------
        KeyError
            If there is no figure of that name.
        """
        try:
            self._extreme({}, self._kept(figures), 1.0)
        except ContradictionError:
            return False
        return True

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
        missing = set(without) - set(self.figures)
        if missing:
            raise KeyError(", ".join(sorted(missing)))
        kept = self._kept([name for name in self.figures if name not in set(without)])
        if over is not None:
            raise NotImplementedError
        return self._extreme(expression, kept, 1.0), self._extreme(expression, kept, -1.0)

    def _kept(self, figures: Collection[str] | None) -> list[Relation]:
        told = self.figures if figures is None else {name: self.figures[name] for name in figures}
        return [*self.relations, *(one for own in told.values() for one in own)]

    def _extreme(self, price: Mapping[str, float], kept: list[Relation], sign: float) -> float:
        names = sorted({name for one in kept for name in one.coefficients} | set(price))
        if not kept:
            return 0.0
        matrix = np.array([[one.coefficients.get(name, 0.0) for name in names] for one in kept])
        limits = [(sign, bound) for sign in (1, -1) for bound, _ in enumerate(kept)]
        rows, ends = [], []
        for direction, place in limits:
            end = kept[place].high if direction == 1 else -kept[place].low
            if math.isfinite(end):
                rows.append(direction * matrix[place])
                ends.append(end)
        solved = linprog(
            [sign * price.get(name, 0.0) for name in names],
            A_ub=np.array(rows),
            b_ub=ends,
            bounds=[(None if name in self.free else 0, None) for name in names],
        )
        if solved.status == 3:
            return -math.inf * sign
        if solved.x is None:
            raise ContradictionError(solved.message)
        return sign * float(solved.fun)
