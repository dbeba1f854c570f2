"""Which files a notebook's code rests on."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import analysis
from analysis.files import project_root
from analysis.runs.parameters import MODELS
from analysis.sources import Sources, imported

PACKAGE = Path(analysis.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))


def parsed(text: str) -> Iterator[str]:
    """Names imported from the package, by the grammar of Python."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("analysis"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("analysis"):
            assert node.level == 0
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_import_of_a_module_is_missed(path: Path) -> None:
    text = path.read_text("utf-8")
    assert set(parsed(text)) <= set(imported(text))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package in which modules import each other, in a ring too."""
    texts = {
        "__init__.py": "",
        "errors.py": "",
        "cli.py": "import analysis.figures.bars",
        "studies/__init__.py": "",
        "studies/load.py": "",
        "studies/own.yml": "",
        "figures/__init__.py": "",
        "figures/bars.py": "from analysis.figures.theme import (\n    SIZE,\n    draw,\n)",
        "figures/theme.py": "def draw():\n    from analysis import errors, studies as s",
        "figures/lines.py": "import analysis.figures.ring as ring",
        "figures/ring.py": "from analysis.figures import lines",
        "figures/words.yml": "",
        "figures/messages/more.yml": "",
        "figures/style.css": "",
    }
    for name, text in texts.items():
        path = tmp_path / "analysis" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "analysis"


def test_modules_of_modules_count_with_their_packages_and_data(package: Path) -> None:
    files = Sources(package).files(["from analysis.figures import bars\nbars.draw()"])
    assert list(files) == [
        "__init__.py",
        "errors.py",
        "figures/__init__.py",
        "figures/bars.py",
        "figures/messages/more.yml",
        "figures/theme.py",
        "figures/words.yml",
        "studies/__init__.py",
    ]
    assert all(path == package / name for name, path in files.items())


def test_comments_within_a_list_hide_no_name() -> None:
    text = "from analysis.figures import (\n    bars,  # (old)\n    theme,\n)"
    assert set(imported(text)) == {f"analysis.figures{end}" for end in ("", ".bars", ".theme")}


@pytest.mark.parametrize(
    "text",
    [
        "import os, analysis.figures.bars as bars",
        "x = 1; import analysis.figures.bars",
        "x = 1; from analysis.figures import bars; bars.draw()",
        "from analysis.figures \\\n    import bars",
        "from analysis.figures import \\\n    bars",
        "import \\\n    analysis.figures.bars",
    ],
)
def test_no_way_to_write_an_import_hides_it(text: str) -> None:
    assert set(parsed(text)) <= set(imported(text))
    assert "analysis.figures.bars" in set(imported(text))


def test_a_ring_of_imports_ends(package: Path) -> None:
    files = Sources(package).files(["import analysis.figures.lines"])
    assert {"figures/lines.py", "figures/ring.py"} <= set(files)
    assert "figures/bars.py" not in files


def test_code_without_the_package_rests_on_nothing_of_it(package: Path) -> None:
    assert Sources(package).files(["import pandas", "from analysis_of_others import x"]) == {}


@pytest.mark.parametrize("notebook", MODELS)
def test_a_notebook_rests_on_its_own_figures_and_on_no_page(notebook: str) -> None:
    book = json.loads((project_root(PACKAGE) / "notebooks" / f"{notebook}.ipynb").read_text())
    code = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    files = Sources(PACKAGE).files(code)
    assert {"runs/session.py", "figures/save.py", "figures/messages.yml"} <= set(files)
    assert not [name for name in files if name.startswith(("report/", "cli"))]
    assert ("figures/tornado.py" in files) == (notebook == "08_triple_bottom_line")
