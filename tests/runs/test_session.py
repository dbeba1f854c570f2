"""What a session knows of the figures that were published."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from analysis.ingest.raw import published_folder
from analysis.runs import scoreboards
from analysis.runs import session as module
from analysis.runs.session import Session

HEADER = "measure,group,period,relation,value,unit,rounding,section,source,reading\n"
GOAL = 'share,underserved,2022,at_least,60,percent,1,Impact,"At least 60%",\n'


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with nothing published."""
    monkeypatch.setattr(module, "project_root", lambda: tmp_path)
    return tmp_path


def session(published: bool = True, cohort: str | None = "2022") -> Session:
    study: Any = SimpleNamespace(published={"placed": "rate"} if published else {})
    parameters: Any = SimpleNamespace(asked_cohort=cohort)
    return Session("03_placement_gaps", parameters, study, *(SimpleNamespace(),) * 2)  # type: ignore[arg-type]


def publish(root: Path, subject: str) -> None:
    folder = published_folder(root, "2022")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{subject}.csv").write_text(HEADER + GOAL, encoding="utf-8")


def test_what_was_not_published_is_none(root: Path) -> None:
    assert session().published("targets") is None
    publish(root, "targets")
    told = session().published("targets")
    assert told is not None
    assert list(told["value"]) == [60]
    assert session().published("emissions") is None
    assert session(published=False).published("targets") is None
    assert session(cohort=None).published("targets") is None
    assert session(cohort="2021").published("targets") is None


def test_goals_may_be_published_without_figures(root: Path) -> None:
    assert scoreboards._told(session()) is None
    publish(root, "targets")
    told = scoreboards._told(session())
    assert told is not None
    assert len(told.targets) == 1
    assert told.figures.empty
    assert list(told.figures.columns) == HEADER.strip().split(",")
    assert len(scoreboards._definitions(session(), told)) == 1
    publish(root, "categories")
    told = scoreboards._told(session())
    assert told is not None
    assert len(told.figures) == 1
