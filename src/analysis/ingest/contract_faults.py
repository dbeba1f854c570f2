"""Checking an extract against the contract: every fault, by file, row, column and rule."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis
from ibis import ir
from pandera.ibis import Check, DataFrameSchema, IbisData

from analysis.engines.address import Address, parse_place
from analysis.engines.connect import engine_at
from analysis.engines.dialect import matches
from analysis.ingest.checks import (
    PATTERNS,
    Faults,
    Rule,
    Scan,
    collect_faults,
    key_scan,
    reference_scan,
    refuse_empty,
    refuse_unsound,
)
from analysis.ingest.contract import ACROSS, CONTRACT, REFERENCES, Across
from analysis.ingest.contract_optional import DATED, OPTIONAL
from analysis.ingest.extract import Source, Wanted, count_rows, open_extract
from analysis.ingest.journeys import extract_date
from analysis.ingest.synthetic import MARK_COLUMN

LISTING_FILE = "contract.faults.csv"
YEAR = "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
LEAP = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)"
DAYS = (
    f"{YEAR}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])",
    f"{YEAR}-(0[469]|11)-(0[1-9]|[12][0-9]|30)",
    f"{YEAR}-02-(0[1-9]|1[0-9]|2[0-8])",
    f"{LEAP}-02-29",
)
"""The days that there are, from the year 1 to 9999; not all engines can try to read another."""
KINDS = {
    # A Parquet file may hold a date as a time at midnight.
    "date": (f"^({'|'.join(DAYS)})( 00:00:00)?$", "must be a date (YYYY-MM-DD)"),
    "int64": (PATTERNS["integer"], "must be a whole number"),
    "float64": (PATTERNS["number"], "must be a number"),
    "boolean": ("^(true|false)$", "must be true or false"),
}
"""How each type is written, and what is said of a value that is not."""


@dataclass(frozen=True)
class Provided:
    """An extract that keeps the contract.

    Attributes
    ----------
    sources
        Where each table was read from, the optional ones that there are too.
    raw
        The tables as they were read: text, with the numbers of rows.
    tables
        The tables with the types of the contract.
    """

    sources: dict[str, Source]
    raw: dict[str, ir.Table]
    tables: dict[str, ir.Table]


def check_contract(extract: Path | str, processed: Path) -> dict[str, int | None]:
    """Check an extract against the contract, and do nothing else with it.

    Parameters
    ----------
    extract
        The folder of its files, or the address of its tables.
    processed
        The folder of processed tables, where a list of faults is written if there are any.

    Returns
    -------
    dict
        The number of rows of each table; None for an optional one that is not given.

    Raises
    ------
    InputError
        See `open_contract`; or if the engine can't be reached.
    """
    place = parse_place(extract)
    with engine_at(place, writing=False) as engine:
        rows = count_rows(open_contract(place, processed, engine).raw)
    return {**rows, **{name: None for name in OPTIONAL if name not in rows}}


def open_contract(
    extract: Path | Address, processed: Path, connection: ibis.BaseBackend
) -> Provided:
    """Open an extract after checking it against the contract.

    Parameters
    ----------
    extract
        The folder of the extract's files, or the database of its tables.
    processed
        The folder of processed tables, where a list of faults is written if there are any.
    connection
        To the engine that reads them.

    Raises
    ------
    InputError
        If a table that must be there or a column is missing, or rows break a rule; every fault is
        listed.
    """
    schemas = _schemas()
    columns = {name: tuple(schema.columns) for name, schema in schemas.items()}
    guide = "An extract holds the tables of docs/data-contract.md."
    marks = dict.fromkeys(OPTIONAL, (MARK_COLUMN,))
    keys = {name: _key(schema) for name, schema in schemas.items()}
    wanted = Wanted(columns, guide, keys=keys, optional=OPTIONAL, also=marks)
    sources, raw = open_extract(wanted, extract, connection)

    def find() -> Faults:
        for name in ("learners", *(name for name in OPTIONAL if name in raw)):
            refuse_empty(raw[name], sources[name])
        return collect_faults((sources[name].name, scan) for name, scan in contract_scans(raw))

    remedy = "Correct the extract; docs/data-contract.md has the rules."
    refuse_unsound(find, sources, processed / LISTING_FILE, remedy)
    return Provided(sources, raw, {name: _typed(raw[name], schemas[name]) for name in raw})


def contract_scans(raw: Mapping[str, ir.Table]) -> Iterator[tuple[str, Scan]]:
    """Scans that find every fault of an extract, each with the name of its table.

    Parameters
    ----------
    raw
        The tables of the contract as they were read: text, with the numbers of rows; optional ones
        may be absent.
    """
    schemas = {name: schema for name, schema in _schemas().items() if name in raw}
    typed = {name: _typed(table, schemas[name]) for name, table in raw.items()}
    for name, schema in schemas.items():
        yield name, (raw[name], list(_written(raw[name], schema)))
        yield (
            name,
            (typed[name], [*_column_rules(typed[name], schema), *_row_rules(typed[name], schema)]),
        )
        if key := _key(schema):
            # By its types, for 1 and +1 are one scope.
            yield name, key_scan(typed[name].drop_null(key), key)
    for (name, column), other in REFERENCES.items():
        given = raw[name].filter(raw[name][column].notnull())
        yield name, reference_scan(given, other, raw[other], [column])
        if rules := [rule for rule in ACROSS if (rule.table, rule.by) == (name, column)]:
            yield name, _across(typed[name], typed[other], rules)
    yield from _after_the_extract(typed)


def _after_the_extract(typed: Mapping[str, ir.Table]) -> Iterator[tuple[str, Scan]]:
    """Scans for what an optional table tells of a time after the day of the extract."""
    dated = {name: typed[name] for name in DATED if name in typed}
    as_of = extract_date(typed) if dated else None
    if as_of is None:
        return
    for name, table in dated.items():
        when = table[DATED[name]]
        after = when > (as_of.year if when.type().is_integer() else ibis.literal(as_of))
        words = f"{DATED[name]} is not after the day of the extract, {as_of.isoformat()}"
        yield name, (table, [Rule(DATED[name], words, after.fill_null(False))])


def _schemas() -> dict[str, DataFrameSchema]:
    return {name: model.to_schema() for name, model in {**CONTRACT, **OPTIONAL}.items()}


def _key(schema: DataFrameSchema) -> list[str]:
    single = [name for name, column in schema.columns.items() if column.unique]
    return single or list(schema.unique or ())


def _typed(table: ir.Table, schema: DataFrameSchema) -> ir.Table:
    """The table with the types of its schema; what is not written so is null."""
    typed: dict[str, ir.Value] = {}
    for name, column in schema.columns.items():
        kind = str(column.dtype)
        if kind in KINDS:
            well = ibis.ifelse(_well_written(table[name], kind), table[name], ibis.null("string"))
            typed[name] = (well.substr(0, 10) if kind == "date" else well).cast(kind)
    return table.mutate(**typed)


def _well_written(value: ir.StringValue, kind: str) -> ir.BooleanValue:
    return matches(value, KINDS[kind][0])


def _written(table: ir.Table, schema: DataFrameSchema) -> Iterator[Rule]:
    """Rules on a table's text: nothing that must be there is empty, all is written as its type."""
    for name, column in schema.columns.items():
        value, kind = table[name], str(column.dtype)
        if not column.nullable:
            yield Rule(name, "must not be empty", value.isnull())
        if kind in KINDS:
            yield Rule(name, KINDS[kind][1], value.notnull() & ~_well_written(value, kind))


