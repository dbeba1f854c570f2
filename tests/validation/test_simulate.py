"""Samples of a known population, drawn in processes, are the same however many there are."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from analysis.estimate.proportions import Estimate
from validation.population import Design, Population
from validation.scenarios import Named, Scenario
from validation.simulate import _estimates, simulate

CELLS = pd.DataFrame({"member": [True, True, False, False], "level": list("abab")})
POPULATION = Population(
    CELLS, np.array([0.3, 0.7, 0.6, 0.4]), np.array([0.2, 0.5, 0.4, 0.6]), ["member"]
)


def draw(random: np.random.Generator) -> Named:
    value = float(random.random())
    yield "uniform", Estimate(value, low=value - 0.1, high=value + 0.1)
    yield "not asked for", Estimate(0.0)


def make() -> Sequence[Scenario]:
    return [Scenario("Table", "column", {"uniform": 0.5}, draw, 45, {"uniform": None})]


def test_each_replicate_has_numbers_of_its_own() -> None:
    (found,) = simulate(make(), make)
    alone = _estimates(make()[0], range(45), 0)
    assert found["uniform"].samples == 45
    held = (np.abs(alone["uniform"][:, 0] - 0.5) <= 0.1).mean()
    assert found["uniform"].coverage == pytest.approx(held)
    assert len(np.unique(alone["uniform"][:, 0])) == 45


@pytest.mark.parametrize("clusters", [None, 15])
def test_samples_have_the_persons_and_rates_of_the_population(clusters: int | None) -> None:
    design = Design(4_000, 9_000, clusters)
    sample = POPULATION.draw(design, np.random.default_rng(5))
    sums = sample.groupby("member")[["n", "successes"]].sum()
    assert sums["n"].to_dict() == {True: 4_000, False: 9_000}
    kinds = sample.groupby("kind")[["n", "successes"]].sum()
    rates = (kinds["successes"] / kinds["n"]).to_numpy()
    reach = 0.06 if clusters is None else 0.3  # the clusters' effects go one way or the other
    np.testing.assert_allclose(logit(rates), logit(POPULATION.rates), atol=2 * reach)


def test_the_whole_population_has_its_shares_and_rates() -> None:
    whole = POPULATION.whole(Design(100, 300))
    sums = whole.groupby("member")["n"].sum()
    assert sums[False] / sums[True] == pytest.approx(3, rel=1e-5)
    np.testing.assert_allclose(whole["successes"] / whole["n"], POPULATION.rates, rtol=1e-5)
