"""The workbook as a reader's program opens it: types, formats, marks, hidden rows."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.cell import Cell
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from analysis.figures.wording import catalogue, say
from analysis.report.contents import Contents
from analysis.report.documents.columns import Typed
from analysis.report.documents.labels import Labels
from analysis.report.documents.workbook import (
    FORBIDDEN,
    HEADER_ROW,
    NAME_LENGTH,
    sheet_names,
    write_workbook,
)
from analysis.studies import Study
from analysis.vocabulary import LANGUAGES, Audience, Estimand

GAPS = {"en": "Placement gaps", "fr": "Écarts d’insertion"}
POINTS = '+0.0%;"−"0.0%;0.0%'


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    """Give each language."""
    return str(request.param)


@pytest.fixture(scope="module")
def book(contents: Contents, language: str, tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    """Give the workbook of the report, read back."""
    target = tmp_path_factory.mktemp("book") / "tables.xlsx"
    write_workbook(contents, language, target)
    return openpyxl.load_workbook(target)


def _rows(sheet: Worksheet) -> list[Mapping[str, Cell]]:
    heads = [cell.value for cell in sheet[HEADER_ROW + 1]]
    return [dict(zip(heads, row, strict=True)) for row in sheet.iter_rows(min_row=HEADER_ROW + 2)]


def test_contents_name_and_reach_every_sheet(
    book: Workbook, contents: Contents, language: str
) -> None:
    first = book.worksheets[0]
    texts = {str(cell.value) for row in first.iter_rows() for cell in row}
    assert {contents.study.title.label()[language], contents.study.provenance.licence} <= texts
    linked = {cell.hyperlink.location for row in first.iter_rows() for cell in row
              if cell.hyperlink}  # fmt: skip
    assert linked == {f"'{sheet.title}'!A1" for sheet in book.worksheets[1:]}
    assert len(book.worksheets) == 1 + len(contents.tables)


def test_every_sheet_is_marked_and_set_for_print(book: Workbook, language: str) -> None:
    marks = [say("words.synthetic", language), say("documents.internal", language)]
    for sheet in book.worksheets:
        shown = f"{sheet['A2'].value} {sheet.oddHeader.right.text}"
        assert all(shown.count(mark) >= 2 for mark in marks), sheet.title
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.page_setup.fitToHeight == 0
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes == f"A{HEADER_ROW + 2}"
        assert sheet.auto_filter.ref.startswith(f"A{HEADER_ROW + 1}:")
        assert sheet.print_title_rows == f"${HEADER_ROW + 1}:${HEADER_ROW + 1}"


def test_numbers_are_numbers_in_the_format_of_their_estimand(
    contents: Contents, tmp_path: Path
) -> None:
    write_workbook(contents, "en", tmp_path / "book.xlsx")
    rows = _rows(openpyxl.load_workbook(tmp_path / "book.xlsx")[GAPS["en"]])
    rate, gap, _, _, odds, months, parity, power = rows
    assert [row["Estimate"].number_format for row in rows[:2]] == ["0.0%", POINTS]
    assert [row["Estimate"].value for row in (rate, gap)] == [0.41237, -0.05]
    assert rate["Standard error"].number_format == "0.00%"
    assert [row["n, group"].value for row in (rate, gap)] == [1234, 1234]
    assert rate["n, group"].number_format == "#,##0"
    assert gap["p"].number_format == '[<0.001]"< 0.001";0.000'
    assert odds["Estimate"].number_format == "0.00"
    assert months["Estimate"].number_format == "0.0"
    assert parity["Estimate"].number_format == "#,##0"
    assert power["Estimate"].number_format == "0%"
    units = [row["Unit"].value for row in rows]
    assert units[:2] == ["percent", "percentage points"]
    assert units[4:] == ["ratio", "months", "persons", "percent"]


def test_digits_of_the_row_decide_its_decimals(contents: Contents, tmp_path: Path) -> None:
    write_workbook(contents, "fr", tmp_path / "book.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "book.xlsx")["Qui paie"]
    row = _rows(sheet)[0]
    assert (row["Part"].value, row["Part"].number_format) == (0.9, '0"\N{NO-BREAK SPACE}"%')


def test_hidden_rows_stay_and_say_so(book: Workbook, language: str) -> None:
    row = _rows(book[GAPS[language]])[2]
    head = {name: say(f"fields.{name}", language) for name in ("estimate", "n_group", "note")}
    not_shown = say("words.not_shown", language)
    assert row[head["estimate"]].value == not_shown
    assert row[head["n_group"]].value == not_shown
    assert "25" in str(row[head["note"]].value)
    assert say("workbook.hidden", language) in book[GAPS[language]]["A3"].value


def test_a_hidden_rate_has_no_reference_to_hide(results: pd.DataFrame, toy_study: Study) -> None:
    hidden = results.iloc[[2]].assign(estimand="rate", reference="")
    typed = Typed(hidden, Labels(toy_study, "en"), "en", Audience.PUBLIC)
    cells = {column.header: column.values[0] for column in typed.columns()}
    assert (cells["n, group"], cells["n, reference"]) == ("not shown", "–")


def test_a_number_that_does_not_exist_is_a_dash_with_a_reason(
    book: Workbook, language: str
) -> None:
    rows = _rows(book[GAPS[language]])
    head = {name: say(f"fields.{name}", language) for name in ("estimate", "n_reference", "note")}
    assert rows[3][head["estimate"]].value == "–"
    assert rows[3][head["note"]].value
    # A rate has no reference, and a mean of months names one that it does not count.
    assert rows[0][head["n_reference"]].value == "–"
    assert rows[5][head["n_reference"]].value == "–"


def test_values_are_in_the_words_of_the_language(results: pd.DataFrame, toy_study: Study) -> None:
    labels = Labels(toy_study, "fr")
    assert labels.values(results, "group")[0] == "Aidants"
    assert labels.values(results, "outcome")[0] == "Diplomation"
    assert labels.values(results, "method")[3] == "Logit (erreurs HC1)"
    assert labels.values(results, "term")[5] == "En 12 mois"
    assert labels.values(results, "term")[7] == "Marge de 5 points"
    note = pd.DataFrame({"note": ["spec_outcome=graduated; spec_model=linear; spec_covariates="]})
    assert labels.values(note, "note") == [
        "résultat\xa0: Diplomation\xa0; modèle\xa0: modèle linéaire\xa0; "
        "variables\xa0: sans ajustement"
    ]


def test_every_estimand_has_words() -> None:
    missing = [one for one in Estimand if f"estimands.{one}" not in catalogue()]
    assert not missing


def test_tables_of_one_kind_are_told_apart(toy_study: Study, book: Workbook) -> None:
    labels = Labels(toy_study, "en")
    assert labels.table("response-placed") == "Who answered, job placement"
    assert labels.table("specifications-placed-carer") == "Specifications, job placement, Carers"
    assert labels.table("a-table-to-come") == "A table to come"
    names = [sheet.title for sheet in book.worksheets]
    assert len(set(names)) == len(names)


@given(st.lists(st.text(st.characters(exclude_categories=["C"]), min_size=1), max_size=12))
def test_sheet_names_are_short_and_different(titles: list[str]) -> None:
    names = sheet_names([f"A{title}" for title in titles], taken=["Contents"])
    assert len({name.casefold() for name in names} | {"contents"}) == len(titles) + 1
    assert all(1 <= len(name) <= NAME_LENGTH for name in names)
    assert not any(FORBIDDEN.search(name) or name[-1] == "'" for name in names)


def test_public_p_values_have_two_decimals(results: pd.DataFrame, toy_study: Study) -> None:
    typed = Typed(results, Labels(toy_study, "en"), "en", Audience.PUBLIC)
    column = next(one for one in typed.columns() if one.header == "p, corrected")
    assert column.formats[1] == "0.00"


def test_a_text_is_never_a_formula(contents: Contents, tmp_path: Path) -> None:
    provenance = contents.study.provenance.model_copy(update={"source": '=HYPERLINK("x")'})
    study = contents.study.model_copy(update={"provenance": provenance})
    write_workbook(replace(contents, study=study), "en", tmp_path / "book.xlsx")
    first = openpyxl.load_workbook(tmp_path / "book.xlsx").worksheets[0]
    assert all(cell.data_type != "f" for row in first.iter_rows() for cell in row)


def test_two_workbooks_are_byte_identical_and_name_nobody(
    contents: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    files = [tmp_path / f"{number}.xlsx" for number in range(3)]
    write_workbook(contents, "en", files[0])
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(2_000_000_000))
    write_workbook(contents, "en", files[1])
    assert files[0].read_bytes() == files[1].read_bytes()
    told = openpyxl.load_workbook(files[0]).properties
    assert (told.creator, told.created.year) == (None, 1980)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    write_workbook(contents, "en", files[2])
    assert openpyxl.load_workbook(files[2]).properties.created.year == 2023


def test_a_large_table_is_written_quickly(
    results: pd.DataFrame, toy_study: Study, contents: Contents, tmp_path: Path
) -> None:
    many = pd.concat([results] * 500, ignore_index=True)
    report: Callable[..., Contents] = Contents
    large = report(contents.folder, toy_study, "2022", Audience.INTERNAL, contents.notebooks)
    large.__dict__["tables"] = (replace(contents.tables[1], data=many),)
    start = time.process_time()
    write_workbook(large, "en", tmp_path / "book.xlsx")
    assert time.process_time() - start < 5
