"""Figures and tables of the financial and the environmental bottom line, of hand-made extracts."""

import re
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from analysis.figures import emissions as emission_module
from analysis.figures import forecast as forecast_module
from analysis.figures import income as income_module
from analysis.figures.emissions import (
    budgets_table,
    emission_charts,
    emissions_table,
    show_emissions,
)
from analysis.figures.forecast import forecast_charts, forecast_table, show_forecast
from analysis.figures.income import Bar, income_charts, income_table, show_income, waterfall
from analysis.figures.measured import month_ticks, period_words, shortened
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.wording import catalogue, say
from analysis.impact.conversion import converted
from analysis.impact.currency import Currency
from analysis.impact.emissions import (
    EMISSIONS,
    MONTHLY,
    PRINTED,
    emission_measures,
    monthly_measures,
    monthly_totals,
)
from analysis.impact.forecast import FORECAST, forecast_measures
from analysis.impact.income import INCOME, STATEMENT, income_statement
from analysis.release.results import Release
from analysis.studies import load_study
from analysis.vocabulary import LANGUAGES, Audience

Tables = dict[str, pd.DataFrame]
TEAMS = {"workplace": 30.0, "Équipe pédagogique de Lyon": 12.0, "travel": 4.0, "content": 9.0}


def emitted(months: int = 36) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    rows = [
        (month.to_timestamp(), team, scope, 1000 * size * scope / 6 * rng.uniform(0.9, 1.1))
        for month in pd.period_range(end="2022-12", periods=months, freq="M")
        for team, size in TEAMS.items()
        for scope in (1, 2, 3)
    ]
    table = pd.DataFrame(rows, columns=["month", "team", "scope", "kg_co2e"])
    return table.assign(budget_kg_co2e=table["kg_co2e"].round(-3) * 0.9)


def accounts(sign: float = 1.0) -> pd.DataFrame:
    lines = {line: 1e5 * (place + 1) for place, line in enumerate(STATEMENT)}
    for name in ("revenue", "costs", "operating_result", "net_result"):
        del lines[name]
    lines |= {"revenue_public": sign * 5e6 + 8.2e6, "financial_result": -3e4}
    rows = [
        (pd.Timestamp(year, month, 1), line, amount * (1 + 0.1 * (year - 2021)), amount)
        for year in (2021, 2022)
        for month in range(1, 13)
        for line, amount in lines.items()
    ]
    return pd.DataFrame(rows, columns=["month", "line", "amount", "budget"])


def made(
    emissions: pd.DataFrame, finance: pd.DataFrame, audience: Audience = Audience.INTERNAL,
    code: Any = "EUR", **more: Any,
) -> Tables:  # fmt: skip
    activity = pd.DataFrame({"year": 2022, "kind": ["free", "path"], "persons": [900_000, 20_000]})
    shown = {"activity": activity, "contribution": 85_000.0, **more}
    series = monthly_totals(emissions)
    tables = {
        INCOME: income_statement(finance),
        EMISSIONS: emission_measures(emissions, 2022, **shown),
        MONTHLY: monthly_measures(emissions),
        FORECAST: forecast_measures(series, 12, 0.95, draws=1000, seed=1),
    }
    currency = Currency.of(code, 1.05)
    release = Release(audience)
    return {name: release.measures(converted(table, currency)) for name, table in tables.items()}


PRINT = pd.DataFrame(
    [
        ("emissions_per_person", "learners", 0.83, "kg CO2e", 0.01),
        ("emissions_per_person", "in_person_students", 1.0, "t CO2e", 1),
        ("donation", "all", 85_000.0, "EUR", 1000),
    ],
    columns=["measure", "group", "value", "unit", "rounding"],
).assign(section="Impact")


def without_budget() -> pd.DataFrame:
    table = emitted(30)
    unplanned = (table["team"] == "travel") | (table["month"] > "2022-09-01")
    return table.assign(budget_kg_co2e=table["budget_kg_co2e"].mask(unplanned))


def with_holes() -> pd.DataFrame:
    table = emitted()
    lost = (table["month"] == "2022-03-01") & (table["scope"] == 1)
    zero = table["month"] == "2021-08-01"
    return table[~lost].assign(kg_co2e=table["kg_co2e"].mask(zero, 0.0))


