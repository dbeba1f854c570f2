"""Which figures contradict each other: all minimal sets of them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from analysis.audit.linear import Relation, System

CHECKS: Final = 1000
"""How many linear programs to solve at most, which is some seconds' worth."""

HELD: Final = 2000
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


def find_conflicts(
    system: System, limit: int = 50, known: Collection[frozenset[str]] = ()
) -> Conflicts:
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
        How many sets to find at most, those known among them.
    known
        Sets that are known to contradict each other; they need not be found again. Of those that
        turn out not to be minimal, smaller ones are found.

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
    if not system.is_feasible(()):
        return Conflicts((frozenset(),), True)
    found: list[frozenset[str]] = []
    complete, checks = True, CHECKS
    for part in _contradictory(system, known):
        own = [one for one in known if one <= part.figures.keys()]
        search = _Search(part, limit - len(found), checks, own)
        complete &= search.run()
        checks -= search.checks
        found += search.conflicts
    place = {name: number for number, name in enumerate(system.figures)}
    found.sort(key=lambda one: (len(one), sorted(place[name] for name in one)))
    return Conflicts(tuple(found), complete)


def _contradictory(system: System, known: Collection[frozenset[str]]) -> list[System]:
    """Parts in which figures contradict each other."""
    parts = list(parts_of(system))
    part_of = {name: number for number, part in enumerate(parts) for name in part.figures}
    faulty = {part_of[name] for one in known for name in one}
    kept = [name for name in part_of if part_of[name] not in faulty]
    while against := system.contradiction(kept):
        faulty |= {part_of[name] for name in against}
        kept = [name for name in kept if part_of[name] not in faulty]
    return [parts[number] for number in sorted(faulty)]


def parts_of(system: System) -> Iterator[System]:
    """Sort a system into parts that have no unknown and no figure in common.

    Parts are in the order of their first relation, identities first.
    """
    told: list[tuple[str | None, Relation]] = [(None, one) for one in system.relations]
    told += [(name, one) for name, relations in system.figures.items() for one in relations]
    # Relations, figures and unknowns are the nodes of one graph, relations numbered first.
    number: dict[tuple[str, str], int] = {}
    edges: list[tuple[int, int]] = []
    for place, (figure, relation) in enumerate(told):
        ends = [("unknown", name) for name in relation.coefficients]
        ends += [] if figure is None else [("figure", figure)]
        edges += [(place, number.setdefault(end, len(told) + len(number))) for end in ends]
    nodes = len(told) + len(number)
    places = np.array(edges, dtype=np.intp).reshape(-1, 2).T
    graph = coo_array((np.ones(len(edges)), (places[0], places[1])), shape=(nodes, nodes))
    labels = connected_components(graph, directed=False)[1] if nodes else np.array([])
    for label in dict.fromkeys(labels[: len(told)]):
        own = [told[place] for place in range(len(told)) if labels[place] == label]
        figures: dict[str, tuple[Relation, ...]] = {}
        for figure, relation in own:
            if figure is not None:
                figures[figure] = (*figures.get(figure, ()), relation)
        identities = tuple(relation for figure, relation in own if figure is None)
        yield System(identities, figures, system.free)


class _Search:
    """Search of one part; sets of figures are the bits of an integer, the first figure first."""

    def __init__(
        self, system: System, limit: int, most: int, known: Collection[frozenset[str]]
    ) -> None:
        self.checks = 0
        self._system = system
        self._limit, self._most = limit, most
        self._names = list(system.figures)
        self._bit = {name: 1 << number for number, name in enumerate(self._names)}
        self._found = [sum(self._bit[name] for name in one) for one in known]
        self._feasible: list[int] = []

    @property
    def conflicts(self) -> list[frozenset[str]]:
        """Minimal sets of figures found so far."""
        return [frozenset(self._named(one)) for one in _smallest(self._found)]

    def run(self) -> bool:
        """Search up to the limit, and tell whether all were found."""
        everything = (1 << len(self._names)) - 1
        hitting = _HittingSets()
        for one in _smallest(self._found):
            hitting.hit(one)
        while hitting.waiting:
            if self.checks >= self._most:
                return False
            left_out = hitting.waiting[0]
            against = self._core(everything & ~left_out)
            if against is None:
                hitting.settle(left_out)
                continue
            if len(self._found) >= self._limit:
                return False
            conflict = self._minimal(against)
            self._found.append(conflict)
            hitting.hit(conflict)
        return hitting.all_held

    def _named(self, figures: int) -> list[str]:
        return [name for name, bit in self._bit.items() if figures & bit]

    def _core(self, figures: int) -> int | None:
        """Figures that contradict each other, among some figures; None if they are feasible."""
        if any(not figures & ~more for more in self._feasible):
            return None
        self.checks += 1
        against = self._system.contradiction(self._named(figures))
        if against is None:
            self._feasible.append(figures)
            return None
        return sum(self._bit[name] for name in against)

    def _minimal(self, figures: int) -> int:
        """Leave out of a contradiction each figure that it stays one without."""
        kept = figures
        for bit in _bits(figures):
            if kept & bit:
                less = self._core(kept & ~bit)
                kept = kept if less is None else less
        return kept


class _HittingSets:
    """All minimal sets that share a figure with each conflict known so far (Berge 1989).

    Attributes
    ----------
    waiting
        Those that may or may not be resolutions, the smallest first.
    all_held
        Whether none had to be forgotten.
    """

    def __init__(self) -> None:
        self.waiting = [0]
        self.all_held = True
        self._settled: list[int] = []

    def settle(self, one: int) -> None:
        """Say that a set is a resolution: it shares a figure with all conflicts still to come."""
        self.waiting.remove(one)
        self._settled.append(one)

    def hit(self, conflict: int) -> None:
        """Take in one more conflict."""
        hits = [one for one in self.waiting if one & conflict]
        grown = []
        for bit in _bits(conflict):
            # A set that grows by a figure is not minimal if another has no more than that.
            rivals = [one ^ bit for one in self._settled + hits if one & conflict == bit]
            grown += [
                one | bit
                for one in self.waiting
                if not one & conflict and not any(not rival & ~one for rival in rivals)
            ]
        self.waiting = sorted(hits + grown, key=lambda one: (one.bit_count(), one))
        self.all_held &= len(self.waiting) <= HELD
        del self.waiting[HELD:]


def _smallest(sets: list[int]) -> list[int]:
    """Sets that hold no other one."""
    return [one for one in sets if not any(less != one and not less & ~one for less in sets)]


def _bits(figures: int) -> Iterator[int]:
    while figures:
        bit = figures & -figures
        yield bit
        figures ^= bit
