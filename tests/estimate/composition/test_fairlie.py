"""Fairlie's decomposition: the matching, the orders, and parts that add up."""

import json
from collections.abc import Callable
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import export_data
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from analysis.estimate.composition.fairlie import (
    Pairs,
    fairlie_parts,
    orders_of,
    rank_pairs,
    subsample_pairs,
)
from analysis.estimate.fits import NotEstimableError, fit_logit
from analysis.estimate.groups import MEMBER
from analysis.estimate.margins import average_marginal_effect

Count = Callable[..., pd.DataFrame]
SIDE = st.lists(st.integers(1, 4), min_size=1, max_size=4)
COVARIATES = ["a", "b", "c"]


def weights(pairs: Pairs, group: int, reference: int) -> np.ndarray:
    """Shares of the pairs as a matrix."""
    matrix = np.zeros((group, reference))
    np.add.at(matrix, (pairs.group, pairs.reference), pairs.share)
    return matrix


def draw(seed: int, size: int = 300, share: float = 0.35) -> pd.DataFrame:
    """Rows of persons whose covariates go with the group."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({MEMBER: rng.random(size) < share})
    lean = rows[MEMBER].to_numpy() * 0.15
    rows["a"] = pd.Categorical(np.where(rng.random(size) < 0.4 + lean, "y", "x"))
    rows["b"] = pd.Categorical(rng.choice(list("uvw"), size))
    rows["c"] = pd.Categorical(np.where(rng.random(size) < 0.5 - lean, "q", "p"))
    index = -0.2 - 0.4 * rows[MEMBER] + 0.8 * (rows["a"] == "y") - 0.5 * (rows["b"] == "v")
    index = index + 0.4 * (rows["c"] == "q")
    rows["y"] = (rng.random(size) < expit(index)).astype(int)
    return rows


@pytest.fixture(scope="module")
def cells(count: Count) -> pd.DataFrame:
    return count(draw(1), [MEMBER, *COVARIATES])


# ---- Matching -----------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(group=SIDE, reference=SIDE)
def test_pairs_are_the_mean_over_all_subsamples(group: list[int], reference: list[int]) -> None:
    """Each subsample drawn by hand, ranked and matched."""
    found = subsample_pairs(np.array(group, float), np.array(reference, float))
    sides = [np.repeat(np.arange(len(side)), side) for side in (group, reference)]
    n = min(map(len, sides))
    expected, count = np.zeros((len(group), len(reference))), 0
    for first in combinations(sides[0], n):
        for second in combinations(sides[1], n):
            np.add.at(expected, (list(first), list(second)), 1 / n)
            count += 1
    np.testing.assert_allclose(
        weights(found, len(group), len(reference)), expected / count, atol=1e-12
    )


@settings(max_examples=30, deadline=None)
@given(
    group=st.lists(st.integers(1, 500), min_size=1, max_size=30),
    reference=st.lists(st.integers(1, 500), min_size=1, max_size=30),
)
def test_all_persons_of_both_sides_are_matched(group: list[int], reference: list[int]) -> None:
    sides = np.array(group, float), np.array(reference, float)
    for match in (subsample_pairs, rank_pairs):
        pairs = weights(match(*sides), len(group), len(reference))
        np.testing.assert_allclose(pairs.sum(axis=1), sides[0] / sides[0].sum(), atol=1e-9)
        np.testing.assert_allclose(pairs.sum(axis=0), sides[1] / sides[1].sum(), atol=1e-9)
        assert pairs.min() > -1e-12


def test_sides_of_one_size_are_matched_rank_by_rank() -> None:
    """There is one subsample only, so both ways to match agree."""
    group, reference = np.array([3.0, 5, 2]), np.array([1.0, 4, 4, 1])
    one = weights(subsample_pairs(group, reference), 3, 4)
    other = weights(rank_pairs(group, reference), 3, 4)
    np.testing.assert_allclose(one, other, atol=1e-12)


def test_both_ways_to_match_meet_in_large_samples() -> None:
    group, reference = np.array([3.0, 5, 2]), np.array([10.0, 4, 40, 1])
    far = [
        np.abs(
            weights(subsample_pairs(k * group, k * reference), 3, 4)
            - weights(rank_pairs(group, reference), 3, 4)
        ).max()
        for k in (1, 100, 10_000)
    ]
    assert far[0] > far[1] > far[2]
    assert far[2] < 0.003


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    group, reference = rng.integers(1, 40, 30) * 1.0, rng.integers(1, 90, 50) * 1.0
    whole = weights(subsample_pairs(group, reference), 30, 50)
    monkeypatch.setattr("analysis.estimate.composition.fairlie.NUMBERS_AT_ONCE", 10)
    np.testing.assert_allclose(
        weights(subsample_pairs(group, reference), 30, 50), whole, atol=1e-12
    )


# ---- Orders -------------------------------------------------------------------------------------


@pytest.mark.parametrize("covariates", [1, 2, 3, 5])
def test_all_orders_of_up_to_five_covariates(covariates: int) -> None:
    orders = orders_of(covariates)
    value = {tuple(chosen): np.sin(3 * i) for i, chosen in enumerate(orders.switched.astype(int))}
    assert len(value) == 2**covariates
    expected = np.zeros(covariates)
    every = list(permutations(range(covariates)))
    for order in every:
        chosen = [0] * covariates
        for one in order:
            before = value[tuple(chosen)]
            chosen[one] = 1
            expected[one] += (value[tuple(chosen)] - before) / len(every)
    found = orders.weights @ np.array(list(value.values()))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_orders_of_more_covariates_are_drawn_by_the_seed() -> None:
    one, same, other = orders_of(7, 1), orders_of(7, 1), orders_of(7, 2)
    np.testing.assert_array_equal(one.weights, same.weights)
    assert one.weights.shape != other.weights.shape or not np.allclose(one.weights, other.weights)
    # Each order switches all: what the parts add up to does not depend on the orders.
    ends = np.array([set(row) == {True} for row in one.switched]) * 1.0
    starts = np.array([set(row) == {False} for row in one.switched]) * 1.0
    np.testing.assert_allclose(one.weights.sum(axis=0), ends - starts, atol=1e-12)


# ---- Parts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["loanapp", "fair"])
def test_parts_agree_with_subsamples_drawn_in_r(name: str, count: Count) -> None:
    """R draws 4,000 subsamples by the letter: its means err, and are met within that."""
    path = Path(__file__).parents[2] / "reference" / "nonlinear.json"
    values = json.loads(path.read_text())[name]
    frame = {"loanapp": export_data.loanapp_frame, "fair": export_data.fair_frame}[name]()
    covariates = values["covariates"]
    rows = frame.astype(dict.fromkeys(covariates, "category") | {"group": bool})
    cells = count(rows.rename(columns={"group": MEMBER}), [*covariates, MEMBER])
    theirs = values["fairlie"]
    found = fairlie_parts(cells, covariates, draws=2)
    assert found.gap[0] == pytest.approx(theirs["gap"], rel=1e-9)
    assert found.explained[0] == pytest.approx(theirs["explained"], rel=1e-6)
    for part, covariate in zip(found.covariates[0], covariates, strict=True):
        error = theirs["monte_carlo_error"][covariate]
        assert part == pytest.approx(theirs["parts"][covariate], abs=4 * error)


def test_what_is_unexplained_is_the_effect_on_the_group(cells: pd.DataFrame) -> None:
    """The pooled logit's average marginal effect over the group's members."""
    found = fairlie_parts(cells, COVARIATES, draws=3)
    effect = average_marginal_effect(fit_logit(cells, [MEMBER], COVARIATES), MEMBER, over="group")
    assert found.unexplained[0] == pytest.approx(effect.value, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.sampled_from([0.2, 0.5, 0.75]))
def test_parts_add_up_in_the_data_and_in_each_draw(seed: int, share: float, count: Count) -> None:
    cells = count(draw(seed, share=share), [MEMBER, *COVARIATES])
    found = fairlie_parts(cells, COVARIATES, draws=12, seed=seed)
    np.testing.assert_allclose(found.covariates.sum(axis=1), found.explained, atol=1e-9)
    np.testing.assert_allclose(found.explained + found.unexplained, found.gap, atol=1e-12)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_order_splitting_and_names_change_nothing(cells: pd.DataFrame, seed: int) -> None:
    """Order of the covariates, of the cells and of the levels, and cells in pieces."""
    rng = np.random.default_rng(seed)
    whole = fairlie_parts(cells, COVARIATES, draws=1)
    one = cells["successes"] > 0
    first = cells.assign(n=one * 1, successes=one * 1)
    rest = cells.assign(n=cells["n"] - first["n"], successes=cells["successes"] - one)
    changed = pd.concat([first, rest]).sample(frac=1, random_state=seed)
    for name in COVARIATES:
        levels = list(changed[name].cat.categories)
        changed[name] = changed[name].cat.rename_categories(
            dict(zip(levels, rng.permutation([f"l{i}" for i in range(len(levels))]), strict=True))
        )
        changed[name] = changed[name].cat.reorder_categories(sorted(changed[name].cat.categories))
    order = list(rng.permutation(COVARIATES))
    again = fairlie_parts(changed, order, draws=1)
    for name in COVARIATES:
        assert again.covariates[0, order.index(name)] == pytest.approx(
            whole.covariates[0, COVARIATES.index(name)], abs=1e-8
        )


def test_sides_exchanged_change_the_sign_of_the_gap(cells: pd.DataFrame) -> None:
    found = fairlie_parts(cells, COVARIATES, draws=1)
    other = fairlie_parts(cells.assign(**{MEMBER: ~cells[MEMBER]}), COVARIATES, draws=1)
    assert other.gap[0] == pytest.approx(-found.gap[0], abs=1e-12)
    assert np.sign(other.covariates[0]).tolist() == np.sign(-found.covariates[0]).tolist()


def test_twice_the_persons_halve_the_variance(cells: pd.DataFrame) -> None:
    twice = cells.assign(n=2 * cells["n"], successes=2 * cells["successes"])
    one = fairlie_parts(cells, COVARIATES, draws=600).covariates[1:]
    two = fairlie_parts(twice, COVARIATES, draws=600).covariates[1:]
    np.testing.assert_allclose(two.var(axis=0), one.var(axis=0) / 2, rtol=0.3)


def test_draws_stand_for_those_of_the_subsampled_matching(count: Count) -> None:
    """Draws match all persons, moved to the mean over subsamples: their spread is the same."""
    cells = count(draw(5, size=120), [MEMBER, *COVARIATES])
    quick = fairlie_parts(cells, COVARIATES, draws=300).covariates[1:]
    literal = []
    rng = np.random.default_rng(4)
    kinds = np.concatenate([cells["successes"], cells["n"] - cells["successes"]])
    for _ in range(300):
        won, lost = np.split(rng.multinomial(kinds.sum(), kinds / kinds.sum()), 2)
        again: Any = cells.assign(n=won + lost, successes=won)
        try:
            literal.append(fairlie_parts(again[again["n"] > 0], COVARIATES, draws=0).covariates[0])
        except NotEstimableError:
            continue
    np.testing.assert_allclose(quick.std(axis=0), np.std(literal, axis=0), rtol=0.2)
    np.testing.assert_allclose(
        quick.mean(axis=0), np.mean(literal, axis=0), atol=0.3 * quick.std(axis=0).max()
    )


def test_without_covariates_there_is_nothing_to_split(cells: pd.DataFrame) -> None:
    with pytest.raises(NotEstimableError, match="no_covariates"):
        fairlie_parts(cells, [])
