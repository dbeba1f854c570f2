"""The report of a study: its notebooks executed, their pages written, all published at once."""

import contextlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.files import canonical_json, data_folder, staged_folder, tree_hashes, write_text
from analysis.ingest import Processed, obtain_data
from analysis.ingest.raw import check_raw
from analysis.report.contents import Contents
from analysis.report.site import write_site
from analysis.runs import provenance
from analysis.runs.parameters import StudyParameters
from analysis.runs.runner import Ended, Task, as_records, run_notebooks
from analysis.studies import Study, load_study
from analysis.studies.model import ALL_COHORTS

MANIFEST_FILE = "manifest.json"
TIME_LIMIT_SECONDS = 900.0


@dataclass(frozen=True)
class Report:
    """A finished attempt at a report.

    Attributes
    ----------
    folder
        Where the report is, if every notebook was done; where the one before is, if not.
    record
        The run's record.
    ended
        How each notebook ended.
    data
        The processed table that they read.
    """

    folder: Path
    record: Path
    ended: Sequence[Ended]
    data: Processed

    @property
    def complete(self) -> bool:
        """Whether every notebook was done."""
        return all(one.status == "done" for one in self.ended)


def build_report(
    root: Path,
    parameters: Mapping[str, StudyParameters],
    *,
    extract: Path | None = None,
    jobs: int | None = None,
    time_limit: float = TIME_LIMIT_SECONDS,
    quiet: bool = False,
) -> Report:
    """Process the extract, execute the notebooks and publish their results.

    Nothing is published unless every notebook is done; a notebook that failed is kept, with its
    error, beside the run's record.

    Parameters
    ----------
    root
        The repository.
    parameters
        Checked parameters of each notebook to execute; all name the same study.
    extract
        Folder of the extract; when not given, the table processed last, or a generated cohort.
    jobs
        Notebooks at the same time; the number of processors when not given.
    time_limit
        Seconds that one notebook may take.
    quiet
        Show no progress.

    Raises
    ------
    InputError
        If the extract is wrong or there is none, or a raw file differs from the manifest, be it
        before the notebooks or after them.
    """
    start, raw = provenance.now(), check_raw(root)
    first = next(iter(parameters.values()))
    study = load_study(first.study)
    data = obtain_data(study, root, data_folder(root), extract)
    study = data.marked(study)
    run_folder = root / "outputs" / "runs" / provenance.run_id(start)
    job = _Job(root, study, parameters, data, run_folder)
    target = root / "outputs" / report_name(study, first.asked_cohort)

    def run(tasks: Sequence[Task]) -> list[Ended]:
        at_once = jobs or os.cpu_count() or 1
        return run_notebooks(tasks, jobs=at_once, time_limit=time_limit, quiet=quiet)

    ended = _publish(job, target, run)
    complete = all(one.status == "done" for one in ended)
    record = {
        **provenance.code_version(root),
        **job.description(),
        "raw_files": raw,
        "outputs": tree_hashes(target) if complete else {},
        "environment": provenance.environment(root),
        "seeds": {},  # no notebook of this report draws random numbers
        "notebooks": as_records(ended),
        "started": start.isoformat(),
        "ended": provenance.now().isoformat(),
    }
    return Report(target, provenance.write_record(job.run_folder, record), ended, data)


@dataclass(frozen=True)
class _Job:
    """What a report is made of."""

    root: Path
    study: Study
    parameters: Mapping[str, StudyParameters]
    data: Processed
    run_folder: Path

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

    def contents(self, staged: Path) -> Contents:
        """What the executed notebooks left in a staged folder."""
        first = next(iter(self.parameters.values()))
        audience = first.audience_of(self.study)
        return Contents(staged, self.study, first.asked_cohort, audience, tuple(self.parameters))

    def tasks(self, staged: Path) -> list[Task]:
        """One task a notebook, writing into a staged folder."""
        return [
            Task(
                notebook=self.root / "notebooks" / f"{name}.ipynb",
                executed=staged / "notebooks" / f"{name}.ipynb",
                parameters=given.model_dump(mode="json"),
                output=staged,
            )
            for name, given in self.parameters.items()
        ]


def _publish(job: _Job, target: Path, run: Callable[[Sequence[Task]], list[Ended]]) -> list[Ended]:
    """Run the notebooks into a staged folder and publish it if all were done."""
    ended: list[Ended] = []
    with contextlib.suppress(_IncompleteError), staged_folder(target) as staged:
        tasks = job.tasks(staged)
        ended = run(tasks)
        if any(one.status != "done" for one in ended):
            _keep_failed(tasks, ended, job.run_folder)
            raise _IncompleteError
        check_raw(job.root)
        write_site(job.contents(staged))
        _write_manifest(staged, job)
    return ended


class _IncompleteError(Exception):
    """A notebook was not done, so nothing is published."""


def report_name(study: Study, cohort: str | None) -> str:
    """Name of a report's folder below `outputs`: the default cohort's is the study's own."""
    default = study.cohort.default if study.cohort else None
    return study.name if cohort == default else f"{study.name}-{cohort or ALL_COHORTS}"


def _keep_failed(tasks: Sequence[Task], ended: Sequence[Ended], folder: Path) -> None:
    for task, one in zip(tasks, ended, strict=True):
        if one.status == "failed" and task.executed.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(task.executed, folder / task.executed.name)


def _write_manifest(folder: Path, job: _Job) -> None:
    """Say what the report is of and hash every file of it, last."""
    content = {
        **job.description(),
        "synthetic": job.study.synthetic,
        "provenance": job.study.provenance.model_dump(),
        "files": tree_hashes(folder),
    }
    write_text(folder / MANIFEST_FILE, canonical_json(content))
