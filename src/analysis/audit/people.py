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

from collections.abc import Sequence
from typing import Final

from analysis.audit.linear import Relation
from analysis.vocabulary import ALL, CATEGORIES, NON_UNDERSERVED, UNDERSERVED

GROUPS: Final = (ALL, UNDERSERVED, NON_UNDERSERVED, *CATEGORIES)


def unknown(measure: str, group: str, period: str) -> str:
    """Name of the unknown number of a measure, in a group and a period."""
    return f"{measure}/{group}/{period}"


def membership(people: str, period: str) -> list[Relation]:
    """What persons in groups that overlap keep to, some of unknown status perhaps among them."""
    name = {group: unknown(people, group, period) for group in GROUPS}
    union = name[UNDERSERVED]
    members = [name[category] for category in CATEGORIES]
    return [
        *(at_most(member, union) for member in members),
        Relation(
            f"{union} ≤ sum of the categories",
            {union: 1.0, **dict.fromkeys(members, -1.0)},
            high=0.0,
        ),
        Relation(
            f"{union} and {name[NON_UNDERSERVED]} exclude each other",
            {union: 1.0, name[NON_UNDERSERVED]: 1.0, name[ALL]: -1.0},
            high=0.0,
        ),
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


def partition(whole: str, parts: Sequence[str], period: str) -> list[Relation]:
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
        for group in GROUPS
    ]


def composed_as(people: str, others: str, period: str) -> list[Relation]:
    """Two populations have the same shares of every group.

    Rates leave the size of a population open, so it can be set to the other one's.
    """
    return [
        Relation(
            f"{people} composed as {others}: {group}",
            {unknown(people, group, period): 1.0, unknown(others, group, period): -1.0},
            low=0.0,
            high=0.0,
        )
        for group in GROUPS
    ]


def at_most(smaller: str, greater: str) -> Relation:
    """One unknown is not above another."""
    return Relation(f"{smaller} ≤ {greater}", {smaller: 1.0, greater: -1.0}, high=0.0)
