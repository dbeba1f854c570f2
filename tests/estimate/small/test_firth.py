"""Firth's penalised logit: published and R values, what leaves it alone, where it is needed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import export_data
import numpy as np
import pandas as pd
import pytest
from firthmodels import FirthLogisticRegression
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from analysis.estimate.covariance import covariance
from analysis.estimate.fits import Fit, NotEstimableError, fit_logit
from analysis.estimate.margins import average_marginal_effect
from analysis.estimate.options import GapOptions
from analysis.estimate.proportions import difference
from analysis.estimate.regressions import ErrorModel
from analysis.estimate.results import read_note
from analysis.estimate.small.firth import (
    average_difference,
    firth_rows,
    fit_firth,
    profile,
    side_without_spread,
    standardised_rates,
)
from analysis.vocabulary import Estimand

SEX2 = Path(__file__).parents[4] / "shared" / "reference" / "sex2.csv"
REFERENCE = Path(__file__).parents[2] / "reference" / "small_groups.json"
LOANS = ["male", "married", "dep", "sch"]
COUPLES = ["rate_marriage", "age"]
CASES = {
    "small": (LOANS, None),
    "separated": (COUPLES, None),
    "clustered": (COUPLES, "cluster_occupations"),
    "separated_clustered": (COUPLES, "cluster_occupations"),
}
EXAMPLES = settings(max_examples=20, deadline=None)


def rows_of(name: str) -> pd.DataFrame:
    """Rows of a case, chosen as the R script chooses them."""
    if name == "small":
        return export_data.loanapp_frame().query("chist == 0 and pubrec == 1")
    couples = export_data.fair_frame().query("religious == 4 and age >= 32")
    return couples.query("group == 1 or y == 0") if name.startswith("separated") else couples


def cells_of(name: str, count: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    adjusters, cluster = CASES[name]
    rows = rows_of(name).astype(dict.fromkeys(adjusters, "category") | {"group": bool})
    return count(rows, ["group", *adjusters, *([cluster] if cluster else [])])


def in_order_of(terms: list[str], names: tuple[str, ...]) -> list[int]:
    """Places of R's terms among the names of a design."""
    plain = [name.replace("factor(", "").replace(")", "[", 1) + "]" for name in terms]
    as_ours = ["intercept" if t == "(Intercept)" else t for t in terms]
    return [
        names.index(full if full in names else short if short in names else f"{short}[1]")
        for full, short in zip(plain, as_ours, strict=True)
    ]


def found(
    cells: pd.DataFrame, adjusters: list[str], cluster: str | None = None, **options: Any
) -> dict[Any, dict[str, Any]]:
    rows = firth_rows(cells, ["group"], adjusters, GapOptions(**options), cluster)
    return {row["estimand"]: row for _, row in rows}


# ---- Published and R values ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def sex2() -> pd.DataFrame:
    if not SEX2.exists():
        pytest.skip("needs sex2.csv, which is in the folder of shared reference data")
    names = ["age", "oc", "vic", "vicl", "vis", "dia"]
    data = pd.read_csv(SEX2).groupby(names, as_index=False)["case"].agg(n="size", successes="sum")
    return data.astype({"dia": bool})


def test_published_values_of_logistf(sex2: pd.DataFrame) -> None:
    fit = fit_firth(sex2, ["dia"], ["age", "oc", "vic", "vicl", "vis"])
    published = [
        0.12025405, -1.10598131, -0.06881673, 2.26887464, -2.11140817, -0.78831694, 3.09601166,
    ]  # fmt: skip
    np.testing.assert_allclose(fit.coefficients, published, rtol=1e-6)
    dia = profile(fit, "dia", 0.95)
    np.testing.assert_allclose([dia.low, dia.high], [0.7745682, 8.03029352], rtol=1e-6)


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    values: dict[str, Any] = json.loads(REFERENCE.read_text())
    return values["firth"]


@pytest.mark.parametrize("name", CASES)
def test_values_of_r(name: str, reference: dict[str, Any], count: Any) -> None:
    theirs, (adjusters, cluster) = reference[name], CASES[name]
    cells = cells_of(name, count)
    fit = fit_firth(cells, ["group"], adjusters)
    order = in_order_of(theirs["terms"], fit.design.names)
    np.testing.assert_allclose(fit.coefficients[order], theirs["coefficients"], rtol=1e-6)
    np.testing.assert_allclose(np.diag(fit.bread)[order], theirs["inverse_information"], rtol=1e-5)
    np.testing.assert_allclose(standardised_rates(fit, "group")[0], theirs["rates"], rtol=1e-6)
    ours = found(cells, adjusters, cluster)
    gap, odds = ours[Estimand.ADJUSTED_DIFFERENCE], ours[Estimand.ODDS_RATIO]
    close = {"rel": 1e-6}
    assert gap["estimate"] == pytest.approx(theirs["rates"][0] - theirs["rates"][1], **close)
    assert gap["std_error"] == pytest.approx(theirs["error"], **close)
    assert [gap["ci_low"], gap["ci_high"]] == pytest.approx(theirs["interval"], **close)
    assert gap["p_value"] == pytest.approx(theirs["p_value"], **close)
    limits = np.log([odds["ci_low"], odds["ci_high"]])
    np.testing.assert_allclose(limits, theirs["profile"], rtol=1e-6)
    assert odds["p_value"] == pytest.approx(theirs["ratio_test"], **close)


