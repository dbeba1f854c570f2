"""Cox's regression and the logit of the months against R, statsmodels, and what must hold."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import export_times
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.hazard_regression import PHReg

from analysis.estimate.covariance import cluster_codes, cluster_covariance, covariance
from analysis.estimate.duration.cox import CoxFit, fit_cox
from analysis.estimate.duration.hazards import (
    BAND,
    coefficient,
    fit_months,
    month_bands,
    person_months,
    standardised_difference,
)
from analysis.estimate.fits import NotEstimableError
from analysis.estimate.groups import MEMBER

EXAMPLES = settings(max_examples=20, deadline=None)
VALUES = json.loads((Path(__file__).parents[2] / "reference" / "times.json").read_text())
FRAMES: dict[str, Callable[[], pd.DataFrame]] = {
    "rossi": export_times.rossi_frame,
    "lung": export_times.lung_frame,
}
CLUSTER = "cluster_site"


def time_cells(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    grouped = rows.groupby([*by, "month"], as_index=False, observed=True)["y"]
    return grouped.agg(n="size", successes="sum")


@pytest.fixture(params=FRAMES)
def sample(request: pytest.FixtureRequest) -> SimpleNamespace:
    """Give a data set's cells with the values of R."""
    frame = FRAMES[request.param]()
    outer = ("month", "y", "group", CLUSTER)
    covariates = [name for name in frame if name not in outer]
    rows = frame.astype(dict.fromkeys(covariates, "category"))
    rows[MEMBER] = rows["group"] == 1
    return SimpleNamespace(
        rows=rows,
        covariates=covariates,
        cells=time_cells(rows, [MEMBER, *covariates]),
        clustered=time_cells(rows, [MEMBER, *covariates, CLUSTER]),
        values=VALUES[request.param],
    )


def in_order_of_r(fit: CoxFit, values: dict[str, Any]) -> list[int]:
    names = [name.replace("[", "").rstrip("]") for name in fit.cells.design.names]
    return [names.index(MEMBER if term == "group" else term) for term in values["terms"]]


def test_cox_is_that_of_r(sample: SimpleNamespace) -> None:
    values = sample.values["cox"]
    fit = fit_cox(sample.cells, [MEMBER], sample.covariates)
    order = in_order_of_r(fit, values)
    np.testing.assert_allclose(fit.coefficients[order], values["coefficients"], rtol=1e-7)
    errors = np.sqrt(np.diag(fit.bread))[order]
    np.testing.assert_allclose(errors, values["model"], rtol=1e-7)
    robust = np.sqrt(np.diag(fit.covariance(None)))[order]
    np.testing.assert_allclose(robust, values["hc0"], rtol=1e-7)
    clustered = fit_cox(sample.clustered, [MEMBER], sample.covariates)
    codes = cluster_codes(sample.clustered[CLUSTER])
    groups = codes.max() + 1
    errors = np.sqrt(np.diag(clustered.covariance(codes)) * (groups - 1) / groups)[order]
    np.testing.assert_allclose(errors, values["cluster"], rtol=1e-7)
    value, gradient, _ = fit.cells.likelihood(fit.coefficients)
    # R takes the constant index of the centred columns off each death; it cancels.
    assert value == pytest.approx(values["log_likelihood"], rel=1e-9)
    assert np.abs(gradient).max() < 1e-8


def test_cox_is_that_of_statsmodels(sample: SimpleNamespace) -> None:
    rows = sample.rows
    fit = fit_cox(time_cells(rows, [MEMBER]), [MEMBER])
    theirs = PHReg(
        rows["month"], rows[[MEMBER]].astype(float), status=rows["y"], ties="efron"
    ).fit()
    assert fit.coefficients == pytest.approx(theirs.params, rel=1e-6)
    assert np.sqrt(fit.bread[0, 0]) == pytest.approx(theirs.bse[0], rel=1e-6)


