"""Charts of the time to placement: curves by month, or points at the horizons that are shown."""

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from analysis.estimate.duration.times import FEW_AT_RISK
from analysis.figures.released import against, hidden_rows, missing_mark
from analysis.figures.save import Chart
from analysis.figures.small_sides import hidden_sides, small_sides
from analysis.figures.subject import Subject
from analysis.figures.theme import (
    INK,
    MUTED,
    SOFT,
    STRONG,
    Words,
    frame,
    is_few,
    key_above,
    title_panels,
    titles_height,
    wrap_label,
)
from analysis.figures.wording import count, number, percent, percent_interval, say
from analysis.release.results import is_hidden
from analysis.vocabulary import NON_UNDERSERVED, Contrast, Estimand

HEIGHT: Final = 2.6
RISK_LINE: Final = 0.17
KEY: Final = 0.28
AFTER: Final = {True: 0.04, False: 0.15}
"""Share of the months that a panel, alone or narrow, has room for beyond the last one."""
STEPS: Final = (1, 3, 6, 12, 24)
"""Months between ticks, at which the numbers at risk are written too."""
TICKS: Final = {True: 6, False: 3}
"""Ticks at most, in a panel that is alone and in a narrow one."""
BESIDE: Final = {True: 0.05, False: 0.12}
"""How far the points of both sides stand from their horizon, as a share of what parts two."""
SIDES: Final = (("group", STRONG, "-"), ("reference", SOFT, "--"))


def curves_charts(curves: pd.DataFrame, results: pd.DataFrame, subject: Subject) -> list[Chart]:
    """Curves of the underserved as a whole, and small multiples with a panel a category.

    Parameters
    ----------
    curves
        Released curves: columns `contrast`, `group`, `reference`, `side` (`group` or
        `reference`), `month`, `placed_by` with `ci_low` and `ci_high`, `at_risk`, `digits` and
        `note`, of each month from 0 on. Where only horizons are shown, they are points.
    results
        The released result table of the same comparisons, which has the numbers of persons.
    subject
        What is counted, in the cohort shown.
    """
    rows = _with_persons(curves, results)
    together = rows["contrast"] == Contrast.ANY
    charts = []
    for name, own in (("underserved", rows[together]), ("categories", rows[~together])):
        if len(own):
            charts.append(_chart(f"{subject.file_stem}-{name}", own, subject))
    return charts


def _with_persons(curves: pd.DataFrame, results: pd.DataFrame) -> pd.DataFrame:
    """Add the numbers of persons of both sides, `n_group` and `n_reference`, to each row."""
    keys = ["contrast", "group", "reference"]
    gaps = results[results["estimand"] == Estimand.PLACED_BY_DIFFERENCE]
    # Of a comparison only some horizons may be shown.
    persons = gaps.groupby(keys, sort=False)[["n_group", "n_reference"]].max().reset_index()
    return curves.merge(persons, on=keys, how="left", validate="m:1")


def _chart(identifier: str, rows: pd.DataFrame, subject: Subject) -> Chart:
    return Chart.about(
        subject,
        f"curves-{identifier}",
        rows,
        lambda language: _words(rows, subject, language),
        lambda words, language: _draw(rows, subject, words, language),
    )


def _is_curve(rows: pd.DataFrame) -> bool:
    """Whether rows are of each month, and not of some horizons only."""
    return bool((rows["month"] == 0).any())


def _last_shared(rows: pd.DataFrame) -> int:
    """The last month that every side was followed to."""
    return int(rows.groupby(["group", "side"])["month"].max().min())


# ---- Words --------------------------------------------------------------------------------------


def _words(rows: pd.DataFrame, subject: Subject, language: str) -> Words:
    kind = "" if _is_curve(rows) else "_points"
    last = _last_shared(rows)
    told = [last] if _is_curve(rows) else sorted(rows.loc[rows["month"] <= last, "month"].unique())
    values = ". ".join(
        say(
            "times.values", language, month=number(month, language),
            values=_by_group(
                rows[rows["month"] == month], subject, language,
                lambda row: _share(row, subject, language),
            ),
        )
        for month in told
    )  # fmt: skip
    sides = rows.drop_duplicates(["contrast", "group", "side"])
    note = say("times.note", language) + _remarks(rows, sides, subject, language)
    shared = {
        "level": subject.level(language),
        "population": subject.population(language),
        "comparison": against(rows, language),
        "counts": _by_group(
            sides, subject, language, lambda row: count(row[f"n_{row['side']}"], language)
        ),
        "values": values,
        "note": note,
    }
    return Words(
        _headline(rows, language),
        say(f"times.subtitle{kind}", language, **shared),
        note,
        subject.source(language),
        say(f"times.caption{kind}", language, **shared),
        say(f"times.alt{kind}", language, **shared),
    )