# ---- What it is -------------------------------------------------------------------------------


def test_cells_are_rows(count: Any) -> None:
    """A cell's leverage is that of all of its persons: counts as weights, none as a row."""
    rows = rows_of("small").astype(dict.fromkeys(LOANS, "category") | {"group": bool})
    one_each = rows.assign(n=1, successes=rows["y"])
    cells = count(rows, ["group", *LOANS])
    assert len(cells) < len(one_each)
    np.testing.assert_allclose(
        fit_firth(cells, ["group"], LOANS).coefficients,
        fit_firth(one_each, ["group"], LOANS).coefficients,
        atol=1e-6,
    )


def test_the_penalised_score_vanishes(count: Any) -> None:
    """Firth (1993): n p becomes n p - h (1/2 - p), h the leverage of a cell."""
    fit = fit_firth(cells_of("clustered", count), ["group"], COUPLES)
    matrix, p = fit.design.matrix, fit.fitted
    leverage = fit.n * p * (1 - p) * ((matrix @ fit.bread) * matrix).sum(axis=1)
    score = matrix.T @ (fit.successes - fit.n * p + leverage * (0.5 - p))
    assert leverage.sum() == pytest.approx(matrix.shape[1])
    np.testing.assert_allclose(score, 0, atol=1e-5)


def test_of_two_proportions_it_adds_a_half_to_each_count() -> None:
    """Without adjusters the penalty is Jeffreys' prior of each side: (k + 1/2) / (n + 1)."""
    cells = pd.DataFrame({"group": [True, False], "n": [12, 40], "successes": [0, 17]})
    rates, _ = standardised_rates(fit_firth(cells, ["group"]), "group")
    np.testing.assert_allclose(rates, [0.5 / 13, 17.5 / 41], rtol=1e-6)


@pytest.fixture(scope="module")
def large(both: Any) -> Fit:
    return fit_firth(both.cells, ["member"], ["gender", "age_band"])


@pytest.mark.parametrize("over", ["all", "group"])
def test_the_rates_differ_by_the_marginal_effect(large: Fit, over: Any) -> None:
    effect = average_marginal_effect(large, "member", over=over)
    rates, gradients = standardised_rates(large, "member", over)
    assert rates[0] - rates[1] == pytest.approx(effect.value, rel=1e-12)
    np.testing.assert_allclose(gradients[0] - gradients[1], effect.gradient, rtol=1e-10, atol=1e-14)
    ours = average_difference(large, _errors(large), "member", 0.95, over)
    assert ours.std_error == pytest.approx(effect.std_error(covariance(large)), rel=1e-9)


def _errors(fit: Fit) -> ErrorModel:
    return ErrorModel("hc1", covariance(fit, "hc1"))


def test_in_large_groups_it_is_the_ordinary_logit(both: Any, large: Fit) -> None:
    np.testing.assert_allclose(large.coefficients, both.logit.coefficients, atol=0.02)
    ours = average_difference(large, _errors(large), "member", 0.95)
    theirs = average_marginal_effect(both.logit, "member")
    assert ours.value == pytest.approx(theirs.value, abs=1e-3)
    assert ours.std_error == pytest.approx(theirs.std_error(covariance(both.logit)), rel=1e-2)


def test_the_interval_is_newcombes_but_for_the_half_counts() -> None:
    cells = pd.DataFrame({"group": [True, False], "n": [400, 500], "successes": [120, 210]})
    row = found(cells, [], errors="model")[Estimand.ADJUSTED_DIFFERENCE]
    plain = difference(120, 400, 210, 500)
    ours = [row["estimate"], row["ci_low"], row["ci_high"]]
    np.testing.assert_allclose(ours, [plain.value, plain.low, plain.high], atol=1e-3)


