"""Covariances from cells: against statsmodels on rows, R, and Petersen's published errors."""

import shutil
import subprocess
from collections.abc import Callable
from io import StringIO
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.estimate.covariance import (
    cluster_codes,
    cluster_covariance,
    cluster_scores,
    covariance,
    two_way_covariance,
)
from analysis.estimate.fits import NotEstimableError, fit_linear, fit_logit
from analysis.estimate.groups import collapse

Check = Callable[..., None]
BOTH = (["member"], ["gender", "age_band"])  # focus and adjusters of the fits of `both`
ROBUST = {
    "lpm": {"classical": "model", "HC0": "hc0", "HC1": "hc1", "HC2": "hc2", "HC3": "hc3"},
    "logit": {"model": "model", "HC0": "hc0", "HC1": "hc1"},
}


def on_rows(both: SimpleNamespace, link: str, kind: str, **options: Any) -> np.ndarray:
    """Covariance that statsmodels gives for the persons' rows, in the factors of this project."""
    model = {"linear": sm.OLS, "logit": sm.Logit}[link](both.y, both.design)
    more = {"disp": 0, "tol": 1e-12} if link == "logit" else {}
    if options:
        more["cov_kwds"] = options
    result = model.fit(cov_type=kind, **more)
    matrix = np.asarray(result.cov_params())
    persons, terms = len(both.y), matrix.shape[0]
    if link == "logit" and kind == "cluster":
        # statsmodels gives the logit the linear model's (N - 1)/(N - k) too; Stata does not.
        matrix = matrix * (persons - terms) / (persons - 1)
    if link == "logit" and kind == "HC1":
        matrix = matrix * persons / (persons - terms)  # statsmodels returns HC0 here
    return matrix


@pytest.mark.parametrize(
    ("link", "ours", "theirs"),
    [
        *(("linear", kind, kind.upper()) for kind in ("hc0", "hc1", "hc2", "hc3")),
        *(("logit", kind, kind.upper()) for kind in ("hc0", "hc1")),
        *((link, "model", "nonrobust") for link in ("linear", "logit")),
    ],
)
def test_independent_persons(
    both: SimpleNamespace, check_covariance: Check, link: str, ours: Any, theirs: str
) -> None:
    check_covariance(covariance(getattr(both, link), ours), on_rows(both, link, theirs), rtol=1e-8)


@pytest.mark.parametrize("link", ["linear", "logit"])
@pytest.mark.parametrize("clustering", ["cluster", "school"])
def test_one_clustering(
    both: SimpleNamespace, check_covariance: Check, link: str, clustering: str
) -> None:
    fit = getattr(both, link)
    ours = cluster_covariance(fit, cluster_codes(both.cells[clustering].iloc[fit.rows]))
    groups = pd.factorize(both.rows[clustering])[0]
    check_covariance(ours, on_rows(both, link, "cluster", groups=groups), rtol=1e-8)


@pytest.mark.parametrize("link", ["linear", "logit"])
def test_two_clusterings(both: SimpleNamespace, check_covariance: Check, link: str) -> None:
    fit = getattr(both, link)
    codes = [cluster_codes(both.cells[name].iloc[fit.rows]) for name in ("cluster", "school")]
    groups = np.column_stack([pd.factorize(both.rows[name])[0] for name in ("cluster", "school")])
    theirs = on_rows(both, link, "cluster", groups=groups)
    assert np.linalg.eigvalsh(theirs).min() > 0  # else ours is clipped, and they would differ
    check_covariance(two_way_covariance(fit, *codes), theirs, rtol=1e-8)
    check_covariance(two_way_covariance(fit, *codes[::-1]), theirs, rtol=1e-8)


def test_known_trap_frequency_weights_with_a_robust_covariance(
    both: SimpleNamespace, check_covariance: Check
) -> None:
    """A GLM of cells' shares, weighted by persons, takes a cell for one residual, not for n."""
    fit = fit_logit(collapse(both.cells, ["gender", "age_band", "member"]), *BOTH)
    weighted = sm.GLM(
        fit.successes / fit.n,
        fit.design.matrix,
        family=sm.families.Binomial(),
        freq_weights=fit.n,
    ).fit(cov_type="HC0", tol=1e-12)
    np.testing.assert_allclose(weighted.params, fit.coefficients, rtol=1e-8)
    expected = on_rows(both, "logit", "HC0")
    check_covariance(covariance(fit, "hc0"), expected, rtol=1e-8)
    assert np.all(np.abs(np.diag(weighted.cov_params()) / np.diag(expected) - 1) > 0.5)


@pytest.mark.parametrize(
    ("model", "theirs", "ours"),
    [(model, *names) for model, kinds in ROBUST.items() for names in kinds.items()],
)
def test_independent_persons_as_in_r(
    case: SimpleNamespace, check_covariance: Check, model: str, theirs: str, ours: Any
) -> None:
    found = covariance(getattr(case, model), ours)[np.ix_(case.order, case.order)]
    check_covariance(found, case.values[model]["vcov"][theirs])


