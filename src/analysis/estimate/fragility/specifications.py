"""How fragile? One gap under every reasonable choice, and what the choices say together.

Simonsohn, Simmons and Nelson (2020). Their joint test compares what all specifications find with
what they find in outcomes drawn without any gap: specifications share their data, so that they
can't be counted as so many proofs.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from analysis.cells import CLUSTER, check_cohort, count_cells
from analysis.engines.tables import Place, open_rows
from analysis.estimate.fits import Array, NotEstimableError
from analysis.estimate.fragility.null_draws import Drawn, draw_without_groups
from analysis.estimate.fragility.specification_fits import Estimator, Found
from analysis.estimate.fragility.specification_grid import (
    Specification,
    Surveys,
    all_specifications,
    choose,
)
from analysis.estimate.options import GapOptions
from analysis.estimate.question import Question
from analysis.estimate.rates import Row, reason_row
from analysis.estimate.results import adjust_p_values, read_note, result_table, write_note
from analysis.studies import Study
from analysis.vocabulary import SEED, UNDERSERVED, Contrast, Estimand

MOST = 100
DRAWS = 200
MOST_LOST = 0.05
"""Share of draws without any estimate above which there is no joint test."""
TIE = 1e-12
METHOD = "joint"
SIDES = ("contrast", "group", "reference", "n_group", "n_reference", "k_group", "k_reference")


def count_patterns(
    study: Study,
    processed: Place,
    *,
    outcomes: Surveys,
    covariates: Sequence[str],
    cohort: str | None = None,
) -> pd.DataFrame:
    """Count persons by their categories, covariates, cluster and all outcomes together.

    Parameters
    ----------
    study, covariates, cohort
        See `analysis.cells.study_cells`.
    processed
        Where the processed table lies: a Parquet file, or an address.
    outcomes
        Outcomes of the same cohorts, with who answered them.

    Returns
    -------
    pandas.DataFrame
        A row for each pattern, with `persons`.
    """
    first = next(iter(outcomes))
    table = open_rows(processed)
    if cohort is not None:
        check_cohort(study, cohort)
        table = table.filter(table[study.cohort_column(first)] == cohort)
    answers = [name for name in outcomes.values() if name]
    return count_cells(
        table,
        by=[*study.categories, *covariates, *outcomes, *answers],
        outcome=first,
        cluster=CLUSTER if study.cluster else None,
        levels={name: study.levels(name) for name in covariates},
    )


def specification_curve(
    study: Study,
    outcome: str,
    patterns: pd.DataFrame,
    covariates: Sequence[str],
    options: GapOptions | None = None,
    *,
    outcomes: Surveys,
    group: str = UNDERSERVED,
    draws: int = DRAWS,
    seed: int = SEED,
    most: int = MOST,
) -> pd.DataFrame:
    """Estimate the gap of one group under every reasonable choice, with their joint test.

    Parameters
    ----------
    study
        The study; its categories are columns of the patterns.
    outcome
        The outcome asked for, one of `outcomes`.
    patterns
        See `count_patterns`.
    covariates
        Adjusters and mediators. Held fixed are all, none, each, and all but each.
    options
        See `GapOptions`; its contrasts don't matter here.
    outcomes
        Outcomes that may stand in for each other; those with one result only are left out.
    group
        `underserved`, compared with the non-underserved, or a category, compared with these and
        with everyone else.
    draws, seed
        Of the joint test; the seed also decides between specifications that are alike in balance.
    most
        Number of specifications at most.

    Returns
    -------
    pandas.DataFrame
        A result table. `adjusted_difference` with the terms s001, s002, …, the choices in the
        note's `spec_…`. Of all of them: the median, the share below zero, and the share whose
        interval excludes zero, on the side where more do; with the p-values of the joint test.
    """
    question = Question.of(study, patterns, covariates, options or GapOptions())
    told = {name: answer for name, answer in outcomes.items() if patterns[name].nunique() == 2}
    if outcome not in told:
        # Other horizons can't stand in for one that nobody has a result at: its rows say why.
        told = {outcome: outcomes[outcome]}
    any_unknown = bool(patterns[question.categories].isna().to_numpy().any())
    possible = all_specifications(question, group, told, outcome, any_unknown=any_unknown)
    chosen = choose(possible, most, seed)
    drawn = _draw(question, patterns, told, draws, seed)
    found = _estimate(Estimator(question, drawn, group, told), chosen)
    note = write_note(
        specifications=len(chosen),
        possible=len(possible) if len(possible) > len(chosen) else None,
        null_draws=draws,
        independent_draws=question.cluster is not None,
    )
    rows = [
        *(one.row | {"term": f"s{number:03d}"} for number, one in enumerate(found, start=1)),
        *_summaries(found, note),
    ]
    shared: Row = {"study": study.name, "outcome": outcome}
    return adjust_p_values(result_table([shared | row for row in rows]))


def _draw(
    question: Question, patterns: pd.DataFrame, told: Surveys, draws: int, seed: int
) -> Drawn:
    answers = [name for name in told.values() if name]
    cluster = [question.cluster] if question.cluster else []
    keys = [*question.categories, *question.covariates, *answers, *cluster]
    # What defines a category is left out, for it would bring the groups back in.
    free, _ = question.adjusters(Contrast.ANY, UNDERSERVED)
    return draw_without_groups(patterns, keys, list(told), free, draws, seed)


def _estimate(estimator: Estimator, chosen: Sequence[Specification]) -> list[Found]:
    """What each specification finds; those that share their data are estimated together."""
    together: dict[object, list[int]] = {}
    for place, one in enumerate(chosen):
        together.setdefault(one.data, []).append(place)
    found: dict[int, Found] = {}
    for places in together.values():
        own = estimator.estimate([chosen[place] for place in places])
        found.update(zip(places, own, strict=True))
    return [found[place] for place in range(len(chosen))]


# ---- The joint test -----------------------------------------------------------------------------


def _summaries(found: Sequence[Found], remarks: str) -> Iterator[Row]:
    """The median of the specifications and the shares of them, each with its joint p-value."""
    first = found[0].row
    sides = {name: first[name] for name in SIDES}
    left_out = write_note(left_out=read_note(str(first["note"])).get("left_out"))
    note = "; ".join(filter(None, (remarks, left_out)))
    estimates, reaches = (
        np.array([getattr(one, name) for one in found]) for name in ("estimates", "reaches")
    )
    able = np.isfinite(estimates[:, 0])
    for estimand, told in (
        (Estimand.SPECIFICATIONS_MEDIAN, median_of),
        (Estimand.SPECIFICATIONS_BELOW_ZERO, below_zero_of),
        (Estimand.SPECIFICATIONS_SIGNIFICANT, significant_of),
    ):
        try:
            value, p_value = told(estimates[able], reaches[able])
            row: Row = {"estimate": value, "p_value": p_value, "note": note}
        except NotEstimableError as error:
            row = reason_row(estimand, METHOD, error)
        yield sides | row | {"estimand": estimand, "method": METHOD}


def median_of(estimates: Array, reaches: Array) -> tuple[float, float]:
    """Median of the specifications, and how often a draw's is as far from zero.

    Parameters
    ----------
    estimates, reaches
        Estimates and half the widths of their intervals, specifications by 1 + draws, the data
        first; nan where there is none.

    Returns
    -------
    tuple of float
        The value of the data and the p-value, (1 + draws at least as extreme) / (1 + draws).

    Raises
    ------
    NotEstimableError
        If no specification has an estimate, or too many draws have none.
    """
    medians = np.nanmedian(_told(estimates), axis=0)
    return float(medians[0]), _p_value(np.abs(medians))


def below_zero_of(estimates: Array, reaches: Array) -> tuple[float, float]:
    """Share of estimates below zero, and how often a draw's agree as much on a sign."""
    told = _told(estimates)
    shares = (told < 0).sum(axis=0) / np.isfinite(told).sum(axis=0)
    return float(shares[0]), _p_value(np.maximum(shares, 1 - shares))


