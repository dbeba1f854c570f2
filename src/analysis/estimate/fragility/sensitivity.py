"""How fragile? What a variable that nobody measured must do to explain a gap away."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import t

from analysis.estimate.fits import Fit, NotEstimableError
from analysis.estimate.fragility.confounding import (
    LeastSquares,
    benchmark,
    e_value,
    robustness_value,
)
from analysis.estimate.groups import MEMBER, Comparison, collapse, comparisons
from analysis.estimate.margins import Over
from analysis.estimate.options import GapOptions
from analysis.estimate.proportions import Estimate, log_scale
from analysis.estimate.question import Question, with_sides
from analysis.estimate.rates import Row, as_row, reason_row
from analysis.estimate.regressions import Regression, regress, with_interval
from analysis.estimate.results import adjust_p_values, result_table
from analysis.studies import Study
from analysis.vocabulary import Contrast, Estimand

TIMES = (1, 2)
"""How many times as strong as a measured variable a confounder is taken to be."""


def sensitivity(
    study: Study,
    outcome: str,
    cells: pd.DataFrame,
    covariates: Sequence[str],
    options: GapOptions | None = None,
) -> pd.DataFrame:
    """Estimate how strong an unmeasured variable must be to explain each gap of one outcome away.

    Parameters
    ----------
    study
        The study; its categories are columns of the cells.
    outcome
        Name of the outcome that the cells count.
    cells
        See `analysis.cells.study_cells`.
    covariates
        Adjusters and mediators; see `analysis.estimate.gaps.outcome_gaps`. Each of those that
        adjust a gap is a benchmark for a confounder of it.
    options
        See `GapOptions`.

    Returns
    -------
    pandas.DataFrame
        A result table. Of the linear model: `partial_r2` of the group with the outcome;
        `robustness_value` of the estimate and `robustness_value_alpha` of its test, shares of the
        variance left; `confounded_difference`, the gap if there were a confounder as strong as the
        variable in `term`, "variable:times". Of the logit: the adjusted `risk_ratio`, its `e_value`
        and that of the limit nearest to 1, `e_value_interval`.
    """
    options = options or GapOptions()
    question = Question.of(study, cells, covariates, options)
    rows: list[Row] = []
    for contrast in options.contrasts:
        asked = list(comparisons(cells, question.categories, contrast))
        # The joint contrast is one regression with every category in it.
        together = [asked] if contrast == Contrast.JOINT else [[one] for one in asked]
        for family in together:
            rows.extend(_family_rows(question, family))
    shared: Row = {"study": study.name, "outcome": outcome}
    return adjust_p_values(result_table([shared | row for row in rows]), options.correction)


def _family_rows(question: Question, family: list[Comparison]) -> Iterator[Row]:
    first = family[0]
    focus = question.categories if first.contrast == Contrast.JOINT else [MEMBER]
    adjusters, remarks = question.adjusters(first.contrast, first.group)
    keys = [*focus, *adjusters, *([question.cluster] if question.cluster else [])]
    cells = collapse(first.cells, keys)
    linear, logit = (
        regress(cells, link, focus, adjusters, question.options, question.cluster)
        for link in ("linear", "logit")
    )
    for one, name in zip(family, focus, strict=True):
        for row in (*_variance_rows(linear, name, adjusters), *_ratio_rows(logit, name)):
            yield with_sides(one, row, **remarks)


# ---- Shares of variance -------------------------------------------------------------------------


@dataclass(frozen=True)
class _Gap:
    """A coefficient of a linear regression, with what its sensitivity rests on."""

    squares: LeastSquares
    fit: Fit
    column: int
    row: Row
    tested_freedom: float
    confidence: float

    @classmethod
    def of(cls, linear: Regression, name: str) -> "_Gap":
        """Take it from a regression in which it has an estimate.

        Raises
        ------
        NotEstimableError
            If too few persons would be left to hold one more variable fixed.
        """
        assert linear.fit is not None
        assert linear.model is not None
        squares = LeastSquares.of(linear.fit)
        if squares.freedom <= 1:
            raise NotEstimableError("no_freedom")
        freedom = linear.model.degrees_of_freedom(linear.effect(name))
        if not linear.model.small and linear.model.clusters is None:
            freedom -= 1  # One more variable takes one of the persons', but none of the clusters'.
        column = linear.fit.design.names.index(name)
        confidence = linear.options.confidence
        return cls(squares, linear.fit, column, linear.row(name), freedom, confidence)

    @property
    def estimate(self) -> float:
        return float(self.fit.coefficients[self.column])

    @property
    def error(self) -> float:
        """Error with one degree of freedom less: that of the test of a confounded estimate."""
        error = float(str(self.row["std_error"]))
        return error * math.sqrt(self.squares.freedom / (self.squares.freedom - 1))

    def cohen_f(self) -> float:
        scale = self.squares.scale(self.column)
        if not scale > 0:
            raise NotEstimableError("no_variation")
        return abs(self.estimate) / scale

    def partial_r2(self) -> float:
        return self.squares.partial_r2(self.squares.outcome, [self.column])

    def robustness(self) -> float:
        return robustness_value(self.cohen_f())

    def robustness_of_test(self) -> float:
        f = self.cohen_f()
        critical = float(t.ppf(0.5 + self.confidence / 2, self.tested_freedom))
        return robustness_value(f, critical * self.error / self.squares.scale(self.column))

    def confounded(self, variable: str, times: float) -> Estimate:
        """The estimate and its interval with a confounder as strong as a variable, or more so."""
        columns = list(self.fit.design.factors.get(variable, ()))
        if not columns:
            raise NotEstimableError("no_coefficient", variable)
        strength = benchmark(
            self.squares.partial_r2(self.column, columns),
            self.squares.partial_r2(self.squares.outcome, columns),
            times,
        )
        left = abs(self.estimate) - strength.bias * self.squares.scale(self.column)
        value = math.copysign(1.0, self.estimate) * left
        error = self.error * strength.error_factor
        if not error > 0:
            return Estimate(value)
        return with_interval(value, error, self.tested_freedom, self.confidence)


def _variance_rows(linear: Regression, name: str, adjusters: Sequence[str]) -> Iterator[Row]:
    """Rows of one coefficient of the linear model, or the reason why there are none."""
    asked: list[tuple[Estimand, str, Callable[[_Gap], Estimate]]] = [
        (Estimand.PARTIAL_R2, "", lambda gap: Estimate(gap.partial_r2())),
        (Estimand.ROBUSTNESS_VALUE, "", lambda gap: Estimate(gap.robustness())),
        (Estimand.ROBUSTNESS_VALUE_ALPHA, "", lambda gap: Estimate(gap.robustness_of_test())),
    ]
    asked += [
        (Estimand.CONFOUNDED_DIFFERENCE, f"{variable}:{times}", _confounded_by(variable, times))
        for variable in adjusters
        for times in TIMES
    ]
    try:
        gap: _Gap | NotEstimableError | Row = (
            linear.row(name) if name in linear.reasons else _Gap.of(linear, name)
        )
    except NotEstimableError as error:
        gap = error
    for estimand, term, make in asked:
        yield {"term": term} | _variance_row(gap, estimand, make)


def _confounded_by(variable: str, times: int) -> Callable[[_Gap], Estimate]:
    return lambda gap: gap.confounded(variable, times)


def _variance_row(
    gap: "_Gap | NotEstimableError | Row", estimand: Estimand, make: Callable[[_Gap], Estimate]
) -> Row:
    if isinstance(gap, NotEstimableError):
        return reason_row(estimand, "linear", gap)
    if not isinstance(gap, _Gap):
        return gap | {"estimand": estimand}
    # The share and the value of the estimate are least squares alone, whatever errors are taken.
    plain = estimand in (Estimand.PARTIAL_R2, Estimand.ROBUSTNESS_VALUE)
    method, note = ("linear", "") if plain else (str(gap.row["method"]), gap.row["note"])
    if estimand == Estimand.ROBUSTNESS_VALUE_ALPHA and np.isnan(gap.error):
        return {"estimand": estimand, "method": method, "note": note}
    try:
        return as_row(make(gap)) | {"estimand": estimand, "method": method, "note": note}
    except NotEstimableError as error:
        return reason_row(estimand, method, error)


# ---- Ratios of risks ----------------------------------------------------------------------------


def _ratio_rows(logit: Regression, name: str) -> Iterator[Row]:
    """The adjusted ratio of risks, its E-value and that of the limit nearest to 1."""
    row = logit.row(name)
    if name in logit.reasons:
        for estimand in (Estimand.RISK_RATIO, Estimand.E_VALUE, Estimand.E_VALUE_INTERVAL):
            yield row | {"estimand": estimand}
        return
    assert logit.fit is not None
    assert logit.model is not None
    said: Row = {"method": row["method"], "note": row["note"]}
    log_ratio, gradient = log_risk_ratio(logit.fit, name, logit.options.over)
    error = math.sqrt(max(float(gradient @ logit.model.matrix @ gradient), 0.0))
    ratio = Estimate(math.exp(log_ratio))
    if not np.isnan(float(str(row["std_error"]))) and error > 0:
        ratio = _ratio(log_ratio, error, logit)
    yield said | as_row(ratio) | {"estimand": Estimand.RISK_RATIO}
    yield said | {"estimand": Estimand.E_VALUE, "estimate": e_value(ratio.value)}
    limit: Row = {}
    if not np.isnan(ratio.low):
        nearest = min(max(ratio.low, 1.0), ratio.high)
        limit = {"estimate": e_value(nearest)}
    yield said | {"estimand": Estimand.E_VALUE_INTERVAL} | limit


def _ratio(log_ratio: float, error: float, logit: Regression) -> Estimate:
    """Ratio of risks with an interval that is symmetric on the scale of its logarithm."""
    assert logit.model is not None
    confidence = logit.options.confidence
    if np.isinf(logit.model.freedom):
        return log_scale(math.exp(log_ratio), error, confidence)
    found = with_interval(log_ratio, error, logit.model.freedom, confidence)
    ratio = math.exp(log_ratio)
    return Estimate(ratio, ratio * error, math.exp(found.low), math.exp(found.high), found.p_value)


def log_risk_ratio(fit: Fit, name: str, over: Over = "all") -> tuple[float, np.ndarray]:
    """Logarithm of the ratio of standardised risks, and its derivative by the coefficients.

    The mean probability with a focus variable set to 1 for everyone, over that with it set to 0.

    Parameters
    ----------
    fit
        A logit.
    name
        A focus variable.
    over
        Take the mean over `all` persons, or over the `group` of those in it.
    """
    matrix = fit.design.matrix.copy()
    column = fit.design.names.index(name)
    weights = fit.n * (matrix[:, column] if over == "group" else 1.0)
    logs, slopes = [], []
    for value in (1.0, 0.0):
        matrix[:, column] = value
        p = expit(matrix @ fit.coefficients)
        mean = weights @ p / weights.sum()
        logs.append(math.log(mean))
        slopes.append(matrix.T @ (weights * p * (1 - p)) / weights.sum() / mean)
    return logs[0] - logs[1], slopes[0] - slopes[1]
