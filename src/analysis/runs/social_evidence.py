"""What the data of a session tell for the social value: counts, placement, pay and gap."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from analysis.cells import CLUSTER
from analysis.estimate.gaps import outcome_gaps
from analysis.estimate.groups import MEMBER, compare
from analysis.estimate.options import GapOptions
from analysis.estimate.rates import rate_row
from analysis.impact.salaries import JOB_SEEKER, JOB_SEEKER_OUT
from analysis.impact.simulation import Estimated
from analysis.impact.social import (
    GAP,
    PAY,
    PLACEMENT,
    RAISE,
    SEEKERS,
    UNDERSERVED_SEEKERS,
    Asked,
    Evidence,
)
from analysis.release.policy import SMALLEST
from analysis.release.results import is_hidden
from analysis.runs.estimates import estimate_rates
from analysis.runs.parameters import TripleBottomLine
from analysis.runs.session import Session
from analysis.vocabulary import ALL, UNDERSERVED, Contrast, Estimand

ANSWERED: Final = "answered_6"
"""Outcome that tells which graduates of the cohort answered the job survey."""
IS_PLACED: Final = "placed_6"
"""Outcome that tells which of them were placed."""
MEANS: Final = {PAY: ("salary_after", JOB_SEEKER), RAISE: ("salary_gain", JOB_SEEKER_OUT)}
"""Inputs that are means of the table of salaries: amount and group."""
OF_PLACED: Final = (SEEKERS, UNDERSERVED_SEEKERS)
"""Inputs that are shares of the placed."""


def can_be_valued(session: Session) -> bool:
    """Whether a session's study has a job survey, and job seekers among its categories."""
    study = session.study
    return {ANSWERED, IS_PLACED} <= study.outcomes.keys() and JOB_SEEKER in study.categories


def gather_evidence(session: Session, salaries: pd.DataFrame) -> Evidence | None:
    """Count graduates and estimate placement, job seekers, pay and gap; None if nobody is placed.

    Placement and gap are those that the audience sees elsewhere, so that no report tells two.

    Every estimate is one of the graduates who answered, or of a part of them, and its `n` is their
    number: the sizes of the parts could tell what is hidden elsewhere. Where a part has fewer
    persons than may be told of, `n` is the part's, so that what rests on it is hidden. `persons`
    has the sizes of the parts, for everyone without those of the placed of known status.

    Parameters
    ----------
    session
        See `can_be_valued`.
    salaries
        See `analysis.impact.salaries.salary_means`. A mean of fewer persons than may be told of is
        not used: a parameter stands in for it.
    """
    asked = session.parameters
    assert isinstance(asked, TripleBottomLine)
    categories = list(session.study.categories)
    answers, placements = session.cells(ANSWERED, ()), session.cells(IS_PLACED, ())
    everyone, sample = _asked(answers), int(placements["n"].sum())
    underserved = _underserved(placements, categories)
    rates = _released_rates(session)
    seekers = _seekers(placements, sample, asked.confidence)
    if seekers is None:
        return None
    among_underserved = _seekers(underserved, sample, asked.confidence)
    gap, gap_note, of_gap = _adjusted_gap(session, asked, sample)
    persons = {PLACEMENT: sample, GAP: of_gap}
    if session.release.everything:
        parts = (placements, underserved)
        persons |= {name: _known_placed(part) for name, part in zip(OF_PLACED, parts, strict=True)}
    means = {name: _mean(salaries, *key, sample, asked.confidence) for name, key in MEANS.items()}
    return Evidence(
        everyone=everyone,
        underserved=_asked(_underserved(answers, categories)),
        placement=_placement(rates[ALL], placements, sample, asked.confidence),
        seekers=_unless_hidden(seekers, rates, JOB_SEEKER),
        underserved_seekers=among_underserved
        and _unless_hidden(among_underserved, rates, JOB_SEEKER, UNDERSERVED),
        gap=gap,
        gap_note=gap_note,
        pay=means[PAY],
        raised=means[RAISE],
        persons=persons,
    )


def _released_rates(session: Session) -> dict[str, Mapping[Any, Any]]:
    """The placement rate of each group, as the audience sees it."""
    rates = session.release.results(estimate_rates(session, [IS_PLACED]))
    return {str(row["group"]): row for row in rates.to_dict("records")}


