"""Quotations in tables of another language than their own, marked for screen readers."""

import re
from html import escape
from typing import Final

import pandas as pd

from analysis.vocabulary import LANGUAGES

QUOTED_IN: Final = LANGUAGES[0]
"""The language of the reports that are quoted."""
FEWEST_WORDS: Final = 4
"""A text of fewer words that is alike in all languages is a name rather than a quotation."""
CELL: Final = re.compile("<td>(.*?)</td>", re.DOTALL)
QUOTATION: Final = re.compile("“([^”]+)”")


def mark_quotations(html: str, table: pd.DataFrame, original: pd.DataFrame) -> str:
    """Mark what cells quote as being in the language of quotations.

    Parameters
    ----------
    html
        The table as HTML, a plain `<td>` for each cell.
    table
        Its cells as texts.
    original
        The same table in the language of quotations. What it has in quotation marks is quoted, and
        so is a whole cell that is alike in both but for marks.
    """
    if table.shape != original.shape:
        return html
    pairs = zip(table.to_numpy().flat, original.to_numpy().flat, strict=True)
    return CELL.sub(lambda cell: _marked(cell[1], *map(str, next(pairs))), html)


def _marked(shown: str, text: str, original: str) -> str:
    """A cell whose HTML is `shown`, with what is quoted in it marked."""
    words = re.findall(r"\w+", text)
    if words == re.findall(r"\w+", original) and _is_sentence(text):
        return f'<td lang="{QUOTED_IN}">{shown}</td>'
    for quoted in dict.fromkeys(QUOTATION.findall(original)):
        own = escape(quoted, quote=False)
        shown = shown.replace(own, f'<span lang="{QUOTED_IN}">{own}</span>')
    return f"<td>{shown}</td>"


def _is_sentence(text: str) -> bool:
    return sum(any(map(str.isalpha, word)) for word in text.split()) >= FEWEST_WORDS
