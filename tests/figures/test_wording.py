"""The message catalogue and the formats of numbers in both languages."""

import json
import re
import string
from pathlib import Path

import pandas as pd
import pytest

import analysis
from analysis.figures import wording
from analysis.figures.wording import (
    catalogue,
    count,
    few_words,
    note_sentences,
    number,
    p_words,
    percent,
    percent_interval,
    points,
    released_p_words,
    say,
)
from analysis.studies import Study
from analysis.vocabulary import LANGUAGES

SOURCE = Path(analysis.__file__).parent
NO_BREAK = "\N{NO-BREAK SPACE}"


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def source_text() -> str:
    """All code and all templates, which name messages too."""
    files = (path for kind in ("*.py", "*.j2") for path in SOURCE.rglob(kind))
    return "\n".join(path.read_text("utf-8") for path in files)


@pytest.mark.parametrize("key", sorted(catalogue()))
def test_both_languages_name_the_same_values(key: str) -> None:
    label = catalogue()[key]
    assert set(label) == set(LANGUAGES)
    assert all(label[language].strip() for language in LANGUAGES) or key == "words.separator"
    assert placeholders(label["en"]) == placeholders(label["fr"])


def test_every_message_that_the_code_names_exists() -> None:
    named = set(re.findall(r'say\(\s*"([a-z_]+\.[a-z_]+)"', source_text()))
    assert len(named) > 30
    assert {name for name in named if not name.endswith("_")} <= set(catalogue())


def test_every_message_is_used() -> None:
    text = source_text()
    for key in catalogue():
        section, name = key.split(".", 1)
        # Some keys are put together from a section and a name, and notes from their keys.
        parts = (
            key,
            f'"{name}"',
            *(f"{section}.{name[:i]}{{" for i in range(len(name))),
            f"section}}.{name}",
            f'"{section}.{name.rpartition("_")[0]}_"',
            f'"{section}."',
        )
        assert any(part in text for part in parts), key


def test_every_reason_and_remark_has_words() -> None:
    text = source_text()
    reasons = set(re.findall(r'NotEstimableError\(\s*"([a-z_]+)"', text))
    remarks = {
        key
        for call in re.findall(r"write_note\(([^*]*?)\)\n", text, flags=re.S)
        for key in re.findall(r"(\w+)=", call)
    }
    assert {"separation", "collinear"} <= reasons
    assert {"left_out", "clusters", "df"} <= remarks
    for key in (reasons | remarks) - {"empty_side"}:
        assert f"notes.{key}" in catalogue(), key


@pytest.mark.parametrize(
    ("value", "digits", "signed", "english", "french"),
    [
        (32593, 0, False, "32,593", "32\N{NARROW NO-BREAK SPACE}593"),
        (-0.04, 1, True, "0.0", "0,0"),
        (-10.03, 1, True, "−10.0", "−10,0"),
        (1.26, 1, True, "+1.3", "+1,3"),
        (0.5, 2, False, "0.50", "0,50"),
    ],
)
def test_numbers(value: float, digits: int, signed: bool, english: str, french: str) -> None:
    assert number(value, "en", digits, signed=signed) == english
    assert number(value, "fr", digits, signed=signed) == french


def test_percentages_and_points() -> None:
    assert percent(0.3815, "en") == "38.2%"
    assert percent(0.3815, "fr") == f"38,2{NO_BREAK}%"
    assert points(-0.1003, "en") == "−10.0"
    assert p_words(0.0004, "fr") == "< 0,001"
    assert p_words(0.0468, "en") == "0.047"


def test_no_line_may_break_before_a_french_mark() -> None:
    for key, label in catalogue().items():
        assert not re.search(r" [;:?!»]", label["fr"]), key
    assert say("words.separator", "fr") == f"{NO_BREAK}; "


def test_first_letter_is_raised_alone() -> None:
    assert wording.capitalise("placement in IT") == "Placement in IT"


def test_french_elides_before_a_vowel() -> None:
    said = say("rates.axis", "fr", outcome="orientation")
    assert said.startswith("Taux d’orientation")
    assert say("rates.axis", "fr", outcome="diplomation").startswith("Taux de diplomation")
    assert say("rates.axis", "en", outcome="orientation").startswith("Rate of orientation")


EQUALITY = re.compile(
    r"\bno (difference|gap beyond)|\b(do|does|did) not differ|\b(are|is) (the same|equal)\b"
    r"|\b(aucune|pas de) différence|\bpas d’écart au-delà|\bne diffèrent? pas"
    r"|\b(sont|est) éga(l|le|ux)\b"
)
"""Words that claim that there is no gap."""


def test_only_a_test_of_equivalence_claims_that_there_is_no_gap() -> None:
    claims = {
        key
        for key, label in catalogue().items()
        if any(EQUALITY.search(label[language].lower()) for language in LANGUAGES)
    }
    assert {key.split(".")[1] for key in claims} == {"equivalent"}


def test_notebooks_claim_no_equality() -> None:
    for path in sorted((SOURCE.parents[1] / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                assert not EQUALITY.search("".join(cell["source"]).lower()), path.name


def test_what_is_not_shown_is_said_in_words() -> None:
    assert count(float("nan"), "en") == count(pd.NA, "en") == "not shown"
    assert count(1234, "en") == "1,234"
    assert few_words("en", pd.NA) == few_words("en", 30, 400) == ""
    assert "indicative" in few_words("en", 400, 29)


def test_decimals_are_those_asked_for() -> None:
    assert percent_interval(0.1234, 0.2, "en", 0) == f"12%{NO_BREAK}to{NO_BREAK}20%"
    assert percent_interval(0.1234, 0.2, "en") == f"12.3%{NO_BREAK}to{NO_BREAK}20.0%"
    assert released_p_words(0.01, "fr") == "≤ 0,01"
    assert released_p_words(0.02, "fr") == "0,02"


@pytest.mark.parametrize(
    ("note", "english", "french"),
    [
        ("in_cohort=2021", "in cohort 2021", "dans la cohorte 2021"),
        ("left_out=2021", "2,021 left out, membership unknown", None),
        (
            "separation=country[US], gender[woman], member",
            "not estimable: successes and failures are told apart by country: US, gender: women"
            ", and group membership",
            "non estimable : réussites et échecs sont séparés par pays : US, sexe : femmes"
            " et appartenance au groupe",
        ),
        ("dropped=age_band, unheard[x]", "redundant and left out: age band and unheard[x]", None),
    ],
)
def test_notes_name_years_and_terms_as_readers_do(
    provider_study: Study, note: str, english: str, french: str | None
) -> None:
    assert note_sentences(provider_study, note, "en") == [english]
    if french is not None:
        told = note_sentences(provider_study, note, "fr")
        assert told == [french.replace(" :", f"{NO_BREAK}:")]
