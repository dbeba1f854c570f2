"""Packs as a whole: renewed without running notebooks, refused where they tell too much."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from analysis.errors import InputError
from analysis.files import tree_hashes
from analysis.release.results import is_hidden
from analysis.report.build import Report, renew_pack
from analysis.report.contents import Contents
from analysis.report.pack import check_disclosure, packs_beside
from analysis.report.provenance.facts import gather_facts
from analysis.report.provenance.layout import MANIFEST_FILE
from analysis.runs.parameters import check_all, check_values
from analysis.studies import Study
from analysis.vocabulary import Audience, Estimand

NOTEBOOK = "03_placement_gaps"


@pytest.fixture(scope="module")
def public(public_report: Report, toy_study: Study) -> Contents:
    return Contents(public_report.folder, toy_study, None, Audience.PUBLIC, (NOTEBOOK,))


def _planted(public: Contents, folder: Path, column: str) -> Contents:
    """A copy of a pack of which one table tells a count that another hides."""
    shutil.copytree(public.folder, folder)
    path = folder / "tables" / "placement-gaps.parquet"
    table = pd.read_parquet(path)
    rates = table["estimand"] == Estimand.RATE
    hidden = table[rates & (table["note"] == "hidden=small")].head(1)
    assert len(hidden) == 1, "no rate of a small group to give away"
    told = {"n_group": 15, "k_group": 10, "estimate": 0.6, "note": ""}
    leak = hidden.assign(**{"n_group": told["n_group"], "note": ""} if column == "n" else told)
    pd.concat([table, leak], ignore_index=True).to_parquet(path, index=False)
    return replace(public, folder=folder)


def test_a_public_pack_passes(public: Contents, public_report: Report) -> None:
    hidden = {note for table in public.tables for note in table.data["note"] if is_hidden(note)}
    assert hidden >= {"hidden=small"}
    check_disclosure(public, public_report.data.place, ())


@pytest.mark.parametrize("column", ["n", "all"])
def test_a_planted_leak_is_refused(
    public: Contents, public_report: Report, tmp_path: Path, column: str
) -> None:
    leaking = _planted(public, tmp_path / "pack", column)
    with pytest.raises(
        InputError, match=r"graduated of carer, cohort all: between \d+ and \d+ persons"
    ):
        check_disclosure(leaking, public_report.data.place, ())


def test_a_leak_through_another_pack_is_refused(
    public: Contents, public_report: Report, tmp_path: Path
) -> None:
    leaking = _planted(public, tmp_path / "pack", "all")
    with pytest.raises(InputError, match="Hidden counts can be worked out"):
        check_disclosure(public, public_report.data.place, [leaking])


def test_persons_are_refused_in_internal_packs_too(
    public: Contents, public_report: Report, tmp_path: Path
) -> None:
    shutil.copytree(public.folder, tmp_path / "pack")
    path = tmp_path / "pack" / "tables" / "placement-gaps.parquet"
    table = pd.read_parquet(path)
    table.assign(learner=range(len(table))).to_parquet(path, index=False)
    told = replace(public, folder=tmp_path / "pack", audience=Audience.INTERNAL)
    with pytest.raises(InputError, match=r"placement-gaps\.csv: identifies persons by learner"):
        check_disclosure(told, public_report.data.place, ())


def test_packs_of_other_parameters_and_the_same_data_stand_beside(
    public: Contents, public_report: Report, toy_study_file: Path, tmp_path: Path
) -> None:
    root = public_report.folder.parents[1]
    parameters = check_all({"study": str(toy_study_file), "audience": "public"}, [NOTEBOOK])
    facts = gather_facts(root, public, parameters, public_report.data)
    outputs = public_report.folder.parent
    own = public_report.folder.name
    assert packs_beside(public, facts, outputs, own) == []
    (found,) = packs_beside(public, facts, outputs, "another")
    assert (found.folder.name, found.notebooks) == (own, (NOTEBOOK,))
    manifest = tmp_path / own / MANIFEST_FILE
    manifest.parent.mkdir()
    told = json.loads((outputs / own / MANIFEST_FILE).read_text("utf-8"))
    told["inputs"]["processed"] = {}
    manifest.write_text(json.dumps(told), "utf-8")
    assert packs_beside(public, facts, tmp_path, "another") == []
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "manifest.json").write_text("{")
    assert packs_beside(public, facts, tmp_path, "damaged") == []
    with pytest.raises(InputError, match="can't be read"):
        packs_beside(public, facts, tmp_path, "another")


def test_a_pack_is_renewed_as_it_was_but_not_of_other_code(
    build_in: Callable[..., Report],
    make_repository: Callable[[], Path],
    toy_study_file: Path,
    toy_extract: Path,
) -> None:
    root = make_repository()
    asked = check_values({"study": str(toy_study_file)})
    with pytest.raises(InputError, match="no processed table"):
        renew_pack(root, asked)
    built = build_in(root, toy_study_file, toy_extract, outcomes=["graduated"])
    with pytest.raises(InputError, match=r"There is no report at .*bootcamp-2022"):
        renew_pack(root, check_values({"study": str(toy_study_file), "cohort": "2022"}))
    before = tree_hashes(built.folder)
    (built.folder / "index.html").unlink()
    renewed = renew_pack(root, asked)
    assert tree_hashes(renewed.folder) == before
    assert renewed.archive.is_file()
    path = root / "notebooks" / f"{NOTEBOOK}.ipynb"
    path.write_text(path.read_text("utf-8").replace("show_summary(", "show_summary( "), "utf-8")
    with pytest.raises(InputError, match=f"the notebooks {NOTEBOOK}, their code"):
        renew_pack(root, asked)
    assert tree_hashes(renewed.folder) == before
