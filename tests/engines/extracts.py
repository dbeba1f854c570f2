"""Extracts put into databases, as a warehouse would hold them: typed, and in no order."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

EVERY = 40
"""A person in so many of the generated extract is put into databases."""
TYPES = {"VARCHAR": "text", "BIGINT": "bigint", "INTEGER": "integer", "DOUBLE": "double precision"}
REFERRED = {"learners": "person", "applications": "person", "career_outcomes": "person"}
BY_APPLICATION = ("enrolments", "surveys")

Folder = Path


def sample_of(generated: Folder, folder: Folder) -> Folder:
    """Write the rows of some persons of the generated extract, and all rows of no person."""
    folder.mkdir()
    with duckdb.connect() as connection:
        for path in sorted(generated.glob("*.parquet")):
            connection.execute(f"create view {path.stem} as from '{path}'")
        few = f"hash(person) % {EVERY} = 0"
        for path in sorted(generated.glob("*.parquet")):
            kept = {
                **dict.fromkeys(REFERRED, few),
                **dict.fromkeys(
                    BY_APPLICATION,
                    f"application in (select application from applications where {few})",
                ),
            }.get(path.stem, "true")
            connection.execute(
                f"copy (from {path.stem} where {kept}) to '{folder / path.name}' (format parquet)"
            )
    return folder


def into_duckdb(file: Path, schema: str, folder: Folder, names: Iterable[str]) -> None:
    """Copy the tables of a folder into a DuckDB file, in reverse order."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{file}' as held; use held")
        connection.execute(f'create schema if not exists "{schema}"')
        for name in names:
            connection.execute(
                f'create or replace table "{schema}"."{name}" as '
                f"select * exclude place from (select *, row_number() over () as place "
                f"from '{_file(folder, name)}') order by place desc"
            )


def into_postgres(connection: Any, schema: str, folder: Folder, names: Iterable[str]) -> None:
    """Copy the tables of a folder into PostgreSQL, under names in small letters."""
    connection.execute(f'create schema if not exists "{schema}"')
    for name in names:
        with duckdb.connect() as reader:
            table = reader.sql(f"from '{_file(folder, name)}'")
            types = dict(zip(table.columns, map(str, table.types), strict=True))
            columns = ", ".join(f'"{column}" {TYPES.get(t, t)}' for column, t in types.items())
            connection.execute(f'create table "{schema}"."{name.lower()}" ({columns})')
            text = reader.sql(f"from '{_file(folder, name)}'").df().to_csv(index=False)
        with (
            connection.cursor() as cursor,
            cursor.copy(
                f'copy "{schema}"."{name.lower()}" from stdin (format csv, header)'
            ) as copy,
        ):
            copy.write(text)


def into_spark(session: Any, schema: str, folder: Folder, names: Iterable[str]) -> None:
    """Copy the tables of a folder into Spark's catalogue."""
    session.sql(f"create database if not exists {schema}")
    for name in names:
        file = _file(folder, name)
        reader = session.read
        table = (
            reader.parquet(str(file))
            if file.suffix == ".parquet"
            else reader.csv(str(file), header=True)
        )
        table.write.saveAsTable(f"{schema}.{name}")


def changed(folder: Folder, target: Folder, values: Mapping[tuple[str, str], str]) -> Folder:
    """Copy an extract with a column of one row in 50 set to something else: table, column, SQL."""
    target.mkdir()
    with duckdb.connect() as connection:
        for path in sorted(folder.glob("*.parquet")):
            told = {column: sql for (table, column), sql in values.items() if table == path.stem}
            columns = ", ".join(f"{sql} as {column}" for column, sql in told.items())
            replaced = f"replace ({columns})" if columns else ""
            connection.execute(
                f"copy (select * {replaced} from '{path}') "
                f"to '{target / path.name}' (format parquet)"
            )
    return target


def _file(folder: Folder, name: str) -> Path:
    return next(
        path for path in (folder / f"{name}.parquet", folder / f"{name}.csv") if path.is_file()
    )
