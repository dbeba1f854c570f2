"""Who came, or what became of them? The two parts of the change of a gap between two cohorts."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from analysis.estimate.clusters import too_few
from analysis.estimate.fits import Array, Fit, NotEstimableError, fit_logit
from analysis.estimate.groups import MEMBER, Comparison, collapse
from analysis.estimate.margins import Effect
from analysis.estimate.question import Question, with_sides
from analysis.estimate.rates import Row, reason_row
from analysis.estimate.regressions import (
    ErrorModel,
    effect_row,
    error_model,
)
from analysis.estimate.results import write_note
from analysis.vocabulary import Estimand

LATER = "later"
MEMBER_LATER = "member × later"
SPLIT = (Estimand.CHANGE_COMPOSITION, Estimand.CHANGE_RATES)


@dataclass(frozen=True)
class Pair:
    """The same comparison in two cohorts.

    Attributes
    ----------
    first, second
        The cohorts, in the order of time.
    one, two
        Their comparisons.
    """

    first: str
    second: str
    one: Comparison
    two: Comparison

    @property
    def term(self) -> str:
        """Name of the pair in the result table."""
        return f"{self.first}>{self.second}"

    @property
    def together(self) -> Comparison:
        """The comparison of the persons of both cohorts, with the column `later`."""
        cells = pd.concat(
            [self.one.cells.assign(**{LATER: False}), self.two.cells.assign(**{LATER: True})],
            ignore_index=True,
        )
        return replace(self.one, cells=cells, left_out=self.one.left_out + self.two.left_out)


def split_rows(question: Question, both: Pair) -> Iterator[Row]:
    """Rows of the two parts of the change of a raw gap, or the reason why there are none."""
    together = both.together
    adjusters, remarks = question.adjusters(together.contrast, together.group)
    rows: list[Row]
    if empty := _empty_side(both):
        rows = [{"estimand": part, "method": "kitagawa", "note": empty} for part in SPLIT]
    else:
        try:
            rows = _split(question, together, adjusters)
        except NotEstimableError as error:
            rows = [reason_row(part, "kitagawa", error) for part in SPLIT]
    for row in rows:
        yield with_sides(together, row | {"term": both.term}, **remarks)


def _empty_side(both: Pair) -> str | None:
    """Reason why there is no change, if a cohort or a side of it has no persons."""
    for cohort, one in ((both.first, both.one), (both.second, both.two)):
        _, group, _, reference = one.sides
        if not group + reference:
            return write_note(empty_cohort=cohort)
        if not group or not reference:
            return write_note(
                empty_group=not group, empty_reference=not reference, in_cohort=cohort
            )
    return None


def _split(question: Question, together: Comparison, adjusters: list[str]) -> list[Row]:
    if not adjusters:
        raise NotEstimableError("no_covariates")
    cluster = [question.cluster] if question.cluster else []
    cells = collapse(together.cells, [MEMBER, LATER, *adjusters, *cluster])
    cells[MEMBER_LATER] = cells[MEMBER] & cells[LATER]
    fit = fit_logit(cells, [MEMBER, LATER, MEMBER_LATER], adjusters)
    model = error_model(fit, cells, question.options, question.cluster)
    barred = write_note(few_clusters=_too_few_in_quarters(fit, model))
    # Who came is a draw like what became of them, so the covariates are random here.
    options = replace(question.options, covariates="random")
    kind = "hc0" if model.clusters is None else model.kind
    return [
        effect_row(fit, model, effect, options, barred)
        | {"estimand": estimand, "method": f"kitagawa_{kind}"}
        for estimand, effect in zip(SPLIT, split_change(fit), strict=True)
    ]


def _quarters(fit: Fit) -> tuple[Array, Array, NDArray[np.intp]]:
    """Of each cell: whether of the group, whether of the later cohort, and number of the two."""
    names = fit.design.names
    member = fit.design.matrix[:, names.index(MEMBER)]
    later = fit.design.matrix[:, names.index(LATER)]
    return member, later, (2 * member + later).astype(np.intp)


def _too_few_in_quarters(fit: Fit, model: ErrorModel) -> int | None:
    if model.clusters is None:
        return None
    quarter = _quarters(fit)[2]
    held = (len(np.unique(model.clusters[quarter == number])) for number in range(4))
    return too_few(model.groups, *held)


def split_change(fit: Fit) -> tuple[Effect, Effect]:
    """Part the change of a raw gap into composition and rates (Kitagawa 1955).

    Of each side, composition is the change of its persons' covariates at the mean of both
    cohorts' rates, rates the change of the rate at given covariates, at the mean of both cohorts'
    composition. The gap's parts are the group's minus the reference's. The rates at given
    covariates are those of the logit; it meets the raw rate of each side in each cohort, so
    the two parts add up to the change of the raw gap.

    Parameters
    ----------
    fit
        A logit with `member`, `later` and their product, and at least one adjuster.

    Returns
    -------
    tuple of Effect
        Composition and rates, as fractions.
    """
    member, later, quarter = _quarters(fit)
    shares = fit.n / np.bincount(quarter, fit.n, minlength=4)[quarter]
    side, when = 2 * member - 1, 2 * later - 1
    (before, before_slope), (after, after_slope) = (_rates_of(fit, cohort) for cohort in (0.0, 1.0))
    parts = (
        (side * when * shares, (before + after) / 2, (before_slope + after_slope) / 2),
        (side * shares, (after - before) / 2, (after_slope - before_slope) / 2),
    )
    composition, rates = (_part(fit, quarter, *part) for part in parts)
    return composition, rates


def _rates_of(fit: Fit, cohort: float) -> tuple[Array, Array]:
    """Rates at each cell's covariates in one cohort, and their derivatives by the coefficients."""
    names = fit.design.names
    matrix = fit.design.matrix.copy()
    matrix[:, names.index(LATER)] = cohort
    matrix[:, names.index(MEMBER_LATER)] = cohort * matrix[:, names.index(MEMBER)]
    rates = expit(matrix @ fit.coefficients)
    return rates, (rates * (1 - rates))[:, None] * matrix


def _part(
    fit: Fit, quarter: NDArray[np.intp], weights: Array, values: Array, slopes: Array
) -> Effect:
    """Weighted sum of values; within each side of each cohort the persons are a random draw."""
    totals = np.bincount(quarter, fit.n, minlength=4)
    means = np.bincount(quarter, fit.n * values, minlength=4) / totals
    spread = weights * (values - means[quarter])
    return effect_of(fit, float(weights @ values), weights @ slopes, spread)


def effect_of(fit: Fit, value: float, gradient: Array, spread: Array) -> Effect:
    """Effect with a given spread: what the persons of each cell add by having its covariates.

    An effect's spread is weight × (change - value); with the weights n, the changes are these.
    """
    return Effect(value, gradient, value + spread / fit.n, fit.n)
