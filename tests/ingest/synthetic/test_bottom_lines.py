"""The generated optional tables: printed totals are given back, whatever the scale and seed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.ingest.published import read_published
from analysis.ingest.synthetic import MARK, MARK_COLUMN, assumed
from analysis.ingest.synthetic.bottom_lines import (
    MONTHS,
    bottom_line_truth,
    bottom_lines,
    read_printed,
)
from analysis.ingest.synthetic.strata import STRATA, Stages, shared_out
from analysis.ingest.synthetic.targets import read_targets
from analysis.vocabulary import FUNDING, IncomeLine

ROOT = Path(__file__).resolve().parents[3]
YEAR = 2022
SEED = 11
Tables = dict[str, pd.DataFrame]


def _stages(students: int) -> Stages:
    """Stages of which only students and their funding count here."""
    none = np.zeros(STRATA, dtype=np.int64)
    own = shared_out(students, np.ones(STRATA))
    paid = np.array([shared_out(count, np.arange(1.0, 1 + len(FUNDING))) for count in own])
    return Stages(none, none, own, none, paid, none, none, none)


@pytest.fixture(scope="module")
def stages() -> dict[int, Stages]:
    """The students of each year, the last as many as were printed."""
    return {
        **{year: _stages(count) for year, count in assumed.STUDENTS_BEFORE.items()},
        YEAR: _stages(read_targets(ROOT).students),
    }


@pytest.fixture(scope="module")
def made(stages: dict[int, Stages]) -> Tables:
    return bottom_lines(read_printed(ROOT), stages, 1, SEED)


def _printed(measure: str, group: str) -> tuple[float, float]:
    figures = read_published(ROOT, YEAR, "emissions")
    row = figures[(figures["measure"] == measure) & (figures["group"] == group)].iloc[0]
    return row["value"], row["rounding"]


def _of_year(table: pd.DataFrame, year: int = YEAR) -> pd.DataFrame:
    return table[[month.year == year for month in table["month"]]]


@pytest.mark.parametrize("scale", [1, 3])
def test_printed_totals_are_given_back(stages: dict[int, Stages], scale: int) -> None:
    tables = bottom_lines(read_printed(ROOT), stages, scale, SEED)
    emitted = _of_year(tables["emissions"])["kg_co2e"].sum()
    persons = tables["activity"][tables["activity"]["year"] == YEAR].set_index("kind")["persons"]
    assert persons["path"] == scale * read_targets(ROOT).students
    for group, number in (("path_students", persons["path"]), ("learners", persons.sum())):
        value, rounding = _printed("emissions_per_person", group)
        assert abs(emitted / number - value) < rounding / 100
    finance = _of_year(tables["finance"])
    paid = finance.loc[finance["line"] == str(IncomeLine.CLIMATE_CONTRIBUTION), "amount"].sum()
    assert paid == scale * _printed("donation", "all")[0]


def test_the_scale_multiplies_every_number(stages: dict[int, Stages], made: Tables) -> None:
    tables = bottom_lines(read_printed(ROOT), stages, 4, SEED)
    for name, table in made.items():
        for column in table.columns:
            numbers = column not in ("month", "line", "team", "scope", "year", "kind", MARK_COLUMN)
            expected = table[column] * 4 if numbers else table[column]
            pd.testing.assert_series_equal(tables[name][column], expected)


def test_a_seed_gives_the_same_again_and_another_one_other_months(
    stages: dict[int, Stages], made: Tables
) -> None:
    printed = read_printed(ROOT)
    again, other = (bottom_lines(printed, stages, 1, seed) for seed in (SEED, SEED + 1))
    for name in made:
        pd.testing.assert_frame_equal(again[name], made[name])
    assert not other["emissions"]["kg_co2e"].equals(made["emissions"]["kg_co2e"])
    assert not other["finance"]["amount"].equals(made["finance"]["amount"])
    for table in ("emissions", "finance"):
        value = {"emissions": "kg_co2e", "finance": "amount"}[table]
        assert _of_year(other[table])[value].sum() == _of_year(made[table])[value].sum()


def test_revenue_is_the_price_of_the_students_that_each_pays_for(
    stages: dict[int, Stages], made: Tables
) -> None:
    for year, part in stages.items():
        own = _of_year(made["finance"], year).groupby("line")["amount"].sum()
        for place, funding in enumerate(FUNDING):
            students = part.funding[:, place].sum()
            assert own[f"revenue_{funding}"] == assumed.PRICES[funding] * students
        for line, (fixed, each) in assumed.COSTS.items():
            assert own[line] == fixed + each * part.students.sum()


def test_every_month_has_every_line_and_emitter_once(made: Tables) -> None:
    months = len(assumed.YEARS) * MONTHS
    finance, emissions = made["finance"], made["emissions"]
    assert len(finance) == months * len(IncomeLine)
    assert set(finance["line"]) == set(IncomeLine)
    assert len(emissions) == months * len(assumed.EMITTERS)
    assert sum(share for share, *_ in assumed.EMITTERS.values()) == pytest.approx(1)
    for table, keys in ((finance, ["month", "line"]), (emissions, ["month", "team", "scope"])):
        assert not table.duplicated(keys).any()
        assert table[keys].equals(table[keys].sort_values(keys, ignore_index=True))
    assert all((table[MARK_COLUMN] == MARK).all() for table in made.values())


def test_emissions_follow_trend_and_season(made: Tables) -> None:
    monthly = made["emissions"].pivot_table(
        index="month", columns=["team", "scope"], values="kg_co2e", aggfunc="sum"
    )
    own = monthly["workplace", 1].to_numpy().reshape(-1, MONTHS)
    # Heating: far more in winter than in summer, in every year.
    assert (own[:, [0, 1, 11]].min(axis=1) > 3 * own[:, 5:8].max(axis=1)).all()
    growth = np.diff(np.log(monthly.sum(axis=1).to_numpy().reshape(-1, MONTHS).sum(axis=1)))
    np.testing.assert_allclose(growth, assumed.EMISSION_GROWTH, atol=0.05)


def test_budgets_lie_near_the_plan_and_are_missing_where_none_was_set(made: Tables) -> None:
    emissions = made["emissions"]
    for year in assumed.YEARS:
        own = _of_year(emissions, year)
        factor = assumed.EMISSION_BUDGETS.get(year)
        if factor is None:
            assert own["budget_kg_co2e"].isna().all()
        else:
            ratio = own["budget_kg_co2e"].sum() / own["kg_co2e"].sum()
            assert ratio == pytest.approx(factor, abs=0.03)
    finance = made["finance"].set_index("line")
    assert finance.loc[str(IncomeLine.INCOME_TAX), "budget"].isna().all()
    assert finance.loc[str(IncomeLine.STAFF), "budget"].notna().all()


def test_tax_is_due_on_gains_only(made: Tables) -> None:
    for year in assumed.YEARS:
        own = _of_year(made["finance"], year).groupby("line")["amount"].sum()
        gains = own[[line for line in own.index if line.startswith(("revenue", "subsidies"))]].sum()
        costs = own.drop(str(IncomeLine.INCOME_TAX)).abs().sum() - gains
        tax = own[str(IncomeLine.INCOME_TAX)]
        # The financial result is a loss, and so a cost.
        assert own[str(IncomeLine.FINANCIAL_RESULT)] < 0
        assert tax == pytest.approx(max(assumed.TAX_RATE * (gains - costs), 0), abs=0.5)
    assert tax > 0


def test_the_truth_is_that_of_the_tables(made: Tables) -> None:
    told = bottom_line_truth(made)
    students = read_targets(ROOT).students
    assert told["path_students"][str(YEAR)] == students  # type: ignore[index]
    assert told["emissions"][str(YEAR)] == 32 * students  # type: ignore[index]
    assert told["income"][str(YEAR)]["climate_contribution"] == 85_000  # type: ignore[index]
    assert list(told["income"]) == [str(year) for year in assumed.YEARS]  # type: ignore[call-overload]
