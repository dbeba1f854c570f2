"""Chart of rates by group."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.estimate.results import read_note
from analysis.figures.released import alike
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.theme import (
    BESIDE,
    INK,
    MUTED,
    STRONG,
    Words,
    draw_interval,
    frame,
    is_few,
    label_axis,
    label_beside,
    name_rows,
    wrap_label,
)
from analysis.figures.wording import capitalise, count, few_words, percent, percent_interval, say
from analysis.release.results import is_hidden
from analysis.vocabulary import ALL, NON_UNDERSERVED, UNDERSERVED, Estimand

ROW_HEIGHT = 0.42


def rates_chart(results: pd.DataFrame, subject: Subject) -> Chart:
    """Dot plot of the rate of an outcome by group, with intervals.

    Parameters
    ----------
    results
        A result table with rows of the estimand `rate`.
    subject
        The outcome to show.
    """
    rows = subject.rows(results, estimand=Estimand.RATE)
    return Chart.about(
        subject,
        f"rates-{subject.file_stem}",
        rows,
        lambda language: _words(rows, subject, language),
        lambda words, language: _draw(rows, subject, words, language),
    )


def _words(rows: pd.DataFrame, subject: Subject, language: str) -> Words:
    by_group = {row["group"]: row for _, row in rows.iterrows()}
    outcome = subject.outcome_words(language)
    shared = {
        "outcome": outcome,
        "level": subject.level(language),
        "population": subject.population(language),
    }
    values = say("words.separator", language).join(
        _value(row, subject, language) for _, row in rows.iterrows()
    )
    reference, underserved = by_group[NON_UNDERSERVED], by_group[UNDERSERVED]
    headline = say("rates.headline_missing", language, outcome=capitalise(outcome))
    if pd.notna(reference["estimate"]) and pd.notna(underserved["estimate"]):
        one, other = (
            percent(row["estimate"], language, row["digits"])
            for row in alike([reference, underserved])
        )
        headline = say(
            "rates.headline",
            language,
            outcome=capitalise(outcome),
            reference=one,
            underserved=other,
        )
    subtitle = say(
        "rates.subtitle",
        language,
        denominator=subject.denominator(language),
        n=count(rows["n_group"].max(), language),
        **shared,
    )
    return Words(
        headline,
        subtitle,
        say(
            "rates.note",
            language,
            unknown=count(_unknown(str(underserved["note"])), language),
            intervals=say(interval_kind(rows), language),
        ),
        subject.source(language),
        say("rates.caption", language, values=values, **shared),
        say("rates.alt", language, values=values, **shared),
    )


def _unknown(note: str) -> float:
    """How many are left out for unknown membership; missing if the row is hidden."""
    return float("nan") if is_hidden(note) else int(read_note(note).get("left_out", "0"))


def interval_kind(rows: pd.DataFrame) -> str:
    """Key of the message that tells what the intervals of rates assume."""
    clustered = rows["method"].str.endswith("_cluster").any()
    return "rates.clustered" if clustered else "rates.independent"


def _value(row: pd.Series, subject: Subject, language: str) -> str:
    group = subject.group(row["group"], language)
    if pd.isna(row["estimate"]):
        return say("words.item", language, name=group, value=subject.reason(row, language))
    said = say("rates.value", language, group=group, **rate_parts(row, language))
    return said + few_words(language, row["n_group"])


def rate_parts(row: pd.Series, language: str) -> dict[str, str]:
    """A rate, its interval and its n, for messages."""
    digits = row["digits"]
    return {
        "rate": percent(row["estimate"], language, digits),
        "interval": percent_interval(row["ci_low"], row["ci_high"], language, digits),
        "n": count(row["n_group"], language),
    }


def _draw(rows: pd.DataFrame, subject: Subject, words: Words, language: str) -> Figure:
    figure, (axes,) = frame(
        words,
        ROW_HEIGHT * len(rows),
        label_width=2.6,
        right_width=1.75,
        watermark=subject.watermark(language),
    )
    labels = []
    for y, (_, row) in enumerate(rows.iterrows()):
        plain = row["group"] in (ALL, NON_UNDERSERVED)
        values = (row["estimate"], row["ci_low"], row["ci_high"])
        draw_interval(axes, y, values, color=INK if plain else STRONG, hollow=plain)
        label_beside(axes, y, direct_label(row, subject, language))
        labels.append(wrap_label(subject.group(row["group"], language)))
    name_rows(axes, labels)
    low, high = rows["ci_low"].min(), rows["ci_high"].max()
    axes.set_xlim(max(0.0, low - 0.04), min(1.0, high + 0.04))
    label_axis(axes, lambda x, digits: percent(x, language, digits))
    outcome = subject.outcome_words(language)
    axes.set_xlabel(say("rates.axis", language, outcome=outcome), color=MUTED)
    return figure


def direct_label(row: pd.Series, subject: Subject, language: str) -> str:
    """A rate with its n, to stand beside the chart, or why there is none."""
    if is_hidden(str(row["note"])):
        return wrap_label(subject.reason(row, language), BESIDE)
    n = say("words.n", language, n=count(row["n_group"], language))
    if pd.isna(row["estimate"]):
        return f"{say('words.not_estimable', language)} ({n})"
    text = f"{percent(row['estimate'], language, row['digits'])}  ({n})"
    if is_few(row["n_group"]):
        text += f"\n{say('words.small_group', language)}"
    return text
