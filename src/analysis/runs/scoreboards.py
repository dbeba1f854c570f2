"""The scoreboard of a session's study and cohort, and the released tables that it is made of."""

from dataclasses import dataclass

import pandas as pd

from analysis.estimate.journey import composition
from analysis.estimate.results import write_note
from analysis.impact.scoreboard import OUTCOMES, SHARE, Found, Told, scoreboard
from analysis.release.policy import HIDDEN, PROTECTS, ROUNDED_TO
from analysis.runs.estimates import complete_years, estimate_rates
from analysis.runs.session import Session

COUNTED = ["counted", "reported"]
PRINTED = ("career_outcomes", "categories")
"""Subjects of published figures that a scoreboard has measures of."""
RULE = "rule"
"""The period of a published figure that states how outcomes count."""


@dataclass(frozen=True)
class Scored:
    """What `00_scoreboard` shows.

    Attributes
    ----------
    board
        See `analysis.impact.scoreboard.scoreboard`.
    rates
        Rates by group, as released: of the outcomes that the provider publishes rates of, or of
        the study's default outcomes.
    outcomes
        Career outcomes by year, kind and learner, as released; None if the study has none.
    definitions
        What the report says on how its measures are to be understood; None if nothing was
        published.
    """

    board: pd.DataFrame
    rates: pd.DataFrame
    outcomes: pd.DataFrame | None
    definitions: pd.DataFrame | None


def score(session: Session) -> Scored:
    """Make a session's scoreboard of what its audience may see."""
    release, study = session.release, session.study
    asked = list(study.published.values()) or study.default_outcomes()
    rates = release.results(estimate_rates(session, asked))
    where = (study, session.data.place, session.cohort)
    shares = release.shares(composition(*where, session.parameters.confidence))
    counts = complete_years(session)
    outcomes = totals = None
    if counts is not None and len(counts):
        outcomes = release.counts(counts, COUNTED)
        by_year = counts.groupby("year", as_index=False)[COUNTED].sum()
        # Totals are known beside what is hidden of their parts: the provider prints them.
        totals = release.counts(by_year, COUNTED)
    nearest = 0 if release.everything else ROUNDED_TO
    # A count is hidden as few persons, or lest it tell of another.
    hidden = write_note(**{HIDDEN: PROTECTS})
    found = Found(rates, shares, outcomes, totals, nearest, hidden)
    told = _told(session)
    board = scoreboard(study, session.cohort, found, told)
    return Scored(board, rates, outcomes, None if told is None else _definitions(session, told))


def _told(session: Session) -> Told | None:
    targets = session.published("targets")
    if targets is None:
        return None
    figures = [session.published(subject) for subject in PRINTED]
    told = [table for table in figures if table is not None]
    return Told(targets, pd.concat(told, ignore_index=True) if told else targets.head(0))


def _definitions(session: Session, told: Told) -> pd.DataFrame:
    """Definitions, the rule by which outcomes count, and the goal that tells of whom shares are."""
    stated = session.published("definitions")
    rule = told.figures[told.figures["period"] == RULE].assign(measure=OUTCOMES)
    goals = told.targets[told.targets["measure"] == SHARE].head(1)
    tables = [table for table in (stated, rule, goals) if table is not None]
    return pd.concat(tables, ignore_index=True)
