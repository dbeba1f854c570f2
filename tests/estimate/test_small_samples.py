"""HC2 and its degrees of freedom from cells: CR2 with each person a cluster."""

import numpy as np
import pandas as pd
import pytest

from analysis.estimate.covariance import covariance
from analysis.estimate.fits import fit_linear, fit_logit
from analysis.estimate.margins import average_marginal_effect
from analysis.estimate.options import GapOptions
from analysis.estimate.regressions import regression_rows
from analysis.estimate.small_clusters import cr2_covariance
from analysis.estimate.small_samples import hc2_covariance, logit_covariance

PERSONS = [
    (member, level, success)
    for member, level, n, wins in (
        (True, "a", 3, 1), (True, "b", 4, 3), (False, "a", 30, 11), (False, "b", 25, 17),
        (False, "c", 9, 2),
    )
    for success in [1] * wins + [0] * (n - wins)
]  # fmt: skip
ALONE = [*PERSONS, (False, "d", 1)]
"""With a person who alone determines a coefficient."""


def rows_and_cells(persons: list[tuple[bool, str, int]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = pd.DataFrame(persons, columns=["member", "level", "successes"]).assign(n=1)
    return rows, rows.groupby(["member", "level"], as_index=False)[["n", "successes"]].sum()


@pytest.mark.parametrize("persons", [PERSONS, ALONE], ids=["plain", "a leverage of one"])
def test_it_is_cr2_of_persons(persons: list[tuple[bool, str, int]]) -> None:
    rows, cells = rows_and_cells(persons)
    own = fit_linear(rows, ["member"], ["level"])
    expected = cr2_covariance(own, np.arange(len(rows)))
    found = hc2_covariance(fit_linear(cells, ["member"], ["level"]))
    np.testing.assert_allclose(found.covariance, expected.covariance, rtol=1e-9, atol=1e-15)
    for contrast in np.eye(len(own.coefficients)):
        freedom = expected.degrees_of_freedom(contrast)
        assert found.degrees_of_freedom(contrast) == pytest.approx(freedom, rel=1e-9)


def test_it_is_hc2_where_nobody_is_alone() -> None:
    fit = fit_linear(rows_and_cells(PERSONS)[1], ["member"], ["level"])
    np.testing.assert_allclose(hc2_covariance(fit).covariance, covariance(fit, "hc2"), rtol=1e-12)


def test_two_rates_have_welchs_degrees_of_freedom() -> None:
    """Without covariates, with the variances taken as equal: Imbens and Kolesár 2016, (11)."""
    few, many = 7, 300
    cells = pd.DataFrame({"member": [True, False], "n": [few, many], "successes": [3, 150]})
    fit = fit_linear(cells, ["member"])
    freedom = hc2_covariance(fit).degrees_of_freedom(np.array([0.0, 1.0]))
    parts = 1 / few**2 / (few - 1), 1 / many**2 / (many - 1)
    assert freedom == pytest.approx((1 / few + 1 / many) ** 2 / sum(parts), rel=1e-9)


def test_a_logit_without_covariates_has_the_degrees_of_its_two_rates() -> None:
    """The members' weights stand for one variance of theirs, the others' for another."""
    cells = pd.DataFrame({"member": [True, False], "n": [12, 900], "successes": [4, 500]})
    fit = fit_logit(cells, ["member"])
    found = logit_covariance(fit)
    np.testing.assert_allclose(found.covariance, covariance(fit, "hc1"), rtol=1e-12)
    freedom = found.degrees_of_freedom(average_marginal_effect(fit, "member").gradient)
    assert 11 < freedom < 12  # those of the twelve, and a little of the others


def test_two_persons_alone_at_their_level_carry_no_error() -> None:
    rows = [(True, "A", 1, 1), (False, "A", 1, 0), (False, "B", 40, 20)]
    cells = pd.DataFrame(rows, columns=["member", "level", "n", "successes"])
    ((_, row),) = regression_rows(cells, "linear", ["member"], ["level"], GapOptions())
    assert row["estimate"] == pytest.approx(1)
    assert np.isnan(float(str(row["ci_low"])))
    contrast = np.array([0.0, 0.0, 1.0])
    small = hc2_covariance(fit_linear(cells, ["member"], ["level"]))
    assert np.isnan(small.degrees_of_freedom(contrast))
