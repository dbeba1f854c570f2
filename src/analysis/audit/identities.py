"""What must hold between the unknowns of a period, by definition or by a named assumption."""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from itertools import pairwise
from typing import Final

from analysis.audit.linear import Relation
from analysis.audit.people import (
    GROUPS,
    at_most,
    composed_as,
    membership,
    partition,
    somebody,
    status_known,
    unknown,
    within,
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

Cell = tuple[str, str]
"""A population, or a part of one, and a group of it."""

FUNDED: Final = tuple(f"funded {kind}" for kind in FUNDING)
SELF_PAID: Final = ("self-paid", "third party")
SUCCESSES: Final[Mapping[str, str]] = {"expected": "graduates", "respondents": "placed"}
LIKE_STUDENTS: Final[Mapping[str, Assumption]] = {
    "expected": Assumption.EXPECTED_LIKE_STUDENTS,
    "respondents": Assumption.RESPONDENTS_LIKE_STUDENTS,
}
"""Populations that are taken to be like the students, where only rates of them are printed."""

OUTCOME_GROUPS: Final = (ALL, "path_students", "apprentices")
"""Groups of learners, each within the one before."""


def period_identities(
    told: Collection[Cell], counted: Collection[str], period: str
) -> list[Identity]:
    """Identities between the populations that figures of a period tell of, and their parts.

    Parameters
    ----------
    told
        Populations, or parts of populations, with the groups in which any figure is of them.
        Nothing is said of what no figure can touch.
    counted
        Populations whose numbers are printed, not only rates of them.
    period
        The period.
    """
    names = {name for name, _ in told}
    by_group = {name for name, group in told if group != ALL}
    found = [*_successes(names, set(counted), period), *_funnel(names, by_group, period)]
    found += _funding(names, period)
    touched = {name.split("/")[0] for _, one in found for name in one.coefficients} | names
    if "students" in touched:
        found += [(None, one) for one in membership({"students": 1.0}, period)]
        found += _whole("students", period)
    return found


def _successes(told: set[str], counted: set[str], period: str) -> Iterable[Identity]:
    """Those expected to graduate and the graduates, respondents and the placed."""
    for whole, part in SUCCESSES.items():
        if not told & {whole, part}:
            continue
        yield from ((None, one) for one in within(part, whole, period))
        yield from ((None, one) for one in membership({whole: 1.0}, period))
        yield from _whole(whole, period)
        if not counted & {whole, part}:
            like = composed_as(whole, "students", period)
            yield from ((LIKE_STUDENTS[whole], one) for one in like)


def _funnel(told: set[str], by_group: set[str], period: str) -> Iterable[Identity]:
    """Applicants, those of them admitted, those of these started; candidates and students."""
    if not told & {"applicants", "admitted", "started", "candidates"}:
        return
    steps = ["applicants", "admitted", "started"]
    if not by_group & {"admitted", "candidates"}:
        # Told of all persons only, the admitted may be the same share, of those who did not start,
        # in each group. So nothing follows from them but for all persons.
        steps.remove("admitted")
        for less, more in (("started", "admitted"), ("admitted", "applicants")):
            yield None, at_most(unknown(less, ALL, period), unknown(more, ALL, period))
    for whole, part in pairwise(steps):
        yield from ((None, one) for one in within(part, whole, period))
    yield from ((None, one) for one in membership({"applicants": 1.0}, period))
    yield from _whole("applicants", period)
    for part, others in (("admitted", "candidates"), ("started", "students")):
        groups = GROUPS if part in steps else (ALL,)
        same = composed_as(part, others, period, groups)
        yield from ((Assumption.SAME_YEAR, one) for one in same)


def _funding(told: set[str], period: str) -> Iterable[Identity]:
    """Students by who pays for them."""
    if not told & {*FUNDED, *SELF_PAID}:
        return
    yield from ((None, one) for one in partition("students", FUNDED, period))
    for kind in FUNDED:
        yield from ((None, one) for one in membership({kind: 1.0}, period))
    if told & {*SELF_PAID}:
        rests = Assumption.SELF_PAID_IS_INDIVIDUAL
        for one in partition("students", SELF_PAID, period):
            yield rests, one
        for group in GROUPS:
            names = (unknown(name, group, period) for name in ("self-paid", "funded individual"))
            yield rests, at_most(*names)


def _whole(people: str, period: str) -> Iterable[Identity]:
    yield Assumption.STATUS_KNOWN, status_known(people, period)
    yield None, somebody(people, period)


def outcome_identities(names: Collection[str], period: str) -> list[Identity]:
    """Apprentices are path students, and path students are learners."""
    inside = [
        name for group in OUTCOME_GROUPS if (name := outcomes_unknown(group, period)) in names
    ]
    pairs = zip(inside[1:], inside, strict=False)
    return [(None, at_most(smaller, greater)) for smaller, greater in pairs]
