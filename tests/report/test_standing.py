"""A report that stands is left alone; of one that doesn't, only what changed is made again."""

import fcntl
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from analysis.errors import InputError
from analysis.files import tree_hashes
from analysis.report import documents, standing
from analysis.report.build import Report, explain_report, renew_pack
from analysis.report.pack import packs_beside
from analysis.runs import keys
from analysis.runs.parameters import MODELS, check_all, check_values
from analysis.runs.renew import renew
from analysis.runs.store import PUBLISHING, store_of

QUALITY, JOURNEY = "01_data_quality", "02_student_journey"
NOTEBOOKS = (QUALITY, JOURNEY)


@pytest.fixture(scope="module")
def report(
    build_in: Any, make_repository: Any, toy_study_file: Path, toy_extract: Path
) -> Iterator[Report]:
    """A finished report of two notebooks, without what only a browser makes: it is quicker."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (documents, standing):
            patch.setattr(module, "find_browser", lambda: None)
        built = build_in(make_repository(), toy_study_file, toy_extract, NOTEBOOKS)
        assert built.complete, built.ended
        yield built


@pytest.fixture
def root(report: Report) -> Iterator[Path]:
    """Its repository, put back as it was after the test."""
    root = report.folder.parents[1]
    kept = root.parent / f"{root.name}-kept"
    shutil.copytree(root, kept, symlinks=True)
    yield root
    shutil.rmtree(root)
    kept.rename(root)


@pytest.fixture
def again(build_in: Any, root: Path, toy_study_file: Path) -> Any:
    """Make the report again, with parameters; how each notebook ended comes back too."""

    def make(**parameters: object) -> tuple[Report, list[str]]:
        built = build_in(root, toy_study_file, None, NOTEBOOKS, **parameters)
        return built, [one.status for one in built.ended]

    return make


def _edit(root: Path, notebook: str, kind: str, text: str) -> None:
    path = root / "notebooks" / f"{notebook}.ipynb"
    book = nbformat.read(path, as_version=4)
    cell = [cell for cell in book.cells if cell.cell_type == kind][-1]
    cell.source += text
    nbformat.write(book, path)


def test_a_report_that_stands_is_left_alone(report: Report, root: Path, again: Any) -> None:
    before = report.folder.readlink()
    records = sorted((root / "outputs" / "runs").iterdir())
    unchanged, ended = again()
    assert unchanged.record is None
    assert ended == ["kept", "kept"]
    assert list(unchanged.remarks) == list(report.remarks)
    assert report.folder.readlink() == before
    assert sorted((root / "outputs" / "runs").iterdir()) == records


def test_times_of_files_change_nothing(root: Path, again: Any) -> None:
    for path in (root / "outputs").rglob("*"):
        if path.is_file():
            path.touch()
    assert again()[0].record is None


@pytest.mark.parametrize("name", ["index.html", "figures", "../{}.zip", "../{}.zip.sha256"])
def test_a_damaged_pack_is_made_again_without_running_a_notebook(
    report: Report, again: Any, name: str
) -> None:
    before = tree_hashes(report.folder), report.archive.read_bytes()
    path = report.folder.parent / report.folder.readlink() / "x"
    path = path.parent / name.format(report.folder.name)
    if name.startswith(".."):
        path = report.folder.parent / path.name
    if path.is_dir():
        path = next(path.glob("*.svg"))
    path.write_text("damaged")
    renewed, ended = again()
    assert ended == ["kept", "kept"]
    assert renewed.record is not None
    assert (tree_hashes(report.folder), report.archive.read_bytes()) == before


def test_a_changed_file_of_the_pack_beside_a_damaged_result(
    report: Report, root: Path, again: Any
) -> None:
    before = tree_hashes(report.folder)
    store = store_of(root)
    key = store.reference(report.folder.name).standing[JOURNEY]
    next((store.results / key / "figures").glob("*.png")).write_bytes(b"")
    (report.folder / "index.html").unlink()
    assert again()[1] == ["kept", "done"]
    assert tree_hashes(report.folder) == before


def test_prose_is_renewed_without_running_and_as_if_it_had_been_run(
    report: Report, root: Path, again: Any
) -> None:
    _edit(root, QUALITY, "markdown", "\n\nPlanted words.")
    dressed, ended = again()
    assert ended == ["kept", "kept"]
    pages = [path.name for path in (report.folder / "pages").iterdir() if _planted(path)]
    assert pages == [f"{QUALITY}.fr.html"]
    before = tree_hashes(dressed.folder)
    shutil.rmtree(root / "outputs")
    assert again()[1] == ["done", "done"]
    assert tree_hashes(report.folder) == before


def _planted(path: Path) -> bool:
    return path.is_file() and "Planted words" in path.read_text("utf-8")


def test_a_change_that_is_undone_while_a_pack_is_made_does_not_stay_in_it(
    report: Report, root: Path, again: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _edit(root, JOURNEY, "markdown", " More.")
    book = root / "notebooks" / f"{QUALITY}.ipynb"
    text = book.read_text("utf-8")

    def meanwhile(*given: Any) -> Any:
        _edit(root, QUALITY, "markdown", "\n\nPlanted words.")
        return renew(*given)

    with monkeypatch.context() as patch:
        patch.setattr("analysis.report.build.renew", meanwhile)
        again()
    book.write_text(text, "utf-8")
    again()
    assert not [path for path in (report.folder / "pages").iterdir() if _planted(path)]
    assert again()[0].record is None


def test_a_report_does_not_replace_a_sweep_of_its_name(
    report: Report, root: Path, again: Any, toy_study_file: Path
) -> None:
    (report.folder / "manifest.json").write_text('{"swept": []}')
    with pytest.raises(InputError, match="is the pack of a sweep"):
        again()
    with pytest.raises(InputError, match="is the pack of a sweep"):
        renew_pack(root, check_values({"study": str(toy_study_file)}))


def test_packs_are_published_one_after_the_other(
    root: Path, again: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else two public ones, made at once, would each be checked without the other."""
    held: list[bool] = []

    def check(*given: Any) -> Any:
        with (store_of(root).folder / PUBLISHING).open("w") as other:
            with pytest.raises(BlockingIOError):
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held.append(True)
        return packs_beside(*given)

    monkeypatch.setattr("analysis.report.pack.packs_beside", check)
    _edit(root, JOURNEY, "markdown", " More.")
    again()
    assert held == [True]


