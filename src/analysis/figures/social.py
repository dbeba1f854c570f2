"""What placements are worth: a chart over the horizons, and sentences."""

from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.figures.amounts import MILLION, SHORTENED, Row, amount, row_amount, with_interval
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.tables import show_text
from analysis.figures.theme import (
    INK,
    MUTED,
    SOFT,
    STRONG,
    Words,
    draw_interval,
    frame,
    key_above,
    label_beside,
    name_rows,
)
from analysis.figures.wording import count, number, say
from analysis.impact.country import UNITS, ParameterUnit
from analysis.impact.precision import rounded
from analysis.impact.social import INPUT, NET_GAIN, PLACED, PUBLIC_GAIN, YEARS
from analysis.vocabulary import UNDERSERVED

ROW_HEIGHT: Final = 0.62
BESIDE: Final = 0.17
"""How far the two dots of a row stand from its middle."""
SERIES: Final = (
    (NET_GAIN, "social_value.net", STRONG, False, -BESIDE),
    (PUBLIC_GAIN, "social_value.public", SOFT, True, BESIDE),
)
GAP_YEARS: Final = 5
"""Horizon of the sentence on closing the gap."""


def years_label(years: int, language: str) -> str:
    """A horizon in words: "5 years"."""
    return say("social.year" if years == 1 else "social.years", language, years=years)


def marked_title(text: str, rows: pd.DataFrame, language: str) -> str:
    """A headline, with ILLUSTRATIVE behind it if any of the rows that it tells of is."""
    return say("amounts.illustrative", language, text=text) if _any(rows) else text


def marked_sentence(text: str, rows: pd.DataFrame, language: str) -> str:
    """A sentence, with ILLUSTRATIVE before it if any of the rows that it tells of is."""
    if not _any(rows):
        return text
    inside = text[:1].lower() + text[1:]
    return say("amounts.illustrative_sentence", language, text=inside)


def _any(rows: pd.DataFrame) -> bool:
    return bool(rows["illustrative"].any())


def illustrative_note(rows: pd.DataFrame, language: str) -> str:
    """The sentence that rows rest on illustrative parameters; empty if none does."""
    return say("amounts.illustrative_note", language) if _any(rows) else ""


def population(subject: Subject, language: str) -> str:
    """Whose placements are valued: the graduates who were asked, not all whom a study counts."""
    if subject.cohort is None:
        return say("social.population_all", language)
    return say("social.population", language, cohort=subject.cohort)


def money_range(row: Row, language: str) -> str:
    """The interval of an amount of money, its unit said once where both ends are millions."""
    digits = int(row["digits"])
    ends = [rounded(row[f"ci_{end}"], digits) for end in ("low", "high")]
    if digits <= SHORTENED and min(ends) >= MILLION:
        key = f"amounts.{str(row['unit']).lower()}_millions_range"
        low, high = (number(end / MILLION, language, max(digits + 6, 0)) for end in ends)
        return say(key, language, low=low, high=high)
    low, high = (row_amount(row, language, f"ci_{end}", short=True) for end in ("low", "high"))
    return say("words.interval", language, low=low, high=high)


def input_words(measure: str, told: str, language: str) -> str:
    """An amount of an input, or its ends, with what its unit lacks: benefits are a month's."""
    monthly = UNITS.get(measure.removeprefix(INPUT)) is ParameterUnit.EUR_A_MONTH
    return say("social.a_month", language, value=told) if monthly else told


def label_money(axes: Axes, unit: str, language: str) -> None:
    """Put few ticks on the horizontal axis and write them as amounts, in millions if they are."""
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda x, _: amount(x, unit, language, _tick_digits(x), short=True))
    )


def _tick_digits(value: float) -> int:
    """The fewest decimals that a tick needs; of millions one or two, of less none."""
    if abs(value) < MILLION:
        return 0
    return next((digits for digits in (-6, -5) if value == round(value, digits)), -4)


# ---- The chart ----------------------------------------------------------------------------------


def value_chart(value: pd.DataFrame, subject: Subject) -> Chart:
    """Dots with intervals: the learners' net gain and the public gain over each horizon.

    Parameters
    ----------
    value
        Released measures of the social value.
    subject
        The placement whose worth it is.
    """
    rows = value[(value["group"] == PLACED) & value["measure"].isin([NET_GAIN, PUBLIC_GAIN])]
    rows = rows.reset_index(drop=True)
    return Chart.about(
        subject,
        "social-value",
        rows,
        lambda language: _words(rows, subject, language),
        lambda words, language: _draw(rows, subject, words, language),
    )


def row_of(rows: pd.DataFrame, measure: str, years: int, group: str = PLACED) -> pd.Series:
    """The row of a measure over so many years."""
    kept = (rows["measure"] == measure) & (rows["group"] == group) & (rows["horizon"] == years)
    return rows[kept].iloc[0]


