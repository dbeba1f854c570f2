"""What a pack tells of its making, gathered once for crate and manifest."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.files import tree_hashes
from analysis.ingest import Processed
from analysis.ingest.raw import raw_folder, read_manifest
from analysis.report.contents import Contents
from analysis.runs import provenance
from analysis.runs.parameters import StudyParameters
from analysis.studies import Study
from analysis.vocabulary import Audience

Plain = Mapping[str, object]
UNTOLD = "platform"
"""The machine is told in the run's record: two machines must be able to make the same pack."""


@dataclass(frozen=True)
class Facts:
    """What a report was made of; no clock time and no place is among it.

    Attributes
    ----------
    root
        The repository, from which the notebooks' sources are copied; its path is told nowhere.
    study, cohort, audience
        What the report is on, and for whom.
    parameters
        Those of each notebook, as plain values.
    runs
        Content key of each notebook's run (see `analysis.runs.keys.run_key`).
    inputs
        `study_sha256`; `sources`, the extract's files with their hashes; `processed`, the hashes
        of the processed table's files.
    published
        Raw files that the notebooks read beside the extract, by folder: origin, licence, hashes.
    code
        Commit, and whether files differed from it.
    environment
        Versions of Python and packages, and the lock's hash.
    date
        The source's date (see `analysis.runs.provenance.source_date`).
    """

    root: Path
    study: Study
    cohort: str | None
    audience: Audience
    parameters: Mapping[str, Plain]
    runs: Mapping[str, str]
    inputs: Mapping[str, object]
    published: Mapping[str, Plain]
    code: Plain
    environment: Plain
    date: datetime.datetime

    def description(self) -> dict[str, object]:
        """All of it as plain values, for the manifest."""
        return {
            "study": self.study.name,
            "cohort": self.cohort,
            "audience": str(self.audience),
            "synthetic": self.study.synthetic,
            "provenance": self.study.provenance.model_dump(),
            "parameters": self.parameters,
            "runs": self.runs,
            "inputs": self.inputs,
            "published": self.published,
            "code": self.code,
            "environment": self.environment,
        }


def gather_facts(
    root: Path, contents: Contents, parameters: Mapping[str, StudyParameters], data: Processed
) -> Facts:
    """Gather what a report was made of.

    Parameters
    ----------
    root
        The repository.
    contents
        The report, its notebooks executed.
    parameters
        Checked parameters of each notebook.
    data
        The processed table that they read.
    """
    told = provenance.environment(root)
    return Facts(
        root=root,
        study=contents.study,
        cohort=contents.cohort,
        audience=contents.audience,
        parameters={name: given.model_dump(mode="json") for name, given in parameters.items()},
        runs=contents.runs,
        inputs={
            "study_sha256": contents.study.digest,
            "sources": _sources(data.log["sources"], contents.audience),
            "processed": tree_hashes(data.folder),
        },
        published=_published(root, contents.study),
        code=provenance.code_version(root),
        environment={name: value for name, value in told.items() if name != UNTOLD},
        date=provenance.source_date(root),
    )


def _sources(sources: Sequence[Plain], audience: Audience) -> list[Plain]:
    """The extract's files; how many rows each has is an unrounded count, so not for everyone."""
    told = {"file", "sha256"} | ({"rows"} if audience is Audience.INTERNAL else set())
    return [{name: source[name] for name in sorted(told)} for source in sources]


def _published(root: Path, study: Study) -> dict[str, Plain]:
    if not study.published:
        return {}
    return {place: one.model_dump() for place, one in read_manifest(raw_folder(root)).items()}
