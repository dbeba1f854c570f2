"""The optional tables of the generated extract: emissions, activity and the income statement.

Emissions per path student and per learner are printed, and so is the climate contribution; the
emissions of the year are the one total that both figures are of, and learners follow from it. All
else is an illustrative choice of `assumed`. Months are trend times season times a draw, which is a
hash of seed and name, and each year's whole numbers add up to its total.
"""

import datetime
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.ingest.published import read_published
from analysis.ingest.synthetic import MARK, MARK_COLUMN, YEAR, assumed
from analysis.ingest.synthetic.closest import Array, Counts
from analysis.ingest.synthetic.strata import Stages, shared_out
from analysis.vocabulary import FUNDING, IncomeLine, LearnerKind

MONTHS = 12
DECIMALS = 9
KEYS = {"finance": ["month", "line"], "emissions": ["month", "team", "scope"]}
VALUES = {
    "finance": ["amount", "budget"],
    "emissions": ["kg_co2e", "budget_kg_co2e"],
    "activity": ["persons"],
}
Yearly = Mapping[int, float]
Json = dict[str, object]


@dataclass(frozen=True)
class Printed:
    """What the report prints of the year.

    Attributes
    ----------
    per_path_student, per_learner
        Emissions in kg CO2e, both of the one total.
    contribution
        Climate contribution in EUR.
    """

    per_path_student: float
    per_learner: float
    contribution: int


def read_printed(root: Path) -> Printed:
    """Read the printed figures of a repository."""
    figures = read_published(root, YEAR, "emissions")

    def one(measure: str, group: str) -> float:
        rows = figures[(figures["measure"] == measure) & (figures["group"] == group)]
        (value,) = rows["value"].unique()
        return float(value)

    return Printed(
        one("emissions_per_person", "path_students"),
        one("emissions_per_person", "learners"),
        round(one("donation", "all")),
    )


def bottom_lines(
    printed: Printed, stages: Mapping[int, Stages], scale: int, seed: int
) -> dict[str, pd.DataFrame]:
    """Make the optional tables of the contract.

    Parameters
    ----------
    printed
        What the report prints.
    stages
        The students of each year.
    scale
        How many times the printed totals, as for persons.
    seed
        Of the draws.

    Returns
    -------
    dict
        The tables by their names in the contract, in the order of their keys; each row is marked.
    """
    students = {year: int(part.students.sum()) for year, part in stages.items()}
    months = [datetime.date(year, month, 1) for year in stages for month in range(1, MONTHS + 1)]
    total = round(printed.per_path_student * students[YEAR])
    made = {
        "finance": _finance(printed, stages, seed),
        "emissions": _emissions(total, list(stages), seed),
        "activity": _activity(round(total / printed.per_learner), students),
    }
    for name, keys in KEYS.items():
        table = made[name].assign(month=[months[place] for place in made[name]["month"]])
        made[name] = table.sort_values(keys, ignore_index=True)
    for name, table in made.items():
        table[VALUES[name]] *= scale
        table[MARK_COLUMN] = MARK
    return made


def bottom_line_truth(tables: Mapping[str, pd.DataFrame]) -> Json:
    """Tell what is true of the optional tables, as they stand in the files.

    Returns
    -------
    dict
        By year: `emissions` in kg CO2e, `learners`, `path_students`, and `income`, the amount of
        each line of the income statement.
    """
    emissions, activity, finance = (tables[name] for name in ("emissions", "activity", "finance"))
    persons = activity.pivot(index="year", columns="kind", values="persons")
    income = finance.groupby([_years(finance), "line"])["amount"].sum()
    return {
        "emissions": _by_year(emissions.groupby(_years(emissions))["kg_co2e"].sum()),
        "learners": _by_year(persons.sum(axis=1)),
        "path_students": _by_year(persons[str(LearnerKind.PATH)]),
        "income": {
            str(year): {str(line): round(value) for line, value in income.loc[year].items()}
            for year in income.index.unique(level=0)
        },
    }


def _years(table: pd.DataFrame) -> "pd.Series[int]":
    return table["month"].map(lambda month: month.year).rename("year")


def _by_year(values: "pd.Series[float]") -> dict[str, int]:
    return {str(year): round(value) for year, value in values.items()}


def _activity(learners: int, students: Mapping[int, int]) -> pd.DataFrame:
    """Persons active by year and kind; students are those who started in the year."""
    free = {**assumed.FREE_LEARNERS_BEFORE, YEAR: learners - students[YEAR]}
    rows = [
        {"year": year, "kind": str(kind), "persons": persons[year]}
        for year in students
        for kind, persons in ((LearnerKind.FREE, free), (LearnerKind.PATH, students))
    ]
    return pd.DataFrame(rows)


def _emissions(total: int, years: Sequence[int], seed: int) -> pd.DataFrame:
    """Emissions by month, team and scope; those of the calibrated year add up to the total."""
    count = len(years) * MONTHS
    plain = np.array(
        [
            share * _season(count, rise, peak) * _trend(count, assumed.EMISSION_GROWTH)
            for share, rise, peak in assumed.EMITTERS.values()
        ]
    )
    names = [f"{team} {scope}" for team, scope in assumed.EMITTERS]
    width = assumed.NOISE["emissions"]
    drawn = plain * np.array([_noise(seed, f"emissions {name}", count, width) for name in names])
    own = slice(years.index(YEAR) * MONTHS, (years.index(YEAR) + 1) * MONTHS)
    level = total / drawn[:, own].sum()
    found = np.rint(_steady(level * drawn)).astype(np.int64)
    found[:, own] = _whole(total, drawn[:, own])
    planned = _budget(level * plain, years, assumed.EMISSION_BUDGETS, "emissions")
    rows = [
        (month, team, scope, float(found[place, month]), planned[place, month])
        for place, (team, scope) in enumerate(assumed.EMITTERS)
        for month in range(count)
    ]
    return pd.DataFrame(rows, columns=["month", "team", "scope", "kg_co2e", "budget_kg_co2e"])


