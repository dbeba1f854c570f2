"""Connections: one for each address and process, and what is said where there is none."""

import importlib.util
import inspect
import os
from pathlib import Path

import duckdb
import pytest

from analysis.engines import connect
from analysis.engines.address import Address
from analysis.engines.connect import connection_to, engine_at, engine_errors, for_files
from analysis.engines.tables import open_rows
from analysis.errors import InputError
from tests.engines.servers import HOST, free_port


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a DuckDB file with one table."""
    path = tmp_path / "main.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("create table learners as select 1 as person")
    return path


def test_an_address_is_connected_to_once_in_a_process(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = Address.parse(f"duckdb://{file}")
    first = connection_to(address)
    assert connection_to(Address.parse(f"duckdb://{file}?schema=main")) is first
    assert for_files() is for_files()
    # A forked process has the parent's objects, and must not speak on its lines.
    monkeypatch.setattr(connect.os, "getpid", lambda: -1)
    assert connection_to(address) is not first


def test_a_file_is_read_by_many_and_written_by_one(file: Path) -> None:
    address = Address.parse(f"duckdb://{file}")
    connection_to(address)
    with engine_at(address, writing=True) as engine:
        engine.raw_sql("create table more as select 2 as person")
    assert open_rows(f"duckdb://{file}?table=more").person.sum().execute() == 2
    with pytest.raises(duckdb.Error, match="read-only"):
        connection_to(address).raw_sql("create table again as select 3 as person")


@pytest.mark.parametrize(("engine", "driver"), [("postgres", "psycopg"), ("spark", "pyspark")])
def test_a_missing_driver_is_named_with_its_extra(
    engine: str, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(connect, "find_spec", lambda name: None if name == driver else real(name))
    with pytest.raises(InputError, match=rf"needs the package {driver}.*placement-gaps\[{engine}"):
        connection_to(Address.parse(f"{engine}://nowhere:1"))


def test_a_server_that_is_not_there_is_said_in_words() -> None:
    address = Address.parse(f"postgres://{HOST}:{free_port()}/registry")
    with pytest.raises(InputError, match=r"^postgres://127.0.0.1:\d+/registry: .*refused"):
        connection_to(address)


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        connection_to(Address.parse(f"duckdb://{tmp_path}/none.duckdb"))
    assert not list(tmp_path.iterdir())


def test_a_file_may_have_any_name_and_a_path_from_the_root(tmp_path: Path) -> None:
    odd = tmp_path / "reader's own.duckdb"
    duckdb.connect(odd).close()
    assert connection_to(Address.parse(f"duckdb://{odd}")).name == "duckdb"
    with pytest.raises(InputError, match=r"no file own\.duckdb\. Write duckdb:///"):
        connection_to(Address.parse("duckdb://own.duckdb"))
    with pytest.raises(InputError, match="three slashes"):
        connection_to(Address.parse(f"duckdb://host{odd}"))


@pytest.mark.parametrize(
    ("master", "during"),
    [("spark://elsewhere:7077", None), ("spark:///", None), ("spark://127.0.0.1:1", HOST)],
)
def test_a_driver_does_not_hide_on_loopback_from_workers_elsewhere(
    master: str, during: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Importing pandera sets the variable."""
    monkeypatch.setenv("SPARK_LOCAL_IP", HOST)
    with connect._reachable(Address.parse(master)):
        assert os.environ.get("SPARK_LOCAL_IP") == during
    assert os.environ["SPARK_LOCAL_IP"] == HOST


def test_spark_tells_no_error_before_it_is_raised(capfd: pytest.CaptureFixture[str]) -> None:
    """Its loggers write what no one has scrubbed."""
    pyspark = pytest.importorskip("pyspark.errors.exceptions.base")
    logger = pytest.importorskip("pyspark.logger").PySparkLogger
    source = inspect.getsource(pyspark)
    connect._tell_errors_once()
    for name in connect.SPARK_LOGGERS:
        assert f'"{name}"' in source
        logger.getLogger(name).error("password=planted")
    assert "planted" not in capfd.readouterr().err


def test_an_engine_that_ibis_does_not_know_is_said_in_words() -> None:
    with pytest.raises(InputError, match="Ibis can't connect to this"):
        connection_to(Address.parse("abacus://host/registry"))
    with pytest.raises(InputError, match="Ibis can't connect to this"):
        connection_to(Address.parse("flink://host"))


def test_errors_of_engines_are_told_and_those_of_programs_are_not_hidden(file: Path) -> None:
    address = Address.parse(f"duckdb://{file}")
    with pytest.raises(InputError, match="no such table"):
        open_rows(f"duckdb://{file}?table=none")
    with pytest.raises(ZeroDivisionError), engine_errors(address):
        _ = 1 / 0
    with pytest.raises(InputError, match="no pq wrapper"), engine_errors(address):
        raise ImportError("no pq wrapper available")
    java = "o12.sql.\n: java.net.ConnectException: refused\n\tat java.base/sun.Net.poll(Native)\n"
    with pytest.raises(InputError) as caught, engine_errors(address):
        raise duckdb.Error(java)
    assert str(caught.value).endswith("java.net.ConnectException: refused")
