"""The goals that the provider set itself, beside what was found, as the scoreboard has them."""

from dataclasses import dataclass

import pandas as pd

from analysis.figures.amounts import row_amount
from analysis.figures.scoreboard_tables import speaks_of_graduates
from analysis.figures.scores import (
    definition_words,
    goal_words,
    interval_words,
    persons_words,
    place_words,
    progress,
    progress_words,
    score_label,
    verdict_words,
)
from analysis.figures.tables import DASH
from analysis.figures.wording import say
from analysis.impact.scoreboard import goal_rows
from analysis.report.contents import Contents
from analysis.report.site.headline import Number, table_of

BOARD = "scoreboard"
WIDTH = 100.0
"""Of the drawing of a goal's progress; its units are those of the drawing."""


@dataclass(frozen=True)
class Bar:
    """How far a goal is reached, to be drawn: lengths from the left, all within `WIDTH`.

    Attributes
    ----------
    length, goal
        Of what was found, and where the goal stands.
    low, high
        Ends of the interval; both `length` where there is none.
    """

    length: float
    goal: float
    low: float
    high: float


@dataclass(frozen=True)
class Goal:
    """A goal beside what was found.

    Attributes
    ----------
    label
        What is measured, of whom and when.
    definition
        Who or what is counted, and a share of whom.
    goal, part
        The goal as it is stated, and which part of it was found; that is empty if not shown.
    found
        What was found; its n is empty where it counts nobody else.
    verdict, kind
        Whether it is reached, in words and as `analysis.impact.scoreboard.Verdict` has it.
    source, section
        The report's sentence, and in which section it stands.
    bar
        None if nothing is shown.
    """

    label: str
    definition: str
    goal: str
    part: str
    found: Number
    verdict: str
    kind: str
    source: str
    section: str
    bar: Bar | None


def goals(contents: Contents, language: str) -> list[Goal]:
    """The goals for the cohort's year that the report has numbers on.

    Parameters
    ----------
    contents
        The report; its table `scoreboard` is read.
    language
        Of words and numbers.
    """
    rows = _goal_rows(contents)
    return [_goal(row, contents, language) for _, row in rows.iterrows()]


def goals_remark(contents: Contents, language: str) -> str:
    """What to know of the goals; empty if nothing."""
    rows = _goal_rows(contents)
    if rows.empty or not speaks_of_graduates(rows, contents.study):
        return ""
    return say("scoreboard.of_graduates", language)


def _goal_rows(contents: Contents) -> pd.DataFrame:
    board = table_of(contents, BOARD)
    return board if board.empty else goal_rows(board, contents.cohort)


def _goal(row: pd.Series, contents: Contents, language: str) -> Goal:
    n = persons_words(row, language)
    shown = pd.notna(row["estimate"])
    return Goal(
        score_label(row, contents.study, language),
        definition_words(str(row["measure"]), str(row["outcome"]), contents.study, language),
        goal_words(row, language),
        say("scoreboard.of_the_goal", language, share=progress_words(row, language))
        if shown
        else "",
        Number(row_amount(row, language), interval_words(row, language), "" if n == DASH else n),
        verdict_words(row, language),
        str(row["verdict"]),
        str(row["goal_source"]),
        place_words(str(row["goal_section"]), language),
        _bar(row) if shown else None,
    )


def _bar(row: pd.Series) -> Bar:
    """The bar of a row; the longer of goal and interval fills the drawing."""
    found = progress(row)
    low, high = (progress(row, name) for name in ("ci_low", "ci_high"))
    low, high = (found, found) if pd.isna(low) else (low, high)
    scale = WIDTH / max(1.0, found, high)
    return Bar(*(round(scale * part, 2) for part in (found, 1.0, low, high)))
