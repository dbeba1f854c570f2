"""The gaps of one outcome: raw, adjusted, and with unknown memberships taken both ways."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import pandas as pd

from analysis.cells import study_cells
from analysis.engines.tables import Place
from analysis.estimate.fits import Link
from analysis.estimate.groups import (
    MEMBER,
    Comparison,
    collapse,
    compare,
    comparisons,
    treat_unknown,
)
from analysis.estimate.options import GapOptions
from analysis.estimate.proportions import difference, odds_ratio, risk_ratio
from analysis.estimate.question import Question, with_sides
from analysis.estimate.rates import Row, impact_rows, rate_rows, row_or_reason
from analysis.estimate.regressions import regression_rows
from analysis.estimate.results import adjust_p_values, result_table
from analysis.studies import Study
from analysis.vocabulary import Contrast, Estimand, Unknown

LINKS: tuple[Link, ...] = ("logit", "linear")
BOUNDS = {
    Unknown.AS_NO: (Estimand.DIFFERENCE_AS_NO, Estimand.ADJUSTED_DIFFERENCE_AS_NO),
    Unknown.AS_YES: (Estimand.DIFFERENCE_AS_YES, Estimand.ADJUSTED_DIFFERENCE_AS_YES),
}


def outcome_gaps(
    study: Study,
    outcome: str,
    cells: pd.DataFrame,
    covariates: Sequence[str],
    options: GapOptions | None = None,
) -> pd.DataFrame:
    """Estimate the rates and gaps of one outcome.

    Parameters
    ----------
    study
        The study; its categories are columns of the cells.
    outcome
        Name of the outcome that the cells count.
    cells
        See `analysis.cells.study_cells`.
    covariates
        Adjusters and mediators. One that defines a category is left out of the gaps that it
        defines, and the note says so.
    options
        See `GapOptions`.

    Returns
    -------
    pandas.DataFrame
        A result table: rates, raw gaps, adjusted gaps, bounds for unknown memberships where
        there are any, and indices of disproportionate impact.
    """
    options = options or GapOptions()
    question = Question.of(study, cells, covariates, options)
    rows = [
        *rate_rows(cells, question.categories, options.confidence),
        *_gap_rows(question, cells),
        *impact_rows(cells, question.categories, options.confidence),
    ]
    shared: Row = {"study": study.name, "outcome": outcome}
    return adjust_p_values(result_table([shared | row for row in rows]), options.correction)


def adjustment_steps(
    study: Study,
    outcome: str,
    cells: pd.DataFrame,
    covariates: Sequence[str],
    options: GapOptions | None = None,
) -> pd.DataFrame:
    """What adjusting changes: each category's gap without, with each covariate alone, with all.

    One covariate at a time, for in a chain of models the order decides what each seems to do.

    Parameters
    ----------
    study, outcome, cells, covariates, options
        See `outcome_gaps`.

    Returns
    -------
    pandas.DataFrame
        A result table of the contrast `complement`, average marginal effects of logits; `note`
        names under `adjusted` what each holds fixed.
    """
    question = Question.of(study, cells, covariates, options or GapOptions())
    shared: Row = {"study": study.name, "outcome": outcome}
    rows: list[Row] = []
    for one in comparisons(cells, question.categories, Contrast.COMPLEMENT):
        kept, _ = question.adjusters(one.contrast, one.group)
        for covariate in kept if len(kept) > 1 else ():
            alone = replace(question, covariates=(covariate,))
            rows.extend(_regressions(alone, [one], Estimand.ADJUSTED_DIFFERENCE, ["logit"]))
        rows.extend(_regressions(question, [one], Estimand.DIFFERENCE, ["logit"], plain=True))
        if kept:
            rows.extend(_regressions(question, [one], Estimand.ADJUSTED_DIFFERENCE, ["logit"]))
    return result_table([shared | row for row in rows])


def study_gaps(
    study: Study,
    processed: Place,
    *,
    outcomes: Sequence[str],
    covariates: Sequence[str],
    cohort: str | None = None,
    options: GapOptions | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count the cells of each outcome and estimate its gaps and adjustment steps.

    Parameters
    ----------
    study, covariates, options
        See `outcome_gaps`.
    processed
        Where the processed table lies: a Parquet file, or an address.
    outcomes
        Names of outcomes.
    cohort
        Restrict to this cohort.

    Returns
    -------
    tuple of pandas.DataFrame
        The result tables of `outcome_gaps` and `adjustment_steps`, all outcomes together.
    """
    gaps, steps = [], []
    for outcome in outcomes:
        cells = study_cells(study, processed, outcome=outcome, covariates=covariates, cohort=cohort)
        gaps.append(outcome_gaps(study, outcome, cells, covariates, options))
        steps.append(adjustment_steps(study, outcome, cells, covariates, options))
    return pd.concat(gaps, ignore_index=True), pd.concat(steps, ignore_index=True)


