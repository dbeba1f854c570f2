"""The scoreboard on the first page: career outcomes, and rates by category."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.figures.amounts import row_amount
from analysis.figures.scores import (
    agreement_words,
    definition_words,
    interval_words,
    persons_words,
    printed_words,
    progress_words,
    score_group,
)
from analysis.figures.subject import Subject
from analysis.figures.tables import DASH
from analysis.figures.theme import is_few
from analysis.figures.wording import capitalise, count, group_label, outcome_label, say
from analysis.impact.scoreboard import KIND, OUTCOMES, PATH_STUDENTS, RATE, REPORTED, SHARE
from analysis.report.contents import Contents
from analysis.report.given import given_parameter
from analysis.report.site.goals import BOARD
from analysis.report.site.headline import Number, table_of
from analysis.vocabulary import ALL, CAREER_OUTCOMES, LearnerKind

CELLS = "scoreboard-outcomes"


@dataclass(frozen=True)
class Year:
    """The career outcomes of a year, and what was printed of it."""

    year: str
    counted: str
    reported: str
    of_goal: str
    printed: str


@dataclass(frozen=True)
class Outcomes:
    """Career outcomes by year, and those of one year by kind and learner.

    Attributes
    ----------
    years
        One after the other.
    year
        The cohort's; empty if the report is on all cohorts.
    learners
        Names of the columns of `kinds`.
    kinds
        Each kind with what was counted of each kind of learner and of all, and a last row of all
        kinds.
    path_students
        What was counted of everyone on a path, apprentices included, and what was printed.
    """

    years: list[Year]
    year: str
    learners: list[str]
    kinds: list[tuple[str, list[Number]]]
    path_students: str


@dataclass(frozen=True)
class Score:
    """A rate or a share of a group, and what was printed of it."""

    number: Number
    printed: str
    small: bool


@dataclass(frozen=True)
class Rates:
    """Rates of every group.

    Attributes
    ----------
    columns
        What is shown of each group: the rates, and its share of the persons described. Each with
        its definition.
    rows
        Each group with a value for each column, or None.
    level
        Coverage of the intervals.
    several
        Whether there is more than one rate.
    """

    columns: list[tuple[str, str]]
    rows: list[tuple[str, list[Score | None]]]
    level: str
    several: bool


def board_notebook(contents: Contents) -> str | None:
    """Name of the notebook that made the scoreboard; None if it was not executed."""
    return next((table.notebook for table in contents.tables if table.id == BOARD), None)


# ---- Career outcomes ----------------------------------------------------------------------------


def outcomes(contents: Contents, language: str) -> Outcomes | None:
    """The career outcomes of a report; None if it has none.

    Parameters
    ----------
    contents
        The report; its tables `scoreboard` and `scoreboard-outcomes` are read.
    language
        Of words and numbers.
    """
    board, cells = table_of(contents, BOARD), table_of(contents, CELLS)
    if board.empty or cells.empty:
        return None
    year = contents.cohort or ""
    own = cells[cells["year"].astype(str) == year]
    counts = {
        (row["measure"], row["group"], row["period"]): row
        for _, row in board[board["measure"].isin([OUTCOMES, REPORTED])].iterrows()
    }
    learners = [kind for kind in LearnerKind if (own["learner"] == kind).any()]
    return Outcomes(
        [
            _year(row, counts[REPORTED, ALL, period], language)
            for (measure, group, period), row in counts.items()
            if (measure, group) == (OUTCOMES, ALL)
        ],
        year if len(own) else "",
        [capitalise(score_group(contents.study, name, language)) for name in learners],
        _kinds(own, counts, learners, language) if len(own) else [],
        _path_students(counts, year, language),
    )


Counts = Mapping[tuple[str, str, str], pd.Series]
"""Rows on career outcomes by measure, group and year."""


def _year(counted: pd.Series, reported: pd.Series, language: str) -> Year:
    return Year(
        str(counted["period"]),
        row_amount(counted, language),
        row_amount(reported, language),
        progress_words(counted, language),
        _beside(counted, language),
    )


def _beside(row: pd.Series, language: str) -> str:
    """What was printed and whether the two agree, below a heading that says so; or a dash."""
    printed = printed_words(row, language)
    if not row["agreement"]:
        return printed
    return say("words.item", language, name=printed, value=agreement_words(row, language))


def _kinds(
    cells: pd.DataFrame, counts: Counts, learners: list[LearnerKind], language: str
) -> list[tuple[str, list[Number]]]:
    """Rows of kinds and a last one of all; columns of learners and a last one of all."""
    year = str(cells["year"].iloc[0])
    told = {(row["kind"], row["learner"]): row for _, row in cells.iterrows()}

    def whole(group: str) -> Number:
        rows = [counts.get((measure, group, year)) for measure in (OUTCOMES, REPORTED)]
        counted, reported = (DASH if row is None else row_amount(row, language) for row in rows)
        return _of_reported(counted, reported, language)

    rows = []
    for kind, label in CAREER_OUTCOMES.items():
        if (cells["kind"] == kind).any():
            own = [_cell(told.get((kind, learner)), language) for learner in learners]
            rows.append((label[language], [*own, whole(f"{KIND}{kind}")]))
    all_of = [whole(learner) for learner in learners]
    return [*rows, (say("scoreboard.all_kinds", language), [*all_of, whole(ALL)])]


def _cell(row: pd.Series | None, language: str) -> Number:
    if row is None:
        return Number(DASH, "", "")
    counted, reported = (count(row[name], language) for name in ("counted", "reported"))
    return _of_reported(counted, reported, language)


def _of_reported(counted: str, reported: str, language: str) -> Number:
    """What counts, and below it what was reported where that is more."""
    more = say("scoreboard.of_reported", language, reported=reported)
    return Number(counted, "" if counted == reported else more, "")


def _path_students(counts: Counts, year: str, language: str) -> str:
    row = counts.get((OUTCOMES, PATH_STUDENTS, year))
    if row is None:
        return ""
    counted, printed = row_amount(row, language), _printed(row, language)
    if not printed:
        return say("scoreboard.on_paths", language, counted=counted)
    return say("scoreboard.on_paths_printed", language, counted=counted, printed=printed)


# ---- Rates --------------------------------------------------------------------------------------


def rates(contents: Contents, language: str) -> Rates | None:
    """The shares and rates of every group; None if the report has no scoreboard.

    Parameters
    ----------
    contents
        The report; its table `scoreboard` is read.
    language
        Of words and numbers.
    """
    board, notebook = table_of(contents, BOARD), board_notebook(contents)
    if board.empty or notebook is None:
        return None
    study = contents.study
    shown = board[board["measure"].isin([RATE, SHARE])]
    about = list(zip(shown["measure"], shown["outcome"], strict=True))
    cells = {
        (row["group"], *which): _score(row, language)
        for which, (_, row) in zip(about, shown.iterrows(), strict=True)
    }
    columns = sorted(dict.fromkeys(about), key=lambda one: one[0] == SHARE)
    # The rates begin with all, of whom there is no share.
    groups = dict.fromkeys([*shown.loc[shown["measure"] == RATE, "group"], *shown["group"]])
    confidence = float(str(given_parameter(contents, notebook, "confidence")))
    return Rates(
        [
            (
                capitalise(outcome_label(study, outcome, language))
                if measure == RATE
                else say("measures.share", language),
                definition_words(measure, outcome, study, language),
            )
            for measure, outcome in columns
        ],
        [
            (group_label(study, group, language), [cells.get((group, *one)) for one in columns])
            for group in groups
        ],
        Subject(study, study.default_outcomes()[0], contents.cohort, confidence).level(language),
        sum(measure == RATE for measure, _ in columns) > 1,
    )


def _score(row: pd.Series, language: str) -> Score:
    n = "" if pd.isna(row["n"]) else persons_words(row, language)
    number = Number(row_amount(row, language), interval_words(row, language), n)
    return Score(number, _printed(row, language), is_few(row["n"]))


def _printed(row: pd.Series, language: str) -> str:
    """What was printed, and whether the number agrees with it; empty if nothing was."""
    if pd.isna(row["printed"]):
        return ""
    value = printed_words(row, language)
    if not row["agreement"]:
        return say("scoreboard.printed_alone", language, value=value)
    agreement = agreement_words(row, language)
    return say("scoreboard.printed", language, value=value, agreement=agreement)
