"""Means under non-response: Stata's and R's values, and what must hold of every cell table."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from analysis.estimate.fits import NotEstimableError, fit_linear
from analysis.estimate.nonresponse.answering import (
    answer_probabilities,
    fit_answers,
    fit_outcome,
    fit_sides,
)
from analysis.estimate.nonresponse.surveys import SideMeans, Survey
from analysis.estimate.nonresponse.weighting import (
    AnswerModel,
    Mean,
    MeanModel,
    Told,
    doubly_robust_mean,
    regression_mean,
    weighted_mean,
)
from analysis.estimate.options import GapOptions

METHODS: dict[str, Callable[[Survey], SideMeans]] = {
    "respondents": Survey.respondents,
    "weighted": Survey.weighted,
    "doubly_robust": Survey.doubly_robust,
}
ADJUSTERS = ("married", "first", "age")


@pytest.fixture(scope="module")
def births() -> pd.DataFrame:
    """Give Cattaneo's birth weights, which come with statsmodels."""
    folder = Path(statsmodels.__file__).parent / "treatment" / "tests" / "results"
    return pd.read_csv(folder / "cataneo2.csv")


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    """Values from R; see tests/reference/README.md."""
    path = Path(__file__).parents[2] / "reference" / "response.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


# ---- Treatment effects: an effect is the difference of two means, each with missing outcomes ----


def probit(x: np.ndarray, answered: np.ndarray) -> AnswerModel:
    result = sm.Probit(answered, x).fit(disp=0, tol=1e-14, method="newton", maxiter=100)
    index = x @ result.params
    p, density = norm.cdf(index), norm.pdf(index)
    bread = np.linalg.inv(-result.model.hessian(result.params))
    return AnswerModel(x, p, density, density / p, -density / (1 - p), bread)


def arm_means(births: pd.DataFrame, arm: int) -> tuple[Told, dict[str, Mean]]:
    """Mean birth weight if all mothers were in one arm, by the three ways; a row is a cell."""
    answered = (births["mbsmoke_"] == arm).to_numpy(dtype=float)
    y = births["bweight"].to_numpy(dtype=float)
    told = Told(np.ones_like(y), answered, answered * y, answered * y**2)
    everyone = np.ones(len(y), dtype=bool)
    age = births["mage"] / 20 - 1
    x = np.column_stack(
        [np.ones_like(y), births["mmarried_"], age, age**2, births["fbaby_"], births["medu"] / 10]
    )
    names = ["prenatal1_", "mmarried_", "mage", "fbaby_"]
    covariates = births[names].astype(float)
    fit = fit_linear(covariates.assign(n=answered, successes=answered * y), [], names)
    outcome = MeanModel.of(fit, np.column_stack([np.ones_like(y), covariates]))
    answers = probit(x, answered)
    return told, {
        "regression": regression_mean(told, everyone, outcome),
        "weighted": weighted_mean(told, everyone, answers),
        "doubly_robust": doubly_robust_mean(told, everyone, answers, outcome),
    }


@pytest.mark.parametrize(
    ("method", "effect", "error"),
    [
        ("regression", -239.6392, 23.8240),
        ("weighted", -230.6886, 25.8152),
        ("doubly_robust", -230.9892, 26.2106),
    ],
)
def test_treatment_effects_are_those_of_stata_and_r(
    births: pd.DataFrame, values: dict[str, Any], method: str, effect: float, error: float
) -> None:
    (told1, treated), (told0, untreated) = (arm_means(births, arm) for arm in (1, 0))
    one, other = treated[method], untreated[method]
    influence = one.influence.totals(told1) - other.influence.totals(told0)
    found = one.value - other.value, float(np.sqrt(influence @ influence))
    assert found == pytest.approx((effect, error), abs=5.1e-5)  # Stata prints four decimals
    r = values["treatment_effects"][method]
    assert found == pytest.approx((r["estimate"], r["std_error"]), rel=1e-9)


# ---- Surveys of two sides -----------------------------------------------------------------------


