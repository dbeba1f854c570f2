"""Numbers in tables whose rows say their unit: in what decimals, as a text, as a cell's format."""

import re
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from analysis.figures.amounts import amount
from analysis.figures.wording import catalogue, number, percent, say
from analysis.impact.measures import MeasureUnit
from analysis.impact.precision import rounded

Row = Mapping[Any, Any]

UNIT: Final = "unit"
LIMITS: Final = ("estimate", "ci_low", "ci_high")
STATED: Final = frozenset({"goal", "printed", "rounding", "budget", "value"})
"""Columns of numbers that somebody stated: they have their own decimals, not an estimate's."""
MOST_DECIMALS: Final = 2
"""Of what was stated."""
MOST_OF_PERCENT: Final = 1
"""Of numbers that are percentages already, as printed figures and their bounds are."""
PERCENT: Final = "percent"
"""How units begin whose numbers are percentages."""
PLACE: Final = "{value}"
MINUS: Final = "\N{MINUS SIGN}"


def has_units(table: pd.DataFrame) -> bool:
    """Whether the rows of a table say the unit of their numbers."""
    return UNIT in table


def in_unit(table: pd.DataFrame, name: str) -> bool:
    """Whether the numbers of a column are in the unit of their row: all but whole numbers."""
    return has_units(table) and pd.api.types.is_float_dtype(table[name])


def unit_words(unit: str, language: str) -> str:
    """A unit in words; its own name if the catalogue has none."""
    key = f"measure_units.{unit_key(unit)}"
    return say(key, language) if key in catalogue() else unit


def tells_unit(unit: str, language: str) -> bool:
    """Whether a number of a unit shows which it is."""
    return _is_percentage(unit) or _template(unit, language) != PLACE


def shown_digits(row: Row, name: str) -> int:
    """Decimals of a row's number, in the unit that readers see; negative ones round to tens.

    Those of the row where it has any, but for what was stated, which is shown as stated.
    """
    if name in LIMITS or ("digits" in row and name not in STATED):
        return int(row["digits"])
    return _own_digits(row[name], row[UNIT])


def quantity(value: float, unit: str, language: str, digits: int) -> str:
    """A number with its unit, as `analysis.figures.amounts.amount` has it, whatever the unit.

    Parameters
    ----------
    value
        In the unit.
    unit
        One of measures, or of published figures.
    language
        Of number and unit.
    digits
        Decimals, which may be negative.
    """
    if unit in list(MeasureUnit):
        return amount(value, unit, language, digits)
    if _is_percentage(unit):
        return percent(rounded(value / 100, digits + 2), language, max(digits, 0))
    text = number(rounded(value, digits), language, max(digits, 0))
    return _template(unit, language).format(value=text)


def cell_value(value: float, unit: str, digits: int) -> float:
    """A number as a cell holds it: percentages as fractions, and rounded where no format can."""
    if digits < 0:
        value = rounded(value, digits + 2 * (unit == MeasureUnit.SHARE))
    return value / 100 if unit.startswith(PERCENT) else value


def cell_format(unit: str, language: str, digits: int) -> str:
    """The number format of a cell of a unit, with a true minus sign."""
    decimals = "." + "0" * digits if digits > 0 else ""
    plain = f"#,##0{decimals}"
    if _is_percentage(unit):
        plain += '"\N{NO-BREAK SPACE}"%' if language == "fr" else "%"
    else:
        before, after = _template(unit, language).split(PLACE)
        plain = _quoted(before) + plain + _quoted(after)
    return f'{plain};"{MINUS}"{plain}'


def unit_key(unit: str) -> str:
    """A unit as a key of the catalogue."""
    return re.sub(r"\W+", "_", unit.lower())


def _is_percentage(unit: str) -> bool:
    return unit == MeasureUnit.SHARE or unit.startswith(PERCENT)


def _template(unit: str, language: str) -> str:
    key = f"amounts.{unit_key(unit)}"
    return catalogue()[key][language] if key in catalogue() else PLACE


def _own_digits(value: float, unit: str) -> int:
    """As many decimals as a stated number has, in the unit that readers see."""
    if pd.isna(value):
        return 0
    seen = 100 * value if unit == MeasureUnit.SHARE else value
    most = MOST_OF_PERCENT if unit.startswith(PERCENT) else MOST_DECIMALS
    near = 1e-9 * max(1.0, abs(seen))
    return next((one for one in range(most) if abs(round(seen, one) - seen) <= near), most)


def _quoted(text: str) -> str:
    return f'"{text}"' if text else ""
