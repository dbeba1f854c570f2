"""What notebooks ask the estimators, by the parameters of their session."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

import pandas as pd

from analysis.cells import study_cells
from analysis.estimate.gaps import study_gaps
from analysis.estimate.journey import composition, funnel, overlap, shares_by_group
from analysis.estimate.options import GapOptions
from analysis.estimate.rates import rate_rows
from analysis.estimate.results import result_table
from analysis.release.results import Release
from analysis.runs.parameters import OneReference, PlacementGaps
from analysis.runs.session import Session

FUNDING = "funding"
RESPONSE = "answered_"
COUNTED_PARTS = ("sources", "repairs", "steps")
"""Parts of the log of a processed table that count rows."""


@dataclass(frozen=True)
class Description:
    """Who the persons of a study are and how far they come; see `analysis.estimate.journey`.

    Attributes
    ----------
    funnel
        Persons by stage; no rows if the study declares no stages.
    composition
        Shares of categories and levels among the persons described.
    overlap
        Persons by combination of categories.
    funding
        Shares of who pays, by group; None if the study declares no funding.
    """

    funnel: pd.DataFrame
    composition: pd.DataFrame
    overlap: pd.DataFrame
    funding: pd.DataFrame | None

    def released(self, release: Release) -> Self:
        """The tables as an audience may see them.

        Combinations that are hidden stand last: their place among the others would tell between
        which numbers theirs lies.
        """
        shares = release.shares
        combinations = shares(self.overlap).sort_values(
            ["persons", "combination"], ascending=[False, True], ignore_index=True
        )
        return replace(
            self,
            funnel=shares(self.funnel),
            composition=shares(self.composition),
            overlap=combinations,
            funding=None if self.funding is None else shares(self.funding),
        )


def describe(session: Session) -> Description:
    """Describe the persons of a session's study and cohort."""
    asked, study = session.parameters, session.study
    where = (study, session.data.place, session.cohort)
    paid = FUNDING in study.covariates
    return Description(
        funnel(*where),
        composition(*where, asked.confidence),
        overlap(*where),
        shares_by_group(*where, FUNDING, asked.confidence) if paid else None,
    )


def released_log(session: Session) -> dict[str, Any]:
    """The log of the processed table, with the numbers of rows that the audience may see."""
    log, shown = session.data.log, session.release.number
    return log | {
        part: [{**entry, "rows": shown(entry["rows"])} for entry in log[part]]
        for part in COUNTED_PARTS
        if part in log
    }


def estimate_rates(session: Session, outcomes: Iterable[str]) -> pd.DataFrame:
    """Estimate the rates of outcomes by group, with their intervals.

    Returns
    -------
    pandas.DataFrame
        A result table of the estimand `rate`.
    """
    asked, study = session.parameters, session.study
    rows: list[dict[str, object]] = []
    for outcome in outcomes:
        cells = study_cells(
            study, session.data.place, outcome=outcome, covariates=(), cohort=session.cohort
        )
        found = rate_rows(cells, list(study.categories), asked.confidence)
        rows.extend({"study": study.name, "outcome": outcome, **row} for row in found)
    return result_table(rows)


def survey_outcomes(session: Session) -> list[str]:
    """Outcomes of a study that tell who answered a survey which belongs to a default outcome."""
    horizons = [name.rsplit("_", 1)[-1] for name in session.study.default_outcomes()]
    names = [f"{RESPONSE}{horizon}" for horizon in horizons]
    return [name for name in names if name in session.study.outcomes]


def complete_years(session: Session) -> pd.DataFrame | None:
    """Career outcomes of the years that the extract covers to their end; None if it has none."""
    outcomes = session.data.career_outcomes()
    if outcomes is None:
        return None
    return outcomes[outcomes["year"] < int(session.data.log["as_of"][:4])].reset_index(drop=True)


def estimate_gaps(session: Session) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimate what `03_placement_gaps` asks for.

    Returns
    -------
    tuple of pandas.DataFrame
        The gaps of all outcomes, and what adjusting changes; see `analysis.estimate.gaps`.
    """
    asked = session.parameters
    assert isinstance(asked, PlacementGaps)
    options = replace(gap_options(asked), over=asked.over, covariates=asked.covariates)
    return study_gaps(
        session.study,
        session.data.place,
        outcomes=asked.asked_outcomes,
        covariates=asked.asked_covariates,
        cohort=asked.asked_cohort,
        options=options,
    )


def gap_options(asked: PlacementGaps | OneReference) -> GapOptions:
    """How to estimate, by the parameters of a notebook that compares groups."""
    return GapOptions(
        contrasts=asked.contrasts,
        confidence=asked.confidence,
        errors=asked.errors,
        correction=asked.correction,
    )
