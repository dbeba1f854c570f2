"""All that released tables say, gathered and put into linear constraints."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import pandas as pd

from analysis.estimate.journey import STAGES, WHOLE
from analysis.estimate.results import read_note
from analysis.release.knowledge import (
    DENOMINATOR,
    JOINER,
    ROUNDED_AWAY,
    SUCCESSES,
    Cell,
    Knowledge,
    Population,
    Terms,
    add_up,
    combined,
    without,
)
from analysis.release.policy import HIDDEN, SMALL, SMALLEST
from analysis.release.reading import Row, categories_in, plain_rate, read_left_out, read_sides
from analysis.release.rows import ANSWERED, PLACED
from analysis.release.shares import CATEGORY
from analysis.studies.model import ALL_COHORTS
from analysis.vocabulary import ALL, INTERSECTION, NON_UNDERSERVED, UNDERSERVED

VARIANT: Final = "+"
"""Between the names of a study and of its variant."""

Cells = tuple[Cell, ...]

BY_DEFINITION: Final = {
    ("started", DENOMINATOR): ("admitted", SUCCESSES),
    ("oriented", DENOMINATOR): ("admitted", DENOMINATOR),
    ("oriented", SUCCESSES): ("started", SUCCESSES),
}
"""Populations of the provider's contract that are the same persons."""


@dataclass(frozen=True)
class ReleasedTable:
    """A table as a pack has it.

    Attributes
    ----------
    name
        How to call it.
    rows
        As released: a result table, or one of persons and shares.
    study, cohort
        What it was made of, `ALL_COHORTS` for all of them.
    described
        The outcome whose denominator a table of persons and shares describes.
    """

    name: str
    rows: pd.DataFrame
    study: str
    cohort: str = ALL_COHORTS
    described: str = ""


class Rate(NamedTuple):
    """A share of persons as shown, with the decimals of its percentage."""

    persons: Cells
    successes: Cells
    value: float
    digits: int


class Small(NamedTuple):
    """A row hidden for a small denominator: the sides that it has, and its table."""

    table: str
    sides: tuple[Cells, ...]


class Hidden(NamedTuple):
    """A count to look for: where it is hidden, and as what."""

    table: str
    cell: Cell


