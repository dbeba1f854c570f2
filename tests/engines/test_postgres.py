"""A real PostgreSQL server: who may do what, what it tells us, and what it never hears or says."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from analysis.cells import count_cells, study_cells
from analysis.engines import connect
from analysis.engines.tables import open_rows
from analysis.errors import InputError
from analysis.ingest import Processed, process_extract
from analysis.ingest.contract_faults import check_contract
from analysis.ingest.synthetic import PREFIX
from tests.engines.conftest import PROVIDER, Case, Place
from tests.engines.servers import PASSWORD, READER, Server

WRONG = "wrong-s3cret-of-the-tests"


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Give the list of all rows that come from the server."""
    seen: list[tuple[Any, ...]] = []

    def keep(name: str) -> None:
        real = getattr(psycopg.Cursor, name)

        def fetch(self: Any, *given: Any) -> Any:
            got = real(self, *given)
            seen.extend([got] if name == "fetchone" and got else got or [])
            return got

        monkeypatch.setattr(psycopg.Cursor, name, fetch)

    for name in ("fetchone", "fetchmany", "fetchall"):
        keep(name)
    real_iteration = psycopg.Cursor.__iter__

    def iterate(self: Any) -> Iterator[Any]:
        for row in real_iteration(self):
            seen.append(row)
            yield row

    monkeypatch.setattr(psycopg.Cursor, "__iter__", iterate)
    return seen


def test_no_row_of_a_person_ever_comes_here(
    provider: Case,
    postgres_place: Place,
    server: Server,
    watched: list[tuple[Any, ...]],
    tmp_path: Path,
) -> None:
    address = postgres_place(provider)
    begun = len(server.statements)
    made = process_extract(provider.study, address, tmp_path)
    made.refuse_changed()
    study_cells(provider.study, made.place, outcome="placed_6", covariates=["gender"])
    assert any("woman" in row for row in watched), "cells were watched as they came"
    assert not [row for row in watched if any(PREFIX in str(value) for value in row)]
    assert len(watched) < made.log["rows"]
    asked = server.statements[begun:].upper()
    assert "CREATE TABLE" in asked
    assert "COPY" not in asked
    assert not [path for path in tmp_path.rglob("*") if PREFIX in _text(path)]


def test_a_secret_is_told_nowhere(
    provider: Case, postgres_place: Place, server: Server, repository: Path, tmp_path: Path
) -> None:
    """The command line in a process of its own, with a right password and with a wrong one."""
    address = postgres_place(provider)
    told = []
    for command, password in (("check", PASSWORD), ("data", WRONG)):
        done = subprocess.run(
            [sys.executable, "-m", "analysis.cli", command, "--extract", address],
            env=os.environ | {"PGPASSWORD": password},
            cwd=repository,
            capture_output=True,
            text=True,
            check=False,
        )
        told.append((done.returncode, done.stdout + done.stderr))
    assert told[0][0] == 0
    assert "keeps the contract" in told[0][1]
    code, text = told[1]
    assert code == 2
    assert "password authentication failed" in text
    assert "Traceback" not in text
    made = process_extract(provider.study, address, tmp_path)
    files = "".join(_text(path) for path in tmp_path.rglob("*"))
    everything = "".join(text for _, text in told) + files + str(made.place)
    assert PASSWORD not in everything
    assert WRONG not in everything
    with pytest.raises(InputError) as caught:
        process_extract(provider.study, address.replace("@", f":{PASSWORD}@"), tmp_path)
    assert PASSWORD not in str(caught.value)
    with pytest.raises(InputError) as caught, connect.engine_errors(_address(server)):
        raise psycopg.OperationalError(f"server said password={PASSWORD}")
    assert PASSWORD not in str(caught.value)


def _address(server: Server) -> connect.Address:
    return connect.Address.parse(server.address())


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace") if path.is_file() else ""


def test_a_connection_that_the_server_ends_is_told_of_and_made_anew(
    provider: Case, postgres_place: Place, server: Server, ask: psycopg.Connection, tmp_path: Path
) -> None:
    postgres_place(provider)
    made = process_extract(provider.study, server.address(f"?schema={PROVIDER}"), tmp_path)
    table = open_rows(made.place)
    ask.execute(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = %s",
        [connect.APPLICATION],
    )
    with pytest.raises(InputError, match=r"^postgres://"):
        count_cells(table, by=[], outcome="graduated")
    again = count_cells(open_rows(made.place), by=[], outcome="graduated")
    assert again["persons"].sum() == made.log["rows"]


