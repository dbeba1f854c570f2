"""The contract: a sound extract passes, and each planted fault is told by its place."""

import csv
import datetime
from collections.abc import Callable
from pathlib import Path

import ibis
import pandas as pd
import pytest
from pandera.errors import SchemaErrors

from analysis import cli
from analysis.errors import InputError
from analysis.ingest.contract import CONTRACT, REFERENCES
from analysis.ingest.contract_faults import LISTING_FILE, check_contract
from analysis.ingest.contract_guide import contract_guide
from analysis.ingest.contract_optional import DATED, OPTIONAL

MODELS = {**CONTRACT, **OPTIONAL}
Tables = dict[str, list[dict[str, str]]]
Write = Callable[[Tables], Path]

SOUND = """
learners: person,first_seen,registered,kind
p1,2020-12-01,2020-12-02,path
p2,2021-01-10,2021-01-10,path
p3,2021-02-01,,free

paths: path,title,eqf_level
dev,Web developer,5
data,Data analyst,

applications: application,person,path,applied,admitted,started,funding,country,gender,birth_year,\
eqf_level,employment_status,disability,protection_status,area_class
a1,p1,dev,2021-01-05,2021-01-20,2021-02-01,public,FR,woman,1990,4,job_seeker,false,none,qpv
a2,p2,data,2021-02-05,2021-02-05,2021-02-05,other,US,man,1985,6,employed,true,refugee,us_low_income
a3,p2,dev,2021-03-05,,,,FR,,,,,,,

enrolments: application,expected_graduation,graduated,withdrawn,projects,mentor_sessions
a1,2021-12-01,2021-11-15,,12,40
a2,2022-01-01,,2021-06-01,3,9

surveys: application,wave,sent,answered,salary_before,salary_after
a1,6,2022-05-15,2022-05-20,21000,29500.50
a1,12,2022-11-15,,,

career_outcomes: person,kind,occurred,reported,source
p1,job,2022-02-01,2022-05-20,survey
p3,business,2022-03-01,2022-03-05,declaration

finance: month,line,amount,budget
2022-10-01,staff,1000.5,900
2022-11-01,staff,0,
2022-11-01,financial_result,-20,-10

emissions: month,team,scope,kg_co2e,budget_kg_co2e
2022-10-01,workplace,1,12.5,10
2022-10-01,workplace,3,0,
2022-11-01,travel,3,100,90

activity: year,kind,persons
2022,free,5
2022,path,2
"""

