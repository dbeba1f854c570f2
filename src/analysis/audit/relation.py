"""What a linear expression of unknowns keeps to."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Relation:
    """What a linear expression of the unknowns keeps to: ``low ≤ Σ coefficient · unknown ≤ high``.

    Attributes
    ----------
    name
        What the relation says, for readers of errors.
    coefficients
        Coefficient of each unknown, by the name of the unknown; the others have none.
    low, high
        Limits of the expression, both included; infinite where there is none.

    Raises
    ------
    ValueError
        If the limits are not in order, or anything is not a number.

    Notes
    -----
    Numbers are taken for the decimals that they are written as: 0.675 is 27/40.
    """

    name: str
    coefficients: Mapping[str, float]
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        if not self.low <= self.high or self.low == math.inf or self.high == -math.inf:
            raise ValueError(f"{self.name}: no number lies between {self.low} and {self.high}")
        if not all(math.isfinite(weight) for weight in self.coefficients.values()):
            raise ValueError(f"{self.name}: a coefficient is not a finite number")
