"""Means of an outcome that some did not tell: weighted, by regression, and doubly robust.

All are roots of stacked estimating equations: those of the model of answering, those of the model
of the outcome, and the one of the mean itself. So one formula gives all errors (Stefanski and
Boos 2002): each person's influence on the mean, in which that on the models is counted. In a cell
all who did not answer have the same influence, and that of those who did is linear in what they
told; a cell's counts, sums and squares are all that the errors need.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from analysis.estimate.fits import Array, Fit

ANSWERED = "answered"


@dataclass(frozen=True)
class Told:
    """What the persons of each cell told, all of shape (cells,).

    Attributes
    ----------
    n, answered
        Persons asked, and those of them who answered.
    total, squares
        Sum of the outcome over those who answered, and of its square.
    """

    n: Array
    answered: Array
    total: Array
    squares: Array

    @classmethod
    def of(cls, cells: pd.DataFrame) -> Self:
        """Take a binary outcome from cells with `n`, `answered` and `successes`."""
        n, answered, total = cells[["n", ANSWERED, "successes"]].to_numpy(dtype=float).T
        return cls(n, answered, total, total)


@dataclass(frozen=True)
class MeanModel:
    """A fitted regression, in all cells: each person's score is (y - mean) × row of the design.

    Attributes
    ----------
    matrix
        Its design, cells by columns.
    mean, slope
        Expected value in each cell, and its derivative by the linear index.
    bread
        Inverse of minus the derivative of the summed scores.
    pooled
        Whether both sides of a comparison had to share its coefficients.
    """

    matrix: Array
    mean: Array
    slope: Array
    bread: Array
    pooled: bool = False

    @classmethod
    def of(cls, fit: Fit, matrix: Array) -> Self:
        """Take it from a linear or logit fit, with its design in all cells."""
        index = matrix @ fit.coefficients
        if fit.link == "linear":
            return cls(matrix, index, np.ones_like(index), fit.bread)
        mean = expit(index)
        return cls(matrix, mean, mean * (1 - mean), fit.bread)

    def coefficients_spent(self, n: Array, side: NDArray[np.bool_]) -> float:
        """Share of a side in the coefficients: the sum of its persons' leverages.

        Parameters
        ----------
        n
            Persons of each cell that the regression was fitted to.
        side
            Cells of the side.
        """
        leverage = ((self.matrix @ self.bread) * self.matrix).sum(axis=1)
        return float((side * n * self.slope) @ leverage)


@dataclass(frozen=True)
class AnswerModel:
    """A fitted model of who answers; every array has one entry or row a cell.

    Attributes
    ----------
    matrix, bread
        See `MeanModel`.
    probability, slope
        Probability of answering, and its derivative by the linear index.
    score_answered, score_silent
        A person's score over its row of the design: of one who answered, and of one who did not.
    """

    matrix: Array
    probability: Array
    slope: Array
    score_answered: Array
    score_silent: Array
    bread: Array

    @classmethod
    def of(cls, logit: MeanModel) -> Self:
        """Take it from a logit."""
        p = logit.mean
        return cls(logit.matrix, p, logit.slope, 1 - p, -p, logit.bread)


@dataclass(frozen=True)
class Influence:
    """What one person of each cell adds to an estimate: its share of the error.

    Attributes
    ----------
    silent
        Of a person who did not answer.
    answered, slope
        Of one who answered y: answered + slope × y.
    """

    silent: Array
    answered: Array
    slope: Array

    def totals(self, told: Told) -> Array:
        """Sum over the persons of each cell."""
        silent = (told.n - told.answered) * self.silent
        return silent + told.answered * self.answered + told.total * self.slope

    def products(self, other: "Influence", told: Told) -> Array:
        """Sum of the products of two influences over the persons of each cell."""
        return (
            (told.n - told.answered) * self.silent * other.silent
            + told.answered * self.answered * other.answered
            + told.total * (self.answered * other.slope + self.slope * other.answered)
            + told.squares * self.slope * other.slope
        )


@dataclass(frozen=True)
class Mean:
    """A mean with each person's influence on it."""

    value: float
    influence: Influence


def respondents_mean(told: Told, side: NDArray[np.bool_]) -> Mean:
    """Mean of those of one side who answered.

    Parameters
    ----------
    told
        What was told.
    side
        Cells whose mean is asked for, shape (cells,).
    """
    answered = float(told.answered[side].sum())
    value = float(told.total[side].sum()) / answered
    share = side / answered
    return Mean(value, Influence(0 * share, -value * share, share))


def weighted_mean(told: Told, side: NDArray[np.bool_], model: AnswerModel) -> Mean:
    """Mean weighted by the inverse probability of answering, weights summing to 1.

    The ratio estimator (Hájek 1971; IPW2 of Lunceford and Davidian 2004), Stata's `teffects ipw`.

    Parameters
    ----------
    told, side
        See `respondents_mean`.
    model
        Who answers.
    """
    weight = side / model.probability
    sum_of_weights = float(weight @ told.answered)
    value = float(weight @ told.total) / sum_of_weights
    through = _through_answering(weight * (told.total - value * told.answered), model)
    return Mean(
        value,
        Influence(
            model.score_silent * through / sum_of_weights,
            (model.score_answered * through - weight * value) / sum_of_weights,
            weight / sum_of_weights,
        ),
    )


def regression_mean(told: Told, side: NDArray[np.bool_], outcome: MeanModel) -> Mean:
    """Mean over all persons of the outcome that a regression expects (`teffects ra`).

    Parameters
    ----------
    told, side
        See `respondents_mean`.
    outcome
        What those who answered tell.
    """
    persons = float(told.n[side].sum())
    value = float((side * told.n) @ outcome.mean) / persons
    spread = side * (outcome.mean - value)
    through = _through_outcome(side * told.n, outcome)
    return Mean(
        value,
        Influence(
            spread / persons,
            (spread - outcome.mean * through) / persons,
            through / persons,
        ),
    )


def doubly_robust_mean(
    told: Told, side: NDArray[np.bool_], model: AnswerModel, outcome: MeanModel
) -> Mean:
    """Regression mean plus the weighted mean of what it misses (`teffects aipw`).

    Right if either model is (Robins, Rotnitzky and Zhao 1994; Bang and Robins 2005).

    Parameters
    ----------
    told, side, model, outcome
        See `weighted_mean` and `regression_mean`.
    """
    regression = regression_mean(told, side, outcome)
    persons = float(told.n[side].sum())
    weight = side / model.probability
    missed = weight * (told.total - outcome.mean * told.answered)
    answering = _through_answering(missed, model)
    expecting = weight - _through_outcome(weight * told.answered, outcome)
    shift = float(missed.sum()) / persons
    spread = regression.influence
    return Mean(
        regression.value + shift,
        Influence(
            spread.silent + (model.score_silent * answering - side * shift) / persons,
            spread.answered
            + (model.score_answered * answering - outcome.mean * expecting - side * shift)
            / persons,
            spread.slope + expecting / persons,
        ),
    )


def _through_answering(weighted: Array, model: AnswerModel) -> Array:
    """Times a person's score: what it does, through the model of answering, to a weighted sum."""
    gradient = -model.matrix.T @ (weighted * model.slope / model.probability)
    return model.matrix @ (model.bread @ gradient)


def _through_outcome(persons: Array, outcome: MeanModel) -> Array:
    """Times a residual: what it does, through the model of the outcome, to a sum over persons."""
    return outcome.matrix @ (outcome.bread @ (outcome.matrix.T @ (persons * outcome.slope)))
