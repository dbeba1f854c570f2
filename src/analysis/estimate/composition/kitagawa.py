"""Kitagawa: composition or rates, from the patterns of covariates as they are, without a model.

Kitagawa (1955). Persons whose pattern nobody on the other side has can't be compared; what they add
to the gap stands apart, as in Ñopo (2008).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.estimate.composition.influences import Decomposition, Footing, Part, Sample
from analysis.estimate.fits import Array, NotEstimableError
from analysis.vocabulary import Estimand

MATCHED: Final = "matched"
ONLY_GROUP: Final = "only_group"
ONLY_REFERENCE: Final = "only_reference"
COMPOSITION: Final = (MATCHED, ONLY_GROUP, ONLY_REFERENCE)


def kitagawa(sample: Sample) -> Decomposition:
    """Split a gap by composition and rates over the patterns that both sides have.

    With shares s and rates r of the patterns among the persons who have a counterpart on the other
    side, composition is Σ (s₁ - s₀)(r₁ + r₀)/2 and rates are Σ (s₁ + s₀)/2 (r₁ - r₀). Persons
    without a counterpart add the distance of their side's rate from that of the rest of it.

    Parameters
    ----------
    sample
        The persons of both sides.

    Returns
    -------
    Decomposition
        `explained`: composition; by term that of persons with a counterpart (`matched`) and of
        those without (`only_group`, `only_reference`). `unexplained`: rates.

    Raises
    ------
    NotEstimableError
        If no pattern is on both sides, or a side is a single person.
    """
    reference, group = (_Side(sample, inside) for inside in (~sample.members, sample.members))
    common = (reference.n > 0) & (group.n > 0)
    if not common.any():
        raise NotEstimableError("no_counterpart")
    shares = [np.where(common, side.n, 0.0) / side.n[common].sum() for side in (reference, group)]
    tilt, level = shares[1] - shares[0], (shares[1] + shares[0]) / 2
    mean, apart = (group.mean + reference.mean) / 2, group.mean - reference.mean
    matched = group.part(shares[1], mean, tilt / 2, shares[1] @ mean) - reference.part(
        shares[0], mean, -tilt / 2, shares[0] @ mean
    )
    rates = group.part(shares[1], apart / 2, level, level @ group.mean) - reference.part(
        shares[0], -apart / 2, level, level @ reference.mean
    )
    own, others = group.alone(common), reference.alone(common)
    return Decomposition(
        group.rate(group.inside) - reference.rate(reference.inside),
        {
            (Estimand.EXPLAINED, ""): matched + own - others,
            (Estimand.UNEXPLAINED, ""): rates,
            (Estimand.EXPLAINED, MATCHED): matched,
            (Estimand.EXPLAINED, ONLY_GROUP): own,
            (Estimand.EXPLAINED, ONLY_REFERENCE): -others,
        },
        {
            ONLY_GROUP: int(group.n[~common].sum()) or None,
            ONLY_REFERENCE: int(reference.n[~common].sum()) or None,
        },
    )


class _Side:
    """One side of a comparison, by pattern: how many persons, and their mean outcome."""

    def __init__(self, sample: Sample, inside: NDArray[np.bool_]) -> None:
        self._sample, self.inside = sample, inside
        own = np.where(inside, sample.n, 0.0)
        self.n = self._by_pattern(own)
        self.persons = float(own.sum())
        self.mean = self._by_pattern(own * sample.mean) / np.maximum(self.n, 1)
        self._footing = Footing(sample.freedom(self.persons, 1))

    def _by_pattern(self, values: Array) -> Array:
        size = int(self._sample.patterns.max()) + 1
        summed: Array = np.bincount(self._sample.patterns, values, minlength=size).astype(float)
        return summed

    def _deviations(self, mean: Array | float) -> Array:
        """Sum of squared deviations from a mean in each cell."""
        sample = self._sample
        squares = sample.n * (sample.mean - mean) ** 2 + sample.within
        return np.where(self.inside, squares, 0.0)

    def part(self, shares: Array, height: Array, weight: Array, value: float) -> Part:
        """Part Σ share height + Σ weight mean as far as it varies with this side's persons.

        Parameters
        ----------
        shares
            Share of each pattern among the persons with a counterpart.
        height, weight
            Derivative of the part by each pattern's share, and by its mean outcome.
        value
            The part.
        """
        sample, pattern = self._sample, self._sample.patterns
        matched = self.inside & (shares[pattern] > 0)
        slope = np.where(matched, weight[pattern] / np.maximum(self.n[pattern], 1), 0.0)
        spread = (height[pattern] - shares @ height) / self.n[shares > 0].sum()
        steady = np.where(matched, spread, 0.0) + slope * (sample.mean - self.mean[pattern])
        root = sample.root(steady[:, None], slope[:, None], self.persons, 1)[:, 0]
        each = np.where(shares > 0, weight / np.maximum(self.n, 1), 0.0)
        return Part(float(value), root, self._footing, float(each**2 @ self._lost()))

    def _lost(self) -> Array:
        """What squared deviations from each pattern's own mean lack to those from its true one.

        Of n persons (n - 1)/n of them are found; of one person none, so those of the side as a
        whole stand in for them.
        """
        if self._sample.errors == "hc0":
            return np.zeros_like(self.n)
        found = self._by_pattern(self._deviations(self.mean[self._sample.patterns]))
        overall = np.where(self.inside, self._sample.n, 0.0) @ self._sample.mean / self.persons
        single = self._deviations(overall).sum() / max(self.persons - 1, 1)
        return np.where(self.n == 1, single, found / np.maximum(self.n - 1, 1))

    def rate(self, kept: NDArray[np.bool_]) -> Part:
        """Mean outcome of the persons of some cells of this side."""
        n = np.where(kept, self._sample.n, 0.0)
        rate = float(n @ self._sample.mean / n.sum())
        slope = (kept / n.sum())[:, None]
        steady = slope * (self._sample.mean - rate)[:, None]
        root = self._sample.root(steady, slope, self.persons, 1)[:, 0]
        return Part(rate, root, self._footing)

    def alone(self, common: NDArray[np.bool_]) -> Part:
        """Rate of this side minus that of its persons with a counterpart."""
        return self.rate(self.inside) - self.rate(self.inside & common[self._sample.patterns])
