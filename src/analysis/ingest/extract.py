"""Reading the tables of an extract, every column as text, each row with what names it."""

import csv
import glob
import gzip
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import duckdb
import ibis
from ibis import ir

from analysis.engines.address import Address
from analysis.engines.dialect import number_text, table_names
from analysis.engines.tables import fingerprint
from analysis.errors import InputError
from analysis.files import sha256
from analysis.studies import Study

ROW = "file_row"
"""What names a row: its number in a file; in a database, which has no order, its key."""
SUFFIXES = (".parquet", ".csv", ".csv.gz")
HEADER_LINES = 1
DELIMITERS = ",;\t|"
# Said rather than guessed: DuckDB would take lines that begin with "#" for comments, and drop them,
# and read a folder called year=2022 as a column.
CSV_OPTIONS = {
    "header": True,
    "nullstr": "",
    "quote": '"',
    "escape": '"',
    "comment": "",
    "hive_partitioning": False,
}


@dataclass(frozen=True)
class Wanted:
    """The files asked for.

    Attributes
    ----------
    columns
        The columns to read of each, by its name without ending.
    obtain
        How one gets them, for who lacks them.
    keys
        The columns that tell the rows of each apart, by its name.
    optional
        Names of those that may be absent.
    also
        Columns to read of each where it has them, by its name.
    """

    columns: Mapping[str, Collection[str]]
    obtain: str
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)
    optional: Collection[str] = ()
    also: Mapping[str, Collection[str]] = field(default_factory=dict)


def wanted_by(study: Study) -> Wanted:
    """The files that a study reads."""
    columns = {name: tuple(table.columns) for name, table in study.tables.items()}
    keys = {name: table.key for name, table in study.tables.items()}
    told = study.provenance
    return Wanted(columns, f"Study {study.name} needs: {told.source}. {told.obtain}", keys)


@dataclass(frozen=True)
class Source:
    """Where a table of an extract was read from.

    Attributes
    ----------
    place
        Its whole path or address.
    name
        What it is called beside the others.
    digest
        Tells its content: the SHA-256 of a file, the fingerprint of what is read of a table.
    """

    place: str
    name: str
    digest: Callable[[], str]


def open_extract(
    wanted: Wanted, extract: Path | Address, connection: ibis.BaseBackend
) -> tuple[dict[str, Source], dict[str, ir.Table]]:
    """Open each wanted table as a lazy one: wanted columns as text, and what names the row.

    Parameters
    ----------
    wanted
        The tables.
    extract
        A folder of files, or a database.
    connection
        To the engine that reads them.

    Raises
    ------
    InputError
        If tables or columns are not there; the message says what is there instead.
    """
    if isinstance(extract, Address):
        return _open_database(wanted, extract, connection)
    files = find_files(wanted, extract)
    sources = {
        name: Source(str(path), path.name, partial(sha256, path)) for name, path in files.items()
    }
    return sources, read_tables(connection, wanted, files)


def _open_database(
    wanted: Wanted, extract: Address, connection: ibis.BaseBackend
) -> tuple[dict[str, Source], dict[str, ir.Table]]:
    present = table_names(connection, extract.schema)
    names = {name: _named_so(name, present) for name in wanted.columns}
    lost = [name for name, own in names.items() if own is None and name not in wanted.optional]
    if lost:
        raise InputError(
            f"{extract} lacks the table {', '.join(lost)}, or it may not be read. Its tables are: "
            f"{', '.join(present) or 'none'}.\n{wanted.obtain}"
        )
    sources, tables = {}, {}
    for name, own in names.items():
        if own is not None:
            place = f"{extract}, table {own}"
            table = connection.table(own, database=extract.schema)
            tables[name] = _named_by_key(_texts(table, wanted, name, place), wanted.keys[name])
            read = tables[name].drop(ROW)
            sources[name] = Source(place, own, partial(fingerprint, read))
    return sources, tables


def _named_so(name: str, present: Iterable[str]) -> str | None:
    """What has a name, or has it in small or capital letters, for some databases keep no others."""
    alike = [one for one in present if one.lower() == name.lower()]
    return name if name in alike else alike[0] if len(alike) == 1 else None


def _named_by_key(table: ir.Table, key: Sequence[str]) -> ir.Table:
    parts = [ibis.literal(f"{name}=") + table[name].fill_null("") for name in key]
    return table.mutate(**{ROW: ibis.literal(", ").join(parts)})


