"""Measures for everyone: rounded, few persons hidden, and nothing that tells of few."""

from collections.abc import Iterable
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.impact.measures import measure_table
from analysis.release.attack import attack
from analysis.release.facts import ReleasedTable
from analysis.release.measures import check_measures
from analysis.release.overlaps import telling_rows
from analysis.release.persons import check_no_persons
from analysis.release.policy import SMALLEST
from analysis.release.results import Release
from analysis.studies import Study
from analysis.vocabulary import ALL, NON_UNDERSERVED, UNDERSERVED, Audience

CATEGORIES = ("job_seeker", "refugee", "carer")
HIDDEN_SMALL, PROTECTS = "hidden=small", "hidden=protects"
TRUE, FALSE, UNKNOWN = 1, 0, -1


def gains(persons: dict[str, int], **values: object) -> pd.DataFrame:
    """Mean gains of groups, each with its persons."""
    plain = {"measure": "salary_gain", "unit": "EUR", "estimate": 4321.0, "ci_low": 3600.0,
             "ci_high": 5042.0, "period": "2022"}  # fmt: skip
    return measure_table(
        [{**plain, "group": group, "n": n, **values} for group, n in persons.items()]
    )


def released(table: pd.DataFrame, categories: tuple[str, ...] = CATEGORIES) -> pd.DataFrame:
    """The table for everyone."""
    return Release(Audience.PUBLIC, categories=categories).measures(table)


def notes(persons: dict[str, int], categories: tuple[str, ...] = CATEGORIES) -> dict[str, str]:
    """What the release says of each group."""
    shown = released(gains(persons), categories)
    return dict(zip(shown["group"], shown["note"], strict=True))


def test_inside_nothing_changes() -> None:
    table = gains({ALL: 312, "refugee": 3})
    pd.testing.assert_frame_equal(Release(Audience.INTERNAL).measures(table), table)


def test_values_are_rounded_to_their_digits_and_persons_to_the_nearest_five() -> None:
    row = Release(Audience.PUBLIC).measures(gains({ALL: 312})).iloc[0]
    assert row[["estimate", "ci_low", "ci_high"]].tolist() == [4300, 3600, 5000]
    assert (row["n"], row["digits"], row["note"]) == (310, -2, "")


def test_a_share_is_rounded_as_a_percentage() -> None:
    share = {"unit": "share", "estimate": 0.48321, "ci_low": 0.44, "ci_high": 0.52}
    assert released(gains({ALL: 900}, **share)).iloc[0]["estimate"] == 0.48


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 1e6), st.floats(0, 500), st.integers(-3, 2), st.booleans())
def test_persons_are_rounded_to_the_nearest_five_whatever_their_digits(
    persons: float, half: float, digits: int, estimated: bool
) -> None:
    ends = {"ci_low": persons - half, "ci_high": persons + half} if estimated else {}
    row = {"measure": "placed_graduates", "unit": "persons", "estimate": persons, **ends}
    shown = released(measure_table([{**row, "digits": digits}])).iloc[0]
    values = shown[["estimate", "ci_low", "ci_high"]].dropna()
    assert len(values) == (3 if estimated else 1)
    assert (values.astype(float) % 5 == 0).all()
    assert abs(shown["estimate"] - persons) <= 2.5 + 10 ** -min(digits, 0) / 2
    assert shown["digits"] == min(digits, 0)


def test_rows_of_no_persons_are_left_as_they_are() -> None:
    table = measure_table(
        [{"measure": "staff", "unit": "EUR", "estimate": 12.0, "note": "given=1"}]
    )
    pd.testing.assert_frame_equal(released(table), table)


def test_a_row_of_few_is_hidden_and_stays_standing() -> None:
    shown = released(gains({ALL: 300, "refugee": 24, "carer": 25}))
    assert shown["note"].tolist() == ["", HIDDEN_SMALL, ""]
    assert shown.iloc[1][["estimate", "ci_low", "ci_high", "n"]].isna().all()
    assert shown["digits"].tolist() == [-2, 0, -2]


@pytest.mark.parametrize("small", [UNDERSERVED, NON_UNDERSERVED])
def test_the_other_side_of_a_small_one_is_hidden(small: str) -> None:
    (other,) = {UNDERSERVED, NON_UNDERSERVED} - {small}
    # Those of whom it is not known are many, so that no sum tells of the few.
    told = notes({ALL: 300, other: 240, small: 12})
    assert told == {ALL: "", other: PROTECTS, small: HIDDEN_SMALL}


