"""`placement-gaps audit`: a report is checked like code, by its exit code."""

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis import cli
from analysis.audit.figures import Printed
from analysis.audit.findings import audit
from analysis.ingest.raw import published_folder

HEADER = "measure,group,period,relation,value,unit,rounding,section,source,reading\n"
RIGHT = """\
students,all,2023,equal,1000,persons,1,Students,"1,000 students in 2023",
students,refugee,2023,equal,21,persons,1,Students,21 of them refugees,
share,refugee,2023,equal,2.1,percent of students,0.1,Foreword,2.1% refugees,
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Give the function that audits: its exit code, what it printed, its errors."""
    monkeypatch.chdir(repository)

    def call(*words: object) -> tuple[int, str, str]:
        code = cli.main(["audit", *(str(word) for word in words)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """Give a draft without a fault."""
    path = tmp_path / "draft.csv"
    path.write_text(HEADER + RIGHT, "utf-8")
    return path


def test_a_draft_without_contradictions_ends_with_0(run: Run, draft: Path) -> None:
    code, printed, errors = run(draft)
    assert (code, errors) == (0, "")
    assert "3 figures, 3 of them compared" in printed
    assert printed.endswith("0 contradictions, 0 doubts, 0 notes.\n")


def test_a_contradiction_ends_with_1_its_sentences_and_what_resolves_it(
    run: Run, draft: Path
) -> None:
    draft.write_text(draft.read_text("utf-8").replace("2.1,", "3.1,"), "utf-8")
    code, printed, errors = run(draft)
    assert (code, errors) == (1, "")
    assert "CONTRADICTION 1: these 3 figures can't all be right." in printed
    assert "3.1% (share, refugee, 2023): “2.1% refugees”, Foreword (draft.csv, row 4)" in printed
    assert "the others make it 2.10%; resolved by 2.1%" in printed
    assert "the others leave 31 persons" not in printed
    assert "the others leave 31 to 31 persons" not in printed
    assert "resolved by 31 persons" in printed
    assert "With 1 figure corrected no contradiction is left" in printed


def test_a_doubt_alone_ends_with_0(run: Run, draft: Path) -> None:
    rows = [
        "share,job_seeker,2023,equal,90,percent of students,1,Table,Job seekers,",
        "placement_rate,job_seeker,2023,equal,40,percent,1,Table,Job seekers placed,",
        "placement_rate,all,2023,equal,53,percent,1,Table,All placed,",
    ]
    draft.write_text(HEADER + "\n".join(rows) + "\n", "utf-8")
    code, printed, _ = run(draft)
    assert code == 0
    assert "DOUBT 1" in printed
    assert "rests on the assumption that respondents to the job survey have the same" in printed


def test_wrong_input_ends_with_2_by_its_row(run: Run, draft: Path) -> None:
    draft.write_text(draft.read_text("utf-8").replace("persons,1,", "persons,,", 1), "utf-8")
    code, printed, errors = run(draft)
    assert (code, printed) == (2, "")
    assert f"{draft} breaks the rules" in errors
    assert "row 2, a value has a unit and a rounding" in errors
    assert "Traceback" not in errors


def test_a_file_that_is_not_there_ends_with_2(run: Run, tmp_path: Path) -> None:
    code, _, errors = run(tmp_path / "nowhere.csv")
    assert code == 2
    assert "nowhere.csv can't be read" in errors


def test_several_files_are_audited_together(run: Run, draft: Path) -> None:
    other = draft.with_name("other.csv")
    other.write_text(HEADER + "students,all,2023,equal,999,persons,1,Map,999 students,\n", "utf-8")
    code, printed, _ = run(draft, other)
    assert code == 1
    assert "(other.csv, row 2)" in printed


def test_the_published_figures_are_audited_if_none_are_given(run: Run) -> None:
    code, printed, errors = run("--limit", 4)
    assert (code, errors) == (1, "")
    assert "The search ended at its limit of 4 conflicts: there may be more" in printed
    assert "DOUBT 1: the graduation rate is defined out of different populations." in printed
    assert "sum to 99% as printed" in printed
    assert "36% (share, non underserved, 2022) does not agree" in printed
    assert "which leaves 21% non-underserved, agrees" in printed


def test_the_whole_audit_of_2022_is_quick(published: Printed) -> None:
    """Under 5 s on a free machine; a processor that others share does half as much in a second."""
    begun = time.process_time()
    assert audit(published).complete
    assert time.process_time() - begun < 10


def test_the_example_of_the_guide_is_as_it_says(run: Run, repository: Path, tmp_path: Path) -> None:
    guide = (repository / "docs" / "published-figures.md").read_text("utf-8")
    (example,) = re.findall(r"```csv\n(.*?)```", guide, re.DOTALL)
    path = tmp_path / "draft.csv"
    path.write_text(example, "utf-8")
    code, printed, _ = run(path)
    assert code == 1
    (shown,) = re.findall(r"```text\n(.*?)```", guide, re.DOTALL)
    assert shown in printed


def test_a_copy_with_its_goals_is_audited_like_the_original(
    run: Run, repository: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(published_folder(repository, 2022), folder)
    files = sorted(folder.glob("*.csv"))
    assert "targets.csv" in [path.name for path in files]
    assert run("--limit", 2, *files) == run("--limit", 2)
