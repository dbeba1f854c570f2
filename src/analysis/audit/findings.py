"""What an audit finds: contradictions, doubts, notes, and what would resolve them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from analysis.audit.bounds import Bound, find_bounds
from analysis.audit.conflicts import find_conflicts
from analysis.audit.figures import PERCENT, Definition, Figure, Printed
from analysis.audit.identities import Assumption
from analysis.audit.implied import Implied, implied_for
from analysis.audit.model import EVERYTHING, Model, build_model
from analysis.audit.people import GROUPS
from analysis.audit.resolution import Resolution, fewest_hitting, resolve
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
    """Right by rounding, but may puzzle readers."""


class Kind(StrEnum):
    """Where a finding comes from."""

    COMPUTED = "computed"
    DOCUMENTARY = "documentary"


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
        The fewest figures without which no contradiction is left, with values for them that are
        jointly possible. Often there are several such sets; this is the first of them. Empty if
        the search was not complete.
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
    resolution: Resolution
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

    @property
    def staying(self) -> tuple[int, ...]:
        """Numbers of the doubts, from 1 on, that no value of the figures to correct resolves."""
        wrong = {one.figure for one in self.resolution.corrections}
        doubts = [one for one in self.conflicts if one.severity is Severity.DOUBT]
        return tuple(
            number for number, one in enumerate(doubts, 1) if not wrong.intersection(one.figures)
        )

    @property
    def agreeing(self) -> tuple[Figure, ...]:
        """Figures that were compared with others and are in no finding."""
        said = {
            figure
            for one in self.findings
            if not isinstance(one, TwoDefinitions)
            for figure in one.figures
        }
        said |= set(self.alone)
        return tuple(figure for figure in self.figures if figure not in said)


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
        resolution=_resolution(model, conflicts, assumptions) if complete else Resolution(),
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
    implied = [implied_for(part, view, key, [key]) for key in part.figures]
    return Conflict(tuple(part.figures.values()), tuple(implied), tuple(needed))


def _resolution(
    model: Model, conflicts: Iterable[Conflict], assumptions: Collection[Assumption]
) -> Resolution:
    """The fewest figures that have to be corrected, and what to."""
    sets = [
        [figure.key for figure in one.figures]
        for one in conflicts
        if one.severity is Severity.CONTRADICTION
    ]
    return resolve(model, fewest_hitting(sets, list(model.figures)), assumptions)


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
