"""Rows of regressions: what they say, what must not change them, and where there are none."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t

from analysis.estimate.covariance import cluster_codes, cluster_covariance, covariance
from analysis.estimate.fits import fit_linear, fit_logit
from analysis.estimate.margins import average_marginal_effect, random_std_error
from analysis.estimate.options import GapOptions
from analysis.estimate.regressions import regression_rows, with_interval
from analysis.estimate.results import read_note
from analysis.estimate.small_clusters import cr2_covariance
from analysis.estimate.small_samples import hc2_covariance, logit_covariance

Count = Callable[..., pd.DataFrame]
LINKS = ["linear", "logit"]


def one_row(
    cells: pd.DataFrame,
    link: Any,
    adjusters: list[str],
    cluster: str | None = None,
    **options: Any,
) -> dict[str, Any]:
    ((name, row),) = regression_rows(
        cells, link, ["member"], adjusters, GapOptions(**options), cluster
    )
    assert name == "member"
    return row


def table(rows: list[tuple[Any, ...]], *variables: str) -> pd.DataFrame:
    """Cells from tuples: `member`, other variables, persons, successes."""
    return pd.DataFrame(rows, columns=["member", *variables, "n", "successes"])


def draw(clusters: int, seed: int = 1) -> pd.DataFrame:
    """Rows of persons in clusters, the member's chance of success being lower."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({"cluster": np.repeat([f"c{i:03d}" for i in range(clusters)], 12)})
    rows["member"] = rng.random(len(rows)) < 0.4
    rows["level"] = pd.Categorical(rng.choice(list("abc"), len(rows)))
    rows["y"] = (rng.random(len(rows)) < 0.6 - 0.2 * rows["member"]).astype(int)
    return rows


# ---- Errors, intervals and tests ----------------------------------------------------------------


@pytest.mark.parametrize("freedom", [np.inf, 7.3])
def test_an_interval_and_its_test_agree(freedom: float) -> None:
    law = norm if np.isinf(freedom) else t(freedom)
    found = with_interval(-0.2, 0.1, freedom, 0.9)
    assert found.p_value == pytest.approx(2 * law.cdf(-2), rel=1e-12)
    reach = law.ppf(0.95) * 0.1
    assert (found.low, found.high) == pytest.approx((-0.2 - reach, -0.2 + reach))
    edge = with_interval(-0.2, 0.1, freedom, 1 - found.p_value)
    assert edge.high == pytest.approx(0, abs=1e-12)


def test_errors_by_cluster_need_clusters(count: Count) -> None:
    cells = count(draw(5), ["member", "level"])
    with pytest.raises(ValueError, match="clusters"):
        one_row(cells, "logit", ["level"], errors="cluster")


@pytest.mark.parametrize("errors", ["auto", "model", "hc0", "hc1", "hc2", "hc3"])
@pytest.mark.parametrize("link", LINKS)
def test_errors_of_independent_persons(count: Count, link: Any, errors: Any) -> None:
    """By default the linear model takes HC2, the logit HC1, with a t distribution of their own."""
    cells = count(draw(5), ["member", "level"])
    row = one_row(cells, link, ["level"], errors=errors)
    kind: Any = "hc2" if errors == "auto" else errors
    if link == "logit" and kind in ("hc2", "hc3"):
        kind = "hc1"
    fit = {"linear": fit_linear, "logit": fit_logit}[link](cells, ["member"], ["level"])
    effect = average_marginal_effect(fit, "member")
    assert row["method"] == f"{link}_{kind}"
    assert row["estimate"] == pytest.approx(effect.value, rel=1e-12)
    assert row["std_error"] == pytest.approx(effect.std_error(covariance(fit, kind)), rel=1e-12)
    law = t(60 - 4) if link == "linear" else norm
    if kind == "hc2" or errors == "auto":
        small = hc2_covariance(fit) if link == "linear" else logit_covariance(fit)
        law = t(small.degrees_of_freedom(effect.gradient))
    assert row["p_value"] == pytest.approx(2 * law.sf(abs(row["estimate"]) / row["std_error"]))
    assert row["ci_high"] == pytest.approx(row["estimate"] + law.ppf(0.975) * row["std_error"])
    told = read_note(str(row["note"]))
    assert set(told) <= ({"df"} if kind == "hc2" or errors == "auto" else set())


