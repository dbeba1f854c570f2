"""Coverage of the forecasts of emissions, for months drawn from their own model."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from analysis.estimate.proportions import Estimate
from analysis.impact.forecast import forecast
from analysis.vocabulary import MONTHS_A_YEAR
from validation.scenarios import STRICT, Bar, Named, Scenario

TITLE: Final = "Forecast of emissions, months drawn from its model (0 is the truth)"
MONTHS: Final = (24, 36)
SHARES: Final[dict[str, float | None]] = {
    "share drawn evenly": None,
    "noise only": 0.0,
    "half and half": 0.5,
    "steps only": 1.0,
}
"""The level's share of the variance of a month's change; None draws it anew in each sample."""
CHANGE: Final = 0.06
"""Standard deviation of a month's change, in logs, beside drift and season."""
DRIFT: Final = 0.005
SEASON: Final = 0.2 * np.sin(np.arange(MONTHS_A_YEAR) / MONTHS_A_YEAR * 2 * np.pi)
DRAWS: Final = 1_000
NAMES: Final = ("first month", "twelfth month", "sum of twelve months")


def forecast_scenarios(replications: int) -> Iterator[Scenario]:
    """One scenario for each length of the series and share of the level."""
    for months in MONTHS:
        for name, share in SHARES.items():
            # Only a share drawn as the model weighs it promises its coverage.
            bar: Bar | None = STRICT if share is None else None
            yield Scenario(
                table=TITLE,
                column=f"{months} months, {name}",
                truth=dict.fromkeys(NAMES, 0.0),
                simulate=lambda rng, months=months, share=share: missed(months, share, rng),
                replications=replications,
                bars=dict.fromkeys(NAMES, bar),
            )


def drawn(months: int, share: float | None, random: np.random.Generator) -> pd.Series:
    """Months drawn from the model, one after the other."""
    part = random.random() if share is None else share
    steps = random.normal(0, CHANGE * np.sqrt(part), months)
    noise = random.normal(0, CHANGE * np.sqrt((1 - part) / 2), months)
    logs = DRIFT * np.arange(months) + np.cumsum(steps) + np.resize(SEASON, months) + noise
    return pd.Series(np.exp(logs), index=pd.period_range("2020-01", periods=months, freq="M"))


def missed(months: int, share: float | None, random: np.random.Generator) -> Named:
    """How far forecasts lie from what came, as shares of that."""
    whole = drawn(months + MONTHS_A_YEAR, share, random)
    found = forecast(
        whole.iloc[:months], MONTHS_A_YEAR, draws=DRAWS, seed=int(random.integers(2**31))
    )
    came = whole.iloc[months:].to_numpy()
    asked = (
        (found.draws[:, 0], came[0]),
        (found.draws[:, -1], came[-1]),
        (found.draws.sum(axis=1), came.sum()),
    )
    for name, (draws, value) in zip(NAMES, asked, strict=True):
        low, middle, high = np.quantile(draws, [0.025, 0.5, 0.975]) / value - 1
        yield name, Estimate(middle, low=low, high=high)
