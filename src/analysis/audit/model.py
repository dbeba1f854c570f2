"""From printed figures to a system of relations: what is printed, and what must hold between it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from analysis.audit.figures import Figure
from analysis.audit.identities import (
    Assumption,
    Cell,
    Identity,
    outcome_identities,
    period_identities,
)
from analysis.audit.linear import Relation, System
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

    def view(self, taken: Collection[Assumption] = EVERYTHING) -> "View":
        """The system of all figures that can be compared, under some assumptions."""
        held = [one for rests, one in self.identities if rests is None or rests in taken]
        stands = _stand_ins(held)
        # Once equal unknowns are one, many a relation is said twice or says nothing.
        relations = {_said(one): one for one in (_renamed(each, stands) for each in held)}
        figures = {}
        for key, own in self.quantities.items():
            low, high = self.figures[key].interval
            told = [one for each in own for one in each.relations(key, low, high)]
            figures[key] = tuple(_renamed(one, stands) for one in told)
        named = tuple(one for one in relations.values() if one.coefficients)
        return View(System(named, figures), stands)

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


@dataclass(frozen=True)
class View:
    """A model's system, in which unknowns that are equal have been made one.

    Attributes
    ----------
    system
        The system; its figures have the keys of the model's.
    stands
        Which unknown stands for an unknown that is equal to it.
    """

    system: System
    stands: Mapping[str, str]

    def range(self, quantity: Quantity, without: Collection[str] = ()) -> tuple[float, float]:
        """Smallest and greatest value of a quantity, in its unit, if some figures are left out.

        Raises
        ------
        ContradictionError
            If the figures that are kept contradict each other.
        """
        top = _summed(quantity.top, self.stands)
        bottom = None if quantity.bottom is None else _summed(quantity.bottom, self.stands)
        low, high = self.system.range(top, bottom, without)
        return quantity.value(low), quantity.value(high)


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
            numbers = {name for name, _ in _people(counted, period)}
            identities += period_identities(people, numbers, period)
        identities += outcome_identities(names, period)
    return Model(told, own, tuple(identities))


def _stand_ins(identities: Iterable[Relation]) -> dict[str, str]:
    """Which unknown stands for which, where two are equal."""
    stands: dict[str, str] = {}

    def first(name: str) -> str:
        while name in stands:
            name = stands[name]
        return name

    for one in identities:
        if one.low == one.high == 0 and sorted(one.coefficients.values()) == [-1.0, 1.0]:
            kept, gone = sorted(first(name) for name in one.coefficients)
            if kept != gone:
                stands[gone] = kept
    return {name: first(name) for name in stands}


def _summed(terms: Mapping[str, float], stands: Mapping[str, str]) -> dict[str, float]:
    summed: dict[str, float] = {}
    for name, weight in terms.items():
        name = stands.get(name, name)
        summed[name] = summed.get(name, 0.0) + weight
    return {name: weight for name, weight in summed.items() if weight}


def _renamed(relation: Relation, stands: Mapping[str, str]) -> Relation:
    return replace(relation, coefficients=_summed(relation.coefficients, stands))


def _said(relation: Relation) -> tuple[object, ...]:
    return (tuple(sorted(relation.coefficients.items())), relation.low, relation.high)


def _names(own: Iterable[Quantity]) -> set[str]:
    return {name for each in own for name in each.unknowns}


def _people(names: Iterable[str], period: str) -> set[Cell]:
    """Populations and their groups among the unknowns of a period; other unknowns have a unit."""
    parts = (name.split("/") for name in names)
    return {(one[0], one[1]) for one in parts if len(one) == 3 and one[2] == period}
