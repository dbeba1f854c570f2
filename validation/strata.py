"""Combinations of categories whose rates are drawn around the additive model."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from analysis.estimate.fits import fit_logit
from analysis.estimate.groups import collapse, combination_names
from analysis.estimate.proportions import Estimate
from analysis.estimate.small.intersections import intersections
from analysis.estimate.small.maihda import variance_partition
from analysis.studies import Study
from analysis.vocabulary import Estimand
from validation.estimators import ANY, as_estimate
from validation.scenarios import LOOSE, STRICT, Named, Scenario

TITLE: Final = "Combinations of categories, effects drawn anew in each sample (0 is the truth)"
LARGE_STRATUM: Final = 30
"""Persons from which a combination is not marked as small."""


@dataclass(frozen=True)
class StratifiedPopulation:
    """Persons by combination of categories; their rates are additive but for a random effect.

    Attributes
    ----------
    study
        The study.
    strata
        Categories and `n`, a row a combination.
    additive
        Rates of the additive model, shape (strata,).
    sigma
        Standard deviation of the effects, on the scale of the logit.
    """

    study: Study
    strata: pd.DataFrame
    additive: NDArray[np.float64]
    sigma: float

    @classmethod
    def of(cls, study: Study, cells: pd.DataFrame, sigma: float) -> "StratifiedPopulation":
        """Take the combinations of a study's cells, all categories known."""
        names = list(study.categories)
        strata = collapse(cells.dropna(subset=names), names).reset_index(drop=True)
        return cls(study, strata, fit_logit(strata, names).fitted, sigma)

    def estimate(self, random: np.random.Generator) -> Named:
        """Draw effects and persons; give intervals less the truth, of a combination at random."""
        names, n = list(self.study.categories), self.strata["n"].to_numpy()
        effects = random.normal(0, self.sigma, len(n))
        rates = expit(logit(self.additive) + effects)
        cells = self.strata.assign(persons=n, successes=random.binomial(n, rates))
        results = intersections(self.study, "outcome", cells, ANY)
        labels = combination_names(self.strata, names).to_numpy()
        for size, own in (("30 or more", n >= LARGE_STRATUM), ("fewer than 30", n < LARGE_STRATUM)):
            place = random.choice(np.flatnonzero(own))
            rows = results[results["group"] == labels[place]].set_index("estimand")
            truths = {
                Estimand.SHRUNK_RATE: rates[place],
                Estimand.INTERACTION_EFFECT: rates[place] - self.additive[place],
            }
            for estimand, truth in truths.items():
                label = f"{str(estimand).replace('_', ' ')}, combination of {size}"
                yield label, _less(as_estimate(rows.loc[estimand]), truth)
        partition = results[results["estimand"] == Estimand.VARIANCE_PARTITION]
        row = partition[partition["term"] == "additive"].iloc[0]
        yield (
            "variance partition, additive",
            _less(as_estimate(row), variance_partition(self.sigma)),
        )


def _less(one: Estimate, truth: float) -> Estimate:
    return Estimate(one.value - truth, one.std_error, one.low - truth, one.high - truth)


def strata_scenarios(
    study: Study, cells: pd.DataFrame, sigmas: tuple[float, ...], replications: int
) -> Iterator[Scenario]:
    """One scenario for each standard deviation of the effects."""
    for sigma in sigmas:
        population = StratifiedPopulation.of(study, cells, sigma)
        names = [name for name, _ in population.estimate(np.random.default_rng(0))]
        bars = {name: LOOSE if "fewer" in name else STRICT for name in names}
        yield Scenario(
            table=TITLE,
            column=f"effects of {sigma:g}",
            truth=dict.fromkeys(names, 0.0),
            simulate=population.estimate,
            replications=replications,
            bars=bars,
        )
