"""Extracts of the made-up study with faults planted in them, and the real one processed."""

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from analysis.errors import InputError
from analysis.ingest import Processed, process_extract
from analysis.studies import Study, load_study

Rows = list[dict[str, str]]
FEW = 40


@dataclass(frozen=True)
class Extract:
    """A folder with an extract, and where its processed table goes."""

    study: Study
    folder: Path
    processed: Path

    def process(self) -> Processed:
        """Check the extract and derive its table."""
        return process_extract(self.study, self.folder, self.processed)

    def refusal(self) -> str:
        """Process the extract, which must be refused, and give the message."""
        with pytest.raises(InputError) as caught:
            self.process()
        assert not (self.processed / self.study.name).exists()
        return str(caught.value)

    def faults(self) -> list[tuple[str, int, str, str, str]]:
        """Process the extract, which must be refused, and give all faults of the listing."""
        message, listing = self.refusal(), self.processed / f"{self.study.name}.faults.csv"
        assert str(listing) in message
        with listing.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert list(rows[0]) == ["file", "row", "column", "value", "rule"]
        return [
            (row["file"], int(row["row"]), row["column"], row["value"], row["rule"]) for row in rows
        ]


MakeExtract = Callable[..., Extract]


@pytest.fixture
def make_extract(
    tmp_path: Path,
    toy_study: Study,
    toy_learners: Rows,
    toy_paths: Rows,
    write_csv: Callable[[Path, Iterable[Mapping[str, object]]], Path],
) -> MakeExtract:
    """Write a small extract after changing fields of it.

    `learners` and `paths` map a line of the file (the header is line 1) and a column to what
    stands there instead.
    """

    def make(
        learners: Mapping[tuple[int, str], str] | None = None,
        paths: Mapping[tuple[int, str], str] | None = None,
        study: Study = toy_study,
    ) -> Extract:
        folder = tmp_path / "extract"
        folder.mkdir(exist_ok=True)
        write_csv(folder / "learners.csv", _changed(toy_learners[:FEW], learners or {}))
        write_csv(folder / "paths.csv", _changed(toy_paths, paths or {}))
        return Extract(study, folder, tmp_path / "processed")

    return make


def _changed(rows: Rows, changes: Mapping[tuple[int, str], str]) -> Rows:
    new = [dict(row) for row in rows]
    for (line, column), value in changes.items():
        new[line - 2][column] = value
    return new


@pytest.fixture(scope="session")
def oulad_processed(oulad_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Processed:
    """Give the processed table of the real extract."""
    return process_extract(load_study("oulad"), oulad_folder, tmp_path_factory.mktemp("processed"))
