"""Checking the rows of an extract against its study: every fault, with its place."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import cast

import duckdb
import ibis
import pandas as pd
from ibis import ir

from analysis.engines.dialect import matches
from analysis.errors import InputError
from analysis.files import write_text
from analysis.ingest.extract import ROW, Source
from analysis.studies import Study
from analysis.studies.parts import Column

FAULT_COLUMNS = ("file", "row", "column", "value", "rule")
FAULTS_LISTED_PER_RULE = 100_000
FAULTS_SHOWN = 10
FaultGroups = Iterable[tuple[tuple[str, str, str], pd.DataFrame]]
PATTERNS = {
    "integer": r"^[+-]?[0-9]{1,18}$",
    "number": r"^[+-]?([0-9]{1,200}\.?[0-9]{0,200}|\.[0-9]{1,200})([eE][+-]?[0-9]{1,2})?$",
}
"""How numbers are written. What matches can be cast on any engine: none has to try."""


@dataclass(frozen=True)
class Rule:
    """A condition that no row may meet, with the column and the words to report it by."""

    column: str
    words: str
    broken: ir.BooleanValue


Scan = tuple[ir.Table, list[Rule]]
"""A table and the rules to check in one scan of it."""


@dataclass(frozen=True)
class Faults:
    """What is wrong with an extract.

    Attributes
    ----------
    listed
        Columns `file`, `row`, `column`, `value`, `rule`, sorted by place.
    counts
        How often each rule of each column is broken, by file, column and rule.
    """

    listed: pd.DataFrame
    counts: dict[tuple[str, str, str], int]


def find_faults(tables: dict[str, ir.Table], study: Study, sources: Mapping[str, Source]) -> Faults:
    """Find every fault of the extract.

    Parameters
    ----------
    tables
        Tables after repair, by name, with their row numbers.
    study
        What the tables must hold.
    sources
        Where each table was read from, for the report.

    Returns
    -------
    Faults
        Empty if the extract is sound. At most 100,000 rows are listed for one rule.
    """
    refuse_empty(tables[study.rows], sources[study.rows])
    return collect_faults(
        (sources[name].name, scan)
        for name, table in tables.items()
        for scan in _scans(name, table, tables, study)
    )


def collect_faults(scans: Iterable[tuple[str, Scan]]) -> Faults:
    """Find the rows that break rules, in one scan of a table for all of its rules.

    Parameters
    ----------
    scans
        The name of a file, and a table of it with the rules to check.
    """
    found = []
    counts: dict[tuple[str, str, str], int] = {}
    for file, (table, rules) in scans:
        for rule, count in _broken_rules(table, rules):
            found.append(_broken_rows(table, rule).assign(file=file))
            counts[file, rule.column, rule.words] = count
    if not found:
        return Faults(pd.DataFrame(columns=list(FAULT_COLUMNS)), counts)
    listed = pd.concat(found, ignore_index=True)[list(FAULT_COLUMNS)]
    return Faults(listed.sort_values(["file", "row", "column"], ignore_index=True), counts)


def refuse_empty(table: ir.Table, source: Source) -> None:
    """Raise an `InputError` if a table has no rows."""
    if not table.count().to_pyarrow().as_py():
        raise InputError(f"{source.place} has no rows")


def refuse_unsound(
    find: Callable[[], Faults], sources: Mapping[str, Source], listing: Path, remedy: str
) -> None:
    """Look for the faults of an extract and raise if there are any.

    Parameters
    ----------
    find
        Looks for them.
    sources
        Where each table was read from.
    listing
        Where to list all faults; what an earlier run left there goes.
    remedy
        What to do about them.

    Raises
    ------
    InputError
        If there are faults, or the engine can't read a file.
    """
    listing.unlink(missing_ok=True)
    try:
        faults = find()
    except duckdb.Error as error:
        names = ", ".join(source.place for source in sources.values())
        raise InputError(f"Not readable as tables: {names}: {error}") from None
    refuse_faults(faults, listing, remedy)


def refuse_faults(faults: Faults, listing: Path, remedy: str) -> None:
    """Raise if there are faults, with a summary by rule, and list them all in a CSV file.

    Raises
    ------
    InputError
        If there are any.
    """
    if not faults.counts:
        return
    write_text(listing, faults.listed.to_csv(index=False))
    groups = faults.listed.groupby(["file", "column", "rule"], sort=False)
    lines = [
        f"  {file}, column {column}: {rule} — {faults.counts[file, column, rule]} row(s), "
        f"first in row {rows['row'].iloc[0]}: {_shown(rows['value'].iloc[0])}"
        for (file, column, rule), rows in islice(cast(FaultGroups, groups), FAULTS_SHOWN)
    ]
    more = groups.ngroups - FAULTS_SHOWN
    if more > 0:
        lines.append(f"  … and {more} more kinds of fault")
    total = sum(faults.counts.values())
    listed = "All of them" if len(faults.listed) == total else f"The first {len(faults.listed)}"
    raise InputError(
        f"The extract has {total} fault(s); nothing was written.\n"
        + "\n".join(lines)
        + f"\n{listed}, with file, row, column, value and rule, are listed in {listing}.\n{remedy}"
    )


def _shown(value: object) -> str:
    return "empty" if value is None or value != value else repr(value)


def _scans(name: str, table: ir.Table, tables: dict[str, ir.Table], study: Study) -> Iterator[Scan]:
    declared = study.tables[name]
    rules = [
        rule for column, kind in declared.columns.items() for rule in _rules(table, column, kind)
    ]
    yield table, rules
    yield key_scan(table, declared.key)
    for other, by in declared.references.items():
        yield reference_scan(table, other, tables[other], by)


def key_scan(table: ir.Table, key: Sequence[str]) -> Scan:
    """Check that no two rows share their key."""
    repeated = table.mutate(copies=ibis._.count().over(group_by=list(key)))
    words = f"the key ({', '.join(key)}) stands in more than one row"
    return repeated, [Rule(key[-1], words, repeated.copies > 1)]


def reference_scan(table: ir.Table, other: str, target: ir.Table, by: Sequence[str]) -> Scan:
    """Check that each row finds its match in the table called `other`."""
    orphans = table.anti_join(target, list(by))
    words = f"no row of {other} has this ({', '.join(by)})"
    return orphans, [Rule(by[-1], words, orphans[ROW].notnull())]


def _rules(table: ir.Table, column: str, kind: Column) -> Iterator[Rule]:
    value = table[column]
    if not kind.optional:
        yield Rule(column, "must not be empty", value.isnull())
    if kind.values is not None:
        words = f"must be one of: {', '.join(kind.values)}"
        yield Rule(column, words, value.notnull() & value.notin(kind.values))
    if kind.type != "text":
        # Engines alone would also take 0x1f, 3_0, nan and 17.6 rounded for numbers.
        written = matches(value, PATTERNS[kind.type])
        number = ibis.ifelse(written, value, ibis.null("string")).cast("float64")
        words = "must be a whole number" if kind.type == "integer" else "must be a number"
        yield Rule(column, words, value.notnull() & number.isnull())
        if kind.minimum is not None:
            yield Rule(column, f"must be at least {kind.minimum:g}", number < kind.minimum)
        if kind.maximum is not None:
            yield Rule(column, f"must be at most {kind.maximum:g}", number > kind.maximum)


def _broken_rules(table: ir.Table, rules: list[Rule]) -> list[tuple[Rule, int]]:
    """Rules that some row breaks and how many do, found in one scan of the table."""
    counts = {f"rule_{i}": rule.broken.sum().fill_null(0) for i, rule in enumerate(rules)}
    row = table.aggregate(**counts).to_pyarrow().to_pylist()[0]
    return [(rule, row[f"rule_{i}"]) for i, rule in enumerate(rules) if row[f"rule_{i}"]]


def _broken_rows(table: ir.Table, rule: Rule) -> pd.DataFrame:
    rows = table.filter(rule.broken).select(row=table[ROW], value=table[rule.column].cast("string"))
    listed: pd.DataFrame = rows.order_by("row").limit(FAULTS_LISTED_PER_RULE).to_pandas()
    return listed.assign(column=rule.column, rule=rule.words)