# Table, row of the file (the header is row 1), column, value put there, words of the rule.
FAULTS = [
    ("learners", 2, "person", "", "must not be empty"),
    ("learners", 4, "person", "p2", "the key (person) stands in more than one row"),
    ("learners", 2, "first_seen", "", "must not be empty"),
    ("learners", 2, "first_seen", "01/12/2020", "must be a date"),
    ("learners", 2, "first_seen", "2020-02-30", "must be a date"),
    ("learners", 2, "registered", "2020-11-30", "registered is not before first_seen"),
    ("learners", 3, "registered", "soon", "must be a date"),
    ("learners", 3, "kind", "staff", "must be one of: free, path"),
    ("paths", 3, "path", "dev", "the key (path) stands in more than one row"),
    ("paths", 2, "title", "", "must not be empty"),
    ("paths", 2, "eqf_level", "9", "must be at most 8"),
    ("paths", 2, "eqf_level", "five", "must be a whole number"),
    ("applications", 4, "application", "a2", "the key (application) stands in more than one row"),
    ("applications", 4, "person", "p9", "no row of learners has this (person)"),
    ("applications", 4, "path", "law", "no row of paths has this (path)"),
    ("applications", 4, "applied", "", "must not be empty"),
    ("applications", 4, "applied", "2021-13-01", "must be a date"),
    ("applications", 4, "admitted", "2021-03-01", "admitted is not before applied"),
    ("applications", 2, "started", "2021-01-19", "started is not before admitted"),
    ("applications", 2, "admitted", "", "who started was admitted"),
    ("applications", 2, "funding", "", "who started has a funding"),
    ("applications", 2, "funding", "lottery", "must be one of: individual"),
    ("applications", 4, "country", "France", "must match"),
    ("applications", 4, "country", "", "must not be empty"),
    ("applications", 2, "gender", "F", "must be one of: woman"),
    ("applications", 2, "birth_year", "1890", "must be at least 1900"),
    ("applications", 2, "birth_year", "2010", "the age at application is between 14 and 100"),
    ("applications", 2, "birth_year", "1990.5", "must be a whole number"),
    ("applications", 2, "eqf_level", "-1", "must be at least 0"),
    ("applications", 2, "eqf_level", "10", "must be at most 8"),
    ("applications", 2, "employment_status", "retired", "must be one of: job_seeker"),
    ("applications", 2, "disability", "yes", "must be true or false"),
    ("applications", 2, "protection_status", "unknown", "must be one of: none"),
    ("applications", 2, "area_class", "rich", "must be one of: none"),
    ("applications", 2, "area_class", "us_low_income", "the class of an area is one of its"),
    ("enrolments", 3, "application", "a1", "the key (application) stands in more than one row"),
    ("enrolments", 3, "application", "a9", "no row of applications has this (application)"),
    ("enrolments", 3, "application", "a3", "the application started"),
    ("enrolments", 3, "expected_graduation", "2021-01-01", "expected_graduation is not before"),
    ("enrolments", 2, "graduated", "2021-01-31", "graduated is not before started"),
    ("enrolments", 3, "withdrawn", "2021-02-04", "withdrawn is not before started"),
    ("enrolments", 2, "withdrawn", "2021-11-15", "nobody both graduated and withdrew"),
    ("enrolments", 2, "projects", "-1", "must be at least 0"),
    ("enrolments", 2, "mentor_sessions", "many", "must be a whole number"),
    ("surveys", 3, "wave", "6", "the key (application, wave) stands in more than one row"),
    ("surveys", 3, "wave", "7", "must be one of: 6, 12"),
    ("surveys", 3, "application", "a2", "the application graduated"),
    ("surveys", 3, "application", "a3", "no row of enrolments has this (application)"),
    ("surveys", 3, "sent", "2021-11-14", "sent is not before graduated"),
    ("surveys", 2, "answered", "2022-05-14", "answered is not before sent"),
    ("surveys", 2, "answered", "", "only who answered told a salary"),
    ("surveys", 2, "salary_before", "-5", "must be at least 0"),
    ("surveys", 2, "salary_after", "29 500", "must be a number"),
    ("career_outcomes", 2, "person", "p9", "no row of learners has this (person)"),
    ("career_outcomes", 2, "kind", "promotion", "must be one of: job"),
    ("career_outcomes", 2, "occurred", "2020-11-01", "occurred is not before first_seen"),
    ("career_outcomes", 2, "reported", "2022-01-31", "reported is not before occurred"),
    ("career_outcomes", 2, "source", "rumour", "must be one of: survey"),
    ("finance", 2, "month", "2022-10", "must be a date"),
    ("finance", 2, "month", "", "must not be empty"),
    ("finance", 2, "month", "2022-10-02", "month is the first day of a month"),
    ("finance", 3, "month", "2022-12-01", "month is not after the day of the extract, 2022-11-15"),
    ("finance", 3, "month", "2022-10-01", "the key (month, line) stands in more than one row"),
    ("finance", 2, "line", "salaries", "must be one of: revenue_individual"),
    ("finance", 2, "amount", "", "must not be empty"),
    ("finance", 2, "amount", "1 000", "must be a number"),
    ("finance", 2, "amount", "-1000.5", "amount is not below zero, but for financial_result"),
    ("finance", 2, "budget", "-900", "budget is not below zero, but for financial_result"),
    ("finance", 4, "budget", "none", "must be a number"),
    ("emissions", 2, "month", "2022-10-31", "month is the first day of a month"),
    ("emissions", 4, "month", "2023-01-01", "month is not after the day of the extract"),
    ("emissions", 2, "team", "", "must not be empty"),
    ("emissions", 3, "team", "all", "team is none of all, printed, scope_1, scope_2"),
    ("emissions", 3, "team", "Printed", "in any case"),
    ("emissions", 2, "team", "Scope_3", "team is none of"),
    ("emissions", 2, "scope", "4", "must be one of: 1, 2, 3"),
    ("emissions", 2, "scope", "one", "must be a whole number"),
    # The same scope, written in another way.
    ("emissions", 2, "scope", "+3", "the key (month, team, scope) stands in more than one row"),
    ("emissions", 3, "kg_co2e", "-0.1", "must be at least 0"),
    ("emissions", 3, "kg_co2e", "", "must not be empty"),
    ("emissions", 3, "budget_kg_co2e", "-5", "must be at least 0"),
    ("activity", 2, "year", "1999", "must be at least 2000"),
    ("activity", 2, "year", "2023", "year is not after the day of the extract"),
    ("activity", 2, "kind", "apprentice", "must be one of: free, path"),
    ("activity", 3, "kind", "free", "the key (year, kind) stands in more than one row"),
    ("activity", 3, "persons", "2.5", "must be a whole number"),
    ("activity", 3, "persons", "-2", "must be at least 0"),
]


