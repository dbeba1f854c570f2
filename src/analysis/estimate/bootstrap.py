"""Errors where no formula gives them: persons, or whole clusters, are drawn again.

A bootstrap of rows is a multinomial draw of the counts of cells, so no row is ever needed (Efron
1979). Draws are seeded and made one after another: they don't depend on the number of threads.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analysis.estimate.clusters import too_few
from analysis.estimate.fits import Array, NotEstimableError
from analysis.estimate.proportions import Estimate
from analysis.estimate.regressions import (
    NO_VARIATION,
    with_interval,
)
from analysis.vocabulary import SEED

DRAWS = 999
MOST_FAILED = 0.05
"""Share of draws without a result above which no interval is told."""


def draw_counts(
    counts: NDArray[np.integer],
    draws: int,
    seed: int = SEED,
    clusters: NDArray[np.intp] | None = None,
) -> Iterator[NDArray[np.int64]]:
    """Draw the counts of cells again, as often as asked.

    Parameters
    ----------
    counts
        Persons of each kind, shape (m,): for cells with an outcome, successes and failures are two
        kinds.
    draws
        How often.
    seed
        Of the draws.
    clusters
        Number of each kind's cluster from 0 on; whole clusters are drawn then.

    Yields
    ------
    numpy.ndarray
        Counts of the same shape; of the same sum if persons are drawn.
    """
    random = np.random.Generator(np.random.Philox(seed))
    if clusters is None:
        total = int(counts.sum())
        shares = counts / max(total, 1)
        for _ in range(draws):
            yield random.multinomial(total, shares)
        return
    groups = int(clusters.max()) + 1
    for _ in range(draws):
        times = random.multinomial(groups, np.full(groups, 1 / groups))
        yield counts * times[clusters]


def percentile_interval(value: float, replicates: Array, confidence: float) -> Estimate:
    """Estimate with the standard deviation and the percentiles of its bootstrap replicates.

    Parameters
    ----------
    value
        The estimate from the data.
    replicates
        Of the draws, shape (draws,); nan where a draw gave none, infinite where a rate of 0 has a
        logarithm.
    confidence
        Coverage of the interval.

    Raises
    ------
    NotEstimableError
        If more than 5% of the draws gave none (`draws_failed`), or any is infinite
        (`draws_infinite`).
    """
    found = replicates[~np.isnan(replicates)]
    failed = 1 - len(found) / len(replicates)
    if failed > MOST_FAILED:
        raise NotEstimableError("draws_failed", f"{100 * failed:.0f}")
    tail = (1 - confidence) / 2
    if not np.isfinite(found).all():
        # A limit or an error without end is none; to leave these draws out would narrow both.
        raise NotEstimableError("draws_infinite", f"{100 * np.isinf(found).mean():.1f}")
    low, high = np.quantile(found, [tail, 1 - tail])
    # A percentile interval of a biased estimator may miss the estimate itself.
    return Estimate(
        value, float(found.std(ddof=1)), min(float(low), value), max(float(high), value)
    )


def drawn_interval(values: Array, confidence: float, clusters: int | None) -> Estimate:
    """Estimate with the interval and test that its draws give.

    Of persons: percentiles, and the share of draws on the other side of 0, twice. Of clusters: the
    draws' standard deviation with t(G - 1), for the percentiles of few clusters are too narrow.

    Parameters
    ----------
    values
        The estimate, then its replicates.
    confidence
        Coverage.
    clusters
        How many were drawn; None if persons were.

    Raises
    ------
    NotEstimableError
        If too many draws gave none; see `percentile_interval`.
    """
    found = percentile_interval(float(values[0]), values[1:], confidence)
    if clusters is not None:
        # Of G clusters drawn out of G, the variance is (G - 1)/G of the one to be had.
        error = found.std_error * np.sqrt(clusters / (clusters - 1))
        if error <= NO_VARIATION:
            return Estimate(found.value, error)
        return with_interval(found.value, error, clusters - 1, confidence)
    replicates = values[1:][~np.isnan(values[1:])]
    beyond = min((replicates <= 0).sum(), (replicates >= 0).sum())
    p_value = min(1.0, 2 * (1 + beyond) / (1 + len(replicates)))
    return Estimate(found.value, found.std_error, found.low, found.high, float(p_value))


def drawn_estimate(
    values: Array, confidence: float, clusters: tuple[int, int] | None
) -> tuple[Estimate, dict[str, object]]:
    """Estimate with its interval if the draws carry one, and what is to be said of it.

    Parameters
    ----------
    values, confidence
        See `drawn_interval`.
    clusters
        How many clusters were drawn, and how many of them hold the side that fewer hold; None if
        persons were drawn.

    Returns
    -------
    tuple
        The estimate, and remarks for its note.
    """
    alone = Estimate(float(values[0]))
    few = too_few(*clusters) if clusters else None
    if few is not None:
        return alone, {"few_clusters": few}
    groups = clusters[0] if clusters else None
    try:
        found = drawn_interval(values, confidence, groups)
    except NotEstimableError as error:
        key = "draws_infinite" if error.reason == "draws_infinite" else "draws_without"
        return alone, {key: error.detail}
    if found.std_error <= NO_VARIATION:
        return alone, {"no_variation": True}
    return found, {"clusters": groups}