@pytest.mark.parametrize("link", LINKS)
def test_under_ten_clusters_there_is_an_estimate_and_no_interval(count: Count, link: Any) -> None:
    cells = count(draw(9), ["member", "level", "cluster"])
    row = one_row(cells, link, ["level"], "cluster")
    without = one_row(cells, link, ["level"])
    assert row["estimate"] == pytest.approx(without["estimate"], rel=1e-12)
    assert np.isnan([row[name] for name in ("std_error", "ci_low", "ci_high", "p_value")]).all()
    assert read_note(row["note"]) == {"few_clusters": "9"}
    assert row["method"] == f"{link}_cluster"


@pytest.mark.parametrize("clusters", [10, 39])
def test_with_few_clusters_the_linear_model_takes_cr2(count: Count, clusters: int) -> None:
    cells = count(draw(clusters), ["member", "level", "cluster"])
    row = one_row(cells, "linear", ["level"], "cluster", confidence=0.9)
    fit = fit_linear(cells, ["member"], ["level"])
    small = cr2_covariance(fit, cluster_codes(cells["cluster"]))
    member = np.array([0.0, 0, 0, 1])
    freedom = small.degrees_of_freedom(member)
    assert freedom < clusters - 1
    assert row["method"] == "linear_cr2"
    assert row["std_error"] == pytest.approx(small.covariance[3, 3] ** 0.5, rel=1e-12)
    reach = t(freedom).ppf(0.95) * row["std_error"]
    assert row["ci_low"] == pytest.approx(row["estimate"] - reach, rel=1e-12)
    assert row["p_value"] == pytest.approx(
        2 * t(freedom).sf(abs(row["estimate"] / row["std_error"]))
    )
    assert read_note(row["note"]) == {"clusters": str(clusters), "df": f"{freedom:.1f}"}


@pytest.mark.parametrize(("link", "clusters"), [("logit", 10), ("logit", 40), ("linear", 40)])
def test_else_clustered_errors_have_one_degree_less_than_clusters(
    count: Count, link: Any, clusters: int
) -> None:
    cells = count(draw(clusters), ["member", "level", "cluster"])
    row = one_row(cells, link, ["level"], "cluster")
    fit = {"linear": fit_linear, "logit": fit_logit}[link](cells, ["member"], ["level"])
    matrix = cluster_covariance(fit, cluster_codes(cells["cluster"]))
    error = average_marginal_effect(fit, "member").std_error(matrix)
    assert row["method"] == f"{link}_cluster"
    assert row["std_error"] == pytest.approx(error, rel=1e-12)
    reach = t(clusters - 1).ppf(0.975) * error
    assert row["ci_high"] == pytest.approx(row["estimate"] + reach, rel=1e-12)
    assert read_note(row["note"]) == {"clusters": str(clusters)}


def test_clusters_of_empty_cells_do_not_count(count: Count) -> None:
    """Of ten clusters one has nobody in the denominator, so nine are left."""
    cells = count(draw(10), ["member", "level", "cluster"])
    cells.loc[cells["cluster"] == "c003", ["n", "successes"]] = 0
    assert read_note(one_row(cells, "logit", [], "cluster")["note"]) == {"few_clusters": "9"}


def test_an_analyst_may_take_independent_errors_of_clustered_persons(count: Count) -> None:
    cells = count(draw(12), ["member", "level", "cluster"])
    row = one_row(cells, "linear", ["level"], "cluster", errors="hc3")
    without = one_row(count(draw(12), ["member", "level"]), "linear", ["level"], errors="hc3")
    assert row["method"] == "linear_hc3"
    assert row["std_error"] == pytest.approx(without["std_error"], rel=1e-10)


@pytest.mark.parametrize("over", ["all", "group"])
@pytest.mark.parametrize("cluster", [None, "cluster"])
def test_random_covariates_and_averages_over_the_group(
    count: Count, over: Any, cluster: str | None
) -> None:
    cells = count(draw(45), ["member", "level", "cluster"])
    row = one_row(cells, "logit", ["level"], cluster, covariates="random", over=over)
    fit = fit_logit(cells, ["member"], ["level"])
    effect = average_marginal_effect(fit, "member", over=over)
    codes = cluster_codes(cells["cluster"]) if cluster else None
    assert row["estimate"] == pytest.approx(effect.value, rel=1e-12)
    assert row["std_error"] == pytest.approx(random_std_error(fit, effect, codes), rel=1e-12)
    assert row["method"].split("_")[2:] == (["group"] if over == "group" else []) + ["random"]


# ---- What must not change a result --------------------------------------------------------------

MIXED = st.integers(2, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n - 1)))
CELLS = st.lists(MIXED, min_size=6, max_size=6).map(
    lambda counts: table(
        [
            (member, level, *pair)
            for (member, level), pair in zip(
                [(member, level) for member in (True, False) for level in "abc"],
                counts,
                strict=True,
            )
        ],
        "level",
    )
)
NUMBERS = ("estimate", "std_error", "ci_low", "ci_high", "p_value")


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found["method"] == expected["method"]
    for name in NUMBERS:
        assert found[name] == pytest.approx(expected[name], rel=1e-6, abs=1e-9), name


