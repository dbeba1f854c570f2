"""Outputs of an executed notebook with the prose of its source as it reads now."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

from analysis.runs.task import PARAMETERS


def dress(executed: Path, source: Path, target: Path) -> None:
    """Write an executed notebook with the prose of its source, as executing it anew would.

    Parameters
    ----------
    executed
        The executed copy.
    source
        The notebook as committed, with the same code cells.
    target
        Where to write.
    """
    outputs, prose = (nbformat.read(path, as_version=4) for path in (executed, source))
    outputs.cells = list(_cells(outputs, prose))
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(outputs, target)


def _cells(executed: Any, source: Any) -> Iterator[Any]:  # noqa: ANN401 (nbformat's own)
    """Cells of the source, those of code with their outputs, parameters where they were put."""
    code = (cell for cell in executed.cells if cell.cell_type == "code")
    for cell in source.cells:
        tags = cell.metadata.setdefault("tags", [])
        if cell.cell_type == "code":
            done = next(code)
            cell.outputs, cell.execution_count = done.outputs, done.execution_count
        yield cell
        if PARAMETERS in tags:
            yield next(code)