@pytest.mark.parametrize(
    ("persons", "hidden"),
    [
        ({ALL: 200, "job_seeker": 176}, {"job_seeker"}),
        ({ALL: 200, "job_seeker": 175}, set()),
        # Everyone is one: nobody is told apart.
        ({ALL: 200, "job_seeker": 200}, set()),
        ({ALL: 300, UNDERSERVED: 200, "job_seeker": 190, NON_UNDERSERVED: 60}, {"job_seeker"}),
        # Those outside a category who are underserved.
        ({ALL: 400, "job_seeker_out": 120, NON_UNDERSERVED: 100}, {"job_seeker_out"}),
        # Those of whom it is not known.
        ({ALL: 210, UNDERSERVED: 120, NON_UNDERSERVED: 80}, {NON_UNDERSERVED}),
        ({ALL: 210, "job_seeker": 90, "job_seeker_out": 110}, {"job_seeker_out"}),
        # Neither of two groups that share nobody.
        ({ALL: 210, "job_seeker": 90, NON_UNDERSERVED: 110}, {"job_seeker"}),
        # Those in two of three categories.
        ({ALL: 400, UNDERSERVED: 190, "carer": 90, "job_seeker": 80, "refugee": 40}, {"refugee"}),
        # Groups that may overlap in any way tell nothing by being about as large.
        ({ALL: 400, "refugee": 60, "carer": 50}, set()),
        # What is no group of persons tells nothing of one.
        ({ALL: 400, UNDERSERVED: 200, "all_placed": 390}, set()),
    ],
)  # fmt: skip
def test_no_two_rows_tell_of_few(persons: dict[str, int], hidden: set[str]) -> None:
    told = notes(persons)
    assert {group for group, note in told.items() if note == PROTECTS} == hidden
    assert HIDDEN_SMALL not in told.values()


def test_what_is_hidden_of_one_measure_is_hidden_of_all_of_the_same_persons() -> None:
    table = pd.concat(
        [
            gains({ALL: 200, "job_seeker": 180}),
            gains({"job_seeker": 180, "refugee": 50}, measure="contributions"),
            gains({"job_seeker": 160, "refugee": 40}, measure="benefits"),
            gains({"job_seeker": 180}, measure="contributions", period="2021"),
        ],
        ignore_index=True,
    )
    assert released(table)["note"].tolist() == ["", PROTECTS, PROTECTS, *[""] * 4]


def test_horizons_of_the_same_persons_are_hidden_together() -> None:
    tables = [gains({ALL: 200, "job_seeker": 190}, horizon=years) for years in (1, 10)]
    assert released(pd.concat(tables, ignore_index=True))["note"].tolist() == [
        "", PROTECTS, "", PROTECTS,
    ]  # fmt: skip


def test_a_measure_of_nobody_in_particular_is_of_all() -> None:
    table = pd.concat([gains({"": 200}), gains({"carer": 190}, measure="salary_after")])
    joined = pd.concat([table, gains({"": 200}, measure="salary_after")], ignore_index=True)
    assert released(joined)["note"].tolist() == ["", PROTECTS, ""]


# ---- Tables together ----------------------------------------------------------------------------


def test_tables_that_tell_together_of_few_are_refused() -> None:
    tables = {
        "salaries": released(gains({ALL: 500, "job_seeker_out": 304})),
        "inputs": released(gains({"job_seeker": 186}, measure="input_pay")),
        "findings": pd.DataFrame({"sentence": ["44,010 in 2022"]}),
    }
    with pytest.raises(InputError, match="all, job_seeker, job_seeker_out in inputs, salaries"):
        check_measures(tables, CATEGORIES)


def test_tables_of_other_persons_or_periods_tell_nothing_together() -> None:
    salaries = released(gains({ALL: 500, "job_seeker_out": 304}))
    for other in (
        gains({ALL: 480, "job_seeker": 186}),
        gains({ALL: 500, "job_seeker": 186}, period="2021"),
        gains({ALL: 500, "job_seeker": 186}, unit="share", estimate=0.5, ci_low=0.4, ci_high=0.6),
    ):
        check_measures({"a": salaries, "b": released(other)}, CATEGORIES)
    check_measures({}, CATEGORIES)


