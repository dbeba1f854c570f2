"""What non-response can hide at worst: bounds without assumptions, and tipping points."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm
from scipy.stats import t as student

from analysis.estimate.fits import NotEstimableError
from analysis.estimate.hybrid import UncertainRate, critical_value, difference_limits
from analysis.estimate.nonresponse.surveys import BOTH, SideMeans, Survey
from analysis.estimate.nonresponse.weighting import Influence, Mean, Told
from analysis.estimate.proportions import Estimate

Bounds = tuple[Estimate, Estimate]


def worst_case(told: Told, side: NDArray[np.bool_]) -> tuple[Mean, Mean]:
    """Rate of all persons asked if none, or all, of those who did not answer succeed.

    Manski (1990). Sharp: nothing that the data hold excludes any rate between the two.

    Parameters
    ----------
    told
        What was told, of a binary outcome.
    side
        Cells whose rate is asked for, shape (cells,).

    Returns
    -------
    tuple of Mean
        Lower and upper bound, with each person's influence on them.
    """
    persons = float(told.n[side].sum())
    share = side / persons
    lowest = float(told.total[side].sum()) / persons
    highest = lowest + float((told.n - told.answered)[side].sum()) / persons
    lower = Influence(-lowest * share, -lowest * share, share)
    upper = Influence((1 - highest) * share, -highest * share, share)
    return Mean(lowest, lower), Mean(highest, upper)


def imbens_manski_critical(
    width: float, error: float, confidence: float, freedom: float = np.inf
) -> float:
    """Critical value with which the interval around two bounds covers the true value.

    Imbens and Manski (2004): the C for which F(C + width / error) - F(-C) is the
    confidence. The true value can be near one bound only if they lie far apart, so that C goes from
    the two-sided quantile at width 0 to the one-sided one. An estimated width spoils this if it may
    be negative (Stoye 2009); here the upper bound is never below the lower one, which is the
    condition of his lemma 3.

    Parameters
    ----------
    width
        Distance of the two bounds, at least 0.
    error
        The larger of their standard errors.
    confidence
        Coverage.
    freedom
        Degrees of freedom of Student's t; infinite for the normal.
    """
    law = norm if np.isinf(freedom) else student(freedom)
    two_sided = critical_value(confidence, freedom)
    one_sided = float(law.ppf(confidence))
    if not error > 0:
        return one_sided if width > 0 else two_sided
    apart = width / error

    def excess(critical: float) -> float:
        return float(law.cdf(critical + apart) - law.cdf(-critical) - confidence)

    # At its ends the root may be missed by rounding alone.
    if excess(one_sided) >= 0:
        return one_sided
    return float(brentq(excess, one_sided, two_sided)) if excess(two_sided) > 0 else two_sided


def rate_bounds(survey: Survey, side: bool) -> Bounds:
    """Bounds of the rate of one side; the interval of both is that of the true rate.

    The ends are Wilson's limits of either bound at the critical value of Imbens and Manski.
    """
    if side not in survey.sides:
        raise NotEstimableError("no_persons")
    lower, upper = (survey.rate(side, found) for found in _worst_cases(survey))
    if survey.few_clusters(side, silent=True) is not None or not (lower.varies and upper.varies):
        return Estimate(lower.value), Estimate(upper.value)
    errors = math.sqrt(lower.variance), math.sqrt(upper.variance)
    freedom = survey.freedom(side, silent=True)
    critical = imbens_manski_critical(
        upper.value - lower.value, max(errors), survey.options.confidence, freedom
    )
    ends = lower.limits(critical)[0], upper.limits(critical)[1]
    return Estimate(lower.value, errors[0], *ends), Estimate(upper.value, errors[1], *ends)


def gap_bounds(survey: Survey) -> Bounds:
    """Bounds of the gap: each side at its worst against the other at its best.

    Raises
    ------
    NotEstimableError
        If a side has no persons.
    """
    survey.check_sides()
    worst, best = _worst_cases(survey)
    pairs = [
        (
            survey.rate(True, own, *BOTH),
            survey.rate(False, other, *BOTH),
            survey.covariance(own.means[True], other.means[False], own, *BOTH),
        )
        for own, other in ((worst, best), (best, worst))
    ]
    values = [group.value - reference.value for group, reference, _ in pairs]
    varies = all(group.varies and reference.varies for group, reference, _ in pairs)
    if survey.few_clusters(*BOTH, silent=True) is not None or not varies:
        return Estimate(values[0]), Estimate(values[1])
    errors = [_error(*pair) for pair in pairs]
    freedom = survey.freedom(*BOTH, silent=True)
    critical = imbens_manski_critical(
        values[1] - values[0], max(errors), survey.options.confidence, freedom
    )
    ends = difference_limits(*pairs[0], critical)[0], difference_limits(*pairs[1], critical)[1]
    return Estimate(values[0], errors[0], *ends), Estimate(values[1], errors[1], *ends)


def _worst_cases(survey: Survey) -> tuple[SideMeans, SideMeans]:
    """All sides at their lower, then at their upper bound."""
    both = {side: worst_case(survey.told, own) for side, own in survey.sides.items()}
    persons = {side: float(survey.told.n[own].sum()) for side, own in survey.sides.items()}
    lower, upper = ({side: pair[end] for side, pair in both.items()} for end in (0, 1))
    return SideMeans(lower, persons, silent=True), SideMeans(upper, persons, silent=True)


def _error(group: UncertainRate, reference: UncertainRate, covariance: float) -> float:
    return math.sqrt(max(group.variance + reference.variance - 2 * covariance, 0.0))


def tipping_shift(rate: float, response: float, change: float) -> float:
    """By how much a group's non-respondents must differ from its respondents in their rate.

    The group's rate is then rate + (1 - response) × shift, so that its gap changes by `change`, the
    reference's non-respondents being like its respondents.

    Parameters
    ----------
    rate
        Of the group's respondents.
    response
        Share of the group that answered.
    change
        Of the gap that the shift must bring about: minus the gap for it to vanish, plus the gap
        for it to double.

    Raises
    ------
    NotEstimableError
        If all answered (`all_answered`), or if the rate of those who did not would leave [0, 1]
        (`out_of_reach`, with how far the gap can move that way, in points).
    """
    silent = 1 - response
    if silent <= 0:
        raise NotEstimableError("all_answered")
    shift = change / silent
    if not -1e-12 <= rate + shift <= 1 + 1e-12:
        possible = silent * (1 - rate if change > 0 else rate)
        raise NotEstimableError("out_of_reach", f"{100 * possible:.0f}")
    return shift
