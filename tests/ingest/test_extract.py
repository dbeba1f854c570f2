"""Files are read as they are, or refused with words that help."""

import gzip
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from analysis.errors import InputError
from analysis.ingest import Processed, process_extract
from analysis.ingest.extract import ROW, find_files, read_tables, repair, wanted_by
from analysis.studies import Study, load_study

Read = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def read_learners(make_extract: Any) -> tuple[Path, Read]:
    """Give the file of learners and the function that reads it."""
    extract = make_extract()

    def read() -> list[dict[str, Any]]:
        files = find_files(wanted_by(extract.study), extract.folder)
        table = read_tables(ibis.duckdb.connect(), wanted_by(extract.study), files)["learners"]
        rows: list[dict[str, Any]] = table.order_by(ROW).to_pyarrow().to_pylist()
        return rows

    return extract.folder / "learners.csv", read


def _as_null(rows: Iterable[Mapping[str, str]]) -> list[dict[str, str | None]]:
    return [{name: value or None for name, value in row.items()} for row in rows]


def test_a_missing_folder_is_named_and_how_to_obtain_the_data(
    toy_study: Study, tmp_path: Path
) -> None:
    for folder in (tmp_path / "nowhere", tmp_path / "file"):
        (tmp_path / "file").touch()
        with pytest.raises(InputError) as caught:
            find_files(wanted_by(toy_study), folder)
        assert f"{folder} is not a folder" in str(caught.value)
        assert toy_study.provenance.obtain in str(caught.value)


def test_a_missing_file_is_named_beside_what_lies_there(toy_study: Study, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="It holds: nothing"):
        find_files(wanted_by(toy_study), tmp_path)
    for name in ("Learners.csv", "paths.csv", "notes.txt"):
        (tmp_path / name).touch()
    with pytest.raises(InputError) as caught:
        find_files(wanted_by(toy_study), tmp_path)
    message = str(caught.value)
    assert "lacks learners.csv" in message
    assert "lacks paths" not in message
    assert "It holds: Learners.csv, notes.txt, paths.csv" in message
    assert toy_study.provenance.obtain in message


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_a_table_may_be_in_any_of_three_formats(
    toy_study: Study, tmp_path: Path, suffix: str
) -> None:
    for name in toy_study.tables:
        (tmp_path / f"{name}{suffix}").touch()
    found = find_files(wanted_by(toy_study), tmp_path)
    assert {path.name for path in found.values()} == {f"learners{suffix}", f"paths{suffix}"}


def test_every_field_is_read_as_it_stands(
    read_learners: tuple[Path, Read], toy_learners: list[dict[str, str]]
) -> None:
    _, read = read_learners
    rows = read()
    assert [row.pop(ROW) for row in rows] == list(range(2, len(rows) + 2))
    assert rows == _as_null(toy_learners[: len(rows)])


# Each would be something else to a reader that guesses types, quotes, comments or nulls.
FIELDS = (
    "007",
    "NA",
    "NULL",
    "nan",
    "true",
    "2021-01-01",
    "20-Oct",
    "1e3",
    "Évry, centre",
    'a "quoted" word',
    "l'an",
    "'in quotes'",
    "#4",
    "a;b|c",
    " spaces ",
    "back\\slash",
    "two\nlines",
    "=1+1",
)


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_is_text(make_extract: Any, field: str) -> None:
    extract = make_extract({(5, "site"): field, (2, "site"): field})
    processed = extract.process()
    sites = pq.read_table(processed.place, columns=["cluster"])["cluster"].to_pylist()
    assert sites[3] == field
    assert sites[0] == field
    assert len(sites) == 40


@pytest.mark.parametrize("line", [2, 5, 41])
def test_a_line_that_begins_with_a_hash_is_data(
    read_learners: tuple[Path, Read], line: int
) -> None:
    path, read = read_learners
    lines = path.read_text("utf-8").splitlines()
    lines[line - 1] = f"#{lines[line - 1]}"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    rows = read()
    assert len(rows) == 40
    assert rows[line - 2]["learner"] == f"#{line - 1}"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n",
        lambda text: "\n".join(
            f"{line},{'note' if not number else 'x'}"
            for number, line in enumerate(text.splitlines())
        ),
    ],
    ids=["crlf", "byte order mark", "no last newline", "blank last line", "another column"],
)
def test_harmless_differences_change_nothing(
    read_learners: tuple[Path, Read], change: Callable[[str], str]
) -> None:
    path, read = read_learners
    before = read()
    path.write_bytes(change(path.read_text("utf-8")).encode())
    assert read() == before


def test_the_order_of_columns_does_not_matter(
    make_extract: Any, toy_learners: list[dict[str, str]], write_csv: Any
) -> None:
    extract = make_extract()
    before = pq.read_table(extract.process().place)
    turned = [dict(reversed(row.items())) for row in toy_learners[:40]]
    write_csv(extract.folder / "learners.csv", turned)
    assert pq.read_table(extract.process().place).equals(before)


