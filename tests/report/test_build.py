"""Whole reports: complete, the same on every repetition, published all at once or not at all."""

import json
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest

from analysis.errors import InputError
from analysis.estimate.results import Results
from analysis.figures.wording import say
from analysis.files import sha256, tree_hashes
from analysis.report.build import Report
from analysis.report.provenance.layout import MANIFEST_FILE
from analysis.runs.parameters import MODELS
from analysis.studies import Study
from analysis.vocabulary import LANGUAGES

NOTEBOOK = "03_placement_gaps"


def test_a_third_study_needs_no_change_elsewhere(toy_report: Report) -> None:
    assert toy_report.complete, toy_report.ended
    folder = toy_report.folder
    gaps = pd.read_parquet(folder / "tables" / "placement-gaps.parquet")
    assert set(gaps["data"]) == {"SYNTHETIC"}
    Results.validate(gaps.drop(columns=["data", "digits"]))
    assert set(gaps["outcome"]) == {"graduated", "placed"}
    for outcome in ("graduated", "placed"):
        for kind in ("rates", "adjustment", "gaps"):
            for language in LANGUAGES:
                assert list((folder / "figures").glob(f"{kind}-{outcome}*.{language}.svg"))
    for name in MODELS:
        for language in LANGUAGES:
            page = (folder / "pages" / f"{name}.{language}.html").read_text("utf-8")
            assert say("quality.synthetic", language).split("**")[1] in page


def test_csv_and_parquet_hold_the_same(toy_report: Report) -> None:
    for path in (toy_report.folder / "tables").glob("*.parquet"):
        table = pd.read_parquet(path)
        # CSV has no types, and a term such as 12 is a text.
        types = {name: "str" for name in table if pd.api.types.is_string_dtype(table[name])}
        text = pd.read_csv(
            path.with_suffix(".csv"), keep_default_na=False, na_values=[""], dtype=types
        )
        table = table.replace("", None)
        pd.testing.assert_frame_equal(text, table, check_dtype=False)


def test_the_manifest_names_every_file_and_no_time_or_place(toy_report: Report) -> None:
    folder = toy_report.folder
    manifest = json.loads((folder / MANIFEST_FILE).read_text("utf-8"))
    files = tree_hashes(folder)
    files.pop(MANIFEST_FILE)
    assert manifest["files"] == files
    assert manifest["synthetic"] is True
    for path in folder.rglob("*"):
        if path.suffix in (".json", ".html", ".csv", ".svg") and path.name != MANIFEST_FILE:
            assert str(folder.parents[1]) not in path.read_text("utf-8"), path


def test_the_record_says_what_went_in_and_out(toy_report: Report, toy_extract: Path) -> None:
    record = json.loads(toy_report.record.read_text("utf-8"))
    sources = {source["file"]: source["sha256"] for source in record["inputs"]["sources"]}
    assert sources == {path.name: sha256(path) for path in toy_extract.iterdir()}
    assert record["outputs"] == tree_hashes(toy_report.folder)
    assert len(record["raw_files"]) > 5
    assert record["environment"]["packages"]["pandas"] == pd.__version__
    assert len(record["environment"]["lock_sha256"]) == 64
    assert [one["status"] for one in record["notebooks"]] == ["done"] * len(MODELS)
    assert record["started"] < record["ended"]
    assert {"commit", "dirty", "seeds", "parameters"} <= set(record)


def test_two_runs_are_byte_identical(
    toy_report: Report, build_in: Any, make_repository: Any, toy_study_file: Path, toy_extract: Path
) -> None:
    again = build_in(make_repository(), toy_study_file, toy_extract, list(MODELS))
    assert tree_hashes(again.folder) == tree_hashes(toy_report.folder)


def test_images_in_the_notebook_carry_alternative_texts(toy_report: Report) -> None:
    notebook = nbformat.read(toy_report.folder / "notebooks" / f"{NOTEBOOK}.ipynb", as_version=4)
    images = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert len(images) == 10
    assert all(len(image.metadata["image/png"]["alt"]) > 40 for image in images)


def test_a_failed_notebook_publishes_nothing(
    build_in: Any, make_repository: Any, toy_study_file: Path, toy_extract: Path
) -> None:
    root = make_repository()
    before = build_in(root, toy_study_file, toy_extract)
    hashes = tree_hashes(before.folder)
    path = root / "notebooks" / f"{NOTEBOOK}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("raise ValueError('planted')"))
    nbformat.write(notebook, path)
    after = build_in(root, toy_study_file, None, outcomes=["graduated"])
    assert not after.complete
    assert tree_hashes(after.folder) == hashes
    assert after.ended[0].error == "ValueError: planted"
    (path,) = after.record.parent.glob(f"{NOTEBOOK}-*.ipynb")
    kept = nbformat.read(path, as_version=4)
    assert "planted" in str(kept.cells[-1].outputs)
    assert json.loads(after.record.read_text("utf-8"))["outputs"] == {}


