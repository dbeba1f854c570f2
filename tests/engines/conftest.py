"""Real engines that hold the same extracts: a DuckDB file, a PostgreSQL server, a Spark cluster."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from analysis.engines.address import Address
from analysis.engines.connect import connection_to
from analysis.ingest import Processed, process_extract
from analysis.studies import Study, load_study
from tests.engines.extracts import into_duckdb, into_postgres, into_spark, sample_of
from tests.engines.servers import (
    HOST,
    PASSWORD,
    READER,
    Server,
    postgres_server,
    spark_cluster,
)

UNIVERSITY, PROVIDER = "university", "provider"
OULAD_TABLES = ("courses", "studentInfo")
SPARK_DEFAULTS = """\
spark.sql.catalogImplementation hive
spark.sql.warehouse.dir {folder}/warehouse
spark.hadoop.javax.jdo.option.ConnectionURL jdbc:derby:;databaseName={folder}/metastore;create=true
spark.driver.extraJavaOptions -Dderby.stream.error.file={folder}/derby.log
spark.driver.host {host}
spark.executor.memory 700m
spark.sql.shuffle.partitions 2
spark.ui.enabled false
"""


@dataclass(frozen=True)
class Case:
    """A study with its extract as a folder, and the schema that holds the same in each engine."""

    study: Study
    folder: Path
    schema: str
    tables: tuple[str, ...]


@pytest.fixture(scope="session")
def few_persons(generated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a small part of the generated extract."""
    return sample_of(generated, tmp_path_factory.mktemp("few") / "extract")


@pytest.fixture(scope="session")
def provider(provider_study: Study, few_persons: Path) -> Case:
    """Give the study on the contract with a small extract."""
    tables = tuple(path.stem for path in sorted(few_persons.glob("*.parquet")))
    return Case(provider_study, few_persons, PROVIDER, tables)


@pytest.fixture(scope="session")
def university(oulad_folder: Path) -> Case:
    """Give the study on the real extract."""
    return Case(load_study("oulad"), oulad_folder, UNIVERSITY, OULAD_TABLES)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Give a PostgreSQL server; the password of who asks stands in the environment."""
    with (
        # Not pytest's folder, which its other users may not enter.
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
        postgres_server(Path(folder)) as one,
    ):
        patch.setenv("PGPASSWORD", PASSWORD)
        with psycopg.connect(one.address(database="postgres"), autocommit=True) as connection:
            connection.execute("create database registry")
            connection.execute(f"create role {READER} login password '{PASSWORD}'")
        yield one


@pytest.fixture(scope="session")
def ask(server: Server) -> Iterator[psycopg.Connection]:
    """Give a connection of the owner to the server's database."""
    with psycopg.connect(server.address(), autocommit=True) as connection:
        yield connection


Place = Callable[[Case], str]


@pytest.fixture(scope="session")
def postgres_place(server: Server, ask: psycopg.Connection) -> Place:
    """Give the function that loads an extract into the server once, and gives its address."""
    loaded = set()

    def place(case: Case) -> str:
        if case.schema not in loaded:
            into_postgres(ask, case.schema, case.folder, case.tables)
            loaded.add(case.schema)
        return server.address(f"?schema={case.schema}")

    return place


@pytest.fixture(scope="session")
def duckdb_place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give the function that loads an extract into a DuckDB file, and gives its address."""
    folder = tmp_path_factory.mktemp("duckdb")

    def place(case: Case) -> str:
        file = folder / f"{case.schema}.duckdb"
        if not file.exists():
            into_duckdb(file, case.schema, case.folder, case.tables)
        return f"duckdb://{file}?schema={case.schema}"

    return place


@pytest.fixture(scope="session")
def spark_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Give the function that loads an extract into a standalone Spark cluster, with its address."""
    folder = tmp_path_factory.mktemp("spark")
    settings = SPARK_DEFAULTS.format(folder=folder, host=HOST)
    (folder / "spark-defaults.conf").write_text(settings)
    loaded = set()
    with pytest.MonkeyPatch.context() as patch, spark_cluster(folder) as master:
        patch.setenv("SPARK_CONF_DIR", str(folder))
        from pyspark.sql import SparkSession

        connection_to(Address.parse(master))
        session = SparkSession.active()

        def place(case: Case) -> str:
            if case.schema not in loaded:
                into_spark(session, case.schema, case.folder, case.tables)
                loaded.add(case.schema)
            return f"{master}?schema={case.schema}"

        yield place
        session.stop()


@pytest.fixture(params=["duckdb", "postgres", pytest.param("spark", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest) -> Place:
    """Give each engine in turn."""
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture(scope="session")
def from_files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], Processed]:
    """Give the function that processes a case's folder of files."""
    made: dict[str, Processed] = {}

    def process(case: Case) -> Processed:
        if case.schema not in made:
            folder = tmp_path_factory.mktemp("from-files")
            made[case.schema] = process_extract(case.study, case.folder, folder)
        return made[case.schema]

    return process


@pytest.fixture(scope="session")
def from_database(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case, str], Processed]:
    """Give the function that processes a case's extract at an address."""
    made: dict[str, Processed] = {}

    def process(case: Case, address: str) -> Processed:
        if address not in made:
            folder = tmp_path_factory.mktemp("from-database")
            made[address] = process_extract(case.study, address, folder)
        return made[address]

    return process
