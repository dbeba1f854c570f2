"""Kaplan-Meier curves and restricted means against R and lifelines, and what must hold of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import export_times
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter

from analysis.estimate.duration.survival import Curve, Statistic, share_interval, two_curves

EXAMPLES = settings(max_examples=30, deadline=None)
VALUES = json.loads((Path(__file__).parents[2] / "reference" / "times.json").read_text())
FRAMES: dict[str, Callable[[], pd.DataFrame]] = {
    "rossi": export_times.rossi_frame,
    "lung": export_times.lung_frame,
}
RTOL = 1e-9


def time_cells(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Cells of persons' rows with `month` and `y`."""
    grouped = rows.groupby([*by, "month"], as_index=False)["y"]
    return grouped.agg(n="size", successes="sum")


def curve(rows: pd.DataFrame, cluster: str | None = None) -> Curve:
    cells = time_cells(rows, [cluster] if cluster else [])
    found, nobody = two_curves(cells, cells.iloc[:0], cluster)
    assert nobody is None
    assert found is not None
    return found


def curves(rows: pd.DataFrame, cluster: str | None = None) -> tuple[Curve, Curve]:
    cells = time_cells(rows, ["group", *([cluster] if cluster else [])])
    group, reference = two_curves(cells[cells["group"] == 1], cells[cells["group"] == 0], cluster)
    assert group is not None
    assert reference is not None
    return group, reference


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("side", ["group", "reference"])
def test_curves_are_those_of_r(name: str, side: str) -> None:
    rows, values = FRAMES[name](), VALUES[name]
    own = rows[rows["group"] == (side == "group")]
    plain, clustered = curve(own), curve(own, "cluster_site")
    groups = own["cluster_site"].nunique()
    for i, month in enumerate(values["horizons"]):
        told = {key: column[i] for key, column in values[side].items()}
        share = plain.placed_by(month)
        assert 1 - share.value == pytest.approx(told["survival"], rel=RTOL)
        assert plain.followed(month) == told["at_risk"]
        assert share.std_error == pytest.approx(told["greenwood"], rel=RTOL)
        interval = share_interval(share, 0.95)
        assert 1 - interval.high == pytest.approx(told["lower"], rel=RTOL)
        assert 1 - interval.low == pytest.approx(told["upper"], rel=RTOL)
        mean = plain.restricted_mean(month)
        assert mean.value == pytest.approx(told["restricted_mean"], rel=RTOL)
        assert mean.std_error == pytest.approx(told["restricted_mean_error"], rel=RTOL)
        # R's survfit has no factor G/(G - 1).
        error = clustered.placed_by(month).std_error * np.sqrt((groups - 1) / groups)
        assert error == pytest.approx(told["cluster"], rel=RTOL)


def test_curves_are_those_of_lifelines() -> None:
    rows = export_times.lung_frame()
    theirs = KaplanMeierFitter().fit(rows["month"], rows["y"])
    ours = curve(rows)
    assert ours.survival == pytest.approx(
        theirs.survival_function_at_times(range(ours.last + 1)).to_numpy(), rel=1e-9
    )


ROWS = st.lists(
    st.tuples(
        st.integers(0, 9), st.booleans(), st.booleans(), st.integers(0, 11), st.sampled_from("abc")
    ),
    min_size=2,
    max_size=60,
).map(lambda rows: pd.DataFrame(rows, columns=["month", "y", "group", "site", "level"]))
BOTH_SIDES = ROWS.filter(lambda rows: rows["group"].nunique() == 2)


@EXAMPLES
@given(rows=ROWS)
def test_squared_influence_adds_up_to_greenwood(rows: pd.DataFrame) -> None:
    found = curve(rows)
    d, y = found.events, found.at_risk
    for month in range(found.last + 1):
        share = found.placed_by(month)
        assert share.counts.sum(axis=0) @ share.influence == pytest.approx(0, abs=1e-12)
        if d[month] < y[month] and found.survival[month] > 0:
            terms = d[: month + 1] / (y[: month + 1] * (y[: month + 1] - d[: month + 1]))
            greenwood = found.survival[month] * np.sqrt(terms.sum())
            assert share.std_error == pytest.approx(greenwood, abs=1e-12)


@EXAMPLES
@given(rows=ROWS)
def test_influence_is_the_derivative_by_a_persons_weight(rows: pd.DataFrame) -> None:
    """By 1,000,000 copies of the data and a single copy more of one person."""
    found, copies = curve(rows), 10**6
    one = rows.iloc[[0]]
    kind = int(one["month"].iloc[0]) + (0 if one["y"].iloc[0] else found.last + 1)
    heavier = found.counts * copies
    heavier[0, kind] += 1
    more = Curve(heavier, clustered=False)
    step = copies * (more.survival - found.survival)
    assert step == pytest.approx(found.influence[kind], abs=1e-4)