def _remarks(rows: pd.DataFrame, sides: pd.DataFrame, subject: Subject, language: str) -> str:
    """Sentences on small groups, and on horizons that are not shown."""

    def month(row: pd.Series) -> str:
        return say("times.months", language, months=number(row["month"], language))

    hidden = rows[hidden_rows(rows)].drop_duplicates(["contrast", "group", "month"])
    groups = sides.drop_duplicates("group")
    return small_sides(groups, subject, language) + hidden_sides(hidden, subject, language, month)


def _headline(rows: pd.DataFrame, language: str) -> str:
    ends = _told_in_headline(rows)
    if ends.empty:
        return say("times.headline_missing", language)
    told = {"month": number(ends["month"].iloc[0], language)}
    own = ends.loc[ends["side"] == "group", "placed_by"]
    if (ends["contrast"] == Contrast.ANY).all():
        others = ends.loc[ends["side"] == "reference", "placed_by"]
        told |= {"group": percent(own.iloc[0], language, 0)}
        return say(
            "times.headline", language, reference=percent(others.iloc[0], language, 0), **told
        )
    own = own[(ends.loc[own.index, "at_risk"] >= FEW_AT_RISK).fillna(False).astype(bool)]
    if own.empty:
        return say("times.headline_missing", language)
    told |= {"low": percent(own.min(), language, 0), "high": percent(own.max(), language, 0)}
    return say("times.headline_categories", language, **told)


