"""Draws of persons and clusters, intervals from them, and the bootstrapped adjusted gap."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import export_data
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import t as student

from analysis.cells import study_cells
from analysis.estimate.bootstrap import (
    draw_counts,
    drawn_estimate,
    drawn_interval,
    percentile_interval,
)
from analysis.estimate.covariance import cluster_codes
from analysis.estimate.fits import NotEstimableError, fit_logit
from analysis.estimate.groups import MEMBER, compare
from analysis.estimate.margins import average_marginal_effect, random_std_error
from analysis.estimate.options import GapOptions
from analysis.estimate.proportions import Estimate
from analysis.estimate.redraws import bootstrap_gaps, bootstrap_row, cluster_counts, redraw
from analysis.estimate.refits import refit
from analysis.estimate.results import read_note
from analysis.ingest import Processed
from analysis.studies import Study
from analysis.vocabulary import UNDERSERVED, Contrast, Estimand

Count = Callable[..., pd.DataFrame]
NUMBERS = ["estimate", "std_error", "ci_low", "ci_high", "p_value"]


def draw(size: int = 900, clusters: int = 30, seed: int = 3) -> pd.DataFrame:
    """Rows of persons in clusters, with two covariates."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({MEMBER: rng.random(size) < 0.4})
    rows["cluster"] = [f"c{number:02d}" for number in rng.integers(0, clusters, size)]
    rows["a"] = pd.Categorical(rng.choice(list("xyz"), size))
    rows["b"] = pd.Categorical(rng.choice(list("uv"), size))
    index = 0.2 - 0.6 * rows[MEMBER] + 0.7 * (rows["a"] == "y") - 0.4 * (rows["b"] == "v")
    index = index + rng.normal(0, 0.5, clusters)[rows["cluster"].str[1:].astype(int)]
    rows["y"] = (rng.random(size) < expit(index)).astype(int)
    return rows


@pytest.fixture(scope="module")
def cells(count: Count) -> pd.DataFrame:
    return count(draw(), [MEMBER, "a", "b", "cluster"])


# ---- Draws --------------------------------------------------------------------------------------


def test_persons_are_drawn_by_their_shares() -> None:
    counts = np.array([500, 0, 300, 200])
    drawn = np.array(list(draw_counts(counts, 4000, 1)))
    assert (drawn.sum(axis=1) == 1000).all()
    assert (drawn[:, 1] == 0).all()
    shares = counts / 1000
    error = np.sqrt(1000 * shares * (1 - shares) / 4000)
    assert (np.abs(drawn.mean(axis=0) - counts) <= 4 * error).all()
    expected = 1000 * (np.diag(shares) - np.outer(shares, shares))
    np.testing.assert_allclose(np.cov(drawn.T), expected, atol=15)


def test_clusters_are_drawn_whole() -> None:
    counts, clusters = np.array([5, 7, 2, 9, 4]), np.array([0, 1, 0, 2, 1])
    for drawn in draw_counts(counts, 50, 2, clusters):
        times = drawn / counts
        assert times[0] == times[2]
        assert times[1] == times[4]
        assert times[[0, 1, 3]].sum() == 3


def test_a_seed_gives_the_same_draws_whatever_else_runs(cells: pd.DataFrame) -> None:
    def run(seed: int) -> list[object]:
        row = bootstrap_row(cells, ["a", "b"], GapOptions(), "cluster", draws=60, seed=seed)
        return [row[name] for name in NUMBERS]

    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(run, [7, 7, 7, 8]))
    assert at_once[0] == at_once[1] == at_once[2] == run(7)
    assert at_once[0] != at_once[3]


# ---- Intervals ----------------------------------------------------------------------------------


def test_percentiles_of_the_draws() -> None:
    replicates = np.arange(1.0, 1001.0)
    found = percentile_interval(500.0, replicates, 0.9)
    assert (found.low, found.high) == pytest.approx((50.95, 950.05))
    assert found.std_error == pytest.approx(replicates.std(ddof=1))
    assert percentile_interval(0.0, replicates, 0.9).low == 0.0


def test_draws_without_a_result_are_left_out_or_too_many() -> None:
    replicates = np.append(np.arange(96.0), [np.nan] * 4)
    assert percentile_interval(50.0, replicates, 0.9).high == pytest.approx(90.25)
    with pytest.raises(NotEstimableError, match="draws_failed: 6"):
        percentile_interval(50.0, np.append(np.arange(94.0), [np.nan] * 6), 0.9)


def test_draws_of_clusters_take_t() -> None:
    values = np.append(1.0, np.linspace(0, 2, 101))
    found = drawn_interval(values, 0.95, 12)
    error = values[1:].std(ddof=1) * np.sqrt(12 / 11)
    assert found.std_error == pytest.approx(error)
    assert found.high == pytest.approx(1 + student(11).ppf(0.975) * error)
    assert found.p_value == pytest.approx(2 * student(11).sf(1 / error))


