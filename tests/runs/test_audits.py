"""The audit of a session: which figures it takes, what it saves, and when there are none."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.audit.tables import BOUNDS, FINDINGS, RESOLUTION
from analysis.errors import InputError
from analysis.figures.place import Place
from analysis.ingest import Processed
from analysis.runs import audits
from analysis.runs.audits import audit_published
from analysis.runs.parameters import PublishedAudit, StudyParameters
from analysis.runs.session import Session
from analysis.studies import load_study

DRAFT = """\
measure,group,period,relation,value,unit,rounding,section,source,reading
share,non_underserved,2022,equal,36,percent of students,1,Table,36% are in no category,
share,job_seeker,2022,equal,68,percent of students,1,Table,68% are job seekers,
"""
COLUMNS = {
    "audit-findings": FINDINGS,
    "audit-resolution": RESOLUTION,
    "audit-bounds": BOUNDS,
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a repository that holds two contradictory figures of 2022."""
    folder = tmp_path / "repository" / "data" / "raw" / "published" / "2022"
    folder.mkdir(parents=True)
    (folder / "draft.csv").write_text(DRAFT, encoding="utf-8")
    root = tmp_path / "repository"
    monkeypatch.setattr(audits, "project_root", lambda: root)
    return root


def opened(folder: Path, study: str = "openclassrooms", **asked: Any) -> Session:
    parameters = PublishedAudit(study=study, **asked)
    data = Processed(folder / "data", {"synthetic": study == "openclassrooms"})
    place = Place(folder / "out", "07_published_audit", "run")
    declared = data.marked(load_study(study))
    return Session("07_published_audit", parameters, declared, data, place)


def test_the_figures_of_the_cohorts_year_are_audited(root: Path, tmp_path: Path) -> None:
    (found,) = audit_published(opened(tmp_path, limit=7))
    assert (found.year, found.limit) == ("2022", 7)
    assert len(found.audit.contradictions) == 1
    for name, columns in COLUMNS.items():
        table = pd.read_parquet(tmp_path / "out" / "tables" / f"{name}.parquet")
        assert tuple(table.columns) == columns
        assert (tmp_path / "out" / "tables" / f"{name}.csv").is_file()
        told = json.loads((tmp_path / "out" / "tables" / f"{name}.json").read_text("utf-8"))
        assert told["notebook"] == "07_published_audit"


def test_printed_figures_are_not_marked_as_generated(root: Path, tmp_path: Path) -> None:
    session = opened(tmp_path)
    assert session.study.synthetic
    audit_published(session)
    table = pd.read_csv(tmp_path / "out" / "tables" / "audit-findings.csv")
    assert "data" not in table
    assert list(table["printable"]) == [32, 64]


@pytest.mark.parametrize("audience", ["internal", "public"])
def test_everyone_sees_the_same(root: Path, tmp_path: Path, audience: str) -> None:
    (found,) = audit_published(opened(tmp_path, audience=audience))
    assert [figure.value for figure in found.audit.contradictions[0].figures] == [36, 68]


@pytest.mark.parametrize(
    ("study", "asked"),
    [("oulad", {}), ("openclassrooms", {"cohort": "2021"}), ("openclassrooms", {"cohort": "all"})],
)
def test_without_published_figures_there_is_nothing(
    root: Path, tmp_path: Path, study: str, asked: dict[str, str]
) -> None:
    assert audit_published(opened(tmp_path, study, **asked)) == ()
    assert not (tmp_path / "out").exists()


def test_another_notebook_has_no_limit(root: Path, tmp_path: Path) -> None:
    session = opened(tmp_path)
    other = Session("01", StudyParameters(), session.study, session.data, session.output)
    with pytest.raises(InputError, match="limit"):
        audit_published(other)
