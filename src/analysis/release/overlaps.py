"""Which sums over few persons follow from sums over overlapping groups."""

from collections.abc import Collection, Mapping
from functools import cache
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from analysis.vocabulary import ALL, NON_UNDERSERVED, UNDERSERVED, LearnerKind

OUTSIDE: Final = "_out"
"""Ends the name of a group of those known not to be in a category."""
MOST: Final = 3
"""How often a group is added or subtracted at most."""
YES, NO, UNKNOWN = "yes", "no", "unknown"


def telling_rows(persons: Mapping[str, int], smallest: int) -> tuple[str, ...]:
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
        Of each group, how many persons it has: `ALL`, `UNDERSERVED`, `NON_UNDERSERVED`, the
        categories, and the categories' names with `_out` for those outside. All groups are of
        the same persons. Learner kinds are groups of which only the whole is known to hold them.
    smallest
        Fewer persons are few.

    Returns
    -------
    tuple of str
        The groups that tell; empty if none do.
    """
    groups = tuple(sorted(persons))
    if len(groups) < 2:
        return ()
    inside = _kinds_of_persons(groups)
    counted = np.array([persons[group] for group in groups], dtype=float)
    twice = [np.hstack([one, -one]) for one in (inside, counted[np.newaxis, :])]
    found = milp(
        np.ones(2 * len(groups)),
        constraints=[
            LinearConstraint(twice[0], lb=0),
            LinearConstraint(twice[1], lb=1, ub=smallest - 1),
        ],
        bounds=Bounds(0, MOST),
        integrality=np.ones(2 * len(groups)),
    )
    if found.x is None:
        return ()
    plus, minus = np.round(found.x).reshape(2, -1)
    return tuple(group for group, a in zip(groups, plus - minus, strict=True) if a)


@cache
def _kinds_of_persons(groups: tuple[str, ...]) -> NDArray[np.float64]:
    """Which groups a person may be in at once: a row a kind of person, a column a group."""
    kinds = [str(kind) for kind in LearnerKind if kind in groups]
    named = {group.removesuffix(OUTSIDE) for group in groups}
    # Where no category is named, some still make persons underserved.
    categories = sorted(named.difference((ALL, UNDERSERVED, NON_UNDERSERVED), kinds)) or [""]
    rows = {
        _member(groups, dict(zip([*categories, *kinds], states, strict=True)), kinds)
        for states in product((YES, NO, UNKNOWN), repeat=len(categories) + len(kinds))
    }
    return np.array(sorted(rows), dtype=float)


def _member(
    groups: tuple[str, ...], states: Mapping[str, str], kinds: Collection[str]
) -> tuple[bool, ...]:
    """Of which groups a person is whose categories, and kinds of learner, are known so."""
    known = {state for name, state in states.items() if name not in kinds}
    named = {ALL: True, UNDERSERVED: YES in known, NON_UNDERSERVED: known == {NO}}
    for name, state in states.items():
        named |= {name: state == YES, name + OUTSIDE: state == NO}
    return tuple(named.get(group, False) for group in groups)
