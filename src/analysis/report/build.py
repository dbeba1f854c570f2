"""The report of a study: its notebooks executed, its pack made, all published at once."""

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.errors import InputError
from analysis.files import data_folder, staged_folder, tree_hashes
from analysis.ingest import Processed, obtain_data, open_processed
from analysis.ingest.raw import check_raw
from analysis.report.contents import Contents
from analysis.report.pack import copy_results, packs_beside, write_pack
from analysis.report.provenance.archive import write_archive
from analysis.report.provenance.facts import gather_facts
from analysis.report.provenance.layout import MANIFEST_FILE
from analysis.runs import provenance
from analysis.runs.keys import run_key
from analysis.runs.parameters import StudyParameters, check_parameters, default_audience
from analysis.runs.runner import run_notebooks
from analysis.runs.task import Ended, Task, as_records
from analysis.studies import Study, load_study
from analysis.studies.model import ALL_COHORTS
from analysis.vocabulary import Audience

TIME_LIMIT_SECONDS = 900.0
ARCHIVE_SUFFIX = ".zip"


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
    remarks
        What was left out of the pack, and what to do about it.
    """

    folder: Path
    record: Path
    ended: Sequence[Ended]
    data: Processed
    remarks: Sequence[str] = ()

    @property
    def complete(self) -> bool:
        """Whether every notebook was done."""
        return all(one.status == "done" for one in self.ended)

    @property
    def archive(self) -> Path:
        """The pack as one file."""
        return archive_file(self.folder)


def build_report(
    root: Path,
    parameters: Mapping[str, StudyParameters],
    *,
    extract: Path | None = None,
    jobs: int | None = None,
    time_limit: float = TIME_LIMIT_SECONDS,
    quiet: bool = False,
) -> Report:
    """Process the extract, execute the notebooks and publish the pack made of their results.

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
        If the extract is wrong or there is none, a raw file differs from the manifest, be it
        before the notebooks or after them, or a public pack would give a hidden count away.
    """
    start, raw = provenance.now(), check_raw(root)
    first = next(iter(parameters.values()))
    study = load_study(first.study)
    data = obtain_data(study, root, data_folder(root), extract)
    run_folder = root / "outputs" / "runs" / provenance.run_id(start)
    job = _Job(root, data.marked(study), parameters, data, run_folder)

    def run(tasks: Sequence[Task]) -> list[Ended]:
        at_once = jobs or os.cpu_count() or 1
        return run_notebooks(tasks, jobs=at_once, time_limit=time_limit, quiet=quiet)

    ended, remarks = _publish(job, run)
    complete = all(one.status == "done" for one in ended)
    record = {
        **provenance.code_version(root),
        **job.description(),
        "raw_files": raw,
        "outputs": tree_hashes(job.target) if complete else {},
        "environment": provenance.environment(root),
        "seeds": {name: given.seed for name, given in parameters.items() if hasattr(given, "seed")},
        "notebooks": as_records(ended),
        "started": start.isoformat(),
        "ended": provenance.now().isoformat(),
    }
    written = provenance.write_record(job.run_folder, record)
    return Report(job.target, written, ended, data, remarks)


def renew_pack(root: Path, asked: StudyParameters) -> Report:
    """Make the pack of a finished report anew, without executing a notebook.

    Parameters
    ----------
    root
        The repository.
    asked
        Study, cohort and audience of the report.

    Raises
    ------
    InputError
        If there is no such report, or its notebooks, their code or their data have changed since,
        so that only executing them again gives a pack that tells the truth of its making.
    """
    study = load_study(asked.study)
    data = open_processed(study, data_folder(root))
    study = data.marked(study)
    target = root / "outputs" / report_name(study, asked.asked_cohort, asked.audience_of(study))
    told = target / MANIFEST_FILE
    if not told.is_file():
        raise InputError(f"There is no report at {target} yet. Make it: make report.")
    given = json.loads(told.read_text(encoding="utf-8"))["parameters"]
    parameters = {name: check_parameters(name, values) for name, values in given.items()}
    job = _Job(root, study, parameters, data, root / "outputs" / "runs")
    _check_standing(job, job.contents(target))
    with staged_folder(target) as staged:
        copy_results(target, staged)
        remarks = job.write_pack(staged)
    write_archive(target, archive_file(target))
    return Report(target, told, (), data, remarks)


def _check_standing(job: "_Job", contents: Contents) -> None:
    """Refuse a report whose notebooks would give something else by now."""
    changed = [
        name
        for name, run in contents.runs.items()
        if run != run_key(job.root, name, job.parameters[name], job.data)
    ]
    if changed:
        raise InputError(
            f"{contents.folder}: since this report was made, the notebooks "
            f"{', '.join(changed)}, their code or their data have changed. Make it again: "
            "make report."
        )


@dataclass(frozen=True)
class _Job:
    """What a report is made of."""

    root: Path
    study: Study
    parameters: Mapping[str, StudyParameters]
    data: Processed
    run_folder: Path

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

    def tasks(self, staged: Path) -> list[Task]:
        """One task a notebook, writing into a staged folder."""
        return [
            Task(self.root, name, given.model_dump(mode="json"), result=staged)
            for name, given in self.parameters.items()
        ]

    def contents(self, folder: Path) -> Contents:
        """What the executed notebooks left in a folder."""
        cohort = self._first.asked_cohort
        return Contents(folder, self.study, cohort, self.audience, tuple(self.parameters))

    def write_pack(self, folder: Path) -> Sequence[str]:
        """Make a pack of a folder of results; what was left out, in words."""
        contents = self.contents(folder)
        facts = gather_facts(self.root, contents, self.parameters, self.data)
        beside = packs_beside(contents, facts, self.root / "outputs", self.target.name)
        return write_pack(contents, facts, self.data.place, beside)


def _publish(
    job: _Job, run: Callable[[Sequence[Task]], list[Ended]]
) -> tuple[list[Ended], Sequence[str]]:
    """Run the notebooks into a staged folder, and publish their pack if all were done."""
    ended: list[Ended] = []
    remarks: Sequence[str] = ()
    with contextlib.suppress(_IncompleteError):
        with staged_folder(job.target) as staged:
            tasks = job.tasks(staged)
            ended = run(tasks)
            if any(one.status != "done" for one in ended):
                _keep_failed(tasks, ended, job.run_folder)
                raise _IncompleteError
            check_raw(job.root)
            remarks = job.write_pack(staged)
        write_archive(job.target, archive_file(job.target))
    return ended, remarks


class _IncompleteError(Exception):
    """A notebook was not done, so nothing is published."""


def report_name(study: Study, cohort: str | None, audience: Audience) -> str:
    """Name of a report's folder below `outputs`.

    The report on the study's default cohort has the study's own name, and so has the one for the
    audience that such data are released to unless another is asked for.
    """
    default = study.cohort.default if study.cohort else None
    name = study.name if cohort == default else f"{study.name}-{cohort or ALL_COHORTS}"
    return name if audience is default_audience(study) else f"{name}-{audience}"


def archive_file(folder: Path) -> Path:
    """Where the archive of a report stands: beside its folder."""
    return folder.with_name(folder.name + ARCHIVE_SUFFIX)


def _keep_failed(tasks: Sequence[Task], ended: Sequence[Ended], folder: Path) -> None:
    for task, one in zip(tasks, ended, strict=True):
        if one.status == "failed" and task.executed.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(task.executed, folder / task.executed.name)
