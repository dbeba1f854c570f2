"""Rates, and differences and ratios of two rates, with their intervals."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm
from scipy.stats import t as student
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from analysis.estimate.fits import NotEstimableError

DifferenceMethod = Literal["newcombe", "miettinen_nurminen"]


@dataclass(frozen=True)
class Estimate:
    """A number with its error, interval and p-value; nan where there is none."""

    value: float
    std_error: float = np.nan
    low: float = np.nan
    high: float = np.nan
    p_value: float = np.nan


def rate(successes: int, n: int, confidence: float = 0.95) -> Estimate:
    """Rate with Wilson's score interval (Wilson 1927; Newcombe 1998, method 3).

    Parameters
    ----------
    successes, n
        Counts.
    confidence
        Coverage of the interval, between 0 and 1.

    Raises
    ------
    NotEstimableError
        If `n` is 0.
    """
    if n == 0:
        raise NotEstimableError("no_persons")
    low, high = proportion_confint(successes, n, alpha=1 - confidence, method="wilson")
    share = successes / n
    return Estimate(share, float(np.sqrt(share * (1 - share) / n)), float(low), float(high))


def clustered_rate(
    successes: NDArray[np.integer], n: NDArray[np.integer], confidence: float = 0.95
) -> Estimate:
    """Rate with Wilson's interval at the effective number of persons (Dean and Pagano 2015).

    Persons are divided by the design effect, the clustered variance over the independent one
    (Kish 1965), and by the squared ratio of the quantiles of t(G - 1) and the normal (Korn and
    Graubard 1998). A design effect below 1 is taken as 1, and so is that of a rate of 0 or 1, which
    can't be known.

    Parameters
    ----------
    successes, n
        Counts by cluster, shape (clusters,).
    confidence
        Coverage of the interval.

    Raises
    ------
    NotEstimableError
        If there are no persons.
    """
    own = n > 0
    total, wins, groups = int(n.sum()), int(successes.sum()), int(own.sum())
    plain = rate(wins, total, confidence)
    if groups < 2:
        return Estimate(plain.value)
    residual = (successes - plain.value * n)[own]
    variance = groups / (groups - 1) * float(residual @ residual) / total**2
    effect = max(variance / plain.std_error**2, 1.0) if plain.std_error else 1.0
    upper = 0.5 + confidence / 2
    effective = total / effect * (norm.ppf(upper) / student.ppf(upper, groups - 1)) ** 2
    low, high = proportion_confint(
        plain.value * effective, effective, alpha=1 - confidence, method="wilson"
    )
    error = plain.std_error * float(np.sqrt(effect))
    return Estimate(plain.value, error, float(low), float(high))


def difference(
    successes: int,
    n: int,
    reference_successes: int,
    reference_n: int,
    *,
    method: DifferenceMethod = "newcombe",
    confidence: float = 0.95,
) -> Estimate:
    """Difference of two independent rates, the group's minus the reference's.

    Parameters
    ----------
    successes, n, reference_successes, reference_n
        Counts of both sides.
    method
        `newcombe`: hybrid score interval (Newcombe 1998, method 10), without a test.
        `miettinen_nurminen`: the score interval (Miettinen and Nurminen 1985), with the p-value
        of the test that it inverts.
    confidence
        Coverage of the interval.

    Raises
    ------
    NotEstimableError
        If a side has no persons.
    """
    if n == 0 or reference_n == 0:
        raise NotEstimableError(_empty_side(n))
    share, other = successes / n, reference_successes / reference_n
    error = float(np.sqrt(share * (1 - share) / n + other * (1 - other) / reference_n))
    gap = share - other
    if method == "newcombe":
        low, high = confint_proportions_2indep(
            successes, n, reference_successes, reference_n, method="newcomb", alpha=1 - confidence
        )
        return Estimate(gap, error, float(low), float(high))
    score = _Score(successes, n, reference_successes, reference_n)
    low, high = score.interval(norm.ppf(0.5 + confidence / 2))
    return Estimate(gap, error, low, high, float(2 * norm.sf(abs(score.at(0.0)))))


def _empty_side(n: int) -> str:
    return "empty_group" if n == 0 else "empty_reference"


@dataclass(frozen=True)
class _Score:
    """Score statistic of a difference of two rates (Miettinen and Nurminen 1985).

    Written out here because statsmodels 0.15 gets the interval wrong (its issue 10269).
    """

    successes: int
    n: int
    reference_successes: int
    reference_n: int

    @property
    def observed(self) -> float:
        return self.successes / self.n - self.reference_successes / self.reference_n

    def at(self, gap: float) -> float:
        """Statistic for the hypothesis that the difference is `gap`; decreasing in it."""
        total = self.n + self.reference_n
        low = self._restricted_reference(gap)
        high = min(max(low + gap, 0.0), 1.0)
        variance = high * (1 - high) / self.n + low * (1 - low) / self.reference_n
        distance = self.observed - gap
        if abs(distance) < 1e-12:
            return 0.0
        with np.errstate(divide="ignore"):
            return float(distance / np.sqrt(variance * total / (total - 1)))

    def _restricted_reference(self, gap: float) -> float:
        """Maximum likelihood rate of the reference, given the difference (their appendix I)."""
        total, wins = self.n + self.reference_n, self.successes + self.reference_successes
        l3 = total
        l2 = (self.n + 2 * self.reference_n) * gap - total - wins
        l1 = (self.reference_n * gap - total - 2 * self.reference_successes) * gap + wins
        l0 = self.reference_successes * gap * (1 - gap)
        q = (l2 / (3 * l3)) ** 3 - l1 * l2 / (6 * l3**2) + l0 / (2 * l3)
        p = np.copysign(np.sqrt(max((l2 / (3 * l3)) ** 2 - l1 / (3 * l3), 0.0)), q)
        if p == 0:
            return float(np.clip(-l2 / (3 * l3), 0.0, 1.0))
        angle = (np.pi + np.arccos(np.clip(q / p**3, -1.0, 1.0))) / 3
        return float(np.clip(2 * p * np.cos(angle) - l2 / (3 * l3), 0.0, 1.0))

    def interval(self, quantile: float) -> tuple[float, float]:
        """Differences that the test does not reject, found on both sides of the observed one."""
        return self._limit(quantile, -1.0), self._limit(-quantile, 1.0)

    def _limit(self, quantile: float, end: float) -> float:
        inner = end * (1 - 1e-12)
        if abs(self.at(inner)) <= abs(quantile):
            return end
        return float(brentq(lambda gap: self.at(gap) - quantile, self.observed, inner, xtol=1e-12))


def risk_ratio(
    successes: int, n: int, reference_successes: int, reference_n: int, confidence: float = 0.95
) -> Estimate:
    """Ratio of two rates with the log interval (Katz et al. 1978).

    Raises
    ------
    NotEstimableError
        If a side has no persons or no successes.
    """
    if n == 0 or reference_n == 0:
        raise NotEstimableError(_empty_side(n))
    if successes == 0 or reference_successes == 0:
        raise NotEstimableError("no_successes")
    variance = 1 / successes - 1 / n + 1 / reference_successes - 1 / reference_n
    ratio = (successes / n) / (reference_successes / reference_n)
    return log_scale(ratio, float(np.sqrt(variance)), confidence)


def odds_ratio(
    successes: int, n: int, reference_successes: int, reference_n: int, confidence: float = 0.95
) -> Estimate:
    """Ratio of two odds with the log interval (Woolf 1955).

    Raises
    ------
    NotEstimableError
        If a side has no persons, or one of the four counts is 0.
    """
    if n == 0 or reference_n == 0:
        raise NotEstimableError(_empty_side(n))
    four = (successes, n - successes, reference_successes, reference_n - reference_successes)
    if min(four) == 0:
        raise NotEstimableError("zero_count")
    ratio = four[0] * four[3] / (four[1] * four[2])
    return log_scale(ratio, float(np.sqrt(sum(1 / count for count in four))), confidence)


def log_scale(ratio: float, log_error: float, confidence: float) -> Estimate:
    """Estimate of a ratio whose logarithm is normal with the given error; tested against 1.

    Raises
    ------
    NotEstimableError
        If the error is 0: an interval of no width would claim certainty.
    """
    if log_error == 0:
        raise NotEstimableError("no_variation")
    reach = norm.ppf(0.5 + confidence / 2) * log_error
    p_value = float(2 * norm.sf(abs(np.log(ratio)) / log_error))
    return Estimate(
        ratio, ratio * log_error, ratio * np.exp(-reach), ratio * np.exp(reach), p_value
    )
