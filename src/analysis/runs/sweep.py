"""Running the runs of a grid, those that stand already left alone, and gathering what they give."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final, TextIO

import pandas as pd

from analysis.errors import InputError
from analysis.estimate.results import COLUMNS
from analysis.files import data_folder
from analysis.ingest import Processed, obtain_data, open_processed
from analysis.runs.grid import Grid, GridRun
from analysis.runs.keys import Snapshot, Wanted
from analysis.runs.parameters import StudyParameters
from analysis.runs.renew import Execute, renew
from analysis.runs.store import Store, store_of
from analysis.runs.task import Ended, Finished, Task
from analysis.studies import Study
from analysis.vocabulary import Audience

OWN_TABLES: Final[Mapping[str, Sequence[str]]] = {"03_placement_gaps": ("placement-gaps",)}
"""Tables gathered of a notebook; of the others all that have the columns of estimates."""
QUIET_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Swept:
    """A run of a sweep, and what there is of it.

    Attributes
    ----------
    run
        Which.
    study
        What it is on, marked synthetic if its data are.
    data
        The processed table that it reads.
    wanted
        Its content key, and what that is made of.
    ended
        How it ended; None before it was run.
    result
        Folder of its results; None if there are none.
    """

    run: GridRun
    study: Study
    data: Processed
    wanted: Wanted
    ended: Ended | None = None
    result: Path | None = None

    @property
    def status(self) -> str:
        """`done`, be it now or before, or why there are no results."""
        if self.ended is None or self.ended.good:
            return "done"
        return self.ended.status

    @property
    def error(self) -> str:
        """What went wrong, without a path of this machine; empty if nothing did."""
        told = self.ended.error if self.ended else ""
        return told.replace(f"{self.wanted.root}/", "")


@dataclass(frozen=True)
class Sweep:
    """A sweep that can start.

    Attributes
    ----------
    grid
        Its runs.
    runs
        The same, with their data and keys.
    store
        Where results are kept.
    audience
        For whom all of it is released.
    """

    grid: Grid
    runs: tuple[Swept, ...]
    store: Store
    audience: Audience

    @cached_property
    def standing(self) -> int:
        """How many runs have results already."""
        return sum(self.store.find(one.wanted.key) is not None for one in self.runs)

    @property
    def keys(self) -> dict[str, str]:
        """Keys of the results by the runs' folders in the pack."""
        return {one.run.folder: one.wanted.key for one in self.runs}

    @property
    def reference(self) -> str:
        """What the store calls the sweep."""
        return f"sweep-{self.grid.name}"


def prepare_sweep(root: Path, grid: Grid) -> Sweep:
    """Find or make the data of every study of a grid, and name its results by their keys.

    Without an audience asked for, all runs are released for everyone, unless all data are
    synthetic.

    Parameters
    ----------
    root
        The repository.
    grid
        The checked grid.

    Raises
    ------
    InputError
        Naming every study without data, or if runs are for different audiences.
    """
    data = _obtained(root, grid)
    studies = {name: processed.marked(_study(grid, name)) for name, processed in data.items()}
    audience = _audience(grid, studies)
    snapshot, runs = Snapshot(root), []
    for run in grid.runs:
        study, processed = studies[run.parameters.study], data[run.parameters.study]
        settled = replace(run, parameters=_released_for(audience, run, study))
        wanted = snapshot.wanted(run.notebook, settled.parameters, processed)
        runs.append(Swept(settled, study, processed, wanted))
    settled_grid = replace(grid, runs=tuple(one.run for one in runs))
    return Sweep(settled_grid, tuple(runs), store_of(root), audience)


def _study(grid: Grid, name: str) -> Study:
    return next(run.parameters.loaded for run in grid.runs if run.parameters.study == name)


def _obtained(root: Path, grid: Grid) -> dict[str, Processed]:
    """The data of each study by the name asked for; all are known to exist before any is made."""
    names = dict.fromkeys(run.parameters.study for run in grid.runs)
    studies = {name: _study(grid, name) for name in names}
    processed, faults = data_folder(root), []
    for study in studies.values():
        if study.generated is None:
            try:
                open_processed(study, processed)
            except InputError as error:
                faults.append(str(error))
    if faults:
        raise InputError("Nothing was started.\n" + "\n".join(dict.fromkeys(faults)))
    return {name: obtain_data(study, root, processed) for name, study in studies.items()}


def _audience(grid: Grid, studies: Mapping[str, Study]) -> Audience:
    """The one audience of all runs: what was asked for, else everyone if any data are real."""
    asked = {run.parameters.audience for run in grid.runs}
    own = {run.parameters.audience_of(studies[run.parameters.study]) for run in grid.runs}
    if asked == {None}:
        return Audience.PUBLIC if Audience.PUBLIC in own else Audience.INTERNAL
    if len(own) > 1:
        raise InputError(
            "The runs of a sweep stand in one pack, so they must be for one audience. Give "
            "--internal or --public, and name none in the grid."
        )
    return own.pop()