def significant_of(estimates: Array, reaches: Array) -> tuple[float, float]:
    """Share whose interval excludes zero, below it or above it, whichever more do.

    Raises
    ------
    NotEstimableError
        If no specification has an interval, too.
    """
    with_interval = np.isfinite(reaches[:, 0])
    if len(estimates) and not with_interval.any():
        raise NotEstimableError("no_intervals")
    told, reach = _told(estimates[with_interval]), reaches[with_interval]
    reach = reach[:, np.isfinite(estimates[with_interval]).any(axis=0)]
    below, above = (told < -reach).sum(axis=0), (told > reach).sum(axis=0)
    shares = np.maximum(below, above) / np.isfinite(told).sum(axis=0)
    return float(shares[0]), _p_value(shares)


def _told(estimates: Array) -> Array:
    """Estimates without the draws that have none at all."""
    if not len(estimates):
        raise NotEstimableError("no_specifications")
    any_told = np.isfinite(estimates).any(axis=0)
    lost = 1 - any_told.mean()
    if lost > MOST_LOST:
        raise NotEstimableError("draws_failed", f"{100 * lost:.0f}")
    kept: Array = estimates[:, any_told]
    return kept


def _p_value(extremes: Array) -> float:
    """Share of draws that are at least as extreme as the data, which come first and count too."""
    return float((extremes >= extremes[0] - TIE).mean())
