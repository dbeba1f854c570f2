"""Words for what stands in tables of measures and of the audit."""

import pandas as pd
import pytest

from analysis.figures.wording import catalogue
from analysis.impact.country import available_countries, load_country
from analysis.report.documents.labels import Labels
from analysis.studies import Study

TABLES = (
    "scoreboard", "scoreboard-rates", "scoreboard-outcomes", "social-value", "social-parameters",
    "social-tornado", "salaries", "income-statement", "emissions", "emissions-monthly",
    "emissions-forecast", "audit-findings", "audit-bounds", "audit-resolution",
)  # fmt: skip


def words(study: Study, column: str, *texts: object, language: str = "en") -> list[str]:
    """What a column says."""
    return Labels(study, language).values(pd.DataFrame({column: list(texts)}), column)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_a_title_and_says_what_it_holds(name: str) -> None:
    key = name.replace("-", "_")
    assert {f"tables.{key}", f"table_contents.{key}"} <= set(catalogue())


def test_groups_have_the_words_of_whoever_knows_them(toy_study: Study) -> None:
    names = ("all", "carer", "carer_out", "kind_business", "apprentice", "Team of Ada", "")
    assert words(toy_study, "group", *names, language="fr") == [
        "Ensemble", "Aidants", "Hors\xa0: Aidants", "Création d’entreprise", "Alternants",
        "Team of Ada", "",
    ]  # fmt: skip


def test_a_measure_without_words_is_made_readable(toy_study: Study) -> None:
    assert words(toy_study, "measure", "rate", "something_new") == ["Rate", "Something new"]


def test_sources_are_told_in_the_language_where_they_have_words(toy_study: Study) -> None:
    quoted = "500,000 career outcomes(1) every year"
    assert words(toy_study, "source", "surveys, france", quoted, language="fr") == [
        "Enquêtes, France", quoted,
    ]  # fmt: skip


@pytest.mark.parametrize("country", available_countries())
def test_sources_of_a_country_are_told_in_french(toy_study: Study, country: str) -> None:
    for parameter in load_country(country).parameters.values():
        assert words(toy_study, "source", parameter.source.en, language="fr") == [
            parameter.source.fr
        ]


def test_closed_sets_and_booleans_are_told_in_words(toy_study: Study) -> None:
    assert words(toy_study, "verdict", "open", "") == ["Undecided: the interval holds the goal", ""]
    assert words(toy_study, "kind", "documentary", "job", language="fr") == [
        "Documentaire", "Nouvel emploi",
    ]  # fmt: skip
    assert words(toy_study, "tested", True, False, language="fr") == ["oui", "non"]
    assert words(toy_study, "illustrative", True, False) == ["ILLUSTRATIVE", ""]


def test_a_note_that_is_a_text_stays_one(toy_study: Study) -> None:
    text = "Footnote 4 defines the same term as the orientation rate."
    assert words(toy_study, "note", text, language="fr") == [text]


def test_the_studys_source_and_places_are_told_in_the_language(provider_study: Study) -> None:
    source = provider_study.provenance.source
    french = provider_study.provenance.said("source", "fr")
    assert french != source
    assert words(provider_study, "source", source, language="fr") == [french]
    sections = ("Footnote 11", "Who are the underserved students?", "")
    assert words(provider_study, "section", *sections, language="fr") == ["Note 11", *sections[1:]]
