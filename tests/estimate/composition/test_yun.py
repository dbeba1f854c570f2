"""Yun's decomposition: values and errors of R, and what must not change it."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import export_data
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from analysis.estimate.composition.yun import Part, yun_parts
from analysis.estimate.covariance import cluster_codes
from analysis.estimate.fits import INTERCEPT, NotEstimableError
from analysis.estimate.groups import MEMBER
from analysis.vocabulary import Estimand

Count = Callable[..., pd.DataFrame]
COVARIATES = ["a", "b"]


def by_name(parts: list[Part]) -> dict[str, Part]:
    """Parts by the names that R gives them."""
    return {f"{part.estimand}:{part.term}".rstrip(":"): part for part in parts}


def told(cells: pd.DataFrame, covariates: list[str], **options: Any) -> dict[str, Part]:
    return by_name(yun_parts(cells, covariates, **options)[0])


@pytest.fixture(scope="module", params=["loanapp", "fair"])
def case(request: pytest.FixtureRequest, count: Count) -> SimpleNamespace:
    path = Path(__file__).parents[2] / "reference" / "nonlinear.json"
    values = json.loads(path.read_text())[request.param]
    frame = {"loanapp": export_data.loanapp_frame, "fair": export_data.fair_frame}[request.param]()
    covariates = values["covariates"]
    rows = frame.astype(dict.fromkeys(covariates, "category") | {"group": bool})
    rows = rows.rename(columns={"group": MEMBER})
    return SimpleNamespace(rows=rows, covariates=covariates, values=values["yun"], count=count)


def draw(seed: int, size: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({MEMBER: rng.random(size) < 0.45})
    rows["a"] = pd.Categorical(rng.choice(list("xyz"), size))
    rows["b"] = pd.Categorical(np.where(rng.random(size) < 0.4 + 0.2 * rows[MEMBER], "v", "u"))
    index = 0.3 - 0.5 * rows[MEMBER] + 0.6 * (rows["a"] == "y") * rows[MEMBER]
    index = index - 0.7 * (rows["b"] == "v")
    rows["y"] = (rng.random(size) < expit(index)).astype(int)
    return rows


@pytest.fixture(scope="module")
def cells(count: Count) -> pd.DataFrame:
    return count(draw(1), [MEMBER, *COVARIATES])


# ---- Against R ----------------------------------------------------------------------------------


def test_parts_are_those_of_r(case: SimpleNamespace) -> None:
    cells = case.count(case.rows, [MEMBER, *case.covariates])
    found = told(cells, case.covariates, small_sample=False)
    assert set(found) == set(case.values["values"])
    for name, part in found.items():
        assert part.value == pytest.approx(case.values["values"][name], rel=1e-7, abs=1e-10)


def test_errors_are_those_of_the_jackknife_in_r(case: SimpleNamespace) -> None:
    """R moves the weight of each row and computes everything anew."""
    cells = case.count(case.rows, [MEMBER, *case.covariates])
    for name, part in told(cells, case.covariates, small_sample=False).items():
        assert part.std_error == pytest.approx(case.values["se_hc0"][name], rel=1e-6)


def test_small_samples_enlarge_the_variance_of_each_side(case: SimpleNamespace) -> None:
    cells = case.count(case.rows, [MEMBER, *case.covariates])
    sides = [float(case.rows[MEMBER].eq(member).sum()) for member in (False, True)]
    columns = 1 + sum(case.rows[name].nunique() - 1 for name in case.covariates)
    for name, part in told(cells, case.covariates).items():
        used = [1 if name == "difference" else columns, columns if ":" in name else 1]
        if name.startswith("explained"):
            used[1] = 1
        variance = sum(
            case.values[f"variance_{side}"][name] * n / (n - k)
            for side, n, k in zip(("reference", "group"), sides, used, strict=True)
        )
        assert part.std_error == pytest.approx(variance**0.5, rel=1e-6)


def test_clustered_errors_are_those_of_r(case: SimpleNamespace) -> None:
    for cluster, errors in case.values["se_cluster"].items():
        cells = case.count(case.rows, [MEMBER, *case.covariates, cluster])
        codes = cluster_codes(cells[cluster])
        for name, part in told(cells, case.covariates, clusters=codes).items():
            assert part.std_error == pytest.approx(errors[name], rel=1e-6)


# ---- What must hold -----------------------------------------------------------------------------


def values_of(parts: dict[str, Part]) -> dict[str, tuple[float, float]]:
    return {name: (part.value, part.std_error) for name, part in parts.items()}


def assert_same(one: dict[str, Part], other: dict[str, Part], scale: float = 1.0) -> None:
    assert set(one) == set(other)
    for name, part in one.items():
        assert other[name].value == pytest.approx(part.value, abs=1e-8)
        assert other[name].std_error == pytest.approx(part.std_error * scale, rel=1e-6)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_parts_add_up(count: Count, seed: int) -> None:
    found = told(count(draw(seed), [MEMBER, *COVARIATES]), COVARIATES)
    value = {name: part.value for name, part in found.items()}
    for whole, terms in (("explained", COVARIATES), ("unexplained", [*COVARIATES, INTERCEPT])):
        names = [f"{whole}:{term}" for term in terms]
        if reason := found[names[0]].reason:
            assert reason.reason == "no_index_difference"
        else:
            assert sum(value[name] for name in names) == pytest.approx(value[whole], abs=1e-10)
    total = value["explained"] + value["unexplained"]
    assert total == pytest.approx(value["difference"], abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_base_levels_order_and_splitting_change_nothing(cells: pd.DataFrame, seed: int) -> None:
    rng = np.random.default_rng(seed)
    one = cells["successes"] > 0
    first = cells.assign(n=one * 1, successes=one * 1)
    rest = cells.assign(n=cells["n"] - first["n"], successes=cells["successes"] - one)
    changed = pd.concat([first, rest]).sample(frac=1, random_state=seed)
    changed = changed[changed["n"] > 0]
    for name in COVARIATES:
        levels = rng.permutation(list(changed[name].cat.categories))
        changed[name] = changed[name].cat.reorder_categories(levels)
    order = [str(name) for name in rng.permutation(COVARIATES)]
    assert_same(told(cells, COVARIATES), told(changed, order))


def test_twice_the_persons_halve_the_variance(cells: pd.DataFrame) -> None:
    twice = cells.assign(n=2 * cells["n"], successes=2 * cells["successes"])
    one, two = (told(each, COVARIATES, small_sample=False) for each in (cells, twice))
    assert_same(one, two, scale=0.5**0.5)


def test_one_covariate_has_the_whole_explained_part(cells: pd.DataFrame) -> None:
    found = told(cells, ["b"])
    assert found["explained:b"].value == pytest.approx(found["explained"].value, rel=1e-12)
    assert found["explained:b"].std_error == pytest.approx(found["explained"].std_error, rel=1e-9)


# ---- Where there are none -----------------------------------------------------------------------


def test_a_group_without_a_logit_keeps_what_needs_none(cells: pd.DataFrame) -> None:
    """All of the group's level y succeed, so that the group's own logit does not exist."""
    sure = cells[MEMBER] & (cells["a"] == "y")
    changed = cells.assign(successes=cells["successes"].where(~sure, cells["n"]))
    found = told(changed, COVARIATES)
    for name, part in found.items():
        if part.estimand == Estimand.UNEXPLAINED and part.term:
            assert part.reason is not None
            assert part.reason.reason == "separation"
            assert np.isnan([part.value, part.std_error]).all()
        else:
            assert np.isfinite([part.value, part.std_error]).all(), name


def test_a_group_without_a_level_keeps_what_needs_none(cells: pd.DataFrame) -> None:
    found = told(cells[~(cells[MEMBER] & (cells["a"] == "z"))], COVARIATES)
    assert found["explained:a"].reason is None
    reason = found["unexplained:a"].reason
    assert reason is not None
    assert (reason.reason, reason.detail) == ("collinear", "a[z]")


def test_a_reference_without_a_level_of_the_group_predicts_nothing(cells: pd.DataFrame) -> None:
    with pytest.raises(NotEstimableError, match="collinear"):
        yun_parts(cells[cells[MEMBER] | (cells["a"] != "z")], COVARIATES)


def test_equal_sides_have_nothing_to_share_out(cells: pd.DataFrame) -> None:
    own = cells[cells[MEMBER]]
    found = told(pd.concat([own, own.assign(**{MEMBER: False})]), COVARIATES)
    for name in ("difference", "explained", "unexplained"):
        assert found[name].value == pytest.approx(0, abs=1e-12)
    reason = found["explained:a"].reason
    assert reason is not None
    assert reason.reason == "no_index_difference"


def test_differences_that_all_but_cancel_are_not_shared_out() -> None:
    """The group has the higher mean index, and by the same logit the lower mean probability."""
    rows = [(False, "x", 100, 50), (False, "y", 100, 95), (False, "z", 100, 10)]
    rows += [(True, "x", 46, 20), (True, "y", 124, 110), (True, "z", 130, 20)]
    cells = pd.DataFrame(rows, columns=[MEMBER, "a", "n", "successes"])
    index = (124 / 300 - 1 / 3) * np.log(19) + (130 / 300 - 1 / 3) * np.log(1 / 9)
    found = told(cells, ["a"])
    assert found["explained"].value < 0 < index
    reason = found["explained:a"].reason
    assert reason is not None
    assert reason.reason == "no_index_difference"


@pytest.mark.parametrize("side", [True, False])
def test_one_sided_outcomes_have_no_logit(cells: pd.DataFrame, side: bool) -> None:
    changed = cells.assign(successes=cells["successes"].where(cells[MEMBER] != side, 0))
    with pytest.raises(NotEstimableError, match="one_sided"):
        yun_parts(changed, COVARIATES)


def test_without_covariates_there_is_nothing_to_split(cells: pd.DataFrame) -> None:
    with pytest.raises(NotEstimableError, match="no_covariates"):
        yun_parts(cells, [])
