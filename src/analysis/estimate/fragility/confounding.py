"""What a variable that nobody measured could do: omitted variable bias in shares of variance.

Cinelli and Hazlett (2020), "Making sense of sensitivity"; in units of the standard deviations of
outcome and group that the adjusters leave, the bias needs two partial R² alone. VanderWeele and
Ding (2017) for the E-value.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.estimate.fits import Array, Fit, NotEstimableError

EXPLAINED_WHOLLY = 1e-12


@dataclass(frozen=True)
class Strength:
    """How much a confounder explains, as partial R².

    Attributes
    ----------
    group
        Of who is in the group, given the adjusters.
    outcome
        Of the outcome, given the adjusters and the group.
    """

    group: float
    outcome: float

    @property
    def bias(self) -> float:
        """Bias it makes, in units of `LeastSquares.scale`."""
        return math.sqrt(self.outcome * self.group / (1 - self.group))

    @property
    def error_factor(self) -> float:
        """By how much holding it fixed multiplies the error, but for a lost degree of freedom."""
        return math.sqrt((1 - self.outcome) / (1 - self.group))


@dataclass(frozen=True)
class LeastSquares:
    """Cross-products over persons of a linear fit: the columns of its design, then the outcome.

    Attributes
    ----------
    cross
        k + 1 by k + 1.
    persons
        Number of persons.
    """

    cross: Array
    persons: float

    @classmethod
    def of(cls, fit: Fit) -> "LeastSquares":
        """Take them from a fit of a yes-or-no outcome, which is its own square."""
        matrix = fit.design.matrix
        size = matrix.shape[1]
        cross = np.empty((size + 1, size + 1))
        cross[:size, :size] = matrix.T @ (fit.n[:, None] * matrix)
        cross[:size, size] = cross[size, :size] = matrix.T @ fit.successes
        cross[size, size] = fit.successes.sum()
        return cls(cross, fit.persons)

    @property
    def outcome(self) -> int:
        """Position of the outcome."""
        return len(self.cross) - 1

    @property
    def freedom(self) -> float:
        """Persons minus columns."""
        return self.persons - self.outcome

    def partial_r2(self, target: int, group: NDArray[np.intp] | list[int]) -> float:
        """Share of what the other columns leave of a target that a group of columns explains.

        Parameters
        ----------
        target
            Position of a column; the outcome is never among the others.
        group
            Positions of the columns whose share is asked for.

        Raises
        ------
        NotEstimableError
            If the others leave nothing of the target.
        """
        others = np.setdiff1d(np.arange(self.outcome), [target, *group])
        without = self.squares(target, others)
        if without <= EXPLAINED_WHOLLY * self.cross[target, target]:
            raise NotEstimableError("no_variation")
        left = self.squares(target, np.union1d(others, group).astype(np.intp))
        return min(max(1 - left / without, 0.0), 1.0)

    def squares(self, target: int, given: NDArray[np.intp]) -> float:
        """Sum of squares of a target that is left by the columns given."""
        own = self.cross[np.ix_(given, given)]
        with_target = self.cross[given, target]
        explained = with_target @ np.linalg.solve(own, with_target)
        return max(float(self.cross[target, target] - explained), 0.0)

    def scale(self, column: int) -> float:
        """Ratio of the standard deviations that the others leave of the outcome and of a column.

        The classical error of its coefficient is this over the root of `freedom`. Zero where they
        leave nothing of the outcome but rounding.
        """
        others = np.setdiff1d(np.arange(self.outcome), [column])
        outcome = self.squares(self.outcome, np.arange(self.outcome))
        if outcome <= EXPLAINED_WHOLLY * self.cross[self.outcome, self.outcome]:
            return 0.0
        return math.sqrt(outcome / self.squares(column, others))


def robustness_value(f: float, threshold: float = 0.0) -> float:
    """Smallest strength, alike for group and outcome, that takes an estimate to a threshold.

    Cinelli and Hazlett (2020), section 4, and, where a larger share of the outcome would lower the
    error more than it raises the bias, Cinelli and Hazlett (2025), as in sensemakr.

    Parameters
    ----------
    f
        Size of the estimate over `LeastSquares.scale`: the partial Cohen's f, √(R²/(1 - R²)), of
        the group with the outcome. A share q of the estimate has q f.
    threshold
        The distance from zero that the test asks for, in the same unit: 0 for the estimate itself.

    Returns
    -------
    float
        A partial R²; 0 if the estimate is within the threshold as it is.
    """
    if f <= threshold:
        return 0.0
    if threshold and f >= 1 / threshold:
        return (f**2 - threshold**2) / (1 + f**2)
    over = f - threshold
    # The same as (√(f⁴ + 4f²) - f²) / 2, without the difference of two large numbers.
    return 2 * over / (math.sqrt(over**2 + 4) + over)


def benchmark(group: float, outcome: float, times: float) -> Strength:
    """Strength of a confounder as strong as a measured variable, or as many times as strong.

    Cinelli and Hazlett (2020), section 4: the confounder explains `times` as much of the group, and
    of the outcome, as the variable does, both given the other adjusters.

    Parameters
    ----------
    group, outcome
        Partial R² of the variable with the group, and with the outcome given the group too.
    times
        How many times as strong.

    Raises
    ------
    NotEstimableError
        If no confounder can be as strong: nothing would be left to explain.
    """
    of_group = times * group / (1 - group) if group < 1 else math.inf
    if of_group >= 1 or times * group >= 1:
        raise NotEstimableError("confounder_too_strong")
    # Partial R² of confounder and variable given the group: conditioning on what both affect
    # makes them go together.
    shared = times * group**2 / ((1 - times * group) * (1 - group))
    if shared >= 1 or outcome >= 1:
        raise NotEstimableError("confounder_too_strong")
    factor = (math.sqrt(times) + math.sqrt(shared)) / math.sqrt(1 - shared)
    of_outcome = factor**2 * outcome / (1 - outcome)
    if of_outcome >= 1:
        raise NotEstimableError("confounder_too_strong")
    return Strength(of_group, of_outcome)


def e_value(ratio: float) -> float:
    """Smallest ratio of risks, with group and outcome alike, that would explain a ratio away.

    Parameters
    ----------
    ratio
        A ratio of risks above 0; below 1 its inverse is taken.

    Returns
    -------
    float
        At least 1.
    """
    above = max(ratio, 1 / ratio)
    return above + math.sqrt(above * (above - 1))