def test_what_the_draws_can_not_carry_has_no_interval() -> None:
    values = np.append(0.1, np.linspace(0, 0.2, 99))
    for clusters, told in (((9, 9), 9), ((20, 3), 3)):
        estimate, remarks = drawn_estimate(values, 0.95, clusters)
        assert remarks == {"few_clusters": told}
        assert estimate.value == 0.1
        assert np.isnan([estimate.std_error, estimate.low, estimate.p_value]).all()
    assert drawn_estimate(np.full(100, 0.1), 0.95, None)[1] == {"no_variation": True}
    failed = np.append(values[:80], [np.nan] * 20)
    assert drawn_estimate(failed, 0.95, None)[1] == {"draws_without": "20"}
    assert drawn_estimate(values, 0.95, (20, 8))[1] == {"clusters": 20}


# ---- Refits -------------------------------------------------------------------------------------


def test_refits_are_the_fits_of_the_draws(cells: pd.DataFrame) -> None:
    drawn = redraw(cells, [MEMBER], ["a", "b"], draws=25, seed=5)
    assert drawn.fit.persons == cells["n"].sum()
    for n, successes, found in zip(drawn.n, drawn.successes, drawn.coefficients, strict=True):
        assert n.sum() == cells["n"].sum()
        alone = fit_logit(drawn.cells.assign(n=n, successes=successes), [MEMBER], ["a", "b"])
        np.testing.assert_allclose(found, alone.coefficients, atol=1e-5)


def test_a_draw_may_lack_a_level(cells: pd.DataFrame) -> None:
    fit = redraw(cells, [MEMBER], ["a", "b"], draws=2).fit
    column = fit.design.matrix[:, fit.design.names.index("a[z]")] > 0
    n, successes = (np.where(column, 0.0, part)[None] for part in (fit.n, fit.successes))
    (found,) = refit(fit.design.matrix, n, successes, fit.coefficients)
    kept = np.array([name != "a[z]" for name in fit.design.names])
    rest = pd.DataFrame(fit.design.matrix[:, 1:], columns=fit.design.names[1:])
    rest = rest.assign(n=n[0], successes=successes[0])[~column]
    alone = fit_logit(rest, [name for name in rest.columns[:-2] if name != "a[z]"])
    np.testing.assert_allclose(found[kept], alone.coefficients, atol=1e-6)
    assert found[~kept] == pytest.approx(fit.coefficients[~kept])


def test_a_draw_that_separates_gives_the_limit(cells: pd.DataFrame) -> None:
    """All of a level succeed: its probability goes to 1, the others as if it were not there."""
    fit = redraw(cells, [MEMBER], ["a", "b"], draws=2).fit
    column = fit.design.matrix[:, fit.design.names.index("a[z]")] > 0
    successes = np.where(column, fit.n, fit.successes)[None]
    (found,) = refit(fit.design.matrix, fit.n[None], successes, fit.coefficients)
    fitted = expit(fit.design.matrix @ found)
    assert (fitted[column] > 1 - 1e-4).all()
    n, rest = (np.where(column, 0.0, part)[None] for part in (fit.n, fit.successes))
    (alone,) = refit(fit.design.matrix, n, rest, fit.coefficients)
    without = expit(fit.design.matrix @ alone)
    np.testing.assert_allclose(fitted[~column], without[~column], atol=1e-4)


