"""Quotations keep their language in the tables of another."""

import pandas as pd
from bs4 import BeautifulSoup

from analysis.figures.quotations import mark_quotations

SENTENCE = "Growth of 47% since <last> year"


def languages(shown: pd.DataFrame, original: pd.DataFrame) -> list[str | None]:
    """The language that each cell says it is in."""
    html = mark_quotations(shown.to_html(index=False), shown, original)
    return [cell.get("lang") for cell in BeautifulSoup(html, "html.parser").find_all("td")]


def test_what_is_alike_in_both_languages_is_a_quotation() -> None:
    english = pd.DataFrame({"Sentence": [SENTENCE, "none"], "Verdict": ["Not reached at all", "x"]})
    french = pd.DataFrame({"Phrase": [SENTENCE, "none"], "Verdict": ["Pas du tout atteint", "x"]})
    assert languages(french, english) == ["en", None, None, None]


def test_names_and_numbers_are_no_quotations() -> None:
    table = pd.DataFrame({"a": ["Miettinen-Nurminen", "12 345 6 7", "1 to 2 of 3 in 4"]})
    assert languages(table, table) == [None, None, None]


def test_a_table_of_another_shape_is_left_as_it_is() -> None:
    one = pd.DataFrame({"a": [SENTENCE]})
    assert languages(one, pd.concat([one, one])) == [None]
