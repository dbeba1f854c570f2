"""Comparison of runs: one question's estimate in each run of a sweep, side by side.

Few runs are rows with their parameters written out; many are columns in the order of the first
group's estimates, with marks below that say which values each run had, as in a specification
curve (Simonsohn, Simmons and Nelson 2020, figure 2).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.figures.choices import Choices
from analysis.figures.forest import KINDS, draw_zero
from analysis.figures.released import excludes_zero
from analysis.figures.save import Chart
from analysis.figures.specifications import CHOICE_HEIGHT
from analysis.figures.subject import Subject
from analysis.figures.theme import (
    INK,
    MUTED,
    SOFT,
    STRONG,
    Words,
    draw_interval,
    frame,
    name_rows,
    wrap_label,
)
from analysis.figures.wording import (
    capitalise,
    number,
    points,
    say,
)
from analysis.vocabulary import Estimand

FEW: Final = 12
"""So many runs have room for their parameters in words."""
LABEL_CHARACTERS: Final = 38
LINE_HEIGHT: Final = 0.165
PANEL_HEIGHT: Final = 0.85
PANEL_GAP: Final = 0.3
BESIDE_EACH_OTHER: Final = 3
ROW_GAP: Final = 0.13
BLOCK_GAP: Final = 0.95
TITLE_HEIGHT: Final = 0.5
MEASURES: Final = (
    (Estimand.ADJUSTED_DIFFERENCE, "logit"),
    (Estimand.ADJUSTED_DIFFERENCE, ""),
    (Estimand.ADJUSTED_PLACED_BY_DIFFERENCE, ""),
    (Estimand.DIFFERENCE, "linear"),
    (Estimand.DIFFERENCE, ""),
)
"""What is compared, by how its method begins: the first that a sweep has."""


def compared(estimates: pd.DataFrame) -> pd.DataFrame:
    """The rows that figures compare: one a run, outcome, contrast and group.

    Parameters
    ----------
    estimates
        The table of a sweep; see `analysis.runs.sweep.gather_estimates`.

    Returns
    -------
    pandas.DataFrame
        Of the first of `MEASURES` that there is; no rows if there is none.
    """
    for estimand, method in MEASURES:
        rows = estimates[
            (estimates["estimand"] == estimand)
            & estimates["method"].str.startswith(method)
            & (estimates["contrast"] != "")
        ]
        if len(rows):
            keys = ["run", "study", "outcome", "contrast", "group"]
            return rows.drop_duplicates(keys).reset_index(drop=True)
    return estimates.iloc[:0]


def comparison_chart(rows: pd.DataFrame, subject: Subject, kind: str, choices: Choices) -> Chart:
    """The gap of each group in every run, against one kind of reference.

    Parameters
    ----------
    rows
        What `compared` gives.
    subject
        Study and outcome to show; its cohort is the one of all runs, None if they differ.
    kind
        One of `analysis.figures.forest.KINDS`.
    choices
        The parameters that vary.
    """
    shown = subject.rows(rows, contrast=list(KINDS[kind]))
    shown = shown[shown["study"] == subject.study.name].reset_index(drop=True)
    ordered = _in_order(shown)
    columns = {name: column for name, column in choices.columns.items()
               if shown[column].nunique() > 1}  # fmt: skip
    own = Choices(choices.study, columns)
    stem = f"{subject.study.name}-{subject.outcome}-{kind}".replace("_", "-").replace("+", "-")
    return Chart.about(
        subject,
        f"comparison-{stem}",
        ordered.drop(columns="data", errors="ignore"),
        lambda language: _words(ordered, subject, kind, language),
        lambda words, language: _draw(ordered, subject, own, words, language),
    )


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Runs by the first group's estimate, those without one last; of each the groups in order."""
    groups = list(dict.fromkeys(rows["group"]))
    first = rows[rows["group"] == groups[0]].set_index("run")["estimate"]
    order = first.sort_values(kind="stable", na_position="last").index
    missing = [run for run in dict.fromkeys(rows["run"]) if run not in first.index]
    place = {run: at for at, run in enumerate([*order, *missing])}
    keyed = rows.assign(_run=rows["run"].map(place), _group=rows["group"].map(groups.index))
    keyed = keyed.sort_values(["_run", "_group"], kind="stable", ignore_index=True)
    return keyed.drop(columns=["_run", "_group"])