def _told_in_headline(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the last month that every side was followed to, and that is shown of each.

    A group of which nothing is shown is left out; no rows if that leaves no month.
    """
    hidden = hidden_rows(rows)
    shown = rows[rows["group"].isin(rows.loc[~hidden & (rows["side"] == "group"), "group"])]
    if shown.empty:
        return shown
    lacking = hidden[shown.index].groupby(shown["month"]).transform("any")
    told = shown.loc[~lacking & (shown["month"] <= _last_shared(shown)), "month"]
    ends: pd.DataFrame = shown[shown["month"] == told.max()]
    return ends


def _by_group(
    rows: pd.DataFrame, subject: Subject, language: str, write: Callable[[pd.Series], str]
) -> str:
    """What is written of each group and of its reference, once if that is the same for all."""

    def told(row: pd.Series, side: str) -> str:
        name = subject.group(row[side], language)
        if side == "reference" and not shared:
            name = name.lower()
        return say("words.item", language, name=name, value=write(row))

    shared = set(rows["reference"]) == {NON_UNDERSERVED}
    others = rows[rows["side"] == "reference"]
    items = []
    for _, row in rows[rows["side"] == "group"].iterrows():
        item = told(row, "group")
        if not shared:
            item += f", {told(others[others['group'] == row['group']].iloc[0], 'reference')}"
        items.append(item)
    if shared:
        # A comparison that is hidden may lack what the others have of the same reference.
        whole = others[~hidden_rows(others) & others["n_reference"].notna()]
        items.append(told((whole if len(whole) else others).iloc[0], "reference"))
    return say("words.separator", language).join(items)


def _share(row: pd.Series, subject: Subject, language: str) -> str:
    if is_hidden(row["note"]):
        return subject.reason(row, language)
    digits = row["digits"]
    interval = percent_interval(row["ci_low"], row["ci_high"], language, digits)
    return f"{percent(row['placed_by'], language, digits)} ({interval})"


# ---- Drawing ------------------------------------------------------------------------------------


def _draw(rows: pd.DataFrame, subject: Subject, words: Words, language: str) -> Figure:
    groups = list(dict.fromkeys(rows["group"]))
    alone = len(groups) == 1
    titles = [] if alone else [subject.group(group, language) for group in groups]
    below = RISK_LINE * 5 if alone else 0.0
    figure, panels = frame(
        words,
        HEIGHT + below,
        columns=len(groups),
        key_height=KEY + (titles_height(titles) if titles else 0.0),
        label_width=1.9 if alone else 0.6,
        right_width=0.3,
        watermark=subject.watermark(language),
    )
    places = _places(rows, alone=alone)
    for axes, group in zip(panels, groups, strict=True):
        place = axes.get_position()
        lifted = below / figure.get_size_inches()[1]
        axes.set_position((place.x0, place.y0 + lifted, place.width, place.height - lifted))
        own = rows[rows["group"] == group]
        draw = _draw_curves if _is_curve(rows) else _draw_points
        draw(axes, own, subject, language, named=alone)
        axes.grid(axis="y", visible=True)
        _mark_small(axes, own, language)
        if alone:
            _write_at_risk(axes, own, places, subject, language)
    panels[len(panels) // 2].set_xlabel(say("times.axis", language), color=MUTED, labelpad=2)
    if titles:
        title_panels(panels, titles)
    _set_axes(panels[0], rows, places, language, alone=alone)
    key_above(figure, panels[0], above=titles_height(titles) if titles else 0.0)
    return figure


def _side_label(
    own: pd.DataFrame, side: str, subject: Subject, language: str, *, named: bool
) -> str:
    if side == "group" and not named:
        return say("times.group", language)
    return subject.group(own[side].iloc[0], language)


def _draw_curves(
    axes: Axes, rows: pd.DataFrame, subject: Subject, language: str, *, named: bool
) -> None:
    last = int(rows["month"].max())
    for side, color, style in SIDES:
        own = rows[rows["side"] == side].sort_values("month")
        name = _side_label(own, side, subject, language, named=named)
        # A little beyond the last month, for its step to be seen.
        beyond = own["month"].max() + AFTER[True] * last
        own = pd.concat([own, own.tail(1).assign(month=beyond)])
        axes.step(own["month"], own["placed_by"], where="post", color=color, linestyle=style,
                  linewidth=1.8, label=name)  # fmt: skip
        axes.fill_between(own["month"], own["ci_low"], own["ci_high"], step="post", color=color,
                          alpha=0.16, linewidth=0)  # fmt: skip


def _draw_points(
    axes: Axes, rows: pd.DataFrame, subject: Subject, language: str, *, named: bool
) -> None:
    """Both sides beside each other at each horizon, or that they are not shown."""
    months = sorted(rows["month"].unique())
    for (side, color, _), offset in zip(SIDES, (-BESIDE[named], BESIDE[named]), strict=True):
        own = rows[rows["side"] == side].set_index("month").reindex(months)
        x = np.arange(len(months)) + offset
        axes.vlines(x, own["ci_low"], own["ci_high"], color=color, linewidth=1.6)
        axes.plot(x, own["placed_by"], "o", markersize=6, color=color, markeredgewidth=1.5,
                  markerfacecolor=color if side == "group" else "white",
                  label=_side_label(rows, side, subject, language, named=named))  # fmt: skip
    hidden = rows[hidden_rows(rows)].drop_duplicates("month")
    for _, row in hidden.iterrows():
        mark = missing_mark(row["note"], language).replace(" ", "\n")
        axes.annotate(mark, (months.index(row["month"]), 0.03), size=7.4, color=MUTED,
                      xycoords=("data", "axes fraction"), ha="center", va="bottom")  # fmt: skip


def _places(rows: pd.DataFrame, *, alone: bool) -> dict[int, float]:
    """Months that are written below the axes, and where: curves to scale, points in order."""
    if not _is_curve(rows):
        return {int(month): place for place, month in enumerate(sorted(rows["month"].unique()))}
    last = int(rows["month"].max())
    return {month: month for month in range(0, last + 1, tick_step(last, alone=alone))}


def _set_axes(
    axes: Axes, rows: pd.DataFrame, places: dict[int, float], language: str, *, alone: bool
) -> None:
    """Limits and ticks of all panels, which share them."""
    last = int(rows["month"].max())
    highest = rows[["placed_by", "ci_high"]].max().max()
    axes.set_ylim(0, min(1.0, 1.08 * highest) or 1.0 if pd.notna(highest) else 1.0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: percent(y, language, 0)))
    if _is_curve(rows):
        axes.set_xlim(0, (1 + AFTER[alone]) * last or 1)
        axes.xaxis.set_major_locator(MultipleLocator(tick_step(last, alone=alone)))
        return
    axes.set_xlim(-0.5, len(places) - 0.5)
    axes.set_xticks(list(places.values()), [number(month, language) for month in places])


def _mark_small(axes: Axes, rows: pd.DataFrame, language: str) -> None:
    """Say in the panel of a group of few that it is indicative."""
    first = rows.iloc[0]
    if is_few(first["n_group"], first["n_reference"]):
        text = wrap_label(say("words.small_group", language), 16)
        axes.annotate(text, (0.05, 0.97), xycoords="axes fraction", va="top", size=7.4,
                      color=MUTED)  # fmt: skip


def tick_step(last: int, *, alone: bool) -> int:
    """Months between ticks up to a last month, in a panel that is alone or in a narrow one."""
    fitting = (step for step in STEPS if last / step <= TICKS[alone])
    return next(fitting, STEPS[-1])


def _write_at_risk(
    axes: Axes, rows: pd.DataFrame, places: dict[int, float], subject: Subject, language: str
) -> None:
    """Numbers at risk of both sides below the axis, as an analyst of survival expects."""
    axes.annotate(say("times.at_risk", language), (0, 0), xycoords="axes fraction",
                  xytext=(-18, -36), textcoords="offset points", ha="right", va="center",
                  size=7.8, color=MUTED)  # fmt: skip
    for line, (side, color, _) in enumerate(SIDES):
        own = rows[rows["side"] == side].set_index("month")["at_risk"]
        height = -55 - 21 * line
        name = wrap_label(subject.group(rows[side].iloc[0], language), 24)
        axes.annotate(name, (0, 0), xytext=(-18, height), xycoords="axes fraction",
                      textcoords="offset points", ha="right", va="center", size=7.6,
                      color=color)  # fmt: skip
        for month, place in places.items():
            if month not in own.index:
                continue
            axes.annotate(count(own.loc[month], language), (place, 0), xytext=(0, height),
                          xycoords=("data", "axes fraction"), textcoords="offset points",
                          ha="center", va="center", size=7.6, color=INK)  # fmt: skip