def test_who_may_only_read_says_where_results_may_go(
    provider: Case, postgres_place: Place, server: Server, ask: psycopg.Connection, tmp_path: Path
) -> None:
    postgres_place(provider)
    address = server.address(f"?schema={PROVIDER}", user=READER)
    with pytest.raises(InputError, match=r"permission denied|may not be read"):
        check_contract(address, tmp_path)
    ask.execute(f"grant usage on schema {PROVIDER} to {READER}")
    ask.execute(f"grant select on all tables in schema {PROVIDER} to {READER}")
    rows = check_contract(address, tmp_path)
    assert rows["learners"]
    with pytest.raises(InputError, match="permission denied for schema") as caught:
        process_extract(provider.study, address, tmp_path)
    assert "\n\n" not in str(caught.value)
    assert not (tmp_path / provider.study.name).exists()
    ask.execute(f"create schema results authorization {READER}")
    made = process_extract(provider.study, f"{address}&results=results", tmp_path)
    assert "schema=results&table=placement_gaps_openclassrooms_" in str(made.place)
    names = ask.execute("select tablename from pg_tables where schemaname = 'results'").fetchall()
    assert len(names) == 1


def test_a_database_that_writes_dates_and_numbers_in_its_own_way_is_read_alike(
    server: Server, ask: psycopg.Connection
) -> None:
    ask.execute('create role "first@corp" login')
    ask.execute(f"alter role \"first@corp\" password '{PASSWORD}'")
    ask.execute("alter role \"first@corp\" set datestyle = 'German'")
    ask.execute('alter role "first@corp" set extra_float_digits = -3')
    ask.execute("create schema written")
    ask.execute(
        "create table written.one as select date '2022-03-04' as day, 0.1::float8 + 0.2 as number"
    )
    ask.execute('grant usage on schema written to "first@corp"')
    ask.execute('grant select on written.one to "first@corp"')
    told = open_rows(server.address("?schema=written&table=one", user="first%40corp"))
    texts = told.select(*(told[name].cast("string").name(name) for name in told.columns))
    assert texts.to_pyarrow().to_pylist() == [
        {"day": "2022-03-04", "number": "0.30000000000000004"}
    ]


def test_rows_that_may_no_longer_be_read_are_said_in_words(
    server: Server, ask: psycopg.Connection, tmp_path: Path
) -> None:
    ask.execute("create schema closed; create table closed.rows (person text)")
    ask.execute(f"grant usage on schema closed to {READER}")
    ask.execute(f"grant insert on closed.rows to {READER}")
    place = server.address("?schema=closed&table=rows", user=READER)
    with pytest.raises(InputError, match="permission denied"):
        Processed(tmp_path, {"place": place, "fingerprint": ""}).refuse_changed()


def test_rows_stay_where_the_default_schema_is_named_later(
    provider: Case, postgres_place: Place, server: Server, ask: psycopg.Connection, tmp_path: Path
) -> None:
    postgres_place(provider)
    for name in provider.tables:
        ask.execute(f"create table if not exists public.{name} as table {PROVIDER}.{name}")
    for words in ("", "?schema=public"):
        made = process_extract(provider.study, server.address(words), tmp_path)
        made.refuse_changed()
    for name in provider.tables:
        ask.execute(f"drop table public.{name}")


def test_an_older_table_goes_once_the_log_tells_of_the_newer(
    provider: Case, postgres_place: Place, ask: psycopg.Connection, tmp_path: Path
) -> None:
    address = postgres_place(provider)
    ask.execute("create schema newer")
    for name in provider.tables:
        ask.execute(f"create table newer.{name} as table {PROVIDER}.{name}")
    target = address.replace(f"schema={PROVIDER}", "schema=newer")
    first = process_extract(provider.study, target, tmp_path)
    ask.execute("update newer.applications set gender = null where gender = 'woman'")
    second = process_extract(provider.study, target, tmp_path)
    assert first.place != second.place
    assert first.log["sources"] != second.log["sources"]
    second.refuse_changed()
    with pytest.raises(InputError, match="no such table"):
        first.refuse_changed()
    table = str(second.place).rpartition("table=")[2]
    ask.execute(
        f"update newer.{table} set gender = 'man' where person = (select min(person) "
        f"from newer.{table})"
    )
    with pytest.raises(InputError, match="Process the extract again"):
        second.refuse_changed()


def test_tables_that_are_not_there_are_named_beside_those_that_are(
    provider: Case, server: Server, ask: psycopg.Connection, tmp_path: Path
) -> None:
    ask.execute("create schema few; create table few.learners (person text)")
    with pytest.raises(InputError) as caught:
        process_extract(provider.study, server.address("?schema=few"), tmp_path)
    assert "lacks the table paths, applications" in str(caught.value)
    assert "Its tables are: learners." in str(caught.value)
