"""The time to an event by group: curves, restricted means, and regressions of the hazard."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.estimate.covariance import cluster_codes
from analysis.estimate.duration.cox import fit_cox
from analysis.estimate.duration.hazards import (
    coefficient,
    fit_months,
    person_months,
    standardised_difference,
)
from analysis.estimate.duration.survival import Curve, Statistic, share_interval, two_curves
from analysis.estimate.fits import NotEstimableError
from analysis.estimate.groups import MEMBER, Comparison, collapse, comparisons
from analysis.estimate.hybrid import UncertainRate, difference_estimate
from analysis.estimate.options import GapOptions
from analysis.estimate.proportions import Estimate
from analysis.estimate.question import Question, with_sides
from analysis.estimate.rates import Row, as_row, reason_row
from analysis.estimate.regressions import (
    NO_VARIATION,
    effect_row,
    error_model,
    with_interval,
)
from analysis.estimate.results import adjust_p_values, result_table, write_note
from analysis.studies import Study
from analysis.studies.model import MONTH
from analysis.vocabulary import HORIZONS, Contrast, Estimand

FEW_AT_RISK = 30
"""A curve is known, but by few, where fewer than these were followed so long."""

CURVE_COLUMNS = (
    "contrast", "group", "reference", "side", "month", "placed_by", "ci_low", "ci_high", "at_risk",
)  # fmt: skip
KAPLAN_MEIER = "kaplan_meier"
DISCRETE = "discrete_logit"
COUNTED = (MONTH, "n", "successes")


def times_to_event(
    study: Study,
    duration: str,
    cells: pd.DataFrame,
    covariates: Sequence[str],
    options: GapOptions | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimate the curves of one duration by group, and what tells groups apart.

    Parameters
    ----------
    study
        The study; its categories are columns of the cells.
    duration
        Name of the duration that the cells count.
    cells
        See `analysis.cells.time_cells`.
    covariates
        Adjusters and mediators; see `analysis.estimate.gaps.outcome_gaps`.
    options
        See `GapOptions`. The contrast `joint` has no curves and is left out.

    Returns
    -------
    tuple of pandas.DataFrame
        A result table and the curves. In the result table `term` is a horizon in months, and n and
        k count the persons followed and the events, by the horizon where there is one.
        `placed_by` and `restricted_mean` have a row a side, that of the reference with group and
        reference exchanged, and `..._difference` is of the two; `adjusted_placed_by_difference` is
        that of the logit of the months, `hazard_odds_ratio` its coefficient of the group,
        `hazard_ratio` that of Cox's regression. A horizon that nobody was followed to has a
        reason. The curves have a row a comparison, `side` (`group` or `reference`) and `month`
        from 0 to the last one that anyone of the side was followed to: `placed_by` with its
        interval, and how many were `at_risk`.
    """
    options = options or GapOptions()
    question = Question.of(study, cells, covariates, options)
    rows: list[Row] = []
    drawn: list[Row] = []
    for contrast in options.contrasts:
        if contrast == Contrast.JOINT:
            continue
        for one in comparisons(cells, question.categories, contrast):
            both = _Sides.of(one, question)
            rows.extend(_horizon_rows(question, both))
            rows.extend(_hazard_rows(question, both))
            drawn.extend(_curve_rows(both, options.confidence))
    shared: Row = {"study": study.name, "outcome": duration}
    results = result_table([shared | row for row in rows])
    return adjust_p_values(results, options.correction), pd.DataFrame(drawn, columns=CURVE_COLUMNS)


