"""The same extract in a folder, a DuckDB file, PostgreSQL and Spark: the same to the last count."""

import csv
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from analysis.cells import study_cells, time_cells
from analysis.engines.address import Address
from analysis.engines.connect import engine_at
from analysis.engines.dialect import number_text
from analysis.engines.tables import open_rows
from analysis.errors import InputError
from analysis.estimate.gaps import study_gaps
from analysis.estimate.journey_rates import journey_cells
from analysis.ingest import Processed, open_processed, process_extract
from analysis.ingest.contract_faults import LISTING_FILE, check_contract
from tests.engines.conftest import Case, Place
from tests.engines.extracts import changed

COUNTED = ("rows", "unknown", "outside_denominator", "repairs", "synthetic")
CLOSE = 1e-12


def same(found: Processed, wanted: Processed, case: Case) -> None:
    """Compare cells and the counts of the log, to the last one, and the gaps."""
    covariates = list(case.study.adjusters)
    for outcome in case.study.default_outcomes():
        told, known = (
            study_cells(case.study, one.place, outcome=outcome, covariates=covariates)
            for one in (found, wanted)
        )
        pd.testing.assert_frame_equal(told, known)
    for name in COUNTED:
        assert found.log[name] == wanted.log[name]


def gaps(case: Case, processed: Processed) -> pd.DataFrame:
    """Estimate the gaps of the first outcome, raw and adjusted."""
    outcomes, few = case.study.default_outcomes()[:1], list(case.study.adjusters)[:2]
    return study_gaps(case.study, processed.place, outcomes=outcomes, covariates=few)[0]


def test_the_real_extract_gives_the_same_cells_and_gaps(
    university: Case,
    place: Place,
    from_files: Callable[[Case], Processed],
    tmp_path: Path,
) -> None:
    wanted, found = (
        from_files(university),
        process_extract(university.study, place(university), tmp_path),
    )
    same(found, wanted, university)
    pd.testing.assert_frame_equal(
        gaps(university, found), gaps(university, wanted), rtol=CLOSE, atol=CLOSE
    )


def test_an_extract_of_the_contract_gives_the_same_cells_steps_and_journeys(
    provider: Case,
    place: Place,
    from_files: Callable[[Case], Processed],
    from_database: Callable[[Case, str], Processed],
) -> None:
    study, wanted = provider.study, from_files(provider)
    found = from_database(provider, place(provider))
    same(found, wanted, provider)
    assert found.log["steps"] == wanted.log["steps"]
    assert found.log["as_of"] == wanted.log["as_of"]
    pd.testing.assert_frame_equal(found.career_outcomes(), wanted.career_outcomes())
    pd.testing.assert_frame_equal(found.provided("finance"), wanted.provided("finance"))
    told, known = (
        time_cells(study, one.place, duration="placed", covariates=["gender"])
        for one in (found, wanted)
    )
    pd.testing.assert_frame_equal(told, known)
    journeys = [
        journey_cells(study, one.place, None, ["country"], by_cluster=False)
        for one in (found, wanted)
    ]
    # In the same order too, for random draws go along it.
    pd.testing.assert_frame_equal(journeys[0].kinds, journeys[1].kinds)
    assert (journeys[0].patterns != journeys[1].patterns).nnz == 0
    assert (journeys[0].persons == journeys[1].persons).all()


def test_whole_numbers_kept_as_floats_are_read_as_such(university: Case, place: Place) -> None:
    """As pandas keeps them beside nulls; each engine has its own way to write them."""
    address = Address.parse(place(university))
    written = {"20000000": "20000000", "-3": "-3", "1.5": "1.5", "null": None, "0": "0"}
    rows = " union all ".join(f"select cast({number} as float) as number" for number in written)
    with engine_at(address, writing=True) as engine:
        engine.raw_sql(f"create table {address.schema}.numbers as {rows}")
        try:
            numbers = engine.table("numbers", database=address.schema).number
            told = numbers.as_table().select(text=number_text(numbers)).to_pyarrow()
        finally:
            engine.raw_sql(f"drop table {address.schema}.numbers")
    assert sorted(told["text"].to_pylist(), key=str) == sorted(written.values(), key=str)


def test_the_log_says_where_the_rows_lie_and_they_lie_there_alone(
    provider: Case, place: Place, from_database: Callable[[Case, str], Processed]
) -> None:
    address = place(provider)
    made = from_database(provider, address)
    processed = made.folder.parent
    opened = open_processed(provider.study, processed)
    assert opened.log == made.log
    assert opened.place == made.log["place"]
    assert str(opened.place).startswith(address)
    assert not list(made.folder.glob("rows*"))
    assert open_rows(opened.place).count().execute() == made.log["rows"]
    assert {source["file"].lower() for source in made.log["sources"]} == set(provider.tables)
    assert all(len(source["sha256"]) == 64 for source in made.log["sources"])


def test_the_same_extract_gives_the_same_log_and_rows(
    provider: Case, duckdb_place: Place, from_database: Callable[[Case, str], Processed]
) -> None:
    made = from_database(provider, duckdb_place(provider))
    again = process_extract(provider.study, duckdb_place(provider), made.folder.parent)
    assert again.log == made.log
    again.refuse_changed()


def test_faults_are_found_alike_and_named_by_their_keys(
    provider: Case,
    place: Place,
    tmp_path: Path,
) -> None:
    """A row in a database has no number: it is named by the columns that tell it apart."""
    rare = "hash({}) % 50 = 0"
    values = {
        ("applications", "country"): f"case when {rare.format('application')} then 'fr' "
        "else country end",
        ("applications", "birth_year"): f"case when {rare.format('person')} then 1890 "
        "else birth_year end",
        ("surveys", "wave"): f"case when {rare.format('application')} then 7 else wave end",
        ("learners", "kind"): f"case when {rare.format('person')} then null else kind end",
        ("enrolments", "application"): f"case when {rare.format('application')} "
        "then application || '?' else application end",
    }
    wrong = Case(
        provider.study,
        changed(provider.folder, tmp_path / "wrong", values),
        "wrong",
        provider.tables,
    )
    counts = []
    for name, extract in (("files", wrong.folder), ("database", place(wrong))):
        with pytest.raises(InputError, match="fault"):
            check_contract(extract, tmp_path / name)
        with (tmp_path / name / LISTING_FILE).open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        table = pd.DataFrame(rows).assign(file=[row["file"].split(".")[0] for row in rows])
        counts.append(table.groupby(["file", "column", "rule", "value"]).size())
    assert len(counts[0]) > len(values)
    pd.testing.assert_series_equal(counts[0], counts[1])
    assert all("=" in row["row"] for row in rows)
    assert {row["row"].split("=")[0] for row in rows if row["file"] == "learners"} == {"person"}


def test_rows_that_changed_behind_our_back_are_noticed(
    provider: Case, duckdb_place: Place, from_database: Callable[[Case, str], Processed]
) -> None:
    made = from_database(provider, duckdb_place(provider))
    made.refuse_changed()
    lost = Processed(made.folder, made.log | {"fingerprint": "0" * 64})
    with pytest.raises(InputError, match="somebody changed them"):
        lost.refuse_changed()