CASES: Mapping[str, Tables] = {
    "whole": made(emitted(), accounts(), printed=PRINT),
    "public": made(emitted(), accounts(), Audience.PUBLIC),
    "dollars": made(emitted(), accounts(), code="USD", printed=PRINT),
    "loss": made(without_budget(), accounts(-1.0), contribution=None),
    "short": made(emitted(14).assign(budget_kg_co2e=np.nan), accounts().head(21), activity=None),
    "holes": made(with_holes(), accounts()),
    "long": made(emitted(96), accounts()),
    "brief": made(emitted(2), accounts()),
    "small": made(
        emitted().assign(kg_co2e=0.7, budget_kg_co2e=0.6),
        accounts().assign(amount=lambda rows: rows["amount"] / 1e5),
    ),
}


@pytest.fixture(scope="module")
def subject() -> Subject:
    study = load_study("openclassrooms").as_generated()
    return Subject(study, study.described_outcome or "placed_6", "2022", 0.95)


def charts(tables: Tables, subject: Subject) -> list[Chart]:
    return [
        *income_charts(tables, subject),
        *emission_charts(tables, subject),
        *forecast_charts(tables, subject),
    ]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cropped_and_no_texts_overlap(
    case: str, language: str, subject: Subject
) -> None:
    for chart in charts(CASES[case], subject):
        figure = chart.draw(language)
        FigureCanvasAgg(figure).draw()
        unseen = {
            label
            for axes in figure.axes
            for labels, limits, at in (
                (axes.get_xticklabels(), axes.get_xlim(), 0),
                (axes.get_yticklabels(), axes.get_ylim(), 1),
            )
            for label in labels
            if not min(limits) <= label.get_position()[at] <= max(limits)
        }
        texts = [
            text
            for text in figure.findobj(Text)
            if text.get_text().strip()
            and (text.get_alpha() or 1) == 1
            and text.get_visible()
            and text not in unseen
            and (text.axes is None or text.axes.get_visible())
        ]
        width, height = figure.canvas.get_width_height()
        boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
        for text, box in boxes:
            assert min(box.x0, box.y0, width - box.x1, height - box.y1) >= -0.5, (chart.id, text)
        for (one, a), (other, b) in combinations(boxes, 2):
            across, down = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
            assert across <= 2 or down <= 2, f"{chart.id}: {one!r} overlaps {other!r}"


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_complete(case: str, language: str, subject: Subject) -> None:
    for chart in charts(CASES[case], subject):
        words = chart.words[language]
        parts = re.split("[ \N{NO-BREAK SPACE}]", words.headline)
        limit = 16 if "Lyon" in words.headline else 12
        assert len([part for part in parts if part not in {";", ":", "%"}]) <= limit, words.headline
        told = words.headline + words.subtitle + words.note + words.caption + words.alt
        assert not re.search(r"\bnan\b|\{|\bNone\b", told)
        assert chart.synthetic


def table_text(tables: Tables, subject: Subject, language: str) -> str:
    found = [
        income_table(tables[INCOME], subject, language),
        emissions_table(tables[EMISSIONS], subject, language),
        budgets_table(tables[EMISSIONS], subject, language),
        forecast_table(tables[FORECAST], subject, language),
    ]
    return "\n".join(table.to_csv(index=False) for table in found)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cell_is_said(case: str, language: str, subject: Subject) -> None:
    text = table_text(CASES[case], subject, language)
    assert not re.search(r"\bnan\b|\{|\bNone\b|,,", text)


def test_every_measure_line_and_table_has_words_in_both_languages() -> None:
    for tables in CASES.values():
        for name, table in tables.items():
            assert {f"measures.{key}" for key in table["measure"]} <= set(catalogue())
            stem = name.replace("-", "_")
            assert {f"tables.{stem}", f"table_contents.{stem}"} <= set(catalogue())
    assert {f"measure_groups.{name}" for name in (*STATEMENT, PRINTED)} <= set(catalogue())


