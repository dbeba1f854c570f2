"""What `05_robustness` asks the estimators, by the parameters of its session."""

from collections.abc import Iterator

import pandas as pd

from analysis.estimate.fragility.sensitivity import sensitivity
from analysis.estimate.fragility.specifications import count_patterns, specification_curve
from analysis.estimate.nonresponse.response import response_gaps
from analysis.estimate.options import GapOptions
from analysis.estimate.small.intersections import intersections
from analysis.estimate.small.small_groups import small_groups
from analysis.runs.estimates import RESPONSE, gap_options
from analysis.runs.parameters import Robustness
from analysis.runs.session import Session
from analysis.studies import Study

PLACED = "placed_"


def _asked(session: Session) -> tuple[Robustness, GapOptions]:
    asked = session.parameters
    assert isinstance(asked, Robustness)
    return asked, gap_options(asked)


def bound_nonresponse(session: Session) -> dict[str, pd.DataFrame]:
    """What non-response can hide, for each outcome asked for that rests on a survey."""
    asked, options = _asked(session)
    found = {}
    for outcome in asked.asked_outcomes:
        answer = outcome.replace(PLACED, RESPONSE)
        if answer == outcome or answer not in session.study.outcomes:
            continue
        found[outcome] = response_gaps(
            session.study,
            outcome,
            session.cells(outcome, asked.asked_covariates),
            session.cells(answer, asked.asked_covariates),
            asked.asked_covariates,
            options,
        )
    return found


def examine_small_groups(session: Session) -> pd.DataFrame:
    """Firth's logit, detectable gaps and tests of equivalence, of each outcome."""
    asked, options = _asked(session)
    return pd.concat(
        [
            small_groups(
                session.study,
                outcome,
                session.cells(outcome, asked.asked_covariates),
                asked.asked_covariates,
                options,
                margin=asked.margin,
            )
            for outcome in asked.asked_outcomes
        ],
        ignore_index=True,
    )


def shrink_intersections(session: Session) -> pd.DataFrame:
    """Rates of the combinations of categories, shrunk toward the additive model."""
    asked, options = _asked(session)
    return pd.concat(
        [
            intersections(session.study, outcome, session.cells(outcome, ()), options)
            for outcome in asked.asked_outcomes
        ],
        ignore_index=True,
    )


def probe_sensitivity(session: Session) -> pd.DataFrame:
    """How strong a variable that was not measured must be to explain each gap away."""
    asked, options = _asked(session)
    return pd.concat(
        [
            sensitivity(
                session.study,
                outcome,
                session.cells(outcome, asked.asked_covariates),
                asked.asked_covariates,
                options,
            )
            for outcome in asked.asked_outcomes
        ],
        ignore_index=True,
    )


def curve_of_specifications(session: Session, outcome: str) -> Iterator[pd.DataFrame]:
    """One table a group: its gap under every reasonable choice, and what they say together.

    Yields
    ------
    pandas.DataFrame
        The result table of `specification_curve`, of the underserved.
    """
    asked, options = _asked(session)
    study, covariates = session.study, asked.asked_covariates
    outcomes = _horizons(study, outcome)
    patterns = count_patterns(
        study,
        session.data.place,
        outcomes=outcomes,
        covariates=covariates,
        cohort=session.cohort,
    )
    yield specification_curve(
        study, outcome, patterns, covariates, options, outcomes=outcomes, seed=asked.seed
    )


def _horizons(study: Study, outcome: str) -> dict[str, str | None]:
    """Outcomes that ask the same at another horizon, each with the outcome that tells who answered.

    An outcome without a horizon in its name stands alone.
    """
    asked, _, months = outcome.rpartition("_")
    same = [outcome]
    if months.isdigit():
        same = [
            name
            for name in study.outcomes
            if name.rpartition("_")[0] == asked
            and name.rpartition("_")[2].isdigit()
            and study.outcomes[name].cohort_from == study.outcomes[outcome].cohort_from
        ]
    answers = {name: name.replace(PLACED, RESPONSE) for name in same}
    return {
        name: answer if answer != name and answer in study.outcomes else None
        for name, answer in answers.items()
    }
