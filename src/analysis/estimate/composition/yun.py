"""Yun's detailed decomposition of a gap by the logit, from cells.

Yun (2004) splits the gap with the reference's coefficients,

    gap = [mean over the group of Λ(x'β₀) - mean over the reference of Λ(x'β₀)]          explained
        + [mean over the group of Λ(x'β₁) - mean over the group of Λ(x'β₀)]            unexplained

and gives each covariate its share of what a linear index would have: of the explained part

    (x̄₁ - x̄₀)_f'β₀_f / (x̄₁ - x̄₀)'β₀ ,

of the unexplained part x̄₁_f'(β₁ - β₀)_f / x̄₁'(β₁ - β₀), with the coefficients of each covariate's
levels taken from their mean (Yun 2005), so that no share depends on which level is left out. The
intercept then has a share of its own.

Errors are those of the delta method with the covariates taken as a random draw: the influence of a
person goes through both logits' coefficients, the mean probabilities and the mean covariates.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from analysis.estimate.fits import (
    INTERCEPT,
    Array,
    Design,
    Fit,
    NotEstimableError,
    design_matrix,
    fit_logit,
)
from analysis.estimate.groups import MEMBER
from analysis.vocabulary import Estimand

SMALLEST_INDEX = 1e-9
"""Of a difference in the index that can be shared out; a smaller one is rounding."""

STEEPEST = 0.25
"""Slope of the logistic curve, at most. A part of the gap over its difference in the index lies
between 0 and this unless differences of both signs all but cancel, and shares mean nothing."""


@dataclass(frozen=True)
class Moving:
    """A number, and how much each person moves it.

    Attributes
    ----------
    value
        The number.
    influence
        Of a success and of a failure in each cell, shape (2, m).
    """

    value: float
    influence: Array

    def __add__(self, other: Self) -> Self:
        """Sum of two numbers."""
        return type(self)(self.value + other.value, self.influence + other.influence)

    def __sub__(self, other: Self) -> Self:
        """Difference of two numbers."""
        return type(self)(self.value - other.value, self.influence - other.influence)

    def __mul__(self, other: Self) -> Self:
        """Product of two numbers: d(ab) = b da + a db."""
        moved = other.value * self.influence + self.value * other.influence
        return type(self)(self.value * other.value, moved)

    def __truediv__(self, other: Self) -> Self:
        """Ratio of two numbers: d(a/b) = (da - (a/b) db)/b."""
        ratio = self.value / other.value
        return type(self)(ratio, (self.influence - ratio * other.influence) / other.value)


@dataclass(frozen=True)
class Part:
    """A part of a gap, or why there is none.

    Attributes
    ----------
    estimand, term
        Which part.
    value, std_error
        nan where there is none.
    reason
        Why there is none.
    """

    estimand: Estimand
    term: str
    value: float = np.nan
    std_error: float = np.nan
    reason: NotEstimableError | None = None


def yun_parts(
    cells: pd.DataFrame,
    adjusters: Sequence[str],
    *,
    small_sample: bool = True,
    clusters: NDArray[np.intp] | None = None,
) -> tuple[list[Part], tuple[str, ...]]:
    """Split a gap by Yun's method.

    The group's own logit is needed for the parts of the unexplained part only: where it does not
    exist, these say so, and all else stands. Parts by covariate also have a reason instead of a
    number where the differences that they share out cancel.

    Parameters
    ----------
    cells
        Cells of both sides with n > 0: `n`, `successes`, `member` and the adjusters.
    adjusters
        Covariates whose parts are asked for, at least one.
    small_sample
        Multiply the variance that comes of each side by n/(n - k) of its logit (HC1), where there
        are no clusters.
    clusters
        Number of each cell's cluster; persons are independent when not given.

    Returns
    -------
    tuple
        Parts: the gap, its explained and its unexplained part; the explained part by covariate; the
        unexplained one by covariate and for the intercept. Then the columns left out of both logits
        because others determine them.

    Raises
    ------
    NotEstimableError
        If there are no covariates, a side has only successes or failures, or the reference's logit
        can't be fitted, for instance because it lacks a level that the group has.
    """
    if not adjusters:
        raise NotEstimableError("no_covariates")
    split = _Split.of(cells, adjusters)
    errors = _Errors(split, clusters, small_sample)
    gap, explained, unexplained = split.whole()
    parts = [
        errors.part(Estimand.DIFFERENCE, "", gap, (split.rates[0], split.rates[1])),
        errors.part(Estimand.EXPLAINED, "", explained, (split.reference, split.rates[1])),
        errors.part(Estimand.UNEXPLAINED, "", unexplained, (split.reference, split.rates[1])),
        *_by_term(Estimand.EXPLAINED, adjusters, split.explained_by, errors),
        *_by_term(Estimand.UNEXPLAINED, [*adjusters, INTERCEPT], split.unexplained_by, errors),
    ]
    dropped = split.design.dropped
    return parts, dropped


@dataclass(frozen=True)
class _Side:
    """Cells of one side: their places among all, their design, and each one's share of persons."""

    rows: NDArray[np.intp]
    matrix: Array
    n: Array
    successes: Array

    @classmethod
    def of(cls, cells: pd.DataFrame, design: Design, member: bool) -> Self:
        rows = np.flatnonzero(cells[MEMBER].to_numpy(dtype=bool) == member)
        counts = cells[["n", "successes"]].to_numpy(dtype=float)[rows]
        return cls(rows, design.matrix[rows], counts[:, 0], counts[:, 1])

    @property
    def shares(self) -> Array:
        return np.asarray(self.n / self.n.sum())

    def fit(self, names: Sequence[str]) -> "_Logit":
        """Fit the side's own logit; a column that it does not tell from others is refused."""
        columns = dict(zip(names, self.matrix.T[1:], strict=False))
        frame = pd.DataFrame(columns, index=range(len(self.n)))
        frame = frame.assign(n=self.n, successes=self.successes)
        return _Logit(self, fit_logit(frame, list(names)))


