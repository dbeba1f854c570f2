"""The generated cohort: an extract of persons who don't exist, calibrated to published figures.

`generate` holds what makes one; it is imported when one is asked for, since it needs more than the
reading of an extract does.
"""

from typing import Final

from ibis import ir

PREFIX: Final = "SYNTHETIC-"
"""How the name of every generated person begins: what the extract is stays with each row."""


def is_generated(learners: ir.Table) -> bool:
    """Whether any person of an extract was generated."""
    found = learners.person.startswith(PREFIX).any().fill_null(False)
    return bool(found.to_pyarrow().as_py())
