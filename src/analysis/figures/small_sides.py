"""Sentences that name groups too small to rely on, or not shown, for charts without room for it."""

from collections.abc import Callable

import pandas as pd

from analysis.estimate.results import read_note
from analysis.figures.subject import Subject
from analysis.figures.theme import SMALL_GROUP
from analysis.figures.wording import enumerate_words, number, say
from analysis.release.policy import HIDDEN, SMALLEST

Part = Callable[[pd.Series], str] | None


def is_small(rows: pd.DataFrame) -> pd.Series:
    """Whether each row is known to have fewer than 30 persons on a side: too few for a headline."""
    sides = rows[["n_group", "n_reference"]].min(axis=1)
    return (sides < SMALL_GROUP).fillna(False).astype(bool)


def small_sides(rows: pd.DataFrame, subject: Subject, language: str, part: Part = None) -> str:
    """Name the groups of which a row has fewer than 30 persons on a side.

    Parameters
    ----------
    rows
        Rows of a released result table, or of what a chart made of it. Sides without anybody are
        left out: they have no estimate to warn of.
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
    anybody = (rows[["n_group", "n_reference"]].min(axis=1) > 0).fillna(False).astype(bool)
    small = rows[is_small(rows) & anybody]
    if small.empty:
        return ""
    return " " + say("words.small_sides", language, values=_named(small, subject, language, part))


def hidden_sides(
    rows: pd.DataFrame, subject: Subject, language: str, part: Part = None, note: str = "note"
) -> str:
    """Name the groups of which a row is not shown, with the reason.

    Parameters
    ----------
    rows, subject, language, part
        See `small_sides`.
    note
        Column that holds the notes.

    Returns
    -------
    str
        A sentence a reason, each of which begins with a space; empty if all rows are shown.
    """
    reasons = rows[note].map(lambda text: read_note(str(text)).get(HIDDEN))
    return "".join(
        " " + say(
            "released.hidden", language, values=_named(own, subject, language, part),
            reason=say(f"hidden.{reason}", language, smallest=number(SMALLEST, language)),
        )
        for reason, own in rows.groupby(reasons)
    )  # fmt: skip


def _named(rows: pd.DataFrame, subject: Subject, language: str, part: Part) -> str:
    names = []
    for group, own in rows.groupby("group", sort=False):
        name = subject.group(str(group), language)
        if part:
            told = enumerate_words((part(row) for _, row in own.iterrows()), language)
            name = f"{name} ({told})"
        names.append(name)
    return enumerate_words(names, language)