@settings(deadline=None, max_examples=25)
@given(CELLS, st.sampled_from(LINKS), st.permutations(range(6)), st.permutations("xyz"))
def test_neither_names_of_levels_nor_the_order_of_cells_matter(
    cells: pd.DataFrame, link: Any, order: list[int], names: list[str]
) -> None:
    expected = one_row(cells, link, ["level"])
    renamed = cells.assign(level=cells["level"].map(dict(zip("abc", names, strict=True))))
    assert_same(one_row(renamed.iloc[order], link, ["level"]), expected)


@settings(deadline=None, max_examples=25)
@given(CELLS, st.sampled_from(LINKS), st.integers(0, 5), st.data())
def test_a_cell_split_in_two_is_the_same_cell(
    cells: pd.DataFrame, link: Any, place: int, data: Any
) -> None:
    n, successes = cells.loc[place, ["n", "successes"]].astype(int)
    moved = data.draw(st.integers(0, successes))
    part = data.draw(st.integers(moved, n - (successes - moved)))
    split = pd.concat([cells, cells.iloc[[place]].assign(n=part, successes=moved)])
    split = split.reset_index(drop=True)
    split.loc[place, ["n", "successes"]] = [n - part, successes - moved]
    for errors in ("model", "hc1"):
        expected = one_row(cells, link, ["level"], errors=errors)
        assert_same(one_row(split, link, ["level"], errors=errors), expected)


@settings(deadline=None, max_examples=25)
@given(CELLS, st.sampled_from(LINKS), st.integers(2, 50))
def test_every_person_many_times_over_shrinks_the_variance_alone(
    cells: pd.DataFrame, link: Any, times: int
) -> None:
    once = one_row(cells, link, ["level"], errors="hc0")
    more = cells.assign(n=cells["n"] * times, successes=cells["successes"] * times)
    found = one_row(more, link, ["level"], errors="hc0")
    assert found["estimate"] == pytest.approx(once["estimate"], rel=1e-6, abs=1e-9)
    assert found["std_error"] ** 2 == pytest.approx(once["std_error"] ** 2 / times, rel=1e-6)


@settings(deadline=None, max_examples=25)
@given(CELLS, st.sampled_from(LINKS))
def test_with_the_sides_swapped_the_gap_changes_its_sign_alone(
    cells: pd.DataFrame, link: Any
) -> None:
    expected = one_row(cells, link, ["level"])
    found = one_row(cells.assign(member=~cells["member"]), link, ["level"])
    turned = {"estimate": -found["estimate"], "ci_low": -found["ci_high"]}
    assert_same(found | turned | {"ci_high": -found["ci_low"]}, expected)


@settings(deadline=None, max_examples=25)
@given(CELLS, st.sampled_from(LINKS))
def test_counting_failures_for_successes_changes_the_sign_alone(
    cells: pd.DataFrame, link: Any
) -> None:
    expected = one_row(cells, link, ["level"])
    found = one_row(cells.assign(successes=cells["n"] - cells["successes"]), link, ["level"])
    turned = {"estimate": -found["estimate"], "ci_low": -found["ci_high"]}
    assert_same(found | turned | {"ci_high": -found["ci_low"]}, expected)


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("clusters", [12, 45])
def test_a_cell_split_within_its_cluster_is_the_same_cell(
    count: Count, link: Any, clusters: int
) -> None:
    rows = draw(clusters).assign(half=lambda frame: np.arange(len(frame)) % 2)
    whole = count(rows, ["member", "level", "cluster"])
    halves = count(rows, ["member", "level", "cluster", "half"])
    assert len(halves) > len(whole)
    expected = one_row(whole, link, ["level"], "cluster")
    found = one_row(halves, link, ["level"], "cluster")
    assert_same(found, expected)
    assert found["note"] == expected["note"]


# ---- No answer: always a row with a reason ------------------------------------------------------

