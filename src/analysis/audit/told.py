"""An audit in English, for the command line; notebooks have their words from the catalogue."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from analysis.audit.bounds import Bound
from analysis.audit.figures import PERCENT, Figure, Place
from analysis.audit.findings import Audit, Conflict, OddSum, Severity, TwoDefinitions
from analysis.audit.identities import Assumption
from analysis.audit.implied import Implied
from analysis.audit.left import Form, decimals, left_for
from analysis.vocabulary import UNDERSERVED

RELATIONS: Final = {
    "equal": "",
    "more_than": "more than ",
    "at_least": "at least ",
    "less_than": "less than ",
    "almost": "almost ",
    "about": "about ",
}
ASSUMPTIONS: Final = {
    Assumption.STATUS_KNOWN: "nobody's status is unknown: everyone is underserved or is not",
    Assumption.SAME_YEAR: "the students of the year are those of its applicants who started",
    Assumption.EXPECTED_LIKE_STUDENTS: (
        "those expected to graduate have the same shares of all groups as the students"
    ),
    Assumption.RESPONDENTS_LIKE_STUDENTS: (
        "respondents to the job survey have the same shares of all groups as the students"
    ),
    Assumption.SELF_PAID_IS_INDIVIDUAL: (
        "the self-paid are within individual funding, and everyone else has a third party"
    ),
}
NAMES: Final = {"expected": "students expected to graduate", "respondents": "respondents"}


def tell(audit: Audit) -> Iterator[str]:
    """An audit as lines of text: what was found by severity, and what would resolve it."""
    compared = len(audit.figures) - len(audit.alone)
    yield f"{_counted(len(audit.figures), 'figure')}, {compared} of them compared with others."
    counts = dict.fromkeys(Severity, 0)
    for finding in audit.findings:
        counts[finding.severity] += 1
        yield ""
        heading = f"{finding.severity.upper()} {counts[finding.severity]}"
        if isinstance(finding, Conflict):
            yield from _conflict(heading, finding)
        elif isinstance(finding, TwoDefinitions):
            yield from _definitions(heading, finding)
        else:
            yield from _odd_sum(heading, finding)
    yield from _resolution(audit)
    yield from _bounds(audit.bounds)
    yield from _alone(audit.alone)
    yield ""
    yield ", ".join(_counted(number, severity.value) for severity, number in counts.items()) + "."
    if not audit.complete:
        number = len(audit.conflicts)
        yield f"The search ended at its limit of {number} conflicts: there may be more (--limit)."


def _conflict(heading: str, conflict: Conflict) -> Iterator[str]:
    if len(conflict.figures) == 1:
        yield f"{heading}: this figure is impossible by itself."
    else:
        yield f"{heading}: these {len(conflict.figures)} figures can't all be right."
    for implied in conflict.implied:
        yield from _printed(implied.figure)
        yield f"      {left_words(implied)}"
    for assumption in conflict.assumptions:
        yield f"  It rests on the assumption that {ASSUMPTIONS[assumption]}."


def _definitions(heading: str, finding: TwoDefinitions) -> Iterator[str]:
    measure = _plain(finding.measure)
    yield f"{heading}: the {measure} is defined out of different populations."
    for one in finding.definitions:
        yield f"  of {_plain(one.group)}: {_quoted(one.place)}"
        if one.place.reading:
            yield f"      {one.place.reading}"


def _odd_sum(heading: str, finding: OddSum) -> Iterator[str]:
    first = finding.figures[0]
    about = f"{_plain(first.group)}, {first.period}"
    yield (
        f"{heading}: the shares by funding of {about} sum to {finding.total:g}% as printed; "
        "by rounding they can sum to 100%."
    )
    for figure in finding.figures:
        yield from _printed(figure)


def _resolution(audit: Audit) -> Iterator[str]:
    corrections = audit.resolution.corrections
    if not corrections:
        return
    yield ""
    number = _counted(len(corrections), "figure")
    yield f"With {number} corrected no contradiction is left, and with no fewer:"
    for implied in corrections:
        yield from _printed(implied.figure)
        yield f"      {left_words(implied)}"
    if not audit.resolution.doubtful:
        yield "  These values are jointly possible, and raise no doubt either."
        return
    yield "  These values are jointly possible, and raise no doubt but on the assumption that"
    for assumption in audit.resolution.doubtful:
        yield f"      {ASSUMPTIONS[assumption]}."
    yield f"  Whatever the values, {_doubts(audit.staying)}."


def _doubts(numbers: Sequence[int]) -> str:
    """Which doubts stay."""
    if len(numbers) == 1:
        return f"doubt {numbers[0]} stays"
    return f"doubts {', '.join(map(str, numbers))} stay"


def _bounds(bounds: Iterable[Bound]) -> Iterator[str]:
    for (measure, period), table in groupby(bounds, lambda one: (one.measure, one.period)):
        yield ""
        yield f"{_plain(measure)} by category, {period}: by this table of rates and the printed"
        yield "shares of the categories, the non-underserved are"
        for bound in table:
            people = NAMES.get(bound.population, _plain(bound.population))
            low = f"{bound.low:.1f}% to " if bound.low > 0 else "at most "
            yield f"  {low}{bound.high:.1f}% of the {people}"
            yield from (_tested(figure, agrees) for figure, agrees in bound.tested)
        for assumption in bound.assumptions:
            yield f"  if {ASSUMPTIONS[assumption]}"


def _tested(figure: Figure, agrees: bool) -> str:
    rest = ""
    if figure.group == UNDERSERVED:
        rest = f", which leaves {100 - figure.value:g}% non-underserved,"
    return f"      {_title(figure)}{rest} {'agrees' if agrees else 'does not agree'}"


def _alone(figures: Iterable[Figure]) -> Iterator[str]:
    names = dict.fromkeys(f"{figure.measure} {figure.group}" for figure in figures)
    if names:
        yield ""
        yield f"Compared with nothing, as no other figure speaks of it: {', '.join(names)}."


def _printed(figure: Figure) -> Iterator[str]:
    """A figure with the first sentence that holds it, and how many more do."""
    more = len(figure.places) - 1
    again = f", and {_counted(more, 'other place')}" if more else ""
    yield f"  {_title(figure)}: {_quoted(figure.places[0])}{again}"


def _title(figure: Figure) -> str:
    said = _value(figure.value, figure)
    return f"{said} ({_plain(figure.measure)}, {_plain(figure.group)}, {figure.period})"


def _quoted(place: Place) -> str:
    return f"“{place.sentence}”, {place.section} ({place.file}, row {place.row})"


def left_words(implied: Implied) -> str:
    """What the others leave for a figure, and what could be printed instead."""
    figure, left = implied.figure, left_for(implied)
    low, high = (f"{end:,.{left.digits}f}" for end in (left.low, left.high))
    said = {
        Form.NOTHING: "the others leave no value for it",
        Form.EXACTLY: f"the others make it {low}{_unit(figure)}",
        Form.AT_LEAST: f"the others leave at least {low}{_unit(figure)}",
        Form.AT_MOST: f"the others leave at most {high}{_unit(figure)}",
        Form.BETWEEN: f"the others leave {low} to {high}{_unit(figure)}",
    }[left.form]
    if implied.printable is None:
        return f"{said}; no other value would resolve it"
    cut = "; right as it stands if it was cut and not rounded" if implied.is_cut else ""
    return f"{said}; resolved by {_value(implied.printable, figure)}{cut}"


def _value(value: float, figure: Figure) -> str:
    """A value as it is printed."""
    return f"{RELATIONS[figure.relation]}{value:,.{decimals(figure)}f}{_unit(figure)}"


def _unit(figure: Figure) -> str:
    return "%" if figure.unit == PERCENT else f" {figure.unit}"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
