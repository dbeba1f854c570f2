"""What notebooks ask the estimators, by the parameters of their session."""

import pandas as pd

from analysis.estimate.gaps import study_gaps
from analysis.estimate.options import GapOptions
from analysis.runs.parameters import PlacementGaps
from analysis.runs.session import Session


def estimate_gaps(session: Session) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimate what `03_placement_gaps` asks for.

    Returns
    -------
    tuple of pandas.DataFrame
        The gaps of all outcomes, and what adjusting changes; see `analysis.estimate.gaps`.
    """
    asked = session.parameters
    assert isinstance(asked, PlacementGaps)
    options = GapOptions(
        contrasts=asked.contrasts,
        confidence=asked.confidence,
        errors=asked.errors,
        over=asked.over,
        covariates=asked.covariates,
        correction=asked.correction,
    )
    return study_gaps(
        session.study,
        session.data.path,
        outcomes=asked.asked_outcomes,
        covariates=asked.asked_covariates,
        cohort=asked.cohort,
        options=options,
    )
