"""Notebooks as chapters: one language, numbered, without code."""

import pytest

from analysis.report.contents import Contents
from analysis.report.documents.chapters import read_chapters
from analysis.vocabulary import LANGUAGES

TITLES = {"en": ["1. Rates & shares", "2. Gaps"], "fr": ["1. Taux et parts", "2. Écarts"]}
SECTIONS = {"en": "1.1 A first part", "fr": "1.1 Une première partie"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notebook_is_a_numbered_chapter_of_its_language(
    contents: Contents, language: str
) -> None:
    chapters = read_chapters(contents, language)
    assert [chapter.heading.text for chapter in chapters] == TITLES[language]
    assert chapters[0].sections[0].text == SECTIONS[language]
    text = " ".join(block.html for chapter in chapters for block in chapter.blocks)
    (other,) = set(LANGUAGES) - {language}
    assert f"cell of 02_gaps in {language}" in text
    assert f"in {other}" not in text
    assert f"<strong>{language}</strong>" in text


def test_code_is_left_out_and_prose_escaped(contents: Contents) -> None:
    html = " ".join(block.html for one in read_chapters(contents, "en") for block in one.blocks)
    assert "secret_of_the_code" not in html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_figures_keep_their_numbers_and_are_printed_once(contents: Contents) -> None:
    blocks = [block for one in read_chapters(contents, "en") for block in one.blocks]
    shown = [(block.kind, block.figure.id) for block in blocks if block.figure]
    assert shown == [
        ("figure", "rates"),
        ("figure", "again"),
        ("figure", "gaps"),
        ("again", "rates"),
    ]
    numbers = [block.figure.number for block in blocks if block.figure]
    assert numbers == [1, 2, 3, 1]


def test_tables_are_numbered_through_and_name_what_they_are_about(contents: Contents) -> None:
    tables = [
        block
        for one in read_chapters(contents, "fr")
        for block in one.blocks
        if block.kind == "table"
    ]
    assert [table.number for table in tables] == [1, 2]
    # The outcome is that of the figure before it.
    assert tables[0].caption == "Une première partie\N{NO-BREAK SPACE}: Diplomation"
    assert '<th scope="col">' in tables[0].html
