"""Small notebooks for the runner to execute."""

from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat
import pytest

from analysis.runs.task import Task

MakeTask = Callable[..., Task]


@pytest.fixture
def make_task(tmp_path: Path) -> MakeTask:
    """Make a task of code cells; the first holds the parameter `wanted`."""
    folder = tmp_path / "notebooks"
    folder.mkdir()

    def make(name: str, *cells: str, parameters: dict[str, object] | None = None) -> Task:
        write_notebook(folder / f"{name}.ipynb", cells)
        return Task(tmp_path, name, parameters or {}, result=tmp_path / "results" / name)

    return make


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    first = nbformat.v4.new_code_cell("wanted = None", metadata={"tags": ["parameters"]})
    notebook = nbformat.v4.new_notebook(
        cells=[first, *(nbformat.v4.new_code_cell(cell) for cell in cells)],
        metadata={
            "kernelspec": {"name": "placement-gaps", "display_name": "", "language": "python"}
        },
    )
    nbformat.write(notebook, path)
