"""The scoreboard: what was reached in the year, against the goals and beside what was printed."""

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from analysis.impact.measures import DEFAULTS, Measures, MeasureUnit
from analysis.studies import Study
from analysis.vocabulary import ALL, CAREER_OUTCOMES, Estimand, LearnerKind

RATE: Final = "rate"
SHARE: Final = "share"
OUTCOMES: Final = "career_outcomes"
REPORTED: Final = "career_outcomes_reported"
PATH_STUDENTS: Final = "path_students"
"""Everyone on a path, apprentices included: what is printed apart from the free courses."""
KIND: Final = "kind_"
"""How groups of outcomes of one kind begin: apprenticeships are had by others than apprentices."""
CATEGORY: Final = "category"
"""The variable of a composition whose levels are groups."""
EACH_YEAR: Final = "each year"
EXACT: Final = 1e-9
"""Numbers this near are the same: a half is not exact in binary."""

Row = Mapping[Any, Any]

REACHED_BY: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "equal": operator.ge,
    "at_least": operator.ge,
    "more_than": operator.gt,
    "less_than": operator.lt,
}
"""When a number reaches its goal; a goal that is stated as a number is meant as the least."""


class Verdict(StrEnum):
    """Whether a goal is reached, as far as the interval tells."""

    REACHED = "reached"
    MISSED = "missed"
    OPEN = "open"
    """The interval holds the goal."""
    NOT_SHOWN = "not_shown"


class Agreement(StrEnum):
    """Whether a value is the printed one at the rounding that it was printed with."""

    AGREES = "agrees"
    DIFFERS = "differs"


class Scores(Measures):
    """Columns of a scoreboard: those of measures, the goal, and what was printed.

    `outcome` names the study's outcome that a rate is of. `goal`, `printed` and `rounding`, the
    worth of the last digit printed, are in the unit of `estimate`. What stands without a goal, or
    was not printed, has no verdict, no agreement and empty sources. A section is that of the report
    in which a sentence stands.
    """

    outcome: Series[str]
    goal: Series[float] = pa.Field(nullable=True)
    relation: Series[str] = pa.Field(isin=["", *REACHED_BY])
    verdict: Series[str] = pa.Field(isin=["", *Verdict])
    goal_source: Series[str]
    goal_section: Series[str]
    printed: Series[float] = pa.Field(nullable=True)
    rounding: Series[float] = pa.Field(nullable=True)
    agreement: Series[str] = pa.Field(isin=["", *Agreement])
    printed_source: Series[str]
    printed_section: Series[str]


NOTHING_SAID: Final[Mapping[str, object]] = {
    "outcome": "",
    "goal": float("nan"),
    "relation": "",
    "verdict": "",
    "goal_source": "",
    "goal_section": "",
    "printed": float("nan"),
    "rounding": float("nan"),
    "agreement": "",
    "printed_source": "",
    "printed_section": "",
}


@dataclass(frozen=True)
class Found:
    """Released tables that a scoreboard is made of.

    Attributes
    ----------
    rates
        A result table of the estimand `rate`.
    composition
        Shares of the categories; see `analysis.estimate.journey.composition`.
    outcomes
        Career outcomes by `year`, `kind` and `learner`: `counted` and `reported`; None without.
    totals
        The same by `year` alone: a sum of cells is missing where one of them is hidden.
    nearest
        Multiple that counts were rounded to; 0 if nothing was rounded.
    hidden
        The note of a count that is not shown, as the policy writes it.
    """

    rates: pd.DataFrame
    composition: pd.DataFrame
    outcomes: pd.DataFrame | None = None
    totals: pd.DataFrame | None = None
    nearest: int = 0
    hidden: str = "hidden"


@dataclass(frozen=True)
class Told:
    """What the provider published: its goals, and the figures of the year.

    Both are tables of `analysis.ingest.published.Published`.
    """

    targets: pd.DataFrame
    figures: pd.DataFrame


