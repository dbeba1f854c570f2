"""A sweep's pack: whole, the same on every repetition, and resumed where it ended."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from analysis.errors import InputError
from analysis.estimate.results import COLUMNS
from analysis.files import sha256, tree_hashes
from analysis.report.provenance.trace import trace
from analysis.report.provenance.verify import verify

PUBLIC = """\
name: {name}
product:
  study: [{{study}}]
  errors: [hc1, hc2]
"""


def table(report: Any, name: str) -> pd.DataFrame:
    return pd.read_parquet(report.folder / "tables" / f"{name}.parquet")


def test_all_estimates_stand_in_one_table(toy_sweep: Any) -> None:
    estimates = table(toy_sweep, "sweep")
    before = ["run", "cohort", "errors", "outcomes", "confidence", "notebook", "table"]
    assert list(estimates) == [*before, *COLUMNS, "digits", "data"]
    assert set(estimates["data"]) == {"SYNTHETIC"}
    assert estimates.groupby("run")[["cohort", "errors"]].first().to_numpy().tolist() == [
        ["2021", "hc1"],
        ["2021", "hc2"],
        ["2022", "hc1"],
        ["2022", "hc2"],
    ]
    for run, rows in estimates.groupby("run"):
        own = toy_sweep.folder / f"runs/{run:03}/tables/placement-gaps.parquet"
        pd.testing.assert_frame_equal(
            rows[[*COLUMNS, "digits", "data"]].reset_index(drop=True), pd.read_parquet(own)
        )


def test_failed_runs_are_told_and_keep_no_other_from_the_pack(toy_sweep: Any) -> None:
    runs = table(toy_sweep, "sweep-runs")
    assert list(runs["status"]) == ["done"] * 4 + ["failed"]
    assert list(runs["error"]) == [""] * 4 + ["ValueError: planted"]
    assert runs["key"].is_unique
    assert [one.run.number for one in toy_sweep.failed] == [5]
    assert "run 5: failed: ValueError: planted" in list(toy_sweep.lines())
    for name in ("index.html", "index.fr.html"):
        page = BeautifulSoup((toy_sweep.folder / name).read_text("utf-8"), "html.parser")
        assert "planted" in page.select_one("#failed").find_next("li").text
        assert "planted" in page.select_one("#run-5").text


def test_the_page_says_what_was_swept_and_how_to_read_it(toy_sweep: Any) -> None:
    for name, words in (
        ("index.html", ("no independent evidence", "not a test", "averaged over", "SYNTHETIC")),
        ("index.fr.html", ("preuves indépendantes", "pas un test", "moyenné", "SYNTHÉTIQUE")),
    ):
        page = BeautifulSoup((toy_sweep.folder / name).read_text("utf-8"), "html.parser")
        assert all(one in page.text for one in words)
        assert len(page.select("article img")) == 6  # two outcomes, three kinds of reference
        assert len(page.select("#runs ~ div tbody tr, tr[id^=run-]")) == 5
        for link in page.select("a[href], img[src]"):
            target = link.get("href") or link["src"]
            if not target.startswith("#"):
                assert (toy_sweep.folder / target).is_file(), target
            else:
                assert page.select_one(target), target


def test_every_range_on_the_page_is_that_of_its_runs(toy_sweep: Any) -> None:
    questions, estimates = table(toy_sweep, "sweep-questions"), table(toy_sweep, "sweep")
    row = questions[
        (questions["cohort"] == "2022")
        & (questions["estimand"] == "difference")
        & (questions["method"] == "linear")
        & (questions["contrast"] == "any")
        & (questions["outcome"] == "graduated")
    ].iloc[0]
    own = estimates[
        (estimates["cohort"] == "2022")
        & (estimates["estimand"] == "difference")
        & estimates["method"].str.startswith("linear")
        & (estimates["contrast"] == "any")
        & (estimates["outcome"] == "graduated")
    ]
    assert len(own) == 2
    assert (row["runs"], row["estimated"]) == (2, 2)
    assert row["minimum"] == own["estimate"].min()
    assert row["maximum"] == own["estimate"].max()
    assert row["exclude_zero"] == ((own["ci_low"] > 0) | (own["ci_high"] < 0)).sum()


def test_the_pack_and_its_archive_verify_without_a_crate(toy_sweep: Any) -> None:
    for path in (toy_sweep.folder, toy_sweep.archive):
        assert verify(path).faults == ()
    manifest = json.loads((toy_sweep.folder / "manifest.json").read_text("utf-8"))
    assert [one["folder"] for one in manifest["swept"]] == [f"runs/00{n}" for n in range(1, 5)]


def test_a_file_is_traced_to_its_runs(toy_sweep: Any) -> None:
    lines, known = trace(toy_sweep.folder / "runs" / "003" / "tables" / "placement-gaps.csv")
    assert known
    said = "\n".join(lines)
    assert "toy-sweep, internal, runs with results: 4" in said
    assert "runs/003: study bootcamp, cohort 2022" in said
    assert 'errors: "hc1"' in said
    assert "runs/002" not in said
    figure = next(toy_sweep.folder.glob("figures/*.en.png"))
    lines, known = trace(figure)
    assert known
    assert sum(line.startswith("of ") for line in lines) == 4
    assert any("bootcamp, all SYNTHETIC" in line for line in lines)


def test_a_changed_number_is_found_out(toy_sweep: Any, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(toy_sweep.folder, copy)
    path = copy / "tables" / "sweep.csv"
    path.write_text(path.read_text("utf-8").replace("0.", "1.", 1), encoding="utf-8")
    assert {fault.kind for fault in verify(copy).faults} == {"changed", "key"}


def test_nothing_is_run_twice_and_not_a_byte_differs(
    toy_sweep: Any, sweeps: Any, make_sweeps: Any, in_process: Any
) -> None:
    hashes, archive = tree_hashes(toy_sweep.folder), sha256(toy_sweep.archive)
    again = in_process()
    report = sweeps(again)
    assert [task.parameters["confidence"] for task in again.asked] == [0.8]  # what failed
    assert tree_hashes(report.folder) == hashes
    elsewhere = make_sweeps()(in_process())
    assert tree_hashes(elsewhere.folder) == hashes
    assert sha256(elsewhere.archive) == archive


def test_an_interrupted_sweep_publishes_nothing_and_goes_on(
    make_sweeps: Any, in_process: Any, toy_sweep: Any
) -> None:
    own, first, second = make_sweeps(), in_process(stop_after=2), in_process()
    report = own(first)
    assert report.interrupted
    assert not report.published
    assert not report.folder.exists()
    assert "The same command goes on with the runs that are not done." in list(report.lines())
    statuses = [one["status"] for one in json.loads(report.record.read_text("utf-8"))["runs"]]
    assert statuses == ["done"] * 2 + ["interrupted"] * 3
    assert own(second).published
    assert len(second.asked) == 3
    assert tree_hashes(report.folder) == tree_hashes(toy_sweep.folder)


def test_a_sweep_without_any_result_publishes_nothing(make_sweeps: Any, in_process: Any) -> None:
    report = make_sweeps()(in_process(), "name: none\nruns: [{{study: {study}, confidence: 0.8}}]")
    assert not report.published
    assert not report.folder.exists()
    assert "Nothing was published." in list(report.lines())


def test_a_report_is_never_replaced_by_a_sweep(make_sweeps: Any, in_process: Any) -> None:
    own = make_sweeps()
    report = own.root / "outputs" / "taken"
    report.mkdir(parents=True)
    (report / "manifest.json").write_text("{}")
    with pytest.raises(InputError, match="is the pack of a report"):
        own(in_process(), "name: taken\nruns: [{{study: {study}}}]")


def test_runs_for_two_audiences_are_refused(make_sweeps: Any, in_process: Any) -> None:
    text = "name: a\nproduct: {{study: [{study}], audience: [internal, public]}}"
    with pytest.raises(InputError, match="for one audience"):
        make_sweeps()(in_process(), text)


def test_studies_without_data_are_told_before_anything_starts(
    make_repository: Any, toy_study_file: Path, tmp_path: Path
) -> None:
    from analysis.runs.grid import read_grid
    from analysis.runs.sweep import prepare_sweep

    path = tmp_path / "grid.yaml"
    path.write_text(f"name: a\nproduct: {{study: [oulad, {toy_study_file}]}}")
    root = make_repository()
    with pytest.raises(InputError) as refused:
        prepare_sweep(root, read_grid(path))
    assert "study oulad" in str(refused.value)
    assert "study bootcamp" in str(refused.value)
    assert not (root / "outputs").exists()
