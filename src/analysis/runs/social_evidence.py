"""What the data of a session tell for the social value: counts, placement, pay and gap."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from analysis.cells import CLUSTER
from analysis.estimate.gaps import outcome_gaps
from analysis.estimate.groups import MEMBER, compare
from analysis.estimate.options import GapOptions
from analysis.estimate.rates import rate_row
from analysis.impact.salaries import JOB_SEEKER, JOB_SEEKER_OUT
from analysis.impact.simulation import Estimated
from analysis.impact.social import PAY, RAISE, Asked, Evidence
from analysis.release.policy import SMALLEST
from analysis.release.results import is_hidden
from analysis.runs.parameters import TripleBottomLine
from analysis.runs.session import Session
from analysis.vocabulary import UNDERSERVED, Contrast, Estimand

ANSWERED: Final = "answered_6"
"""Outcome that tells which graduates of the cohort answered the job survey."""
IS_PLACED: Final = "placed_6"
"""Outcome that tells which of them were placed."""
MEANS: Final = {PAY: ("salary_after", JOB_SEEKER), RAISE: ("salary_gain", JOB_SEEKER_OUT)}
"""Inputs that are means of the table of salaries: amount and group."""


def can_be_valued(session: Session) -> bool:
    """Whether a session's study has a job survey, and job seekers among its categories."""
    study = session.study
    return {ANSWERED, IS_PLACED} <= study.outcomes.keys() and JOB_SEEKER in study.categories


def gather_evidence(session: Session, salaries: pd.DataFrame) -> Evidence | None:
    """Count graduates and estimate placement, job seekers, pay and gap; None if nobody is placed.

    Every estimate is one of the graduates who answered, or of a part of them, and its `n` is their
    number: the sizes of the parts could tell what is hidden elsewhere. Where a part has fewer
    persons than may be told of, `n` is the part's, so that what rests on it is hidden.

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
    seekers = _seekers(placements, sample, asked.confidence)
    if seekers is None:
        return None
    underserved = _underserved(placements, categories)
    gap, gap_note = _adjusted_gap(session, asked, sample)
    means = {name: _mean(salaries, *key, sample, asked.confidence) for name, key in MEANS.items()}
    return Evidence(
        everyone=everyone,
        underserved=_asked(_underserved(answers, categories)),
        placement=_share(rate_row(placements, asked.confidence), sample, asked.confidence),
        seekers=seekers,
        underserved_seekers=_seekers(underserved, sample, asked.confidence),
        gap=gap,
        gap_note=gap_note,
        pay=means[PAY],
        raised=means[RAISE],
    )


def _adjusted_gap(
    session: Session, asked: TripleBottomLine, sample: int
) -> tuple[Estimated | None, str]:
    """The gap between the underserved and the others as `03_placement_gaps` has it, and its note.

    There is none if it can't be estimated, or if the audience may not see it.
    """
    covariates = asked.asked_covariates
    cells = session.cells(IS_PLACED, covariates)
    options = GapOptions(
        contrasts=(Contrast.ANY,), confidence=asked.confidence, errors=asked.errors
    )
    gaps = outcome_gaps(session.study, IS_PLACED, cells, covariates, options)
    adjusted = gaps["estimand"] == Estimand.ADJUSTED_DIFFERENCE
    adjusted &= gaps["method"].str.startswith("logit")
    [row] = gaps[adjusted].to_dict("records")
    [released] = session.release.results(gaps)[adjusted].to_dict("records")
    note = str(released["note"])
    if pd.isna(row["estimate"]) or is_hidden(note):
        return None, note
    limits = (row["estimate"], row["ci_low"], row["ci_high"])
    n = _told(min(row["n_group"], row["n_reference"]), sample)
    return Estimated(*limits, asked.confidence, n, least=-1.0, most=1.0), note


def _asked(answers: pd.DataFrame) -> Asked:
    return Asked(int(answers["n"].sum()), int(answers["successes"].sum()))


def _underserved(cells: pd.DataFrame, categories: list[str]) -> pd.DataFrame:
    sides = compare(cells, categories, Contrast.ANY, UNDERSERVED).cells
    return sides[sides[MEMBER]]


def _seekers(placements: pd.DataFrame, sample: int, confidence: float) -> Estimated | None:
    """Share of job seekers among the placed of whom it is known; None if there are none."""
    known = placements[placements[JOB_SEEKER].notna()]
    is_seeker = known[JOB_SEEKER].astype(bool)
    placed = known.assign(n=known["successes"], successes=known["successes"].where(is_seeker, 0))
    columns = [name for name in ("n", "successes", CLUSTER) if name in placed]
    if not placed["n"].sum():
        return None
    return _share(rate_row(placed[columns], confidence), sample, confidence)


def _share(row: Mapping[str, Any], sample: int, confidence: float) -> Estimated:
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
