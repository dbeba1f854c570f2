"""In what unit readers see each estimand, which decides how it is rounded."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from analysis.vocabulary import Estimand


class Unit(StrEnum):
    """What a number counts."""

    RATE = "rate"
    """A share of one side's persons: shown as a percentage, bound to two counts."""

    POINTS = "points"
    """Any other fraction: shown in percentage points or as a percentage."""

    RATIO = "ratio"
    MONTHS = "months"
    PERSONS = "persons"


UNITS: Final[Mapping[Estimand, Unit]] = {
    Estimand.RATE: Unit.RATE,
    Estimand.DIFFERENCE: Unit.POINTS,
    Estimand.RISK_RATIO: Unit.RATIO,
    Estimand.ODDS_RATIO: Unit.RATIO,
    Estimand.DIFFERENCE_AS_NO: Unit.POINTS,
    Estimand.DIFFERENCE_AS_YES: Unit.POINTS,
    Estimand.ADJUSTED_DIFFERENCE: Unit.POINTS,
    Estimand.ADJUSTED_DIFFERENCE_AS_NO: Unit.POINTS,
    Estimand.ADJUSTED_DIFFERENCE_AS_YES: Unit.POINTS,
    Estimand.POINT_GAP: Unit.POINTS,
    Estimand.PROPORTIONALITY_INDEX: Unit.RATIO,
    Estimand.EIGHTY_PERCENT_INDEX: Unit.RATIO,
    Estimand.SUCCESSES_TO_PARITY: Unit.PERSONS,
    Estimand.SUCCESSES_TO_ESCAPE_FLAG: Unit.PERSONS,
    Estimand.EXPLAINED: Unit.POINTS,
    Estimand.UNEXPLAINED: Unit.POINTS,
    Estimand.ENDOWMENTS: Unit.POINTS,
    Estimand.COEFFICIENTS: Unit.POINTS,
    Estimand.INTERACTION: Unit.POINTS,
    Estimand.STEP_CONTRIBUTION: Unit.POINTS,
    # A part of the logarithm of a ratio of rates.
    Estimand.LOG_STEP_CONTRIBUTION: Unit.RATIO,
    Estimand.NONRESPONSE_SHIFT: Unit.POINTS,
    Estimand.RATE_LOWER_BOUND: Unit.RATE,
    Estimand.RATE_UPPER_BOUND: Unit.RATE,
    Estimand.DIFFERENCE_LOWER_BOUND: Unit.POINTS,
    Estimand.DIFFERENCE_UPPER_BOUND: Unit.POINTS,
    Estimand.TIPPING_VANISH: Unit.POINTS,
    Estimand.TIPPING_DOUBLE: Unit.POINTS,
    Estimand.SHRUNK_RATE: Unit.RATE,
    Estimand.INTERACTION_EFFECT: Unit.POINTS,
    Estimand.VARIANCE_PARTITION: Unit.POINTS,
    Estimand.PROPORTIONAL_CHANGE: Unit.POINTS,
    Estimand.MINIMAL_DETECTABLE_GAP: Unit.POINTS,
    Estimand.POWER: Unit.POINTS,
    Estimand.EQUIVALENCE: Unit.POINTS,
    Estimand.ROBUSTNESS_VALUE: Unit.POINTS,
    Estimand.ROBUSTNESS_VALUE_ALPHA: Unit.POINTS,
    Estimand.PARTIAL_R2: Unit.POINTS,
    Estimand.CONFOUNDED_DIFFERENCE: Unit.POINTS,
    Estimand.E_VALUE: Unit.RATIO,
    Estimand.E_VALUE_INTERVAL: Unit.RATIO,
    Estimand.SPECIFICATIONS_MEDIAN: Unit.POINTS,
    Estimand.SPECIFICATIONS_BELOW_ZERO: Unit.POINTS,
    Estimand.SPECIFICATIONS_SIGNIFICANT: Unit.POINTS,
    Estimand.PLACED_BY: Unit.RATE,
    Estimand.PLACED_BY_DIFFERENCE: Unit.POINTS,
    Estimand.RESTRICTED_MEAN: Unit.MONTHS,
    Estimand.RESTRICTED_MEAN_DIFFERENCE: Unit.MONTHS,
    Estimand.HAZARD_RATIO: Unit.RATIO,
    Estimand.HAZARD_ODDS_RATIO: Unit.RATIO,
    Estimand.ADJUSTED_PLACED_BY_DIFFERENCE: Unit.POINTS,
    Estimand.CHANGE: Unit.POINTS,
    Estimand.CHANGE_COMPOSITION: Unit.POINTS,
    Estimand.CHANGE_RATES: Unit.POINTS,
}
"""The unit of every estimand, stated one by one: a new one must choose."""

FRACTIONS: Final = frozenset({Unit.RATE, Unit.POINTS})

FULL_DIGITS: Final[Mapping[Unit, int]] = {
    Unit.RATE: 1,
    Unit.POINTS: 1,
    Unit.RATIO: 2,
    Unit.MONTHS: 1,
    Unit.PERSONS: 0,
}
"""Decimals that readers inside the provider see, in the unit that they see."""

COARSE_DIGITS: Final[Mapping[Unit, int]] = {
    Unit.RATE: 0,
    Unit.POINTS: 0,
    Unit.RATIO: 1,
    Unit.MONTHS: 1,
    Unit.PERSONS: 0,
}
"""Decimals that everyone sees, where the persons are not many."""

ONE_SIDED: Final = frozenset({Estimand.PLACED_BY, Estimand.RESTRICTED_MEAN})
"""Estimands of the group alone, whose rows name the reference that it is drawn beside."""

CHANGES: Final = frozenset({Estimand.CHANGE, Estimand.CHANGE_COMPOSITION, Estimand.CHANGE_RATES})
"""Estimands of two cohorts, whose rows count both together."""
