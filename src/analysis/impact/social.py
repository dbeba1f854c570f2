r"""What placements are worth to learners and to society.

Of the G graduates of a cohort R answered the survey, and the share p of them was placed; κ is the
placement of the silent relative to theirs, c the share of the placed who would have been anyway:

    N = p (R + κ (G - R))                 placed graduates
    M = (1 - c) N                         placed through the training

A placed graduate was a job seeker with probability s, and then earns the whole new pay W more, for
there was no pay before; else the raise g. With the shares of gross pay for contributions of
employee (e) and employer (f) and for income tax (t), the share β of job seekers who draw the
benefit B a month, and the μ months of it that a placement saves,

    y = s W + (1 - s) g                   gross pay gained in the first year
    b = s β B μ                           benefits saved, in the first year only

A share π of a gain lasts from each year to the next, and the year after counts 1 / (1 + r):

    A_h = Σ_{i=0}^{h-1} (π / (1 + r))^i   worth of h years of a gain of one a year

    salary gain       y A_h
    contributions     (e + f) y A_h
    taxes             t y A_h
    benefits          b
    public gain       (e + f + t) y A_h + b
    learners' net     (1 - e - t) y A_h - b

each times (1 - c) for one placed graduate, and times M for all. The salary gain is gross: taxes and
the employee's contributions are a part of it, and benefits go over from the learner to the public.
So it must never be added to the public gain. The last two don't overlap, and are together what
employers pay more, (1 + f) y A_h.

If the U underserved graduates, U_R of whom answered, were placed at the rate of the
non-underserved, with a the adjusted gap of the placement rate (negative if theirs is lower) and s_u
the share of job seekers among the placed underserved,

    -a (U_R + κ (U - U_R))                additional placements

each of which is worth the same with s_u in the place of s; nothing is deducted for c, for nobody
of them is placed as things are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isnan
from typing import Final

import numpy as np

from analysis.estimate.results import write_note
from analysis.impact.country import Country
from analysis.impact.measures import MeasureUnit
from analysis.impact.precision import leading_digits
from analysis.impact.simulation import (
    Array,
    Assumed,
    Estimated,
    Formulas,
    Inputs,
    Result,
    Uncertain,
    Values,
    fewest_persons,
    is_illustrative,
    rests_on,
    simulate,
)
from analysis.vocabulary import UNDERSERVED

YEARS: Final = (1, 2, 5, 10)
"""Horizons that gains are added up to."""

EACH: Final = "each_placed"
"""One placed graduate."""
PLACED: Final = "all_placed"
"""All placed graduates of the cohort."""

PLACEMENT: Final = "placement"
SEEKERS: Final = "seekers"
UNDERSERVED_SEEKERS: Final = "underserved_seekers"
RAISE: Final = "raise"
PAY: Final = "pay"
GAP: Final = "gap"

SALARY_GAIN: Final = "salary_gain"
NET_GAIN: Final = "learners_net_gain"
PUBLIC_GAIN: Final = "public_gain"
FLOWS: Final = (
    SALARY_GAIN,
    NET_GAIN,
    "contributions_gained",
    "taxes_gained",
    "benefits_saved",
    PUBLIC_GAIN,
)
"""What is computed of a placement, all of it money."""
OF_GAP: Final = (SALARY_GAIN, NET_GAIN, PUBLIC_GAIN)
"""What is told of closing the gap."""

NO_INTERVAL: Final = "input_without_interval"
"""Note of a result that rests on an estimate without interval, as of too few clusters."""

INPUT: Final = "input_"
"""How names of inputs begin in tables of measures."""

IF_NOT_TOLD: Final = {RAISE: "raise_if_not_told", PAY: "pay_if_not_told"}
"""Parameters that stand in for estimates that no survey gives."""


@dataclass(frozen=True)
class Asked:
    """Graduates who were asked about a job, and how many of them answered."""

    graduates: int
    respondents: int

    def counted(self, silent: Array) -> Array:
        """Respondents, and the silent for as much as their placement is relative to theirs."""
        return self.respondents + silent * (self.graduates - self.respondents)


@dataclass(frozen=True)
class Evidence:
    """What the data of a cohort tell.

    Attributes
    ----------
    everyone, underserved
        Graduates and respondents, all and those known to be underserved.
    placement
        Share placed of the respondents.
    seekers, underserved_seekers
        Share of former job seekers among the placed, and among the placed underserved.
    gap
        Adjusted gap of the placement rate, underserved against non-underserved; None if it can't
        be estimated, and `gap_note` says why.
    pay
        New pay of placed job seekers, a year in EUR; None if no survey tells it.
    raised
        Raise of those placed who were no job seekers, a year in EUR; None if no survey tells it.
    persons
        Persons that an estimate is of, by the name of its input; only where they may be told.
    """

    everyone: Asked
    underserved: Asked
    placement: Estimated
    seekers: Estimated
    underserved_seekers: Estimated | None = None
    gap: Estimated | None = None
    gap_note: str = ""
    pay: Estimated | None = None
    raised: Estimated | None = None
    persons: Mapping[str, int] = field(default_factory=dict)


def social_inputs(country: Country, evidence: Evidence) -> dict[str, Uncertain]:
    """Everything uncertain that the social value is computed from, by name.

    A parameter that stands in for an estimate enters under that one's name, and only if there is
    no estimate.
    """
    assumed: dict[str, Uncertain] = {
        name: Assumed(one.central, one.low, one.high, one.illustrative)
        for name, one in country.parameters.items()
    }
    told: dict[str, Uncertain | None] = {
        PLACEMENT: evidence.placement,
        SEEKERS: evidence.seekers,
        PAY: evidence.pay,
        RAISE: evidence.raised,
        GAP: evidence.gap,
        UNDERSERVED_SEEKERS: evidence.underserved_seekers,
    }
    for name, parameter in IF_NOT_TOLD.items():
        stand_in = assumed.pop(parameter)
        told[name] = told[name] or stand_in
    return assumed | {name: one for name, one in told.items() if one is not None}


def worth_of_years(persistence: Array, discount: Array, years: int) -> Array:
    """Worth of so many years of a gain of one a year: A_h of the module's formulas.

    Parameters
    ----------
    persistence, discount
        Share that lasts to the next year, and rate of discount; alike in shape.
    years
        The first one counts in full.
    """
    ratio = persistence / (1 + discount)
    worth: Array = np.sum([ratio**year for year in range(years)], axis=0)
    return worth


def flows(values: Values, seekers: Array, years: int) -> dict[str, Array]:
    """What one placement is worth over so many years, in EUR, before any deduction.

    Parameters
    ----------
    values
        The parameters, `pay` and `raise`.
    seekers
        Share of job seekers among the placed.
    years
        From the placement on.

    Returns
    -------
    dict
        By the names of `FLOWS`.
    """
    employee, employer = values["employee_contributions"], values["employer_contributions"]
    tax = values["income_tax"]
    gained = seekers * values[PAY] + (1 - seekers) * values[RAISE]
    gained = gained * worth_of_years(values["persistence"], values["discount"], years)
    saved = seekers * values["benefit_recipients"] * values["benefit"] * values["benefit_months"]
    return {
        SALARY_GAIN: gained,
        NET_GAIN: (1 - employee - tax) * gained - saved,
        "contributions_gained": (employee + employer) * gained,
        "taxes_gained": tax * gained,
        "benefits_saved": saved,
        PUBLIC_GAIN: (employee + employer + tax) * gained + saved,
    }


def value_formulas(everyone: Asked) -> Formulas:
    """The formulas of what the placements of a cohort are worth."""

    def formulas(values: Values) -> dict[Result, Array]:
        placed = values[PLACEMENT] * everyone.counted(values["silent_placement"])
        through = 1 - values["counterfactual"]
        found = {
            Result("placed_graduates", PLACED): placed,
            Result("placed_through_training", PLACED): through * placed,
        }
        for years in YEARS:
            for name, one in flows(values, values[SEEKERS], years).items():
                found[Result(name, EACH, years)] = through * one
                found[Result(name, PLACED, years)] = through * placed * one
        return found

    return formulas


def gap_formulas(underserved: Asked) -> Formulas:
    """The formulas of what closing the gap of the underserved would be worth."""

    def formulas(values: Values) -> dict[Result, Array]:
        placements = -values[GAP] * underserved.counted(values["silent_placement"])
        found = {Result("gap_placements", UNDERSERVED): placements}
        for years in YEARS:
            worth = flows(values, values[UNDERSERVED_SEEKERS], years)
            for name in OF_GAP:
                found[Result(f"gap_{name}", UNDERSERVED, years)] = placements * worth[name]
        return found

    return formulas


@dataclass(frozen=True)
class Simulation:
    """How results are told: their interval, and where they come from.

    Attributes
    ----------
    draws, seed, confidence
        See `analysis.impact.simulation.simulate`.
    period, source
        Columns of the tables.
    """

    draws: int
    seed: int
    confidence: float
    period: str = ""
    source: str = ""


def result_rows(inputs: Inputs, formulas: Formulas, how: Simulation) -> list[Mapping[str, object]]:
    """Rows of measures: each result with its interval, its persons, and whether it is illustrative.

    `n` is the smallest number of persons that any input of a result was estimated from. A result
    with an input that has no interval has none either, but no more than two significant digits.
    """
    behind = rests_on(inputs, formulas)
    found = simulate(inputs, formulas, how.draws, how.seed, how.confidence)
    return [
        {
            **shared_columns(result, how),
            **dict(zip(("estimate", "ci_low", "ci_high"), values, strict=True)),
            **_unbounded(*values),
            "n": fewest_persons(inputs, behind[result]),
            "illustrative": is_illustrative(inputs, behind[result]),
        }
        for result, values in found.items()
    ]


def _unbounded(estimate: float, low: float, high: float) -> dict[str, object]:
    """Digits and note of a result without interval; nothing of one that has it."""
    if not (isnan(low) or isnan(high)):
        return {}
    return {"digits": min(leading_digits(estimate), 0), "note": NO_INTERVAL}


def shared_columns(result: Result, how: Simulation) -> dict[str, object]:
    """What a row says beside its numbers."""
    return {
        "measure": result.measure,
        "group": result.group,
        "period": how.period,
        "horizon": result.horizon,
        # All with a horizon are amounts of money.
        "unit": MeasureUnit.PERSONS if result.horizon is None else MeasureUnit.EUR,
        "source": how.source,
    }


def gap_rows(inputs: Inputs, evidence: Evidence, how: Simulation) -> list[Mapping[str, object]]:
    """Rows on closing the gap; one with the reason if the gap can't be estimated."""
    if GAP in inputs and UNDERSERVED_SEEKERS in inputs:
        return result_rows(inputs, gap_formulas(evidence.underserved), how)
    note = evidence.gap_note or write_note(no_successes=True)
    return [{**shared_columns(Result("gap_placements", UNDERSERVED), how), "note": note}]
