"""Charts of the scoreboard: what was found against the goals, and career outcomes by year."""

from collections.abc import Mapping
from typing import Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.figures.amounts import amount_with_interval, row_amount
from analysis.figures.save import Chart
from analysis.figures.scores import (
    goal_words,
    missing_words,
    persons_words,
    progress,
    progress_words,
    score_label,
    verdict_words,
)
from analysis.figures.subject import Subject
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
from analysis.figures.wording import number, percent, say
from analysis.impact.measures import MeasureUnit
from analysis.impact.scoreboard import OUTCOMES, REPORTED, Verdict
from analysis.vocabulary import ALL

PUBLISHED: Final = "data/raw/published"
ROW_HEIGHT: Final = 0.7
STYLES: Final[Mapping[str, tuple[str, str]]] = {
    Verdict.REACHED: (STRONG, ""),
    Verdict.OPEN: ("white", "///"),
    Verdict.MISSED: ("white", ""),
}
"""Face and hatch of bars by verdict: colour is not the only sign."""


# ---- Goals --------------------------------------------------------------------------------------


def goals_chart(rows: pd.DataFrame, subject: Subject) -> Chart:
    """Bars from zero to what was found, in percent of each goal.

    Parameters
    ----------
    rows
        See `analysis.impact.scoreboard.goal_rows`; at least one.
    subject
        Any outcome of the study, in the cohort shown.
    """
    return Chart.about(
        subject,
        "scoreboard-goals",
        rows,
        lambda language: _goal_words(rows, subject, language),
        lambda words, language: _draw_goals(rows, subject, words, language),
        sources=[PUBLISHED],
    )


def _goal_words(rows: pd.DataFrame, subject: Subject, language: str) -> Words:
    values = say("words.separator", language).join(
        _goal_value(row, subject, language) for _, row in rows.iterrows()
    )
    shared = {
        "year": rows["period"].iloc[0],
        "level": subject.level(language),
        "population": subject.population(language),
        "values": values,
    }
    parts = ("subtitle", "note", "caption", "alt")
    said = {part: say(f"scoreboard_goals.{part}", language, **shared) for part in parts}
    return Words(headline=_goals_headline(rows, language), source=subject.source(language), **said)


def _goals_headline(rows: pd.DataFrame, language: str) -> str:
    found = rows["verdict"].value_counts()
    reached, undecided = (found.get(verdict, 0) for verdict in (Verdict.REACHED, Verdict.OPEN))
    kind = "headline_open" if undecided else "headline_one" if reached == 1 else "headline"
    total = len(rows) - found.get(Verdict.NOT_SHOWN, 0)
    counts = {"reached": reached, "total": total, "open": undecided}
    return say(
        f"scoreboard_goals.{kind if total else 'headline_missing'}",
        language,
        year=rows["period"].iloc[0],
        **{name: number(value, language) for name, value in counts.items()},
    )


def _goal_value(row: pd.Series, subject: Subject, language: str) -> str:
    counted = row["unit"] != MeasureUnit.SHARE
    shown = pd.notna(row["estimate"])
    return say(
        f"scoreboard_goals.{'value_counted' if counted or not shown else 'value'}",
        language,
        label=score_label(row, subject.study, language),
        found=amount_with_interval(row, language)
        if shown
        else missing_words(row, subject, language),
        n=persons_words(row, language),
        goal=goal_words(row, language),
        verdict=verdict_words(row, language),
    )


def _draw_goals(rows: pd.DataFrame, subject: Subject, words: Words, language: str) -> Figure:
    figure, (axes,) = frame(
        words,
        ROW_HEIGHT * len(rows) + 0.25,
        label_width=2.5,
        right_width=2.1,
        watermark=subject.watermark(language),
    )
    labels = []
    for y, (_, row) in enumerate(rows.iterrows()):
        _draw_progress(axes, y, row)
        label_beside(axes, y, _progress_label(row, language), linespacing=1.3)
        goal = say("scoreboard.goal", language, goal=goal_words(row, language))
        labels.append(f"{wrap_label(score_label(row, subject.study, language))}\n{goal}")
    name_rows(axes, labels)
    axes.set_ylim(len(rows) - 0.5, -0.85)
    reach = [
        progress(row, column) for _, row in rows.iterrows() for column in ("estimate", "ci_high")
    ]
    axes.set_xlim(0, max([1.0, *(value for value in reach if pd.notna(value))]) * 1.06)
    _draw_goal_line(axes, 1.0, say("scoreboard.goal_line", language))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: percent(x, language, 0)))
    axes.set_xlabel(say("scoreboard_goals.axis", language), color=MUTED)
    return figure


def _draw_progress(axes: Axes, y: float, row: pd.Series) -> None:
    length, low, high = (progress(row, name) for name in ("estimate", "ci_low", "ci_high"))
    if pd.isna(length):
        return
    face, hatch = STYLES[row["verdict"]]
    axes.barh(y, length, height=0.5, color=face, hatch=hatch, edgecolor=STRONG, linewidth=1.2)
    if pd.notna(low):
        axes.plot([low, high], [y, y], color=INK, linewidth=2.2, solid_capstyle="butt")


def _progress_label(row: pd.Series, language: str) -> str:
    """What was found, which part of the goal that is, and whether it is reached."""
    found = amount_with_interval(row, language)
    if pd.isna(row["estimate"]):
        return found
    part = say("scoreboard.of_the_goal", language, share=progress_words(row, language))
    if row["unit"] == MeasureUnit.SHARE:
        n = say("words.n", language, n=persons_words(row, language))
        part = say("words.separator", language).join((n, part))
    return f"{found}\n{part}\n{wrap_label(verdict_words(row, language), 26)}"


