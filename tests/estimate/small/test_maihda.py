"""The logit with random intercepts: against R, at its limits, and what must not change it."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import export_data
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import binom, chi2, norm

from analysis.estimate.fits import NotEstimableError, fit_logit
from analysis.estimate.small.maihda import (
    RandomIntercept,
    fit_random_intercept,
    integrate,
    modes,
    profile,
    variance_partition,
)
from analysis.estimate.small.maihda_intervals import Uncertainty, uncertainty, weighted_quantiles

REFERENCE = Path(__file__).parents[2] / "reference" / "intersections.json"
VALUES: dict[str, Any] = json.loads(REFERENCE.read_text())
MODELS = ("null", "additive")


def trait_frames() -> dict[str, pd.DataFrame]:
    """Give the rows that `intersections.R` counts."""
    loanapp, fair = export_data.loanapp_frame(), export_data.fair_frame()
    traits = pd.DataFrame(
        {
            "y": fair["y"],
            "children": fair["group"],
            "older": fair["age"] >= 32,
            "devout": fair["religious"] >= 3,
            "unhappy": fair["rate_marriage"] <= 3,
            "graduate": fair["educ"] >= 16,
        }
    )
    return {"loanapp": loanapp[["y", *VALUES["loanapp"]["traits"]]], "fair": traits}


def count_strata(rows: pd.DataFrame, traits: list[str]) -> pd.DataFrame:
    counted = rows.groupby(traits)["y"].agg(n="size", successes="sum").reset_index()
    return counted.astype(dict.fromkeys(traits, bool))


@pytest.fixture(scope="module", params=[(d, m) for d in ("loanapp", "fair") for m in MODELS])
def fitted(request: pytest.FixtureRequest) -> SimpleNamespace:
    data, model = request.param
    traits = VALUES[data]["traits"]
    strata = count_strata(trait_frames()[data], traits)
    logit = fit_logit(strata, [], traits if model == "additive" else [])
    return SimpleNamespace(
        strata=strata,
        logit=logit,
        found=fit_random_intercept(logit),
        values=VALUES[data][model],
        counts=VALUES[data],
    )


def drawn_strata(seed: int, sigma: float, n: list[int] | None = None) -> pd.DataFrame:
    """Draw the counts of the eight strata of three traits."""
    random = np.random.default_rng(seed)
    traits = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)], dtype=bool)
    index = 0.2 - traits @ [0.4, 0.6, 0.5] + sigma * random.standard_normal(8)
    sizes = np.array(n or [900, 400, 500, 150, 120, 40, 60, 20])
    strata = pd.DataFrame(traits, columns=["a", "b", "c"])
    rates = expit(index)
    return strata.assign(n=sizes, successes=random.binomial(sizes, rates), rate=rates)


def fit_drawn(strata: pd.DataFrame) -> RandomIntercept:
    return fit_random_intercept(fit_logit(strata, [], ["a", "b", "c"]))


def sure(model: RandomIntercept) -> Uncertainty:
    return uncertainty(model, model)


# ---- Against R ----------------------------------------------------------------------------------


def test_strata_are_those_of_r(fitted: SimpleNamespace) -> None:
    assert list(fitted.strata["n"]) == fitted.counts["n"]
    assert list(fitted.strata["successes"]) == fitted.counts["successes"]


def test_estimates_meet_r(fitted: SimpleNamespace) -> None:
    found, values = fitted.found, fitted.values
    coefficients = np.atleast_1d(values["coefficients"])
    np.testing.assert_allclose(found.at.coefficients[0], coefficients, rtol=1e-8)
    assert found.sigma == pytest.approx(values["sigma"], rel=1e-8)
    assert found.at.log_likelihood[0] == pytest.approx(values["log_likelihood"], abs=1e-9)
    np.testing.assert_allclose(found.shrunk_rates(), values["shrunk_rates"], rtol=1e-8)


def test_profile_of_sigma_meets_r(fitted: SimpleNamespace) -> None:
    found = profile(fitted.logit, np.array(VALUES["header"]["sigmas"]))
    np.testing.assert_allclose(found.log_likelihood, fitted.values["profile"], atol=1e-8)


def test_quadrature_is_that_of_lme4(fitted: SimpleNamespace) -> None:
    """With more than one node, lme4 counts from the likelihood of the strata's own rates."""
    theirs, logit = fitted.values["lme4"], fitted.logit
    index = logit.design.matrix @ np.atleast_1d(theirs["coefficients"])
    at = integrate(index, np.full_like(index, theirs["sigma"]), logit.n, logit.successes)
    saturated = binom.logpmf(logit.successes, logit.n, logit.successes / logit.n).sum()
    found = at.log_likelihood.sum() - saturated
    assert found == pytest.approx(theirs["log_likelihood"], abs=1e-9)
    np.testing.assert_allclose(theirs["sigma"] * at.mode, theirs["modes"], atol=1e-9)


