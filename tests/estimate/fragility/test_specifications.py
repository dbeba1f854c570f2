"""Specification curves: what each specification says, and which there are, if any."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import export_data
import ibis
import numpy as np
import pandas as pd
import pytest

from analysis.cells import count_cells
from analysis.estimate.fragility.specification_grid import (
    all_specifications,
    choose,
    covariate_sets,
)
from analysis.estimate.fragility.specifications import specification_curve
from analysis.estimate.gaps import outcome_gaps
from analysis.estimate.options import GapOptions
from analysis.estimate.question import Question
from analysis.estimate.results import read_note
from analysis.studies import Study
from analysis.vocabulary import OTHERS, UNDERSERVED, Contrast, Estimand, Unknown

FrameOf = Callable[..., pd.DataFrame]
CATEGORIES = ["job_seeker", "low_qualification", "disability"]
NAMES = ["gender", "age_band"]
LEVELS = {"gender": ["F", "M", "unknown"], "age_band": ["<=30", "31-45", ">45", "unknown"]}
ALONE = {"graduated": None}
PLACED: dict[str, str | None] = {"placed_6": "answered_6", "placed_12": "answered_12"}


# ---- What each specification says ----------------------------------------------------------------


@pytest.mark.parametrize("cluster", [None, "cluster", "school"])
def test_plain_specifications_are_the_gaps_of_the_other_tables(
    study: Study,
    persons: pd.DataFrame,
    cluster: str | None,
    patterns_of: FrameOf,
    curve: FrameOf,
    specified: FrameOf,
) -> None:
    """45 clusters take t(G - 1), 12 take CR2 for the linear model."""
    rows = persons if cluster is None else persons.assign(cluster=persons[cluster])
    made = patterns_of(rows, ALONE, cluster and "cluster")
    found = specified(curve(study, made))
    cells = count_cells(
        ibis.memtable(rows),
        by=[*CATEGORIES, *NAMES],
        outcome="graduated",
        cluster=cluster and "cluster",
        levels=LEVELS,
    )
    gaps = outcome_gaps(study, "graduated", cells, NAMES)
    gaps = gaps[(gaps["contrast"] == Contrast.ANY)]
    whole = found[found["covariates"] == ", ".join(NAMES)]
    estimands = {
        ("logit", Unknown.LEFT_OUT): Estimand.ADJUSTED_DIFFERENCE,
        ("linear", Unknown.LEFT_OUT): Estimand.ADJUSTED_DIFFERENCE,
        ("logit", Unknown.AS_NO): Estimand.ADJUSTED_DIFFERENCE_AS_NO,
        ("logit", Unknown.AS_YES): Estimand.ADJUSTED_DIFFERENCE_AS_YES,
    }
    columns = ["estimate", "std_error", "ci_low", "ci_high", "p_value", "n_group", "k_reference"]
    for (model, unknown), estimand in estimands.items():
        own = whole[(whole["model"] == model) & (whole["unknown"] == unknown)].iloc[0]
        same = gaps[(gaps["estimand"] == estimand) & (gaps["method"] == own["method"])]
        assert len(same) == 1
        np.testing.assert_allclose(
            own[columns].astype(float), same.iloc[0][columns].astype(float), rtol=1e-9
        )


def test_weighted_specifications_are_those_of_r(
    study_document: dict[str, Any], count: FrameOf, curve: FrameOf, specified: FrameOf
) -> None:
    path = Path(__file__).parents[2] / "reference" / "fragility.json"
    values = json.loads(path.read_text())
    asked = {"loanapp": (["male", "married"], "male"), "fair": (["religious", "educ"], "religious")}
    for name, (adjusters, held) in asked.items():
        rows = {"loanapp": export_data.loanapp_frame, "fair": export_data.fair_frame}[name]()
        answered = (np.arange(len(rows)) + 1) % 3 != 0
        rows = rows.assign(
            disability=pd.array(rows["group"] == 1, dtype="boolean"),
            answered_6=pd.array(answered, dtype="boolean"),
            placed_6=pd.array(rows["y"] == 1, dtype="boolean"),
        ).astype(dict.fromkeys(adjusters, "category"))
        rows.loc[~answered, "placed_6"] = pd.NA
        keys = ["disability", *adjusters, "placed_6", "answered_6"]
        made = rows.groupby(keys, observed=True, dropna=False).size().reset_index(name="persons")
        column = {"label": {"en": "x", "fr": "x"}, "from": "gender"}
        document = study_document | {
            "categories": {"disability": study_document["categories"]["disability"]},
            "adjusters": dict.fromkeys(adjusters, column),
        }
        results = curve(
            Study.model_validate(document),
            made,
            outcome="placed_6",
            covariates=adjusters,
            outcomes={"placed_6": "answered_6"},
            group="disability",
            draws=2,
        )
        found = specified(results)
        found = found[
            (found["weights"] == "ipw")
            & (found["covariates"] == held)
            & (found["reference"] == OTHERS)
        ].set_index("model")
        for model in ("linear", "logit"):
            row, value = found.loc[model], values[name]["weighted"][model]
            assert row["estimate"] == pytest.approx(value["estimate"], rel=1e-8)
            assert row["std_error"] == pytest.approx(value["se"], rel=1e-7)
            assert row["method"] == f"{model}_hc1"
            assert row["n_group"] + row["n_reference"] == values[name]["weighted"]["n"]


# ---- Which are chosen ----------------------------------------------------------------------------


def test_covariates_are_held_fixed_all_none_each_and_all_but_each() -> None:
    assert covariate_sets(["a", "b", "c"]) == [
        ("a", "b", "c"), (), ("a",), ("b",), ("c",), ("b", "c"), ("a", "c"), ("a", "b"),
    ]  # fmt: skip
    assert covariate_sets(["a", "b"]) == [("a", "b"), (), ("a",), ("b",)]
    assert covariate_sets(["a"]) == [("a",), ()]
    assert covariate_sets([]) == [()]


@pytest.mark.parametrize("most", [30, 50])
def test_the_choice_is_balanced_and_starts_with_the_usual_one(
    study: Study, two_horizons: pd.DataFrame, most: int, patterns_of: FrameOf
) -> None:
    question = Question.of(study, patterns_of(two_horizons, PLACED), NAMES, GapOptions())
    grid = all_specifications(question, UNDERSERVED, PLACED, "placed_12", any_unknown=True)
    assert len(grid) == len(set(grid)) == 2 * 4 * 2 * 2 * 3
    first = grid[0]
    assert (first.data.outcome, first.model) == ("placed_12", "logit")
    assert first.data.covariates == tuple(NAMES)
    assert (first.data.weights, first.data.unknown) == ("none", Unknown.LEFT_OUT)
    chosen = choose(grid, most, 1)
    assert len(chosen) == most
    assert chosen[0] == first
    assert [one for one in grid if one in chosen] == chosen
    assert choose(grid, most, 1) == chosen
    assert choose(grid, most, 2) != chosen
    for level in (
        lambda one: one.data.outcome,
        lambda one: one.data.covariates,
        lambda one: one.data.weights,
        lambda one: one.data.unknown,
        lambda one: one.model,
    ):
        counts = pd.Series([level(one) for one in chosen]).value_counts()
        assert counts.max() - counts.min() <= 3


def test_few_enough_are_all_taken(
    study: Study, patterns: pd.DataFrame, curve: FrameOf, specified: FrameOf
) -> None:
    results = curve(study, patterns, draws=2)
    rows = specified(results)
    assert len(rows) == 4 * 2 * 3
    assert list(rows["term"][:2]) == ["s001", "s002"]
    note = read_note(results[results["term"] == ""]["note"].iloc[0])
    assert note["specifications"] == "24"
    assert "possible" not in note
    some = curve(study, patterns, draws=2, most=10)
    assert len(specified(some)) == 10
    assert read_note(some["note"].iloc[-1])["possible"] == "24"


def test_a_category_has_two_references(
    study: Study, patterns: pd.DataFrame, curve: FrameOf, specified: FrameOf
) -> None:
    rows = specified(curve(study, patterns, draws=2, group="disability"))
    assert set(rows["reference"]) == {"non_underserved", "others"}
    assert set(rows["contrast"]) == {Contrast.MARGINAL, Contrast.COMPLEMENT}
    assert set(rows["group"]) == {"disability"}


def test_what_is_known_of_everyone_is_no_choice(
    study: Study, patterns: pd.DataFrame, curve: FrameOf, specified: FrameOf
) -> None:
    known = patterns[patterns[CATEGORIES].notna().all(axis=1)].reset_index(drop=True)
    assert set(specified(curve(study, known, draws=2))["unknown"]) == {Unknown.LEFT_OUT}


def test_a_horizon_with_one_result_is_left_out(
    study: Study,
    two_horizons: pd.DataFrame,
    patterns_of: FrameOf,
    curve: FrameOf,
    specified: FrameOf,
) -> None:
    later = two_horizons.assign(placed_12=two_horizons["placed_12"].where(lambda s: s.eq(True)))
    made = patterns_of(later, PLACED)
    rows = specified(curve(study, made, outcome="placed_6", outcomes=PLACED, draws=2))
    assert set(rows["outcome"]) == {"placed_6"}


# ---- Where there are none ------------------------------------------------------------------------


def small(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Patterns from tuples: disability, gender, graduated, persons."""
    made = pd.DataFrame(rows, columns=["disability", "gender", "graduated", "persons"])
    made = made.assign(job_seeker=False, low_qualification=False)
    kinds = dict.fromkeys([*CATEGORIES, "graduated"], "boolean") | {"gender": "category"}
    return made.astype(kinds)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([(False, "F", True, 9), (False, "M", False, 9)], "empty_group"),
        ([(True, "F", True, 9), (True, "M", False, 9)], "empty_reference"),
        ([(False, "F", True, 9), (True, "M", True, 9)], "one_sided"),
        ([(False, "F", None, 9), (True, "M", None, 9)], "empty_group"),
    ],
)
@pytest.mark.parametrize("group", [UNDERSERVED, "disability"])
def test_every_row_has_a_reason(
    study: Study, rows: list[tuple[Any, ...]], reason: str, group: str, curve: FrameOf
) -> None:
    results = curve(study, small(rows), covariates=["gender"], group=group, draws=3)
    assert len(results) > 4
    assert results["estimate"].isna().all()
    for note in results[results["term"] != ""]["note"]:
        assert reason in read_note(note)
    assert all("no_specifications" in note for note in results.tail(3)["note"])