def _words(rows: pd.DataFrame, subject: Subject, language: str) -> Words:
    first = row_of(rows, PUBLIC_GAIN, YEARS[0])
    headline = say("social_value.headline_missing", language)
    if pd.notna(first["estimate"]):
        bare = pd.isna(first["ci_low"])
        public = row_amount(first, language, short=True) if bare else money_range(first, language)
        headline = say("social_value.headline", language, public=public)
        headline = marked_title(headline, rows, language)
    shared = {"level": subject.level(language), "population": population(subject, language)}
    values = say("words.separator", language).join(
        say(
            "social_value.item",
            language,
            horizon=years_label(years, language),
            net=with_interval(row_of(rows, NET_GAIN, years), language, short=True),
            public=with_interval(row_of(rows, PUBLIC_GAIN, years), language, short=True),
        )
        for years in YEARS
    )
    note = " ".join(
        filter(None, (illustrative_note(rows, language), say("social.deducted", language)))
    )
    return Words(
        headline,
        say("social_value.subtitle", language, n=count(rows["n"].min(), language), **shared),
        note,
        subject.source(language),
        say("social_value.caption", language, values=values, note=note, **shared),
        say("social_value.alt", language, values=values),
    )


def _draw(rows: pd.DataFrame, subject: Subject, words: Words, language: str) -> Figure:
    figure, (axes,) = frame(
        words,
        ROW_HEIGHT * len(YEARS),
        key_height=0.3,
        label_width=0.85,
        right_width=2.75,
        watermark=subject.watermark(language),
    )
    for measure, name, color, hollow, offset in SERIES:
        for place, years in enumerate(YEARS):
            row = row_of(rows, measure, years)
            limits = (row["estimate"], row["ci_low"], row["ci_high"])
            label = say(name, language) if place == 0 else None
            draw_interval(axes, place + offset, limits, color=color, hollow=hollow, label=label)
            text = with_interval(row, language, short=True)
            label_beside(axes, place + 1.25 * offset, text, size=7.8)
    name_rows(axes, [years_label(years, language) for years in YEARS])
    unit = str(rows["unit"].iloc[0])
    axes.axvline(0, color=INK, linewidth=0.8)
    label_money(axes, unit, language)
    axes.set_xlabel(say("social_value.axis", language, currency=unit), color=MUTED)
    key_above(figure, axes)
    return figure


# ---- Sentences ----------------------------------------------------------------------------------


def counted_sentence(value: pd.DataFrame, language: str) -> str:
    """How many placements are valued, with their intervals."""
    names = {"placed": "placed_graduates", "through": "placed_through_training"}
    rows = {key: value[value["measure"] == name].iloc[0] for key, name in names.items()}
    if any(pd.isna(row["estimate"]) for row in rows.values()):
        return say("social.summary_missing", language)
    told = {key: with_interval(row, language) for key, row in rows.items()}
    return marked_sentence(
        say("social.counted", language, **told), pd.DataFrame(rows.values()), language
    )


def gained_sentence(inputs: pd.DataFrame, language: str) -> str:
    """What counts as gained by who is placed, and which part of it is deducted."""
    row = inputs[inputs["measure"] == f"{INPUT}counterfactual"].iloc[0]
    return say("social.gained", language, share=row_amount(row, language))


def social_sentence(value: pd.DataFrame, language: str) -> str:
    """One sentence on the social bottom line, with its intervals."""
    public, learners = (row_of(value, name, YEARS[0]) for name in (PUBLIC_GAIN, NET_GAIN))
    if pd.isna(public["estimate"]) or pd.isna(learners["estimate"]):
        return say("social.summary_missing", language)
    told = say(
        "social.summary",
        language,
        public=with_interval(public, language, short=True),
        learners=with_interval(learners, language, short=True),
    )
    return marked_sentence(told, pd.DataFrame([public, learners]), language)


def gap_sentence(value: pd.DataFrame, subject: Subject, language: str) -> str:
    """What closing the gap of the underserved would be worth, or why that can't be told."""
    placements = value[value["measure"] == "gap_placements"].iloc[0]
    if pd.isna(placements["estimate"]):
        reason = subject.reason(placements, language)
        return say("social.gap_missing", language, reason=reason)
    if placements["estimate"] <= 0:
        return say("social.gap_none", language)
    public, learners = (
        row_of(value, f"gap_{name}", GAP_YEARS, UNDERSERVED) for name in (PUBLIC_GAIN, NET_GAIN)
    )
    told = say(
        "social.gap",
        language,
        placements=with_interval(placements, language),
        public=with_interval(public, language, short=True),
        learners=with_interval(learners, language, short=True),
    )
    return marked_sentence(told, pd.DataFrame([placements, public, learners]), language)


def show_gap(value: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show what closing the gap of the underserved would be worth."""
    show_text(lambda each: gap_sentence(value, subject, each), language)