def _placement(
    row: Mapping[Any, Any], placements: pd.DataFrame, sample: int, confidence: float
) -> Estimated:
    """The placement rate as released: for everyone its limits are those of rounded counts."""
    if is_hidden(str(row["note"])):
        # What rests on it is hidden as what rests on nobody is.
        return replace(_share(rate_row(placements, confidence), sample, confidence), n=0)
    return _share({**row, "n_group": sample}, sample, confidence)


def _unless_hidden(
    share: Estimated, rates: Mapping[str, Mapping[Any, Any]], *groups: str
) -> Estimated:
    """A share of the placed; of nobody if the placement of any of the groups is not shown.

    From what placements are worth the share can be worked out, and from it how many of a group
    were placed.
    """
    hidden = any(is_hidden(str(rates[group]["note"])) for group in groups if group in rates)
    return replace(share, n=0) if hidden else share


def _adjusted_gap(
    session: Session, asked: TripleBottomLine, sample: int
) -> tuple[Estimated | None, str, int]:
    """The gap between the underserved and the others as `03_placement_gaps` tells the audience.

    There is none if it can't be estimated, or if the audience may not see it. With it go its note
    and the number of persons on both sides.
    """
    covariates = asked.asked_covariates
    cells = session.cells(IS_PLACED, covariates)
    options = GapOptions(
        contrasts=(Contrast.ANY,), confidence=asked.confidence, errors=asked.errors
    )
    gaps = outcome_gaps(session.study, IS_PLACED, cells, covariates, options)
    adjusted = gaps["estimand"] == Estimand.ADJUSTED_DIFFERENCE
    adjusted &= gaps["method"].str.startswith("logit")
    [row] = session.release.results(gaps)[adjusted].to_dict("records")
    note = str(row["note"])
    if pd.isna(row["estimate"]) or is_hidden(note):
        return None, note, 0
    limits = (row["estimate"], row["ci_low"], row["ci_high"])
    sides = (row["n_group"], row["n_reference"])
    gap = Estimated(*limits, asked.confidence, _told(min(sides), sample), least=-1.0, most=1.0)
    return gap, note, sum(sides)


def _asked(answers: pd.DataFrame) -> Asked:
    return Asked(int(answers["n"].sum()), int(answers["successes"].sum()))


def _underserved(cells: pd.DataFrame, categories: list[str]) -> pd.DataFrame:
    sides = compare(cells, categories, Contrast.ANY, UNDERSERVED).cells
    return sides[sides[MEMBER]]


def _seekers(placements: pd.DataFrame, sample: int, confidence: float) -> Estimated | None:
    """Share of job seekers among the placed of whom it is known; None if there are none."""
    if not _known_placed(placements):
        return None
    known = placements[placements[JOB_SEEKER].notna()]
    is_seeker = known[JOB_SEEKER].astype(bool)
    placed = known.assign(n=known["successes"], successes=known["successes"].where(is_seeker, 0))
    columns = [name for name in ("n", "successes", CLUSTER) if name in placed]
    return _share(rate_row(placed[columns], confidence), sample, confidence)


def _known_placed(placements: pd.DataFrame) -> int:
    """How many of the placed are known to be job seekers or not."""
    return int(placements.loc[placements[JOB_SEEKER].notna(), "successes"].sum())


def _share(row: Mapping[Any, Any], sample: int, confidence: float) -> Estimated:
    limits = (row["estimate"], row["ci_low"], row["ci_high"])
    return Estimated(*limits, confidence, _told(row["n_group"], sample), least=0.0, most=1.0)


def _mean(
    salaries: pd.DataFrame, amount: str, group: str, sample: int, confidence: float
) -> Estimated | None:
    """A mean of the table of salaries; None if it has none, or one of too few persons."""
    own = salaries[(salaries["amount"] == amount) & (salaries["group"] == group)]
    for row in own.to_dict("records"):
        if row["n"] >= SMALLEST:
            return Estimated(row["mean"], row["ci_low"], row["ci_high"], confidence, sample)
    return None


def _told(n: int, sample: int) -> int:
    """The number of persons to tell of an estimate of n of the sample."""
    return sample if n >= SMALLEST else n
