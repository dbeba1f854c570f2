"""Whether relations have a solution, and how far it can go."""

import itertools
import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analysis.audit.linear import ContradictionError, Relation, System

INF = math.inf
WHOLE = Relation("a and b are the whole", {"a": 1, "b": 1, "whole": -1}, 0, 0)


def equal(name: str, value: float, rounding: float = 0.0) -> tuple[Relation, ...]:
    """A figure that prints one unknown."""
    return (Relation(name, {name: 1}, value - rounding / 2, value + rounding / 2),)


def share(part: str, whole: str, low: float, high: float) -> tuple[Relation, ...]:
    """A figure that prints a share, whose limits may come from any rounding."""
    at_least = Relation(f"{part} at least", {part: 1, whole: -low}, low=0)
    return at_least, Relation(f"{part} at most", {part: 1, whole: -high}, high=0)


FIGURES = {"whole": equal("whole", 100, 4), "a": equal("a", 90, 4), "b": equal("b", 20.5, 1)}


@st.composite
def printed(draw: st.DrawFn) -> tuple[System, dict[str, float]]:
    """Figures printed of a hidden table, and the table."""
    table = {
        f"x{place}": float(draw(st.integers(0, 3000))) for place in range(draw(st.integers(2, 5)))
    }
    names = sorted(table)
    sums = []
    for place in range(draw(st.integers(0, 3))):
        parts = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        table[f"sum{place}"] = sum(table[name] for name in parts)
        sums.append(Relation("sum", dict.fromkeys(parts, 1.0) | {f"sum{place}": -1.0}, 0, 0))
    figures = {}
    for place in range(draw(st.integers(1, 8))):
        one, other = draw(st.permutations(sorted(table)))[:2]
        rounding = draw(st.sampled_from((0, 0.1, 1, 5, 100)))
        if rounding in (0.1, 1) and table[other]:
            percent = round(100 * table[one] / table[other] / rounding) * rounding
            low, high = (percent - rounding / 2) / 100, (percent + rounding / 2) / 100
            figures[f"figure {place}"] = share(one, other, low, high)
        else:
            value = round(table[one] / rounding) * rounding if rounding else table[one]
            figures[f"figure {place}"] = equal(one, value, rounding)
    return System(tuple(sums), figures), table


@given(printed())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_table_that_exists_is_never_called_impossible(
    case: tuple[System, dict[str, float]],
) -> None:
    system, table = case
    assert system.is_feasible()
    told = sorted(
        {name for own in system.figures.values() for one in own for name in one.coefficients}
    )
    for name in told[:2]:
        low, high = system.range({name: 1})
        assert low - 1e-6 * (1 + table[name]) <= table[name] <= high + 1e-6 * (1 + table[name])
    if table[told[-1]]:
        low, high = system.range({told[0]: 1}, over={told[-1]: 1})
        ratio = table[told[0]] / table[told[-1]]
        assert low - 1e-6 * (1 + ratio) <= ratio <= high + 1e-6 * (1 + ratio)


def test_what_is_left_of_a_whole_lies_within_both_roundings() -> None:
    system = System((WHOLE,), FIGURES)
    assert system.range({"b": 1}, without=["b"]) == pytest.approx((6, 14))
    assert system.range({"b": 2, "whole": -1}, without=["b"]) == pytest.approx((-86, -74))


def test_figures_contradict_each_other_only_with_all_that_it_takes() -> None:
    system = System((WHOLE,), FIGURES)
    assert not system.is_feasible()
    assert system.contradiction() == {"whole", "a", "b"}
    assert all(system.is_feasible(pair) for pair in itertools.combinations(FIGURES, 2))
    assert System((), FIGURES).is_feasible()


def test_what_nobody_limits_has_no_end() -> None:
    system = System((Relation("more than", {"a": 1}, low=4), Relation("any", {"b": 1, "c": 1})))
    assert system.range({"a": 1}) == pytest.approx((4, INF))
    assert system.range({"b": 1, "c": -1}) == (-INF, INF)
    assert system.range({}) == (0, 0)


def test_only_what_is_free_may_be_negative() -> None:
    below = Relation("result", {"result": 1}, -3, -2)
    assert System((below,)).contradiction() == frozenset()
    assert System((below,), free=frozenset({"result"})).range({"result": 1}) == pytest.approx(
        (-3, -2)
    )


def test_relations_of_nothing_hold_or_not() -> None:
    assert System((Relation("nothing", {}, 0, 0),)).is_feasible()
    assert not System((Relation("nothing", {}, 1, 1),)).is_feasible()
    assert System(()).is_feasible()


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_the_verdict_does_not_hang_on_the_unit(unit: float) -> None:
    total = Relation("total", {"a": 1, "b": 1, "whole": -1}, 0, 0)
    for value, possible in ((16.06, False), (16.04, True)):
        figures = {
            "whole": equal("whole", 100 * unit, 2 * unit),
            "a": equal("a", 86 * unit, 2 * unit),
            "b": equal("b", value * unit, 0.1 * unit),
        }
        system = System((total,), figures)
        assert system.is_feasible() is possible
        assert system.range({"b": 1}, without=["b"]) == pytest.approx((12 * unit, 16 * unit))


