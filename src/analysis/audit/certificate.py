"""Proofs, in exact arithmetic, that limits contradict each other."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

Row = dict[int, Fraction]


@dataclass(frozen=True)
class Limit:
    """An exact limit ``Σ weight · unknown ≤ end`` and the size that its violations are told in."""

    weights: Mapping[str, Fraction]
    end: Fraction
    size: Fraction


def shortfall(
    limits: Sequence[Limit],
    guess: Sequence[float],
    tight: Collection[str],
    free: Collection[str],
) -> Fraction | None:
    """By how much limits fall short of each other, proven exactly.

    Weights that the solver found up to its rounding are made exact: the unknowns that they are
    to cancel give linear equations for them, which are solved in fractions.

    Parameters
    ----------
    limits
        Limits with a weight.
    guess
        Their weights, about; positive.
    tight
        Unknowns that the weights cancel. What is left of the others can't be negative.
    free
        Unknowns that may be negative, and have to be cancelled.

    Returns
    -------
    Fraction or None
        A bound from below on what every limit has to be widened by, relative to its size, for a
        point to exist. None if the guess could not be made into a proof.
    """
    weights = _exact(limits, guess, tight)
    if any(weight < 0 for weight in weights):
        return None
    left = _combined(limits, weights)
    if any(value < 0 or (value and name in free) for name, value in left.items()):
        return None
    total = sum((w * one.size for w, one in zip(weights, limits, strict=True)), Fraction())
    short = -sum((w * one.end for w, one in zip(weights, limits, strict=True)), Fraction())
    return short / total if total else None


def _combined(limits: Sequence[Limit], weights: Sequence[Fraction]) -> dict[str, Fraction]:
    left: dict[str, Fraction] = {}
    for limit, weight in zip(limits, weights, strict=True):
        for name, own in limit.weights.items():
            left[name] = left.get(name, Fraction()) + weight * own
    return left


def _exact(
    limits: Sequence[Limit], guess: Sequence[float], tight: Collection[str]
) -> list[Fraction]:
    """Weights near a guess that cancel some unknowns exactly."""
    equations: dict[str, Row] = {}
    for column, limit in enumerate(limits):
        for name, own in limit.weights.items():
            if own and name in tight:
                equations.setdefault(name, {})[column] = own
    solved = _reduced(list(equations.values()))
    # Weights that the equations leave open keep their guess; the others follow.
    exact = [Fraction(weight) for weight in guess]
    for pivot, row in solved.items():
        exact[pivot] = -sum((own * exact[other] for other, own in row.items()), Fraction())
    return exact


def _reduced(equations: list[Row]) -> dict[int, Row]:
    """Solve homogeneous equations: some columns by the others, which none of them solves."""
    solved: dict[int, Row] = {}
    waiting = sorted(equations, key=len)
    for equation in waiting:
        row = dict(equation)
        for pivot in [column for column in row if column in solved]:
            _add(row, solved[pivot], -row.pop(pivot))
        if not row:
            continue
        pivot = min(row)
        own = row.pop(pivot)
        row = {column: value / own for column, value in row.items()}
        for other in solved.values():
            if pivot in other:
                _add(other, row, -other.pop(pivot))
        solved[pivot] = row
    return solved


def _add(row: Row, other: Row, times: Fraction) -> None:
    """Add a multiple of a row to another, and keep no zeros."""
    for column, value in other.items():
        total = row.get(column, Fraction()) + times * value
        if total:
            row[column] = total
        else:
            row.pop(column, None)
