"""Monte Carlo over parameters and sampling errors: one set of draws behind all results."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Array = NDArray[np.float64]
Values = Mapping[str, Array]
"""Inputs by name, one value a draw: arrays of one shape."""


class Result(NamedTuple):
    """What a value is: see the columns of `analysis.impact.measures.Measures`."""

    measure: str
    group: str = ""
    horizon: int | None = None


Formulas = Callable[[Values], dict[Result, Array]]
"""Results of inputs, in the inputs' shape."""

NUDGE: Final = 1e-3
"""By how much, relative to itself, an input is moved to see what rests on it."""
UNMOVED: Final = 1e-12
"""A smaller relative change is one of the rounding of numbers."""


class Uncertain(Protocol):
    """A number that is not known for certain."""

    @property
    def central(self) -> float:
        """The value behind the central estimate."""

    @property
    def low(self) -> float:
        """How far down it may lie."""

    @property
    def high(self) -> float:
        """How far up it may lie."""

    @property
    def illustrative(self) -> bool:
        """Whether no source states it."""

    @property
    def n(self) -> int | None:
        """How many persons it was estimated from; None if from none."""

    def draw(self, generator: np.random.Generator, draws: int) -> Array:
        """Draw it so many times."""


@dataclass(frozen=True)
class Assumed:
    """A parameter between two ends, drawn from the triangular distribution with its mode inside.

    Attributes
    ----------
    central, low, high
        Mode and ends; alike if it is certain.
    illustrative
        Whether no source states it.
    """

    central: float
    low: float
    high: float
    illustrative: bool
    n: int | None = None

    def draw(self, generator: np.random.Generator, draws: int) -> Array:
        """Draw it so many times."""
        if self.low == self.high:
            return np.full(draws, float(self.central))
        return generator.triangular(self.low, self.central, self.high, draws)


@dataclass(frozen=True)
class Estimated:
    """An estimate with its confidence interval, drawn from two halves of normal distributions.

    Half of the draws lie below the estimate and half above, each half with the spread of its own
    limit (the two-piece normal with equal weights). So the draws have the quantiles that the table
    shows: of an interval by clusters, and of one that is longer to one side, as near 0 and 1.

    Attributes
    ----------
    central, low, high
        Estimate and limits; without limits all that rests on it has no interval.
    confidence
        Coverage of the limits.
    n
        Persons that it was estimated from.
    least, most
        Bounds of what it can be, such as 0 and 1 of a share: draws beyond are put on them.
    """

    central: float
    low: float
    high: float
    confidence: float
    n: int | None
    least: float = -np.inf
    most: float = np.inf
    illustrative: bool = False

    def draw(self, generator: np.random.Generator, draws: int) -> Array:
        """Draw it so many times."""
        quantile = float(norm.ppf((1 + self.confidence) / 2))
        below, above = self.central - self.low, self.high - self.central
        normal = generator.standard_normal(draws) / quantile
        values = self.central + normal * np.where(normal < 0, below, above)
        return np.clip(values, self.least, self.most)


Inputs = Mapping[str, Uncertain]
"""Uncertain numbers by name."""


def central_values(inputs: Inputs) -> Values:
    """Every input at its central value, in arrays of one."""
    return {name: np.array([float(one.central)]) for name, one in inputs.items()}


def draw_inputs(inputs: Inputs, draws: int, seed: int) -> Values:
    """Draw all inputs, independently of each other.

    Parameters
    ----------
    inputs
        By name.
    draws
        How many.
    seed
        With an input's name it decides its draws: another input more changes none.

    Returns
    -------
    mapping
        Arrays of shape (draws,).
    """
    return {
        name: one.draw(np.random.default_rng([seed, *name.encode()]), draws)
        for name, one in inputs.items()
    }


def simulate(
    inputs: Inputs, formulas: Formulas, draws: int, seed: int, confidence: float
) -> dict[Result, tuple[float, float, float]]:
    """Central value and percentile interval of each result.

    The central value is that of the central inputs, not the median of the draws. Where skewed
    inputs would leave it outside of the percentiles, the interval is widened to hold it.

    Parameters
    ----------
    inputs
        By name.
    formulas
        All of their results are computed from the same draws.
    draws, seed
        See `draw_inputs`.
    confidence
        Share of the draws inside, half of the others below and half above.

    Returns
    -------
    dict
        Central value, lower and upper limit; limits are missing if an input has none.
    """
    outside = (1 - confidence) / 2
    central = formulas(central_values(inputs))
    found = {}
    for result, values in formulas(draw_inputs(inputs, draws, seed)).items():
        low, high = np.quantile(values, [outside, 1 - outside])
        middle = float(central[result][0])
        # numpy's minimum keeps a missing limit missing.
        found[result] = (middle, float(np.minimum(low, middle)), float(np.maximum(high, middle)))
    return found


def rests_on(inputs: Inputs, formulas: Formulas) -> dict[Result, list[str]]:
    """Names of the inputs that move each result when they are moved a little.

    So it follows from the formulas what is illustrative and how many persons stand behind it: a
    list kept by hand would one day be another one than that of the formulas. They are moved from
    the central values and from both ends, for a factor of zero would hide the others.
    """
    found: dict[Result, set[str]] = {}
    for end in ("central", "low", "high"):
        base = {name: _end(one, end) for name, one in inputs.items()}
        moved = one_at_a_time(base, {name: _nudged(value) for name, value in base.items()})
        for result, values in formulas(moved).items():
            moves = abs(values[1:] - values[0]) > UNMOVED * abs(values[0])
            found.setdefault(result, set()).update(
                name for name, does in zip(inputs, moves, strict=True) if does
            )
    return {result: [name for name in inputs if name in own] for result, own in found.items()}


def _end(one: Uncertain, end: str) -> float:
    """A value of an input, or the central one where it has no such limit."""
    value = float(getattr(one, end))
    return float(one.central) if np.isnan(value) else value


def _nudged(central: float) -> float:
    return central + NUDGE * (abs(central) or 1.0)


def one_at_a_time(base: Mapping[str, float], moved: Mapping[str, float]) -> Values:
    """Inputs at some values, then each in its turn at another one.

    Parameters
    ----------
    base, moved
        The two values of each input, m of them by name.

    Returns
    -------
    mapping
        Arrays of shape (m + 1,): all at the base, then the first one moved, and so on.
    """
    values = {}
    for place, (name, value) in enumerate(base.items(), start=1):
        values[name] = np.full(len(base) + 1, value)
        values[name][place] = moved[name]
    return values


def is_illustrative(inputs: Inputs, names: Iterable[str]) -> bool:
    """Whether any of these inputs is illustrative."""
    return any(inputs[name].illustrative for name in names)


def fewest_persons(inputs: Inputs, names: Iterable[str]) -> int | None:
    """The smallest number of persons that any of these inputs was estimated from."""
    return min((n for name in names if (n := inputs[name].n) is not None), default=None)
