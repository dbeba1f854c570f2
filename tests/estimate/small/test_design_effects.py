"""Effective numbers of persons in strata that clusters cut across."""

import numpy as np
import pytest
from scipy.stats import norm, t

from analysis.estimate.proportions import clustered_rate
from analysis.estimate.small.design_effects import effective_shares, intraclass_correlation


def test_alone_a_stratum_of_equal_clusters_has_the_clustered_variance_of_its_rate() -> None:
    n, successes = np.full(12, 50), np.array([10, 40, 22, 31, 18, 27, 12, 35, 24, 25, 30, 9])
    plain = clustered_rate(successes, n)
    share = effective_shares(n[None].astype(float), successes[None].astype(float), 0.95)[0]
    of_quantiles = (norm.ppf(0.975) / t.ppf(0.975, 11)) ** 2
    rate = plain.value
    independent = rate * (1 - rate) / n.sum()
    assert plain.std_error**2 == pytest.approx(independent * of_quantiles / share)


def test_persons_alike_within_clusters_are_worth_one_person_a_cluster() -> None:
    n = np.full((1, 30), 20.0)
    successes = np.where(np.arange(30) % 2, 20.0, 0.0)[None]
    assert intraclass_correlation(n, successes) == 1
    assert n.sum() * effective_shares(n, successes, 0.95)[0] == pytest.approx(
        30 * (norm.ppf(0.975) / t.ppf(0.975, 29)) ** 2
    )


def test_correlation_is_found_again() -> None:
    random = np.random.default_rng(4)
    n = random.poisson(30, (6, 400)).astype(float)
    rate = random.beta(4.0, 6.0, (6, 400))  # correlation 1 / (4 + 6 + 1)
    assert intraclass_correlation(n, random.binomial(n.astype(int), rate)) == pytest.approx(
        1 / 11, abs=0.01
    )


def test_persons_less_alike_than_by_chance_count_in_full() -> None:
    n = np.full((2, 10), 10.0)
    assert intraclass_correlation(n, n / 2) == 0


def test_single_persons_and_single_clusters_tell_nothing() -> None:
    assert intraclass_correlation(np.eye(3), np.eye(3) * [1, 0, 1]) == 0
    n = np.array([[5.0, 0.0], [0.0, 5.0]])
    assert intraclass_correlation(n, n * 0.4) == 0
