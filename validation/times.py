"""Times to placement of two sides, whose curves are known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from analysis.estimate.duration.times import times_to_event
from analysis.estimate.groups import MEMBER, compare
from analysis.studies import Study
from analysis.vocabulary import UNDERSERVED, Contrast
from validation.estimators import ANY, of_terms
from validation.population import Design
from validation.scenarios import Named, Scenario, bar_for

TITLE: Final = "Time to placement"
WHOLE: Final = 3_000_000
HORIZONS: Final = ("", "6", "12", "24")


@dataclass(frozen=True)
class TimedPopulation:
    """Persons of two sides with their covariates, and the months to which they were followed.

    Attributes
    ----------
    study, duration, covariates
        What is asked.
    cells
        Time cells of both sides, with `member`: the population is these persons, drawn with
        replacement.
    """

    study: Study
    duration: str
    covariates: Sequence[str]
    cells: pd.DataFrame

    @classmethod
    def of(
        cls, study: Study, duration: str, cells: pd.DataFrame, covariates: Sequence[str]
    ) -> "TimedPopulation":
        """Take the underserved and the non-underserved of a study's time cells."""
        one = compare(cells, list(study.categories), Contrast.ANY, UNDERSERVED)
        return cls(study, duration, covariates, one.cells[one.cells["n"] > 0])

    def _shares(self, design: Design) -> np.ndarray:
        side = self.cells.groupby(MEMBER)["n"].transform("sum")
        persons = np.where(self.cells[MEMBER], design.group, design.reference)
        return np.asarray(self.cells["n"] / side * persons / (design.group + design.reference))

    def whole(self, design: Design) -> pd.DataFrame:
        """The population itself, both sides in the proportion of a design."""
        times = WHOLE * self._shares(design) / self.cells["n"]
        counted = {name: np.rint(self.cells[name] * times) for name in ("n", "successes")}
        return self.cells.assign(**{name: n.astype("int64") for name, n in counted.items()})

    def draw(self, design: Design, random: np.random.Generator) -> pd.DataFrame:
        """Draw the time cells of a sample."""
        n = np.zeros(len(self.cells), dtype=np.int64)
        for member, persons in ((True, design.group), (False, design.reference)):
            own = (self.cells[MEMBER] == member).to_numpy()
            counts = self.cells["n"].to_numpy()[own]
            n[own] = random.multinomial(persons, counts / counts.sum())
        hazard = (self.cells["successes"] / self.cells["n"]).to_numpy(dtype=float)
        drawn = self.cells.assign(n=n, persons=n, successes=random.binomial(n, hazard))
        return drawn[n > 0].reset_index(drop=True)

    def estimate(self, cells: pd.DataFrame) -> Named:
        """Shares placed, restricted means, hazard ratios and their likes, with intervals."""
        results, _ = times_to_event(self.study, self.duration, cells, self.covariates, ANY)
        own = results[results["group"] == UNDERSERVED]
        return of_terms(own[own["term"].isin(HORIZONS)])


def time_scenarios(
    population: TimedPopulation, designs: Sequence[Design], replications: int
) -> Iterator[Scenario]:
    """One scenario a design."""
    for design in designs:
        whole = dict(population.estimate(population.whole(design)))
        truth = {name: one.value for name, one in whole.items() if np.isfinite(one.value)}
        yield Scenario(
            table=TITLE,
            column=design.name,
            truth=truth,
            simulate=lambda rng, design=design: population.estimate(population.draw(design, rng)),
            replications=replications,
            bars=dict.fromkeys(truth, bar_for(design.smaller)),
        )
