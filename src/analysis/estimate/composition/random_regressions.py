"""Least squares with covariates that are a random draw, like the outcome.

Every level of a covariate has a coefficient, none is left out. Of all solutions of least squares
the shortest is taken: its coefficients add up to zero over the levels of a covariate (the deviation
contrast of Gardeazabal and Ugidos 2004, and Yun 2005), and where the persons leave a coefficient
open, for nobody is at the level or other covariates determine it, it lies at its covariate's mean.
So no result depends on which level would be left out, or on the order of the covariates.
"""

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.estimate.composition.influences import Footing, Sample, Vector
from analysis.estimate.fits import Array

RANK_TOLERANCE = 1e-10
DETERMINED = 1e-9
INVOLVED = 1e-6


class Regression:
    """Regressions of the outcome on a base, and on the base and all covariates.

    Parameters
    ----------
    sample
        The persons.
    base
        Cells by columns, which are independent; the first is the intercept.
    inside
        Cells of the persons to take; all when not given.

    Attributes
    ----------
    persons
        Their number.
    rank
        Number of independent coefficients of covariates.

    Notes
    -----
    Estimates raise `NotEstimableError` if there are no more persons than coefficients. By the
    theorem of Frisch, Waugh and Lovell the coefficients of the covariates are those of what the
    base leaves of them.
    """

    def __init__(
        self, sample: Sample, base: Array, inside: NDArray[np.bool_] | None = None
    ) -> None:
        kept = np.ones(len(sample.n), dtype=bool) if inside is None else inside
        self._sample = sample
        self._n = n = np.where(kept, sample.n, 0.0)
        base = np.where(kept[:, None], base, 0.0)
        self.persons = float(n.sum())
        self._width = base.shape[1]
        # Rows of `_project` take values of cells to coefficients of the base, once weighted by n.
        self._project = np.linalg.inv(base.T @ (n[:, None] * base)) @ base.T
        self._alone = self._project @ (n * sample.mean)
        self._through = self._project @ (n[:, None] * sample.matrix)
        self._apart = np.where(kept[:, None], sample.matrix - base @ self._through, 0.0)
        self._residual = np.where(kept, sample.mean - base @ self._alone, 0.0)
        cross = self._apart.T @ (n[:, None] * self._apart)
        self._inverse, self.rank, self._empty = _shortest(cross)
        self._slopes = self._inverse @ (self._apart.T @ (n * self._residual))

    @cached_property
    def base(self) -> Vector:
        """Coefficients of the base alone; its mean, for an intercept."""
        influence = self._project.T
        return self._vector(self._alone, influence * self._residual[:, None], influence, 0)

    def covariates(self, place: int = 0) -> Vector:
        """Coefficients of a column of the base, of each covariate regressed on it.

        Those of an intercept are means; of a group beside it, differences of means.
        """
        influence = self._project.T[:, [place]] * self._apart
        return self._vector(self._through[place], influence, np.zeros_like(influence), 0)

    @cached_property
    def slopes(self) -> Vector:
        """Coefficients of the covariates."""
        influence = self._apart @ self._inverse
        return self._vector(self._slopes, influence * self._error, influence, self.rank)

    @cached_property
    def intercept(self) -> Vector:
        """Coefficient of the intercept beside all covariates."""
        away = self._apart @ (self._inverse @ self._through[:1].T)
        influence = self._project.T[:, :1] - away
        value = self._alone[:1] - self._through[:1] @ self._slopes
        return self._vector(value, influence * self._error, influence, self.rank)

    @property
    def _error(self) -> Array:
        """Mean residual of each cell from the regression on everything."""
        error: Array = self._residual - self._apart @ self._slopes
        return error[:, None]

    def _vector(self, values: Array, steady: Array, slope: Array, rank: int) -> Vector:
        size = (self.persons, self._width + rank)
        footing = Footing(
            self._sample.freedom(*size),
            tuple(self._undetermined()) if rank else (),
            self.persons / size[1] if rank else np.inf,
        )
        return Vector(values, self._sample.root(steady, slope, *size), footing)

    def _undetermined(self) -> Iterator[str]:
        """Levels that nobody is at, and covariates that others determine in part."""
        sample, counts = self._sample, self._n @ self._sample.matrix
        for term in dict.fromkeys(sample.terms):
            columns = sample.columns(term)
            levels = sample.names[columns[0]] != term
            there = [i for i in columns if counts[i] or not levels]
            yield from (sample.names[i] for i in columns if i not in there)
            # That levels add up to one leaves their common height open, which is no lack.
            height = 1 / len(there) if levels else 0.0
            if (self._empty[there] > height + INVOLVED).any():
                yield term


def _shortest(cross: Array) -> tuple[Array, int, Array]:
    """Moore-Penrose inverse and rank of a cross-product, and how much of each column is open."""
    values, vectors = np.linalg.eigh(cross)
    there = values > RANK_TOLERANCE * max(values.max(initial=0.0), 1.0)
    basis = vectors[:, there]
    inverse = (basis / values[there]) @ basis.T
    return inverse, int(there.sum()), (vectors[:, ~there] ** 2).sum(axis=1)


def determined(sample: Sample, base: Array, place: int) -> bool:
    """Whether the covariates and the rest of the base determine a column of the base."""
    column, n = base[:, place], sample.n
    known = np.column_stack([np.delete(base, place, axis=1), sample.matrix])
    inverse = _shortest(known.T @ (n[:, None] * known))[0]
    away = column - known @ (inverse @ (known.T @ (n * column)))
    return bool(n @ away**2 < DETERMINED * (n @ column**2))
