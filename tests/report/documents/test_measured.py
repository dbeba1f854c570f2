"""Tables whose rows say their unit in the workbook: formats by unit and digits, words, marks."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from analysis.estimate.results import write_note
from analysis.impact.measures import MeasureUnit, measure_table
from analysis.report.contents import Contents, ReportTable
from analysis.report.documents.columns import Column, Typed
from analysis.report.documents.labels import Labels
from analysis.report.documents.measured import Measured, typed
from analysis.report.documents.quantities import cell_format, cell_value, quantity, tells_unit
from analysis.report.documents.workbook import write_workbook
from analysis.studies import Study
from analysis.vocabulary import Audience

SPACE = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def measures() -> pd.DataFrame:
    """Give a table of measures with a row of every kind."""
    value = {"measure": "public_gain", "group": "carer", "unit": "EUR", "period": "2022"}
    return measure_table(
        [
            {**value, "estimate": 1_234_567.0, "ci_low": 0.9e6, "ci_high": 1.6e6, "horizon": 5,
             "n": 491, "illustrative": True, "source": "surveys, france"},
            {**value, "estimate": -61_500.4, "source": "finance"},
            {**value, "note": write_note(hidden="small")},
            {**value, "unit": "kg CO2e", "estimate": 0.827, "group": "scope"},
            {**value, "unit": "share", "estimate": 0.2212, "ci_low": 0.2, "ci_high": 0.25},
            {**value, "unit": "persons", "estimate": 10_915.0, "group": ""},
        ]
    )  # fmt: skip


def columns(
    table: pd.DataFrame, study: Study, language: str = "en", audience: Audience = Audience.INTERNAL
) -> dict[str, Column]:
    """The columns of a table by their headers."""
    shown = typed(table, Labels(study, language), language, audience).columns()
    return {column.header: column for column in shown}


def test_each_value_has_the_format_of_its_unit(measures: pd.DataFrame, toy_study: Study) -> None:
    estimate = columns(measures, toy_study)["Estimate"]
    assert list(estimate.formats) == [
        '"€"#,##0;"−""€"#,##0',
        '"€"#,##0;"−""€"#,##0',
        "@",
        f'#,##0.00"{SPACE}kg{SPACE}CO₂e";"−"#,##0.00"{SPACE}kg{SPACE}CO₂e"',
        '#,##0.0%;"−"#,##0.0%',
        '#,##0;"−"#,##0',
    ]
    assert estimate.values[1:] == [-61_500.4, "not shown", 0.827, 0.2212, 10_915.0]


def test_a_value_has_no_more_digits_than_its_interval_supports(
    measures: pd.DataFrame, toy_study: Study
) -> None:
    found = columns(measures, toy_study, "fr")
    limits = [found[name].values[0] for name in ("Limite inférieure", "Limite supérieure")]
    assert (found["Estimation"].values[0], *limits) == (1_230_000, 900_000, 1_600_000)
    assert found["Estimation"].formats[0].startswith(f'#,##0"{SPACE}€"')


def test_what_is_illustrative_is_marked(measures: pd.DataFrame, toy_study: Study) -> None:
    assert columns(measures, toy_study)["Mark"].values == ["ILLUSTRATIVE", *[""] * 5]
    assert columns(measures, toy_study, "fr")["Mention"].values[0] == "ILLUSTRATIF"
    plain = measures.assign(illustrative=False)
    assert "Mark" not in columns(plain, toy_study)


def test_years_are_numbers_that_nothing_groups(measures: pd.DataFrame, toy_study: Study) -> None:
    found = columns(measures, toy_study)
    assert (found["Period"].values[0], found["Period"].formats[0]) == (2022, "0")
    assert (found["Years looked at"].values[0], found["Years looked at"].formats[0]) == (5, "0")


@pytest.mark.parametrize(("language", "pattern"), [("en", "409"), ("fr", "40C")])
def test_months_are_dates_in_the_language(
    measures: pd.DataFrame, toy_study: Study, language: str, pattern: str
) -> None:
    table = measures.assign(period=[f"2022-{month:02}" for month in range(1, 7)])
    period = columns(table, toy_study, language)[{"en": "Period", "fr": "Période"}[language]]
    days = [datetime(1899, 12, 30) + timedelta(days=int(day)) for day in period.values]
    assert [(day.year, day.month, day.day) for day in days] == [(2022, m, 1) for m in range(1, 7)]
    assert set(period.formats) == {f"[$-{pattern}]mmmm yyyy"}


def test_a_table_of_years_and_months_tells_both_in_words(
    measures: pd.DataFrame, toy_study: Study
) -> None:
    table = measures.assign(period=["2022", "2022-08", "2020 to 2022", "", "each year", "2021"])
    assert columns(table, toy_study, "fr")["Période"].values == [
        "2022", "août 2022", "2020 à 2022", "–", "chaque année", "2021",
    ]  # fmt: skip


def test_columns_that_say_nothing_are_left_out(measures: pd.DataFrame, toy_study: Study) -> None:
    bare = measures[measures["n"].isna() & (measures["unit"] == "EUR")].iloc[[0]]
    assert list(columns(bare, toy_study)) == [
        "Measure", "Of whom or what", "Period", "Unit", "Estimate", "Source",
    ]  # fmt: skip


def test_a_hidden_row_says_so_where_it_was_about_persons(
    measures: pd.DataFrame, toy_study: Study
) -> None:
    table = measures.assign(goal=[2e6, np.nan, np.nan, 1.0, 0.6, 11_000.0])
    found = columns(table, toy_study)
    assert [found[name].values[2] for name in ("Estimate", "n, persons", "Goal")] == [
        "not shown", "not shown", "–",
    ]  # fmt: skip
    assert "fewer than 25" in str(found["Remarks"].values[2])


def test_what_was_stated_has_the_decimals_that_it_was_stated_with(
    measures: pd.DataFrame, toy_study: Study
) -> None:
    table = measures.assign(printed=[1e6, 12.5, np.nan, 0.83, 0.6, 10_915.0])
    assert list(columns(table, toy_study)["Printed"].formats) == [
        '"€"#,##0;"−""€"#,##0',
        '"€"#,##0.0;"−""€"#,##0.0',
        "@",
        f'#,##0.00"{SPACE}kg{SPACE}CO₂e";"−"#,##0.00"{SPACE}kg{SPACE}CO₂e"',
        '#,##0%;"−"#,##0%',
        '#,##0;"−"#,##0',
    ]


def test_units_of_printed_figures_have_words_and_percentages_are_fractions(
    toy_study: Study,
) -> None:
    table = pd.DataFrame(
        {"unit": ["percent of students", "employers", "EUR a month"], "low": [20.0, 2836.0, 700.5],
         "agrees": [True, False, True]}
    )  # fmt: skip
    found = columns(table, toy_study, "fr")
    assert found["Unité"].values == ["pour cent des étudiants", "employeurs", "euros par mois"]
    assert found["Bas"].values == [0.2, 2836.0, 700.5]
    assert found["Bas"].formats[0] == f'#,##0"{SPACE}"%;"−"#,##0"{SPACE}"%'
    assert found["Concorde"].values == ["oui", "non", "oui"]


@pytest.mark.parametrize("unit", MeasureUnit)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_unit_of_measures_has_words_a_text_and_a_format(
    toy_study: Study, unit: MeasureUnit, language: str
) -> None:
    table = pd.DataFrame({"unit": [unit]})
    assert Labels(toy_study, language).values(table, "unit")[0] not in ("", unit.name)
    text = quantity(0.5, unit, language, 1)
    assert ("50" if unit is MeasureUnit.SHARE else "0") in text
    assert cell_format(unit, language, 1).count("0.0") == 2
    plain = ("persons", "outcomes", "ratio")
    assert tells_unit(unit, language) is (unit not in plain)


@pytest.mark.parametrize(
    ("value", "unit", "digits", "cell"),
    [
        (1_234_567.0, "EUR", -5, 1_200_000.0),
        (0.4832, "share", -1, 0.5),
        (0.4832, "share", 0, 0.4832),
        (36.0, "percent", 0, 0.36),
        (36.0, "percent of students", -1, 0.4),
    ],
)
def test_a_cell_is_rounded_where_no_format_can(
    value: float, unit: str, digits: int, cell: float
) -> None:
    assert cell_value(value, unit, digits) == pytest.approx(cell)


def test_result_tables_and_shares_are_typed_as_before(
    results: pd.DataFrame, toy_study: Study
) -> None:
    labels = Labels(toy_study, "en")
    assert type(typed(results, labels, "en", Audience.INTERNAL)) is Typed
    with_unit = pd.DataFrame({"unit": ["EUR"]})
    assert type(typed(with_unit, labels, "en", Audience.INTERNAL)) is Measured


def sheet_of(table: pd.DataFrame, contents: Contents, folder: Path) -> Worksheet:
    """The sheet of a report's only table."""
    own = replace(contents)
    own.__dict__["tables"] = (ReportTable("social-value", "02_gaps", "0", "0", table),)
    write_workbook(own, "en", folder / "book.xlsx")
    return openpyxl.load_workbook(folder / "book.xlsx").worksheets[1]


