"""A small pack with true keys: two notebooks, two figures, two tables, of a repository with git."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pandas as pd
import pytest

from analysis.figures.place import OUTPUT_KEY, Place
from analysis.figures.save import save_figure, save_table
from analysis.figures.theme import apply_theme
from analysis.ingest import Processed
from analysis.report.contents import Contents
from analysis.report.provenance.archive import write_archive
from analysis.report.provenance.crate import write_crate
from analysis.report.provenance.facts import Facts, gather_facts
from analysis.report.provenance.manifest import write_manifest
from analysis.runs.keys import run_key
from analysis.runs.parameters import check_all
from analysis.studies import load_study
from analysis.vocabulary import LANGUAGES, Audience

Gather = Callable[..., tuple[Contents, Facts]]
REPOSITORY = Path(__file__).parents[3]
STUDY = "openclassrooms"
NOTEBOOKS = {"01_data_quality": "composition", "03_placement_gaps": "gaps-placed-6"}
WHEN = "2024-05-06T07:08:09+00:00"
DATA = pd.DataFrame({"group": ["any", "job_seeker"], "gap": [-0.125, -0.25]})


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of its own, with one commit of a known time."""
    root = tmp_path_factory.mktemp("repository")
    (root / "notebooks").mkdir()
    for name in NOTEBOOKS:
        shutil.copy(REPOSITORY / "notebooks" / f"{name}.ipynb", root / "notebooks")
    shutil.copytree(REPOSITORY / "data" / "raw", root / "data" / "raw")
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(REPOSITORY / name, root / name)
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    for words in (
        ["init", "-q"],
        ["add", "-A"],
        [*who, "commit", "-q", "-m", "All", "--date", WHEN],
    ):
        subprocess.run(
            ["git", *words],
            cwd=root,
            check=True,
            env={"GIT_COMMITTER_DATE": WHEN, "HOME": str(root)},
        )
    return root


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Processed:
    """A processed table, of which only bytes and log count here."""
    folder = tmp_path_factory.mktemp("processed")
    (folder / "rows.parquet").write_bytes(b"rows")
    source = {"file": "learners.csv", "rows": 1234567, "sha256": "5" * 64}
    return Processed(folder, {"sources": [source], "synthetic": True})


@pytest.fixture(scope="session")
def gather(root: Path, data: Processed) -> Gather:
    """Gather what a pack holds and is made of, for an audience."""

    def gather(folder: Path, audience: Audience = Audience.INTERNAL) -> tuple[Contents, Facts]:
        study = load_study(STUDY).as_generated()
        contents = Contents(folder, study, "2022", audience, tuple(NOTEBOOKS))
        parameters = check_all({"study": STUDY}, list(NOTEBOOKS))
        return contents, gather_facts(root, contents, parameters, data)

    return gather


@pytest.fixture(scope="session")
def build(root: Path, data: Processed, gather: Gather) -> Callable[[Path], None]:
    """Build the pack in a folder."""
    parameters = check_all({"study": STUDY}, list(NOTEBOOKS))
    keys = {name: run_key(root, name, given, data) for name, given in parameters.items()}

    def build(folder: Path) -> None:
        for name, figure in NOTEBOOKS.items():
            _fill(folder, figure, Place(folder, name, keys[name]))
        for name in ("index.html", "pages/03_placement_gaps.en.html", "pages/methods.en.html"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(f"<title>{name}</title>\n")
        contents, facts = gather(folder)
        write_crate(contents, facts)
        write_manifest(folder, facts.description())

    return build


@pytest.fixture(scope="session")
def built(build: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack, as it was built; not to be changed."""
    folder = tmp_path_factory.mktemp("built") / STUDY
    folder.mkdir()
    build(folder)
    return folder


@pytest.fixture
def pack(built: Path, tmp_path: Path) -> Path:
    """A copy of the pack, to be changed."""
    return Path(shutil.copytree(built, tmp_path / STUDY))


@pytest.fixture
def archive(built: Path, tmp_path: Path) -> Path:
    """The pack's archive, to be changed."""
    return write_archive(built, tmp_path / f"{STUDY}.zip")


def _fill(folder: Path, figure: str, place: Place) -> None:
    """Write what a notebook would: a figure in both languages, a table, the executed copy."""
    apply_theme()  # which every chart does, and other tests may have done
    for language in LANGUAGES:
        drawn, axes = plt.subplots(figsize=(2, 1))
        axes.plot(DATA["gap"])
        words = [f"{part} of {figure}, {language}" for part in ("title", "caption", "alt")]
        save_figure(drawn, figure, *words, DATA, ["made up"], language=language, place=place)
        plt.close(drawn)
    save_table(DATA, place.notebook[3:].replace("_", "-"), place)
    shown = nbformat.v4.new_output("display_data", metadata={OUTPUT_KEY: {"figure": figure}})
    cell = nbformat.v4.new_code_cell("publish(chart)", id="chart", outputs=[shown])
    path = folder / "notebooks" / f"{place.notebook}.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