def birth_survey(births: pd.DataFrame, rows: slice, errors: str) -> Survey:
    used = births.iloc[rows]
    answered = used["prenatal1_"]
    persons = pd.DataFrame(
        {
            "member": used["mbsmoke_"] == 1,
            "married": used["mmarried_"].astype("category"),
            "first": used["fbaby_"].astype("category"),
            "age": pd.cut(used["mage"], [0, 20, 25, 30, 99]),
            "cluster": used["birthmonth"].astype(str),
            "n": 1,
            "answered": answered,
            "successes": (used["bweight"] >= 3200) * answered,
        }
    )
    keys = ["member", *ADJUSTERS, "cluster"]
    cells = persons.groupby(keys, observed=True, as_index=False)[["n", "answered", "successes"]]
    options = GapOptions(errors=errors)  # type: ignore[arg-type]
    return Survey(cells.sum(), ADJUSTERS, options, "cluster")


@pytest.mark.parametrize("errors", ["hc0", "cluster"])
@pytest.mark.parametrize(("name", "rows"), [("apart", slice(None)), ("pooled", slice(600))])
def test_rates_and_covariances_are_those_of_r(
    births: pd.DataFrame, values: dict[str, Any], name: str, rows: slice, errors: str
) -> None:
    survey, r = birth_survey(births, rows, errors), values[name]
    assert survey.answers.pooled == survey.outcome.pooled == (name == "pooled")
    for method, estimate in METHODS.items():
        found, expected = estimate(survey), r[method]
        group, reference = found.means[True], found.means[False]
        assert group.value == pytest.approx(expected["group"], rel=1e-9)
        assert reference.value == pytest.approx(expected["reference"], rel=1e-9)
        theirs = expected[errors]
        variances = theirs["group"], theirs["reference"]
        assert survey.covariance(group, group, found) == pytest.approx(variances[0], rel=1e-7)
        assert survey.covariance(reference, reference, found) == pytest.approx(
            variances[1], rel=1e-7
        )
        assert survey.covariance(group, reference, found) == pytest.approx(
            theirs["across"], abs=1e-7 * np.sqrt(variances[0] * variances[1])
        )
    assert list(survey.effective.values()) == pytest.approx(r["effective"], rel=1e-9)
    for side, part in ((True, "group"), (False, "reference")):
        mean = regression_mean(survey.told, survey.sides[side], survey.outcome)
        assert mean.value == pytest.approx(r["regression"][part], rel=1e-9)


def test_hc1_scales_each_side_by_its_share_in_the_coefficients(births: pd.DataFrame) -> None:
    plain, scaled = (birth_survey(births, slice(None), errors) for errors in ("hc0", "hc1"))
    for side in (True, False):
        before, after = (
            survey.covariance(found.means[side], found.means[side], found)
            for survey in (plain, scaled)
            for found in [survey.weighted()]
        )
        answered = plain.told.answered[plain.sides[side]].sum()
        # Six coefficients, one of which is the side's own mean.
        assert after / before == pytest.approx(answered / (answered - 5))


def test_with_the_adjusters_saturated_all_ways_agree() -> None:
    cells = random_cells(7, adjusters=1)
    survey = Survey(cells, ("a",), GapOptions(), None)
    weighted, robust = survey.weighted(), survey.doubly_robust()
    for side, own in survey.sides.items():
        within = cells[own].groupby("a", observed=True)[["n", "answered", "successes"]].sum()
        rates = within["successes"] / within["answered"]
        expected = (rates * within["n"]).sum() / within["n"].sum()
        assert weighted.means[side].value == pytest.approx(expected, rel=1e-9)
        assert robust.means[side].value == pytest.approx(expected, rel=1e-9)
        variances = [
            found.means[side].influence.products(found.means[side].influence, survey.told).sum()
            for found in (weighted, robust)
        ]
        assert variances[0] == pytest.approx(variances[1], rel=1e-6)