def test_the_last_person_of_a_hundred_million_counts_and_rounding_does_not() -> None:
    def total(value: float) -> System:
        parts = {"a": equal("a", 33_333_333), "b": equal("b", 66_666_667)}
        return System((WHOLE,), parts | {"whole": equal("whole", value)})

    assert total(100_000_000).is_feasible()
    assert not total(100_000_001).is_feasible()
    tenths = {"a": equal("a", 0.1), "b": equal("b", 0.2), "whole": equal("whole", 0.1 + 0.2)}
    assert System((WHOLE,), tenths).is_feasible()
    assert System((WHOLE,), tenths | {"whole": equal("whole", 0.3)}).is_feasible()


def test_a_share_on_the_edge_of_its_rounding_is_possible() -> None:
    counts = {"a": equal("a", 135), "whole": equal("whole", 200)}
    for low, high in ((0.665, 0.675), (0.675, 0.685)):
        system = System((), counts | {"share": share("a", "whole", low, high)})
        assert system.is_feasible()
        assert system.range({"a": 1}, over={"whole": 1}) == pytest.approx((0.675, 0.675))
    assert not System((), counts | {"share": share("a", "whole", 0.6751, 0.685)}).is_feasible()


@given(st.data())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_ratios_have_the_range_that_all_corners_show(data: st.DataObject) -> None:
    """A ratio of linear expressions over a box is least and greatest in corners of it."""
    numbers = st.integers(0, 20)
    names = ("x", "y", "z")[: data.draw(st.integers(1, 3))]
    box = {name: sorted((data.draw(numbers), data.draw(numbers))) for name in names}
    top = {name: data.draw(st.integers(-5, 5)) for name in names}
    below = {name: data.draw(st.integers(0, 5)) for name in names}
    corners = [dict(zip(names, corner, strict=True)) for corner in itertools.product(*box.values())]
    sums = [
        [sum(expression[name] * corner[name] for name in names) for corner in corners]
        for expression in (top, below)
    ]
    assume(min(sums[1]) > 0)
    ratios = [one / other for one, other in zip(*sums, strict=True)]
    system = System(tuple(Relation(name, {name: 1}, *box[name]) for name in names))
    assert system.range(top, over=below) == pytest.approx((min(ratios), max(ratios)), abs=1e-7)
    assert system.range(top) == pytest.approx((min(sums[0]), max(sums[0])), abs=1e-7)


def test_a_ratio_is_looked_at_where_its_denominator_is_positive() -> None:
    system = System((Relation("a", {"a": 1}, 2, 3), Relation("b", {"b": 1}, 0, 4)))
    assert system.range({"a": 1}, over={"b": 1}) == pytest.approx((0.5, INF))
    assert system.range({"b": 1}, over={"b": 1}) == pytest.approx((1, 1))
    nobody = System((Relation("nobody", {"a": 1, "b": 1}, 0, 0),))
    with pytest.raises(ContradictionError, match="never positive"):
        nobody.range({"a": 1}, over={"b": 1})


def test_a_ratio_without_limits_of_its_own_keeps_those_of_the_share() -> None:
    """No solution has a size, so that the range is only approached at either end."""
    system = System((Relation("whole", {"whole": 1}, low=1),), {"s": share("a", "whole", 0.2, 0.3)})
    assert system.range({"a": 1}, over={"whole": 1}) == pytest.approx((0.2, 0.3))


def test_ranges_of_what_cannot_be_are_refused_with_the_figures() -> None:
    system = System((WHOLE,), FIGURES)
    with pytest.raises(ContradictionError, match="a, b, whole"):
        system.range({"a": 1})


def test_names_that_do_not_exist_are_refused() -> None:
    system = System((WHOLE,), FIGURES)
    with pytest.raises(KeyError, match="c"):
        system.is_feasible(["a", "c"])
    with pytest.raises(KeyError, match="c"):
        system.range({"a": 1}, without=["c"])
    with pytest.raises(KeyError, match="c"):
        system.range({"c": 1}, without=["b"])


@pytest.mark.parametrize(
    ("weight", "low", "high"),
    [(1, 2, 1), (1, math.nan, 1), (1, INF, INF), (math.nan, 0, 1), (INF, 0, 1)],
)
def test_relations_that_say_nothing_are_refused(weight: float, low: float, high: float) -> None:
    with pytest.raises(ValueError, match="odd"):
        Relation("odd", {"a": weight}, low, high)


def test_millions_and_hundredths_may_stand_in_one_system() -> None:
    """The unknown x is told only by its ratio to a sum whose other parts are tiny and huge."""
    sums = (
        Relation("t0", {"huge": 1, "x": 1, "tiny": 1, "t0": -1}, 0, 0),
        Relation("t1", {"tiny": 1, "large": 1, "t1": -1}, 0, 0),
    )
    figures = {
        "huge": equal("huge", 23_883_932, 1),
        "tiny": equal("tiny", 0.08, 0.01),
        "t1": equal("t1", 8_835_076, 1),
        "ratio": share("t1", "x", 6104.944665, 6104.944675),
    }
    system = System(sums, figures)
    wanted = (8_835_075.5 / 6104.944675, 8_835_076.5 / 6104.944665)
    assert system.range({"x": 1}) == pytest.approx(wanted, rel=1e-8)
    assert system.range({"large": 1}) == pytest.approx((8_835_075.415, 8_835_076.425), rel=1e-9)
    assert not System(sums, figures | {"x": equal("x", 1447.3, 0.01)}).is_feasible()
    assert System(sums, figures | {"x": equal("x", 1447.2, 0.01)}).is_feasible()