def test_blocks_of_draws_and_cells_change_nothing(
    cells: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = redraw(cells, [MEMBER], ["a", "b"], draws=9).coefficients
    monkeypatch.setattr("analysis.estimate.refits.NUMBERS_AT_ONCE", 40)
    parts = redraw(cells, [MEMBER], ["a", "b"], draws=9).coefficients
    np.testing.assert_allclose(whole, parts, atol=1e-9)


# ---- The adjusted gap ---------------------------------------------------------------------------


@pytest.mark.parametrize("over", ["all", "group"])
def test_errors_agree_with_the_analytic_ones(cells: pd.DataFrame, over: Any) -> None:
    options = GapOptions(over=over)
    for cluster in (None, "cluster"):
        row = bootstrap_row(cells, ["a", "b"], options, cluster, draws=2000)
        fit = fit_logit(cells, [MEMBER], ["a", "b"])
        effect = average_marginal_effect(fit, MEMBER, over=over)
        codes = cluster_codes(cells[cluster].iloc[fit.rows]) if cluster else None
        assert row["estimate"] == pytest.approx(effect.value, rel=1e-9)
        assert row["std_error"] == pytest.approx(random_std_error(fit, effect, codes), rel=0.08)
        kind = "_cluster" if cluster else ""
        assert row["method"] == f"logit{'_group' if over == 'group' else ''}_bootstrap{kind}"


@pytest.mark.parametrize("name", ["loanapp", "fair"])
def test_agrees_with_boot_of_r(name: str, count: Count) -> None:
    """Both draw 2,000 times, so both err: compared within four Monte Carlo errors."""
    path = Path(__file__).parents[1] / "reference" / "nonlinear.json"
    values = json.loads(path.read_text())[name]
    frame = {"loanapp": export_data.loanapp_frame, "fair": export_data.fair_frame}[name]()
    covariates = values["covariates"]
    kinds = dict.fromkeys(covariates, "category") | {"group": bool}
    rows = frame.astype(kinds).rename(columns={"group": MEMBER})
    cells = count(rows, [*covariates, MEMBER])
    theirs = values["bootstrap"]
    ours: Any = bootstrap_row(cells, covariates, GapOptions(), draws=theirs["draws"])
    assert ours["estimate"] == pytest.approx(theirs["estimate"], rel=1e-6)
    assert ours["std_error"] == pytest.approx(theirs["se"], rel=4 / np.sqrt(theirs["draws"]))
    for end in ("low", "high"):
        limit = theirs["lower_95" if end == "low" else "upper_95"]
        assert ours[f"ci_{end}"] == pytest.approx(limit, abs=0.34 * theirs["se"])


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_order_and_splitting_of_cells_change_nothing(cells: pd.DataFrame, seed: int) -> None:
    whole = bootstrap_row(cells, ["a", "b"], GapOptions(), "cluster", draws=20)
    half = cells.assign(n=cells["n"] // 2, successes=cells["successes"] // 2)
    half["successes"] = np.minimum(half["successes"], half["n"])
    rest = cells.assign(n=cells["n"] - half["n"], successes=cells["successes"] - half["successes"])
    split = pd.concat([half, rest]).sample(frac=1, random_state=seed)
    again = bootstrap_row(split, ["a", "b"], GapOptions(), "cluster", draws=20)
    assert [again[name] for name in NUMBERS] == [whole[name] for name in NUMBERS]


def test_twice_the_persons_halve_the_variance(cells: pd.DataFrame) -> None:
    twice = cells.assign(n=2 * cells["n"], successes=2 * cells["successes"])
    one: Any = bootstrap_row(cells, ["a", "b"], GapOptions(), draws=1500)
    two: Any = bootstrap_row(twice, ["a", "b"], GapOptions(), draws=1500)
    assert two["std_error"] ** 2 == pytest.approx(one["std_error"] ** 2 / 2, rel=0.15)


def test_degenerate_gaps_have_a_reason(cells: pd.DataFrame) -> None:
    for changed, reason in (
        (cells.assign(successes=0), "one_sided"),
        (cells.assign(n=0, successes=0), "empty_group"),
        (cells.assign(successes=cells["successes"].where(cells[MEMBER], 0)), "separation"),
    ):
        row: Any = bootstrap_row(changed, ["a"], GapOptions(), draws=5)
        assert reason in read_note(row["note"])
        assert "estimate" not in row


def test_clusters_are_counted_by_side(cells: pd.DataFrame) -> None:
    held = cells[~cells[MEMBER] | cells["cluster"].isin(["c01", "c02", "c03"])]
    assert cluster_counts(held, "cluster") == (30, 3)
    row: Any = bootstrap_row(held, ["a"], GapOptions(), "cluster", draws=20)
    assert read_note(row["note"]) == {"few_clusters": "3", "draws": "20"}


def test_the_table_of_a_study(study: Study, persons: pd.DataFrame) -> None:
    import ibis

    from analysis.cells import count_cells

    cells = count_cells(
        ibis.memtable(persons),
        by=[*study.categories, "gender", "age_band", "education"],
        outcome="graduated",
        cluster="cluster",
    )
    adjusters = ["gender", "age_band", "education"]
    table = bootstrap_gaps(study, "graduated", cells, adjusters, draws=50)
    assert set(table["estimand"]) == {Estimand.ADJUSTED_DIFFERENCE}
    assert Contrast.JOINT not in set(table["contrast"])
    assert set(table["method"]) == {"logit_bootstrap_cluster"}
    assert table["estimate"].notna().all()
    row = table[(table["contrast"] == "complement") & (table["group"] == "low_qualification")]
    assert read_note(row["note"].iloc[0])["defines"] == "education"


def test_two_thousand_draws_of_the_default_study_are_fast(
    provider_study: Study, provider_processed: Processed
) -> None:
    adjusters = provider_study.default_adjusters()
    for outcome in provider_study.default_outcomes():
        cells = study_cells(
            provider_study,
            provider_processed.place,
            outcome=outcome,
            covariates=adjusters,
            cohort="2022",
        )
        one = compare(cells, list(provider_study.categories), Contrast.ANY, UNDERSERVED)
        start = time.perf_counter()
        row = bootstrap_row(one.cells, adjusters, GapOptions(), draws=2000)
        assert time.perf_counter() - start < 20
        assert np.isfinite([float(str(row[name])) for name in NUMBERS]).all()


def test_draws_without_end_are_not_left_out() -> None:
    """A drawn rate of 0 has no logarithm; without such draws the others would seem too sure."""
    values = np.concatenate([[0.5], np.linspace(0, 1, 98), [-np.inf]])
    found, remarks = drawn_estimate(values, 0.95, None)
    assert found == Estimate(0.5)
    assert remarks == {"draws_infinite": "1.0"}


def test_no_cluster_at_all_is_too_few() -> None:
    values = np.linspace(0, 1, 100)
    found, remarks = drawn_estimate(values, 0.95, (20, 0))
    assert found == Estimate(0.0)
    assert remarks == {"few_clusters": 0}
