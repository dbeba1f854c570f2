"""Tables of the social value: its worth, its inputs, and the salaries behind it."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from analysis.figures.amounts import Row, row_amount, with_interval
from analysis.figures.social import (
    counted_sentence,
    gained_sentence,
    input_words,
    row_of,
    years_label,
)
from analysis.figures.subject import Subject
from analysis.figures.tables import DASH, show, show_message, show_text
from analysis.figures.wording import catalogue, count, few_words, say
from analysis.impact.country import Country, Parameter
from analysis.impact.social import EACH, FLOWS, IF_NOT_TOLD, INPUT, OF_GAP, PLACED, YEARS
from analysis.vocabulary import UNDERSERVED

ENDS: Final = {"low": "ci_low", "central": "estimate", "high": "ci_high"}
PAY_COLUMNS: Final = ("pay_before", "pay_after", "pay_raise")


def value_table(
    value: pd.DataFrame, group: str, subject: Subject, language: str, measures: Sequence[str]
) -> pd.DataFrame:
    """A row a measure, a column a horizon, each value with its interval.

    Parameters
    ----------
    value
        Released measures of the social value.
    group
        Whose worth.
    subject
        The placement.
    language
        Of the words.
    measures
        Which rows, in this order.
    """
    head = say("social.column_measure", language, level=subject.level(language))
    lines = []
    for name in measures:
        rows = [row_of(value, name, years, group) for years in YEARS]
        cells = {
            years_label(years, language): with_interval(row, language, short=True)
            for years, row in zip(YEARS, rows, strict=True)
        }
        lines.append({head: say(f"measures.{name}", language), **cells})
    return pd.DataFrame(lines)


def show_value(value: pd.DataFrame, inputs: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show how many placements are valued and what counts, then the worth of one and of all."""
    show_text(lambda each: counted_sentence(value, each), language)
    show_text(lambda each: gained_sentence(inputs, each), language)
    for group in (EACH, PLACED):
        _show_value(f"social.{group}", value, group, FLOWS, subject, language)


def show_gap_value(value: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show the worth of the placements that closing the gap would add, if it can be told."""
    measures = [f"gap_{name}" for name in OF_GAP]
    if not value["measure"].isin(measures).any():
        return
    _show_value("social.gap_closed", value, UNDERSERVED, measures, subject, language)


def _show_value(
    title: str,
    value: pd.DataFrame,
    group: str,
    measures: Sequence[str],
    subject: Subject,
    language: str,
) -> None:
    """A table below its title, which is marked if any of its values is illustrative."""
    shown = value["measure"].isin(measures) & (value["group"] == group)
    marked = value.loc[shown, "illustrative"].any()

    def titled(each: str) -> str:
        text = say(title, each)
        return f"**{say('amounts.illustrative', each, text=text) if marked else text}**"

    show_text(titled, language)
    show(lambda each: value_table(value, group, subject, each, measures), language)


def _mark(row: Row, language: str) -> str:
    return say("amounts.illustrative_mark", language) if row["illustrative"] else ""


def inputs_table(
    inputs: pd.DataFrame, country: Country, subject: Subject, language: str
) -> pd.DataFrame:
    """A row an input: low, central and high value, n, source, and whether it is illustrative.

    Parameters
    ----------
    inputs
        Released inputs of the social value.
    country
        Has the words of its parameters.
    subject
        The placement.
    language
        Of the words.
    """
    lines = []
    for row in inputs.to_dict("records"):
        stated = _stated(row, country)
        if stated:
            label, source = stated.label.label()[language], stated.source.label()[language]
        else:
            label = say(f"measures.{row['measure']}", language)
            source = say("social.estimated", language, level=subject.level(language))
        lines.append(
            {
                say("social.column_input", language): label,
                **{
                    say(f"social.column_{end}", language): input_words(
                        str(row["measure"]), row_amount(row, language, column), language
                    )
                    for end, column in ENDS.items()
                },
                say("columns.n", language): DASH
                if pd.isna(row["n"])
                else count(row["n"], language),
                say("social.column_source", language): source,
                say("social.column_mark", language): _mark(row, language),
            }
        )
    return pd.DataFrame(lines)


def _stated(row: Row, country: Country) -> Parameter | None:
    """The parameter of a country that an input is; None of an estimate."""
    if row["group"] != country.name:
        return None
    name = row["measure"].removeprefix(INPUT)
    return country.parameters[IF_NOT_TOLD.get(name, name)]


def show_inputs(inputs: pd.DataFrame, country: Country, subject: Subject, language: str) -> None:
    """Show everything that the social value is computed from."""
    show(lambda each: inputs_table(inputs, country, subject, each), language)


def salaries_table(salaries: pd.DataFrame, subject: Subject, language: str) -> pd.DataFrame:
    """A row a group: n, pay before and after, and the raise, with their intervals."""
    lines = []
    for group in dict.fromkeys(salaries["group"]):
        own = salaries[salaries["group"] == group].set_index("measure")
        n = own["n"].iloc[0]
        cells = {
            say(f"measures.{name}", language): with_interval(own.loc[name], language)
            for name in PAY_COLUMNS
            if name in own.index
        }
        lines.append(
            {
                say("columns.group", language): _group(str(group), subject, language),
                say("columns.n", language): count(n, language) + few_words(language, n),
                **cells,
            }
        )
    return pd.DataFrame(lines)


def _group(group: str, subject: Subject, language: str) -> str:
    key = f"measure_groups.{group}"
    return say(key, language) if key in catalogue() else subject.group(group, language)


def show_salaries(salaries: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show what the placed told of their pay, or that no survey asked."""
    if salaries.empty:
        show_message("social.no_salaries", language)
    else:
        show(lambda each: salaries_table(salaries, subject, each), language)
