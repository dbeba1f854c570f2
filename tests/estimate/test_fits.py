"""Designs and fits: against rows, against R, and where there is no answer."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import logit

from analysis.estimate.fits import NotEstimableError, design_matrix, fit_linear, fit_logit

FITS = [fit_linear, fit_logit]


def table(rows: list[tuple[Any, ...]], *variables: str) -> pd.DataFrame:
    """Cells from tuples: the variables, persons, successes."""
    return pd.DataFrame(rows, columns=[*variables, "n", "successes"])


def test_linear_coefficients_are_those_of_rows(both: SimpleNamespace) -> None:
    rows = sm.OLS(both.y, both.design).fit()
    assert both.linear.design.names == tuple(both.design.columns)
    assert both.linear.persons == len(both.y)
    np.testing.assert_allclose(both.linear.coefficients, rows.params, rtol=1e-8)


def test_logit_coefficients_are_those_of_rows(both: SimpleNamespace) -> None:
    rows = sm.Logit(both.y, both.design).fit(disp=0, tol=1e-12)
    assert both.logit.design.names == tuple(both.design.columns)
    np.testing.assert_allclose(both.logit.coefficients, rows.params, rtol=1e-8)


@pytest.mark.parametrize("model", ["lpm", "logit"])
def test_coefficients_are_those_of_r(case: SimpleNamespace, model: str) -> None:
    ours = getattr(case, model)
    assert ours.persons == case.values["n"]
    np.testing.assert_allclose(
        ours.coefficients[case.order], case.values[model]["coefficients"], rtol=1e-9
    )


def test_the_likelihood_at_the_maximum_is_that_of_r(case: SimpleNamespace) -> None:
    fit = case.logit
    losses = fit.n - fit.successes
    found = fit.successes @ np.log(fit.fitted) + losses @ np.log1p(-fit.fitted)
    assert found == pytest.approx(case.values["logit"]["log_likelihood"], rel=1e-12)


def test_a_fit_uses_only_cells_with_persons() -> None:
    cells = table([(True, 0, 0), (False, 9, 4), (True, 0, 0), (True, 5, 3)], "member")
    for fit in FITS:
        found = fit(cells, ["member"])
        assert list(found.rows) == [1, 3]
        np.testing.assert_allclose(found.fitted, [4 / 9, 3 / 5], rtol=1e-12)


# ---- Designs ------------------------------------------------------------------------------------


def test_the_first_declared_level_that_occurs_is_the_reference() -> None:
    level = pd.Categorical(["c", "b", "c", "b"], categories=["never", "c", "b"])
    cells = pd.DataFrame({"member": [True, True, False, False], "level": level})
    design = design_matrix(cells, ["member"], ["level"])
    assert design.names == ("intercept", "level[b]", "member")
    assert design.factors == {"level": (1,), "member": (2,)}
    expected = [[1, 0, 1], [1, 1, 1], [1, 0, 0], [1, 1, 0]]
    np.testing.assert_array_equal(design.matrix, expected)


def test_text_becomes_levels_and_numbers_enter_as_they_are() -> None:
    cells = pd.DataFrame(
        {"member": [True, False, True], "level": ["b", "a", "a"], "x": [1.5, 2, 4]}
    )
    design = design_matrix(cells, ["member"], ["x"])
    assert design.names == ("intercept", "x", "member")
    np.testing.assert_array_equal(design.matrix[:, 1], [1.5, 2, 4])
    assert design_matrix(cells, [], ["level"]).names == ("intercept", "level[b]")


def test_a_redundant_adjuster_is_dropped_and_named() -> None:
    rows = [
        (member, level, level.upper(), 10, 3 + member + (level == "b"))
        for member in (True, False)
        for level in "abc"
    ]
    cells = table(rows, "member", "level", "copy")
    for fit in FITS:
        found = fit(cells, ["member"], ["level", "copy"])
        assert found.design.dropped == ("copy[B]", "copy[C]")
        assert found.design.factors["copy"] == ()
        without = fit(cells, ["member"], ["level"])
        np.testing.assert_allclose(found.coefficients, without.coefficients, rtol=1e-9)


@pytest.mark.parametrize("fit", FITS)
def test_a_focus_that_the_adjusters_determine_is_refused(fit: Any) -> None:
    cells = table([(True, "a", 10, 3), (False, "b", 10, 4), (False, "c", 9, 2)], "member", "level")
    with pytest.raises(NotEstimableError, match="collinear: member") as caught:
        fit(cells, ["member"], ["level"])
    assert (caught.value.reason, caught.value.detail) == ("collinear", "member")


@pytest.mark.parametrize("fit", FITS)
def test_two_equal_focus_variables_are_refused(fit: Any) -> None:
    cells = table([(True, True, 10, 3), (False, False, 10, 4)], "one", "other")
    with pytest.raises(NotEstimableError, match="collinear: other"):
        fit(cells, ["one", "other"])


# ---- No answer ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fit", FITS)
def test_without_persons_there_is_no_fit(fit: Any) -> None:
    with pytest.raises(NotEstimableError, match="no_persons"):
        fit(table([(True, 0, 0), (False, 0, 0)], "member"), ["member"])


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("share", [0, 1])
def test_a_one_sided_outcome_is_refused(fit: Any, share: int) -> None:
    cells = table([(True, 10, 10 * share), (False, 20, 20 * share)], "member")
    with pytest.raises(NotEstimableError, match="one_sided"):
        fit(cells, ["member"])


SEPARATED = {
    "complete": ([(True, "a", 10, 10), (False, "a", 20, 0)], "member"),
    "quasi": ([(True, "a", 10, 10), (False, "a", 20, 7)], "member"),
    "quasi, no successes": ([(True, "a", 10, 3), (False, "a", 20, 0)], "member"),
    "a level of an adjuster": (
        [(True, "a", 10, 6), (False, "a", 20, 7), (True, "b", 3, 3), (False, "b", 4, 4)],
        "level[b]",
    ),
    # No variable separates alone: each of its sides has successes and failures.
    "only together": (
        [(True, "b", 5, 5), (True, "a", 10, 6), (False, "b", 20, 7), (False, "a", 3, 0)],
        "intercept, level[b], member",
    ),
}


@pytest.mark.parametrize(("rows", "culprits"), SEPARATED.values(), ids=SEPARATED)
def test_separation_is_found_and_named(rows: list[tuple[Any, ...]], culprits: str) -> None:
    with pytest.raises(NotEstimableError) as caught:
        fit_logit(table(rows, "member", "level"), ["member"], ["level"])
    assert caught.value.reason == "separation"
    assert set(culprits.split(", ")) <= set(caught.value.detail.split(", "))


def test_a_rare_outcome_is_no_separation() -> None:
    cells = table([(True, 10_000_000, 3), (False, 20_000_000, 5)], "member")
    fit = fit_logit(cells, ["member"])
    expected = [logit(2.5e-7), logit(3e-7) - logit(2.5e-7)]
    # The gradient's tolerance is per person, so a rare outcome has fewer exact digits.
    np.testing.assert_allclose(fit.coefficients, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("group", "reference"),
    [((2, 1), (18, 1)), ((100, 30), (100_000, 1000)), ((66, 45), (10_849, 800))],
)
def test_a_group_far_from_the_mean_is_fitted(
    group: tuple[int, int], reference: tuple[int, int]
) -> None:
    """Newton's method started from the overall rate leaps too far here, and runs away."""
    fit = fit_logit(table([(True, *group), (False, *reference)], "member"), ["member"])
    np.testing.assert_allclose(fit.fitted, [group[1] / group[0], reference[1] / reference[0]])


def test_an_extreme_cell_is_no_separation_where_the_others_hold_it() -> None:
    rows = [(True, "a", 10, 6), (False, "a", 20, 7), (True, "b", 3, 3), (False, "b", 4, 3)]
    cells = table(rows, "member", "level")
    fit = fit_logit(cells, ["member"], ["level"])
    gradient = fit.design.matrix.T @ (fit.successes - fit.n * fit.fitted)
    np.testing.assert_allclose(gradient, 0, atol=1e-9)
