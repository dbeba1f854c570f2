"""What the repository promises of itself: its environment, its notebooks, its texts."""

import functools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
MAIN = "requirements.lock"
LOCKS = {name: (ROOT / name).read_text("utf-8") for name in (MAIN, "spark.lock")}
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PYTHONS = ("3.11.0", "3.11.9", "3.12.0", "3.12.9", "3.13.0", "3.13.9")
REQUIRED = (
    "jupyterlab",
    "papermill",
    "pandas",
    "statsmodels",
    "seaborn",
    "nbconvert",
    "pytest",
    "nbval",
)


def _declared() -> list[Requirement]:
    extras = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    return [Requirement(line) for line in [*PROJECT["dependencies"], *extras]]


@functools.cache
def _locked(lock: str = MAIN) -> list[tuple[Requirement, list[str]]]:
    """Each requirement of a lock file with its hashes; comments are left out."""
    lines = [line for line in LOCKS[lock].splitlines() if not line.lstrip().startswith("#")]
    entries = re.split(r"(?<!\\)\n", "\n".join(lines))
    found = []
    for entry in filter(str.strip, entries):
        requirement, *options = entry.replace("\\\n", " ").split(" --")
        found.append((Requirement(requirement.strip()), [option.strip() for option in options]))
    return found


def _tracked() -> list[Path]:
    """Give the files that git has or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("this copy of the repository has no history")
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def _text(path: Path) -> str | None:
    content = path.read_bytes()
    return None if b"\0" in content else content.decode("utf-8")


def _environment(python: str) -> dict[str, str]:
    return {
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "sys_platform": "linux",
        "os_name": "posix",
        "platform_system": "Linux",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }


def _applies(marker: Marker | None, environment: dict[str, str] | None = None) -> bool:
    return marker is None or marker.evaluate(environment)


@pytest.mark.parametrize("wanted", _declared(), ids=lambda one: one.name)
def test_the_lock_has_one_version_of_each_dependency_in_its_range(wanted: Requirement) -> None:
    name = canonicalize_name(wanted.name)
    lock = "spark.lock" if str(wanted) in PROJECT["optional-dependencies"]["spark"] else MAIN
    pins = [entry for entry, _ in _locked(lock) if canonicalize_name(entry.name) == name]
    for python in PYTHONS:
        here = [entry for entry in pins if _applies(entry.marker, _environment(python))]
        assert len(here) == 1, python
        (pin,) = here[0].specifier
        assert wanted.specifier.contains(pin.version)


def test_the_lock_holds_more_than_is_declared() -> None:
    assert len(_locked()) > len(_declared())


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_one_version_with_its_hashes(lock: str) -> None:
    assert _locked(lock)
    for entry, options in _locked(lock):
        assert [pin.operator for pin in entry.specifier] == ["=="], entry
        assert "*" not in str(entry.specifier)
        assert entry.url is None
        assert options, f"{entry} has no hash"
        for option in options:
            assert re.fullmatch(r"hash=sha256:[0-9a-f]{64}", option), entry


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_and_no_place(lock: str) -> None:
    text = LOCKS[lock]
    assert "://" not in text
    assert not re.search(r"^\s*-", re.sub(r"^\s+--hash=.*$", "", text, flags=re.MULTILINE))
    for option in ("index-url", "find-links", "trusted-host", "file:"):
        assert option not in text


def test_the_locks_have_nothing_in_common_that_could_differ() -> None:
    names = [{canonicalize_name(entry.name) for entry, _ in _locked(lock)} for lock in LOCKS]
    assert not set.intersection(*names)


def test_this_environment_is_the_one_of_the_lock() -> None:
    if sys.prefix == sys.base_prefix and "CONDA_PREFIX" not in os.environ:
        pytest.skip("not in an environment of its own")
    different = {}
    for entry, _ in _locked():
        if _applies(entry.marker):
            (pin,) = entry.specifier
            installed = metadata.version(entry.name)
            if installed != pin.version:
                different[entry.name] = (installed, pin.version)
    assert not different


def test_conda_gets_python_pip_make_and_the_lock() -> None:
    content = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    assert content["name"] == "placement-gaps"
    assert content["channels"] == ["conda-forge"]
    *plain, last = content["dependencies"]
    assert last == {"pip": ["--requirement requirements.lock"]}
    named = {re.split(r"[<>=!~ ]", one)[0]: one for one in plain}
    assert set(named) == {"python", "pip", "make"}
    given = SpecifierSet(named["python"].removeprefix("python"))
    assert given == SpecifierSet(PROJECT["requires-python"])


def test_ci_runs_every_python_that_is_promised() -> None:
    promised = SpecifierSet(PROJECT["requires-python"])
    minors = {".".join(one.split(".")[:2]) for one in PYTHONS}
    assert {minor for minor in minors if promised.contains(f"{minor}.5")} == minors
    assert not promised.contains("3.10.9")
    assert not promised.contains("3.14.0")
    ci = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    assert set(ci["jobs"]["test"]["strategy"]["matrix"]["python"]) == minors


@pytest.mark.parametrize("package", REQUIRED)
def test_what_the_project_must_be_built_with_is_declared_and_used(package: str) -> None:
    assert package in {canonicalize_name(one.name) for one in _declared()}
    command = {"jupyterlab": r"/jupyter lab", "nbval": r"--nbval"}.get(
        package, rf"^\s*(import {package}\b|from {package}[. ])"
    )
    users = [
        path
        for path in _tracked()
        if path != Path(__file__).resolve()
        and (path.suffix == ".py" or path.name == "Makefile")
        and re.search(command, _text(path) or "", re.MULTILINE)
    ]
    assert users


def _cells(path: Path) -> list[Any]:
    cells: list[Any] = nbformat.read(path, as_version=4).cells
    return cells


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestNotebook:
    """A notebook as it is committed."""

    def test_it_is_valid_and_knows_its_kernel(self, path: Path) -> None:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.name == "placement-gaps"
        assert set(notebook.metadata) <= {"kernelspec", "language_info"}

    def test_it_holds_no_outputs(self, path: Path) -> None:
        for cell in _cells(path):
            if cell.cell_type == "code":
                assert cell.outputs == []
                assert cell.execution_count is None
            assert not {"papermill", "execution"} & set(cell.metadata)

    def test_it_has_one_cell_of_parameters(self, path: Path) -> None:
        tagged = [cell for cell in _cells(path) if "parameters" in cell.metadata.get("tags", [])]
        assert [cell.cell_type for cell in tagged] == ["code"]
        code = [cell for cell in _cells(path) if cell.cell_type == "code"]
        assert code[0] == tagged[0]

    def test_it_defines_nothing_that_belongs_into_the_library(self, path: Path) -> None:
        code = "\n".join(cell.source for cell in _cells(path) if cell.cell_type == "code")
        assert not re.search(r"^\s*(async\s+def|def|class)\b|\blambda\b", code, re.MULTILINE)

    def test_it_tells_everything_in_both_languages(self, path: Path) -> None:
        texts = [cell for cell in _cells(path) if cell.cell_type == "markdown"]
        assert texts
        tags = [cell.metadata.get("tags") for cell in texts]
        assert tags == [["en"], ["fr"]] * (len(texts) // 2)
        for english, french in zip(texts[::2], texts[1::2], strict=True):
            heading = re.compile(r"^#+", re.MULTILINE)
            assert heading.findall(english.source) == heading.findall(french.source)
            assert english.source != french.source

    def test_a_pair_of_languages_stands_together(self, path: Path) -> None:
        cells = _cells(path)
        for cell, following in zip(cells, [*cells[1:], None], strict=True):
            if cell.metadata.get("tags") == ["en"]:
                assert following is not None
                assert following.metadata.get("tags") == ["fr"]

    def test_the_hook_takes_its_outputs_and_leaves_its_kernel(
        self, path: Path, tmp_path: Path
    ) -> None:
        config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
        hooks = {hook["id"]: hook for repo in config["repos"] for hook in repo["hooks"]}
        assert re.match(hooks["nbstripout"]["files"], f"notebooks/{path.name}")
        program, *options = shlex.split(hooks["nbstripout"]["entry"])
        assert Path(program).name == "nbstripout"
        copy = tmp_path / path.name
        shutil.copy(path, copy)
        clean = copy.read_text("utf-8")
        _execute(copy)
        assert copy.read_text("utf-8") != clean
        command = [sys.executable, "-m", "nbstripout", *options, str(copy)]
        subprocess.run(command, check=True, capture_output=True)
        assert json.loads(copy.read_text("utf-8")) == json.loads(clean)


def _execute(path: Path) -> None:
    """Leave in a notebook what an execution leaves."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["papermill"] = {"duration": 1.5, "end_time": "2022-01-01"}
    for cell in notebook.cells:
        cell.metadata["papermill"] = {"status": "completed"}
        if cell.cell_type == "code":
            cell.execution_count = 1
            cell.metadata["execution"] = {"iopub.status.busy": "2022-01-01"}
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="1\n")]
    nbformat.write(notebook, path)


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


