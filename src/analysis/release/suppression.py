"""Which rows to hide so that no small count can be worked out from those that are shown.

Hiding a small denominator is not enough where it is a whole minus parts that are shown, or the
successes of a stage before. Further rows are hidden, of as few persons as can be: Fischetti and
Salazar-González (2001), with the intervals of rounded numbers in place of exact cells. A master
program chooses rows; for each small count two linear programs, those of a reader who wants to know
it, find how far it can be told; and where it is told too well, one at least of the rows that tell
it must be hidden too.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from analysis.engines.tables import Place
from analysis.release.declared import Declared, declare
from analysis.release.knowledge import (
    ALL_KNOWN,
    DENOMINATOR,
    NOT_TOLD,
    SUCCESSES,
    Cell,
    Constraint,
    Knowledge,
    Owner,
    Population,
    add_up,
    among_known,
    combined,
    stratum,
    unsure,
    without,
)
from analysis.release.policy import PINNED_WITHIN, SMALLEST, rate_digits, round_count
from analysis.release.polyhedron import Polyhedron, parts_of
from analysis.release.rows import Withheld
from analysis.studies import Study
from analysis.studies.model import ALL_COHORTS
from analysis.vocabulary import ALL, NON_UNDERSERVED, UNDERSERVED

ENOUGH: Final = 2 * PINNED_WITHIN + 1
"""A range of whole numbers as wide as this has no number within `PINNED_WITHIN` of all others."""

AT_ONCE: Final = 3
"""New cuts before rows are chosen anew: counts are often told by the same rows."""

IN_DEFAULT, IN_COHORT, IN_ALL = 100, 10, 1
"""Weights of persons: rather hide of all cohorts together than of one, least of the default."""


def withheld_rows(study: Study, processed: Place, cohort: str) -> frozenset[Withheld]:
    """Rows of a study's declared table that everyone is not shown, small ones included.

    Parameters
    ----------
    study
        The study.
    processed
        Where the processed table lies: a Parquet file, or an address.
    cohort
        The cohort looked at, whose combinations of categories are told of.
    """
    declared = declare(study, processed, cohort)
    return small_rows(declared) | protecting_rows(
        declared, study.cohort.default if study.cohort else None
    )


def small_rows(declared: Declared) -> frozenset[Withheld]:
    """Rows of groups with too small a denominator, of which nothing may be told.

    Some rows rest on a wider denominator than the outcome's own: those who were asked, or those
    at an earlier step of the journey. They tell of the small one too.
    """
    return frozenset(
        Withheld(population.cohort, population.outcome, group)
        for population, counts in declared.counts.items()
        if population.part == DENOMINATOR
        for group in (ALL, UNDERSERVED, NON_UNDERSERVED, *declared.categories)
        if 0 < counts[group] < SMALLEST
    )


def protecting_rows(declared: Declared, default: str | None = None) -> frozenset[Withheld]:
    """Rows to hide beside the small ones, at the least cost in persons not told of.

    Parameters
    ----------
    declared
        The declared table.
    default
        The cohort that is looked at unless another is asked for. Which rows are hidden doesn't
        depend on the cohort asked for, or two packs would tell what each hides.
    """
    known = Knowledge(declared.links())
    targets = dict.fromkeys(
        known.cell(cell)
        for population in declared.counts
        if population.part == DENOMINATOR
        for cell in _tell(known, declared, population)
    )
    _join_cohorts(known, declared)
    cost = _costs(declared, default)
    hidden: set[Owner] = set()
    for constraints, small in parts_of(known.constraints, targets):
        hidden |= _protect(constraints, small, cost)
    return frozenset(Withheld(*row) for row in hidden)


def _protect(
    constraints: Sequence[Constraint], small: Sequence[Cell], cost: Mapping[Owner, int]
) -> frozenset[Owner]:
    """Rows to hide so that each small count can be as many numbers as `ENOUGH` and more."""
    cuts = set(_told_alone(constraints, small))
    hidden: frozenset[Owner] = frozenset()
    unsettled = list(small)
    while unsettled:
        # A row once hidden stays so, and a count that is safe stays safe: without this, rows of
        # like cost take turns, and each turn asks for the ranges of all counts again.
        hidden = _cheapest(cuts, cost, hidden)
        body = Polyhedron.of([one for one in constraints if one.owner not in hidden])
        met = set(body.cells)
        unsettled = [cell for cell in unsettled if cell in met]
        safe, new = _look(body, unsettled)
        cuts |= new
        unsettled = [cell for cell in unsettled if cell not in safe]
    return hidden


def _look(body: Polyhedron, small: Sequence[Cell]) -> tuple[set[Cell], set[frozenset[Owner]]]:
    """Which counts are safe, and a few new cuts of those that are not."""
    safe: set[Cell] = set()
    new: set[frozenset[Owner]] = set()
    for cell, told in body.ranges(small, ENOUGH):
        # What is told even if every row is hidden can't be helped.
        if told.width >= ENOUGH or not told.owners:
            safe.add(cell)
        else:
            new.add(told.owners)
        if len(new) == AT_ONCE:
            break
    return safe, new


def _told_alone(
    constraints: Sequence[Constraint], small: Sequence[Cell]
) -> Iterator[frozenset[Owner]]:
    """Cuts of rows that show a count as such, as the successes of the stage before do."""
    asked = set(small)
    for one in constraints:
        told = len(one.terms) == 1 and one.high - one.low < ENOUGH
        if told and one.owner and asked.intersection(one.terms):
            yield frozenset({one.owner})


def _cheapest(
    cuts: Iterable[frozenset[Owner]], cost: Mapping[Owner, int], hidden: frozenset[Owner]
) -> frozenset[Owner]:
    """The rows of fewest persons, beside those hidden, that have one at least of each cut."""
    listed = sorted(sorted(cut) for cut in cuts if not cut & hidden)
    rows = sorted({row for cut in listed for row in cut})
    if not rows:
        return hidden
    place = {row: column for column, row in enumerate(rows)}
    lines = [(line, place[row]) for line, cut in enumerate(listed) for row in cut]
    weights = csr_array((np.ones(len(lines)), tuple(zip(*lines, strict=True))))
    found = milp(
        [cost[row] for row in rows],
        integrality=np.ones(len(rows)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(weights, lb=1),
    )
    return hidden.union(row for row, chosen in zip(rows, found.x, strict=True) if chosen > 0.5)


# ---- What is told -------------------------------------------------------------------------------


def _tell(known: Knowledge, declared: Declared, population: Population) -> Iterator[Cell]:
    """Add what the rows of an outcome and cohort tell; gives the counts that are to be hidden."""
    counts = declared.counts[population]
    successes = declared.counts[population._replace(part=SUCCESSES)]
    if not counts[ALL]:
        return
    named: dict[str, list[str]] = {}
    if population.cohort == declared.detailed:
        if population.outcome == declared.described:
            told = [name for name in declared.combinations if counts.get(combined(name))]
            named["combinations"] = told
        if population.outcome in declared.asked:
            named["strata"] = [name for name in declared.strata if counts.get(stratum(name))]
    for part in (DENOMINATOR, SUCCESSES):
        add_up(known, population._replace(part=part), declared.categories, **named)
    for owner, group in _shown(declared, population, named):
        n, k = Cell(population, group), Cell(population._replace(part=SUCCESSES), group)
        known.within(k, n)
        if counts[group] < SMALLEST:
            # Nobody is hidden like a few, so that neither may be told.
            known.learn({n: 1}, 0, SMALLEST - 1)
            yield n
            continue
        known.rounded([n], round_count(counts[group]), owner)
        known.rounded([k], round_count(successes[group]), owner)
        digits = rate_digits(counts[group])
        rate = round(successes[group] / counts[group], digits + 2)
        known.rate([n], [k], rate, digits, owner)
    for owner, group in _left_out(declared, population):
        known.rounded([Cell(population, group)], round_count(counts[group]), owner)


def _shown(
    declared: Declared, population: Population, named: dict[str, list[str]]
) -> Iterator[tuple[Withheld, str]]:
    """Groups that rows show the counts of, each with the row that goes if they are hidden."""
    row = Withheld(population.cohort, population.outcome, ALL)
    for group in (ALL, UNDERSERVED, NON_UNDERSERVED):
        yield row._replace(group=group), group
    for name in declared.categories:
        # The comparison with everyone else goes with its category.
        for group in (name, without(name)):
            yield row._replace(group=name), group
            yield row._replace(group=name), among_known(group)
    for key, tell in (("combinations", combined), ("strata", stratum)):
        for name in named.get(key, ()):
            if name not in ("", NON_UNDERSERVED):
                yield row._replace(group=tell(name)), tell(name)
    yield row._replace(group=ALL_KNOWN), ALL_KNOWN


def _left_out(declared: Declared, population: Population) -> Iterator[tuple[Withheld, str]]:
    """Groups of unknown membership, whose number the notes of rows tell."""
    row = Withheld(population.cohort, population.outcome, ALL)
    for group in (UNDERSERVED, NON_UNDERSERVED):
        yield row._replace(group=group), NOT_TOLD
    for name in declared.categories:
        yield row._replace(group=name), unsure(name)


def _join_cohorts(known: Knowledge, declared: Declared) -> None:
    """Add that the cohorts of a population make up the whole, or are a part of it."""
    wholes = declared.wholes()
    groups = (ALL, UNDERSERVED, NON_UNDERSERVED, *declared.categories)
    for whole in declared.counts:
        if whole.cohort != ALL_COHORTS:
            continue
        parts = [
            one
            for one in declared.counts
            if one.cohort in wholes.get(whole, declared.cohorts)
            and one == whole._replace(cohort=one.cohort)
        ]
        for group in groups if parts else ():
            terms = {Cell(whole, group): 1.0} | {Cell(one, group): -1.0 for one in parts}
            known.learn(terms, 0, 0 if whole in wholes else float("inf"))


def _costs(declared: Declared, default: str | None) -> dict[Owner, int]:
    """Persons whom each row tells of, weighted; one more, for hiding an empty row is not free."""
    weights = {ALL_COHORTS: IN_ALL, default: IN_DEFAULT}
    return {
        Withheld(population.cohort, population.outcome, group): (1 + persons)
        * weights.get(population.cohort, IN_COHORT)
        for population, counts in declared.counts.items()
        if population.part == DENOMINATOR
        for group, persons in counts.items()
    }
