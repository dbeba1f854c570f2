"""What a year emits: in all, for each person taught, by scope and team, beside budget and print."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.estimate.results import write_note
from analysis.impact.measures import EXACT_DIGITS, MeasureUnit, measure_table
from analysis.vocabulary import ALL

Row = dict[str, Any]

EMISSIONS: Final = "emissions"
MONTHLY: Final = "emissions-monthly"
"""Names that tables are saved under."""
YEAR: Final = 12
"""Months of a year."""
KG_A_TONNE: Final = 1000
PRINTED: Final = "printed"
"""Group of a value as the provider's report has it, beside the computed one."""
CAMPUS: Final = ("emissions_per_person", "in_person_students", "t CO2e")
"""What a student of the traditional, in-person system emits."""
FIGURES: Final[Mapping[str, tuple[str, str, str]]] = {
    "emissions_per_learner": ("emissions_per_person", "learners", "kg CO2e"),
    "emissions_per_path_student": ("emissions_per_person", "path_students", "kg CO2e"),
    "times_lower": ("times_lower", "path_students", "times"),
    "climate_contribution": ("donation", "all", "EUR"),
}
"""Where the report prints a measure: the printed figure's measure, group and unit."""
SOURCE: Final = "emissions"
PUBLISHED: Final = "published"
"""Source of printed values: the figures that the provider published of the year."""


