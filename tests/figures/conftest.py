"""Estimates of the toy study, which the figures are drawn from."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from analysis.estimate.gaps import study_gaps
from analysis.figures.subject import Subject
from analysis.ingest import process_extract
from analysis.studies import Study, load_study


@dataclass(frozen=True)
class Estimated:
    """A study with its estimates."""

    study: Study
    gaps: pd.DataFrame
    steps: pd.DataFrame
    processed: Path

    def subject(self, outcome: str = "graduated") -> Subject:
        return Subject(self.study, outcome, None, 0.95)


@pytest.fixture(scope="session")
def estimated(
    toy_study_file: Path, toy_extract: Path, tmp_path_factory: pytest.TempPathFactory
) -> Estimated:
    study = load_study(str(toy_study_file))
    data = process_extract(study, toy_extract, tmp_path_factory.mktemp("processed"))
    gaps, steps = study_gaps(
        study,
        data.path,
        outcomes=tuple(study.outcomes),
        covariates=study.default_adjusters(),
    )
    return Estimated(study, gaps, steps, data.path)
