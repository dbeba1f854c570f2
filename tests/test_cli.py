"""The command line: quick to help, and clear and quick to refuse."""

import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from analysis import cli
from analysis.runs.parameters import MODELS, PlacementGaps
from analysis.studies import available_studies

Run = Callable[..., tuple[int, str, str]]

LIGHT = [
    "pandas",
    "numpy",
    "ibis",
    "duckdb",
    "pydantic",
    "pyarrow",
    "scipy",
    "yaml",
    "jupyter_core",
]
HEAVY = [
    "statsmodels",
    "matplotlib",
    "seaborn",
    "papermill",
    "nbconvert",
    "duckdb",
    "ibis",
    "scipy",
]
# Runs commands one after another and tells their codes and what they made Python load.
PROBE = """
import contextlib, io, json, sys
from analysis.cli import main

codes, wanted = [], json.loads(sys.argv[1])
for words in wanted["commands"]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            codes.append(main(words))
        except SystemExit as end:
            codes.append(end.code)
print(json.dumps({"codes": codes, "loaded": [m for m in wanted["modules"] if m in sys.modules]}))
"""


def _probe(folder: Path, commands: list[list[str]], modules: list[str]) -> dict[str, object]:
    given = json.dumps({"commands": commands, "modules": modules})
    done = subprocess.run(
        [sys.executable, "-c", PROBE, given], capture_output=True, text=True, check=True, cwd=folder
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.fixture
def root(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a repository of its own, which is the working directory."""
    folder = tmp_path / "repository"
    shutil.copytree(
        repository / "notebooks",
        folder / "notebooks",
        ignore=shutil.ignore_patterns(".ipynb_checkpoints"),
    )
    shutil.copy(repository / "pyproject.toml", folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(root: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give the function that runs a command: its exit code, what it printed, its errors."""

    def call(*words: object) -> tuple[int, str, str]:
        try:
            code = cli.main([str(word) for word in words])
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


@pytest.mark.parametrize("words", [["--help"], ["report", "--help"], ["--version"]])
def test_help_loads_no_library(tmp_path: Path, words: list[str]) -> None:
    assert _probe(tmp_path, [words], LIGHT) == {"codes": [0], "loaded": []}


def test_help_names_every_command(run: Run) -> None:
    code, printed, errors = run("--help")
    assert (code, errors) == (0, "")
    commands = ("data", "generate", "check", "contract", "report", "audit", "studies", "parameters")
    for command in commands:
        assert command in printed
        assert run(command, "--help")[0] == 0


def test_the_version_is_that_of_the_package(run: Run, repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["project"]
    assert run("--version")[1].strip() == project["version"]
    (script,) = metadata.entry_points(group="console_scripts", name="placement-gaps")
    assert script.load() is cli.main


@pytest.mark.parametrize("words", [[], ["publish"], ["report", "--colour"], ["generate"]])
def test_what_is_no_command_is_refused(run: Run, words: list[str]) -> None:
    code, printed, errors = run(*words)
    assert (code, printed) == (2, "")
    assert "usage: placement-gaps" in errors


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["report", "--study", "nope"], ["'nope'", *available_studies()]),
        (["report", "--study", "nope.yml"], ["'nope.yml'", *available_studies()]),
        (["data", "--study", "nope", "--extract", "."], ["'nope'", *available_studies()]),
        (["report", "--study", "oulad", "--cohort", "1999"], ["cohort", "'1999'", "2013, 2014"]),
        (["report", "--notebook", "99_nope"], ["'99_nope'", *MODELS]),
        (["parameters", "99_nope"], ["'99_nope'", *MODELS]),
        (["report", "--params", "nowhere.yml"], ["nowhere.yml", "can't be read"]),
        (["data", "--extract", "nowhere"], ["nowhere is not a folder"]),
        (["report", "--extract", "nowhere"], ["nowhere is not a folder"]),
        (["report", "--study", "oulad"], ["no processed table of study oulad", "make data"]),
        (["data", "--study", "oulad"], ["Give the extract of study oulad", "Download"]),
    ],
)
def test_a_wrong_argument_is_refused_with_the_right_ones(
    run: Run, root: Path, words: list[str], wanted: list[str]
) -> None:
    code, printed, errors = run(*words)
    assert (code, printed) == (2, "")
    assert errors.startswith("placement-gaps: ")
    assert "Traceback" not in errors
    for word in wanted:
        assert word in errors
    assert not (root / "outputs").exists()