def test_a_separated_side_leaves_the_linear_specifications(
    study: Study, curve: FrameOf, specified: FrameOf
) -> None:
    rows = [(False, "F", True, 20), (False, "F", False, 30), (True, "F", True, 4)]
    results = curve(study, small(rows), covariates=["gender"])
    rows_of = specified(results).set_index(["model", "covariates"])
    assert rows_of.loc["logit"]["note"].str.contains("separation").all()
    assert rows_of.loc["linear"]["estimate"].to_list() == pytest.approx([0.6, 0.6])
    median, below, significant = (row for _, row in results.tail(3).iterrows())
    assert [median["estimate"], below["estimate"]] == pytest.approx([0.6, 0.0])
    assert "no_intervals" in significant["note"]  # the group's rate is 1


def test_without_covariates_there_are_two_models(
    study: Study, patterns: pd.DataFrame, curve: FrameOf, specified: FrameOf
) -> None:
    rows = specified(curve(study, patterns, covariates=[], draws=3))
    assert len(rows) == 2 * 3
    logit, linear = rows[rows["unknown"] == Unknown.LEFT_OUT]["estimate"]
    assert logit == pytest.approx(linear, rel=1e-9)


def test_few_clusters_have_no_share_of_intervals(
    study: Study, persons: pd.DataFrame, patterns_of: FrameOf, curve: FrameOf, specified: FrameOf
) -> None:
    few = persons.assign(cluster=persons["school"].where(persons["school"] < "s06", "s00"))
    results = curve(study, patterns_of(few, ALONE, "cluster"), draws=3)
    assert specified(results)["ci_low"].isna().all()
    median, below, significant = (row for _, row in results.tail(3).iterrows())
    assert np.isfinite([median["p_value"], below["p_value"]]).all()
    assert "no_intervals" in significant["note"]


