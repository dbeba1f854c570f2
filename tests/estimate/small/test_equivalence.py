"""Tests of equivalence: values of R, their interval, their level, and their verdicts."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from analysis.estimate.options import GapOptions
from analysis.estimate.regressions import regress
from analysis.estimate.results import read_note, result_table
from analysis.estimate.small.equivalence import add_verdicts, equivalence, equivalence_row
from analysis.vocabulary import Estimand

REFERENCE = Path(__file__).parents[2] / "reference" / "small_groups.json"
FREEDOM = {"small": np.inf, "clustered": 27.0}
GAPS = st.floats(-0.3, 0.3)
ERRORS = st.floats(0.001, 0.2)
EXAMPLES = settings(max_examples=30, deadline=None)


@pytest.mark.parametrize("name", FREEDOM)
def test_values_of_r(name: str) -> None:
    theirs = json.loads(REFERENCE.read_text())["detectable"][name]
    ours = equivalence(theirs["gap"], theirs["error"], 0.05, freedom=FREEDOM[name])
    assert [ours.low, ours.high] == pytest.approx(theirs["interval"], rel=1e-9)
    assert ours.p_value == pytest.approx(theirs["p_value"], rel=1e-9)


@EXAMPLES
@given(GAPS, ERRORS, st.floats(0.01, 0.3), st.sampled_from([9.0, np.inf]), st.floats(0.8, 0.99))
def test_shown_if_and_only_if_the_inner_interval_is_within(
    gap: float, error: float, margin: float, freedom: float, confidence: float
) -> None:
    found = equivalence(gap, error, margin, confidence, freedom)
    if abs(found.p_value - (1 - confidence)) > 1e-9:
        within = -margin < found.low and found.high < margin
        assert within == (found.p_value < 1 - confidence)


@EXAMPLES
@given(GAPS, ERRORS, st.floats(0.01, 0.3))
def test_the_larger_of_two_one_sided_tests(gap: float, error: float, margin: float) -> None:
    found = equivalence(gap, error, margin)
    below, above = norm.sf((gap + margin) / error), norm.cdf((gap - margin) / error)
    assert found.p_value == pytest.approx(max(below, above), rel=1e-9, abs=1e-300)
    assert equivalence(-gap, error, margin).p_value == found.p_value


def test_a_gap_at_the_margin_is_taken_for_none_at_most_at_its_level() -> None:
    draws = np.random.default_rng(12).normal(0.05, 0.01, 2_000)
    shown = np.mean([equivalence(gap, 0.01, 0.05).p_value <= 0.05 for gap in draws])
    assert shown == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 2_000))


def test_a_gap_that_no_test_finds_is_no_equality() -> None:
    cells = pd.DataFrame({"group": [True, False], "n": [66, 400], "successes": [26, 160]})
    regression = regress(cells, "logit", ["group"], [], GapOptions())
    assert float(regression.row("group")["p_value"]) > 0.9  # type: ignore[arg-type]
    assert float(equivalence_row(regression, "group", 0.05)["p_value"]) > 0.2  # type: ignore[arg-type]


def row_of(p_adjusted: float, **more: Any) -> dict[str, Any]:
    return {
        "estimand": Estimand.EQUIVALENCE,
        "outcome": "o",
        "group": "g",
        "reference": "r",
        "method": "logit_hc1",
        "estimate": 0.0,
        "p_value": p_adjusted,
        "p_adjusted": p_adjusted,
        **dict.fromkeys(("n_group", "n_reference", "k_group", "k_reference"), 9),
        **more,
    }


def test_verdicts_are_those_of_corrected_tests() -> None:
    table = result_table(
        [
            row_of(0.049, p_value=0.001),
            row_of(0.051, p_value=0.04, note="left_out=3"),
            row_of(np.nan, note="few_clusters=8"),
            row_of(0.001, estimand=Estimand.ADJUSTED_DIFFERENCE),
        ]
    )
    notes = add_verdicts(table, 0.95)["note"].tolist()
    assert notes == ["equivalent", "not_equivalent; left_out=3", "few_clusters=8", ""]


def test_without_an_error_there_is_no_test() -> None:
    cells = pd.DataFrame(
        {
            "group": [True, False] * 9,
            "n": 20,
            "successes": [4, 9] * 9,
            "site": list("aabbccdde" * 2),
        }
    )
    few = regress(cells, "logit", ["group"], [], GapOptions(), "site")
    row = equivalence_row(few, "group", 0.05)
    assert row["estimate"] == pytest.approx(-0.25)
    assert np.isnan([row["p_value"], row["ci_low"]]).all()  # type: ignore[arg-type]
    empty = regress(cells.assign(group=True), "logit", ["group"], [], GapOptions())
    row = equivalence_row(empty, "group", 0.05)
    assert np.isnan(row["estimate"])  # type: ignore[call-overload]
    assert "empty_reference" in read_note(str(row["note"]))