def test_no_text_names_this_machine() -> None:
    # The folder of the repository, and of whoever it is checked out by.
    places = [str(ROOT), *(str(one) for one in (ROOT.parent, Path.home()) if one != one.parent)]
    pattern = re.compile("|".join(rf"(?<![\w./]){re.escape(place)}/" for place in places))
    for path in _tracked():
        text = _text(path)
        assert text is None or not pattern.search(text), path


def test_no_text_names_an_index_of_packages() -> None:
    pattern = re.compile(r"https?://[^\s\"'<>)]*(?:/simple\b|/pypi\b|pythonhosted|artifactory)")
    for path in _tracked():
        text = _text(path)
        assert text is None or not pattern.search(text), path


def test_data_and_results_stay_out_of_the_repository() -> None:
    for folder in ("data/processed", "outputs"):
        inside = [path.name for path in _tracked() if path.is_relative_to(ROOT / folder)]
        assert inside == [".gitkeep"]
    sizes = {path: path.stat().st_size for path in _tracked()}
    assert max(sizes.values()) < 1_000_000, max(sizes, key=lambda path: sizes[path])


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_explains_every_target() -> None:
    command = ["make", "--no-print-directory", "--directory", str(ROOT)]
    helped = subprocess.run([*command, "help"], capture_output=True, text=True, check=True).stdout
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split()
    explained = dict(re.findall(r"^  make (\S+) +(\S.*)$", helped, re.MULTILINE))
    assert set(targets) <= set(explained)
    without = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert without == helped


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("target", ["setup", "lab", "data", "report", "why", "test", "test-full"])
def test_make_knows_how_to_reach_every_target(target: str, tmp_path: Path) -> None:
    """A dry run in an empty copy names a command for each; nothing is executed."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("pyproject.toml", *LOCKS):
        (tmp_path / name).touch()
    command = ["make", "--dry-run", "--directory", str(tmp_path), target, "EXTRACT=a b"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "--require-hashes --requirement requirements.lock" in done.stdout
    assert ("--extract 'a b'" in done.stdout) == (target in {"data", "report"})
