"""Every fault of an extract is found, with its file, row, column, value and rule."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from analysis.errors import InputError
from analysis.files import tree_hashes
from analysis.ingest import checks, process_extract
from analysis.studies import Study, load_study

L, P = "learners.csv", "paths.csv"
ORPHAN = "no row of paths has this (path)"
COPIES = "the key ({}) stands in more than one row"
WHOLE = "must be a whole number"

# What is planted in learners.csv (by line and column) and the faults that must be found, each
# with its file, row, column, value and rule.
PLANTED: dict[str, tuple[dict[tuple[int, str], str], list[tuple[str, int, str, str, str]]]] = {
    "empty": ({(7, "carer"): ""}, [(L, 7, "carer", "", "must not be empty")]),
    "no such value": (
        {(9, "gender"): "X"},
        [(L, 9, "gender", "X", "must be one of: F, M")],
    ),
    "a value in other letters": (
        {(9, "gender"): "f"},
        [(L, 9, "gender", "f", "must be one of: F, M")],
    ),
    "a value with spaces": (
        {(9, "gender"): " F"},
        [(L, 9, "gender", " F", "must be one of: F, M")],
    ),
    "the damage of another column": (
        {(9, "carer"): "Female"},
        [(L, 9, "carer", "Female", "must be one of: yes, no")],
    ),
    "what is missing elsewhere": (
        {(41, "result"): "not stated"},
        [(L, 41, "result", "not stated", "must be one of: graduated, left")],
    ),
    "a number too small": ({(2, "age"): "15"}, [(L, 2, "age", "15", "must be at least 16")]),
    "a negative number": ({(2, "age"): "-3"}, [(L, 2, "age", "-3", "must be at least 16")]),
    "a number too large": ({(2, "age"): "91"}, [(L, 2, "age", "91", "must be at most 90")]),
    "no reference": ({(3, "path"): "cooking"}, [(L, 3, "path", "cooking", ORPHAN)]),
    "an empty reference": (
        {(3, "path"): ""},
        [(L, 3, "path", "", "must not be empty"), (L, 3, "path", "", ORPHAN)],
    ),
    "a key that stands twice": (
        {(30, "learner"): "3"},
        [
            (L, 4, "learner", "3", COPIES.format("learner")),
            (L, 30, "learner", "3", COPIES.format("learner")),
        ],
    ),
    "a key that stands three times": (
        {(30, "learner"): "3", (35, "learner"): "3"},
        [(L, line, "learner", "3", COPIES.format("learner")) for line in (4, 30, 35)],
    ),
    "an empty key": (
        {(5, "learner"): ""},
        [(L, 5, "learner", "", "must not be empty")],
    ),
    "several in one row": (
        {(6, "gender"): "X", (6, "age"): "200", (6, "job"): "maybe"},
        [
            (L, 6, "age", "200", "must be at most 90"),
            (L, 6, "gender", "X", "must be one of: F, M"),
            (L, 6, "job", "maybe", "must be one of: yes, no"),
        ],
    ),
}
NO_WHOLE_NUMBERS = (
    "old",
    "17.6",
    "0x1f",
    "3_0",
    "3e1",
    "nan",
    "inf",
    "1e400",
    "9" * 20,
    "--3",
    "٣",
)


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_fault_is_found(make_extract: Any, kind: str) -> None:
    changes, expected = PLANTED[kind]
    assert sorted(make_extract(changes).faults()) == sorted(expected)


@pytest.mark.parametrize("text", NO_WHOLE_NUMBERS)
def test_what_is_no_whole_number_is_found(make_extract: Any, text: str) -> None:
    assert make_extract({(8, "age"): text}).faults() == [(L, 8, "age", text, WHOLE)]


@pytest.mark.parametrize("text", ["17", "90", "16", "030"])
def test_a_whole_number_in_range_is_none(make_extract: Any, text: str) -> None:
    assert make_extract({(8, "age"): text}).process().log["rows"] == 40


@pytest.fixture
def with_shares(toy_study_text: str, tmp_path: Path) -> Study:
    """Give the made-up study, its ages now numbers between 0 and 1."""
    old = "{type: integer, minimum: 16, maximum: 90, optional: true}"
    assert old in toy_study_text
    text = toy_study_text.replace(old, "{type: number, minimum: 0, optional: true}")
    (tmp_path / "shares.yml").write_text(text, "utf-8")
    return load_study(str(tmp_path / "shares.yml"))


@pytest.mark.parametrize("text", ["old", "1,5", "nan", "inf", "-inf", "1_0.5", "0x1f"])
def test_what_is_no_number_is_found(make_extract: Any, with_shares: Study, text: str) -> None:
    ((_, row, column, value, _),) = make_extract({(8, "age"): text}, study=with_shares).faults()
    assert (row, column, value) == (8, "age", text)


@pytest.mark.parametrize("text", ["0", "17.6", "1e1", "0.5"])
def test_a_number_is_none(make_extract: Any, with_shares: Study, text: str) -> None:
    assert make_extract({(8, "age"): text}, study=with_shares).process().log["rows"] == 40


def test_faults_of_every_table_are_found(make_extract: Any) -> None:
    extract = make_extract({(4, "gender"): "X"}, {(3, "months"): "0", (4, "country"): "XX"})
    assert extract.faults() == [
        (L, 4, "gender", "X", "must be one of: F, M"),
        (P, 3, "months", "0", "must be at least 1"),
        (P, 4, "country", "XX", "must be one of: FR, UK, US"),
    ]


def test_a_reference_that_stands_twice_is_found(make_extract: Any) -> None:
    """Else every row that refers to it would stand twice in the table."""
    faults = make_extract(paths={(3, "path"): "web"}).faults()
    copies = [fault for fault in faults if fault[0] == P]
    assert copies == [(P, line, "path", "web", COPIES.format("path")) for line in (2, 3)]
    assert {fault[4] for fault in faults if fault[0] == L} == {ORPHAN}


@pytest.mark.parametrize(("year", "rows"), [("2022", []), ("2021", [2, 3])])
def test_a_key_of_several_columns_may_repeat_in_each(
    make_extract: Any, toy_study: Study, year: str, rows: list[int]
) -> None:
    keyed = toy_study.tables["learners"].model_copy(update={"key": ("learner", "year")})
    study = toy_study.model_copy(update={"tables": {**toy_study.tables, "learners": keyed}})
    same = {(3, "learner"): "1", (2, "year"): "2021", (3, "year"): year}
    extract = make_extract(same, study=study)
    if not rows:
        assert extract.process().log["rows"] == 40
        return
    faults = extract.faults()
    assert [fault[1] for fault in faults] == rows
    assert {fault[4] for fault in faults} == {COPIES.format("learner, year")}


def test_all_faults_are_listed_and_the_message_tells_of_each_kind(make_extract: Any) -> None:
    lines = range(2, 42)
    extract = make_extract({(line, "gender"): f"X{line}" for line in lines} | {(5, "age"): "old"})
    message, faults = extract.refusal(), extract.faults()
    genders = [fault for fault in faults if fault[2] == "gender"]
    assert genders == [(L, line, "gender", f"X{line}", "must be one of: F, M") for line in lines]
    assert len(faults) == 41
    assert "41 fault(s); nothing was written" in message
    assert f"{L}, column gender: must be one of: F, M — 40 row(s), first in row 2: 'X2'" in message
    assert f"{L}, column age: {WHOLE} — 1 row(s), first in row 5: 'old'" in message


def test_a_message_stays_short_however_many_kinds_there_are(make_extract: Any) -> None:
    texts = ("year", "gender", "education", "status", "carer", "funding", "result", "job", "age")
    changes = {(line, name): "?" for line in (2, 3) for name in texts}
    extract = make_extract(changes | {(5, "site"): "", (6, "carer"): "", (7, "path"): "?"})
    message, faults = extract.refusal(), extract.faults()
    kinds = {(file, column, rule) for file, _, column, _, rule in faults}
    assert len(kinds) > checks.FAULTS_SHOWN
    assert message.count("first in row") == checks.FAULTS_SHOWN
    assert f"{len(kinds) - checks.FAULTS_SHOWN} more kinds of fault" in message


def test_an_empty_field_is_not_called_nan(make_extract: Any) -> None:
    assert "nan" not in make_extract({(7, "carer"): ""}).refusal()


def test_where_the_listing_is_cut_the_message_says_so(
    make_extract: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "FAULTS_LISTED_PER_RULE", 5)
    message = make_extract({(line, "gender"): "X" for line in range(2, 22)}).refusal()
    assert "20 fault(s)" in message
    assert "All of them" not in message


def test_the_listing_of_an_extract_that_was_corrected_is_gone(make_extract: Any) -> None:
    extract = make_extract({(2, "gender"): "X"})
    extract.refusal()
    listing = extract.processed / "bootcamp.faults.csv"
    assert listing.is_file()
    make_extract().process()
    assert not listing.exists()


def _drop(path: Path) -> None:
    path.unlink()


def _plant(path: Path) -> None:
    path.write_text(path.read_text("utf-8").replace("graduated", "gone", 1), "utf-8")


def _rename_column(path: Path) -> None:
    path.write_text(path.read_text("utf-8").replace("gender", "sex", 1), "utf-8")


@pytest.mark.parametrize("damage", [_drop, _plant, _rename_column])
def test_a_refused_extract_leaves_an_older_table_whole(
    make_extract: Any, damage: Callable[[Path], None]
) -> None:
    extract = make_extract()
    older = extract.process()
    before = tree_hashes(older.folder)
    damage(extract.folder / "learners.csv")
    with pytest.raises(InputError):
        extract.process()
    assert tree_hashes(older.folder) == before
    assert pq.read_table(older.place).num_rows == 40


def test_faults_of_the_real_extract_are_found(oulad_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "extract"
    folder.mkdir()
    for name in ("courses.csv", "studentInfo.csv"):
        (folder / name).write_bytes((oulad_folder / name).read_bytes())
    path = folder / "studentInfo.csv"
    lines = path.read_text("utf-8").splitlines()
    lines[32_000] = lines[32_000].replace("%", "")
    lines[99] = lines[99].replace("2013J", "2012J")
    lines.append(lines[1])
    path.write_text("\n".join(lines) + "\n", "utf-8")
    study = load_study("oulad")
    with pytest.raises(InputError, match=r"5 fault\(s\)"):
        process_extract(study, folder, tmp_path / "processed")
    listed = (tmp_path / "processed" / "oulad.faults.csv").read_text("utf-8").splitlines()[1:]
    assert [line.split(",")[:3] for line in listed] == [
        ["studentInfo.csv", "2", "id_student"],
        ["studentInfo.csv", "100", "code_presentation"],
        ["studentInfo.csv", "100", "code_presentation"],
        ["studentInfo.csv", "32001", "imd_band"],
        ["studentInfo.csv", "32595", "id_student"],
    ]
