"""What a printed figure is in terms of unknown numbers: a number, or a ratio of two."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from analysis.audit.figures import (
    EVERY_YEAR,
    GROWTH,
    PERCENT,
    UNITS,
    YEAR,
    YEARS,
    Figure,
)
from analysis.audit.linear import Relation
from analysis.audit.people import GROUPS, unknown
from analysis.vocabulary import ALL, FUNDING

PERSONS: Final = "persons"

PEOPLE: Final = (
    "applicants",
    "candidates",
    "students",
    "expected",
    "graduates",
    "respondents",
    "placed",
)
"""Populations of which a count may be printed, whole or by group."""

SHARES: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "admission_rate": (("admitted",), "applicants"),
    "start_rate": (("started",), "admitted"),
    "orientation_rate": (("started",), "applicants"),
    "graduation_rate": (("graduates",), "expected"),
    "placement_rate": (("placed",), "respondents"),
    **{kind: ((f"funded {kind}",), "students") for kind in FUNDING},
    "funded_by_others": (
        ("funded public", "funded apprenticeship", "funded employer"),
        "students",
    ),
    "self_paid": (("self-paid",), "students"),
    "third_party": (("third party",), "students"),
}
"""Measures that are a share of a population: which of its parts, and of whom."""

GROWS: Final[Mapping[str, tuple[str, str]]] = {"apprentices": ("apprentices", ALL)}
"""What grows, where growth of a group is not that of its career outcomes."""

OUTCOMES: Final = "career_outcomes"
EMISSIONS: Final = "emissions_per_person"
LOWER: Final = "times_lower"
IN_PERSON: Final = "in_person_students"

Sum = Mapping[str, float]


@dataclass(frozen=True)
class Quantity:
    """What a figure is, in its own unit: ``scale · top / bottom + offset``.

    Attributes
    ----------
    top, bottom
        Coefficients of unknowns; no bottom is 1.
    scale, offset
        See above.
    least
        What the bottom is at least: whoever prints a rate of a group has counted one person, and
        of nobody any rate would be true.
    """

    top: Sum
    bottom: Sum | None = None
    scale: float = 1.0
    offset: float = 0.0
    least: float = 0.0

    def relations(self, name: str, low: float, high: float) -> tuple[Relation, ...]:
        """The quantity lies between two numbers: linear, for the bottom is not negative."""
        if self.bottom is None:
            ends = ((end - self.offset) / self.scale for end in (low, high))
            return (Relation(name, self.top, *ends),)
        sides = [Relation(name, self.bottom, low=self.least)] if self.least else []
        for end, sign in ((low, 1.0), (high, -1.0)):
            if abs(end) != float("inf"):
                mixed = {one: sign * self.scale * weight for one, weight in self.top.items()}
                for one, weight in self.bottom.items():
                    mixed[one] = mixed.get(one, 0.0) - sign * (end - self.offset) * weight
                sides.append(Relation(name, mixed, low=0.0))
        return tuple(sides)

    @property
    def unknowns(self) -> frozenset[str]:
        """Names of the unknowns that it is of."""
        return frozenset(self.top) | frozenset(self.bottom or ())

    def value(self, ratio: float) -> float:
        """The quantity in the figure's unit, from what a system says of ``top / bottom``."""
        return self.scale * ratio + self.offset


def years_of(figures: Iterable[Figure]) -> list[str]:
    """The years that figures are of, in order."""
    found = set()
    for figure in figures:
        if YEAR.fullmatch(figure.period):
            found.add(figure.period)
        elif spell := YEARS.fullmatch(figure.period):
            found.update(spell.groups())
    return sorted(found)


def quantities(figure: Figure, figures: Iterable[Figure]) -> tuple[Quantity, ...]:
    """What a figure is: one quantity, one for each year if it is of every year, or none.

    Parameters
    ----------
    figure
        The figure.
    figures
        All figures. One of every year is one of the years that others of the same measure and
        group are of, or of all years if there are no such others.

    Returns
    -------
    tuple of Quantity
        Empty if the period is none that figures can be compared in.
    """
    if figure.measure == GROWTH:
        return (_growth(figure),)
    if YEAR.fullmatch(figure.period):
        return (_quantity(figure, figure.period),)
    if figure.period != EVERY_YEAR:
        return ()
    alike = [one for one in figures if (one.measure, one.group) == (figure.measure, figure.group)]
    years = years_of(alike) or years_of(figures) or [EVERY_YEAR]
    return tuple(_quantity(figure, year) for year in years)


def _quantity(figure: Figure, period: str) -> Quantity:
    measure, group, unit = figure.measure, figure.group, figure.unit
    if group in GROUPS:
        if measure in PEOPLE and unit == PERSONS:
            return Quantity({unknown(measure, group, period): 1.0})
        if measure == "share" and unit == PERCENT:
            return _share({unknown("students", group, period): 1.0}, "students", ALL, period)
        if measure in SHARES and unit == PERCENT:
            parts, whole = SHARES[measure]
            top = {unknown(part, group, period): 1.0 for part in parts}
            return _share(top, whole, group, period)
    if measure == LOWER:
        return Quantity(
            {_plain(EMISSIONS, IN_PERSON, period, "kg CO2e"): 1.0},
            {_plain(EMISSIONS, group, period, "kg CO2e"): 1.0},
        )
    base, factor = UNITS.get(unit, (unit, 1.0))
    return Quantity({_plain(measure, group, period, base): 1.0}, scale=1 / factor)


def _share(top: Sum, whole: str, group: str, period: str) -> Quantity:
    return Quantity(top, {unknown(whole, group, period): 1.0}, scale=100.0, least=1.0)


def _growth(figure: Figure) -> Quantity:
    spell = YEARS.fullmatch(figure.period)
    assert spell is not None, "growth without years is refused when it is read"
    measure, group = GROWS.get(figure.group, (OUTCOMES, figure.group))
    unit = "outcomes" if measure == OUTCOMES else PERSONS
    before, after = (_plain(measure, group, year, unit) for year in spell.groups())
    return Quantity({after: 1.0}, {before: 1.0}, scale=100.0, offset=-100.0, least=1.0)


def _plain(measure: str, group: str, period: str, unit: str) -> str:
    """Name of an unknown that nothing but figures of the same thing is told of.

    The unit is part of it, so that numbers of unlike things are never compared.
    """
    return f"{unknown(measure, group, period)}/{unit}"


def outcomes_unknown(group: str, period: str) -> str:
    """Name of the unknown number of career outcomes."""
    return _plain(OUTCOMES, group, period, "outcomes")
