"""Covariances of regression coefficients, from cells, equal to those over persons' rows.

A cell with n persons of whom s succeeded stands for s rows with residual 1 - p and n - s rows
with residual -p. Both models have the score x (y - p), so one set of formulas serves both.
"""

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.estimate.fits import Array, Fit, NotEstimableError

Robust = Literal["model", "hc0", "hc1", "hc2", "hc3"]


def cluster_codes(clusters: pd.Series) -> NDArray[np.intp]:
    """Number the clusters of cells from 0 in order of their names."""
    return np.unique(clusters.astype(str).to_numpy(), return_inverse=True)[1].ravel()


def covariance(fit: Fit, kind: Robust = "hc1") -> Array:
    """Covariance of the coefficients under independence of persons.

    Parameters
    ----------
    fit
        A fit on cells.
    kind
        `model`: the inverse information (logit) or s²(X'X)⁻¹ (linear). `hc0`: the sandwich
        (White 1980; Huber 1967). `hc1`: times N/(N - k). `hc2`, `hc3`: squared residuals over
        1 - h and (1 - h)², h the leverage of one row, not of the cell (MacKinnon and White
        1985); for the linear model only.

    Returns
    -------
    numpy.ndarray
        k by k.

    Raises
    ------
    NotEstimableError
        If HC2 or HC3 is asked for and a row has leverage 1.
    """
    if kind == "model":
        return fit.bread * (_residual_variance(fit) if fit.link == "linear" else 1.0)
    squares = fit.successes * (1 - fit.fitted) ** 2 + (fit.n - fit.successes) * fit.fitted**2
    squares = squares * _leverage_factor(fit, kind)
    matrix = fit.design.matrix
    meat = matrix.T @ (squares[:, None] * matrix)
    factor = fit.persons / (fit.persons - matrix.shape[1]) if kind == "hc1" else 1.0
    return factor * fit.bread @ meat @ fit.bread


def _residual_variance(fit: Fit) -> float:
    squares = fit.successes * (1 - fit.fitted) ** 2 + (fit.n - fit.successes) * fit.fitted**2
    return float(squares.sum() / (fit.persons - fit.design.matrix.shape[1]))


def _leverage_factor(fit: Fit, kind: Robust) -> Array | float:
    if kind not in ("hc2", "hc3"):
        return 1.0
    if fit.link == "logit":
        raise ValueError("HC2 and HC3 are defined here for the linear model only")
    matrix = fit.design.matrix
    leverage = ((matrix @ fit.bread) * matrix).sum(axis=1)
    if leverage.max() > 1 - 1e-9:
        raise NotEstimableError("leverage_one", kind)
    factor: Array = (1 - leverage) ** (-1 if kind == "hc2" else -2)
    return factor


def cluster_covariance(fit: Fit, clusters: NDArray[np.intp]) -> Array:
    """Covariance under independence of clusters only (Liang and Zeger 1986).

    Parameters
    ----------
    fit
        A fit on cells that no cluster shares.
    clusters
        Number of each cell's cluster, for the cells that the fit used.

    Returns
    -------
    numpy.ndarray
        k by k, with the factor G/(G - 1), times (N - 1)/(N - k) for the linear model (Stata's
        `regress` and `logit`).
    """
    meat = _cluster_meat(fit, clusters)
    return _cluster_factor(fit, clusters) * fit.bread @ meat @ fit.bread


def two_way_covariance(fit: Fit, first: NDArray[np.intp], second: NDArray[np.intp]) -> Array:
    """Covariance when persons may share either of two clusterings.

    Cameron, Gelbach and Miller (2011): one-way by the first, plus by the second,
    minus by their intersection, each with its own factor. The result need not be positive
    definite; negative eigenvalues are set to zero, as these authors advise.
    """
    both = first * (second.max() + 1) + second
    both = np.unique(both, return_inverse=True)[1].ravel()
    total = (
        cluster_covariance(fit, first)
        + cluster_covariance(fit, second)
        - cluster_covariance(fit, both)
    )
    values, vectors = np.linalg.eigh(total)
    if values.min() >= 0:
        return total
    clipped: Array = (vectors * np.clip(values, 0, None)) @ vectors.T
    return clipped


def _cluster_meat(fit: Fit, clusters: NDArray[np.intp]) -> Array:
    sums = cluster_scores(fit, clusters)
    return sums.T @ sums


def cluster_scores(fit: Fit, clusters: NDArray[np.intp]) -> Array:
    """Sum of the scores x (y - p) over each cluster's persons: clusters by columns."""
    residual = fit.successes - fit.n * fit.fitted
    sums = np.zeros((clusters.max() + 1, fit.design.matrix.shape[1]))
    np.add.at(sums, clusters, residual[:, None] * fit.design.matrix)
    return sums


def _cluster_factor(fit: Fit, clusters: NDArray[np.intp]) -> float:
    groups = len(np.unique(clusters))
    factor = groups / (groups - 1)
    if fit.link == "linear":
        factor *= (fit.persons - 1) / (fit.persons - fit.design.matrix.shape[1])
    return factor
