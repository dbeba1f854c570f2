"""Minimal sets of figures that contradict each other."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analysis.audit import conflicts
from analysis.audit.conflicts import find_conflicts, parts_of
from analysis.audit.linear import Relation, System
from analysis.audit.program import Program


def sums_to(whole: str, *parts: str) -> Relation:
    """An identity."""
    return Relation(f"{whole} is a sum", dict.fromkeys(parts, 1.0) | {whole: -1.0}, 0, 0)


def about(name: str, value: float, within: float = 0.5) -> tuple[Relation, ...]:
    """A figure that prints one unknown."""
    return (Relation(name, {name: 1}, value - within, value + within),)


def totals(faults: int) -> System:
    """Sums, each of three figures that don't fit, and all part of one total."""
    figures = {}
    for place in range(faults):
        figures |= {f"a{place}": about(f"a{place}", 10), f"b{place}": about(f"b{place}", 20)}
        figures |= {f"sum{place}": about(f"sum{place}", 35)}
    sums = [sums_to(f"sum{place}", f"a{place}", f"b{place}") for place in range(faults)]
    total = sums_to("total", *(f"sum{place}" for place in range(faults)))
    return System((*sums, total), figures)


def sets(system: System, limit: int = 1000) -> list[set[str]]:
    found = find_conflicts(system, limit)
    assert found.complete
    return [set(one) for one in found.sets]


def test_what_is_known_is_not_searched_for_again() -> None:
    system = totals(3)
    found = find_conflicts(system)
    for count in range(4):
        assert find_conflicts(system, known=found.sets[:count]) == found


def test_what_is_known_saves_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    violation = Program.violation

    def counted(self: Program, lines: NDArray[np.bool_]) -> float:
        asked.append(int(lines.sum()))
        return violation(self, lines)

    monkeypatch.setattr(Program, "violation", counted)
    found = find_conflicts(totals(4))
    without = len(asked)
    asked.clear()
    find_conflicts(totals(4), known=found.sets)
    assert len(asked) < without - len(found.sets)


def test_of_a_known_set_that_is_not_minimal_the_smaller_is_found() -> None:
    system = totals(2)
    known = frozenset({"a0", "b0", "sum0", "a1"})
    assert find_conflicts(system, known=[known]) == find_conflicts(system)


def test_known_sets_count_as_found() -> None:
    system = totals(3)
    found = find_conflicts(system)
    again = find_conflicts(system, 1, found.sets[:1])
    assert again.sets == found.sets[:1]
    assert not again.complete


def test_three_figures_of_a_sum_that_is_wrong() -> None:
    figures = {"whole": about("whole", 100), "a": about("a", 30), "b": about("b", 60)}
    figures["c"] = about("c", 12.1)
    system = System((sums_to("whole", "a", "b", "c"),), figures)
    assert sets(system) == [{"whole", "a", "b", "c"}]
    at_the_edge_of_all_roundings = figures | {"c": about("c", 12)}
    assert sets(System(system.relations, at_the_edge_of_all_roundings)) == []


def test_a_chain_is_broken_by_its_ends() -> None:
    chain = tuple(
        Relation(
            f"x{place} is no more than the next", {f"x{place}": 1, f"x{place + 1}": -1}, high=0
        )
        for place in range(6)
    )
    figures = {
        f"x{place}": about(f"x{place}", value) for place, value in enumerate((9, 3, 4, 5, 6, 7, 8))
    }
    assert sets(System(chain, figures)) == [{"x0", f"x{place}"} for place in range(1, 6)]
    assert sets(System(chain, figures | {"x6": about("x6", 2)}))[:2] == [{"x0", "x1"}, {"x0", "x2"}]


def test_two_conflicts_that_have_nothing_in_common() -> None:
    figures = {"a": about("a", 1), "other a": about("a", 3), "b": about("b", 5)}
    figures |= {"other b": about("b", 7), "c": about("c", 5)}
    assert sets(System((), figures)) == [{"a", "other a"}, {"b", "other b"}]


def test_conflicts_that_one_total_links_are_found_one_by_one() -> None:
    expected = [{f"a{place}", f"b{place}", f"sum{place}"} for place in range(3)]
    assert sets(totals(3)) == expected


def test_a_figure_of_several_relations_is_blamed_as_a_whole() -> None:
    both = (*about("a", 10), *about("b", 20))
    figures = {"both": both, "a": about("a", 12), "b": about("b", 22)}
    assert sets(System((), figures)) == [{"both", "a"}, {"both", "b"}]
    assert sets(System((), {"alone": (*about("a", 1), *about("a", 3))})) == [{"alone"}]


def test_identities_that_cannot_hold_blame_no_figure() -> None:
    wrong = (Relation("a", {"a": 1}, 5, 6), Relation("not a", {"a": 1}, 1, 2))
    figures = {"b": about("b", 1), "other b": about("b", 3), "a": about("a", 5)}
    assert sets(System(wrong, figures)) == [set()]
    assert find_conflicts(System(wrong, figures), limit=1).complete


