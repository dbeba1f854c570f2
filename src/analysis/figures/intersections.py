"""Chart and sentence of the rates at each combination of categories, raw and shrunk."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.journey import combination_label
from analysis.figures.released import excludes_zero, gap_words, hidden_rows
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.tables import show_text, with_interval
from analysis.figures.theme import (
    BESIDE,
    MUTED,
    SMALL_GROUP,
    SOFT,
    STRONG,
    Words,
    draw_interval,
    frame,
    is_few,
    key_above,
    label_axis,
    label_beside,
    name_rows,
    wrap_label,
)
from analysis.figures.wording import (
    capitalise,
    count,
    few_words,
    number,
    percent,
    percent_interval,
    say,
)
from analysis.release.results import is_hidden
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
        `group`, `n_group`, `k_group`, `note` and `digits`, and estimate and limits of both with the
        suffixes `_raw` and `_shrunk`, and `clustered`. Combinations that are not shown stand last.
        No rows if the model could not be fitted.
    """
    rows = subject.rows(results, contrast=INTERSECTION)
    numbers = ["estimate", "ci_low", "ci_high"]
    kept = ["group", "n_group", "k_group", "note", "digits", *numbers]
    raw = rows[rows["estimand"] == Estimand.RATE][kept]
    shrunk = rows[rows["estimand"] == Estimand.SHRUNK_RATE][["group", "method", *numbers]]
    shrunk = shrunk.assign(clustered=shrunk["method"].str.endswith("_cluster"))
    shrunk = shrunk.drop(columns="method")
    both = raw.merge(shrunk, on="group", suffixes=("_raw", "_shrunk"), validate="1:1")
    both = both[both["estimate_shrunk"].notna() | hidden_rows(both)]
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
    values = say("words.separator", language).join(_values(shown, subject, language))
    note = _note(rows, language)
    # What is hidden can't be counted.
    total = "intersections.total_shown" if hidden_rows(rows).any() else "intersections.total"
    shared = {
        "outcome": subject.outcome_words(language),
        "level": subject.level(language),
        "population": subject.population(language),
        "total": say(total, language, n=count(rows["n_group"].sum(), language)),
        "shown": number(len(shown), language),
        "others": number(len(rows) - len(shown), language),
        "values": values,
        "note": note,
    }
    return Words(
        _headline(rows, subject, language),
        say("intersections.subtitle", language, **shared),
        note,
        subject.source(language),
        say("intersections.caption", language, **shared),
        say("intersections.alt", language, **shared),
    )


def _values(rows: pd.DataFrame, subject: Subject, language: str) -> list[str]:
    """What is told of each combination; those that are not shown together, by reason."""
    hidden = hidden_rows(rows)
    told = [_value(row, subject, language) for _, row in rows[~hidden].iterrows()]
    for note, own in rows[hidden].groupby("note", sort=False):
        names = (combination_label(group, subject, language) for group in own["group"])
        reason = subject.reason(pd.Series({"note": note}), language)
        told.append(f"{reason} ({', '.join(names)})")
    return told


def _value(row: pd.Series, subject: Subject, language: str) -> str:
    group = combination_label(row["group"], subject, language)
    digits = row["digits"]
    low, high = row["ci_low_shrunk"], row["ci_high_shrunk"]
    said = say(
        "intersections.value", language, group=group,
        raw=percent(row["estimate_raw"], language, digits),
        shrunk=percent(row["estimate_shrunk"], language, digits),
        interval=percent_interval(low, high, language, digits),
        n=count(row["n_group"], language),
    )  # fmt: skip
    return said + few_words(language, row["n_group"])


def _headline(rows: pd.DataFrame, subject: Subject, language: str) -> str:
    outcome = capitalise(subject.outcome_words(language))
    shown = rows[rows["estimate_shrunk"].notna()]
    large = shown[shown["n_group"] >= SMALL_GROUP]
    told = (large if len(large) else shown)["estimate_shrunk"]
    if told.empty:
        return say("intersections.headline_missing", language, subject=outcome)
    ends = {"low": percent(told.min(), language, 0), "high": percent(told.max(), language, 0)}
    return say("intersections.headline", language, subject=outcome, **ends)


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
        label_beside(axes, y, _direct_label(row, subject, language), size=8.0)
    labels = [combination_label(group, subject, language) for group in rows["group"]]
    name_rows(axes, [wrap_label(label, LABEL_CHARACTERS) for label in labels])
    limits = rows.filter(regex="^(ci_|estimate_)").to_numpy(dtype=float)
    if not np.isnan(limits).all():
        # Beyond 0 and 1 too, where dots would be cut in half.
        axes.set_xlim(np.nanmin(limits) - 0.02, np.nanmax(limits) + 0.02)
    label_axis(axes, lambda x, digits: percent(x, language, digits))
    outcome = subject.outcome_words(language)
    axes.set_xlabel(say("rates.axis", language, outcome=outcome), color=MUTED)
    key_above(figure, axes)
    return figure


def _direct_label(row: pd.Series, subject: Subject, language: str) -> str:
    if is_hidden(row["note"]):
        return wrap_label(subject.reason(row, language), BESIDE)
    text = say("words.n", language, n=count(row["n_group"], language))
    return f"{text}\n{say('words.small_group', language)}" if is_few(row["n_group"]) else text


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
            parts[name] = with_interval(own.iloc[0], percent, each)
        outcome = capitalise(subject.outcome_words(each))
        found = say("intersections.partition", each, outcome=outcome, **parts)
        return f"{found} {_standing_out(rows, subject, each)}"

    show_text(make, language)


def _standing_out(rows: pd.DataFrame, subject: Subject, language: str) -> str:
    """Which combinations have another rate than the sum of their categories, by their intervals."""
    effects = rows[rows["estimand"] == Estimand.INTERACTION_EFFECT]
    effects = effects[~hidden_rows(effects)]
    if effects["ci_low"].isna().all():
        return say("summary.no_interval", language)
    own = effects[excludes_zero(effects)]
    if own.empty:
        return say("intersections.none_stand_out", language)
    values = say("words.separator", language).join(
        say(
            "intersections.effect",
            language,
            group=combination_label(row["group"], subject, language),
            effect=gap_words(row, language),
            n=count(row["n_group"], language),
        )
        for _, row in own.iterrows()
    )
    return say("intersections.standing_out", language, values=values)
