"""The optional tables beside the processed rows, and that they count as inputs."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from analysis.files import sha256
from analysis.ingest import Processed, process_extract
from analysis.ingest.contract import CONTRACT
from analysis.ingest.contract_optional import OPTIONAL
from analysis.ingest.extract import ROW
from analysis.ingest.synthetic import MARK_COLUMN, PREFIX
from analysis.runs.keys import run_key
from analysis.runs.parameters import check_parameters
from analysis.studies import Study

NOTEBOOK = "03_placement_gaps"


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_table_is_kept_with_the_columns_and_types_of_the_contract(
    provider_processed: Processed, generated: Path, name: str
) -> None:
    table = provider_processed.provided(name)
    given = pd.read_parquet(generated / f"{name}.parquet")
    schema = OPTIONAL[name].to_schema()
    assert table is not None
    assert list(table.columns) == list(schema.columns)
    assert ROW not in table
    for column, declared in schema.columns.items():
        kind = {"date": "datetime64[ns]", "string": "str"}.get(str(declared.dtype), declared.dtype)
        assert table[column].dtype == str(kind)
        expected = pd.to_datetime(given[column]) if column == "month" else given[column]
        pd.testing.assert_series_equal(table[column], expected, check_dtype=False)
    keys = list(schema.unique)
    assert table[keys].equals(table[keys].sort_values(keys, ignore_index=True))


def test_an_unknown_table_is_refused_and_an_absent_one_is_none(
    provider_processed: Processed, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="finance, emissions, activity"):
        provider_processed.provided("rows")
    assert Processed(tmp_path, {}).provided("finance") is None


@pytest.fixture(scope="module")
def small(generated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An extract of one person, with the generated optional tables."""
    folder = tmp_path_factory.mktemp("small")
    for name in CONTRACT:
        table = pd.read_parquet(generated / f"{name}.parquet")
        if name == "learners":
            table = table[table["person"] == _first(generated)]
        elif name != "paths":
            table = table[table[_key(name)].isin(_own(generated, _key(name)))]
        if "person" in table:
            table = table.assign(person=table["person"].str.removeprefix(PREFIX))
        table.to_parquet(folder / f"{name}.parquet")
    for name in OPTIONAL:
        shutil.copy(generated / f"{name}.parquet", folder)
    return folder


def _key(name: str) -> str:
    return "application" if name in ("enrolments", "surveys") else "person"


def _own(generated: Path, key: str) -> list[str]:
    applications = pd.read_parquet(generated / "applications.parquet")
    return list(applications.loc[applications["person"] == _first(generated), key])


def _first(generated: Path) -> str:
    """Whoever reported last, so that the day of the extract stays what it was."""
    surveys = pd.read_parquet(generated / "surveys.parquet")
    last = surveys.sort_values(["sent", "application"]).iloc[-1]["application"]
    applications = pd.read_parquet(generated / "applications.parquet").set_index("application")
    return str(applications.loc[last, "person"])


def test_one_generated_row_marks_the_whole_extract(
    provider_study: Study, small: Path, tmp_path: Path
) -> None:
    processed = process_extract(provider_study, small, tmp_path / "processed")
    assert processed.synthetic
    plain = tmp_path / "plain"
    shutil.copytree(small, plain)
    for name in OPTIONAL:
        path = plain / f"{name}.parquet"
        pd.read_parquet(path).drop(columns=MARK_COLUMN).to_parquet(path)
    assert not process_extract(provider_study, plain, tmp_path / "processed").synthetic


def test_a_change_of_an_optional_table_changes_log_and_key(
    provider_study: Study, small: Path, repository: Path, tmp_path: Path
) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(small, changed)
    path = changed / "finance.parquet"
    table = pd.read_parquet(path)
    table.loc[0, "amount"] += 1
    table.to_parquet(path)
    parameters = check_parameters(NOTEBOOK, {"study": "openclassrooms"})
    made = []
    for number, folder in enumerate((small, changed, small)):
        data = process_extract(provider_study, folder, tmp_path / str(number))
        hashes = {one["file"]: one["sha256"] for one in data.log["sources"]}
        assert hashes["finance.parquet"] == sha256(folder / "finance.parquet")
        assert set(hashes) == {f"{name}.parquet" for name in (*CONTRACT, *OPTIONAL)}
        made.append(data)
    first, other, again = (run_key(repository, NOTEBOOK, parameters, data) for data in made)
    assert first == again
    assert first != other


def test_without_optional_tables_there_are_none(
    provider_study: Study, small: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "without"
    shutil.copytree(small, folder)
    for name in OPTIONAL:
        (folder / f"{name}.parquet").unlink()
    data = process_extract(provider_study, folder, tmp_path / "processed")
    assert [data.provided(name) for name in OPTIONAL] == [None] * len(OPTIONAL)
    assert not data.synthetic