def _draw_goal_line(axes: Axes, x: float, text: str) -> None:
    """A line at the goal, named at its upper end."""
    axes.axvline(x, color=SOFT, linewidth=1.6, linestyle=(0, (4, 2)), zorder=4)
    axes.annotate(
        text,
        (x, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-4, -2),
        textcoords="offset points",
        ha="right",
        va="top",
        size=8.4,
        color=SOFT,
    )


# ---- Career outcomes ----------------------------------------------------------------------------


def outcome_years_chart(board: pd.DataFrame, subject: Subject) -> Chart:
    """Bars of the career outcomes counted and reported by year, with the goal for each year.

    Parameters
    ----------
    board
        See `analysis.impact.scoreboard.scoreboard`; has career outcomes.
    subject
        Any outcome of the study.
    """
    rows = board[board["measure"].isin([OUTCOMES, REPORTED]) & (board["group"] == ALL)]
    rows = rows.reset_index(drop=True)

    def words(language: str) -> Words:
        values = say("words.separator", language).join(
            say("words.item", language, name=year, value=", ".join(_year_lines(own, language)))
            for year, own in _by_year(rows).items()
        )
        parts = ("subtitle", "note", "caption", "alt")
        said = {part: say(f"scoreboard_years.{part}", language, values=values) for part in parts}
        headline = _years_headline(rows, subject, language)
        return Words(headline=headline, source=subject.source(language), **said)

    return Chart.about(
        subject,
        "scoreboard-outcomes-by-year",
        rows,
        words,
        lambda words, language: _draw_years(rows, subject, words, language),
        sources=[PUBLISHED] if rows["goal"].notna().any() else [],
    )


def _by_year(rows: pd.DataFrame) -> dict[str, dict[str, pd.Series]]:
    """Rows by year and measure."""
    found: dict[str, dict[str, pd.Series]] = {}
    for _, row in rows.iterrows():
        found.setdefault(row["period"], {})[row["measure"]] = row
    return found


def _year_lines(own: Mapping[str, pd.Series], language: str) -> list[str]:
    """What was counted and reported in a year, and which part of its goal the former is."""
    lines = [
        say(f"scoreboard_years.{name}", language, value=row_amount(own[measure], language))
        for measure, name in ((OUTCOMES, "counted"), (REPORTED, "reported"))
    ]
    if pd.notna(progress(own[OUTCOMES])):
        share = progress_words(own[OUTCOMES], language)
        lines.append(say("scoreboard.of_the_goal", language, share=share))
    return lines


def _years_headline(rows: pd.DataFrame, subject: Subject, language: str) -> str:
    """The cohort's year, or the last one shown."""
    counted = rows[(rows["measure"] == OUTCOMES) & rows["estimate"].notna()]
    own = counted[counted["period"] == subject.cohort]
    if counted.empty:
        return say("scoreboard_years.headline_missing", language)
    row = (counted if own.empty else own).iloc[-1]
    return say(
        f"scoreboard_years.{'headline_alone' if pd.isna(row['goal']) else 'headline'}",
        language,
        counted=row_amount(row, language),
        year=row["period"],
        share=progress_words(row, language),
    )


def _draw_years(rows: pd.DataFrame, subject: Subject, words: Words, language: str) -> Figure:
    years = _by_year(rows)
    figure, (axes,) = frame(
        words,
        0.58 * len(years) + 0.25,
        key_height=0.3,
        label_width=0.75,
        right_width=1.75,
        watermark=subject.watermark(language),
    )
    for y, own in enumerate(years.values()):
        lengths = [own[measure]["estimate"] for measure in (REPORTED, OUTCOMES)]
        draw_pair(axes, y, lengths, 0.5, language, named=y == 0)
        label_beside(axes, y, "\n".join(_year_lines(own, language)), size=8)
    name_rows(axes, list(years))
    axes.set_ylim(len(years) - 0.5, -0.85)
    goals = rows["goal"].dropna()
    axes.set_xlim(0, 1.06 * max([1.0, *rows["estimate"].dropna(), *goals]))
    if len(goals):
        goal = rows[rows["goal"].notna()].iloc[-1]
        text = say("scoreboard.goal", language, goal=goal_words(goal, language))
        _draw_goal_line(axes, float(goal["goal"]), text)
    count_axis(axes, language, say("scoreboard_years.axis", language))
    key_above(figure, axes)
    return figure


def draw_pair(
    axes: Axes, y: float, lengths: list[float], height: float, language: str, *, named: bool
) -> None:
    """A bar of what was reported, as an outline, and over it a filled one of what counts."""
    faces = ("white", STRONG)
    for length, face, name in zip(lengths, faces, ("reported", "counted"), strict=True):
        shown = 0.0 if pd.isna(length) else float(length)
        label = say(f"scoreboard.{name}", language) if named else None
        axes.barh(y, shown, height=height, color=face, edgecolor=STRONG, linewidth=1.0,
                  label=label)  # fmt: skip


def count_axis(axes: Axes, language: str, label: str, most: int = 4) -> None:
    """Write whole numbers along an axis, at most so many steps, and what they count."""
    axes.xaxis.set_major_locator(MaxNLocator(nbins=most, integer=True, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: number(x, language)))
    axes.set_xlabel(label, color=MUTED)
