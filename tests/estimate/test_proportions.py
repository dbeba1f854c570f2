"""Rates, differences and ratios: against published values, R, statsmodels and their definitions."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import xlog1py, xlogy
from scipy.stats import norm
from scipy.stats import t as student
from statsmodels.stats.contingency_tables import Table2x2

from analysis.estimate.covariance import cluster_covariance
from analysis.estimate.fits import NotEstimableError, fit_linear
from analysis.estimate.proportions import (
    clustered_rate,
    difference,
    log_scale,
    odds_ratio,
    rate,
    risk_ratio,
)

Four = tuple[int, int, int, int]
HALF_A_UNIT = 5.0001e-5  # the published limits have four decimals
ROUNDING = 1e-12

COUNT = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
FOUR = st.tuples(COUNT, COUNT).map(lambda sides: (*sides[0], *sides[1]))

# Successes and persons of the group, of the reference; limits.
# Newcombe (1998), Statistics in Medicine 17, 873-890, Table II, method 10.
NEWCOMBE = {
    (56, 70, 48, 80): (0.0524, 0.3339),
    (9, 10, 3, 10): (0.1705, 0.8090),
    (6, 7, 2, 7): (0.0582, 0.8062),
    (5, 56, 0, 29): (-0.0381, 0.1926),
    (0, 10, 0, 20): (-0.1611, 0.2775),
    (0, 10, 0, 10): (-0.2775, 0.2775),
    (10, 10, 0, 20): (0.6791, 1.0),
    (10, 10, 0, 10): (0.6075, 1.0),
}
MIETTINEN_NURMINEN = {
    (56, 70, 48, 80): (0.0528, 0.3382),
    (9, 10, 3, 10): (0.1700, 0.8406),
}
WILSON = {
    (81, 263): (0.2553, 0.3662),
    (15, 148): (0.0624, 0.1605),
    (0, 20): (0.0, 0.1611),
    (1, 29): (0.0061, 0.1718),
}


@pytest.mark.parametrize(("counts", "limits"), WILSON.items())
def test_wilson_as_published(counts: tuple[int, int], limits: tuple[float, float]) -> None:
    found = rate(*counts)
    assert (found.low, found.high) == pytest.approx(limits, abs=HALF_A_UNIT)
    assert found.value == counts[0] / counts[1]


def test_wilson_as_in_r(published: dict[str, Any]) -> None:
    cases = published["wilson"]
    assert len(cases["lower"]) > 5
    for successes, trials, level, lower, upper in zip(*cases.values(), strict=True):
        found = rate(successes, trials, level)
        # R takes the limits of 0/n and n/n for exact; rounding leaves 1e-17 of them.
        assert (found.low, found.high) == pytest.approx((lower, upper), rel=1e-9, abs=1e-15)


CLUSTERED = (np.array([3, 9, 0, 4, 6, 2, 8, 1, 5, 7, 2, 3]), np.array([9] * 6 + [11] * 6))


def test_clustered_rate_has_the_error_of_a_regression_on_nothing() -> None:
    """The intercept of the linear model, clustered as Stata does."""
    wins, persons = CLUSTERED
    cells = pd.DataFrame({"n": persons, "successes": wins})
    fit = fit_linear(cells, [])
    error = np.sqrt(cluster_covariance(fit, np.arange(len(persons)))[0, 0])
    assert clustered_rate(wins, persons).std_error == pytest.approx(error, rel=1e-12)
    assert error > rate(int(wins.sum()), int(persons.sum())).std_error


def test_clustered_rate_is_wilsons_of_the_effective_persons() -> None:
    """n* = n / deff × (z / t)², put by hand into Wilson's formula."""
    wins, persons = CLUSTERED
    found = clustered_rate(wins, persons, 0.9)
    share, total = wins.sum() / persons.sum(), persons.sum()
    z = norm.ppf(0.95)
    effect = found.std_error**2 / (share * (1 - share) / total)
    n = total / effect * (z / student.ppf(0.95, len(persons) - 1)) ** 2
    middle, reach = share + z**2 / (2 * n), z * np.sqrt(share * (1 - share) / n + (z / n) ** 2 / 4)
    limits = np.array([middle - reach, middle + reach]) / (1 + z**2 / n)
    assert (found.low, found.high) == pytest.approx(tuple(limits), rel=1e-12)


