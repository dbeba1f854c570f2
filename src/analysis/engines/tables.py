"""Tables of a place: opening them, writing one whole or not at all, telling whether it changed."""

import contextlib
import hashlib
import re
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import ibis
import sqlglot as sg
from ibis import ir
from ibis.util import gen_name

from analysis.engines.address import Address, parse_place
from analysis.engines.connect import connection_to, engine_errors, for_files
from analysis.engines.dialect import has_temporary_tables, md5, table_names
from analysis.errors import InputError
from analysis.files import canonical_json

Place = Path | str
"""Where a table of rows lies: a Parquet file, or the address of a table of a database."""

BETWEEN: Final = "\x1f"
NOTHING: Final = "\x1e"
"""What stands between the fields of a row, and for an empty one, when a row is hashed."""
PARTS: Final = 3
PART_DIGITS: Final = 9
"""Sums of nine digits of nine billion rows stay within 64 bits."""
STAGED: Final = "staged"
KEPT: Final = "placement_gaps_kept"
NAME_DIGITS: Final = 16
LONGEST_NAME: Final = 63
"""PostgreSQL cuts longer names, without an error."""
LONGEST_END: Final = 25
MARK_DIGITS: Final = 8


def open_rows(place: Place) -> ir.Table:
    """Open a table of rows where it lies, lazily: whatever is asked of it is counted there.

    Parameters
    ----------
    place
        A Parquet file, or the address of a table.

    Raises
    ------
    InputError
        If the engine can't be reached or has no such table.
    """
    where = parse_place(place)
    if isinstance(where, Path):
        return for_files().read_parquet(where)
    return open_table(connection_to(where), where)


def open_table(connection: ibis.BaseBackend, address: Address) -> ir.Table:
    """Open the table of an address, lazily.

    Raises
    ------
    InputError
        If there is none, or it may not be read.
    """
    assert address.table, f"{address} names no table"
    with engine_errors(address):
        if address.table not in table_names(connection, address.schema):
            raise InputError(f"{address}: there is no such table, or it may not be read.")
        return connection.table(address.table, database=address.schema)


def fingerprint(table: ir.Table) -> str:
    """Tell a table's content in 64 hexadecimal digits, whatever the order of its rows.

    The engine hashes each row and sums the hashes, so that only four numbers come back. It costs
    one scan. Engines write decimals differently, so a table with some is compared with itself only.

    Returns
    -------
    str
        SHA-256 of the names of its columns, the number of its rows, and sums over all rows of
        three parts of the MD5 of their fields.
    """
    names = sorted(table.columns)
    fields = [table[name].cast("string").fill_null(NOTHING) for name in names]
    # Letters as digits: no two engines read hexadecimal numbers in the same way.
    digits = md5(ibis.literal(BETWEEN).join(fields)).translate("abcdef", "012345")
    sums = {
        f"part_{part}": digits.substr(part * PART_DIGITS, PART_DIGITS).cast("int64").sum()
        for part in range(PARTS)
    }
    told = table.aggregate(rows=table.count(), **sums).to_pyarrow().to_pylist()[0]
    numbers = {name: int(value or 0) for name, value in told.items()}
    return hashlib.sha256(canonical_json({"columns": names, **numbers}).encode()).hexdigest()


def write_rows(
    connection: ibis.BaseBackend, extract: Address, name: str, rows: ir.Table, *, writer: str
) -> tuple[Address, str]:
    """Write a table of results, whole or not at all, under a name that tells its content.

    It is written beside, and named once it is complete: a crash at any moment leaves what stood
    before, and perhaps a table that the next run of the same writer drops. Writers may share a
    schema: nobody writes where another does.

    Parameters
    ----------
    connection
        To the engine of the rows.
    extract
        Where the extract lies, and where results go.
    name
        What the table's name begins with.
    rows
        What to write.
    writer
        Who writes, in few letters and digits; one at a time may be called so.

    Returns
    -------
    address, fingerprint
        Where the rows lie, and their fingerprint.
    """
    own = _table_name(name, f"{STAGED}_{writer}")
    for left in table_names(connection, extract.of_results(own).schema):
        if left.startswith(own):
            drop_table(connection, extract.of_results(left))
    # A name never used: Spark writes no table where a crash left files of one.
    staged = extract.of_results(f"{own}_{secrets.token_hex(MARK_DIGITS // 2)}")
    connection.create_table(staged.table, rows, database=staged.schema)
    told = fingerprint(open_table(connection, staged))
    final = extract.of_results(_table_name(name, told[:NAME_DIGITS]))
    assert final.table, "a name is given"
    if final.table in table_names(connection, final.schema):
        standing = fingerprint(open_table(connection, final))
        if standing == told:
            drop_table(connection, staged)
            return final, told
        drop_table(connection, final)
    _run(connection, "ALTER TABLE {} RENAME TO {}", staged, final)
    return final, told


def same_table(connection: ibis.BaseBackend, one: Address, other: Address) -> bool:
    """Whether addresses of one database mean the same table, be its default schema named or not.

    Some engines tell capitals apart and some don't; here names that differ in them are the same.
    """
    here = connection.current_database
    names = {f"{each.schema or here}.{each.table}".casefold() for each in (one, other)}
    return len(names) == 1


def _table_name(begin: str, end: str) -> str:
    """A name that every engine takes and none cuts: small letters, digits and `_`, not too many."""
    plain = re.sub(r"\W", "_", begin, flags=re.ASCII).lower()
    room = LONGEST_NAME - LONGEST_END
    if plain != begin or len(plain) > room:
        mark = hashlib.sha256(begin.encode()).hexdigest()[:MARK_DIGITS]
        plain = f"{plain[: room - MARK_DIGITS - 1]}_{mark}"
    return f"{plain}_{end}"


@contextlib.contextmanager
def kept_rows(connection: ibis.BaseBackend, rows: ir.Table) -> Iterator[ir.Table]:
    """Have an engine keep rows that are asked for several times, until the block ends."""
    if not has_temporary_tables(connection):
        with rows.cache() as kept:
            yield kept
        return
    # Ibis' own cache drops its tables when they are forgotten, be the engine closed by then or not.
    name = gen_name(KEPT)
    kept = connection.create_table(name, rows, temp=True)
    try:
        yield kept
    finally:
        with contextlib.suppress(Exception):
            # Where the engine is gone, so is the table; its error is the one to tell.
            connection.raw_sql(f"DROP TABLE IF EXISTS {_quoted(connection, [name])}")


def drop_table(connection: ibis.BaseBackend, address: Address) -> None:
    """Drop a table if it is there."""
    _run(connection, "DROP TABLE IF EXISTS {}", address)


def _run(connection: ibis.BaseBackend, statement: str, *tables: Address) -> None:
    """Run a statement on tables, the first with its schema."""
    names = [_quoted(connection, [tables[0].schema, tables[0].table])]
    names += [_quoted(connection, [table.table]) for table in tables[1:]]
    connection.raw_sql(statement.format(*names))


def _quoted(connection: ibis.BaseBackend, parts: Sequence[str | None]) -> str:
    named = [sg.to_identifier(part, quoted=True) for part in parts if part]
    return ".".join(part.sql(dialect=connection.dialect) for part in named)
