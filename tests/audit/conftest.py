"""Figures by a few words, and reports on persons drawn at random, whose figures are all true."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.audit.figures import (
    Figure,
    Place,
    Printed,
    merge,
    published_files,
    read_printed,
)
from analysis.vocabulary import ALL, CATEGORIES, FUNDING, NON_UNDERSERVED, UNDERSERVED

Make = Callable[..., Figure]
Report = Callable[..., Printed]

Person = dict[str, bool | str]


def _figure(
    measure: str,
    group: str,
    value: float,
    unit: str = "percent",
    rounding: float = 1,
    relation: str = "equal",
    period: str = "2022",
) -> Figure:
    place = Place("draft.csv", 2, "Section", f"{measure} of {group}", "")
    return Figure(measure, group, period, relation, value, unit, rounding, (place,))


@pytest.fixture(scope="session")
def make() -> Make:
    """Give the function that makes a figure, by default a percentage of 2022 to the whole point."""
    return _figure


@pytest.fixture(scope="session")
def published(repository: Path) -> Printed:
    """Give what the provider printed of 2022."""
    return read_printed(published_files(repository, 2022))


@pytest.fixture(scope="session")
def report() -> Report:
    """Give the function that draws persons and prints true figures of them."""
    return _report


def _report(seed: int, known: bool = True, alike: bool = True) -> Printed:
    """Figures of persons drawn at random, with the roundings of a report.

    Parameters
    ----------
    seed
        Of the draws.
    known
        Whether everybody's status is known.
    alike
        Whether those expected to graduate and those who answer are just the students; otherwise
        they are others, drawn from them unevenly.
    """
    rng = random.Random(seed)
    applicants = [_person(rng, known) for _ in range(rng.randint(20, 400))]
    students = [one for one in applicants if one["started"]] or applicants[:1]
    for one in students:
        one["started"] = True
    expected, respondents = students, students
    if not alike:
        expected = [one for one in students if rng.random() < 0.3 + 0.6 * bool(one["refugee"])]
        respondents = [
            one for one in students if rng.random() < 0.9 - 0.6 * bool(one["disability"])
        ]
    figures = [
        _count("applicants", ALL, len(applicants)),
        _count("candidates", ALL, sum(bool(one["admitted"]) for one in applicants)),
        *_rates("orientation_rate", "started", applicants, rng),
        *_rates("graduation_rate", "graduated", expected, rng),
        *_rates("placement_rate", "placed", respondents, rng),
        *_composition(students, rng),
        *_funding(students, rng),
    ]
    return Printed(merge(figures))


def _person(rng: random.Random, known: bool) -> Person:
    lean = rng.random()
    person: Person = {name: rng.random() < lean * share for name, share in _OFTEN.items()}
    # Persons of unknown status are those of whom no category is known to be true.
    person["known"] = known or rng.random() < 0.8
    person["admitted"] = rng.random() < 0.5
    person["started"] = bool(person["admitted"]) and rng.random() < 0.4 + 0.4 * lean
    person["graduated"] = rng.random() < lean
    person["placed"] = rng.random() < 1 - lean / 2
    person["funding"] = rng.choice([*FUNDING, "public", "public"])
    return person


_OFTEN = dict(zip(CATEGORIES, (0.9, 0.7, 0.15, 0.05, 0.15), strict=True))


def _members(people: list[Person], group: str) -> list[Person]:
    if group == ALL:
        return people
    if group in CATEGORIES:
        return [one for one in people if one[group]]
    underserved = [one for one in people if any(one[name] for name in CATEGORIES)]
    if group == UNDERSERVED:
        return underserved
    return [one for one in people if one not in underserved and one["known"]]


def _groups(people: list[Person]) -> list[tuple[str, list[Person]]]:
    names = (ALL, UNDERSERVED, NON_UNDERSERVED, *CATEGORIES)
    return [(name, own) for name in names if (own := _members(people, name))]


def _count(measure: str, group: str, number: int) -> Figure:
    return _figure(measure, group, number, "persons")


def _percent(measure: str, group: str, part: int, whole: int, rng: random.Random) -> Figure:
    rounding = rng.choice([1, 1, 1, 0.1, 10])
    value = round(round(100 * part / whole / rounding) * rounding, 9)
    return _figure(measure, group, value, rounding=rounding)


def _rates(measure: str, success: str, people: list[Person], rng: random.Random) -> list[Figure]:
    return [
        _percent(measure, group, sum(bool(one[success]) for one in own), len(own), rng)
        for group, own in _groups(people)
    ]


def _composition(students: list[Person], rng: random.Random) -> list[Figure]:
    figures = [_figure("students", ALL, len(students) // 100 * 100, "persons", 100, "at_least")]
    for group, own in _groups(students):
        figures.append(_count("students", group, len(own)))
        figures.append(_percent("share", group, len(own), len(students), rng))
    return figures


def _funding(students: list[Person], rng: random.Random) -> list[Figure]:
    return [
        _percent(kind, group, sum(one["funding"] == kind for one in own), len(own), rng)
        for group, own in _groups(students)
        for kind in FUNDING
    ]