# ---- Where it is needed -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["separated", "separated_clustered"])
def test_it_estimates_where_the_ordinary_logit_can_not(name: str, count: Any) -> None:
    adjusters, cluster = CASES[name]
    cells = cells_of(name, count)
    with pytest.raises(NotEstimableError, match="separation"):
        fit_logit(cells, ["group"], adjusters)
    for row in found(cells, adjusters, cluster).values():
        assert np.isfinite([row["estimate"], row["ci_low"], row["ci_high"], row["p_value"]]).all()
        assert "no_spread" in read_note(row["note"])


def test_a_side_without_spread_is_not_taken_for_certain() -> None:
    """Residuals of 0 of 12 are next to nothing; the interval must still be one of 12 persons."""
    cells = pd.DataFrame({"group": [True, False], "n": [12, 400], "successes": [0, 120]})
    fit = fit_firth(cells, ["group"])
    assert side_without_spread(fit, "group")
    row = found(cells, [])[Estimand.ADJUSTED_DIFFERENCE]
    _, gradients = standardised_rates(fit, "group")
    by_sandwich = (gradients[0] - gradients[1]) @ covariance(fit, "hc1") @ gradients[0]
    assert row["std_error"] > 1.5 * np.sqrt(by_sandwich)
    plain = difference(0, 12, 120, 400)
    assert row["ci_high"] - row["ci_low"] > 0.8 * (plain.high - plain.low)


# ---- Reasons and names ------------------------------------------------------------------------

FOUR = pd.DataFrame(
    {
        "group": [True, True, False, False],
        "x": pd.Categorical(["a", "b", "a", "b"]),
        "n": [20, 20, 30, 30],
        "successes": [5, 9, 14, 12],
    }
)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"n": 0, "successes": 0}, "empty_group"),
        ({"group": True}, "empty_reference"),
        ({"group": False}, "empty_group"),
        ({"successes": 0}, "one_sided"),
        ({"successes": FOUR["n"]}, "one_sided"),
        ({"x": pd.Categorical(["a", "a", "b", "b"])}, "collinear"),
        ({"n": [1, 0, 1, 1], "successes": [1, 0, 0, 1]}, "no_freedom"),
    ],
)
def test_reasons(change: dict[str, Any], reason: str) -> None:
    rows = found(FOUR.assign(**change), ["x"])
    assert set(rows) == {Estimand.ADJUSTED_DIFFERENCE, Estimand.ODDS_RATIO}
    for row in rows.values():
        assert reason in read_note(row["note"])
        assert "estimate" not in row


def test_one_empty_category_leaves_the_others_theirs() -> None:
    cells = FOUR.assign(other=[False, False, False, False])
    rows = list(firth_rows(cells, ["group", "other"], ["x"], GapOptions()))
    assert [name for name, _ in rows] == ["group", "group", "other", "other"]
    assert ["estimate" in row for _, row in rows] == [True, True, False, False]


@pytest.mark.parametrize(
    ("cluster", "options", "methods"),
    [
        (None, {}, {"firth_hc1", "firth_profile"}),
        (None, {"errors": "model"}, {"firth_model", "firth_profile"}),
        (None, {"over": "group"}, {"firth_hc1_group", "firth_profile"}),
        ("cluster_occupations", {}, {"firth_cluster", "firth_profile_cluster"}),
        ("cluster_occupations", {"errors": "hc0"}, {"firth_hc0", "firth_profile"}),
    ],
)
def test_methods_name_their_errors(
    cluster: str | None, options: dict[str, Any], methods: set[str], count: Any
) -> None:
    rows = found(cells_of("clustered", count), COUPLES, cluster, **options)
    assert {row["method"] for row in rows.values()} == methods


def test_few_clusters_carry_no_interval(count: Any) -> None:
    cells = cells_of("clustered", count)
    few = cells.assign(cluster=cells["cluster_occupations"] % 9)
    for row in found(few, COUPLES, "cluster").values():
        assert np.isfinite(row["estimate"])
        assert np.isnan([row["std_error"], row["ci_low"], row["ci_high"], row["p_value"]]).all()
        assert read_note(row["note"])["few_clusters"] == "9"


def test_a_profile_that_is_lost_leaves_the_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise np.linalg.LinAlgError("rank deficient")

    monkeypatch.setattr(FirthLogisticRegression, "conf_int", fail)
    gap, odds = (
        found(FOUR, ["x"])[name] for name in (Estimand.ADJUSTED_DIFFERENCE, Estimand.ODDS_RATIO)
    )
    assert np.isfinite([gap["ci_low"], odds["estimate"]]).all()
    assert np.isnan([odds["ci_low"], odds["ci_high"], odds["p_value"]]).all()
    assert "no_profile" in read_note(odds["note"])


def test_the_wider_the_interval_the_more_it_covers(large: Fit) -> None:
    ends = [profile(large, "member", level) for level in (0.8, 0.95, 0.999)]
    assert ends[2].low < ends[1].low < ends[0].low < ends[0].high < ends[1].high < ends[2].high


