"""What a notebook works with once it runs: its checked parameters, data and output folder."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from analysis.cells import study_cells
from analysis.errors import InputError
from analysis.figures.place import Place
from analysis.figures.save import save_table
from analysis.figures.subject import Subject
from analysis.files import data_folder, project_root
from analysis.ingest import Processed, open_processed
from analysis.ingest.published import read_published
from analysis.ingest.raw import published_folder
from analysis.release.results import Release
from analysis.release.suppression import withheld_rows
from analysis.runs.keys import run_key
from analysis.runs.parameters import (
    MODELS,
    Adjusted,
    Estimated,
    StudyParameters,
    check_parameters,
)
from analysis.runs.task import OUTPUT_VARIABLE
from analysis.studies import Study
from analysis.studies.model import ALL_COHORTS
from analysis.vocabulary import Audience


@dataclass(frozen=True)
class Session:
    """A running notebook.

    Attributes
    ----------
    notebook
        Its name.
    parameters
        Its checked parameters.
    study
        The study asked for.
    data
        The study's processed table and the log of its making.
    output
        Where figures and tables go, and what they are made of.
    """

    notebook: str
    parameters: StudyParameters
    study: Study
    data: Processed
    output: Place

    @property
    def cohort(self) -> str | None:
        """The cohort looked at; None for all."""
        return self.parameters.asked_cohort

    def cells(self, outcome: str, covariates: Sequence[str]) -> pd.DataFrame:
        """The cells of an outcome in the cohort looked at; see `analysis.cells.study_cells`."""
        return study_cells(
            self.study,
            self.data.place,
            outcome=outcome,
            covariates=covariates,
            cohort=self.cohort,
        )

    @cached_property
    def release(self) -> Release:
        """What the audience asked for may see of a table."""
        audience = self.parameters.audience_of(self.study)
        if audience is Audience.INTERNAL:
            return Release(audience)
        cohort = self.cohort or ALL_COHORTS
        withheld = withheld_rows(self.study, self.data.place, cohort)
        asked = self.parameters
        correction = asked.correction if isinstance(asked, Adjusted) else "holm"
        return Release(
            audience,
            withheld,
            cohort,
            self.study.described_outcome,
            asked.confidence,
            correction,
            tuple(self.study.categories),
        )

    def subject(self, outcome: str) -> Subject:
        """What figures, tables and sentences on an outcome are about."""
        asked = self.parameters
        audience = asked.audience_of(self.study)
        return Subject(self.study, outcome, self.cohort, asked.confidence, audience)

    def save_table(self, table: pd.DataFrame, name: str) -> None:
        """Write a tidy table to the notebook's output, marked if the study is synthetic."""
        save_table(table, name, self.output, synthetic=self.study.synthetic)

    def subjects(self) -> list[Subject]:
        """One subject per outcome asked for, or per default outcome."""
        asked = self.parameters
        outcomes = self.study.default_outcomes()
        if isinstance(asked, Estimated):
            outcomes = asked.asked_outcomes
        return [self.subject(outcome) for outcome in outcomes]

    def published(self, subject: str) -> pd.DataFrame | None:
        """Figures published on a subject, of the study and the cohort's year; None without any."""
        root = project_root()
        if not self.study.published or self.cohort is None:
            return None
        if not (published_folder(root, self.cohort) / f"{subject}.csv").is_file():
            return None
        return read_published(root, self.cohort, subject)


def open_session(notebook: str, variables: Mapping[str, object]) -> Session:
    """Start the work of a notebook.

    Parameters
    ----------
    notebook
        Its name, without ending.
    variables
        The notebook's variables, as `globals()` gives them; its parameters are picked out.

    Raises
    ------
    InputError
        If a parameter is wrong or the study's data have not been processed.
    """
    names = MODELS[notebook].model_fields
    missing = [name for name in names if name not in variables]
    if missing:
        raise InputError(f"The cell tagged “parameters” lacks {', '.join(missing)}.")
    parameters = check_parameters(notebook, {name: variables[name] for name in names})
    study = parameters.loaded
    root = project_root()
    named = os.environ.get(OUTPUT_VARIABLE)
    folder = Path(named) if named else root / "outputs" / "interactive" / notebook
    data = open_processed(study, data_folder(root))
    place = Place(folder, notebook, run_key(root, notebook, parameters, data))
    return Session(notebook, parameters, data.marked(study), data, place)
