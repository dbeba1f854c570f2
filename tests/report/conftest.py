"""A repository of its own for each report that tests build."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser

from analysis.report.browser import find_browser, open_browser
from analysis.report.build import Report, build_report
from analysis.runs.executors import executor
from analysis.runs.parameters import MODELS, check_all

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
def public_report(
    build_in: Build,
    make_repository: MakeRepository,
    toy_study_file: Path,
    toy_extract: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Report:
    """A report on the third study for everyone; its carers are too few to be shown."""
    folder = tmp_path_factory.mktemp("few") / "extract"
    shutil.copytree(toy_extract, folder)
    learners = pd.read_csv(folder / "learners.csv", dtype=str, keep_default_na=False)
    carers = learners["carer"] == "yes"
    learners[~carers | (carers.cumsum() <= CARERS)].to_csv(folder / "learners.csv", index=False)
    report = build_in(make_repository(), toy_study_file, folder, audience="public")
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
