"""What a year emits: in all, for each person taught, by scope and team, beside budget and print."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.estimate.results import read_note, write_note
from analysis.impact.measures import EXACT_DIGITS, MeasureUnit, measure_table
from analysis.vocabulary import ALL, MONTHS_A_YEAR, PRINTED, LearnerKind

Row = dict[str, Any]

EMISSIONS: Final = "emissions"
MONTHLY: Final = "emissions-monthly"
"""Names that tables are saved under."""
KG_A_TONNE: Final = 1000
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
    counted: Callable[[int], int] = int,
) -> pd.DataFrame:
    """Measure what a year emits.

    A month counts as given if it has every scope that the table has in any month, and nothing of
    it is lost (see `by_month`). Of a year with fewer than twelve such months the sums of what is
    given stand with that number in their note, and nothing is divided by it or compared with it.
    Where a scope of a team began or ended within the year, the notes of its sums, of the total and
    of the total's quotients say so.

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
    counted
        How many persons the audience sees of so many: emissions are divided by these, for a total
        over a value tells by how many it was divided.

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
    rows += _persons(total, activity, printed, counted)
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
    cells, lost = _cells(emissions)
    parts = cells.T.groupby(level=column).sum(min_count=1).T
    return parts.mask(lost.T.groupby(level=column).any().T)