def _released_for(audience: Audience, run: GridRun, study: Study) -> StudyParameters:
    """A run's parameters, the audience named only where it is not the default of its data."""
    if run.parameters.audience_of(study) is audience:
        return run.parameters
    return run.parameters.model_copy(update={"audience": audience})


def run_sweep(
    sweep: Sweep, execute: Execute, failures: Path, *, quiet: bool = False
) -> list[Swept]:
    """Execute the runs whose results don't stand; what is done stays, whatever happens then.

    Parameters
    ----------
    sweep
        The prepared sweep.
    execute
        What executes notebooks.
    failures
        Folder for the executed copies of notebooks that fail.
    quiet
        Say nothing of the progress.

    Returns
    -------
    list of Swept
        In the order of the grid.
    """
    lines = Lines(sys.stderr, hidden=quiet or sys.stderr.isatty())

    def watched(tasks: Sequence[Task], finished: Finished) -> list[Ended]:
        def tell(task: Task, ended: Ended) -> None:
            finished(task, ended)
            lines.count(ended, len(tasks))

        return execute(tasks, tell)

    sweep.store.want(sweep.reference, sweep.keys)
    wanted = [one.wanted for one in sweep.runs]
    ended = renew(wanted, sweep.store, watched, failures)
    return [
        replace(
            one,
            ended=how,
            result=sweep.store.find(one.wanted.key) if how.good else None,
        )
        for one, how in zip(sweep.runs, ended, strict=True)
    ]


class Lines:
    """A line every so often on what is done, for who has no terminal to watch a bar in.

    Parameters
    ----------
    stream
        Where to write.
    hidden
        Write nothing.
    """

    def __init__(self, stream: TextIO, *, hidden: bool) -> None:
        self._stream, self._hidden = stream, hidden
        self._began = self._last = time.monotonic()
        self._ended = self._lost = 0

    def count(self, ended: Ended, total: int) -> None:
        """Count a run that ended; write if the last line is half a minute old, or it is the last.

        Parameters
        ----------
        ended
            How it ended.
        total
            Number of runs.
        """
        self._ended += 1
        self._lost += ended.status != "done"
        now = time.monotonic()
        if self._hidden or (now - self._last < QUIET_SECONDS and self._ended < total):
            return
        self._last = now
        left = (now - self._began) / self._ended * (total - self._ended)
        lost = f", {self._lost} without result" if self._lost else ""
        rest = f", about {left / 60:.1f} min left" if self._ended < total else ""
        print(f"{self._ended} of {total} runs ended{lost}{rest}", file=self._stream, flush=True)


def estimate_tables(swept: Swept) -> dict[str, pd.DataFrame]:
    """The tables of estimates that a run left, as released, by name."""
    if swept.result is None:
        return {}
    own = OWN_TABLES.get(swept.run.notebook)
    found = {}
    for path in sorted((swept.result / "tables").glob("*.parquet")):
        if own is None or path.stem in own:
            table = pd.read_parquet(path)
            if set(COLUMNS) <= set(table.columns):
                found[path.stem] = table
    return found


def parameter_column(name: str) -> str:
    """Column of a parameter in the table of a sweep; no name of a column of estimates."""
    return f"parameter_{name}" if name in (*COLUMNS, "digits", "data") else name


def varying_columns(grid: Grid) -> dict[str, str]:
    """Columns of the parameters that vary, by their names; `study` has a column already."""
    return {name: parameter_column(name) for name in grid.varying if name != "study"}


def gather_estimates(grid: Grid, swept: Sequence[Swept]) -> pd.DataFrame:
    """All estimates of a sweep in one tidy table.

    Parameters
    ----------
    grid
        Whose varying parameters become columns.
    swept
        Its runs.

    Returns
    -------
    pandas.DataFrame
        `run`; the parameters that vary, as texts; `notebook` and `table`, where the row is from;
        then the columns of a released result table, `data` among them if any row is synthetic.
    """
    parts = list(_parts(grid, swept))
    if not parts:
        return pd.DataFrame(columns=["run", *COLUMNS])
    gathered = pd.concat(parts, ignore_index=True)
    if "data" in gathered:
        gathered["data"] = gathered["data"].fillna("")
    return gathered


def _parts(grid: Grid, swept: Sequence[Swept]) -> Iterator[pd.DataFrame]:
    columns = varying_columns(grid)
    for one in swept:
        told = {column: one.run.told(name) for name, column in columns.items()}
        for name, table in estimate_tables(one).items():
            before = {"run": one.run.number, **told, "notebook": one.run.notebook, "table": name}
            yield pd.DataFrame(before, index=table.index).join(table)


def gather_runs(grid: Grid, swept: Sequence[Swept]) -> pd.DataFrame:
    """The runs of a sweep, a row each: parameters asked for, status, content key and error."""
    rows = [
        {
            "run": one.run.number,
            "notebook": one.run.notebook,
            **{name: one.run.told(name) for name in grid.asked},
            "status": one.status,
            "key": one.wanted.run,
            "error": one.error,
            "data": "SYNTHETIC" if one.study.synthetic else "",
        }
        for one in swept
    ]
    table = pd.DataFrame(rows)
    return table if table["data"].any() else table.drop(columns="data")
