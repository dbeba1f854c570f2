"""The least-distance programme and its whole numbers, against other solvers."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from analysis.ingest.synthetic.closest import Conditions, InfeasibleError, closest, whole


def test_without_a_need_to_move_the_prior_stands() -> None:
    prior = np.array([3.0, 2.0, 5.0])
    conditions = Conditions(3)
    conditions.add_sum([0, 1, 2], 9.0, 11.0)
    np.testing.assert_allclose(closest(prior, conditions), prior, atol=1e-9)


def test_one_sum_is_reached_in_proportion() -> None:
    """With one equality the closest counts in chi-squared distance are proportional."""
    prior = np.array([1.0, 4.0, 5.0])
    conditions = Conditions(3)
    conditions.add_sum([0, 1, 2], 20.0, 20.0)
    np.testing.assert_allclose(closest(prior, conditions), 2 * prior, rtol=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_counts_are_those_of_a_general_solver(seed: int) -> None:
    draw = np.random.default_rng(seed)
    prior, weights = draw.uniform(1, 20, 6), draw.uniform(0.1, 3, 6)
    conditions = Conditions(6)
    conditions.add_sum([0, 1, 2], 0.0, 0.6 * prior[:3].sum())
    conditions.add_ratio(np.eye(6)[3], np.ones(6), 0.25, 0.3)
    conditions.add_sum(np.arange(6), prior.sum(), prior.sum())
    found = closest(prior, conditions, weights)
    values = conditions.matrix @ found
    assert (values >= conditions.low - 1e-7).all()
    assert (values <= conditions.high + 1e-7).all()

    def distance(x: np.ndarray) -> float:
        return float((weights * (x - prior) ** 2 / prior).sum())

    limits = []
    for row, low, high in zip(conditions.matrix, conditions.low, conditions.high, strict=True):
        if low == high:
            limits.append({"type": "eq", "fun": lambda x, r=row, v=low: r @ x - v})
            continue
        if np.isfinite(low):
            limits.append({"type": "ineq", "fun": lambda x, r=row, v=low: r @ x - v})
        if np.isfinite(high):
            limits.append({"type": "ineq", "fun": lambda x, r=row, v=high: v - r @ x})
    theirs = minimize(
        distance, prior, method="SLSQP", bounds=[(0, None)] * 6, constraints=limits,
        options={"maxiter": 500, "ftol": 1e-12},
    )  # fmt: skip
    assert theirs.success
    assert distance(found) == pytest.approx(theirs.fun, rel=1e-5, abs=1e-7)


def test_what_cannot_be_met_is_refused() -> None:
    conditions = Conditions(2)
    conditions.add_sum([0], 5.0, 6.0)
    conditions.add_sum([0, 1], 0.0, 4.0)
    with pytest.raises(InfeasibleError):
        closest(np.ones(2), conditions)
    with pytest.raises(InfeasibleError):
        whole(np.ones(2), conditions)


def test_whole_numbers_meet_the_conditions_and_are_near_the_nearest() -> None:
    counts = np.array([2.4, 3.3, 4.3])
    conditions = Conditions(3)
    conditions.add_sum([0, 1, 2], 10, 10)
    conditions.add_ratio(np.array([1.0, 0, 0]), np.ones(3), 0.25, 1.0)
    found = whole(counts, conditions)
    values = conditions.matrix @ found
    assert (values >= conditions.low).all()
    assert (values <= conditions.high).all()

    def distance(n: np.ndarray) -> float:
        return float((np.abs(n - counts) / np.sqrt(counts + 1)).sum())

    allowed = [
        np.array(n)
        for n in itertools.product(range(8), repeat=3)
        if sum(n) == 10 and n[0] >= 0.25 * 10
    ]
    best = min(map(distance, allowed))
    assert distance(found) <= 2 * best + 1e-9  # the solver may stop half-way to the optimum
