"""Quotations in tables of another language than their own, marked for screen readers."""

import re
from collections.abc import Iterator
from typing import Final

import pandas as pd

from analysis.vocabulary import LANGUAGES

QUOTED_IN: Final = LANGUAGES[0]
"""The language of the reports that are quoted."""
FEWEST_WORDS: Final = 4
"""A text of fewer words that is alike in all languages is a name rather than a quotation."""


def mark_quotations(html: str, table: pd.DataFrame, original: pd.DataFrame) -> str:
    """Mark cells of a table as being in the language of quotations.

    Parameters
    ----------
    html
        The table as HTML, a plain `<td>` for each cell.
    table
        Its cells as texts.
    original
        The same table in the language of quotations: what is left as it was is quoted.
    """
    if table.shape != original.shape:
        return html
    pairs = zip(table.to_numpy().flat, original.to_numpy().flat, strict=True)
    tags = _tags(text == same and _is_sentence(str(text)) for text, same in pairs)
    return re.sub("<td>", lambda _: next(tags), html)


def _is_sentence(text: str) -> bool:
    return sum(any(map(str.isalpha, word)) for word in text.split()) >= FEWEST_WORDS


def _tags(quoted: Iterator[bool]) -> Iterator[str]:
    for one in quoted:
        yield f'<td lang="{QUOTED_IN}">' if one else "<td>"
