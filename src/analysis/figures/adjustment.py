"""Chart of what adjusting changes: each gap without, with one covariate at a time, with all."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.estimate.results import read_note
from analysis.figures.forest import draw_zero, interval_words
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.theme import (
    MUTED,
    SOFT,
    STRONG,
    WIDE_PANELS,
    Words,
    draw_interval,
    frame,
    name_rows,
    title_panels,
    titles_height,
    wrap_label,
)
from analysis.figures.wording import count, few_words, number, points, say
from analysis.release.results import is_hidden

ROW_HEIGHT = 0.34
HIDDEN_CHARACTERS = 11
"""Of a line across a narrow panel."""
NONE, ALL_OF_THEM = "none", "all"


def adjustment_chart(steps: pd.DataFrame, subject: Subject) -> Chart:
    """Small multiples, one panel a category, of its gap by what is held fixed.

    Parameters
    ----------
    steps
        The result table of `adjustment_steps`.
    subject
        The outcome to show.
    """
    rows = label_steps(subject.rows(steps))
    return Chart.about(
        subject,
        f"adjustment-{subject.file_stem}",
        rows,
        lambda language: _words(rows, subject, language),
        lambda words, language: _draw(rows, subject, words, language),
    )


def label_steps(rows: pd.DataFrame) -> pd.DataFrame:
    """Add `specification`: what each row holds fixed, by one name; `none` and `all` as such.

    A single covariate is all there is.
    """
    held = pd.Series([read_note(note).get("adjusted", "") for note in rows["note"]], rows.index)
    several = held.str.contains(", ")
    names = held.where(held != "", NONE).mask(several, ALL_OF_THEM)
    alone = (held != "") & ~several.groupby(rows["group"]).transform("any")
    return rows.assign(specification=names.mask(alone, ALL_OF_THEM))


def _words(rows: pd.DataFrame, subject: Subject, language: str) -> Words:
    outcome = subject.outcome_words(language)
    shared = {
        "outcome": outcome,
        "level": subject.level(language),
        "population": subject.population(language),
    }
    ends = rows.pivot_table(
        index="group", columns="specification", values="estimate", dropna=False, sort=False
    ).reindex(columns=[NONE, ALL_OF_THEM])
    change = (ends[ALL_OF_THEM] - ends[NONE]).abs().max()
    headline = say("adjustment.headline_missing", language, outcome=outcome)
    if pd.notna(change):
        shown = number(100 * change, language, rows["digits"].min())
        key = "adjustment.headline_one" if shown == "1" else "adjustment.headline"
        headline = say(key, language, outcome=outcome, change=shown)
    values = say("words.separator", language).join(
        _value(own, subject, language) for _, own in rows.groupby("group", sort=False)
    )
    n = count((rows["n_group"] + rows["n_reference"]).max(), language)
    note = say("adjustment.note", language)
    told = {
        "values": values,
        "held": _held(rows, subject, language),
        "note": note,
        "comparison": say("forest.against_others", language),
    }
    return Words(
        headline,
        say("adjustment.subtitle", language, n=n, **shared),
        note,
        subject.source(language),
        say("adjustment.caption", language, **told, **shared),
        say("adjustment.alt", language, values=values),
    )


def _held(rows: pd.DataFrame, subject: Subject, language: str) -> str:
    """The variables that are held fixed together; empty if none is, or if no gap is shown."""
    notes = rows.loc[rows["specification"] == ALL_OF_THEM, "note"]
    held = {read_note(note).get("adjusted", "") for note in notes} - {""}
    if not held:
        return ""
    names = max(held).split(", ")
    return say("adjustment.held", language, adjusters=subject.covariates(names, language))


def _value(own: pd.DataFrame, subject: Subject, language: str) -> str:
    group = subject.group(own["group"].iloc[0], language)
    missing = own[own["estimate"].isna() & own["specification"].isin([NONE, ALL_OF_THEM])]
    if len(missing):
        reason = subject.reason(missing.iloc[0], language)
        return say("words.item", language, name=group, value=reason)
    parts = {}
    for _, row in own.iterrows():
        name, digits = row["specification"], row["digits"]
        limits = (row["ci_low"], row["ci_high"])
        parts[name] = points(row["estimate"], language, digits)
        parts[f"{name}_interval"] = interval_words(*limits, language, digits)
    first = own.iloc[0]
    said = say(
        "adjustment.value" if ALL_OF_THEM in parts else "adjustment.value_none",
        language,
        group=group,
        **parts,
        **subject.sides(first, language),
    )
    return said + few_words(language, first["n_group"], first["n_reference"])


def _draw(rows: pd.DataFrame, subject: Subject, words: Words, language: str) -> Figure:
    order = list(dict.fromkeys(rows["specification"].sort_values(key=_place, kind="stable")))
    groups = list(dict.fromkeys(rows["group"]))
    titles = [subject.group(group, language) for group in groups]
    figure, panels = frame(
        words,
        ROW_HEIGHT * len(order),
        columns=len(groups),
        key_height=titles_height(titles),
        label_width=2.0,
        right_width=0.3,
        watermark=subject.watermark(language),
    )
    for axes, group in zip(panels, groups, strict=True):
        _draw_steps(axes, rows[rows["group"] == group], order, subject, language)
        if len(groups) <= WIDE_PANELS or group == groups[len(groups) // 2]:
            axes.set_xlabel(say("adjustment.axis", language), color=MUTED)
    name_rows(panels[0], [_step_label(name, subject, language) for name in order])
    for axes in panels:
        draw_zero(axes, rows[["estimate", "ci_low", "ci_high"]], language)
    title_panels(panels, titles)
    return figure


def _draw_steps(
    axes: Axes, own: pd.DataFrame, order: Sequence[str], subject: Subject, language: str
) -> None:
    """Draw the gaps of one category; one that is hidden says so across its panel."""
    for _, row in own.iterrows():
        single = row["specification"] not in (NONE, ALL_OF_THEM)
        values = (row["estimate"], row["ci_low"], row["ci_high"])
        color = SOFT if row["specification"] == NONE else MUTED if single else STRONG
        y = order.index(row["specification"])
        draw_interval(axes, y, values, color=color, hollow=row["specification"] == NONE)
    if own["note"].map(is_hidden).all():
        reason = wrap_label(subject.reason(own.iloc[0], language), HIDDEN_CHARACTERS)
        middle = (len(order) - 1) / 2
        axes.annotate(reason, (0.5, middle), xycoords=("axes fraction", "data"), ha="center",
                      va="center", size=7.8, color=MUTED, backgroundcolor="white")  # fmt: skip


def _place(names: pd.Series) -> pd.Series:
    """Where specifications stand: nothing held fixed first, all last."""
    return names.map({NONE: 0, ALL_OF_THEM: 2}).fillna(1)


def _step_label(name: str, subject: Subject, language: str) -> str:
    if name in (NONE, ALL_OF_THEM):
        return say(f"specification.{name}", language)
    covariate = subject.covariates([name], language)
    return say("specification.only", language, covariate=covariate)
