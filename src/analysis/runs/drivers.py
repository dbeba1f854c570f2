"""What `04_gap_drivers` asks the estimators, by the parameters of its session."""

import pandas as pd

from analysis.cells import study_cells
from analysis.estimate.composition.decompositions import decompositions
from analysis.estimate.composition.nonlinear import nonlinear_decompositions
from analysis.estimate.journey_gaps import STEPS, journey_gaps
from analysis.estimate.options import GapOptions
from analysis.estimate.trends import gap_trends
from analysis.runs.estimates import gap_options
from analysis.runs.parameters import GapDrivers
from analysis.runs.session import Session


def _asked(session: Session) -> tuple[GapDrivers, GapOptions]:
    asked = session.parameters
    assert isinstance(asked, GapDrivers)
    return asked, gap_options(asked)


def decompose_gaps(session: Session) -> pd.DataFrame:
    """Split each outcome's gaps by composition and by what remains, in all ways.

    Returns
    -------
    pandas.DataFrame
        The result tables of `decompositions` and `nonlinear_decompositions`, one below the other.
    """
    asked, options = _asked(session)
    tables = []
    for outcome in asked.asked_outcomes:
        cells = session.cells(outcome, asked.asked_covariates)
        question = (session.study, outcome, cells, asked.asked_covariates, options)
        tables.append(decompositions(*question))
        tables.append(nonlinear_decompositions(*question, seed=asked.seed))
    return pd.concat(tables, ignore_index=True)


def split_journey(session: Session) -> pd.DataFrame | None:
    """Split the gap in placements per application by step; None if the study has no journey."""
    asked, options = _asked(session)
    if not set(STEPS.values()) <= set(session.study.outcomes):
        return None
    return journey_gaps(
        session.study,
        session.data.place,
        cohort=session.cohort,
        covariates=asked.asked_covariates,
        options=options,
        draws=asked.draws,
        seed=asked.seed,
    )


def trace_gaps(session: Session) -> pd.DataFrame | None:
    """Follow each outcome's gaps over the study's cohorts; None if it has fewer than two."""
    asked, options = _asked(session)
    study = session.study
    cohorts = list(study.cohort.groups) if study.cohort else []
    if len(cohorts) < 2:
        return None
    tables = []
    for outcome in asked.asked_outcomes:
        by_cohort = {
            cohort: study_cells(
                study,
                session.data.place,
                outcome=outcome,
                covariates=asked.asked_covariates,
                cohort=cohort,
            )
            for cohort in cohorts
        }
        tables.append(gap_trends(study, outcome, by_cohort, asked.asked_covariates, options))
    return pd.concat(tables, ignore_index=True)