def _finance(printed: Printed, stages: Mapping[int, Stages], seed: int) -> pd.DataFrame:
    """The income statement by month and line."""
    students = {year: int(part.students.sum()) for year, part in stages.items()}
    parts = []
    for place, funding in enumerate(FUNDING):
        paid = {year: int(part.funding[:, place].sum()) for year, part in stages.items()}
        totals = {year: assumed.PRICES[funding] * number for year, number in paid.items()}
        line = IncomeLine(f"revenue_{funding}")
        parts.append(_line(line, totals, assumed.REVENUE_SEASON, seed))
    for name, (fixed, each) in assumed.COSTS.items():
        totals = {year: fixed + each * number for year, number in students.items()}
        parts.append(_line(IncomeLine(name), totals, assumed.COST_SEASON, seed))
    for name, total in assumed.FLAT_LINES.items():
        monthly = total / MONTHS
        rows = [(month, name, monthly, monthly) for month in range(len(stages) * MONTHS)]
        parts.append(pd.DataFrame(rows, columns=["month", "line", "amount", "budget"]))
    given = {**assumed.CONTRIBUTIONS_BEFORE, YEAR: printed.contribution}
    parts.append(_in_december(IncomeLine.CLIMATE_CONTRIBUTION, given, stages, planned=True))
    before_tax = _results(pd.concat(parts, ignore_index=True), list(stages))
    due = {year: round(assumed.TAX_RATE * max(gain, 0.0)) for year, gain in before_tax.items()}
    parts.append(_in_december(IncomeLine.INCOME_TAX, due, stages, planned=False))
    return pd.concat(parts, ignore_index=True)


def _line(line: IncomeLine, totals: Yearly, season: tuple[float, int], seed: int) -> pd.DataFrame:
    """A line whose months follow trend and season and add up to each year's total."""
    first, *_, last = totals.values()
    # Within a year as from year to year, so that no January breaks with its December.
    growth = np.log(last / first) / (len(totals) - 1)
    plain = _trend(MONTHS, growth) * _season(MONTHS, *season)
    rows = []
    for place, (year, total) in enumerate(totals.items()):
        drawn = plain * _noise(seed, f"{line} {year}", MONTHS, assumed.NOISE["finance"])
        amounts = _whole(round(total), drawn)
        budgets = _budget(
            total * plain[None, :] / plain.sum(), [year], assumed.FINANCE_BUDGETS, "finance"
        )[0]
        rows += [
            (place * MONTHS + month, str(line), float(amounts[month]), budgets[month])
            for month in range(MONTHS)
        ]
    return pd.DataFrame(rows, columns=["month", "line", "amount", "budget"])


def _in_december(
    line: IncomeLine, totals: Yearly, years: Mapping[int, object], *, planned: bool
) -> pd.DataFrame:
    """A line that is booked once a year, with its budget if it was planned."""
    rows = []
    for (place, year), month in product(enumerate(years), range(MONTHS)):
        amount = float(totals[year]) if month == MONTHS - 1 else 0.0
        rows.append((place * MONTHS + month, str(line), amount, amount if planned else np.nan))
    return pd.DataFrame(rows, columns=["month", "line", "amount", "budget"])


def _results(finance: pd.DataFrame, years: Sequence[int]) -> dict[int, float]:
    """Result of each year before tax."""
    gains = ("revenue_", IncomeLine.SUBSIDIES, IncomeLine.FINANCIAL_RESULT)
    sign = np.where(finance["line"].str.startswith(tuple(map(str, gains))), 1, -1)
    place = finance["month"] // MONTHS
    return {
        year: float((sign * finance["amount"])[place == number].sum())
        for number, year in enumerate(years)
    }


def _trend(count: int, growth: float) -> Array:
    """Trend over months: exponential, with a growth a year in logs."""
    trend: Array = np.exp(growth * np.arange(count) / MONTHS)
    return trend


def _season(count: int, rise: float, peak: int) -> Array:
    """Season over months from January on: a wave with its top in the month `peak`, 1 to 12."""
    season: Array = 1 + rise * np.cos(2 * np.pi * (np.arange(count) + 1 - peak) / MONTHS)
    return season


def _noise(seed: int, name: str, count: int, width: float) -> Array:
    """Draws between one less and one more than a width, each a hash of seed, name and month."""
    return 1 + width * (2 * np.array(list(_draws(seed, name, count))) - 1)


def _draws(seed: int, name: str, count: int) -> Iterator[float]:
    """Numbers from 0 on and below 1, the same on every machine."""
    for month in range(count):
        digest = hashlib.blake2b(f"{seed}:{name}:{month}".encode(), digest_size=6).digest()
        yield int.from_bytes(digest, "big") / 2**48


def _steady(values: Array) -> Array:
    """Values without the last digits, which differ from one processor to another."""
    steady: Array = np.round(values, DECIMALS - 3)
    return steady


def _whole(total: int, weights: Array) -> Counts:
    """Whole numbers in proportion to weights that add up to a total, in their shape."""
    shares = np.round(weights / weights.sum(), DECIMALS)
    return shared_out(total, shares.ravel()).reshape(weights.shape)


def _budget(values: Array, years: Sequence[int], factors: Yearly, kind: str) -> Array:
    """Round budgets, by row and month; missing for years that had none."""
    factor = np.repeat([factors.get(year, np.nan) for year in years], MONTHS)
    step = assumed.BUDGET_STEP[kind]
    budget: Array = step * np.rint(_steady(values * factor / step))
    return budget
