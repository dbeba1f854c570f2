"""Average marginal effects: against rows, R and Stata, and where they are known exactly."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from statsmodels.tools.numdiff import approx_fprime

from analysis.estimate.covariance import cluster_codes, cluster_covariance, covariance
from analysis.estimate.fits import Fit, NotEstimableError, fit_linear, fit_logit
from analysis.estimate.margins import (
    average_derivative,
    average_marginal_effect,
    random_std_error,
)
from analysis.estimate.proportions import difference

OVER = ["all", "group"]


class Rows:
    """The same effect by its definition, person by person."""

    def __init__(self, both: SimpleNamespace, column: str, over: str) -> None:
        self.design = both.design.to_numpy()
        self.y = both.y
        names = list(both.design)
        factor = [name for name in names if name.split("[")[0] == column.split("[")[0]]
        self.low = both.design.assign(**dict.fromkeys(factor, 0.0)).to_numpy()
        self.high = self.low.copy()
        self.high[:, names.index(column)] = 1.0
        at_level = both.design[column].to_numpy()
        self.weight = at_level / at_level.mean() if over == "group" else np.ones(len(self.y))
        self.coefficients = np.asarray(sm.Logit(self.y, self.design).fit(disp=0, tol=1e-12).params)

    def changes(self, coefficients: np.ndarray) -> np.ndarray:
        return expit(self.high @ coefficients) - expit(self.low @ coefficients)

    def effect(self, coefficients: np.ndarray) -> float:
        return float(np.mean(self.weight * self.changes(coefficients)))

    def influence(self) -> np.ndarray:
        """Each person's influence on the effect, by the formula of tests/reference/README.md."""
        fitted = expit(self.design @ self.coefficients)
        scores = (self.y - fitted)[:, None] * self.design
        information = (self.design.T * (fitted * (1 - fitted))) @ self.design / len(self.y)
        gradient = approx_fprime(self.coefficients, self.effect, centered=True).ravel()
        own = self.weight * (self.changes(self.coefficients) - self.effect(self.coefficients))
        return scores @ np.linalg.solve(information, gradient) + own


@pytest.mark.parametrize("over", OVER)
@pytest.mark.parametrize(
    ("variable", "level"), [("member", None), ("age_band", ">45"), ("gender", "unknown")]
)
def test_effects_and_gradients_are_those_of_rows(
    both: SimpleNamespace, variable: str, level: str | None, over: Any
) -> None:
    rows = Rows(both, f"{variable}[{level}]" if level else variable, over)
    found = average_marginal_effect(both.logit, variable, level=level, over=over)
    assert found.value == pytest.approx(rows.effect(rows.coefficients), rel=1e-8)
    # A gradient by differences is exact to about ten digits.
    numeric = approx_fprime(rows.coefficients, rows.effect, centered=True).ravel()
    np.testing.assert_allclose(found.gradient, numeric, atol=1e-8)


@pytest.mark.parametrize(("kind", "theirs"), [("model", "nonrobust"), ("hc0", "HC0")])
def test_fixed_errors_are_those_of_statsmodels_on_rows(
    both: SimpleNamespace, kind: Any, theirs: str
) -> None:
    result = sm.Logit(both.y, both.design).fit(disp=0, tol=1e-12, cov_type=theirs)
    margins = result.get_margeff(at="overall", dummy=True).summary_frame().loc["member"]
    found = average_marginal_effect(both.logit, "member")
    assert found.value == pytest.approx(margins["dy/dx"], rel=1e-8)
    error = found.std_error(covariance(both.logit, kind))
    assert error == pytest.approx(margins["Std. Err."], rel=1e-8)


@pytest.mark.parametrize("over", OVER)
@pytest.mark.parametrize("clustering", [None, "cluster", "school"])
def test_random_errors_are_those_of_rows_influence(
    both: SimpleNamespace, over: Any, clustering: str | None
) -> None:
    influence = Rows(both, "member", over).influence()
    factor, codes = 1.0, None
    if clustering:
        influence = pd.Series(influence).groupby(both.rows[clustering]).sum().to_numpy()
        factor = len(influence) / (len(influence) - 1)
        codes = cluster_codes(both.cells[clustering].iloc[both.logit.rows])
    expected = np.sqrt(factor * np.sum(influence**2)) / len(both.y)
    effect = average_marginal_effect(both.logit, "member", over=over)
    assert random_std_error(both.logit, effect, codes) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(("over", "theirs"), [("all", "all_rows"), ("group", "group_rows")])
def test_effects_and_all_their_errors_as_in_r(
    case: SimpleNamespace, over: Any, theirs: str
) -> None:
    expected, fit = case.values["logit"]["ame"][theirs], case.logit
    effect = average_marginal_effect(fit, "group", over=over)
    assert effect.value == pytest.approx(expected["estimate"], rel=1e-9)
    np.testing.assert_allclose(effect.gradient[case.order], expected["gradient"], rtol=1e-9)
    fixed, random = expected["se_fixed"], expected["se_random"]
    for name, kind in (("model", "model"), ("HC0", "hc0"), ("HC1", "hc1")):
        assert effect.std_error(covariance(fit, kind)) == pytest.approx(fixed[name], rel=1e-9)
    assert random_std_error(fit, effect) == pytest.approx(random["HC0"], rel=1e-9)
    for name in case.values["clusters"]:
        codes = cluster_codes(case.cells[f"cluster_{name}"])
        found = effect.std_error(cluster_covariance(fit, codes))
        assert found == pytest.approx(fixed["cluster"][name], rel=1e-9)
        found = random_std_error(fit, effect, codes)
        assert found == pytest.approx(random["cluster"][name], rel=1e-9)


# ---- Stata's published values -------------------------------------------------------------------


