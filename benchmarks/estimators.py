"""The estimators that are measured: one entry point for each question that the notebooks ask."""

from collections.abc import Callable

from analysis.engines.tables import Place
from analysis.estimate.composition.decompositions import decompositions
from analysis.estimate.composition.nonlinear import nonlinear_decompositions
from analysis.estimate.duration.times import times_to_event
from analysis.estimate.fragility.sensitivity import sensitivity
from analysis.estimate.fragility.specifications import specification_curve
from analysis.estimate.gaps import adjustment_steps, outcome_gaps
from analysis.estimate.journey import composition, funnel, overlap
from analysis.estimate.journey_gaps import journey_gaps
from analysis.estimate.nonresponse.response import response_gaps
from analysis.estimate.options import GapOptions
from analysis.estimate.rates import rate_rows
from analysis.estimate.redraws import bootstrap_gaps
from analysis.estimate.small.intersections import intersections
from analysis.estimate.small.small_groups import small_groups
from analysis.estimate.trends import gap_trends
from analysis.studies import load_study
from analysis.vocabulary import Contrast
from benchmarks.persons import STUDY

GROWTH = load_study(str(STUDY))
CATEGORIES = list(GROWTH.categories)
COVARIATES = GROWTH.default_adjusters()
ALL, SURVEYED, ANSWERED, DURATION = "admitted", "placed_6", "answered_6", "placed"
HORIZONS = {SURVEYED: ANSWERED}
ONE_GAP = GapOptions(contrasts=(Contrast.ANY,))
"""That of the underserved; every contrast of every category takes a multiple of it."""
DRAWS = 200
QUESTION = (GROWTH, ALL)
ADJUSTED = (COVARIATES, ONE_GAP)

ESTIMATORS: dict[str, tuple[tuple[str, ...], Callable[..., object]]] = {
    # The cells that each reads (see `benchmarks.tasks.COUNTED`), and what it is asked.
    "rates": (("plain",), lambda cells: list(rate_rows(cells, CATEGORIES))),
    "gaps": (("all",), lambda cells: outcome_gaps(*QUESTION, cells, *ADJUSTED)),
    "all_gaps": (("all",), lambda cells: outcome_gaps(*QUESTION, cells, COVARIATES)),
    "steps": (("all",), lambda cells: adjustment_steps(*QUESTION, cells, COVARIATES)),
    "decompositions": (("all",), lambda cells: decompositions(*QUESTION, cells, *ADJUSTED)),
    "nonlinear": (
        ("all",),
        lambda cells: nonlinear_decompositions(*QUESTION, cells, *ADJUSTED, draws=DRAWS),
    ),
    "trends": (
        ("2021", "2022"),
        lambda first, second: gap_trends(*QUESTION, {"2021": first, "2022": second}, *ADJUSTED),
    ),
    "response": (
        ("surveyed", "answered"),
        lambda cells, answers: response_gaps(GROWTH, SURVEYED, cells, answers, *ADJUSTED),
    ),
    "small_groups": (("all",), lambda cells: small_groups(*QUESTION, cells, *ADJUSTED)),
    "intersections": (("plain",), lambda cells: intersections(*QUESTION, cells)),
    "sensitivity": (("all",), lambda cells: sensitivity(*QUESTION, cells, *ADJUSTED)),
    "specifications": (
        ("patterns",),
        lambda patterns: specification_curve(
            GROWTH, SURVEYED, patterns, *ADJUSTED, outcomes=HORIZONS, draws=DRAWS
        ),
    ),
    "times": (("followed",), lambda cells: times_to_event(GROWTH, DURATION, cells, *ADJUSTED)),
    "bootstrap": (
        ("all",),
        lambda cells: bootstrap_gaps(*QUESTION, cells, *ADJUSTED, draws=DRAWS),
    ),
}


def describe(place: Place) -> None:
    """Who the persons are, and how far they come."""
    for told in (funnel, composition, overlap):
        told(GROWTH, place, None)


def journey(place: Place) -> None:
    """At which step the gap opens."""
    journey_gaps(GROWTH, place, cohort=None, covariates=COVARIATES, options=ONE_GAP, draws=DRAWS)


ON_PLACES: dict[str, Callable[[Place], None]] = {"description": describe, "journey": journey}
"""Those that count their own cells, which is in their time."""