@dataclass(frozen=True)
class _Logit:
    """The logit of one side."""

    side: _Side
    fit: Fit

    def mean(self, over: _Side, values: Array, gradient: Array, cells: int) -> Moving:
        """Mean over a side of what depends on its persons' covariates and on the coefficients.

        Parameters
        ----------
        over
            The side.
        values
            Of its cells.
        gradient
            Derivative of the mean by the coefficients.
        cells
            How many there are of both sides.
        """
        value = float(over.shares @ values)
        through = self.fit.design.matrix @ (self.fit.bread @ gradient)
        influence = np.zeros((2, cells))
        influence[:, over.rows] += (values - value) / over.n.sum()
        influence[0, self.side.rows] += through * (1 - self.fit.fitted)
        influence[1, self.side.rows] -= through * self.fit.fitted
        return Moving(value, influence)


@dataclass(frozen=True)
class _Split:
    """The two sides of a gap, the reference's logit, and both sides' rates as logits of their own.

    The group's rate needs no covariates: in a logit with an intercept the mean of the fitted
    probabilities is the rate.
    """

    design: Design
    cells: int
    sides: tuple[_Side, _Side]
    reference: _Logit
    rates: tuple[_Logit, _Logit]

    @classmethod
    def of(cls, cells: pd.DataFrame, adjusters: Sequence[str]) -> Self:
        design = design_matrix(cells, [], adjusters)
        reference, group = (_Side.of(cells, design, member) for member in (False, True))
        own = reference.fit(design.names[1:])
        rates = (reference.fit([]), group.fit([]))
        return cls(design, len(cells), (reference, group), own, rates)

    def whole(self) -> tuple[Moving, Moving, Moving]:
        """Compute the gap, its explained and its unexplained part."""
        reference, group = (self._rate(self.rates[i], self.sides[i]) for i in (0, 1))
        as_reference = self._rate(self.reference, self.sides[1])
        explained = as_reference - self._rate(self.reference, self.sides[0])
        return group - reference, explained, group - as_reference

    def explained_by(self) -> "Detailed":
        """Split the explained part by the covariates' differences in the mean of the index."""
        parts = {
            name: self._index(self.reference, 1, weights) - self._index(self.reference, 0, weights)
            for name, weights in self._terms().items()
            if name != INTERCEPT
        }
        return self.whole()[1], parts, (self.reference, self.rates[1])

    def unexplained_by(self) -> "Detailed":
        """Split the unexplained part by the differences of the coefficients."""
        group = self.sides[1].fit(self.design.names[1:])
        if group.fit.persons <= len(group.fit.coefficients):
            raise NotEstimableError("no_freedom")
        parts = {
            name: self._index(group, 1, weights) - self._index(self.reference, 1, weights)
            for name, weights in self._terms().items()
        }
        return self.whole()[2], parts, (self.reference, group)

    def _rate(self, logit: _Logit, over: _Side) -> Moving:
        """Mean over a side of the probabilities by a logit."""
        matrix = over.matrix[:, : len(logit.fit.coefficients)]
        rates = expit(matrix @ logit.fit.coefficients)
        gradient = (over.shares * rates * (1 - rates)) @ matrix
        return logit.mean(over, rates, gradient, self.cells)

    def _index(self, logit: _Logit, place: int, term: tuple[Array, Array]) -> Moving:
        """Mean over a side of a term of a logit's index."""
        over, (own, shift) = self.sides[place], term
        columns = over.matrix * own + shift
        values = columns @ logit.fit.coefficients
        return logit.mean(over, values, over.shares @ columns, self.cells)

    def _terms(self) -> dict[str, tuple[Array, Array]]:
        """Which columns make a term of the index, and what is added to each.

        The mean coefficient of a covariate's levels, the one left out being 0, is taken from each
        of them and added to the intercept (Yun 2005).
        """
        columns = len(self.design.names)
        terms: dict[str, tuple[Array, Array]] = {}
        constant = np.zeros(columns)
        for name, places in self.design.factors.items():
            own, shift = np.zeros(columns), np.zeros(columns)
            own[list(places)] = 1.0
            if name not in self.design.names:  # levels, not a number that enters as it is
                shift[list(places)] = -1 / (len(places) + 1)
            terms[name] = (own, shift)
            constant -= shift
        intercept = np.zeros(columns)
        intercept[0] = 1.0
        return terms | {INTERCEPT: (intercept, constant)}