@pytest.fixture(scope="module")
def mtcars() -> pd.DataFrame:
    path = Path(__file__).parents[1] / "reference" / "mtcars.csv"
    cars = pd.read_csv(path, comment="#", dtype={"cyl": str})
    return cars.assign(n=1, successes=cars["am"])


@pytest.fixture(scope="module")
def cars_fit(mtcars: pd.DataFrame) -> Fit:
    return fit_logit(mtcars, ["hp"], ["wt", "cyl"])


def test_average_derivative_as_in_stata(cars_fit: Fit) -> None:
    """Stata's robust covariance of a logit has the factor N/(N - 1), between HC0 and HC1."""
    effect = average_derivative(cars_fit, "hp")
    assert effect.value == pytest.approx(0.00332684, abs=5.1e-9)
    robust = covariance(cars_fit, "hc0") * 32 / 31
    assert effect.std_error(robust) == pytest.approx(0.00163501, abs=5.1e-9)
    clusters = np.arange(32) % 8
    clustered = cluster_covariance(cars_fit, clusters)
    assert effect.std_error(clustered) == pytest.approx(0.00180837, abs=5.1e-9)


@pytest.mark.parametrize(
    ("level", "value", "error"), [("6", 0.1197978, 0.1062873), ("8", -0.3478575, 0.2067542)]
)
def test_contrasts_of_levels_as_in_stata(
    cars_fit: Fit, level: str, value: float, error: float
) -> None:
    """Stata stops its iterations earlier: the seventh decimals of its errors are not final."""
    effect = average_marginal_effect(cars_fit, "cyl", level=level)
    assert effect.value == pytest.approx(value, abs=1e-7)
    assert effect.std_error(covariance(cars_fit, "model")) == pytest.approx(error, abs=3e-7)


def test_average_derivative_as_in_statsmodels(cars_fit: Fit, mtcars: pd.DataFrame) -> None:
    design = pd.DataFrame(cars_fit.design.matrix, columns=list(cars_fit.design.names))
    result = sm.Logit(mtcars["am"], design).fit(disp=0, tol=1e-12, maxiter=100)
    margins = result.get_margeff(at="overall").summary_frame()
    for name in ("hp", "wt"):
        effect = average_derivative(cars_fit, name)
        assert effect.value == pytest.approx(margins.loc[name, "dy/dx"], rel=1e-8)
        error = effect.std_error(covariance(cars_fit, "model"))
        assert error == pytest.approx(margins.loc[name, "Std. Err."], rel=1e-8)


# ---- What must hold by definition ---------------------------------------------------------------

MIXED = st.integers(2, 300).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n - 1)))


@settings(deadline=None, max_examples=60)
@given(MIXED, MIXED)
def test_without_adjusters_the_effect_is_the_raw_difference(
    group: tuple[int, int], reference: tuple[int, int]
) -> None:
    """And so are its errors: the model's, HC0 and the random ones of the logit, HC0 of the LPM."""
    cells = pd.DataFrame([group, reference], columns=["n", "successes"])
    cells["member"] = [True, False]
    raw = difference(group[1], group[0], reference[1], reference[0])
    logit, linear = fit_logit(cells, ["member"]), fit_linear(cells, ["member"])
    effect = average_marginal_effect(logit, "member")
    assert effect.value == pytest.approx(raw.value, abs=1e-9)
    for kind in ("model", "hc0"):
        assert effect.std_error(covariance(logit, kind)) == pytest.approx(raw.std_error, rel=1e-6)
    assert random_std_error(logit, effect) == pytest.approx(raw.std_error, rel=1e-6)
    assert linear.coefficients[1] == pytest.approx(raw.value, abs=1e-9)
    assert covariance(linear, "hc0")[1, 1] ** 0.5 == pytest.approx(raw.std_error, rel=1e-6)


def test_a_linear_effect_is_the_coefficient_whoever_it_is_averaged_over(
    both: SimpleNamespace,
) -> None:
    matrix = covariance(both.linear, "hc0")
    place = both.linear.design.names.index("member")
    for over in OVER:
        effect = average_marginal_effect(both.linear, "member", over=over)
        assert effect.value == pytest.approx(both.linear.coefficients[place], rel=1e-12)
        assert effect.std_error(matrix) == pytest.approx(matrix[place, place] ** 0.5, rel=1e-12)
        # The covariates' draw adds nothing where the change is the same for everyone.
        random = random_std_error(both.linear, effect)
        assert random == pytest.approx(matrix[place, place] ** 0.5, rel=1e-9)


def test_a_linear_derivative_is_the_coefficient() -> None:
    cells = pd.DataFrame({"x": [1.0, 2.0, 4.0], "n": [10, 20, 30], "successes": [2, 9, 13]})
    fit = fit_linear(cells, ["x"])
    effect = average_derivative(fit, "x")
    assert effect.value == pytest.approx(fit.coefficients[1], rel=1e-12)
    np.testing.assert_allclose(effect.gradient, [0, 1], atol=1e-12)


@pytest.mark.parametrize(
    ("variable", "level", "missing"),
    [
        ("nobody", None, "nobody"),
        ("age_band", "<=30", r"age_band\[<=30\]"),  # the reference level
        ("age_band", None, "age_band"),
        ("age_band", "never", r"age_band\[never\]"),
    ],
)
def test_what_is_not_in_the_fit_has_no_effect(
    both: SimpleNamespace, variable: str, level: str | None, missing: str
) -> None:
    with pytest.raises(NotEstimableError, match=f"no_coefficient: {missing}$"):
        average_marginal_effect(both.logit, variable, level=level)
    with pytest.raises(NotEstimableError, match="no_coefficient: nobody"):
        average_derivative(both.logit, "nobody")
