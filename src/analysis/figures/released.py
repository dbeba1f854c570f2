"""What charts and tables read from released rows: their decimals, and what is not shown and why."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from analysis.estimate.results import read_note
from analysis.figures.forest import interval_words
from analysis.figures.subject import Subject
from analysis.figures.wording import count, interval, points, say
from analysis.release.results import is_hidden
from analysis.vocabulary import Contrast

REMARKS_ON_ADJUSTMENT: Final = ("adjusted", "weighted_by")
"""Keys of notes that name the variables held fixed, or weighted on."""


def gap_words(row: pd.Series, language: str, kind: str = "", *, zero: bool = True) -> str:
    """A gap with its interval, in points: "+1.2 (−0.4 to +2.8, includes zero)".

    Parameters
    ----------
    row
        Has `estimate`, `ci_low`, `ci_high`, and `digits`, the decimals that it may be shown with.
    language
        Of the words and numbers.
    kind
        Ends the names of these columns, where a row holds several gaps.
    zero
        Say if the interval includes zero: not where a line at zero shows it.
    """
    gap, low, high = (row[f"{name}{kind}"] for name in ("estimate", "ci_low", "ci_high"))
    digits = int(row[f"digits{kind}"])
    told = interval_words(low, high, language, digits)
    if not zero and pd.notna(low):
        told = interval(low, high, language, digits)
    return f"{points(gap, language, digits)} ({told})"


def points_of(row: pd.Series, language: str, kind: str = "") -> str:
    """A gap of a row in points, with its decimals; `kind` as in `gap_words`."""
    return points(row[f"estimate{kind}"], language, int(row[f"digits{kind}"]))


def alike(rows: Sequence[pd.Series], kind: str = "") -> list[pd.Series]:
    """Rows that are told in one sentence, all with the fewest decimals that any of them has."""
    name = f"digits{kind}"
    fewest = min(int(row[name]) for row in rows)
    return [pd.Series({**row, name: fewest}) for row in rows]


def hidden_rows(rows: pd.DataFrame, note: str = "note") -> pd.Series:
    """Whether each row is one that is not shown."""
    return rows[note].map(lambda text: is_hidden(str(text))).astype(bool)


def missing_mark(note: str, language: str) -> str:
    """Why a number is missing, where there is room for two words: hidden, or not estimable."""
    key = "words.not_shown" if is_hidden(note) else "words.not_estimable"
    return say(key, language)


def most_persons(rows: pd.DataFrame, language: str) -> str:
    """The largest number of persons that a row rests on, both sides together."""
    return count((rows["n_group"] + rows["n_reference"]).max(), language)


def against(rows: pd.DataFrame, language: str) -> str:
    """Who the groups of some rows are compared with, as the beginning of a sentence."""
    complement = (rows["contrast"] == Contrast.COMPLEMENT).any()
    kind = "others" if complement else "non_underserved"
    return say(f"forest.against_{kind}", language)


def adjusters(notes: pd.Series, subject: Subject, language: str) -> str:
    """The variables that any of some notes says are held fixed or weighted on; may be empty."""
    remarks = [read_note(str(note)) for note in notes]
    names = dict.fromkeys(
        name
        for remark in remarks
        for key in REMARKS_ON_ADJUSTMENT
        for name in remark.get(key, "").split(", ")
        if name
    )
    return subject.covariates(list(names), language) if names else ""


def excludes_zero(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Whether each interval, as shown, lies on one side of zero."""
    return (rows["ci_low"] > 0) | (rows["ci_high"] < 0)