def test_the_maximum_is_no_lower_than_that_of_lme4(fitted: SimpleNamespace) -> None:
    theirs = fitted.values["lme4"]
    saturated = binom.logpmf(
        fitted.logit.successes, fitted.logit.n, fitted.logit.successes / fitted.logit.n
    ).sum()
    gain = fitted.found.at.log_likelihood[0] - saturated - theirs["log_likelihood"]
    assert -1e-9 < gain < 1e-7
    coefficients = np.atleast_1d(theirs["coefficients"])
    errors = np.sqrt(np.diag(fitted.found.at.bread[0]))
    assert (np.abs(fitted.found.at.coefficients[0] - coefficients) < 1e-3 * errors).all()
    assert fitted.found.sigma == pytest.approx(theirs["sigma"], rel=1e-4)


# ---- The integral -------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 5, 300, 20_000])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("sigma", [0.0, 0.3, 1.0, 2.0])
def test_integral_equals_that_of_another_quadrature(n: int, share: float, sigma: float) -> None:
    k, index = round(share * n), -0.7

    def density(z: float) -> float:
        return float(np.exp(binom.logpmf(k, n, expit(index + sigma * z)) + norm.logpdf(z) - top))

    place, scale = (float(one) for one in modes(*map(np.asarray, (index, sigma, n, k))))
    top = binom.logpmf(k, n, expit(index + sigma * place)) + norm.logpdf(place)
    reach = (place - 12 * scale - 2, place + 12 * scale + 2)
    whole, _ = quad(density, *reach, points=[place], epsabs=0, epsrel=1e-11, limit=400)
    found = integrate(*map(np.asarray, (index, sigma, n, k))).log_likelihood
    assert found == pytest.approx(top + np.log(whole), abs=1e-6)


def test_modes_are_where_the_slope_is_zero() -> None:
    n = np.array([1.0, 1.0, 30.0, 11_000.0, 11_000.0])
    k = np.array([0.0, 1.0, 30.0, 0.0, 2684.0])
    for index in (-30.0, -2.0, 0.0, 3.0, 30.0):
        for sigma in (0.0, 0.01, 0.5, 4.0):
            z, _ = modes(np.full(5, index), np.full(5, sigma), n, k)
            slope = sigma * (k - n * expit(index + sigma * z)) - z
            assert np.abs(slope).max() < 1e-5


# ---- At its limits ------------------------------------------------------------------------------


def test_without_variance_it_is_the_logit() -> None:
    strata = drawn_strata(3, 0.0, [2000] * 8)
    strata["successes"] = (strata["n"] * expit(0.2 - strata[["a", "b", "c"]].sum(axis=1))).round()
    logit = fit_logit(strata, [], ["a", "b", "c"])
    found = fit_random_intercept(logit)
    assert found.sigma == 0
    np.testing.assert_allclose(found.shrunk_rates(), logit.fitted, rtol=1e-9)
    assert (found.beyond_main_effects() == 0).all()
    np.testing.assert_allclose(found.at.bread[0], logit.bread, rtol=1e-8)
    assert found.sigma_interval(0.95)[0] == 0


def test_a_variance_just_above_zero_is_found() -> None:
    """The grid's first step above 0 is lower than 0 here, but the likelihood rises from 0."""
    for scale in np.linspace(0.1, 2.0, 40):
        strata = drawn_strata(3, 0.0, [4000] * 8)
        signs = np.array([1, -1, -1, 1, -1, 1, 1, -1])
        index = 0.2 - strata[["a", "b", "c"]].sum(axis=1) + scale * 0.045 * signs
        strata["successes"] = (strata["n"] * expit(index)).round()
        found = fit_drawn(strata)
        assert found.at.log_likelihood[0] >= found.grid.log_likelihood.max() - 1e-9
        if found.sigma:
            assert abs(found.at.slope[0]) < 1e-4


