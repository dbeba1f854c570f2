"""The report of a study: its notebooks executed, its pack made, all published at once.

What makes a pack is imported late: a report that stands must be told to stand at once.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.errors import InputError
from analysis.files import data_folder, staged_folder, tree_hashes
from analysis.ingest import obtain_data, open_processed
from analysis.ingest.raw import check_raw
from analysis.report.job import Job, archive_file, refuse_other_kind, report_name
from analysis.report.provenance.layout import MANIFEST_FILE
from analysis.report.standing import explain, note, parts_of, stands
from analysis.runs import provenance
from analysis.runs.executors import executor
from analysis.runs.keys import Snapshot, Wanted
from analysis.runs.parameters import StudyParameters, check_parameters
from analysis.runs.renew import Execute, renew
from analysis.runs.task import Ended, as_records, notebook_file
from analysis.studies import load_study

if TYPE_CHECKING:
    from analysis.ingest import Processed

MADE_BY_NOTEBOOKS = ("figures", "tables")


@dataclass(frozen=True)
class Report:
    """A finished attempt at a report.

    Attributes
    ----------
    folder
        Where the report is, if every notebook was done; where the one before is, if not.
    record
        The run's record; None if the report stood and nothing was run.
    ended
        How each notebook ended.
    data
        The processed table that they read.
    remarks
        What was left out of the pack, and what to do about it.
    """

    folder: Path
    record: Path | None
    ended: Sequence[Ended]
    data: "Processed"
    remarks: Sequence[str] = ()

    @property
    def complete(self) -> bool:
        """Whether the results of every notebook are there."""
        return all(one.good for one in self.ended)

    @property
    def archive(self) -> Path:
        """The pack as one file."""
        return archive_file(self.folder)


def build_report(
    root: Path,
    parameters: Mapping[str, StudyParameters],
    *,
    extract: Path | str | None = None,
    execute: Execute | None = None,
) -> Report:
    """Process the extract, execute the notebooks that changed and publish the pack of all results.

    A report that stands as it would be made is left alone. Nothing is published unless every
    notebook is done; a notebook that failed is kept, with its error, beside the run's record, and
    what others gave is kept for the next attempt.

    Parameters
    ----------
    root
        The repository.
    parameters
        Checked parameters of each notebook to execute; all name the same study.
    extract
        Folder or address of the extract; when not given, the table processed last, or a generated
        cohort.
    execute
        What executes notebooks (see `analysis.runs.executors.executor`); when not given, this
        machine, with as many at the same time as it has processors.

    Raises
    ------
    InputError
        If the extract is wrong or there is none, a raw file differs from the manifest, be it
        before the notebooks or after them, the pack of a sweep stands where the report would, or
        a public pack would give a hidden count away.
    """
    start, raw = provenance.now(), check_raw(root)
    job = _job(root, parameters, extract)
    snapshot = Snapshot(root)
    wanted = job.wanted(snapshot)
    parts = parts_of(job, wanted, snapshot)
    left_out = stands(job, parts)
    if left_out is not None:
        ended = [Ended(name, "kept", 0.0) for name in wanted]
        return Report(job.target, None, ended, job.data, left_out)
    refuse_other_kind(job.target, sweep=False)
    run_folder = root / "outputs" / "runs" / provenance.run_id(start)
    job.store.want(job.target.name, _keys(wanted))
    ended = renew(list(wanted.values()), job.store, execute or executor(), run_folder)
    remarks: Sequence[str] = ()
    complete = all(one.good for one in ended)
    if complete:
        check_raw(root)
        remarks = _publish(job, wanted, parts)
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
    written = provenance.write_record(run_folder, record)
    return Report(job.target, written, ended, job.data, remarks)


def explain_report(
    root: Path, parameters: Mapping[str, StudyParameters]
) -> Iterator[tuple[str, list[str]]]:
    """Why each notebook of a report would be run again; see `analysis.report.standing.explain`.

    Raises
    ------
    InputError
        If there are no data to run on.
    """
    job = _job(root, parameters, None)
    snapshot = Snapshot(root)
    wanted = job.wanted(snapshot)
    return explain(job, wanted, parts_of(job, wanted, snapshot))


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
        If there is no such report, or a sweep of its name, or its notebooks, their code or their
        data have changed since, so that only executing them again gives a pack that tells the
        truth of its making.
    """
    study = load_study(asked.study)
    data = open_processed(study, data_folder(root))
    study = data.marked(study)
    target = root / "outputs" / report_name(study, asked.asked_cohort, asked.audience_of(study))
    refuse_other_kind(target, sweep=False)
    told = target / MANIFEST_FILE
    if not told.is_file():
        raise InputError(f"There is no report at {target} yet. Make it: make report.")
    given = json.loads(told.read_text(encoding="utf-8"))["parameters"]
    parameters = {name: check_parameters(name, values) for name, values in given.items()}
    job, snapshot = Job(root, study, parameters, data), Snapshot(root)
    wanted = job.wanted(snapshot)
    changed = [name for name, one in wanted.items() if job.store.find(one.key) is None]
    if changed:
        raise InputError(
            f"{target}: since this report was made, the notebooks {', '.join(changed)}, their "
            "code or their data have changed. Make it again: make report."
        )
    remarks = _publish(job, wanted, parts_of(job, wanted, snapshot))
    return Report(target, None, (), data, remarks)


def _job(root: Path, parameters: Mapping[str, StudyParameters], extract: Path | str | None) -> Job:
    study = load_study(next(iter(parameters.values())).study)
    data = obtain_data(study, root, data_folder(root), extract)
    return Job(root, data.marked(study), parameters, data)


def _keys(wanted: Mapping[str, Wanted]) -> dict[str, str]:
    return {name: one.key for name, one in wanted.items()}


def _publish(job: Job, wanted: Mapping[str, Wanted], parts: Mapping[str, object]) -> Sequence[str]:
    """Publish the pack of results that stand, and note it; what was left out, in words."""
    with job.store.publishing():
        job.store.require(_keys(wanted).values())
        with staged_folder(job.target) as staged:
            for one in wanted.values():
                _take(job, one, staged)
            remarks = _write_pack(job, staged)
        _write_archive(job.target)
        job.store.settle(job.target.name, _keys(wanted))
        # What was edited meanwhile may be in the pack, or not: then it stands for nothing.
        if parts_of(job, wanted, Snapshot(job.root)) == parts:
            note(job, parts, remarks)
    return remarks


def _take(job: Job, one: Wanted, folder: Path) -> None:
    """Copy a result that stands into a pack, with the prose of its notebook as it reads now."""
    from analysis.runs.prose import dress

    result = job.store.results / one.key
    for name in MADE_BY_NOTEBOOKS:
        if (result / name).is_dir():
            shutil.copytree(result / name, folder / name, dirs_exist_ok=True)
    source = notebook_file(job.root, one.notebook)
    dress(notebook_file(result, one.notebook), source, notebook_file(folder, one.notebook))


def _write_pack(job: Job, folder: Path) -> Sequence[str]:
    """Make a pack of a folder of results; what was left out, in words."""
    from analysis.report.pack import packs_beside, write_pack
    from analysis.report.provenance.facts import gather_facts

    contents = job.contents(folder)
    facts = gather_facts(job.root, contents, job.parameters, job.data)
    beside = packs_beside(contents, facts, job.root / "outputs", job.target.name)
    return write_pack(contents, facts, job.data.place, beside)


def _write_archive(target: Path) -> None:
    from analysis.report.provenance.archive import write_archive

    write_archive(target, archive_file(target))
