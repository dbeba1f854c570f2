"""Outputs of an executed notebook with the prose of its source as it reads now."""

from pathlib import Path
from typing import Any

import nbformat

from analysis.runs.task import INJECTED, PARAMETERS


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
    outputs.cells = _cells(outputs, prose)
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(outputs, target)


def _cells(executed: Any, source: Any) -> list[Any]:  # noqa: ANN401 (nbformat's own)
    """Cells of the source, those of code with their outputs, parameters where they were put.

    That is after the first cell tagged so, or at the top without one.
    """
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    given = [cell for cell in code if INJECTED in cell.metadata.get("tags", [])]
    done = iter([cell for cell in code if INJECTED not in cell.metadata.get("tags", [])])
    place = 0
    for number, cell in enumerate(source.cells, start=1):
        tags = cell.metadata.setdefault("tags", [])
        if PARAMETERS in tags:
            place = place or number
        if cell.cell_type == "code":
            own = next(done)
            cell.outputs, cell.execution_count = own.outputs, own.execution_count
    return [*source.cells[:place], *given, *source.cells[place:]]
