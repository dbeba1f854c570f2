"""The data-quality summary: what was read, who is counted, who is unknown, who answered."""

from dataclasses import dataclass

import pandas as pd

from analysis.estimate.results import read_note
from analysis.figures.place import OUTPUT_KEY
from analysis.figures.wording import (
    capitalise,
    count,
    group_label,
    outcome_label,
    percent,
    say,
)
from analysis.impact.scoreboard import CATEGORY
from analysis.report.contents import Contents
from analysis.report.site.headline import GAPS, Number, by_group, shown_rate, table_of
from analysis.vocabulary import ALL, UNDERSERVED, Estimand

RESPONSE = "response-"
"""How the tables of who answered begin; what follows is the outcome's name."""


@dataclass(frozen=True)
class Denominator:
    """An outcome: who is counted, how many, and how many of them are of unknown status."""

    label: str
    definition: str
    persons: str
    left_out: str


@dataclass(frozen=True)
class Unknown:
    """A category: of how many persons it is not known, and which share of all they are."""

    label: str
    persons: str
    share: str


@dataclass(frozen=True)
class Answered:
    """A survey's outcome and the share of those asked who answered."""

    label: str
    rate: Number


def denominators(contents: Contents, language: str) -> list[Denominator]:
    """How many persons each default outcome counts, and how many are of unknown status."""
    results = table_of(contents, GAPS)
    if results.empty:
        return []
    rates = results[results["estimand"] == Estimand.RATE]
    shown = []
    for outcome in contents.study.default_outcomes():
        rows = by_group(rates[rates["outcome"] == outcome])
        if ALL in rows and UNDERSERVED in rows:
            shown.append(
                Denominator(
                    capitalise(outcome_label(contents.study, outcome, language)),
                    contents.study.outcomes[outcome].denominator.label()[language],
                    count(rows[ALL]["n_group"], language),
                    _left_out(rows[UNDERSERVED], language),
                )
            )
    return shown


def _left_out(row: pd.Series, language: str) -> str:
    """How many a row leaves out; not shown where the row is not."""
    if pd.isna(row["n_group"]):
        return count(row["n_group"], language)
    return count(int(read_note(str(row["note"])).get("left_out", 0)), language)


def unknown_memberships(contents: Contents, language: str) -> list[Unknown]:
    """Of how many persons described each category is not known."""
    table = table_of(contents, "composition")
    if table.empty:
        return []
    rows = table[table["variable"] == CATEGORY]
    shown = []
    for _, row in rows.iterrows():
        everyone = row["n"] + row["unknown"]
        share = row["unknown"] / everyone if pd.notna(everyone) and everyone else float("nan")
        digits = int(row["digits"])
        shown.append(
            Unknown(
                group_label(contents.study, str(row["level"]), language),
                count(row["unknown"], language),
                "" if pd.isna(share) else percent(share, language, digits),
            )
        )
    return shown


def answered(contents: Contents, language: str) -> list[Answered]:
    """Which share of those asked answered each survey."""
    shown = []
    for name in sorted(table.id for table in contents.tables if table.id.startswith(RESPONSE)):
        table = table_of(contents, name)
        of_all = table["method"].str.startswith("response_") & (table["group"] == ALL)
        for _, row in table[of_all].iterrows():
            label = capitalise(outcome_label(contents.study, row["outcome"], language))
            shown.append(Answered(label, shown_rate(row, language)))
    return shown


def quality_notebook(contents: Contents) -> str | None:
    """Name of the notebook on the quality of the data; None if it was not executed."""
    return next((name for name in contents.notebooks if name.endswith("data_quality")), None)


def sources_read(contents: Contents) -> dict[str, str]:
    """The table of files read, by language, as the notebook on quality shows it; empty without.

    It is taken from there, for it holds no estimates and so is no table of the report.
    """
    notebook = quality_notebook(contents)
    if notebook is None:
        return {}
    for cell in contents.executed(notebook).cells:
        for output in cell.get("outputs", []):
            shown = output.get("metadata", {}).get(OUTPUT_KEY, {}).get("html", {})
            if shown and all(
                say("columns.sha", language) in html for language, html in shown.items()
            ):
                return dict(shown)
    return {}
