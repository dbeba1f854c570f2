"""Which figures contradict each other: all minimal sets of them."""

from dataclasses import dataclass

from analysis.audit.linear import System


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
        Whether these are all; if not, the search ended at its limit.
    """

    sets: tuple[frozenset[str], ...]
    complete: bool


def find_conflicts(system: System, limit: int = 50) -> Conflicts:
    """Find the minimal sets of figures that contradict each other.

    Parameters
    ----------
    system
        Identities and figures.
    limit
        How many sets to find at most.
    """
    raise NotImplementedError