def test_rounded_numbers_are_refused_only_if_the_true_ones_would_be() -> None:
    for small in range(26):
        persons = {ALL: 500, "carer": 500 - small}
        shown = gains(persons).assign(n=[500, 5 * round((500 - small) / 5)])
        try:
            check_measures({"gains": shown}, CATEGORIES)
        except InputError:
            assert telling_rows(persons, CATEGORIES, SMALLEST)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 120), min_size=4, max_size=4))
def test_what_is_released_together_is_never_refused(sizes: list[int]) -> None:
    seekers, carers, both, neither = sizes
    persons = {
        ALL: sum(sizes),
        UNDERSERVED: seekers + carers + both,
        NON_UNDERSERVED: neither,
        "job_seeker": seekers + both,
        "job_seeker_out": carers + neither,
        "carer": carers + both,
    }
    check_measures({"gains": released(gains(persons))}, CATEGORIES)


def test_the_attack_on_counts_passes_over_tables_that_have_none(toy_study: Study) -> None:
    tables = {
        "salaries": released(gains({ALL: 500, "carer": 90, "refugee": 12})),
        "audit": pd.DataFrame(
            {"measure": ["share"], "group": ["refugee"], "value": [36.0], "unit": ["percent"],
             "sentence": ["36%"], "note": [""]}
        ),
        "outcomes": pd.DataFrame({"year": ["2022"], "kind": ["job"], "counted": [40]}),
        "nothing": pd.DataFrame(),
    }  # fmt: skip
    check_no_persons(tables, toy_study)
    assert attack(ReleasedTable(name, table, "toy") for name, table in tables.items()) == []


# ---- An attacker --------------------------------------------------------------------------------


def counted(categories: list[list[int]]) -> tuple[dict[str, int], dict[str, np.ndarray]]:
    """Groups of persons whose categories are known so, and who is in each."""
    flags = np.array(categories)
    inside = {
        ALL: np.ones(len(flags), dtype=int),
        UNDERSERVED: (flags == TRUE).any(axis=1).astype(int),
        NON_UNDERSERVED: (flags == FALSE).all(axis=1).astype(int),
        "job_seeker_out": (flags[:, 0] == FALSE).astype(int),
    }
    for place, name in enumerate(("job_seeker", "refugee", "carer")[: flags.shape[1]]):
        inside[name] = (flags[:, place] == TRUE).astype(int)
    return {group: int(who.sum()) for group, who in inside.items()}, inside


@st.composite
def populations(draw: st.DrawFn) -> list[list[int]]:
    """Persons by the states of two or three categories, some combinations with few of them."""
    width = draw(st.integers(2, 3))
    sizes = st.sampled_from([0, 0, 3, 24, 30, 90])
    kinds = product((TRUE, FALSE, UNKNOWN), repeat=width)
    persons = [list(kind) for kind in kinds for _ in range(draw(sizes))]
    return persons or [[TRUE] * width] * 40


@settings(max_examples=60, deadline=None)
@given(populations())
def test_no_sum_of_few_follows_from_what_is_shown(categories: list[list[int]]) -> None:
    persons, inside = counted(categories)
    told = notes(persons, CATEGORIES[: len(categories[0])])
    shown = [group for group, note in told.items() if not note]
    every = _columns(inside, shown)
    states = list(product((TRUE, FALSE, UNKNOWN), repeat=len(categories[0])))
    rules = _columns(counted([list(one) for one in states])[1], shown)
    sides = {UNDERSERVED, NON_UNDERSERVED}
    if {ALL, *sides} <= set(shown) and persons[ALL] == sum(persons[one] for one in sides):
        # Everyone is on one of the sides, and readers know it.
        rules = rules[_columns(counted([list(one) for one in states])[1], sides).any(axis=1)]
    for signs in product((-1, 0, 1), repeat=len(shown)):
        if (rules @ signs >= 0).all():
            # Whoever it weighs, it weighs none or many.
            total = int((every @ signs).sum())
            assert total == 0 or total >= SMALLEST


def _columns(inside: dict[str, np.ndarray], groups: Iterable[str]) -> np.ndarray:
    """Who is in some groups: a row a person, a column a group."""
    return np.array([inside[ALL], *(inside[group] for group in groups)]).T[:, 1:]


def test_nothing_tells_where_nothing_is_shown() -> None:
    assert telling_rows({}, CATEGORIES, SMALLEST) == ()
    assert telling_rows({ALL: 100}, CATEGORIES, SMALLEST) == ()