def test_changed_code_runs_its_notebook_and_no_other(root: Path, again: Any) -> None:
    _edit(root, JOURNEY, "code", "\nlog = 1")
    assert again()[1] == ["kept", "done"]
    assert again()[0].record is None


def test_a_tag_that_tells_how_to_execute_is_code(root: Path, explained: Any) -> None:
    path = root / "notebooks" / f"{QUALITY}.ipynb"
    book = nbformat.read(path, as_version=4)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    code[-1].metadata["tags"] = ["only-for-the-page"]
    nbformat.write(book, path)
    assert explained()[QUALITY] == []
    code[-1].metadata["tags"] = ["skip-execution"]
    nbformat.write(book, path)
    assert explained()[QUALITY] == ["the tags of its code cells changed"]


def test_a_failure_keeps_what_others_gave(report: Report, root: Path, again: Any) -> None:
    before = tree_hashes(report.folder)
    _edit(root, JOURNEY, "code", "\nraise ValueError")
    _edit(root, QUALITY, "code", "\nlog = 1")
    failed, ended = again()
    assert ended == ["done", "failed"]
    assert tree_hashes(report.folder) == before
    assert not failed.complete
    book = root / "notebooks" / f"{JOURNEY}.ipynb"
    book.write_text(book.read_text("utf-8").replace("raise ValueError", "pass"))
    assert again()[1] == ["kept", "done"]


def test_results_of_the_standing_report_alone_are_kept(root: Path, again: Any) -> None:
    store = store_of(root)
    assert again(confidence=0.9)[1] == ["done", "done"]
    assert len(list(store.results.iterdir())) == len(NOTEBOOKS)
    assert again(confidence=0.9)[0].record is None


@pytest.fixture
def explained(root: Path, toy_study_file: Path) -> Any:
    """Tell why each notebook would be run again, and the pages made again."""

    def explain(**parameters: object) -> dict[str, list[str]]:
        asked = check_all({"study": str(toy_study_file), **parameters}, NOTEBOOKS)
        return dict(explain_report(root, asked))

    return explain


def test_why_names_what_changed(root: Path, explained: Any) -> None:
    assert explained() == {QUALITY: [], JOURNEY: [], "pages": []}
    _edit(root, QUALITY, "code", "\n1 + 1")
    _edit(root, JOURNEY, "markdown", " More.")
    (root / "requirements.lock").write_text("other")
    (root / "docs" / "methods.md").unlink()
    told = explained(confidence=0.9)
    assert told[QUALITY] == [
        "code cell 6 changed",
        "the lock file changed",
        "parameter confidence: 0.9 instead of 0.95",
    ]
    assert told[JOURNEY] == told[QUALITY][1:]
    assert f"prose of {JOURNEY} changed" in told["pages"]
    assert "docs methods.md is gone" in told["pages"]


def test_why_tells_of_damage_and_of_what_was_never_run(
    report: Report, root: Path, explained: Any
) -> None:
    (report.folder / "index.html").write_text("")
    key = store_of(root).reference(report.folder.name).standing[QUALITY]
    next((store_of(root).results / key / "tables").glob("*.csv")).unlink()
    told = explained()
    assert told[QUALITY] == ["its results are damaged or gone"]
    assert told["pages"] == ["files of the pack were changed, added or lost"]
    shutil.rmtree(root / "outputs")
    told = explained()
    assert told[QUALITY] == ["not run yet"]
    assert told["pages"] == ["not made yet"]


@pytest.mark.parametrize(
    ("module", "alone"), [("tornado", {"08_triple_bottom_line"}), ("save", set(MODELS))]
)
def test_a_figure_module_concerns_the_notebooks_that_import_it(
    tmp_path: Path, report: Report, monkeypatch: pytest.MonkeyPatch, module: str, alone: set[str]
) -> None:
    package = tmp_path / "analysis"
    shutil.copytree(Path(keys.__file__).parents[1], package)
    monkeypatch.setattr(keys, "__file__", str(package / "runs" / "keys.py"))
    root = report.folder.parents[1]
    asked = check_all(
        {"study": json.loads(_manifest(report))["parameters"][QUALITY]["study"]}, list(MODELS)
    )

    def made() -> dict[str, object]:
        now = keys.Snapshot(root)
        return {name: now.made_of(name, given, report.data) for name, given in asked.items()}

    before = made()
    path = package / "figures" / f"{module}.py"
    path.write_text(path.read_text("utf-8") + "\n# changed")
    now = made()
    assert {name for name in MODELS if now[name] != before[name]} == alone


def _manifest(report: Report) -> str:
    return (report.folder / "manifest.json").read_text("utf-8")