FAULTS = {
    "empty group": ([(False, "a", 9, 3), (False, "b", 8, 2)], "empty_group", LINKS),
    "empty reference": ([(True, "a", 9, 3), (True, "b", 8, 2)], "empty_reference", LINKS),
    "a group without persons": ([(True, "a", 0, 0), (False, "a", 9, 2)], "empty_group", LINKS),
    "no persons": ([(True, "a", 0, 0), (False, "a", 0, 0)], "empty_group", LINKS),
    "no cells": ([], "empty_group", LINKS),
    "collinear": ([(True, "a", 9, 3), (False, "b", 8, 2)], "collinear", LINKS),
    "complete separation": (
        [(True, "a", 9, 9), (False, "a", 8, 0), (True, "b", 3, 3), (False, "b", 2, 0)],
        "separation",
        ["logit"],
    ),
    "quasi-complete separation": (
        [(True, "a", 9, 9), (False, "a", 8, 2), (True, "b", 3, 3), (False, "b", 2, 1)],
        "separation",
        ["logit"],
    ),
    "separation by an adjuster": (
        [(True, "a", 9, 5), (False, "a", 8, 2), (True, "b", 3, 3), (False, "b", 2, 2)],
        "separation",
        ["logit"],
    ),
    "successes only": ([(True, "a", 10, 10), (False, "a", 30, 30)], "one_sided", LINKS),
    "failures only": ([(True, "a", 7, 0), (False, "a", 31, 0)], "one_sided", LINKS),
}


@pytest.mark.parametrize(
    ("rows", "reason", "link"),
    [
        pytest.param(rows, reason, link, id=f"{name}, {link}")
        for name, (rows, reason, links) in FAULTS.items()
        for link in links
    ],
)
def test_what_cannot_be_estimated_is_a_row_with_its_reason(
    rows: list[tuple[Any, ...]], reason: str, link: Any
) -> None:
    row = one_row(table(rows, "level").astype({"member": bool}), link, ["level"])
    assert reason in read_note(row["note"])
    assert row["method"].startswith(link)
    assert not {"estimate", "p_value"} & set(row)


def test_separation_names_the_level(count: Count) -> None:
    rows = FAULTS["separation by an adjuster"][0]
    note = read_note(one_row(table(rows, "level"), "logit", ["level"])["note"])
    assert note == {"separation": "level[b]"}


def test_a_linear_gap_of_sides_without_variation_has_no_test() -> None:
    """All of one side succeed, none of the other: a residual of rounding is no error."""
    for n, reference in ((10, 30), (7, 31), (3, 1000)):
        row = one_row(table([(True, n, n), (False, reference, 0)]), "linear", [])
        assert row["estimate"] == pytest.approx(1)
        assert np.isnan([row[name] for name in NUMBERS[1:]]).all()
        assert read_note(row["note"]) == {"fixed_rate": ""}


@pytest.mark.parametrize("cluster", [None, "cluster"])
@pytest.mark.parametrize("persons", [2, 12, 45])
@pytest.mark.parametrize("link", LINKS)
def test_as_many_persons_as_coefficients_leave_no_error(
    link: Any, persons: int, cluster: str | None
) -> None:
    """One person a cluster, and a level for each but the first two: the fit is exact."""
    levels = ["a", "a", *(f"l{number}" for number in range(persons - 2))]
    rows = [(place == 0, level, 1, (place + 1) % 2) for place, level in enumerate(levels)]
    cells = table(rows, "level").assign(cluster=range(persons))
    row = one_row(cells, link, ["level"], cluster)
    # With levels of one person each the logit is separated before that.
    assert set(read_note(row["note"])) == {"no_freedom" if link == "linear" else "separation"}
    for name in ("std_error", "ci_low", "ci_high", "p_value"):
        assert np.isnan(row.get(name, np.nan)), name


def test_a_redundant_adjuster_is_noted(count: Count) -> None:
    rows = draw(5)
    rows["copy"] = rows["level"].astype(str).str.upper()
    cells = count(rows, ["member", "level", "copy"])
    for link in LINKS:
        row = one_row(cells, link, ["level", "copy"])
        assert read_note(row["note"])["dropped"] == "copy[B], copy[C]"
        assert_same(row, one_row(cells, link, ["level"]))


def test_a_person_alone_at_a_level_has_no_hc3() -> None:
    rows = [(True, "a", 7, 3), (False, "a", 9, 2), (False, "b", 1, 1)]
    row = one_row(table(rows, "level"), "linear", ["level"], errors="hc3")
    assert read_note(row["note"]) == {"leverage_one": "hc3"}
    assert "estimate" not in row


def test_one_empty_focus_does_not_take_the_others_with_it(count: Count) -> None:
    rows = draw(5).assign(nobody=False, everyone=True)
    cells = count(rows, ["member", "nobody", "everyone"])
    focus = ["nobody", "member", "everyone"]
    found = dict(regression_rows(cells, "logit", focus, [], GapOptions()))
    assert list(found) == focus
    assert found["nobody"]["note"] == "empty_group"
    assert found["everyone"]["note"] == "empty_reference"
    assert_same(found["member"], one_row(cells, "logit", []))
