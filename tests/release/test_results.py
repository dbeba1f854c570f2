"""What is rounded, what is hidden, and what goes with a hidden row."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from analysis.estimate.results import read_note, result_table
from analysis.figures.wording import say
from analysis.release.results import COUNTS, Release, is_hidden
from analysis.release.rows import NUMBERS, Withheld, round_up
from analysis.vocabulary import Audience

PUBLIC = Release(Audience.PUBLIC)
INTERNAL = Release(Audience.INTERNAL)
GAP = {
    "contrast": "marginal",
    "reference": "non_underserved",
    "estimand": "difference",
    "method": "newcombe",
    "estimate": -0.12345,
    "n_reference": 800,
    "k_reference": 300,
}

Make = Callable[..., pd.DataFrame]


def first(table: pd.DataFrame) -> pd.Series:
    return table.iloc[0]


def test_inside_nothing_is_rounded(row: Make) -> None:
    table = row(note="left_out=3; df=18.9")
    shown = INTERNAL.results(table)
    pd.testing.assert_frame_equal(shown[table.columns], table.astype(shown[table.columns].dtypes))
    assert first(shown)["digits"] == 1


def test_counts_and_rate_are_rounded_for_everyone(row: Make) -> None:
    shown = first(PUBLIC.results(row(std_error=0.023, ci_low=0.264, ci_high=0.357)))
    assert shown[list(COUNTS)].tolist() == [400, 0, 125, 0]
    assert shown[["estimate", "ci_low", "ci_high"]].tolist() == [0.31, 0.27, 0.36]
    assert np.isnan(shown["std_error"])
    assert shown["digits"] == 0


def test_a_gap_of_large_sides_has_a_decimal_and_its_rates_have_none(row: Make) -> None:
    large = {"n_group": 1000, "n_reference": 1000}
    assert first(PUBLIC.results(row(**GAP | large)))["estimate"] == -0.123
    assert first(PUBLIC.results(row(n_group=4999)))["digits"] == 0
    assert first(PUBLIC.results(row(n_group=5000)))["digits"] == 1


@pytest.mark.parametrize("side", ["n_group", "n_reference"])
def test_a_small_side_hides_the_row_and_leaves_it_standing(row: Make, side: str) -> None:
    small = {side: 24, side.replace("n_", "k_"): 3, "p_value": 0.2, "note": "left_out=30"}
    shown = first(PUBLIC.results(row(**GAP | small)))
    assert shown["note"] == "hidden=small"
    assert is_hidden(shown["note"])
    assert shown[[*COUNTS, *NUMBERS]].isna().all()
    assert (shown["group"], shown["outcome"]) == ("refugee", "placed_6")


def test_nobody_is_hidden_like_a_few(row: Make) -> None:
    empty = row(n_group=0, k_group=0, estimate=np.nan, note="no_persons")
    assert first(PUBLIC.results(empty))["note"] == "hidden=small"


def test_a_row_on_one_side_needs_no_reference(row: Make) -> None:
    alone = row(estimand="placed_by", method="kaplan_meier", term="6", reference="others")
    assert not is_hidden(first(PUBLIC.results(alone))["note"])


@pytest.mark.parametrize(
    ("values", "hidden"),
    [
        ({}, True),
        ({"group": "disability"}, False),
        (GAP | {"group": "disability", "reference": "refugee"}, True),
        ({"outcome": "graduated"}, False),
        # Rows that count another outcome's persons than their own.
        ({"outcome": "placed_12", "note": "spec_outcome=placed_6"}, True),
        ({"outcome": "whole", "term": "placement", "method": "shapley_bootstrap"}, True),
        # The rows of another cohort, and of a combination that shares the category's name.
        (GAP | {"term": "2021"}, False),
        (GAP | {"term": "2022"}, True),
        ({"contrast": "intersection"}, False),
    ],
)
def test_what_is_withheld_goes_wherever_it_is_told(
    row: Make, values: dict[str, object], hidden: bool
) -> None:
    withheld = frozenset({Withheld("2022", "placed_6", "refugee")})
    shown = Release(Audience.PUBLIC, withheld, "2022").results(row(**values))
    assert (first(shown)["note"] == "hidden=protects") is hidden


def test_rows_on_answers_go_with_the_survey(row: Make) -> None:
    release = Release(Audience.PUBLIC, frozenset({Withheld("all", "answered_6", "refugee")}))
    assert is_hidden(first(release.results(row(method="response_wilson")))["note"])
    assert not is_hidden(first(release.results(row(method="ipw_hc1")))["note"])


def changes(smaller: int) -> pd.DataFrame:
    shared = {"study": "toy", "outcome": "graduated", "group": "refugee", **GAP, "k_group": 3}
    return result_table(
        [
            shared | {"term": "2021", "n_group": smaller},
            shared | {"term": "2022", "n_group": 60},
            shared | {"term": "2021>2022", "estimand": "change", "n_group": 60 + smaller},
        ]
    )


def test_a_change_is_hidden_with_either_of_its_cohorts_and_has_no_counts() -> None:
    assert PUBLIC.results(changes(24))["note"].tolist() == ["hidden=small", "", "hidden=small"]
    shown = PUBLIC.results(changes(25))
    assert shown["note"].tolist() == ["", "", ""]
    assert shown.iloc[2][list(COUNTS)].isna().all()


def test_a_change_whose_cohorts_are_not_told_is_hidden() -> None:
    assert is_hidden(first(PUBLIC.results(changes(60).iloc[[2]]))["note"])


def test_counts_in_notes_are_rounded_and_what_gives_counts_away_is_dropped(row: Make) -> None:
    note = "adjusted=gender; df=24.6; left_out=101; only_group=12; effective=39; largest_weight=7"
    told = read_note(first(PUBLIC.results(row(note=note)))["note"])
    assert told == {"adjusted": "gender", "left_out": "100", "only_group": "10"}


def test_a_time_that_few_were_followed_to_is_hidden(row: Make) -> None:
    assert is_hidden(first(PUBLIC.results(row(note="few_at_risk=7")))["note"])


def test_persons_to_parity_are_rounded_like_persons(row: Make) -> None:
    parity = row(**GAP | {"estimand": "successes_to_parity", "estimate": 13.0})
    assert first(PUBLIC.results(parity))[["estimate", "digits"]].tolist() == [15, 0]


def test_ratios_have_one_decimal_and_two_where_sides_are_large(row: Make) -> None:
    ratio = GAP | {"estimand": "risk_ratio", "method": "log", "estimate": 0.8765}
    assert first(PUBLIC.results(row(**ratio)))["estimate"] == 0.9
    large = ratio | {"n_group": 1000, "n_reference": 1000}
    assert first(PUBLIC.results(row(**large)))["estimate"] == 0.88


def test_specifications_have_whole_points_and_count_nobody(row: Make) -> None:
    large = GAP | {"n_group": 9000, "n_reference": 9000, "note": "spec_model=logit; left_out=44"}
    shown = first(PUBLIC.specifications(row(**large)))
    assert shown["estimate"] == -0.12
    assert shown[list(COUNTS)].isna().all()
    assert shown["note"] == "spec_model=logit"
    assert INTERNAL.specifications(row(**large)).iloc[0]["n_group"] == 9000


@pytest.mark.parametrize(
    ("p", "shown"), [(0.0, 0.01), (1e-75, 0.01), (0.05, 0.05), (0.0512, 0.06), (1.0, 1.0)]
)
def test_no_p_value_reads_smaller_than_it_is(p: float, shown: float) -> None:
    assert round_up(p) == shown


def test_a_released_number_is_rounded_for_everyone_only() -> None:
    assert (PUBLIC.number(1234), INTERNAL.number(1234)) == (1235, 1234)


def test_an_empty_table_is_released_with_its_columns(row: Make) -> None:
    for release in (PUBLIC, INTERNAL):
        assert [*row().columns, "digits"] == list(release.results(row().iloc[:0]).columns)


def test_changes_leave_no_counts_in_their_notes() -> None:
    table = changes(60)
    shown = PUBLIC.results(table.assign(note="adjusted=gender; left_out=152"))
    assert shown["note"].tolist() == [*["adjusted=gender; left_out=150"] * 2, "adjusted=gender"]


def test_months_have_one_decimal_however_many_persons(row: Make) -> None:
    for persons in (400, 9000):
        longer = row(estimand="restricted_mean_difference", reference="others", n_group=persons,
                     n_reference=persons, estimate=0.304, ci_low=0.12, ci_high=0.487)  # fmt: skip
        shown = first(PUBLIC.results(longer))
        assert shown[["estimate", "ci_low", "ci_high"]].tolist() == [0.3, 0.1, 0.5]
        assert shown["digits"] == 1


@pytest.mark.parametrize("key", ["separation", "undetermined", "collinear", "unseen_level"])
def test_no_note_names_a_level_of_persons_who_are_all_alike(row: Make, key: str) -> None:
    named = row(note=f"{key}=country[ML]; adjusted=gender")
    assert first(PUBLIC.results(named))["note"] == f"{key}_hidden; adjusted=gender"
    assert "country[ML]" in first(INTERNAL.results(named))["note"]
    for language in ("en", "fr"):
        assert "{" not in say(f"notes.{key}_hidden", language)


@pytest.mark.parametrize(("at_risk", "hidden"), [(24, True), (25, False)])
def test_a_horizon_is_hidden_as_in_curves(row: Make, at_risk: int, hidden: bool) -> None:
    shown = first(PUBLIC.results(row(note=f"few_at_risk={at_risk}")))
    assert is_hidden(shown["note"]) is hidden
    assert str(at_risk) not in shown["note"]
