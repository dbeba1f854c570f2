"""The rates of a journey's steps: linked persons, weights for silence, draws; against rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.cells import count_linked, study_cells
from analysis.estimate.bootstrap import drawn_interval
from analysis.estimate.fits import fit_logit
from analysis.estimate.journey_gaps import STEPS
from analysis.estimate.journey_rates import refit_logit
from analysis.estimate.nonresponse.answering import fit_answers
from analysis.estimate.nonresponse.response import response_gaps
from analysis.estimate.options import GapOptions
from analysis.estimate.results import read_note
from analysis.studies import Study
from analysis.vocabulary import Contrast, Estimand

Asking = Callable[..., pd.DataFrame]
ADJUSTERS = ["gender", "age_band"]


# ---- The same by rows and persons ---------------------------------------------------------------


def in_cohort(rows: pd.DataFrame, outcome: str) -> pd.Series:
    """Values of an outcome in the cohort of 2022, as numbers."""
    column = {"admitted": "cohort", "started": "cohort"}.get(outcome, f"cohort_{outcome}")
    return rows[outcome].where(rows[column] == "2022").astype("Float64")


def response_influence(rows: pd.DataFrame) -> tuple[list[float], list[np.ndarray]]:
    """Weighted placement of job seekers and the others, and each row's influence on both."""
    answered = in_cohort(rows, "answered_6")
    placed = in_cohort(rows, "placed_6").fillna(0).to_numpy(float)
    held = pd.get_dummies(rows[ADJUSTERS], drop_first=True, dtype=float).assign(one=1.0)
    design, answer = held.to_numpy(), answered.fillna(0).to_numpy(float)
    values, influence = [], []
    for side in (rows["job_seeker"].to_numpy(bool), ~rows["job_seeker"].to_numpy(bool)):
        due = answered.notna().to_numpy() & side
        params = sm.Logit(answer[due], design[due]).fit(disp=0, tol=1e-12).params
        chance = 1 / (1 + np.exp(-design @ params))
        score = due[:, None] * (answer - chance)[:, None] * design
        information = (design[due].T * (chance * (1 - chance))[due]) @ design[due]
        weight = due * answer / chance
        value = (weight * placed).sum() / weight.sum()
        own = weight * (placed - value)
        # The weights depend on the coefficients: d(1/p) = -(1 - p)/p x.
        slope = -(own * (1 - chance)) @ design
        values.append(value)
        influence.append((own + score @ np.linalg.solve(information, slope)) / weight.sum())
    return values, influence