@pytest.mark.parametrize("what", ["nothing", "a blank line", "a field of two lines"])
def test_rows_are_numbered_from_the_header(read_learners: tuple[Path, Read], what: str) -> None:
    """As lines are, unless one is blank or a field goes over several."""
    path, read = read_learners
    lines = path.read_text("utf-8").splitlines()
    if what == "a blank line":
        lines.insert(4, "")
    elif what == "a field of two lines":
        lines[4], changed = re.subn(r",(site \d+),", r',"two\n\1",', lines[4])
        assert changed == 1
    path.write_text("\n".join(lines) + "\n", "utf-8")
    rows = read()
    assert [row[ROW] for row in rows] == list(range(2, 42))
    assert [row["learner"] for row in rows] == [str(number) for number in range(1, 41)]


def test_a_renamed_column_is_named_beside_those_there_are(make_extract: Any) -> None:
    extract = make_extract()
    path = extract.folder / "learners.csv"
    path.write_text(path.read_text("utf-8").replace("gender", "sex", 1), "utf-8")
    message = extract.refusal()
    assert f"{path} lacks the column gender" in message
    assert "learner, path, site, year, sex, age" in message


def test_a_column_that_stands_twice_is_refused(make_extract: Any) -> None:
    """Which of the two is meant can't be known."""
    extract = make_extract()
    path = extract.folder / "learners.csv"
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([f"{lines[0]},gender", *(f"{line},F" for line in lines[1:])]))
    assert "gender" in extract.refusal()


def _cut(lines: list[str], number: int) -> list[str]:
    return [*lines[: number - 1], lines[number - 1].rsplit(",", 3)[0], *lines[number:]]


def _lengthen(lines: list[str], number: int) -> list[str]:
    return [*lines[: number - 1], f"{lines[number - 1]},x,y", *lines[number:]]


@pytest.mark.parametrize("number", [2, 20, 41])
@pytest.mark.parametrize("change", [_cut, _lengthen])
def test_a_line_with_too_few_or_many_fields_is_named(
    make_extract: Any, change: Callable[[list[str], int], list[str]], number: int
) -> None:
    extract = make_extract()
    path = extract.folder / "learners.csv"
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(change(lines, number)) + "\n", "utf-8")
    message = extract.refusal()
    assert str(path) in message
    assert re.search(rf"line:? {number}\b", message, re.IGNORECASE)


def _lengthened(path: Path, last: str) -> None:
    """Make the file 30,000 rows long; a reader guesses from the first 20,000."""
    header, first = path.read_text("utf-8").splitlines()[:2]
    rest = first.split(",", 1)[1]
    rows = "".join(f"{number},{rest}\n" for number in range(1, 30_001))
    path.write_bytes(f"{header}\n{rows}{last}\n".encode("latin-1"))


@pytest.mark.parametrize("line", ["30001,web", "1,2,3,4,5,6,7,8,9,10,11,12,13,14", "café,web"])
def test_a_broken_line_far_down_is_named(make_extract: Any, line: str) -> None:
    extract = make_extract()
    path = extract.folder / "learners.csv"
    _lengthened(path, line)
    message = extract.refusal()
    assert str(path) in message
    assert "30002" in message


def test_quotes_are_understood_where_none_came_before(make_extract: Any) -> None:
    extract = make_extract()
    last = '30001,web,"Evry, centre",2021,F,30,bac,seeking,no,public,left,""'
    _lengthened(extract.folder / "learners.csv", last)
    table = pq.read_table(extract.process().place)
    place = table["person"].to_pylist().index("30001")
    assert table["cluster"][place].as_py() == "Evry, centre"
    assert table["placed"][place].as_py() is None


def _latin(path: Path) -> None:
    path.write_bytes(path.read_text("utf-8").replace("site", "sité").encode("latin-1"))


def _utf16(path: Path) -> None:
    path.write_bytes(path.read_text("utf-8").encode("utf-16"))


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _no_gzip(path: Path) -> None:
    path.rename(path.with_name("learners.csv.gz"))