def test_headlines_are_made_of_the_values(subject: Subject) -> None:
    tables = CASES["whole"]
    said = {
        chart.id: chart.words["en"].headline.replace("\N{NO-BREAK SPACE}", " ")
        for chart in charts(tables, subject)
    }
    income = tables[INCOME].set_index(["measure", "group", "period"])["estimate"]
    net, revenue = (income["income", name, "2022"] for name in ("net_result", "revenue"))
    assert said["income-statement"] == (
        f"2022: net result of €{net / 1e6:.1f} million, {net / revenue:.1%} of revenue"
    )
    emissions = tables[EMISSIONS].set_index(["measure", "group"])["estimate"]
    shares = emissions["emissions_deviation_share"]
    assert said["emissions-budget"] == (
        f"Emissions of 2022: {shares['all']:+.1%} against budget, "
        f"teams from {shares.drop('all').min():+.1%} to {shares.drop('all').max():+.1%}"
    )
    (year,) = tables[FORECAST][tables[FORECAST]["measure"] == "emissions_year_ahead"].to_dict(
        "records"
    )
    low, high = (round(year[f"ci_{end}"], year["digits"]) for end in ("low", "high"))
    assert said["emissions-forecast"] == (
        f"Forecast for 2023: {low:.0f} to {high:.0f} t CO₂e, "
        f"after {emissions['emissions', 'all']:.0f} in 2022"
    )
    largest = emissions["emissions_by_team"].max() / emissions["emissions", "all"]
    assert said["emissions-teams"] == (
        f"Workplace emits most: {largest:.0%} of the emissions of 2022"
    )


def test_a_loss_is_a_bar_below_zero(subject: Subject) -> None:
    (chart,) = income_charts(CASES["loss"], subject)
    assert "net result of −€" in chart.words["en"].headline
    assert chart.draw("en").axes[0].get_xlim()[0] < 0


def test_bars_of_the_waterfall_begin_where_the_last_one_ended() -> None:
    amounts = {"revenue_public": 10.0, "subsidies": 2.0, "revenue": 12.0, "staff": 15.0,
               "costs": 15.0, "operating_result": -3.0, "financial_result": -1.0,
               "income_tax": 0.5, "net_result": -4.5}  # fmt: skip
    assert waterfall(amounts) == [
        Bar("revenue_public", 0.0, 10.0),
        Bar("subsidies", 10.0, 12.0),
        Bar("revenue", 0.0, 12.0),
        Bar("staff", 12.0, -3.0),
        Bar("operating_result", 0.0, -3.0),
        Bar("financial_result", -3.0, -4.0),
        Bar("income_tax", -4.0, -4.5),
        Bar("net_result", 0.0, -4.5),
    ]


def test_what_rests_on_a_rate_of_exchange_is_marked(subject: Subject) -> None:
    tables = CASES["dollars"]
    (chart,) = income_charts(tables, subject)
    for language in LANGUAGES:
        mark = say("amounts.illustrative_mark", language)
        words = chart.words[language]
        assert mark in words.headline
        assert mark in words.caption
        assert any(mark in name for name in income_table(tables[INCOME], subject, language))
        shown = emissions_table(tables[EMISSIONS], subject, language).iloc[:, 0]
        assert shown.str.contains(mark).sum() == 2
    assert "€" not in chart.words["en"].caption


def test_values_stand_beside_what_is_printed(subject: Subject) -> None:
    shown = emissions_table(CASES["whole"][EMISSIONS], subject, "en").set_index("Measure")
    row = shown.loc["Emissions per learner, free courses and paths"]
    assert row["n"] == "920,000"
    assert row["Printed"].replace("\N{NO-BREAK SPACE}", " ") == "0.83 kg CO₂e"
    assert row["Beside what is printed"] == "differs beyond its rounding"
    contribution = shown.loc["Climate contribution"]
    assert contribution["Beside what is printed"] == "agrees at its rounding"


def test_a_forecast_that_can_not_be_made_says_why(subject: Subject) -> None:
    tables = CASES["short"]
    reason = "not estimable: 14 months are known, 24 are needed"
    assert reason in forecast_table(tables[FORECAST], subject, "en").to_csv()
    (chart,) = forecast_charts(tables, subject)
    assert reason in chart.words["en"].note
    assert "interval" not in chart.words["en"].subtitle


def test_months_and_years_that_are_not_whole_are_said(subject: Subject) -> None:
    (chart,) = forecast_charts(CASES["holes"], subject)
    assert "Months that lack a part are left empty: Mar 2022." in chart.words["en"].note
    assert "2022:" not in chart.words["en"].caption
    assert "on tonnes, as some months are zero" in chart.words["en"].note
    emissions = emissions_table(CASES["holes"][EMISSIONS], subject, "fr")
    assert emissions["Remarque"].str.contains("année incomplète\N{NO-BREAK SPACE}: 11 mois").any()
    budgets = budgets_table(CASES["loss"][EMISSIONS], subject, "en").set_index("Team")
    assert "with a budget in 9 months only" in budgets.loc["All", "Note"]
    assert budgets.loc["Travel", "Note"] == "no budget"


