"""Persons with all of their applications, drawn again: a gap split over the journey's steps."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from analysis.cells import LinkedCells
from analysis.estimate.journey_gaps import split_journeys
from analysis.estimate.journey_rates import journey_cells
from analysis.estimate.question import Question
from analysis.studies import Study
from validation.estimators import ANY, of_terms
from validation.scenarios import STRICT, Named, Scenario

TITLE: Final = "Steps of the journey, bootstrapped"


def estimate(question: Question, linked: LinkedCells, draws: int, seed: int) -> Named:
    """Parts of the gap of the underserved."""
    return of_terms(split_journeys(question, linked, draws, seed))


def journey_scenarios(
    study: Study,
    processed: Path,
    cohort: str,
    covariates: Sequence[str],
    replications: int,
    draws: int,
) -> Iterator[Scenario]:
    """One scenario: as many persons as the cohort has, drawn from it."""
    linked = journey_cells(study, processed, cohort, covariates, by_cluster=False)
    question = Question(study, tuple(covariates), ANY, None)
    persons = int(linked.persons.sum())
    truth = {name: one.value for name, one in estimate(question, linked, 2, 0)}
    shares = linked.persons / persons

    def simulate(random: np.random.Generator) -> Named:
        drawn = replace(linked, persons=random.multinomial(persons, shares))
        return estimate(question, drawn, draws, int(random.integers(2**31)))

    yield Scenario(
        table=TITLE,
        column=f"{persons:,} persons",
        truth=truth,
        simulate=simulate,
        replications=replications,
        bars=dict.fromkeys(truth, STRICT),
    )