def scoreboard(study: Study, year: str | None, found: Found, told: Told | None) -> pd.DataFrame:
    """Put what was found of a year against the goals and beside what was printed.

    Parameters
    ----------
    study
        Tells which outcome each published rate is of.
    year
        The cohort looked at; None for all of them, which no goal and no figure is about.
    found
        What was found, as released: a scoreboard holds nothing that these tables don't.
    told
        What was published; None if nothing was.

    Returns
    -------
    pandas.DataFrame
        See `Scores`: career outcomes by year, those of the cohort's year by what the person was
        and by kind, the share of each category, and each rate by group.
    """
    rows = [{**DEFAULTS, **NOTHING_SAID, **row} for row in _rows(year or "", found)]
    if told is not None:
        names = {outcome: name for name, outcome in study.published.items()}
        for row in rows:
            name = names.get(row["outcome"], "") if row["measure"] == RATE else row["measure"]
            row.update(_against_goal(row, name, told.targets, found.nearest))
            row.update(_beside_printed(row, name, told.figures, found.nearest))
    table = pd.DataFrame(rows, columns=list(Scores.to_schema().columns))
    table["source"] = study.provenance.source
    return Scores.validate(table, lazy=True)


def verdict(relation: str, goal: float, low: float, high: float) -> Verdict:
    """Whether a goal is reached by a number that lies between two limits.

    Parameters
    ----------
    relation
        A key of `REACHED_BY`.
    goal
        In the unit of the limits.
    low, high
        The interval; twice the number itself where there is none, missing where it is not shown.
    """
    if pd.isna(low) or pd.isna(high):
        return Verdict.NOT_SHOWN
    reaches = REACHED_BY[relation]
    ends = [reaches(round(end, 9), round(goal, 9)) for end in (low, high)]
    return Verdict.REACHED if all(ends) else Verdict.OPEN if any(ends) else Verdict.MISSED


def agreement(value: float, printed: float, rounding: float, own: float = 0.0) -> Agreement:
    """Whether a value may be the printed one.

    Parameters
    ----------
    value, printed
        In one unit.
    rounding
        Worth of the last digit that was printed.
    own
        What the value itself was rounded to; 0 if it was not. Both roundings then hold a common
        number or not.
    """
    away, room = abs(value - printed), (rounding + own) / 2
    # Intervals of two roundings that only touch have no number in common, for a half goes one way.
    near = away < room - EXACT if own else away <= room + EXACT
    return Agreement.AGREES if near else Agreement.DIFFERS


def goal_rows(board: pd.DataFrame, year: str | None) -> pd.DataFrame:
    """The rows of a scoreboard that stand against a goal for the cohort's year."""
    return board[board["goal"].notna() & (board["period"] == year)].reset_index(drop=True)


# ---- What was found -----------------------------------------------------------------------------


def _rows(year: str, found: Found) -> Iterator[dict[str, Any]]:
    if found.outcomes is not None and found.totals is not None:
        own = found.outcomes[found.outcomes["year"].astype(str) == year]
        yield from _counts(found.totals, ALL, found.hidden)
        for group, part in _parts(own):
            yield from _counts(part, group, found.hidden)
    yield from _shares(found.composition, year)
    yield from _rates(found.rates, year)


def _counts(table: pd.DataFrame, group: str, hidden: str) -> Iterator[dict[str, Any]]:
    """A row for the outcomes counted and one for those reported, of each row of a table."""
    for measure, column in ((OUTCOMES, "counted"), (REPORTED, "reported")):
        for row in table.to_dict("records"):
            missing = pd.isna(row[column])
            yield {
                "measure": measure,
                "group": group,
                "period": str(row["year"]),
                "unit": MeasureUnit.OUTCOMES,
                "estimate": float("nan") if missing else float(row[column]),
                "digits": 0,
                "note": hidden if missing else "",
            }


