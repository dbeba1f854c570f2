"""The generated cohort: an extract of persons who don't exist, calibrated to published figures.

`generate` holds what makes one; it is imported when one is asked for, since it needs more than the
reading of an extract does.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ibis import ir

YEAR: Final = 2022
"""Of the published figures that it is calibrated to."""

PREFIX: Final = "SYNTHETIC-"
"""How the name of every generated person begins: what the extract is stays with each row."""

MARK_COLUMN: Final = "origin"
MARK: Final = "SYNTHETIC"
"""What each row of a generated table says of itself in this column where it is of no person."""


def is_generated(tables: "Mapping[str, ir.Table]") -> bool:
    """Whether any person of an extract was generated, or any row that is of no person."""
    marks = [tables["learners"].person.startswith(PREFIX)]
    marks += [
        table[MARK_COLUMN] == MARK for table in tables.values() if MARK_COLUMN in table.columns
    ]
    return any(mark.any().fill_null(False).to_pyarrow().as_py() for mark in marks)
