"""Measures in words: each with its unit, its interval, and no more digits than that supports."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from analysis.figures.tables import DASH
from analysis.figures.wording import MINUS, number, percent, say
from analysis.impact.measures import MeasureUnit
from analysis.impact.precision import rounded
from analysis.release.results import is_hidden

Row = Mapping[Any, Any] | pd.Series

MONEY: Final = (MeasureUnit.EUR, MeasureUnit.USD)
MILLION: Final = 1_000_000
SHORTENED: Final = -4
"""Amounts to tens of thousands or more are told in millions, with two decimals at most."""


def amount(
    value: float,
    unit: str,
    language: str,
    digits: int,
    *,
    signed: bool = False,
    short: bool = False,
) -> str:
    """A value with its unit in the language's format: "€1,230,000", "32 kg CO₂e", "79%".

    A sign stands before the unit: "−€1,000,000".

    Parameters
    ----------
    value
        In the unit.
    unit
        See `analysis.impact.measures.MeasureUnit`.
    language
        Of number and unit.
    digits
        Decimals, which may be negative: −3 shows whole thousands.
    signed
        Write a plus sign too.
    short
        Write millions as such, if they need no more than two decimals: "€1.23 million".
    """
    shown = rounded(value, digits + 2 * (unit == MeasureUnit.SHARE))
    sign = MINUS if shown < 0 else "+" if signed and shown > 0 else ""
    if unit == MeasureUnit.SHARE:
        return sign + percent(abs(shown), language, max(digits, 0))
    key = f"amounts.{unit.lower().replace(' ', '_')}"
    if short and unit in MONEY and abs(shown) >= MILLION and digits <= SHORTENED:
        key, shown, digits = f"{key}_millions", shown / MILLION, digits + 6
    return sign + say(key, language, value=number(abs(shown), language, max(digits, 0)))


def row_amount(
    row: Row, language: str, column: str = "estimate", *, signed: bool = False, short: bool = False
) -> str:
    """A value of a row of measures; a dash if it has none, words if it is hidden."""
    if pd.notna(row[column]):
        digits = int(row["digits"])
        return amount(row[column], row["unit"], language, digits, signed=signed, short=short)
    return say("words.not_shown", language) if is_hidden(str(row["note"])) else DASH


def with_interval(row: Row, language: str, *, short: bool = False) -> str:
    """The value of a row of measures with its interval behind it, where it has one."""
    text = row_amount(row, language, short=short)
    if pd.isna(row["estimate"]) or pd.isna(row["ci_low"]):
        return text
    limits = {end: row_amount(row, language, f"ci_{end}", short=short) for end in ("low", "high")}
    return f"{text} ({say('words.interval', language, **limits)})"


def amount_with_interval(row: Row, language: str, *, short: bool = False) -> str:
    """The value of a row of measures with its interval behind it, and ILLUSTRATIVE if it is."""
    text = with_interval(row, language, short=short)
    if pd.isna(row["estimate"]) or not row["illustrative"]:
        return text
    return say("amounts.illustrative", language, text=text)
