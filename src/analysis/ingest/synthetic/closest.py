"""The counts closest to a prior that meet linear conditions: real numbers, then whole ones."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint, milp, nnls
from scipy.sparse import csr_array, eye_array, hstack, vstack

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

TOLERANCE = 1e-9
DECIMALS = 6
ROUNDING_RANGE = 4
"""How far a whole number may lie from the real one; small groups need some room."""


class InfeasibleError(ValueError):
    """No counts meet the conditions."""


@dataclass
class Conditions:
    """Conditions `low <= a @ x <= high` on counts x.

    Attributes
    ----------
    size
        Number of counts.
    """

    size: int
    _rows: list[Array] = field(default_factory=list)
    _low: list[float] = field(default_factory=list)
    _high: list[float] = field(default_factory=list)

    def add(self, row: Array, low: float = -np.inf, high: float = np.inf) -> None:
        """Ask for `low <= row @ x <= high`."""
        self._rows.append(np.asarray(row, dtype=float))
        self._low.append(low)
        self._high.append(high)

    def add_sum(self, members: Sequence[int] | Array, low: float, high: float) -> None:
        """Ask that the counts at these places add up to between `low` and `high`."""
        row = np.zeros(self.size)
        row[np.asarray(members)] = 1.0
        self.add(row, low, high)

    def add_ratio(self, part: Array, whole: Array, low: float, high: float) -> None:
        """Ask that `part @ x` lies between `low` and `high` times `whole @ x`."""
        self.add(part - low * whole, low=0.0)
        self.add(part - high * whole, high=0.0)

    @property
    def matrix(self) -> Array:
        """The rows, one condition each."""
        return np.array(self._rows).reshape(-1, self.size)

    @property
    def low(self) -> Array:
        """Lower limits."""
        return np.array(self._low)

    @property
    def high(self) -> Array:
        """Upper limits."""
        return np.array(self._high)


def closest(prior: Array, conditions: Conditions, weights: Array | None = None) -> Array:
    """Find the non-negative counts that meet conditions and lie closest to a prior.

    Minimises the chi-squared distance, sum of w (x - q)² / q: a least-distance programme, solved
    by non-negative least squares.

    Parameters
    ----------
    prior
        Positive counts q.
    conditions
        What x must meet.
    weights
        w; ones when not given.

    Raises
    ------
    InfeasibleError
        If no counts meet the conditions.

    References
    ----------
    Lawson and Hanson (1974), Solving Least Squares Problems, chapter 23, algorithm LDP.
    """
    spread = np.sqrt(prior / (1.0 if weights is None else weights))
    rows = np.vstack([conditions.matrix, -conditions.matrix, np.eye(conditions.size)])
    limits = np.concatenate([conditions.low, -conditions.high, np.zeros(conditions.size)])
    asked = np.isfinite(limits)
    rows, limits = rows[asked], limits[asked]
    # In y = (x - q) / spread the distance is |y| and each condition g @ y >= h.
    g, h = rows * spread, limits - rows @ prior
    size = np.linalg.norm(g, axis=1, keepdims=True)
    dual = np.vstack([(g / size).T, h / size[:, 0]])
    target = np.append(np.zeros(conditions.size), 1.0)
    u, distance = nnls(dual, target, maxiter=50 * dual.shape[1])
    if distance < TOLERANCE:
        raise InfeasibleError("no counts meet the conditions")
    residual = dual @ u - target
    x: Array = prior - spread * residual[:-1] / residual[-1]
    return np.maximum(x, 0.0)


def whole(counts: Array, conditions: Conditions) -> Counts:
    """Find the whole numbers closest to counts that still meet the conditions.

    Minimises the sum of |n - x| / sqrt(x + 1) by mixed-integer programming.

    Raises
    ------
    InfeasibleError
        If none do within `ROUNDING_RANGE` of the counts.
    """
    size = conditions.size
    # The last digits differ from one processor to another, and would lead to other whole numbers.
    counts = np.round(counts, DECIMALS)
    one, rows = eye_array(size, format="csr"), csr_array(conditions.matrix)
    nothing = csr_array((rows.shape[0], size))
    limits = [
        LinearConstraint(hstack([rows, nothing]), conditions.low, conditions.high),
        LinearConstraint(  # the second half of the unknowns are the distances |n - x|
            vstack([hstack([one, -one]), hstack([-one, -one])]), ub=np.append(counts, -counts)
        ),
    ]
    least = np.maximum(np.floor(counts) - ROUNDING_RANGE, 0)
    most = np.ceil(counts) + ROUNDING_RANGE
    found = milp(
        np.append(np.zeros(size), 1 / np.sqrt(counts + 1)),
        integrality=np.append(np.ones(size), np.zeros(size)),
        bounds=(np.append(least, np.zeros(size)), np.append(most, np.full(size, np.inf))),
        constraints=limits,
        options={"mip_rel_gap": 0.5},
    )
    if found.x is None:
        raise InfeasibleError(f"no whole numbers meet the conditions: {found.message}")
    counted: Counts = np.rint(found.x[:size]).astype(np.int64)
    return counted