def _sound() -> Tables:
    tables = {}
    for block in SOUND.replace("\\\n", "").strip().split("\n\n"):
        name, text = block.split(": ", 1)
        tables[name] = list(csv.DictReader(text.splitlines()))
    return tables


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Give the function that writes an extract as CSV files."""

    def call(tables: Tables) -> Path:
        folder = tmp_path / "extract"
        folder.mkdir()
        for name, rows in tables.items():
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
                writer = csv.DictWriter(stream, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        return folder

    return call


def test_a_sound_extract_passes(write: Write, tmp_path: Path) -> None:
    rows = check_contract(write(_sound()), tmp_path / "processed")
    assert rows == {name: len(table) for name, table in _sound().items()}
    assert list(rows) == list(MODELS)
    assert not (tmp_path / "processed").exists()


@pytest.mark.parametrize(("table", "row", "column", "value", "words"), FAULTS)
def test_each_fault_is_told_by_its_place(
    write: Write, tmp_path: Path, table: str, row: int, column: str, value: str, words: str
) -> None:
    tables = _sound()
    assert tables[table][row - 2][column] != value
    tables[table][row - 2][column] = value
    processed = tmp_path / "processed"
    with pytest.raises(InputError, match=r"fault\(s\)"):
        check_contract(write(tables), processed)
    listed = pd.read_csv(processed / LISTING_FILE, dtype=str, keep_default_na=False)
    own = listed[listed["rule"].str.contains(words, regex=False)]
    places = set(zip(own["file"], own["row"], strict=True))
    assert (f"{table}.csv", str(row)) in places
    # The rule may be reported at the column that it is about, whose value may be another's.
    assert len(places) == (2 if "more than one row" in words else 1)
    assert [path.name for path in processed.iterdir()] == [LISTING_FILE]


def test_all_faults_are_told_at_once(write: Write, tmp_path: Path) -> None:
    tables = _sound()
    tables["learners"][0]["kind"] = "staff"
    tables["surveys"][0]["sent"] = "later"
    tables["career_outcomes"][1]["person"] = "p7"
    with pytest.raises(InputError, match=r"3 fault\(s\)") as caught:
        check_contract(write(tables), tmp_path)
    for words in ("learners.csv, column kind", "surveys.csv, column sent", "'p7'"):
        assert words in str(caught.value)


def test_an_extract_mended_leaves_no_old_list(write: Write, tmp_path: Path) -> None:
    folder = write(_sound())
    path = folder / "paths.csv"
    text = path.read_text("utf-8")
    path.write_text(text.replace("dev,", "data,"), "utf-8")
    with pytest.raises(InputError):
        check_contract(folder, tmp_path)
    assert (tmp_path / LISTING_FILE).exists()
    path.write_text(text, "utf-8")
    check_contract(folder, tmp_path)
    assert not (tmp_path / LISTING_FILE).exists()


def test_parquet_with_its_own_types_passes(tmp_path: Path) -> None:
    folder = tmp_path / "extract"
    folder.mkdir()
    for name, rows in _sound().items():
        table = pd.DataFrame(rows).replace("", None)
        for column, declared in MODELS[name].to_schema().columns.items():
            if str(declared.dtype) == "date":
                table[column] = pd.to_datetime(table[column])
            elif str(declared.dtype) in ("int64", "float64"):
                table[column] = pd.to_numeric(table[column])
            elif str(declared.dtype) == "boolean":
                table[column] = table[column].map({"true": True, "false": False}).astype("boolean")
        table.to_parquet(folder / f"{name}.parquet")
    assert check_contract(folder, tmp_path)["applications"] == 3


def test_a_table_that_is_optional_may_be_absent(write: Write, tmp_path: Path) -> None:
    folder = write({name: rows for name, rows in _sound().items() if name not in OPTIONAL})
    rows = check_contract(folder, tmp_path)
    assert [name for name, given in rows.items() if given is None] == list(OPTIONAL)
    assert list(rows) == [*CONTRACT, *OPTIONAL]
    (folder / "activity.csv").write_text("year,kind,persons\n2022,path,2\n")
    rows = check_contract(folder, tmp_path)
    assert [name for name, given in rows.items() if given is None] == ["finance", "emissions"]


@pytest.mark.parametrize("name", OPTIONAL)
def test_an_optional_table_that_is_there_is_whole(write: Write, tmp_path: Path, name: str) -> None:
    folder = write(_sound())
    path = folder / f"{name}.csv"
    header = path.read_text("utf-8").splitlines()[0]
    path.write_text(f"{header}\n", "utf-8")
    with pytest.raises(InputError, match=rf"{name}\.csv has no rows"):
        check_contract(folder, tmp_path)
    path.write_text(header.partition(",")[2] + "\n1,2,3,4\n", "utf-8")
    with pytest.raises(InputError, match=rf"{name}\.csv lacks the column {DATED[name]}"):
        check_contract(folder, tmp_path)


def test_an_extract_without_one_right_date_is_refused_like_others(
    write: Write, tmp_path: Path
) -> None:
    """Its day is not known then, so that nothing can lie after it."""
    tables = _sound()
    for name in CONTRACT:
        for column, declared in CONTRACT[name].to_schema().columns.items():
            if str(declared.dtype) == "date":
                for row in tables[name]:
                    row[column] = "soon"
    with pytest.raises(InputError, match="must be a date") as caught:
        check_contract(write(tables), tmp_path)
    assert "day of the extract" not in str(caught.value)


def test_columns_in_another_order_pass(write: Write, tmp_path: Path) -> None:
    tables = {
        name: [dict(reversed(row.items())) for row in rows] for name, rows in _sound().items()
    }
    check_contract(write(tables), tmp_path)


def test_a_renamed_column_or_file_is_told(write: Write, tmp_path: Path) -> None:
    folder = write(_sound())
    path = folder / "surveys.csv"
    path.write_text(path.read_text("utf-8").replace("wave", "month"), "utf-8")
    with pytest.raises(InputError, match=r"surveys\.csv lacks the column wave") as caught:
        check_contract(folder, tmp_path)
    assert "docs/data-contract.md" in str(caught.value)
    path.rename(folder / "survey.csv")
    with pytest.raises(InputError, match=r"lacks surveys\.csv .*It holds: .*survey\.csv"):
        check_contract(folder, tmp_path)


@pytest.fixture
def at_the_root(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in the repository, as `placement-gaps check` asks for."""
    monkeypatch.chdir(repository)


