"""An attempt to undo a release: to work out a hidden count from the tables of a pack.

The last stage before a pack is given away. It reads the released tables as anyone could, puts all
that they say into linear constraints (rounded counts as intervals, rates as shares within their
rounding, groups that make each other up), and finds by linear programs between what numbers each
hidden denominator lies. It never edits: what it finds is a fault of the rules, and fails the build.

Not attempted are intervals, p-values and model-based estimates, which are no linear functions of
the counts, and which the policy shows to whole points.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from analysis.errors import InputError
from analysis.release.facts import Facts, ReleasedTable
from analysis.release.knowledge import Population
from analysis.release.policy import PINNED_WITHIN, SMALLEST
from analysis.release.polyhedron import ContradictionError, Polyhedron, parts_of

PINNED: Final = 2 * PINNED_WITHIN
"""A range no wider has a number within `PINNED_WITHIN` of all others."""

SLACK: Final = 1e-6


class Finding(NamedTuple):
    """A hidden count that the tables of a pack tell.

    Attributes
    ----------
    table
        Where it is hidden.
    cohort, outcome, group
        Whose denominator it is.
    low, high
        Between what numbers it lies.
    """

    table: str
    cohort: str
    outcome: str
    group: str
    low: float
    high: float


def check_release(
    tables: Iterable[ReleasedTable],
    links: Mapping[Population, Population] | None = None,
    wholes: Mapping[Population, Sequence[str]] | None = None,
) -> None:
    """Refuse tables of which a hidden count can be worked out.

    Parameters
    ----------
    tables, links, wholes
        See `attack`.

    Raises
    ------
    InputError
        Naming each count, where it is hidden and between what numbers it lies.
    """
    found = attack(tables, links, wholes)
    if found:
        told = "\n".join(
            f"- {one.table}: {one.outcome} of {one.group}, cohort {one.cohort}: "
            f"between {one.low:.0f} and {one.high:.0f} persons"
            for one in found
        )
        raise InputError(
            f"Hidden counts can be worked out from the tables of this pack:\n{told}\n"
            "Leave out a table that tells them, or build the pack with --internal."
        )


def attack(
    tables: Iterable[ReleasedTable],
    links: Mapping[Population, Population] | None = None,
    wholes: Mapping[Population, Sequence[str]] | None = None,
) -> list[Finding]:
    """Work out the hidden counts of released tables.

    Parameters
    ----------
    tables
        All tables of a pack; of several packs, if these are given to the same readers.
    links
        Populations known to be the same persons, beside those that are so by definition; see
        `analysis.release.declared.Declared.links`.
    wholes
        Populations of all cohorts that these cohorts make up; see `Declared.wholes`. Of others it
        is known that cohorts are a part.

    Returns
    -------
    list of Finding
        Denominators hidden as small that can be told to within `PINNED_WITHIN`, sorted.

    Raises
    ------
    InputError
        If no counts could have given these tables: one was changed after it was released.
    """
    facts = Facts()
    for table in tables:
        facts.read(table)
    known, hidden = facts.concluded(links or {}, wholes or {})
    found = set()
    for constraints, targets in parts_of(known.constraints, hidden):
        try:
            ranges = list(Polyhedron.of(constraints).ranges(targets, PINNED + 2 * SLACK))
        except ContradictionError as error:
            names = ", ".join(sorted({hidden[cell].table for cell in targets}))
            raise InputError(
                f"The tables of this pack contradict each other (beside {names}). Build it anew."
            ) from error
        for cell, told in ranges:
            if told.width <= PINNED + SLACK and told.high < SMALLEST:
                where_hidden, (population, group) = hidden[cell]
                where = (population.cohort, population.outcome, group)
                found.add(Finding(where_hidden, *where, float(told.low), float(told.high)))
    return sorted(found)
