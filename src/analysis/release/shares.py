"""Tables of persons and shares, and curves over time, as they may be shown."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pandas as pd

from analysis.estimate.journey import STAGES
from analysis.estimate.proportions import Estimate, rate
from analysis.estimate.results import write_note
from analysis.release.knowledge import combined
from analysis.release.policy import (
    HIDDEN,
    PROTECTS,
    SMALL,
    SMALLEST,
    point_digits,
    rate_digits,
    round_count,
)
from analysis.release.rows import Withheld
from analysis.vocabulary import ALL, HORIZONS

COUNTS: Final = ("persons", "n", "unknown")
FRACTIONS: Final = ("share", "rate", "ci_low", "ci_high")
CURVE: Final = ("placed_by", "ci_low", "ci_high")
AT_RISK: Final = "at_risk"
CATEGORY: Final = "category"
"""The variable of a composition whose levels are groups."""


def full_shares(table: pd.DataFrame) -> pd.DataFrame:
    """The table for those who may see everything."""
    counts = [name for name in COUNTS if name in table]
    return table.astype(dict.fromkeys(counts, "Int64")).assign(digits=1, note="")


def public_shares(
    table: pd.DataFrame,
    withheld: frozenset[Withheld],
    cohort: str,
    described: str,
    *,
    confidence: float,
) -> pd.DataFrame:
    """The table for everyone; see `analysis.release.results.Release.shares`."""
    reasons = [
        SMALL if small else PROTECTS if key in withheld else ""
        for small, key in zip(_small(table), _keys(table, cohort, described), strict=True)
    ]
    hidden = np.array([reason != "" for reason in reasons], dtype=bool)
    digits = np.array([rate_digits(n) for n in _denominators(table)], dtype="int64")
    shown = full_shares(table)
    table = _with_limits_of_rounded(table, confidence)
    for name in COUNTS:
        if name in table:
            shown[name] = shown[name].map(round_count).astype("Int64").mask(hidden)
    for name in FRACTIONS:
        if name in table:
            shown[name] = _rounded(table[name], digits + 2).mask(hidden)
    if "ci_low" in shown:
        shown["ci_low"] = shown["ci_low"].clip(upper=shown["share"])
        shown["ci_high"] = shown["ci_high"].clip(lower=shown["share"])
    notes = [write_note(**{HIDDEN: reason or None}) for reason in reasons]
    return shown.assign(digits=np.where(hidden, 0, digits), note=notes)


def _with_limits_of_rounded(table: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """The table with Wilson's limits of its counts as shown; see `analysis.release.limits`."""
    if "ci_low" not in table:
        return table
    told = [
        # Others are hidden, and may be rounded to nobody.
        rate(int(round_count(persons)), int(round_count(n)), confidence)
        if n >= SMALLEST
        else Estimate(np.nan)
        for persons, n in zip(table["persons"], table["n"], strict=True)
    ]
    return table.assign(ci_low=[one.low for one in told], ci_high=[one.high for one in told])


def _rounded(values: pd.Series, digits: np.ndarray) -> pd.Series:
    rounded = [round(x, int(places)) for x, places in zip(values, digits, strict=True)]
    return pd.Series(rounded, values.index, dtype=float)


def _denominators(table: pd.DataFrame) -> pd.Series:
    """Persons of whom each row is a share."""
    if "n" in table:
        return table["n"]
    return pd.Series(table["persons"].sum(), table.index)


def _small(table: pd.DataFrame) -> pd.Series:
    """Whether each row has too small a denominator, or is itself one that is."""
    return (_denominators(table) < SMALLEST) | (_is_group(table) & (table["persons"] < SMALLEST))


def _is_group(table: pd.DataFrame) -> pd.Series:
    """Whether the persons of each row are the denominator of other rates."""
    if "stage" in table:
        begun = table["of"] == ""
        return begun | table["stage"].isin(table["of"])
    if "variable" in table and "group" not in table:
        return table["variable"] == CATEGORY
    return pd.Series("combination" in table, table.index)


def _keys(table: pd.DataFrame, cohort: str, described: str) -> Iterator[Withheld | None]:
    """Row of the declared table that each row belongs to; None if to none."""
    for row in table.to_dict("records"):
        if "stage" in row:
            yield Withheld(cohort, STAGES[str(row["stage"])].outcome, ALL)
        elif "group" in row:
            yield Withheld(cohort, described, str(row["group"]))
        elif "combination" in row:
            yield Withheld(cohort, described, combined(str(row["combination"])))
        else:
            group = row["level"] if row["variable"] == CATEGORY else ALL
            yield Withheld(cohort, described, str(group))


# ---- Plain counts -------------------------------------------------------------------------------


def few_persons(table: pd.DataFrame, columns: Sequence[str], whole: str) -> pd.Series:
    """Which rows of plain counts are hidden; see `analysis.release.results.Release.counts`."""
    counts = table[list(columns)]
    hidden = ((counts > 0) & (counts < SMALLEST)).any(axis=1)
    for _, own in table.groupby(whole, sort=True):
        others = own[~hidden[own.index] & (own[list(columns)] > 0).any(axis=1)]
        # A single one would be the whole minus all others.
        if hidden[own.index].sum() == 1 and not others.empty:
            hidden |= hidden.index == others[list(columns)].min(axis=1).idxmin()
    return hidden


# ---- Curves -------------------------------------------------------------------------------------


def full_curves(table: pd.DataFrame) -> pd.DataFrame:
    """The curves for those who may see everything."""
    return table.astype({AT_RISK: "Int64"}).assign(digits=1, note="")


def public_curves(table: pd.DataFrame) -> pd.DataFrame:
    """The curves for everyone; see `analysis.release.results.Release.curves`."""
    curve = ["contrast", "group", "reference", "side"]
    begun = table.groupby(curve, sort=False)[AT_RISK].transform("max")
    at_horizon = table["month"].isin(HORIZONS)
    shown = full_curves(table[at_horizon]).reset_index(drop=True)
    persons = begun[at_horizon].to_numpy()
    small = (shown[AT_RISK] < SMALLEST).to_numpy(dtype=bool) | (persons < SMALLEST)
    digits = np.array([min(rate_digits(n), point_digits(n)) for n in persons], dtype="int64")
    for name in CURVE:
        shown[name] = _rounded(shown[name], digits + 2).mask(small)
    notes = np.where(small, write_note(**{HIDDEN: SMALL}), "")
    at_risk = shown[AT_RISK].map(round_count).astype("Int64").mask(small)
    return shown.assign(**{AT_RISK: at_risk}, digits=np.where(small, 0, digits), note=notes)
