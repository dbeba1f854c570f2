"""How sure a logit with random intercepts is of what it says of each stratum.

The estimated σ is uncertain, often so much that 0 is among its likely values, and so are the
coefficients. An interval that takes both as known is too short (Morris 1983), so both are
integrated out, without simulation: σ on a grid, by the likelihood with β integrated out (Cox and
Reid 1987) and a uniform prior (Gelman 2006); β at each σ by its normal approximation (Tierney and
Kadane 1986); the random intercept at each of both by its exact density. It is the nested scheme of
Rue, Martino and Chopin (2009), for one variance.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import expit

from analysis.estimate.fits import Array
from analysis.estimate.proportions import Estimate
from analysis.estimate.small.maihda import (
    SIGMAS,
    Profile,
    RandomIntercept,
    log_binomial,
    modes,
    profile,
)
from analysis.vocabulary import SEED

NEGLIGIBLE = 10.0
"""Values of σ whose log-likelihood is as much below the largest are left out."""
SIGMA_POINTS = 31
INDEX_POINTS = np.linspace(-4.5, 4.5, 21)
INTERCEPT_POINTS = np.linspace(-8.0, 8.0, 41)
COEFFICIENT_DRAWS = 200


@dataclass(frozen=True)
class Uncertainty:
    """What the data leave open about the parameters and the strata.

    Attributes
    ----------
    model
        The fitted model, which the estimates are of.
    basis
        The same of as many persons as the data are worth; the intervals are of it.
    profile
        The basis's profile on a grid of σ.
    weights
        Probability of each σ.
    """

    model: RandomIntercept
    basis: RandomIntercept
    profile: Profile
    weights: Array

    @cached_property
    def _index(self) -> tuple[Array, Array]:
        """Mean and standard deviation of each stratum's x'β at each σ, shape (m, strata)."""
        x = self.basis.logit.design.matrix
        variance = np.einsum("jp,mpq,jq->mj", x, self.profile.bread, x)
        return self.profile.coefficients @ x.T, np.sqrt(variance)

    def strata(self, confidence: float) -> Iterator[tuple[Estimate, Estimate]]:
        """Shrunk rate of each stratum, and what of it the main effects leave over.

        The second is the rate minus the one at a random intercept of 0 (Evans and others 2018).
        Estimates are at the estimated parameters; errors and intervals are of the posterior.
        """
        rates, beyond = self.model.shrunk_rates(), self.model.beyond_main_effects()
        for number, (rate, effect) in enumerate(zip(rates, beyond, strict=True)):
            value, main, weights = self._points(number)
            yield (
                _estimate(float(rate), value, weights, confidence),
                _estimate(float(effect), value - main, weights, confidence),
            )

    def _points(self, stratum: int) -> tuple[Array, Array, Array]:
        """Rate, rate by the main effects, and probability of each point of one stratum's grid."""
        n, k = self.basis.logit.n[stratum], self.basis.logit.successes[stratum]
        mean, deviation = (part[:, stratum, None] for part in self._index)
        index = mean + deviation * INDEX_POINTS
        sigma = np.broadcast_to(self.profile.sigma[:, None], index.shape)
        mode, scale = modes(index, sigma, n, k)
        z = mode[..., None] + scale[..., None] * INTERCEPT_POINTS
        linear = index[..., None] + sigma[..., None] * z
        density = log_binomial(linear, n, k) - z**2 / 2
        density = np.exp(density - density.max(axis=-1, keepdims=True))
        density /= density.sum(axis=-1, keepdims=True)
        normal = np.exp(-(INDEX_POINTS**2) / 2)
        weights = self.weights[:, None, None] * (normal / normal.sum())[:, None] * density
        main = np.broadcast_to(expit(index)[..., None], z.shape)
        return expit(linear).ravel(), main.ravel(), weights.ravel()

    def additive_share(self, estimate: float, confidence: float) -> Estimate:
        """Interval of the share of the variance between strata that is the sum of main effects.

        At given parameters it is s²/(s² + σ²), s² being the variance of x'β over the strata.

        Parameters
        ----------
        estimate
            The share estimated by comparing two models.
        confidence
            Coverage.
        """
        at = self.profile
        random = np.random.Generator(np.random.Philox(SEED))
        normal = random.standard_normal((COEFFICIENT_DRAWS, at.coefficients.shape[1]))
        # Their mean is 0 and so is that of the draws, whatever the number of draws.
        normal = np.concatenate([normal, -normal])
        root = np.linalg.cholesky(at.bread)
        x = self.basis.logit.design.matrix
        found = (at.coefficients @ x.T).var(axis=-1, keepdims=True)
        drawn = at.coefficients[:, None] + np.einsum("mpq,dq->mdp", root, normal)
        # Errors of coefficients add to the variance of x'β, in the estimate as in the draws. So the
        # draws are reflected at the estimate, as in the basic bootstrap (Davison and Hinkley 1997).
        explained = np.maximum(2 * found - (drawn @ x.T).var(axis=-1), 0.0)
        total = explained + at.sigma[:, None] ** 2
        share = np.divide(explained, total, out=np.ones_like(total), where=total > 0)
        weights = np.broadcast_to(self.weights[:, None] / len(normal), share.shape)
        return _estimate(estimate, share.ravel(), weights.ravel(), confidence)


def uncertainty(
    model: RandomIntercept, basis: RandomIntercept, clustered: Array | None = None
) -> Uncertainty:
    """Find the values of σ that the data leave open, and how probable each is.

    Parameters
    ----------
    model, basis
        See `Uncertainty`.
    clustered
        Covariance of the logit's coefficients by clusters, where there are any. What strata of a
        cluster have in common makes them less sure than strata independent of each other would.
        The positive part of the difference at σ = 0 is added to the covariance at each σ.
    """
    low, high = basis.limits(NEGLIGIBLE)
    sigma = np.linspace(low, min(high, SIGMAS[-1]), SIGMA_POINTS)
    at = profile(basis.logit, sigma, basis.at.coefficients[0])
    weights = np.exp(at.adjusted - at.adjusted.max())
    weights[[0, -1]] /= 2
    if clustered is not None:
        values, vectors = np.linalg.eigh(clustered - basis.logit.bread)
        at = replace(at, bread=at.bread + vectors * np.maximum(values, 0.0) @ vectors.T)
    return Uncertainty(model, basis, at, weights / weights.sum())


def _estimate(value: float, points: Array, weights: Array, confidence: float) -> Estimate:
    """Estimate with the standard deviation and the quantiles of a distribution on points."""
    tail = (1 - confidence) / 2
    low, high = weighted_quantiles(points, weights, np.array([tail, 1 - tail]))
    mean = weights @ points
    error = float(np.sqrt(weights @ (points - mean) ** 2))
    # The estimate is at the likeliest σ, the interval of all: it may miss the estimate.
    return Estimate(value, error, min(float(low), value), max(float(high), value))


def weighted_quantiles(points: Array, weights: Array, levels: Array) -> Array:
    """Quantiles of a distribution on points, interpolated between their middles.

    Parameters
    ----------
    points, weights
        Values and their probabilities, shape (m,).
    levels
        Between 0 and 1.
    """
    order = np.argsort(points, kind="stable")
    cumulated = np.cumsum(weights[order])
    quantiles: Array = np.interp(levels, cumulated - weights[order] / 2, points[order])
    return quantiles