def test_with_much_variance_rates_are_the_raw_ones(fitted: SimpleNamespace) -> None:
    logit = fitted.logit
    at = profile(logit, np.array([4.0]))
    index = at.coefficients[0] @ logit.design.matrix.T
    found = integrate(index, np.full_like(index, 4.0), logit.n, logit.successes)
    rates = (found.weights * found.rate).sum(axis=-1)
    raw = logit.successes / logit.n
    large = logit.n >= 100
    np.testing.assert_allclose(rates[large], raw[large], atol=0.005)


@given(seed=st.integers(0, 10_000), sigma=st.floats(0.1, 1.0))
@settings(max_examples=20, deadline=None)
def test_shrunk_rates_lie_between_raw_and_additive_ones(seed: int, sigma: float) -> None:
    strata = drawn_strata(seed, sigma)
    found = fit_drawn(strata)
    raw, main = strata["successes"] / strata["n"], expit(found.index)
    mode = expit(found.index + found.sigma * found.posterior().mode)
    low, high = np.minimum(raw, main) - 1e-9, np.maximum(raw, main) + 1e-9
    assert ((mode >= low) & (mode <= high)).all()


def test_larger_strata_are_shrunk_less() -> None:
    strata = drawn_strata(11, 0.8, [20, 40, 80, 160, 320, 640, 1280, 2560])
    strata["successes"] = (strata["n"] * 0.3).round()
    strata.loc[::2, "successes"] = (strata.loc[::2, "n"] * 0.7).round()
    found = fit_random_intercept(fit_logit(strata, [], []))
    raw = strata["successes"] / strata["n"]
    overall = float(expit(found.index[0]))
    kept = (found.shrunk_rates() - overall) / (raw - overall)
    assert (kept.iloc[::2].diff().dropna() > 0).all()
    assert (kept.iloc[1::2].diff().dropna() > 0).all()
    assert kept.between(0, 1).all()


@given(seed=st.integers(0, 10_000), order=st.permutations(range(8)))
@settings(max_examples=8, deadline=None)
def test_order_and_relabelling_change_nothing(seed: int, order: list[int]) -> None:
    """The categories' meaning turned round, the strata and the categories in another order."""
    strata = drawn_strata(seed, 0.4)
    first = fit_drawn(strata)
    other = strata.iloc[order].assign(a=lambda rows: ~rows["a"])
    second = fit_random_intercept(fit_logit(other, [], ["c", "a", "b"]))
    assert second.sigma == pytest.approx(first.sigma, abs=1e-6)
    np.testing.assert_allclose(second.shrunk_rates(), first.shrunk_rates()[order], atol=1e-8)
    own = list(sure(first).strata(0.9))
    for (rate, _), place in zip(sure(second).strata(0.9), order, strict=True):
        assert rate.low == pytest.approx(own[place][0].low, abs=1e-4)
        assert rate.high == pytest.approx(own[place][0].high, abs=1e-4)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"successes": 0}, "one_sided"),
        ({"n": 0, "successes": 0}, "no_persons"),
    ],
)
def test_nothing_is_made_of_nothing(change: dict[str, int], reason: str) -> None:
    with pytest.raises(NotEstimableError) as raised:
        fit_drawn(drawn_strata(1, 0.3).assign(**change))
    assert raised.value.reason == reason


def test_no_stratum_left_over_is_refused() -> None:
    strata = drawn_strata(1, 0.3).iloc[[0, 1, 2, 4]]
    with pytest.raises(NotEstimableError, match="few_strata: 4"):
        fit_drawn(strata)


def test_a_likelihood_that_rises_without_end_is_refused() -> None:
    """Each stratum all or nothing, not told apart by main effects."""
    strata = drawn_strata(1, 0.3, [50] * 8)
    pure = (strata["a"] ^ strata["b"] ^ strata["c"]) * strata["n"]
    with pytest.raises(NotEstimableError, match="no_convergence"):
        fit_drawn(strata.assign(successes=pure))