def _words(rows: pd.DataFrame, subject: Subject, kind: str, language: str) -> Words:
    groups = list(_groups(rows))
    runs, missing = rows["run"].nunique(), int(rows["estimate"].isna().sum())
    estimand = rows["estimand"].iloc[0]
    shared = {
        "outcome": capitalise(subject.outcome_words(language)),
        "measure": say(f"estimands.{estimand}", language),
        "group": subject.group(groups[0][0], language),
        "runs": number(runs, language),
        "comparison": say(f"forest.against_{kind}", language),
        "population": subject.population(language),
    }
    values = say("words.separator", language).join(
        _range(name, part, subject, language) for name, part in groups
    )
    notes = [say("sweep.figure_note", language, **shared)]
    if missing:
        shown = {"missing": number(missing, language), "total": number(len(rows), language)}
        notes.append(say("sweep.figure_missing", language, **shown))
    note = " ".join(notes)
    return Words(
        _headline(groups[0][1], shared, language),
        say("sweep.figure_subtitle", language, **shared),
        note,
        subject.source(language),
        say("sweep.figure_caption", language, values=values, note=note, **shared),
        say("sweep.figure_alt", language, values=values, **shared),
    )


def _groups(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each group with its rows, in the order of the table."""
    for name in dict.fromkeys(rows["group"]):
        yield str(name), rows[rows["group"] == name]


def _headline(rows: pd.DataFrame, shared: Mapping[str, str], language: str) -> str:
    told = rows.dropna(subset="estimate")
    if told.empty:
        return say("sweep.headline_none", language, **shared)
    least, most = _limits(told, language)
    key = "sweep.headline_one" if least == most else "sweep.headline"
    return say(key, language, least=least, most=most, **shared)


def _limits(rows: pd.DataFrame, language: str) -> tuple[str, str]:
    """The least and the greatest estimate in points."""
    digits = int(rows["digits"].max())
    least, most = rows["estimate"].min(), rows["estimate"].max()
    return points(least, language, digits), points(most, language, digits)


def _range(name: str, rows: pd.DataFrame, subject: Subject, language: str) -> str:
    """A group's estimates over the runs, and how many of their intervals exclude zero."""
    group, told = subject.group(name, language), rows.dropna(subset="estimate")
    if told.empty:
        absence = subject.absence(rows.iloc[0], language)
        return say("words.item", language, name=group, value=absence)
    least, most = _limits(told, language)
    return say(
        "sweep.figure_range_one" if least == most else "sweep.figure_range",
        language,
        group=group,
        least=least,
        most=most,
        sure=number(excludes_zero(told).sum(), language),
        intervals=number(told["ci_low"].notna().sum(), language),
    )


def _draw(
    rows: pd.DataFrame, subject: Subject, choices: Choices, words: Words, language: str
) -> Figure:
    runs = rows.drop_duplicates("run").reset_index(drop=True)
    if len(runs) <= FEW:
        return _draw_few(rows, runs, subject, choices, words, language)
    return _draw_many(rows, runs, subject, choices, words, language)


def _draw_few(
    rows: pd.DataFrame,
    runs: pd.DataFrame,
    subject: Subject,
    choices: Choices,
    words: Words,
    language: str,
) -> Figure:
    """A row a run, a panel a group; a few panels side by side, the others below them."""
    groups = list(_groups(rows))
    labels = [
        wrap_label(choices.run(run, language), LABEL_CHARACTERS) for _, run in runs.iterrows()
    ]
    lines = max(label.count("\n") + 1 for label in labels)
    own = len(runs) * (ROW_GAP + LINE_HEIGHT * lines)
    blocks = -(-len(groups) // BESIDE_EACH_OTHER)
    figure, (whole,) = frame(
        words,
        blocks * own + (blocks - 1) * BLOCK_GAP,
        key_height=TITLE_HEIGHT,
        label_width=2.75,
        right_width=0.25,
        watermark=subject.watermark(language),
    )
    place, height = whole.get_position(), figure.get_size_inches()[1]
    whole.remove()
    width = place.width / min(BESIDE_EACH_OTHER, len(groups))
    at = {run: y for y, run in enumerate(runs["run"])}
    for number_of, (name, part) in enumerate(groups):
        block, column = divmod(number_of, BESIDE_EACH_OTHER)
        top = place.y1 - block * (own + BLOCK_GAP) / height
        axes = figure.add_axes(
            (place.x0 + column * width, top - own / height, 0.86 * width, own / height)
        )
        _draw_rows(axes, part, at, language)
        name_rows(axes, labels if column == 0 else [""] * len(labels))
        axes.tick_params(axis="y", labelsize=7.6)
        axes.set_title(wrap_label(subject.group(name, language), 20), size=8.6, loc="left")
        if block == blocks - 1:
            axes.set_xlabel(say("specifications.gap_axis", language), color=MUTED)
    return figure


def _draw_rows(axes: Axes, rows: pd.DataFrame, at: Mapping[int, int], language: str) -> None:
    for (_, row), sure in zip(rows.iterrows(), excludes_zero(rows), strict=True):
        values = (row["estimate"], row["ci_low"], row["ci_high"])
        color = STRONG if sure else SOFT
        draw_interval(axes, at[row["run"]], values, color=color, hollow=not sure)
    draw_zero(axes, rows[["estimate", "ci_low", "ci_high"]], language)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))