def test_printed_figures_are_not_called_synthetic(
    measures: pd.DataFrame, contents: Contents, tmp_path: Path
) -> None:
    assert contents.study.synthetic
    real = sheet_of(measures, contents, tmp_path)
    assert "SYNTHETIC" not in f"{real['A2'].value} {real.oddHeader.right.text}"
    assert "no row is of a generated person" in str(real["A3"].value)
    generated = sheet_of(measures.assign(data="SYNTHETIC"), contents, tmp_path)
    assert "SYNTHETIC" in str(generated["A2"].value)
    assert "SYNTHETIC" in generated.oddHeader.right.text


def test_the_sheet_explains_marks_and_digits(
    measures: pd.DataFrame, contents: Contents, tmp_path: Path
) -> None:
    remarks = str(sheet_of(measures, contents, tmp_path)["A3"].value)
    assert "ILLUSTRATIVE: the value rests on an input that no source states." in remarks
    assert "digits that their intervals support" in remarks


def test_a_quotation_wraps_and_what_stands_beside_it_stays_at_its_head(
    measures: pd.DataFrame, contents: Contents, tmp_path: Path
) -> None:
    quoted = "Number of career outcomes over the years (including free and paying students)"
    sheet = sheet_of(measures.assign(source=quoted), contents, tmp_path)
    cells = {str(head.value): cell for head, cell in zip(sheet[5], sheet[6], strict=True)}
    assert cells["Source"].alignment.wrap_text
    assert not cells["Measure"].alignment.wrap_text
    assert {cells[name].alignment.vertical for name in ("Source", "Measure", "Estimate")} == {"top"}
