"""The processed table: a row a person (or registration), with what the study asks about."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import ibis
from ibis import ir

from analysis.errors import InputError
from analysis.files import canonical_json, sha256, staged_folder, write_text
from analysis.ingest.checks import find_faults, refuse_faults
from analysis.ingest.extract import (
    ROW,
    count_repairs,
    find_files,
    read_tables,
    repair,
    wanted_by,
)
from analysis.studies import Study
from analysis.studies.model import Category, Cohort, Covariate, Outcome, band_labels
from analysis.vocabulary import UNKNOWN_LEVEL

TABLE_FILE = "rows.parquet"
LOG_FILE = "log.json"
CLUSTER_SEPARATOR = " × "
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
    def path(self) -> Path:
        """The Parquet file."""
        return self.folder / TABLE_FILE

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
        yield f"wrote {self.log['rows']:,} rows"


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
        in `<study>.faults.csv` below `processed`, and no table is written.
    """
    wanted = wanted_by(study)
    files = find_files(wanted, folder)
    connection = ibis.duckdb.connect()
    raw = read_tables(connection, wanted, files)
    tables = repair(raw, study)
    listing = processed / f"{study.name}.faults.csv"
    listing.unlink(missing_ok=True)
    try:
        faults = find_faults(tables, study, files)
    except duckdb.Error as error:
        names = ", ".join(str(path) for path in files.values())
        raise InputError(f"Not readable as tables: {names}: {error}") from None
    refuse_faults(faults, listing, REMEDY)
    derived = derive(tables, study)
    with staged_folder(processed / study.name) as staged:
        derived.to_parquet(staged / TABLE_FILE)
        log = {
            "study": study.name,
            "study_sha256": study.digest,
            "sources": [_source(files[name], raw[name]) for name in files],
            "repairs": count_repairs(raw, study),
            **_counts(connection.read_parquet(staged / TABLE_FILE), study),
        }
        write_text(staged / LOG_FILE, canonical_json(log))
    return Processed(processed / study.name, log)


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
    if not (folder / LOG_FILE).is_file():
        raise InputError(
            f"There is no processed table of study {study.name} yet. {remedy}\n"
            f"{study.provenance.obtain}"
        )
    log = json.loads((folder / LOG_FILE).read_text(encoding="utf-8"))
    if log.get("study_sha256") != study.digest:
        raise InputError(
            f"The processed table of study {study.name} was made by another version of its "
            f"study file. {remedy}"
        )
    return Processed(folder, log)


def derive(tables: dict[str, ir.Table], study: Study) -> ir.Table:
    """Derive the processed table, lazily.

    Returns
    -------
    ibis Table
        `person`, `cluster` (where declared), `cohort` (where declared), each outcome and
        category as true, false or null, each covariate as a text level.
    """
    rows = tables[study.rows]
    for other, by in study.tables[study.rows].references.items():
        new = [name for name in tables[other].columns if name in by or name not in rows.columns]
        rows = rows.inner_join(tables[other].select(new), list(by))
    derived: dict[str, ir.Value] = {"person": rows[study.person]}
    if study.cluster:
        parts = [rows[column] for column in study.cluster]
        derived["cluster"] = ibis.literal(CLUSTER_SEPARATOR).join(parts)
    if study.cohort:
        derived["cohort"] = cohort(rows, study.cohort)
    derived |= {name: outcome(rows, part) for name, part in study.outcomes.items()}
    derived |= {name: membership(rows, part) for name, part in study.categories.items()}
    derived |= {name: level(rows, part) for name, part in study.covariates.items()}
    # In the order of the file, so that the same extract gives the same bytes.
    return rows.order_by(ROW).select(**derived)


def outcome(rows: ir.Table, declared: Outcome) -> ir.BooleanValue:
    """Tell true for success, false for failure, null outside the denominator."""
    value = rows[declared.source]
    inside = ibis.and_(*(rows[column].isin(kept) for column, kept in declared.among.items()))
    return ibis.cases(
        (inside & value.isin(declared.success), True),
        (inside & value.isin(declared.failure), False),
        else_=ibis.null("boolean"),
    )


def membership(rows: ir.Table, declared: Category) -> ir.BooleanValue:
    """Tell true for known in, false for known out, null for unknown."""
    value = rows[declared.source]
    return ibis.cases(
        (value.isin(declared.known_in), True),
        (value.isin(declared.known_out), False),
        else_=ibis.null("boolean"),
    )


def level(rows: ir.Table, declared: Covariate) -> ir.StringValue:
    """Level of a covariate; what is not known is a level of its own."""
    value = rows[declared.source]
    if declared.cuts:
        number = value.cast("float64")
        bands = zip(declared.cuts, band_labels(declared.cuts), strict=False)
        last = band_labels(declared.cuts)[-1]
        value = ibis.cases(
            (number.isnull(), ibis.null("string")),
            *((number <= cut, band) for cut, band in bands),
            else_=last,
        )
    return value.fill_null(UNKNOWN_LEVEL)


def cohort(rows: ir.Table, declared: Cohort) -> ir.StringValue:
    """Name of the cohort of each row; null if its value belongs to none."""
    value = rows[declared.source]
    branches = [(value.isin(values), name) for name, values in declared.groups.items()]
    return ibis.cases(*branches, else_=ibis.null("string"))


def _source(path: Path, table: ir.Table) -> dict[str, Any]:
    return {
        "file": path.name,
        "sha256": sha256(path),
        "rows": int(table.count().to_pyarrow().as_py()),
    }


def _counts(table: ir.Table, study: Study) -> dict[str, Any]:
    unknown = {name: table[name].isnull().sum().fill_null(0) for name in study.categories}
    outside = {name: table[name].isnull().sum().fill_null(0) for name in study.outcomes}
    row = table.aggregate(rows=table.count(), **unknown, **outside).to_pyarrow().to_pylist()[0]
    return {
        "rows": row["rows"],
        "unknown": {name: int(row[name]) for name in unknown},
        "outside_denominator": {name: int(row[name]) for name in outside},
    }
