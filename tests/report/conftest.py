"""A repository of its own for each report that tests build."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser

from analysis.figures.place import Place
from analysis.files import data_folder
from analysis.ingest import open_processed, process_extract
from analysis.report.browser import find_browser, open_browser
from analysis.report.build import Report, build_report
from analysis.report.sweeps.build import SweepReport, build_sweep
from analysis.runs.estimates import estimate_gaps
from analysis.runs.executors import executor
from analysis.runs.grid import read_grid
from analysis.runs.keys import run_key
from analysis.runs.parameters import MODELS, check_all, check_parameters
from analysis.runs.session import Session
from analysis.runs.sweep import prepare_sweep
from analysis.runs.task import Ended, Finished, Task
from analysis.studies import Study

REPOSITORY = Path(__file__).parents[2]
CARERS = 20
MakeRepository = Callable[[], Path]
Build = Callable[..., Report]


@pytest.fixture(scope="session")
def make_repository(tmp_path_factory: pytest.TempPathFactory) -> MakeRepository:
    """Copy what a run needs of the repository: the notebooks and the marks of its root."""

    def make() -> Path:
        root = tmp_path_factory.mktemp("repository")
        shutil.copytree(
            REPOSITORY / "notebooks",
            root / "notebooks",
            ignore=shutil.ignore_patterns(".ipynb_checkpoints"),
        )
        shutil.copytree(REPOSITORY / "data" / "raw", root / "data" / "raw")
        (root / "docs").mkdir()
        for page in (REPOSITORY / "docs").glob("*.md"):
            shutil.copy(page, root / "docs")
        for name in ("pyproject.toml", "requirements.lock"):
            shutil.copy(REPOSITORY / name, root / name)
        return root

    return make


@pytest.fixture(scope="session")
def build_in() -> Build:
    """Build a report in a repository, with parameters of the notebooks, or of some."""

    def build(
        root: Path,
        study: Path | str,
        extract: Path | None,
        notebooks: Sequence[str] = ("03_placement_gaps",),
        **parameters: object,
    ) -> Report:
        checked = check_all({"study": str(study), **parameters}, notebooks)
        return build_report(root, checked, extract=extract, execute=executor(quiet=True))

    return build


@pytest.fixture(scope="session")
def toy_report(
    build_in: Build, make_repository: MakeRepository, toy_study_file: Path, toy_extract: Path
) -> Report:
    """A report on a third study that no code knows of."""
    return build_in(make_repository(), toy_study_file, toy_extract, list(MODELS))


@pytest.fixture(scope="session")
def few_carers(toy_extract: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An extract of the third study whose carers are too few to be shown."""
    folder = tmp_path_factory.mktemp("few") / "extract"
    shutil.copytree(toy_extract, folder)
    learners = pd.read_csv(folder / "learners.csv", dtype=str, keep_default_na=False)
    carers = learners["carer"] == "yes"
    learners[~carers | (carers.cumsum() <= CARERS)].to_csv(folder / "learners.csv", index=False)
    return folder


@pytest.fixture(scope="session")
def public_report(
    build_in: Build, make_repository: MakeRepository, toy_study_file: Path, few_carers: Path
) -> Report:
    """A report on the third study for everyone; its carers are not shown."""
    report = build_in(make_repository(), toy_study_file, few_carers, audience="public")
    assert report.complete, report.ended
    return report


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window, for the tests of one file.

    For one file only: while it runs, nothing else in this process can use an event loop.
    """
    program = find_browser()
    if program is None:
        pytest.skip("Chromium is not installed")
    with open_browser(program) as opened:
        yield opened


GRID = """\
name: toy-sweep
product:
  study: [{study}]
  cohort: ["2021", "2022"]
  errors: [hc1, hc2]
runs:
  - {{study: {study}, cohort: "2021", outcomes: [placed], confidence: {broken}}}
"""
BROKEN = "0.8"
"""Confidence of the runs that fail."""


class InProcess:
    """Executes `03_placement_gaps` without a kernel: the same estimates and tables, no figures.

    Parameters
    ----------
    stop_after
        How many notebooks to execute before an interruption.
    """

    def __init__(self, stop_after: int = 1000) -> None:
        self.stop_after = stop_after
        self.asked: list[Task] = []

    def __call__(self, tasks: Sequence[Task], finished: Finished) -> list[Ended]:
        ended = []
        for number, task in enumerate(tasks):
            how = Ended(task.notebook, "interrupted", 0.0)
            if number < self.stop_after:
                self.asked.append(task)
                how = self._run(task)
            finished(task, how)
            ended.append(how)
        return ended

    def _run(self, task: Task) -> Ended:
        if str(task.parameters["confidence"]) == BROKEN:
            return Ended(task.notebook, "failed", 1.0, f"ValueError: {task.root}/planted")
        asked = check_parameters(task.notebook, task.parameters)
        study = asked.loaded
        data = open_processed(study, data_folder(task.root))
        place = Place(task.result, task.notebook, run_key(task.root, task.notebook, asked, data))
        session = Session(task.notebook, asked, data.marked(study), data, place)
        session.save_table(self.released(session), "placement-gaps")
        return Ended(task.notebook, "done", 1.0)

    def released(self, session: Session) -> pd.DataFrame:
        """The gaps as the notebook would save them."""
        return session.release.results(estimate_gaps(session)[0])


class SweepIn:
    """Makes sweeps of the third study in a repository of their own."""

    def __init__(self, root: Path, study: Path) -> None:
        self.root, self.study = root, study

    def __call__(self, execute: InProcess, text: str = GRID, **given: object) -> SweepReport:
        text = text.format(study=self.study, broken=BROKEN)
        path = self.root / "grid.yaml"
        path.write_text(text, encoding="utf-8")
        sweep = prepare_sweep(self.root, read_grid(path, given))
        return build_sweep(self.root, sweep, text, execute, quiet=True)


@pytest.fixture(scope="session")
def make_sweeps(
    make_repository: MakeRepository, toy_study_file: Path, toy_study: Study, toy_extract: Path
) -> Callable[[], SweepIn]:
    """Give a repository that has processed the third study, to make sweeps in."""

    def make(extract: Path = toy_extract) -> SweepIn:
        root = make_repository()
        process_extract(toy_study, extract, data_folder(root))
        return SweepIn(root, toy_study_file)

    return make


@pytest.fixture(scope="session")
def sweeps(make_sweeps: Callable[[], SweepIn]) -> SweepIn:
    """The repository of `toy_sweep`."""
    return make_sweeps()


@pytest.fixture(scope="session")
def toy_sweep(sweeps: SweepIn) -> SweepReport:
    """A sweep of five runs, the last of which fails."""
    return sweeps(InProcess())


@pytest.fixture(scope="session")
def in_process() -> type[InProcess]:
    """Give what executes notebooks without a kernel."""
    return InProcess
