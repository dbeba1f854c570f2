"""Emissions of the year: tables beside print and budget, and charts by team."""

from collections.abc import Mapping
from typing import Final

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.amounts import row_amount
from analysis.figures.measured import known, marked, measured_group, number_ticks, row_of, rows_of
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.tables import DASH, show, show_message
from analysis.figures.team_months import teams_chart
from analysis.figures.theme import (
    INK,
    MUTED,
    STRONG,
    Words,
    frame,
    key_above,
    label_beside,
    name_rows,
    wrap_label,
)
from analysis.figures.wording import capitalise, count, say
from analysis.impact.emissions import EMISSIONS, MONTHLY
from analysis.vocabulary import ALL, PRINTED

Tables = Mapping[str, pd.DataFrame]

OF_THE_YEAR: Final = (
    "emissions",
    "emissions_by_scope",
    "emissions_per_learner",
    "emissions_per_path_student",
    "times_lower",
    "climate_contribution",
    "contribution_per_tonne",
)
BUDGETED: Final = (
    "emissions_budgeted",
    "emissions_budget",
    "emissions_deviation",
    "emissions_deviation_share",
)
ROW_HEIGHT: Final = 0.42


def show_emissions(tables: Tables, subject: Subject, language: str) -> None:
    """Show emissions of the year beside print, then those of each team beside their budget."""
    if EMISSIONS not in tables:
        show_message("emitted.missing", language)
        return
    for make in (emissions_table, budgets_table):
        show(lambda each, make=make: make(tables[EMISSIONS], subject, each), language)  # type: ignore[misc]
    show_message("measured.before_rounding", language)


def emissions_table(table: pd.DataFrame, subject: Subject, language: str) -> pd.DataFrame:
    """A measure a row: its value, the persons that it is for each of, and what is printed."""
    printed = table[table["group"] == PRINTED].set_index("measure")
    lines = []
    for measure in OF_THE_YEAR:
        rows = rows_of(table, measure)
        for _, row in rows[rows["group"] != PRINTED].iterrows():
            name = say(f"measures.{measure}", language)
            if row["group"] != ALL:
                name = measured_group(row["group"], subject, language)
            texts = {
                "measure": marked(name, row.to_frame().T, language),
                "value": row_amount(row, language),
                "n": DASH if pd.isna(row["n"]) else count(row["n"], language),
                "printed": DASH,
                "comparison": DASH,
                "note": subject.reason(row, language) or DASH,
            }
            if measure in printed.index:
                figure = printed.loc[[measure]].iloc[0]
                texts["printed"] = row_amount(figure, language)
                texts["comparison"] = subject.reason(figure, language)
            lines.append({say(f"columns.{name}", language): text for name, text in texts.items()})
    return pd.DataFrame(lines)


def budgets_table(table: pd.DataFrame, subject: Subject, language: str) -> pd.DataFrame:
    """A team a row: what it emitted, and what of that had a budget beside that budget."""
    teams = rows_of(table, "emissions_by_team")["group"]
    columns = dict(
        zip(("budgeted", "budget", "deviation", "deviation_share"), BUDGETED, strict=True)
    )
    lines = []
    for team in [*teams, ALL]:
        sums = "emissions" if team == ALL else "emissions_by_team"
        rows = {"emitted": row_of(table, sums, team)}
        rows |= {name: row_of(table, measure, team) for name, measure in columns.items()}
        line = {say("columns.team", language): measured_group(team, subject, language)}
        for name, row in rows.items():
            signed = name.startswith("deviation")
            text = DASH if row is None else row_amount(row, language, signed=signed)
            line[say(f"columns.{name}", language)] = text
        said = dict.fromkeys(
            subject.reason(row, language) for row in rows.values() if row is not None
        )
        note = say("words.separator", language).join(filter(None, said))
        line[say("columns.note", language)] = note or DASH
        lines.append(line)
    return pd.DataFrame(lines)


def emission_charts(tables: Tables, subject: Subject) -> list[Chart]:
    """Emissions by team beside their budget, then by month; an empty list if the year has none."""
    if EMISSIONS not in tables or not known(row_of(tables[EMISSIONS], "emissions")):
        return []
    table = tables[EMISSIONS]
    rows = table[table["measure"].isin(["emissions", "emissions_by_team", *BUDGETED])]
    return [
        Chart.about(
            subject,
            "emissions-budget",
            rows.reset_index(drop=True),
            lambda language: _words(rows, subject, language),
            lambda words, language: _draw(rows, subject, words, language),
        ),
        teams_chart(tables[MONTHLY], table, subject),
    ]


