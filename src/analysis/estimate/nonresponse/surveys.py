"""Persons asked by a survey, of one side or of both, and how sure the rates of each side are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.estimate.clusters import CLUSTERS_OF_A_SIDE, too_few
from analysis.estimate.covariance import cluster_codes
from analysis.estimate.fits import Array, NotEstimableError
from analysis.estimate.groups import MEMBER
from analysis.estimate.hybrid import UncertainRate
from analysis.estimate.nonresponse.answering import fit_answers, fit_outcome
from analysis.estimate.nonresponse.weighting import (
    AnswerModel,
    Mean,
    MeanModel,
    Told,
    doubly_robust_mean,
    respondents_mean,
    weighted_mean,
)
from analysis.estimate.options import GapOptions
from analysis.estimate.question import clustered_by

BOTH = (True, False)
"""The sides of a comparison: True is the group."""


@dataclass(frozen=True)
class SideMeans:
    """Means of the sides of a survey, by one method.

    Attributes
    ----------
    means
        By side: True is the group.
    persons
        Of each side: to reckon with where a rate is 0 or 1.
    spent
        Of each side: its share in the coefficients of the model whose residuals make the error.
    silent
        Whether they rest on those too who did not answer.
    """

    means: Mapping[bool, Mean]
    persons: Mapping[bool, float]
    spent: Mapping[bool, float] = field(default_factory=dict)
    silent: bool = False


@dataclass(frozen=True)
class Survey:
    """The persons asked, as cells, with what they told.

    Attributes
    ----------
    cells
        One row a pattern of side, adjusters and cluster: `n` asked (above 0), `answered`, and
        `successes` of these.
    adjusters
        What answering and the outcome may depend on.
    options
        Errors and coverage.
    cluster
        Cluster column, if there is one.
    """

    cells: pd.DataFrame
    adjusters: tuple[str, ...]
    options: GapOptions
    cluster: str | None

    @cached_property
    def told(self) -> Told:
        """Counts of the cells."""
        return Told.of(self.cells)

    @cached_property
    def sides(self) -> dict[bool, NDArray[np.bool_]]:
        """Cells of each side that has any: True is the group."""
        member = self.cells[MEMBER].to_numpy(dtype=bool)
        return {side: member == side for side in (True, False) if (member == side).any()}

    def check_sides(self) -> None:
        """Raise a `NotEstimableError` if a side has nobody to compare."""
        for side, reason in ((True, "empty_group"), (False, "empty_reference")):
            if side not in self.sides:
                raise NotEstimableError(reason)

    @cached_property
    def answers(self) -> MeanModel:
        """Who answers."""
        return fit_answers(self.cells, self.adjusters)

    @cached_property
    def outcome(self) -> MeanModel:
        """What those who answered tell."""
        return fit_outcome(self.cells, self.adjusters)

    # ---- Means ----------------------------------------------------------------------------------

    def respondents(self) -> SideMeans:
        """Means of those who answered."""
        answered = {side: float(self.told.answered[own].sum()) for side, own in self.sides.items()}
        if not all(answered.values()):
            raise NotEstimableError("nobody_answered")
        means = {side: respondents_mean(self.told, own) for side, own in self.sides.items()}
        return SideMeans(means, answered)

    def weighted(self) -> SideMeans:
        """Means weighted by the inverse probability of answering."""
        model = AnswerModel.of(self.answers)
        means = {side: weighted_mean(self.told, own, model) for side, own in self.sides.items()}
        spent = self._spent(self.answers, self.told.n)
        return SideMeans(means, self.effective, spent)

    def doubly_robust(self) -> SideMeans:
        """Means by regression, with what that misses weighted."""
        model = AnswerModel.of(self.answers)
        means = {
            side: doubly_robust_mean(self.told, own, model, self.outcome)
            for side, own in self.sides.items()
        }
        if any(not 0 <= mean.value <= 1 for mean in means.values()):
            raise NotEstimableError("beyond_range")
        spent = self._spent(self.outcome, self.told.answered)
        return SideMeans(means, self.effective, spent)

    def _spent(self, model: MeanModel, n: Array) -> dict[bool, float]:
        return {side: model.coefficients_spent(n, own) for side, own in self.sides.items()}

    @cached_property
    def effective(self) -> dict[bool, float]:
        """Effective number of respondents of each side: (Σw)² / Σw² (Kish 1965)."""
        weight, answered = 1 / self.answers.mean, self.told.answered
        return {
            side: float((weight @ (own * answered)) ** 2 / (weight**2 @ (own * answered)))
            for side, own in self.sides.items()
        }

    def weight_remarks(self, *sides: bool) -> dict[str, object]:
        """What is to be remarked on the weights of some sides."""
        own = np.any([self.sides[side] for side in sides], axis=0) & (self.told.answered > 0)
        return {
            "effective": " / ".join(f"{self.effective[side]:.0f}" for side in sides),
            "largest_weight": f"{float((1 / self.answers.mean[own]).max()):.0f}",
            "pooled_answers": self.answers.pooled,
        }

    # ---- Errors ---------------------------------------------------------------------------------

    @property
    def kind(self) -> str:
        """Name of the errors, for the method column."""
        if clustered_by(self.cluster, self.options.errors):
            return "cluster"
        # No model tells the covariance of estimating equations; HC2 and HC3 are for linear ones.
        return "hc0" if self.options.errors == "hc0" else "hc1"

    @cached_property
    def clusters(self) -> NDArray[np.intp] | None:
        """Number of each cell's cluster, where errors are clustered."""
        if self.kind != "cluster":
            return None
        return cluster_codes(self.cells[self.cluster])

    def clusters_of(self, *sides: bool, silent: bool = False) -> int | None:
        """Number of clusters that hold respondents of any of some sides, or any persons asked.

        Parameters
        ----------
        sides
            True is the group.
        silent
            Count those too who did not answer, for bounds rest on them as well.
        """
        if self.clusters is None:
            return None
        own = np.any([self.sides[side] for side in sides], axis=0)
        return len(np.unique(self.clusters[own & (silent | (self.told.answered > 0))]))

    def few_clusters(self, *sides: bool, silent: bool = False) -> int | None:
        """Number of clusters, of all these sides or of one, if an interval can't rest on it."""
        held = (self.clusters_of(side, silent=silent) or 0 for side in sides)
        return too_few(self.clusters_of(*sides, silent=silent), *held)

    def freedom(self, *sides: bool, silent: bool = False) -> float:
        """Degrees of freedom of Student's t: clusters less one; infinite without clusters."""
        groups = self.clusters_of(*sides, silent=silent)
        return np.inf if groups is None else groups - 1

    def covariance(self, one: Mean, other: Mean, found: SideMeans, *sides: bool) -> float:
        """Covariance of two means: the products of persons' influences, or of clusters' sums.

        Products of a side are scaled by m / (m - k), m its respondents and k its share in the
        coefficients but one (HC1), those of clusters by G / (G - 1), G those of
        the sides named, or of all.
        """
        if self.clusters is None:
            scale = self._scale(found)
            return float(scale @ one.influence.products(other.influence, self.told))
        groups = self.clusters_of(*(sides or self.sides), silent=found.silent) or 0
        if groups < CLUSTERS_OF_A_SIDE:
            return np.nan
        sums = [
            np.bincount(self.clusters, each.influence.totals(self.told)) for each in (one, other)
        ]
        return float(groups / (groups - 1) * (sums[0] @ sums[1]))

    def _scale(self, found: SideMeans) -> Array:
        scale = np.ones(len(self.cells))
        if self.kind == "hc0":
            return scale
        for side, spent in found.spent.items():
            own = self.sides[side]
            answered = float(self.told.answered[own].sum())
            # The first is the side's own mean, which Wilson's interval allows for.
            left = answered - max(spent - 1, 0.0)
            if left <= 0:
                raise NotEstimableError("no_freedom")
            scale[own] = answered / left
        return scale

    def rate(self, side: bool, found: SideMeans, *sides: bool) -> UncertainRate:
        """Rate of one side with its variance, by itself or beside the other of the sides named."""
        mean = found.means[side]
        value = min(max(mean.value, 0.0), 1.0)
        # By rounding the sum of squares may be a little below 0.
        variance = max(self.covariance(mean, mean, found, *(sides or (side,))), 0.0)
        return UncertainRate(value, variance, found.persons[side])