def _with_raw_files(root: Path) -> Path:
    """Give the repository a raw file with its manifest, and a quick notebook that edits it."""
    shutil.rmtree(root / "data" / "raw")
    path = root / "data" / "raw" / "published" / "rates.csv"
    path.parent.mkdir(parents=True)
    path.write_text("rate\n40\n")
    manifest = {"published": {"origin": "made up", "licence": "MIT"}}
    manifest["published"]["sha256"] = {path.name: sha256(path)}
    (root / "data" / "raw" / "MANIFEST").write_text(json.dumps(manifest))
    place = root / "notebooks" / f"{NOTEBOOK}.ipynb"
    notebook = nbformat.read(place, as_version=4)
    parameters = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    edit = f"import pathlib; pathlib.Path({str(path)!r}).write_text('41')"
    notebook.cells = [*parameters, nbformat.v4.new_code_cell(edit)]
    nbformat.write(notebook, place)
    return path


def test_raw_files_are_checked_before_and_after(
    build_in: Any, make_repository: Any, toy_study_file: Path, toy_extract: Path
) -> None:
    root = make_repository()
    path = _with_raw_files(root)
    with pytest.raises(InputError, match=r"published/rates\.csv: changed"):
        build_in(root, toy_study_file, toy_extract)
    assert path.read_text() == "41"  # the notebook ran, so it was the check after it that refused
    assert not list((root / "outputs").glob("bootcamp*"))
    shutil.rmtree(root / "data" / "processed")
    with pytest.raises(InputError, match=r"published/rates\.csv: changed"):
        build_in(root, toy_study_file, toy_extract)
    assert not (root / "data" / "processed").exists()


def test_parameters_reach_the_estimates(
    build_in: Any, make_repository: Any, toy_study_file: Path, toy_extract: Path
) -> None:
    report = build_in(
        make_repository(),
        toy_study_file,
        toy_extract,
        outcomes=["placed"],
        contrasts=["joint"],
        adjusters=["gender"],
        mediators=["funding"],
        cohort="2022",
        language="fr",
    )
    assert report.complete, report.ended
    assert report.folder.name.endswith("-2022")
    gaps = pd.read_parquet(report.folder / "tables" / "placement-gaps.parquet")
    assert set(gaps["contrast"]) == {"", "joint"}
    adjusted = gaps[gaps["estimand"] == "adjusted_difference"]
    assert adjusted["note"].str.contains("adjusted=gender, funding; mediators=funding").all()


def test_the_default_study_needs_no_extract(
    build_in: Any, make_repository: Any, provider_study: Study
) -> None:
    """On a bare machine: a cohort is generated, and every product of it says so."""
    root = make_repository()
    notebooks = ["01_data_quality", "02_student_journey"]
    report = build_in(root, "openclassrooms", None, notebooks)
    assert report.complete, report.ended
    assert report.folder.name == "openclassrooms"
    manifest = json.loads((report.folder / MANIFEST_FILE).read_text("utf-8"))
    assert manifest["synthetic"] is True
    assert provider_study.generated is not None
    assert manifest["provenance"]["source"] == provider_study.generated.source
    for figure in (report.folder / "figures").glob("*.svg"):
        assert "SYNTH" in figure.read_text("utf-8"), figure.name
    for words in (report.folder / "figures").glob("*.json"):
        told = json.loads(words.read_text("utf-8"))
        assert "SYNTH" in told["caption"], words.name
        assert "SYNTH" in told["alt"], words.name
    for table in (report.folder / "tables").glob("*.csv"):
        assert set(pd.read_csv(table)["data"]) == {"SYNTHETIC"}, table.name
    published = pd.read_csv(report.folder / "figures" / "published-placed-6.csv")
    assert published["agrees"].all()
    again = build_in(root, "openclassrooms", None, notebooks, cohort="2022")
    assert tree_hashes(again.folder) == tree_hashes(report.folder)


def test_without_data_it_says_how_to_get_them(
    build_in: Any, make_repository: Any, toy_study_file: Path
) -> None:
    with pytest.raises(InputError, match="make data STUDY=bootcamp"):
        build_in(make_repository(), toy_study_file, None)


def test_disability_gap_of_completion(
    build_in: Any, make_repository: Any, oulad_folder: Path
) -> None:
    """The figures that the data's own documentation states, and the adjusted gap beside them."""
    report = build_in(make_repository(), "oulad", oulad_folder, audience="internal")
    assert report.complete, report.ended
    gaps = pd.read_parquet(report.folder / "tables" / "placement-gaps.parquet")
    own = gaps[(gaps["group"] == "disability") & (gaps["contrast"] == "complement")]
    raw = own[own["method"] == "newcombe"].iloc[0]
    assert round(100 * raw["k_group"] / raw["n_group"], 2) == 38.15
    assert round(100 * raw["k_reference"] / raw["n_reference"], 2) == 48.18
    assert raw[["n_group", "n_reference"]].tolist() == [3164, 29429]
    adjusted = own[own["estimand"] == "adjusted_difference"].set_index("method")["estimate"]
    # Both models hold the same fixed, so they agree, and both move the gap toward zero.
    assert abs(adjusted["logit_cluster"] - adjusted["linear_cr2"]) < 0.005
    assert raw["estimate"] < adjusted["logit_cluster"] < 0