def emission_measures(
    emissions: pd.DataFrame,
    year: int,
    *,
    activity: pd.DataFrame | None = None,
    contribution: float | None = None,
    printed: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Measure what a year emits.

    A month counts as given if it has every scope that the table has in any month, and nothing of
    it is lost (see `by_month`). Of a year with fewer than twelve such months the sums of what is
    given stand with that number in their note, and nothing is divided by it or compared with it.

    Parameters
    ----------
    emissions
        One row a month, team and scope: `month` (first of the month), `team`, `scope`,
        `kg_co2e`, and `budget_kg_co2e`, which may be missing.
    year
        The year to measure.
    activity
        Persons active in a year (`year`, `kind` of "free" or "path", `persons`), each once; None
        if nothing is known of them.
    contribution
        Paid in the year for the climate, in euros; None if it is not known.
    printed
        Figures that the provider published of the year (see `analysis.ingest.published`); None if
        there are none.

    Returns
    -------
    pandas.DataFrame
        See `analysis.impact.measures.Measures`: tonnes in all, by scope and by team; kilograms for
        each learner and each path student; budget, what was emitted where there is one, and the
        deviation, in all and by team; the contribution and its worth for each tonne. A printed
        value follows its measure as the group `printed`; its note says whether they agree.
    """
    own = emissions[emissions["month"].dt.year == year]
    rows = [*_sums(emissions, year), *_budgets(own, year)]
    total = rows[0]
    rows += _persons(total, activity, printed)
    rows += _contribution(total, contribution)
    return measure_table(_beside_printed(rows, printed))


def by_month(emissions: pd.DataFrame, column: str = "scope") -> pd.DataFrame:
    """Kilograms CO2e by month and scope, or team.

    Parameters
    ----------
    emissions
        See `emission_measures`.
    column
        `scope` or `team`.

    Returns
    -------
    pandas.DataFrame
        A row a month from the first to the last, a column a scope (or team). Missing where the
        month has no row of it, and where it lacks a scope of a team that has rows of it both
        before and after: that is lost, while a team without earlier or later rows began or ended.
    """
    month = emissions["month"].dt.to_period("M")
    sums = emissions.groupby([month, "team", "scope"])["kg_co2e"].sum()
    cells = sums.unstack(["team", "scope"]).sort_index(axis="columns")
    months = pd.period_range(month.min(), month.max(), freq="M", name="month")
    cells = cells.reindex(months)
    known = cells.notna()
    lost = ~known & known.cummax() & known[::-1].cummax()[::-1]
    parts = cells.T.groupby(level=column).sum(min_count=1).T
    return parts.mask(lost.T.groupby(level=column).any().T)


def monthly_totals(emissions: pd.DataFrame) -> pd.Series:
    """Kilograms CO2e by month; missing in months of which a scope is (see `by_month`)."""
    return by_month(emissions).sum(axis="columns", skipna=False)


def monthly_measures(emissions: pd.DataFrame) -> pd.DataFrame:
    """Tonnes CO2e of each month in all, by scope and by team.

    Parameters
    ----------
    emissions
        See `emission_measures`; every month is shown.

    Returns
    -------
    pandas.DataFrame
        See `analysis.impact.measures.Measures`, with months such as "2022-03" as periods. A month
        without a row of a scope or a team has no estimate and says so.
    """
    series = {"emissions": monthly_totals(emissions).rename(ALL).to_frame()}
    series |= {f"emissions_by_{name}": by_month(emissions, name) for name in ("scope", "team")}
    rows: list[Row] = [
        _tonnes(measure, value, group=_group(measure, column), period=str(month))
        | {"note": write_note(month_missing=math.isnan(value))}
        for measure, table in series.items()
        for column, values in table.items()
        for month, value in values.items()
    ]
    return measure_table(with_digits(rows, least=2))


def with_digits(rows: Iterable[Row], least: int = 1) -> list[Row]:
    """Tonnes with as many decimals as give the largest three digits, and so many at least."""
    listed = list(rows)
    tonnes = [row for row in listed if row["unit"] == MeasureUnit.TONNE]
    sizes = [abs(row["estimate"]) for row in tonnes]
    largest = max((size for size in sizes if not math.isnan(size)), default=0.0)
    for row in tonnes:
        row["digits"] = tonne_digits(largest, least)
    return listed


def tonne_digits(largest: float, least: int = EXACT_DIGITS[MeasureUnit.TONNE]) -> int:
    """Decimals of tonnes of which the largest is given: it gets three digits, or more."""
    if not largest > 0:
        return least
    return max(least, 2 - math.floor(math.log10(largest)))


def _group(measure: str, name: object) -> str:
    return f"scope_{name}" if measure == "emissions_by_scope" else str(name)


def _tonnes(measure: str, kilograms: float, **more: object) -> Row:
    return {
        "measure": measure,
        "unit": MeasureUnit.TONNE,
        "estimate": kilograms / KG_A_TONNE,
        "source": SOURCE,
        **more,
    }


def _sums(emissions: pd.DataFrame, year: int) -> Iterator[Row]:
    """The year's tonnes in all, which come first, by scope and by team."""
    totals = monthly_totals(emissions)
    given = int(totals[pd.PeriodIndex(totals.index).year == year].notna().sum())
    own = emissions[emissions["month"].dt.year == year]
    if own.empty:
        yield _tonnes("emissions", np.nan, group=ALL, period=str(year), note="no_months")
        return
    note = write_note(months_given=_if_short(given))
    yield _tonnes("emissions", own["kg_co2e"].sum(), group=ALL, period=str(year), note=note)
    for name in ("scope", "team"):
        months = by_month(emissions, name)
        known = months[pd.PeriodIndex(months.index).year == year].notna().sum()
        for group, part in own.groupby(name):
            measure = f"emissions_by_{name}"
            yield _tonnes(
                measure,
                part["kg_co2e"].sum(),
                group=_group(measure, group),
                period=str(year),
                note=write_note(months_given=_if_short(int(known[group]))),
            )


def _if_short(months: int) -> int | None:
    """The number of months if they are no whole year."""
    return months if months < YEAR else None


def _budgets(own: pd.DataFrame, year: int) -> Iterator[Row]:
    """Budget, emissions where there is one, and their deviation, in all and by team."""
    for team, part in [(ALL, own), *own.groupby("team")]:
        planned = part[part["budget_kg_co2e"].notna()]
        where: Row = {"group": str(team), "period": str(year)}
        if planned.empty:
            yield _tonnes("emissions_budget", np.nan, note="no_budget", **where)
            continue
        budget, emitted = planned["budget_kg_co2e"].sum(), planned["kg_co2e"].sum()
        covered = None if len(planned) == len(part) else _percent(emitted, part["kg_co2e"].sum())
        months = _if_short(planned["month"].nunique())
        where["note"] = write_note(budgeted_months=months, budget_covers=covered)
        yield _tonnes("emissions_budget", budget, **where)
        yield _tonnes("emissions_budgeted", emitted, **where)
        yield _tonnes("emissions_deviation", emitted - budget, **where)
        yield _ratio(
            "emissions_deviation_share",
            emitted - budget,
            budget,
            unit=MeasureUnit.SHARE,
            source=SOURCE,
            **where,
        )


def _percent(part: float, whole: float) -> int | None:
    return round(100 * part / whole) if whole else None


def _ratio(measure: str, above: float, below: float, **more: Any) -> Row:  # noqa: ANN401
    """A quotient; without value, and saying why, if it would divide by nothing."""
    row = {"measure": measure, **more}
    if below:
        return {**row, "estimate": above / below}
    return {**row, "estimate": np.nan, "note": "nothing_below"}


def _persons(
    total: Row, activity: pd.DataFrame | None, printed: pd.DataFrame | None
) -> Iterator[Row]:
    """Kilograms for each learner and each path student, and how often a campus emits more."""
    year, kilograms = int(total["period"]), total["estimate"] * KG_A_TONNE
    counts = _active(activity, year)
    everyone = {"emissions_per_learner": None, "emissions_per_path_student": "path"}
    for measure, kind in everyone.items():
        known = counts if kind is None else counts[counts.index == kind]
        persons = int(known.sum())
        row: Row = {"group": ALL, "period": str(year), "unit": MeasureUnit.KILOGRAM}
        row |= {"source": f"{SOURCE}, activity"}
        reason = total["note"] or ("no_activity" if counts.empty else "")
        if reason:
            row |= {"measure": measure, "note": reason}
        else:
            row = _ratio(measure, kilograms, persons, n=persons, **row)
        yield row
    campus = _figure(printed, *CAMPUS)
    if campus is not None:
        each = row.get("estimate", np.nan)
        more: Row = {"group": ALL, "period": str(year), "unit": MeasureUnit.RATIO}
        more |= {"source": f"{SOURCE}, activity, {PUBLISHED}", "note": row.get("note", "")}
        yield _ratio("times_lower", campus["value"] * KG_A_TONNE, each, **more)


def _active(activity: pd.DataFrame | None, year: int) -> pd.Series:
    """Persons active in the year by kind; empty if it is not known."""
    if activity is None:
        return pd.Series(dtype=float)
    return activity[activity["year"] == year].groupby("kind")["persons"].sum()


def _contribution(total: Row, contribution: float | None) -> Iterator[Row]:
    """What was paid for the climate, and for each tonne."""
    row: Row = {"group": ALL, "period": total["period"]}
    if contribution is None:
        yield row | {
            "measure": "climate_contribution",
            "unit": MeasureUnit.EUR,
            "note": "no_contribution",
        }
        return
    paid = {"unit": MeasureUnit.EUR, "estimate": contribution, "source": "finance"}
    yield row | {"measure": "climate_contribution", **paid}
    each: Row = {"unit": MeasureUnit.EUR_A_TONNE, "source": f"finance, {SOURCE}"}
    if total["note"]:
        yield row | each | {"measure": "contribution_per_tonne", "note": total["note"]}
    else:
        yield _ratio("contribution_per_tonne", contribution, total["estimate"], **row, **each)


def _beside_printed(rows: list[Row], printed: pd.DataFrame | None) -> Iterator[Row]:
    """The rows, each followed by the printed value of its measure, if there is one."""
    for row in with_digits(rows):
        yield row
        figure = _figure(printed, *FIGURES.get(row["measure"], ("", "", "")))
        if figure is None:
            continue
        value = row.get("estimate", np.nan)
        yield {
            **{name: row[name] for name in ("measure", "period", "unit")},
            "group": PRINTED,
            "estimate": figure["value"],
            "digits": -round(math.log10(figure["rounding"])),
            "source": PUBLISHED,
            "note": _agreement(value, figure),
        }


def _agreement(value: float, figure: Mapping[str, Any]) -> str:
    if math.isnan(value):
        return "not_compared"
    # A hair of room, for a half is not exact in binary.
    room = figure["rounding"] / 2 * (1 + 1e-9)
    return "agrees_printed" if abs(value - figure["value"]) <= room else "differs_printed"


def _figure(
    printed: pd.DataFrame | None, measure: str, group: str, unit: str
) -> Mapping[str, Any] | None:
    """The first printed value of a measure and group in a unit, a year or not; None if none is."""
    if printed is None or not measure:
        return None
    found = printed[(printed["measure"] == measure) & (printed["group"] == group)]
    found = found[found["unit"].isin([unit, f"{unit} a year"])]
    values: list[Any] = found.to_dict("records")
    return values[0] if values else None
