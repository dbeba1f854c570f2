"""Measures in words: each with its unit, its interval, and no more digits than that supports."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.figures.tables import DASH
from analysis.figures.wording import MINUS, number, percent, say
from analysis.impact.measures import MeasureUnit
from analysis.impact.precision import rounded
from analysis.release.results import is_hidden

Row = Mapping[Any, Any] | pd.Series


def amount(value: float, unit: str, language: str, digits: int, *, signed: bool = False) -> str:
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
    """
    shown = rounded(value, digits + 2 * (unit == MeasureUnit.SHARE))
    sign = MINUS if shown < 0 else "+" if signed and shown > 0 else ""
    if unit == MeasureUnit.SHARE:
        return sign + percent(abs(shown), language, max(digits, 0))
    text = number(abs(shown), language, max(digits, 0))
    return sign + say(f"amounts.{unit.lower().replace(' ', '_')}", language, value=text)


def row_amount(row: Row, language: str, column: str = "estimate") -> str:
    """A value of a row of measures; a dash if it has none, words if it is hidden."""
    if pd.notna(row[column]):
        return amount(row[column], row["unit"], language, int(row["digits"]))
    return say("words.not_shown", language) if is_hidden(str(row["note"])) else DASH


def amount_with_interval(row: Row, language: str) -> str:
    """The value of a row of measures with its interval behind it, and ILLUSTRATIVE if it is."""
    text = row_amount(row, language)
    if pd.isna(row["estimate"]):
        return text
    if pd.notna(row["ci_low"]):
        limits = {end: row_amount(row, language, f"ci_{end}") for end in ("low", "high")}
        text = f"{text} ({say('words.interval', language, **limits)})"
    return say("amounts.illustrative", language, text=text) if row["illustrative"] else text
