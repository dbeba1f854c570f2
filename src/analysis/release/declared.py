"""The declared table: how many of each group, category and combination, by stage and cohort."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.cells import count_cells
from analysis.engines.tables import Place, open_rows
from analysis.estimate.groups import combination_names
from analysis.release.knowledge import (
    ALL_KNOWN,
    DENOMINATOR,
    NOT_TOLD,
    SUCCESSES,
    Population,
    among_known,
    combined,
    stratum,
    unsure,
    without,
)
from analysis.studies import Study
from analysis.studies.model import ALL_COHORTS
from analysis.vocabulary import ALL, NON_UNDERSERVED, UNDERSERVED

Mask = NDArray[np.bool_]

Counts = Mapping[str, int]
"""Persons by group."""

PARTS: Final = {DENOMINATOR: "n", SUCCESSES: "successes"}
"""Parts of an outcome's population, and the columns of cells that count them."""


@dataclass(frozen=True)
class Declared:
    """True counts of the groups of each population.

    Attributes
    ----------
    categories
        Names of the categories.
    combinations
        Names of the combinations of categories that occur.
    strata
        Those that occur among persons whose categories are all known.
    counts
        Of each population, persons by group; see `analysis.release.knowledge` for their names.
    detailed
        The cohort whose combinations are counted.
    described
        The outcome of which they are told whatever is unknown; see `estimate.journey.overlap`.
    asked
        Those of which they are told if all is known; see `estimate.small.intersections`.
    """

    categories: Sequence[str]
    combinations: Sequence[str]
    strata: Sequence[str]
    counts: Mapping[Population, Counts]
    detailed: str = ALL_COHORTS
    described: str = ""
    asked: Sequence[str] = ()

    def links(self) -> dict[Population, Population]:
        """Populations of a cohort that agree in every group, each by the first that does.

        Those who answered a survey are the denominator of placement; those admitted of starting.
        Agreement in every group is what a reader would see, too.
        """
        first: dict[object, Population] = {}
        links = {}
        for population, counts in self.counts.items():
            if not counts[ALL]:
                continue
            present = frozenset((group, persons) for group, persons in counts.items() if persons)
            told = (population.study, population.cohort, present)
            same = first.setdefault(told, population)
            if same != population:
                links[population] = same
        return links

    def wholes(self) -> dict[Population, list[str]]:
        """Populations of all cohorts that their cohorts make up, with the names of these."""
        cohorts: dict[Population, list[Population]] = {}
        for one in self.counts:
            # Nobody doubts that a cohort is empty whose time has not come.
            if one.cohort != ALL_COHORTS and self.counts[one][ALL]:
                cohorts.setdefault(one._replace(cohort=ALL_COHORTS), []).append(one)
        return {
            whole: [one.cohort for one in parts]
            for whole, parts in cohorts.items()
            if all(
                self.counts[whole][group] == sum(self.counts[one][group] for one in parts)
                for group in self.plain
            )
        }

    @property
    def cohorts(self) -> set[str]:
        """Names of the cohorts that are not all of them."""
        return {one.cohort for one in self.counts} - {ALL_COHORTS}

    @property
    def plain(self) -> list[str]:
        """Groups that every population has: all but combinations."""
        return list(_groups(pd.DataFrame(columns=list(self.categories)), self.categories))


def declare(study: Study, processed: Place, detailed: str) -> Declared:
    """Count the declared table of a study: all outcomes, all cohorts and all of them together.

    Parameters
    ----------
    study
        The study.
    processed
        Where the processed table lies: a Parquet file, or an address.
    detailed
        The cohort whose combinations are counted too, or `ALL_COHORTS`.
    """
    table = open_rows(processed)
    cells = {}
    for outcome in study.outcomes:
        cohort = [study.cohort_column(outcome)] if study.cohort else []
        counted = count_cells(table, by=[*study.categories, *cohort], outcome=outcome)
        years = counted[cohort[0]] if cohort else pd.Series(None, counted.index, dtype=object)
        cells[outcome] = counted.assign(year=years.astype(object))
    cohorts = [ALL_COHORTS, *(study.cohort.groups if study.cohort else ())]
    declared = declare_cells(study.name, list(study.categories), cells, cohorts, detailed)
    return replace(declared, described=study.described_outcome, asked=study.default_outcomes())


def declare_cells(
    study: str,
    categories: Sequence[str],
    cells: Mapping[str, pd.DataFrame],
    cohorts: Sequence[str],
    detailed: str,
) -> Declared:
    """Count the declared table from cells.

    Parameters
    ----------
    study
        Its name.
    categories
        Columns of the cells that tell the memberships.
    cells
        Of each outcome, cells with `n`, `successes` and `year`, the name of their cohort.
    cohorts
        Which to count; `ALL_COHORTS` counts every cell.
    detailed
        The one whose combinations are counted too.
    """
    counts: dict[Population, Counts] = {}
    names: dict[str, set[str]] = {"combinations": set(), "strata": set()}
    for outcome, own in cells.items():
        own = own[own["n"] > 0]
        plain = _groups(own, categories)
        groups = plain | _combinations(own, categories, names)
        inside = np.array([(cohort == ALL_COHORTS) | (own["year"] == cohort) for cohort in cohorts])
        for part, column in PARTS.items():
            persons = inside.reshape(len(cohorts), -1) * own[column].to_numpy()
            sums = persons @ np.array(list(groups.values()), dtype="int64").T
            for cohort, line in zip(cohorts, sums, strict=True):
                told = dict(zip(groups, map(int, line), strict=True))
                if cohort != detailed:
                    told = {group: told[group] for group in plain}
                counts[Population(study, cohort, outcome, part)] = told
    return Declared(
        categories, sorted(names["combinations"]), sorted(names["strata"]), counts, detailed
    )


def _groups(cells: pd.DataFrame, categories: Sequence[str]) -> dict[str, Mask]:
    """Which cells are in each group."""
    flags = cells[list(categories)]
    yes = flags.eq(True).fillna(False).to_numpy(dtype=bool)
    no = flags.eq(False).fillna(False).to_numpy(dtype=bool)
    known, anyone, nobody = (yes | no).all(axis=1), yes.any(axis=1), no.all(axis=1)
    groups = {
        ALL: np.ones(len(cells), dtype=bool),
        UNDERSERVED: anyone,
        NON_UNDERSERVED: nobody,
        NOT_TOLD: ~anyone & ~nobody,
        ALL_KNOWN: known,
    }
    for place, name in enumerate(categories):
        for group, inside in ((name, yes[:, place]), (without(name), no[:, place])):
            groups |= {group: inside, among_known(group): inside & known}
        groups[unsure(name)] = ~yes[:, place] & ~no[:, place]
    return groups


def _combinations(
    cells: pd.DataFrame, categories: Sequence[str], names: Mapping[str, set[str]]
) -> dict[str, Mask]:
    """Which cells have each combination of categories; adds the names of those met."""
    groups = {}
    known = cells[list(categories)].notna().to_numpy().all(axis=1)
    combination = combination_names(cells, categories)
    for name in sorted(set(combination)):
        inside = (combination == name).to_numpy()
        names["combinations"].add(name)
        groups[combined(name)] = inside
        if (inside & known).any():
            names["strata"].add(name)
            groups[stratum(name)] = inside & known
    return groups
