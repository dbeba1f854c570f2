"""The first page: headline numbers, goals, quality, as released."""

import dataclasses
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup

from analysis.figures.place import OUTPUT_KEY
from analysis.report.contents import Contents
from analysis.report.site.goals import goals
from analysis.report.site.headline import Number, headlines, subjects
from analysis.report.site.quality import denominators, sources_read, unknown_memberships
from analysis.vocabulary import LANGUAGES

Pages = dict[str, BeautifulSoup]


def test_numbers_stand_with_interval_reference_and_n(contents: Contents) -> None:
    (one,) = headlines(contents, subjects(contents), "en")
    assert (one.outcome, one.label) == ("graduated", "Graduation")
    assert one.groups["all"].rate == Number("66.7%", "61.7%\xa0to\xa071.7%", "600")
    assert one.groups["non_underserved"].gaps == {}
    assert one.groups["underserved"].gaps["raw"] == Number("−15.0", "−23.0\xa0to\xa0−7.0", "280")
    assert set(one.groups["underserved"].gaps) == {"raw", "adjusted"}


def test_small_groups_are_called_indicative(contents: Contents, pages: Pages) -> None:
    (one,) = headlines(contents, subjects(contents), "en")
    assert [name for name, row in one.groups.items() if row.small] == ["carer"]
    marked = pages["index.html"].find_all(string="fewer than 30: indicative")
    assert [mark.find_parent("th").text.split(" ")[0] for mark in marked] == ["Carers"]


def test_numbers_are_those_of_the_audience(public_contents: Contents) -> None:
    (one,) = headlines(public_contents, subjects(public_contents), "fr")
    assert one.groups["all"].rate.value == "67\xa0%"
    assert one.groups["carer"].rate == Number("non montré", "", "non montré")


def test_the_coverage_is_the_notebooks(contents: Contents) -> None:
    assert [subject.level("fr") for subject in subjects(contents)] == ["90\xa0%"]


def test_the_page_shows_them(pages: Pages) -> None:
    page = pages["index.fr.html"]
    assert page.find(class_="big").text == "66,7\xa0%"
    table = page.find("div", attrs={"aria-labelledby": "groups-graduated"}).table
    assert [row.th.text for row in table.tbody.find_all("tr")][:2] == [
        "Ensemble",
        "Public non prioritaire",
    ]
    assert all(cell["scope"] in ("row", "col") for cell in table.find_all("th"))


def _with_goals(contents: Contents, outcome: str) -> Contents:
    study = contents.study.model_copy(update={"published": {"placement_rate": outcome}})
    return dataclasses.replace(contents, study=study, cohort="2022")


def test_goals_are_those_that_there_are_numbers_on(contents: Contents) -> None:
    share, rate = goals(_with_goals(contents, "graduated"), "en")
    assert (share.goal, share.verdict) == ("at least 60%", "not reached")
    assert share.found == Number("51.7%", "47.0%\xa0to\xa056.0%", "580")
    assert (rate.label, rate.goal) == ("Graduation, All", "more than 70%")
    assert rate.verdict == "can’t be told: the interval holds the goal"


def test_no_goals_without_published_figures(contents: Contents) -> None:
    assert goals(contents, "en") == []
    assert goals(dataclasses.replace(contents, cohort="2022"), "en") == []


def test_quality_counts_whom_gaps_leave_out(contents: Contents) -> None:
    (one,) = denominators(contents, "fr")
    assert (one.label, one.persons, one.left_out) == ("Diplomation", "600", "20")
    underserved, carers = unknown_memberships(contents, "en")
    assert (underserved.persons, underserved.share) == ("20", "3.3%")
    assert (carers.label, carers.persons, carers.share) == ("Carers", "0", "0.0%")


def test_what_was_read_is_taken_from_the_notebook_on_quality(
    contents: Contents, tmp_path: Path
) -> None:
    assert sources_read(contents) == {}
    read = {
        name: f"<table><tr><th>SHA-256</th></tr><tr><td>{name}</td></tr></table>"
        for name in LANGUAGES
    }
    cell = nbformat.v4.new_code_cell("show_sources()")
    cell.outputs = [
        nbformat.v4.new_output("display_data", metadata={OUTPUT_KEY: {"html": html}})
        for html in (dict.fromkeys(LANGUAGES, "<table></table>"), read)
    ]
    (tmp_path / "notebooks").mkdir()
    book = nbformat.v4.new_notebook(cells=[cell])
    nbformat.write(book, tmp_path / "notebooks" / "01_data_quality.ipynb")
    other = dataclasses.replace(contents, folder=tmp_path, notebooks=("01_data_quality",))
    assert sources_read(other) == read
