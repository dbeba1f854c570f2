"""Sentences and numbers in both languages: the message catalogue and the formats of Babel."""

import re
from collections.abc import Container, Iterable
from functools import cache
from importlib import resources

import pandas as pd
import yaml
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent

from analysis.estimate.groups import MEMBER
from analysis.estimate.results import read_note
from analysis.figures.theme import is_few
from analysis.release.policy import HIDDEN, SMALLEST
from analysis.studies import Study
from analysis.vocabulary import CONTRASTS, GROUPS, LEVELS, Contrast, Label

SPACE_BEFORE_MARK = re.compile(" (?=[;:?!»])")
"""In French these marks follow a space that no line may break at."""
SMALLEST_P = 0.001
SMALLEST_RELEASED_P = 0.01
ELIDED = re.compile(r"\b([Dd])e (?=[aeiouyàâéèêëîïôœ])")
"""French "de" before a vowel."""
LISTS_OF_TERMS = ("dropped", "collinear", "separation", "undetermined", "unseen_level")
"""Keys of notes whose values are terms of a regression."""
YEARS = ("in_cohort", "empty_cohort")
"""Keys of notes whose values are years, which no language groups by thousands."""
MINUS = "\N{MINUS SIGN}"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same, ten times faster where it is compiled: each notebook reads all messages."""


@cache
def catalogue() -> dict[str, Label]:
    """Messages by their dotted keys, each in both languages."""
    folder = resources.files("analysis.figures")
    files = [folder.joinpath("messages.yml"), *folder.joinpath("messages").iterdir()]
    sections: dict[str, dict[str, dict[str, str]]] = {}
    for file in files:
        for section, messages in yaml.load(file.read_text("utf-8"), LOADER).items():  # noqa: S506
            sections.setdefault(section, {}).update(messages)
    return {
        f"{section}.{key}": {
            "en": _unparted(label["en"]),
            "fr": SPACE_BEFORE_MARK.sub("\N{NO-BREAK SPACE}", _unparted(label["fr"])),
        }
        for section, messages in sections.items()
        for key, label in messages.items()
    }


def _unparted(text: str) -> str:
    """The text with what no line may part: "n = {n}", and what opens a quotation."""
    text = text.replace("« ", "«\N{NO-BREAK SPACE}")
    return text.replace("n = {", "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{")


def say(key: str, language: str, **values: object) -> str:
    """One message of the catalogue with its values filled in.

    Parameters
    ----------
    key
        Section and name, such as `forest.subtitle`.
    language
        One of `analysis.vocabulary.LANGUAGES`.
    values
        What the message's braces name, already formatted for the language.
    """
    said = catalogue()[key][language].format(**values)
    return ELIDED.sub("\\1’", said) if language == "fr" else said


def number(value: float, language: str, digits: int = 0, *, signed: bool = False) -> str:
    """A number in the language's format; with a plus or a true minus sign if `signed`."""
    decimals = "." + "0" * digits if digits else ""
    # Rounding first keeps -0.04 from becoming "-0.0".
    rounded = round(value, digits) + 0.0
    shown = format_decimal(rounded, format=f"#,##0{decimals}", locale=language)
    shown = shown.replace("-", MINUS)
    return f"+{shown}" if signed and rounded > 0 else shown


def count(value: float, language: str) -> str:
    """A number of persons, or the words that it is not shown."""
    return say("words.not_shown", language) if pd.isna(value) else number(value, language)


def percent(value: float, language: str, digits: int = 1) -> str:
    """A fraction as a percentage in the language's format: 38.1% or 38,1 %."""
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    space = "\N{NO-BREAK SPACE}" if language == "fr" else ""
    return format_percent(value, format=f"{pattern}{space}%", locale=language)


def points(value: float, language: str, digits: int = 1) -> str:
    """A difference of fractions in signed percentage points, without the unit."""
    return number(100 * value, language, digits, signed=True)


def interval(low: float, high: float, language: str, digits: int = 1) -> str:
    """An interval of fractions in percentage points: "−12.1 to −7.9"."""
    limits = {"low": points(low, language, digits), "high": points(high, language, digits)}
    return say("words.interval", language, **limits)


