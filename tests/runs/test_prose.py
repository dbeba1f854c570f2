"""A notebook whose prose changed looks as if it had been executed anew."""

from pathlib import Path
from typing import Any

import nbformat

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
