"""Populations whose gaps are known, made of the generated cohort, and samples of them.

A population is a table of cells: who the persons are, how many there are of each kind, and with
which probability they succeed. The kinds and their numbers are those of the generated cohort; the
probabilities are those of a logit fitted to it, so that none is 0 or 1. The truth of an estimand
is what its estimator finds in the population itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from analysis.cells import CLUSTER
from analysis.estimate.fits import design_matrix, fit_logit
from analysis.estimate.groups import MEMBER, compare
from analysis.studies import Study
from analysis.vocabulary import UNDERSERVED, Contrast

WHOLE: Final = 10_000_000
"""Persons of a population when it is itself estimated: enough for the truth to six digits."""

CLUSTER_EFFECT: Final = 0.3
"""Standard deviation of the clusters' effects, on the scale of the logit."""

NODES: Final = 20
"""Of the quadrature over clusters."""


@dataclass(frozen=True)
class Design:
    """How a sample is drawn.

    Attributes
    ----------
    group, reference
        Persons of each side.
    clusters
        How many clusters they come from; None if persons are independent.
    """

    group: int
    reference: int
    clusters: int | None = None

    @property
    def name(self) -> str:
        """The design in a few words."""
        clustered = f", {self.clusters} clusters" if self.clusters else ""
        return f"{self.group:,} against {self.reference:,}{clustered}"

    @property
    def smaller(self) -> int:
        """Persons of the smaller side."""
        return min(self.group, self.reference)


@dataclass(frozen=True)
class Population:
    """Cells of two sides with the probability of success in each.

    Attributes
    ----------
    cells
        Categories, covariates and `member`, a row a kind of person.
    shares
        Of each kind among its side, shape (m,); they sum to 1 on each side.
    rates
        Probability of success of each kind, shape (m,).
    categories
        Names of the study's categories.
    """

    cells: pd.DataFrame
    shares: NDArray[np.float64]
    rates: NDArray[np.float64]
    categories: list[str]

    @classmethod
    def of(cls, study: Study, cells: pd.DataFrame, covariates: Sequence[str]) -> "Population":
        """Make the population of a study's cells: the underserved and the non-underserved."""
        one = compare(cells, list(study.categories), Contrast.ANY, UNDERSERVED)
        keys = [*study.categories, *covariates, MEMBER]
        kinds = one.cells[one.cells["n"] > 0]
        kinds = kinds.groupby(keys, observed=True, dropna=False, as_index=False)[
            ["n", "successes"]
        ].sum()
        fit = fit_logit(kinds, [MEMBER], covariates)
        side = kinds.groupby(MEMBER)["n"].transform("sum")
        shares = (kinds["n"] / side).to_numpy(dtype=float)
        names = list(study.categories)
        return cls(kinds.drop(columns=["n", "successes"]), shares, fit.fitted, names)

    def with_rates_of(self, cells: pd.DataFrame, covariates: Sequence[str]) -> "Population":
        """The same persons, with the rates of a logit on the cells of another outcome.

        A level that the other outcome's persons don't have gets the rate of the reference level.
        """
        one = compare(cells, self.categories, Contrast.ANY, UNDERSERVED)
        fit = fit_logit(one.cells, [MEMBER], covariates)
        known = dict(zip(fit.design.names, fit.coefficients, strict=True))
        design = design_matrix(self.cells, [MEMBER], covariates)
        coefficients = np.array([known.get(name, 0.0) for name in design.names])
        return replace(self, rates=expit(design.matrix @ coefficients))

    def without_gap(self) -> "Population":
        """The same persons, each side's kinds with the rates of a logit without the group."""
        whole = self.whole(Design(1, 1))
        covariates = [name for name in self.cells if str(self.cells[name].dtype) == "category"]
        return replace(self, rates=fit_logit(whole, [], covariates).fitted)

    def whole(self, design: Design) -> pd.DataFrame:
        """The population itself, both sides in the proportion of a design."""
        side = np.where(self.cells[MEMBER], design.group, design.reference)
        weights = self.shares * side / (design.group + design.reference)
        n = np.maximum(np.rint(WHOLE * weights), 1).astype(np.int64)
        rates = self._over_clusters() if design.clusters else self.rates
        return self.cells.assign(n=n, persons=n, successes=np.rint(n * rates).astype(np.int64))

    def _over_clusters(self) -> NDArray[np.float64]:
        """Mean rate of each kind over the clusters' effects, by Gauss-Hermite quadrature."""
        points, weights = np.polynomial.hermite_e.hermegauss(NODES)
        rates = expit(logit(self.rates)[:, None] + CLUSTER_EFFECT * points)
        return np.asarray(rates @ weights / weights.sum())

    def draw(self, design: Design, random: np.random.Generator) -> pd.DataFrame:
        """Draw the cells of a sample; `kind` is the number of a cell's row in the population."""
        member = self.cells[MEMBER].to_numpy(dtype=bool)
        if design.clusters is None:
            n = self._persons(design, member, random)
            return self._counted(self.cells, n, random.binomial(n, self.rates))
        effects = random.normal(0, CLUSTER_EFFECT, design.clusters)
        place = {side: random.integers(0, design.clusters, count)
                 for side, count in ((True, design.group), (False, design.reference))}  # fmt: skip
        parts = []
        for number, effect in enumerate(effects):
            own = replace(
                design,
                group=int((place[True] == number).sum()),
                reference=int((place[False] == number).sum()),
            )
            n = self._persons(own, member, random)
            k = random.binomial(n, expit(logit(self.rates) + effect))
            parts.append(self._counted(self.cells, n, k).assign(**{CLUSTER: f"c{number:03d}"}))
        return pd.concat(parts, ignore_index=True)

    def _persons(
        self, design: Design, member: NDArray[np.bool_], random: np.random.Generator
    ) -> NDArray[np.int64]:
        n = np.zeros(len(member), dtype=np.int64)
        n[member] = random.multinomial(design.group, self.shares[member])
        n[~member] = random.multinomial(design.reference, self.shares[~member])
        return n

    @staticmethod
    def _counted(
        cells: pd.DataFrame, n: NDArray[np.int64], successes: NDArray[np.int64]
    ) -> pd.DataFrame:
        counted = cells.assign(n=n, persons=n, successes=successes, kind=np.arange(len(cells)))
        return counted[n > 0].reset_index(drop=True)
