"""The page of tables: titles, files, first rows in words."""

from bs4 import BeautifulSoup

from analysis.report.contents import Contents
from analysis.report.site.tables import table_pages

Pages = dict[str, BeautifulSoup]


def _entry(page: BeautifulSoup, name: str) -> BeautifulSoup:
    found: BeautifulSoup = page.find("h2", id=f"table-{name}").parent
    return found


def _row(entry: BeautifulSoup, number: int) -> dict[str, str]:
    heads = [head.text for head in entry.thead.find_all("th")]
    cells = [cell.text for cell in entry.tbody.find_all("tr")[number].find_all("td")]
    return dict(zip(heads, cells, strict=True))


def test_each_table_has_title_words_and_files(pages: Pages) -> None:
    entry = _entry(pages["pages/tables.en.html"], "placement-gaps")
    assert entry.h2.text == "Placement gaps"
    assert "Rows: 11" in entry.text
    assert [link["href"] for link in entry.find_all("a", download=True)] == [
        "../tables/placement-gaps.csv",
        "../tables/placement-gaps.parquet",
    ]


def test_rows_are_in_words_and_formats_of_the_language(pages: Pages) -> None:
    entry = _entry(pages["pages/tables.fr.html"], "placement-gaps")
    rate, gap = _row(entry, 0), _row(entry, 5)
    assert rate["Groupe"] == "Ensemble"
    assert rate["Estimation"] == "66,7\xa0% (61,7\xa0%\xa0à\xa071,7\xa0%)"
    assert rate["n, référence"] == "–"
    assert gap["Ce qui est estimé"] == "Écart brut"
    assert (gap["Estimation"], gap["Unité"]) == (
        "−15,0 (−23,0\xa0à\xa0−7,0)",
        "points de pourcentage",
    )
    assert all(head["scope"] == "col" for head in entry.find_all("th"))


def test_hidden_rows_say_so(public_contents: Contents) -> None:
    page = BeautifulSoup(dict(table_pages(public_contents))["pages/tables.en.html"], "html.parser")
    row = _row(_entry(page, "placement-gaps"), 4)
    assert row["Estimate"] == "not shown"
    assert row["n, group"] == "not shown"
    assert "fewer than 25" in row["Remarks"]


def test_shares_stand_with_their_interval(pages: Pages) -> None:
    row = _row(_entry(pages["pages/tables.en.html"], "composition"), 0)
    assert row["Share"] == "51.7% (47.0%\xa0to\xa056.0%)"
    assert row["Not known"] == "20"
