"""Forecasts: what they cover, what they can't be made of, and the numbers of statsmodels."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from statsmodels.tsa.statespace.structural import UnobservedComponents

from analysis.impact import forecast as module
from analysis.impact.forecast import forecast, forecast_measures, not_forecast

CONFIDENCE = 0.9
SEASON = 0.2 * np.sin(np.arange(12) / 12 * 2 * np.pi)


def by_month(values: NDArray[np.float64] | list[float], first: str = "2020-01") -> pd.Series:
    months = pd.period_range(first, periods=len(values), freq="M", name="month")
    return pd.Series(values, index=months, dtype=float)


def simulated(months: int, noise: float, steps: float, seed: int) -> NDArray[np.float64]:
    """Draw from the model itself, in kilograms."""
    rng = np.random.default_rng(seed)
    level = np.log(30_000) + 0.005 * np.arange(months) + np.cumsum(rng.normal(0, steps, months))
    values: NDArray[np.float64] = np.exp(
        level + np.resize(SEASON, months) + rng.normal(0, noise, months)
    )
    return values


def measured(series: pd.Series, months: int = 12, draws: int = 2000) -> pd.DataFrame:
    return forecast_measures(series, months, CONFIDENCE, draws=draws, seed=1)


def one(table: pd.DataFrame, measure: str) -> pd.Series:
    (row,) = (row for _, row in table[table["measure"] == measure].iterrows())
    return row


@pytest.mark.parametrize(("noise", "steps"), [(0.05, 0.02), (0.03, 0.04)])
def test_intervals_of_months_and_of_their_sum_cover(noise: float, steps: float) -> None:
    months, sums = [], []
    for seed in range(80):
        values = simulated(48, noise, steps, seed)
        found = forecast(by_month(values[:36]), 12, draws=500, seed=seed)
        low, high = np.quantile(found.draws, [0.05, 0.95], axis=0)
        months.append(np.mean((low <= values[36:]) & (values[36:] <= high)))
        low, high = np.quantile(found.draws.sum(axis=1), [0.05, 0.95])
        sums.append(low <= values[36:].sum() <= high)
    # Three standard errors of 80 draws of 90% are 0.1.
    assert 0.8 <= np.mean(months) <= 1
    assert 0.8 <= np.mean(sums) <= 1


def test_the_interval_of_a_sum_counts_that_months_err_together() -> None:
    found = forecast(by_month(simulated(36, 0.01, 0.05, 3)), 12, draws=4000, seed=1)
    together = found.draws.sum(axis=1).std()
    apart = np.sqrt((found.draws.std(axis=0) ** 2).sum())
    assert together > 1.5 * apart


def test_a_constant_series_goes_on() -> None:
    table = measured(by_month([500.0] * 30), 3)
    months = table[table["measure"] == "emissions_forecast"]
    for column in ("estimate", "ci_low", "ci_high"):
        np.testing.assert_allclose(months[column], 0.5, rtol=1e-6)
    assert one(table, "emissions_year_ahead")["estimate"] == pytest.approx(6)
    assert one(table, "emissions_year_ahead_change")["estimate"] == pytest.approx(0, abs=1e-6)


def test_trend_and_season_without_noise_go_on() -> None:
    values = 1000 * np.exp(0.01 * np.arange(42) + np.resize(SEASON, 42))
    found = forecast(by_month(values[:30]), 12, draws=100, seed=1)
    np.testing.assert_allclose(found.draws, np.tile(values[30:], (100, 1)), rtol=1e-6)


def test_fewer_months_than_two_years_are_told() -> None:
    table = measured(by_month(simulated(23, 0.05, 0, 1)))
    assert len(table) == 1
    assert np.isnan(table["estimate"].iloc[0])
    assert table["note"].iloc[0] == "too_few_months=23"
    assert len(measured(by_month(simulated(24, 0.05, 0, 1)))) > 1


def test_months_that_are_not_known_are_no_zeros_and_do_not_count() -> None:
    values = simulated(37, 0.02, 0.01, 5)
    whole = measured(by_month(values[:36]))
    values[20] = np.nan
    holey = measured(by_month(values[:36]))
    change = one(holey, "emissions_year_ahead")["estimate"]
    assert change == pytest.approx(one(whole, "emissions_year_ahead")["estimate"], rel=0.05)
    # 35 known months are no longer enough for a backtest.
    assert "backtest_coverage" in set(whole["measure"])
    assert "backtest_coverage" not in set(holey["measure"])
    values[:14] = np.nan
    assert not_forecast(by_month(values[:36])) == "too_few_months=21"


def test_a_calendar_month_that_is_never_known_has_no_season() -> None:
    values = simulated(48, 0.05, 0, 1)
    values[7::12] = np.nan
    assert not_forecast(by_month(values)) == "rare_calendar_months=1"


def test_what_is_not_known_at_the_end_is_not_forecast_from() -> None:
    values = simulated(36, 0.05, 0, 1)
    table = measured(by_month([*values, np.nan, np.nan]), 2)
    months = table[table["measure"] == "emissions_forecast"]
    assert list(months["period"]) == ["2023-01", "2023-02"]
    assert one(table, "emissions_year_ahead")["period"] == "2023"


def test_zero_months_are_modelled_as_they_are_and_no_limit_is_below_zero() -> None:
    values = simulated(36, 0.3, 0, 1)
    values[[3, 15, 30]] = 0
    table = measured(by_month(values))
    ahead = table[table["measure"].str.startswith("emissions_")]
    assert (ahead["note"] == "in_levels").all()
    assert (ahead.loc[ahead["unit"] == "t CO2e", "ci_low"] >= 0).all()
    zeros = measured(by_month([0.0] * 36))
    assert (zeros.loc[zeros["measure"] == "emissions_forecast", "ci_high"] == 0).all()
    assert one(zeros, "emissions_year_ahead_change")["note"] == "nothing_below"


def test_the_unit_changes_nothing() -> None:
    values = simulated(36, 0.05, 0.02, 2)
    kilograms, grams = (forecast(by_month(v), 12, draws=50, seed=1) for v in (values, 1e3 * values))
    np.testing.assert_allclose(1e3 * kilograms.draws, grams.draws, rtol=1e-8)


def test_draws_follow_from_the_seed() -> None:
    series = by_month(simulated(36, 0.05, 0.02, 2))
    pd.testing.assert_frame_equal(measured(series), measured(series))
    assert not measured(series).equals(forecast_measures(series, 12, 0.9, draws=2000, seed=2))


def test_the_year_ahead_is_told_whatever_the_months_shown() -> None:
    series = by_month(simulated(30, 0.05, 0.02, 2))
    few, many = measured(series, 1), measured(series, 24)
    assert (few["measure"] == "emissions_forecast").sum() == 1
    assert (many["measure"] == "emissions_forecast").sum() == 24
    year = one(few, "emissions_year_ahead")
    assert year["period"] == "2022-07/2023-06"
    change = one(few, "emissions_year_ahead_change")
    last = series.iloc[-12:].sum() / 1000
    assert change["estimate"] == pytest.approx(year["estimate"] / last - 1)


def test_decimals_are_those_that_the_interval_supports() -> None:
    row = one(measured(by_month(simulated(36, 0.05, 0.02, 2))), "emissions_year_ahead")
    half = (row["ci_high"] - row["ci_low"]) / 2
    assert 10 <= half < 100
    assert row["digits"] == -1


def test_the_backtest_forecasts_the_last_year_from_those_before() -> None:
    values = simulated(36, 0.05, 0.02, 2)
    table = measured(by_month(values))
    earlier = measured(by_month(values[:24]))
    told, own = one(table, "backtest_year_ahead"), one(earlier, "emissions_year_ahead")
    assert told["period"] == own["period"] == "2022"
    assert told["estimate"] == own["estimate"]
    assert one(table, "backtest_actual")["estimate"] == pytest.approx(values[24:].sum() / 1000)
    months = earlier[earlier["measure"] == "emissions_forecast"]
    inside = months["ci_low"].le(values[24:] / 1e3) & months["ci_high"].ge(values[24:] / 1e3)
    assert one(table, "backtest_coverage")["estimate"] == inside.mean()
    assert one(table, "backtest_coverage")["note"] == f"within_interval={inside.sum()}"


def test_a_break_in_the_last_year_is_seen_by_the_backtest() -> None:
    values = simulated(36, 0.03, 0.0, 2)
    values[24:] *= 3
    assert one(measured(by_month(values)), "backtest_coverage")["estimate"] == 0


@pytest.mark.parametrize("share", [0.0, 0.35, 1.0])
def test_mean_and_covariance_are_those_of_statsmodels(share: float) -> None:
    values = np.log(simulated(36, 0.05, 0.02, 2))
    model = UnobservedComponents(
        values, level="lldtrend", seasonal=12, stochastic_seasonal=False, use_exact_diffuse=True
    )
    params = np.array([(1 - share) / 2, share])
    model.update(params)
    mean, joint = module._next_values(model, model.ssm.filter(), 18)
    theirs = model.smooth(params).get_forecast(18)
    np.testing.assert_allclose(mean, theirs.predicted_mean, rtol=1e-8)
    np.testing.assert_allclose(np.diag(joint), theirs.var_pred_mean, rtol=1e-8)


@pytest.mark.parametrize("lost", [[], [3, 20]])
def test_draws_are_those_of_regression_with_correlated_errors(
    lost: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Level, drift and seasons as coefficients: the best linear predictor of Goldberger (1962)."""
    share, months, ahead = 0.35, 36, 12
    values = np.log(simulated(months, 0.05, 0.02, 2))
    values[lost] = np.nan
    monkeypatch.setattr(module, "SHARES", np.array([share]))
    drawn = module._draws(values, ahead, 200_000, np.random.default_rng(1))

    time = np.arange(months + ahead)
    design = np.column_stack([time, *(time % 12 == month for month in range(12))]).astype(float)
    noise = np.eye(months + ahead) * (1 - share) / 2
    covariance = noise + share * np.minimum.outer(time + 1, time + 1)
    known, later = np.flatnonzero(np.isfinite(values)), time >= months
    inner = np.linalg.inv(covariance[np.ix_(known, known)])
    across = covariance[np.ix_(later, known)] @ inner
    bread = np.linalg.inv(design[known].T @ inner @ design[known])
    slopes = bread @ design[known].T @ inner @ values[known]
    errors = values[known] - design[known] @ slopes
    freedom = len(known) - 13
    scale = errors @ inner @ errors / freedom
    reach = design[later] - across @ design[known]
    joint = covariance[np.ix_(later, later)] - across @ covariance[np.ix_(known, later)]
    joint = scale * (joint + reach @ bread @ reach.T) * freedom / (freedom - 2)

    spread = np.sqrt(np.diag(joint))
    middle = design[later] @ slopes + across @ errors
    np.testing.assert_allclose(drawn.mean(axis=0), middle, atol=0.02 * spread.min())
    np.testing.assert_allclose(
        np.cov(drawn.T) / np.outer(spread, spread), joint / np.outer(spread, spread), atol=0.03
    )
