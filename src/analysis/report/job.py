"""What a report is made of, and where it is published; told without what makes it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.errors import InputError
from analysis.files import tree_hashes
from analysis.report.provenance.layout import MANIFEST_FILE, SWEPT
from analysis.runs.keys import Snapshot, Wanted
from analysis.runs.parameters import StudyParameters, default_audience
from analysis.runs.store import Store, store_of
from analysis.studies import Study
from analysis.studies.model import ALL_COHORTS
from analysis.vocabulary import Audience

if TYPE_CHECKING:
    from analysis.ingest import Processed
    from analysis.report.contents import Contents

ARCHIVE_SUFFIX = ".zip"


@dataclass(frozen=True)
class Job:
    """What a report is made of.

    Attributes
    ----------
    root
        The repository.
    study
        Marked synthetic if its data are.
    parameters
        Those of each notebook, checked.
    data
        The processed table.
    """

    root: Path
    study: Study
    parameters: Mapping[str, StudyParameters]
    data: "Processed"

    @property
    def _first(self) -> StudyParameters:
        return next(iter(self.parameters.values()))

    @property
    def audience(self) -> Audience:
        """For whom the report is released."""
        return self._first.audience_of(self.study)

    @property
    def target(self) -> Path:
        """Where the report is published."""
        name = report_name(self.study, self._first.asked_cohort, self.audience)
        return self.root / "outputs" / name

    @property
    def store(self) -> Store:
        """Where the results of its runs are kept."""
        return store_of(self.root)

    def wanted(self, snapshot: Snapshot) -> dict[str, Wanted]:
        """The run that is wanted of each notebook, by its name."""
        return {
            name: snapshot.wanted(name, given, self.data) for name, given in self.parameters.items()
        }

    def description(self) -> dict[str, object]:
        """Study, parameters and inputs as plain values."""
        return {
            "study": self.study.name,
            "parameters": {
                name: given.model_dump(mode="json") for name, given in self.parameters.items()
            },
            "inputs": {
                "study_sha256": self.study.digest,
                "sources": self.data.log["sources"],
                "processed": tree_hashes(self.data.folder),
            },
        }

    def contents(self, folder: Path) -> "Contents":
        """What the executed notebooks left in a folder."""
        # Imported late: whether a report stands is told without reading its tables.
        from analysis.report.contents import Contents

        cohort = self._first.asked_cohort
        return Contents(folder, self.study, cohort, self.audience, tuple(self.parameters))


def report_name(study: Study, cohort: str | None, audience: Audience) -> str:
    """Name of a report's folder below `outputs`.

    The report on the study's default cohort has the study's own name, and so has the one for the
    audience that such data are released to unless another is asked for.
    """
    default = study.cohort.default if study.cohort else None
    name = study.name if cohort == default else f"{study.name}-{cohort or ALL_COHORTS}"
    return name if audience is default_audience(study) else f"{name}-{audience}"


def refuse_other_kind(target: Path, *, sweep: bool) -> None:
    """Refuse to put the pack of a report where that of a sweep stands, or the other way round.

    Parameters
    ----------
    target
        Where to publish.
    sweep
        Whether the pack of a sweep is to be published there.

    Raises
    ------
    InputError
        If a pack of the other kind stands there.
    """
    try:
        told = json.loads((target / MANIFEST_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # nothing stands there, or what is damaged anyway
        return
    if sweep and SWEPT not in told:
        raise InputError(
            f"{target} is the pack of a report. Give the sweep another name in its grid."
        )
    if not sweep and SWEPT in told:
        raise InputError(
            f"{target} is the pack of a sweep, which has the name of this report. Give the sweep "
            f"another name in its grid and remove {target}."
        )


def archive_file(folder: Path) -> Path:
    """Where the archive of a report stands: beside its folder."""
    return folder.with_name(folder.name + ARCHIVE_SUFFIX)
