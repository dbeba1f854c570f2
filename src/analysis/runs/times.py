"""What `06_time_to_placement` asks the estimators, by the parameters of its session."""

from dataclasses import dataclass, replace
from typing import Self

import pandas as pd

from analysis.cells import time_cells
from analysis.estimate.duration.times import times_to_event
from analysis.figures.subject import Subject
from analysis.release.results import Release
from analysis.runs.estimates import gap_options
from analysis.runs.parameters import OneReference
from analysis.runs.session import Session


@dataclass(frozen=True)
class Followed:
    """One duration of a study, by group; see `analysis.estimate.duration.times.times_to_event`.

    Attributes
    ----------
    name
        The duration's.
    subject
        What figures and tables on it are about.
    results
        The result table.
    curves
        The curves of each comparison, by side and month.
    """

    name: str
    subject: Subject
    results: pd.DataFrame
    curves: pd.DataFrame

    def released(self, release: Release) -> Self:
        """The same with the tables as an audience may see them."""
        results, curves = release.results(self.results), release.curves(self.curves)
        return replace(self, results=results, curves=curves)


def follow_placements(session: Session) -> list[Followed]:
    """Follow each duration that the study declares; an empty list if it declares none."""
    asked = session.parameters
    assert isinstance(asked, OneReference)
    found = []
    for name in session.study.durations:
        cells = time_cells(
            session.study,
            session.data.place,
            duration=name,
            covariates=asked.asked_covariates,
            cohort=session.cohort,
        )
        results, curves = times_to_event(
            session.study, name, cells, asked.asked_covariates, gap_options(asked)
        )
        found.append(Followed(name, session.subject(name), results, curves))
    return found
