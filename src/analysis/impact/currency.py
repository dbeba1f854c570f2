"""Money is computed in euro and converted where it is shown."""

from dataclasses import dataclass
from typing import Literal, Self

from analysis.impact.measures import MeasureUnit

PER_TONNE = {
    MeasureUnit.EUR: MeasureUnit.EUR_A_TONNE,
    MeasureUnit.USD: MeasureUnit.USD_A_TONNE,
}


@dataclass(frozen=True)
class Currency:
    """The currency that amounts are shown in.

    Attributes
    ----------
    unit
        `MeasureUnit.EUR` or `MeasureUnit.USD`.
    per_euro
        What one euro is worth in it.
    """

    unit: MeasureUnit
    per_euro: float

    @classmethod
    def of(cls, code: Literal["EUR", "USD"], dollars_per_euro: float) -> Self:
        """The currency with this code, at this rate."""
        if code == "EUR":
            return cls(MeasureUnit.EUR, 1.0)
        return cls(MeasureUnit.USD, dollars_per_euro)

    @property
    def per_tonne(self) -> MeasureUnit:
        """The unit of amounts a tonne."""
        return PER_TONNE[self.unit]

    @property
    def illustrative(self) -> bool:
        """Whether amounts rest on a rate of exchange, which no source of the data states."""
        return self.unit is MeasureUnit.USD
