"""Gelbach: its parts are the change of a coefficient, of one group or of several at once."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.estimate.composition.gelbach import gelbach
from analysis.estimate.composition.influences import Sample
from analysis.estimate.composition.oaxaca import POOLED_GROUP, Oaxaca
from analysis.estimate.covariance import cluster_codes, cluster_covariance, covariance
from analysis.estimate.fits import NotEstimableError, fit_linear
from analysis.vocabulary import Estimand

COVARIATES = ["gender", "age_band"]
EXPLAINED, UNEXPLAINED = Estimand.EXPLAINED, Estimand.UNEXPLAINED


def test_one_group_is_oaxaca_with_the_group_held_fixed(both: SimpleNamespace) -> None:
    """Gelbach (2016), section 2: errors differ by factors for small samples alone."""
    sample = Sample.of(both.cells, COVARIATES, "hc0")
    ours = gelbach(sample, {"member": sample.members})["member"]
    theirs = Oaxaca(sample).decompose(POOLED_GROUP)
    for key, part in ours.parts.items():
        assert part.value == pytest.approx(theirs.parts[key].value)
        assert part.std_error == pytest.approx(theirs.parts[key].std_error)


@pytest.mark.parametrize("cluster", [None, "cluster"])
def test_base_and_full_coefficients_have_the_errors_of_their_regressions(
    both: SimpleNamespace, cluster: str | None
) -> None:
    """But for the variance beyond the first order, which a coefficient has not."""
    errors = "cluster" if cluster else "hc0"
    sample = Sample.of(both.cells, COVARIATES, errors, cluster)
    made = gelbach(sample, {"member": sample.members})["member"]
    short, full = fit_linear(both.cells, ["member"]), both.linear
    place = full.design.names.index("member")
    codes = cluster_codes(both.cells["cluster"].iloc[full.rows])
    if cluster:
        base, whole = cluster_covariance(short, codes), cluster_covariance(full, codes)
    else:
        base, whole = covariance(short, "hc0"), covariance(full, "hc0")
    assert made.gap.value == pytest.approx(short.coefficients[1])
    assert made.gap.std_error == pytest.approx(np.sqrt(base[1, 1]))
    remains = made.parts[UNEXPLAINED, ""]
    assert remains.value == pytest.approx(full.coefficients[place])
    # The covariates' means and the coefficients have factors for small samples of their own.
    first = np.sqrt(remains.root @ remains.root)
    tolerance = 2e-3 if cluster else 1e-8
    assert first == pytest.approx(np.sqrt(whole[place, place]), rel=tolerance)


def test_several_groups_at_once(persons: pd.DataFrame) -> None:
    names = ["job_seeker", "low_qualification"]
    rows = persons[persons[[*names, "graduated"]].notna().all(axis=1)]
    cells = rows.assign(n=1, successes=rows["graduated"].astype(int), member=rows[names[0]])
    cells[["member", *names]] = cells[["member", *names]].astype(bool)
    sample = Sample.of(cells, COVARIATES)
    made = gelbach(sample, {name: cells[name].to_numpy() for name in names})
    y, flags = cells["successes"], cells[names].astype(float)
    dummies = pd.get_dummies(cells[COVARIATES], drop_first=True, dtype=float)
    base = sm.OLS(y, sm.add_constant(flags)).fit().params
    full = sm.OLS(y, sm.add_constant(flags.join(dummies))).fit().params
    for name in names:
        assert made[name].gap.value == pytest.approx(base[name])
        assert made[name].parts[UNEXPLAINED, ""].value == pytest.approx(full[name])
        for term in COVARIATES:
            own = [column for column in dummies if column.startswith(term)]
            shifts = [
                sm.OLS(dummies[column], sm.add_constant(flags)).fit().params[name] for column in own
            ]
            expected = np.dot(shifts, full[own])
            assert made[name].parts[EXPLAINED, term].value == pytest.approx(expected)


def test_focus_variables_that_determine_each_other_are_refused(both: SimpleNamespace) -> None:
    sample = Sample.of(both.cells, COVARIATES)
    with pytest.raises(NotEstimableError, match="collinear: one"):
        gelbach(sample, {"one": sample.members, "other": sample.members})
