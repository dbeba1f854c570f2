"""What the months to come will emit, with intervals, and how such forecasts have done before."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.tsa.statespace.structural import UnobservedComponents

from analysis.estimate.results import write_note
from analysis.impact.emissions import KG_A_TONNE, tonne_digits
from analysis.impact.measures import MeasureUnit, measure_table
from analysis.impact.precision import supported_digits
from analysis.vocabulary import ALL, MONTHS_A_YEAR

Floats = NDArray[np.float64]
Row = dict[str, Any]

FORECAST: Final = "emissions-forecast"
"""Name that the table is saved under."""
LEAST_MONTHS: Final = 24
LEAST_BACKTEST: Final = LEAST_MONTHS + MONTHS_A_YEAR
LEAST_SEEN: Final = 2
"""Years that each calendar month must be known in, to tell its season from its noise."""
SHARES: Final = np.linspace(0, 1, 21)
"""Of the level's part in the variance of a month's change: the grid that is averaged over."""
SMALLEST_SQUARES: Final = 1e-20
"""Below it the residuals of a series of about one in size are rounding: the model fits exactly."""
SOURCE: Final = "emissions"


@dataclass(frozen=True)
class Forecast:
    """Draws of the months that follow a series, from their joint prediction.

    Attributes
    ----------
    first
        The first of these months.
    draws
        In the series' unit, shape (draws, months).
    in_levels
        Whether the model was one of the values, as some are zero, and not of their logarithms.
    """

    first: pd.Period
    draws: Floats
    in_levels: bool


def not_forecast(series: pd.Series) -> str:
    """Why a monthly series can't be forecast, as a note; empty if it can.

    Parameters
    ----------
    series
        By month (a PeriodIndex without gaps); months that are not known are missing.
    """
    known = series.dropna()
    if len(known) < LEAST_MONTHS:
        return write_note(too_few_months=len(known))
    seen = (
        known.groupby(pd.PeriodIndex(known.index).month)
        .size()
        .reindex(range(1, MONTHS_A_YEAR + 1), fill_value=0)
    )
    return write_note(rare_calendar_months=int((seen < LEAST_SEEN).sum()) or None)


def forecast(series: pd.Series, months: int, *, draws: int, seed: int) -> Forecast:
    """Forecast a monthly series by a local level with drift and fixed seasons.

    The logarithm of a month's value is a level, which moves by a drift and a random step, plus the
    season of its calendar month, plus noise. Level, drift and seasons start diffuse; the share of
    the steps in the variance is averaged over a grid by its marginal likelihood, and the scale
    integrated out, so that the draws carry the uncertainty of everything estimated. Nothing is
    optimised, so nothing can fail to converge. See docs/methods.md.

    Parameters
    ----------
    series
        By month (a PeriodIndex without gaps), none negative, for which `not_forecast` is empty;
        missing where a month is not known.
    months
        How many to forecast after the last month of the series.
    draws, seed
        Of the simulation.

    Notes
    -----
    The exact diffuse Kalman filter is that of statsmodels (Durbin and Koopman, 2012, ch. 5).
    """
    values = series.to_numpy(dtype=float)
    in_levels = bool((values == 0).any())
    # In units of the mean, so that what counts as rounding doesn't depend on the unit.
    unit = float(np.nanmean(values)) or 1.0
    scaled = values / unit if in_levels else np.log(values / unit)
    drawn = _draws(scaled, months, draws, np.random.default_rng(seed))
    drawn = unit * (np.clip(drawn, 0, None) if in_levels else np.exp(drawn))
    return Forecast(series.index[-1] + 1, drawn, in_levels)


def _draws(values: Floats, months: int, draws: int, rng: np.random.Generator) -> Floats:
    """Draws of the next values: a mixture over the grid of multivariate t distributions.

    For the share q of the level's variance, with residual sum of squares S(q) over n - d degrees
    of freedom, the next values are t with n - d degrees, location m(q) and scale
    S(q) / (n - d) C(q). The weight of q is its likelihood with the scale integrated out under the
    prior 1 / sigma^2, proportional to |F(q)|^(-1/2) S(q)^(-(n - d) / 2).
    """
    model = UnobservedComponents(
        values,
        level="local linear deterministic trend",
        seasonal=MONTHS_A_YEAR,
        stochastic_seasonal=False,
        use_exact_diffuse=True,
    )
    logs, parts = [], []
    for share in SHARES:
        model.update(np.array([(1 - share) / 2, share]))
        found = model.ssm.filter()
        errors, variances = found.forecasts_error[0], found.forecasts_error_cov[0, 0]
        resolved = ~(found.forecasts_error_diffuse_cov[0, 0] > 0) & np.isfinite(values)
        squares = float((errors[resolved] ** 2 / variances[resolved]).sum())
        freedom = int(resolved.sum())
        # The filter's likelihood is that of a scale of one: its sum of squares is taken back.
        scaled = freedom / 2 * math.log(max(squares, SMALLEST_SQUARES))
        logs.append(found.llf_obs.sum() + squares / 2 - scaled)
        parts.append((squares, freedom, *_next_values(model, found, months)))
    weights = np.exp(np.array(logs) - max(logs))
    counts = rng.multinomial(draws, weights / weights.sum())
    return np.concatenate(
        [_t_draws(rng, count, *part) for count, part in zip(counts, parts, strict=True)]
    )


def _next_values(
    model: UnobservedComponents,
    found: Any,  # noqa: ANN401 (statsmodels has no types)
    months: int,
) -> tuple[Floats, Floats]:
    """Mean and covariance, for a scale of one, of the values after the last: shapes (m,), (m, m).

    The state after the last value has a known mean and covariance; each later one is the
    transition of the one before plus a step, so values have in common what happened before both.
    """
    system = model.ssm
    design, transition = system["design"], system["transition"]
    step = system["selection"] @ system["state_cov"] @ system["selection"].T
    state, covariance = found.predicted_state[:, -1], found.predicted_state_cov[:, :, -1]
    mean, joint = np.empty(months), np.empty((months, months))
    for ahead in range(months):
        mean[ahead] = (design @ state)[0]
        carried = covariance @ design.T
        for later in range(ahead, months):
            joint[ahead, later] = joint[later, ahead] = (design @ carried)[0, 0]
            carried = transition @ carried
        joint[ahead, ahead] += system["obs_cov"][0, 0]
        state, covariance = transition @ state, transition @ covariance @ transition.T + step
    return mean, joint


def _t_draws(
    rng: np.random.Generator,
    count: int,
    squares: float,
    freedom: int,
    mean: Floats,
    joint: Floats,
) -> Floats:
    """Draws of a multivariate t distribution, shape (count, m)."""
    normal = rng.standard_normal((count, len(mean))) @ np.linalg.cholesky(joint).T
    spread = np.sqrt(squares / rng.chisquare(freedom, (count, 1)))
    drawn: Floats = mean + spread * normal
    return drawn


def forecast_measures(
    series: pd.Series, months_ahead: int, confidence: float, *, draws: int, seed: int
) -> pd.DataFrame:
    """Forecast emissions by month and of the twelve months to come, and test forecasts on the past.

    Parameters
    ----------
    series
        Kilograms CO2e by month (see `analysis.impact.emissions.monthly_totals`).
    months_ahead
        Months to forecast.
    confidence
        Coverage of the intervals.
    draws, seed
        Of the simulation.

    Returns
    -------
    pandas.DataFrame
        See `analysis.impact.measures.Measures`: `emissions_forecast` by month, medians that need
        not add up to the median of the sum; `emissions_year_ahead`, the sum of the next twelve
        months whatever `months_ahead`, and `emissions_year_ahead_change` against the last twelve;
        the backtest if 36 months are known: `backtest_year_ahead` is what would have been forecast
        of the last twelve months, `backtest_actual` what came, and `backtest_coverage` the share
        of them within their intervals. One row without estimate if a forecast can't be made.
    """
    known = series.loc[: series.last_valid_index()]
    if reason := not_forecast(known):
        return measure_table([_row("emissions_forecast", "", note=reason)])
    found = forecast(known, max(months_ahead, MONTHS_A_YEAR), draws=draws, seed=seed)
    rows = [
        *_months(found, months_ahead, confidence),
        *_year_ahead(found, known.iloc[-MONTHS_A_YEAR:], confidence),
        *_backtest(known, confidence, draws=draws, seed=seed),
    ]
    return measure_table(rows)


def _row(measure: str, period: str, unit: MeasureUnit = MeasureUnit.TONNE, **more: object) -> Row:
    return {
        "measure": measure,
        "group": ALL,
        "period": period,
        "unit": unit,
        "source": SOURCE,
        **more,
    }


def _interval(drawn: Floats, confidence: float, worth: float = KG_A_TONNE) -> Row:
    """Median and limits of draws: those of kilograms in tonnes, others with a worth of 1."""
    tail = (1 - confidence) / 2
    low, middle, high = np.quantile(drawn / worth, [tail, 0.5, 1 - tail])
    return {"estimate": middle, "ci_low": low, "ci_high": high}


def _with_digits(row: Row) -> Row:
    exact = tonne_digits(row["ci_high"])
    digits = int(supported_digits(row["ci_low"], row["ci_high"], exact))
    return row | {"digits": min(digits, exact)}


def _months(found: Forecast, months: int, confidence: float) -> Iterator[Row]:
    for ahead in range(months):
        note = write_note(in_levels=found.in_levels)
        row = _row("emissions_forecast", str(found.first + ahead), note=note)
        yield _with_digits(row | _interval(found.draws[:, ahead], confidence))


def _year_ahead(found: Forecast, before: pd.Series, confidence: float) -> Iterator[Row]:
    period = year_name(found.first)
    sums = found.draws[:, :MONTHS_A_YEAR].sum(axis=1)
    note = write_note(in_levels=found.in_levels)
    yield _with_digits(
        _row("emissions_year_ahead", period, note=note) | _interval(sums, confidence)
    )
    share = _row("emissions_year_ahead_change", period, MeasureUnit.SHARE)
    if before.isna().any():
        yield share | {"note": write_note(months_given=int(before.notna().sum()))}
    elif not before.sum():
        yield share | {"note": "nothing_below"}
    else:
        yield share | {"note": note} | _interval(sums / before.sum() - 1, confidence, 1)


def year_name(first: pd.Period) -> str:
    """The twelve months from one on: "2023", or "2022-07/2023-06" if they are no calendar year."""
    return str(first.year) if first.month == 1 else f"{first}/{first + MONTHS_A_YEAR - 1}"


def _backtest(known: pd.Series, confidence: float, *, draws: int, seed: int) -> Iterator[Row]:
    """How the last twelve months would have been forecast from those before them."""
    earlier, later = known.iloc[:-MONTHS_A_YEAR], known.iloc[-MONTHS_A_YEAR:]
    earlier = earlier.loc[: earlier.last_valid_index()]
    contiguous = len(earlier) == len(known) - MONTHS_A_YEAR
    if later.isna().any() or not contiguous or len(known.dropna()) < LEAST_BACKTEST:
        return
    if not_forecast(earlier):
        return
    found = forecast(earlier, MONTHS_A_YEAR, draws=draws, seed=seed)
    period = year_name(found.first)
    sums = _interval(found.draws.sum(axis=1), confidence)
    yield _with_digits(_row("backtest_year_ahead", period) | sums)
    digits = tonne_digits(later.sum() / KG_A_TONNE)
    actual = later.sum() / KG_A_TONNE
    yield _row("backtest_actual", period, estimate=actual, digits=digits)
    limits = [_interval(drawn, confidence, 1) for drawn in found.draws.T]
    inside = [
        limit["ci_low"] <= value <= limit["ci_high"]
        for limit, value in zip(limits, later, strict=True)
    ]
    yield _row(
        "backtest_coverage",
        period,
        MeasureUnit.SHARE,
        estimate=float(np.mean(inside)),
        digits=0,
        note=write_note(within_interval=int(sum(inside))),
    )
