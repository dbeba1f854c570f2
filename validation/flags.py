"""False flags: how often any category is found different where nobody is, after Holm."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.estimate.fits import Link, fit_logit
from analysis.estimate.groups import MEMBER, collapse, comparisons
from analysis.estimate.options import GapOptions
from analysis.estimate.proportions import Estimate
from analysis.estimate.question import Question
from analysis.estimate.regressions import regression_rows
from analysis.estimate.results import holm
from analysis.studies import Study
from analysis.vocabulary import Contrast
from validation.scenarios import AT_MOST_5, Named, Scenario

FAMILIES: Final = (Contrast.MARGINAL, Contrast.COMPLEMENT, Contrast.JOINT)
LINKS: Final[tuple[Link, ...]] = ("logit", "linear")
LEVEL: Final = 0.05


@dataclass(frozen=True)
class NullPopulation:
    """Persons of all categories whose rates depend on the covariates alone.

    Attributes
    ----------
    question
        The study and the covariates, as an analyst asks by default.
    kinds
        Categories and covariates, a row a kind of person.
    shares, rates
        Share of each kind, and its probability of success, shape (kinds,).
    """

    question: Question
    kinds: pd.DataFrame
    shares: NDArray[np.float64]
    rates: NDArray[np.float64]

    @classmethod
    def of(cls, study: Study, cells: pd.DataFrame, covariates: Sequence[str]) -> Self:
        """Make it of a study's cells, with the rates of a logit on the covariates."""
        question = Question.of(study, cells, covariates, GapOptions())
        keys = [*question.categories, *covariates]
        kinds = collapse(cells, keys)
        shares = (kinds["n"] / kinds["n"].sum()).to_numpy(dtype=float)
        return cls(question, kinds[keys], shares, fit_logit(kinds, [], covariates).fitted)

    def draw(self, persons: int, random: np.random.Generator) -> pd.DataFrame:
        """Draw the cells of a sample."""
        n = random.multinomial(persons, self.shares)
        cells = self.kinds.assign(n=n, successes=random.binomial(n, self.rates))
        return cells[n > 0].reset_index(drop=True)


def flags(population: NullPopulation, persons: int, random: np.random.Generator) -> Named:
    """Tell for each family and model of one sample whether anything is flagged: 1 or 0."""
    cells = population.draw(persons, random)
    for contrast in FAMILIES:
        for link in LINKS:
            p_values = np.array(list(_p_values(population.question, cells, contrast, link)))
            told = p_values[np.isfinite(p_values)]
            flagged = float(len(told) > 0 and bool((holm(told) < LEVEL).any()))
            yield f"{contrast}, {link}", Estimate(flagged, low=flagged, high=flagged)


def _p_values(
    question: Question, cells: pd.DataFrame, contrast: Contrast, link: Link
) -> Iterator[float]:
    asked = list(comparisons(cells, question.categories, contrast))
    joint = contrast == Contrast.JOINT
    for family in [asked] if joint else [[one] for one in asked]:
        adjusters, _ = question.adjusters(contrast, family[0].group)
        focus = question.categories if joint else [MEMBER]
        kept = collapse(family[0].cells, [*focus, *adjusters])
        for _, row in regression_rows(kept, link, focus, adjusters, question.options):
            yield float(str(row.get("p_value", np.nan)))


def flag_scenarios(
    population: NullPopulation, sizes: Sequence[int], replications: int
) -> Iterator[Scenario]:
    """One scenario for each number of persons."""
    names = [f"{contrast}, {link}" for contrast in FAMILIES for link in LINKS]
    for persons in sizes:
        yield Scenario(
            table="False flags of any category, where no category differs",
            column=f"{persons:,} persons",
            truth=dict.fromkeys(names, 1.0),
            simulate=lambda random, persons=persons: flags(population, persons, random),
            replications=replications,
            bars=dict.fromkeys(names, AT_MOST_5),
            counted="Samples with a flag",
        )
