"""Where a study's data come from: the extract given, the last one, or a generated cohort."""

import csv
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from analysis.errors import InputError
from analysis.ingest import obtain, obtain_data, process
from analysis.ingest.contract import CONTRACT
from analysis.studies import Study

PERSONS = 400
Write = Callable[[Path, Iterable[Mapping[str, object]]], Path]


@pytest.fixture
def root(tmp_path: Path, repository: Path) -> Path:
    folder = tmp_path / "repository"
    shutil.copytree(repository / "data" / "raw", folder / "data" / "raw")
    return folder


@pytest.fixture
def real(tmp_path: Path, generated: Path, write_csv: Write) -> Path:
    """A part of the generated extract as CSV, its persons renamed to those of a real one."""
    folder = tmp_path / "real"
    folder.mkdir()
    tables = {name: pq.read_table(generated / f"{name}.parquet").to_pylist() for name in CONTRACT}
    started = [row["person"] for row in tables["applications"] if row["started"]]
    chosen = set(started[:PERSONS])
    applications = {r["application"] for r in tables["applications"] if r["person"] in chosen}
    for name, rows in tables.items():
        kept = [
            row
            for row in rows
            if row.get("person", next(iter(chosen))) in chosen
            and row.get("application", next(iter(applications))) in applications
        ]
        texts = [
            {
                key: ""
                if value is None
                else str(value).lower()
                if value in (True, False)
                else value
                for key, value in row.items()
            }
            for row in kept
        ]
        for row in texts:
            if "person" in row:
                row["person"] = row["person"].replace("SYNTHETIC-", "L")
        write_csv(folder / f"{name}.csv", texts)
    return folder


def test_without_an_extract_a_cohort_is_generated_and_kept(
    root: Path, provider_study: Study
) -> None:
    processed = root / "data" / "processed"
    first = obtain_data(provider_study, root, processed)
    assert first.synthetic
    assert first.marked(provider_study).synthetic
    extract = (processed / "generated").resolve()
    assert obtain_data(provider_study, root, processed).log == first.log
    assert (processed / "generated").resolve() == extract
    assert obtain_data(provider_study, root, processed, renew=True).log == first.log
    assert (processed / "generated").resolve() != extract


def test_rows_that_other_code_derived_are_derived_again_from_the_same_cohort(
    root: Path, provider_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    processed = root / "data" / "processed"
    obtain_data(provider_study, root, processed)
    extract, rows = ((processed / name).resolve() for name in ("generated", "openclassrooms"))
    for module in (obtain, process):
        monkeypatch.setattr(module, "derivation_key", lambda: "of other code")
    assert obtain_data(provider_study, root, processed).log["derived_by"] == "of other code"
    assert (processed / "generated").resolve() == extract
    assert (processed / "openclassrooms").resolve() != rows


def test_a_real_extract_replaces_the_cohort_without_a_change(
    root: Path, provider_study: Study, real: Path
) -> None:
    processed = root / "data" / "processed"
    made = obtain_data(provider_study, root, processed, real)
    assert not made.synthetic
    marked = made.marked(provider_study)
    assert not marked.synthetic
    assert marked.provenance == provider_study.provenance
    assert made.log["sources"][0]["rows"] == PERSONS
    # It stays: no cohort takes its place.
    assert not obtain_data(provider_study, root, processed).synthetic
    assert not (processed / "generated").exists()


def test_one_generated_person_marks_the_whole_extract(
    root: Path, provider_study: Study, real: Path
) -> None:
    with (real / "learners.csv").open("a") as stream:
        stream.write("SYNTHETIC-1,2020-01-01,,free\n")
    assert obtain_data(provider_study, root, root / "data" / "processed", real).synthetic


def test_reordered_columns_are_read_and_renamed_ones_are_told(
    root: Path, provider_study: Study, real: Path
) -> None:
    path = real / "applications.csv"
    with path.open(newline="") as stream:
        rows = list(csv.reader(stream))
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([row[::-1] for row in rows])
    processed = root / "data" / "processed"
    assert obtain_data(provider_study, root, processed, real).log["rows"] == len(rows) - 1
    text = path.read_text().replace("employment_status", "status", 1)
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        obtain_data(provider_study, root, processed, real)
    message = str(caught.value)
    assert "applications.csv lacks the column employment_status" in message
    assert "status" in message.split("Its columns are")[1]
    assert "data-contract.md" in message
    (real / "surveys.csv").rename(real / "survey.csv")
    with pytest.raises(InputError, match=r"lacks surveys\.csv .*It holds: .*survey\.csv"):
        obtain_data(provider_study, root, processed, real)


def test_a_study_without_a_cohort_asks_for_its_extract(
    root: Path, toy_study: Study, toy_extract: Path
) -> None:
    processed = root / "data" / "processed"
    with pytest.raises(InputError, match="make data STUDY=bootcamp"):
        obtain_data(toy_study, root, processed)
    with pytest.raises(InputError, match="Give the extract of study bootcamp"):
        obtain_data(toy_study, root, processed, renew=True)
    obtain_data(toy_study, root, processed, toy_extract)
    assert obtain_data(toy_study, root, processed).log["rows"] == 600
