"""The processed table against a derivation in plain Python, and the log of its making."""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.files import sha256
from analysis.ingest import Processed, open_processed, process_extract
from analysis.ingest.derive import amount, cohort, level, membership, outcome
from analysis.studies import Study, load_study
from analysis.studies.parts import Amount, Category, Cohort, Covariate, Outcome, Wording

Rows = list[dict[str, str]]
WORDING = Wording(en="a", fr="b")
EXAMPLES = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def toy_processed(
    toy_study: Study, toy_extract: Path, tmp_path_factory: pytest.TempPathFactory
) -> Processed:
    return process_extract(toy_study, toy_extract, tmp_path_factory.mktemp("processed"))


def _flag(value: str, yes: Sequence[str], no: Sequence[str]) -> bool | None:
    return True if value in yes else False if value in no else None


def _band(age: str) -> str:
    if not age:
        return "unknown"
    return ("<=25", "26-35", "36-45", ">45")[bisect_left([25, 35, 45], int(age))]


def _expected(row: Mapping[str, str], countries: Mapping[str, str]) -> dict[str, object]:
    """What the study file says of a learner, in plain Python."""
    graduated = row["result"] == "graduated"
    return {
        "person": row["learner"],
        "cluster": row["site"],
        "cohort": row["year"],
        "graduated": graduated,
        "placed": _flag(row["job"], ["yes"], ["no"]) if graduated else None,
        "job_seeker": _flag(row["status"], ["seeking"], ["employed"]),
        "low_qualification": _flag(row["education"], ["none", "bac"], ["degree"]),
        "carer": _flag(row["carer"], ["yes"], ["no"]),
        "gender": "F" if row["gender"] == "Female" else row["gender"],
        "age_band": _band(row["age"]),
        "country": countries[row["path"]],
        "education": row["education"],
        "funding": row["funding"],
    }


def test_the_table_is_what_the_study_says(
    toy_processed: Processed, toy_learners: Rows, toy_paths: Rows
) -> None:
    countries = {row["path"]: row["country"] for row in toy_paths}
    expected = [_expected(row, countries) for row in toy_learners]
    table = pq.read_table(toy_processed.place)
    assert table.column_names == list(expected[0])
    assert table.to_pylist() == expected


def test_the_log_says_what_was_done(
    toy_processed: Processed, toy_extract: Path, toy_learners: Rows, toy_study: Study
) -> None:
    log = toy_processed.log
    damaged = sum(row["gender"] == "Female" for row in toy_learners)
    unknown = sum(row["status"] not in {"seeking", "employed"} for row in toy_learners)
    assert log["study"] == toy_study.name
    assert log["rows"] == len(toy_learners)
    assert {source["file"]: (source["rows"], source["sha256"]) for source in log["sources"]} == {
        "learners.csv": (len(toy_learners), sha256(toy_extract / "learners.csv")),
        "paths.csv": (6, sha256(toy_extract / "paths.csv")),
    }
    (fix,) = log["repairs"]
    assert fix == {
        "table": "learners",
        "column": "gender",
        "found": "Female",
        "meant": "F",
        "rows": damaged,
    }
    assert damaged > 0
    assert log["unknown"] == {"job_seeker": unknown, "low_qualification": 0, "carer": 0}
    assert log["outside_denominator"] == {
        "graduated": 0,
        "placed": sum(row["result"] != "graduated" or not row["job"] for row in toy_learners),
    }
    written = json.loads((toy_processed.folder / "log.json").read_text("utf-8"))
    assert written == log


def test_the_log_is_told_in_sentences(toy_processed: Processed) -> None:
    lines = list(toy_processed.log_lines())
    repaired = toy_processed.log["repairs"][0]["rows"]
    unknown = toy_processed.log["unknown"]["job_seeker"]
    assert "read 600 rows of learners.csv" in lines
    assert f"repaired {repaired} rows of learners.gender: 'Female' means 'F'" in lines
    assert f"job_seeker is not known for {unknown} rows" in lines
    assert not any("carer" in line for line in lines)
    assert lines[-1] == "wrote 600 rows, all SYNTHETIC"


def test_the_same_extract_gives_the_same_bytes(
    toy_study: Study, toy_extract: Path, toy_processed: Processed, tmp_path: Path
) -> None:
    again = process_extract(toy_study, toy_extract, tmp_path)
    assert sha256(again.place) == sha256(toy_processed.place)
    assert again.log == toy_processed.log


