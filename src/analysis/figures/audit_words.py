"""Printed figures, and what others leave for them, in the words of each language."""

from collections.abc import Iterable

from analysis.audit.bounds import Bound
from analysis.audit.figures import PERCENT, YEARS, Figure, Place
from analysis.audit.identities import Assumption
from analysis.audit.implied import Implied
from analysis.audit.left import Form, decimals, left_for
from analysis.audit.tables import left_by
from analysis.figures.wording import capitalise, catalogue, number, say
from analysis.vocabulary import ALL, UNDERSERVED


def measure_words(name: str, language: str) -> str:
    """Name of a printed measure, to stand within a sentence; its own if the catalogue has none."""
    return _known("printed_measures.", name, language)


def printed_group(name: str, language: str) -> str:
    """Name of a group that figures are of, to stand within a sentence."""
    return _known("printed_groups.", name, language)


def period_words(period: str, language: str) -> str:
    """A period: a year as it is, a span or a spell in words."""
    if span := YEARS.fullmatch(period):
        return say("printed_periods.span", language, **{"from": span[1], "to": span[2]})
    return _known("printed_periods.", period, language)


def in_unit(value: float, unit: str, language: str, digits: int) -> str:
    """A number with its unit behind it."""
    shown = number(value, language, digits)
    key = "printed_units." + unit
    return say(key, language, value=shown) if key in catalogue() else f"{shown} {unit}"


def value_words(figure: Figure, language: str, value: float | None = None) -> str:
    """A figure's value as it is printed, or another one printed in the same way."""
    shown = in_unit(
        figure.value if value is None else value, figure.unit, language, decimals(figure)
    )
    # "At least" is also a form of what the others leave.
    relation = "at_least_printed" if figure.relation == "at_least" else figure.relation
    return say(f"audit.{relation}", language, value=shown)


def figure_words(figure: Figure, language: str) -> str:
    """A figure with what it is of: "36% (share of students, non-underserved, 2022)"."""
    key = "figure_of_all" if figure.group == ALL else "figure"
    return say(
        f"audit.{key}",
        language,
        value=value_words(figure, language),
        measure=measure_words(figure.measure, language),
        group=printed_group(figure.group, language),
        period=period_words(figure.period, language),
    )


def name_words(figure: Figure, language: str) -> str:
    """What a figure is of, without its value and period."""
    measure = measure_words(figure.measure, language)
    if figure.group == ALL:
        return measure
    return say(
        "audit.named", language, measure=measure, group=printed_group(figure.group, language)
    )


def quote_words(place: Place, language: str) -> str:
    """The sentence of a place and its section, in the report's language and quotation marks."""
    return say("audit.quoted", language, sentence=place.sentence, section=place.section)


def left_words(implied: Implied, language: str) -> str:
    """What the others leave for a figure: "at most 32.5%"."""
    left = left_for(implied)
    ends = {"low": left.low, "high": left.high}
    # Of a range no more than its end says the unit.
    bare = "low" if left.form is Form.BETWEEN else ""
    shown = {
        name: number(end, language, left.digits)
        if name == bare
        else in_unit(end, implied.figure.unit, language, left.digits)
        for name, end in ends.items()
        if abs(end) < float("inf")
    }
    return say(f"audit.{left.form}", language, **shown)


def resolved_words(implied: Implied, language: str) -> str:
    """What could be printed instead, and whether the figure is right if it was cut."""
    if implied.printable is None:
        return say("audit.no_value", language)
    value = value_words(implied.figure, language, implied.printable)
    return say("audit.cut", language, value=value) if implied.is_cut else value


def assumption_words(assumptions: Iterable[Assumption], language: str) -> str:
    """What findings rest on, as sentences in a row."""
    said = (say(f"audit.{one}", language) for one in assumptions)
    return say("words.separator", language).join(said)


def rates_words(measure: str, language: str) -> str:
    """Name of a table of rates, to begin a label."""
    return capitalise(measure_words(measure, language))


def range_words(bound: Bound, language: str) -> str:
    """The shares that a table of rates allows, in percent with one decimal."""
    high = in_unit(bound.high, PERCENT, language, 1)
    if bound.low <= 0:
        return say("audit.at_most", language, high=high)
    return say("audit.between", language, low=number(bound.low, language, 1), high=high)


def tested_words(figure: Figure, language: str) -> str:
    """A printed share, and what it leaves for the non-underserved if it is of the others."""
    printed = figure_words(figure, language)
    if figure.group != UNDERSERVED:
        return printed
    left = in_unit(left_by(figure), PERCENT, language, decimals(figure))
    return say("audit.leaves", language, printed=printed, left=left)


def verdict_words(bound: Bound, language: str) -> str:
    """Which printed shares agree with what a table of rates allows."""
    verdicts = [
        say(
            f"audit.verdict_{'agrees' if agrees else 'differs'}",
            language,
            printed=tested_words(figure, language),
        )
        for figure, agrees in bound.tested
    ]
    return say("words.separator", language).join(verdicts)


def alone_words(figures: Iterable[Figure], language: str) -> str:
    """What figures are of that were compared with nothing, each once, as a list."""
    names = dict.fromkeys(name_words(one, language) for one in figures)
    return say("words.separator", language).join(names)


def _known(section: str, name: str, language: str) -> str:
    key = section + name
    return say(key, language) if key in catalogue() else name.replace("_", " ")
