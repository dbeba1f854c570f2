"""Connections: one for each address and process, opened when first asked for."""

import contextlib
import os
import re
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import ibis
import pandas as pd
from ibis import ir

from analysis.engines.address import Address, scrub
from analysis.errors import InputError

DRIVERS: Final = {"postgres": "psycopg", "spark": "pyspark"}
"""What each engine needs beside Ibis; the package has an extra of the engine's name."""
OURS: Final = ("analysis", "builtins", "numpy", "pandas", "pandera")
"""Whose errors are those of a program rather than of an engine."""
APPLICATION: Final = "placement-gaps"
ATTACHED: Final = "placement_gaps_file"
"""What a DuckDB file is called: by its own name it could be taken for a schema in it."""
FOR_FILES: Final = "files"
SETTINGS: Final = "set datestyle to 'ISO'; set extra_float_digits to 1"
"""How PostgreSQL writes dates and numbers as text, whatever it has been set to."""
JAVA_STACK: Final = re.compile(r"\n\nJVM stacktrace|\n\s*at \S+\(")
SPARK_LOGGERS: Final = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")
LOCAL_IP: Final = "SPARK_LOCAL_IP"
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")

# Spark 4 warns at each result, and where pandera finds it, that not all was tried with pandas 3.
warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)

_open: dict[tuple[int, str], Any] = {}


def for_files() -> ibis.BaseBackend:
    """The engine that reads files: DuckDB, in this process."""
    return _once(FOR_FILES, open_for_files)


def open_for_files() -> ibis.BaseBackend:
    """Open an engine of its own for files.

    What was read is not kept, so that a file replaced within a tick of its clock is read anew, and
    memory holds what is counted and nothing else.
    """
    return ibis.duckdb.connect(enable_external_file_cache=False)


def connection_to(address: Address) -> ibis.BaseBackend:
    """The connection to an address, for reading.

    Raises
    ------
    InputError
        If the engine's driver is missing, or the engine can't be reached.
    """
    return _once(address.base, lambda: _connected(address, writing=False))


@contextlib.contextmanager
def engine_at(place: Path | Address, *, writing: bool) -> Iterator[ibis.BaseBackend]:
    """Give the engine that reads a folder of files or a database, and perhaps writes there.

    A DuckDB file has one writer or many readers, so its writer is closed again at the end.

    Raises
    ------
    InputError
        If the engine's driver is missing, the engine can't be reached, or it refuses what is done.
    """
    if isinstance(place, Path):
        yield open_for_files()
        return
    with engine_errors(place):
        if place.engine != "duckdb" or not writing:
            yield connection_to(place)
            return
        if kept := _open.pop((os.getpid(), place.base), None):
            kept.disconnect()
        connection = _connected(place, writing=True)
        try:
            yield connection
        finally:
            connection.disconnect()


def _once(name: str, opener: Callable[[], ibis.BaseBackend]) -> ibis.BaseBackend:
    """What is open under a name in this process; a forked one must not share its parent's."""
    key = (os.getpid(), name)
    if key not in _open:
        _open[key] = opener()
    return _open[key]


def fetch(table: ir.Table) -> pd.DataFrame:
    """Have the rows of a small table made in its engine, and bring them here.

    Raises
    ------
    InputError
        If the engine of an address is lost meanwhile, or refuses. It is connected to anew when it
        is asked the next time.
    """
    engine = table.get_backend()
    own = ((name, one) for (pid, name), one in _open.items() if pid == os.getpid())
    base = next((name for name, one in own if one is engine), FOR_FILES)
    try:
        with engine_errors(Address.parse(base)) if base != FOR_FILES else contextlib.nullcontext():
            rows: pd.DataFrame = table.to_pandas()
            return rows
    except InputError:
        _open.pop((os.getpid(), base), None)
        raise


@contextlib.contextmanager
def engine_errors(address: Address) -> Iterator[None]:
    """Turn what an engine or its driver says into an `InputError`, without secrets."""
    try:
        yield
    except Exception as error:
        ours = type(error).__module__.split(".")[0] in OURS
        # A driver's library may be missing where the driver is not.
        if ours and not isinstance(error, OSError | ImportError):
            raise
        told = JAVA_STACK.split(scrub(str(error)).strip())[0]
        raise InputError(f"{address.base}: {told}") from None


def _connected(address: Address, *, writing: bool) -> ibis.BaseBackend:
    driver = DRIVERS.get(address.engine)
    if driver and find_spec(driver) is None:
        raise InputError(
            f"{address.base} needs the package {driver}. Install it: "
            f"pip install 'placement-gaps[{address.engine}]'"
        )
    with engine_errors(address):
        if address.engine == "duckdb":
            return _duckdb(address, writing=writing)
        if address.engine == "postgres":
            return _postgres(address)
        if address.engine == "spark":
            return _spark(address)
        return _by_ibis(address)


def _duckdb(address: Address, *, writing: bool) -> ibis.BaseBackend:
    if address.parts.netloc or not Path(address.path).is_file():
        raise InputError(
            f"{address.base}: there is no file {address.parts.netloc}{address.path}. Write "
            "duckdb:///folder/file.duckdb, with three slashes before a path from the root."
        )
    connection = ibis.duckdb.connect()
    # Ibis puts the path between quotes as it is.
    connection.attach(address.path.replace("'", "''"), name=ATTACHED, read_only=not writing)
    connection.raw_sql(f"use {ATTACHED}")
    return connection


def _postgres(address: Address) -> ibis.BaseBackend:
    """Connect by libpq, which takes what the address leaves out from its environment and files."""
    parts = address.parts
    connection = ibis.postgres.connect(
        host=parts.hostname,
        port=parts.port,
        user=unquote(parts.username) if parts.username else None,
        database=address.path.strip("/") or None,
        application_name=APPLICATION,
    )
    connection.raw_sql(SETTINGS)
    return connection


def _spark(address: Address) -> ibis.BaseBackend:
    """Connect to a cluster's master; without one, to what spark-defaults.conf names."""
    from pyspark.sql import SparkSession

    _tell_errors_once()
    builder = SparkSession.builder.appName(APPLICATION)
    if address.parts.netloc:
        builder = builder.master(f"spark://{address.parts.netloc}")
    builder = builder.config("spark.ui.showConsoleProgress", "false")
    with _reachable(address):
        return ibis.pyspark.connect(builder.getOrCreate())


def _tell_errors_once() -> None:
    """Silence loggers that tell an error before it is raised, with Java's stack and unscrubbed."""
    from pyspark.logger import PySparkLogger

    for name in SPARK_LOGGERS:
        PySparkLogger.getLogger(name).disabled = True


@contextlib.contextmanager
def _reachable(address: Address) -> Iterator[None]:
    """Start a driver that workers elsewhere reach.

    Importing pandera sets SPARK_LOCAL_IP to loopback, also in the processes started after it.
    """
    given = os.environ.get(LOCAL_IP)
    if given not in LOOPBACK or address.parts.hostname in LOOPBACK:
        yield
        return
    del os.environ[LOCAL_IP]
    try:
        yield
    finally:
        os.environ[LOCAL_IP] = given


def _by_ibis(address: Address) -> ibis.BaseBackend:
    try:
        return ibis.connect(address.base)
    except (AttributeError, ImportError, TypeError, ValueError) as error:
        raise InputError(
            f"{address.base}: Ibis can't connect to this: {scrub(str(error))}. "
            "docs/data-places.md lists the engines."
        ) from None