def _column_rules(table: ir.Table, schema: DataFrameSchema) -> Iterator[Rule]:
    for name, column in schema.columns.items():
        for check in column.checks:
            words, holds = _translated(table[name], check)
            yield Rule(name, words, table[name].notnull() & ~holds)


def _translated(value: ir.Value, check: Check) -> tuple[str, ir.BooleanValue]:
    """A check of a column in words and as an expression; pandera's own can't be told by row."""
    told = check.statistics or {}
    if check.name == "isin":
        allowed = told["allowed_values"]
        return f"must be one of: {', '.join(map(str, allowed))}", value.isin(allowed)
    if check.name == "greater_than_or_equal_to":
        return f"must be at least {told['min_value']}", value >= told["min_value"]
    if check.name == "less_than_or_equal_to":
        return f"must be at most {told['max_value']}", value <= told["max_value"]
    if check.name == "str_matches":
        return f"must match {told['pattern']}", matches(value, told["pattern"])
    raise NotImplementedError(f"the check {check.name} of the contract")


def _row_rules(table: ir.Table, schema: DataFrameSchema) -> Iterator[Rule]:
    for check in schema.checks:
        holds = check._check_fn(IbisData(table))
        yield Rule(check.title, str(check.error), ~holds)


def _across(table: ir.Table, other: ir.Table, rules: Sequence[Across]) -> Scan:
    """Rules of a table and of the one that it refers to, on the two joined."""
    by = rules[0].by
    new = [column for column in other.columns if column == by or column not in table.columns]
    joined = table.inner_join(other.select(new), by)
    return joined, [Rule(rule.column, rule.words, ~rule.holds(joined)) for rule in rules]
