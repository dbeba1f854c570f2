"""Tables as columns of typed cells, each with its number format."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from analysis.release.results import is_hidden
from analysis.release.units import FULL_DIGITS, ONE_SIDED, UNITS, Unit
from analysis.report.documents.labels import Labels
from analysis.vocabulary import Audience, Estimand

DASH: Final = "–"
TEXT: Final = "@"
COUNT: Final = "#,##0"
PLAIN: Final = "0"
LEFT_OUT: Final = ("study", "digits")
"""Columns that readers need no cell of: the title says the first, formats the second."""
IF_ANY: Final = ("reference", "contrast", "term", "std_error", "p_value", "p_adjusted", "note")
"""Columns that stand only in tables where a row has a value."""
NOT_COUNTED: Final = ("year", "month", "categories", "horizon", "finding", "row")
"""Whole numbers that are no number of persons."""
LIMITS: Final = ("estimate", "ci_low", "ci_high")
P_VALUES: Final = ("p_value", "p_adjusted")
OF_REFERENCE: Final = ("n_reference", "k_reference")
SHARES: Final = frozenset(
    {
        Estimand.VARIANCE_PARTITION,
        Estimand.PROPORTIONAL_CHANGE,
        Estimand.POWER,
        Estimand.ROBUSTNESS_VALUE,
        Estimand.ROBUSTNESS_VALUE_ALPHA,
        Estimand.PARTIAL_R2,
        Estimand.SPECIFICATIONS_BELOW_ZERO,
        Estimand.SPECIFICATIONS_SIGNIFICANT,
    }
)
"""Fractions that are shares of something other than persons, and no difference of two."""
SIZES: Final = frozenset({Estimand.MINIMAL_DETECTABLE_GAP})
"""Differences without a direction."""

Value = str | int | float


@dataclass(frozen=True)
class Column:
    """A column of a sheet.

    Attributes
    ----------
    header
        Its name for readers.
    values
        A cell a row: a number, or a text.
    formats
        The number format of each cell.
    """

    header: str
    values: Sequence[Value]
    formats: Sequence[str]


class Typed:
    """A released table in the words and formats of a language.

    Parameters
    ----------
    table
        Its rows as released.
    labels
        Words of the language.
    language
        One of `analysis.vocabulary.LANGUAGES`.
    audience
        For whom it is released, which decides how many decimals a p-value has.
    """

    def __init__(
        self, table: pd.DataFrame, labels: Labels, language: str, audience: Audience
    ) -> None:
        self._table = table
        self._labels = labels
        self._percent = '"\N{NO-BREAK SPACE}"%' if language == "fr" else "%"
        self._audience = audience
        notes = table["note"] if "note" in table else pd.Series("", table.index)
        self.hidden = [is_hidden(str(note)) for note in notes]
        """Whether each row is hidden."""
        if "estimand" in table:
            self._estimands = [Estimand(name) for name in table["estimand"]]
            defaults = [FULL_DIGITS[UNITS[estimand]] for estimand in self._estimands]
        else:
            self._estimands, defaults = [], [FULL_DIGITS[Unit.RATE]] * len(table)
        self._digits = [int(one) for one in table.get("digits", defaults)]

    def columns(self) -> list[Column]:
        """The columns that readers see, in their order."""
        shown = []
        for name in map(str, self._table):
            if self._left_out(name):
                continue
            shown.append(self._column(name))
            if name == "estimand":
                shown.append(self._units())
        return shown

    def _left_out(self, name: str) -> bool:
        return name in LEFT_OUT or (name in IF_ANY and not self._holds_any(name))

    def _header(self, name: str) -> str:
        return self._labels.header(name)

    def _holds_any(self, name: str) -> bool:
        values = self._table[name]
        return bool((values.notna() & (values != "")).any())

    def _column(self, name: str) -> Column:
        values = self._table[name]
        told = pd.api.types.is_bool_dtype(values)
        if told or not pd.api.types.is_numeric_dtype(values):
            texts = self._labels.values(self._table, name)
            dashed = not told and name != "note"
            return self._texts(name, [one or DASH for one in texts] if dashed else texts)
        patterns = self._patterns(name)
        cells = self._numbers(name)
        return Column(
            self._header(name),
            cells,
            [TEXT if isinstance(one, str) else pattern
             for one, pattern in zip(cells, patterns, strict=True)],
        )  # fmt: skip

    def _texts(self, name: str, texts: Sequence[str]) -> Column:
        return Column(self._header(name), texts, [TEXT] * len(texts))

    def _numbers(self, name: str) -> list[Value]:
        """Numbers as numbers; words where there is none."""
        not_shown = self._labels.say("words.not_shown")
        whole = pd.api.types.is_integer_dtype(self._table[name])
        kind: Callable[[float], Value] = int if whole else float
        values = [
            (not_shown if hidden else DASH) if pd.isna(value) else kind(value)
            for value, hidden in zip(self._table[name], self.hidden, strict=True)
        ]
        if name not in OF_REFERENCE:
            return values
        # Nobody is compared with: that is no count of zero, and nothing hidden.
        alone = self._one_sided()
        return [DASH if one else value for value, one in zip(values, alone, strict=True)]

    def _one_sided(self) -> pd.Series:
        """Whether each row is about the group alone."""
        alone = self._table["estimand"].isin(ONE_SIDED)
        return alone | (self._table["reference"] == "")

    def _patterns(self, name: str) -> list[str]:
        rows = len(self._table)
        if pd.api.types.is_integer_dtype(self._table[name]):
            return [PLAIN if name in NOT_COUNTED else COUNT] * rows
        if name in P_VALUES:
            return [self._p_value()] * rows
        if self._estimands:
            extra = 1 if name == "std_error" else 0
            signed = name in LIMITS
            pairs = zip(self._estimands, self._digits, strict=True)
            return [self._number(one, digits + extra, signed=signed) for one, digits in pairs]
        return [self._decimals(digits) + self._percent for digits in self._digits]

    def _number(self, estimand: Estimand, digits: int, *, signed: bool) -> str:
        unit = UNITS[estimand]
        plain = self._decimals(digits)
        if unit is Unit.PERSONS:
            return COUNT
        if unit is Unit.POINTS or unit is Unit.RATE:
            plain += self._percent
        difference = unit is Unit.POINTS and estimand not in SHARES | SIZES
        return f'+{plain};"\N{MINUS SIGN}"{plain};{plain}' if signed and difference else plain

    def _p_value(self) -> str:
        """A p-value as the audience may see it; what is below the last decimal says so."""
        if self._audience is Audience.PUBLIC:
            return self._decimals(2)
        return f'[<0.001]"< {self._labels.p_floor()}";{self._decimals(3)}'

    @staticmethod
    def _decimals(digits: int) -> str:
        return "0." + "0" * digits if digits else "0"

    def _units(self) -> Column:
        names = ["rate" if one in SHARES else UNITS[one].value for one in self._estimands]
        words = {name: self._labels.say(f"units.{name}") for name in set(names)}
        return Column(
            self._labels.header("unit"), [words[name] for name in names], [TEXT] * len(names)
        )