@pytest.mark.parametrize(("model", "kind"), [("lpm", "CR1"), ("logit", "cluster")])
def test_clusters_as_in_r(
    case: SimpleNamespace, check_covariance: Check, model: str, kind: str
) -> None:
    for name, expected in case.values[model]["vcov"][kind].items():
        codes = cluster_codes(case.cells[f"cluster_{name}"])
        assert codes.max() + 1 == case.values["clusters"][name]
        found = cluster_covariance(getattr(case, model), codes)
        check_covariance(found[np.ix_(case.order, case.order)], expected)


@pytest.mark.parametrize(("model", "kind"), [("lpm", "CR1_two_way"), ("logit", "cluster_two_way")])
@pytest.mark.parametrize("case", ["loanapp"], indirect=True)
def test_two_clusterings_as_in_r(
    case: SimpleNamespace, check_covariance: Check, model: str, kind: str
) -> None:
    """R's matrix as it stands isn't positive; set its negative eigenvalues to 0 (`fix = TRUE`).

    That takes the full matrix, which the R values hold for `loanapp` only.
    """
    ((names, entry),) = case.values[model]["vcov"][kind].items()
    values, vectors = np.linalg.eigh(np.asarray(entry["full"]))
    assert values.min() < 0
    expected = vectors @ np.diag(np.clip(values, 0, None)) @ vectors.T
    codes = [cluster_codes(case.cells[f"cluster_{name}"]) for name in names.split("+")]
    found = two_way_covariance(getattr(case, model), *codes)
    check_covariance(found[np.ix_(case.order, case.order)], expected)


@pytest.fixture(scope="module")
def petersen() -> pd.DataFrame:
    """Petersen's simulated panel: 500 firms, 10 years."""
    if not (program := shutil.which("Rscript")):
        pytest.skip("needs R, with the package sandwich that holds the data")
    script = 'data("PetersenCL", package = "sandwich"); write.csv(PetersenCL, row.names = FALSE)'
    done = subprocess.run([program, "-e", script], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("needs the R package sandwich, which holds the data")
    return pd.read_csv(StringIO(done.stdout))


def test_petersens_published_errors(petersen: pd.DataFrame) -> None:
    """A numeric outcome: with a row a cell, least squares never asks that it be 0 or 1."""
    cells = petersen.assign(n=1, successes=petersen["y"])
    fit = fit_linear(cells, ["x"])
    found = np.sqrt(np.diag(cluster_covariance(fit, cluster_codes(petersen["firm"]))))
    np.testing.assert_allclose(found, [0.067013, 0.050596], atol=5e-7)


# ---- What must hold by definition ---------------------------------------------------------------


@pytest.mark.parametrize(("fit", "kind"), [(fit_linear, "hc1"), (fit_logit, "hc0")])
def test_a_cluster_a_person_is_no_clustering(
    both: SimpleNamespace, check_covariance: Check, fit: Any, kind: Any
) -> None:
    """Then G = N, and the factors of the linear model make HC1, those of the logit N/(N - 1)."""
    rows = pd.DataFrame({"member": both.design["member"], "n": 1, "successes": both.y})
    found = fit(rows, ["member"])
    size = len(rows)
    expected = covariance(found, kind) * (1 if kind == "hc1" else size / (size - 1))
    check_covariance(cluster_covariance(found, np.arange(size)), expected)


def test_scores_of_all_clusters_add_up_to_zero(both: SimpleNamespace) -> None:
    codes = cluster_codes(both.cells["school"].iloc[both.logit.rows])
    scores = cluster_scores(both.logit, codes)
    assert scores.shape == (12, both.design.shape[1])
    assert np.abs(scores).max() > 1
    np.testing.assert_allclose(scores.sum(axis=0), 0, atol=1e-7)


def test_clusters_are_numbered_by_name() -> None:
    assert list(cluster_codes(pd.Series(["b", "a", "c", "a"]))) == [1, 0, 2, 0]
    typed = pd.Series(["b", "a"], dtype=pd.CategoricalDtype(["z", "b", "a"]))
    assert list(cluster_codes(typed)) == [1, 0]


@pytest.mark.parametrize("kind", ["hc2", "hc3"])
def test_a_person_alone_at_a_level_has_leverage_one(kind: Any) -> None:
    rows = [(True, "a", 7, 3), (False, "a", 9, 2), (False, "b", 1, 1)]
    cells = pd.DataFrame(rows, columns=["member", "level", "n", "successes"])
    fit = fit_linear(cells, ["member"], ["level"])
    assert np.isfinite(covariance(fit, "hc1")).all()
    with pytest.raises(NotEstimableError, match=f"leverage_one: {kind}"):
        covariance(fit, kind)


@pytest.mark.parametrize("kind", ["hc2", "hc3"])
def test_hc2_of_a_logit_is_a_fault_of_the_caller(both: SimpleNamespace, kind: Any) -> None:
    with pytest.raises(ValueError, match="linear model only"):
        covariance(both.logit, kind)
