"""What a sweep's pack holds, once its tables and figures are written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import pandas as pd

from analysis.figures.choices import Choices
from analysis.figures.comparison import compared, comparison_chart
from analysis.figures.forest import kinds_of
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.report.sweeps.questions import question_table
from analysis.runs.grid import Grid
from analysis.runs.sweep import Swept, gather_estimates, gather_runs, varying_columns
from analysis.studies import Study
from analysis.studies.model import ALL_COHORTS
from analysis.vocabulary import Audience

SWEEP: Final = "sweep"
"""What made the pack's own tables and figures, where a report names a notebook."""
TABLES: Final = (SWEEP, "sweep-questions", "sweep-runs")


@dataclass(frozen=True)
class SweepContents:
    """A sweep whose runs have ended.

    Attributes
    ----------
    folder
        The pack.
    grid
        What was asked for.
    swept
        Its runs, one of them at least with results.
    audience
        For whom it is released.
    """

    folder: Path
    grid: Grid
    swept: Sequence[Swept]
    audience: Audience

    @cached_property
    def studies(self) -> dict[str, Study]:
        """The studies by their names, marked synthetic where their data are."""
        return {one.study.name: one.study for one in self.swept}

    @property
    def synthetic(self) -> bool:
        """Whether any row is of generated persons."""
        return any(study.synthetic for study in self.studies.values())

    @property
    def failed(self) -> list[Swept]:
        """Runs without results."""
        return [one for one in self.swept if one.result is None]

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """All estimates; see `analysis.runs.sweep.gather_estimates`."""
        return gather_estimates(self.grid, self.swept)

    @cached_property
    def cohorts(self) -> list[str]:
        """The cohort of each run."""
        return [cohort_of(one) or ALL_COHORTS for one in self.swept]

    @cached_property
    def questions(self) -> pd.DataFrame:
        """Range and median by question; see `analysis.report.sweeps.questions`."""
        return question_table(self.estimates, self.cohorts, self.audience)

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """The pack's own tables by name."""
        runs = gather_runs(self.grid, self.swept)
        return dict(zip(TABLES, (self.estimates, self.questions, runs), strict=True))

    def charts(self) -> Iterator[Chart]:
        """A comparison of the runs by study, outcome and kind of reference."""
        rows = compared(self.estimates)
        for study in self.studies.values():
            choices = Choices(study, varying_columns(self.grid))
            own = rows[rows["study"] == study.name]
            for outcome in dict.fromkeys(own["outcome"]):
                asking = own[own["outcome"] == outcome]
                subject = self._subject(study, str(outcome), asking)
                for kind in kinds_of(asking):
                    yield comparison_chart(rows, subject, kind, choices)

    def _subject(self, study: Study, outcome: str, rows: pd.DataFrame) -> Subject:
        """What a chart is about; of all cohorts, if those of its runs differ."""
        runs = [self.swept[run - 1] for run in dict.fromkeys(rows["run"])]
        cohorts = {cohort_of(one) for one in runs}
        cohort = cohorts.pop() if len(cohorts) == 1 else None
        level = runs[0].run.parameters.confidence
        return Subject(study, outcome, cohort, level, self.audience)


def cohort_of(swept: Swept) -> str | None:
    """The cohort of a run; None for all of them."""
    return swept.run.parameters.asked_cohort
