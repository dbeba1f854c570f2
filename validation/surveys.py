"""Surveys that not everybody answers: whose gap is found, and whether bounds hold it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from analysis.cells import CLUSTER
from analysis.estimate.fits import NotEstimableError
from analysis.estimate.groups import MEMBER
from analysis.estimate.nonresponse.bounds import gap_bounds
from analysis.estimate.nonresponse.response import COUNTS, survey_gap
from analysis.estimate.nonresponse.surveys import Survey
from analysis.estimate.options import GapOptions
from analysis.estimate.proportions import Estimate
from analysis.studies import Study
from validation.population import Design, Population
from validation.scenarios import AT_LEAST_95, Bar, Named, Scenario, bar_for

OPTIONS: Final = GapOptions()
RESPONDENTS: Final = "gap among respondents"
WEIGHTED: Final = {"ipw": "gap, weighted", "aipw": "gap, doubly robust"}
BOUNDS: Final = "true gap within the interval of its bounds"
SILENT_SHIFT: Final = -0.5
"""How much worse those fare who do not answer, on the scale of the logit, where it matters."""


@dataclass(frozen=True)
class SurveyedPopulation:
    """Persons of two sides who answer and succeed with known probabilities.

    Attributes
    ----------
    covariates
        What answering and success depend on.
    answers, outcome
        The same kinds of person, with the probability to answer and to succeed.
    shift
        On the scale of the logit, by how much those who don't answer differ from those who do. At 0
        answering depends on the group and the covariates alone, as weighting assumes.
    """

    covariates: Sequence[str]
    answers: Population
    outcome: Population
    shift: float

    @classmethod
    def of(
        cls,
        study: Study,
        outcome: pd.DataFrame,
        answers: pd.DataFrame,
        covariates: Sequence[str],
        shift: float = 0.0,
    ) -> Self:
        """Make it of a study's cells of an outcome and of the survey that asked for it."""
        asked = Population.of(study, answers, covariates)
        told = asked.with_rates_of(outcome, covariates)
        return cls(covariates, asked, told, shift)

    @property
    def silent_rates(self) -> NDArray[np.float64]:
        """Probability of success of those who don't answer."""
        return np.asarray(expit(logit(self.outcome.rates) + self.shift))

    def truth(self) -> dict[str, float]:
        """The gap among respondents, and the gap of all."""
        member = self.answers.cells[MEMBER].to_numpy(dtype=bool)
        answering = self.answers.shares * self.answers.rates
        both = (
            answering * self.outcome.rates + (self.answers.shares - answering) * self.silent_rates
        )
        told = [
            (answering * self.outcome.rates)[side].sum() / answering[side].sum()
            for side in (member, ~member)
        ]
        gap = float(both[member].sum() - both[~member].sum())
        return {
            RESPONDENTS: float(told[0] - told[1]),
            **dict.fromkeys(WEIGHTED.values(), gap),
            BOUNDS: gap,
        }

    def estimate(self, design: Design, random: np.random.Generator) -> Named:
        """Draw a sample and estimate its gaps."""
        asked = self.answers.draw(design, random)
        place = asked.pop("kind").to_numpy()
        answered = asked["successes"].to_numpy()
        told = asked.assign(
            n=answered, successes=random.binomial(answered, self.outcome.rates[place])
        )
        keys = [MEMBER, *self.covariates, *([CLUSTER] if CLUSTER in told else [])]
        counts = told.assign(n=asked["n"], answered=answered)
        summed = counts.groupby(keys, observed=True, as_index=False)[COUNTS].sum()
        survey = Survey(
            summed, tuple(self.covariates), OPTIONS, keys[-1] if CLUSTER in told else None
        )
        for name, label in ({"respondents": RESPONDENTS} | WEIGHTED).items():
            try:
                (found,), _ = survey_gap(survey, name)
            except NotEstimableError:
                found = Estimate(np.nan)
            yield label, found
        # The bounds themselves are no estimate of the gap.
        yield BOUNDS, replace(gap_bounds(survey)[0], value=np.nan)


def survey_scenarios(
    population: SurveyedPopulation, designs: Sequence[Design], replications: int
) -> Iterator[Scenario]:
    """One scenario a design; if answering goes with the outcome, only bounds are asked to hold."""
    random = population.shift == 0
    title = (
        "Non-response that goes with the group and the covariates alone"
        if random
        else "Non-response that goes with the outcome: only bounds promise to hold the gap of all"
    )
    truth = population.truth()
    for design in designs:
        bars: dict[str, Bar | None] = {BOUNDS: AT_LEAST_95, RESPONDENTS: bar_for(design.smaller)}
        if random:
            bars |= dict.fromkeys(WEIGHTED.values(), bar_for(design.smaller))
        yield Scenario(
            table=title,
            column=design.name,
            truth=truth,
            simulate=lambda rng, design=design: population.estimate(design, rng),
            replications=replications,
            bars=bars,
        )