def _cells(emissions: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Kilograms by month (rows), team and scope (columns), and which of the missing are lost."""
    month = emissions["month"].dt.to_period("M")
    sums = emissions.groupby([month, "team", "scope"])["kg_co2e"].sum()
    cells = sums.unstack(["team", "scope"]).sort_index(axis="columns")
    cells = cells.reindex(pd.period_range(month.min(), month.max(), freq="M", name="month"))
    known = cells.notna()
    return cells, ~known & known.cummax() & known[::-1].cummax()[::-1]


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
    own = emissions[emissions["month"].dt.year == year]
    if own.empty:
        yield _tonnes("emissions", np.nan, group=ALL, period=str(year), note="no_months")
        return
    known, missing = _months_of(emissions, year)
    note = _completeness(known, missing)
    yield _tonnes("emissions", own["kg_co2e"].sum(), group=ALL, period=str(year), note=note)
    for name in ("scope", "team"):
        for group, part in own.groupby(name):
            cells = known.columns.get_level_values(name) == group
            measure = f"emissions_by_{name}"
            yield _tonnes(
                measure,
                part["kg_co2e"].sum(),
                group=_group(measure, group),
                period=str(year),
                note=_completeness(known.loc[:, cells], missing.loc[:, cells]),
            )


def _months_of(emissions: pd.DataFrame, year: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Which teams and scopes a year's months have, and which they lack though they go on.

    Both have a row a month and a column a team and scope. A scope that no team has in a month goes
    on; what a team alone lacks, without rows before or after, has not begun or has ended.
    """
    cells, lost = _cells(emissions)
    known = cells.notna()
    absent = ~known.T.groupby(level="scope").transform("any").T
    months = pd.period_range(f"{year}-01", periods=MONTHS_A_YEAR, freq="M")
    missing = (lost | absent).reindex(months, fill_value=True)
    return known.reindex(months, fill_value=False), missing


def _completeness(known: pd.DataFrame, missing: pd.DataFrame) -> str:
    """A note: the whole months if some are not, and how many teams' scopes began or ended."""
    whole = int((~missing.any(axis="columns")).sum())
    parts = int((known.any() & (~known & ~missing).any()).sum())
    return write_note(months_given=_if_short(whole), began_or_ended=parts or None)


def _not_whole(total: Row) -> bool:
    """Whether a year's total lacks months, so that no quotient is made of it."""
    return bool(read_note(total["note"]).keys() & {"months_given", "no_months"})


def _if_short(months: int) -> int | None:
    """The number of months if they are no whole year."""
    return months if months < MONTHS_A_YEAR else None


def _budgets(own: pd.DataFrame, year: int) -> Iterator[Row]:
    """Budget, emissions where there is one, and their deviation, in all and by team."""
    for team, part in [(ALL, own), *own.groupby("team")]:
        planned = part[part["budget_kg_co2e"].notna()]
        where: Row = {"group": str(team), "period": str(year)}
        if planned.empty:
            yield _tonnes("emissions_budget", np.nan, note="no_budget", **where)
            continue
        budget, emitted = planned["budget_kg_co2e"].sum(), planned["kg_co2e"].sum()
        covered = None if len(planned) == len(part) else _covered(emitted, part["kg_co2e"].sum())
        months = _if_short(planned["month"].nunique())
        where["note"] = write_note(budgeted_months=months, budget_covers=covered)
        yield _tonnes("emissions_budget", budget, **where)
        yield _tonnes("emissions_budgeted", emitted, **where)
        yield _tonnes("emissions_deviation", emitted - budget, **where)
        yield _ratio(
            emitted - budget,
            budget,
            measure="emissions_deviation_share",
            unit=MeasureUnit.SHARE,
            source=SOURCE,
            **where,
        )


def _covered(part: float, whole: float) -> int | None:
    """The percentage that a part is of the whole; 100 only if nothing is emitted beside it."""
    if not whole:
        return None
    return min(round(100 * part / whole), 99 if part < whole else 100)


def _ratio(above: float, below: float, **row: Any) -> Row:  # noqa: ANN401
    """A row of a quotient; without value, and saying why, if it would divide by nothing."""
    if below:
        return {**row, "estimate": above / below}
    return {**row, "estimate": np.nan, "note": "nothing_below"}


def _persons(
    total: Row,
    activity: pd.DataFrame | None,
    printed: pd.DataFrame | None,
    counted: Callable[[int], int],
) -> Iterator[Row]:
    """Kilograms for each learner and each path student, and how often a campus emits more."""
    counts = _active(activity, int(total["period"]))
    everyone = {
        "emissions_per_learner": [LearnerKind.FREE, LearnerKind.PATH],
        "emissions_per_path_student": [LearnerKind.PATH],
    }
    for measure, kinds in everyone.items():
        row = _each(total, counts, kinds, counted) | {"measure": measure}
        yield row
    campus = _figure(printed, *CAMPUS)
    if campus is not None:
        more = row | {
            "measure": "times_lower",
            "unit": MeasureUnit.RATIO,
            "source": f"{SOURCE}, activity, {PUBLISHED}",
        }
        each = more.pop("estimate", np.nan)
        yield _ratio(campus["value"] * KG_A_TONNE, each, **more)


def _each(
    total: Row, counts: pd.Series, kinds: list[LearnerKind], counted: Callable[[int], int]
) -> Row:
    """Kilograms for each person of some kinds; without value if one of them is not known."""
    row: Row = {
        "group": ALL,
        "period": total["period"],
        "unit": MeasureUnit.KILOGRAM,
        "source": f"{SOURCE}, activity",
        "note": total["note"],
    }
    if _not_whole(total):
        return row
    if not set(kinds) <= set(counts.index):
        return row | {"note": "no_activity" if counts.empty else "one_kind_only"}
    persons = int(counts[kinds].sum())
    kilograms = total["estimate"] * KG_A_TONNE
    return _ratio(kilograms, counted(persons), n=persons, **row)


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
    each |= row | {"measure": "contribution_per_tonne", "note": total["note"]}
    yield each if _not_whole(total) else _ratio(contribution, total["estimate"], **each)


def _beside_printed(rows: list[Row], printed: pd.DataFrame | None) -> Iterator[Row]:
    """The rows, each followed by the printed value of its measure, if there is one."""
    for row in with_digits(rows):
        yield row
        figure = _figure(printed, *FIGURES.get(row["measure"], ("", "", "")))
        if figure is None:
            continue
        value = row.get("estimate", np.nan)
        # With the persons of the value: whether it agrees tells about how many they are.
        yield {
            **{name: row[name] for name in ("measure", "period", "unit", "n") if name in row},
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
