"""What the explorer's script selects from: rows, choices and words of one language."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import pandas as pd
from babel import Locale

from analysis.estimate.results import read_note
from analysis.figures.adjustment import ALL_OF_THEM, NONE
from analysis.figures.forest import touches_zero
from analysis.figures.subject import Subject
from analysis.figures.theme import SMALL_GROUP
from analysis.figures.wording import (
    capitalise,
    catalogue,
    contrast_label,
    count,
    covariate_list,
    group_label,
    interval,
    note_sentences,
    number,
    points,
    say,
)
from analysis.report.contents import Contents
from analysis.report.explorer.rows import DIMENSIONS, errors_of, orders
from analysis.studies import Study
from analysis.vocabulary import Contrast

SINGLE: Final = ("outcome",)
"""Dimensions of which one value is shown at a time: outcomes have denominators of their own."""
EVERY: Final = "every"
"""The choice of all values of any other dimension."""

DASH: Final = "–"
SCRIPT_WORDS: Final = (
    *DIMENSIONS, "reference", "gap", "low", "high", "n_group", "n_reference", "note", "data",
    "copied", "choice", "table_caption", "view_separator", "sentence_missing", "several",
    "zero", "zero_one", "zero_several", "touch", "touch_one", "touch_several", "missing_several",
    "axis", "sides", "chart", "chart_many",
)  # fmt: skip
"""Messages that the script fills in itself, as they stand in the catalogue."""


@dataclass(frozen=True)
class Wording:
    """The rows of the explorer in the words of one language.

    Attributes
    ----------
    contents
        The report.
    rows
        See `analysis.report.explorer.rows.gap_rows`.
    confidence
        Coverage of the intervals.
    language
        One of `analysis.vocabulary.LANGUAGES`.
    """

    contents: Contents
    rows: pd.DataFrame
    confidence: float
    language: str

    def payload(self) -> dict[str, Any]:
        """All that the script needs, as plain values.

        Returns
        -------
        dict
            `dimensions` (name, and labels by value in their order), `start` (the choices that a
            page opens with), `rows` with the names of their `fields`, `definitions` of the
            outcomes, `words`, and the number `format` of the axis.
        """
        labels = self.labels
        rows = [self._row(row) for row in self.rows.to_dict("records")]
        return {
            "dimensions": [{"name": name, "values": labels[name]} for name in DIMENSIONS],
            "every": EVERY,
            "single": list(SINGLE),
            "start": self._start(),
            "fields": list(rows[0]) if rows else [],
            "rows": [list(row.values()) for row in rows],
            "definitions": {name: self._definition(name) for name in labels["outcome"]},
            "words": self._words(),
            "format": axis_format(self.language),
        }

    @property
    def study(self) -> Study:
        """The report's study."""
        return self.contents.study

    @cached_property
    def subjects(self) -> dict[str, Subject]:
        """What rows are about, by outcome."""
        return {
            outcome: Subject(
                self.study,
                outcome,
                self.contents.cohort,
                self.confidence,
                self.contents.audience,
            )
            for outcome in self.rows["outcome"].unique()
        }

    @property
    def _any_subject(self) -> Subject:
        """Any of them, for words that don't depend on the outcome."""
        return next(iter(self.subjects.values()))

    @cached_property
    def level(self) -> str:
        """Coverage of the intervals, as a percentage."""
        return self._any_subject.level(self.language)

    @cached_property
    def labels(self) -> dict[str, dict[str, str]]:
        """Labels of the values of each dimension, in the order in which they are offered."""
        return {
            name: {value: self._label(name, value) for value in values if value in there}
            for name, values in orders(self.study).items()
            if (there := set(self.rows[name]))
        }

    def _label(self, name: str, value: str) -> str:
        if name == "outcome":
            return capitalise(self.subjects[value].outcome_words(self.language))
        if name == "contrast":
            return contrast_label(Contrast(value), self.language)
        if name == "group":
            return self._group(value)
        if name == "adjustment":
            return self._adjustment(value)
        return self._say(f"{name}_{value}")

    def _group(self, name: str) -> str:
        return group_label(self.study, name, self.language)

    def _adjustment(self, value: str) -> str:
        if value == NONE:
            return self._say("adjustment_none")
        if value != ALL_OF_THEM:
            held = covariate_list(self.study, [value], self.language)
            return self._say("adjustment_only", covariate=held)
        if not self.all_held:
            return self._say("adjustment_every")
        held = covariate_list(self.study, self.all_held, self.language)
        return self._say("adjustment_all", covariates=held)

    @cached_property
    def all_held(self) -> tuple[str, ...]:
        """What is held fixed where all is; empty if rows differ in it, which then say it."""
        notes = self.rows.loc[self.rows["adjustment"] == ALL_OF_THEM, "note"]
        lists = {held for note in notes if (held := _held(note))}
        return lists.pop() if len(lists) == 1 else ()

    def _row(self, row: Mapping[Any, Any]) -> dict[str, Any]:
        """One row: places of its values among the labels, numbers in points, and words."""
        digits = int(row["digits"])
        labels = self.labels
        at = [list(labels[name]).index(row[name]) for name in DIMENSIONS]
        ends = (row["ci_low"], row["ci_high"])
        estimated, bounded = pd.notna(row["estimate"]), pd.notna(row["ci_low"])
        sides = (row["n_group"], row["n_reference"])
        return {
            "at": at,
            "reference": self._group(str(row["reference"])),
            "estimate": _in_points(row["estimate"], digits),
            "low": _in_points(row["ci_low"], digits),
            "high": _in_points(row["ci_high"], digits),
            "gap": points(row["estimate"], self.language, digits) if estimated else DASH,
            "interval": self._interval(*ends, digits) if estimated else DASH,
            "n": [None if pd.isna(side) else int(side) for side in sides],
            "sides": [count(side, self.language) for side in sides],
            "zero": bool(bounded and ends[0] < 0 < ends[1]),
            "touch": bool(bounded and touches_zero(*ends)),
            "small": bool(estimated and min(sides) < SMALL_GROUP),
            "note": self._note(row),
        }

    def _interval(self, low: float, high: float, digits: int) -> str:
        if pd.isna(low):
            return say("words.no_interval", self.language)
        return interval(low, high, self.language, digits)

    def _note(self, row: Mapping[Any, Any]) -> str:
        """Remarks of a row, and its errors; not what the choice itself says is held fixed."""
        note = str(row["note"])
        said = row["adjustment"] != ALL_OF_THEM or bool(self.all_held)
        omit = ("adjusted",) if said else ()
        remarks = note_sentences(self.study, note, self.language, omit)
        if pd.notna(row["ci_low"]):
            remarks += [self._errors(kind) for kind in errors_of(str(row["method"])).split("_")]
        return say("words.separator", self.language).join(filter(None, remarks))

    def _errors(self, kind: str) -> str:
        if not kind:
            return ""
        if f"explorer.errors_{kind}" in catalogue():
            return self._say(f"errors_{kind}")
        return self._say("errors", kind=kind.upper())

    def _definition(self, outcome: str) -> str:
        subject = self.subjects[outcome]
        denominator = subject.denominator(self.language)
        population = subject.population(self.language)
        told = self._say("definition", denominator=denominator, population=population)
        return f"{told} {subject.rounding(self.language)}".strip()

    def _start(self) -> dict[str, str]:
        """The choices that a page opens with: the last outcome's adjusted gaps of all groups."""
        wished = {
            "outcome": next(reversed(self.labels["outcome"])),
            "contrast": Contrast.MARGINAL,
            "group": EVERY,
            "adjustment": ALL_OF_THEM,
            "model": "logit",
            "unknown": "left_out",
        }
        return {name: str(value) for name, value in wished.items()}

    def _words(self) -> dict[str, str]:
        given = {key: catalogue()[f"explorer.{key}"][self.language] for key in SCRIPT_WORDS}
        every = {
            f"every_{name}": self._say(f"every_{name}") for name in DIMENSIONS if name not in SINGLE
        }
        smallest = number(SMALL_GROUP, self.language)
        small = {
            key: catalogue()[f"explorer.{key}"][self.language].replace("{smallest}", smallest)
            for key in ("small_one", "small_several")
        }
        sentence = catalogue()["explorer.sentence"][self.language].replace("{level}", self.level)
        return {
            **given,
            **every,
            **small,
            "sentence": sentence,
            "interval": self._say("interval", level=self.level),
            "indicative": say("words.small_group", self.language),
            "list_separator": say("words.separator", self.language),
            "synthetic": self._any_subject.watermark(self.language),
        }

    def _say(self, key: str, **values: object) -> str:
        return say(f"explorer.{key}", self.language, **values)


def _held(note: str) -> tuple[str, ...]:
    return tuple(filter(None, read_note(note).get("adjusted", "").split(", ")))


def _in_points(fraction: float, digits: int) -> float | None:
    """A fraction in points, with no more decimals than are shown; nothing if there is none."""
    return None if pd.isna(fraction) else round(100 * fraction, digits) + 0.0


def axis_format(language: str) -> dict[str, Any]:
    """Number format of a language as Vega takes it, for the labels of the axis."""
    symbols = Locale(language).number_symbols["latn"]
    return {
        "decimal": symbols["decimal"],
        "thousands": symbols["group"],
        "grouping": [3],
        "currency": ["", ""],
        "minus": "\N{MINUS SIGN}",
    }
