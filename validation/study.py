"""The simulation study: which populations, which designs, how often."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

import pandas as pd

from analysis.cells import study_cells, time_cells
from analysis.files import data_folder, project_root
from analysis.ingest import open_processed
from analysis.studies import Study, load_study
from validation.estimators import all_of, explained, nonlinear, plain, regressions
from validation.flags import NullPopulation, flag_scenarios
from validation.forecasts import forecast_scenarios
from validation.journeys import journey_scenarios
from validation.population import Design, Population
from validation.scenarios import Bar, Scenario, bar_for
from validation.strata import strata_scenarios
from validation.surveys import SurveyedPopulation, survey_scenarios
from validation.times import TimedPopulation, time_scenarios
from validation.trends import TwoCohorts, trend_scenarios

STUDY: Final = "openclassrooms"
COHORT: Final = "2022"

ANALYTIC: Final = 2_000
BOOTSTRAPPED: Final = 300
DRAWS: Final = 199

INDEPENDENT: Final = (
    Design(600, 600),
    Design(600, 6_000),
    Design(66, 66),
    Design(66, 6_000),
    Design(12, 12),
    Design(12, 6_000),
)
CLUSTERED: Final = (Design(1_200, 1_200, 40), Design(66, 6_000, 40), Design(12, 6_000, 40))
SURVEYED: Final = (Design(1_500, 1_500), Design(600, 3_000), Design(66, 3_000), Design(12, 3_000))
NONLINEAR: Final = (Design(600, 3_000), Design(66, 3_000))
INDEPENDENT_ONLY: Final = {
    "rate, Wilson",
    "difference, Newcombe",
    "difference, Miettinen-Nurminen",
    "risk ratio",
    "odds ratio",
}
TRENDS: Final = (Design(600, 3_000), Design(66, 3_000), Design(12, 3_000))
SIGMAS: Final = (0.0, 0.3)


def scenarios(analytic: int = ANALYTIC, bootstrapped: int = BOOTSTRAPPED) -> list[Scenario]:
    """Make all scenarios; the same in every process.

    Parameters
    ----------
    analytic, bootstrapped
        How many samples of each design, for either kind of interval.
    """
    study = load_study(STUDY)
    data = open_processed(study, data_folder(project_root()))
    study, covariates = data.marked(study), study.default_adjusters()
    path = data.place

    def cells(outcome: str, held: Sequence[str] = covariates) -> pd.DataFrame:
        return study_cells(study, path, outcome=outcome, covariates=held, cohort=COHORT)

    graduated = cells("graduated")
    sides = Population.of(study, graduated, covariates)
    asked = cells("placed_6"), cells("answered_6")
    timed = time_cells(study, path, duration="placed", covariates=covariates, cohort=COHORT)
    return [
        *gap_scenarios("Rates and gaps, independent persons", sides, INDEPENDENT, study, analytic),
        *gap_scenarios("Rates and gaps, persons in clusters", sides, CLUSTERED, study, analytic),
        *nonlinear_scenarios(sides, study, bootstrapped),
        *survey_scenarios(SurveyedPopulation.of(study, *asked, covariates), SURVEYED, analytic),
        *survey_scenarios(
            SurveyedPopulation.of(study, *asked, covariates, shift=-0.5), SURVEYED[:1], analytic
        ),
        *trend_scenarios(
            TwoCohorts(study, covariates, sides, sides.without_gap()), TRENDS, analytic
        ),
        *time_scenarios(TimedPopulation.of(study, "placed", timed, covariates), SURVEYED, analytic),
        *strata_scenarios(study, cells("graduated", ()), SIGMAS, analytic),
        *journey_scenarios(study, path, COHORT, covariates, bootstrapped, DRAWS),
        *flag_scenarios(NullPopulation.of(study, graduated, covariates), (6_500, 1_000), analytic),
        *forecast_scenarios(analytic),
    ]


def gap_scenarios(
    title: str, sides: Population, designs: Sequence[Design], study: Study, replications: int
) -> Iterator[Scenario]:
    """All intervals of two sides with analytic errors, one scenario a design."""
    covariates = study.default_adjusters()
    each = partial(
        all_of, [plain, partial(regressions, covariates), partial(explained, study, covariates)]
    )
    for design in designs:
        truth = {name: one.value for name, one in each(sides.whole(design))}
        if design.clusters:
            truth["rate, Wilson, clustered"] = truth["rate, Wilson"]
        yield Scenario(
            table=title,
            column=design.name,
            truth=truth,
            simulate=lambda rng, design=design: each(sides.draw(design, rng)),
            replications=replications,
            bars={name: _bar(name, design) for name in truth},
        )


def _bar(name: str, design: Design) -> Bar | None:
    """An interval that assumes independence promises nothing where persons come in clusters."""
    if design.clusters and name in INDEPENDENT_ONLY:
        return None
    return bar_for(design.smaller)


def nonlinear_scenarios(sides: Population, study: Study, replications: int) -> Iterator[Scenario]:
    """The decompositions of the logit, whose errors rest on draws."""
    covariates = study.default_adjusters()
    for design in NONLINEAR:
        truth = {
            name: one.value
            for name, one in nonlinear(study, covariates, sides.whole(design), draws=2)
        }
        yield Scenario(
            table="Decompositions of the logit, Fairlie’s bootstrapped",
            column=design.name,
            truth=truth,
            simulate=lambda rng, design=design: nonlinear(
                study, covariates, sides.draw(design, rng), draws=DRAWS
            ),
            replications=replications,
            bars=dict.fromkeys(truth, bar_for(design.smaller)),
        )
