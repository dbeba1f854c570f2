"""The headline numbers: rates and gaps of the default outcomes, as released."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.figures.forest import KINDS, pair_gaps
from analysis.figures.subject import Subject
from analysis.figures.tables import Format, shown_value
from analysis.figures.theme import SMALL_GROUP
from analysis.figures.wording import capitalise, count, percent, points, say
from analysis.report.contents import Contents
from analysis.report.given import given_parameter
from analysis.vocabulary import ALL, NON_UNDERSERVED, UNDERSERVED, Estimand

GAPS = "placement-gaps"


@dataclass(frozen=True)
class Number:
    """A number as readers see it, its interval, and of how many persons it is."""

    value: str
    interval: str
    n: str


@dataclass(frozen=True)
class GroupRow:
    """A group's rate, and its gaps to the reference by kind; none for the reference itself.

    `small` tells that the group has so few persons that its numbers are indicative only.
    """

    label: str
    small: bool
    rate: Number
    gaps: dict[str, Number]


@dataclass(frozen=True)
class Headline:
    """The numbers of one outcome.

    Attributes
    ----------
    outcome
        Its name in the study.
    label, denominator
        What readers call it, and what it is a share of.
    groups
        All, the reference, the underserved, and each category, by name.
    """

    outcome: str
    label: str
    denominator: str
    groups: dict[str, GroupRow]


def subjects(contents: Contents) -> list[Subject]:
    """The default outcomes that gaps were estimated of, with the coverage of their intervals."""
    table = next((table for table in contents.tables if table.id == GAPS), None)
    if table is None:
        return []
    confidence = float(str(given_parameter(contents, table.notebook, "confidence")))
    estimated = set(table.data["outcome"])
    return [
        Subject(contents.study, outcome, contents.cohort, confidence)
        for outcome in contents.study.default_outcomes()
        if outcome in estimated
    ]


def headlines(contents: Contents, about: Sequence[Subject], language: str) -> list[Headline]:
    """The numbers of each outcome.

    Parameters
    ----------
    contents
        The report; its table `placement-gaps` is read, as released.
    about
        See `subjects`.
    language
        Of words and numbers.
    """
    results = table_of(contents, GAPS)
    return [_headline(results, subject, language) for subject in about]


def table_of(contents: Contents, name: str) -> pd.DataFrame:
    """A table of the report by its name; one without rows and columns if there is none."""
    return next((table.data for table in contents.tables if table.id == name), pd.DataFrame())


def _headline(results: pd.DataFrame, subject: Subject, language: str) -> Headline:
    rates = by_group(subject.rows(results, estimand=Estimand.RATE))
    pairs = by_group(pair_gaps(results, subject, KINDS["non_underserved"]))
    groups = {
        group: GroupRow(
            subject.group(group, language),
            _is_small(rates[group]["n_group"]),
            shown_rate(rates[group], language),
            _gaps(pairs[group], language) if group in pairs else {},
        )
        for group in (ALL, NON_UNDERSERVED, UNDERSERVED, *subject.study.categories)
        if group in rates
    }
    label = capitalise(subject.outcome_words(language))
    return Headline(subject.outcome, label, subject.denominator(language), groups)


def _is_small(n: float) -> bool:
    return pd.notna(n) and n < SMALL_GROUP


def by_group(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Rows by the group that each is about."""
    return {str(row["group"]): row for _, row in rows.iterrows()}


def shown_rate(row: pd.Series, language: str) -> Number:
    """A released rate with its interval and denominator."""
    return Number(
        shown_value(row, percent, language),
        _interval(row, percent, language),
        count(row["n_group"], language),
    )


def _gaps(pair: pd.Series, language: str) -> dict[str, Number]:
    """The raw and the adjusted gap of a group."""
    names = ("estimate", "ci_low", "ci_high", "note", "digits")
    found = {}
    for kind in ("raw", "adjusted"):
        row = pd.Series({name: pair[f"{name}_{kind}"] for name in names})
        found[kind] = Number(
            shown_value(row, points, language),
            _interval(row, points, language),
            count(pair["n_reference"], language),
        )
    return found


def _interval(row: pd.Series, write: Format, language: str) -> str:
    """The limits of a released row; empty where there are none."""
    if pd.isna(row["ci_low"]):
        return ""
    limits = {end: shown_value(row, write, language, f"ci_{end}") for end in ("low", "high")}
    return say("words.interval", language, **limits)
