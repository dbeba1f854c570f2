"""The first page: scoreboard, headline numbers, quality, as released."""

import dataclasses
import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from analysis.figures.place import OUTPUT_KEY, Place
from analysis.figures.save import save_table
from analysis.impact.scoreboard import Found, Told, scoreboard
from analysis.report.contents import Contents
from analysis.report.site import write_site
from analysis.report.site.goals import WIDTH, Bar, goals
from analysis.report.site.headline import Number, headlines, subjects, table_of
from analysis.report.site.quality import denominators, sources_read, unknown_memberships
from analysis.report.site.scoreboard import outcomes, rates
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


# ---- Scoreboard ---------------------------------------------------------------------------------


def _told(*rows: dict[str, Any]) -> pd.DataFrame:
    shared = {"period": "2022", "relation": "equal", "unit": "percent", "rounding": 1.0}
    return pd.DataFrame(
        [{**shared, "source": "a <sentence>", "section": "Who?", **row} for row in rows]
    )


def _board(contents: Contents) -> pd.DataFrame:
    """A scoreboard of what the report has, beside goals and figures."""
    cells, totals = _outcomes(), pd.DataFrame({"year": [2021, 2022], "counted": [30, 170]})
    found = Found(
        table_of(contents, "placement-gaps"),
        table_of(contents, "composition"),
        cells,
        totals.assign(reported=totals["counted"]),
        hidden="hidden=protects",
    )
    targets = _told(
        {"measure": "career_outcomes", "group": "all", "period": "each year", "value": 340.0,
         "unit": "outcomes"},
        {"measure": "share", "group": "underserved", "relation": "at_least", "value": 60.0},
        {"measure": "placement_rate", "group": "all", "relation": "more_than", "value": 70.0},
    )  # fmt: skip
    figures = _told(
        {"measure": "career_outcomes", "group": "path_students", "value": 56.0, "unit": "outcomes"},
        {"measure": "placement_rate", "group": "all", "value": 67.0},
        {"measure": "placement_rate", "group": "underserved", "value": 67.0},
    )
    return scoreboard(contents.study, contents.cohort, found, Told(targets, figures))


def _outcomes() -> pd.DataFrame:
    """Career outcomes of two years; of one kind a part is hidden."""
    rows = [
        (2021, "job", "free", 30, 30),
        (2022, "job", "free", 90, 104),
        (2022, "job", "path", 56, 57),
        (2022, "internship", "free", None, None),
    ]
    names = ["year", "kind", "learner", "counted", "reported"]
    return pd.DataFrame(rows, columns=names).astype({"counted": "Int64", "reported": "Int64"})