def find_files(wanted: Wanted, folder: Path) -> dict[str, Path]:
    """Path of each wanted table's file in `folder`; of an optional one only if it is there.

    Raises
    ------
    InputError
        If the folder or a file is not there; the message says what was looked for, what lies
        there instead, and how the data are obtained.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder.\n{wanted.obtain}")
    found = {name: _table_file(folder, name) for name in wanted.columns}
    lost = [name for name, path in found.items() if path is None and name not in wanted.optional]
    if lost:
        present = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
        names = ", ".join(f"{name}.csv (or .parquet)" for name in lost)
        raise InputError(f"{folder} lacks {names}. It holds: {present}.\n{wanted.obtain}")
    return {name: path for name, path in found.items() if path is not None}


def count_rows(tables: Mapping[str, ir.Table]) -> dict[str, int]:
    """Number of rows of each table."""
    return {name: int(table.count().to_pyarrow().as_py()) for name, table in tables.items()}


def _table_file(folder: Path, name: str) -> Path | None:
    candidates = [folder / f"{name}{suffix}" for suffix in SUFFIXES]
    return next((path for path in candidates if path.is_file()), None)


def read_tables(
    connection: ibis.BaseBackend, wanted: Wanted, files: dict[str, Path]
) -> dict[str, ir.Table]:
    """Open each file as a lazy table: wanted columns as text, and the row's number in the file.

    In a CSV file the header is row 1, so that a row's number is its line's unless lines are blank
    or a field goes over several; in Parquet rows are counted from 1.

    Raises
    ------
    InputError
        If a file can't be read or lacks wanted columns.
    """
    return {name: _read_table(connection, wanted, name, path) for name, path in files.items()}


def _read_table(connection: ibis.BaseBackend, wanted: Wanted, name: str, path: Path) -> ir.Table:
    parquet = path.suffix == ".parquet"
    try:
        if parquet:
            table = connection.read_parquet(glob.escape(str(path)), hive_partitioning=False)
        else:
            table = connection.read_csv(glob.escape(str(path)), **CSV_OPTIONS, **_layout(path))
    except duckdb.Error as error:
        raise InputError(f"{path}: not readable as a table: {error}") from None
    first = 1 if parquet else 1 + HEADER_LINES
    return _texts(table, wanted, name, str(path), **{ROW: ibis.row_number() + first})


def _texts(table: ir.Table, wanted: Wanted, name: str, place: str, **beside: ir.Value) -> ir.Table:
    """The wanted columns of a table as text, and others beside them."""
    columns = (*wanted.columns[name], *wanted.also.get(name, ()))
    own = {column: _named_so(column, table.columns) for column in columns}
    lost = [column for column in wanted.columns[name] if own[column] is None]
    if lost:
        raise InputError(
            f"{place} lacks the column {', '.join(lost)}. Its columns are: "
            f"{', '.join(table.columns)}.\n{wanted.obtain}"
        )
    texts = {column: _text(table[found]) for column, found in own.items() if found is not None}
    return table.select(**texts, **beside)


def _layout(path: Path) -> dict[str, str | dict[str, str]]:
    """The columns of a CSV file, all text, and the mark that parts them, by its header.

    Raises
    ------
    InputError
        If the header can't be read, or a name stands in it twice.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:
            header = stream.readline()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as UTF-8 text: {error}") from None
    delimiter = max(DELIMITERS, key=header.count)
    names = next(csv.reader([header], delimiter=delimiter), [])
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"{path}: the column {', '.join(twice)} stands in its header twice")
    return {"delim": delimiter, "columns": dict.fromkeys(names, "VARCHAR")}


def _text(value: ir.Value) -> ir.StringValue:
    """A column as text; empty is null, and a whole number kept as a float loses its ".0"."""
    text = number_text(value) if value.type().is_floating() else value.cast("string")
    return text.nullif("")


def repair(tables: dict[str, ir.Table], study: Study) -> dict[str, ir.Table]:
    """Put the value that was meant in the place of each known damage, and null for "missing"."""
    return {
        name: table.mutate(
            **{
                column: table[column].substitute(_substitutes(study, name, column))
                for column in study.tables[name].columns
                if _substitutes(study, name, column)
            }
        )
        for name, table in tables.items()
    }


def _substitutes(study: Study, table: str, column: str) -> dict[str, str | None]:
    declared = study.tables[table].columns[column]
    return {**declared.repair, **dict.fromkeys(declared.missing)}


def count_repairs(tables: dict[str, ir.Table], study: Study) -> list[dict[str, str | int]]:
    """How often each known damage occurs: rows of table, column, found, meant, rows."""
    log: list[dict[str, str | int]] = []
    for name, table in tables.items():
        for column, declared in study.tables[name].columns.items():
            for found, meant in declared.repair.items():
                rows = int((table[column] == found).sum().fill_null(0).to_pyarrow().as_py())
                if rows:
                    log.append(
                        {
                            "table": name,
                            "column": column,
                            "found": found,
                            "meant": meant,
                            "rows": rows,
                        }
                    )
    return log
