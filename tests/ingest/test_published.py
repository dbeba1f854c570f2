"""The published figures: whole, as printed, and found in the report where it is at hand."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from analysis.errors import InputError
from analysis.ingest.published import read_published
from analysis.ingest.raw import published_folder
from analysis.vocabulary import ALL, CATEGORIES, NON_UNDERSERVED

YEAR = 2022
SUBJECTS = [
    "apprenticeship",
    "career_outcomes",
    "categories",
    "definitions",
    "emissions",
    "free_courses",
    "funding",
    "funnel",
    "statements",
    "targets",
]
REPORT = "000_eb992e1bae77e157.txt"
RATES = ("orientation_rate", "graduation_rate", "placement_rate")
GROUPS = {ALL, NON_UNDERSERVED, *CATEGORIES}


def _squeezed(text: str) -> str:
    """A text without what its layout adds: line breaks, hyphens at their ends, stray marks."""
    return re.sub(r"[\s\-\ufffd\u200b]+", "", text)


def test_the_subjects_are_all_there(repository: Path) -> None:
    assert sorted(path.stem for path in published_folder(repository, YEAR).iterdir()) == SUBJECTS


@pytest.mark.parametrize("subject", SUBJECTS)
def test_each_figure_stands_once(repository: Path, subject: str) -> None:
    table = read_published(repository, YEAR, subject)
    keys = ["measure", "group", "period", "section", "source", "value"]
    assert not table.duplicated(keys).any()


@pytest.mark.parametrize("subject", SUBJECTS)
def test_what_is_quoted_stands_in_the_report(repository: Path, subject: str) -> None:
    report = repository.parent / "shared" / REPORT
    if not report.is_file():
        pytest.skip(f"the text of the report is not at ../shared/{REPORT}")
    printed = _squeezed(report.read_text("utf-8"))
    table = read_published(repository, YEAR, subject)
    for source in table["source"]:
        quoted = source.split(": ")[-1] if source.startswith(("Table,", "Chart")) else source
        assert _squeezed(quoted) in printed, source


def test_every_group_has_every_rate(repository: Path) -> None:
    table = read_published(repository, YEAR, "categories")
    for rate in RATES:
        assert set(table.loc[table["measure"] == rate, "group"]) == GROUPS
    counted = table.loc[table["measure"] == "students", "group"]
    assert set(counted) == set(CATEGORIES)


def test_every_group_has_all_kinds_of_funding(repository: Path) -> None:
    table = read_published(repository, YEAR, "funding")
    table = table[table["section"] == "Funding types"]
    assert set(table["group"]) == GROUPS - {NON_UNDERSERVED}
    sums = table.groupby("group")["value"].agg(["count", "sum"])
    assert (sums["count"] == 5).all()
    # Five rounded shares can miss 100 by two and a half at most.
    assert sums["sum"].sub(100).abs().max() <= 2.5
    assert table["reading"].notna().all()


def test_contradictions_stay(repository: Path) -> None:
    """What the report says of itself twice, and differently, is not smoothed."""
    categories = read_published(repository, YEAR, "categories")
    shares = categories[categories["measure"] == "share"].groupby("group")["value"].first()
    assert shares["underserved"] + shares[NON_UNDERSERVED] > 100
    outcomes = read_published(repository, YEAR, "career_outcomes")
    counts = outcomes[outcomes["measure"] == "career_outcomes"].groupby("period")["value"].max()
    growth = outcomes.loc[outcomes["measure"] == "growth", "value"]
    assert growth.max() < 100 * (counts["2022"] / counts["2021"] - 1)
    doubtful = outcomes.loc[outcomes["measure"] == "growth", "reading"]
    assert doubtful.str.contains("Contradicts").all()


@pytest.mark.parametrize("subject", SUBJECTS)
def test_values_have_no_more_digits_than_their_rounding(repository: Path, subject: str) -> None:
    table = read_published(repository, YEAR, subject).dropna(subset=["value"])
    steps = table["value"] / table["rounding"]
    assert ((steps - steps.round()).abs() < 1e-6).all()


@pytest.mark.parametrize(
    ("found", "put", "words"),
    [
        ("equal,37218", "exactly,37218", "row 2, relation = 'exactly': must be one of"),
        ("equal,37218,persons,1", "equal,37218,,1", "row 2, a value has a unit and a rounding"),
        ("equal,37218,persons,1", "equal,37218,persons,0", "row 2, rounding = 0.0: must be more"),
        ("equal,37218", "equal,many", "row 2, value = 'many': must be a number"),
        ("applicants,all", ",all", "row 2, measure = empty: must not be empty"),
        (
            "measure,group",
            "measure,who",
            "row 1, column group: is missing\n  row 1, column who: is none",
        ),
        ("group,period", "period,group", "row 1, column group: columns must stand in the order"),
    ],
)
def test_a_broken_file_is_refused(
    repository: Path, tmp_path: Path, found: str, put: str, words: str
) -> None:
    folder = published_folder(tmp_path, YEAR)
    shutil.copytree(published_folder(repository, YEAR), folder)
    path = folder / "funnel.csv"
    text = path.read_text("utf-8")
    assert found in text
    path.write_text(text.replace(found, put), "utf-8")
    with pytest.raises(InputError, match=words) as caught:
        read_published(tmp_path, YEAR, "funnel")
    assert str(path) in str(caught.value)


def test_an_unknown_subject_is_refused(repository: Path) -> None:
    with pytest.raises(InputError, match="categories, definitions, emissions"):
        read_published(repository, YEAR, "rumours")


def test_values_are_numbers(repository: Path) -> None:
    table = read_published(repository, YEAR, "funnel").set_index("measure")
    assert table.loc["applicants", "value"] == 37_218
    assert pd.api.types.is_float_dtype(table["value"])
