"""Kitagawa: worked examples, exact sums, persons without a counterpart."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.estimate.composition.influences import Decomposition, Sample
from analysis.estimate.composition.kitagawa import (
    COMPOSITION,
    MATCHED,
    ONLY_GROUP,
    ONLY_REFERENCE,
    kitagawa,
)
from analysis.estimate.composition.oaxaca import Oaxaca
from analysis.estimate.fits import NotEstimableError
from analysis.vocabulary import Estimand

EXPLAINED, UNEXPLAINED = Estimand.EXPLAINED, Estimand.UNEXPLAINED
LEVELS = list("abcdef")


def cells_of(*rows: tuple[bool, str, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["member", "age", "n", "successes"])


def split(cells: pd.DataFrame, covariates: list[str] | None = None) -> Decomposition:
    return kitagawa(Sample.of(cells, covariates or ["age"]))


def test_by_hand() -> None:
    """Shares .8/.2 against .5/.5, rates .3/.6 against .2/.4."""
    made = split(
        cells_of(
            (True, "a", 80, 24), (True, "b", 20, 12), (False, "a", 100, 20), (False, "b", 100, 40)
        )
    )
    assert made.gap.value == pytest.approx(0.36 - 0.3)
    assert made.parts[EXPLAINED, ""].value == pytest.approx(0.3 * 0.25 - 0.3 * 0.5)
    assert made.parts[UNEXPLAINED, ""].value == pytest.approx(0.65 * 0.1 + 0.35 * 0.2)
    assert made.remarks == {"only_group": None, "only_reference": None}


def test_persons_without_a_counterpart_stand_apart() -> None:
    made = split(
        cells_of(
            (True, "a", 60, 30), (True, "b", 40, 30), (False, "a", 50, 20), (False, "c", 150, 30)
        )
    )
    # The group's rate is 0.6, and 0.5 where there is a counterpart; the reference's 0.25 and 0.4.
    assert made.gap.value == pytest.approx(0.35)
    found = {term: made.parts[EXPLAINED, term].value for term in COMPOSITION}
    assert found == pytest.approx({MATCHED: 0.0, ONLY_GROUP: 0.1, ONLY_REFERENCE: 0.15})
    assert made.parts[UNEXPLAINED, ""].value == pytest.approx(0.1)
    assert made.remarks == {"only_group": 40, "only_reference": 150}


def test_without_any_counterpart_nothing_can_be_split() -> None:
    with pytest.raises(NotEstimableError, match="no_counterpart"):
        split(cells_of((True, "a", 60, 30), (False, "b", 50, 20)))


def test_one_covariate_is_oaxaca_with_half_of_each_sides_coefficients(
    both: SimpleNamespace,
) -> None:
    sample = Sample.of(both.cells, ["age_band"], "hc0")
    ours, theirs = kitagawa(sample), Oaxaca(sample).decompose("oaxaca_half")
    for estimand in (EXPLAINED, UNEXPLAINED):
        one, other = ours.parts[estimand, ""], theirs.parts[estimand, ""]
        assert one.value == pytest.approx(other.value)
        assert one.root @ one.root == pytest.approx(other.root @ other.root)


def test_equal_sides_have_no_parts(both: SimpleNamespace) -> None:
    twin = both.cells.assign(member=~both.cells["member"])
    made = split(pd.concat([both.cells, twin]), ["gender", "age_band"])
    for part in made.parts.values():
        assert part.value == pytest.approx(0, abs=1e-12)


@st.composite
def some_cells(draw: st.DrawFn) -> pd.DataFrame:
    rows = []
    for member in (True, False):
        for age in draw(st.lists(st.sampled_from(LEVELS), min_size=2, unique=True)):
            n = draw(st.integers(1, 30))
            rows.append((member, age, n, draw(st.integers(0, n))))
    # One pattern is on both sides, with a success and a failure.
    rows += [(True, "a", 2, 1), (False, "a", 2, 1)]
    return cells_of(*rows)


def numbers(made: Decomposition) -> np.ndarray:
    parts = [made.gap, *made.parts.values()]
    return np.array([(part.value, part.std_error) for part in parts])


@settings(max_examples=30, deadline=None)
@given(cells=some_cells(), seed=st.integers(0, 1000))
def test_sums_and_what_they_do_not_depend_on(cells: pd.DataFrame, seed: int) -> None:
    made = split(cells)
    before = numbers(made)
    assert np.isfinite(before).all()
    whole = made.parts[EXPLAINED, ""].value + made.parts[UNEXPLAINED, ""].value
    assert whole == pytest.approx(made.gap.value, abs=1e-12)
    detailed = sum(made.parts[EXPLAINED, term].value for term in COMPOSITION)
    assert detailed == pytest.approx(made.parts[EXPLAINED, ""].value, abs=1e-12)
    renamed = cells.assign(age=cells["age"].map(dict(zip(LEVELS, LEVELS[::-1], strict=True))))
    np.testing.assert_allclose(numbers(split(renamed)), before, atol=1e-12)
    rng = np.random.default_rng(seed)
    mixed = cells.iloc[rng.permutation(len(cells))]
    np.testing.assert_allclose(numbers(split(mixed)), before, atol=1e-12)
    first = rng.integers(0, cells["n"] + 1)
    won = rng.hypergeometric(cells["successes"], cells["n"] - cells["successes"], first)
    halves = [
        cells.assign(n=first, successes=won),
        cells.assign(n=cells["n"] - first, successes=cells["successes"] - won),
    ]
    np.testing.assert_allclose(numbers(split(pd.concat(halves))), before, atol=1e-12)
    # Seen from the other side, every part turns its sign, and the lonely change places.
    turned = numbers(split(cells.assign(member=~cells["member"])))
    np.testing.assert_allclose(turned[[0, 1, 2, 3, 5, 4]] * [-1, 1], before, atol=1e-12)


def test_twice_the_persons_half_the_variance(both: SimpleNamespace) -> None:
    doubled = both.cells.assign(n=2 * both.cells["n"], successes=2 * both.cells["successes"])
    once, twice = (
        kitagawa(Sample.of(cells, ["gender", "age_band"], "hc0")) for cells in (both.cells, doubled)
    )
    for key, part in once.parts.items():
        assert twice.parts[key].std_error ** 2 == pytest.approx(part.std_error**2 / 2)
