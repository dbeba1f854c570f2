"""The result table refuses what can't be true, and corrects for many tests within families."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandera.errors import SchemaErrors

from analysis.estimate.results import (
    COLUMNS,
    Results,
    adjust_p_values,
    read_note,
    result_table,
    write_note,
)
from analysis.vocabulary import Contrast, Estimand

SOUND: dict[str, Any] = {
    "study": "small",
    "outcome": "placed",
    "group": "refugee",
    "reference": "others",
    "contrast": Contrast.COMPLEMENT,
    "estimand": Estimand.DIFFERENCE,
    "method": "newcombe",
    "estimate": -0.1,
    "std_error": 0.05,
    "ci_low": -0.2,
    "ci_high": 0.0,
    "p_value": 0.045,
    "n_group": 40,
    "n_reference": 900,
    "k_group": 10,
    "k_reference": 315,
}
MISSING = dict.fromkeys(("estimate", "std_error", "ci_low", "ci_high", "p_value"), np.nan)


def test_a_sound_row_is_taken_and_completed() -> None:
    found = result_table([SOUND])
    assert tuple(found.columns) == COLUMNS
    row = found.iloc[0].to_dict()
    assert {name: row[name] for name in SOUND} == SOUND
    assert row["note"] == ""
    assert math.isnan(row["p_adjusted"])


def test_a_table_without_rows_has_all_columns() -> None:
    assert tuple(adjust_p_values(result_table([])).columns) == COLUMNS


VIOLATIONS: dict[str, tuple[dict[str, Any], str]] = {
    "a contrast that is none": ({"contrast": "sideways"}, "contrast"),
    "an estimand that is none": ({"estimand": "hope"}, "estimand"),
    "a negative error": ({"std_error": -0.05}, "std_error"),
    "a p-value below 0": ({"p_value": -0.1}, "p_value"),
    "a p-value above 1": ({"p_value": 1.1}, "p_value"),
    "an adjusted p-value below 0": ({"p_adjusted": -0.1}, "p_adjusted"),
    "an adjusted p-value above 1": ({"p_adjusted": 1.1}, "p_adjusted"),
    "negative persons": ({"n_group": -1, "k_group": -2}, "n_group"),
    "negative persons of the reference": ({"n_reference": -1, "k_reference": -2}, "n_reference"),
    "negative successes": ({"k_group": -1}, "k_group"),
    "negative successes of the reference": ({"k_reference": -1}, "k_reference"),
    "more successes than persons": ({"k_group": 41}, "counts_agree"),
    "the same of the reference": ({"k_reference": 901}, "counts_agree"),
    "an interval below the estimate": ({"ci_high": -0.11}, "interval_holds_estimate"),
    "an interval above the estimate": ({"ci_low": -0.09}, "interval_holds_estimate"),
    "an interval without an upper end": ({"ci_high": np.nan}, "interval_holds_estimate"),
    "an interval without a lower end": ({"ci_low": np.nan}, "interval_holds_estimate"),
    "an interval of nothing": (
        MISSING | {"ci_low": -0.1, "ci_high": 0.1, "note": "no_persons"},
        "interval_holds_estimate",
    ),
    "no estimate and no reason": (MISSING, "reason_if_missing"),
    "percentage points": ({"estimate": -10.0, "ci_low": -20.0}, "fractions"),
    "a missing count": ({"n_group": None}, "n_group"),
    "a missing text": ({"group": None}, "group"),
}


@pytest.mark.parametrize(("planted", "rule"), VIOLATIONS.values(), ids=VIOLATIONS)
def test_a_planted_violation_is_refused_by_its_rule(planted: dict[str, Any], rule: str) -> None:
    with pytest.raises(SchemaErrors) as caught:
        result_table([SOUND, SOUND | planted])
    cases = caught.value.failure_cases
    assert rule in set(cases["check"].astype(str)) | set(cases["column"].astype(str))


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ([name for name in COLUMNS if name != "note"], "column_in_dataframe"),
        ([*COLUMNS, "remark"], "column_in_schema"),
        (list(reversed(COLUMNS)), "column_ordered"),
    ],
)
def test_missing_more_and_disordered_columns_are_refused(columns: list[str], rule: str) -> None:
    with pytest.raises(SchemaErrors, match=rule):
        Results.validate(result_table([SOUND]).assign(remark="")[columns], lazy=True)


@pytest.mark.parametrize(
    "allowed",
    [
        {"estimand": Estimand.RISK_RATIO, "estimate": 3.2, "ci_low": 2.0, "ci_high": 5.0},
        {"estimand": Estimand.SUCCESSES_TO_PARITY, "estimate": 446.0, "ci_high": 500.0},
        # A linear model's adjusted difference may leave [-1, 1].
        {"method": "linear_hc1", "estimate": 1.02, "ci_high": 1.1},
        {"contrast": ""},
        MISSING | {"note": "separation=member"},
        {"std_error": np.nan, "ci_low": np.nan, "ci_high": np.nan, "p_value": np.nan},
    ],
)
def test_what_is_unusual_but_true_is_taken(allowed: dict[str, Any]) -> None:
    assert len(result_table([SOUND | allowed])) == 1


# ---- Notes --------------------------------------------------------------------------------------


def test_notes_can_be_read_back() -> None:
    note = write_note(
        few_clusters=9, adjusted="age, gender", dropped=None, one_sided=True, no=False
    )
    assert note == "few_clusters=9; adjusted=age, gender; one_sided"
    assert read_note(note) == {"few_clusters": "9", "adjusted": "age, gender", "one_sided": ""}
    assert read_note("") == {}
    assert write_note(left_out=0) == "left_out=0"  # a number is no remark to leave out


# ---- Many tests ---------------------------------------------------------------------------------


def with_p_values(p_values: list[float], **more: Any) -> list[dict[str, Any]]:
    return [
        SOUND | {"group": f"g{number}", "p_value": p_value} | more
        for number, p_value in enumerate(p_values)
    ]


@pytest.mark.parametrize(("correction", "theirs"), [("holm", "holm"), ("benjamini_hochberg", "bh")])
def test_corrections_as_in_r(published: dict[str, Any], correction: Any, theirs: str) -> None:
    values = published["p_adjust"]
    found = adjust_p_values(result_table(with_p_values(values["raw"])), correction)
    np.testing.assert_allclose(found["p_adjusted"], values[theirs], rtol=1e-9)
    assert list(found["p_value"]) == values["raw"]


@pytest.mark.parametrize("column", ["study", "outcome", "contrast", "estimand", "method"])
def test_a_family_is_one_question_asked_of_each_group(column: str) -> None:
    """Rows of another question don't count; rows of this one do, wherever they stand."""
    other = {
        "study": "another",
        "outcome": "graduated",
        "contrast": Contrast.MARGINAL,
        "estimand": Estimand.ADJUSTED_DIFFERENCE,
        "method": "miettinen_nurminen",
    }[column]
    mine = with_p_values([0.01, 0.04])
    others = with_p_values([0.03, 0.02], **{column: other})
    mixed = [mine[0], others[0], mine[1], others[1]]
    found = adjust_p_values(result_table(mixed), "holm")["p_adjusted"]
    np.testing.assert_allclose(found, [0.02, 0.04, 0.04, 0.04])


def test_families_can_be_chosen() -> None:
    rows = [*with_p_values([0.01]), *with_p_values([0.03], method="wald")]
    found = adjust_p_values(result_table(rows), "holm", family=["outcome"])
    np.testing.assert_allclose(found["p_adjusted"], [0.02, 0.03])


def test_rows_without_a_test_are_in_no_family() -> None:
    table = result_table(with_p_values([0.01, np.nan, 0.04])).set_axis([7, 7, 9])
    table = table.reset_index(drop=True)
    found = adjust_p_values(table, "holm")["p_adjusted"]
    np.testing.assert_allclose(found, [0.02, np.nan, 0.04])
    nothing = pd.Series(adjust_p_values(table.assign(p_value=np.nan))["p_adjusted"])
    assert nothing.isna().all()


def test_the_table_given_is_left_as_it_was() -> None:
    table = result_table(with_p_values([0.01, 0.04]))
    before = table.copy()
    adjust_p_values(table)
    pd.testing.assert_frame_equal(table, before)
