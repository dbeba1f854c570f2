"""Reading the files of an extract, every column as text, each row with its number."""

import csv
import glob
import gzip
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import ibis
from ibis import ir

from analysis.errors import InputError
from analysis.studies import Study

ROW = "file_row"
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
    optional
        Names of those that may be absent.
    also
        Columns to read of each where it has them, by its name.
    """

    columns: Mapping[str, Collection[str]]
    obtain: str
    optional: Collection[str] = ()
    also: Mapping[str, Collection[str]] = field(default_factory=dict)


def wanted_by(study: Study) -> Wanted:
    """The files that a study reads."""
    columns = {name: tuple(table.columns) for name, table in study.tables.items()}
    told = study.provenance
    return Wanted(columns, f"Study {study.name} needs: {told.source}. {told.obtain}")


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
    declared = wanted.columns[name]
    parquet = path.suffix == ".parquet"
    try:
        if parquet:
            table = connection.read_parquet(glob.escape(str(path)), hive_partitioning=False)
        else:
            table = connection.read_csv(glob.escape(str(path)), **CSV_OPTIONS, **_layout(path))
    except duckdb.Error as error:
        raise InputError(f"{path}: not readable as a table: {error}") from None
    lost = [column for column in declared if column not in table.columns]
    if lost:
        raise InputError(
            f"{path} lacks the column {', '.join(lost)}. Its columns are: "
            f"{', '.join(table.columns)}.\n{wanted.obtain}"
        )
    also = [column for column in wanted.also.get(name, ()) if column in table.columns]
    texts = {column: _text(table[column]) for column in (*declared, *also)}
    first = 1 if parquet else 1 + HEADER_LINES
    return table.select(**texts, **{ROW: ibis.row_number() + first})


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
    text = value.cast("string").nullif("")
    return text.re_replace(r"\.0$", "") if value.type().is_floating() else text


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