@dataclass(frozen=True)
class _Sides:
    """A comparison with the curves of its sides; one without persons has no curve.

    `cluster` is the column by which errors are clustered, if they are.
    """

    one: Comparison
    group: Curve | None
    reference: Curve | None
    cluster: str | None

    @classmethod
    def of(cls, one: Comparison, question: Question) -> Self:
        cluster = question.clustered
        cells = collapse(one.cells, [MEMBER, MONTH, *([cluster] if cluster else [])])
        members = cells[MEMBER].astype(bool)
        return cls(one, *two_curves(cells[members], cells[~members], cluster), cluster)

    @property
    def exchanged(self) -> "_Sides":
        """The reference against the group: names the reference's own rows."""
        one = replace(self.one, group=self.one.reference, reference=self.one.group)
        return _Sides(one, self.reference, self.group, self.cluster)

    def of_both(self) -> tuple[Curve, Curve]:
        """Both curves.

        Raises
        ------
        NotEstimableError
            If a side has no persons.
        """
        if self.group is None:
            raise NotEstimableError("empty_group")
        if self.reference is None:
            raise NotEstimableError("empty_reference")
        return self.group, self.reference

    def difference(self, month: int) -> Statistic:
        """Difference of the shares placed by a month."""
        group, reference = self.of_both()
        return group.placed_by(month).minus(reference.placed_by(month))

    def codes(self, cells: pd.DataFrame) -> NDArray[np.intp] | None:
        """Number of each cell's cluster, if errors are clustered."""
        return None if self.cluster is None else cluster_codes(cells[self.cluster])

    def events(self, month: int) -> Row:
        """Events of both sides by a month, by the names of the result table's columns."""
        return {
            "k_group": _events_by(self.group, month),
            "k_reference": _events_by(self.reference, month),
        }


def _events_by(curve: Curve | None, month: int) -> int:
    return 0 if curve is None else int(curve.events[: month + 1].sum())


def _check_reach(curves: Sequence[Curve], month: int) -> None:
    """Refuse a month that a curve does not reach."""
    if not all(curve.reaches(month) for curve in curves):
        raise NotEstimableError("not_followed", str(min(curve.last for curve in curves)))


def _few_at_risk(curves: Sequence[Curve], month: int) -> int | None:
    """How many were at risk in a month, of the smaller side, if they are few."""
    least = min(curve.followed(month) for curve in curves)
    return least if least < FEW_AT_RISK else None


# ---- Curves -------------------------------------------------------------------------------------


def _curve_rows(both: _Sides, confidence: float) -> Iterator[Row]:
    """Both curves by month; none without the other."""
    if both.group is None or both.reference is None:
        return
    one = both.one
    for side, curve in (("group", both.group), ("reference", both.reference)):
        for month in range(curve.last + 1):
            share = share_interval(curve.placed_by(month), confidence)
            numbers = (share.value, share.low, share.high, curve.followed(month))
            values = (one.contrast, one.group, one.reference, side, month, *numbers)
            yield dict(zip(CURVE_COLUMNS, values, strict=True))


def _horizon_rows(question: Question, both: _Sides) -> Iterator[Row]:
    """Rows of each horizon: both sides, then their difference."""
    for month in HORIZONS:
        for side in (both, both.exchanged):
            yield from _side_rows(question, side, month)
        yield from _difference_rows(question, both, month)


def _side_rows(question: Question, both: _Sides, month: int) -> Iterator[Row]:
    """Share placed by a month and mean months without placement before it, of the group."""
    curve, level = both.group, question.options.confidence
    for estimand in (Estimand.PLACED_BY, Estimand.RESTRICTED_MEAN):
        try:
            if curve is None:
                raise NotEstimableError("empty_group")
            _check_reach([curve], month)
            if estimand == Estimand.PLACED_BY:
                told = curve.placed_by(month)
                estimate = share_interval(told, level)
            else:
                told = curve.restricted_mean(month)
                # That it is above 0 is no question.
                estimate = replace(_plain_interval(told, level), p_value=np.nan)
            row = _statistic_row(told, estimate, flat=_flat(told))
            row = _noted(row, few_at_risk=_few_at_risk([curve], month))
        except NotEstimableError as error:
            row = reason_row(estimand, KAPLAN_MEIER, error)
        alone: Row = {
            "n_group": 0 if curve is None else int(curve.at_risk[0]),
            "k_group": _events_by(curve, month),
            "n_reference": 0,
            "k_reference": 0,
        }
        yield with_sides(both.one, row | alone | {"estimand": estimand, "term": str(month)})


