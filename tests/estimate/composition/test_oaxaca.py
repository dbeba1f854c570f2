"""Oaxaca-Blinder: published values, exact sums, and what its parts must not depend on."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.estimate.composition.influences import Decomposition, Footing, Part, Sample, product
from analysis.estimate.composition.oaxaca import (
    METHODS,
    POOLED_GROUP,
    THREE_PARTS,
    THREEFOLD,
    Oaxaca,
)
from analysis.estimate.composition.random_regressions import Regression
from analysis.estimate.covariance import covariance
from analysis.estimate.fits import INTERCEPT, NotEstimableError, fit_linear
from analysis.vocabulary import Estimand

CHICAGO = Path(__file__).parents[4] / "shared" / "reference" / "chicago.csv"
COVARIATES = ["gender", "age_band"]
SHAPES = {"gender": ["F", "M"], "age_band": ["old", "young", "middle"], "area": ["N", "S", "W"]}


def drawn_cells(seed: int, cells: int = 60, clusters: int = 12) -> pd.DataFrame:
    """Cells with three covariates that tell the sides apart."""
    rng = np.random.default_rng(seed)
    member = rng.random(cells) < 0.4
    frame = pd.DataFrame({"member": member, "cluster": rng.integers(0, clusters, cells)})
    for name, levels in SHAPES.items():
        shift = rng.random(len(levels))
        weights = np.where(member[:, None], shift, shift[::-1]) + 0.3
        codes = [rng.choice(len(levels), p=row / row.sum()) for row in weights]
        frame[name] = np.array(levels)[codes]
    frame["n"] = rng.integers(1, 25, cells)
    frame["successes"] = rng.binomial(frame["n"], 0.25 + 0.3 * member + 0.2 * (frame.area == "N"))
    # Each side has everybody's levels, and somebody succeeds.
    every = pd.DataFrame(
        [
            {"member": side, "cluster": 0, "n": 2, "successes": 1}
            | {name: levels[i % len(levels)] for name, levels in SHAPES.items()}
            for side in (True, False)
            for i in range(3)
        ]
    )
    return pd.concat([frame, every], ignore_index=True)


def all_parts(cells: pd.DataFrame, covariates: list[str], **errors: str) -> pd.DataFrame:
    """Value and error of every part of every method."""
    oaxaca = Oaxaca(Sample.of(cells, covariates, **errors))  # type: ignore[arg-type]
    rows = {
        (method, str(estimand), term): (part.value, part.std_error)
        for method in METHODS
        for (estimand, term), part in oaxaca.decompose(method).parts.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "error"]).sort_index()


def assert_same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, rtol=1e-7, atol=1e-10)


# ---- Published ----------------------------------------------------------------------------------


def chicago() -> Sample:
    if not CHICAGO.is_file():
        pytest.skip("needs chicago.csv, which is in the folder of shared reference data")
    numeric = ["age", "female", "LTHS", "some.college", "college", "advanced.degree"]
    rows = pd.read_csv(CHICAGO).dropna(subset=["ln.real.wage", "foreign.born", *numeric])
    n = np.ones(len(rows))
    return Sample(
        rows[numeric].to_numpy(float),
        tuple(numeric),
        tuple(numeric),
        (rows["foreign.born"] == 0).to_numpy(),
        n,
        np.exp(rows["ln.real.wage"].to_numpy()),
        0 * n,
        np.arange(len(rows)),
    )


def test_chicago_is_met() -> None:
    """R's oaxaca 0.1: natives against foreign-born, a row a cell, a numeric outcome."""
    sample = chicago()
    oaxaca = Oaxaca(sample)
    assert (sample.members.sum(), (~sample.members).sum()) == (287, 379)
    assert oaxaca.gap.value == pytest.approx(3.015574, abs=5e-7)
    three = oaxaca.decompose(THREEFOLD).parts
    found = [three[estimand, ""].value for estimand in THREE_PARTS]
    np.testing.assert_allclose(found, [1.6165339, 2.8333261, -1.4342857], atol=5e-8)
    twofold = [
        oaxaca.decompose(method).parts[Estimand.EXPLAINED, ""].value
        for method in METHODS
        if method != THREEFOLD
    ]
    published = [1.6165339, 0.1822482, 0.8993911, 0.9984559, 1.3557222, 0.9525717]
    np.testing.assert_allclose(twofold, published, atol=5e-8)


def test_known_trap_the_trace_term_is_in_the_variance() -> None:
    """Jann (2008): V(x'b) is x'V(b)x + b'V(x)b + tr V(x)V(b), for a side alone of one mean."""
    sample = chicago()
    side = Regression(sample, np.ones((len(sample.n), 1)), sample.members)
    means, slopes = side.covariates(), side.slopes
    ours = product(means, slopes)
    spread, errors = means.root.T @ means.root, slopes.root.T @ slopes.root
    cross = means.root.T @ slopes.root
    x, b = means.values, slopes.values
    first = x @ errors @ x + b @ spread @ b + 2 * b @ cross @ x
    # The residuals of least squares are orthogonal to the covariates, but not to their squares.
    trace = np.trace(spread @ errors)
    assert ours.std_error**2 == pytest.approx(first + trace + np.trace(cross @ cross), rel=1e-10)
    assert trace > 0
    assert ours.more >= 0


