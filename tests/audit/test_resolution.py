"""The fewest names that hit all sets."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.audit.resolution import fewest_hitting

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