def test_rows_keep_the_order_of_the_file_however_many_they_are(
    toy_study: Study, toy_extract: Path, tmp_path: Path
) -> None:
    """Joined in parallel they would not, and the same extract would give other bytes each time."""
    size = 260_000  # more than two groups of rows, by which DuckDB works in parallel
    header, first = (toy_extract / "learners.csv").read_text("utf-8").splitlines()[:2]
    rest = first.split(",", 1)[1]
    rows = "".join(f"{number},{rest}\n" for number in range(1, size + 1))
    (tmp_path / "learners.csv").write_text(f"{header}\n{rows}", "utf-8")
    (tmp_path / "paths.csv").write_bytes((toy_extract / "paths.csv").read_bytes())
    processed = process_extract(toy_study, tmp_path, tmp_path / "processed")
    persons = pq.read_table(processed.place, columns=["person"])["person"]
    assert persons.equals(pa.chunked_array([[str(number) for number in range(1, size + 1)]]))


def test_an_extract_without_rows_is_refused(
    toy_study: Study, toy_extract: Path, tmp_path: Path
) -> None:
    header = (toy_extract / "learners.csv").read_text("utf-8").splitlines()[0]
    (tmp_path / "learners.csv").write_text(f"{header}\n", "utf-8")
    (tmp_path / "paths.csv").write_bytes((toy_extract / "paths.csv").read_bytes())
    with pytest.raises(InputError, match=r"learners\.csv"):
        process_extract(toy_study, tmp_path, tmp_path / "processed")


def test_a_processed_table_can_be_opened_again(toy_study: Study, toy_processed: Processed) -> None:
    assert open_processed(toy_study, toy_processed.folder.parent) == toy_processed


