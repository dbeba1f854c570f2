"""The logit of the hazard on cells: each month at risk is a trial."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from analysis.estimate.fits import Array, Fit, fit_logit
from analysis.estimate.groups import MEMBER
from analysis.estimate.margins import Effect
from analysis.studies.model import MONTH

BAND = "band"


def person_months(cells: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Count the months at risk and the events in them, by pattern and month.

    Parameters
    ----------
    cells
        See `analysis.cells.time_cells`.
    keys
        Columns that make the pattern.

    Returns
    -------
    pandas.DataFrame
        The keys, `month`, `n` persons of the pattern at risk in it, `successes` of these who had
        the event in it, and the text `band` of months that share a hazard.
    """
    patterns = cells.groupby(list(keys), observed=True, sort=False, dropna=False).ngroup()
    size, months = int(patterns.max()) + 1, int(cells[MONTH].max()) + 1
    place = patterns.to_numpy() * months + cells[MONTH].to_numpy()
    ended, events = (
        np.bincount(place, cells[name], size * months).reshape(size, months)
        for name in ("n", "successes")
    )
    at_risk = ended[:, ::-1].cumsum(axis=1)[:, ::-1]
    pattern, month = np.nonzero(at_risk > 0)
    firsts = cells.loc[~patterns.duplicated(), list(keys)].reset_index(drop=True)
    found = firsts.iloc[pattern].reset_index(drop=True)
    counts = {"n": at_risk[pattern, month], "successes": events[pattern, month]}
    bands = month_bands(events.sum(axis=0), at_risk.sum(axis=0))
    return found.assign(**{MONTH: month, BAND: bands[month]}, **counts)


def month_bands(events: Array, at_risk: Array) -> NDArray[np.intp]:
    """Number the bands of months that share a hazard: single months wherever that can be.

    A month in which nobody, or everybody at risk, has the event has no logit of its own. It joins
    the months after it, up to the first that gives the band a hazard between 0 and 1, or at the
    end the band before it.

    Parameters
    ----------
    events, at_risk
        By month, shape (months,).
    """
    bands = np.zeros(len(events), dtype=np.intp)
    band, had, were = 0, 0.0, 0.0
    for month, (new, risk) in enumerate(zip(events, at_risk, strict=True)):
        bands[month] = band
        had, were = had + new, were + risk
        if 0 < had < were:
            band, had, were = band + 1, 0.0, 0.0
    # What is left at the end has no hazard of its own.
    return np.minimum(bands, max(band - 1, 0))


def fit_months(months: pd.DataFrame, adjusters: Sequence[str]) -> Fit:
    """Fit the logit of the hazard by band of months, group and adjusters (Singer and Willett 1993).

    The likelihood of a person's months is that of as many independent trials, so that the logit's
    errors hold for them (Allison 1982).

    Parameters
    ----------
    months
        See `person_months`; with the boolean column `member`.
    adjusters
        Variables held fixed.

    Raises
    ------
    NotEstimableError
        See `analysis.estimate.fits.fit_logit`.
    """
    return fit_logit(months.astype({BAND: "category"}), [MEMBER], [BAND, *adjusters])


def coefficient(fit: Fit, variable: str) -> Effect:
    """The coefficient of a variable of one column as an effect: a log odds ratio of the hazard."""
    gradient = np.zeros(len(fit.coefficients))
    place = fit.design.names.index(variable)
    gradient[place] = 1.0
    value = float(fit.coefficients[place])
    return Effect(value, gradient, np.full(len(fit.n), value), fit.n / fit.persons)


def standardised_difference(fit: Fit, months: pd.DataFrame, keys: Sequence[str], by: int) -> Effect:
    r"""Difference in the share placed by a month, between all as members and all as others.

    Of each covariate pattern, 1 - prod over m <= by of (1 - h_m) with the hazards h of the logit,
    averaged over the patterns of all persons compared.

    Parameters
    ----------
    fit, months
        A fit of `fit_months` and what it was fitted to.
    keys
        The adjusters, which make the patterns.
    by
        The month.

    Returns
    -------
    Effect
        Covariates fixed; of one change and weight a pattern.
    """
    weights, rows = _patterns(fit, months, keys)
    bands = months.groupby(MONTH)[BAND].first().loc[:by]
    columns = fit.design.matrix[rows].copy()
    of_band = list(fit.design.factors.get(BAND, ()))
    columns[:, of_band] = 0.0
    member = fit.design.names.index(MEMBER)
    placed, slopes = [], []
    for side in (1.0, 0.0):
        columns[:, member] = side
        left, slope = np.ones(len(rows)), np.zeros_like(columns)
        for band, times in bands.value_counts(sort=False).items():
            own = columns.copy()
            name = f"{BAND}[{band}]"
            if name in fit.design.names:
                own[:, fit.design.names.index(name)] = 1.0
            hazard = expit(own @ fit.coefficients)
            left, slope = left * (1 - hazard) ** times, slope + times * hazard[:, None] * own
        placed.append(1 - left)
        slopes.append(left[:, None] * slope)
    changes = placed[0] - placed[1]
    return Effect(float(weights @ changes), weights @ (slopes[0] - slopes[1]), changes, weights)


def _patterns(
    fit: Fit, months: pd.DataFrame, keys: Sequence[str]
) -> tuple[Array, NDArray[np.intp]]:
    """Share of the persons in each covariate pattern, and the place of a row of it in the fit."""
    # All are at risk in their first month; whatever the month of a row, its covariates are theirs.
    persons = fit.n * (months[MONTH].to_numpy()[fit.rows] == 0)
    if keys:
        own = months.iloc[fit.rows].groupby(list(keys), observed=True, sort=False, dropna=False)
        pattern = own.ngroup().to_numpy()
    else:
        pattern = np.zeros(len(fit.rows), dtype=np.intp)
    _, rows = np.unique(pattern, return_index=True)
    return np.bincount(pattern, persons) / persons.sum(), rows
