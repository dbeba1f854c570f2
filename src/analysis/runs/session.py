"""What a notebook works with once it runs: its checked parameters, data and output folder."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from analysis.errors import InputError
from analysis.figures.subject import Subject
from analysis.files import project_root
from analysis.ingest import Processed, open_processed
from analysis.runs.parameters import MODELS, PlacementGaps, StudyParameters, check_parameters
from analysis.studies import Study

OUTPUT_VARIABLE = "PLACEMENT_GAPS_OUTPUT"
"""Where the runner has a notebook write; a notebook run by hand writes below outputs/."""


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
        The folder to write figures and tables to.
    """

    notebook: str
    parameters: StudyParameters
    study: Study
    data: Processed
    output: Path

    def subjects(self) -> list[Subject]:
        """What figures, tables and sentences are about: one subject per outcome asked for."""
        asked = self.parameters
        assert isinstance(asked, PlacementGaps)
        return [
            Subject(self.study, outcome, asked.cohort, asked.confidence)
            for outcome in asked.asked_outcomes
        ]


def data_folder(root: Path) -> Path:
    """The folder of processed tables of a repository."""
    return root / "data" / "processed"


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
    study = parameters.loaded()
    root = project_root()
    named = os.environ.get(OUTPUT_VARIABLE)
    output = Path(named) if named else root / "outputs" / "interactive" / notebook
    return Session(notebook, parameters, study, open_processed(study, data_folder(root)), output)