def test_what_a_year_lacks_in_part_is_said_in_the_tables(subject: Subject) -> None:
    finance, late = accounts(), "2022-10-01"
    finance = finance[(finance["line"] != "staff") | (finance["month"] < late)]
    finance = finance[finance["month"] != "2022-12-01"]
    emissions = emitted(36)
    ended = (emissions["team"] == "travel") & (emissions["scope"] == 3)
    tables = made(emissions[~ended | (emissions["month"] < late)], finance)
    income = income_table(tables[INCOME], subject, "en").set_index("Line")["Note"]
    assert "9 months given of this line" in income["Staff"]
    assert "lines not given in every month: 1" in income["Total costs"]
    assert "lines not given" not in income["Total revenue"]
    (chart,) = income_charts(tables, subject)
    assert "Only 11 months" in chart.words["en"].note
    measures = emissions_table(tables[EMISSIONS], subject, "fr").set_index("Mesure")
    for name in ("Émissions", "Émissions par étudiant d’un parcours"):
        assert "commencé ou fini dans l’année" in measures.loc[name, "Remarque"]
    assert measures.loc["Émissions", "Valeur"] != "–"


def test_the_headline_of_a_year_that_is_no_calendar_year_names_none(subject: Subject) -> None:
    table = emitted(36)
    tables = made(table[table["month"] < "2022-07-01"], accounts())
    (chart,) = forecast_charts(tables, subject)
    assert chart.words["en"].headline.startswith("Forecast of the next twelve months: ")
    assert "Jul 2022 to Jun 2023" in chart.words["en"].caption


@pytest.mark.parametrize("cohort", ["2022", None])
def test_absent_tables_are_a_message(
    cohort: str | None, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    for module in (income_module, emission_module, forecast_module):
        monkeypatch.setattr(module, "show_message", lambda key, language, **_: said.append(key))
    other = Subject(subject.study, subject.outcome, cohort, 0.95)
    for language in LANGUAGES:
        show_income({}, other, language)
        show_emissions({}, other, language)
        show_forecast({}, other, language)
    assert set(said) == {"income.missing", "emitted.missing", "ahead.missing"}
    assert charts({}, other) == []


def test_a_cohort_without_accounts_is_a_message(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Any] = []
    monkeypatch.setattr(
        income_module, "show_message", lambda key, language, **told: said.append((key, told))
    )
    other = Subject(subject.study, subject.outcome, "2019", 0.95)
    show_income(CASES["whole"], other, "en")
    assert said == [("income.missing_year", {"year": "2019"})]
    assert income_charts(CASES["whole"], other) == []


def test_without_a_cohort_the_last_year_is_shown(subject: Subject) -> None:
    other = Subject(subject.study, subject.outcome, None, 0.95)
    (chart,) = income_charts(CASES["whole"], other)
    assert set(chart.data["period"]) == {"2022"}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (123_456_789.0, "€123 million"),
        (12_345_678.0, "€12.3 million"),
        (-1_234_567.0, "−€1.23 million"),
        (85_432.0, "€85,000"),
        (1_234.0, "€1,234"),
        (0.0, "€0"),
    ],
)
def test_amounts_in_figures_have_about_three_digits(value: float, told: str) -> None:
    assert shortened(value, "EUR", "en").replace("\N{NO-BREAK SPACE}", " ") == told


@pytest.mark.parametrize(
    ("months", "most", "ticks"),
    [(18, 9, [0, 6, 12]), (60, 9, [0, 12, 24, 36, 48]), (60, 2, [0, 36]), (1, 9, [0])],
)
def test_ticks_are_half_years_or_years(months: int, most: int, ticks: list[int]) -> None:
    named = pd.period_range("2020-01", periods=months, freq="M").astype(str)
    assert month_ticks(list(named), most) == ticks
    assert month_ticks(["2020-02", "2020-03"], most) == [0]


def test_periods_are_told_in_words() -> None:
    assert period_words("2022", "fr") == "2022"
    assert period_words("2022-08", "fr") == "août 2022"
    assert period_words("2022-07/2023-06", "en") == "Jul 2022 to Jun 2023"
