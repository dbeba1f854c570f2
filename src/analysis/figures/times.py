"""Charts and tables of the time to placement: curves with numbers at risk, and horizons."""

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from analysis.estimate.duration.times import FEW_AT_RISK
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.tables import DASH, comparison, ratio, show, with_interval
from analysis.figures.theme import (
    INK,
    MUTED,
    SMALL_GROUP,
    SOFT,
    STRONG,
    Words,
    frame,
    key_above,
    title_panels,
    titles_height,
    wrap_label,
)
from analysis.figures.wording import (
    enumerate_words,
    number,
    percent,
    percent_interval,
    points,
    say,
)
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

SAID_ELSEWHERE: Final = ("adjusted", "defines", "left_out", "clusters")
"""Remarks that hold for the notebook as a whole, or stand in the result table."""


def curves_charts(curves: pd.DataFrame, subject: Subject) -> list[Chart]:
    """Curves of the underserved as a whole, and small multiples with a panel a category.

    Parameters
    ----------
    curves
        Columns `contrast`, `group`, `reference`, `side` (`group` or `reference`), `month`,
        `placed_by` with `ci_low` and `ci_high`, and `at_risk`, of each month from 0 on.
    subject
        What is counted, in the cohort shown.
    """
    together = curves["contrast"] == Contrast.ANY
    charts = []
    for name, rows in (("underserved", curves[together]), ("categories", curves[~together])):
        if len(rows):
            charts.append(_chart(f"{subject.file_stem}-{name}", rows, subject))
    return charts


def _chart(identifier: str, rows: pd.DataFrame, subject: Subject) -> Chart:
    return Chart.about(
        subject,
        f"curves-{identifier}",
        rows,
        lambda language: _words(rows, subject, language),
        lambda words, language: _draw(rows, subject, words, language),
    )


def _words(rows: pd.DataFrame, subject: Subject, language: str) -> Words:
    shared = {"level": subject.level(language), "population": subject.population(language)}
    # Told of the last month that every side was followed to.
    month = int(rows.groupby(["group", "side"])["month"].max().min())
    ends, begun = (rows[rows["month"] == one] for one in (month, 0))
    values = say(
        "times.values",
        language,
        month=number(month, language),
        values=_by_group(ends, subject, language, lambda row: _share(row, language)),
    )
    counts = _by_group(begun, subject, language, lambda row: number(row["at_risk"], language))
    return Words(
        _headline(ends, language),
        say("times.subtitle", language, counts=counts, **shared),
        say("times.note", language),
        subject.source(language),
        say("times.caption", language, values=values, **shared),
        say("times.alt", language, values=values),
    )


def _headline(ends: pd.DataFrame, language: str) -> str:
    told = {"month": number(ends["month"].iloc[0], language)}
    own = ends.loc[ends["side"] == "group", "placed_by"]
    if (ends["contrast"] == Contrast.ANY).all():
        others = ends.loc[ends["side"] == "reference", "placed_by"]
        told |= {"group": percent(own.iloc[0], language, 0)}
        return say(
            "times.headline", language, reference=percent(others.iloc[0], language, 0), **told
        )
    own = own[ends.loc[own.index, "at_risk"] >= FEW_AT_RISK]
    if own.empty:
        return say("times.headline_missing", language)
    told |= {"low": percent(own.min(), language, 0), "high": percent(own.max(), language, 0)}
    return say("times.headline_categories", language, **told)


def _by_group(
    rows: pd.DataFrame, subject: Subject, language: str, write: Callable[[pd.Series], str]
) -> str:
    """What is written of each group and of its reference, once if that is the same for all."""
    names = subject.group
    shared = set(rows["reference"]) == {NON_UNDERSERVED}
    told = {}
    for _, own in rows.groupby("group", sort=False):
        sides = {row["side"]: row for _, row in own.iterrows()}
        group, reference = sides["group"]["group"], sides["group"]["reference"]
        texts = {side: write(row) for side, row in sides.items()}
        told[group] = texts["group"]
        if shared:
            told[reference] = texts["reference"]
        else:
            other = say("words.item", language, name=names(reference, language).lower(),
                        value=texts["reference"])  # fmt: skip
            told[group] += f", {other}"
    if shared:
        told[NON_UNDERSERVED] = told.pop(NON_UNDERSERVED)  # last
    return say("words.separator", language).join(
        say("words.item", language, name=names(group, language), value=text)
        for group, text in told.items()
    )


