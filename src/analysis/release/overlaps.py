"""Which sums over few persons follow from sums over overlapping groups."""

from collections.abc import Collection, Mapping
from functools import cache
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from analysis.vocabulary import ALL, NON_UNDERSERVED, UNDERSERVED

OUTSIDE: Final = "_out"
"""Ends the name of a group of those known not to be in a category."""
MOST: Final = 3
"""How often a group is added or subtracted at most."""
YES, NO, UNKNOWN = "yes", "no", "unknown"


def telling_rows(
    persons: Mapping[str, int],
    categories: Collection[str],
    smallest: int,
    rounded_away: float = 0.0,
) -> tuple[str, ...]:
    """Find groups whose sums, added and subtracted, give a sum over few persons.

    A person is in each category, not in it, or nobody knows. Whole numbers a_g of groups are
    looked for with

        sum_g a_g [person in g] >= 0   whatever is true of a person, and
        1 <= sum_g a_g n_g < smallest,

    for these weigh only 1 to `smallest` - 1 persons. Of all such numbers those with the smallest
    sum of |a_g| are taken, found by integer programming.

    Parameters
    ----------
    persons
        Of each group, how many persons it has, all out of the same ones; see `is_population`.
    categories
        Names of the study's categories.
    smallest
        Fewer persons are few.
    rounded_away
        How far each number may be from the true one: only what tells of few persons whatever the
        true ones are is then found.

    Returns
    -------
    tuple of str
        The groups that tell; empty if none do.
    """
    groups = tuple(sorted(persons))
    if len(groups) < 2:
        return ()
    inside = _kinds_of_persons(groups, tuple(sorted(categories)))
    counted = np.array([[persons[group] for group in groups]], dtype=float)
    most, least = (np.hstack([counted, -counted]) + off for off in (rounded_away, -rounded_away))
    found = milp(
        np.ones(2 * len(groups)),
        constraints=[
            LinearConstraint(np.hstack([inside, -inside]), lb=0),
            LinearConstraint(least, lb=1),
            LinearConstraint(most, ub=smallest - 1),
        ],
        bounds=Bounds(0, MOST),
        integrality=np.ones(2 * len(groups)),
    )
    if found.x is None:
        return ()
    plus, minus = np.round(found.x).reshape(2, -1)
    return tuple(group for group, a in zip(groups, plus - minus, strict=True) if a)


def is_population(group: str, categories: Collection[str]) -> bool:
    """Whether a group is one of persons: all, a side, a category, or those outside of one."""
    plain = (ALL, UNDERSERVED, NON_UNDERSERVED)
    return group in plain or group.removesuffix(OUTSIDE) in categories


@cache
def _kinds_of_persons(groups: tuple[str, ...], categories: tuple[str, ...]) -> NDArray[np.float64]:
    """Which groups a person may be in at once: a row a kind of person, a column a group."""
    named = [name for name in categories if {name, name + OUTSIDE} & set(groups)]
    # All categories that no group is of are as good as one.
    unnamed = [""] if len(named) < len(categories) or not named else []
    rows = {
        _member(groups, dict(zip(named + unnamed, states, strict=True)))
        for states in product((YES, NO, UNKNOWN), repeat=len(named) + len(unnamed))
    }
    return np.array(sorted(rows), dtype=float)


def _member(groups: tuple[str, ...], states: Mapping[str, str]) -> tuple[bool, ...]:
    """Of which groups a person is whose categories are known so."""
    known = set(states.values())
    member = {ALL: True, UNDERSERVED: YES in known, NON_UNDERSERVED: known == {NO}}
    for name, state in states.items():
        member |= {name: state == YES, name + OUTSIDE: state == NO}
    return tuple(member[group] for group in groups)
