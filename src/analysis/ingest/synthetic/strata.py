"""How many persons of each combination of categories reach each stage, calibrated to the report.

A stratum is a combination of the five categories, or "none known, one of them unknown". The counts
of a stage are the ones closest to those of the stage before, or to the students', that give back
every printed count and rate.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq

from analysis.ingest.synthetic import assumed
from analysis.ingest.synthetic.closest import Array, Conditions, Counts, closest, whole
from analysis.ingest.synthetic.targets import Range, Targets
from analysis.vocabulary import ALL, CATEGORIES, FUNDING, NON_UNDERSERVED

NAMES = tuple(CATEGORIES)
SMALL_WEIGHT = 1e-3
"""Weight of how close successes lie to equal rates, beside how close the composition lies."""

LEAST_OF_LOWEST = 0.5
"""Lowest rate of a stratum, as a part of the lowest printed rate: nobody is without any chance."""

KNOWN = np.array(list(itertools.product((0, 1), repeat=len(NAMES))), dtype=float)
FLAGS: Array = np.vstack([KNOWN, np.where(np.eye(len(NAMES)) == 1, np.nan, 0.0)])
"""A row a stratum, a column a category: 1 in, 0 not in, nan unknown."""

STRATA = len(FLAGS)
UNKNOWN: NDArray[np.bool_] = np.asarray(np.isnan(FLAGS).any(axis=1))
UNDERSERVED: NDArray[np.bool_] = np.asarray(np.nan_to_num(FLAGS).any(axis=1))


def members(group: str) -> Array:
    """Which strata belong to a group, as zeros and ones."""
    if group == ALL:
        return np.ones(STRATA)
    own: Array = np.nan_to_num(FLAGS[:, NAMES.index(group)]) if group in NAMES else np.zeros(STRATA)
    if group == NON_UNDERSERVED:
        own = (~UNKNOWN & ~UNDERSERVED).astype(float)
    return own


def students(targets: Targets) -> Counts:
    """Students of 2022: the printed counts of the categories, closest to independent ones."""
    unknown = assumed.UNKNOWN_SHARE * targets.students
    known = targets.students - unknown * UNKNOWN.sum()
    shares = np.array([targets.members[name] / known for name in NAMES])
    prior = np.where(
        UNKNOWN, unknown, known * np.where(FLAGS == 1, shares, 1 - shares).prod(axis=1)
    )
    conditions = Conditions(STRATA)
    for name, count in targets.members.items():
        conditions.add(members(name), count, count)
    conditions.add(members(ALL), targets.students, targets.students)
    conditions.add_ratio(UNDERSERVED.astype(float), (~UNKNOWN).astype(float), *targets.underserved)
    for stratum in np.flatnonzero(UNKNOWN):
        conditions.add_sum([int(stratum)], round(unknown), round(unknown))
    return whole(closest(prior, conditions), conditions)


def applicants(targets: Targets, started: Counts) -> Counts:
    """Applicants of 2022, by the orientation rates of their students."""
    most_start = 0.9
    conditions = Conditions(STRATA)
    for group, (low, high) in targets.orientation.items():
        own = float(started @ members(group))
        conditions.add(members(group), own / high, own / low)
    conditions.add(members(ALL), targets.applicants, targets.applicants)
    for stratum, count in enumerate(started):
        conditions.add_sum([stratum], count / most_start, np.inf)
    prior = np.maximum(started, 0.1) * targets.applicants / targets.students
    return whole(closest(prior, conditions), conditions)


def candidates(targets: Targets, applied: Counts, started: Counts) -> Counts:
    """Candidates of 2022: admission takes the same part of each orientation rate, in logs."""
    rate = started / np.maximum(applied, 1)

    def admitted(power: float) -> Array:
        return np.where(started > 0, applied * np.where(rate > 0, rate, 1.0) ** power, 0.0)

    power = brentq(lambda p: admitted(p).sum() - targets.candidates, 0.0, 1.0)
    conditions = Conditions(STRATA)
    conditions.add(members(ALL), targets.candidates, targets.candidates)
    for stratum in range(STRATA):
        conditions.add_sum([stratum], started[stratum], applied[stratum])
    return whole(admitted(power), conditions)


def reached(
    targets: dict[str, Range],
    like: Counts,
    total: int,
    most: Array | None = None,
) -> tuple[Counts, Counts]:
    """Persons of a rate's denominator, and its successes, by stratum.

    The composition is the closest to `like` by which every printed rate holds and no underserved
    stratum's rate exceeds the non-underserved rate. Where the report itself prints a higher rate
    for one of a stratum's categories, that rate is the limit.

    Parameters
    ----------
    targets
        Range of the rate, by group.
    like
        Persons whose composition to come close to.
    total
        Persons in the denominator.
    most
        Most persons a stratum can have.
    """
    conditions = Conditions(2 * STRATA)
    nobody, one = np.zeros(STRATA), np.eye(STRATA)
    conditions.add(np.append(members(ALL), nobody), total, total)
    for group, (low, high) in targets.items():
        part, entire = np.append(nobody, members(group)), np.append(members(group), nobody)
        conditions.add_ratio(part, entire, low, high)
        conditions.add(entire, low=_fewest((low, high)))
    least = LEAST_OF_LOWEST * min(low for low, _ in targets.values())
    for stratum, limit in enumerate(_limits(targets)):
        conditions.add(np.append(-limit * one[stratum], one[stratum]), high=0.0)
        # One person less is granted, or no stratum could have a single person.
        conditions.add(np.append(-least * one[stratum], one[stratum]), low=-1.0)
        if most is not None:
            conditions.add_sum([stratum], 0.0, float(most[stratum]))
    middle = sum(targets[ALL]) / 2
    persons = np.maximum(like, 0.1) * total / like.sum()
    weights = np.append(np.ones(STRATA), np.full(STRATA, SMALL_WEIGHT))
    found = closest(np.append(persons, middle * persons), conditions, weights)
    counts = whole(found, conditions)
    return counts[:STRATA], counts[STRATA:]


def _limits(targets: dict[str, Range]) -> Array:
    """Highest rate of each stratum."""
    top = targets[NON_UNDERSERVED][1]
    own = [np.where(members(name) == 1, targets[name][1], 0.0) for name in NAMES]
    highest: Array = np.maximum(np.max(own, axis=0), top)
    return highest


def _fewest(rate: Range) -> int:
    """Fewest persons who can have a rate in the range: with less it could not be printed."""
    low, high = rate
    return next(n for n in itertools.count(1) if np.ceil(low * n) <= high * n)


def funding(targets: Targets, started: Counts) -> Counts:
    """Students by stratum (rows) and type of funding (columns), by the printed shares."""
    kinds = tuple(FUNDING)
    shape = (STRATA, len(kinds))
    conditions = Conditions(STRATA * len(kinds))
    for stratum in range(STRATA):
        row = np.zeros(shape)
        row[stratum] = 1.0
        conditions.add(row.ravel(), started[stratum], started[stratum])
    for (group, kind), (low, high) in targets.funding.items():
        table = np.zeros(shape)
        table[:, kinds.index(kind)] = members(group)
        persons = float(started @ members(group))
        conditions.add(table.ravel(), low * persons, high * persons)
    overall = np.array([sum(targets.funding[ALL, kind]) / 2 for kind in kinds])
    prior = np.outer(np.maximum(started, 0.01), overall).ravel()
    return whole(closest(prior, conditions), conditions).reshape(shape)


def women(targets: Targets, started: Counts) -> Counts:
    """Women among the students of each stratum."""
    shift = sum(members(name) * change for name, change in assumed.WOMEN.items())
    share = np.clip(sum(targets.women) / 2 + shift, 0.05, 0.95)
    conditions = Conditions(STRATA)
    conditions.add(members(ALL), *(limit * started.sum() for limit in targets.women))
    for stratum, count in enumerate(started):
        conditions.add_sum([stratum], 0, count)
    return whole(closest(np.maximum(share * started, 0.01), conditions), conditions)


def shared_out(total: int, weights: Array) -> Counts:
    """Whole numbers in proportion to weights that add up to a total: largest remainders."""
    exact = total * weights / weights.sum()
    counts: Counts = np.floor(exact).astype(np.int64)
    order = np.argsort(counts - exact, kind="stable")
    counts[order[: total - counts.sum()]] += 1
    return counts


@dataclass(frozen=True)
class Stages:
    """Persons of each stratum at each stage of the students of one year.

    Graduates, respondents and placed are those of the year after, when these students were
    expected to graduate.
    """

    applicants: Counts
    candidates: Counts
    students: Counts
    women: Counts
    funding: Counts
    graduates: Counts
    respondents: Counts
    placed_respondents: Counts

    @cached_property
    def placed(self) -> Counts:
        """Graduates placed, those who did not answer included.

        Among them the odds of placement are `assumed.NONRESPONSE_ODDS` times the respondents'.
        """
        answered = self.placed_respondents / np.maximum(self.respondents, 1)
        odds = assumed.NONRESPONSE_ODDS * answered / np.maximum(1 - answered, 1e-9)
        silent = self.graduates - self.respondents
        hidden: Counts = np.rint(silent * odds / (1 + odds)).astype(np.int64)
        return self.placed_respondents + hidden

    def frame(self, year: int, scale: int) -> pd.DataFrame:
        """A row a stratum, with the counts of `scale` such cohorts."""
        columns = ("applicants", "candidates", "students", "women", "graduates", "respondents")
        counts = {name: getattr(self, name) for name in (*columns, "placed_respondents", "placed")}
        paid = dict(zip(FUNDING, self.funding.T, strict=True))
        table = pd.DataFrame({**counts, **paid}) * scale
        return table.assign(year=year, stratum=range(STRATA))


def all_stages(targets: Targets) -> dict[int, Stages]:
    """The stages of the students of each year.

    2022 is calibrated, and so is who of the students of 2021 was expected to graduate in it, did,
    answered and was placed. Other years have the same rates in each stratum.
    """
    started = students(targets)
    applied = applicants(targets, started)
    admitted = candidates(targets, applied, started)
    paid, own_women = funding(targets, started), women(targets, started)
    last_year = assumed.STUDENTS_BEFORE[2021]
    expected, graduates = reached(targets.graduation, started, last_year)
    total = round(assumed.RESPONSE_RATE * graduates.sum())
    answered, placed = reached(
        targets.placement, started, total, np.floor(assumed.MOST_ANSWER * graduates)
    )
    entry = (applied, admitted, own_women, started)
    exits = (graduates, answered, placed, expected)
    first = shared_out(assumed.STUDENTS_BEFORE[2020], started.astype(float))
    return {
        2020: Stages(**_entry(first, entry, paid), **_exits(first, exits)),
        2021: Stages(**_entry(expected, entry, paid), **_exits(expected, exits)),
        2022: Stages(applied, admitted, started, own_women, paid, **_exits(started, exits)),
    }


def _entry(started: Counts, entry: Sequence[Counts], paid: Counts) -> dict[str, Counts]:
    """Stages up to the start, with the rates of the calibrated year."""
    applied, admitted, own_women, like = entry
    ratio = started / np.maximum(like, 1)
    own_funding = [shared_out(n, row + 1e-9) for n, row in zip(started, paid, strict=True)]
    return {
        "students": started,
        "applicants": np.maximum(np.rint(applied * ratio).astype(np.int64), started),
        "candidates": np.maximum(np.rint(admitted * ratio).astype(np.int64), started),
        "women": np.minimum(np.rint(own_women * ratio).astype(np.int64), started),
        "funding": np.array(own_funding),
    }


def _exits(started: Counts, exits: Sequence[Counts]) -> dict[str, Counts]:
    """Stages after the start, with the rates of the calibrated year."""
    graduates, answered, placed, like = (part.astype(float) for part in exits)
    finished = np.rint(started * graduates / np.maximum(like, 1)).astype(np.int64)
    told = np.rint(finished * answered / np.maximum(graduates, 1)).astype(np.int64)
    reached_job = np.rint(told * placed / np.maximum(answered, 1)).astype(np.int64)
    return {"graduates": finished, "respondents": told, "placed_respondents": reached_job}
