"""What released rows tell of the counts behind them: the reader's side of a release.

Nothing here knows more than a reader of the pack does: the rows, and what the methods say of whom
they count.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from analysis.estimate.journey_rates import STEPS
from analysis.estimate.results import read_note
from analysis.release.knowledge import (
    ALL_KNOWN,
    DENOMINATOR,
    NOT_TOLD,
    SUCCESSES,
    Cell,
    Population,
    Terms,
    among_known,
    stratum,
    unsure,
    without,
)
from analysis.release.rows import ANSWERED, COHORT_GAPS, PLACED
from analysis.release.units import CHANGES, ONE_SIDED
from analysis.vocabulary import (
    ALL,
    INTERSECTION,
    NON_UNDERSERVED,
    OTHERS,
    UNDERSERVED,
    Contrast,
    Estimand,
)

Row = Mapping[Hashable, Any]

SPECIFICATION: Final = "spec_outcome"
"""Key of the note of a row that is one specification of many, and counts nobody."""

AS_NO: Final = frozenset({Estimand.DIFFERENCE_AS_NO, Estimand.ADJUSTED_DIFFERENCE_AS_NO})
AS_YES: Final = frozenset({Estimand.DIFFERENCE_AS_YES, Estimand.ADJUSTED_DIFFERENCE_AS_YES})

OF_SURVEY: Final = ("response_", "respondents_", "ipw_", "aipw_", "manski", "tipping", "weighted_")
"""How methods begin that set those who answered beside those who were asked."""

OF_ASKED: Final = ("response_", "manski", "tipping", "weighted_")
"""Those of them whose persons are all who were asked."""

OF_ANSWERS: Final = ("response_", "weighted_")
"""Those of them whose successes are the answers."""

OF_MONTHS: Final = ("kaplan_meier", "discrete", "cox")
"""How methods begin that count the events by a month."""

WHOLE_JOURNEY: Final = ("shapley", "log_bootstrap")
PLAIN_RATES: Final = ("wilson", "response_wilson", "respondents_wilson")
"""How methods begin whose rates are the share of two counts that stand beside them."""

NO_CATEGORY: Final = frozenset({"", ALL, UNDERSERVED, NON_UNDERSERVED, OTHERS})
"""Names of groups that are no categories."""


class Side(NamedTuple):
    """One side of a row: its counts, as sums of the groups that it is made of.

    Attributes
    ----------
    name
        As the row names it.
    persons, successes
        Counts that make up the two numbers of the side.
    suffix
        Of the columns that show them.
    """

    name: str
    persons: tuple[Cell, ...]
    successes: tuple[Cell, ...]
    suffix: str


def read_sides(row: Row, cohort: str) -> list[Side]:
    """Whom the counts of a result row are of; none if the row has no counts of its own."""
    estimand = Estimand(row["estimand"])
    if estimand in CHANGES or SPECIFICATION in read_note(str(row["note"])):
        return []
    persons, successes = _populations(row, estimand, cohort)
    own, other = _group_and_reference(row, estimand)
    alone = not row["reference"] or estimand in ONE_SIDED
    sides = [("group", own)] if alone else [("group", own), ("reference", other)]
    return [
        Side(
            str(row[suffix]),
            tuple(Cell(persons, group) for group in groups),
            tuple(Cell(successes, group) for group in groups),
            suffix,
        )
        for suffix, groups in sides
    ]


def read_left_out(row: Row, cohort: str) -> tuple[Terms, float] | None:
    """Whom the note of a row counts as left out, and how many; None if it does not say."""
    told = read_note(str(row["note"])).get("left_out")
    estimand, method = Estimand(row["estimand"]), str(row["method"])
    if not told or method.startswith(OF_SURVEY) or not read_sides(row, cohort):
        return None
    persons, _ = _populations(row, estimand, cohort)
    contrast, group = str(row["contrast"]), str(row["group"])
    if contrast == Contrast.MARGINAL:
        # Those left out of it are no group of another row.
        return None
    if contrast in (Contrast.JOINT, INTERSECTION):
        return {Cell(persons, ALL): 1.0, Cell(persons, ALL_KNOWN): -1.0}, float(told)
    either = group in (UNDERSERVED, NON_UNDERSERVED)
    return {Cell(persons, NOT_TOLD if either else unsure(group)): 1.0}, float(told)


def plain_rate(row: Row) -> bool:
    """Whether a row's estimate is the share of its two counts."""
    return row["estimand"] == Estimand.RATE and str(row["method"]).startswith(PLAIN_RATES)


def categories_in(rows: Sequence[Row]) -> Iterator[str]:
    """Names of the categories that result rows are of, or compare."""
    for row in rows:
        if row["contrast"] != INTERSECTION:
            names = (str(row["group"]), str(row["reference"]))
            yield from (name for name in names if name not in NO_CATEGORY)


def _populations(row: Row, estimand: Estimand, cohort: str) -> tuple[Population, Population]:
    """Whom a row counts as persons and as successes."""
    outcome, term, method = (str(row[name]) for name in ("outcome", "term", "method"))
    study = str(row["study"])
    if estimand in COHORT_GAPS and term:
        cohort = term
    persons, successes = (outcome, DENOMINATOR), (outcome, SUCCESSES)
    if method.startswith(WHOLE_JOURNEY):
        step = STEPS[term or next(iter(STEPS))]
        persons, successes = (step, DENOMINATOR), (step, SUCCESSES)
    elif method.startswith(OF_MONTHS):
        successes = (outcome, f"events by {term}" if term else SUCCESSES)
    elif method.startswith(OF_SURVEY):
        survey = outcome.replace(PLACED, ANSWERED)
        if method.startswith(OF_ASKED):
            persons = (survey, DENOMINATOR)
        if method.startswith(OF_ANSWERS):
            successes = (survey, SUCCESSES)
    return Population(study, cohort, *persons), Population(study, cohort, *successes)


def _group_and_reference(row: Row, estimand: Estimand) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Groups that make up each side, by who is compared with whom."""
    contrast, group, reference = (str(row[name]) for name in ("contrast", "group", "reference"))
    if contrast == INTERSECTION:
        return (ALL_KNOWN if group == ALL else stratum(group),), ()
    # A row on one side's time names its own side first, whichever this is.
    category = next((name for name in (group, reference) if name not in NO_CATEGORY), "")
    own, other = (_group(name, contrast, category) for name in (group, reference))
    doubtful = unsure(category) if category else NOT_TOLD
    if estimand in AS_NO:
        own = group
        other = NON_UNDERSERVED if reference == NON_UNDERSERVED else without(category)
        return (own,), (other, NOT_TOLD if reference == NON_UNDERSERVED else doubtful)
    if estimand in AS_YES:
        other = NON_UNDERSERVED if reference == NON_UNDERSERVED else without(category)
        return (group, doubtful), (other,)
    return (own,), (other,)


def _group(name: str, contrast: str, category: str) -> str:
    group = without(category) if name == OTHERS else name
    return among_known(group) if contrast == Contrast.JOINT else group