def _difference_rows(question: Question, both: _Sides, month: int) -> Iterator[Row]:
    level = question.options.confidence
    for estimand in (Estimand.PLACED_BY_DIFFERENCE, Estimand.RESTRICTED_MEAN_DIFFERENCE):
        try:
            curves = both.of_both()
            _check_reach(curves, month)
            if estimand == Estimand.PLACED_BY_DIFFERENCE:
                group, reference = (curve.placed_by(month) for curve in curves)
            else:
                group, reference = (curve.restricted_mean(month) for curve in curves)
            told, flat = group.minus(reference), _flat(group) or _flat(reference)
            # A side of which nobody or everybody had the event is not known without error.
            if flat:
                estimate = Estimate(told.value)
            elif estimand == Estimand.PLACED_BY_DIFFERENCE:
                estimate = _share_difference(group, reference, told, level)
            else:
                estimate = _plain_interval(told, level)
            row = _statistic_row(told, estimate, flat=flat)
            row = _noted(row, few_at_risk=_few_at_risk(curves, month))
        except NotEstimableError as error:
            row = reason_row(estimand, KAPLAN_MEIER, error)
        row |= {"estimand": estimand, "term": str(month)} | both.events(month)
        yield with_sides(both.one, row)


def _share_difference(
    group: Statistic, reference: Statistic, told: Statistic, confidence: float
) -> Estimate:
    """Difference of two shares with the hybrid score interval; see `analysis.estimate.hybrid`.

    Estimate ± z × error excludes zero where the intervals of the two shares don't, in a side of a
    handful of persons.
    """
    if told.too_few:
        return Estimate(told.value)
    own, other = (
        UncertainRate(one.value, one.std_error**2, math.inf) for one in (group, reference)
    )
    across = (own.variance + other.variance - told.std_error**2) / 2
    return difference_estimate(own, other, across, confidence, told.freedom)


def _plain_interval(told: Statistic, confidence: float) -> Estimate:
    """Symmetric interval and test against 0; none with too few clusters or without variation."""
    if told.too_few or _flat(told):
        return Estimate(told.value)
    return with_interval(told.value, told.std_error, told.freedom, confidence)


def _fixed_by(curves: Sequence[Curve], month: int) -> bool:
    """Whether by a month nobody or everybody of a side had the event, if one is asked for."""
    return month > 0 and any(_flat(curve.placed_by(month)) for curve in curves)


def _flat(told: Statistic) -> bool:
    """Whether nothing varies, as where nobody or everybody had the event."""
    return not told.std_error > NO_VARIATION


def _statistic_row(told: Statistic, estimate: Estimate, *, flat: bool) -> Row:
    kind = "greenwood" if told.clusters is None else "cluster"
    note = write_note(no_variation=flat and not told.too_few, **_cluster_note(told))
    return as_row(estimate) | {"method": f"{KAPLAN_MEIER}_{kind}", "note": note}


def _cluster_note(told: Statistic) -> dict[str, object]:
    return {
        "few_clusters": told.too_few,
        "clusters": None if told.too_few else told.clusters,
    }


def _noted(row: Row, **remarks: object) -> Row:
    """The row with remarks added to its note."""
    parts = (str(row.get("note", "")), write_note(**remarks))
    return row | {"note": "; ".join(filter(None, parts))}


# ---- Regressions of the hazard ------------------------------------------------------------------


