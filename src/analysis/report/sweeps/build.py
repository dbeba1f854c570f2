"""A sweep, from its grid to its pack: runs executed where needed, gathered, published at once."""

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import yaml

from analysis.figures.place import Place
from analysis.figures.save import Chart, save_chart, save_table
from analysis.files import staged_folder, tree_hashes, write_text
from analysis.ingest.raw import check_raw
from analysis.release.persons import check_no_persons
from analysis.report.contents import Contents
from analysis.report.job import archive_file, refuse_other_kind
from analysis.report.pack import check_disclosure, packs_beside
from analysis.report.provenance.archive import write_archive
from analysis.report.provenance.facts import Facts, gather_facts
from analysis.report.provenance.layout import GRID_FILE, SWEPT
from analysis.report.provenance.manifest import write_manifest
from analysis.report.site.write import write_assets
from analysis.report.sweeps.contents import SWEEP, SweepContents, cohort_of
from analysis.report.sweeps.page import sweep_pages
from analysis.runs import provenance
from analysis.runs.keys import digest
from analysis.runs.renew import Execute
from analysis.runs.sweep import Sweep, Swept, estimate_tables, run_sweep
from analysis.runs.task import as_records
from analysis.vocabulary import Audience

PARAMETERS_FILE: Final = "parameters.yaml"
TABLE_KINDS: Final = ("csv", "parquet", "json")
KIND_OF_ERROR: Final = re.compile(r"(?P<kind>[A-Z]\w+): ")


@dataclass(frozen=True)
class SweepReport:
    """A finished attempt at a sweep.

    Attributes
    ----------
    folder
        Where its pack is if it was published; where one before may be, if not.
    record
        The record of this attempt.
    swept
        Its runs, as they ended.
    published
        Whether the pack was published.
    """

    folder: Path
    record: Path
    swept: Sequence[Swept]
    published: bool

    @property
    def archive(self) -> Path:
        """The pack as one file."""
        return archive_file(self.folder)

    @property
    def failed(self) -> list[Swept]:
        """Runs without results."""
        return [one for one in self.swept if one.result is None]

    @property
    def interrupted(self) -> bool:
        """Whether the attempt was ended before it was through."""
        return any(one.status == "interrupted" for one in self.swept)

    def lines(self) -> Iterator[str]:
        """What to tell of the attempt: each run that failed, what was done, how to go on."""
        for one in self.failed:
            if one.status == "interrupted":
                continue
            yield f"run {one.run.number}: {one.status}" + (one.error and f": {one.error}")
        yield f"{len(self.swept) - len(self.failed)} of {len(self.swept)} runs are done"
        yield f"record: {self.record}"
        if self.published:
            yield f"sweep: {self.folder}"
            yield f"archive: {self.archive}"
        else:
            yield "Nothing was published."
        if self.failed:
            yield "The same command goes on with the runs that are not done."


def build_sweep(
    root: Path, sweep: Sweep, grid: str, execute: Execute, *, quiet: bool = False
) -> SweepReport:
    """Execute the runs of a sweep that don't stand yet, and publish what all of them give.

    Failed runs are told in the pack and keep no other from it. Nothing is published if the sweep
    was interrupted, or no run has results; what is done stays in the store, and the next attempt
    goes on from there.

    Parameters
    ----------
    root
        The repository.
    sweep
        The prepared sweep.
    grid
        Text of the grid file, which goes into the pack.
    execute
        What executes notebooks.
    quiet
        Say nothing of the progress.

    Raises
    ------
    InputError
        If a report has the sweep's name, a raw file differs from the manifest, or a public sweep
        would give a hidden count away, be it together with public packs that stand.
    """
    start, raw = provenance.now(), check_raw(root)
    target = root / "outputs" / sweep.grid.name
    refuse_other_kind(target, sweep=True)
    run_folder = root / "outputs" / "runs" / provenance.run_id(start)
    swept = run_sweep(sweep, execute, run_folder, quiet=quiet)
    published = any(one.result for one in swept)
    published &= not any(one.status == "interrupted" for one in swept)
    if published:
        check_raw(root)
        _publish(root, sweep, grid, swept)
    record = {
        **provenance.code_version(root),
        "sweep": sweep.grid.name,
        "runs": list(_records(swept)),
        "raw_files": raw,
        "outputs": tree_hashes(target) if published else {},
        "environment": provenance.environment(root),
        "started": start.isoformat(),
        "ended": provenance.now().isoformat(),
    }
    written = provenance.write_record(run_folder, record)
    return SweepReport(target, written, swept, published)


def _publish(root: Path, sweep: Sweep, grid: str, swept: Sequence[Swept]) -> None:
    """Publish the pack of a sweep, some of whose runs have results."""
    target = root / "outputs" / sweep.grid.name
    keys = {one.run.folder: one.wanted.key for one in swept if one.result}
    with sweep.store.publishing():
        sweep.store.require(keys.values())
        with staged_folder(target) as staged:
            write_text(staged / GRID_FILE, grid)
            shown = [_for_readers(one, sweep.audience) for one in swept]
            _write_pack(root, SweepContents(staged, sweep.grid, shown, sweep.audience))
        write_archive(target, archive_file(target))
        sweep.store.settle(sweep.reference, keys)