def test_what_was_never_processed_is_refused_with_the_way_to_do_it(
    toy_study: Study, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        open_processed(toy_study, tmp_path)
    assert "make data STUDY=" in str(caught.value)
    assert toy_study.provenance.obtain in str(caught.value)


def test_a_table_of_another_version_of_the_study_is_refused(
    toy_study: Study, toy_extract: Path, tmp_path: Path
) -> None:
    processed = process_extract(toy_study, toy_extract, tmp_path)
    changed = toy_study.model_copy(update={"synthetic": False})
    with pytest.raises(InputError, match="another version"):
        open_processed(changed, tmp_path)
    log = {key: value for key, value in processed.log.items() if key != "study_sha256"}
    (processed.folder / "log.json").write_text(json.dumps(log))
    with pytest.raises(InputError, match="another version"):
        open_processed(toy_study, tmp_path)


def test_the_real_extract_gives_the_counts_of_its_readme(
    oulad_processed: Processed, oulad_folder: Path
) -> None:
    table = pq.read_table(oulad_processed.place)
    assert table.num_rows == 32_593
    assert Counter(table["completed"].to_pylist()) == {True: 12_361 + 3_024, False: 7_052 + 10_156}
    for member, size, share in ((True, 3_164, 0.3815), (False, 29_429, 0.4818)):
        inside = table.filter(pa.compute.equal(table["disability"], member))
        assert inside.num_rows == size
        assert sum(inside["completed"].to_pylist()) / size == pytest.approx(share, abs=5e-5)


def test_the_real_extract_is_repaired_and_its_log_says_so(oulad_processed: Processed) -> None:
    (fix,) = oulad_processed.log["repairs"]
    assert (fix["column"], fix["found"], fix["meant"], fix["rows"]) == (
        "imd_band",
        "20-Oct",
        "10-20%",
        3516,
    )
    assert oulad_processed.log["unknown"] == {
        "disability": 0,
        "low_qualification": 0,
        "underserved_area": 1111,
    }
    lines = list(oulad_processed.log_lines())
    assert "repaired 3,516 rows of studentInfo.imd_band: '20-Oct' means '10-20%'" in lines
    assert "underserved_area is not known for 1,111 rows" in lines
    table = pq.read_table(oulad_processed.place)
    bands = Counter(table["deprivation"].to_pylist())
    assert bands["10-20%"] == 3516
    assert bands["unknown"] == 1111
    assert set(bands) == set(load_study("oulad").levels("deprivation"))


def test_the_real_extract_has_its_clusters_and_cohorts(oulad_processed: Processed) -> None:
    table = pq.read_table(oulad_processed.place)
    clusters, cohorts = table["cluster"].to_pylist(), table["cohort"].to_pylist()
    assert len(set(clusters)) == 22
    assert "AAA × 2013J" in clusters
    assert set(cohorts) == {"2013", "2014"}
    assert all(one.split(" × ")[1][:4] == year for one, year in zip(clusters, cohorts, strict=True))


# Derivations on small random tables, against the same in plain Python.

VALUES = ("a", "b", "c", "d", "é", "no")
VALUE = st.none() | st.sampled_from(VALUES)
SOME = st.sets(st.sampled_from(VALUES)).map(lambda values: tuple(sorted(values)))
TABLE = st.lists(st.tuples(VALUE, VALUE), min_size=1, max_size=25)
TWO_SETS = st.lists(st.sampled_from(("first", "second", "neither")), min_size=6, max_size=6).map(
    lambda marks: tuple(
        tuple(value for value, mark in zip(VALUES, marks, strict=True) if mark == wanted)
        for wanted in ("first", "second")
    )
)


def _texts(**columns: Sequence[str | None]) -> ibis.ir.Table:
    return ibis.memtable(
        pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    )


def _values(column: ibis.ir.Value) -> list[Any]:
    values: list[Any] = column.name("value").to_pyarrow().to_pylist()
    return values


@EXAMPLES
@given(rows=TABLE, sides=TWO_SETS)
def test_membership_is_in_or_out_or_unknown(
    rows: list[tuple[str | None, str | None]], sides: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    inside, outside = sides
    declared = Category.model_validate({"from": "x", "in": inside, "out": outside})
    derived = _values(membership(_texts(x=[x for x, _ in rows]), declared))
    assert derived == [True if x in inside else False if x in outside else None for x, _ in rows]


@EXAMPLES
@given(rows=TABLE, sides=TWO_SETS, among=st.none() | SOME)
def test_an_outcome_is_success_or_failure_or_outside(
    rows: list[tuple[str | None, str | None]],
    sides: tuple[tuple[str, ...], tuple[str, ...]],
    among: tuple[str, ...] | None,
) -> None:
    success, failure = sides
    declared = Outcome.model_validate(
        {"label": WORDING, "denominator": WORDING, "from": "x", "success": success}
        | {"failure": failure, "among": {} if among is None else {"y": among}}
    )
    table = _texts(x=[x for x, _ in rows], y=[y for _, y in rows])
    expected = [
        None
        if (among is not None and y not in among) or x not in (*success, *failure)
        else x in success
        for x, y in rows
    ]
    assert _values(outcome(table, declared)) == expected


@EXAMPLES
@given(rows=TABLE)
def test_a_level_is_the_value_or_unknown(rows: list[tuple[str | None, str | None]]) -> None:
    declared = Covariate.model_validate({"label": WORDING, "from": "x"})
    derived = _values(level(_texts(x=[x for x, _ in rows]), declared))
    assert derived == [x if x is not None else "unknown" for x, _ in rows]


NUMBERS = st.none() | st.integers(-3, 60) | st.integers(-6, 120).map(lambda half: half / 2)


@EXAMPLES
@given(
    numbers=st.lists(NUMBERS, min_size=1, max_size=25),
    cuts=st.sets(st.integers(0, 50), min_size=1, max_size=4).map(sorted),
)
def test_a_band_holds_what_lies_above_its_lower_and_up_to_its_upper_cut(
    numbers: list[float | None], cuts: list[int]
) -> None:
    declared = Covariate.model_validate({"label": WORDING, "from": "x", "cuts": cuts})
    texts = [None if number is None else str(number) for number in numbers]
    names = [f"<={cuts[0]}"]
    for low, high in pairwise(cuts):
        names.append(str(high) if high == low + 1 else f"{low + 1}-{high}")
    names.append(f">{cuts[-1]}")
    expected = ["unknown" if one is None else names[bisect_left(cuts, one)] for one in numbers]
    assert _values(level(_texts(x=texts), declared)) == expected


@EXAMPLES
@given(rows=st.lists(st.tuples(NUMBERS, VALUE), min_size=1, max_size=25), among=st.none() | SOME)
def test_an_amount_is_the_number_of_whoever_is_in_the_denominator(
    rows: list[tuple[float | None, str | None]], among: tuple[str, ...] | None
) -> None:
    declared = Amount.model_validate(
        {"label": WORDING, "from": "x", "among": {} if among is None else {"y": among}}
    )
    table = _texts(x=[None if x is None else str(x) for x, _ in rows], y=[y for _, y in rows])
    expected = [x if among is None or y in among else None for x, y in rows]
    assert _values(amount(table, declared)) == expected


@EXAMPLES
@given(rows=TABLE, groups=TWO_SETS)
def test_a_row_is_in_the_cohort_that_names_its_value(
    rows: list[tuple[str | None, str | None]], groups: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    named = dict(zip(("2021", "2022"), groups, strict=True))
    declared = Cohort.model_validate({"from": "x", "groups": named})
    expected = [next((name for name, kept in named.items() if x in kept), None) for x, _ in rows]
    assert _values(cohort(_texts(x=[x for x, _ in rows])["x"], declared)) == expected
