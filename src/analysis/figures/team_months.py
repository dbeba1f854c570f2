"""Emissions by month and team: a panel each, on one scale."""

from typing import Final

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.amounts import amount, row_amount
from analysis.figures.measured import measured_group, number_ticks, period_words, row_of, rows_of
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.theme import MUTED, STRONG, Words, frame, wrap_label
from analysis.figures.wording import say
from analysis.impact.measures import MeasureUnit

COLUMNS: Final = 3
TICKS: Final = 4
PANEL_HEIGHT: Final = 1.05
TITLE_LINE: Final = 0.16
BETWEEN: Final = 0.16
"""Room between rows of panels beside their titles, in inches."""
TITLE_CHARACTERS: Final = 30
MEASURE: Final = "emissions_by_team"


def teams_chart(monthly: pd.DataFrame, year: pd.DataFrame, subject: Subject) -> Chart:
    """Small multiples of the months of each team, the largest of the year first.

    Parameters
    ----------
    monthly
        Released measures of each month (see `analysis.impact.emissions.monthly_measures`).
    year
        Released measures of the year (see `analysis.impact.emissions.emission_measures`).
    subject
        What figures are about.
    """
    rows = rows_of(monthly, MEASURE).reset_index(drop=True)
    return Chart.about(
        subject,
        "emissions-teams",
        rows,
        lambda language: _words(rows, year, subject, language),
        lambda words, language: _draw(rows, year, subject, words, language),
    )


def _teams(rows: pd.DataFrame, year: pd.DataFrame) -> list[str]:
    """Teams of the year from the largest on, then those of other years."""
    own = rows_of(year, MEASURE).sort_values(["estimate", "group"], ascending=[False, True])
    return list(dict.fromkeys([*own["group"], *sorted(rows["group"].unique())]))


def _words(rows: pd.DataFrame, year: pd.DataFrame, subject: Subject, language: str) -> Words:
    own = rows_of(year, MEASURE).set_index("group")["estimate"]
    total = row_of(year, "emissions")
    assert total is not None, "a year's measures have its total"
    told = [
        say("words.item", language, name=measured_group(str(row["group"]), subject, language),
            value=row_amount(row, language))
        for _, row in rows_of(year, MEASURE).iterrows()
    ]  # fmt: skip
    months = sorted(rows["period"].unique())
    shared = {
        "year": total["period"],
        "first": period_words(months[0], language),
        "last": period_words(months[-1], language),
        "values": say("words.separator", language).join(told),
        "note": say("by_team.note", language),
    }
    headline = say("by_team.headline_missing", language)
    if total["estimate"] > 0:
        team = measured_group(_teams(rows, year)[0], subject, language)
        share = amount(own.max() / total["estimate"], MeasureUnit.SHARE, language, 0)
        headline = say("by_team.headline", language, team=team, share=share, **shared)
    return Words(
        headline,
        say("by_team.subtitle", language, **shared),
        shared["note"],
        subject.source(language),
        say("by_team.caption", language, **shared),
        say("by_team.alt", language, **shared),
    )


def _draw(
    rows: pd.DataFrame, year: pd.DataFrame, subject: Subject, words: Words, language: str
) -> Figure:
    teams = _teams(rows, year)
    titles = [_title(team, year, subject, language) for team in teams]
    lines = -(-len(teams) // COLUMNS)
    room = TITLE_LINE * max(title.count("\n") + 1 for title in titles) + BETWEEN
    figure, (whole,) = frame(
        words,
        PANEL_HEIGHT * lines + room * (lines - 1),
        key_height=room + TITLE_LINE,
        label_width=0.6,
        right_width=0.3,
        watermark=subject.watermark(language),
    )
    place = whole.get_position()
    whole.remove()
    sides = {"left": place.x0, "right": place.x1, "bottom": place.y0, "top": place.y1}
    panels = figure.subplots(
        lines, COLUMNS, sharex=True, sharey=True, squeeze=False,
        gridspec_kw={**sides, "wspace": 0.1, "hspace": room / PANEL_HEIGHT},
    ).ravel()  # fmt: skip
    months = sorted(rows["period"].unique())
    for axes, team, title in zip(panels, teams, titles, strict=False):
        values = rows[rows["group"] == team].set_index("period")["estimate"].reindex(months)
        # A dot each, for a month between two that are missing has no line.
        axes.plot(range(len(months)), values, color=STRONG, linewidth=1.5, marker="o", markersize=2)
        axes.grid(axis="y", visible=True)
        axes.set_title(title, size=8.2, loc="left")
    for axes in panels[len(teams) :]:
        axes.set_visible(False)
    januaries = [at for at, month in enumerate(months) if month.endswith("-01")] or [0]
    januaries = januaries[:: -(-len(januaries) // TICKS)]
    panels[0].set_xticks(januaries, [months[at][:4] for at in januaries])
    # Panels without one below them write the years too.
    for axes in panels[: len(teams)][-COLUMNS:]:
        axes.tick_params(labelbottom=True)
    panels[0].set_ylim(bottom=0)
    number_ticks(panels[0].yaxis, language, bins=4)
    top = place.y1 + room / figure.get_size_inches()[1]
    figure.text(place.x0, top, say("ahead.axis", language), size=8.2, color=MUTED)
    return figure


def _title(team: str, year: pd.DataFrame, subject: Subject, language: str) -> str:
    row = row_of(year, MEASURE, team)
    name = wrap_label(measured_group(team, subject, language), TITLE_CHARACTERS)
    return name if row is None else f"{name}\n{row_amount(row, language)}"
