"""Trace: from one file, wherever it lies, to what made it."""

import json
import shutil
from pathlib import Path

import pytest

from analysis.cli import main
from analysis.files import tree_hashes
from analysis.report.provenance.layout import MANIFEST_FILE
from analysis.report.provenance.trace import trace

FIGURE = "figures/gaps-placed-6"
KINDS = [
    f"{FIGURE}.en.svg",
    f"{FIGURE}.fr.png",
    f"{FIGURE}.en.pdf",
    f"{FIGURE}.fr.json",
    f"{FIGURE}.csv",
    "tables/placement-gaps.csv",
    "tables/placement-gaps.json",
    "tables/placement-gaps.parquet",
    "notebooks/03_placement_gaps.ipynb",
    "pages/03_placement_gaps.en.html",
]


@pytest.fixture(autouse=True)
def _outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work outside of any repository."""
    monkeypatch.chdir(tmp_path)


def _told(lines: list[str]) -> dict[str, list[str]]:
    """What stands behind each label."""
    told: dict[str, list[str]] = {}
    label = ""
    for line in lines:
        label = line[:12].strip() or label
        told.setdefault(label, []).append(line[13:])
    return told


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file_is_traced(pack: Path, name: str) -> None:
    lines, known = trace(pack / name)
    assert known
    told, manifest = _told(lines), json.loads((pack / MANIFEST_FILE).read_text())
    assert told["file"] == [f"{Path(name).name}: {name} of {pack}"]
    assert told["bytes"] == ["as built"]
    assert told["run"] == [manifest["runs"]["03_placement_gaps"]]
    assert told["notebook"][0].startswith("workflow/03_placement_gaps.ipynb")
    assert told["commit"] == [manifest["code"]["commit"]]
    assert 'study: "openclassrooms"' in told["parameters"]
    assert any("licence: MIT; to cite: none" in line for line in told["data"])
    assert f"learners.csv, sha256 {'5' * 64}" in told["data"]
    assert told["processed"] == [
        f"rows.parquet, sha256 {manifest['inputs']['processed']['rows.parquet']}"
    ]
    assert any(line.startswith("funnel.csv, sha256 ") for line in told["published"])
    assert told["study"] == ["openclassrooms, cohort 2022, internal, all SYNTHETIC"]


def test_a_figure_sent_away_is_known_by_its_key(
    pack: Path, archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = tmp_path / "slide 7.svg"
    text = (pack / f"{FIGURE}.fr.svg").read_text()
    sent.write_text(text.replace("#ffffff", "#000000"))
    assert main(["trace", str(sent), "--pack", str(archive)]) == 0
    told = _told(capsys.readouterr().out.splitlines())
    assert told["file"] == [f"slide 7.svg: {FIGURE}.fr.svg of {archive}"]
    assert told["bytes"] == ["NOT as built: edited or converted since"]
    assert told["shows"] == ["title of gaps-placed-6, fr"]
    assert told["content key"][0] in text


def test_a_file_from_nowhere_is_said_to_be(
    pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = Path(shutil.copy(pack / f"{FIGURE}.en.png", tmp_path / "sent.png"))
    assert main(["trace", str(sent)]) == 1
    said = capsys.readouterr()
    assert "carries the content key" in said.err
    assert not said.out
    sent.write_bytes(b"no image")
    assert main(["trace", str(sent), "--pack", str(pack)]) == 1
    assert "carries no content key" in capsys.readouterr().err
    for words in ([str(tmp_path / "none.svg")], [str(sent), "--pack", str(sent)]):
        assert main(["trace", *words]) == 2


def test_reports_and_records_of_the_repository_are_asked(
    pack: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(root, repository)
    record = repository / "outputs" / "runs" / "20240506T070809.000000Z" / "run.json"
    record.parent.mkdir(parents=True)
    outputs = tree_hashes(pack)
    record.write_text(json.dumps({"outputs": outputs, "commit": "c" * 40, "dirty": False}))
    other = record.parents[1] / "20240101T000000.000000Z" / "run.json"
    other.parent.mkdir()
    other.write_text(json.dumps({"outputs": {f"{FIGURE}.en.pdf": "0" * 64}}))
    sent = Path(shutil.copy(pack / f"{FIGURE}.en.pdf", tmp_path / "sent.pdf"))
    pack.rename(repository / "outputs" / "openclassrooms")
    monkeypatch.chdir(repository / "notebooks")
    lines, known = trace(sent)
    assert known
    assert _told(lines)["recorded"] == [
        f"outputs/runs/20240506T070809.000000Z, commit {'c' * 40}",
    ]


def test_a_manifest_that_was_edited_is_not_trusted(pack: Path) -> None:
    manifest = json.loads((pack / MANIFEST_FILE).read_text())
    manifest["code"]["commit"] = "0" * 40
    (pack / MANIFEST_FILE).write_text(json.dumps(manifest))
    lines, _ = trace(pack / f"{FIGURE}.en.svg")
    assert _told(lines)["manifest"] == ["NOT as built: ask placement-gaps verify"]


def test_a_file_of_the_whole_report_names_every_notebook(pack: Path) -> None:
    lines, _ = trace(pack / "index.html")
    assert len(_told(lines)["run"]) == 2