# ---- Sums ---------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_parts_add_up_to_the_gap(seed: int) -> None:
    cells = drawn_cells(seed)
    sides = cells.groupby("member")[["n", "successes"]].sum()
    gap = (sides["successes"] / sides["n"]).diff().iloc[-1]
    oaxaca = Oaxaca(Sample.of(cells, list(SHAPES)))
    for method in METHODS:
        made = oaxaca.decompose(method)
        assert made.gap.value == pytest.approx(gap, abs=1e-12)
        whole = {key: part.value for key, part in made.parts.items() if not key[1]}
        assert sum(whole.values()) == pytest.approx(gap, abs=1e-10)
        for estimand, _ in whole:
            terms = [
                part.value for (own, term), part in made.parts.items() if term and own == estimand
            ]
            assert sum(terms) == pytest.approx(whole[estimand, ""], abs=1e-10)


def test_parts_that_do_not_add_up_are_refused() -> None:
    def part(value: float) -> Part:
        return Part(value, np.zeros(1), Footing())

    whole = {(Estimand.EXPLAINED, ""): part(0.2), (Estimand.UNEXPLAINED, ""): part(0.1)}
    Decomposition(part(0.3), whole)
    with pytest.raises(AssertionError, match="is not the gap"):
        Decomposition(part(0.31), whole)
    with pytest.raises(AssertionError, match="explained"):
        Decomposition(part(0.3), whole | {(Estimand.EXPLAINED, "age"): part(0.1)})


# ---- What it must not depend on -----------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), errors=st.sampled_from(["hc0", "hc1", "cluster"]))
def test_nothing_depends_on_names_orders_or_how_persons_are_counted(seed: int, errors: str) -> None:
    cells = drawn_cells(seed)
    how = {"errors": errors} | ({"cluster": "cluster"} if errors == "cluster" else {})
    before = all_parts(cells, list(SHAPES), **how)
    # Another level comes first, under another name.
    renamed = cells.assign(area=cells["area"].map({"N": "z", "S": "y", "W": "x"}))
    assert_same(all_parts(renamed, list(SHAPES), **how), before)
    assert_same(all_parts(cells, list(SHAPES)[::-1], **how), before)
    rng = np.random.default_rng(seed)
    assert_same(all_parts(cells.iloc[rng.permutation(len(cells))], list(SHAPES), **how), before)
    # Each cell in two, some of them empty.
    first = rng.integers(0, cells["n"] + 1)
    won = rng.hypergeometric(cells["successes"], cells["n"] - cells["successes"], first)
    split = pd.concat(
        [
            cells.assign(n=first, successes=won),
            cells.assign(n=cells["n"] - first, successes=cells["successes"] - won),
        ]
    )
    assert_same(all_parts(split, list(SHAPES), **how), before)


def test_twice_the_persons_half_the_variance(both: SimpleNamespace) -> None:
    once = Oaxaca(Sample.of(both.cells, COVARIATES, "hc0"))
    doubled = both.cells.assign(n=2 * both.cells["n"], successes=2 * both.cells["successes"])
    twice = Oaxaca(Sample.of(doubled, COVARIATES, "hc0"))
    for method in METHODS:
        one, two = once.decompose(method).parts, twice.decompose(method).parts
        for key, part in one.items():
            assert two[key].value == pytest.approx(part.value, abs=1e-12)
            assert two[key].root @ two[key].root == pytest.approx(part.root @ part.root / 2)
            assert two[key].more == pytest.approx(part.more / 4)


def test_cells_are_rows(both: SimpleNamespace) -> None:
    rows = both.rows.assign(member=both.rows["job_seeker"].astype(bool), n=1, successes=both.y)
    for how in ({"errors": "hc1"}, {"errors": "cluster", "cluster": "cluster"}):
        assert_same(all_parts(rows, COVARIATES, **how), all_parts(both.cells, COVARIATES, **how))


# ---- Coefficients -------------------------------------------------------------------------------


def test_levels_deviate_from_their_mean(both: SimpleNamespace) -> None:
    """The deviation contrast, from any coding that leaves a level out."""
    sample = Sample.of(both.cells, COVARIATES)
    found = Regression(sample, np.ones((len(sample.n), 1)), sample.members)
    own = both.design[both.design["member"] == 1].drop(columns="member")
    plain = sm.OLS(both.y[own.index], own).fit().params
    for term in COVARIATES:
        columns = sample.columns(term)
        effects = np.array([plain.get(sample.names[i], 0.0) for i in columns])
        np.testing.assert_allclose(
            found.slopes.values[columns], effects - effects.mean(), atol=1e-10
        )
    heights = sum(
        np.mean([plain.get(sample.names[i], 0.0) for i in sample.columns(term)])
        for term in COVARIATES
    )
    assert found.intercept.values[0] == pytest.approx(plain["intercept"] + heights)