def _share(row: pd.Series, language: str) -> str:
    interval = percent_interval(row["ci_low"], row["ci_high"], language)
    return f"{percent(row['placed_by'], language)} ({interval})"


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
    for axes, group in zip(panels, groups, strict=True):
        place = axes.get_position()
        lifted = below / figure.get_size_inches()[1]
        axes.set_position((place.x0, place.y0 + lifted, place.width, place.height - lifted))
        own = rows[rows["group"] == group]
        _draw_curves(axes, own, subject, language, named=alone)
        _mark_small(axes, own, language)
        if alone:
            _write_at_risk(axes, own, subject, language)
    panels[len(panels) // 2].set_xlabel(say("times.axis", language), color=MUTED, labelpad=2)
    if titles:
        title_panels(panels, titles)
    _set_axes(panels[0], rows, language, alone=alone)
    key_above(figure, panels[0], above=titles_height(titles) if titles else 0.0)
    return figure


def _draw_curves(
    axes: Axes, rows: pd.DataFrame, subject: Subject, language: str, *, named: bool
) -> None:
    last = int(rows["month"].max())
    for side, color, style in (("group", STRONG, "-"), ("reference", SOFT, "--")):
        own = rows[rows["side"] == side].sort_values("month")
        name = subject.group(own[side].iloc[0], language)
        if side == "group" and not named:
            name = say("times.group", language)
        # A little beyond the last month, for its step to be seen.
        beyond = own["month"].max() + AFTER[True] * last
        own = pd.concat([own, own.tail(1).assign(month=beyond)])
        axes.step(own["month"], own["placed_by"], where="post", color=color, linestyle=style,
                  linewidth=1.8, label=name)  # fmt: skip
        axes.fill_between(own["month"], own["ci_low"], own["ci_high"], step="post", color=color,
                          alpha=0.16, linewidth=0)  # fmt: skip
    axes.grid(axis="y", visible=True)


def _set_axes(axes: Axes, rows: pd.DataFrame, language: str, *, alone: bool) -> None:
    """Limits and ticks of all panels, which share them."""
    last = int(rows["month"].max())
    highest = np.nanmax(rows[["placed_by", "ci_high"]].to_numpy())
    axes.set_xlim(0, (1 + AFTER[alone]) * last or 1)
    axes.set_ylim(0, min(1.0, 1.08 * highest) or 1.0)
    axes.xaxis.set_major_locator(MultipleLocator(tick_step(last, alone=alone)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: percent(y, language, 0)))


def _mark_small(axes: Axes, rows: pd.DataFrame, language: str) -> None:
    """Say in the panel of a group of few that it is indicative."""
    if rows.loc[rows["month"] == 0, "at_risk"].min() < SMALL_GROUP:
        text = wrap_label(say("words.small_group", language), 16)
        axes.annotate(text, (0.05, 0.97), xycoords="axes fraction", va="top", size=7.4,
                      color=MUTED)  # fmt: skip


def tick_step(last: int, *, alone: bool) -> int:
    """Months between ticks up to a last month, in a panel that is alone or in a narrow one."""
    fitting = (step for step in STEPS if last / step <= TICKS[alone])
    return next(fitting, STEPS[-1])


def _write_at_risk(axes: Axes, rows: pd.DataFrame, subject: Subject, language: str) -> None:
    """Numbers at risk of both sides below the axis, as an analyst of survival expects."""
    axes.annotate(say("times.at_risk", language), (0, 0), xycoords="axes fraction",
                  xytext=(-18, -36), textcoords="offset points", ha="right", va="center",
                  size=7.8, color=MUTED)  # fmt: skip
    for line, (side, color) in enumerate((("group", STRONG), ("reference", SOFT))):
        own = rows[rows["side"] == side].set_index("month")["at_risk"]
        height = -55 - 21 * line
        name = wrap_label(subject.group(rows[side].iloc[0], language), 24)
        axes.annotate(name, (0, 0), xytext=(-18, height), xycoords="axes fraction",
                      textcoords="offset points", ha="right", va="center", size=7.6,
                      color=color)  # fmt: skip
        last = int(own.index.max())
        for month in range(0, last + 1, tick_step(last, alone=True)):
            axes.annotate(number(own.loc[month], language), (month, 0), xytext=(0, height),
                          xycoords=("data", "axes fraction"), textcoords="offset points",
                          ha="center", va="center", size=7.6, color=INK)  # fmt: skip


def show_horizons(results: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show the share placed at each horizon on both sides, and their difference."""
    _show(horizons_table, results, subject, language)


def horizons_table(results: pd.DataFrame, subject: Subject, language: str) -> pd.DataFrame:
    """A line a comparison and horizon; horizons that lack a number for one reason share a line."""
    gaps = results[results["estimand"] == Estimand.PLACED_BY_DIFFERENCE]
    # A side may have a number where the gap has none: such a horizon has a line of its own.
    sides = results[results["estimand"] == Estimand.PLACED_BY]
    told = set(sides.loc[sides["estimate"].notna(), "term"])
    missing = gaps["estimate"].isna() & ~gaps["term"].isin(told)
    shared = gaps["note"].where(missing, gaps["term"])
    lines = []
    for _, own in gaps.groupby(["contrast", "group", shared], sort=False):
        lines.append(_horizon_cells(own, results, subject, language))
    return pd.DataFrame(lines)


def _horizon_cells(
    gaps: pd.DataFrame, results: pd.DataFrame, subject: Subject, language: str
) -> dict[str, str]:
    row = gaps.iloc[0]
    sides = (row["group"], row["reference"])
    horizons = enumerate_words((number(int(term), language) for term in gaps["term"]), language)

    def told(
        estimand: Estimand, write: Callable[[float, str], str], group: str, reference: str
    ) -> str:
        # The reference's own rows have group and reference exchanged.
        asked = (results["estimand"] == estimand) & (results["term"] == row["term"])
        asked &= (results["contrast"] == row["contrast"]) & (results["group"] == group)
        return with_interval(
            results[asked & (results["reference"] == reference)].iloc[0], write, language
        )

    texts = {
        "group": subject.group(row["group"], language),
        "horizon": say("times.months", language, months=horizons),
        "placed_group": told(Estimand.PLACED_BY, percent, *sides),
        "placed_reference": told(Estimand.PLACED_BY, percent, *reversed(sides)),
        "placed_gap": told(Estimand.PLACED_BY_DIFFERENCE, points, *sides),
        "months_longer": told(Estimand.RESTRICTED_MEAN_DIFFERENCE, _months, *sides),
        "note": subject.reason(row, language, SAID_ELSEWHERE) or DASH,
    }
    return {say(f"columns.{name}", language): text for name, text in texts.items()}


def show_risk_ratios(results: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show how much faster or slower each group is placed, by both regressions."""
    _show(risk_table, results, subject, language)


def risk_table(results: pd.DataFrame, subject: Subject, language: str) -> pd.DataFrame:
    """A line a comparison: both ratios, and the adjusted gap at each horizon that any reaches."""
    adjusted = results[results["estimand"] == Estimand.ADJUSTED_PLACED_BY_DIFFERENCE]
    months = list(dict.fromkeys(adjusted.loc[adjusted["estimate"].notna(), "term"]))
    lines = []
    for _, own in results.groupby(["contrast", "group"], sort=False):
        ratios = own[own["estimand"] == Estimand.HAZARD_RATIO]
        if ratios.empty:  # a side's own rows, under the name of the reference
            continue
        odds = own[own["estimand"] == Estimand.HAZARD_ODDS_RATIO]
        first, second = ratios.iloc[0], odds.iloc[0]
        texts = {name: make(first) for name, make in comparison(subject, language).items()} | {
            "hazard_ratio": with_interval(first, ratio, language),
            "hazard_odds_ratio": with_interval(second, ratio, language),
        }
        line = {say(f"columns.{name}", language): text for name, text in texts.items()}
        for month in months:
            gap = own[(own["estimand"] == Estimand.ADJUSTED_PLACED_BY_DIFFERENCE)
                      & (own["term"] == month)].iloc[0]  # fmt: skip
            line[say("columns.adjusted_by", language, months=month)] = with_interval(
                gap, points, language
            )
        reasons = dict.fromkeys(
            subject.reason(row, language, SAID_ELSEWHERE) for row in (first, second)
        )
        line[say("columns.note", language)] = (
            say("words.separator", language).join(filter(None, reasons)) or DASH
        )
        lines.append(line)
    return pd.DataFrame(lines)


def _show(
    table: Callable[[pd.DataFrame, Subject, str], pd.DataFrame],
    results: pd.DataFrame,
    subject: Subject,
    language: str,
) -> None:
    show(lambda each: table(results, subject, each), language)


def _months(value: float, language: str) -> str:
    return number(value, language, 1, signed=True)
