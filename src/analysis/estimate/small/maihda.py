"""A logit with a random intercept of each stratum, by adaptive quadrature.

Of stratum j, with design x_j, k_j of n_j persons succeed:

    k_j ~ Binomial(n_j, expit(x_j'β + σ z_j)),   z_j ~ Normal(0, 1).

With f_j(z) the binomial probability of k_j at z, the likelihood is ∏_j ∫ f_j(z) φ(z) dz. Each
integral is a Gauss-Hermite sum centred at the integrand's mode and scaled by its curvature there
(Pinheiro and Bates 1995, section 2.4). Everything is symmetric in σ, which may be 0: it is the
ordinary logit then. Functions work on many values of σ at once; these make the first axis.

Multilevel analysis of individual heterogeneity and discriminatory accuracy (MAIHDA): Evans,
Williams, Onnela and Subramanian (2018); Merlo (2018).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit, gammaln, logsumexp
from scipy.stats import chi2

from analysis.estimate.fits import Array, Fit, NotEstimableError

NODES = 41
LOGISTIC_VARIANCE = np.pi**2 / 3
SIGMAS = np.array([0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.4, 2, 2.8, 4])
"""Where the maximum is looked for first. At 4, half of the strata would be beyond 6% and 94%."""
NEAR_ZERO = 1e-4
MODE_TOLERANCE = 1e-9
TOLERANCE = 1e-10
MAX_ITERATIONS = 60

_POINTS, _WEIGHTS = np.polynomial.hermite.hermgauss(NODES)
_LOG_WEIGHTS = np.log(_WEIGHTS) + _POINTS**2 + np.log(np.sqrt(2) / np.sqrt(2 * np.pi))


@dataclass(frozen=True)
class Posterior:
    """What is known of the z of strata, given their index x'β and σ.

    Attributes
    ----------
    mode, scale
        Mode of z, and the root of the inverse curvature there.
    nodes, weights
        Adaptive nodes, and the posterior probability that each stands for, on the last axis.
    log_likelihood
        Logarithm of the integral.
    rate
        Probability of success at the nodes.
    """

    mode: Array
    scale: Array
    nodes: Array
    weights: Array
    log_likelihood: Array
    rate: Array


def modes(index: Array, sigma: Array, n: Array, successes: Array) -> tuple[Array, Array]:
    """Mode and scale of each stratum's z: Newton's method, kept within a shrinking bracket.

    Parameters
    ----------
    index
        x'β, of any shape.
    sigma, n, successes
        Of shapes that broadcast to it.

    Returns
    -------
    tuple of numpy.ndarray
        The mode, and (1 + σ² n p (1 - p))^(-1/2) there.
    """
    own = (successes + 0.5) / (n + 1)
    weight = n * own * (1 - own)
    z = sigma * weight * (np.log(own / (1 - own)) - index) / (1 + sigma**2 * weight)
    low, high = sigma * (successes - n) + 0.0 * index, sigma * successes + 0.0 * index
    for _ in range(MAX_ITERATIONS):
        rate = expit(index + sigma * z)
        slope = sigma * (successes - n * rate) - z
        curvature = 1 + sigma**2 * n * rate * (1 - rate)
        step = slope / curvature
        if np.abs(step * np.sqrt(curvature)).max(initial=0.0) < MODE_TOLERANCE:
            break
        low, high = np.where(slope > 0, z, low), np.where(slope > 0, high, z)
        z = z + step
        z = np.where((z < low) | (z > high), (low + high) / 2, z)
    rate = expit(index + sigma * z)
    return z, 1 / np.sqrt(1 + sigma**2 * n * rate * (1 - rate))


def integrate(index: Array, sigma: Array, n: Array, successes: Array) -> Posterior:
    """Integrate the random intercept out; see `modes` for the parameters."""
    mode, scale = modes(index, sigma, n, successes)
    nodes = mode[..., None] + np.sqrt(2) * scale[..., None] * _POINTS
    linear = index[..., None] + sigma[..., None] * nodes
    log_density = log_binomial(linear, n[..., None], successes[..., None]) - nodes**2 / 2
    terms = log_density + _LOG_WEIGHTS
    total = logsumexp(terms, axis=-1)
    weights = np.exp(terms - total[..., None])
    return Posterior(mode, scale, nodes, weights, total + np.log(scale), expit(linear))


def log_binomial(index: Array, n: Array, successes: Array) -> Array:
    """Logarithm of the binomial probability at an index, its constant included."""
    constant = gammaln(n + 1) - gammaln(successes + 1) - gammaln(n - successes + 1)
    found: Array = constant + successes * index - n * np.logaddexp(0.0, index)
    return found


@dataclass(frozen=True)
class Profile:
    """Maximum over β of the likelihood at given σ.

    Attributes
    ----------
    sigma
        Standard deviations, shape (m,).
    coefficients
        Shape (m, p).
    log_likelihood
        Shape (m,).
    bread
        Inverse information of β at σ, shape (m, p, p).
    slope
        Derivative of the log-likelihood by σ, shape (m,).
    """

    sigma: Array
    coefficients: Array
    log_likelihood: Array
    bread: Array
    slope: Array

    @property
    def adjusted(self) -> Array:
        """Log-likelihood of σ with β integrated out, up to a constant (Cox and Reid 1987).

        To maximise over β instead takes too little account of the coefficients estimated: a
        variance between eight strata that four coefficients describe would come out half as large.
        """
        found: Array = self.log_likelihood + np.linalg.slogdet(self.bread)[1] / 2
        return found


def profile(logit: Fit, sigma: Array, start: Array | None = None) -> Profile:
    """Maximise the likelihood over β at each σ by Newton's method.

    At a given σ the likelihood is log-concave in β (Prékopa 1973), so halved steps always arrive.
    Derivatives are posterior means: with r = k - np, of the index E[r] and Var[r] - E[n p (1 - p)],
    of σ E[r z] (Fisher's identity; Louis 1982).

    Parameters
    ----------
    logit
        The logit without random intercept: design and counts of the strata, one a cell.
    sigma
        Standard deviations, shape (m,).
    start
        Coefficients to start from, shape (m, p) or (p,); the logit's when not given.

    Raises
    ------
    NotEstimableError
        If Newton's method does not arrive.
    """
    first = logit.coefficients if start is None else start
    beta = np.broadcast_to(first, (len(sigma), len(logit.coefficients))).copy()
    found = _at(logit, beta, sigma)
    for _ in range(MAX_ITERATIONS):
        before = found.log_likelihood.sum(axis=-1)
        gradient, bread, _ = _derivatives(logit, found)
        beta, found = _climb(logit, beta, np.einsum("mpq,mq->mp", bread, gradient), sigma, before)
        if (found.log_likelihood.sum(axis=-1) - before).max() < TOLERANCE:
            _, bread, slope = _derivatives(logit, found)
            return Profile(sigma, beta, found.log_likelihood.sum(axis=-1), bread, slope)
    raise NotEstimableError("no_convergence")


def _at(logit: Fit, beta: Array, sigma: Array) -> Posterior:
    index = beta @ logit.design.matrix.T
    return integrate(index, np.broadcast_to(sigma[:, None], index.shape), logit.n, logit.successes)


def _derivatives(logit: Fit, found: Posterior) -> tuple[Array, Array, Array]:
    """Gradient and inverse information of β, and the derivative by σ, at each σ."""
    x, n = logit.design.matrix, logit.n[:, None]
    residual = logit.successes[:, None] - n * found.rate
    mean = (found.weights * residual).sum(axis=-1)
    inner = (found.weights * (n * found.rate * (1 - found.rate) - residual**2)).sum(axis=-1)
    information = np.einsum("mj,jp,jq->mpq", inner + mean**2, x, x)
    slope = (found.weights * residual * found.nodes).sum(axis=(-2, -1))
    try:
        return mean @ x, np.linalg.inv(information), slope
    except np.linalg.LinAlgError as error:
        raise NotEstimableError("no_convergence") from error


def _climb(
    logit: Fit, beta: Array, step: Array, sigma: Array, before: Array
) -> tuple[Array, Posterior]:
    """Take the step where it raises the likelihood; else halve it."""
    for _ in range(MAX_ITERATIONS):
        after = _at(logit, beta + step, sigma)
        worse = ~(after.log_likelihood.sum(axis=-1) >= before - TOLERANCE)
        if not worse.any():
            return beta + step, after
        step = np.where(worse[:, None], step / 2, step)
    raise NotEstimableError("no_convergence")


@dataclass(frozen=True)
class RandomIntercept:
    """A fitted logit with a random intercept of each stratum.

    Attributes
    ----------
    logit
        The same without random intercept.
    at
        The profile at the maximum, m = 1.
    grid
        The profile at `SIGMAS`.
    """

    logit: Fit
    at: Profile
    grid: Profile

    @property
    def sigma(self) -> float:
        """Standard deviation of the random intercept."""
        return float(self.at.sigma[0])

    @property
    def index(self) -> Array:
        """The strata's x'β."""
        index: Array = self.logit.design.matrix @ self.at.coefficients[0]
        return index

    def posterior(self) -> Posterior:
        """What is known of the strata's z at the estimated parameters."""
        spread = np.full(len(self.logit.n), self.sigma)
        return integrate(self.index, spread, self.logit.n, self.logit.successes)

    def shrunk_rates(self) -> Array:
        """Posterior mean of each stratum's rate at the estimated parameters (empirical Bayes)."""
        found = self.posterior()
        rates: Array = (found.weights * found.rate).sum(axis=-1)
        return rates

    def beyond_main_effects(self) -> Array:
        """Shrunk rates minus those at a random intercept of 0 (Evans and others 2018)."""
        found = self.posterior()
        beyond: Array = (found.weights * (found.rate - expit(self.index)[:, None])).sum(axis=-1)
        return beyond

    def sigma_interval(self, confidence: float) -> tuple[float, float]:
        """Values of σ that the adjusted profile likelihood does not reject.

        Those whose adjusted log-likelihood is less than half a quantile of χ²(1) below the
        largest. At 0, on the boundary, the quantile is on the safe side (Self and Liang 1987).

        Returns
        -------
        tuple of float
            The limits; the lower may be 0, the upper infinite. They hold the estimate.
        """
        return self.limits(float(chi2.ppf(confidence, 1)) / 2)

    def limits(self, drop: float) -> tuple[float, float]:
        """Limits between which the adjusted log-likelihood falls by at most `drop`."""
        place = int(np.argmax(self.grid.adjusted))
        near = SIGMAS[max(place - 1, 0)], SIGMAS[min(place + 1, len(SIGMAS) - 1)]
        best = minimize_scalar(lambda sigma: -self._adjusted(sigma), bounds=near, method="bounded")
        peak, top = float(best.x), -float(best.fun)
        if self.grid.adjusted[place] > top:  # at an end of the grid, which the search leaves out
            peak, top = float(SIGMAS[place]), float(self.grid.adjusted[place])

        def above(sigma: float) -> float:
            return self._adjusted(sigma) - top + drop

        beyond = np.flatnonzero((peak < SIGMAS) & (self.grid.adjusted < top - drop))
        low = 0.0 if above(0.0) >= 0 else brentq(above, 0.0, peak)
        high = brentq(above, peak, SIGMAS[beyond[0]]) if len(beyond) else np.inf
        return min(low, self.sigma), max(high, self.sigma)

    def _adjusted(self, sigma: float) -> float:
        nearest = int(np.argmin(np.abs(SIGMAS - sigma)))
        at = profile(self.logit, np.array([sigma]), self.grid.coefficients[nearest])
        return float(at.adjusted[0])


def fit_random_intercept(logit: Fit) -> RandomIntercept:
    """Fit a logit with a random intercept of each stratum by maximum likelihood.

    Parameters
    ----------
    logit
        The same without random intercept, fitted to the strata, one a cell.

    Raises
    ------
    NotEstimableError
        If no stratum is left over by the coefficients, or the likelihood rises without end.
    """
    strata, columns = logit.design.matrix.shape
    if strata <= columns:
        raise NotEstimableError("few_strata", str(strata))
    grid = profile(logit, SIGMAS)
    return RandomIntercept(logit, _maximum(logit, grid), grid)


def _maximum(logit: Fit, grid: Profile) -> Profile:
    """Profile at the σ of the largest likelihood, between the neighbours of the grid's best."""
    place = int(np.argmax(grid.log_likelihood))
    start = grid.coefficients[place]
    if place == len(SIGMAS) - 1:
        raise NotEstimableError("no_convergence")

    def slope(sigma: float) -> float:
        return float(profile(logit, np.array([sigma]), start).slope[0])

    # At 0 the slope is 0 by symmetry; whether the likelihood rises from there is seen beside it.
    low, high = SIGMAS[place - 1] if place > 1 else NEAR_ZERO, SIGMAS[place + 1]
    if slope(low) <= 0:
        return profile(logit, np.zeros(1), grid.coefficients[0])
    if slope(high) >= 0:
        raise NotEstimableError("no_convergence")
    return profile(logit, np.array([brentq(slope, low, high, xtol=1e-12)]), start)


def variance_partition(sigma: float) -> float:
    """Share of the variance on the scale of the logit that lies between strata.

    σ² / (σ² + π²/3), π²/3 being that of the logistic distribution within them.
    """
    return 1.0 if np.isinf(sigma) else sigma**2 / (sigma**2 + LOGISTIC_VARIANCE)
