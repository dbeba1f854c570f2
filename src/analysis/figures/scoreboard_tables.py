"""Tables and sentences of the scoreboard, as readers see them."""

from collections.abc import Mapping

import pandas as pd

from analysis.figures.amounts import amount_with_interval, row_amount
from analysis.figures.scores import (
    agreement_words,
    counted_words,
    goal_words,
    persons_words,
    place_words,
    printed_words,
    progress_words,
    score_group,
    score_label,
    verdict_words,
)
from analysis.figures.subject import Subject
from analysis.figures.tables import DASH, show, show_message, show_text
from analysis.figures.wording import capitalise, say
from analysis.impact.measures import MeasureUnit
from analysis.impact.scoreboard import OUTCOMES, RATE, REPORTED, SHARE
from analysis.studies import Study

PLACEMENT = "placement_rate"
"""The published rate whose goal is of graduates, where the rate is of respondents."""


def show_sentences(goals: pd.DataFrame, subject: Subject, language: str) -> None:
    """Tell of each goal whether it is reached, and of whom the placement rate is."""

    def make(each: str) -> str:
        told = [f"- {_sentence(row, subject.study, each)}" for _, row in goals.iterrows()]
        return "\n".join(told)

    show_text(make, language)
    if speaks_of_graduates(goals, subject.study):
        show_message("scoreboard.of_graduates", language)


def speaks_of_graduates(goals: pd.DataFrame, study: Study) -> bool:
    """Whether one of the goals is that on placement."""
    return bool((goals["outcome"] == study.published.get(PLACEMENT, PLACEMENT)).any())


def _sentence(row: pd.Series, study: Study, language: str) -> str:
    of_persons = row["unit"] == MeasureUnit.SHARE and pd.notna(row["estimate"])
    return say(
        "scoreboard.sentence" if of_persons else "scoreboard.sentence_counted",
        language,
        label=score_label(row, study, language),
        found=amount_with_interval(row, language),
        n=persons_words(row, language),
        goal=goal_words(row, language),
        verdict=capitalise(verdict_words(row, language)),
    )


def show_goals(goals: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show each goal beside what was found, with the sentence that states it."""

    def make(each: str) -> pd.DataFrame:
        return pd.DataFrame(
            {
                say("goals.column_measure", each): score_label(row, subject.study, each),
                say("goals.column_goal", each): goal_words(row, each),
                say("goals.column_found", each): amount_with_interval(row, each),
                say("goals.column_n", each): persons_words(row, each),
                say("scoreboard.column_of_goal", each): progress_words(row, each),
                say("goals.column_verdict", each): verdict_words(row, each),
                say("goals.column_source", each): row["goal_source"],
            }
            for _, row in goals.iterrows()
        )

    show(make, language)


def show_outcomes(board: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show the career outcomes counted, beside those reported and those printed."""
    counted, reported = (
        board[board["measure"] == measure].reset_index(drop=True)
        for measure in (OUTCOMES, REPORTED)
    )
    printed = counted["printed"].notna().any()

    def make(each: str) -> pd.DataFrame:
        return pd.DataFrame(
            {
                say("scoreboard.column_year", each): row["period"],
                say("scoreboard.column_who", each): score_group(subject.study, row["group"], each),
                say("scoreboard.column_counted", each): row_amount(row, each),
                say("scoreboard.column_reported", each): row_amount(told, each),
                say("scoreboard.column_of_goal", each): progress_words(row, each),
                **(_printed(row, each) if printed else {}),
            }
            for (_, row), (_, told) in zip(counted.iterrows(), reported.iterrows(), strict=True)
        )

    show(make, language)


def show_rates(board: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show rates and shares by group with interval and n, beside the printed ones."""
    rows = board[board["measure"].isin([RATE, SHARE])]
    printed = rows["printed"].notna().any()

    def make(each: str) -> pd.DataFrame:
        level = subject.level(each)
        return pd.DataFrame(
            {
                say("goals.column_measure", each): score_label(row, subject.study, each),
                say("scoreboard.column_estimate", each, level=level): amount_with_interval(
                    row, each
                ),
                say("goals.column_n", each): persons_words(row, each),
                **(_printed(row, each) if printed else {}),
            }
            for _, row in rows.iterrows()
        )

    show(make, language)


def _printed(row: pd.Series, language: str) -> dict[str, str]:
    return {
        say("scoreboard.column_printed", language): printed_words(row, language),
        say("scoreboard.column_agreement", language): agreement_words(row, language),
    }


def show_definitions(
    board: pd.DataFrame, definitions: pd.DataFrame | None, subject: Subject, language: str
) -> None:
    """Show what each measure counts, and how the report puts it in its own words.

    Parameters
    ----------
    board
        See `analysis.impact.scoreboard.scoreboard`.
    definitions
        Published statements; None if there are none.
    subject
        Any outcome of the study.
    language
        The one to show.
    """
    measures = _defined(board, subject.study)

    def make(each: str) -> pd.DataFrame:
        labels = {
            name: _called(measure, outcome, subject.study, each)
            for measure, outcome, name in measures
        }
        rows = []
        for measure, outcome, name in measures:
            persons = counted_words(measure, outcome, subject.study, each)
            counted = {
                say("goals.column_measure", each): _called(measure, outcome, subject.study, each),
                say("scoreboard.column_persons", each): persons,
            }
            rows += [{**counted, **told} for told in _sentences(definitions, name, labels, each)]
        return pd.DataFrame(rows)

    show(make, language)
    if definitions is None:
        show_message("scoreboard.no_definitions", language)


def _defined(board: pd.DataFrame, study: Study) -> list[tuple[str, str, str]]:
    """Each measure with the outcome that it is of, and the name that it was published by."""
    names = {outcome: name for name, outcome in study.published.items()}
    own = board[board["measure"] != REPORTED]
    found = dict.fromkeys(zip(own["measure"], own["outcome"], strict=True))
    return [
        (measure, outcome, names.get(outcome, "") if measure == RATE else measure)
        for measure, outcome in found
    ]


def _called(measure: str, outcome: str, study: Study, language: str) -> str:
    """What a measure is called."""
    if measure == RATE:
        return capitalise(study.outcomes[outcome].label.label()[language])
    return say(f"measures.{measure}", language)


def _sentences(
    definitions: pd.DataFrame | None, name: str, labels: Mapping[str, str], language: str
) -> list[dict[str, str]]:
    """Sentences that define a measure, where they stand, and what to know; dashes without."""
    if definitions is None:
        return [{}]
    said, where, remark = (
        say(f"scoreboard.column_{name}", language) for name in ("said", "where", "remark")
    )
    rows = [
        {
            said: row["source"],
            where: place_words(row["section"], language),
            remark: _doubt(row, definitions, labels, language),
        }
        for _, row in definitions[definitions["measure"] == name].iterrows()
    ]
    return rows or [{said: DASH, where: DASH, remark: DASH}]


def _doubt(
    row: pd.Series, definitions: pd.DataFrame, labels: Mapping[str, str], language: str
) -> str:
    """That a definition needed a reading, and if it is that of another measure, of which."""
    if pd.notna(row["value"]) or pd.isna(row["reading"]):
        return DASH
    alike = definitions[definitions["source"] == row["source"]]
    others = [
        labels[name] for name in alike["measure"] if name != row["measure"] and name in labels
    ]
    if not others:
        return say("scoreboard.see_audit", language)
    return say("scoreboard.same_sentence", language, other=others[0].lower())