Detailed = tuple[Moving, dict[str, Moving], tuple[_Logit, _Logit]]
"""A part of the gap, its index by term, and the logits of both sides that these rest on."""


@dataclass(frozen=True)
class _Errors:
    """How the parts vary: see `yun_parts`."""

    split: _Split
    clusters: NDArray[np.intp] | None
    small_sample: bool

    def part(
        self, estimand: Estimand, term: str, part: Moving, logits: tuple[_Logit, _Logit]
    ) -> Part:
        """Give a part with its standard error."""
        variances = [self._variance(side, part, logit.fit) for side, logit in
                     zip(self.split.sides, logits, strict=True)]  # fmt: skip
        variance = sum(variances) if self.clusters is None else self._clustered(part)
        return Part(estimand, term, part.value, float(np.sqrt(variance)))

    def _variance(self, side: _Side, part: Moving, fit: Fit) -> float:
        success, failure = part.influence[:, side.rows] ** 2
        squares = float(side.successes @ success + (side.n - side.successes) @ failure)
        columns = len(fit.coefficients) if self.small_sample else 0
        return squares * fit.persons / (fit.persons - columns)

    def _clustered(self, part: Moving) -> float:
        assert self.clusters is not None
        totals = np.zeros(self.split.cells)
        for side in self.split.sides:
            success, failure = part.influence[:, side.rows]
            totals[side.rows] = side.successes * success + (side.n - side.successes) * failure
        groups = int(self.clusters.max()) + 1
        sums = np.bincount(self.clusters, totals)
        return float(groups / max(groups - 1, 1) * (sums @ sums))


def _by_term(
    estimand: Estimand, terms: Sequence[str], split: Callable[[], Detailed], errors: _Errors
) -> Iterator[Part]:
    """Give each term its share of a part of the gap, or the reason why there is none."""
    try:
        whole, parts, logits = split()
        total = Moving(0.0, np.zeros_like(whole.influence))
        for part in parts.values():
            total = total + part
        if abs(total.value) < SMALLEST_INDEX or not 0 < whole.value / total.value <= STEEPEST:
            raise NotEstimableError("no_index_difference")
        for term in terms:
            yield errors.part(estimand, term, whole * parts[term] / total, logits)
    except NotEstimableError as error:
        yield from (Part(estimand, term, reason=error) for term in terms)
