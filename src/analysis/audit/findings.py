"""What an audit finds: contradictions, doubts, notes, and what would resolve them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from analysis.audit.bounds import Bound, find_bounds
from analysis.audit.conflicts import find_conflicts
from analysis.audit.figures import PERCENT, Definition, Figure, Printed
from analysis.audit.identities import Assumption
from analysis.audit.linear import ContradictionError
from analysis.audit.model import EVERYTHING, Model, View, build_model
from analysis.audit.people import GROUPS
from analysis.audit.resolution import fewest_hitting
from analysis.vocabulary import FUNDING

LIMIT = 50
"""Conflicts to find at most, unless asked for otherwise."""


class Severity(StrEnum):
    """How bad a finding is; a report with a contradiction can't be right as it stands."""

    CONTRADICTION = "contradiction"
    """No numbers agree with the figures, whatever is assumed."""
    DOUBT = "doubt"
    """No numbers agree with the figures under an assumption; or definitions differ."""
    NOTE = "note"
    """Right by rounding, but a reader will stumble."""


class Kind(StrEnum):
    """Where a finding comes from."""

    COMPUTED = "computed"
    DOCUMENTARY = "documentary"


@dataclass(frozen=True)
class Implied:
    """What the other figures of a conflict leave for one of them.

    Attributes
    ----------
    figure
        The figure.
    low, high
        Smallest and greatest true value that the others allow, in the figure's unit.
    printable
        The nearest value that could be printed instead, at the figure's rounding; None if there
        is none. The figure alone would then resolve the conflict.
    """

    figure: Figure
    low: float
    high: float
    printable: float | None

    @property
    def is_cut(self) -> bool:
        """Whether the figure would be right if it had been cut instead of rounded."""
        figure = self.figure
        if figure.relation != "equal" or figure.is_exact:
            return False
        return self.low < figure.value + figure.rounding and self.high >= figure.value


@dataclass(frozen=True)
class Conflict:
    """Figures that can't all be right, while any of them could be if one other were not.

    Attributes
    ----------
    figures
        The figures, in the order of print.
    implied
        What the others leave for each, in the same order.
    assumptions
        What the conflict rests on besides definitions; without any one of these it is none.
    """

    figures: tuple[Figure, ...]
    implied: tuple[Implied, ...]
    assumptions: tuple[Assumption, ...]

    kind = Kind.COMPUTED

    @property
    def severity(self) -> Severity:
        """A contradiction, or a doubt if it rests on an assumption."""
        return Severity.DOUBT if self.assumptions else Severity.CONTRADICTION


@dataclass(frozen=True)
class TwoDefinitions:
    """A measure that is defined out of more than one population."""

    definitions: tuple[Definition, ...]

    severity = Severity.DOUBT
    kind = Kind.DOCUMENTARY

    @property
    def measure(self) -> str:
        """The measure that they define."""
        return self.definitions[0].measure


@dataclass(frozen=True)
class OddSum:
    """Parts of a whole that don't add up to 100 as printed, but can by their rounding."""

    figures: tuple[Figure, ...]

    severity = Severity.NOTE
    kind = Kind.COMPUTED

    @property
    def total(self) -> float:
        """The sum of the printed values."""
        return round(sum(figure.value for figure in self.figures), 9)


Finding = Conflict | TwoDefinitions | OddSum


@dataclass(frozen=True)
class Audit:
    """What an audit of printed figures found.

    Attributes
    ----------
    figures
        All figures that were read, each once.
    findings
        By severity; conflicts with few figures first.
    complete
        Whether these are all conflicts, or the search ended at its limit.
    resolution
        The fewest figures without which no contradiction is left, with what the remaining ones
        then leave for each. Often there are several such sets; this is the first of them.
    bounds
        What the figures tell of shares that are not printed.
    alone
        Figures that were compared with nothing, for no other speaks of what they are of.
    definitions
        All definitions that were read.
    """

    figures: tuple[Figure, ...]
    findings: tuple[Finding, ...]
    complete: bool
    resolution: tuple[Implied, ...]
    bounds: tuple[Bound, ...]
    alone: tuple[Figure, ...]
    definitions: tuple[Definition, ...] = ()

    @property
    def contradictions(self) -> tuple[Conflict, ...]:
        """The conflicts that rest on no assumption."""
        return tuple(one for one in self.conflicts if one.severity is Severity.CONTRADICTION)

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """All conflicts, whatever they rest on."""
        return tuple(one for one in self.findings if isinstance(one, Conflict))