@pytest.mark.parametrize("wins", [np.zeros(12, int), np.full(12, 9), np.full(12, 3)])
def test_clusters_that_are_alike_do_not_make_a_rate_surer(wins: NDArray[np.integer]) -> None:
    """No variance between clusters, and none at all, claims no more than independence does."""
    persons = np.full(12, 9)
    found, plain = clustered_rate(wins, persons), rate(int(wins.sum()), 108)
    assert found.std_error == plain.std_error
    assert found.low <= plain.low + ROUNDING
    assert found.high >= plain.high - ROUNDING
    assert found.high - found.low > plain.high - plain.low


def test_one_cluster_gives_a_rate_without_an_interval() -> None:
    found = clustered_rate(np.array([0, 4]), np.array([0, 9]))
    assert found.value == 4 / 9
    assert np.isnan([found.std_error, found.low, found.high]).all()


@pytest.mark.parametrize(("counts", "limits"), NEWCOMBE.items())
def test_newcombe_as_published(counts: Four, limits: tuple[float, float]) -> None:
    found = difference(*counts, method="newcombe")
    assert (found.low, found.high) == pytest.approx(limits, abs=HALF_A_UNIT)
    assert np.isnan(found.p_value)  # it inverts no test


@pytest.mark.parametrize(("counts", "limits"), MIETTINEN_NURMINEN.items())
def test_miettinen_nurminen_as_published(counts: Four, limits: tuple[float, float]) -> None:
    """Known trap: statsmodels' own interval of this name is wrong (its issue 10269)."""
    found = difference(*counts, method="miettinen_nurminen")
    assert (found.low, found.high) == pytest.approx(limits, abs=HALF_A_UNIT)


def test_miettinen_nurminen_as_published_to_seven_decimals() -> None:
    found = difference(7, 34, 1, 34, method="miettinen_nurminen")
    assert (found.low, found.high) == pytest.approx((0.0270416, 0.3452912), abs=5.1e-8)


# ---- By their definitions -----------------------------------------------------------------------


def score_by_definition(counts: Four, gap: float) -> float:
    """Score statistic with the restricted rates found by maximising the likelihood."""
    k, n, k0, n0 = counts

    def loss(reference: float) -> float:
        group = reference + gap
        return -float(
            xlogy(k, group)
            + xlog1py(n - k, -group)
            + xlogy(k0, reference)
            + xlog1py(n0 - k0, -reference)
        )

    bounds = (max(0.0, -gap), min(1.0, 1 - gap))
    low = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
    high = low + gap
    variance = high * (1 - high) / n + low * (1 - low) / n0
    return float((k / n - k0 / n0 - gap) / np.sqrt(variance * (n + n0) / (n + n0 - 1)))


@pytest.mark.parametrize("confidence", [0.8, 0.95])
@pytest.mark.parametrize(
    "counts", [(56, 70, 48, 80), (9, 10, 3, 10), (0, 10, 0, 20), (10, 10, 0, 20), (3, 400, 39, 400)]
)
def test_the_score_at_the_limits_is_the_normal_quantile(counts: Four, confidence: float) -> None:
    found = difference(*counts, method="miettinen_nurminen", confidence=confidence)
    quantile = norm.ppf(0.5 + confidence / 2)
    for limit, expected in ((found.low, quantile), (found.high, -quantile)):
        if abs(limit) < 1:
            assert score_by_definition(counts, limit) == pytest.approx(expected, abs=1e-4)


@settings(deadline=None, max_examples=150)
@given(FOUR)
@example((0, 10, 0, 20))
@example((10, 10, 0, 20))
def test_the_test_of_no_difference_is_the_pooled_one(counts: Four) -> None:
    """At 0 both restricted rates are the overall one (a closed form of the same statistic)."""
    k, n, k0, n0 = counts
    overall, persons = (k + k0) / (n + n0), n + n0
    found = difference(*counts, method="miettinen_nurminen").p_value
    if overall in (0, 1):
        assert found == 1
        return
    error = np.sqrt(overall * (1 - overall) * (1 / n + 1 / n0) * persons / (persons - 1))
    expected = 2 * norm.sf(abs(k / n - k0 / n0) / error)
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-12)


