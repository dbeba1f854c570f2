"""What each person adds to the errors of estimates that are combined.

A gap's parts are products of means and coefficients which the same persons, or the same clusters,
make vary. So each estimate carries the root R of its covariance, a row a cell or a cluster: its
covariance with another one is R'S, whatever both were estimated from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.estimate.covariance import cluster_codes
from analysis.estimate.fits import Array, NotEstimableError
from analysis.estimate.groups import MEMBER
from analysis.vocabulary import Estimand

Errors = Literal["hc0", "hc1", "cluster"]

ROUNDING = 1e-8


@dataclass(frozen=True)
class Sample:
    """The persons of a comparison, as cells with at least one person each.

    Attributes
    ----------
    matrix
        Cells by columns: one for each level of a categorical covariate, none left out, and one
        for a numeric covariate.
    names, terms
        Of each column: its name, `covariate[level]` for a level, and the covariate's name.
    members
        Whether the persons of each cell belong to the group.
    n, mean, within
        Persons of each cell, their mean outcome and the sum of their squared deviations from it.
        For a binary outcome: n, s/n and s(n - s)/n.
    patterns
        Number of each cell's pattern of covariates, from 0 on.
    errors
        `hc0`; `hc1`, times N/(N - k); `cluster`, times G/(G - 1) (N - 1)/(N - k).
    clusters
        Number of each cell's cluster from 0 on, where errors are clustered.
    """

    matrix: Array
    names: tuple[str, ...]
    terms: tuple[str, ...]
    members: NDArray[np.bool_]
    n: Array
    mean: Array
    within: Array
    patterns: NDArray[np.intp]
    errors: Errors = "hc1"
    clusters: NDArray[np.intp] | None = None

    @classmethod
    def of(
        cls,
        cells: pd.DataFrame,
        covariates: Sequence[str],
        errors: Errors = "hc1",
        cluster: str | None = None,
    ) -> Self:
        """Take a sample from cells with `member`, `n`, `successes` and the covariates.

        Raises
        ------
        NotEstimableError
            If there are no persons, or only successes or only failures.
        """
        used = cells[cells["n"] > 0]
        if not len(used):
            raise NotEstimableError("no_persons")
        n, successes = (used[name].to_numpy(dtype=float) for name in ("n", "successes"))
        if successes.sum() in (0, n.sum()):
            raise NotEstimableError("one_sided")
        coded = [column for name in covariates for column in _coded(used[name])]
        names, terms, columns = zip(*coded, strict=True) if coded else ((), (), ())
        keys = list(covariates)
        numbers = used.groupby(keys, observed=True, dropna=False).ngroup() if keys else 0 * used.n
        return cls(
            np.array(columns, dtype=float).T.reshape(len(used), len(names)),
            names,
            terms,
            used[MEMBER].to_numpy(dtype=bool),
            n,
            successes / n,
            successes * (n - successes) / n,
            np.asarray(numbers, dtype=np.intp),
            errors,
            cluster_codes(used[cluster]) if cluster else None,
        )

    @property
    def persons(self) -> float:
        """Number of persons."""
        return float(self.n.sum())

    def has_fixed_rate(self, flag: NDArray[np.bool_]) -> bool:
        """Whether all of a side, flagged or not, succeed or fail: its rate looks certain then."""
        rates = (self.n[side] @ self.mean[side] / self.n[side].sum() for side in (flag, ~flag))
        return any(rate in (0.0, 1.0) for rate in rates)

    @property
    def groups(self) -> int | None:
        """Number of clusters, where errors are clustered."""
        return None if self.clusters is None else int(self.clusters.max()) + 1

    @cached_property
    def _sums(self) -> csr_array:
        """Clusters by cells: takes sums over clusters."""
        cells = len(self.n)
        return csr_array((self.n, (self.clusters, np.arange(cells))))

    def columns(self, term: str) -> list[int]:
        """Positions of a covariate's columns."""
        return [i for i, own in enumerate(self.terms) if own == term]

    def root(self, steady: Array, slope: Array, persons: float, coefficients: int) -> Array:
        """Root of the covariance of estimates from the influence of each person on them.

        Parameters
        ----------
        steady, slope
            Cells by estimates. A person with outcome y in a cell with mean m has the influence
            steady + slope (y - m).
        persons, coefficients
            N and k of the factor for small samples.

        Returns
        -------
        numpy.ndarray
            Rows by estimates.

        Raises
        ------
        NotEstimableError
            If there are no more persons than coefficients.
        """
        if persons <= coefficients:
            raise NotEstimableError("no_freedom")
        if self.clusters is None:
            factor = persons / (persons - coefficients) if self.errors == "hc1" else 1.0
            rows = [np.sqrt(self.n)[:, None] * steady, np.sqrt(self.within)[:, None] * slope]
            stacked: Array = np.sqrt(factor) * np.concatenate(rows)
            return stacked
        groups = self.groups or 0
        factor = groups / max(groups - 1, 1) * (persons - 1) / (persons - coefficients)
        summed: Array = np.sqrt(factor) * (self._sums @ steady)
        return summed

    def freedom(self, persons: float, coefficients: int) -> float:
        """Degrees of freedom: G - 1 of clusters, N - k of persons."""
        return persons - coefficients if self.groups is None else self.groups - 1


