"""What must hold between the unknowns of a period, by definition or by a named assumption."""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Final

from analysis.audit.linear import Relation
from analysis.audit.people import (
    at_most,
    composed_as,
    membership,
    partition,
    somebody,
    status_known,
)
from analysis.audit.quantities import outcomes_unknown
from analysis.vocabulary import ALL, FUNDING


class Assumption(StrEnum):
    """What is taken for granted beyond definitions; each can be left out."""

    STATUS_KNOWN = "status_known"
    """Every person is underserved or non-underserved: nobody's status is unknown."""
    SAME_YEAR = "same_year"
    """The students of a year are those of its applicants who were admitted and started."""
    EXPECTED_LIKE_STUDENTS = "expected_like_students"
    """Those expected to graduate in a year have the same shares of all groups as its students."""
    RESPONDENTS_LIKE_STUDENTS = "respondents_like_students"
    """Respondents to a year's job survey have the same shares of all groups as its students."""
    SELF_PAID_IS_INDIVIDUAL = "self_paid_is_individual"
    """Whoever pays alone is in individual funding, and everyone else has a third party."""


Identity = tuple[Assumption | None, Relation]
"""A relation, and the assumption that it rests on; none if it holds by definition."""

FUNDED: Final = tuple(f"funded {kind}" for kind in FUNDING)
SELF_PAID: Final = ("self-paid", "third party")
FUNNEL: Final = (
    ("applicants", ("candidates", "not admitted")),
    ("candidates", ("students", "not started")),
)
SUCCESSES: Final = (
    ("expected", ("graduates", "not graduated")),
    ("respondents", ("placed", "not placed")),
)
LIKE_STUDENTS: Final[Mapping[str, Assumption]] = {
    "expected": Assumption.EXPECTED_LIKE_STUDENTS,
    "respondents": Assumption.RESPONDENTS_LIKE_STUDENTS,
}
"""Populations that are taken to be like the students, where only rates of them are printed."""

OUTCOME_GROUPS: Final = (ALL, "path_students", "apprentices")
"""Groups of learners, each within the one before."""


def period_identities(
    told: Collection[str], counted: Collection[str], period: str
) -> list[Identity]:
    """Identities between the populations that figures of a period tell of, and their parts.

    Parameters
    ----------
    told
        Populations and parts of populations that any figure is of. Nothing is said of what no
        figure can touch.
    counted
        Those among them whose numbers are printed, not only rates of them.
    period
        The period.
    """
    successes = {name for whole, parts in SUCCESSES for name in (whole, *parts)}
    # Two populations may be like each other through the students, whom no figure needs to be of.
    told = set(told) | ({"students"} if successes & set(told) else set())
    splits = list(_splits(told))
    found = [
        (assumption, one)
        for assumption, whole, parts in splits
        for one in partition(whole, parts, period)
    ]
    wholes = {whole for _, whole, _ in splits}
    people = wholes | {part for _, _, parts in splits for part in parts}
    for population, assumption in LIKE_STUDENTS.items():
        parts = dict(SUCCESSES)[population]
        if {population, "students"} <= people and not {population, *parts} & set(counted):
            found += [(assumption, one) for one in composed_as(population, "students", period)]
    found += [(None, one) for name in sorted(people) for one in membership(name, period)]
    known = sorted((wholes | {"students"}) & people - {"funded individual"})
    found += [(Assumption.STATUS_KNOWN, status_known(name, period)) for name in known]
    return found + [(None, somebody(name, period)) for name in known]


def _splits(told: set[str]) -> Iterable[tuple[Assumption | None, str, tuple[str, ...]]]:
    """Populations with their parts, of those that are told of."""
    if told & {name for whole, parts in FUNNEL for name in (whole, *parts)}:
        yield from ((Assumption.SAME_YEAR, whole, parts) for whole, parts in FUNNEL)
    for whole, parts in SUCCESSES:
        if told & {whole, *parts}:
            yield None, whole, parts
    if told & {*FUNDED, *SELF_PAID}:
        yield None, "students", FUNDED
    if told & set(SELF_PAID):
        rests = Assumption.SELF_PAID_IS_INDIVIDUAL
        yield rests, "students", SELF_PAID
        yield rests, "funded individual", ("self-paid", "individual by others")


def outcome_identities(names: Collection[str], period: str) -> list[Identity]:
    """Apprentices are path students, and path students are learners."""
    inside = [
        name for group in OUTCOME_GROUPS if (name := outcomes_unknown(group, period)) in names
    ]
    pairs = zip(inside[1:], inside, strict=False)
    return [(None, at_most(smaller, greater)) for smaller, greater in pairs]
