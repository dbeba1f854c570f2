"""The journey in counts and shares: how many reach each stage, who they are, who pays."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import pandas as pd

from analysis.cells import study_cells
from analysis.engines.tables import Place
from analysis.estimate.fits import NotEstimableError
from analysis.estimate.groups import combination_names, populations
from analysis.estimate.proportions import rate
from analysis.studies import Study
from analysis.vocabulary import ALL, NON_UNDERSERVED, UNDERSERVED

WHOLE: Final = "n"
REACHED: Final = "successes"
LIMITS: Final = ("ci_low", "ci_high")


class Stage(NamedTuple):
    """A stage: whom of which outcome it counts, and the stage that its rate is a part of."""

    outcome: str
    counts: str
    of: str | None


STAGES: Final = {
    "applicants": Stage("admitted", WHOLE, None),
    "candidates": Stage("admitted", REACHED, "applicants"),
    "students": Stage("started", REACHED, "candidates"),
    "expected": Stage("graduated", WHOLE, None),
    "graduates": Stage("graduated", REACHED, "expected"),
    "due": Stage("answered_6", WHOLE, None),
    "respondents": Stage("answered_6", REACHED, "due"),
    "placed": Stage("placed_6", REACHED, "respondents"),
}
"""Stages of the journey in their order. Where `of` is None a new cohort begins: a period view."""


def funnel(study: Study, processed: Place, cohort: str | None) -> pd.DataFrame:
    """Count the persons at each stage of a study's journey.

    Parameters
    ----------
    study
        The study; stages whose outcome it does not declare are left out.
    processed
        Where the processed table lies: a Parquet file, or an address.
    cohort
        Restrict to this cohort, each outcome by its own year.

    Returns
    -------
    pandas.DataFrame
        `stage`, `persons`, `of` (the stage of the denominator, empty where a cohort begins),
        `n` (its persons) and `rate`.
    """
    declared = {name: part for name, part in STAGES.items() if part.outcome in study.outcomes}
    totals = {
        outcome: study_cells(study, processed, outcome=outcome, covariates=(), cohort=cohort)[
            [WHOLE, REACHED]
        ].sum()
        for outcome in dict.fromkeys(part.outcome for part in declared.values())
    }
    persons = {name: int(totals[part.outcome][part.counts]) for name, part in declared.items()}
    rows = [
        {
            "stage": name,
            "persons": persons[name],
            "of": part.of or "",
            "n": persons[part.of] if part.of else persons[name],
        }
        for name, part in declared.items()
    ]
    table = pd.DataFrame(rows, columns=["stage", "persons", "of", "n"])
    begun = table["of"] != ""
    return table.assign(rate=(table["persons"] / table["n"]).where(begun & (table["n"] > 0)))


def _persons(
    study: Study, processed: Place, cohort: str | None, variables: Sequence[str] = ()
) -> pd.DataFrame:
    """Cells of the persons whom a study describes: those in the denominator of one outcome."""
    cells = study_cells(
        study, processed, outcome=study.described_outcome, covariates=variables, cohort=cohort
    )
    return cells[cells["n"] > 0]


def composition(
    study: Study, processed: Place, cohort: str | None, confidence: float = 0.95
) -> pd.DataFrame:
    """Share of each side, category and level among the persons described.

    Returns
    -------
    pandas.DataFrame
        `variable` (`category`, or a covariate), `level`, `persons`, `n` (those whose membership is
        known), `share` with Wilson's `ci_low` and `ci_high`, `unknown`. Levels that nobody has are
        left out.
    """
    rows = []
    for variable in study.covariates:
        cells = _persons(study, processed, cohort, [variable])
        total = int(cells["n"].sum())
        by_level = cells.groupby(variable, observed=True)["n"].sum()
        for level, persons in by_level.items():
            rows.append(_share(variable, str(level), int(persons), total, 0, confidence))
    described = _persons(study, processed, cohort)
    members = [
        _share(
            "category", group, int(own["n"].sum()), int(described["n"].sum()), unknown, confidence
        )
        for group, own, unknown in populations(described, list(study.categories))
        if group != ALL
    ]
    return pd.DataFrame(members + rows)


def _share(
    variable: str, level: str, persons: int, total: int, unknown: int, confidence: float
) -> dict[str, object]:
    known = total - unknown
    try:
        found = rate(persons, known, confidence)
        share, low, high = found.value, found.low, found.high
    except NotEstimableError:
        share = low = high = float("nan")
    return {
        "variable": variable,
        "level": level,
        "persons": persons,
        "n": known,
        "share": share,
        "ci_low": low,
        "ci_high": high,
        "unknown": unknown,
    }


def overlap(study: Study, processed: Place, cohort: str | None) -> pd.DataFrame:
    """Count the persons described by combination of categories.

    Returns
    -------
    pandas.DataFrame
        `combination` (names of categories joined by " + ", `non_underserved` for none, empty where
        none is known and one is unknown), `categories` (how many), `persons`, `n` (of them all),
        `share`. The largest first.
    """
    names = list(study.categories)
    cells = _persons(study, processed, cohort)
    counts = cells["n"].groupby(combination_names(cells, names)).sum()
    counts = counts.sort_values(ascending=False, kind="stable")
    table = pd.DataFrame({"combination": counts.index, "persons": counts.to_numpy()})
    several = table["combination"].str.split(" + ", regex=False)
    inside = ~table["combination"].isin(["", NON_UNDERSERVED])
    total = int(cells["n"].sum())
    return table.assign(
        categories=several.map(len).where(inside, 0), n=total, share=table["persons"] / total
    )


def shares_by_group(
    study: Study, processed: Place, cohort: str | None, variable: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Share of each level of a covariate within everyone, each side and each category.

    Returns
    -------
    pandas.DataFrame
        `group`, `level`, `persons`, `n` (of the group), `share` with Wilson's `ci_low`, `ci_high`.
    """
    cells = _persons(study, processed, cohort, [variable])
    levels = [level for level in study.levels(variable) if (cells[variable] == level).any()]
    rows = []
    for group, own, _ in populations(cells, list(study.categories)):
        if group == UNDERSERVED:
            continue
        total = int(own["n"].sum())
        for level in levels:
            persons = int(own.loc[own[variable] == level, "n"].sum())
            row = _share(variable, level, persons, total, 0, confidence)
            rows.append({"group": group, **row})
    return pd.DataFrame(rows, columns=["group", "level", "persons", "n", "share", *LIMITS])
