"""Hybrid intervals, worst-case bounds with their intervals, and tipping points."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

from analysis.estimate.fits import NotEstimableError
from analysis.estimate.hybrid import UncertainRate, difference_estimate, rate_estimate
from analysis.estimate.nonresponse.bounds import (
    gap_bounds,
    imbens_manski_critical,
    rate_bounds,
    tipping_shift,
)
from analysis.estimate.nonresponse.surveys import Survey
from analysis.estimate.options import GapOptions
from analysis.estimate.proportions import difference, rate


def proportion(successes: int, n: int) -> UncertainRate:
    share = successes / n
    return UncertainRate(share, share * (1 - share) / n, n)


def survey_of(group: tuple[int, int, int], reference: tuple[int, int, int]) -> Survey:
    """A survey of two sides, each told as asked, answered and succeeded."""
    rows = [(True, *group), (False, *reference)]
    cells = pd.DataFrame(rows, columns=["member", "n", "answered", "successes"])
    return Survey(cells[cells["n"] > 0], (), GapOptions(), None)


counts = st.integers(1, 80).flatmap(
    lambda n: st.integers(0, n).flatmap(
        lambda answered: st.tuples(st.just(n), st.just(answered), st.integers(0, answered))
    )
)


# ---- Hybrid intervals ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sides", "limits"),
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((6, 7, 2, 7), (0.0582, 0.8062)),
        ((5, 56, 0, 29), (-0.0381, 0.1926)),
        ((0, 10, 0, 20), (-0.1611, 0.2775)),
        ((0, 10, 0, 10), (-0.2775, 0.2775)),
        ((10, 10, 0, 20), (0.6791, 1.0)),
        ((10, 10, 0, 10), (0.6075, 1.0)),
    ],
)
def test_of_proportions_the_interval_is_newcombes(
    sides: tuple[int, int, int, int], limits: tuple[float, float]
) -> None:
    k, n, k0, n0 = sides
    found = difference_estimate(proportion(k, n), proportion(k0, n0), 0.0, 0.95)
    assert (found.low, found.high) == pytest.approx(limits, abs=5e-5)
    same = difference(k, n, k0, n0)
    assert (found.value, found.low, found.high, found.std_error) == pytest.approx(
        (same.value, same.low, same.high, same.std_error)
    )
    single, wilson = rate_estimate(proportion(k, n), 0.95), rate(k, n)
    assert (single.low, single.high) == pytest.approx((wilson.low, wilson.high))


@settings(max_examples=25, deadline=None)
@given(
    sides=st.tuples(*(st.floats(0.02, 0.98) for _ in range(2))),
    errors=st.tuples(*(st.floats(0.01, 0.2) for _ in range(2))),
    correlation=st.floats(-0.9, 0.9),
    freedom=st.sampled_from([np.inf, 21.0]),
)
def test_the_p_value_is_that_of_the_interval_that_ends_at_zero(
    sides: tuple[float, float],
    errors: tuple[float, float],
    correlation: float,
    freedom: float,
) -> None:
    rates = [UncertainRate(v, e**2, 10.0) for v, e in zip(sides, errors, strict=True)]
    covariance = correlation * errors[0] * errors[1]
    found = difference_estimate(*rates, covariance, 0.95, freedom)
    assert -1 <= found.low <= found.value <= found.high <= 1
    if 1e-6 < found.p_value < 0.999:
        touching = difference_estimate(*rates, covariance, 1 - found.p_value, freedom)
        assert min(abs(touching.low), abs(touching.high)) < 1e-6
    assert (found.p_value < 0.05) == (found.low > 0 or found.high < 0)


def test_a_rate_whose_error_is_not_known_has_no_interval() -> None:
    still, moving = UncertainRate(0.4, 0.0, 50.0), proportion(5, 10)
    assert np.isnan(rate_estimate(still, 0.95).low)
    assert np.isnan(difference_estimate(still, moving, 0.0, 0.95).low)


# ---- Imbens and Manski --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def critical() -> dict[str, list[float]]:
    """Critical values from R; see tests/reference/README.md."""
    path = Path(__file__).parents[2] / "reference" / "response.json"
    values: dict[str, Any] = json.loads(path.read_text())
    found: dict[str, list[float]] = values["imbens_manski"]
    return found


@pytest.mark.parametrize(
    ("name", "confidence", "freedom"),
    [("normal_95", 0.95, np.inf), ("normal_90", 0.90, np.inf), ("t21_95", 0.95, 21.0)],
)
def test_critical_values_are_those_of_r(
    critical: dict[str, list[float]], name: str, confidence: float, freedom: float
) -> None:
    found = [
        imbens_manski_critical(0.03 * ratio, 0.03, confidence, freedom)
        for ratio in critical["ratio"]
    ]
    assert found == pytest.approx(critical[name], rel=1e-9)


def test_without_errors_the_critical_value_is_that_of_one_side() -> None:
    assert imbens_manski_critical(0.5, 0.0, 0.95) == pytest.approx(norm.ppf(0.95))
    assert imbens_manski_critical(0.0, 0.0, 0.95) == pytest.approx(norm.ppf(0.975))


# ---- Bounds -------------------------------------------------------------------------------------


def test_bounds_take_the_silent_all_one_way() -> None:
    survey = survey_of((10, 6, 3), (20, 15, 6))
    lower, upper = rate_bounds(survey, side=True)
    assert (lower.value, upper.value) == pytest.approx((0.3, 0.7))
    lower, upper = gap_bounds(survey)
    assert (lower.value, upper.value) == pytest.approx((3 / 10 - 11 / 20, 7 / 10 - 6 / 20))


@settings(max_examples=30, deadline=None)
@given(group=counts, reference=counts)
def test_bounds_hold_every_gap_that_can_be(
    group: tuple[int, int, int], reference: tuple[int, int, int]
) -> None:
    survey = survey_of(group, reference)
    lower, upper = gap_bounds(survey)
    silent = [n - answered for n, answered, _ in (group, reference)]
    width = silent[0] / group[0] + silent[1] / reference[0]
    assert upper.value - lower.value == pytest.approx(width)
    for share in (0.0, 0.3, 1.0):
        for other in (0.0, 0.5, 1.0):
            gap = (group[2] + share * silent[0]) / group[0]
            gap -= (reference[2] + other * silent[1]) / reference[0]
            assert lower.value - 1e-9 <= gap <= upper.value + 1e-9
    assert -1 <= lower.low <= lower.value + 1e-12
    assert upper.value - 1e-12 <= upper.high <= 1
    # The interval of either bound is that of the gap.
    assert (lower.low, lower.high) == (upper.low, upper.high)
    turned = gap_bounds(survey_of(reference, group))
    assert (turned[0].value, turned[1].value) == pytest.approx((-upper.value, -lower.value))
    assert (turned[0].low, turned[0].high) == pytest.approx((-lower.high, -lower.low))


def test_if_all_answered_the_bounds_are_the_gap_with_newcombes_interval() -> None:
    lower, upper = gap_bounds(survey_of((70, 70, 56), (80, 80, 48)))
    assert lower == upper
    plain = difference(56, 70, 48, 80)
    assert (lower.value, lower.low, lower.high) == pytest.approx(
        (plain.value, plain.low, plain.high)
    )


def test_if_nobody_answered_everything_is_possible() -> None:
    lower, upper = gap_bounds(survey_of((5, 0, 0), (9, 0, 0)))
    assert (lower.value, upper.value) == (-1, 1)
    assert (lower.low, upper.high) == (-1, 1)


def test_sides_without_persons_have_no_bounds() -> None:
    with pytest.raises(NotEstimableError, match="empty_group"):
        gap_bounds(survey_of((0, 0, 0), (9, 3, 1)))
    with pytest.raises(NotEstimableError, match="empty_reference"):
        gap_bounds(survey_of((9, 3, 1), (0, 0, 0)))
    with pytest.raises(NotEstimableError, match="no_persons"):
        rate_bounds(survey_of((9, 3, 1), (0, 0, 0)), side=False)


@pytest.mark.parametrize("response", [0.5, 0.9, 1.0])
def test_the_interval_covers_a_rate_at_its_lower_bound(response: float) -> None:
    """Nobody silent would have succeeded: the hardest case; by all samples of 66 persons."""
    n, truth, covered = 66, 0.3 * response, 0.0
    for placed in range(n + 1):
        chance = binom.pmf(placed, n, truth)
        if chance < 1e-9:
            continue
        # Of the others, how many are silent; the mean is taken by three points of its law.
        rest, silent = n - placed, (1 - response) / (1 - truth)
        for quantile, weight in ((0.1, 0.25), (0.5, 0.5), (0.9, 0.25)):
            missing = int(binom.ppf(quantile, rest, silent)) if silent else 0
            low = rate_bounds(survey_of((n, n - missing, placed), (1, 1, 1)), side=True)[0]
            covered += weight * chance * (low.low <= truth <= low.high)
    assert covered >= 0.93  # discrete, and Wilson's limit is the less exact on one side alone


# ---- Tipping points -----------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(rate=st.floats(0.05, 0.95), response=st.floats(0.1, 0.95), change=st.floats(-0.9, 0.9))
def test_the_shift_brings_about_the_change(rate: float, response: float, change: float) -> None:
    reach = (1 - response) * (1 - rate if change > 0 else rate)
    if abs(change) > reach + 1e-9:
        with pytest.raises(NotEstimableError, match=f"out_of_reach: {100 * reach:.0f}$"):
            tipping_shift(rate, response, change)
    elif abs(change) < reach - 1e-9:
        shift = tipping_shift(rate, response, change)
        assert 0 <= rate + shift <= 1
        whole = response * rate + (1 - response) * (rate + shift)
        assert whole - rate == pytest.approx(change, abs=1e-12)


def test_without_silence_there_is_no_tipping_point() -> None:
    with pytest.raises(NotEstimableError, match="all_answered"):
        tipping_shift(0.4, 1.0, 0.1)
