"""What small groups can tell: Firth's logit, detectable gaps, and whether there is no gap."""

from collections.abc import Iterator, Sequence

import pandas as pd

from analysis.estimate.groups import MEMBER, Comparison, collapse, comparisons
from analysis.estimate.options import GapOptions
from analysis.estimate.question import Question, with_sides
from analysis.estimate.rates import Row
from analysis.estimate.regressions import regress
from analysis.estimate.results import adjust_p_values, result_table
from analysis.estimate.small.equivalence import add_verdicts, equivalence_row
from analysis.estimate.small.firth import firth_rows
from analysis.estimate.small.power import power_rows
from analysis.studies import Study
from analysis.vocabulary import Contrast


def small_groups(
    study: Study,
    outcome: str,
    cells: pd.DataFrame,
    covariates: Sequence[str],
    options: GapOptions | None = None,
    margin: float = 0.05,
) -> pd.DataFrame:
    """Estimate one outcome's gaps by Firth's logit, and what could be said of smaller ones.

    Parameters
    ----------
    study
        The study; its categories are columns of the cells.
    outcome
        Name of the outcome that the cells count.
    cells
        See `analysis.cells.study_cells`.
    covariates
        Adjusters and mediators; see `analysis.estimate.gaps.outcome_gaps`.
    options
        See `GapOptions`.
    margin
        Gaps within it count as none; a fraction.

    Returns
    -------
    pandas.DataFrame
        A result table. By Firth's logit (methods `firth_…`): `adjusted_difference` and
        `odds_ratio`. Of the ordinary logit's adjusted gap: `minimal_detectable_gap`, `power`
        and `equivalence`, whose note says `equivalent` or `not_equivalent` by the corrected
        p-value; the `term` of the last two is the margin.
    """
    options = options or GapOptions()
    question = Question.of(study, cells, covariates, options)
    rows: list[Row] = []
    for contrast in options.contrasts:
        asked = list(comparisons(cells, question.categories, contrast))
        # The joint contrast is one regression with every category in it.
        together = [asked] if contrast == Contrast.JOINT else [[one] for one in asked]
        for family in together:
            rows.extend(_family_rows(question, family, margin))
    shared: Row = {"study": study.name, "outcome": outcome}
    results = adjust_p_values(result_table([shared | row for row in rows]), options.correction)
    return add_verdicts(results, options.confidence)


def _family_rows(question: Question, family: list[Comparison], margin: float) -> Iterator[Row]:
    """Rows of the comparisons that one regression answers."""
    first = family[0]
    focus = question.categories if first.contrast == Contrast.JOINT else [MEMBER]
    adjusters, remarks = question.adjusters(first.contrast, first.group)
    keys = [*focus, *adjusters, *([question.cluster] if question.cluster else [])]
    cells, options, cluster = collapse(first.cells, keys), question.options, question.cluster
    by_name = dict(zip(focus, family, strict=True))
    for name, row in firth_rows(cells, focus, adjusters, options, cluster):
        yield with_sides(by_name[name], row, **remarks)
    regression = regress(cells, "logit", focus, adjusters, options, cluster)
    for name, one in by_name.items():
        yield from (with_sides(one, row, **remarks) for row in power_rows(regression, name, margin))
        yield with_sides(one, equivalence_row(regression, name, margin), **remarks)
