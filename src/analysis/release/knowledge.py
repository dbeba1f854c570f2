"""What a reader of released tables knows of the counts behind them, as linear constraints."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from analysis.release.policy import ROUNDED_TO
from analysis.vocabulary import ALL, NON_UNDERSERVED, UNDERSERVED

ROUNDED_AWAY: Final = (ROUNDED_TO - 1) // 2
"""A whole number that was rounded lies within so many of the multiple shown."""

SLACK: Final = 1e-9

Owner = tuple[str, ...]
"""Names what a reader knows something from."""


class Population(NamedTuple):
    """Persons counted together: those in an outcome's denominator, or its successes.

    Attributes
    ----------
    study, cohort
        Whose persons.
    outcome
        Name of the outcome.
    part
        One of `DENOMINATOR`, `SUCCESSES` and `FAILURES`, or another part of the denominator.
    """

    study: str
    cohort: str
    outcome: str
    part: str


DENOMINATOR: Final = "denominator"
SUCCESSES: Final = "successes"
FAILURES: Final = "failures"


class Cell(NamedTuple):
    """A count: how many of a population are in a group; named below."""

    population: Population
    group: str


Terms = Mapping[Cell, float]


@dataclass(frozen=True)
class Constraint:
    """A weighted sum of counts that lies between two numbers.

    Attributes
    ----------
    terms
        Weight of each count.
    low, high
        Limits of the sum; infinite where there is none.
    owner
        What a reader knows it from, which may be hidden; None if it holds in any case.
    """

    terms: Terms
    low: float
    high: float
    owner: Owner | None = None


@dataclass
class Knowledge:
    """All that a reader knows; counts are at least zero.

    Attributes
    ----------
    links
        Populations that are the same persons as another, which stands for them.
    constraints
        What was learned, once each.
    """

    links: Mapping[Population, Population] = field(default_factory=dict)
    constraints: list[Constraint] = field(default_factory=list)
    _seen: set[object] = field(default_factory=set)

    def cell(self, cell: Cell) -> Cell:
        """The count that stands for this one."""
        return Cell(self.links.get(cell.population, cell.population), cell.group)

    def learn(self, terms: Terms, low: float, high: float, owner: Owner | None = None) -> None:
        """Add that a weighted sum of counts lies between two numbers."""
        merged: dict[Cell, float] = {}
        for cell, weight in terms.items():
            merged[self.cell(cell)] = merged.get(self.cell(cell), 0.0) + weight
        kept = {cell: weight for cell, weight in merged.items() if weight}
        key = (frozenset(kept.items()), low, high, owner)
        if kept and key not in self._seen:
            self._seen.add(key)
            self.constraints.append(Constraint(kept, low, high, owner))

    def rounded(self, cells: Iterable[Cell], shown: float, owner: Owner | None = None) -> None:
        """Add that the sum of counts was rounded to the number shown."""
        low = max(shown - ROUNDED_AWAY, 0)
        self.learn(dict.fromkeys(cells, 1.0), low, shown + ROUNDED_AWAY, owner)

    def equal(self, whole: Cell, parts: Sequence[Cell]) -> None:
        """Add that a count is the sum of others."""
        self.learn({whole: 1.0} | dict.fromkeys(parts, -1.0), 0, 0)

    def within(self, part: Cell, whole: Cell) -> None:
        """Add that a group is part of another."""
        if part != whole:
            self.learn({whole: 1.0, part: -1.0}, 0, float("inf"))

    def rate(
        self, persons: Sequence[Cell], successes: Sequence[Cell], rate: float, digits: int,
        owner: Owner | None = None,
    ) -> None:  # fmt: skip
        """Add that a share of persons was rounded to so many decimals of a percentage."""
        reach = 0.5 * 10.0 ** -(digits + 2) + SLACK
        for bound, low, high in (
            (rate - reach, 0.0, float("inf")),
            (rate + reach, float("-inf"), 0.0),
        ):
            terms = dict.fromkeys(successes, 1.0)
            for cell in persons:
                terms[cell] = terms.get(cell, 0.0) - bound
            self.learn(terms, low, high, owner)


# ---- Groups of a population and how they add up -------------------------------------------------

JOINER: Final = " + "
"""Between the categories in the name of a combination."""

NOT_TOLD: Final = "unknown"
"""Those of whom it is not known whether they are underserved."""

ALL_KNOWN: Final = "all known"
"""Those of whom every category is known."""


def without(category: str) -> str:
    """Those known not to be in a category."""
    return f"not {category}"


def unsure(category: str) -> str:
    """Those of whom it is not known whether they are in a category."""
    return f"{category} unknown"


def among_known(group: str) -> str:
    """Those of a category, or known not to be in it, whose other categories are known too."""
    return f"{group}, all known"


def combined(combination: str) -> str:
    """Those known to be in just these categories, whatever is unknown of the others."""
    names = {"": NOT_TOLD, NON_UNDERSERVED: NON_UNDERSERVED}
    return names.get(combination, f"just {combination}")


def stratum(combination: str) -> str:
    """Those in these categories, and known to be in no other."""
    if combination == NON_UNDERSERVED:
        return NON_UNDERSERVED
    return among_known(combined(combination))


def add_up(
    known: Knowledge,
    population: Population,
    categories: Sequence[str],
    combinations: Sequence[str] = (),
    strata: Sequence[str] = (),
) -> None:
    """Add how the groups of a population make each other up.

    Parameters
    ----------
    known
        What is added to.
    population
        Whose groups.
    categories
        Names of all categories, which overlap.
    combinations
        All combinations that anyone is known to be in, as `overlap` lists them; none if not told.
    strata
        All combinations among those whose categories are all known; none if not told.
    """

    def cell(group: str) -> Cell:
        return Cell(population, group)

    known.equal(cell(ALL), [cell(UNDERSERVED), cell(NON_UNDERSERVED), cell(NOT_TOLD)])
    known.within(cell(ALL_KNOWN), cell(ALL))
    sums = dict.fromkeys(map(cell, categories), 1.0)
    known.learn(sums | {cell(UNDERSERVED): -1.0}, 0, float("inf"))
    # Who is underserved and known throughout is underserved.
    beyond = {cell(UNDERSERVED): 1.0, cell(NON_UNDERSERVED): 1.0, cell(ALL_KNOWN): -1.0}
    known.learn(beyond, 0, float("inf"))
    for name in categories:
        inside, outside = cell(name), cell(without(name))
        inside_known, outside_known = cell(among_known(name)), cell(among_known(without(name)))
        known.equal(cell(ALL), [inside, outside, cell(unsure(name))])
        known.equal(cell(ALL_KNOWN), [inside_known, outside_known])
        known.within(inside, cell(UNDERSERVED))
        known.within(inside_known, inside)
        known.within(outside_known, outside)
        known.within(cell(NON_UNDERSERVED), outside_known)
    if combinations:
        told = {name: cell(combined(name)) for name in combinations}
        known.equal(cell(UNDERSERVED), members(told))
        for name in categories:
            known.equal(cell(name), members(told, name))
    if strata:
        told = {name: cell(stratum(name)) for name in strata}
        known.equal(cell(ALL_KNOWN), list(told.values()))
        for name in categories:
            known.equal(cell(among_known(name)), members(told, name))
    for name in sorted(set(combinations).intersection(strata)):
        known.within(cell(stratum(name)), cell(combined(name)))


def members(told: Mapping[str, Cell], category: str | None = None) -> list[Cell]:
    """Counts of the combinations that a category is part of; of any if none is named."""
    parts = {name: name.split(JOINER) for name in told if name not in ("", NON_UNDERSERVED)}
    return [told[name] for name, part in parts.items() if category is None or category in part]