def random_cells(seed: int, adjusters: int = 2, size: int = 24) -> pd.DataFrame:
    """Cells large enough for each side to bear its own logit."""
    rng = np.random.default_rng(seed)
    names = ["a", "b"][:adjusters]
    levels = {"a": 3, "b": 2}
    grid = pd.MultiIndex.from_product(
        [[True, False], *(range(levels[name]) for name in names)], names=["member", *names]
    ).to_frame(index=False)
    cells = pd.concat([grid] * (size // len(grid) + 1), ignore_index=True)
    cells[names] = cells[names].astype("category")
    cells["n"] = rng.integers(60, 200, len(cells))
    cells["answered"] = rng.binomial(cells["n"], rng.uniform(0.3, 0.8, len(cells)))
    cells["successes"] = rng.binomial(cells["answered"], rng.uniform(0.2, 0.7, len(cells)))
    return cells.assign(cluster=[f"c{i % 12:02d}" for i in range(len(cells))])


def split_cells(cells: pd.DataFrame) -> pd.DataFrame:
    """Part each cell in two, which stand for the same persons."""
    counts = ["n", "answered", "successes"]
    half = cells.assign(successes=cells["successes"] // 2)
    half["answered"] = half["successes"] + (cells["answered"] - cells["successes"]) // 3
    half["n"] = half["answered"] + (cells["n"] - cells["answered"]) // 2
    rest = cells.assign(**{name: cells[name] - half[name] for name in counts})
    both = pd.concat([half, rest], ignore_index=True)
    return both[both["n"] > 0].reset_index(drop=True)


def relabel(cells: pd.DataFrame) -> pd.DataFrame:
    """Take another level as the base."""
    turned = cells["a"].cat.reorder_categories(list(cells["a"].cat.categories[::-1]))
    return cells.assign(a=turned)


SAME: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "permuted": lambda cells: cells.sample(frac=1, random_state=1).reset_index(drop=True),
    "split": split_cells,
    "another base": relabel,
}


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    change=st.sampled_from(list(SAME)),
    order=st.permutations(["a", "b"]),
    errors=st.sampled_from(["hc1", "cluster"]),
)
def test_the_way_of_writing_cells_changes_nothing(
    seed: int, change: str, order: list[str], errors: str
) -> None:
    cells = random_cells(seed)
    options = GapOptions(errors=errors)  # type: ignore[arg-type]
    plain = Survey(cells, ("a", "b"), options, "cluster")
    changed = Survey(SAME[change](cells), tuple(order), options, "cluster")
    for method in METHODS.values():
        found = [(survey, method(survey)) for survey in (plain, changed)]
        for one, other in ((True, True), (False, False), (True, False)):
            values = [means.means[one].value for _, means in found]
            assert values[0] == pytest.approx(values[1], rel=1e-8)
            spreads = [
                survey.covariance(means.means[one], means.means[other], means)
                for survey, means in found
            ]
            assert spreads[0] == pytest.approx(spreads[1], rel=1e-6, abs=1e-12)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_twice_the_persons_halve_the_variance(seed: int) -> None:
    cells = random_cells(seed)
    counts = ["n", "answered", "successes"]
    twice = cells.assign(**{name: 2 * cells[name] for name in counts})
    options = GapOptions(errors="hc0")
    for method in METHODS.values():
        once, doubled = (
            (survey, method(survey))
            for survey in (Survey(each, ("a", "b"), options, None) for each in (cells, twice))
        )
        for side in (True, False):
            assert doubled[1].means[side].value == pytest.approx(once[1].means[side].value)
            before, after = (survey.rate(side, means).variance for survey, means in (once, doubled))
            assert after == pytest.approx(before / 2, rel=1e-8)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_influences_sum_to_nothing(seed: int) -> None:
    survey = Survey(random_cells(seed), ("a", "b"), GapOptions(), None)
    for method in METHODS.values():
        for mean in method(survey).means.values():
            assert mean.influence.totals(survey.told).sum() == pytest.approx(0, abs=1e-9)


def test_if_all_answered_every_mean_is_the_plain_rate() -> None:
    cells = random_cells(3)
    cells["n"] = cells["answered"]
    survey = Survey(cells, ("a", "b"), GapOptions(errors="hc0"), None)
    plain = survey.respondents()
    for found in (survey.weighted(), survey.doubly_robust()):
        for side in (True, False):
            assert found.means[side].value == pytest.approx(plain.means[side].value)
            assert survey.rate(side, found).variance == pytest.approx(
                survey.rate(side, plain).variance
            )


# ---- The rule of both sides ---------------------------------------------------------------------


def test_probabilities_stand_in_the_order_of_the_cells() -> None:
    cells = random_cells(11)
    shuffled = cells.sample(frac=1, random_state=4)
    found = pd.Series(answer_probabilities(shuffled, ["a", "b"]), index=shuffled.index)
    expected = answer_probabilities(cells, ["a", "b"])
    assert found.sort_index().to_numpy() == pytest.approx(expected)
    own = cells["member"].to_numpy()
    alone = answer_probabilities(cells[own], ["a", "b"])
    assert expected[own] == pytest.approx(alone)


def test_a_side_with_few_persons_shares_the_coefficients() -> None:
    cells = random_cells(5)
    few = cells.assign(n=np.where(cells["member"], 2, cells["n"]))
    few["answered"] = np.where(cells["member"], 1, cells["answered"])
    assert not fit_answers(cells, ["a", "b"]).pooled
    assert fit_answers(few, ["a", "b"]).pooled
    # Without adjusters one logit with the member's indicator is two apart.
    plain = fit_answers(few, [])
    rates = few.groupby("member")[["answered", "n"]].sum()
    shares = few["member"].map(rates["answered"] / rates["n"]).to_numpy()
    assert plain.mean == pytest.approx(shares)


def test_a_side_of_one_kind_needs_no_logit() -> None:
    cells = random_cells(5)
    whole = cells.assign(answered=cells["answered"].where(~cells["member"], cells["n"]))
    model = fit_answers(whole, ["a", "b"])
    member = cells["member"].to_numpy()
    assert (model.mean[member] == 1).all()
    assert (model.slope[member] == 0).all()
    assert model.mean[~member] == pytest.approx(answer_probabilities(cells[~member], ["a", "b"]))
    none = cells.assign(successes=cells["successes"].where(~cells["member"], 0))
    assert (fit_outcome(none, ["a", "b"]).mean[member] == 0).all()


def test_a_level_nobody_of_which_answered_is_told_together_or_refused() -> None:
    cells = random_cells(5)
    level = cells["a"] == 2
    on_one_side = cells.assign(answered=cells["answered"].where(~(level & cells["member"]), 0))
    on_one_side["successes"] = on_one_side[["answered", "successes"]].min(axis=1)
    assert fit_answers(on_one_side, ["a", "b"]).pooled
    assert fit_outcome(on_one_side, ["a", "b"]).pooled
    nowhere = cells.assign(answered=cells["answered"].where(~level, 0))
    nowhere["successes"] = nowhere[["answered", "successes"]].min(axis=1)
    with pytest.raises(NotEstimableError, match="unseen_level"):
        fit_answers(nowhere, ["a", "b"])
    with pytest.raises(NotEstimableError, match="unseen_level"):
        fit_outcome(nowhere, ["a", "b"])


def test_a_level_of_one_kind_is_what_the_likelihood_tends_to() -> None:
    """Its coefficient runs away; the probabilities don't."""
    cells = random_cells(5)
    level = cells["a"] == 2
    whole = cells.assign(answered=cells["answered"].where(~level, cells["n"]))
    model = fit_answers(whole, ["a", "b"])
    assert (model.mean[level] == 1).all()
    rest = cells[~level].assign(a=cells["a"][~level].cat.remove_unused_categories())
    assert model.mean[~level] == pytest.approx(answer_probabilities(rest, ["a", "b"]))
    # As if one person of the level had not answered, but for a person's worth.
    almost = whole.assign(n=whole["n"] * 10_000, answered=whole["answered"] * 10_000)
    almost.loc[level, "answered"] -= 1
    near = answer_probabilities(almost, ["a", "b"])
    assert near == pytest.approx(model.mean, abs=1e-3)


def test_levels_are_settled_one_after_another() -> None:
    cells = pd.DataFrame(
        {
            "member": [True] * 4,
            "a": pd.Categorical(["x", "y", "y", "z"]),
            "b": pd.Categorical(["p", "p", "q", "q"]),
            "n": [10, 10, 10, 10],
            "successes": [4, 10, 10, 10],
        }
    )
    # The levels y and z are of one kind, and so is q; without them p is not.
    assert list(fit_sides(cells, ["a", "b"]).mean) == pytest.approx([0.4, 1, 1, 1])
    none = cells.assign(successes=[10, 10, 10, 0], n=[10, 10, 10, 10])
    assert list(fit_sides(none, ["a", "b"]).mean) == [1, 1, 1, 0]


def test_who_can_not_be_weighted_is_refused() -> None:
    cells = random_cells(5)
    silent = cells.assign(answered=cells["answered"].where(~cells["member"], 0), successes=0)
    with pytest.raises(NotEstimableError, match="nobody_answered"):
        answer_probabilities(silent, ["a"])
    with pytest.raises(NotEstimableError, match="no_persons"):
        fit_sides(cells.assign(n=0, successes=0), ["a"])