def _for_readers(one: Swept, audience: Audience) -> Swept:
    """A run, for everyone with the kind of its error alone: its words may hold a count or a row."""
    if one.ended is None or audience is Audience.INTERNAL:
        return one
    kind = KIND_OF_ERROR.match(one.ended.error)
    return replace(one, ended=replace(one.ended, error=kind["kind"] if kind else ""))


def _records(swept: Sequence[Swept]) -> Iterator[dict[str, object]]:
    for one in swept:
        ended = as_records([one.ended])[0] if one.ended else {}
        yield {"run": one.run.number, "parameters": one.wanted.plain, "key": one.wanted.run} | ended


def _write_pack(root: Path, contents: SweepContents) -> None:
    """Write the tables of each run, check what they tell together, then all that is made of them.

    The check comes first, so that nothing is drawn of what must not be shown.
    """
    for one in contents.swept:
        _write_run(contents.folder / one.run.folder, one)
    facts = _check_studies(root, contents)
    keys = {one.run.folder: one.wanted.run for one in contents.swept}
    place = Place(contents.folder, SWEEP, digest({"sweep": contents.grid.name, "runs": keys}))
    for name, table in contents.tables().items():
        save_table(table, name, place)
    charts: list[Chart] = list(contents.charts())
    for chart in charts:
        save_chart(chart, place)
    for path, page in sweep_pages(contents, charts):
        write_text(contents.folder / path, page)
    write_assets(contents.folder)
    write_manifest(contents.folder, _description(contents, facts, place.key))


def _write_run(folder: Path, one: Swept) -> None:
    """A run's own tables, with the keys that they got, and a file to run it again from."""
    given = one.run.parameters.model_dump(mode="json", exclude_unset=True)
    text = yaml.safe_dump(given, sort_keys=True, allow_unicode=True)
    write_text(folder / PARAMETERS_FILE, text)
    for name in estimate_tables(one):
        assert one.result is not None
        (folder / "tables").mkdir(exist_ok=True)
        for kind in TABLE_KINDS:
            file = Path("tables") / f"{name}.{kind}"
            shutil.copyfile(one.result / file, folder / file)


def _check_studies(root: Path, contents: SweepContents) -> dict[str, Facts]:
    """Check what the runs of each study tell together; the facts of each study by its name."""
    facts = {}
    for name in contents.studies:
        own = [one for one in contents.swept if one.study.name == name and one.result]
        if not own:
            continue
        packs = [_contents(contents, one) for one in own]
        first = own[0]
        facts[name] = gather_facts(
            root, packs[0], {first.run.notebook: first.run.parameters}, first.data
        )
        _check_together(root, contents, own, packs, facts[name])
    return facts


def _contents(contents: SweepContents, one: Swept) -> Contents:
    """A run's part of the pack, as that of a report without notebooks and figures."""
    folder = contents.folder / one.run.folder
    return Contents(folder, one.study, cohort_of(one), contents.audience, ())


def _check_together(
    root: Path, contents: SweepContents, own: Sequence[Swept], packs: list[Contents], facts: Facts
) -> None:
    """Check the runs of one study with each other and with the public packs that stand.

    Which populations are the same persons is declared for one cohort at a time, so everything is
    looked at once a cohort.
    """
    for pack in packs:
        check_no_persons({table.file("csv"): table.data for table in pack.tables}, pack.study)
    if contents.audience is Audience.INTERNAL:
        return
    beside = packs_beside(packs[0], facts, root / "outputs", contents.grid.name)
    firsts: dict[str | None, Contents] = {}
    for pack in packs:
        firsts.setdefault(pack.cohort, pack)
    for first in firsts.values():
        others = [pack for pack in packs if pack is not first]
        check_disclosure(first, own[0].data.place, [*others, *beside])


def _description(
    contents: SweepContents, facts: Mapping[str, Facts], key: str
) -> dict[str, object]:
    """What the sweep is of, for the manifest: each run as a report would tell itself."""
    told = {name: one.description() for name, one in facts.items()}
    first = next(iter(told.values()))
    studies = ("synthetic", "provenance", "inputs", "published")
    return {
        "sweep": contents.grid.name,
        "audience": str(contents.audience),
        "synthetic": contents.synthetic,
        "runs": {SWEEP: key},
        "code": first["code"],
        "environment": first["environment"],
        "studies": {
            name: {part: one[part] for part in studies} for name, one in sorted(told.items())
        },
        SWEPT: [
            _told(one, facts[one.study.name], contents) for one in contents.swept if one.result
        ],
    }


def _told(one: Swept, facts: Facts, contents: SweepContents) -> dict[str, object]:
    return {
        "folder": one.run.folder,
        "study": one.study.name,
        "cohort": cohort_of(one),
        "audience": str(contents.audience),
        "parameters": {one.run.notebook: one.wanted.plain},
        "runs": {one.run.notebook: one.wanted.run},
        "inputs": {"processed": facts.inputs["processed"]},
    }
