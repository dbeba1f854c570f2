"""The gap in placements per application, split over steps, with persons in several denominators."""

from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.cells import count_linked, study_cells
from analysis.errors import InputError
from analysis.estimate.bootstrap import drawn_interval
from analysis.estimate.fits import fit_logit
from analysis.estimate.journey_gaps import STEPS, journey_gaps, split_product
from analysis.estimate.journey_rates import refit_logit
from analysis.estimate.nonresponse.answering import fit_answers
from analysis.estimate.nonresponse.response import response_gaps
from analysis.estimate.options import GapOptions
from analysis.estimate.results import read_note
from analysis.studies import Study
from analysis.vocabulary import Contrast, Estimand

OUTCOMES = [*STEPS.values(), "answered_6"]
CATEGORIES = ["job_seeker", "low_qualification", "disability", "refugee", "underserved_area"]
ADJUSTERS = ["gender", "age_band"]
NUMBERS = ["estimate", "std_error", "ci_low", "ci_high", "p_value"]


def draw_rows(size: int = 2500, seed: int = 4711) -> pd.DataFrame:
    """Draw applications: two of each person, who fares alike in both."""
    rng = np.random.default_rng(seed)
    persons = np.concatenate([np.arange(size), np.arange(size)])
    rows = pd.DataFrame({"person": persons.astype(str)})
    luck = rng.normal(0, 2.5, size)[persons]
    rows["job_seeker"] = (rng.random(size) < 0.5)[persons]
    rows["disability"] = (rng.random(size) < 0.2)[persons]
    rows["gender"] = rng.choice(["woman", "man", "unknown"], size, p=[0.4, 0.5, 0.1])[persons]
    rows["age_band"] = rng.choice(["<=25", "26-30", "31-40"], size)[persons]
    rows["cluster"] = [f"c{number:02d}" for number in rng.integers(0, 50, len(rows))]
    rows["cohort"] = rng.choice(["2021", "2022"], len(rows), p=[0.3, 0.7])
    index = luck - 0.5 * rows["job_seeker"] + 0.3 * (rows["gender"] == "man")

    def succeed(base: float) -> pd.Series:
        return pd.Series(rng.random(len(rows)) < 1 / (1 + np.exp(-base - index)), dtype="boolean")

    rows["admitted"] = succeed(0.8)
    rows["started"] = succeed(0.6).mask(~rows["admitted"])
    rows["graduated"] = succeed(0.4).mask(~rows["started"].fillna(False))
    rows["answered_6"] = succeed(0.2).mask(~rows["graduated"].fillna(False))
    rows["placed_6"] = succeed(0.0).mask(~rows["answered_6"].fillna(False))
    for name in ("graduated", "answered_6", "placed_6"):
        rows[f"cohort_{name}"] = np.where(rng.random(len(rows)) < 0.6, "2022", "2023")
    rows["cohort_placed_6"] = rows["cohort_answered_6"]
    for name in ("low_qualification", "refugee", "underserved_area"):
        rows[name] = False
    return rows.astype(dict.fromkeys(CATEGORIES, "boolean"))


@pytest.fixture(scope="module")
def applications() -> pd.DataFrame:
    return draw_rows()


@pytest.fixture
def asking(provider_study: Study, tmp_path: Path) -> Callable[..., pd.DataFrame]:
    def ask(
        rows: pd.DataFrame, clusters: bool = False, study: Study = provider_study, **asked: Any
    ) -> pd.DataFrame:
        path = tmp_path / "rows.parquet"
        rows.to_parquet(path)
        used = study.model_copy(update={"cluster": ("path",) if clusters else ()})
        options = {"contrasts": (Contrast.COMPLEMENT,)} | asked.pop("options", {})
        asked = {"cohort": "2022", "covariates": ADJUSTERS, "draws": 199} | asked
        return journey_gaps(used, path, options=GapOptions(**options), **asked)

    return ask


def of_group(results: pd.DataFrame, group: str = "job_seeker") -> Any:
    """Index a group's rows by estimand and step."""
    return results[results["group"] == group].set_index(["estimand", "term"])


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


