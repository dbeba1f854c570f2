"""That no output names a person or has a row of one."""

import re
from collections.abc import Mapping
from typing import Final

import pandas as pd

from analysis.errors import InputError
from analysis.studies import Study

IDENTIFIER: Final = re.compile(
    r"(person|application|enrolment|email|phone|birth_?date|date_of_birth|(.*_)?id)"
)
"""Names of columns that tell persons apart, in whatever study."""

COUNTING: Final = ("persons", "n_group", "n", "at_risk", "counted")
"""Columns that say how many persons a row stands for, the first that a table has counts."""


def check_no_persons(tables: Mapping[str, pd.DataFrame], study: Study) -> None:
    """Refuse outputs with a column of identifiers, or with a row a person.

    Parameters
    ----------
    tables
        Every table of a pack by its name, the data of its figures too.
    study
        The study; the columns that tell its persons apart are refused as well.

    Raises
    ------
    InputError
        Naming the tables and what is wrong with them.
    """
    own = {study.person, *study.tables[study.rows].key}
    faults = [
        f"{name}: {fault}"
        for name, table in tables.items()
        for fault in (_identifiers(table, own), _row_a_person(table))
        if fault
    ]
    if faults:
        listed = "\n".join(f"- {fault}" for fault in faults)
        raise InputError(
            f"Outputs must tell of groups, never of persons:\n{listed}\n"
            "Take these columns out, or count rows before they are written."
        )


def _identifiers(table: pd.DataFrame, own: set[str]) -> str:
    found = [
        str(name)
        for name in table.columns
        if name in own or IDENTIFIER.fullmatch(str(name).lower())
    ]
    return f"identifies persons by {', '.join(found)}" if found else ""


def _row_a_person(table: pd.DataFrame) -> str:
    """What is wrong if every row of a table counts one person: nobody is grouped with anybody."""
    counts = next((table[name].dropna() for name in COUNTING if name in table), None)
    if counts is None or len(counts) < 2:
        return ""
    return "has a row for each person" if (counts == 1).all() else ""
