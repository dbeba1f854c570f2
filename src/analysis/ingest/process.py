"""The processed table: a row a person (or registration), with what the study asks about."""

import hashlib
import platform
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
from ibis import ir

from analysis.engines.address import Address, parse_place
from analysis.engines.connect import engine_at
from analysis.engines.tables import (
    drop_table,
    kept_rows,
    open_rows,
    open_table,
    same_table,
    write_rows,
)
from analysis.files import canonical_json, staged_folder, write_text
from analysis.ingest.career_outcomes import count_outcomes
from analysis.ingest.checks import find_faults, refuse_unsound
from analysis.ingest.contract_faults import Provided, open_contract
from analysis.ingest.contract_optional import DATED, OPTIONAL
from analysis.ingest.derive import derive
from analysis.ingest.extract import (
    Source,
    count_repairs,
    count_rows,
    open_extract,
    repair,
    wanted_by,
)
from analysis.ingest.journeys import count_steps, extract_date, journeys
from analysis.ingest.processed import (
    DERIVED_BY,
    FINGERPRINT,
    LOG_FILE,
    OUTCOMES_FILE,
    PLACE,
    TABLE_FILE,
    TABLE_PREFIX,
    Processed,
    derivation_key,
    read_log,
)
from analysis.ingest.synthetic import is_generated
from analysis.studies import Study

WRITER_DIGITS = 8
REMEDY = (
    "Correct the extract, or, for damage that is known and harmless, declare a repair in the "
    "study file."
)


@dataclass(frozen=True)
class _Read:
    """An extract that passed its checks.

    Attributes
    ----------
    sources
        Where each of its tables was read from.
    rows
        How many rows each table has.
    tables
        The tables that the study asks about, by name.
    log
        What else is to be told of the reading.
    beside
        Tables to keep beside the rows, by file name; of no person.
    """

    sources: dict[str, Source]
    rows: dict[str, int]
    tables: dict[str, ir.Table]
    log: dict[str, Any]
    beside: dict[str, pd.DataFrame]


def process_extract(study: Study, extract: Path | str, processed: Path) -> Processed:
    """Check an extract and derive the processed table from it, in the engine where it lies.

    Parameters
    ----------
    study
        What to derive.
    extract
        The folder of the extract's files, or the address of its tables.
    processed
        The folder of processed tables; the study's is published below it, whole or not at all.
        Of an extract in a database the rows stay there, and only their log and tables of no
        person come here.

    Raises
    ------
    InputError
        If tables or columns are missing, rows break the study's rules, or the engine can't be
        reached or refuses. All faults are listed in a file below `processed`, and no table is
        written.
    """
    place = parse_place(extract)
    with engine_at(place, writing=True) as engine, ExitStack() as kept:
        read = (_read_contract if study.contract else _read_declared)(
            study, place, processed, engine, kept
        )
        before = read_log(study, processed)
        log = _publish(study, place, processed, engine, read)
        _drop_former(engine, place, before, log)
    return Processed(processed / study.name, log)


def _publish(
    study: Study,
    place: Path | Address,
    processed: Path,
    engine: ibis.BaseBackend,
    read: _Read,
) -> dict[str, Any]:
    """Derive the rows, and publish them with their log and the tables beside them."""
    with staged_folder(processed / study.name) as staged:
        written, told = _write(engine, place, study, derive(read.tables, study), staged)
        for name, table in read.beside.items():
            table.to_parquet(staged / name, index=False)
        log = {
            "study": study.name,
            "study_sha256": study.digest,
            DERIVED_BY: derivation_key(),
            "sources": [
                {"file": source.name, "sha256": source.digest(), "rows": read.rows[name]}
                for name, source in read.sources.items()
            ],
            **read.log,
            **told,
            **_counts(written, study),
        }
        write_text(staged / LOG_FILE, canonical_json(log))
    return log


def _write(
    engine: ibis.BaseBackend,
    place: Path | Address,
    study: Study,
    rows: ir.Table,
    staged: Path,
) -> tuple[ir.Table, dict[str, str]]:
    """Write the rows where the extract lies; what the log tells of where they lie."""
    if isinstance(place, Path):
        rows.to_parquet(staged / TABLE_FILE)
        return open_rows(staged / TABLE_FILE), {}
    name, writer = f"{TABLE_PREFIX}{study.name}", _writer(staged.parent)
    address, told = write_rows(engine, place, name, rows, writer=writer)
    return open_table(engine, address), {PLACE: str(address), FINGERPRINT: told}


def _writer(folder: Path) -> str:
    """What tells this checkout on this machine from others that write to the same schema."""
    where = f"{platform.node()}:{folder.resolve()}"
    return hashlib.sha256(where.encode()).hexdigest()[:WRITER_DIGITS]


def _drop_former(
    engine: ibis.BaseBackend,
    place: Path | Address,
    before: dict[str, Any] | None,
    log: dict[str, Any],
) -> None:
    """Drop the rows of the log before, now that no log here tells of them."""
    if before and PLACE in before and isinstance(place, Address):
        former, newer = Address.parse(before[PLACE]), Address.parse(log[PLACE])
        if former.base == place.base and not same_table(engine, former, newer):
            drop_table(engine, former)


def _read_declared(
    study: Study,
    extract: Path | Address,
    processed: Path,
    engine: ibis.BaseBackend,
    _: ExitStack,
) -> _Read:
    """Read the tables that the study file declares."""
    sources, raw = open_extract(wanted_by(study), extract, engine)
    tables = repair(raw, study)
    listing = processed / f"{study.name}.faults.csv"
    refuse_unsound(lambda: find_faults(tables, study, sources), sources, listing, REMEDY)
    log = {"repairs": count_repairs(raw, study), "synthetic": study.synthetic}
    return _Read(sources, count_rows(raw), tables, log, {})


def _read_contract(
    study: Study,
    extract: Path | Address,
    processed: Path,
    engine: ibis.BaseBackend,
    kept: ExitStack,
) -> _Read:
    """Read the tables of the contract and derive the journeys, the one table of the study."""
    provided = open_contract(extract, processed, engine)
    as_of = extract_date(provided.tables)
    assert as_of is not None, "every learner was seen on a day"
    # Kept in the engine, for several counts follow from it.
    rows = kept.enter_context(kept_rows(engine, journeys(provided.tables, as_of)))
    log = {
        "repairs": [],
        "synthetic": study.synthetic or is_generated(provided.tables),
        "as_of": as_of.isoformat(),
        "steps": count_steps(rows),
    }
    beside = {OUTCOMES_FILE: count_outcomes(provided.tables), **_optional_tables(provided)}
    return _Read(provided.sources, count_rows(provided.raw), {study.rows: rows}, log, beside)


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


def _counts(table: ir.Table, study: Study) -> dict[str, Any]:
    unknown = {name: table[name].isnull().sum().fill_null(0) for name in study.categories}
    outside = {name: table[name].isnull().sum().fill_null(0) for name in study.measures}
    row = table.aggregate(rows=table.count(), **unknown, **outside).to_pyarrow().to_pylist()[0]
    return {
        "rows": row["rows"],
        "unknown": {name: int(row[name]) for name in unknown},
        "outside_denominator": {name: int(row[name]) for name in outside},
    }
