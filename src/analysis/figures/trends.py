"""Chart and table of gaps by cohort year."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.forest import draw_pair, draw_zero, pair_gaps
from analysis.figures.panels import part_ticks
from analysis.figures.released import (
    adjusters,
    against,
    alike,
    gap_words,
    hidden_rows,
    missing_mark,
    most_persons,
    points_of,
)
from analysis.figures.save import Chart
from analysis.figures.small_sides import hidden_sides, small_sides
from analysis.figures.subject import Subject
from analysis.figures.tables import (
    DASH,
    show,
    show_message,
    spread,
    with_interval,
    with_reasons,
)
from analysis.figures.theme import (
    MUTED,
    WIDE_PANELS,
    Words,
    frame,
    key_above,
    name_rows,
    title_panels,
    titles_height,
)
from analysis.figures.wording import capitalise, points, say
from analysis.vocabulary import Contrast, Estimand

ROW_HEIGHT = 0.5
KEY = 0.28
YEARS = ">"
"""Between two cohorts in the term of a change."""
TOLD = {"adjusted": "trend.told_adjusted", "raw": "trend.told_raw"}
"""Which gap the headline tells."""


def trend_chart(results: pd.DataFrame, subject: Subject) -> Chart:
    """Small multiples, one panel a group, of its raw and adjusted gap by cohort.

    Parameters
    ----------
    results
        The result table of `gap_trends`.
    subject
        The outcome to show.
    """
    contrasts = tuple(Contrast(name) for name in results["contrast"].unique())
    pairs = _told(pair_gaps(results, subject, contrasts))
    return Chart.about(
        subject,
        f"trend-{subject.file_stem}",
        pairs,
        lambda language: _words(pairs, subject, language),
        lambda words, language: _draw(pairs, subject, words, language),
    )


def _told(pairs: pd.DataFrame) -> pd.DataFrame:
    """Gaps of the cohorts from the first to the last that has any; all if none has."""
    years = pairs["term"].unique()
    known = pairs[["estimate_raw", "estimate_adjusted"]].notna().any(axis=1)
    told = [place for place, year in enumerate(years) if known[pairs["term"] == year].any()]
    shown = years[told[0] : told[-1] + 1] if told else years
    return pairs[pairs["term"].isin(shown)].reset_index(drop=True)


def _words(pairs: pd.DataFrame, subject: Subject, language: str) -> Words:
    separator = say("words.separator", language)
    values = separator.join(
        say(
            "words.item",
            language,
            name=subject.group(str(group), language),
            value=", ".join(_value(row, subject, language) for _, row in own.iterrows()),
        )
        for group, own in pairs.groupby("group", sort=False)
    )
    note = _note(pairs, subject, language)
    kind = _kind_told(pairs)
    told = f" {say(TOLD[kind], language)}" if kind else ""
    shared = {
        "outcome": subject.outcome_words(language),
        "level": subject.level(language),
        "population": subject.everyone(language),
        "comparison": against(pairs, language),
        "n": most_persons(pairs, language),
        "values": values,
        "note": note + told,
    }
    return Words(
        _headline(pairs, subject, kind, language),
        say("trend.subtitle", language, **shared) + told,
        note,
        subject.source(language),
        say("trend.caption", language, **shared),
        say("trend.alt", language, **shared),
    )


def _note(pairs: pd.DataFrame, subject: Subject, language: str) -> str:
    def year(row: pd.Series) -> str:
        return str(row["term"])

    names = adjusters(pairs["note_adjusted"], subject, language)
    held = say("trend.held", language, adjusters=names) if names else ""
    return (
        say("trend.note", language, held=held)
        + small_sides(pairs, subject, language, year)
        + hidden_sides(pairs, subject, language, year, note="note_adjusted")
    )


def _kind_told(pairs: pd.DataFrame) -> str | None:
    """Which gap of the first group is known in two cohorts: the adjusted one, else the raw one."""
    first = pairs[pairs["group"] == pairs["group"].iloc[0]]
    kinds = (kind for kind in ("adjusted", "raw") if first[f"estimate_{kind}"].count() > 1)
    return next(kinds, None)


def _headline(pairs: pd.DataFrame, subject: Subject, kind: str | None, language: str) -> str:
    outcome = subject.outcome_words(language)
    if kind is None:
        return say("trend.headline_missing", language, outcome=outcome)
    estimate = f"estimate_{kind}"
    first = pairs[pairs["group"] == pairs["group"].iloc[0]].dropna(subset=estimate)
    early, late = alike([first.iloc[0], first.iloc[-1]], f"_{kind}")
    return say(
        "trend.headline",
        language,
        outcome=capitalise(outcome),
        first=early["term"],
        early=points_of(early, language, f"_{kind}"),
        last=late["term"],
        late=points_of(late, language, f"_{kind}"),
    )


def _value(row: pd.Series, subject: Subject, language: str) -> str:
    if row[["estimate_raw", "estimate_adjusted"]].isna().all():
        return f"{row['term']} {missing_mark(row['note_adjusted'], language)}"
    gaps = {
        kind: missing_mark(row[f"note_{kind}"], language)
        if pd.isna(row[f"estimate_{kind}"])
        else gap_words(row, language, f"_{kind}")
        for kind in ("raw", "adjusted")
    }
    return say("trend.value", language, year=row["term"], **gaps, **subject.sides(row, language))


def _draw(pairs: pd.DataFrame, subject: Subject, words: Words, language: str) -> Figure:
    years, groups = list(dict.fromkeys(pairs["term"])), list(dict.fromkeys(pairs["group"]))
    titles = [subject.group(group, language) for group in groups]
    figure, panels = frame(
        words,
        ROW_HEIGHT * len(years),
        columns=len(groups),
        key_height=titles_height(titles) + KEY,
        label_width=0.9,
        right_width=0.3,
        watermark=subject.watermark(language),
    )
    for axes, group in zip(panels, groups, strict=True):
        own = pairs[pairs["group"] == group]
        for _, row in own.iterrows():
            draw_pair(axes, years.index(row["term"]), row, language)
        for _, row in own[hidden_rows(own, "note_adjusted")].iterrows():
            mark = missing_mark(row["note_adjusted"], language)
            axes.text(0.5, years.index(row["term"]), mark, size=7.4, color=MUTED, ha="center",
                      va="center", transform=axes.get_yaxis_transform())  # fmt: skip
        draw_zero(axes, pairs.filter(regex="^(ci_|estimate_)"), language)
        if len(groups) <= WIDE_PANELS or group == groups[len(groups) // 2]:
            axes.set_xlabel(say("adjustment.axis", language), color=MUTED)
    name_rows(panels[0], years)
    title_panels(panels, titles)
    part_ticks(panels)
    key_above(figure, panels[0], above=titles_height(titles))
    return figure


def show_changes(results: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show how each gap changed between two cohorts, and by what.

    Parameters
    ----------
    results
        The result table of `gap_trends`.
    subject
        The outcome to show.
    language
        The language to show.
    """
    estimands = {
        Estimand.CHANGE: ("change_gap", points),
        Estimand.CHANGE_COMPOSITION: ("change_composition", points),
        Estimand.CHANGE_RATES: ("change_rates", points),
    }
    rows = subject.rows(results, estimand=list(estimands))
    rows = rows[rows["estimate"].notna().groupby(rows["term"]).transform("any")]
    if rows.empty:
        show_message("trend.no_change", language)
        return
    by = ["contrast", "group", "term"]
    logit = rows["method"].str.startswith("logit")
    adjusted = rows[logit].set_index(by)

    def make(each: str) -> pd.DataFrame:
        def change(row: pd.Series) -> pd.Series:
            found: pd.Series = adjusted.loc[tuple(row[by])]
            return found

        leading = {
            "group": lambda row: subject.group(row["group"], each),
            "years": lambda row: row["term"].replace(YEARS, " → "),
            "change_adjusted": lambda row: with_interval(change(row), points, each),
            "p_adjusted": lambda row: _p_value(change(row)["p_adjusted"], subject, each),
        }
        table = spread(rows[~logit], by, leading, estimands, each)
        lines = [own for _, own in rows.groupby(by, sort=False)]
        return with_reasons(table, lines, subject, each)

    show(make, language)


def _p_value(value: float, subject: Subject, language: str) -> str:
    return DASH if pd.isna(value) else subject.p_words(value, language)
