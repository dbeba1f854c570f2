"""Which figures contradict each other: all minimal sets of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from analysis.audit.linear import Relation, System

CHECKS: Final = 4000
"""How many linear programs to solve at most, which is some seconds' worth."""

HELD: Final = 5000
"""How many ways to resolve all conflicts to keep in mind at most."""


@dataclass(frozen=True)
class Conflicts:
    """Minimal sets of figures that contradict each other.

    Attributes
    ----------
    sets
        Each can't hold jointly with the identities, but can as soon as any one of its figures is
        left out. The smallest come first, then in the order of the system's figures. A single
        empty set means that the identities contradict each other.
    complete
        Whether these are all; if not, the search ended at its limit, of sets or of work.
    """

    sets: tuple[frozenset[str], ...]
    complete: bool


def find_conflicts(system: System, limit: int = 50) -> Conflicts:
    """Find the minimal sets of figures that contradict each other.

    Conflicts and their resolutions (minimal sets of figures without which the rest is feasible)
    are each other's minimal hitting sets (Reiter 1987), so they are found jointly, as in MARCO
    (Liffiton, Previti, Malik and Marques-Silva 2016): a minimal hitting set of the conflicts known
    so far either is a resolution, or the figures that it leaves hold a conflict that is new. When
    all are resolutions, there is no conflict left.

    Parameters
    ----------
    system
        Identities and figures.
    limit
        How many sets to find at most.

    Returns
    -------
    Conflicts
        The same on every call.

    Raises
    ------
    ValueError
        If the limit is no positive number.

    Notes
    -----
    Figures that share no unknown, not even by way of others, can't contradict each other; such
    parts are searched one by one.
    """
    if limit < 1:
        raise ValueError(f"at least 1 conflict has to be asked for, not {limit}")
    found: list[frozenset[str]] = []
    complete, checks = True, CHECKS
    for part in parts_of(system):
        search = _Search(part, limit - len(found), checks)
        complete &= search.run()
        checks -= search.checks
        found += search.conflicts
        if frozenset() in found:
            return Conflicts((frozenset(),), True)
    place = {name: number for number, name in enumerate(system.figures)}
    found.sort(key=lambda one: (len(one), sorted(place[name] for name in one)))
    return Conflicts(tuple(found), complete)
