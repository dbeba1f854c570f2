"""The processed table: a row a person (or registration), with what the study asks about."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
from ibis import ir

from analysis.engines import Place, open_rows
from analysis.errors import InputError
from analysis.files import canonical_json, sha256, staged_folder, write_text
from analysis.ingest.career_outcomes import count_outcomes
from analysis.ingest.checks import find_faults, refuse_unsound
from analysis.ingest.contract_faults import Provided, open_contract
from analysis.ingest.contract_optional import DATED, OPTIONAL
from analysis.ingest.derive import derive
from analysis.ingest.extract import (
    count_repairs,
    count_rows,
    find_files,
    read_tables,
    repair,
    wanted_by,
)
from analysis.ingest.journeys import count_steps, extract_date, journeys
from analysis.ingest.synthetic import is_generated
from analysis.studies import Study

TABLE_FILE = "rows.parquet"
OUTCOMES_FILE = "career_outcomes.parquet"
LOG_FILE = "log.json"
REMEDY = (
    "Correct the extract, or, for damage that is known and harmless, declare a repair in the "
    "study file."
)


@dataclass(frozen=True)
class Processed:
    """A processed table on disk and the log of how it was made."""

    folder: Path
    log: dict[str, Any]

    @property
    def place(self) -> Place:
        """Where the rows lie."""
        return self.folder / TABLE_FILE

    @property
    def synthetic(self) -> bool:
        """Whether persons were generated."""
        return bool(self.log["synthetic"])

    def marked(self, study: Study) -> Study:
        """The study, marked synthetic if this table is."""
        return study.as_generated() if self.synthetic else study

    def career_outcomes(self) -> pd.DataFrame | None:
        """Counts of career outcomes (see `count_outcomes`); None if the extract has none."""
        path = self.folder / OUTCOMES_FILE
        return pd.read_parquet(path) if path.is_file() else None

    def provided(self, name: str) -> pd.DataFrame | None:
        """An optional table of the extract, typed and sorted by its key.

        Parameters
        ----------
        name
            Name of a table of `analysis.ingest.contract_optional.OPTIONAL`.

        Returns
        -------
        pandas.DataFrame or None
            The columns of the contract, months as the first day at midnight (datetime64[ns]), an
            empty budget as NaN; None if the extract does not have the table.

        Raises
        ------
        ValueError
            If the contract has no such optional table.
        """
        if name not in OPTIONAL:
            raise ValueError(f"no optional table {name!r}; there are: {', '.join(OPTIONAL)}")
        path = self.folder / f"{name}.parquet"
        return pd.read_parquet(path) if path.is_file() else None

    def log_lines(self) -> Iterator[str]:
        """What was read, repaired and left unknown, in sentences."""
        for source in self.log["sources"]:
            yield f"read {source['rows']:,} rows of {source['file']}"
        for fix in self.log["repairs"]:
            yield (
                f"repaired {fix['rows']:,} rows of {fix['table']}.{fix['column']}: "
                f"{fix['found']!r} means {fix['meant']!r}"
            )
        for name, rows in self.log["unknown"].items():
            if rows:
                yield f"{name} is not known for {rows:,} rows"
        yield f"wrote {self.log['rows']:,} rows" + (", all SYNTHETIC" if self.synthetic else "")


@dataclass(frozen=True)
class _Read:
    """An extract that passed its checks.

    Attributes
    ----------
    files
        The file of each of its tables.
    rows
        How many rows each table has.
    tables
        The tables that the study asks about, by name.
    log
        What else is to be told of the reading.
    beside
        Tables to keep beside the rows, by file name; of no person.
    """

    files: dict[str, Path]
    rows: dict[str, int]
    tables: dict[str, ir.Table]
    log: dict[str, Any]
    beside: dict[str, pd.DataFrame]


def process_extract(study: Study, folder: Path, processed: Path) -> Processed:
    """Check an extract and derive the processed table from it.

    Parameters
    ----------
    study
        What to derive.
    folder
        Where the extract's files lie.
    processed
        The folder of processed tables; the study's is published below it, whole or not at all.

    Raises
    ------
    InputError
        If files or columns are missing or rows break the study's rules. All faults are listed
        in a file below `processed`, and no table is written.
    """
    read = (_read_contract if study.contract else _read_declared)(study, folder, processed)
    with staged_folder(processed / study.name) as staged:
        derive(read.tables, study).to_parquet(staged / TABLE_FILE)
        for name, table in read.beside.items():
            table.to_parquet(staged / name, index=False)
        log = {
            "study": study.name,
            "study_sha256": study.digest,
            "sources": [
                {"file": path.name, "sha256": sha256(path), "rows": read.rows[name]}
                for name, path in read.files.items()
            ],
            **read.log,
            **_counts(open_rows(staged / TABLE_FILE), study),
        }
        write_text(staged / LOG_FILE, canonical_json(log))
    return Processed(processed / study.name, log)


def _read_declared(study: Study, folder: Path, processed: Path) -> _Read:
    """Read the tables that the study file declares."""
    wanted = wanted_by(study)
    files = find_files(wanted, folder)
    raw = read_tables(ibis.duckdb.connect(), wanted, files)
    tables = repair(raw, study)
    listing = processed / f"{study.name}.faults.csv"
    refuse_unsound(lambda: find_faults(tables, study, files), files, listing, REMEDY)
    log = {"repairs": count_repairs(raw, study), "synthetic": study.synthetic}
    return _Read(files, count_rows(raw), tables, log, {})


def _read_contract(study: Study, folder: Path, processed: Path) -> _Read:
    """Read the tables of the contract and derive the journeys, the one table of the study."""
    provided = open_contract(folder, processed)
    as_of = extract_date(provided.tables)
    assert as_of is not None, "every learner was seen on a day"
    derived = journeys(provided.tables, as_of)
    # Kept in the engine, for several counts follow from it.
    rows = derived.get_backend().create_table("journeys", derived, temp=True)
    log = {
        "repairs": [],
        "synthetic": study.synthetic or is_generated(provided.tables),
        "as_of": as_of.isoformat(),
        "steps": count_steps(rows),
    }
    beside = {OUTCOMES_FILE: count_outcomes(provided.tables), **_optional_tables(provided)}
    return _Read(provided.files, count_rows(provided.raw), {study.rows: rows}, log, beside)


def _optional_tables(provided: Provided) -> dict[str, pd.DataFrame]:
    """The optional tables that the extract has, typed and sorted, by file name."""
    found = {}
    for name, model in OPTIONAL.items():
        if name not in provided.tables:
            continue
        schema = model.to_schema()
        table = provided.tables[name].select(*schema.columns).to_pandas()
        if DATED[name] == "month":
            table["month"] = pd.to_datetime(table["month"]).astype("datetime64[ns]")
        found[f"{name}.parquet"] = table.sort_values(list(schema.unique), ignore_index=True)
    return found


def open_processed(study: Study, processed: Path) -> Processed:
    """Open the processed table that an earlier run left.

    Raises
    ------
    InputError
        If there is none, or it was made by another version of the study file; the message says
        how to make it.
    """
    folder = processed / study.name
    remedy = (
        f"Make it from the extract: make data STUDY={study.name} EXTRACT=folder, "
        "where STUDY may be the path of a study file too."
    )
    log = read_log(study, processed)
    if log is None:
        raise InputError(
            f"There is no processed table of study {study.name} yet. {remedy}\n"
            f"{study.provenance.obtain}"
        )
    if log.get("study_sha256") != study.digest:
        raise InputError(
            f"The processed table of study {study.name} was made by another version of its "
            f"study file. {remedy}"
        )
    return Processed(folder, log)


def read_log(study: Study, processed: Path) -> dict[str, Any] | None:
    """The log of a study's processed table; None if there is none."""
    path = processed / study.name / LOG_FILE
    if not path.is_file():
        return None
    log: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return log


def _counts(table: ir.Table, study: Study) -> dict[str, Any]:
    unknown = {name: table[name].isnull().sum().fill_null(0) for name in study.categories}
    outside = {name: table[name].isnull().sum().fill_null(0) for name in study.measures}
    row = table.aggregate(rows=table.count(), **unknown, **outside).to_pyarrow().to_pylist()[0]
    return {
        "rows": row["rows"],
        "unknown": {name: int(row[name]) for name in unknown},
        "outside_denominator": {name: int(row[name]) for name in outside},
    }