def _half_gzip(path: Path) -> None:
    whole = gzip.compress(path.read_bytes())
    path.with_name("learners.csv.gz").write_bytes(whole[: len(whole) // 2])
    path.unlink()


def _no_parquet(path: Path) -> None:
    path.rename(path.with_name("learners.parquet"))


def _corrupt_parquet(path: Path) -> None:
    """Leave the ends, which are read first, and break what lies between."""
    table, new = pa.csv.read_csv(path), path.with_name("learners.parquet")
    pq.write_table(table, new)
    content = bytearray(new.read_bytes())
    content[4:900] = b"\xff" * 896
    new.write_bytes(bytes(content))
    path.unlink()


@pytest.mark.parametrize(
    "damage", [_latin, _utf16, _empty, _no_gzip, _half_gzip, _no_parquet, _corrupt_parquet]
)
def test_a_broken_file_is_named(make_extract: Any, damage: Callable[[Path], None]) -> None:
    extract = make_extract()
    damage(extract.folder / "learners.csv")
    message = extract.refusal()
    assert str(extract.folder / "learners.") in message
    assert "ignore_errors" not in message  # an option of a library, which no user can set


def test_the_name_of_a_folder_is_no_data(make_extract: Any) -> None:
    """DuckDB reads `year=1999` in a path as a column, and `*` and `[` as patterns."""
    extract = make_extract()
    before = pq.read_table(extract.process().place)
    for name in ("year=1999", "[2022] *", "l'extrait é"):
        folder = extract.folder.rename(extract.folder.parent / name)
        after = process_extract(extract.study, folder, extract.processed)
        folder.rename(extract.folder)
        assert pq.read_table(after.place).equals(before)


def _to_parquet(folder: Path, **columns: pa.DataType) -> None:
    """Replace the CSV files; columns that are not named are text, empty fields are null."""
    for path in list(folder.glob("*.csv")):
        names = path.read_text("utf-8").splitlines()[0].split(",")
        types = {name: columns.get(name, pa.string()) for name in names}
        options = pa.csv.ConvertOptions(column_types=types, strings_can_be_null=True)
        pq.write_table(pa.csv.read_csv(path, convert_options=options), path.with_suffix(".parquet"))
        path.unlink()


def _to_gzip(folder: Path) -> None:
    for path in list(folder.glob("*.csv")):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()


@pytest.mark.parametrize(
    "convert",
    [
        _to_parquet,
        lambda folder: _to_parquet(folder, learner=pa.int64(), age=pa.int16(), year=pa.int32()),
        lambda folder: _to_parquet(folder, site=pa.dictionary(pa.int32(), pa.string())),
        # Pandas makes whole numbers with gaps into these.
        lambda folder: _to_parquet(folder, age=pa.float64()),
        _to_gzip,
    ],
    ids=["parquet", "typed parquet", "parquet with categories", "parquet of floats", "gzip"],
)
def test_the_format_does_not_change_the_table(
    toy_study: Study, toy_extract: Path, tmp_path: Path, convert: Callable[[Path], None]
) -> None:
    before = process_extract(toy_study, toy_extract, tmp_path / "csv")
    folder = Path(shutil.copytree(toy_extract, tmp_path / "other"))
    convert(folder)
    after = process_extract(toy_study, folder, tmp_path / "processed")
    assert pq.read_table(after.place).equals(pq.read_table(before.place))
    assert after.log["repairs"] == before.log["repairs"]


def test_damage_is_repaired_and_what_is_missing_is_null(make_extract: Any) -> None:
    extract = make_extract({(2, "gender"): "Female", (3, "gender"): "F", (4, "gender"): "M"})
    files = find_files(wanted_by(extract.study), extract.folder)
    raw = read_tables(ibis.duckdb.connect(), wanted_by(extract.study), files)
    rows = repair(raw, extract.study)["learners"].order_by(ROW).to_pyarrow().to_pylist()
    before = raw["learners"].order_by(ROW).to_pyarrow().to_pylist()
    assert [row["gender"] for row in rows[:3]] == ["F", "F", "M"]
    assert before[0]["gender"] == "Female"
    assert {row["status"] for row in rows} == {"seeking", "employed", None}
    assert any(row["status"] == "not stated" for row in before)


def test_the_authors_own_spelling_is_repaired_too(
    oulad_folder: Path, oulad_processed: Processed, tmp_path: Path
) -> None:
    """The authors' file says 10-20 without a percent sign, and a question mark for unknown."""
    study = load_study("oulad")
    shutil.copy(oulad_folder / "courses.csv", tmp_path)
    text = (oulad_folder / "studentInfo.csv").read_text("utf-8")
    band = next(iter(text.splitlines())).replace('"', "").split(",").index("imd_band")
    lines = []
    for line in text.splitlines():
        fields = line.split(",")
        fields[band] = {"20-Oct": "10-20", "": "?"}.get(fields[band], fields[band])
        lines.append(",".join(fields))
    (tmp_path / "studentInfo.csv").write_text("\n".join(lines) + "\n", "utf-8")
    processed = process_extract(study, tmp_path, tmp_path / "processed")
    (fix,) = processed.log["repairs"]
    assert (fix["found"], fix["meant"], fix["rows"]) == ("10-20", "10-20%", 3516)
    assert processed.log["unknown"]["underserved_area"] == 1111
    assert pq.read_table(processed.place).equals(pq.read_table(oulad_processed.place))