# ---- Invariance -------------------------------------------------------------------------------

SIDES = st.tuples(st.integers(3, 25), st.integers(0, 25)).map(lambda pair: (pair[0] + 25, pair[1]))


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    sides = draw(st.lists(SIDES, min_size=6, max_size=6))
    cells = pd.DataFrame(
        {"group": [True] * 3 + [False] * 3, "x": pd.Categorical(["a", "b", "c"] * 2)}
    )
    n, successes = zip(*sides, strict=True)
    cells = cells.assign(n=n, successes=successes)
    cells.loc[0, "successes"] = max(cells.loc[0, "successes"], 1)
    return cells


def numbers(cells: pd.DataFrame, **options: Any) -> np.ndarray:
    names = ("estimate", "std_error", "ci_low", "ci_high", "p_value")
    rows = found(cells, ["x"], **options)
    return np.array([[float(row[name]) for name in names] for row in rows.values()])


@EXAMPLES
@given(tables(), st.randoms(use_true_random=False))
def test_order_splits_and_base_levels_change_nothing(cells: pd.DataFrame, random: Any) -> None:
    base = numbers(cells)
    order = list(cells.index)
    random.shuffle(order)
    np.testing.assert_allclose(numbers(cells.loc[order]), base, rtol=1e-4, atol=1e-5)
    first = cells.loc[[0]].assign(n=1, successes=1)
    rest = cells.assign(n=cells["n"] - (cells.index == 0), successes=cells["successes"])
    rest.loc[0, "successes"] -= 1
    split = pd.concat([first, rest], ignore_index=True)
    np.testing.assert_allclose(numbers(split), base, rtol=1e-4, atol=1e-5)
    turned = cells.assign(x=cells["x"].cat.reorder_categories(["c", "a", "b"]))
    np.testing.assert_allclose(numbers(turned), base, rtol=1e-4, atol=1e-5)


@EXAMPLES
@given(tables())
def test_the_other_side_sees_the_opposite(cells: pd.DataFrame) -> None:
    there, back = numbers(cells), numbers(cells.assign(group=~cells["group"]))
    np.testing.assert_allclose(back[0, [0, 2, 3]], -there[0, [0, 3, 2]], atol=1e-5)
    np.testing.assert_allclose(np.log(back[1, [0, 2, 3]]), -np.log(there[1, [0, 3, 2]]), atol=1e-4)
    np.testing.assert_allclose(back[:, 4], there[:, 4], rtol=1e-3, atol=1e-5)


@EXAMPLES
@given(tables())
def test_interval_and_test_agree(cells: pd.DataFrame) -> None:
    rows = numbers(cells)
    for (_, _, low, high, p), none in zip(rows, (0.0, 1.0), strict=True):
        if abs(p - 0.05) > 1e-4:
            assert (low <= none <= high) == (p > 0.05)


def test_many_times_the_data_are_as_much_surer(count: Any) -> None:
    """The penalty stays what it is, so the ordinary logit is neared too."""
    cells = cells_of("small", count)
    many = cells.assign(n=cells["n"] * 400, successes=cells["successes"] * 400)
    fit, ordinary = fit_firth(many, ["group"], LOANS), fit_logit(cells, ["group"], LOANS)
    np.testing.assert_allclose(fit.coefficients, ordinary.coefficients, atol=2e-3)
    np.testing.assert_allclose(400 * fit.bread, ordinary.bread, rtol=1e-2, atol=1e-3)


def test_the_profile_is_of_the_likelihood(count: Any) -> None:
    """At its limits the best of the other coefficients lose what chi-squared allows."""
    fit = fit_firth(cells_of("small", count), ["group"], LOANS)
    column = fit.design.names.index("group")
    others = [i for i in range(len(fit.coefficients)) if i != column]

    def loss(free: np.ndarray, value: float) -> float:
        b = np.empty(len(fit.coefficients))
        b[others], b[column] = free, value
        index = fit.design.matrix @ b
        p = expit(index)
        weighted = (fit.n * p * (1 - p))[:, None] * fit.design.matrix
        determinant = np.linalg.slogdet(fit.design.matrix.T @ weighted)[1]
        return -(fit.successes @ index - fit.n @ np.logaddexp(0, index) + determinant / 2)

    best = loss(fit.coefficients[others], fit.coefficients[column])
    limits = profile(fit, "group", 0.9)
    for limit in (limits.low, limits.high):
        held = minimize(loss, fit.coefficients[others], args=(limit,), tol=1e-12)
        assert 2 * (held.fun - best) == pytest.approx(2.705543, rel=1e-4)