# ---- Intervals ----------------------------------------------------------------------------------


def test_share_of_the_variance() -> None:
    assert variance_partition(0.0) == 0
    assert variance_partition(np.pi / np.sqrt(3)) == pytest.approx(0.5)
    assert variance_partition(np.inf) == 1


def test_limits_of_sigma_are_where_the_likelihood_has_fallen(fitted: SimpleNamespace) -> None:
    found: RandomIntercept = fitted.found
    low, high = found.sigma_interval(0.95)
    assert low <= found.sigma <= high
    fine = profile(fitted.logit, np.linspace(0.0, 3.0, 1501))
    top = fine.adjusted.max()
    for limit in (low, high):
        if limit > 0:
            fallen = top - profile(fitted.logit, np.array([limit])).adjusted[0]
            assert fallen == pytest.approx(chi2.ppf(0.95, 1) / 2, abs=1e-3)


def test_grid_of_a_stratum_gives_back_its_posterior_mean() -> None:
    """With σ and β known, intervals would be those of the density that quadrature integrates."""
    model = fit_drawn(drawn_strata(7, 0.5))
    one = profile(model.logit, np.array([model.sigma]))
    at = Uncertainty(model, model, replace(one, bread=one.bread * 1e-12), np.ones(1))
    for number, rate in enumerate(model.shrunk_rates()):
        value, main, weights = at._points(number)
        assert weights.sum() == pytest.approx(1)
        assert weights @ value == pytest.approx(rate, abs=1e-6)
        assert main == pytest.approx(expit(model.index[number]), abs=1e-5)


def test_intervals_grow_with_confidence_and_shrink_with_persons() -> None:
    strata = drawn_strata(5, 0.5)
    more = strata.assign(n=strata["n"] * 4, successes=strata["successes"] * 4)
    for (narrow, _), (wide, _), (sharp, _) in zip(
        sure(fit_drawn(strata)).strata(0.8),
        sure(fit_drawn(strata)).strata(0.95),
        sure(fit_drawn(more)).strata(0.95),
        strict=True,
    ):
        assert wide.low < narrow.low < narrow.high < wide.high
        assert sharp.high - sharp.low < wide.high - wide.low


@pytest.mark.parametrize("sigma", [0.0, 0.4])
def test_intervals_cover_the_strata_they_are_of(sigma: float) -> None:
    """Over 25 draws of eight strata; a 90% interval misses a tenth, give or take."""
    held = []
    for seed in range(25):
        strata = drawn_strata(seed, sigma)
        found = sure(fit_drawn(strata)).strata(0.9)
        for (rate, _), truth in zip(found, strata["rate"], strict=True):
            held.append(rate.low <= truth <= rate.high)
    assert 0.83 < np.mean(held) < 0.98


@given(
    points=st.lists(st.floats(-5, 5), min_size=2, max_size=30, unique=True),
    level=st.floats(0.05, 0.95),
)
@settings(max_examples=30, deadline=None)
def test_quantiles_part_the_weights(points: list[float], level: float) -> None:
    values = np.array(points)
    weights = np.full(len(values), 1 / len(values))
    found = weighted_quantiles(values, weights, np.array([level]))[0]
    assert values.min() <= found <= values.max()
    assert weights[values < found].sum() <= level + 1 / len(values)
    assert weights[values > found].sum() <= 1 - level + 1 / len(values)


def test_additive_share_is_one_if_nothing_is_left_over() -> None:
    strata = drawn_strata(3, 0.0, [20_000] * 8)
    strata["successes"] = (strata["n"] * expit(0.2 - strata[["a", "b", "c"]].sum(axis=1))).round()
    found = sure(fit_drawn(strata)).additive_share(1.0, 0.95)
    assert found.high == 1
    assert found.low > 0.98


def test_fractional_counts_are_taken() -> None:
    """The intervals of clustered studies rest on them."""
    strata = drawn_strata(5, 0.5)
    scaled = strata.assign(n=strata["n"] * 0.3, successes=strata["successes"] * 0.3)
    full, part = fit_drawn(strata).sigma_interval(0.95), fit_drawn(scaled).sigma_interval(0.95)
    assert part[1] > full[1]