def test_the_logit_of_the_months_is_that_of_r(sample: SimpleNamespace) -> None:
    values, covariates = sample.values["logit"], sample.covariates
    keys = [MEMBER, *covariates, CLUSTER]
    months = person_months(sample.clustered, keys)
    fit = fit_months(months, covariates)
    codes = cluster_codes(months[CLUSTER].iloc[fit.rows])
    matrices = {"hc1": covariance(fit, "hc1"), "cluster": cluster_covariance(fit, codes)}
    ratio = coefficient(fit, MEMBER)
    assert ratio.value == pytest.approx(values["group"], rel=1e-8)
    for kind, matrix in matrices.items():
        assert ratio.std_error(matrix) == pytest.approx(values[kind], rel=1e-6)
    for i, month in enumerate(sample.values["horizons"]):
        effect = standardised_difference(fit, months, covariates, month)
        assert effect.value == pytest.approx(values["difference"][i], rel=1e-7)
        for kind, matrix in matrices.items():
            error = effect.std_error(matrix)
            assert error == pytest.approx(values[f"difference_{kind}"][i], rel=1e-6)
    bands = months.groupby("month")[BAND].first()
    assert bands.tolist() == values["bands"]


def test_months_at_risk_are_those_of_the_rows(sample: SimpleNamespace) -> None:
    months = person_months(sample.cells, [MEMBER, *sample.covariates])
    assert months["n"].sum() == (sample.rows["month"] + 1).sum()
    assert months["successes"].sum() == sample.rows["y"].sum()
    assert (months["successes"] <= months["n"]).all()
    at_twelve = months[months["month"] == 12]
    assert at_twelve["n"].sum() == (sample.rows["month"] >= 12).sum()


def test_without_adjusters_the_logit_meets_the_hazards_of_one_band() -> None:
    """All in one band: the share placed is that of a constant hazard on each side."""
    cells = pd.DataFrame(
        {
            MEMBER: [True, True, False, False],
            "month": [3, 3, 3, 3],
            "n": [10, 30, 20, 40],
            "successes": [10, 0, 20, 0],
        }
    )
    months = person_months(cells, [MEMBER])
    assert set(months[BAND]) == {0}
    fit = fit_months(months, [])
    hazards = [10 / 160, 20 / 240]
    expected = -np.diff([1 - (1 - h) ** 4 for h in hazards])[0]
    assert standardised_difference(fit, months, [], 3).value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("events", "at_risk", "bands"),
    [
        ([1, 2, 1], [9, 7, 4], [0, 1, 2]),
        ([0, 2, 1], [9, 7, 4], [0, 0, 1]),
        ([1, 0, 0], [9, 7, 4], [0, 0, 0]),
        ([1, 0, 4], [9, 7, 4], [0, 1, 1]),
        ([1, 4], [9, 4], [0, 0]),
        ([9], [9], [0]),
        ([0, 0], [9, 9], [0, 0]),
    ],
)
def test_months_share_a_hazard_where_they_must(
    events: list[int], at_risk: list[int], bands: list[int]
) -> None:
    assert month_bands(np.array(events), np.array(at_risk)).tolist() == bands


def refusal(
    cells: pd.DataFrame, adjusters: tuple[str, ...] = (), *, cox: bool = True
) -> tuple[str, str]:
    def fit() -> None:
        if cox:
            fit_cox(cells, [MEMBER], adjusters)
        else:
            fit_months(person_months(cells, [MEMBER, *adjusters]), adjusters)

    with pytest.raises(NotEstimableError) as caught:
        fit()
    return caught.value.reason, caught.value.detail


def draw(events: bool = True) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({MEMBER: rng.random(200) < 0.4, "month": rng.integers(0, 9, 200)})
    rows["y"] = (rng.random(200) < 0.6) & events
    return rows


@pytest.mark.parametrize("cox", [True, False])
def test_what_can_not_be_estimated_says_why(cox: bool) -> None:
    rows = draw()
    nothing = rows.assign(y=False)
    assert refusal(time_cells(nothing, [MEMBER]), cox=cox) == ("one_sided", "")
    group_without = rows.assign(y=rows["y"] & ~rows[MEMBER])
    assert refusal(time_cells(group_without, [MEMBER]), cox=cox) == ("separation", MEMBER)
    same = rows.assign(level=rows[MEMBER])
    found = refusal(time_cells(same, [MEMBER, "level"]), ("level",), cox=cox)
    assert found == ("collinear", MEMBER)


