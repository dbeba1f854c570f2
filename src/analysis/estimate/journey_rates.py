"""The rates of a journey's steps, from the data and from each draw of its persons.

A person may be in the denominators of several steps, in one row or in several. What is drawn again
is therefore a person with all rows, and the rates of all steps are those of the same draw.
"""

from collections.abc import Sequence
from typing import Final

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import expit, logit

from analysis.cells import CLUSTER, LinkedCells, check_cohort, count_linked
from analysis.engines.tables import Place, open_rows
from analysis.estimate.bootstrap import draw_counts
from analysis.estimate.fits import Array, NotEstimableError
from analysis.estimate.groups import MEMBER
from analysis.estimate.nonresponse.answering import fit_answers
from analysis.estimate.nonresponse.weighting import ANSWERED, MeanModel
from analysis.estimate.refits import refit
from analysis.studies import Study

STEPS: Final = {
    "admission": "admitted",
    "start": "started",
    "graduation": "graduated",
    "placement": "placed_6",
}
"""The steps of a journey in their order, each with its outcome."""

PLACED: Final = STEPS["placement"]
SURVEY: Final = "answered_6"
"""The outcome that tells who answered the survey on placement."""


def journey_cells(
    study: Study,
    processed: Place,
    cohort: str | None,
    covariates: Sequence[str],
    *,
    by_cluster: bool,
) -> LinkedCells:
    """Count persons by what they contribute to all steps of the journey.

    Parameters
    ----------
    study
        A study that declares the outcomes of `STEPS`.
    processed
        Where the processed table lies: a Parquet file, or an address.
    cohort
        Each step's rows are those of this cohort by the step's own year; all when not given.
    covariates
        Kept of the rows that were due for the survey, for only these are weighted by them.
    by_cluster
        Keep the study's clusters apart.

    Raises
    ------
    InputError
        If the cohort is not one of the study's.
    """
    table = open_rows(processed)
    if cohort is not None:
        check_cohort(study, cohort)
    outcomes = [name for name in (*STEPS.values(), SURVEY) if name in study.outcomes]
    inside = {
        name: table[name]
        if cohort is None
        else ibis.ifelse(
            table[study.cohort_column(name)] == cohort, table[name], ibis.null("boolean")
        )
        for name in outcomes
    }
    due = inside[SURVEY].notnull() if SURVEY in inside else ibis.literal(False)
    held = {name: ibis.ifelse(due, table[name], ibis.null("string")) for name in covariates}
    keys = [CLUSTER] if by_cluster else []
    rows = table.select(
        "person", *keys, **{name: table[name] for name in study.categories}, **inside, **held
    )
    return count_linked(
        rows.filter(ibis.or_(*(rows[name].notnull() for name in outcomes))),
        by=[*study.categories, *outcomes, *covariates],
        person="person",
        cluster=CLUSTER if by_cluster else None,
        levels={name: study.levels(name) for name in covariates},
    )


def draw_kinds(linked: LinkedCells, draws: int, seed: int) -> Array:
    """How many rows of each kind there are, in the data and in each draw of persons or clusters.

    Returns
    -------
    numpy.ndarray
        Shape (1 + draws, kinds); the first line is the data.
    """
    counts = np.empty((1 + draws, len(linked.kinds)))
    counts[0] = linked.persons @ linked.patterns
    if not len(linked.kinds):
        return counts
    drawn = draw_counts(linked.persons, draws, seed, linked.clusters)
    for line, persons in enumerate(drawn, start=1):
        counts[line] = persons @ linked.patterns
    return counts


def rates_of(kinds: pd.DataFrame, counts: Array, side: NDArray[np.bool_]) -> Array:
    """Rates of all steps on one side; nan where a denominator is empty.

    Parameters
    ----------
    kinds
        Kinds of rows, with the outcomes of `STEPS`.
    counts
        See `draw_kinds`.
    side
        Which kinds are on the side, shape (kinds,).

    Returns
    -------
    numpy.ndarray
        Shape (1 + draws, steps).
    """
    outcomes = kinds[list(STEPS.values())]
    known, success = outcomes.notna().to_numpy(), outcomes.fillna(False).to_numpy(dtype=bool)
    return _ratio(counts @ (success & side[:, None]), counts @ (known & side[:, None]))


def _ratio(numerator: Array, denominator: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio: Array = numerator / denominator
    return ratio


def weighted_placement(
    kinds: pd.DataFrame,
    counts: Array,
    sides: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    adjusters: Sequence[str],
) -> tuple[Array, Array]:
    """Placement with each respondent weighted by the inverse of the probability to answer.

    This probability is that of `fit_answers`, among all who were due. Its logits are fitted anew in
    each draw; whether each side has its own or both share one is settled by the data.

    Parameters
    ----------
    kinds, counts
        See `rates_of`; kinds have `SURVEY` and the adjusters too.
    sides
        Which kinds are of the group, and which of the reference.
    adjusters
        What the probability to answer depends on, beside membership.

    Returns
    -------
    tuple of numpy.ndarray
        Weighted rates of the group and of the reference, each of shape (1 + draws,).

    Raises
    ------
    NotEstimableError
        If the study has no survey, nobody was due, or the logits can't be fitted.
    """
    if SURVEY not in kinds:
        raise NotEstimableError("no_response_outcome")
    due = kinds[SURVEY].notna().to_numpy() & (sides[0] | sides[1])
    if not due.any():
        raise NotEstimableError("no_persons")
    own = kinds.loc[due, list(adjusters)].assign(**{MEMBER: sides[0][due]})
    patterns = own.groupby([MEMBER, *adjusters], observed=True, sort=False)
    code = patterns.ngroup().to_numpy()
    sums = csr_array((np.ones(len(code)), (np.arange(len(code)), code)))
    placed = kinds.loc[due, PLACED]
    parts = (np.ones(len(code)), placed.notna(), placed.fillna(False))
    n, answered, successes = (counts[:, due] * np.asarray(part, float) @ sums for part in parts)
    cells = patterns.head(1).assign(**{"n": n[0], ANSWERED: answered[0]})
    chance = refit_logit(fit_answers(cells, adjusters), n, answered)
    weight = np.divide(1.0, chance, out=np.zeros_like(chance), where=answered > 0)
    group, reference = (
        _ratio((successes * weight)[:, side].sum(axis=1), (answered * weight)[:, side].sum(axis=1))
        for side in (cells[MEMBER].to_numpy(), ~cells[MEMBER].to_numpy())
    )
    return group, reference


def refit_logit(model: MeanModel, n: Array, successes: Array) -> Array:
    """Probabilities by the same logit fitted to other counts of its cells, all at once.

    Newton's steps from the coefficients of the model. Where a draw separates successes from
    failures the coefficients grow until the score vanishes: the probabilities then are those of
    the limit, which are not 0 in any cell with a success.

    Parameters
    ----------
    model
        A logit; a cell whose probability has no coefficients keeps it.
    n, successes
        Counts of the cells in each draw, shape (draws, cells).

    Returns
    -------
    numpy.ndarray
        Shape (draws, cells); nan in a draw that reached no maximum.
    """
    probability = np.tile(model.mean, (len(n), 1))
    fitted = model.matrix.any(axis=1)
    matrix = model.matrix[fitted]
    start = np.linalg.lstsq(matrix, logit(model.mean[fitted]), rcond=None)[0]
    coefficients = refit(matrix, n[:, fitted], successes[:, fitted], start)
    probability[:, fitted] = expit(coefficients @ matrix.T)
    return probability