def by_rows(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Rates of both sides by step (2 by 4), and the influence of each row (2 by 4 by rows)."""
    rates, influence = np.empty((2, 4)), np.empty((2, 4, len(rows)))
    for place, side in enumerate((rows["job_seeker"], ~rows["job_seeker"])):
        for step, outcome in enumerate(STEPS.values()):
            value = in_cohort(rows, outcome)
            inside = (value.notna() & side).to_numpy(bool)
            rates[place, step] = value[inside].mean()
            own = inside * (value.fillna(0).to_numpy(float) - rates[place, step])
            influence[place, step] = own / inside.sum()
    weighted, through = response_influence(rows)
    rates[:, 3], influence[:, 3] = weighted, through
    return rates, influence


def gradient(function: Callable[[np.ndarray], np.ndarray], at: np.ndarray) -> np.ndarray:
    """Numeric derivatives of a function's values by the entries of its argument."""
    columns = []
    for place in range(at.size):
        step = np.zeros(at.size)
        step[place] = 1e-6
        high, low = (function(at + s * step.reshape(at.shape)) for s in (1, -1))
        columns.append((high - low) / 2e-6)
    return np.stack(columns, axis=-1)


@pytest.fixture(scope="module")
def analytic(applications: pd.DataFrame, by_orders: Callable[..., np.ndarray]) -> dict[str, Any]:
    """Split of the job seekers' gap and its delta-method errors, of persons and of clusters."""
    rates, influence = by_rows(applications)
    found: dict[str, Any] = {"rates": rates}
    functions = {
        Estimand.STEP_CONTRIBUTION: lambda x: by_orders(x[0], x[1]),
        Estimand.LOG_STEP_CONTRIBUTION: lambda x: np.log(x[0] / x[1]),
    }
    for estimand, function in functions.items():
        slopes = gradient(function, rates)
        slopes = np.vstack([slopes, slopes.sum(axis=0)])
        through = slopes @ influence.reshape(8, -1)
        errors = {}
        for unit in ("person", "cluster"):
            code = pd.factorize(applications[unit])[0]
            sums = np.stack([np.bincount(code, line) for line in through])
            groups = sums.shape[1]
            factor = groups / (groups - 1) if unit == "cluster" else 1.0
            errors[unit] = np.sqrt(factor * (sums**2).sum(axis=1))
        errors["row"] = np.sqrt((through**2).sum(axis=1))
        parts = function(rates)
        found[estimand] = {"parts": np.append(parts, parts.sum()), "errors": errors}
    return found


TERMS = [*STEPS, ""]


@pytest.mark.parametrize("estimand", [Estimand.STEP_CONTRIBUTION, Estimand.LOG_STEP_CONTRIBUTION])
def test_parts_and_errors_are_those_of_rows(
    applications: pd.DataFrame,
    analytic: dict[str, Any],
    ask_journeys: Asking,
    estimand: Estimand,
    of_group: Callable[..., Any],
) -> None:
    """The draws' errors are the delta method's, with the covariances that persons create."""
    found = of_group(ask_journeys(applications, draws=2000)).loc[estimand].loc[TERMS]
    expected = analytic[estimand]
    np.testing.assert_allclose(found["estimate"], expected["parts"], rtol=1e-8)
    # The standard deviation of 2,000 draws is known to 1.6%.
    np.testing.assert_allclose(found["std_error"], expected["errors"]["person"], rtol=0.06)
    # Taken for different persons, rows would have given other errors.
    ratio = expected["errors"]["person"] / expected["errors"]["row"]
    assert np.abs(ratio - 1).max() > 0.12


def test_clusters_are_drawn_where_the_study_has_them(
    applications: pd.DataFrame,
    analytic: dict[str, Any],
    ask_journeys: Asking,
    of_group: Callable[..., Any],
) -> None:
    rows = ask_journeys(applications, clusters=True, draws=2000)
    found = of_group(rows).loc[Estimand.STEP_CONTRIBUTION].loc[TERMS]
    expected = analytic[Estimand.STEP_CONTRIBUTION]
    np.testing.assert_allclose(found["estimate"], expected["parts"], rtol=1e-8)
    np.testing.assert_allclose(found["std_error"], expected["errors"]["cluster"], rtol=0.1)
    assert set(found["method"]) == {"shapley_bootstrap_cluster"}
    assert {read_note(note)["clusters"] for note in found["note"]} == {"50"}
    named = ask_journeys(applications, clusters=True, options={"errors": "hc1"})
    assert set(of_group(named).loc[Estimand.STEP_CONTRIBUTION, "method"]) == {"shapley_bootstrap"}


def test_who_answers_is_a_bar_of_its_own(
    applications: pd.DataFrame, ask_journeys: Asking, of_group: Callable[..., Any]
) -> None:
    row = of_group(ask_journeys(applications)).loc[Estimand.NONRESPONSE_SHIFT, "placement"]
    weighted, _ = response_influence(applications)
    placed, member = in_cohort(applications, "placed_6"), applications["job_seeker"]
    among = placed[member].mean() - placed[~member].mean()
    assert row["estimate"] == pytest.approx(among - (weighted[0] - weighted[1]), rel=1e-7)
    rates, _ = by_rows(applications)
    steps = rates[:, :3].prod(axis=1)
    sides = [placed[member].mean() - weighted[0], placed[~member].mean() - weighted[1]]
    whole = of_group(ask_journeys(applications)).loc[Estimand.NONRESPONSE_SHIFT, ""]
    assert whole["estimate"] == pytest.approx(steps[0] * sides[0] - steps[1] * sides[1], rel=1e-7)
    due = in_cohort(applications, "answered_6")
    assert row["n_group"] == due[member].count()
    assert row["k_reference"] == due[~member].sum()
    assert read_note(row["note"])["weighted_by"] == "gender, age_band"


def test_weights_are_those_of_the_survey_s_estimator(
    applications: pd.DataFrame, ask_journeys: Asking, provider_study: Study, tmp_path: Path
) -> None:
    shift = ask_journeys(applications, draws=9)
    shift = shift[(shift["estimand"] == Estimand.NONRESPONSE_SHIFT) & (shift["term"] != "")]
    shift = shift.set_index("group")["estimate"]
    cells = [
        study_cells(
            provider_study, tmp_path / "rows.parquet", outcome=outcome, covariates=ADJUSTERS,
            cohort="2022",
        )
        for outcome in ("placed_6", "answered_6")
    ]  # fmt: skip
    options = GapOptions(contrasts=(Contrast.COMPLEMENT,))
    found = response_gaps(provider_study, "placed_6", *cells, ADJUSTERS, options)
    gaps = found[found["estimand"] == Estimand.DIFFERENCE]
    gaps = gaps.assign(kind=gaps["method"].str.split("_").str[0]).set_index(["kind", "group"])
    for group in ("job_seeker", "disability"):
        one, other = (gaps.loc[(kind, group), "estimate"] for kind in ("respondents", "ipw"))
        assert shift[group] == pytest.approx(one - other, abs=1e-9)


def test_counts_are_those_of_the_step(
    applications: pd.DataFrame, ask_journeys: Asking, of_group: Callable[..., Any]
) -> None:
    found = of_group(ask_journeys(applications)).loc[Estimand.STEP_CONTRIBUTION]
    for step, outcome in {**STEPS, "": "admitted"}.items():
        value = in_cohort(applications, outcome)[applications["job_seeker"]]
        assert found.loc[step, "n_group"] == value.count()
        assert found.loc[step, "k_group"] == value.sum()


def test_what_defines_a_group_does_not_weight_it(
    applications: pd.DataFrame, ask_journeys: Asking, of_group: Callable[..., Any]
) -> None:
    rows = applications.assign(education="4").sample(frac=1, random_state=1)
    rows.loc[rows.index[::3], "education"] = "6"
    found = ask_journeys(rows, covariates=[*ADJUSTERS, "education"], draws=9)
    notes = {
        group: read_note(of_group(found, group).loc[(Estimand.NONRESPONSE_SHIFT, ""), "note"])
        for group in ("job_seeker", "low_qualification")
    }
    assert notes["job_seeker"]["weighted_by"] == "gender, age_band, education"
    assert notes["low_qualification"]["defines"] == "education"


# ---- Persons, and the logit of a draw -----------------------------------------------------------


def test_persons_are_linked_by_all_of_their_rows(applications: pd.DataFrame) -> None:
    by = ["admitted", "gender"]
    linked = count_linked(ibis.memtable(applications), by=by, person="person", cluster="cluster")
    assert linked.persons.sum() == len(applications.drop_duplicates(["person", "cluster"]))
    counts = pd.Series(linked.persons @ linked.patterns)
    own = applications.groupby(by, dropna=False).size()
    pd.testing.assert_series_equal(
        counts, linked.kinds.merge(own.rename("n").reset_index(), on=by, how="left")["n"],
        check_names=False, check_dtype=False,
    )  # fmt: skip
    each = count_linked(ibis.memtable(applications), by=by, person="person")
    assert each.clusters is None
    assert each.persons.sum() == applications["person"].nunique()
    assert set(np.asarray(each.patterns.sum(axis=1))) == {2.0}


def test_all_draws_are_fitted_at_once() -> None:
    rng = np.random.default_rng(3)
    cells = pd.DataFrame({"member": np.arange(12) % 2 == 0, "level": list("aabbccddeeff")})
    cells["n"] = rng.integers(6, 14, 12)
    cells["answered"] = np.clip(rng.binomial(cells["n"], 0.6), 1, cells["n"] - 1)
    model = fit_answers(cells, ["level"])
    assert model.pooled
    n = rng.integers(5, 60, (20, 12))
    answered = np.clip(rng.binomial(n, 0.5), 1, n - 1)
    found = refit_logit(model, n.astype(float), answered.astype(float))
    for line in range(20):
        own = fit_logit(cells.assign(n=n[line], successes=answered[line]), ["member"], ["level"])
        np.testing.assert_allclose(found[line], own.fitted, rtol=1e-6)


def test_known_trap_a_draw_may_separate_what_the_data_do_not() -> None:
    cells = pd.DataFrame({"member": [True, True, False, False], "level": list("abab")})
    model = fit_answers(cells.assign(n=[9, 8, 9, 8], answered=[4, 5, 6, 3]), ["level"])
    assert model.pooled
    n = np.array([[9.0, 8, 9, 8], [9, 0, 9, 0], [9, 8, 0, 0]])
    answered = np.array([[0.0, 5, 0, 3], [4, 0, 6, 0], [9, 8, 0, 0]])
    found = refit_logit(model, n, answered)
    np.testing.assert_allclose(found[0], [0, 5 / 8, 0, 3 / 8], atol=1e-6)
    np.testing.assert_allclose(found[1, [0, 2]], [4 / 9, 6 / 9], atol=1e-7)
    np.testing.assert_allclose(found[2, :2], 1, atol=1e-6)


def test_draws_give_interval_and_test_that_agree() -> None:
    draws = np.random.default_rng(1).normal(0.25, 0.1, 999)
    found = drawn_interval(np.append(0.25, draws), 0.95, None)
    assert found.low == pytest.approx(np.quantile(draws, 0.025))
    assert found.p_value == pytest.approx(2 * (1 + (draws <= 0).sum()) / 1000)
    assert (found.low > 0) == (found.p_value < 0.05)
    assert drawn_interval(np.append(0.0, draws - 0.25), 0.95, None).p_value <= 1
    few = drawn_interval(np.append(0.25, draws), 0.95, 12)
    assert few.std_error == pytest.approx(draws.std(ddof=1) * np.sqrt(12 / 11))
    assert few.high - few.low > found.high - found.low


# ---- Where there are no weights, or few draws ---------------------------------------------------


def all_answer(rows: pd.DataFrame, some: pd.Series) -> pd.DataFrame:
    some = some.fillna(False)
    return rows.assign(
        answered_6=rows["answered_6"].mask(some, True),
        placed_6=rows["placed_6"].mask(some & rows["placed_6"].isna(), False),
    )


def test_without_a_survey_placement_is_not_weighted(
    applications: pd.DataFrame,
    ask_journeys: Asking,
    provider_study: Study,
    of_group: Callable[..., Any],
) -> None:
    outcomes = {k: v for k, v in provider_study.outcomes.items() if k != "answered_6"}
    without = provider_study.model_copy(update={"outcomes": outcomes})
    found = of_group(ask_journeys(applications, draws=19, study=without))
    shift = found.loc[(Estimand.NONRESPONSE_SHIFT, "placement")]
    assert set(read_note(shift["note"])) == {"no_response_outcome"}
    whole = found.loc[Estimand.STEP_CONTRIBUTION].loc[""]
    assert set(read_note(whole["note"])) == {"unweighted"}
    assert whole["ci_low"] < whole["estimate"] < whole["ci_high"]
    assert not read_note(found.loc[Estimand.LOG_STEP_CONTRIBUTION].loc["admission", "note"])


@pytest.mark.parametrize("everyone", [False, True])
def test_without_adjusters_or_silence_weights_change_nothing(
    applications: pd.DataFrame, ask_journeys: Asking, everyone: bool, of_group: Callable[..., Any]
) -> None:
    rows = all_answer(applications, applications["graduated"]) if everyone else applications
    found = of_group(ask_journeys(rows, draws=19, covariates=ADJUSTERS if everyone else []))
    shift = found.loc[(Estimand.NONRESPONSE_SHIFT, "placement")]
    assert shift["estimate"] == pytest.approx(0, abs=1e-12)
    assert "no_variation" in read_note(shift["note"])
    assert found.loc[Estimand.STEP_CONTRIBUTION, "ci_low"].notna().all()


def test_a_group_that_few_draws_hold_has_no_interval(
    applications: pd.DataFrame, ask_journeys: Asking, of_group: Callable[..., Any]
) -> None:
    placed = applications.index[
        applications["job_seeker"] & in_cohort(applications, "placed_6").notna()
    ]
    kept = applications.drop(index=placed[2:])
    kept.loc[placed[:2], "placed_6"] = [True, False]
    found = of_group(ask_journeys(kept))
    whole = found.loc[Estimand.STEP_CONTRIBUTION].loc[""]
    assert np.isnan(whole["ci_low"])
    assert 5 < int(read_note(whole["note"])["draws_without"]) < 25