@settings(deadline=None, max_examples=150)
@given(FOUR, st.sampled_from(["newcombe", "miettinen_nurminen"]), st.sampled_from([0.8, 0.95]))
@example((0, 10, 0, 10), "miettinen_nurminen", 0.95)
@example((1, 1, 0, 1), "miettinen_nurminen", 0.95)
@example((10, 10, 0, 20), "newcombe", 0.95)
def test_intervals_hold_the_estimate_within_bounds_and_turn_with_the_sides(
    counts: Four, method: Any, confidence: float
) -> None:
    found = difference(*counts, method=method, confidence=confidence)
    assert min(found.low + 1, 1 - found.high) >= -ROUNDING
    assert found.low - ROUNDING <= found.value <= found.high + ROUNDING
    assert found.low < found.high  # certain of nothing, even at 0/n against 0/n
    k, n, k0, n0 = counts
    turned = difference(k0, n0, k, n, method=method, confidence=confidence)
    assert turned.value == pytest.approx(-found.value, abs=1e-12)
    assert turned.std_error == pytest.approx(found.std_error, abs=1e-12)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low), abs=1e-7)


@settings(deadline=None, max_examples=150)
@given(FOUR, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
@example((56, 70, 48, 80), 0.99)
def test_a_miettinen_nurminen_test_rejects_where_the_interval_excludes_zero(
    counts: Four, confidence: float
) -> None:
    found = difference(*counts, method="miettinen_nurminen", confidence=confidence)
    assume(abs(found.p_value - (1 - confidence)) > 1e-9)
    excludes = found.low > 0 or found.high < 0
    assert excludes == (found.p_value < 1 - confidence)


@settings(deadline=None, max_examples=50)
@given(FOUR, st.sampled_from(["newcombe", "miettinen_nurminen"]))
def test_more_confidence_is_a_wider_interval(counts: Four, method: Any) -> None:
    narrow = difference(*counts, method=method, confidence=0.8)
    wide = difference(*counts, method=method, confidence=0.99)
    assert wide.low <= narrow.low + ROUNDING
    assert narrow.high <= wide.high + ROUNDING
    assert wide.value == narrow.value


# ---- Ratios -------------------------------------------------------------------------------------


@pytest.mark.parametrize("counts", [(56, 70, 48, 80), (9, 10, 3, 10), (607, 2000, 5263, 10_000)])
def test_ratios_as_in_statsmodels(counts: Four) -> None:
    k, n, k0, n0 = counts
    table = Table2x2(np.array([[k, n - k], [k0, n0 - k0]]))
    for found, value, limits, p_value, log_error in (
        (
            risk_ratio(*counts, confidence=0.9),
            table.riskratio,
            table.riskratio_confint(0.1),
            table.riskratio_pvalue(),
            table.log_riskratio_se,
        ),
        (
            odds_ratio(*counts, confidence=0.9),
            table.oddsratio,
            table.oddsratio_confint(0.1),
            table.oddsratio_pvalue(),
            table.log_oddsratio_se,
        ),
    ):
        assert found.value == pytest.approx(value, rel=1e-12)
        assert (found.low, found.high) == pytest.approx(limits, rel=1e-9)
        assert found.p_value == pytest.approx(p_value, rel=1e-9)
        assert found.std_error == pytest.approx(value * log_error, rel=1e-9)


def test_a_log_scale_estimate_turns_over_with_its_ratio() -> None:
    there, back = log_scale(1.6, 0.3, 0.95), log_scale(1 / 1.6, 0.3, 0.95)
    assert (back.low, back.high) == pytest.approx((1 / there.high, 1 / there.low))
    assert back.p_value == pytest.approx(there.p_value)
    assert log_scale(1.0, 0.3, 0.95).p_value == 1


# ---- No answer ----------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", [difference, risk_ratio, odds_ratio])
@pytest.mark.parametrize(
    ("counts", "reason"), [((0, 0, 1, 2), "empty_group"), ((1, 2, 0, 0), "empty_reference")]
)
def test_an_empty_side_has_no_comparison(estimator: Any, counts: Four, reason: str) -> None:
    with pytest.raises(NotEstimableError, match=f"^{reason}$"):
        estimator(*counts)


def test_a_rate_of_nobody_is_refused() -> None:
    with pytest.raises(NotEstimableError, match="no_persons"):
        rate(0, 0)


@pytest.mark.parametrize("counts", [(0, 5, 2, 6), (2, 5, 0, 6)])
def test_a_risk_ratio_needs_successes(counts: Four) -> None:
    with pytest.raises(NotEstimableError, match="no_successes"):
        risk_ratio(*counts)


@pytest.mark.parametrize("counts", [(0, 5, 2, 6), (2, 5, 0, 6), (5, 5, 2, 6), (2, 5, 6, 6)])
def test_an_odds_ratio_needs_successes_and_failures(counts: Four) -> None:
    with pytest.raises(NotEstimableError, match="zero_count"):
        odds_ratio(*counts)