def test_nobody_answered(
    study: Study,
    two_horizons: pd.DataFrame,
    patterns_of: FrameOf,
    curve: FrameOf,
    specified: FrameOf,
) -> None:
    """Without respondents on a side, neither weights nor gaps can be had."""
    silent = two_horizons.copy()
    gone = silent["disability"].eq(True).fillna(False)
    silent.loc[gone, "placed_6"] = pd.NA
    silent.loc[gone, "answered_6"] = False
    results = curve(
        study,
        patterns_of(silent, PLACED),
        outcome="placed_6",
        outcomes={"placed_6": "answered_6"},
        group="disability",
        draws=3,
    )
    rows = specified(results)
    rows = rows[rows["unknown"] != Unknown.AS_YES]
    assert rows["estimate"].isna().all()
    assert rows["note"].str.contains("empty_group|nobody_answered").all()


def test_nobody_tells_without_answering(
    study: Study, two_horizons: pd.DataFrame, patterns_of: FrameOf, curve: FrameOf
) -> None:
    odd = two_horizons.assign(answered_6=pd.array([False] * len(two_horizons), dtype="boolean"))
    with pytest.raises(ValueError, match="did not answer"):
        curve(
            study,
            patterns_of(odd, PLACED),
            outcome="placed_6",
            outcomes={"placed_6": "answered_6"},
            draws=2,
        )


def test_another_horizon_does_not_stand_in_for_one_without_results(
    study: Study, two_horizons: pd.DataFrame, patterns_of: Callable[..., pd.DataFrame]
) -> None:
    later = two_horizons.assign(placed_12=pd.array([None] * len(two_horizons), dtype="boolean"))
    made = patterns_of(later, PLACED)
    found = specification_curve(study, "placed_12", made, NAMES, outcomes=PLACED, draws=2, seed=1)
    rows = found[found["term"].str.startswith("s")]
    assert rows["estimate"].isna().all()
    assert set(rows["note"].map(lambda note: read_note(note)["spec_outcome"])) == {"placed_12"}