@dataclass
class Facts:
    """What tables say, before it is known which of their populations are the same persons.

    Attributes
    ----------
    shown
        Counts shown: the groups that they are the sum of, and the number.
    left_out
        Numbers in notes, with the weighted sum of counts that they are.
    rates, small
        Shares shown, and rows hidden.
    categories
        Names of the categories met, by study.
    levels
        Counts of the levels of a covariate, which make up the persons that they are shares of.
    combinations, strata
        Names of the combinations listed, of whatever is unknown or among those known throughout.
    """

    shown: dict[Cells, float] = field(default_factory=dict)
    left_out: list[tuple[Terms, float]] = field(default_factory=list)
    rates: list[Rate] = field(default_factory=list)
    small: list[Small] = field(default_factory=list)
    categories: dict[str, set[str]] = field(default_factory=dict)
    levels: dict[tuple[str, Cells], list[Cell]] = field(default_factory=dict)
    combinations: dict[Population, set[str]] = field(default_factory=dict)
    strata: dict[Population, set[str]] = field(default_factory=dict)

    # ---- Reading --------------------------------------------------------------------------------

    def read(self, table: ReleasedTable) -> None:
        """Add what one table says; of curves and plain counts nothing is used."""
        rows = table.rows.to_dict("records")
        columns = set(table.rows.columns)
        if "estimand" in columns:
            for row in rows:
                self._read_result(row, table)
            for study in sorted({str(row["study"]) for row in rows}):
                own = [row for row in rows if row["study"] == study]
                self.categories.setdefault(study, set()).update(categories_in(own))
        elif {"persons", "note"} <= columns:
            for row in rows:
                self._read_share(row, table)

    def _read_result(self, row: Row, table: ReleasedTable) -> None:
        sides = read_sides(row, table.cohort)
        if row["contrast"] == INTERSECTION and row["group"] != ALL:
            for part in (sides[0].persons[0].population, sides[0].successes[0].population):
                self.strata.setdefault(part, set()).add(str(row["group"]))
        reason = read_note(str(row["note"])).get(HIDDEN)
        if reason:
            if reason == SMALL and sides:
                self.small.append(Small(table.name, tuple(side.persons for side in sides)))
            return
        for side in sides:
            for cells, column in ((side.persons, "n"), (side.successes, "k")):
                self._show(cells, row[f"{column}_{side.suffix}"])
        if (told := read_left_out(row, table.cohort)) and sides:
            self.left_out.append(told)
        if plain_rate(row) and pd.notna(row["estimate"]):
            side = sides[0]
            digits = int(row["digits"])
            self.rates.append(Rate(side.persons, side.successes, row["estimate"], digits))

    def _read_share(self, row: Row, table: ReleasedTable) -> None:
        described = Population(table.study, table.cohort, table.described, DENOMINATOR)
        if "stage" in row:
            cells, whole = _stage(row["stage"], described), _stage(row["of"], described)
        elif "combination" in row:
            name = str(row["combination"])
            self.combinations.setdefault(described, set()).add(name)
            named = [part for part in name.split(JOINER) if part not in ("", NON_UNDERSERVED)]
            self.categories.setdefault(table.study, set()).update(named)
            cells, whole = (Cell(described, combined(name)),), (Cell(described, ALL),)
        else:
            cells, whole = _level(row, described)
        if HIDDEN in (note := read_note(str(row["note"]))):
            if note[HIDDEN] == SMALL:
                own = whole if "group" in row else cells
                self.small.append(Small(table.name, (own,)))
            return
        if "level" in row and row.get("variable") != CATEGORY:
            self.levels.setdefault((str(row.get("variable")), whole), []).extend(cells)
        self._show(cells, row["persons"])
        if "n" in row and whole:
            self._show(whole, row["n"])
        share = row.get("share", row.get("rate"))
        if whole and pd.notna(share):
            self.rates.append(Rate(whole, cells, float(share), int(row["digits"])))

    def _show(self, cells: Cells, number: float | None) -> None:
        if pd.notna(number):
            self.shown[cells] = float(number)

    # ---- Concluding -----------------------------------------------------------------------------

    def concluded(
        self,
        links: Mapping[Population, Population],
        wholes: Mapping[Population, Sequence[str]],
    ) -> tuple[Knowledge, dict[Cell, Hidden]]:
        """All constraints, and the hidden counts to look for, with what hides each.

        Parameters
        ----------
        links
            Populations known to be the same persons.
        wholes
            Populations of all cohorts known to be made up of these cohorts.
        """
        known = Knowledge(self._links(links))
        for cells, number in self.shown.items():
            known.rounded(cells, number)
        for terms, number in self.left_out:
            known.learn(terms, max(number - ROUNDED_AWAY, 0), number + ROUNDED_AWAY)
        for one in self.rates:
            known.rate(one.persons, one.successes, one.value, one.digits)
        hidden = self._hidden(known)
        self._add_up(known, wholes)
        return known, hidden

    def _links(self, given: Mapping[Population, Population]) -> dict[Population, Population]:
        """Which populations are the same persons: those given, and those defined so if they agree.

        A study may give a name of the contract another meaning; its numbers tell.
        """
        numbers: dict[Population, dict[str, float]] = {}
        for cells, number in self.shown.items():
            if len(cells) == 1:
                numbers.setdefault(cells[0].population, {})[cells[0].group] = number
        links = dict(given)
        for one in self._populations():
            other = _defined_as(one)
            if other is None or one in links:
                continue
            own, its = numbers.get(one, {}), numbers.get(other, {})
            if all(own[group] == its[group] for group in own.keys() & its.keys()):
                links[one] = links.get(other, other)
        return links

    def _populations(self) -> list[Population]:
        told = [*self.shown, *(side for one in self.small for side in one.sides)]
        return list(dict.fromkeys(cell.population for cells in told for cell in cells))

    def _hidden(self, known: Knowledge) -> dict[Cell, Hidden]:
        """Counts hidden as small, each with its table; the small side of a row is bounded."""
        # A number as low as the limit may be a smaller one, rounded.
        large = {
            known.cell(cells[0])
            for cells, number in self.shown.items()
            if len(cells) == 1 and number > SMALLEST
        }
        hidden: dict[Cell, Hidden] = {}
        for one in self.small:
            # One side at least is small: not one that is shown elsewhere to be large.
            open_to = [
                cells for cells in one.sides if len(cells) > 1 or known.cell(cells[0]) not in large
            ]
            for cells in open_to:
                if len(cells) == 1:
                    hidden.setdefault(known.cell(cells[0]), Hidden(one.table, cells[0]))
            if len(open_to) == 1:
                known.learn(dict.fromkeys(open_to[0], 1.0), 0, SMALLEST - 1)
        return hidden

    def _add_up(self, known: Knowledge, wholes: Mapping[Population, Sequence[str]]) -> None:
        """Add how groups, parts and cohorts of the populations met make each other up."""
        populations = self._populations()
        for one in populations:
            names = sorted(self.categories.get(one.study, ()))
            listed = (sorted(found.get(one, ())) for found in (self.combinations, self.strata))
            add_up(known, one, names, *listed)
        for (_, persons), parts in self.levels.items():
            known.equal(persons[0], parts)
        met = {cell for constraint in known.constraints for cell in constraint.terms}
        for one in populations:
            whole = one._replace(part=DENOMINATOR)
            if one.part != DENOMINATOR:
                for cell in sorted(cell for cell in met if cell.population == one):
                    known.within(cell, Cell(whole, cell.group))
            if VARIANT in one.study:
                # A variant counts the same persons, and sorts them otherwise.
                same = one._replace(study=one.study.partition(VARIANT)[0])
                known.equal(Cell(one, ALL), [Cell(same, ALL)])
        self._join_cohorts(known, populations, wholes)

    def _join_cohorts(
        self,
        known: Knowledge,
        populations: Iterable[Population],
        wholes: Mapping[Population, Sequence[str]],
    ) -> None:
        # A cohort of which nothing is shown may not have come yet: only `wholes` can tell.
        shown = {cell.population for cells in self.shown for cell in cells}
        met: dict[Population, list[Population]] = {}
        for one in populations:
            if one.cohort != ALL_COHORTS and one in shown:
                met.setdefault(one._replace(cohort=ALL_COHORTS), []).append(one)
        for whole, found in met.items():
            groups = (
                ALL,
                UNDERSERVED,
                NON_UNDERSERVED,
                *sorted(self.categories.get(whole.study, ())),
            )
            cohorts = wholes.get(whole)
            parts = [whole._replace(cohort=name) for name in cohorts] if cohorts else found
            for group in groups if whole in populations else ():
                terms = {Cell(whole, group): 1.0} | {Cell(one, group): -1.0 for one in parts}
                known.learn(terms, 0, 0 if cohorts else float("inf"))


