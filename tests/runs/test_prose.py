"""A notebook whose prose changed looks as if it had been executed anew."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from papermill.parameterize import parameterize_notebook

from analysis.runs.prose import dress
from analysis.runs.runner import run_notebooks


def test_new_prose_about_old_outputs_is_what_executing_again_gives(
    make_task: Any, tmp_path: Path
) -> None:
    task = make_task("told", "print(wanted)", "1 + 1", parameters={"wanted": 7})
    (ended,) = run_notebooks([task], jobs=1, time_limit=600, quiet=True)
    assert ended.status == "done"
    source = nbformat.read(task.source, as_version=4)
    source.cells.insert(0, nbformat.v4.new_markdown_cell("A title", id="title"))
    words = nbformat.v4.new_markdown_cell("Words", id="words", metadata={"tags": ["en"]})
    source.cells.insert(3, words)
    source.cells[-1].metadata["tags"] = ["hide"]
    nbformat.write(source, task.source)
    dressed = tmp_path / "dressed" / "told.ipynb"
    dress(task.executed, task.source, dressed)
    run_notebooks([task], jobs=1, time_limit=600, quiet=True)
    assert dressed.read_bytes() == task.executed.read_bytes()
    kinds = [cell.cell_type for cell in nbformat.read(dressed, as_version=4).cells]
    assert kinds == ["markdown", "code", "code", "code", "markdown", "code"]


@pytest.mark.parametrize("tagged", [[], [0], [1], [0, 2]])
@pytest.mark.parametrize("parameters", [{}, {"wanted": 7}])
@pytest.mark.filterwarnings("ignore")
def test_each_output_stays_below_its_code_wherever_parameters_are_put(
    tmp_path: Path, tagged: list[int], parameters: dict[str, int]
) -> None:
    source = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(str(number)) for number in range(3)],
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
    )
    for number in tagged:
        source.cells[number].metadata["tags"] = ["parameters"]
    nbformat.write(source, tmp_path / "source.ipynb")
    source.metadata["papermill"] = {}
    for cell in source.cells:
        cell.metadata.setdefault("tags", [])
    book = parameterize_notebook(source, parameters) if parameters else source
    for cell in book.cells:
        cell.outputs = [nbformat.v4.new_output("stream", text=f"of {cell.source}")]
    nbformat.write(book, tmp_path / "executed.ipynb")
    dress(*(tmp_path / f"{name}.ipynb" for name in ("executed", "source", "dressed")))
    dressed = nbformat.read(tmp_path / "dressed.ipynb", as_version=4)
    executed = nbformat.read(tmp_path / "executed.ipynb", as_version=4)
    assert dressed.cells == executed.cells
