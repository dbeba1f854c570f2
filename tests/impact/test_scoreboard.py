"""Scoreboards by hand: verdicts, agreement at a rounding, sums of which a part is hidden."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.impact.scoreboard import (
    OUTCOMES,
    REPORTED,
    Agreement,
    Found,
    Told,
    Verdict,
    agreement,
    goal_rows,
    scoreboard,
    verdict,
)
from analysis.ingest.published import Published
from analysis.studies import Study

MISSING = float("nan")
FRACTIONS = st.floats(0, 1)


@pytest.mark.parametrize(
    ("relation", "low", "high", "expected"),
    [
        ("at_least", 0.60, 0.70, Verdict.REACHED),
        ("more_than", 0.60, 0.70, Verdict.OPEN),
        ("more_than", 0.61, 0.70, Verdict.REACHED),
        ("at_least", 0.50, 0.59, Verdict.MISSED),
        ("at_least", 0.50, 0.60, Verdict.OPEN),
        ("equal", 0.60, 0.60, Verdict.REACHED),
        ("less_than", 0.60, 0.60, Verdict.MISSED),
        ("less_than", 0.50, 0.59, Verdict.REACHED),
        ("at_least", MISSING, MISSING, Verdict.NOT_SHOWN),
    ],
)
def test_a_goal_is_reached_if_the_whole_interval_reaches_it(
    relation: str, low: float, high: float, expected: Verdict
) -> None:
    assert verdict(relation, 0.6, low, high) is expected


@given(FRACTIONS, FRACTIONS, FRACTIONS)
def test_what_lies_within_an_interval_is_as_sure_or_surer(a: float, b: float, goal: float) -> None:
    """A narrower interval never undoes a verdict."""
    low, high = sorted((a, b))
    wide, narrow = (verdict("at_least", goal, *ends) for ends in ((low, high), (low, low)))
    assert wide in (narrow, Verdict.OPEN)


@given(st.integers(0, 1000), st.sampled_from([0.1, 1.0, 10.0]))
def test_a_value_agrees_with_its_own_rounding(tenths: int, rounding: float) -> None:
    value = tenths / 10
    printed = round(value / rounding) * rounding
    assert agreement(value, printed, rounding) is Agreement.AGREES
    assert agreement(value, printed + 1.6 * rounding, rounding) is Agreement.DIFFERS


def test_a_rounded_value_agrees_if_both_roundings_hold_a_number() -> None:
    assert agreement(4375, 4373, 1, 5) is Agreement.AGREES
    assert agreement(4375, 4371, 1, 5) is Agreement.DIFFERS
    # 28 and 29 percent to whole points have 28.5 alone in common, which rounds to one of them.
    assert agreement(0.28, 0.29, 0.01, 0.01) is Agreement.DIFFERS
    assert agreement(0.29, 0.29, 0.01, 0.01) is Agreement.AGREES


# ---- The table ----------------------------------------------------------------------------------


def published(*rows: dict[str, Any]) -> pd.DataFrame:
    shared = {"period": "2022", "relation": "equal", "unit": "percent", "rounding": 1}
    told = {"section": "a section", "source": "a sentence", "reading": None}
    names = list(Published.to_schema().columns)
    return Published.validate(pd.DataFrame([{**shared, **told, **row} for row in rows])[names])


def estimate(name: str, group: str, value: float, n: int = 100) -> dict[str, Any]:
    limits = {"ci_low": value - 0.05, "ci_high": value + 0.05}
    return {name: value, "group": group, "n_group": n, "note": "", "digits": 1, **limits}


RATES = pd.DataFrame(
    [
        {"estimand": "rate", "outcome": "graduated", **estimate("estimate", "all", 0.66)},
        {"estimand": "difference", "outcome": "graduated", **estimate("estimate", "all", 0.1)},
    ]
)
SHARES = pd.DataFrame(
    [
        {"variable": "category", "level": "underserved", "n": 90, **estimate("share", "", 0.58)},
        {"variable": "gender", "level": "woman", "n": 90, **estimate("share", "", 0.5)},
    ]
)
CELLS = pd.DataFrame(
    [
        ("2021", "job", "path", 30, 30),
        ("2022", "job", "free", 100, 120),
        ("2022", "job", "path", 40, 41),
        ("2022", "job", "apprentice", pd.NA, pd.NA),
        ("2022", "internship", "path", 25, 25),
    ],
    columns=["year", "kind", "learner", "counted", "reported"],
).astype({"counted": "Int64", "reported": "Int64"})
TOTALS = pd.DataFrame(
    {"year": ["2021", "2022"], "counted": [30, 172], "reported": [30, 193]}
).astype({"counted": "Int64", "reported": "Int64"})
TARGETS = published(
    {"measure": "career_outcomes", "group": "all", "period": "each year", "value": 150,
     "unit": "outcomes"},
    {"measure": "share", "group": "underserved", "period": "each year", "relation": "at_least",
     "value": 60, "unit": "percent of students", "source": "said first"},
    {"measure": "share", "group": "underserved", "period": "each year", "relation": "more_than",
     "value": 65, "source": "said again"},
    {"measure": "graduation_rate", "group": "all", "relation": "more_than", "value": 70},
    {"measure": "graduation_rate", "group": "all", "period": "2024", "value": 90},
)  # fmt: skip
FIGURES = published(
    {"measure": "career_outcomes", "group": "all", "value": 172, "unit": "outcomes"},
    {"measure": "career_outcomes", "group": "all", "value": 171, "unit": "outcomes",
     "period": "2021"},
    {"measure": "career_outcomes", "group": "all", "relation": "more_than", "value": 100,
     "unit": "outcomes"},
    {"measure": "graduation_rate", "group": "all", "value": 66},
    {"measure": "share", "group": "underserved", "value": 79},
)  # fmt: skip


@pytest.fixture
def study(toy_study: Study) -> Study:
    return toy_study.model_copy(update={"published": {"graduation_rate": "graduated"}})


def board_of(study: Study, told: Told | None = None, year: str | None = "2022") -> pd.DataFrame:
    found = Found(RATES, SHARES, CELLS, TOTALS, hidden="hidden=protects")
    return scoreboard(study, year, found, told)


def one(board: pd.DataFrame, measure: str, group: str, period: str = "2022") -> pd.Series:
    keys = {"measure": measure, "group": group, "period": period}
    (row,) = (
        row for _, row in board.iterrows() if all(row[key] == keys[key] for key in keys)
    )  # each question is answered once
    return row


def test_each_value_stands_against_its_goal_as_first_stated(study: Study) -> None:
    board = board_of(study, Told(TARGETS, FIGURES))
    share = one(board, "share", "underserved")
    assert (share["goal"], share["relation"]) == (0.6, "at_least")
    assert (share["goal_source"], share["verdict"]) == ("said first", "open")
    assert share["goal_section"] == "a section"
    assert one(board, "rate", "all")["verdict"] == "open"
    assert one(board, OUTCOMES, "all")["verdict"] == "reached"
    assert one(board, OUTCOMES, "all", "2021")["verdict"] == "missed"
    assert one(board, REPORTED, "all")["verdict"] == ""
    about = goal_rows(board, "2022")[["measure", "group"]]
    assert list(about.itertuples(index=False, name=None)) == [
        (OUTCOMES, "all"),
        ("share", "underserved"),
        ("rate", "all"),
    ]


def test_no_goal_is_reached_by_rounding(study: Study) -> None:
    """A limit shown as 60% may be 59.6%, and 500,000 outcomes 499,998."""
    share = {"share": 0.65, "ci_low": 0.6, "ci_high": 0.7, "digits": 0}
    shares = SHARES[SHARES["level"] == "underserved"].assign(**share)
    totals = TOTALS[TOTALS["year"] == "2022"].assign(counted=150)

    def verdicts(nearest: int) -> list[str]:
        found = Found(RATES, shares, CELLS, totals, nearest, "hidden=protects")
        board = scoreboard(study, "2022", found, Told(TARGETS, FIGURES))
        about = (("share", "underserved"), (OUTCOMES, "all"))
        return [one(board, *key)["verdict"] for key in about]

    assert verdicts(0) == ["reached", "reached"]
    assert verdicts(5) == ["open", "open"]


def test_each_value_stands_beside_what_was_printed(study: Study) -> None:
    board = board_of(study, Told(TARGETS, FIGURES))
    rate = one(board, "rate", "all")
    assert (rate["printed"], rate["rounding"], rate["agreement"]) == (0.66, 0.01, "agrees")
    assert rate["outcome"] == "graduated"
    assert one(board, "share", "underserved")["agreement"] == "differs"
    agreed = [one(board, OUTCOMES, "all", year)["agreement"] for year in ("2021", "2022")]
    assert agreed == ["differs", "agrees"]
    assert (board.loc[board["printed"].isna(), "agreement"] == "").all()
    assert (board["source"] == study.provenance.source).all()


def test_goals_may_stand_without_figures(study: Study) -> None:
    board = board_of(study, Told(TARGETS, FIGURES.head(0)))
    assert board["printed"].isna().all()
    assert one(board, "share", "underserved")["verdict"] == "open"


def test_no_sum_is_shown_of_which_a_part_is_hidden(study: Study) -> None:
    board = board_of(study)
    for group in ("path_students", "apprentice", "kind_job"):
        row = one(board, OUTCOMES, group)
        assert (pd.isna(row["estimate"]), row["note"]) == (True, "hidden=protects"), group
    assert one(board, OUTCOMES, "path")["estimate"] == 65
    assert one(board, REPORTED, "free")["estimate"] == 120
    assert one(board, OUTCOMES, "kind_internship")["estimate"] == 25


def test_a_hidden_value_has_no_agreement_and_its_goal_no_verdict(study: Study) -> None:
    hidden = SHARES.assign(share=MISSING, ci_low=MISSING, ci_high=MISSING, note="hidden=small")
    board = scoreboard(study, "2022", Found(RATES, hidden), Told(TARGETS, FIGURES))
    row = one(board, "share", "underserved")
    assert (row["printed"], row["agreement"], row["verdict"]) == (0.79, "", "not_shown")
    assert OUTCOMES not in set(board["measure"])


def test_without_published_figures_what_was_found_stands_alone(study: Study) -> None:
    board = board_of(study)
    assert board[["goal", "printed"]].isna().all(axis=None)
    assert set(board["verdict"]) == set(board["agreement"]) == {""}
    assert goal_rows(board, "2022").empty


def test_all_cohorts_together_have_no_goal_of_a_year(study: Study) -> None:
    board = board_of(study, Told(TARGETS, FIGURES), year=None)
    assert pd.isna(one(board, "rate", "all", "")["goal"])
    assert set(board.loc[board["goal"].notna(), "measure"]) == {OUTCOMES}
    assert goal_rows(board, None).empty