@pytest.mark.parametrize(
    "words", [("--jobs", "0"), ("--jobs", "-1"), ("--time-limit", "0"), ("--time-limit", "nan")]
)
def test_a_number_out_of_range_is_refused(run: Run, words: tuple[str, str]) -> None:
    """Not obeyed, nor read as "the default", nor left to crash when the data are processed."""
    code, printed, errors = run("report", *words)
    assert (code, printed) == (2, "")
    assert words[0].strip("-") in errors


# Content of a parameter file, and words that the refusal must have.
WRONG_PARAMETERS = {
    "confidense: 0.9": ["'confidense'", "Did you mean 'confidence'?"],
    "colour: red": ["'colour'", *PlacementGaps.model_fields],
    "confidence: high": ["confidence", "'high'", "number"],
    "confidence: 95": ["confidence", "less than 1", "'95'"],
    "confidence: 0.5": ["confidence", "greater than 0.5"],
    "confidence: .nan": ["confidence"],
    "confidence: [0.9]": ["confidence", "number"],
    "language: de": ["language", "'en'", "'fr'"],
    "errors: hc9": ["errors", "'hc3'"],
    "contrasts: []": ["contrasts"],
    "contrasts: [any, every]": ["contrasts", "'every'", "'marginal'"],
    "contrasts: any": ["contrasts", "'any'"],
    "outcomes: [placed]": ["outcomes", "'placed'", "completed"],
    "adjusters: [gendre]": ["adjusters", "'gendre'", "Did you mean 'gender'?"],
    "mediators: [funding]": ["mediators", "'funding'", "none"],
    "adjusters: [gender, gender]": ["adjusters", "gender"],
    "outcomes: [completed, completed]": ["outcomes", "completed"],
    "cohort: 2012": ["cohort", "'2012'", "2013, 2014"],
    "study: nope": ["'nope'", "oulad"],
    "- confidence": ["must map names to values"],
    "confidence: [": ["not readable as YAML"],
}


@pytest.mark.parametrize("text", WRONG_PARAMETERS)
def test_a_wrong_parameter_is_refused_with_the_right_ones(run: Run, root: Path, text: str) -> None:
    (root / "wrong.yml").write_text(f"{text}\n")
    study = [] if text.startswith("study") else ["--study", "oulad"]
    code, printed, errors = run("report", "--params", "wrong.yml", *study)
    assert (code, printed) == (2, "")
    assert "Traceback" not in errors
    for word in WRONG_PARAMETERS[text]:
        assert word in errors


def test_every_wrong_parameter_is_told(run: Run, root: Path) -> None:
    (root / "wrong.yml").write_text("confidence: 2\nlanguage: de\ncolour: red\n")
    _, _, errors = run("report", "--params", "wrong.yml")
    for word in ("confidence", "language", "'colour'"):
        assert word in errors
    for field in PlacementGaps.model_fields:
        assert f"  {field} = " in errors


def test_what_is_wrong_is_refused_before_libraries_are_loaded(root: Path) -> None:
    commands = [["report", "--study", "nope"], ["report", "--cohort", "1999"]]
    commands += [["report", "--notebook", "99_nope"]]
    for number, text in enumerate(WRONG_PARAMETERS):
        (root / f"wrong-{number}.yml").write_text(f"{text}\n")
        study = [] if text.startswith("study") else ["--study", "oulad"]
        commands.append(["report", "--params", f"wrong-{number}.yml", *study])
    assert _probe(root, commands, HEAVY) == {"codes": [2] * len(commands), "loaded": []}


