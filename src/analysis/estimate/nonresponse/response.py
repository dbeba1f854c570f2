"""Who answered? Rates and gaps of respondents, weighted, doubly robust, and within bounds."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from analysis.estimate.fits import NotEstimableError
from analysis.estimate.groups import MEMBER, Comparison, compare, comparisons
from analysis.estimate.hybrid import difference_estimate, rate_estimate
from analysis.estimate.nonresponse.bounds import Bounds, gap_bounds, rate_bounds, tipping_shift
from analysis.estimate.nonresponse.surveys import BOTH, SideMeans, Survey
from analysis.estimate.nonresponse.weighting import ANSWERED
from analysis.estimate.options import GapOptions
from analysis.estimate.proportions import Estimate
from analysis.estimate.question import Question, with_sides
from analysis.estimate.rates import Row, as_row, rate_rows, reason_row
from analysis.estimate.results import adjust_p_values, result_table, write_note
from analysis.studies import Study
from analysis.vocabulary import ALL, NON_UNDERSERVED, UNDERSERVED, Contrast, Estimand

COUNTS = ["n", ANSWERED, "successes"]
METHODS: dict[str, Callable[[Survey], SideMeans]] = {
    "respondents": Survey.respondents,
    "ipw": Survey.weighted,
    "aipw": Survey.doubly_robust,
}
WEIGHTED = ("ipw", "aipw")
RATE_BOUNDS = (Estimand.RATE_LOWER_BOUND, Estimand.RATE_UPPER_BOUND)
GAP_BOUNDS = (Estimand.DIFFERENCE_LOWER_BOUND, Estimand.DIFFERENCE_UPPER_BOUND)
TIPPING = (Estimand.TIPPING_VANISH, Estimand.TIPPING_DOUBLE)


def response_gaps(
    study: Study,
    outcome: str,
    cells: pd.DataFrame,
    answer_cells: pd.DataFrame,
    covariates: Sequence[str],
    options: GapOptions | None = None,
) -> pd.DataFrame:
    """Estimate what those who did not answer a survey may hide in its rates and gaps.

    Parameters
    ----------
    study
        The study; its categories are columns of the cells.
    outcome
        Name of the outcome that the survey asks for.
    cells
        Cells of the outcome (see `analysis.cells.study_cells`): `n` answered, of whom `successes`.
    answer_cells
        Cells of answering, with the same keys: `n` persons asked, `successes` of whom answered.
        One who answered, but not on the outcome, is no respondent.
    covariates
        What answering and the outcome may depend on; those that define a category are left out of
        the gaps that it defines.
    options
        See `GapOptions`. The joint contrast has no rows: a coefficient is no difference of rates.

    Returns
    -------
    pandas.DataFrame
        A result table. `rate`: by method `response_…` the share that answered, by `respondents_…`,
        `ipw_…` and `aipw_…` the outcome; between `rate_lower_bound` and `rate_upper_bound`.
        `difference` and its bounds, likewise; `tipping_vanish` and `tipping_double`: by how much
        those of the group who did not answer must differ from its respondents. The interval of
        either bound is that of the true value (Imbens and Manski). `n` counts respondents, or
        persons asked where bounds, tipping points or the share that answered are told.

    Raises
    ------
    ValueError
        If a cell has more respondents than persons asked.
    """
    options = options or GapOptions()
    question = Question.of(study, answer_cells, covariates, options)
    asked = _join(question, cells, answer_cells)
    rows = [*_rate_rows(question, answer_cells, asked), *_gap_rows(question, asked)]
    shared: Row = {"study": study.name, "outcome": outcome}
    return adjust_p_values(result_table([shared | row for row in rows]), options.correction)


def _join(question: Question, cells: pd.DataFrame, answer_cells: pd.DataFrame) -> pd.DataFrame:
    """Cells of those asked, with how many of them told the outcome and how many succeeded."""
    keys = _keys(question, [*question.categories, *question.covariates])
    asked = answer_cells[keys].assign(n=answer_cells["n"], answered=0, successes=0)
    told = cells[keys].assign(n=0, answered=cells["n"], successes=cells["successes"])
    both = pd.concat([asked, told], ignore_index=True)
    joined = both.groupby(keys, observed=True, dropna=False, as_index=False)[COUNTS].sum()
    if (joined[ANSWERED] > joined["n"]).any():
        raise ValueError("a cell of the outcome has more respondents than were asked")
    return joined


def _keys(question: Question, names: Sequence[str]) -> list[str]:
    return [*names, *([question.cluster] if question.cluster else [])]


def _survey(question: Question, cells: pd.DataFrame, adjusters: Sequence[str]) -> Survey:
    keys = _keys(question, [MEMBER, *adjusters])
    used = cells[cells["n"] > 0]
    summed = used.groupby(keys, observed=True, dropna=False, as_index=False)[COUNTS].sum()
    return Survey(summed, tuple(adjusters), question.options, question.cluster)


def _respondents(asked: pd.DataFrame) -> pd.DataFrame:
    return asked.assign(n=asked[ANSWERED])


# ---- Rates --------------------------------------------------------------------------------------


def _rate_rows(
    question: Question, answer_cells: pd.DataFrame, asked: pd.DataFrame
) -> Iterator[Row]:
    level = question.options.confidence
    for name, counted in (("response", answer_cells), ("respondents", _respondents(asked))):
        for row in rate_rows(counted, question.categories, level):
            yield row | {"method": f"{name}_{row['method']}"}
    for population in _populations(question, asked):
        yield from _weighted_rates(question, population)


@dataclass(frozen=True)
class _Population:
    """Persons whose rate is asked for: one side of a comparison."""

    name: str
    side: bool
    one: Comparison
    survey: Survey
    remarks: dict[str, object]


def _populations(question: Question, asked: pd.DataFrame) -> Iterator[_Population]:
    """Everyone, each side and each category, with those whose coefficients they may share."""
    everyone = Comparison(Contrast.ANY, ALL, "", asked.assign(**{MEMBER: True}), 0)
    names = question.categories
    any_gap = compare(asked, names, Contrast.ANY, UNDERSERVED)
    others = {name: compare(asked, names, Contrast.COMPLEMENT, name) for name in names}
    for name, side, one in (
        (ALL, True, everyone),
        (NON_UNDERSERVED, False, any_gap),
        (UNDERSERVED, True, any_gap),
        *((name, True, one) for name, one in others.items()),
    ):
        adjusters, remarks = question.adjusters(one.contrast, one.group)
        if name == ALL:  # defined by nothing
            adjusters = list(question.covariates)
            remarks = {"adjusted": ", ".join(adjusters) or None}
        cells = one.cells
        # A side without respondents has nothing to share.
        if not cells.loc[cells[MEMBER] != side, ANSWERED].sum():
            cells = cells[cells[MEMBER] == side]
        survey = _survey(question, cells, adjusters)
        yield _Population(name, side, one, survey, remarks)


def _weighted_rates(question: Question, population: _Population) -> Iterator[Row]:
    survey, side = population.survey, population.side
    own = population.one.cells[population.one.cells[MEMBER] == side]
    counts = {"n_reference": 0, "k_reference": 0, "k_group": int(own["successes"].sum())}
    shared: Row = {"group": population.name, "reference": "", **counts}
    left_out = write_note(left_out=population.one.left_out or None)

    def told(row: Row, persons: str, **remarks: object) -> Row:
        notes = (write_note(**remarks), str(row.get("note", "")), left_out)
        noted = {"n_group": int(own[persons].sum()), "note": "; ".join(filter(None, notes))}
        return shared | row | noted

    for name in WEIGHTED:
        for row in _rows(survey, name, (Estimand.RATE,), partial(_rate, survey, side, name)):
            yield told(row, ANSWERED, **population.remarks)
    bounds = partial(_bounds, survey, partial(rate_bounds, survey, side), side)
    for row in _rows(survey, "manski", RATE_BOUNDS, bounds):
        yield told(row, "n")


Found = tuple[Sequence[Estimate], dict[str, object]]
"""Estimates with what is to be remarked on them."""


def _rows(
    survey: Survey, name: str, estimands: Sequence[Estimand], estimator: Callable[[], Found]
) -> Iterator[Row]:
    """Rows of estimates, or of the reason why there are none."""
    method = f"{name}_{survey.kind}"
    try:
        estimates, remarks = estimator()
    except NotEstimableError as error:
        yield from (reason_row(estimand, method, error) for estimand in estimands)
        return
    note = write_note(**remarks)
    for estimand, estimate in zip(estimands, estimates, strict=True):
        yield as_row(estimate) | {"estimand": estimand, "method": method, "note": note}


def _remarks(survey: Survey, name: str, *sides: bool) -> dict[str, object]:
    silent = name == "manski"
    few = survey.few_clusters(*sides, silent=silent)
    clusters = survey.clusters_of(*sides, silent=silent) if few is None else None
    remarks: dict[str, object] = {"few_clusters": few, "clusters": clusters}
    if name in WEIGHTED:
        remarks |= survey.weight_remarks(*sides)
    if name == "aipw":
        remarks["pooled_outcomes"] = survey.outcome.pooled
    return remarks


def _rate(survey: Survey, side: bool, name: str) -> Found:
    if side not in survey.sides:
        raise NotEstimableError("no_persons")
    found = METHODS[name](survey)
    remarks = _remarks(survey, name, side)
    if remarks["few_clusters"] is not None:
        return [Estimate(found.means[side].value)], remarks
    rate = survey.rate(side, found)
    remarks["no_variation"] = not rate.varies
    return [rate_estimate(rate, survey.options.confidence, survey.freedom(side))], remarks


def _bounds(survey: Survey, estimator: Callable[[], Bounds], *sides: bool) -> Found:
    found = estimator()
    remarks = _remarks(survey, "manski", *sides)
    remarks["no_variation"] = remarks["few_clusters"] is None and math.isnan(found[0].low)
    return found, remarks


# ---- Gaps ---------------------------------------------------------------------------------------


def _gap_rows(question: Question, asked: pd.DataFrame) -> Iterator[Row]:
    for contrast in question.options.contrasts:
        if contrast == Contrast.JOINT:
            continue
        both = (
            comparisons(cells, question.categories, contrast)
            for cells in (asked, _respondents(asked))
        )
        for one, answered in zip(*both, strict=True):
            adjusters, remarks = question.adjusters(contrast, one.group)
            survey = _survey(question, one.cells, adjusters)
            for name in METHODS:
                held = {} if name == "respondents" else remarks
                gap = partial(survey_gap, survey, name)
                for row in _rows(survey, name, [Estimand.DIFFERENCE], gap):
                    yield with_sides(answered, row, **held)
            bounds = partial(_bounds, survey, partial(gap_bounds, survey), True, False)
            for row in _rows(survey, "manski", GAP_BOUNDS, bounds):
                yield with_sides(one, row)
            yield from _tipping_rows(one, survey)


def survey_gap(survey: Survey, name: str) -> Found:
    """Gap of the two sides of a survey by one of `METHODS`, and what is to be remarked on it.

    Raises
    ------
    NotEstimableError
        If a side has nobody, or the method's regressions can't be had.
    """
    survey.check_sides()
    found = METHODS[name](survey)
    remarks = _remarks(survey, name, True, False)
    if remarks["few_clusters"] is not None:
        return [Estimate(found.means[True].value - found.means[False].value)], remarks
    group, reference = (survey.rate(side, found, *BOTH) for side in BOTH)
    across = survey.covariance(found.means[True], found.means[False], found, *BOTH)
    remarks["no_variation"] = not (group.varies and reference.varies)
    freedom = survey.freedom(*BOTH)
    options = survey.options
    return [difference_estimate(group, reference, across, options.confidence, freedom)], remarks


def _tipping_rows(one: Comparison, survey: Survey) -> Iterator[Row]:
    """By how much the group's non-respondents must differ; a thought, so without an error."""
    for estimand, times in zip(TIPPING, (-1, 1), strict=True):
        try:
            row = as_row(Estimate(_shift(survey, times)))
        except NotEstimableError as error:
            row = reason_row(estimand, "tipping", error)
        yield with_sides(one, row | {"estimand": estimand, "method": "tipping"})


def _shift(survey: Survey, times: int) -> float:
    survey.check_sides()
    means = survey.respondents().means
    group = survey.sides[True]
    response = float(survey.told.answered[group].sum() / survey.told.n[group].sum())
    gap = means[True].value - means[False].value
    return tipping_shift(means[True].value, response, times * gap)
