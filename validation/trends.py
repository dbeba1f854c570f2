"""Two cohorts whose gaps differ: the change, and what of it is composition."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from analysis.estimate.trends import gap_trends
from analysis.studies import Study
from analysis.vocabulary import Estimand
from validation.estimators import ANY, of_terms
from validation.population import Design, Population
from validation.scenarios import Named, Scenario, bar_for

TITLE: Final = "Change of a gap between two cohorts"
CHANGES: Final = (Estimand.CHANGE, Estimand.CHANGE_COMPOSITION, Estimand.CHANGE_RATES)
KINDS: Final = {"linear": "raw", "logit": "adjusted", "kitagawa": "part of the raw change"}


@dataclass(frozen=True)
class TwoCohorts:
    """A population with a gap, and the same persons later without it.

    Attributes
    ----------
    study, covariates
        What is asked.
    before, after
        The two populations.
    """

    study: Study
    covariates: Sequence[str]
    before: Population
    after: Population

    def estimate(self, before: pd.DataFrame, after: pd.DataFrame) -> Named:
        """Changes, each with the model that it is of."""
        cohorts = {"before": before, "after": after}
        results = gap_trends(self.study, "outcome", cohorts, self.covariates, ANY)
        own = results[results["estimand"].isin(CHANGES)]
        return of_terms(own.assign(term=own["method"].str.split("_").str[0].map(KINDS)))


def trend_scenarios(
    cohorts: TwoCohorts, designs: Sequence[Design], replications: int
) -> Iterator[Scenario]:
    """One scenario a design, of as many persons in both cohorts."""
    for design in designs:
        whole = cohorts.estimate(cohorts.before.whole(design), cohorts.after.whole(design))
        truth = {name: one.value for name, one in whole}

        def simulate(random: np.random.Generator, design: Design = design) -> Named:
            drawn = (each.draw(design, random) for each in (cohorts.before, cohorts.after))
            return cohorts.estimate(*drawn)

        yield Scenario(
            table=TITLE,
            column=f"{design.name} in each",
            truth=truth,
            simulate=simulate,
            replications=replications,
            bars=dict.fromkeys(truth, bar_for(design.smaller)),
        )