def test_an_unknown_study_is_refused_before_libraries_are_loaded(root: Path) -> None:
    command = ["data", "--study", "nope", "--extract", "."]
    assert _probe(root, [command], HEAVY) == {"codes": [2], "loaded": []}


def test_an_argument_wins_over_the_parameter_file(run: Run, root: Path) -> None:
    (root / "some.yml").write_text("cohort: 2013\nstudy: nope\n")
    code, _, errors = run("report", "--params", "some.yml", "--study", "oulad", "--cohort", "1999")
    assert code == 2
    assert "'1999'" in errors


def test_a_command_outside_of_the_repository_is_refused(
    run: Run,
    tmp_path: Path,
    toy_study_file: Path,
    toy_extract: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in ("data", "report"):
        code, _, errors = run(command, "--study", toy_study_file, "--extract", toy_extract)
        assert code == 2
        assert "not inside the placement-gaps repository" in errors


def test_the_studies_are_listed(run: Run) -> None:
    code, printed, _ = run("studies")
    assert code == 0
    assert [line.split(":")[0] for line in printed.splitlines()] == available_studies()
    assert "oulad: Open University (OULAD), module registrations" in printed


@pytest.mark.parametrize("words", [[], *([name] for name in MODELS)])
def test_the_parameters_of_a_notebook_are_listed(run: Run, words: list[str]) -> None:
    code, printed, _ = run("parameters", *words)
    assert code == 0
    fields = MODELS[words[0] if words else "03_placement_gaps"].model_fields
    assert [line.split(" = ")[0].strip() for line in printed.splitlines()] == list(fields)


@pytest.mark.parametrize("below", [".", "notebooks"])
def test_an_extract_is_processed_into_the_repository(
    run: Run,
    root: Path,
    toy_study_file: Path,
    toy_extract: Path,
    monkeypatch: pytest.MonkeyPatch,
    below: str,
) -> None:
    monkeypatch.chdir(root / below)
    code, printed, errors = run("data", "--study", toy_study_file, "--extract", toy_extract)
    assert (code, errors) == (0, "")
    assert "read 600 rows of learners.csv" in printed
    assert "'Female' means 'F'" in printed
    assert printed.endswith("wrote 600 rows, all SYNTHETIC\n")
    assert pq.read_table(root / "data/processed/bootcamp/rows.parquet").num_rows == 600


def test_a_study_file_of_the_repository_is_found_from_below(
    run: Run, root: Path, toy_study_file: Path, toy_extract: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(toy_study_file, root / "mine.yml")
    monkeypatch.chdir(root / "notebooks")
    for name in ("mine.yml", "../mine.yml"):
        assert run("data", "--study", name, "--extract", toy_extract)[0] == 0


def test_a_faulty_extract_is_refused_with_the_place_of_the_list(
    run: Run, root: Path, tmp_path: Path, toy_study_file: Path, toy_extract: Path
) -> None:
    folder = Path(shutil.copytree(toy_extract, tmp_path / "faulty"))
    path = folder / "learners.csv"
    path.write_text(path.read_text("utf-8").replace("graduated", "gone"), "utf-8")
    code, printed, errors = run("data", "--study", toy_study_file, "--extract", folder)
    assert (code, printed) == (2, "")
    assert "column result: must be one of: graduated, left" in errors
    assert str(root / "data" / "processed" / "bootcamp.faults.csv") in errors
    assert (root / "data" / "processed" / "bootcamp.faults.csv").is_file()


def test_an_interrupted_command_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setitem(cli.COMMANDS, "studies", interrupt)
    code, printed, errors = run("studies")
    assert (code, printed) == (130, "")
    assert errors == "placement-gaps: interrupted\n"


def test_a_full_disk_or_a_folder_that_may_not_be_written_is_told_without_a_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> int:
        raise OSError(28, "No space left on device", "outputs/openclassrooms")

    monkeypatch.setitem(cli.COMMANDS, "studies", refuse)
    code, printed, errors = run("studies")
    assert (code, printed) == (1, "")
    assert errors == "placement-gaps: outputs/openclassrooms: No space left on device\n"