def _parts(outcomes: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The outcomes of one year by what the person was, and by kind."""
    on_path = [LearnerKind.PATH, LearnerKind.APPRENTICE]
    groups: list[tuple[str, str, Iterable[str]]] = [
        (PATH_STUDENTS, "learner", on_path),
        *((kind, "learner", [kind]) for kind in LearnerKind),
        *((f"{KIND}{kind}", "kind", [kind]) for kind in CAREER_OUTCOMES),
    ]
    for group, column, members in groups:
        own = outcomes[outcomes[column].isin(list(members))]
        # A sum of which a part is hidden is not shown either: without it, it would be too low.
        summed = own.groupby("year", as_index=False)[["counted", "reported"]].sum(skipna=False)
        yield group, summed


def _shares(composition: pd.DataFrame, year: str) -> Iterator[dict[str, Any]]:
    rows = composition[composition["variable"] == CATEGORY]
    for row in rows.to_dict("records"):
        estimated = {**row, "estimate": row["share"]}
        yield {"measure": SHARE, "group": row["level"], "n": row["n"], **_estimate(estimated, year)}


def _rates(rates: pd.DataFrame, year: str) -> Iterator[dict[str, Any]]:
    for row in rates[rates["estimand"] == Estimand.RATE].to_dict("records"):
        about = {"measure": RATE, "group": row["group"], "outcome": row["outcome"]}
        yield {**about, "n": row["n_group"], **_estimate(row, year)}


def _estimate(row: Row, year: str) -> dict[str, Any]:
    """The value of a released row with its interval and its decimals."""
    return {
        "period": year,
        "unit": MeasureUnit.SHARE,
        "digits": row["digits"],
        "note": row["note"],
        **{name: row[name] for name in ("estimate", "ci_low", "ci_high")},
    }


# ---- What was published -------------------------------------------------------------------------


def _against_goal(row: Row, name: str, targets: pd.DataFrame, nearest: int) -> dict[str, Any]:
    """The goal of a row, as it is first stated: the report repeats some in other words.

    Of a rounded interval the verdict is that of all intervals that may be behind it, so that no
    rounding makes a goal reached.
    """
    asked = (targets["measure"] == name) & (targets["group"] == row["group"])
    timely = targets["period"].isin([EACH_YEAR, row["period"]]) & (row["period"] != "")
    stated = targets[asked & timely & targets["relation"].isin(REACHED_BY.keys())]
    stated = stated.dropna(subset="value")
    if stated.empty:
        return {}
    one = stated.iloc[0]
    goal = one["value"] * _worth(one)
    room = _own_rounding(row, nearest) / 2
    low: float = row["estimate"] if pd.isna(row["ci_low"]) else row["ci_low"]
    high: float = row["estimate"] if pd.isna(row["ci_high"]) else row["ci_high"]
    return {
        "goal": goal,
        "relation": one["relation"],
        "verdict": verdict(one["relation"], goal, low - room, high + room),
        "goal_source": one["source"],
        "goal_section": one["section"],
    }


def _beside_printed(row: Row, name: str, figures: pd.DataFrame, nearest: int) -> dict[str, Any]:
    """What was printed of a row, where that is one number, and whether the two agree."""
    asked = (figures["measure"] == name) & (figures["group"] == row["group"])
    said = figures[asked & (figures["period"] == row["period"]) & (figures["relation"] == "equal")]
    said = said.dropna(subset="value")
    if said.empty:
        return {}
    one = said.iloc[0]
    printed, rounding = (one[column] * _worth(one) for column in ("value", "rounding"))
    shown = {
        "printed": printed,
        "rounding": rounding,
        "printed_source": one["source"],
        "printed_section": one["section"],
    }
    if pd.isna(row["estimate"]):
        return shown
    own = _own_rounding(row, nearest)
    return {**shown, "agreement": agreement(row["estimate"], printed, rounding, own)}


def _own_rounding(row: Row, nearest: int) -> float:
    """What a released value was rounded to; 0 if nothing was."""
    if not nearest:
        return 0.0
    return 10.0 ** -(row["digits"] + 2) if row["unit"] == MeasureUnit.SHARE else float(nearest)


def _worth(figure: pd.Series) -> float:
    return 0.01 if str(figure["unit"]).startswith("percent") else 1.0