def _defined_as(one: Population) -> Population | None:
    """The population that this one is by definition, as the contract has it."""
    if one.part == DENOMINATOR and one.outcome.startswith(PLACED):
        survey = one.outcome.replace(PLACED, ANSWERED)
        return one._replace(outcome=survey, part=SUCCESSES)
    same = BY_DEFINITION.get((one.outcome, one.part))
    return one._replace(outcome=same[0], part=same[1]) if same else None


def _stage(name: object, described: Population) -> Cells:
    """Whom a stage of the journey counts; nobody if it has no name."""
    if not name:
        return ()
    stage = STAGES[str(name)]
    part = DENOMINATOR if stage.counts == WHOLE else SUCCESSES
    return (Cell(described._replace(outcome=stage.outcome, part=part), ALL),)


def _level(row: Row, described: Population) -> tuple[Cells, Cells]:
    """Whom a share counts, and of whom: of a group, or of those whose membership is known."""
    level = str(row["level"])
    if "group" in row:
        group = str(row["group"])
        return (Cell(described, f"{group}, {level}"),), (Cell(described, group),)
    if row["variable"] != CATEGORY:
        return (Cell(described, f"{row['variable']} {level}"),), (Cell(described, ALL),)
    either = (UNDERSERVED, NON_UNDERSERVED)
    known = either if level in either else (level, without(level))
    return (Cell(described, level),), tuple(Cell(described, group) for group in known)