@pytest.mark.usefixtures("at_the_root")
def test_the_command_tells_the_rows(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--extract", str(write(_sound()))]) == 0
    printed = capsys.readouterr().out
    assert "applications: 3 rows" in printed
    assert "emissions: 3 rows" in printed
    assert "(optional)" not in printed
    assert "keeps the contract" in printed


@pytest.mark.usefixtures("at_the_root")
def test_the_command_tells_what_is_not_given(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write({name: rows for name, rows in _sound().items() if name != "finance"})
    assert cli.main(["check", "--extract", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "finance: not given (optional)" in printed
    assert "activity: 2 rows" in printed


@pytest.mark.usefixtures("at_the_root")
def test_the_command_refuses_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", "--extract", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "learners.csv" in told
    assert "Traceback" not in told


def test_the_guide_is_current(repository: Path) -> None:
    guide = (repository / "docs" / "data-contract.md").read_text("utf-8")
    assert guide == contract_guide(), "placement-gaps contract > docs/data-contract.md"
    for name, model in MODELS.items():
        assert f"## `{name}`{' (optional)' if name in OPTIONAL else ''}\n" in guide
        for column in model.to_schema().columns:
            assert f"| `{column}` |" in guide


def test_each_dated_column_is_one_of_its_table() -> None:
    assert list(DATED) == list(OPTIONAL)
    for name, column in DATED.items():
        assert column in OPTIONAL[name].to_schema().columns


def test_references_name_columns_of_both_tables() -> None:
    for (table, column), other in REFERENCES.items():
        assert column in CONTRACT[table].to_schema().columns
        assert column in CONTRACT[other].to_schema().columns


def test_pandera_itself_takes_the_models(tmp_path: Path) -> None:
    """What makes an extract can validate it by the models alone."""
    rows = pd.DataFrame(_sound()["learners"])[["person", "kind"]]
    rows["first_seen"] = datetime.date(2021, 1, 1)
    rows["registered"] = datetime.date(2021, 1, 2)
    path = tmp_path / "learners.parquet"
    rows.to_parquet(path)
    table = ibis.duckdb.connect().read_parquet(path)
    assert CONTRACT["learners"].validate(table, lazy=True).count().to_pyarrow().as_py() == 3
    with pytest.raises(SchemaErrors):
        CONTRACT["learners"].validate(table.mutate(kind=ibis.literal("staff")), lazy=True)
