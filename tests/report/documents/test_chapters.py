"""Notebooks as chapters: one language, numbered, without code."""

import mistune
import pytest

from analysis.report.contents import Contents
from analysis.report.documents.chapters import _Headings, read_chapters
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
    assert "secret()" not in html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_figures_keep_their_numbers_and_are_printed_once(contents: Contents) -> None:
    blocks = [block for one in read_chapters(contents, "en") for block in one.blocks]
    shown = [(block.kind, block.figure.id) for block in blocks if block.figure]
    first, second = shown[:3], shown[3:]
    assert first == [("figure", "rates"), ("figure", "again"), ("again", "rates")]
    gaps = "gaps-graduated"
    assert second == [("figure", gaps), ("again", "rates"), ("again", gaps)]
    assert [block.figure.number for block in blocks if block.figure] == [1, 2, 1, 3, 1, 3]


def test_tables_are_numbered_through_and_name_what_they_are_about(contents: Contents) -> None:
    tables = [
        block
        for one in read_chapters(contents, "fr")
        for block in one.blocks
        if block.kind == "table"
    ]
    assert [table.number for table in tables] == list(range(1, 9))
    captions = [table.caption for table in tables[4:]]
    part = "Une première partie"
    item = part + "\N{NO-BREAK SPACE}: {}"
    # By the figure before each of several; a lone one may be about something else.
    assert captions == [item.format("Diplomation"), part, part, item.format("About")]
    assert all('<th scope="col">' in table.html for table in tables)


def test_a_table_is_named_after_the_smallest_section_that_it_stands_in() -> None:
    headings = _Headings(1)
    render = mistune.create_markdown(renderer=headings)
    render("# Title\n\n## Section\n\n### Part *of it*")
    assert headings.latest == "Part of it"
    assert [section.text for section in headings.sections] == ["1.1 Section"]
