"""Words for what stands in a report's tables: names of columns, of tables, and of values."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache, partial
from typing import Final

import pandas as pd
from babel.dates import format_skeleton

from analysis.estimate.results import read_note
from analysis.figures.scores import place_words
from analysis.figures.wording import (
    SMALLEST_P,
    capitalise,
    catalogue,
    contrast_label,
    covariate_list,
    group_label,
    level_label,
    note_sentences,
    number,
    say,
)
from analysis.impact.country import available_countries, load_country
from analysis.report.documents.quantities import unit_words
from analysis.studies import Study
from analysis.vocabulary import CAREER_OUTCOMES, GROUPS, INTERSECTION, Contrast, Estimand, Label

WITHIN: Final = frozenset(
    {
        Estimand.PLACED_BY,
        Estimand.PLACED_BY_DIFFERENCE,
        Estimand.ADJUSTED_PLACED_BY_DIFFERENCE,
        Estimand.RESTRICTED_MEAN,
        Estimand.RESTRICTED_MEAN_DIFFERENCE,
    }
)
"""Estimands whose term is a horizon in months."""
MARGINS: Final = frozenset({Estimand.EQUIVALENCE, Estimand.POWER})
"""Estimands whose term is a gap, as a fraction."""
SPECIFICATION: Final = re.compile(r"s(\d+)")
ILLUSTRATIVE: Final = "illustrative"
"""Column that says whether a row rests on a value that no source states."""
KIND: Final = "kind_"
"""Begins the names of groups of outcomes of one kind."""
OUTSIDE: Final = "_out"
"""Ends the names of groups of those known not to be in a category."""
MONTH: Final = re.compile(r"(\d{4})-(\d{2})(?:-01)?")
YEARS: Final = re.compile(r"(\d{4}) to (\d{4})")


class Labels:
    """Words of one language for the tables of a study.

    Parameters
    ----------
    study
        Has labels of its outcomes, categories and covariates.
    language
        One of `analysis.vocabulary.LANGUAGES`.
    """

    def __init__(self, study: Study, language: str) -> None:
        self._study = study
        self._language = language
        self._makers: Mapping[str, Callable[[str], str]] = {
            "outcome": self._outcome,
            "group": self._groups,
            "reference": self._groups,
            "combination": self._combination,
            "contrast": self._contrast,
            "estimand": lambda name: self.say(f"estimands.{name}"),
            "method": self._method,
            "side": lambda name: self.say(f"sides.{name}"),
            "kind": self._kind_of_outcome,
            "learner": lambda name: capitalise(self._known(f"learners.{name}") or name),
            "measure": lambda name: capitalise(self._known(f"measures.{name}") or _readable(name)),
            "period": self._period,
            "month": self._period,
            "unit": lambda name: unit_words(name, language),
            "source": self._source,
            "section": self._place,
            "goal_section": self._place,
            "printed_section": self._place,
            "assumptions": self._assumptions,
            "stage": self._stage,
            "of": self._stage,
            "variable": self._variable,
            "level": self._level,
            "note": self._note,
            "data": lambda _: self.say("words.synthetic"),
        }

    def say(self, key: str, **values: object) -> str:
        """A message of the catalogue."""
        return say(key, self._language, **values)

    @property
    def source(self) -> str:
        """Where the study's data come from."""
        return self._study.provenance.source

    def header(self, column: str) -> str:
        """Name of a column; its own, made readable, if the catalogue has none."""
        return self._known(f"fields.{column}") or _readable(column)

    def measured_header(self, column: str) -> str:
        """Name of a column of a table whose rows say their unit."""
        return self._known(f"fields.measured_{column}") or self.header(column)

    def values(self, table: pd.DataFrame, column: str) -> list[str]:
        """The texts of a column in words; empty where there is none.

        A text of a closed set is told by the catalogue: `cells.<column>_<text>`. Yes and no are
        told in words; `illustrative` only where it is so, by its mark.
        """
        if column == "term" and "estimand" in table:
            pairs = zip(table["estimand"], table["term"], strict=True)
            return self._each([(Estimand(estimand), str(term)) for estimand, term in pairs])
        if pd.api.types.is_bool_dtype(table[column]):
            return [self._yes_or_no(column, bool(value)) for value in table[column]]
        make = self._makers.get(column) or partial(self._cell, column)
        texts = table[column].fillna("").astype(str)
        return list(texts.map({text: make(text) for text in texts.unique()}))

    def p_floor(self) -> str:
        """The smallest p-value that is written out."""
        return number(SMALLEST_P, self._language, 3)

    def table(self, name: str) -> str:
        """Title of a table by its name, with the outcome and the group that the name ends with."""
        kind, rest = self._kind(name)
        title = self.short_table(name)
        part = self._part(rest) if kind and rest else ""
        if part.casefold() in ("", title.casefold()):
            return title
        return self.say("tables.part", table=title, part=part)

    def short_table(self, name: str) -> str:
        """Title of a table by its name alone, which several tables may share."""
        kind, _ = self._kind(name)
        return self.say(f"tables.{kind}") if kind else capitalise(name.replace("-", " "))

    def _kind(self, name: str) -> tuple[str, str]:
        """The longest known name that a table's begins with, and how that goes on."""
        stem = name.replace("-", "_")
        kinds = [key.partition(".")[2] for key in catalogue() if key.startswith("tables.")]
        found = [kind for kind in kinds if f"{stem}_".startswith(f"{kind}_")]
        kind = max(found, key=len, default="")
        return kind, stem.removeprefix(kind).strip("_")

    def _known(self, key: str) -> str:
        return self.say(key) if key in catalogue() else ""

    def _each(self, pairs: list[tuple[Estimand, str]]) -> list[str]:
        words = {pair: self._term(*pair) for pair in set(pairs)}
        return [words[pair] for pair in pairs]

    def _part(self, rest: str) -> str:
        found = [name for name in self._study.measures if f"{rest}_".startswith(f"{name}_")]
        if not found:
            return rest.replace("_", " ")
        outcome = max(found, key=len)
        group = rest.removeprefix(outcome).strip("_")
        words = [self._study.measures[outcome].label.label()[self._language]]
        return ", ".join(words + ([self._level(group)] if group else []))

    def _outcome(self, name: str) -> str:
        if name not in self._study.measures:
            return name
        return capitalise(self._study.measures[name].label.label()[self._language])

    def _groups(self, names: str) -> str:
        """A group, or a combination of categories."""
        parts = names.split(" + ") if names else []
        return " + ".join(map(self._group, parts))

    def _group(self, name: str) -> str:
        """A group of persons, or what else a measure is of; its own name if nobody labels it."""
        if own := self._known(f"measure_groups.{name}"):
            return own
        if name in GROUPS or name in self._study.categories:
            return group_label(self._study, name, self._language)
        if (kind := name.removeprefix(KIND)) in CAREER_OUTCOMES:
            return CAREER_OUTCOMES[kind][self._language]
        category = name.removesuffix(OUTSIDE)
        if category != name and category in self._study.categories:
            return self.say("cells.outside", category=self._group(category))
        return capitalise(self._known(f"learners.{name}") or name)

    def _kind_of_outcome(self, name: str) -> str:
        if name in CAREER_OUTCOMES:
            return CAREER_OUTCOMES[name][self._language]
        return self._cell("kind", name)

    def _cell(self, column: str, text: str) -> str:
        return self._known(f"cells.{column}_{text}") or text

    def _yes_or_no(self, column: str, value: bool) -> str:
        if column == ILLUSTRATIVE:
            return self.say("amounts.illustrative_mark") if value else ""
        return self.say("cells.true" if value else "cells.false")

    def _source(self, text: str) -> str:
        """The study's source; tables of an extract, countries; what a country file says of it."""
        if text == self.source:
            return self._study.provenance.said("source", self._language)
        parts = text.split(", ")
        words = [
            self._known(f"cells.source_{part}") or self._known(f"measure_groups.{part}")
            for part in parts
        ]
        if all(words):
            return capitalise(", ".join(words))
        return country_sources().get(text, {}).get(self._language, text)

    def _place(self, section: str) -> str:
        return place_words(section, self._language)

    def _period(self, name: str) -> str:
        """A month in words, years as they are."""
        if month := MONTH.fullmatch(name):
            day = date(int(month[1]), int(month[2]), 1)
            return format_skeleton("yMMMM", day, locale=self._language)
        if years := YEARS.fullmatch(name):
            return self.say("terms.change", **{"from": years[1], "to": years[2]})
        return self._known(f"printed_periods.{name}") or name

    def _assumptions(self, names: str) -> str:
        parts = names.split(", ") if names else []
        return self.say("words.separator").join(self._cell("assumptions", name) for name in parts)

    def _combination(self, names: str) -> str:
        return self._groups(names) or self.say("overlap.unknown")

    def _contrast(self, name: str) -> str:
        if name in ("", INTERSECTION):
            return self._known(f"contrasts.{name}")
        return contrast_label(Contrast(name), self._language)

    def _method(self, name: str) -> str:
        """A method, and in parentheses how its errors were had."""
        words = name.split("_")
        for length in range(len(words), 0, -1):
            base = "_".join(words[:length])
            label = self._known(f"decompositions.{base}") or self._known(f"methods.{base}")
            if label:
                errors = [self._known(f"errors.{word}") or word for word in words[length:]]
                return capitalise(f"{label} ({', '.join(errors)})" if errors else label)
        return name

    def _stage(self, name: str) -> str:
        return self._known(f"stages.{name}") or name

    def _variable(self, name: str) -> str:
        if name in self._study.covariates:
            return capitalise(self._study.covariates[name].label.label()[self._language])
        return self._known(f"columns.{name}") or name

    def _level(self, name: str) -> str:
        if name in GROUPS or name in self._study.categories:
            return group_label(self._study, name, self._language)
        return level_label(name, self._language)

    def _note(self, note: str) -> str:
        if not all(f"notes.{key}" in catalogue() for key in read_note(note)):
            return note
        choices = {key: value for key, value in read_note(note).items() if key in CHOICES}
        sentences = [
            self.say(f"notes.{key}", value=CHOICES[key](self, value))
            for key, value in choices.items()
        ]
        sentences += note_sentences(self._study, note, self._language, omit=choices)
        return self.say("words.separator").join(sentences)

    def _covariates(self, names: str) -> str:
        if not names:
            return self.say("specification.none")
        return covariate_list(self._study, names.split(", "), self._language)

    def _choice(self, key: str, value: str) -> str:
        return self._known(f"specifications.{key}_{value}") or value

    def _term(self, estimand: Estimand, term: str) -> str:
        """What a part is about: a horizon, two cohorts, a margin, a covariate, a step."""
        if estimand in WITHIN and term:
            return capitalise(self.say("terms.within", months=term))
        if estimand in MARGINS and term:
            margin = number(100 * float(term), self._language)
            return capitalise(self.say("terms.margin", margin=margin))
        if ">" in term:
            before, _, after = term.partition(">")
            return self.say("terms.change", **{"from": before, "to": after})
        covariate, _, times = term.partition(":")
        if covariate in self._study.covariates:
            label = self._variable(covariate)
            return self.say("terms.times", times=times, covariate=label) if times else label
        if found := SPECIFICATION.fullmatch(term):
            return capitalise(self.say("terms.specification", number=int(found[1])))
        return capitalise(self._known(f"steps.{term}") or self._known(f"terms.{term}") or term)


@cache
def country_sources() -> Mapping[str, Label]:
    """Sources of the shipped countries' parameters, by their words in tables."""
    return {
        one.source.en: one.source.label()
        for name in available_countries()
        for one in load_country(name).parameters.values()
    }


def _readable(name: str) -> str:
    """A name of the code as words."""
    return capitalise(name.replace("_", " "))


CHOICES: Final[Mapping[str, Callable[[Labels, str], str]]] = {
    "spec_outcome": Labels._outcome,
    "spec_reference": Labels._groups,
    "spec_covariates": Labels._covariates,
    "spec_model": lambda labels, value: labels._choice("model", value),
    "spec_weights": lambda labels, value: labels._choice("weights", value),
    "spec_unknown": lambda labels, value: labels._choice("unknown", value),
}
"""How the choices of a specification, which its note names, are told."""
