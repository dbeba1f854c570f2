"""Persons in groups that overlap: what their numbers must keep to.

Five categories overlap in 32 combinations, and a number of persons in each would describe a
population whole. No such numbers are needed. Only the totals of the categories, of their union
(the underserved), of those in none and of all are ever printed, and such totals belong to some
population exactly if

    max over c of m_c  ≤  u  ≤  sum over c of m_c,    u + n ≤ N

(the bounds of Boole and of Bonferroni, which Fréchet showed to be sharp). So eight unknowns say of
a population all that figures can tell, as do eight more for each part of it: those who succeed,
those who don't, those funded in one way. Parts add up to the whole in every group.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from analysis.audit.linear import Relation
from analysis.vocabulary import ALL, CATEGORIES, NON_UNDERSERVED, UNDERSERVED

GROUPS: Final = (ALL, UNDERSERVED, NON_UNDERSERVED, *CATEGORIES)


def unknown(measure: str, group: str, period: str) -> str:
    """Name of the unknown number of a measure, in a group and a period."""
    return f"{measure}/{group}/{period}"


def membership(people: Mapping[str, float], period: str) -> list[Relation]:
    """What persons in groups that overlap keep to, some of unknown status perhaps among them.

    Parameters
    ----------
    people
        The population; or how it is summed up of others, as {"applicants": 1, "started": -1}.
    period
        The period.
    """
    label = " ".join(f"{weight:+g} {name}" for name, weight in people.items()) + f" in {period}"

    def kept(name: str, groups: Mapping[str, float]) -> Relation:
        terms = {
            unknown(population, group, period): weight * share
            for population, weight in people.items()
            for group, share in groups.items()
        }
        return Relation(f"{label}: {name}", terms, high=0.0)

    # That the numbers of a single population are not negative goes without saying.
    least = [] if len(people) == 1 else [NON_UNDERSERVED, *CATEGORIES]
    return [
        *(kept(f"{group} not below 0", {group: -1.0}) for group in least),
        *(kept(f"{one} underserved", {one: 1.0, UNDERSERVED: -1.0}) for one in CATEGORIES),
        kept("underserved in a category", {UNDERSERVED: 1.0, **dict.fromkeys(CATEGORIES, -1.0)}),
        kept("none both", {UNDERSERVED: 1.0, NON_UNDERSERVED: 1.0, ALL: -1.0}),
    ]


def status_known(people: str, period: str) -> Relation:
    """Everyone is underserved or non-underserved."""
    name = {group: unknown(people, group, period) for group in GROUPS}
    return Relation(
        f"{name[ALL]}: nobody of unknown status",
        {name[UNDERSERVED]: 1.0, name[NON_UNDERSERVED]: 1.0, name[ALL]: -1.0},
        low=0.0,
        high=0.0,
    )


def somebody(people: str, period: str) -> Relation:
    """There is at least one person; without it, nobody at all would agree with every rate."""
    return Relation(f"{people} in {period}: somebody", {unknown(people, ALL, period): 1.0}, low=1.0)


def partition(
    whole: str, parts: Sequence[str], period: str, groups: Sequence[str] = GROUPS
) -> list[Relation]:
    """The parts add up to the whole in every group."""
    return [
        Relation(
            f"{unknown(whole, group, period)} = {' + '.join(parts)}",
            {
                unknown(whole, group, period): 1.0,
                **{unknown(part, group, period): -1.0 for part in parts},
            },
            low=0.0,
            high=0.0,
        )
        for group in groups
    ]


def within(part: str, whole: str, period: str) -> list[Relation]:
    """Some of a population are a part of it: so are the others."""
    return [*membership({part: 1.0}, period), *membership({whole: 1.0, part: -1.0}, period)]


def composed_as(
    people: str, others: str, period: str, groups: Sequence[str] = GROUPS
) -> list[Relation]:
    """Two populations agree in every group.

    Of a population of which only rates are printed this says no more than that its shares of the
    groups agree: rates leave its size open, so it can be set to the other one's.
    """
    return [
        Relation(
            f"{people} composed as {others}: {group}",
            {unknown(people, group, period): 1.0, unknown(others, group, period): -1.0},
            low=0.0,
            high=0.0,
        )
        for group in groups
    ]


def at_most(smaller: str, greater: str) -> Relation:
    """One unknown is not above another."""
    return Relation(f"{smaller} ≤ {greater}", {smaller: 1.0, greater: -1.0}, high=0.0)
