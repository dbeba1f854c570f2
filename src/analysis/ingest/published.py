"""The figures that the provider published, as printed, contradictions included."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors
from pandera.typing import Series

from analysis.errors import InputError
from analysis.ingest.raw import published_folder

RELATIONS = ("equal", "more_than", "at_least", "less_than", "almost", "about")


class Published(pa.DataFrameModel):
    """One figure or statement a row.

    A value stands as it was printed, in the unit that it was printed in; `rounding` is the worth
    of its last printed digit that counts, in the same unit. `source` is the sentence or the chart,
    `reading` how it was understood where the text leaves doubt.
    """

    measure: Series[str] = pa.Field(str_length={"min_value": 1})
    group: Series[str] = pa.Field(str_length={"min_value": 1})
    period: Series[str] = pa.Field(str_length={"min_value": 1})
    relation: Series[str] = pa.Field(isin=RELATIONS)
    value: Series[float] = pa.Field(nullable=True)
    unit: Series[str] = pa.Field(nullable=True)
    rounding: Series[float] = pa.Field(nullable=True, gt=0)
    section: Series[str] = pa.Field(str_length={"min_value": 1})
    source: Series[str] = pa.Field(str_length={"min_value": 1})
    reading: Series[str] = pa.Field(nullable=True)

    class Config:
        """No other column, in this order; text columns may come in as any text type."""

        strict = True
        ordered = True
        coerce = True

    @pa.dataframe_check(error="a value has a unit and a rounding, a statement has neither")
    def _value_is_whole(cls, table: pd.DataFrame) -> "pd.Series[bool]":
        given = table[["value", "unit", "rounding"]].notna()
        return given.all(axis=1) | ~given.any(axis=1)


HEADER: Final = 1
COLUMNS: Final = tuple(Published.to_schema().columns)
OF_COLUMNS: Final = {
    "column_in_dataframe": "is missing",
    "column_in_schema": f"is none of {', '.join(COLUMNS)}",
    "column_ordered": f"columns must stand in the order {', '.join(COLUMNS)}",
}
"""Rules on the columns themselves, by the names of their checks."""
RULES: Final = {
    "coerce_dtype": "must be a number",
    "dtype": "must be a number",
    "greater_than": "must be more than 0",
    "isin": f"must be one of: {', '.join(RELATIONS)}",
    "not_nullable": "must not be empty",
    "str_length": "must not be empty",
}
"""Rules on values, by the names of their checks."""


def read_published(root: Path, year: int | str, subject: str) -> pd.DataFrame:
    """Read the published figures of a subject.

    Parameters
    ----------
    root
        The repository.
    year
        The year that the figures are of.
    subject
        Name of the file: funnel, categories, funding, career_outcomes, free_courses,
        apprenticeship, emissions, targets, statements or definitions.

    Returns
    -------
    pandas.DataFrame
        See `Published`.

    Raises
    ------
    InputError
        If there is no such file or it breaks the rules of `Published`.
    """
    path = published_folder(root, year) / f"{subject}.csv"
    if not path.is_file():
        known = sorted(other.stem for other in path.parent.glob("*.csv"))
        raise InputError(f"There is no {path}. Subjects of {year}: {', '.join(known) or 'none'}.")
    return read_figures(path)


def read_figures(path: Path) -> pd.DataFrame:
    """Read a file of figures in the format of `Published`, wherever it lies.

    Raises
    ------
    InputError
        If it can't be read as CSV, or breaks the rules of `Published`; each fault by its row.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, UnicodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path} can't be read as a CSV file in UTF-8: {error}") from None
    try:
        return Published.validate(table, lazy=True)
    except SchemaErrors as error:
        faults = "\n".join(_faults(error.failure_cases))
        raise InputError(f"{path} breaks the rules of published figures:\n{faults}") from None


def _faults(cases: pd.DataFrame) -> list[str]:
    """One line a broken rule, by rows of the file; the header is row 1."""
    faults: dict[tuple[int, str], None] = {}
    for case in cases.to_dict("records"):
        missing = pd.isna(case["index"])
        if missing and case["check"] not in OF_COLUMNS:
            # A rule of rows can't be looked at where one of its columns is missing.
            continue
        row = HEADER if missing else int(case["index"]) + HEADER + 1
        faults[row, _fault(case)] = None
    return [f"  row {row}, {fault}" for row, fault in sorted(faults)]


def _fault(case: Mapping[Hashable, Any]) -> str:
    """What is wrong in a row, in words."""
    check, value = str(case["check"]), case["failure_case"]
    if check in OF_COLUMNS:
        return f"column {value}: {OF_COLUMNS[check]}"
    rule = RULES.get(check.partition("(")[0])
    if rule is None:
        # A rule on whole rows, which is said in words.
        return check
    shown = "empty" if pd.isna(value) else repr(value)
    return f"{case['column']} = {shown}: {rule}"
