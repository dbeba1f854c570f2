"""Words for what stands in a report's tables: names of columns, of tables, and of values."""

import re
from collections.abc import Callable, Mapping
from typing import Final

import pandas as pd

from analysis.estimate.results import read_note
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
from analysis.studies import Study
from analysis.vocabulary import CAREER_OUTCOMES, GROUPS, INTERSECTION, Contrast, Estimand

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
            "kind": lambda name: CAREER_OUTCOMES[name][language],
            "learner": lambda name: capitalise(self.say(f"learners.{name}")),
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

    def header(self, column: str) -> str:
        """Name of a column; its own, made readable, if the catalogue has none."""
        return self._known(f"fields.{column}") or capitalise(column.replace("_", " "))

    def values(self, table: pd.DataFrame, column: str) -> list[str]:
        """The texts of a column in words; empty where there is none."""
        if column == "term":
            pairs = zip(table["estimand"], table["term"], strict=True)
            return self._each([(Estimand(estimand), str(term)) for estimand, term in pairs])
        make = self._makers.get(column, str)
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
        return " + ".join(group_label(self._study, name, self._language) for name in parts)

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


CHOICES: Final[Mapping[str, Callable[[Labels, str], str]]] = {
    "spec_outcome": Labels._outcome,
    "spec_reference": Labels._groups,
    "spec_covariates": Labels._covariates,
    "spec_model": lambda labels, value: labels._choice("model", value),
    "spec_weights": lambda labels, value: labels._choice("weights", value),
    "spec_unknown": lambda labels, value: labels._choice("unknown", value),
}
"""How the choices of a specification, which its note names, are told."""
