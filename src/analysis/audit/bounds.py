"""What printed figures tell of shares that are not printed."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from analysis.audit.figures import Figure
from analysis.audit.identities import Assumption
from analysis.audit.linear import ContradictionError
from analysis.audit.model import Model
from analysis.audit.people import unknown
from analysis.audit.quantities import SHARES, Quantity, years_of
from analysis.vocabulary import ALL, CATEGORIES, NON_UNDERSERVED, UNDERSERVED

RATES: Final = ("orientation_rate", "graduation_rate", "placement_rate")


@dataclass(frozen=True)
class Bound:
    """What one table of rates tells of the share of the non-underserved.

    The table's rates and the printed shares of the categories are taken, and nothing else: not the
    printed shares of the underserved and the non-underserved.

    Attributes
    ----------
    measure, period
        The rate, and of when.
    population
        Of whom the share is: `students`, or whoever the rate is out of.
    low, high
        Smallest and greatest share that agrees with the table, in percent.
    figures
        The figures that were taken.
    assumptions
        What was taken for granted.
    tested
        Printed shares of the students' non-underserved, or of the underserved, from which they
        follow; and whether the table agrees with each. Empty for other populations.
    """

    measure: str
    period: str
    population: str
    low: float
    high: float
    figures: tuple[Figure, ...]
    assumptions: tuple[Assumption, ...]
    tested: tuple[tuple[Figure, bool], ...]


def find_bounds(model: Model, assumptions: Collection[Assumption]) -> tuple[Bound, ...]:
    """Bound the share of the non-underserved by each table of rates.

    Parameters
    ----------
    model
        The figures.
    assumptions
        What to take for granted.

    Returns
    -------
    tuple of Bound
        Among those whom a rate is out of, and among the students. None for a table that lacks the
        rate of all or of the non-underserved, or contradicts itself.
    """
    found = []
    for period in years_of(model.figures.values()):
        for measure in RATES:
            found += _of_table(model, measure, period, assumptions)
    return tuple(found)


def _of_table(
    model: Model, measure: str, period: str, assumptions: Collection[Assumption]
) -> list[Bound]:
    own = [one for one in model.figures.values() if one.period == period]
    rates = [one for one in own if one.measure == measure]
    shares = [one for one in own if one.measure == "share" and one.group in CATEGORIES]
    if not {ALL, NON_UNDERSERVED} <= {one.group for one in rates} or not shares:
        return []
    taken = (*shares, *rates)
    part = model.of([one.key for one in taken])
    touched = {rests for rests, _ in part.identities}
    rests = tuple(one for one in Assumption if one in assumptions and one in touched)
    view = part.view(rests)
    bounds = []
    for population in dict.fromkeys((SHARES[measure][1], "students")):
        share = Quantity(
            {unknown(population, NON_UNDERSERVED, period): 1.0},
            {unknown(population, ALL, period): 1.0},
            scale=100.0,
        )
        try:
            low, high = view.range(share)
        except ContradictionError:
            return []
        tested = _tested(own, low, high) if population == "students" else ()
        bounds.append(Bound(measure, period, population, low, high, taken, rests, tested))
    return bounds


def _tested(own: list[Figure], low: float, high: float) -> tuple[tuple[Figure, bool], ...]:
    """Which printed shares agree with a range of the share of the non-underserved."""
    tested = []
    for figure in own:
        if figure.measure != "share" or figure.group not in (UNDERSERVED, NON_UNDERSERVED):
            continue
        least, most = figure.interval
        if figure.group == UNDERSERVED:
            least, most = 100 - most, 100 - least
        # Ranges come out of a solver.
        tested.append((figure, least <= high + 1e-6 and most >= low - 1e-6))
    return tuple(tested)