def _hazard_rows(question: Question, both: _Sides) -> Iterator[Row]:
    """Rows of Cox's regression and of the logit of the months, adjusted."""
    adjusters, remarks = question.adjusters(both.one.contrast, both.one.group)
    keys = [MEMBER, *adjusters, *([question.cluster] if question.cluster else [])]
    cells = collapse(both.one.cells, [*keys, MONTH])
    row = _cox_row(question, both, cells, adjusters)
    yield with_sides(both.one, row, **remarks)
    for row in _logit_rows(question, both, cells, adjusters):
        yield with_sides(both.one, row, **remarks)


def _cox_row(
    question: Question, both: _Sides, cells: pd.DataFrame, adjusters: Sequence[str]
) -> Row:
    try:
        told = both.difference(0)  # for its clusters, which are those of all that is compared
        fit = fit_cox(cells, [MEMBER], adjusters)
    except NotEstimableError as error:
        return reason_row(Estimand.HAZARD_RATIO, "cox", error)
    names = fit.cells.design.names
    place = names.index(MEMBER)
    covariance, kind = fit.bread, "model"
    if question.options.errors != "model":
        clusters = both.codes(cells.iloc[fit.cells.rows])
        kind = "hc0" if clusters is None else "cluster"
        covariance = fit.bread * np.nan if told.too_few else fit.covariance(clusters)
    # Rounding can take a variance of nothing below zero.
    spread = float(np.sqrt(np.maximum(covariance[place, place], 0.0)))
    flat = spread <= NO_VARIATION
    estimate = Estimate(float(fit.coefficients[place]))
    if spread > NO_VARIATION:
        level = question.options.confidence
        estimate = with_interval(estimate.value, spread, told.freedom, level)
    dropped = ", ".join(fit.cells.design.dropped) or None
    note = write_note(no_variation=flat, **_cluster_note(told), dropped=dropped)
    row = as_row(estimate) | {"method": f"cox_{kind}", "note": note}
    return _exponentiated(row) | {"estimand": Estimand.HAZARD_RATIO}


def _logit_rows(
    question: Question, both: _Sides, cells: pd.DataFrame, adjusters: Sequence[str]
) -> Iterator[Row]:
    """Rows of the logit of the months: the odds ratio, then the adjusted share at each horizon."""
    # Its effects have no errors of their own for covariates drawn at random.
    options = replace(question.options, covariates="fixed", over="all")
    ratio = Estimand.HAZARD_ODDS_RATIO
    asked = [(ratio, "", 0)]
    asked += [(Estimand.ADJUSTED_PLACED_BY_DIFFERENCE, str(month), month) for month in HORIZONS]
    try:
        curves, told = both.of_both(), both.difference(0)
        months = person_months(cells, [str(name) for name in cells if name not in COUNTED])
        fit = fit_months(months, adjusters)
        model = error_model(fit, months, options, question.cluster)
    except NotEstimableError as error:
        for estimand, term, _ in asked:
            yield reason_row(estimand, DISCRETE, error) | {"term": term}
        return
    for estimand, term, month in asked:
        try:
            _check_reach(curves, month)
            if estimand == ratio:
                effect = coefficient(fit, MEMBER)
            else:
                effect = standardised_difference(fit, months, adjusters, month)
        except NotEstimableError as error:
            yield reason_row(estimand, DISCRETE, error) | {"term": term}
            continue
        barred = write_note(few_clusters=told.too_few, fixed_rate=_fixed_by(curves, month))
        row = effect_row(fit, model, effect, options, barred)
        row |= {"estimand": estimand, "term": term, "method": f"{DISCRETE}_{model.kind}"}
        if term:
            row = _noted(row, few_at_risk=_few_at_risk(curves, month))
        yield _exponentiated(row) if estimand == ratio else row | both.events(month)


def _exponentiated(row: Row) -> Row:
    """The row of a ratio from that of its logarithm; its test is the same."""
    ends = ("estimate", "ci_low", "ci_high")
    with np.errstate(over="ignore"):  # a limit beyond all numbers is infinite
        values = {name: float(np.exp(cast("float", row[name]))) for name in ends}
    return row | values | {"std_error": values["estimate"] * cast("float", row["std_error"])}
