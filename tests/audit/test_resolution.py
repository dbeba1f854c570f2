"""The fewest names that hit all sets, and values for them."""

from collections.abc import Callable
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.audit.figures import Figure
from analysis.audit.model import EVERYTHING, build_model
from analysis.audit.resolution import fewest_hitting, resolve

Make = Callable[..., Figure]

NAMES = "abcdefg"


@settings(max_examples=60, deadline=None, derandomize=True)
@given(sets=st.lists(st.sets(st.sampled_from(NAMES), min_size=1, max_size=4), max_size=8))
def test_no_fewer_names_hit_all_sets(sets: list[set[str]]) -> None:
    found = fewest_hitting(sets, NAMES)
    assert all(one & set(found) for one in sets)
    fewer = combinations(NAMES, max(0, len(found) - 1))
    assert not sets or not any(all(one & set(few) for one in sets) for few in fewer)


def test_no_sets_need_no_names() -> None:
    assert fewest_hitting([], NAMES) == ()


def test_names_in_more_sets_come_first_and_then_the_later_ones() -> None:
    sets = ["ab", "ac", "cd"]
    assert fewest_hitting(sets, NAMES) == ("a", "c")
    assert fewest_hitting(["bd"], NAMES) == ("d",)


def test_each_value_agrees_with_those_proposed_before(make: Make) -> None:
    """10 refugees of 1,000 may stay, but are 1% then and not 10%."""
    share = make("share", "refugee", 10)
    members, everyone = (
        make("students", group, count, "persons")
        for group, count in (("refugee", 10), ("all", 1000))
    )
    model = build_model([share, members, everyone, make("share", "job_seeker", 50)])
    found = resolve(model, [members.key, share.key], EVERYTHING)
    first, second = found.corrections
    assert (first.figure, first.printable) == (members, 10)
    assert (second.figure, second.printable) == (share, 1)
    assert found.doubtful == ()


def test_a_figure_without_a_value_does_not_keep_others_from_theirs(make: Make) -> None:
    """Of 1,000 no whole number is 10.63%."""
    share = make("share", "refugee", 10.63, rounding=0.01)
    members, everyone, seekers = (
        make("students", group, count, "persons")
        for group, count in (("refugee", 103), ("all", 1000), ("job_seeker", 1200))
    )
    model = build_model([share, members, everyone, seekers])
    found = resolve(model, [members.key, seekers.key], ())
    assert [one.printable for one in found.corrections] == [None, 1000]


def test_nothing_to_correct_is_nothing_proposed(make: Make) -> None:
    assert resolve(build_model([make("share", "refugee", 10)]), [], EVERYTHING).corrections == ()
