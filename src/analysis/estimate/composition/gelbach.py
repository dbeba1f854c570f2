"""Gelbach: which covariates move a coefficient, between a regression without and with them.

Gelbach (2016). By the formula of the omitted variable, the coefficient of the base regression minus
that of the full one is Γ'b: the sum over covariates of their difference between the sides at a
fixed base, times their coefficient in the full regression. No order of covariates enters.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from analysis.estimate.composition.influences import Decomposition, Parts, Sample, product
from analysis.estimate.composition.random_regressions import Regression, determined
from analysis.estimate.fits import NotEstimableError
from analysis.vocabulary import Estimand


def gelbach(sample: Sample, focus: Mapping[str, NDArray[np.bool_]]) -> dict[str, Decomposition]:
    """Split the coefficient of each focus variable, the others held fixed in both regressions.

    Parameters
    ----------
    sample
        The persons.
    focus
        Values in each cell, by name, of the variables whose coefficients are asked for.

    Returns
    -------
    dict
        One a focus variable, by name: its base coefficient as the gap, `explained` in all and by
        covariate, and its full coefficient as `unexplained`.

    Raises
    ------
    NotEstimableError
        If the covariates and the other focus variables determine one of these, or there are no
        more persons than coefficients.
    """
    base = np.column_stack([np.ones(len(sample.n)), *focus.values()])
    for place, name in enumerate(focus, start=1):
        if determined(sample, base, place):
            raise NotEstimableError("collinear", name)
    regression = Regression(sample, base)
    return {name: _split(sample, regression, i) for i, name in enumerate(focus, start=1)}


def _split(sample: Sample, regression: Regression, place: int) -> Decomposition:
    moved, gap = regression.covariates(place), regression.base.single(place)
    explained = product(moved, regression.slopes)
    parts: Parts = {
        (Estimand.EXPLAINED, ""): explained,
        (Estimand.UNEXPLAINED, ""): gap - explained,
    }
    for term in dict.fromkeys(sample.terms):
        columns = sample.columns(term)
        own = product(moved.take(columns), regression.slopes.take(columns))
        parts[Estimand.EXPLAINED, term] = own
    return Decomposition(gap, parts)