def _words(rows: pd.DataFrame, subject: Subject, language: str) -> Words:
    whole, planned = row_of(rows, "emissions_budgeted"), row_of(rows, "emissions_budget")
    total = row_of(rows, "emissions")
    assert total is not None, "there is no chart of a year without emissions"
    note, ending = say("emitted.note_missing", language), "_missing"
    if whole is not None and planned is not None:
        shown = {
            "emitted": row_amount(whole, language),
            "budget": row_amount(planned, language),
        }
        reasons = dict.fromkeys(subject.reason(row, language) for row in (total, planned))
        told = [capitalise(reason) + "." for reason in reasons if reason]
        note, ending = " ".join([say("emitted.note", language, **shown), *told]), ""
    values = say("words.separator", language).join(
        say("words.item", language, name=measured_group(team, subject, language),
            value=_told(rows, team, "value", language))
        for team in rows_of(rows, "emissions_by_team")["group"]
    )  # fmt: skip
    shared = {"year": total["period"], "values": values, "note": note}
    return Words(
        _headline(rows, str(total["period"]), language),
        say(f"emitted.subtitle{ending}", language, **shared),
        note,
        subject.source(language),
        say(f"emitted.caption{ending}", language, **shared),
        say(f"emitted.alt{ending}", language, **shared),
    )


def _headline(rows: pd.DataFrame, year: str, language: str) -> str:
    shares = rows_of(rows, "emissions_deviation_share")
    shares = shares[shares["estimate"].notna()].sort_values("estimate")
    teams, whole = shares[shares["group"] != ALL], shares[shares["group"] == ALL]

    def told(share: pd.Series) -> str:
        return row_amount(share, language, signed=True)

    if whole.empty:
        return say("emitted.headline_missing", language, year=year)
    shared = {"year": year, "share": told(whole.iloc[0])}
    if len(teams) < 2:
        return say("emitted.headline_alone", language, **shared)
    ends = {"low": told(teams.iloc[0]), "high": told(teams.iloc[-1])}
    return say("emitted.headline", language, **shared, **ends)


def _told(rows: pd.DataFrame, team: str, key: str, language: str) -> str:
    """What a team emitted, and how far that is from its budget, if it has one."""
    names = ("emissions_budgeted", "emissions_budget", "emissions_deviation_share")
    emitted, budget, share = (row_of(rows, name, team) for name in names)
    if emitted is None or budget is None or share is None:
        whole = row_of(rows, "emissions_by_team", team)
        assert whole is not None, "a team of the chart has emissions"
        return say("emitted.unplanned", language, emitted=row_amount(whole, language))
    return say(
        f"emitted.{key}",
        language,
        emitted=row_amount(emitted, language),
        budget=row_amount(budget, language),
        share=row_amount(share, language, signed=True),
    )


def _draw(rows: pd.DataFrame, subject: Subject, words: Words, language: str) -> Figure:
    teams = list(rows_of(rows, "emissions_by_team").sort_values("estimate")["group"])[::-1]
    figure, (axes,) = frame(
        words,
        ROW_HEIGHT * len(teams),
        key_height=0.3,
        label_width=1.7,
        right_width=1.75,
        watermark=subject.watermark(language),
    )
    largest = 0.0
    keys = {name: say(f"emitted.{name}", language) for name in ("actual", "budget")}
    for y, team in enumerate(teams):
        emitted, budget = (row_of(rows, name, team) for name in BUDGETED[:2])
        bare = emitted is None
        shown = row_of(rows, "emissions_by_team", team) if bare else emitted
        assert shown is not None, "a team of the chart has emissions"
        label = None if bare else keys.pop("actual", None)
        axes.barh(y, shown["estimate"], height=0.6, color="white" if bare else STRONG,
                  edgecolor=STRONG, linewidth=1.0, label=label)  # fmt: skip
        largest = max(largest, shown["estimate"])
        if budget is not None and known(budget):
            axes.plot([budget["estimate"]] * 2, [y - 0.42, y + 0.42], color=INK, linewidth=2.4,
                      solid_capstyle="butt", label=keys.pop("budget", None), zorder=3)  # fmt: skip
            largest = max(largest, budget["estimate"])
        label_beside(axes, y, _told(rows, team, "beside", language), size=8.2)
    name_rows(axes, [wrap_label(measured_group(team, subject, language), 22) for team in teams])
    axes.set_xlim(0, 1.04 * largest or 1.0)
    number_ticks(axes.xaxis, language)
    axes.set_xlabel(say("emitted.axis", language), color=MUTED)
    if axes.get_legend_handles_labels()[0]:
        key_above(figure, axes)
    return figure
