"""Previews of tables of measures and of the audit: units, intervals, marks, languages."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from analysis.estimate.results import write_note
from analysis.impact.measures import measure_table
from analysis.report.contents import Contents, ReportTable
from analysis.report.site.tables import table_pages

TO, NARROW, SPACE = "\xa0to\xa0", "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"
QUOTATION = "500,000 career outcomes every year"

Rows = list[dict[str, str]]


def preview(contents: Contents, table: pd.DataFrame, language: str) -> BeautifulSoup:
    """The page of tables of a report that has one alone."""
    own = replace(contents)
    own.__dict__["tables"] = (ReportTable("scoreboard", "toy", "0", "0", table),)
    page = dict(table_pages(own))[f"pages/tables.{language}.html"]
    return BeautifulSoup(page, "html.parser").find("table", class_="preview")


def rows(contents: Contents, table: pd.DataFrame, language: str = "en") -> Rows:
    """The rows of its preview by the names of the columns."""
    shown = preview(contents, table, language)
    heads = [head.text for head in shown.thead.find_all("th")]
    return [
        dict(zip(heads, [cell.text for cell in row.find_all("td")], strict=True))
        for row in shown.tbody.find_all("tr")
    ]


@pytest.fixture(scope="module")
def measures() -> pd.DataFrame:
    """Give measures: illustrative with an interval, exact, hidden, and a count."""
    value = {"measure": "rate", "group": "carer", "unit": "EUR", "period": "2022-03"}
    return measure_table(
        [
            {**value, "estimate": 1_234_567.0, "ci_low": 0.9e6, "ci_high": 1.6e6, "horizon": 5,
             "n": 1491, "illustrative": True},
            {**value, "estimate": -61_500.4, "n": 500},
            {**value, "note": write_note(hidden="small")},
            {**value, "unit": "outcomes", "estimate": 44_010.0, "period": "2022"},
        ]
    )  # fmt: skip


def test_values_stand_with_unit_interval_and_mark(
    contents: Contents, measures: pd.DataFrame
) -> None:
    shown = rows(contents, measures)
    assert [row["Estimate"] for row in shown] == [
        f"€1,230,000 (€900,000{TO}€1,600,000) (ILLUSTRATIVE)", "−€61,500", "not shown", "44,010",
    ]  # fmt: skip
    french = rows(contents, measures, "fr")[0]
    amounts = [f"{number}{SPACE}€".replace(" ", NARROW) for number in
               ("1 230 000", "900 000", "1 600 000")]  # fmt: skip
    assert french["Estimation"] == (
        f"{amounts[0]} ({amounts[1]}{SPACE}à{SPACE}{amounts[2]}) (ILLUSTRATIF)"
    )


def test_periods_and_horizons_are_never_grouped_and_months_have_names(
    contents: Contents, measures: pd.DataFrame
) -> None:
    shown = rows(contents, measures)
    assert [row["Period"] for row in shown] == [*["March 2022"] * 3, "2022"]
    assert [row["Years looked at"] for row in shown] == ["5", "–", "–", "–"]
    assert rows(contents, measures, "fr")[0]["Période"] == "mars 2022"


def test_a_hidden_row_says_so_and_a_missing_number_is_a_dash(
    contents: Contents, measures: pd.DataFrame
) -> None:
    shown = rows(contents, measures)
    assert [row["n, persons"] for row in shown] == ["1,491", "500", "not shown", "–"]
    assert "fewer than 25" in shown[2]["Remarks"]


def test_the_unit_has_a_column_only_where_a_number_does_not_show_it(
    contents: Contents, measures: pd.DataFrame
) -> None:
    assert rows(contents, measures)[3]["Unit"] == "career outcomes"
    assert "Unit" not in rows(contents, measures.iloc[:3])[0]


def test_quotations_keep_their_language_on_french_pages(
    contents: Contents, measures: pd.DataFrame
) -> None:
    table = measures.assign(goal=[5e5, np.nan, 1.0, 5e5], goal_source=[QUOTATION, "", "", ""])
    cell = preview(contents, table, "fr").find("td", string=QUOTATION)
    assert cell["lang"] == "en"
    assert preview(contents, table, "en").find("td", lang=True) is None
    # The source of the study stands at the foot of the page already.
    stated = table.assign(source=contents.study.provenance.source)
    assert "Source" not in rows(contents, stated)[0]


def test_printed_figures_and_bounds_are_in_their_own_units(contents: Contents) -> None:
    table = pd.DataFrame(
        {"measure": "share", "unit": ["percent of students", "employers"], "value": [0.6, 2836.0],
         "low": [20.5, np.nan], "agrees": [True, False]}
    )  # fmt: skip
    assert rows(contents, table)[0] == {
        "Measure": "Share of persons", "Unit": "percent of students", "Value": "0.6%",
        "Low": "20.5%", "Agrees": "yes",
    }  # fmt: skip
    assert rows(contents, table)[1]["Value"] == "2,836"
    assert rows(contents, table)[1]["Low"] == "–"
