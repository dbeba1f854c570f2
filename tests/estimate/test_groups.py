"""Who is compared with whom: each contrast against a verdict person by person."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.estimate.groups import (
    MEMBER,
    collapse,
    compare,
    comparisons,
    populations,
    treat_unknown,
)
from analysis.vocabulary import (
    ALL,
    NON_UNDERSERVED,
    OTHERS,
    UNDERSERVED,
    Contrast,
    Unknown,
)

Count = Callable[..., pd.DataFrame]
CATEGORIES = ["refugee", "disability", "job_seeker"]
FLAG = st.sampled_from([True, False, None])
PERSON = st.fixed_dictionaries(dict.fromkeys(CATEGORIES, FLAG) | {"y": st.integers(0, 1)})
PEOPLE = st.lists(PERSON, min_size=1, max_size=60)
QUESTIONS = [
    (Contrast.ANY, UNDERSERVED),
    *product((Contrast.MARGINAL, Contrast.COMPLEMENT, Contrast.JOINT), CATEGORIES),
]


def as_cells(people: list[dict[str, Any]], count: Count) -> pd.DataFrame:
    rows = pd.DataFrame(people, columns=[*CATEGORIES, "y"])
    return count(rows.astype(dict.fromkeys(CATEGORIES, "boolean")), CATEGORIES)


def verdict(person: dict[str, Any], contrast: Contrast, group: str) -> str:
    """Side of one person, in the words of the design: group, reference, unknown or neither."""
    flags = [person[name] for name in CATEGORIES]
    if any(flag is True for flag in flags):
        status: bool | None = True
    else:
        status = False if all(flag is False for flag in flags) else None
    sides = {True: "group", False: "reference", None: "unknown"}
    if contrast == Contrast.ANY:
        return sides[status]
    own = person[group]
    if contrast == Contrast.COMPLEMENT:
        return sides[own]
    if contrast == Contrast.JOINT:
        return "unknown" if None in flags else sides[own]
    if own is True:
        return "group"
    if status is False:
        return "reference"
    # Known to be underserved by another category, and not a member: not in this comparison.
    return "neither" if status is True and own is False else "unknown"


@settings(deadline=None, max_examples=60)
@given(PEOPLE, st.sampled_from(QUESTIONS))
def test_each_person_is_where_the_design_says(
    count: Count, people: list[dict[str, Any]], question: tuple[Contrast, str]
) -> None:
    found = compare(as_cells(people, count), CATEGORIES, *question)
    sides: dict[str, list[int]] = {"group": [], "reference": [], "unknown": [], "neither": []}
    for person in people:
        sides[verdict(person, *question)].append(person["y"])
    assert found.counts == {
        "n_group": len(sides["group"]),
        "k_group": sum(sides["group"]),
        "n_reference": len(sides["reference"]),
        "k_reference": sum(sides["reference"]),
    }
    assert found.left_out == len(sides["unknown"])
    own, others = sides["group"], sides["reference"]
    assert found.sides == (sum(own), len(own), sum(others), len(others))


@settings(deadline=None, max_examples=30)
@given(PEOPLE)
def test_populations_are_everyone_both_sides_and_each_category(
    count: Count, people: list[dict[str, Any]]
) -> None:
    found = {
        name: (cells["n"].sum(), cells["successes"].sum(), unknown)
        for name, cells, unknown in populations(as_cells(people, count), CATEGORIES)
    }
    assert list(found) == [ALL, NON_UNDERSERVED, UNDERSERVED, *CATEGORIES]
    assert found[ALL] == (len(people), sum(person["y"] for person in people), 0)
    asked = [
        (NON_UNDERSERVED, Contrast.ANY, UNDERSERVED, "reference"),
        (UNDERSERVED, Contrast.ANY, UNDERSERVED, "group"),
        *((name, Contrast.COMPLEMENT, name, "group") for name in CATEGORIES),
    ]
    for name, contrast, group, side in asked:
        sorted_ = [(verdict(person, contrast, group), person["y"]) for person in people]
        members = [y for place, y in sorted_ if place == side]
        unknown = sum(place == "unknown" for place, _ in sorted_)
        assert found[name] == (len(members), sum(members), unknown)


@settings(deadline=None, max_examples=30)
@given(PEOPLE, st.sampled_from([Unknown.AS_NO, Unknown.AS_YES]), st.sampled_from(QUESTIONS))
def test_unknowns_taken_as_no_or_yes_are_persons_recoded(
    count: Count,
    people: list[dict[str, Any]],
    unknown: Unknown,
    question: tuple[Contrast, str],
) -> None:
    value = unknown == Unknown.AS_YES
    recoded = [
        {name: value if entry is None else entry for name, entry in person.items()}
        for person in people
    ]
    treated = treat_unknown(as_cells(people, count), CATEGORIES, unknown)
    found = compare(treated, CATEGORIES, *question)
    assert found.counts == compare(as_cells(recoded, count), CATEGORIES, *question).counts
    assert found.left_out == 0


def test_unknowns_left_out_stay_unknown(count: Count) -> None:
    cells = as_cells([dict.fromkeys(CATEGORIES) | {"y": 1}], count)
    same = treat_unknown(cells, CATEGORIES, Unknown.LEFT_OUT)
    assert same[CATEGORIES].isna().all(axis=None)


@pytest.mark.parametrize(
    ("contrast", "groups", "reference"),
    [
        (Contrast.ANY, [UNDERSERVED], NON_UNDERSERVED),
        (Contrast.MARGINAL, CATEGORIES, NON_UNDERSERVED),
        (Contrast.COMPLEMENT, CATEGORIES, OTHERS),
        (Contrast.JOINT, CATEGORIES, OTHERS),
    ],
)
def test_a_contrast_has_one_comparison_a_group(
    count: Count, contrast: Contrast, groups: list[str], reference: str
) -> None:
    cells = as_cells([dict.fromkeys(CATEGORIES, True) | {"y": 1}], count)
    found = list(comparisons(cells, CATEGORIES, contrast))
    assert [one.group for one in found] == groups
    assert {one.reference for one in found} == {reference}
    assert {one.contrast for one in found} == {contrast}
    assert all(one.cells[MEMBER].dtype == bool for one in found)


@settings(deadline=None, max_examples=30)
@given(PEOPLE)
def test_collapsing_adds_up_and_drops_cells_without_persons(
    count: Count, people: list[dict[str, Any]]
) -> None:
    cells = as_cells(people, count).astype({"refugee": object}).fillna({"refugee": "unknown"})
    empty = cells.assign(refugee="nobody", n=0, successes=0)
    found = collapse(pd.concat([empty, cells]), ["refugee"]).set_index("refugee")
    expected = cells.groupby("refugee")[["n", "successes"]].sum()
    assert found.sort_index(key=lambda k: k.astype(str)).to_dict() == expected.to_dict()
