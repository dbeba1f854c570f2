"""Proofs in exact arithmetic."""

from fractions import Fraction

import pytest

from analysis.audit.certificate import Limit, shortfall


def limit(end: int, size: int = 1, **weights: int) -> Limit:
    exact = {name: Fraction(weight, 3) for name, weight in weights.items()}
    return Limit(exact, Fraction(end, 3), Fraction(size))


A_AT_MOST, A_AT_LEAST = limit(3, a=1), limit(-10, a=-2)
"""The limits a ≤ 3 and -2 a ≤ -10, divided by 3."""


@pytest.mark.parametrize("guess", [(2.0, 1.0), (2.0000001, 1.0), (1.2, 0.6)])
def test_weights_that_are_about_right_become_a_proof(guess: tuple[float, float]) -> None:
    """Twice the first and once the second is 0 ≤ -4/3; the widening of 4/9 of each ends it."""
    assert shortfall([A_AT_MOST, A_AT_LEAST], guess, {"a"}, ()) == Fraction(4, 9)


def test_sizes_tell_in_what_the_shortfall_is_counted() -> None:
    limits = [limit(3, 10, a=1), limit(-10, 100, a=-2)]
    assert shortfall(limits, (2.0, 1.0), {"a"}, ()) == Fraction(4, 3) / (2 * 10 + 100)


def test_what_weights_leave_must_not_be_negative() -> None:
    """No more than 3 for a and b, and 5 for a, contradict each other just if b is at least 0."""
    limits = [limit(3, a=1, b=1), A_AT_LEAST]
    assert shortfall(limits, (2.0, 1.0), {"a"}, ()) == Fraction(4, 9)
    assert shortfall(limits, (2.0, 1.0), {"a"}, {"b"}) is None
    assert shortfall([limit(3, a=1, b=-1), A_AT_LEAST], (2.0, 1.0), {"a"}, ()) is None


def test_what_is_no_contradiction_is_not_proven() -> None:
    fits = shortfall([A_AT_MOST, limit(-2, a=-2)], (2.0, 1.0), {"a"}, ())
    assert fits is not None
    assert fits < 0
    assert shortfall([A_AT_MOST, limit(-10, a=2)], (2.0, 1.0), {"a"}, ()) is None
    assert shortfall([A_AT_MOST], (1.0,), {"a"}, ()) is None


def test_weights_that_nothing_ties_keep_their_guess() -> None:
    """Two contradictions at once, of 4/3 with weight 1 and of 1/3 with weight 3."""
    limits = [A_AT_MOST, A_AT_LEAST, limit(1, b=1), limit(-2, b=-1)]
    proven = shortfall(limits, (2.0, 1.0, 3.0, 3.0), {"a", "b"}, ())
    assert proven == (Fraction(4, 3) + 3 * Fraction(1, 3)) / 9


def test_chains_of_equations_are_solved() -> None:
    """x0 ≤ x1 ≤ … ≤ x9 ≤ 1 and x0 ≥ 2: all weights are the same."""
    chain = [limit(0, **{f"x{place}": 1, f"x{place + 1}": -1}) for place in range(9)]
    limits = [*chain, limit(3, x9=1), limit(-6, x0=-1)]
    guess = [1 + 1e-9 * place for place in range(11)]
    names = {f"x{place}" for place in range(10)}
    assert shortfall(limits, guess, names, ()) == Fraction(1, 11)