@EXAMPLES
@given(rows=BOTH_SIDES)
def test_with_all_followed_to_the_end_it_is_the_share(rows: pd.DataFrame) -> None:
    rows = rows.assign(month=np.where(rows["y"], rows["month"], 10))
    group, reference = curves(rows)
    for one, member in ((group, True), (reference, False)):
        own = rows[rows["group"] == member]
        share = one.placed_by(9) if one.reaches(9) else one.placed_by(one.last)
        p = (own["y"] & (own["month"] <= 9)).mean()
        assert share.value == pytest.approx(p)
        assert share.std_error == pytest.approx(np.sqrt(p * (1 - p) / len(own)), abs=1e-9)
        waited = np.where(own["y"], own["month"], 10).clip(max=9)
        if one.reaches(9):
            assert one.restricted_mean(9).value == pytest.approx(waited.mean())


@EXAMPLES
@given(rows=BOTH_SIDES, seed=st.integers(0, 99))
def test_a_difference_is_of_independent_sides_whatever_the_order(
    rows: pd.DataFrame, seed: int
) -> None:
    group, reference = curves(rows)
    month = min(group.last, reference.last)
    told = group.placed_by(month).minus(reference.placed_by(month))
    squares = group.placed_by(month).std_error ** 2 + reference.placed_by(month).std_error ** 2
    assert told.std_error == pytest.approx(np.sqrt(squares))
    again, other = curves(rows.sample(frac=1, random_state=seed))
    back = other.placed_by(month).minus(again.placed_by(month))
    assert (back.value, back.std_error) == pytest.approx((-told.value, told.std_error))


@EXAMPLES
@given(rows=BOTH_SIDES)
def test_twice_the_persons_halve_the_variance(rows: pd.DataFrame) -> None:
    for once, twice in zip(curves(rows), curves(pd.concat([rows, rows])), strict=True):
        for month in range(once.last + 1):
            for name in ("placed_by", "restricted_mean"):
                one: Statistic = getattr(once, name)(month)
                two: Statistic = getattr(twice, name)(month)
                assert two.value == pytest.approx(one.value)
                assert two.std_error == pytest.approx(one.std_error / np.sqrt(2), abs=1e-12)


@EXAMPLES
@given(rows=BOTH_SIDES)
def test_each_person_a_cluster_gives_the_errors_of_persons(rows: pd.DataFrame) -> None:
    rows = rows.assign(own=[f"{i:03d}" for i in range(len(rows))])
    month = 0
    plain = [one.restricted_mean(month + 3) for one in curves(rows)]
    clustered = [one.restricted_mean(month + 3) for one in curves(rows, "own")]
    difference = clustered[0].minus(clustered[1])
    factor = len(rows) / (len(rows) - 1)
    expected = plain[0].minus(plain[1]).std_error * np.sqrt(factor)
    assert difference.std_error == pytest.approx(expected, abs=1e-12)
    assert difference.clusters == len(rows)


def test_sides_that_share_clusters_are_not_independent() -> None:
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"site": np.repeat([f"s{i:02d}" for i in range(40)], 20)})
    rows["group"] = np.tile([0, 1], 400)
    rows["month"] = rng.geometric(0.05 + 0.2 * rng.random(40)[rows.index // 20])
    rows["y"] = rows["month"] <= 9
    rows["month"] = rows["month"].clip(upper=9)
    group, reference = curves(rows, "site")
    sides = [one.placed_by(9) for one in (group, reference)]
    both = sides[0].minus(sides[1])
    assert both.std_error < 0.7 * np.hypot(*(one.std_error for one in sides))
    assert both.freedom == 39
    assert both.too_few is None


def test_few_clusters_carry_no_interval() -> None:
    rows = pd.DataFrame({"month": [1, 2, 3, 4] * 6, "y": [True, False] * 12, "group": 1})
    few = curve(rows.assign(site=[f"s{i % 9}" for i in range(24)]), "site").placed_by(3)
    assert few.too_few == 9
    assert np.isnan(share_interval(few, 0.95).low)
    side = rows.assign(site=[f"s{i % 3}" for i in range(24)])
    others = rows.assign(site=[f"t{i % 20:02d}" for i in range(24)], group=0)
    group, reference = curves(pd.concat([side, others]), "site")
    assert group.placed_by(2).minus(reference.placed_by(2)).too_few == 3


@pytest.mark.parametrize(
    ("month", "y", "reached"),
    [([3], [True], True), ([3], [False], False), ([2, 3], [False, True], True)],
)
def test_a_curve_ends_where_nobody_was_followed_unless_all_had_the_event(
    month: list[int], y: list[bool], reached: bool
) -> None:
    found = curve(pd.DataFrame({"month": month, "y": y}))
    assert found.reaches(3)
    assert found.reaches(12) is reached
    if reached:
        assert found.placed_by(12).value == 1
        assert found.placed_by(12).std_error == 0
        assert found.followed(12) == 0


def test_shares_of_none_and_of_all_have_no_interval() -> None:
    none = curve(pd.DataFrame({"month": [3, 4], "y": [False, False]})).placed_by(3)
    every = curve(pd.DataFrame({"month": [3, 3], "y": [True, True]})).placed_by(3)
    for share, value in ((none, 0), (every, 1)):
        found: Any = share_interval(share, 0.95)
        assert found.value == value
        assert np.isnan([found.low, found.high]).all()
