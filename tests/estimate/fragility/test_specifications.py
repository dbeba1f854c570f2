"""Specification curves: what each specification says, which are chosen, and the joint test."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import export_data
import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.cells import count_cells
from analysis.estimate.fits import NotEstimableError
from analysis.estimate.fragility import specifications
from analysis.estimate.fragility.null_draws import draw_without_groups
from analysis.estimate.fragility.specification_fits import Estimator, Found, Sample
from analysis.estimate.fragility.specification_grid import (
    Specification,
    all_specifications,
    choose,
    covariate_sets,
)
from analysis.estimate.fragility.specifications import (
    below_zero_of,
    median_of,
    significant_of,
    specification_curve,
)
from analysis.estimate.gaps import outcome_gaps
from analysis.estimate.options import GapOptions
from analysis.estimate.question import Question
from analysis.estimate.regressions import regress
from analysis.estimate.results import read_note
from analysis.studies import Study
from analysis.vocabulary import OTHERS, UNDERSERVED, Contrast, Estimand, Unknown

CATEGORIES = ["job_seeker", "low_qualification", "disability"]
NAMES = ["gender", "age_band"]
LEVELS = {"gender": ["F", "M", "unknown"], "age_band": ["<=30", "31-45", ">45", "unknown"]}
HC1 = GapOptions(errors="hc1")
"""The errors that all draws are given at once; HC2 differs from them in the fourth digit."""

ALONE = {"graduated": None}
CHOICES = ("outcome", "reference", "covariates", "model", "weights", "unknown")


def patterns_of(
    rows: pd.DataFrame, outcomes: dict[str, str | None], cluster: str | None = None
) -> pd.DataFrame:
    answers = [name for name in outcomes.values() if name]
    return count_cells(
        ibis.memtable(rows),
        by=[*CATEGORIES, *NAMES, *outcomes, *answers],
        outcome=next(iter(outcomes)),
        cluster=cluster,
        levels=LEVELS,
    )


@pytest.fixture(scope="module")
def patterns(persons: pd.DataFrame) -> pd.DataFrame:
    return patterns_of(persons, ALONE)


@pytest.fixture(scope="module")
def two_horizons(persons: pd.DataFrame) -> pd.DataFrame:
    """Give rows with a placement at two horizons, each known of those who answered its survey.

    Who is placed by 6 months is placed by 12. The second survey was not yet due for a third.
    """
    rng = np.random.default_rng(5)
    rows = persons.drop(columns="graduated").reset_index(drop=True)
    size = len(rows)
    early = rng.random(size) < 0.3 + 0.2 * (rows["gender"] == "F")
    late = early | (rng.random(size) < 0.3)
    for months, placed, due in (
        (6, early, np.ones(size, dtype=bool)),
        (12, late, rng.random(size) < 2 / 3),
    ):
        chance = 0.5 + 0.2 * (rows["age_band"] == ">45") - 0.1 * rows["job_seeker"].fillna(False)
        answered = pd.array(rng.random(size) < chance.astype(float), dtype="boolean")
        answered[~due] = pd.NA
        told = pd.array(placed, dtype="boolean")
        told[~answered.fillna(False)] = pd.NA
        rows[f"answered_{months}"] = answered
        rows[f"placed_{months}"] = told
    return rows


PLACED: dict[str, str | None] = {"placed_6": "answered_6", "placed_12": "answered_12"}


def curve(study: Study, patterns: pd.DataFrame, **asked: Any) -> pd.DataFrame:
    given = {"outcome": "graduated", "covariates": NAMES, "outcomes": ALONE, "draws": 20} | asked
    outcome, covariates = given.pop("outcome"), given.pop("covariates")
    return specification_curve(study, outcome, patterns, covariates, **given)


def specified(results: pd.DataFrame) -> pd.DataFrame:
    """Specifications with their choices as columns."""
    rows = results[results["term"] != ""].reset_index(drop=True)
    notes = [read_note(note) for note in rows["note"]]
    return rows.assign(**{name: [note[f"spec_{name}"] for note in notes] for name in CHOICES})


# ---- What each specification says ----------------------------------------------------------------


@pytest.mark.parametrize("cluster", [None, "cluster", "school"])
def test_plain_specifications_are_the_gaps_of_the_other_tables(
    study: Study, persons: pd.DataFrame, cluster: str | None
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
    study_document: dict[str, Any], count: Callable[..., pd.DataFrame]
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


def estimate_all(
    study: Study,
    made: pd.DataFrame,
    outcomes: dict[str, str | None],
    group: str = UNDERSERVED,
    draws: int = 8,
    options: GapOptions = HC1,
) -> tuple[list[Specification], list[Found], Estimator]:
    question = Question.of(study, made, NAMES, options)
    first = next(iter(outcomes))
    grid = all_specifications(question, group, outcomes, first, any_unknown=True)
    drawn = specifications._draw(question, made, outcomes, draws, 3)
    estimator = Estimator(question, drawn, group, outcomes)
    return grid, specifications._estimate(estimator, grid), estimator


@pytest.mark.parametrize("cluster", [None, "cluster"])
@pytest.mark.parametrize("group", [UNDERSERVED, "disability"])
def test_draws_are_estimated_like_data(
    study: Study, persons: pd.DataFrame, cluster: str | None, group: str
) -> None:
    """All draws at once give what one regression a draw gives."""
    made = patterns_of(persons, ALONE, cluster)
    options = GapOptions() if cluster else HC1
    grid, found, estimator = estimate_all(study, made, ALONE, group, options=options)
    for one, result in list(zip(grid, found, strict=True))[::5]:
        own = Question.of(study, made, one.data.covariates, options)
        sides = estimator._compare(one.data)
        for draw in (1, 8):
            successes = estimator.drawn.successes["graduated"][:, [draw]]
            sample = Sample.of(own, sides, successes, None)
            cells = sample.cells.astype({"n": int, "successes": int})
            row = regress(
                cells, one.model, ["member"], list(one.data.covariates), options, own.cluster
            ).row("member")
            assert result.estimates[draw] == pytest.approx(row["estimate"], rel=1e-6, abs=1e-9)
            reach = row["ci_high"] - row["estimate"]
            assert result.reaches[draw] == pytest.approx(reach, rel=1e-5)


def test_weighted_draws_are_estimated_like_data(study: Study, two_horizons: pd.DataFrame) -> None:
    made = patterns_of(two_horizons, PLACED)
    grid, found, estimator = estimate_all(study, made, PLACED)
    checked = 0
    for one, result in list(zip(grid, found, strict=True))[3::7]:
        own = Question.of(study, made, one.data.covariates, HC1)
        sides = estimator._compare(one.data)
        successes = estimator.drawn.successes[one.data.outcome][:, [4]]
        sample = Sample.of(own, sides, successes, estimator._weigh(one.data))
        row, _, _ = sample.estimate(one.model)
        checked += one.data.weights == "ipw"
        assert result.estimates[4] == pytest.approx(row["estimate"], rel=1e-6, abs=1e-9)
        assert result.reaches[4] == pytest.approx(row["ci_high"] - row["estimate"], rel=1e-5)
    assert checked > 3


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
    study: Study, two_horizons: pd.DataFrame, most: int
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


def test_few_enough_are_all_taken(study: Study, patterns: pd.DataFrame) -> None:
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


def test_a_category_has_two_references(study: Study, patterns: pd.DataFrame) -> None:
    rows = specified(curve(study, patterns, draws=2, group="disability"))
    assert set(rows["reference"]) == {"non_underserved", "others"}
    assert set(rows["contrast"]) == {Contrast.MARGINAL, Contrast.COMPLEMENT}
    assert set(rows["group"]) == {"disability"}


def test_what_is_known_of_everyone_is_no_choice(study: Study, patterns: pd.DataFrame) -> None:
    known = patterns[patterns[CATEGORIES].notna().all(axis=1)].reset_index(drop=True)
    assert set(specified(curve(study, known, draws=2))["unknown"]) == {Unknown.LEFT_OUT}


def test_a_horizon_with_one_result_is_left_out(study: Study, two_horizons: pd.DataFrame) -> None:
    later = two_horizons.assign(placed_12=two_horizons["placed_12"].where(lambda s: s.eq(True)))
    made = patterns_of(later, PLACED)
    rows = specified(curve(study, made, outcome="placed_6", outcomes=PLACED, draws=2))
    assert set(rows["outcome"]) == {"placed_6"}


# ---- The draws -----------------------------------------------------------------------------------


def test_draws_keep_who_is_known_and_what_the_rates_are(
    study: Study, two_horizons: pd.DataFrame
) -> None:
    made = patterns_of(two_horizons, PLACED)
    keys = [*CATEGORIES, *NAMES, "answered_6", "answered_12"]
    drawn = draw_without_groups(made, keys, list(PLACED), NAMES, 300, 9)
    persons = drawn.cells["persons"].to_numpy()
    assert persons.sum() == made["persons"].sum()
    for name in PLACED:
        known = drawn.known(name)
        counts = drawn.successes[name]
        assert (counts[~known] == 0).all()
        assert (counts <= persons[:, None]).all()
        expected = (made["persons"] * made[name].eq(True).fillna(False)).sum()
        assert counts[:, 0].sum() == expected
        totals = counts[:, 1:].sum(axis=0)
        # The first is drawn from its own logit, the second through the first: only nearly so.
        allowed = totals.std() * (4 / 300**0.5 if name == "placed_6" else 0.5)
        assert abs(totals.mean() - expected) < allowed
        # The adjusters keep their rates, too.
        for level in ("F", "M"):
            own = (drawn.cells["gender"] == level).to_numpy()
            told = counts[own, 1:].sum(axis=0)
            assert abs(told.mean() - counts[own, 0].sum()) < max(allowed, told.std() / 2)
    # Who is placed by 6 months is placed by 12, in the data and so in each draw.
    both = drawn.known("placed_6") & drawn.known("placed_12")
    assert (drawn.successes["placed_12"][both] >= drawn.successes["placed_6"][both]).all()


def test_draws_know_no_groups(study: Study, persons: pd.DataFrame) -> None:
    made = patterns_of(persons, ALONE)
    grid, found, _ = estimate_all(study, made, ALONE, draws=300)
    for one, result in zip(grid, found, strict=True):
        if one.data.covariates == tuple(NAMES):
            drawn = result.estimates[1:]
            assert abs(drawn.mean()) < 4 * drawn.std() / 300**0.5
            false = (np.abs(drawn) > result.reaches[1:]).mean()
            assert 0.01 < false < 0.1
    assert abs(found[0].estimates[0]) > 4 * found[0].estimates[1:].std()


@given(st.randoms(use_true_random=False))
@settings(max_examples=4, deadline=None)
def test_order_and_splitting_of_patterns_change_nothing(
    study: Study, patterns: pd.DataFrame, random: Any
) -> None:
    half = patterns.assign(persons=patterns["persons"] // 2)
    rest = patterns.assign(persons=patterns["persons"] - half["persons"])
    split = pd.concat([half, rest], ignore_index=True)
    order = list(range(len(split)))
    random.shuffle(order)
    shuffled = split.iloc[order].reset_index(drop=True)
    one, other = (curve(study, each, draws=5) for each in (patterns, shuffled))
    columns = ["estimate", "std_error", "p_value"]
    np.testing.assert_allclose(other[columns], one[columns], rtol=1e-6, atol=1e-12)
    assert list(other["note"]) == list(one["note"])


def test_the_seed_decides(study: Study, patterns: pd.DataFrame) -> None:
    one, same, other = (curve(study, patterns, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    rows = [specified(each)["estimate"] for each in (one, other)]
    pd.testing.assert_series_equal(*rows)


# ---- The joint test ------------------------------------------------------------------------------


def test_joint_statistics_by_hand() -> None:
    nan = np.nan
    estimates = np.array(
        [
            [-0.3, 0.1, -0.4, 0.1],
            [-0.2, 0.1, -0.3, nan],
            [-0.1, -0.1, 0.3, -0.2],
            [0.1, 0.1, 0.3, -0.2],
        ]
    )
    reaches = np.full_like(estimates, 0.15)
    value, p_value = median_of(estimates, reaches)
    assert (value, p_value) == pytest.approx((-0.15, 2 / 4))
    value, p_value = below_zero_of(estimates, reaches)
    assert (value, p_value) == pytest.approx((3 / 4, 2 / 4))
    value, p_value = significant_of(estimates, reaches)
    # In the draws: none of four, two of four on either side, two of three.
    assert (value, p_value) == pytest.approx((2 / 4, 3 / 4))


def test_no_joint_test_without_estimates() -> None:
    none = np.empty((0, 5))
    for told in (median_of, below_zero_of, significant_of):
        with pytest.raises(NotEstimableError, match="no_specifications"):
            told(none, none)
    some = np.ones((2, 5))
    with pytest.raises(NotEstimableError, match="no_intervals"):
        significant_of(some, np.full_like(some, np.nan))
    with pytest.raises(NotEstimableError, match="draws_failed"):
        median_of(np.array([[0.1, np.nan, 0.2]]), np.ones((1, 3)))


def test_a_gap_is_found_and_none_is_not(study: Study, persons: pd.DataFrame) -> None:
    rows = persons.copy()
    strong = curve(study, patterns_of(rows, ALONE), draws=60).tail(3)
    assert list(strong["estimand"]) == [
        Estimand.SPECIFICATIONS_MEDIAN,
        Estimand.SPECIFICATIONS_BELOW_ZERO,
        Estimand.SPECIFICATIONS_SIGNIFICANT,
    ]
    assert strong["p_value"].iloc[0] == pytest.approx(1 / 61)
    assert strong["p_value"].iloc[2] < 0.05
    assert list(strong["estimate"])[1:] == [1.0, 1.0]
    assert strong["estimate"].iloc[0] < -0.1
    rng = np.random.default_rng(11)
    rows["graduated"] = pd.array(rng.random(len(rows)) < 0.5, dtype="boolean")
    none = curve(study, patterns_of(rows, ALONE), draws=60).tail(3)
    assert none["p_value"].min() > 0.02


def test_clustered_draws_are_owned_up_to(study: Study, persons: pd.DataFrame) -> None:
    made = patterns_of(persons, ALONE, "cluster")
    for row in curve(study, made, draws=2).tail(3)["note"]:
        assert "independent_draws" in read_note(row)


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
    study: Study, rows: list[tuple[Any, ...]], reason: str, group: str
) -> None:
    results = curve(study, small(rows), covariates=["gender"], group=group, draws=3)
    assert len(results) > 4
    assert results["estimate"].isna().all()
    for note in results[results["term"] != ""]["note"]:
        assert reason in read_note(note)
    assert all("no_specifications" in note for note in results.tail(3)["note"])


def test_a_separated_side_leaves_the_linear_specifications(study: Study) -> None:
    rows = [(False, "F", True, 20), (False, "F", False, 30), (True, "F", True, 4)]
    results = curve(study, small(rows), covariates=["gender"])
    rows_of = specified(results).set_index(["model", "covariates"])
    assert rows_of.loc["logit"]["note"].str.contains("separation").all()
    assert rows_of.loc["linear"]["estimate"].to_list() == pytest.approx([0.6, 0.6])
    median, below, significant = (row for _, row in results.tail(3).iterrows())
    assert [median["estimate"], below["estimate"]] == pytest.approx([0.6, 0.0])
    assert "no_intervals" in significant["note"]  # the group's rate is 1


def test_without_covariates_there_are_two_models(study: Study, patterns: pd.DataFrame) -> None:
    rows = specified(curve(study, patterns, covariates=[], draws=3))
    assert len(rows) == 2 * 3
    logit, linear = rows[rows["unknown"] == Unknown.LEFT_OUT]["estimate"]
    assert logit == pytest.approx(linear, rel=1e-9)


def test_few_clusters_have_no_share_of_intervals(study: Study, persons: pd.DataFrame) -> None:
    few = persons.assign(cluster=persons["school"].where(persons["school"] < "s06", "s00"))
    results = curve(study, patterns_of(few, ALONE, "cluster"), draws=3)
    assert specified(results)["ci_low"].isna().all()
    median, below, significant = (row for _, row in results.tail(3).iterrows())
    assert np.isfinite([median["p_value"], below["p_value"]]).all()
    assert "no_intervals" in significant["note"]


def test_nobody_answered(study: Study, two_horizons: pd.DataFrame) -> None:
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


def test_nobody_tells_without_answering(study: Study, two_horizons: pd.DataFrame) -> None:
    odd = two_horizons.assign(answered_6=pd.array([False] * len(two_horizons), dtype="boolean"))
    with pytest.raises(ValueError, match="did not answer"):
        curve(
            study,
            patterns_of(odd, PLACED),
            outcome="placed_6",
            outcomes={"placed_6": "answered_6"},
            draws=2,
        )