def audit(
    printed: Printed, limit: int = LIMIT, assumptions: Collection[Assumption] = EVERYTHING
) -> Audit:
    """Find out whether printed figures are jointly possible.

    Parameters
    ----------
    printed
        Figures and definitions, as `analysis.audit.figures.read_printed` gives them.
    limit
        How many conflicts to find at most.
    assumptions
        What to take for granted. A conflict that rests on any of these is a doubt and no
        contradiction; without assumptions there are contradictions only.

    Returns
    -------
    Audit
        The same on every call.
    """
    model = build_model(printed.figures)
    conflicts, complete = _conflicts(model, limit, assumptions)
    findings: list[Finding] = [*conflicts, *_definitions(printed.definitions)]
    rank = list(Severity)
    findings.sort(key=lambda one: rank.index(one.severity))
    return Audit(
        figures=printed.figures,
        findings=(*findings, *_odd_sums(printed.figures, conflicts)),
        complete=complete,
        resolution=_resolution(model, conflicts) if complete else (),
        bounds=find_bounds(model, assumptions),
        alone=model.alone,
        definitions=printed.definitions,
    )


def _conflicts(
    model: Model, limit: int, assumptions: Collection[Assumption]
) -> tuple[list[Conflict], bool]:
    """Contradictions first, as they must not be crowded out; and whether these are all."""
    sure = find_conflicts(model.view(()).system, limit)
    found = [_conflict(model, keys, ()) for keys in sure.sets]
    if not sure.complete or not assumptions:
        return found, sure.complete
    every = find_conflicts(model.view(assumptions).system, limit, sure.sets)
    bare = model.view(()).system
    doubtful = [keys for keys in every.sets if keys not in sure.sets and bare.is_feasible(keys)]
    room = limit - len(found)
    found += [_conflict(model, keys, assumptions) for keys in doubtful[:room]]
    return found, every.complete and len(doubtful) <= room


def _conflict(model: Model, keys: Collection[str], taken: Collection[Assumption]) -> Conflict:
    part = model.of(keys)
    # Leave out each assumption without which it stays a conflict: those that it rests on remain.
    touched = {rests for rests, _ in part.identities}
    needed = [one for one in Assumption if one in taken and one in touched]
    for one in tuple(needed):
        fewer = [other for other in needed if other is not one]
        if not part.view(fewer).system.is_feasible():
            needed = fewer
    view = part.view(needed)
    implied = [_implied(part, view, key, [key]) for key in part.figures]
    return Conflict(tuple(part.figures.values()), tuple(implied), tuple(needed))


def _implied(model: Model, view: View, key: str, without: Collection[str]) -> Implied:
    """What is left for a figure if some are left out, itself among them."""
    figure = model.figures[key]
    below, above = figure.interval
    low, high = float("nan"), float("nan")
    for quantity in model.quantities[key]:
        try:
            low, high = view.range(quantity, without)
        except ContradictionError:
            continue
        if low > above or high < below:
            # Of a figure of every year, this is the year in which it is wrong.
            break
    return Implied(figure, low, high, figure.printable(low, high))


def _resolution(model: Model, conflicts: Iterable[Conflict]) -> tuple[Implied, ...]:
    """The fewest figures that have to be corrected, with what the others leave for each."""
    sets = [
        [figure.key for figure in one.figures]
        for one in conflicts
        if one.severity is Severity.CONTRADICTION
    ]
    wrong = fewest_hitting(sets, list(model.figures))
    view = model.view(())
    return tuple(_implied(model, view, key, wrong) for key in wrong)


def _definitions(definitions: Iterable[Definition]) -> Iterable[TwoDefinitions]:
    by_measure: dict[str, list[Definition]] = {}
    for one in definitions:
        by_measure.setdefault(one.measure, []).append(one)
    for own in by_measure.values():
        if len({one.group for one in own}) > 1:
            yield TwoDefinitions(tuple(own))


def _odd_sums(figures: Iterable[Figure], conflicts: Iterable[Conflict]) -> Iterable[OddSum]:
    """Shares of all kinds of funding that don't sum to 100 as printed, but can by rounding."""
    by_group: dict[tuple[str, str], dict[str, Figure]] = {}
    for figure in figures:
        if figure.measure in FUNDING and figure.group in GROUPS and figure.unit == PERCENT:
            own = by_group.setdefault((figure.group, figure.period), {})
            if figure.relation == "equal":
                own.setdefault(figure.measure, figure)
    impossible = [frozenset(one.figures) for one in conflicts]
    for own in by_group.values():
        one = OddSum(tuple(own.values()))
        if len(own) == len(FUNDING) and one.total != 100 and set(one.figures) not in impossible:
            yield one
