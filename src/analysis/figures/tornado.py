"""What drives the public gain: a tornado chart, and the same as a table."""

from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.estimate.results import read_note
from analysis.figures.amounts import Row, row_amount
from analysis.figures.released import hidden_rows
from analysis.figures.save import Chart
from analysis.figures.social import (
    illustrative_note,
    input_words,
    label_money,
    marked_title,
    population,
    row_of,
)
from analysis.figures.subject import Subject
from analysis.figures.tables import show
from analysis.figures.theme import (
    INK,
    MUTED,
    SOFT,
    STRONG,
    Words,
    frame,
    key_above,
    label_beside,
    name_rows,
    wrap_label,
)
from analysis.figures.wording import count, say
from analysis.impact.social import INPUT
from analysis.impact.tornado import CHANGE, FALLS

ROW_HEIGHT: Final = 0.3
LABEL_CHARACTERS: Final = 42
ENDS: Final = (("low", STRONG, ""), ("high", SOFT, "///"))
"""Ends of an input with the colour and the hatch of their bars."""


def tornado_chart(
    tornado: pd.DataFrame, inputs: pd.DataFrame, value: pd.DataFrame, subject: Subject
) -> Chart:
    """Bars from the central estimate to what each input makes of it at either end.

    Parameters
    ----------
    tornado
        Released rows of `analysis.impact.tornado.tornado_rows`, as measures.
    inputs
        Released inputs, which have the ends.
    value
        Released measures of the social value, which have the central estimate.
    subject
        The placement whose worth it is.
    """
    rows = tornado.merge(
        inputs[["measure", "unit", "ci_low", "ci_high", "digits", "note"]].rename(
            columns=lambda name: "group" if name == "measure" else f"input_{name}"
        ),
        on="group",
        validate="1:1",
    )
    first = rows.iloc[0]
    result = str(first["measure"]).removesuffix(CHANGE)
    central = row_of(value, result, int(first["horizon"]))
    return Chart.about(
        subject,
        "social-tornado",
        rows,
        lambda language: _words(rows, central, subject, language),
        lambda words, language: _draw(rows, subject, words, language),
    )


def input_label(row: Row, language: str) -> str:
    """Name of a row's input."""
    return say(f"measure_groups.{row['group']}", language)


def change_at(row: Row, end: str) -> str:
    """Column with the change at an end of the input: the result may fall as the input rises."""
    falls = FALLS in read_note(str(row["note"]))
    other = {"low": "high", "high": "low"}
    return f"ci_{other[end] if falls else end}"


def _ends(row: pd.Series, language: str) -> str:
    """The two ends of a row's input, in its unit."""
    own = {name: row[f"input_{name}"] for name in ("unit", "ci_low", "ci_high", "digits", "note")}
    low, high = (row_amount(own, language, f"ci_{end}") for end in ("low", "high"))
    told = low
    if pd.notna(own["ci_low"]):
        told = say("social_tornado.ends", language, low=low, high=high)
    return input_words(str(row["group"]), told, language)


def _headline(rows: pd.DataFrame, language: str) -> str:
    if hidden_rows(rows).any():
        return say("social_tornado.headline_missing", language)
    name = str(rows["group"].iloc[0]).removeprefix(INPUT)
    driver = say(f"drivers.{name}", language)
    return marked_title(say("social_tornado.headline", language, driver=driver), rows, language)


def _words(rows: pd.DataFrame, central: pd.Series, subject: Subject, language: str) -> Words:
    shared = {
        "years": str(central["horizon"]),
        "population": population(subject, language),
    }
    values = say("words.separator", language).join(
        say(
            "social_tornado.item",
            language,
            input=input_label(row, language),
            low=row_amount(row, language, change_at(row, "low"), signed=True, short=True),
            high=row_amount(row, language, change_at(row, "high"), signed=True, short=True),
        )
        for _, row in rows.iterrows()
    )
    told = (
        illustrative_note(rows, language),
        say("social_tornado.note", language, level=subject.level(language)),
    )
    note = " ".join(filter(None, told))
    return Words(
        _headline(rows, language),
        say("social_tornado.subtitle", language, n=count(central["n"], language), **shared),
        note,
        subject.source(language),
        say(
            "social_tornado.caption",
            language,
            values=values,
            note=note,
            central=row_amount(central, language, short=True),
            **shared,
        ),
        say("social_tornado.alt", language, values=values),
    )


def _draw(rows: pd.DataFrame, subject: Subject, words: Words, language: str) -> Figure:
    figure, (axes,) = frame(
        words,
        ROW_HEIGHT * len(rows),
        key_height=0.3,
        label_width=2.95,
        right_width=1.6,
        watermark=subject.watermark(language),
    )
    for end, color, hatch in ENDS:
        _draw_bars(axes, rows, end, color=color, hatch=hatch, language=language)
    for place, (_, row) in enumerate(rows.iterrows()):
        label_beside(axes, place, _ends(row, language), size=7.8)
    labels = [
        wrap_label(input_label(row, language), LABEL_CHARACTERS) for _, row in rows.iterrows()
    ]
    name_rows(axes, labels)
    axes.axvline(0, color=INK, linewidth=0.8)
    unit = str(rows["unit"].iloc[0])
    label_money(axes, unit, language)
    axes.set_xlabel(say("social_tornado.axis", language, currency=unit), color=MUTED)
    key_above(figure, axes)
    return figure


def _draw_bars(
    axes: Axes, rows: pd.DataFrame, end: str, *, color: str, hatch: str, language: str
) -> None:
    lengths = [row[change_at(row, end)] for _, row in rows.iterrows()]
    axes.barh(
        range(len(rows)),
        pd.Series(lengths, dtype=float).fillna(0),
        height=0.66,
        color=color,
        hatch=hatch,
        edgecolor="white",
        linewidth=0.6,
        label=say(f"social_tornado.{end}", language),
    )


def tornado_table(tornado: pd.DataFrame, language: str) -> pd.DataFrame:
    """A row an input: by how much the result changes at its lower and at its upper end."""
    return pd.DataFrame(
        [
            {
                say("social.column_input", language): input_label(row, language),
                **{
                    say(f"social.column_at_{end}", language): row_amount(
                        row, language, change_at(row, end), signed=True, short=True
                    )
                    for end in ("low", "high")
                },
            }
            for _, row in tornado.iterrows()
        ]
    )


def show_tornado(tornado: pd.DataFrame, language: str) -> None:
    """Show by how much each input moves the result."""
    show(lambda each: tornado_table(tornado, each), language)
