"""Average marginal effects and their delta-method errors, from cells."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from analysis.estimate.fits import Array, Fit, NotEstimableError

Over = Literal["all", "group"]


@dataclass(frozen=True)
class Effect:
    """An average marginal effect.

    Attributes
    ----------
    value
        Mean over persons of the change in the probability of success, in [-1, 1].
    gradient
        Its derivative by the coefficients.
    changes
        The change in each cell.
    weights
        Each cell's share of the persons averaged over; they sum to 1.
    """

    value: float
    gradient: Array
    changes: Array
    weights: Array

    def std_error(self, covariance: Array) -> float:
        """Delta-method error, the covariates taken as fixed: √(J V J')."""
        return float(np.sqrt(max(float(self.gradient @ covariance @ self.gradient), 0.0)))


def average_marginal_effect(
    fit: Fit, variable: str, *, level: str | None = None, over: Over = "all"
) -> Effect:
    """Average change in the probability when a variable goes from its reference to a level.

    The discrete change p(x, level) - p(x, reference), averaged over the persons of the fit
    (Williams 2012; Stata's `margins, dydx()` of a factor).

    Parameters
    ----------
    fit
        A logit or linear fit.
    variable
        A variable of the design.
    level
        The level, for a categorical variable; a boolean variable needs none.
    over
        Average over `all` persons, or over the `group` of those who are at the level.

    Raises
    ------
    NotEstimableError
        If the variable or its level is not in the fit, or nobody is at the level.
    """
    columns = list(fit.design.factors.get(variable, ()))
    name = variable if level is None else f"{variable}[{level}]"
    if name not in (fit.design.names[column] for column in columns):
        raise NotEstimableError("no_coefficient", name)
    column = fit.design.names.index(name)
    matrix = fit.design.matrix
    base = matrix @ fit.coefficients - matrix[:, columns] @ fit.coefficients[columns]
    high, high_slope = _probability(fit, base + fit.coefficients[column])
    low, low_slope = _probability(fit, base)
    weights = fit.n * (matrix[:, column] if over == "group" else 1.0)
    if not weights.sum():
        raise NotEstimableError("empty_group")
    weights = weights / weights.sum()
    gradient = matrix.T @ (weights * (high_slope - low_slope))
    gradient[columns] = 0.0
    gradient[column] = weights @ high_slope
    return Effect(float(weights @ (high - low)), gradient, high - low, weights)


def average_derivative(fit: Fit, variable: str) -> Effect:
    """Average derivative of the probability by a numeric variable, over all persons.

    Raises
    ------
    NotEstimableError
        If the variable is not in the fit.
    """
    if variable not in fit.design.names:
        raise NotEstimableError("no_coefficient", variable)
    column = fit.design.names.index(variable)
    matrix, slope = fit.design.matrix, fit.coefficients[column]
    probability, density = _probability(fit, matrix @ fit.coefficients)
    curvature = density * (1 - 2 * probability) if fit.link == "logit" else 0.0 * density
    weights = fit.n / fit.persons
    gradient = slope * (matrix.T @ (weights * curvature))
    gradient[column] += weights @ density
    return Effect(float(slope * (weights @ density)), gradient, slope * density, weights)


def _probability(fit: Fit, index: Array) -> tuple[Array, Array]:
    """Probability at an index, and its derivative there."""
    if fit.link == "linear":
        return index, np.ones_like(index)
    probability = expit(index)
    return probability, probability * (1 - probability)


def random_std_error(fit: Fit, effect: Effect, clusters: NDArray[np.intp] | None = None) -> float:
    """Error of an average marginal effect with the covariates taken as a random draw.

    The influence of a person is J A⁻¹ x (y - p) + w (change - effect), w the person's weight
    over the mean weight; their squares (or those of their sums by cluster, times G/(G - 1)) add
    up to the variance (Stata's `margins, vce(unconditional)`, but for small-sample factors;
    Dowd, Greene and Norton 2014).

    Parameters
    ----------
    fit, effect
        A fit and an effect of it.
    clusters
        Number of each cell's cluster; persons are independent when not given.
    """
    through = fit.design.matrix @ (fit.bread @ effect.gradient)
    # Influence over N: the first part is summed over rows, the second is a mean already.
    spread = effect.weights / fit.n * (effect.changes - effect.value)
    success, failure = through * (1 - fit.fitted) + spread, -through * fit.fitted + spread
    if clusters is None:
        losses = fit.n - fit.successes
        return float(np.sqrt(fit.successes @ success**2 + losses @ failure**2))
    totals = fit.successes * success + (fit.n - fit.successes) * failure
    sums = np.bincount(clusters, totals)
    groups = len(np.unique(clusters))
    return float(np.sqrt(groups / (groups - 1) * (sums @ sums)))