def _draw_many(
    rows: pd.DataFrame,
    runs: pd.DataFrame,
    subject: Subject,
    choices: Choices,
    words: Words,
    language: str,
) -> Figure:
    """A column a run: the groups below each other, then a line a value of what varies."""
    groups, lines = list(_groups(rows)), list(_lines(runs, choices, language))
    upper, lower = len(groups) * (PANEL_HEIGHT + PANEL_GAP), CHOICE_HEIGHT * len(lines)
    figure, (whole,) = frame(
        words, upper + lower, label_width=2.5, right_width=0.3,
        watermark=subject.watermark(language),
    )  # fmt: skip
    place, height = whole.get_position(), figure.get_size_inches()[1]
    whole.remove()
    at = {run: x for x, run in enumerate(runs["run"])}
    for number_of, (name, part) in enumerate(groups):
        top = place.y1 - (number_of * (PANEL_HEIGHT + PANEL_GAP) + PANEL_GAP * 0.7) / height
        axes = figure.add_axes(
            (place.x0, top - PANEL_HEIGHT / height, place.width, PANEL_HEIGHT / height)
        )
        _draw_panel(axes, part, at, language)
        axes.set_ylim(*_span(part))
        axes.set_title(subject.group(name, language), size=8.6, loc="left", pad=3)
    marks = figure.add_axes((place.x0, place.y0, place.width, lower / height))
    _draw_marks(marks, runs, lines)
    marks.set_xlabel(say("sweep.runs_axis", language), color=MUTED)
    return figure


def _span(rows: pd.DataFrame) -> tuple[float, float]:
    """The range of a panel, with zero in it."""
    ends = rows[["estimate", "ci_low", "ci_high"]]
    low, high = np.nanmin([0.0, *ends.min()]), np.nanmax([0.0, *ends.max()])
    room = 0.08 * (high - low or 0.1)
    return low - room, high + room


def _draw_panel(axes: Axes, rows: pd.DataFrame, at: Mapping[int, int], language: str) -> None:
    places = rows["run"].map(at).to_numpy()
    sure = excludes_zero(rows).to_numpy(dtype=bool)
    values = {name: rows[name].to_numpy(dtype=float) for name in ("estimate", "ci_low", "ci_high")}
    axes.axhline(0, color=INK, linewidth=1)
    colors = np.where(sure, STRONG, SOFT).tolist()
    axes.vlines(places, values["ci_low"], values["ci_high"], color=colors, linewidth=1.0)
    for mask, color, face in ((sure, STRONG, STRONG), (~sure, SOFT, "white")):
        axes.plot(places[mask], values["estimate"][mask], "o", markersize=3.2, color=color,
                  markerfacecolor=face)  # fmt: skip
    axes.grid(axis="x", visible=False)
    axes.grid(axis="y", visible=True)
    axes.set_xlim(-1, len(at))
    axes.set_xticks([])
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: points(y, language, 0)))


Line = tuple[str, str, str]
"""Column of a parameter, one of its values, and the label of both."""


def _lines(runs: pd.DataFrame, choices: Choices, language: str) -> Iterator[Line]:
    for name, column in choices.columns.items():
        for value in dict.fromkeys(runs.sort_values("run")[column].astype(str)):
            yield column, value, choices.label(name, value, language)


def _draw_marks(axes: Axes, runs: pd.DataFrame, lines: Sequence[Line]) -> None:
    for y, (column, value, _) in enumerate(lines):
        made = np.flatnonzero(runs[column].astype(str) == value)
        axes.plot(made, np.full(len(made), y), "s", markersize=2.6, color=INK)
        if y and lines[y - 1][0] != column:
            axes.axhline(y - 0.5, color=MUTED, linewidth=0.6)
    labels = [label if len(label) <= 44 else label[:43] + "…" for _, _, label in lines]
    axes.set_yticks(range(len(lines)), labels, fontsize=7.2)
    axes.set_ylim(max(len(lines), 1) - 0.5, -0.5)
    axes.set_xlim(-1, len(runs))
    axes.set_xticks([])
    axes.grid(visible=False)
