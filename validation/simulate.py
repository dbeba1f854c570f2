"""Draw and estimate all scenarios, side by side in processes of their own.

Each replicate has a random generator of its own, keyed by the seed, the scenario and its number,
so the result doesn't depend on how many processes there are.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from numpy.typing import NDArray
from pandera.config import config_context
from tqdm import tqdm

from analysis.vocabulary import SEED
from validation.coverage import Tally, count
from validation.scenarios import Scenario

CHUNK = 20
"""Replicates that a process does before it asks for more."""

Make = Callable[[], Sequence[Scenario]]
Numbers = NDArray[np.float64]

_prepared: list[Scenario] = []
"""The scenarios of a worker process: they hold functions, which can't be sent to it."""


def _prepare(make: Make) -> None:
    _prepared[:] = make()


def simulate(scenarios: Sequence[Scenario], make: Make) -> list[dict[str, Tally]]:
    """Count how often each interval of each scenario holds the truth.

    Parameters
    ----------
    scenarios
        The scenarios.
    make
        Makes the same scenarios in a worker process.

    Returns
    -------
    list of dict
        What was seen of each interval, by its name, in the order of the scenarios.
    """
    found = [
        {name: np.full((one.replications, 3), np.nan) for name in one.truth} for one in scenarios
    ]
    jobs = list(_jobs(scenarios))
    with ProcessPoolExecutor(os.cpu_count(), initializer=_prepare, initargs=(make,)) as pool:
        done = pool.map(_replicate, *zip(*jobs, strict=True))
        for (place, first, last), part in zip(jobs, tqdm(done, total=len(jobs)), strict=True):
            for name, numbers in part.items():
                found[place][name][first:last] = numbers
    return [
        {name: count(one.truth[name], numbers[name]) for name in one.truth}
        for one, numbers in zip(scenarios, found, strict=True)
    ]


def _jobs(scenarios: Sequence[Scenario]) -> Iterator[tuple[int, int, int]]:
    """Scenario, first and last replicate of each piece of work."""
    for place, one in enumerate(scenarios):
        for first in range(0, one.replications, CHUNK):
            yield place, first, min(first + CHUNK, one.replications)


def _replicate(place: int, first: int, last: int) -> dict[str, Numbers]:
    """Estimate, lower and upper limit of each interval in some replicates of a scenario."""
    scenario = _prepared[place]
    # Tables are checked whenever the project makes them; here that would take most of the time.
    with config_context(validation_enabled=False):
        return _estimates(scenario, range(first, last), place)


def _estimates(scenario: Scenario, replicates: range, place: int) -> dict[str, Numbers]:
    found = {name: np.full((len(replicates), 3), np.nan) for name in scenario.truth}
    for i, replicate in enumerate(replicates):
        key = np.random.SeedSequence([SEED, place, replicate])
        for name, estimate in scenario.simulate(np.random.default_rng(key)):
            # What has no truth, such as a horizon that nobody reaches, is not counted.
            if name in found:
                found[name][i] = estimate.value, estimate.low, estimate.high
    return found
