"""Who answered, and what they told: the logits that weights and doubly robust means rest on.

One rule for both sides of a comparison, in `fit_sides`.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.linalg import block_diag

from analysis.estimate.fits import (
    PERSONS_PER_COEFFICIENT,
    Array,
    NotEstimableError,
    design_matrix,
    fit_logit,
)
from analysis.estimate.groups import MEMBER
from analysis.estimate.nonresponse.weighting import ANSWERED, MeanModel


def answer_probabilities(cells: pd.DataFrame, adjusters: Sequence[str]) -> Array:
    """Probability of answering in each cell; its inverse is a respondent's weight.

    Parameters
    ----------
    cells
        Columns `n` (persons asked, above 0), `answered`, the boolean `member` (the same in all
        cells if there is but one side) and the adjusters.
    adjusters
        Variables that answering may depend on.

    Returns
    -------
    numpy.ndarray
        Shape (cells,), in the order of the cells, above 0 and at most 1.

    Raises
    ------
    NotEstimableError
        See `fit_answers`.
    """
    return fit_answers(cells, adjusters).mean


def fit_answers(cells: pd.DataFrame, adjusters: Sequence[str]) -> MeanModel:
    """Fit who answers, by the rule of `fit_sides`; see `answer_probabilities`.

    Raises
    ------
    NotEstimableError
        If a side has nobody who answered (`nobody_answered`), or as `fit_sides` does.
    """
    if not (cells[ANSWERED].groupby(cells[MEMBER]).sum() > 0).all():
        raise NotEstimableError("nobody_answered")
    return fit_sides(cells.assign(successes=cells[ANSWERED]), adjusters, positive=True)


def fit_outcome(cells: pd.DataFrame, adjusters: Sequence[str]) -> MeanModel:
    """Fit the outcome of those who answered, by the rule of `fit_sides`.

    Parameters
    ----------
    cells
        As `answer_probabilities` takes them, with `successes` of those who answered.
    adjusters
        Variables that the outcome may depend on.

    Raises
    ------
    NotEstimableError
        See `fit_sides`.
    """
    return fit_sides(cells.assign(n=cells[ANSWERED]), adjusters)


def fit_sides(
    cells: pd.DataFrame, adjusters: Sequence[str], *, positive: bool = False
) -> MeanModel:
    """Fit a logit on the adjusters: each side apart if both can bear it, else together.

    A side bears its own logit if it has ten persons of the rarer kind for each coefficient, each
    level of its adjusters has persons, and the likelihood has a maximum. Else one logit with the
    indicator `member` serves both, in which an adjuster goes with the outcome alike on both sides.
    A side of one kind only needs no logit: its probability is 0 or 1; the other is fitted alone.
    Levels of an adjuster are treated likewise: the coefficient of one in which all are of a kind
    has no maximum, but the probabilities that the likelihood tends to are 0 or 1 there, and those
    of the logit of all others elsewhere.

    Parameters
    ----------
    cells
        Columns `n`, `successes`, the boolean `member` and the adjusters.
    adjusters
        Variables of the logit.
    positive
        Refuse a probability of 0: its inverse is no weight.

    Returns
    -------
    MeanModel
        In all cells, those with n = 0 too.

    Raises
    ------
    NotEstimableError
        If a side has no persons (`no_persons`), if a level has none or, if `positive`, no successes
        (`unseen_level`), or if there is no maximum even for both sides together.
    """
    member = cells[MEMBER].to_numpy(dtype=bool)
    places = [np.flatnonzero(side) for side in (member, ~member) if side.any()]
    if not places:
        raise NotEstimableError("no_persons")
    parts = [cells.iloc[place] for place in places]
    fixed = [_certain(part) for part in parts]
    # Only where both sides have something to fit can they share it.
    sharing = len(fixed) == 2 and all(known is None for known in fixed)
    if sharing and not all(_bears_its_own(part, adjusters) for part in parts):
        return _fit_together(cells, adjusters, positive=positive)
    try:
        models = [
            known or _fit_all(part, [], adjusters, positive=positive)
            for part, known in zip(parts, fixed, strict=True)
        ]
    except NotEstimableError:
        if not sharing:
            raise
        return _fit_together(cells, adjusters, positive=positive)
    order = np.argsort(np.concatenate(places))
    return MeanModel(
        block_diag(*(model.matrix for model in models))[order],
        np.concatenate([model.mean for model in models])[order],
        np.concatenate([model.slope for model in models])[order],
        block_diag(*(model.bread for model in models)),
    )


def _certain(cells: pd.DataFrame) -> MeanModel | None:
    """Model without coefficients of a side of one kind only; None if it has both."""
    n, successes = cells["n"].sum(), cells["successes"].sum()
    if not n:
        raise NotEstimableError("no_persons")
    if 0 < successes < n:
        return None
    return _constant(np.full(len(cells), float(successes / n)))


def _constant(mean: Array) -> MeanModel:
    return MeanModel(np.empty((len(mean), 0)), mean, 0 * mean, np.empty((0, 0)))


def _bears_its_own(cells: pd.DataFrame, adjusters: Sequence[str]) -> bool:
    """Whether a side has persons enough of the rarer kind for each coefficient."""
    used = cells[cells["n"] > 0]
    successes = int(used["successes"].sum())
    rarer = min(successes, int(used["n"].sum()) - successes)
    coefficients = design_matrix(used, [], adjusters).matrix.shape[1]
    return bool(rarer >= PERSONS_PER_COEFFICIENT * coefficients)


def _fit_together(cells: pd.DataFrame, adjusters: Sequence[str], *, positive: bool) -> MeanModel:
    return replace(_fit_all(cells, [MEMBER], adjusters, positive=positive), pooled=True)


def _fit_all(
    cells: pd.DataFrame, focus: Sequence[str], adjusters: Sequence[str], *, positive: bool
) -> MeanModel:
    """Fit a logit to the cells with persons, and tell it in all of them."""
    settled = _settled(cells, [*focus, *adjusters], positive=positive)
    rest = np.isnan(settled)
    if not rest.any():
        return _constant(settled)
    part = cells[rest]
    if not part["n"].any():
        raise NotEstimableError("unseen_level", ", ".join(adjusters))
    fit = fit_logit(part, focus, adjusters)
    design = fit.design
    if len(fit.rows) < len(part):
        design = design_matrix(part, focus, adjusters)
    if unseen := set(design.names).symmetric_difference(fit.design.names):
        raise NotEstimableError("unseen_level", ", ".join(sorted(unseen)))
    model = MeanModel.of(fit, design.matrix)
    matrix, mean, slope = np.zeros((len(cells), design.matrix.shape[1])), settled, 0 * settled
    matrix[rest], mean[rest], slope[rest] = model.matrix, model.mean, model.slope
    return MeanModel(matrix, mean, slope, model.bread)


def _settled(cells: pd.DataFrame, variables: Sequence[str], *, positive: bool) -> Array:
    """Probability of the cells of levels of one kind only, nan in all other cells.

    Without those cells another level may be of one kind, so that it takes several rounds.
    """
    n, successes = (cells[name].to_numpy(dtype=float) for name in ("n", "successes"))
    found = np.full(len(cells), np.nan)
    codes = {variable: pd.factorize(cells[variable]) for variable in variables}
    settled, before = 0, -1
    while settled > before:
        before = settled
        for variable, (code, levels) in codes.items():
            rest = np.isnan(found)
            persons = np.bincount(code, rest * n, minlength=len(levels))
            wins = np.bincount(code, rest * successes, minlength=len(levels))
            alike = (persons > 0) & ((wins == 0) | (wins == persons))
            for level in map(int, np.flatnonzero(alike)):
                if positive and not wins[level]:
                    raise NotEstimableError("unseen_level", f"{variable}[{levels[level]}]")
                found[rest & (code == level)] = wins[level] / persons[level]
        settled = int(np.isfinite(found).sum())
    return found
