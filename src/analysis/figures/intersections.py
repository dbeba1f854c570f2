"""Chart and sentence of the rates at each combination of categories, raw and shrunk."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.journey import combination_label
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.tables import show_text
from analysis.figures.theme import (
    MUTED,
    SMALL_GROUP,
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
from analysis.figures.wording import (
    capitalise,
    interval,
    number,
    percent,
    percent_interval,
    points,
    say,
)
from analysis.vocabulary import INTERSECTION, Estimand

ROW_HEIGHT = 0.5
SHOWN = 14
LABEL_CHARACTERS = 42


def shrunk_rows(results: pd.DataFrame, subject: Subject) -> pd.DataFrame:
    """Put the raw and the shrunk rate of each combination beside each other, the largest first.

    Parameters
    ----------
    results
        The result table of `intersections`.
    subject
        The outcome.

    Returns
    -------
    pandas.DataFrame
        `group`, `n_group`, `k_group`, and estimate and limits of both with the suffixes `_raw` and
        `_shrunk`, and `clustered`; no rows if the model could not be fitted.
    """
    rows = subject.rows(results, contrast=INTERSECTION)
    numbers = ["estimate", "ci_low", "ci_high"]
    raw = rows[(rows["estimand"] == Estimand.RATE)][["group", "n_group", "k_group", *numbers]]
    shrunk = rows[rows["estimand"] == Estimand.SHRUNK_RATE][["group", "method", *numbers]]
    shrunk = shrunk.assign(clustered=shrunk["method"].str.endswith("_cluster"))
    shrunk = shrunk.drop(columns="method")
    both = raw.merge(shrunk, on="group", suffixes=("_raw", "_shrunk"), validate="1:1")
    both = both[both["estimate_shrunk"].notna()]
    return both.sort_values("n_group", ascending=False, kind="stable", ignore_index=True)


def intersections_chart(rows: pd.DataFrame, subject: Subject) -> Chart:
    """Dot plot of the largest combinations: raw rate, and rate shrunk toward the additive model.

    Parameters
    ----------
    rows
        See `shrunk_rows`.
    subject
        The outcome.
    """
    return Chart.about(
        subject,
        f"intersections-{subject.file_stem}",
        rows,
        lambda language: _words(rows, subject, language),
        lambda words, language: _draw(rows.head(SHOWN), subject, words, language),
    )


def _words(rows: pd.DataFrame, subject: Subject, language: str) -> Words:
    shown = rows.head(SHOWN)
    outcome = subject.outcome_words(language)
    values = say("words.separator", language).join(
        say(
            "intersections.value",
            language,
            group=combination_label(row["group"], subject, language),
            raw=percent(row["estimate_raw"], language),
            shrunk=percent(row["estimate_shrunk"], language),
            interval=percent_interval(row["ci_low_shrunk"], row["ci_high_shrunk"], language),
            n=number(row["n_group"], language),
        )
        for _, row in shown.iterrows()
    )
    shared = {
        "outcome": outcome,
        "level": subject.level(language),
        "population": subject.population(language),
        "n": number(int(rows["n_group"].sum()), language),
        "shown": number(len(shown), language),
        "others": number(len(rows) - len(shown), language),
        "values": values,
    }
    large = rows[rows["n_group"] >= SMALL_GROUP]
    told = large if len(large) else rows
    ends = {
        "low": percent(told["estimate_shrunk"].min(), language, 0),
        "high": percent(told["estimate_shrunk"].max(), language, 0),
    }
    return Words(
        say("intersections.headline", language, subject=capitalise(outcome), **ends),
        say("intersections.subtitle", language, **shared),
        _note(rows, language),
        subject.source(language),
        say("intersections.caption", language, **shared),
        say("intersections.alt", language, **shared),
    )


def _note(rows: pd.DataFrame, language: str) -> str:
    note = say("intersections.note", language)
    if rows["clustered"].any():
        note = f"{note} {say('intersections.clustered', language)}"
    return note


def _draw(rows: pd.DataFrame, subject: Subject, words: Words, language: str) -> Figure:
    figure, (axes,) = frame(
        words,
        ROW_HEIGHT * len(rows),
        key_height=0.3,
        label_width=3.1,
        right_width=1.65,
        watermark=subject.watermark(language),
    )
    for y, (_, row) in enumerate(rows.iterrows()):
        for name, color, offset in (("raw", SOFT, -0.14), ("shrunk", STRONG, 0.14)):
            values = (row[f"estimate_{name}"], row[f"ci_low_{name}"], row[f"ci_high_{name}"])
            label = say(f"intersections.{name}", language) if y == 0 else None
            hollow = name == "raw"
            draw_interval(axes, y + offset, values, color=color, hollow=hollow, label=label)
        text = say("words.n", language, n=number(row["n_group"], language))
        if row["n_group"] < SMALL_GROUP:
            text += f"\n{say('words.small_group', language)}"
        label_beside(axes, y, text, size=8.0)
    labels = [combination_label(group, subject, language) for group in rows["group"]]
    name_rows(axes, [wrap_label(label, LABEL_CHARACTERS) for label in labels])
    limits = rows.filter(regex="^(ci_|estimate_)")
    # Beyond 0 and 1 too, where dots would be cut in half.
    axes.set_xlim(limits.min().min() - 0.02, limits.max().max() + 0.02)
    label_axis(axes, lambda x, digits: percent(x, language, digits))
    outcome = subject.outcome_words(language)
    axes.set_xlabel(say("rates.axis", language, outcome=outcome), color=MUTED)
    key_above(figure, axes)
    return figure


def show_partition(results: pd.DataFrame, subject: Subject, language: str) -> None:
    """Say how much of the variance lies between combinations, how much adds up, what stands out."""
    rows = subject.rows(results)

    def make(each: str) -> str:
        parts = {}
        for name, estimand, term in (
            ("null", Estimand.VARIANCE_PARTITION, "null"),
            ("additive", Estimand.VARIANCE_PARTITION, "additive"),
            ("change", Estimand.PROPORTIONAL_CHANGE, ""),
        ):
            own = rows[(rows["estimand"] == estimand) & (rows["term"] == term)]
            if own.empty or pd.isna(own["estimate"].iloc[0]):
                reason = subject.reason(own.iloc[0], each) if len(own) else ""
                return say("intersections.partition_missing", each, reason=reason)
            row = own.iloc[0]
            parts[name] = percent(row["estimate"], each)
            if pd.notna(row["ci_low"]):
                limits = {end: percent(row[f"ci_{end}"], each) for end in ("low", "high")}
                parts[name] += f" ({say('words.interval', each, **limits)})"
        outcome = capitalise(subject.outcome_words(each))
        found = say("intersections.partition", each, outcome=outcome, **parts)
        return f"{found} {_standing_out(rows, subject, each)}"

    show_text(make, language)


def _standing_out(rows: pd.DataFrame, subject: Subject, language: str) -> str:
    """Which combinations have another rate than the sum of their categories, by their intervals."""
    effects = rows[rows["estimand"] == Estimand.INTERACTION_EFFECT]
    if effects["ci_low"].isna().all():
        return say("summary.no_interval", language)
    own = effects[(effects["ci_low"] > 0) | (effects["ci_high"] < 0)]
    if own.empty:
        return say("intersections.none_stand_out", language)
    values = say("words.separator", language).join(
        say(
            "intersections.effect",
            language,
            group=combination_label(row["group"], subject, language),
            effect=points(row["estimate"], language),
            interval=interval(row["ci_low"], row["ci_high"], language),
            n=number(row["n_group"], language),
        )
        for _, row in own.iterrows()
    )
    return say("intersections.standing_out", language, values=values)
