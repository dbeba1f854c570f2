"""Quotations keep their language in the tables of another."""

import pandas as pd
from bs4 import BeautifulSoup

from analysis.figures.quotations import mark_quotations

SENTENCE = "Growth of 47% since <last> year"


def marked(shown: pd.DataFrame, original: pd.DataFrame) -> BeautifulSoup:
    """The table with its quotations marked."""
    html = mark_quotations(shown.to_html(index=False), shown, original)
    return BeautifulSoup(html, "html.parser")


def languages(shown: pd.DataFrame, original: pd.DataFrame) -> list[str | None]:
    """The language that each cell says it is in."""
    return [cell.get("lang") for cell in marked(shown, original).find_all("td")]


def test_what_is_alike_in_both_languages_is_a_quotation() -> None:
    english = pd.DataFrame({"Sentence": [SENTENCE, "none"], "Verdict": ["Not reached", "x"]})
    french = pd.DataFrame({"Phrase": [SENTENCE, "none"], "Verdict": ["Pas atteint", "x"]})
    assert languages(french, english) == ["en", None, None, None]


def test_the_marks_of_quotations_are_of_each_language() -> None:
    english = pd.DataFrame({"a": [f"“{SENTENCE}”, Foreword"]})
    assert languages(pd.DataFrame({"a": [f"« {SENTENCE} », Foreword"]}), english) == ["en"]


def test_only_what_is_quoted_is_marked_in_a_cell_of_other_words() -> None:
    english = pd.DataFrame({"a": [f"“{SENTENCE}”, Foreword, and 2 more", "said “so”"]})
    french = pd.DataFrame({"a": [f"« {SENTENCE} », Foreword, et 2 de plus", "dit « ainsi »"]})
    cells = marked(french, english).find_all("td")
    assert [span.text for span in cells[0].find_all("span", lang="en")] == [SENTENCE]
    assert cells[0].text == french["a"][0]
    assert cells[0].get("lang") is None
    assert not cells[1].find_all("span")


def test_names_and_numbers_are_no_quotations() -> None:
    table = pd.DataFrame({"a": ["Miettinen-Nurminen", "12 345 6 7", "1 to 2 of 3 in 4"]})
    assert languages(table, table) == [None, None, None]


def test_a_table_of_another_shape_is_left_as_it_is() -> None:
    one = pd.DataFrame({"a": [SENTENCE]})
    assert languages(one, pd.concat([one, one])) == [None]
