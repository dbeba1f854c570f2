"""The sentence that names groups too small to rely on, for charts without room to mark them."""

from collections.abc import Callable

import pandas as pd

from analysis.figures.subject import Subject
from analysis.figures.theme import SMALL_GROUP
from analysis.figures.wording import enumerate_words, say


def is_small(rows: pd.DataFrame) -> pd.Series:
    """Whether each row has fewer than 30 persons on a side: too few for a headline."""
    return rows[["n_group", "n_reference"]].min(axis=1) < SMALL_GROUP


def small_sides(
    rows: pd.DataFrame,
    subject: Subject,
    language: str,
    part: Callable[[pd.Series], str] | None = None,
) -> str:
    """Name the groups of which a row has fewer than 30 persons on a side.

    Parameters
    ----------
    rows
        Rows of a result table, or of what a chart made of it. Sides without anybody are left out:
        they have no estimate to warn of.
    subject
        What the chart is about.
    language
        Of the sentence.
    part
        Tells which part of a group a row is about; groups are named alone when not given.

    Returns
    -------
    str
        A sentence that begins with a space, to stand behind a note; empty if no group is small.
    """
    small = rows[is_small(rows) & (rows[["n_group", "n_reference"]].min(axis=1) > 0)]
    names = []
    for group, own in small.groupby("group", sort=False):
        name = subject.group(str(group), language)
        if part:
            told = enumerate_words((part(row) for _, row in own.iterrows()), language)
            name = f"{name} ({told})"
        names.append(name)
    if not names:
        return ""
    return " " + say("words.small_sides", language, values=enumerate_words(names, language))
