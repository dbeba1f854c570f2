"""Errors where no formula gives them: persons, or whole clusters, are drawn again.

A bootstrap of rows is a multinomial draw of the counts of cells, so no row is ever needed (Efron
1979). Draws are seeded and made one after another: they don't depend on the number of threads.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analysis.estimate.fits import Array, NotEstimableError
from analysis.estimate.proportions import Estimate

DRAWS = 999
SEED = 20_230_731
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
        Of the draws, shape (draws,); nan where a draw gave none.
    confidence
        Coverage of the interval.

    Raises
    ------
    NotEstimableError
        If more than 5% of the draws gave none.
    """
    found = replicates[np.isfinite(replicates)]
    failed = 1 - len(found) / len(replicates)
    if failed > MOST_FAILED:
        raise NotEstimableError("draws_failed", f"{100 * failed:.0f}")
    tail = (1 - confidence) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    # A percentile interval of a biased estimator may miss the estimate itself.
    return Estimate(
        value, float(found.std(ddof=1)), min(float(low), value), max(float(high), value)
    )
