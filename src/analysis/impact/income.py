"""The income statement of each year: lines, subtotals, budget, and growth."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.estimate.results import write_note
from analysis.impact.measures import MeasureUnit, measure_table
from analysis.vocabulary import MONTHS_A_YEAR, IncomeLine

Row = dict[str, Any]

INCOME: Final = "income-statement"
"""Name that the table is saved under."""
REVENUE: Final = (
    IncomeLine.REVENUE_INDIVIDUAL,
    IncomeLine.REVENUE_PUBLIC,
    IncomeLine.REVENUE_APPRENTICESHIP,
    IncomeLine.REVENUE_EMPLOYER,
    IncomeLine.REVENUE_OTHER,
    IncomeLine.SUBSIDIES,
)
COSTS: Final = (
    IncomeLine.STAFF,
    IncomeLine.MENTORING,
    IncomeLine.CONTENT,
    IncomeLine.TECHNOLOGY,
    IncomeLine.MARKETING,
    IncomeLine.PREMISES,
    IncomeLine.CLIMATE_CONTRIBUTION,
    IncomeLine.DEPRECIATION,
    IncomeLine.OTHER_COSTS,
)
AT_TIMES: Final = (
    IncomeLine.REVENUE_OTHER,
    IncomeLine.SUBSIDIES,
    IncomeLine.CLIMATE_CONTRIBUTION,
    IncomeLine.DEPRECIATION,
    IncomeLine.OTHER_COSTS,
    IncomeLine.FINANCIAL_RESULT,
    IncomeLine.INCOME_TAX,
)
"""Lines that some months may have no row of; every other line is one of each month."""
_OPERATING: Final[Mapping[IncomeLine, int]] = {
    **dict.fromkeys(REVENUE, 1),
    **dict.fromkeys(COSTS, -1),
}
SUBTOTALS: Final[Mapping[str, Mapping[IncomeLine, int]]] = {
    "revenue": dict.fromkeys(REVENUE, 1),
    "costs": dict.fromkeys(COSTS, 1),
    "operating_result": _OPERATING,
    "net_result": {**_OPERATING, IncomeLine.FINANCIAL_RESULT: 1, IncomeLine.INCOME_TAX: -1},
}
"""Subtotals by the lines that they add (1) or take away (-1)."""
STATEMENT: Final[tuple[str, ...]] = (
    *REVENUE,
    "revenue",
    *COSTS,
    "costs",
    "operating_result",
    IncomeLine.FINANCIAL_RESULT,
    IncomeLine.INCOME_TAX,
    "net_result",
)
"""Lines and subtotals in their order."""
SOURCE: Final = "finance"


def income_statement(finance: pd.DataFrame) -> pd.DataFrame:
    """Measure every line and subtotal of every year.

    Revenue and costs are positive, the operating result is revenue minus costs, and the net result
    adds the financial result, which has its own sign, and takes away the income tax. A month counts
    as given if it has both a line of revenue and a line of costs; of a year with fewer than twelve
    such months, sums stand with that number in their note, and growth is not told. So it is with a
    line of each month (all but `AT_TIMES`) that is not in all of these months, and with the
    subtotals that it is in, whose note counts such lines.

    Parameters
    ----------
    finance
        One row a month and line: `month` (first of the month), `line`, `amount` and `budget`
        in euros; a budget may be missing.

    Returns
    -------
    pandas.DataFrame
        See `analysis.impact.measures.Measures`; groups are lines and subtotals, periods years.
        `income` is the amount; `income_budget` the budget, of the months in which every line given
        has one, and `income_deviation` the amount of these months minus it; `income_growth` the
        growth of the amount against the year before, where both are whole and that one is
        positive.
    """
    years = sorted(finance["month"].dt.year.unique())
    rows = [row for year in years for row in _year(finance, int(year))]
    return measure_table(rows)


def climate_contribution(finance: pd.DataFrame, year: int) -> float | None:
    """What was paid in a year for the climate, in euros; None if the year's months don't tell."""
    own = finance[finance["month"].dt.year == year]
    paid = own[own["line"] == IncomeLine.CLIMATE_CONTRIBUTION]
    return None if paid.empty or len(_given(own)) < MONTHS_A_YEAR else float(paid["amount"].sum())


def _given(own: pd.DataFrame) -> set[pd.Timestamp]:
    """Months of a year with both revenue and costs."""
    sides = (set(own.loc[own["line"].isin(lines), "month"]) for lines in (REVENUE, COSTS))
    return set.intersection(*sides)


def _lacking(own: pd.DataFrame) -> dict[str, int]:
    """Lines of each month that are not in all months given of a year, and how many they are in."""
    given = _given(own)
    regular = own[own["month"].isin(given) & ~own["line"].isin(AT_TIMES)]
    months = regular.groupby("line")["month"].nunique()
    return {str(line): int(n) for line, n in months[months < len(given)].items()}


def _told(own: pd.DataFrame, name: str, lines: Collection[IncomeLine]) -> str:
    """What a line or subtotal of a year lacks, as a note; empty if nothing."""
    months, lacking = len(_given(own)), _lacking(own)
    added = set(lines) if name in SUBTOTALS else set()
    return write_note(
        months_given=months if months < MONTHS_A_YEAR else None,
        line_months=lacking.get(name),
        lines_not_whole=len(lacking.keys() & added) or None,
    )


def _year(finance: pd.DataFrame, year: int) -> Iterator[Row]:
    own, before = (finance[finance["month"].dt.year == each] for each in (year, year - 1))
    for name in STATEMENT:
        signs = SUBTOTALS.get(name) or {IncomeLine(name): 1}
        part = _signed(own, signs)
        if part.empty:
            continue
        shared: Row = {"group": str(name), "period": str(year), "source": SOURCE}
        note = _told(own, name, signs)
        whole = not note and not _told(before, name, signs)
        amount = float(part["amount"].sum())
        yield {
            "measure": "income",
            "unit": MeasureUnit.EUR,
            "estimate": amount,
            "note": note,
        } | shared
        yield from ({**row, **shared} for row in _budget(part))
        yield shared | _growth(amount, _signed(before, signs), whole)


def _signed(own: pd.DataFrame, signs: Mapping[IncomeLine, int]) -> pd.DataFrame:
    """The rows of lines with amount and budget as they enter a subtotal."""
    part = own[own["line"].isin(list(signs))]
    sign = np.array([signs[IncomeLine(line)] for line in part["line"]], dtype=float)
    return part.assign(amount=sign * part["amount"], budget=sign * part["budget"])


def _budget(part: pd.DataFrame) -> Iterator[Row]:
    """Budget and deviation of the months in which every line given has a budget."""
    months = part.groupby("month")[["amount", "budget"]].sum(skipna=False).dropna()
    money: Row = {"unit": MeasureUnit.EUR}
    if months.empty:
        lacking = "no_budget" if part["budget"].isna().all() else "lines_without_budget"
        yield {"measure": "income_budget", "note": lacking, **money}
        return
    given = part["month"].nunique()
    money["note"] = write_note(budgeted_months=len(months) if len(months) < given else None)
    budget, amount = float(months["budget"].sum()), float(months["amount"].sum())
    yield {"measure": "income_budget", "estimate": budget, **money}
    yield {"measure": "income_deviation", "estimate": amount - budget, **money}


def _growth(amount: float, before: pd.DataFrame, whole: bool) -> Row:
    """Growth against the year before; a reason where it can't be told or would mislead."""
    row: Row = {"measure": "income_growth", "unit": MeasureUnit.SHARE, "estimate": np.nan}
    base = float(before["amount"].sum())
    if before.empty:
        return row | {"note": "no_year_before"}
    if not whole:
        return row | {"note": "years_not_whole"}
    if base <= 0:
        return row | {"note": "base_not_positive"}
    return row | {"estimate": amount / base - 1}
