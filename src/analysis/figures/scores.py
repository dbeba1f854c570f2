"""Rows of a scoreboard in words: what is measured, of whom, its goal and what was printed."""

import re
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from analysis.figures.amounts import amount, row_amount
from analysis.figures.subject import Subject
from analysis.figures.tables import DASH
from analysis.figures.wording import (
    capitalise,
    catalogue,
    count,
    described_label,
    group_label,
    percent,
    say,
)
from analysis.impact.measures import MeasureUnit
from analysis.impact.scoreboard import KIND, RATE, SHARE
from analysis.studies import Study
from analysis.vocabulary import ALL, CAREER_OUTCOMES

Row = Mapping[Any, Any] | pd.Series
FOOTNOTE: Final = re.compile(r"Footnote (\d+)")
"""How a place in the report that has no words of its own is recorded."""


def score_group(study: Study, group: str, language: str) -> str:
    """Label of the group of a row: one of the study, or one of learners or kinds of outcomes."""
    if (kind := group.removeprefix(KIND)) != group:
        return CAREER_OUTCOMES[kind][language]
    key = f"measure_groups.{group}"
    return say(key, language) if key in catalogue() else group_label(study, group, language)


def score_label(row: Row, study: Study, language: str) -> str:
    """What a row measures, of whom and when."""
    group = score_group(study, row["group"], language)
    if row["measure"] == RATE:
        outcome = study.outcomes[row["outcome"]].label.label()[language]
        if row["group"] == ALL:
            return capitalise(outcome)
        return say("goals.rate", language, outcome=capitalise(outcome), group=group)
    told = {"group": group, "year": row["period"], "persons": described_label(study, language)}
    return say(f"goals.{row['measure']}", language, **told)


def counted_words(measure: str, outcome: str, study: Study, language: str) -> str:
    """What a measure counts, or whom it is a share of, to stand within a sentence."""
    if measure == RATE:
        return study.outcomes[outcome].denominator.label()[language]
    return (
        described_label(study, language) if measure == SHARE else say("scoreboard.rule", language)
    )


def definition_words(measure: str, outcome: str, study: Study, language: str) -> str:
    """What a measure counts, and of whom, as a line of its own."""
    told = counted_words(measure, outcome, study, language)
    if measure == SHARE:
        return say("scoreboard.definition_share", language, persons=told)
    return capitalise(told)


def place_words(section: str, language: str) -> str:
    """A place in the report: a footnote in words, a section by its own heading."""
    note = FOOTNOTE.fullmatch(section)
    return say("scoreboard.footnote", language, number=note[1]) if note else section


def goal_words(row: Row, language: str) -> str:
    """The goal of a row as it is stated: "at least 60%"; a dash if it has none."""
    if pd.isna(row["goal"]):
        return DASH
    value = _shortest(row["goal"], row["unit"], language)
    return say(f"goals.{row['relation']}", language, value=value)


def verdict_words(row: Row, language: str) -> str:
    """Whether the goal of a row is reached; a dash if it has none."""
    return say(f"goals.{row['verdict']}", language) if row["verdict"] else DASH


def progress_words(row: Row, language: str) -> str:
    """The value of a row in percent of its goal; a dash if either is missing."""
    share = progress(row)
    return DASH if pd.isna(share) else percent(share, language, 1 if share < 0.1 else 0)


def progress(row: Row, column: str = "estimate") -> float:
    """A value of a row as a part of its goal; missing if either is."""
    value, goal = float(row[column]), float(row["goal"])
    return value / goal if goal else float("nan")


def printed_words(row: Row, language: str) -> str:
    """The printed value of a row with the digits that it was printed with; a dash if none was."""
    if pd.isna(row["printed"]):
        return DASH
    return _shortest(row["printed"], row["unit"], language)


def agreement_words(row: Row, language: str) -> str:
    """Whether a row's value is the printed one at its rounding; a dash if that can't be told."""
    return say(f"scoreboard.{row['agreement']}", language) if row["agreement"] else DASH


def interval_words(row: Row, language: str) -> str:
    """The interval of a row; empty where there is none."""
    if pd.isna(row["ci_low"]):
        return ""
    limits = {end: row_amount(row, language, f"ci_{end}") for end in ("low", "high")}
    return say("words.interval", language, **limits)


def persons_words(row: Row, language: str) -> str:
    """How many persons a row rests on; a dash for counts, which are of nobody else."""
    if row["unit"] != MeasureUnit.SHARE:
        return DASH
    return count(row["n"], language)


def missing_words(row: Row, subject: Subject, language: str) -> str:
    """Why a row has no value."""
    return subject.reason(pd.Series(row), language) or say("words.not_estimable", language)


def _shortest(value: float, unit: str, language: str) -> str:
    """A value as people print it, without decimals that are zero."""
    worth = 100 if unit == MeasureUnit.SHARE else 1
    digits = next((d for d in range(3) if abs(worth * value - round(worth * value, d)) < 1e-6), 3)
    return amount(value, unit, language, digits)