def percent_interval(low: float, high: float, language: str, digits: int = 1) -> str:
    """An interval of fractions as percentages, or the word that there is none."""
    if low != low:
        return say("words.no_interval", language)
    limits = {"low": percent(low, language, digits), "high": percent(high, language, digits)}
    return say("words.interval", language, **limits)


def p_words(value: float, language: str) -> str:
    """A p-value to three digits, or that it is smaller than that."""
    if value < SMALLEST_P:
        return f"< {number(SMALLEST_P, language, 3)}"
    return number(value, language, 3)


def released_p_words(value: float, language: str) -> str:
    """A p-value that was rounded up to two digits, so that the smallest is an upper bound."""
    bound = "≤ " if value <= SMALLEST_RELEASED_P else ""
    return bound + number(value, language, 2)


def few_words(language: str, *sizes: float) -> str:
    """What follows a number of which a side is small, to say so; empty if none is."""
    return f" ({say('words.small_group', language)})" if is_few(*sizes) else ""


def enumerate_words(words: Iterable[str], language: str) -> str:
    """Words as a list with the language's "and"."""
    return format_list(list(words), locale=language)


def capitalise(text: str) -> str:
    """The text with its first letter in upper case, the rest untouched."""
    return text[:1].upper() + text[1:]


def group_label(study: Study, group: str, language: str) -> str:
    """Label of a group or a category."""
    label = GROUPS.get(group) or study.category_label(group)
    return label[language]


def described_label(study: Study, language: str) -> str:
    """The persons that a study describes, to stand within a sentence."""
    told = study.described
    return (told.label if told else study.unit).label()[language]


def contrast_label(contrast: Contrast, language: str) -> str:
    """Label of a contrast."""
    return CONTRASTS[contrast][language]


def outcome_label(study: Study, outcome: str, language: str) -> str:
    """Label of an outcome, to stand within a sentence."""
    return study.outcomes[outcome].label.label()[language]


def level_label(level: str, language: str) -> str:
    """Label of a level of a covariate; its own name where the vocabulary has none."""
    label = LEVELS.get(level)
    return label[language] if label else level


def term_label(study: Study, term: str, language: str) -> str:
    """Label of a term of a regression, such as `country[US]`: "country: US".

    Levels keep the name that the data give them, unless the vocabulary has another one. A term
    that is neither a covariate nor a category of the study is left as it is.
    """
    if term == MEMBER:
        return say("words.member", language)
    if term in study.categories:
        return group_label(study, term, language)
    name, _, level = term.removesuffix("]").partition("[")
    if name not in study.covariates:
        return term
    covariate = study.covariates[name].label.label()[language]
    if not level:
        return covariate
    shown = level_label(level, language)
    shown = shown.lower() if level in LEVELS else shown
    return say("words.item", language, name=covariate, value=shown)


def covariate_list(study: Study, names: Iterable[str], language: str) -> str:
    """Labels of covariates as a list."""
    labels = (study.covariates[name].label.label()[language] for name in names)
    return enumerate_words(labels, language)


def note_sentences(study: Study, note: str, language: str, omit: Container[str] = ()) -> list[str]:
    """The remarks of a result row as sentences, but for the keys to omit."""
    return [
        say(f"notes.{key}", language, value=_note_value(study, key, value, language))
        for key, value in read_note(note).items()
        if key not in omit
    ]


def _note_value(study: Study, key: str, value: str, language: str) -> str:
    if key == HIDDEN:
        return say(f"hidden.{value}", language, smallest=number(SMALLEST, language))
    if key in ("adjusted", "defines", "mediators", "weighted_by"):
        return covariate_list(study, value.split(", "), language)
    if key in LISTS_OF_TERMS:
        terms = (term_label(study, term, language) for term in value.split(", "))
        return enumerate_words(terms, language)
    if value.isdigit() and key not in YEARS:
        return number(int(value), language)
    return number(float(value), language, 1) if key == "df" else value
