"""The fewest figures that resolve all conflicts."""

from collections.abc import Collection, Sequence

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp


def fewest_hitting(sets: Collection[Collection[str]], names: Sequence[str]) -> tuple[str, ...]:
    """Find the fewest names of which each set holds at least one.

    Parameters
    ----------
    sets
        Sets of names.
    names
        All names. Of several smallest answers that is taken whose names are in the most sets, and
        then that whose names come later: what sums others up tends to follow them.

    Returns
    -------
    tuple of str
        In the order of `names`; empty if there are no sets.
    """
    used = [name for name in names if any(name in one for one in sets)]
    if not used:
        return ()
    rows = np.array([[name in one for name in used] for one in sets], dtype=float)
    # What a name is in sums to less than one name, so it never buys a larger answer; nor does the
    # order, which decides between names that are in equally many sets.
    often = rows.sum(axis=0) / (rows.sum() + 1)
    late = np.arange(len(used)) / len(used) ** 2 / (rows.sum() + 1)
    chosen = milp(
        1 - 0.5 * often - 0.5 * late,
        constraints=LinearConstraint(rows, lb=1),
        bounds=Bounds(0, 1),
        integrality=np.ones(len(used)),
    ).x
    return tuple(name for name, taken in zip(used, chosen, strict=True) if taken > 0.5)
