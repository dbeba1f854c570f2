"""Cells of the previews of tables, in the words of readers."""

from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from analysis.figures.tables import DASH
from analysis.report.documents.labels import Labels

QUOTED: Final = frozenset(
    {
        *("source", "goal_source", "goal_section", "printed_source", "printed_section"),
        *("sentence", "section"),
    }
)
"""Columns that quote the provider's report, or name a source, in the language of these."""
OF_QUOTATIONS: Final = "en"


@dataclass(frozen=True)
class Cell:
    """A cell of a preview.

    Attributes
    ----------
    text
        What it says.
    kind
        Whether that is an amount, a remark or neither.
    language
        Of its text, where that need not be the page's; else empty.
    """

    text: str
    kind: Literal["", "amount", "remark"] = ""
    language: str = ""


def says(column: pd.Series) -> bool:
    """Whether any row of a column says anything."""
    return bool((column.notna() & (column != "")).any())


def is_text(column: pd.Series) -> bool:
    """Whether a column is told in words: texts, and yes or no."""
    numeric = pd.api.types.is_numeric_dtype(column)
    return not numeric or pd.api.types.is_bool_dtype(column)


def text_cells(table: pd.DataFrame, name: str, labels: Labels) -> list[Cell]:
    """The cells of a column of texts; a dash where there is none."""
    told = labels.values(table, name)
    if name not in QUOTED:
        kind: Literal["", "remark"] = "remark" if name == "note" else ""
        return [Cell(text or DASH, kind) for text in told]
    # What has words of the page's own is no quotation.
    return [
        Cell(text or DASH, "remark", OF_QUOTATIONS if text and text == raw else "")
        for text, raw in zip(told, table[name], strict=True)
    ]