def _gap_rows(question: Question, cells: pd.DataFrame) -> Iterator[Row]:
    for contrast in question.options.contrasts:
        asked = list(comparisons(cells, question.categories, contrast))
        # The joint contrast is one regression with every category in it.
        together = [asked] if contrast == Contrast.JOINT else [[one] for one in asked]
        for family in together:
            yield from _plain_rows(question, family)
            yield from _regressions(question, family, Estimand.DIFFERENCE, ["linear"], plain=True)
            yield from _regressions(question, family, Estimand.ADJUSTED_DIFFERENCE, LINKS)
            if any(one.left_out for one in family):
                yield from _bound_rows(question, cells, family)


def _plain_rows(question: Question, family: list[Comparison]) -> Iterator[Row]:
    """Differences and ratios of two rates; the joint contrast has none."""
    level = question.options.confidence
    for one in family:
        if one.contrast == Contrast.JOINT:
            continue
        for estimand, method, estimator in (
            (Estimand.DIFFERENCE, "newcombe", partial(difference, method="newcombe")),
            (
                Estimand.DIFFERENCE,
                "miettinen_nurminen",
                partial(difference, method="miettinen_nurminen"),
            ),
            (Estimand.RISK_RATIO, "log", risk_ratio),
            (Estimand.ODDS_RATIO, "log", odds_ratio),
        ):
            row = row_or_reason(estimand, method, partial(estimator, confidence=level), *one.sides)
            yield with_sides(one, row)


def _regressions(
    question: Question,
    family: list[Comparison],
    estimand: Estimand,
    links: Sequence[Link],
    plain: bool = False,
) -> Iterator[Row]:
    """Rows of the regressions of one family, adjusted unless `plain`."""
    first = family[0]
    joint = first.contrast == Contrast.JOINT
    focus = question.categories if joint else [MEMBER]
    adjusters, remarks = question.adjusters(first.contrast, first.group)
    if plain:
        adjusters, remarks = [], {}
    keys = [*focus, *adjusters, *([question.cluster] if question.cluster else [])]
    cells = collapse(first.cells, keys)
    for link in links:
        rows = regression_rows(cells, link, focus, adjusters, question.options, question.cluster)
        for one, (_, row) in zip(family, rows, strict=True):
            yield with_sides(one, row | {"estimand": estimand}, **remarks)


def _bound_rows(question: Question, cells: pd.DataFrame, family: list[Comparison]) -> Iterator[Row]:
    """The same gaps with every unknown membership taken as no, then as yes."""
    contrast, groups = family[0].contrast, [one.group for one in family]
    for unknown, (raw, adjusted) in BOUNDS.items():
        treated = treat_unknown(cells, question.categories, unknown)
        bound = [compare(treated, question.categories, contrast, group) for group in groups]
        yield from _regressions(question, bound, raw, ["linear"], plain=True)
        yield from _regressions(question, bound, adjusted, ["logit"])