def _coded(values: pd.Series) -> list[tuple[str, str, Array]]:
    """Name, covariate and values of each column of a covariate."""
    name = str(values.name)
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return [(name, name, values.to_numpy(dtype=float))]
    categorical = values.astype("category")
    codes = categorical.cat.codes.to_numpy()
    if codes.min() < 0:
        raise ValueError(f"{name} has missing values; make them a level of their own")
    levels = categorical.cat.categories
    return [
        (f"{name}[{levels[code]}]", name, (codes == code).astype(float))
        for code in np.unique(codes)
    ]


@dataclass(frozen=True)
class Footing:
    """What an estimate rests on.

    Attributes
    ----------
    freedom
        Degrees of freedom of its error: those of what rests on fewest persons or clusters.
    undetermined
        Levels and covariates whose coefficients the persons leave open.
    persons_each
        Persons per coefficient, of the regression with the fewest.
    """

    freedom: float = np.inf
    undetermined: tuple[str, ...] = ()
    persons_each: float = np.inf

    def __or__(self, other: Self) -> Self:
        names = dict.fromkeys(self.undetermined + other.undetermined)
        return type(self)(
            min(self.freedom, other.freedom),
            tuple(names),
            min(self.persons_each, other.persons_each),
        )


@dataclass(frozen=True)
class Vector:
    """Estimates that may vary together.

    Attributes
    ----------
    values
        Shape (p,).
    root
        Rows by p; the covariance is root'root.
    footing
        What they rest on.
    """

    values: Array
    root: Array
    footing: Footing

    def __add__(self, other: Self) -> Self:
        footing = self.footing | other.footing
        return type(self)(self.values + other.values, self.root + other.root, footing)

    def __sub__(self, other: Self) -> Self:
        return self + -1.0 * other

    def __rmul__(self, factor: float) -> Self:
        return type(self)(factor * self.values, factor * self.root, self.footing)

    def take(self, columns: Sequence[int]) -> Self:
        """Some of the estimates."""
        return type(self)(self.values[columns], self.root[:, columns], self.footing)

    def beside(self, other: Self) -> Self:
        """These estimates and others behind them."""
        return type(self)(
            np.concatenate([self.values, other.values]),
            np.concatenate([self.root, other.root], axis=1),
            self.footing | other.footing,
        )

    def single(self, place: int) -> "Part":
        """One of the estimates."""
        return Part(float(self.values[place]), self.root[:, place], self.footing)


@dataclass(frozen=True)
class Part:
    """A part of a gap.

    Attributes
    ----------
    value
        As a fraction, or in the outcome's unit.
    root
        Root of its variance to first order, shape (rows,).
    footing
        What it rests on.
    more
        Variance beyond the first order.
    """

    value: float
    root: Array
    footing: Footing
    more: float = 0.0

    @property
    def std_error(self) -> float:
        """Standard error."""
        return float(np.sqrt(self.root @ self.root + self.more))

    def __add__(self, other: Self) -> Self:
        footing, more = self.footing | other.footing, self.more + other.more
        return type(self)(self.value + other.value, self.root + other.root, footing, more)

    def __sub__(self, other: Self) -> Self:
        return self + -other

    def __neg__(self) -> Self:
        return type(self)(-self.value, -self.root, self.footing, self.more)


def product(left: Vector, right: Vector) -> Part:
    """Inner product of two vectors of estimates.

    With u, v normal, of covariances U, V and cross-covariance C, the variance of u'v is exactly
    v'Uv + u'Vu + 2 v'Cu + tr(UV) + tr(CC). Jann (2008) has C = 0, as it is if the linear model is
    true; a sandwich need not assume it.
    """
    cross = left.root.T @ right.root
    traces = np.sum((left.root.T @ left.root) * (right.root.T @ right.root))
    return Part(
        float(left.values @ right.values),
        left.root @ right.values + right.root @ left.values,
        left.footing | right.footing,
        float(traces + np.sum(cross * cross.T)),
    )


Parts = dict[tuple[Estimand, str], Part]
"""Parts by estimand and term; a whole one has the term ""."""


@dataclass(frozen=True)
class Decomposition:
    """A gap and its parts.

    Attributes
    ----------
    gap, parts
        Whole parts add up to the gap, detailed ones of an estimand to its whole one.
    remarks
        For the notes of all parts.
    missing
        Why detailed parts are missing, if any are.
    """

    gap: Part
    parts: Parts
    remarks: Mapping[str, object] = field(default_factory=dict)
    missing: NotEstimableError | None = None

    def __post_init__(self) -> None:
        """Hold that the parts add up."""
        scale = ROUNDING * max(1.0, *(abs(part.value) for part in self.parts.values()))
        whole = sum(part.value for (_, term), part in self.parts.items() if not term)
        assert abs(whole - self.gap.value) < scale, f"{whole} is not the gap {self.gap.value}"
        for estimand in {own for own, term in self.parts if term}:
            detailed = [
                part.value for (own, term), part in self.parts.items() if own == estimand and term
            ]
            whole = self.parts[estimand, ""].value
            assert abs(sum(detailed) - whole) < scale, f"{estimand}: {detailed} is not {whole}"
