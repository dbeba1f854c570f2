"""Every term has a label in every language."""

from collections.abc import Mapping

import pytest

from analysis import vocabulary
from analysis.vocabulary import CATEGORIES, CONTRASTS, GROUPS, LANGUAGES, Contrast

TABLES: dict[str, Mapping[str, Mapping[str, str]]] = {
    name: table
    for name, table in vars(vocabulary).items()
    if name.isupper() and isinstance(table, dict)
}


def test_the_languages_are_english_and_french() -> None:
    assert LANGUAGES == ("en", "fr")


def test_every_table_of_labels_is_looked_at() -> None:
    assert set(TABLES) >= {"CATEGORIES", "GROUPS", "CONTRASTS"}


@pytest.mark.parametrize("name", TABLES)
def test_a_term_has_a_label_in_each_language_and_none_is_empty(name: str) -> None:
    for term, label in TABLES[name].items():
        assert list(label) == list(LANGUAGES), term
        for text in label.values():
            assert text, term
            assert text == text.strip(), term


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_terms_of_a_kind_have_the_same_label(name: str, language: str) -> None:
    texts = [label[language] for label in TABLES[name].values()]
    assert len(set(texts)) == len(texts)


def test_the_five_categories_of_the_report_are_there() -> None:
    assert set(CATEGORIES) == {
        "job_seeker",
        "low_qualification",
        "disability",
        "refugee",
        "underserved_area",
    }


def test_each_contrast_has_a_label_and_no_group_has_the_name_of_a_category() -> None:
    assert set(CONTRASTS) == set(Contrast)
    assert not set(GROUPS) & set(CATEGORIES)
