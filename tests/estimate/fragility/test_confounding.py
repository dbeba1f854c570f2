"""Omitted variable bias: published values, a confounder that is really there, and its limits."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from analysis.estimate.fits import NotEstimableError
from analysis.estimate.fragility.confounding import (
    LeastSquares,
    Strength,
    benchmark,
    e_value,
    robustness_value,
)

DARFUR = Path(__file__).resolve().parents[4] / "shared" / "reference" / "darfur.csv"
SHARES = st.floats(0.001, 0.4)


def squares_of(*columns: np.ndarray) -> LeastSquares:
    """Cross-products of an intercept, the columns and the outcome, which stands last."""
    rows = np.column_stack([np.ones(len(columns[0])), *columns])
    return LeastSquares(rows.T @ rows, len(rows))


def coefficient(squares: LeastSquares, column: int) -> float:
    size = squares.outcome
    cross = squares.cross
    return float(np.linalg.solve(cross[:size, :size], cross[:size, size])[column])


@pytest.fixture(scope="module")
def darfur() -> LeastSquares:
    """Give the model of Cinelli and Hazlett (2020): the group is column 1, female column 7."""
    if not DARFUR.is_file():
        pytest.skip("darfur.csv is not at ../shared/reference")
    data = pd.read_csv(DARFUR)
    names = ["directlyharmed", "age", "farmer_dar", "herder_dar", "pastvoted", "hhsize_darfur"]
    numeric = data[[*names, "female"]].to_numpy(dtype=float).T
    villages = pd.get_dummies(data["village"], drop_first=True, dtype=float).to_numpy().T
    return squares_of(*numeric, *villages, data["peacefactor"].to_numpy())


def test_published_robustness_values(darfur: LeastSquares) -> None:
    scale, freedom = darfur.scale(1), darfur.freedom
    estimate = coefficient(darfur, 1)
    assert freedom == 783
    assert estimate == pytest.approx(0.09731582, rel=1e-6)
    assert scale / freedom**0.5 == pytest.approx(0.02325654, rel=1e-6)
    f = estimate / scale
    assert robustness_value(f) == pytest.approx(0.1387764, rel=1e-6)
    threshold = t(freedom - 1).ppf(0.975) / (freedom - 1) ** 0.5
    assert robustness_value(f, threshold) == pytest.approx(0.07625797, rel=1e-6)
    assert darfur.partial_r2(darfur.outcome, [1]) == pytest.approx(f**2 / (1 + f**2), rel=1e-9)


@pytest.mark.parametrize(
    ("times", "group", "outcome", "estimate", "error", "low", "high"),
    [
        (1, 0.00916428667504862, 0.12464092303637, 0.0752202712144491, 0.0218733277437572,
         0.032282966, 0.11815758),
        (2, 0.0183285733500972, 0.249324064199975, 0.0529151723844518, 0.0203500620779637,
         0.012968035, 0.09286231),
        (3, 0.0274928600251459, 0.374050471038094, 0.0303960234641548, 0.0186700648170924,
         -0.006253282, 0.06704533),
    ],
)  # fmt: skip
def test_published_bounds(
    darfur: LeastSquares,
    times: int,
    group: float,
    outcome: float,
    estimate: float,
    error: float,
    low: float,
    high: float,
) -> None:
    """A confounder as strong as being female, or more so: values of sensemakr's own tests."""
    female = [7]
    strength = benchmark(
        darfur.partial_r2(1, female), darfur.partial_r2(darfur.outcome, female), times
    )
    assert strength.group == pytest.approx(group, rel=1e-9)
    assert strength.outcome == pytest.approx(outcome, rel=1e-9)
    found = coefficient(darfur, 1) - strength.bias * darfur.scale(1)
    assert found == pytest.approx(estimate, rel=1e-9)
    freedom = darfur.freedom
    wide = darfur.scale(1) / freedom**0.5 * strength.error_factor * (freedom / (freedom - 1)) ** 0.5
    assert wide == pytest.approx(error, rel=1e-9)
    # sensemakr's interval takes the degrees of freedom without the confounder.
    reach = t(freedom).ppf(0.975) * wide
    assert (found - reach, found + reach) == pytest.approx((low, high), rel=1e-6)


@pytest.mark.parametrize(("ratio", "value"), [(3.9, 7.263), (0.80, 1.809), (0.91, 1.429)])
def test_published_e_values(ratio: float, value: float) -> None:
    assert round(e_value(ratio), 3) == value


def test_a_ratio_of_one_needs_no_confounder() -> None:
    assert e_value(1.0) == 1.0
    assert e_value(4.0) == pytest.approx(e_value(0.25), rel=1e-12)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_a_confounder_that_is_measured_after_all_makes_the_bias_foretold(seed: int) -> None:
    """Leave a variable out: its two shares tell the bias and the error exactly."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, 60))
    d = (x + 0.8 * z + rng.normal(size=60) > 0).astype(float)
    y = 0.3 * d + x - 0.9 * z + rng.normal(size=60)
    short, whole = squares_of(x, d, y), squares_of(x, d, z, y)
    strength = Strength(whole.partial_r2(2, [3]), whole.partial_r2(whole.outcome, [3]))
    # Between group and confounder, given the adjusters: the outcome is in neither.
    gap = coefficient(short, 2) - coefficient(whole, 2)
    assert abs(gap) == pytest.approx(strength.bias * short.scale(2), rel=1e-8)
    assert whole.scale(2) == pytest.approx(short.scale(2) * strength.error_factor, rel=1e-8)


@given(st.floats(0.001, 3))
def test_a_confounder_of_the_robustness_value_takes_all_of_the_estimate(f: float) -> None:
    share = robustness_value(f)
    assert Strength(share, share).bias == pytest.approx(f, rel=1e-9)


@given(st.floats(0.01, 4), st.floats(0.001, 0.9))
@settings(max_examples=40)
def test_the_robustness_value_of_a_test_is_where_its_interval_meets_zero(
    f: float, threshold: float
) -> None:
    share = robustness_value(f, threshold)
    if f <= threshold:
        assert share == 0
        return
    assert 0 < share <= robustness_value(f) + 1e-12
    # The confounder may explain less of the outcome, if that leaves a larger error.
    of_outcome = np.linspace(0, share, 2001)
    found = [
        Strength(share, one).bias + threshold * Strength(share, one).error_factor
        for one in of_outcome
    ]
    assert max(found) == pytest.approx(f, rel=1e-5)


def test_nothing_to_explain_needs_no_strength() -> None:
    assert robustness_value(0.0) == 0.0
    assert robustness_value(0.1, 0.2) == 0.0


@given(SHARES, SHARES)
def test_twice_as_strong_is_stronger(group: float, outcome: float) -> None:
    try:
        once, twice = benchmark(group, outcome, 1), benchmark(group, outcome, 2)
    except NotEstimableError:
        return
    assert once.group < twice.group < 1
    assert once.outcome < twice.outcome < 1


@pytest.mark.parametrize(("group", "outcome"), [(0.6, 0.1), (1.0, 0.1), (0.1, 0.9), (0.1, 1.0)])
def test_no_confounder_can_explain_more_than_is_left(group: float, outcome: float) -> None:
    with pytest.raises(NotEstimableError, match="confounder_too_strong"):
        benchmark(group, outcome, 2)


def test_a_variable_that_the_others_determine_has_no_share() -> None:
    x = np.arange(20.0)
    d = (x > 9).astype(float)
    squares = squares_of(x, d, 3 + 2 * x)
    with pytest.raises(NotEstimableError, match="no_variation"):
        squares.partial_r2(squares.outcome, [2])
