"""From printed figures to a system of relations: what is printed, and what must hold between it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from analysis.audit.figures import Figure
from analysis.audit.identities import (
    Assumption,
    Identity,
    outcome_identities,
    period_identities,
)
from analysis.audit.linear import System
from analysis.audit.quantities import Quantity, quantities

EVERYTHING: Final = frozenset(Assumption)


@dataclass(frozen=True)
class Model:
    """Figures as a system of relations.

    Attributes
    ----------
    figures
        All figures, by their key.
    quantities
        What each is, by the same key; those that can't be compared are left out.
    identities
        What must hold between the unknowns, each with the assumption that it rests on, if any.
    """

    figures: Mapping[str, Figure]
    quantities: Mapping[str, tuple[Quantity, ...]]
    identities: tuple[Identity, ...]

    def system(self, taken: Collection[Assumption] = EVERYTHING) -> System:
        """The system of all figures that can be compared, under some assumptions."""
        relations = tuple(one for rests, one in self.identities if rests is None or rests in taken)
        figures = {}
        for key, own in self.quantities.items():
            low, high = self.figures[key].interval
            figures[key] = tuple(one for each in own for one in each.relations(key, low, high))
        return System(relations, figures)

    def of(self, keys: Collection[str]) -> "Model":
        """The model of some of the figures, without the identities that they don't touch."""
        return build_model(
            (figure for key, figure in self.figures.items() if key in set(keys)),
            {key: own for key, own in self.quantities.items() if key in set(keys)},
        )

    @cached_property
    def alone(self) -> tuple[Figure, ...]:
        """Figures that nothing can contradict, for no other speaks of what they are of."""
        speakers: dict[str, set[str]] = {}
        for key, own in self.quantities.items():
            for name in _names(own):
                speakers.setdefault(name, set()).add(key)
        bound = {name for _, one in self.identities for name in one.coefficients}
        compared = {
            key
            for key, own in self.quantities.items()
            if any(name in bound or len(speakers[name]) > 1 for name in _names(own))
        }
        return tuple(figure for key, figure in self.figures.items() if key not in compared)


def build_model(
    figures: Iterable[Figure], known: Mapping[str, tuple[Quantity, ...]] | None = None
) -> Model:
    """Put figures into a model with the identities between what they are of.

    Parameters
    ----------
    figures
        The figures, each once.
    known
        What each is, by its key, where that is known: which years a figure of every year is of
        depends on the figures beside it.
    """
    told = {figure.key: figure for figure in figures}
    if known is None:
        known = {key: quantities(figure, told.values()) for key, figure in told.items()}
    own = {key: each for key, each in known.items() if each}
    every = [each for one in own.values() for each in one]
    names = {name for each in every for name in each.unknowns}
    counted = {name for each in every if each.bottom is None for name in each.top}
    identities: list[Identity] = []
    for period in sorted({name.split("/")[2] for name in names}):
        people = _people(names, period)
        if people:
            identities += period_identities(people, _people(counted, period), period)
        identities += outcome_identities(names, period)
    return Model(told, own, tuple(identities))


def _names(own: Iterable[Quantity]) -> set[str]:
    return {name for each in own for name in each.unknowns}


def _people(names: Iterable[str], period: str) -> set[str]:
    """Populations and parts of a period among the unknowns; other unknowns have a unit too."""
    parts = (name.split("/") for name in names)
    return {one[0] for one in parts if len(one) == 3 and one[2] == period}
