"""Since when? Gaps by cohort, their change, and how much of it is who came or what became of them.

A change is taken from the two cohorts' own regressions, put together as one: the regression in
which everything, the intercept too, may differ between the cohorts. Its covariance holds what
cohorts that share clusters have in common, and its errors follow the same rules as all others.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
import pandas as pd
from scipy.linalg import block_diag

from analysis.estimate.change_split import Pair, effect_of, split_rows
from analysis.estimate.clusters import too_few
from analysis.estimate.fits import Design, Fit, Link
from analysis.estimate.groups import MEMBER, Comparison, collapse, comparisons
from analysis.estimate.margins import Effect
from analysis.estimate.options import GapOptions
from analysis.estimate.question import Question, with_sides
from analysis.estimate.rates import Row
from analysis.estimate.regressions import (
    ErrorModel,
    Regression,
    clusters_of_smaller_side,
    effect_row,
    error_model,
    has_fixed_rate,
    regress,
)
from analysis.estimate.results import adjust_p_values, result_table, write_note
from analysis.studies import Study
from analysis.vocabulary import Contrast, Estimand

ByCohort = Mapping[str, pd.DataFrame]


def gap_trends(
    study: Study,
    outcome: str,
    cells_by_cohort: ByCohort,
    covariates: Sequence[str],
    options: GapOptions | None = None,
) -> pd.DataFrame:
    """Estimate the gaps of one outcome by cohort, and how they changed.

    Parameters
    ----------
    study
        The study; its categories are columns of the cells.
    outcome
        Name of the outcome that the cells count.
    cells_by_cohort
        Cells of each cohort, in the order of time; see `analysis.cells.study_cells`. A cohort
        without anyone in the denominator has rows that say so.
    covariates
        Adjusters and mediators; see `analysis.estimate.gaps.outcome_gaps`.
    options
        See `GapOptions`.

    Returns
    -------
    pandas.DataFrame
        A result table. `term` is a cohort, for its gaps (`difference`, `adjusted_difference`), or
        two cohorts, as in "2021>2022": `change` of the raw gap (method `linear`) and of the
        adjusted one (`logit`), and the raw one's parts `change_composition` and `change_rates`
        (method `kitagawa`). Pairs are consecutive cohorts, and the first and the last in which
        some succeed and some don't. A person in both cohorts of a pair is taken for two.
    """
    options = options or GapOptions()
    clustered = next(iter(cells_by_cohort.values()), pd.DataFrame())
    question = Question.of(study, clustered, covariates, options)
    rows: list[Row] = []
    pairs = cohort_pairs(cells_by_cohort)
    for contrast in options.contrasts:
        asked = {
            cohort: list(comparisons(cells, question.categories, contrast))
            for cohort, cells in cells_by_cohort.items()
        }
        # The joint contrast is one regression with every category in it.
        joint = contrast == Contrast.JOINT
        together = [asked] if joint else _one_by_one(asked)
        for family in together:
            rows.extend(_family_rows(question, family, pairs))
    shared: Row = {"study": study.name, "outcome": outcome}
    return adjust_p_values(result_table([shared | row for row in rows]), options.correction)


def cohort_pairs(cells_by_cohort: ByCohort) -> list[tuple[str, str]]:
    """Cohorts between which a change is told: each and the next, the first and the last.

    The first and last are those in which some succeed and some don't: a cohort that is not yet
    due has nothing to compare.
    """
    pairs = list(pairwise(cells_by_cohort))
    told = [
        cohort
        for cohort, cells in cells_by_cohort.items()
        if 0 < cells["successes"].sum() < cells["n"].sum()
    ]
    if told and told[0] != told[-1] and (told[0], told[-1]) not in pairs:
        pairs.append((told[0], told[-1]))
    return pairs


Family = dict[str, list[Comparison]]
"""The comparisons of one regression, by cohort."""


def _one_by_one(asked: Family) -> list[Family]:
    groups = len(next(iter(asked.values()), []))
    return [{cohort: [family[i]] for cohort, family in asked.items()} for i in range(groups)]


# ---- Gaps by cohort, and their change -----------------------------------------------------------


def _family_rows(
    question: Question, family: Family, pairs: Sequence[tuple[str, str]]
) -> Iterator[Row]:
    # The raw change stands last, next to its parts.
    yield from _regression_rows(question, family, pairs, Estimand.ADJUSTED_DIFFERENCE, "logit")
    yield from _regression_rows(question, family, pairs, Estimand.DIFFERENCE, "linear")
    for first, second in pairs:
        for one, two in zip(family[first], family[second], strict=True):
            if one.contrast != Contrast.JOINT:
                yield from split_rows(question, Pair(first, second, one, two))


def _regression_rows(
    question: Question,
    family: Family,
    pairs: Sequence[tuple[str, str]],
    estimand: Estimand,
    link: Link,
) -> Iterator[Row]:
    """Rows of one gap by cohort, then of its change: raw if linear, adjusted if logit."""
    found: dict[str, _CohortFit] = {}
    for cohort, asked in family.items():
        found[cohort] = fitted = _CohortFit.of(question, cohort, asked, link)
        for one, name in zip(asked, fitted.focus, strict=True):
            row = fitted.regression.row(name) | {"estimand": estimand, "term": cohort}
            yield with_sides(one, row, **fitted.remarks)
    for first, second in pairs:
        for i, (one, two) in enumerate(zip(family[first], family[second], strict=True)):
            both = Pair(first, second, one, two)
            row = _change_row(question, found[first], found[second], found[first].focus[i])
            remarks = found[first].remarks
            row |= {"estimand": Estimand.CHANGE, "term": both.term}
            yield with_sides(both.together, row, **remarks)


@dataclass(frozen=True)
class _CohortFit:
    """One regression of one cohort, with the cells that it was fitted to."""

    cohort: str
    cells: pd.DataFrame
    focus: list[str]
    regression: Regression
    remarks: Mapping[str, object]

    @classmethod
    def of(cls, question: Question, cohort: str, asked: list[Comparison], link: Link) -> Self:
        first = asked[0]
        focus = question.categories if first.contrast == Contrast.JOINT else [MEMBER]
        adjusters, remarks = question.adjusters(first.contrast, first.group)
        if link == "linear":
            adjusters, remarks = [], {}
        keys = [*focus, *adjusters, *([question.cluster] if question.cluster else [])]
        cells = collapse(first.cells, keys)
        if cells.empty:
            reasons = dict.fromkeys(focus, write_note(empty_cohort=cohort))
            regression = Regression(link, question.options, reasons)
        else:
            regression = regress(cells, link, focus, adjusters, question.options, question.cluster)
        return cls(cohort, cells, focus, regression, remarks)


def _change_row(question: Question, first: _CohortFit, second: _CohortFit, name: str) -> Row:
    """Change of a gap from one cohort to another, or the reason of the one that has no gap."""
    for one in (first, second):
        if name in one.regression.reasons:
            remark = one.regression.reasons[name]
            where = "" if "empty_cohort" in remark else write_note(in_cohort=one.cohort)
            note = "; ".join(filter(None, (remark, where)))
            return {"method": one.regression.link, "note": note}
    before, after = first.regression, second.regression
    assert before.fit is not None
    assert after.fit is not None
    fit = stack_fits(before.fit, after.fit)
    used = [first.cells.iloc[before.fit.rows], second.cells.iloc[after.fit.rows]]
    model = error_model(fit, pd.concat(used), question.options, question.cluster)
    effect = _change(fit, before.effect(name), after.effect(name))
    fits = (before.fit, after.fit)
    barred = write_note(
        few_clusters=_too_few_clusters(model, fits, name),
        fixed_rate=any(has_fixed_rate(one, name) for one in fits),
    )
    return effect_row(fit, model, effect, question.options, barred)


def stack_fits(first: Fit, second: Fit) -> Fit:
    """Put two fits together as the one regression in which every coefficient differs.

    Its likelihood, or its sum of squares, parts into those of the two, so nothing is left to fit.
    Scores of persons who share a cluster still meet in its covariance, as in seemingly unrelated
    estimation (Weesie 1999).

    Parameters
    ----------
    first, second
        Fits of the same link to disjoint persons.

    Returns
    -------
    Fit
        `rows` counts the cells that the first fit used, then those of the second.
    """
    design = Design(
        block_diag(first.design.matrix, second.design.matrix),
        first.design.names + second.design.names,
        {},
        tuple(dict.fromkeys(first.design.dropped + second.design.dropped)),
    )
    return Fit(
        first.link,
        design,
        np.concatenate([first.n, second.n]),
        np.concatenate([first.successes, second.successes]),
        np.concatenate([first.coefficients, second.coefficients]),
        np.concatenate([first.fitted, second.fitted]),
        block_diag(first.bread, second.bread),
        np.arange(len(first.n) + len(second.n)),
    )


def _change(fit: Fit, first: Effect, second: Effect) -> Effect:
    """Second effect minus the first, as an effect of the two fits put together."""
    gradient = np.concatenate([-first.gradient, second.gradient])
    spreads = [
        sign * effect.weights * (effect.changes - effect.value)
        for sign, effect in ((-1, first), (1, second))
    ]
    return effect_of(fit, second.value - first.value, gradient, np.concatenate(spreads))


def _too_few_clusters(model: ErrorModel, fits: tuple[Fit, Fit], name: str) -> int | None:
    """Number of clusters, in all or on one side in one cohort, if they carry no interval."""
    if model.clusters is None:
        return None
    own = np.split(model.clusters, [len(fits[0].n)])
    sides = (clusters_of_smaller_side(fit, part, name) for fit, part in zip(fits, own, strict=True))
    return too_few(model.groups, *sides)