def by_orders(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Shapley values of a difference of two products, by all orders."""
    orders = list(permutations(range(len(first))))
    parts = np.zeros(len(first))
    for order in orders:
        now = second.copy()
        for step in order:
            before = now.prod()
            now[step] = first[step]
            parts[step] += (now.prod() - before) / len(orders)
    return parts


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
def analytic(applications: pd.DataFrame) -> dict[str, Any]:
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
    asking: Callable[..., pd.DataFrame],
    estimand: Estimand,
) -> None:
    """The draws' errors are the delta method's, with the covariances that persons create."""
    found = of_group(asking(applications, draws=2000)).loc[estimand].loc[TERMS]
    expected = analytic[estimand]
    np.testing.assert_allclose(found["estimate"], expected["parts"], rtol=1e-8)
    # The standard deviation of 2,000 draws is known to 1.6%.
    np.testing.assert_allclose(found["std_error"], expected["errors"]["person"], rtol=0.06)
    # Taken for different persons, rows would have given other errors.
    ratio = expected["errors"]["person"] / expected["errors"]["row"]
    assert np.abs(ratio - 1).max() > 0.12


def test_clusters_are_drawn_where_the_study_has_them(
    applications: pd.DataFrame, analytic: dict[str, Any], asking: Callable[..., pd.DataFrame]
) -> None:
    rows = asking(applications, clusters=True, draws=2000)
    found = of_group(rows).loc[Estimand.STEP_CONTRIBUTION].loc[TERMS]
    expected = analytic[Estimand.STEP_CONTRIBUTION]
    np.testing.assert_allclose(found["estimate"], expected["parts"], rtol=1e-8)
    np.testing.assert_allclose(found["std_error"], expected["errors"]["cluster"], rtol=0.1)
    assert set(found["method"]) == {"shapley_bootstrap_cluster"}
    assert {read_note(note)["clusters"] for note in found["note"]} == {"50"}
    named = asking(applications, clusters=True, options={"errors": "hc1"})
    assert set(of_group(named).loc[Estimand.STEP_CONTRIBUTION, "method"]) == {"shapley_bootstrap"}


def test_who_answers_is_a_bar_of_its_own(
    applications: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    row = of_group(asking(applications)).loc[Estimand.NONRESPONSE_SHIFT, "placement"]
    weighted, _ = response_influence(applications)
    placed, member = in_cohort(applications, "placed_6"), applications["job_seeker"]
    among = placed[member].mean() - placed[~member].mean()
    assert row["estimate"] == pytest.approx(among - (weighted[0] - weighted[1]), rel=1e-7)
    rates, _ = by_rows(applications)
    steps = rates[:, :3].prod(axis=1)
    sides = [placed[member].mean() - weighted[0], placed[~member].mean() - weighted[1]]
    whole = of_group(asking(applications)).loc[Estimand.NONRESPONSE_SHIFT, ""]
    assert whole["estimate"] == pytest.approx(steps[0] * sides[0] - steps[1] * sides[1], rel=1e-7)
    due = in_cohort(applications, "answered_6")
    assert row["n_group"] == due[member].count()
    assert row["k_reference"] == due[~member].sum()
    assert read_note(row["note"])["weighted_by"] == "gender, age_band"


def test_weights_are_those_of_the_survey_s_estimator(
    applications: pd.DataFrame,
    asking: Callable[..., pd.DataFrame],
    provider_study: Study,
    tmp_path: Path,
) -> None:
    shift = asking(applications, draws=9)
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
    applications: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    found = of_group(asking(applications)).loc[Estimand.STEP_CONTRIBUTION]
    for step, outcome in {**STEPS, "": "admitted"}.items():
        value = in_cohort(applications, outcome)[applications["job_seeker"]]
        assert found.loc[step, "n_group"] == value.count()
        assert found.loc[step, "k_group"] == value.sum()


def test_what_defines_a_group_does_not_weight_it(
    applications: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    rows = applications.assign(education="4").sample(frac=1, random_state=1)
    rows.loc[rows.index[::3], "education"] = "6"
    found = asking(rows, covariates=[*ADJUSTERS, "education"], draws=9)
    notes = {
        group: read_note(of_group(found, group).loc[(Estimand.NONRESPONSE_SHIFT, ""), "note"])
        for group in ("job_seeker", "low_qualification")
    }
    assert notes["job_seeker"]["weighted_by"] == "gender, age_band, education"
    assert notes["low_qualification"]["defines"] == "education"


# ---- What must not matter -----------------------------------------------------------------------


def test_the_order_of_rows_does_not_matter(
    applications: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    shuffled = applications.sample(frac=1, random_state=7)
    pd.testing.assert_frame_equal(asking(applications), asking(shuffled))


def test_the_order_of_covariates_and_the_names_of_levels_do_not_matter(
    applications: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    renamed = applications.replace({"gender": {"woman": "unknown", "unknown": "woman"}})
    turned = asking(renamed, covariates=ADJUSTERS[::-1])
    np.testing.assert_allclose(turned["estimate"], asking(applications)["estimate"], rtol=1e-7)


def test_twice_the_persons_have_half_the_variance(
    applications: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    again = applications.assign(person="again " + applications["person"])
    one = of_group(asking(applications, draws=999))
    two = of_group(asking(pd.concat([applications, again]), draws=999))
    np.testing.assert_allclose(two["estimate"], one["estimate"], rtol=1e-7)
    np.testing.assert_allclose(two["std_error"], one["std_error"] / np.sqrt(2), rtol=0.2)
    whole = of_group(asking(pd.concat([applications, again]), draws=9, cohort=None))
    assert whole.loc[(Estimand.STEP_CONTRIBUTION, ""), "n_group"] == (
        2 * applications["job_seeker"].sum()
    )


FACTORS = arrays(float, (3, 4), elements=st.floats(0, 1))


@given(first=FACTORS, second=FACTORS)
@settings(max_examples=30, deadline=None)
def test_parts_of_a_product_are_those_of_all_orders(first: np.ndarray, second: np.ndarray) -> None:
    parts = split_product(first, second)
    np.testing.assert_allclose(
        parts.sum(axis=1), first.prod(axis=1) - second.prod(axis=1), atol=1e-14
    )
    for line in range(3):
        np.testing.assert_allclose(parts[line], by_orders(first[line], second[line]), atol=1e-14)
    np.testing.assert_allclose(split_product(second, first), -parts, atol=1e-14)
    np.testing.assert_allclose(
        split_product(first[:, ::-1], second[:, ::-1]), parts[:, ::-1], atol=1e-14
    )


@pytest.mark.parametrize("factors", [1, 2, 3, 5, 6])
def test_products_of_any_length_are_split(factors: int) -> None:
    first, second = np.random.default_rng(factors).random((2, factors))
    np.testing.assert_allclose(split_product(first, second), by_orders(first, second), rtol=1e-12)


def test_parts_of_a_table_add_up(
    applications: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    found = asking(applications, options={"contrasts": tuple(Contrast)})
    assert set(found["contrast"]) == {Contrast.ANY, Contrast.MARGINAL, Contrast.COMPLEMENT}
    for estimand in (Estimand.STEP_CONTRIBUTION, Estimand.LOG_STEP_CONTRIBUTION):
        rows = found[(found["estimand"] == estimand) & found["estimate"].notna()]
        for _, own in rows.groupby(["contrast", "group"]):
            whole = own["term"] == ""
            assert own.loc[whole, "estimate"].item() == pytest.approx(
                own.loc[~whole, "estimate"].sum(), abs=1e-14
            )


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


# ---- Where there is no answer -------------------------------------------------------------------

PER_GROUP = 2 * (len(STEPS) + 1) + 2


def of_members(rows: pd.DataFrame, outcome: str, value: object) -> pd.DataFrame:
    told = rows[outcome].mask(rows["job_seeker"] & rows[outcome].notna(), value)
    return rows.assign(**{outcome: told})


def all_answer(rows: pd.DataFrame, some: pd.Series) -> pd.DataFrame:
    some = some.fillna(False)
    return rows.assign(
        answered_6=rows["answered_6"].mask(some, True),
        placed_6=rows["placed_6"].mask(some & rows["placed_6"].isna(), False),
    )


BROKEN: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "no rows": (lambda rows: rows.iloc[:0], "empty_step"),
    "one row": (lambda rows: rows.iloc[:1], "empty_step"),
    "nobody in the cohort": (lambda rows: rows.assign(cohort="2021"), "empty_step"),
    "nobody is a member": (lambda rows: rows.assign(job_seeker=False), "empty_step"),
    "everybody is a member": (lambda rows: rows.assign(job_seeker=True), "empty_step"),
    "nobody's status is known": (lambda rows: rows.assign(job_seeker=pd.NA), "empty_step"),
    "no member answers": (
        lambda rows: of_members(of_members(rows, "answered_6", False), "placed_6", pd.NA),
        "empty_step",
    ),
    "no member is placed": (lambda rows: of_members(rows, "placed_6", False), "fixed_rate"),
    "all members are placed": (lambda rows: of_members(rows, "placed_6", True), "fixed_rate"),
    "no member starts": (
        lambda rows: of_members(rows, "started", False),
        "fixed_rate",
    ),
    "nobody of an age answers": (
        lambda rows: rows.assign(
            answered_6=rows["answered_6"].mask(
                rows["answered_6"].notna() & (rows["age_band"] == "26-30"), False
            ),
            placed_6=rows["placed_6"].mask(rows["age_band"] == "26-30", pd.NA),
        ),
        "unweighted",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("breaking", "reason"), BROKEN.values(), ids=BROKEN)
def test_whatever_the_data_each_question_has_its_row(
    applications: pd.DataFrame,
    asking: Callable[..., pd.DataFrame],
    breaking: Callable[[pd.DataFrame], pd.DataFrame],
    reason: str,
) -> None:
    rows = breaking(applications).astype(dict.fromkeys([*CATEGORIES, *OUTCOMES], "boolean"))
    found = asking(rows, draws=19)
    assert (found.groupby("group").size() == PER_GROUP).all()
    assert set(found["group"]) == set(CATEGORIES)
    whole = of_group(found).loc[Estimand.STEP_CONTRIBUTION].loc[""]
    assert reason in read_note(whole["note"])
    assert np.isnan(whole["estimate"]) == (reason == "empty_step")
    assert np.isnan(whole["ci_low"]) == (reason != "unweighted")
    missing = found[found["estimate"].isna()]
    remarks = {"weighted_by", "defines", "left_out", "clusters"}
    assert all(set(read_note(note)) - remarks for note in missing["note"])


def test_a_rate_of_zero_has_no_logarithm(
    applications: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    found = of_group(asking(of_members(applications, "placed_6", False), draws=19))
    logs = found.loc[Estimand.LOG_STEP_CONTRIBUTION]
    assert logs.loc[["admission", "start", "graduation"], "std_error"].notna().all()
    assert logs.loc[["placement", ""], "estimate"].isna().all()
    assert {"no_successes"} <= set(read_note(logs.loc["", "note"]))
    assert found.loc[Estimand.STEP_CONTRIBUTION, "estimate"].notna().all()


def test_where_everyone_is_admitted_the_other_steps_keep_their_intervals(
    applications: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    found = of_group(asking(applications.assign(admitted=True)))
    own = found.loc[Estimand.STEP_CONTRIBUTION]
    assert own.loc["admission", "estimate"] == 0
    assert "no_variation" in read_note(own.loc["admission", "note"])
    assert own.drop("admission")["ci_low"].notna().all()


@pytest.mark.parametrize(
    ("clusters", "members", "told"), [(9, 9, "9"), (12, 3, "3"), (12, 12, None)]
)
def test_few_clusters_carry_no_interval(
    applications: pd.DataFrame,
    asking: Callable[..., pd.DataFrame],
    clusters: int,
    members: int,
    told: str | None,
) -> None:
    number = applications["person"].astype(int)
    held = np.where(applications["job_seeker"], number % members, number % clusters)
    found = of_group(asking(applications.assign(cluster=held.astype(str)), clusters=True))
    own = found.loc[Estimand.STEP_CONTRIBUTION]
    assert {read_note(note).get("few_clusters") for note in own["note"]} == {told}
    assert own["ci_low"].isna().all() == (told is not None)
    assert own["estimate"].notna().all()


def test_without_a_survey_placement_is_not_weighted(
    applications: pd.DataFrame, asking: Callable[..., pd.DataFrame], provider_study: Study
) -> None:
    outcomes = {k: v for k, v in provider_study.outcomes.items() if k != "answered_6"}
    without = provider_study.model_copy(update={"outcomes": outcomes})
    found = of_group(asking(applications, draws=19, study=without))
    shift = found.loc[(Estimand.NONRESPONSE_SHIFT, "placement")]
    assert set(read_note(shift["note"])) == {"no_response_outcome"}
    whole = found.loc[Estimand.STEP_CONTRIBUTION].loc[""]
    assert set(read_note(whole["note"])) == {"unweighted"}
    assert whole["ci_low"] < whole["estimate"] < whole["ci_high"]
    assert not read_note(found.loc[Estimand.LOG_STEP_CONTRIBUTION].loc["admission", "note"])


@pytest.mark.parametrize("everyone", [False, True])
def test_without_adjusters_or_silence_weights_change_nothing(
    applications: pd.DataFrame, asking: Callable[..., pd.DataFrame], everyone: bool
) -> None:
    rows = all_answer(applications, applications["graduated"]) if everyone else applications
    found = of_group(asking(rows, draws=19, covariates=ADJUSTERS if everyone else []))
    shift = found.loc[(Estimand.NONRESPONSE_SHIFT, "placement")]
    assert shift["estimate"] == pytest.approx(0, abs=1e-12)
    assert "no_variation" in read_note(shift["note"])
    assert found.loc[Estimand.STEP_CONTRIBUTION, "ci_low"].notna().all()


def test_a_group_that_few_draws_hold_has_no_interval(
    applications: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    placed = applications.index[
        applications["job_seeker"] & in_cohort(applications, "placed_6").notna()
    ]
    kept = applications.drop(index=placed[2:])
    kept.loc[placed[:2], "placed_6"] = [True, False]
    found = of_group(asking(kept))
    whole = found.loc[Estimand.STEP_CONTRIBUTION].loc[""]
    assert np.isnan(whole["ci_low"])
    assert 5 < int(read_note(whole["note"])["draws_without"]) < 25


def test_unknown_cohorts_are_refused(
    applications: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    with pytest.raises(InputError, match="1999"):
        asking(applications, cohort="1999")