def test_what_remains_is_the_coefficient_of_the_group_held_fixed(both: SimpleNamespace) -> None:
    made = Oaxaca(Sample.of(both.cells, COVARIATES)).decompose(POOLED_GROUP)
    fit = both.linear
    place = fit.design.names.index("member")
    remains = made.parts[Estimand.UNEXPLAINED, ""]
    assert remains.value == pytest.approx(fit.coefficients[place])
    assert remains.std_error == pytest.approx(np.sqrt(covariance(fit)[place, place]), rel=0.01)


def test_a_level_that_a_side_lacks_lies_at_the_mean_of_its_covariate(both: SimpleNamespace) -> None:
    cells = both.cells[~(both.cells["member"] & (both.cells["age_band"] == ">45"))]
    sample = Sample.of(cells, COVARIATES)
    side = Regression(sample, np.ones((len(sample.n), 1)), sample.members)
    columns = sample.columns("age_band")
    slopes = dict(zip([sample.names[i] for i in columns], side.slopes.values[columns], strict=True))
    assert slopes["age_band[>45]"] == pytest.approx(0, abs=1e-12)
    assert sum(slopes.values()) == pytest.approx(0, abs=1e-12)
    assert side.slopes.footing.undetermined == ("age_band[>45]",)
    made = Oaxaca(sample).decompose("oaxaca_1")
    assert made.parts[Estimand.EXPLAINED, ""].footing.undetermined == ("age_band[>45]",)
    pooled = Oaxaca(sample).decompose(POOLED_GROUP)
    assert pooled.parts[Estimand.EXPLAINED, "age_band"].footing.undetermined == ()
    assert pooled.parts[Estimand.UNEXPLAINED, "age_band"].footing.undetermined == ("age_band[>45]",)


def test_covariates_that_determine_each_other_share_what_they_explain(
    both: SimpleNamespace,
) -> None:
    """Twins have the same part; a single one would have the sum."""
    cells = both.cells.assign(twin=both.cells["age_band"].astype(str))
    made = Oaxaca(Sample.of(cells, ["age_band", "twin"])).decompose(POOLED_GROUP)
    single = Oaxaca(Sample.of(both.cells, ["age_band"])).decompose(POOLED_GROUP)
    explained = Estimand.EXPLAINED
    whole = single.parts[explained, "age_band"].value
    assert made.parts[explained, "age_band"].value == pytest.approx(whole / 2)
    assert made.parts[explained, "twin"].value == pytest.approx(whole / 2)
    assert made.parts[explained, ""].std_error == pytest.approx(
        single.parts[explained, ""].std_error
    )
    assert made.parts[explained, ""].footing.undetermined == ("age_band", "twin")


# ---- Where it ends ------------------------------------------------------------------------------


def test_a_side_too_small_for_coefficients_of_its_own_keeps_its_whole_parts(
    both: SimpleNamespace,
) -> None:
    group = both.cells[both.cells["member"]].drop_duplicates(["gender", "age_band"]).head(4)
    cells = pd.concat(
        [group.assign(n=1, successes=[1, 0, 0, 1]), both.cells[~both.cells["member"]]]
    )
    oaxaca = Oaxaca(Sample.of(cells, COVARIATES))
    for method in ("oaxaca_0", "oaxaca_pooled", "oaxaca_pooled_group"):
        made = oaxaca.decompose(method)
        assert made.missing is not None
        assert made.missing.reason == "no_freedom"
        assert made.parts[Estimand.EXPLAINED, "gender"].std_error > 0
        assert made.parts[Estimand.UNEXPLAINED, ""].footing.freedom == 3
        assert (Estimand.UNEXPLAINED, INTERCEPT) not in made.parts
    for method in ("oaxaca_1", "oaxaca_half", "oaxaca_share", "oaxaca_threefold"):
        with pytest.raises(NotEstimableError, match="no_freedom"):
            oaxaca.decompose(method)


def test_covariates_that_determine_the_group_leave_nothing_to_hold_fixed(
    both: SimpleNamespace,
) -> None:
    cells = both.cells.assign(copy=both.cells["member"].map({True: "a", False: "b"}))
    oaxaca = Oaxaca(Sample.of(cells, ["gender", "copy"]))
    with pytest.raises(NotEstimableError, match="collinear: member"):
        oaxaca.decompose(POOLED_GROUP)
    # With the coefficients of a side the copy explains nothing: all are at its one level.
    explained = oaxaca.decompose("oaxaca_0").parts[Estimand.EXPLAINED, "copy"]
    assert explained.value == pytest.approx(0, abs=1e-12)
    with pytest.raises(NotEstimableError, match="collinear"):
        fit_linear(cells, ["member"], ["copy"])
