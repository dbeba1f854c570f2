"""Tables of the time to placement: shares placed by each horizon, and ratios of chances."""

from typing import Final

import pandas as pd

from analysis.figures.subject import Subject
from analysis.figures.tables import DASH, Format, Maker, comparison, show, with_interval
from analysis.figures.wording import enumerate_words, number, percent, points, say
from analysis.vocabulary import Estimand

SAID_ELSEWHERE: Final = ("adjusted", "defines", "left_out", "clusters")
"""Remarks that hold for the notebook as a whole, or stand in the result table."""


def show_horizons(results: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show the share placed at each horizon on both sides, and their difference."""
    _show(horizons_table, results, subject, language)


def horizons_table(results: pd.DataFrame, subject: Subject, language: str) -> pd.DataFrame:
    """A line a comparison and horizon; horizons that lack a number for one reason share a line."""
    gaps = results[results["estimand"] == Estimand.PLACED_BY_DIFFERENCE]
    # A side may have a number where the gap has none: such a horizon has a line of its own.
    sides = results[results["estimand"] == Estimand.PLACED_BY]
    told = set(sides.loc[sides["estimate"].notna(), "term"])
    missing = gaps["estimate"].isna() & ~gaps["term"].isin(told)
    shared = gaps["note"].where(missing, gaps["term"])
    lines = []
    for _, own in gaps.groupby(["contrast", "group", shared], sort=False):
        lines.append(_horizon_cells(own, results, subject, language))
    return pd.DataFrame(lines)


def _horizon_cells(
    gaps: pd.DataFrame, results: pd.DataFrame, subject: Subject, language: str
) -> dict[str, str]:
    row = gaps.iloc[0]
    sides = (row["group"], row["reference"])
    horizons = enumerate_words((number(int(term), language) for term in gaps["term"]), language)

    def told(estimand: Estimand, write: Format, group: str, reference: str) -> str:
        # The reference's own rows have group and reference exchanged.
        asked = (results["estimand"] == estimand) & (results["term"] == row["term"])
        asked &= (results["contrast"] == row["contrast"]) & (results["group"] == group)
        return with_interval(
            results[asked & (results["reference"] == reference)].iloc[0], write, language
        )

    texts = {
        "group": subject.group(row["group"], language),
        "horizon": say("times.months", language, months=horizons),
        "placed_group": told(Estimand.PLACED_BY, percent, *sides),
        "placed_reference": told(Estimand.PLACED_BY, percent, *reversed(sides)),
        "placed_gap": told(Estimand.PLACED_BY_DIFFERENCE, points, *sides),
        "months_longer": told(Estimand.RESTRICTED_MEAN_DIFFERENCE, _months, *sides),
        "note": subject.reason(row, language, SAID_ELSEWHERE) or DASH,
    }
    return {say(f"columns.{name}", language): text for name, text in texts.items()}


def show_risk_ratios(results: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show how much faster or slower each group is placed, by both regressions."""
    _show(risk_table, results, subject, language)


def risk_table(results: pd.DataFrame, subject: Subject, language: str) -> pd.DataFrame:
    """A line a comparison: both ratios, and the adjusted gap at each horizon that any reaches."""
    adjusted = results[results["estimand"] == Estimand.ADJUSTED_PLACED_BY_DIFFERENCE]
    months = list(dict.fromkeys(adjusted.loc[adjusted["estimate"].notna(), "term"]))
    lines = []
    for _, own in results.groupby(["contrast", "group"], sort=False):
        ratios = own[own["estimand"] == Estimand.HAZARD_RATIO]
        if ratios.empty:  # a side's own rows, under the name of the reference
            continue
        odds = own[own["estimand"] == Estimand.HAZARD_ODDS_RATIO]
        first, second = ratios.iloc[0], odds.iloc[0]
        texts = {name: make(first) for name, make in comparison(subject, language).items()} | {
            "hazard_ratio": with_interval(first, number, language),
            "hazard_odds_ratio": with_interval(second, number, language),
        }
        line = {say(f"columns.{name}", language): text for name, text in texts.items()}
        for month in months:
            gap = own[(own["estimand"] == Estimand.ADJUSTED_PLACED_BY_DIFFERENCE)
                      & (own["term"] == month)].iloc[0]  # fmt: skip
            line[say("columns.adjusted_by", language, months=month)] = with_interval(
                gap, points, language
            )
        reasons = dict.fromkeys(
            subject.reason(row, language, SAID_ELSEWHERE) for row in (first, second)
        )
        line[say("columns.note", language)] = (
            say("words.separator", language).join(filter(None, reasons)) or DASH
        )
        lines.append(line)
    return pd.DataFrame(lines)


def _show(make: Maker, results: pd.DataFrame, subject: Subject, language: str) -> None:
    show(lambda each: make(results, subject, each), language)


def _months(value: float, language: str, digits: int) -> str:
    return number(value, language, digits, signed=True)
