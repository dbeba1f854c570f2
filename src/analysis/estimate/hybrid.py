"""Score intervals of rates that are no plain proportions, and of their differences.

A weighted rate has an error but no count. Wilson's interval is had at the number of persons that
would give that error to a proportion; the interval of a difference is then put together from those
of its sides. Unlike estimate ± z × error, these stay within the possible and hold their coverage
in groups of some tens of persons.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm
from scipy.stats import t as student

from analysis.estimate.proportions import Estimate

NO_VARIATION = 1e-12
HIGHEST_CRITICAL = 1e4


@dataclass(frozen=True)
class UncertainRate:
    """A rate with its variance.

    Attributes
    ----------
    value, variance
        The rate, in [0, 1], and the variance of its estimator.
    persons
        Number of persons to reckon with if the rate is 0 or 1, where a variance of 0 says nothing.
    """

    value: float
    variance: float
    persons: float

    @property
    def varies(self) -> bool:
        """Whether its error can be known."""
        return self.one_sided or self.variance > NO_VARIATION**2

    @property
    def one_sided(self) -> bool:
        """Whether the rate is 0 or 1."""
        return min(self.value, 1 - self.value) < NO_VARIATION

    def limits(self, critical: float) -> tuple[float, float]:
        """Wilson's limits at the effective number of persons (Dean and Pagano 2015).

        Parameters
        ----------
        critical
            Quantile that the distance to a limit is of its error, above 0.
        """
        spread = self.value * (1 - self.value)
        effective = self.persons if self.one_sided else spread / self.variance
        excess = critical**2 / effective
        middle = (self.value + excess / 2) / (1 + excess)
        reach = math.sqrt(excess * (spread + excess / 4)) / (1 + excess)
        # Never beyond the rate itself, by rounding, where it is 0 or 1.
        return max(min(middle - reach, self.value), 0.0), min(max(middle + reach, self.value), 1.0)


def critical_value(confidence: float, freedom: float) -> float:
    """Two-sided quantile of Student's t, or of the normal if the freedom is infinite."""
    upper = 0.5 + confidence / 2
    return float(norm.ppf(upper) if np.isinf(freedom) else student.ppf(upper, freedom))


def rate_estimate(rate: UncertainRate, confidence: float, freedom: float = np.inf) -> Estimate:
    """Rate with its error and Wilson's interval; without an interval if its error is not known."""
    if not rate.varies:
        return Estimate(rate.value)
    low, high = rate.limits(critical_value(confidence, freedom))
    return Estimate(rate.value, math.sqrt(rate.variance), low, high)


def difference_limits(
    group: UncertainRate, reference: UncertainRate, covariance: float, critical: float
) -> tuple[float, float]:
    """Limits of a difference of two rates, from those of each (Zou and Donner 2008).

    With independent proportions these are Newcombe's (1998, method 10).

    Parameters
    ----------
    group, reference
        The two rates.
    covariance
        Of their estimators.
    critical
        See `UncertainRate.limits`.
    """
    scale = math.sqrt(group.variance * reference.variance)
    correlation = min(max(covariance / scale, -1.0), 1.0) if scale > NO_VARIATION**2 else 0.0
    low, high = group.limits(critical)
    other_low, other_high = reference.limits(critical)
    gap = group.value - reference.value
    down = _joint_reach(group.value - low, other_high - reference.value, correlation)
    up = _joint_reach(high - group.value, reference.value - other_low, correlation)
    return max(gap - down, -1.0), min(gap + up, 1.0)


def _joint_reach(own: float, other: float, correlation: float) -> float:
    return math.sqrt(max(own**2 + other**2 - 2 * correlation * own * other, 0.0))


def difference_estimate(
    group: UncertainRate,
    reference: UncertainRate,
    covariance: float,
    confidence: float,
    freedom: float = np.inf,
) -> Estimate:
    """Difference of two rates with its error, hybrid interval and the test that this inverts.

    Parameters
    ----------
    group, reference, covariance
        See `difference_limits`.
    confidence
        Coverage of the interval.
    freedom
        Degrees of freedom of Student's t; infinite for the normal.
    """
    gap = group.value - reference.value
    if not (group.varies and reference.varies):
        return Estimate(gap)
    variance = group.variance + reference.variance - 2 * covariance
    low, high = difference_limits(group, reference, covariance, critical_value(confidence, freedom))
    p_value = _p_value(group, reference, covariance, freedom)
    return Estimate(gap, math.sqrt(max(variance, 0.0)), low, high, p_value)


def _p_value(
    group: UncertainRate, reference: UncertainRate, covariance: float, freedom: float
) -> float:
    """Two-sided p-value: the interval of confidence 1 - p ends at 0."""
    gap = group.value - reference.value
    if abs(gap) < NO_VARIATION:
        return 1.0

    def nearest(critical: float) -> float:
        low, high = difference_limits(group, reference, covariance, critical)
        return low if gap > 0 else -high

    if nearest(HIGHEST_CRITICAL) > 0:
        return 0.0
    critical = brentq(nearest, NO_VARIATION, HIGHEST_CRITICAL)
    law = norm if np.isinf(freedom) else student(freedom)
    return float(2 * law.sf(critical))
