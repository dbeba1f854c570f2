"""What the provider set out to reach in the year, beside what was found."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from analysis.figures.wording import capitalise, count, group_label, number, percent, say
from analysis.files import project_root
from analysis.impact.scoreboard import REACHED_BY, verdict
from analysis.ingest.published import published_folder, read_published
from analysis.report.contents import Contents
from analysis.report.site.headline import GAPS, Number, shown_rate, table_of
from analysis.vocabulary import Estimand

TARGETS = "targets"
CATEGORY = "category"
"""The variable of the table `composition` whose levels are groups."""


@dataclass(frozen=True)
class Found:
    """What was found of a goal: as readers see it, and between which limits it lies.

    Limits of what has no interval are the number itself; of what is not shown they are missing.
    """

    shown: Number
    low: float
    high: float


@dataclass(frozen=True)
class Goal:
    """A goal beside what was found: its name, both in words, and whether it is reached."""

    label: str
    goal: str
    found: Number
    verdict: str
    source: str


def goals(contents: Contents, language: str) -> list[Goal]:
    """The goals that were published for the cohort's year and that this report has numbers on.

    Parameters
    ----------
    contents
        The report; its tables `placement-gaps`, `composition` and `career-outcomes` are read.
    language
        Of words and numbers.
    """
    found = ((target, _found(target, contents, language)) for target in _targets(contents))
    return [
        Goal(
            _label(target, contents, language),
            _words(target, language),
            number.shown,
            say(f"goals.{_verdict(target, number)}", language),
            str(target["source"]),
        )
        for target, number in found
        if number is not None
    ]


def _targets(contents: Contents) -> Iterator[pd.Series]:
    """Each goal once, as it is first stated: the report repeats some in other words."""
    root, year = project_root(), contents.cohort
    if not contents.study.published or year is None:
        return
    if not (published_folder(root, year) / f"{TARGETS}.csv").is_file():
        return
    stated = read_published(root, year, TARGETS)
    told = stated["relation"].isin(REACHED_BY.keys()) & stated["value"].notna()
    timely = stated["period"].isin(["each year", year])
    for _, target in stated[told & timely].drop_duplicates(["measure", "group"]).iterrows():
        yield target


def _found(target: pd.Series, contents: Contents, language: str) -> Found | None:
    """What the report has on a goal; None if nothing."""
    measure = target["measure"]
    if measure in contents.study.published:
        return _rate(contents.study.published[measure], target["group"], contents, language)
    if measure == "share":
        return _share(target["group"], contents, language)
    if measure == "career_outcomes":
        return _career_outcomes(contents, language)
    return None


def _rate(outcome: str, group: str, contents: Contents, language: str) -> Found | None:
    rows = table_of(contents, GAPS)
    if rows.empty:
        return None
    asked = {"outcome": outcome, "group": group, "estimand": Estimand.RATE}
    rows = rows[(rows[list(asked)] == pd.Series(asked)).all(axis=1)]
    return _of_row(rows.iloc[0], language) if len(rows) else None


def _share(group: str, contents: Contents, language: str) -> Found | None:
    rows = table_of(contents, "composition")
    if rows.empty:
        return None
    rows = rows[(rows["variable"] == CATEGORY) & (rows["level"] == group)]
    rows = rows.rename(columns={"share": "estimate", "n": "n_group"})
    return _of_row(rows.iloc[0], language) if len(rows) else None


def _of_row(row: pd.Series, language: str) -> Found:
    low, high = (
        row["estimate"] if pd.isna(row[limit]) else row[limit] for limit in ("ci_low", "ci_high")
    )
    return Found(shown_rate(row, language), low, high)


def _career_outcomes(contents: Contents, language: str) -> Found | None:
    rows = table_of(contents, "career-outcomes")
    if rows.empty:
        return None
    counted = rows.loc[rows["year"].astype(str) == contents.cohort, "counted"]
    if counted.empty:
        return None
    total = counted.sum() if counted.notna().all() else float("nan")
    return Found(Number(count(total, language), "", ""), total, total)


def _verdict(target: pd.Series, found: Found) -> str:
    """Whether a goal is reached, as far as the interval tells."""
    worth = 0.01 if _in_percent(target) else 1
    return verdict(target["relation"], worth * target["value"], found.low, found.high)


def _in_percent(target: pd.Series) -> bool:
    return str(target["unit"]).startswith("percent")


def _words(target: pd.Series, language: str) -> str:
    value = target["value"]
    shown = percent(value / 100, language, 0) if _in_percent(target) else number(value, language)
    return say(f"goals.{target['relation']}", language, value=shown)


def _label(target: pd.Series, contents: Contents, language: str) -> str:
    study, measure = contents.study, target["measure"]
    group = group_label(study, target["group"], language)
    if measure in study.published:
        outcome = study.outcomes[study.published[measure]].label.label()[language]
        return say("goals.rate", language, outcome=capitalise(outcome), group=group)
    return say(f"goals.{measure}", language, group=group, year=contents.cohort)
