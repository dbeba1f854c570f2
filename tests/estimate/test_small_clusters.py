"""CR2 and Satterthwaite's degrees of freedom: against matrices over persons, and against R."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from analysis.estimate.covariance import cluster_codes, cluster_covariance, covariance
from analysis.estimate.fits import fit_linear
from analysis.estimate.small_clusters import cr2_covariance

Count = Callable[..., pd.DataFrame]
Check = Callable[..., None]


def inverse_root(block: np.ndarray) -> np.ndarray:
    """Moore-Penrose inverse of the symmetric root."""
    values, vectors = np.linalg.eigh(block)
    powers = np.where(values > 1e-10, np.maximum(values, 1e-10) ** -0.5, 0.0)
    return vectors @ np.diag(powers) @ vectors.T


def over_persons(
    design: np.ndarray, y: np.ndarray, clusters: np.ndarray
) -> tuple[np.ndarray, list[float]]:
    """Covariance and degrees of freedom from their definitions, with persons by persons matrices.

    Pustejovsky and Tipton (2018), with the identity as working model.
    """
    persons = len(y)
    bread = np.linalg.inv(design.T @ design)
    maker = np.eye(persons) - design @ bread @ design.T
    residuals = maker @ y
    parts, vectors = [], []
    for cluster in np.unique(clusters):
        own = clusters == cluster
        adjusted = inverse_root(maker[np.ix_(own, own)]) @ design[own] @ bread
        parts.append(adjusted.T @ residuals[own])
        vectors.append(maker[:, own] @ adjusted)
    freedom = []
    for term in range(design.shape[1]):
        stacked = np.column_stack([vector[:, term] for vector in vectors])
        form = stacked @ stacked.T
        freedom.append(float(np.trace(form) ** 2 / np.sum(form**2)))
    return np.sum([np.outer(part, part) for part in parts], axis=0), freedom


@pytest.mark.parametrize("adjusters", [["gender", "age_band"], ["gender", "rural"]])
def test_cells_give_what_matrices_over_persons_give(
    both: SimpleNamespace, count: Count, check_covariance: Check, adjusters: list[str]
) -> None:
    """`rural` is the same for all of a school, and one school holds all of one of its levels."""
    rows = both.rows.head(400).assign(y=both.y[:400].astype(int))
    rows["member"] = rows["job_seeker"].astype(bool)
    rows["rural"] = rows["school"].map({"s00": "island", "s01": "yes", "s02": "yes"}).fillna("no")
    fit = fit_linear(count(rows, [*adjusters, "member", "school"]), ["member"], adjusters)
    cells = count(rows, [*adjusters, "member", "school"])
    small = cr2_covariance(fit, cluster_codes(cells["school"]))
    names = [column.rstrip("]").split("[") for column in fit.design.names[1:-1]]
    columns = [rows[name] == level for name, level in names]
    design = np.column_stack([np.ones(400), *columns, rows["member"]]).astype(float)
    expected, freedom = over_persons(design, rows["y"].to_numpy(float), rows["school"].to_numpy())
    check_covariance(small.covariance, expected, rtol=1e-8)
    found = [small.degrees_of_freedom(term) for term in np.eye(len(freedom))]
    np.testing.assert_allclose(found, freedom, rtol=1e-8)


def test_a_contrast_of_coefficients_has_its_own_degrees_of_freedom(both: SimpleNamespace) -> None:
    """They don't depend on the contrast's scale, nor on how the levels are coded."""
    codes = cluster_codes(both.cells["school"].iloc[both.linear.rows])
    small = cr2_covariance(both.linear, codes)
    names = both.linear.design.names
    contrast = np.zeros(len(names))
    contrast[names.index("age_band[>45]")], contrast[names.index("age_band[31-45]")] = 1, -1
    found = small.degrees_of_freedom(contrast)
    assert small.degrees_of_freedom(-3 * contrast) == pytest.approx(found, rel=1e-12)
    order = [">45", "31-45", "<=30", "unknown"]
    turned = both.cells.assign(age_band=both.cells["age_band"].cat.reorder_categories(order))
    fit = fit_linear(turned, ["member"], ["gender", "age_band"])
    other = np.zeros(len(names))
    other[fit.design.names.index("age_band[31-45]")] = 1
    assert cr2_covariance(fit, codes).degrees_of_freedom(other) == pytest.approx(found, rel=1e-8)


def test_covariance_degrees_of_freedom_and_intervals_as_in_r(
    case: SimpleNamespace, check_covariance: Check
) -> None:
    """In `fair`, each cluster `age` holds all the rows of a term: the generalised inverse."""
    fit, order = case.lpm, case.order
    for name, expected in case.values["lpm"]["CR2"].items():
        small = cr2_covariance(fit, cluster_codes(case.cells[f"cluster_{name}"]))
        check_covariance(small.covariance[np.ix_(order, order)], expected["vcov"])
        found = [small.degrees_of_freedom(term) for term in np.eye(len(order))[order]]
        np.testing.assert_allclose(found, expected["df"], rtol=1e-9)
        errors = np.sqrt(np.diag(small.covariance))[order]
        reach = t(found).ppf(0.975) * errors
        estimates = fit.coefficients[order]
        np.testing.assert_allclose(estimates - reach, expected["lower_95"], rtol=1e-9)
        np.testing.assert_allclose(estimates + reach, expected["upper_95"], rtol=1e-9)
        p_values = 2 * t(found).sf(np.abs(estimates / errors))
        np.testing.assert_allclose(p_values, expected["p"], rtol=1e-9)


def test_a_cluster_a_person_is_hc2(both: SimpleNamespace, check_covariance: Check) -> None:
    rows = pd.DataFrame({"member": both.design["member"], "n": 1, "successes": both.y})
    fit = fit_linear(rows, ["member"])
    small = cr2_covariance(fit, np.arange(len(rows)))
    check_covariance(small.covariance, covariance(fit, "hc2"))


def test_many_equal_clusters_need_no_correction(count: Count) -> None:
    """With each cluster a small share of all persons, CR2 comes to the sandwich itself."""
    rng = np.random.default_rng(5)
    rows = pd.DataFrame({"cluster": np.repeat(np.arange(400), 10)})
    rows["member"] = rng.random(4000) < 0.5
    rows["y"] = (rng.random(4000) < 0.4 + 0.1 * rows["member"]).astype(int)
    cells = count(rows, ["member", "cluster"])
    fit, codes = fit_linear(cells, ["member"]), cluster_codes(cells["cluster"])
    small, large = cr2_covariance(fit, codes), cluster_covariance(fit, codes)
    np.testing.assert_allclose(np.diag(small.covariance) / np.diag(large), 1, atol=0.005)
    assert 250 < small.degrees_of_freedom(np.array([0.0, 1.0])) <= 400