@pytest.fixture(scope="module")
def scored(contents: Contents, tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """The report with a scoreboard, and its site."""
    folder = tmp_path_factory.mktemp("scored") / "report"
    shutil.copytree(contents.folder, folder)
    study = contents.study.model_copy(update={"published": {"placement_rate": "graduated"}})
    place = Place(folder, contents.notebooks[0], "0" * 64)
    made = dataclasses.replace(contents, folder=folder, study=study, cohort="2022")
    save_table(_board(made), "scoreboard", place, synthetic=True)
    save_table(_outcomes(), "scoreboard-outcomes", place, synthetic=True)
    # What was read of its tables before these were written is forgotten.
    whole = dataclasses.replace(made)
    write_site(whole)
    return whole


@pytest.fixture(scope="module")
def first_page(scored: Contents) -> BeautifulSoup:
    return BeautifulSoup((scored.folder / "index.html").read_text("utf-8"), "html.parser")


def test_goals_stand_beside_what_was_found(scored: Contents) -> None:
    counted, share, rate = goals(scored, "en")
    assert (counted.found, counted.part) == (Number("170", "", ""), "50% of the goal")
    assert (share.goal, share.verdict, share.kind) == ("at least 60%", "not reached", "missed")
    assert share.found == Number("51.7%", "47.0%\xa0to\xa056.0%", "580")
    assert (rate.label, rate.goal) == ("Graduation", "more than 70%")
    assert share.label.startswith("Underserved (any category), share of ")
    assert share.definition.endswith("those of unknown status aside")
    assert counted.definition.startswith("Outcomes that persons credit the provider with")
    assert (share.source, share.section) == ("a <sentence>", "Who?")
    assert (rate.kind, rate.verdict) == ("open", "can’t be told: the interval holds the goal")
    assert goals(scored, "fr")[2].goal == "plus de 70\xa0%"


def test_bars_are_as_long_as_the_part_of_the_goal(scored: Contents) -> None:
    counted, share, rate = (goal.bar for goal in goals(scored, "en"))
    assert counted == Bar(50.0, 100.0, 50.0, 50.0)
    assert share is not None
    assert share.length == pytest.approx(100 * 300 / 580 / 0.6, abs=0.01)
    # An interval that reaches beyond the goal fills the drawing.
    assert rate is not None
    assert rate.high == WIDTH
    assert rate.low < rate.length < rate.goal < rate.high


def test_a_hidden_goal_has_no_bar(scored: Contents, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    shutil.copytree(scored.folder, folder)
    board = table_of(scored, "scoreboard").drop(columns="data")
    numbers = ["estimate", "ci_low", "ci_high"]
    hidden = board["measure"] == "share"
    board.loc[hidden, numbers] = float("nan")
    board.loc[hidden, ["note", "verdict", "n"]] = ["hidden=small", "not_shown", pd.NA]
    save_table(board, "scoreboard", Place(folder, scored.notebooks[0], "0" * 64))
    made = dataclasses.replace(scored, folder=folder)
    write_site(made)
    share = goals(made, "en")[1]
    assert (share.found, share.part, share.bar) == (Number("not shown", "", "not shown"), "", None)
    page = BeautifulSoup((folder / "index.html").read_text("utf-8"), "html.parser")
    assert len(page.find_all("svg", class_="progress")) == 2


def test_the_page_leads_with_the_scoreboard(first_page: BeautifulSoup) -> None:
    headings = [heading["id"] for heading in first_page.find_all("h2")]
    assert headings[:5] == ["goals", "outcomes", "rates", "numbers", "groups"]
    assert all(svg["aria-hidden"] == "true" for svg in first_page.find_all("svg"))
    quoted = first_page.find("blockquote")
    assert (quoted.text, quoted["lang"]) == ("a <sentence>", "en")
    assert quoted.parent.figcaption.text == "Report, section Who?"
    assert first_page.find(string=re.compile("The goal on placement is about graduates"))


def test_career_outcomes_stand_by_year_kind_and_learner(scored: Contents) -> None:
    told = outcomes(scored, "en")
    assert told is not None
    assert [(one.year, one.counted, one.of_goal) for one in told.years] == [
        ("2021", "30", "8.8%"),
        ("2022", "170", "50%"),
    ]
    assert (told.year, told.learners) == ("2022", ["Free courses", "Paths, without apprentices"])
    assert [name for name, _ in told.kinds] == ["New job", "Internship", "All kinds"]
    jobs, internships, everything = (numbers for _, numbers in told.kinds)
    assert jobs[0] == Number("90", "of 104 reported", "")
    assert [one.value for one in internships] == ["not shown", "–", "not shown"]
    assert [one.value for one in everything] == ["not shown", "56", "170"]
    assert "apprentices included: 56 (printed 56: agrees)" in told.path_students


def test_rates_stand_by_group_beside_what_was_printed(scored: Contents) -> None:
    told = rates(scored, "en")
    assert told is not None
    assert ([name for name, _ in told.columns], told.level) == (
        ["Graduation", "Share of persons"],
        "90%",
    )
    rows = dict(told.rows)
    assert next(iter(rows)) == "All"
    (_, graduates), (_, persons) = told.columns
    assert graduates.startswith("Learners who graduated")
    assert persons.startswith("Out of ")
    everyone, nothing = rows["All"]
    assert everyone is not None
    assert (everyone.number.value, everyone.printed) == ("66.7%", "printed 67%: agrees")
    assert nothing is None
    underserved, carers = rows["Underserved (any category)"][0], rows["Carers"][0]
    assert underserved is not None
    assert underserved.printed == "printed 67%: differs"
    assert carers is not None
    assert (carers.small, carers.printed) == (True, "")


def test_a_report_without_a_scoreboard_has_none(contents: Contents, pages: Pages) -> None:
    assert goals(contents, "en") == []
    assert outcomes(contents, "en") is None
    assert rates(contents, "en") is None
    assert pages["index.html"].find("h2")["id"] == "numbers"


def test_all_cohorts_together_have_no_goals(scored: Contents) -> None:
    every = dataclasses.replace(scored, cohort=None)
    assert goals(every, "en") == []
    told = outcomes(every, "en")
    assert told is not None
    assert (told.year, told.kinds, told.path_students) == ("", [], "")


# ---- Quality ------------------------------------------------------------------------------------


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