def test_figures_that_say_nothing_are_in_no_conflict() -> None:
    assert sets(System((), {"silent": (), "a": about("a", 1)})) == []
    assert sets(System(())) == []


def test_the_limit_is_kept_and_told() -> None:
    system = totals(4)
    assert find_conflicts(system, 4).complete
    some = find_conflicts(system, 3)
    assert len(some.sets) == 3
    assert not some.complete
    apart = System((), {f"{n}{k}": about(f"x{n}", 3 * k) for n in range(3) for k in range(2)})
    assert [len(find_conflicts(apart, limit).sets) for limit in (1, 2, 3, 4)] == [1, 2, 3, 3]
    assert [find_conflicts(apart, limit).complete for limit in (2, 3)] == [False, True]
    with pytest.raises(ValueError, match="at least 1"):
        find_conflicts(system, 0)


@pytest.mark.parametrize("bound", ["CHECKS", "HELD"])
def test_a_search_that_ends_for_its_work_says_so(
    bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five linked faults have 243 resolutions, more than are looked at."""
    monkeypatch.setattr(conflicts, bound, 60)
    found = find_conflicts(totals(5))
    assert len(found.sets) == 5
    assert not found.complete


def test_parts_share_neither_unknown_nor_figure() -> None:
    figures = {"a": about("a", 1), "bc": (*about("b", 1), *about("c", 1)), "d": about("d", 1)}
    parts = list(parts_of(System((sums_to("d", "e"),), figures, frozenset({"a"}))))
    assert [list(part.figures) for part in parts] == [["d"], ["a"], ["bc"]]
    assert [len(part.relations) for part in parts] == [1, 0, 0]
    assert all(part.free == {"a"} for part in parts)


@st.composite
def systems(draw: st.DrawFn) -> System:
    """Any small system."""
    names = st.sampled_from([f"x{place}" for place in range(draw(st.integers(1, 5)))])

    def relation(name: str) -> Relation:
        weights = draw(st.dictionaries(names, st.integers(-3, 3), min_size=1, max_size=3))
        low = draw(st.integers(-20, 40))
        return Relation(name, weights, low, low + draw(st.sampled_from((0, 1, 10, math.inf))))

    identities = tuple(relation("identity") for _ in range(draw(st.integers(0, 2))))
    figures = {
        f"figure {place}": tuple(relation("figure") for _ in range(draw(st.integers(1, 2))))
        for place in range(draw(st.integers(1, 6)))
    }
    return System(identities, figures)


@given(systems())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_all_minimal_sets_are_found_and_no_other(system: System) -> None:
    """Held against trying all sets of figures."""
    expected: list[frozenset[str]] = []
    for size in range(len(system.figures) + 1):
        for some in itertools.combinations(system.figures, size):
            if not any(one <= set(some) for one in expected) and not system.is_feasible(some):
                expected.append(frozenset(some))
    found = find_conflicts(system)
    assert found.complete
    assert found.sets == tuple(expected)


@given(st.data())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_figure_moved_beyond_what_the_others_leave_is_found(data: st.DataObject) -> None:
    """Printed of a hidden table all fits; then one figure is moved."""
    count = data.draw(st.integers(2, 5))
    table = {f"x{place}": float(data.draw(st.integers(0, 5000))) for place in range(count)}
    identities = []
    for place in range(data.draw(st.integers(1, 3))):
        parts = data.draw(
            st.lists(st.sampled_from(sorted(table)), min_size=2, max_size=3, unique=True)
        )
        table[f"sum{place}"] = sum(table[name] for name in parts)
        identities.append(sums_to(f"sum{place}", *parts))
    rounding = data.draw(st.sampled_from((1, 10, 100)))
    printed = {name: round(value / rounding) * rounding for name, value in table.items()}
    figures = {name: about(name, value, rounding / 2) for name, value in printed.items()}
    assert find_conflicts(System(tuple(identities), figures)).sets == ()
    moved = data.draw(st.sampled_from(sorted(table)))
    low, high = System(tuple(identities), figures).range({moved: 1}, without=[moved])
    further = rounding / 2 + data.draw(st.sampled_from((0.01, 1, 1000)))
    beyond = data.draw(st.sampled_from([low - further] + [high + further] * math.isfinite(high)))
    figures |= {moved: about(moved, beyond, rounding / 2)}
    found = find_conflicts(System(tuple(identities), figures))
    assert found.complete
    assert found.sets
    assert all(moved in one for one in found.sets)


def test_the_same_conflicts_come_in_the_same_order() -> None:
    chain = totals(3)
    assert find_conflicts(chain) == find_conflicts(totals(3))
    turned = System(chain.relations, dict(reversed(chain.figures.items())))
    assert find_conflicts(turned).sets == find_conflicts(chain).sets[::-1]
