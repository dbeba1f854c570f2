"""How often intervals hold the truth: counted over samples, with the error of counting."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Tally(NamedTuple):
    """What was seen of one interval.

    Attributes
    ----------
    truth
        What it should hold.
    bias, bias_error
        Mean of the estimates less the truth, and its Monte Carlo error.
    coverage, coverage_error
        Share of the intervals that held the truth, and its Monte Carlo error, √(c(1 - c)/m).
    intervals, samples
        How many samples gave an interval, of how many.
    """

    truth: float
    bias: float
    bias_error: float
    coverage: float
    coverage_error: float
    intervals: int
    samples: int


def count(truth: float, numbers: NDArray[np.float64]) -> Tally:
    """Count one interval over samples.

    Parameters
    ----------
    truth
        What it should hold.
    numbers
        Estimate, lower and upper limit of each sample, shape (samples, 3); nan where there is none.
    """
    estimates = numbers[np.isfinite(numbers[:, 0]), 0]
    limits = numbers[np.isfinite(numbers[:, 1:]).all(axis=1)]
    held = ((limits[:, 1] <= truth) & (truth <= limits[:, 2])).mean() if len(limits) else math.nan
    several = len(estimates) > 1
    return Tally(
        truth=truth,
        bias=float(estimates.mean() - truth) if len(estimates) else math.nan,
        bias_error=float(estimates.std(ddof=1)) / math.sqrt(len(estimates))
        if several
        else math.nan,
        coverage=float(held),
        coverage_error=math.sqrt(held * (1 - held) / len(limits)) if len(limits) else math.nan,
        intervals=len(limits),
        samples=len(numbers),
    )
