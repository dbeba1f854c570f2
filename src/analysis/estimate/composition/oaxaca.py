"""Oaxaca-Blinder: how much of a gap goes with who the persons are, by the linear model.

Oaxaca (1973); Blinder (1973); Jann (2008) for the variants and the errors. Covariates are a random
draw like the outcome, so means and coefficients both vary, and together.
"""

from functools import cached_property
from typing import Final

import numpy as np

from analysis.estimate.composition.influences import (
    Decomposition,
    Part,
    Parts,
    Sample,
    Vector,
    product,
)
from analysis.estimate.composition.random_regressions import Regression, determined
from analysis.estimate.fits import INTERCEPT, Array, NotEstimableError
from analysis.estimate.groups import MEMBER
from analysis.vocabulary import Estimand

SHARE: Final = "oaxaca_share"
POOLED: Final = "oaxaca_pooled"
POOLED_GROUP: Final = "oaxaca_pooled_group"
THREEFOLD: Final = "oaxaca_threefold"
WEIGHTS: Final = {"oaxaca_0": 0.0, "oaxaca_1": 1.0, "oaxaca_half": 0.5}
"""Weight of the group's coefficients among those that weigh the differences in covariates."""

METHODS: Final = (*WEIGHTS, SHARE, POOLED, POOLED_GROUP, THREEFOLD)
TWO_PARTS: Final = (Estimand.EXPLAINED, Estimand.UNEXPLAINED)
THREE_PARTS: Final = (Estimand.ENDOWMENTS, Estimand.COEFFICIENTS, Estimand.INTERACTION)


class Oaxaca:
    """All Oaxaca-Blinder decompositions of one gap.

    The gap is ȳ₁ - ȳ₀, of the group (1) and the reference (0), with ȳₛ = aₛ + x̄ₛ'bₛ.

    Parameters
    ----------
    sample
        The persons of both sides.
    """

    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        alone = np.ones((len(sample.n), 1))
        self._sides = [Regression(sample, alone, sample.members == side) for side in (False, True)]
        self.terms = tuple(dict.fromkeys(sample.terms))

    def decompose(self, method: str) -> Decomposition:
        """Split the gap.

        Parameters
        ----------
        method
            One of `METHODS`.

        Raises
        ------
        NotEstimableError
            If a regression that it rests on has no more persons than coefficients, or the
            covariates determine the group where it is held fixed.
        """
        if method == THREEFOLD:
            return self._threefold()
        weighing = self._weighing(method)
        explained = product(self._differences, weighing)
        parts: Parts = {
            (Estimand.EXPLAINED, ""): explained,
            (Estimand.UNEXPLAINED, ""): self.gap - explained,
        }
        for term in self.terms:
            parts[Estimand.EXPLAINED, term] = self._of(term, self._differences, weighing)
        missing = None
        try:
            parts |= self._unexplained(weighing)
        except NotEstimableError as error:
            # A side too small for coefficients of its own; the whole part needs none.
            missing = error
        return Decomposition(self.gap, parts, missing=missing)

    @cached_property
    def gap(self) -> Part:
        """Difference of the mean outcomes."""
        reference, group = (side.base for side in self._sides)
        return (group - reference).single(0)

    @cached_property
    def _means(self) -> tuple[Vector, Vector]:
        reference, group = (side.covariates() for side in self._sides)
        return reference, group

    @cached_property
    def _differences(self) -> Vector:
        reference, group = self._means
        return group - reference

    def _weighing(self, method: str) -> Vector:
        """Coefficients b* that weigh differences in covariates."""
        if method in (POOLED, POOLED_GROUP):
            return self._pooled(held=method == POOLED_GROUP).slopes
        reference, group = self._sides
        if method == SHARE:
            return self._by_share(reference.slopes, group.slopes)
        weight = WEIGHTS[method]
        # A side with no weight may be too small for coefficients.
        if weight in (0.0, 1.0):
            return (group if weight else reference).slopes
        return weight * group.slopes + (1 - weight) * reference.slopes

    def _by_share(self, reference: Vector, group: Vector) -> Vector:
        """Coefficients of both sides, weighted by their shares of the persons, which vary too."""
        sample, persons = self._sample, self._sample.persons
        share = float(sample.n @ sample.members) / persons
        blend = share * group + (1 - share) * reference
        steady = np.outer((sample.members - share) / persons, group.values - reference.values)
        drawn = sample.root(steady, np.zeros_like(steady), persons, 1)
        return Vector(blend.values, blend.root + drawn, blend.footing)

    def _pooled(self, *, held: bool) -> Regression:
        """Regression of both sides, with or without the group held fixed."""
        base: Array = np.ones((len(self._sample.n), 1))
        if held:
            base = np.column_stack([base, self._sample.members])
            if determined(self._sample, base, 1):
                raise NotEstimableError("collinear", MEMBER)
        return Regression(self._sample, base)

    def _of(self, term: str, left: Vector, right: Vector) -> Part:
        """Part of a product that one covariate makes."""
        columns = self._sample.columns(term)
        return product(left.take(columns), right.take(columns))

    def _unexplained(self, weighing: Vector) -> Parts:
        """Detailed parts x̄₁(b₁ - b*) + x̄₀(b* - b₀), and a₁ - a₀."""
        (reference, group), (low, high) = self._means, (side.slopes for side in self._sides)
        parts: Parts = {(Estimand.UNEXPLAINED, INTERCEPT): self._intercepts}
        for term in self.terms:
            columns = self._sample.columns(term)
            means = group.take(columns).beside(reference.take(columns))
            away = (high - weighing).take(columns).beside((weighing - low).take(columns))
            parts[Estimand.UNEXPLAINED, term] = product(means, away)
        return parts

    @property
    def _intercepts(self) -> Part:
        reference, group = (side.intercept for side in self._sides)
        return (group - reference).single(0)

    def _threefold(self) -> Decomposition:
        """Endowments Δx̄'b₀, coefficients a₁ - a₀ + x̄₀'(b₁ - b₀), interaction Δx̄'(b₁ - b₀)."""
        low, high = (side.slopes for side in self._sides)
        reference, apart = self._means[0], high - low
        endowments, coefficients, interaction = THREE_PARTS
        parts: Parts = {
            (endowments, ""): product(self._differences, low),
            (coefficients, ""): self.gap - product(self._differences, high),
            (interaction, ""): product(self._differences, apart),
            (coefficients, INTERCEPT): self._intercepts,
        }
        for term in self.terms:
            parts[endowments, term] = self._of(term, self._differences, low)
            parts[coefficients, term] = self._of(term, reference, apart)
            parts[interaction, term] = self._of(term, self._differences, apart)
        return Decomposition(self.gap, parts)
