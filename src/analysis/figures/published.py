"""Chart of estimated rates beside the rates that a report prints."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.rates import direct_label, interval_kind, rate_parts
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.theme import (
    MUTED,
    SOFT,
    STRONG,
    Words,
    draw_interval,
    frame,
    key_above,
    label_axis,
    label_beside,
    name_rows,
    wrap_label,
)
from analysis.figures.wording import capitalise, count, few_words, number, percent, say
from analysis.vocabulary import Estimand

ROW_HEIGHT = 0.46


def beside_printed(results: pd.DataFrame, printed: pd.DataFrame, subject: Subject) -> pd.DataFrame:
    """Put the printed rate of each group beside its estimate.

    Parameters
    ----------
    results
        A result table with rows of the estimand `rate`.
    printed
        Published figures of one rate, in percent (see `analysis.ingest.published`).
    subject
        The outcome.

    Returns
    -------
    pandas.DataFrame
        The rows of groups that are printed, with `printed` and `rounding` as fractions and
        `agrees`: whether the estimate is the printed value at its rounding.
    """
    rows = subject.rows(results, estimand=Estimand.RATE)
    values = printed.set_index("group")[["value", "rounding"]] / 100
    values = values.rename(columns={"value": "printed"})
    joined = rows.join(values, on="group", how="inner").reset_index(drop=True)
    away = (joined["estimate"] - joined["printed"]).abs()
    # A hair of room, for a half is not exact in binary.
    return joined.assign(agrees=away <= joined["rounding"] / 2 + 1e-12)


def published_chart(rows: pd.DataFrame, subject: Subject) -> Chart:
    """Dot plot of estimated rates with intervals, and a cross at each printed rate.

    Parameters
    ----------
    rows
        See `beside_printed`.
    subject
        The outcome.
    """
    return Chart.about(
        subject,
        f"published-{subject.file_stem}",
        rows,
        lambda language: _words(rows, subject, language),
        lambda words, language: _draw(rows, subject, words, language),
        sources=["data/raw/published"],
    )


def _words(rows: pd.DataFrame, subject: Subject, language: str) -> Words:
    outcome = subject.outcome_words(language)
    shared = {
        "outcome": outcome,
        "level": subject.level(language),
        "population": subject.population(language),
        "values": say("words.separator", language).join(
            _value(row, subject, language) for _, row in rows.iterrows()
        ),
    }
    return Words(
        say(
            "published.headline",
            language,
            outcome=capitalise(outcome),
            agreeing=number(rows["agrees"].sum(), language),
            total=number(rows["estimate"].notna().sum(), language),
        ),
        say(
            "published.subtitle",
            language,
            denominator=subject.denominator(language),
            n=count(rows["n_group"].max(), language),
            **shared,
        ),
        say("published.note", language, intervals=say(interval_kind(rows), language)),
        subject.source(language),
        say("published.caption", language, **shared),
        say("published.alt", language, **shared),
    )


def _value(row: pd.Series, subject: Subject, language: str) -> str:
    shared = {
        "group": subject.group(row["group"], language),
        "printed": percent(row["printed"], language, 0),
    }
    if pd.isna(row["estimate"]):
        reason = subject.reason(row, language)
        return say("published.value_missing", language, reason=reason, **shared)
    said = say("published.value", language, **rate_parts(row, language), **shared)
    return said + few_words(language, row["n_group"])


def _draw(rows: pd.DataFrame, subject: Subject, words: Words, language: str) -> Figure:
    figure, (axes,) = frame(
        words,
        ROW_HEIGHT * len(rows),
        key_height=0.32,
        label_width=2.6,
        right_width=1.75,
        watermark=subject.watermark(language),
    )
    for y, (_, row) in enumerate(rows.iterrows()):
        values = (row["estimate"], row["ci_low"], row["ci_high"])
        label = say("published.estimated", language) if y == 0 else None
        draw_interval(axes, y + 0.12, values, color=STRONG, label=label)
        label_beside(axes, y + 0.05, direct_label(row, subject, language))
    axes.plot(rows["printed"], [y - 0.2 for y in range(len(rows))], marker="x", markersize=7,
              markeredgewidth=2, color=SOFT, linestyle="none",
              label=say("published.printed", language))  # fmt: skip
    name_rows(axes, [wrap_label(subject.group(group, language)) for group in rows["group"]])
    axes.set_xlim(0, min(1.0, float(rows[["ci_high", "printed"]].max().max()) + 0.04))
    label_axis(axes, lambda x, digits: percent(x, language, digits))
    outcome = subject.outcome_words(language)
    axes.set_xlabel(say("published.axis", language, outcome=outcome), color=MUTED)
    key_above(figure, axes)
    return figure
