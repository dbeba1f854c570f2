"""Outcomes drawn as if no group mattered: estimated like data, and the joint test against them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.estimate.fits import NotEstimableError
from analysis.estimate.fragility import specifications
from analysis.estimate.fragility.null_draws import draw_without_groups
from analysis.estimate.fragility.specification_fits import Estimator, Found, Sample
from analysis.estimate.fragility.specification_grid import Specification, all_specifications
from analysis.estimate.fragility.specifications import below_zero_of, median_of, significant_of
from analysis.estimate.options import GapOptions
from analysis.estimate.question import Question
from analysis.estimate.regressions import regress
from analysis.estimate.results import read_note
from analysis.studies import Study
from analysis.vocabulary import UNDERSERVED, Estimand

FrameOf = Callable[..., pd.DataFrame]
CATEGORIES = ["job_seeker", "low_qualification", "disability"]
NAMES = ["gender", "age_band"]
HC1 = GapOptions(errors="hc1")
"""The errors that all draws are given at once; HC2 differs from them in the fourth digit."""

ALONE = {"graduated": None}
PLACED: dict[str, str | None] = {"placed_6": "answered_6", "placed_12": "answered_12"}


# ---- Estimated like data -------------------------------------------------------------------------


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
    study: Study, persons: pd.DataFrame, cluster: str | None, group: str, patterns_of: FrameOf
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


def test_weighted_draws_are_estimated_like_data(
    study: Study, two_horizons: pd.DataFrame, patterns_of: FrameOf
) -> None:
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


# ---- What they keep, and what they know ----------------------------------------------------------


def test_draws_keep_who_is_known_and_what_the_rates_are(
    study: Study, two_horizons: pd.DataFrame, patterns_of: FrameOf
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


def test_draws_know_no_groups(study: Study, persons: pd.DataFrame, patterns_of: FrameOf) -> None:
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
    study: Study, patterns: pd.DataFrame, curve: FrameOf, random: Any
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


def test_the_seed_decides(
    study: Study, patterns: pd.DataFrame, curve: FrameOf, specified: FrameOf
) -> None:
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


def test_a_gap_is_found_and_none_is_not(
    study: Study, persons: pd.DataFrame, patterns_of: FrameOf, curve: FrameOf
) -> None:
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


def test_clustered_draws_are_owned_up_to(
    study: Study, persons: pd.DataFrame, patterns_of: FrameOf, curve: FrameOf
) -> None:
    made = patterns_of(persons, ALONE, "cluster")
    for row in curve(study, made, draws=2).tail(3)["note"]:
        assert "independent_draws" in read_note(row)
