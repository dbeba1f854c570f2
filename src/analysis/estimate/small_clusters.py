"""The linear model with few clusters: CR2 covariance and Satterthwaite degrees of freedom.

Bell and McCaffrey (2002); Pustejovsky and Tipton (2018), with independent errors of one variance
as working model. The adjustment (I - H_gg)^(-1/2) is a matrix over the persons of a cluster. It
is never formed: X_g'(I - H_gg)^(-1/2) needs only the k by k matrices X_g'X_g and (X'X)⁻¹, which
cells give.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.estimate.covariance import cluster_scores
from analysis.estimate.fits import Array, Fit

UNIT_TOLERANCE = 1e-8


@dataclass(frozen=True)
class SmallClusterCovariance:
    """CR2 covariance and what the degrees of freedom of a contrast need.

    Attributes
    ----------
    covariance
        k by k.
    adjusted
        For each cluster, the k by k matrix that takes a vector v to X_g'(I - H_gg)^(-1/2) X_g v.
    squared
        The same with (I - H_gg)^(-1).
    bread
        (X'X)⁻¹ over persons.
    """

    covariance: Array
    adjusted: Array
    squared: Array
    bread: Array

    def degrees_of_freedom(self, contrast: Array) -> float:
        """Satterthwaite degrees of freedom of contrast'β: (tr G)² / tr G².

        G is clusters by clusters, the inner products of (I - H)_g'(I - H_gg)^(-1/2) X_g
        (X'X)⁻¹ contrast (Bell and McCaffrey 2002; Pustejovsky and Tipton 2018).
        """
        direction = self.bread @ contrast
        through = self.adjusted @ direction
        own = np.einsum("i,gij,j->g", direction, self.squared, direction)
        gram = np.diag(own) - through @ self.bread @ through.T
        return float(np.trace(gram) ** 2 / np.sum(gram**2))


def cr2_covariance(fit: Fit, clusters: NDArray[np.intp]) -> SmallClusterCovariance:
    """Bias-reduced cluster covariance of a linear fit.

    Parameters
    ----------
    fit
        A linear fit on cells that no cluster shares.
    clusters
        Number of each cell's cluster, for the cells that the fit used.
    """
    root = np.linalg.cholesky(fit.bread)
    scores = cluster_scores(fit, clusters)
    crosses = _cluster_crosses(fit, clusters)
    halves = np.empty_like(crosses)
    adjusted, squared = np.empty_like(crosses), np.empty_like(crosses)
    for g, cross in enumerate(crosses):
        # X_g (X'X)⁻¹ X_g' = A A' with A = X_g L; A'A has the same eigenvalues other than zero.
        values, vectors = np.linalg.eigh(root.T @ cross @ root)
        basis = root @ vectors
        half, inverse = _excess(values)
        halves[g] = cross @ (basis * half) @ basis.T
        adjusted[g] = cross + halves[g] @ cross
        squared[g] = cross + cross @ (basis * inverse) @ basis.T @ cross
    summed = scores + np.einsum("gij,gj->gi", halves, scores)
    covariance = fit.bread @ (summed.T @ summed) @ fit.bread
    return SmallClusterCovariance(covariance, adjusted, squared, fit.bread)


def _cluster_crosses(fit: Fit, clusters: NDArray[np.intp]) -> Array:
    """X_g'X_g over the persons of each cluster: clusters by k by k."""
    matrix = fit.design.matrix
    crosses = np.empty((clusters.max() + 1, matrix.shape[1], matrix.shape[1]))
    for g in range(len(crosses)):
        own = matrix[clusters == g]
        crosses[g] = own.T @ (fit.n[clusters == g, None] * own)
    return crosses


def _excess(values: Array) -> tuple[Array, Array]:
    """Weights c with f(AA') = I + A U diag(c) U'A', for f = (I - ·)^(-1/2) and (I - ·)^(-1).

    c is (f(λ) - 1)/λ. At λ = 1, where the cluster alone determines a direction, the inverse is
    the generalised one, f = 0; at λ = 0 the limits are 1/2 and 1.
    """
    values = np.clip(values, 0.0, 1.0)
    whole = values > 1 - UNIT_TOLERANCE
    rest = np.where(whole, 1.0, 1 - values)
    half = np.where(whole, 0.0, rest**-0.5) - 1
    inverse = np.where(whole, 0.0, rest**-1.0) - 1
    tiny = values < UNIT_TOLERANCE
    safe = np.where(tiny, 1.0, values)
    return np.where(tiny, 0.5, half / safe), np.where(tiny, 1.0, inverse / safe)