def test_nobody_is_a_reason_too() -> None:
    cells = time_cells(draw(), [MEMBER]).assign(n=0, successes=0)
    assert refusal(cells) == ("no_persons", "")


ROWS = st.integers(0, 10_000).map(
    lambda seed: pd.DataFrame(
        {
            MEMBER: np.random.default_rng(seed).random(150) < 0.4,
            "level": np.random.default_rng(seed + 1).choice(list("abc"), 150),
            "month": np.random.default_rng(seed + 2).integers(0, 8, 150),
            "y": np.random.default_rng(seed + 3).random(150) < 0.6,
        }
    ).astype({"level": "category"})
)


def numbers(cells: pd.DataFrame) -> np.ndarray:
    """Coefficient of the group with its errors, and the adjusted difference with its own."""
    fit = fit_cox(cells, [MEMBER], ["level"])
    place = fit.cells.design.names.index(MEMBER)
    months = person_months(cells, [MEMBER, "level"])
    logit = fit_months(months, ["level"])
    effects = [coefficient(logit, MEMBER), standardised_difference(logit, months, ["level"], 5)]
    matrix = covariance(logit, "hc0")
    return np.array(
        [fit.coefficients[place], *(effect.value for effect in effects)]
        + [np.sqrt(fit.covariance(None)[place, place]), np.sqrt(fit.bread[place, place])]
        + [effect.std_error(matrix) for effect in effects]
    )


@EXAMPLES
@given(rows=ROWS, seed=st.integers(0, 99))
def test_neither_order_nor_base_level_nor_split_cells_matter(rows: pd.DataFrame, seed: int) -> None:
    cells = time_cells(rows, [MEMBER, "level"])
    found = numbers(cells)
    turned = cells.assign(level=cells["level"].cat.reorder_categories(["c", "a", "b"]))
    split = pd.concat([cells.assign(n=cells["successes"]), cells.assign(
        n=cells["n"] - cells["successes"], successes=0)])  # fmt: skip
    shuffled = cells.sample(frac=1, random_state=seed)
    for other in (turned, split[split["n"] > 0].reset_index(drop=True), shuffled):
        np.testing.assert_allclose(numbers(other), found, rtol=1e-6, atol=1e-9)


@EXAMPLES
@given(rows=ROWS)
def test_exchanging_the_sides_turns_the_sign(rows: pd.DataFrame) -> None:
    found = numbers(time_cells(rows, [MEMBER, "level"]))
    back = numbers(time_cells(rows.assign(**{MEMBER: ~rows[MEMBER]}), [MEMBER, "level"]))
    np.testing.assert_allclose(back, found * np.array([-1, -1, -1, 1, 1, 1, 1]), rtol=1e-6)


@EXAMPLES
@given(rows=ROWS)
def test_twice_the_persons_halve_the_variance_of_the_logit(rows: pd.DataFrame) -> None:
    """Cox's ties are not those of twice as many: Efron's term counts them one by one."""
    found = numbers(time_cells(rows, [MEMBER, "level"]))
    twice = numbers(time_cells(pd.concat([rows, rows]), [MEMBER, "level"]))
    np.testing.assert_allclose(twice[1:3], found[1:3], rtol=1e-6)
    np.testing.assert_allclose(twice[5:], found[5:] / np.sqrt(2), rtol=1e-6)


@EXAMPLES
@given(rows=ROWS)
def test_residuals_of_all_persons_add_up_to_zero(rows: pd.DataFrame) -> None:
    cells = time_cells(rows, [MEMBER, "level"])
    fit = fit_cox(cells, [MEMBER], ["level"])
    events, ended = fit.residuals
    losses = fit.cells.n - fit.cells.events
    assert np.abs(fit.cells.events @ events + losses @ ended).max() < 1e-8
