"""The social value in figures, tables and sentences, in both languages."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from analysis.figures import social_tables
from analysis.figures.amounts import amount, amount_with_interval, row_amount, with_interval
from analysis.figures.bottom_lines import bottom_lines
from analysis.figures.save import Chart
from analysis.figures.social import (
    counted_sentence,
    gained_sentence,
    gap_sentence,
    money_range,
    row_of,
    social_sentence,
    value_chart,
)
from analysis.figures.social_tables import inputs_table, salaries_table, value_table
from analysis.figures.subject import Subject
from analysis.figures.tornado import change_at, tornado_chart, tornado_table
from analysis.figures.wording import catalogue
from analysis.impact.country import UNITS, load_country
from analysis.impact.measures import MeasureUnit, measure_table
from analysis.impact.simulation import Estimated, Result
from analysis.impact.social import (
    EACH,
    FLOWS,
    INPUT,
    PLACED,
    YEARS,
    Asked,
    Evidence,
    Simulation,
    gap_rows,
    result_rows,
    social_inputs,
    value_formulas,
)
from analysis.impact.tornado import tornado_rows
from analysis.studies import Study
from analysis.vocabulary import LANGUAGES, Audience

FRANCE = load_country("france")
MARKS = {"en": "ILLUSTRATIVE", "fr": "ILLUSTRATIF"}


def estimated(central: float, half: float, **bounds: float) -> Estimated:
    return Estimated(central, central - half, central + half, 0.95, 1054, **bounds)


EVIDENCE = Evidence(
    Asked(2636, 1054),
    Asked(1500, 560),
    placement=estimated(0.48, 0.03, least=0.0, most=1.0),
    seekers=estimated(0.37, 0.04, least=0.0, most=1.0),
    underserved_seekers=estimated(0.79, 0.05, least=0.0, most=1.0),
    gap=estimated(-0.1, 0.06, least=-1.0, most=1.0),
    pay=estimated(32_000, 800),
    raised=estimated(6_400, 300),
)
HOW = Simulation(2000, 7, 0.95, "2022", "surveys, france")


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    inputs = social_inputs(FRANCE, EVIDENCE)
    formulas = value_formulas(EVIDENCE.everyone)
    rows = [
        {
            "measure": INPUT + name,
            "group": FRANCE.name if name in UNITS else "",
            "unit": MeasureUnit.EUR if one.high > 20 else MeasureUnit.SHARE,
            "estimate": one.central,
            "ci_low": one.low,
            "ci_high": one.high,
            "illustrative": one.illustrative,
        }
        for name, one in inputs.items()
    ]
    five = Result("public_gain", PLACED, 5)
    return {
        "value": measure_table(
            [*result_rows(inputs, formulas, HOW), *gap_rows(inputs, EVIDENCE, HOW)]
        ),
        "inputs": measure_table(rows),
        "tornado": measure_table(tornado_rows(inputs, formulas, five, HOW)),
    }


@pytest.fixture
def subject(toy_study: Study) -> Subject:
    return Subject(toy_study, next(iter(toy_study.outcomes)), None, 0.95, Audience.INTERNAL)


@pytest.fixture
def charts(tables: dict[str, pd.DataFrame], subject: Subject) -> list[Chart]:
    value = tables["value"]
    return [
        value_chart(value, subject),
        tornado_chart(tables["tornado"], tables["inputs"], value, subject),
    ]


def hidden(table: pd.DataFrame) -> pd.DataFrame:
    numbers = ["estimate", "ci_low", "ci_high"]
    return table.assign(**dict.fromkeys(numbers, np.nan), note="hidden=small", n=pd.NA)


@pytest.mark.parametrize(
    ("value", "digits", "en", "fr"),
    [
        (-1_234_567, -6, "−€1,000,000", "−1 000 000 €"),
        (1_234_567, 0, "€1,234,567", "1 234 567 €"),
        (-0.4, 0, "€0", "0 €"),
    ],
)
def test_a_minus_stands_before_the_sign_of_the_currency(
    value: float, digits: int, en: str, fr: str
) -> None:
    spaces = re.compile(r"\s")
    for language, expected in (("en", en), ("fr", fr)):
        told = spaces.sub(" ", amount(value, MeasureUnit.EUR, language, digits))
        assert told == expected


@pytest.mark.parametrize(
    ("value", "digits", "told"),
    [
        (6_400_000, -6, "€6 million"),
        (6_440_000, -5, "€6.4 million"),
        (-6_440_000, -4, "−€6.44 million"),
        (6_440_000, -3, "€6,440,000"),
        (640_000, -5, "€600,000"),
    ],
)
def test_millions_are_told_as_such_where_digits_allow(value: float, digits: int, told: str) -> None:
    shown = amount(value, MeasureUnit.EUR, "en", digits, short=True)
    assert shown.replace("\N{NO-BREAK SPACE}", " ") == told


def test_signs_are_written_where_asked_for() -> None:
    assert amount(0.12, MeasureUnit.SHARE, "en", 0, signed=True) == "+12%"
    assert amount(-0.12, MeasureUnit.SHARE, "en", 0) == "−12%"
    assert amount(0, MeasureUnit.USD, "en", 0, signed=True) == "$0"


def test_a_value_stands_with_its_interval_and_its_mark() -> None:
    row = {"measure": "gain", "unit": MeasureUnit.EUR, "estimate": 1234.0, "n": 40}
    [bare] = measure_table([row]).to_dict("records")
    assert amount_with_interval(bare, "en") == "€1,234"
    marked = row | {"ci_low": 1100.0, "ci_high": 1400.0, "illustrative": True}
    [full] = measure_table([marked]).to_dict("records")
    spaces = re.compile(r"\s")
    told = spaces.sub(" ", amount_with_interval(full, "en"))
    assert told == "€1,230 (€1,100 to €1,400) (ILLUSTRATIVE)"
    assert spaces.sub(" ", with_interval(full, "en")) == "€1,230 (€1,100 to €1,400)"


def test_what_is_hidden_says_so_and_what_is_missing_has_a_dash() -> None:
    row = {"measure": "gain", "unit": MeasureUnit.EUR, "note": "hidden=small"}
    [one] = measure_table([row]).to_dict("records")
    assert row_amount(one, "en") == "not shown"
    assert row_amount(one | {"note": "no_successes"}, "en") == "–"


def test_headlines_are_short_marked_and_made_of_the_estimates(charts: list[Chart]) -> None:
    for chart in charts:
        for language, mark in MARKS.items():
            words = chart.words[language]
            assert len(re.split("[ \N{NO-BREAK SPACE}]", words.headline)) <= 12, words.headline
            assert mark in words.headline
            assert mark in words.note
            assert mark in words.caption
    value, tornado = charts
    public = row_of(value.data, "public_gain", 1)
    assert money_range(public, "en") in value.words["en"].headline
    first = tornado.data["group"].iloc[0].removeprefix(INPUT)
    for language in MARKS:
        assert catalogue()[f"drivers.{first}"][language] in tornado.words[language].headline


def test_a_headline_holds_whichever_input_comes_first(
    charts: list[Chart], tables: dict[str, pd.DataFrame], subject: Subject
) -> None:
    tornado = tables["tornado"]
    for place in range(len(tornado)):
        order = [place, *(other for other in range(len(tornado)) if other != place)]
        rows = tornado.iloc[order].reset_index(drop=True)
        words = tornado_chart(rows, tables["inputs"], tables["value"], subject).words
        for language, mark in MARKS.items():
            headline = words[language].headline
            assert len(re.split("[ \N{NO-BREAK SPACE}]", headline)) <= 12, headline
            assert mark in headline


@pytest.mark.parametrize(
    ("low", "high", "digits", "en", "fr"),
    [
        (2_900_000, 9_300_000, -6, "€3 to 9 million", "3 à 9 M€"),
        (2_900_000, 9_300_000, -5, "€2.9 to 9.3 million", "2,9 à 9,3 M€"),
        (900_000, 2_000_000, -5, "€900,000 to €2.0 million", "900 000 € à 2,0 M€"),
        (-2_000_000, 3_000_000, -6, "−€2 million to €3 million", "−2 M€ à 3 M€"),
    ],
)
def test_a_range_of_money_says_its_unit_once_where_it_can(
    low: float, high: float, digits: int, en: str, fr: str
) -> None:
    row = {"unit": "EUR", "ci_low": low, "ci_high": high, "digits": digits, "note": ""}
    for language, expected in (("en", en), ("fr", fr)):
        assert re.sub(r"\s", " ", money_range(row, language)) == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_placements_valued_and_what_is_deducted_are_told(
    tables: dict[str, pd.DataFrame], language: str
) -> None:
    value = tables["value"]
    told = counted_sentence(value, language)
    for name in ("placed_graduates", "placed_through_training"):
        assert with_interval(value[value["measure"] == name].iloc[0], language) in told
    assert told.startswith(MARKS[language])
    share = FRANCE.parameters["counterfactual"].central
    assert amount(share, MeasureUnit.SHARE, language, 0) in gained_sentence(
        tables["inputs"], language
    )
    assert not re.search(r"\d|nan", counted_sentence(hidden(value), language))


def test_captions_hold_every_value_that_is_drawn(charts: list[Chart]) -> None:
    value, tornado = charts
    for _, row in value.data.iterrows():
        assert with_interval(row, "fr", short=True) in value.words["fr"].caption
    for _, row in tornado.data.iterrows():
        assert row_amount(row, "en", "ci_high", signed=True, short=True) in (
            tornado.words["en"].caption
        )


def test_charts_show_what_they_say(charts: list[Chart]) -> None:
    value, tornado = charts
    axes = value.draw("en").axes[0]
    dots = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert sorted(dots) == sorted(value.data["estimate"])
    bars = tornado.draw("en").axes[0].patches
    ends = [
        row[change_at(row, end)] for end in ("low", "high") for _, row in tornado.data.iterrows()
    ]
    assert [bar.get_width() for bar in bars] == pytest.approx(ends)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cropped(charts: list[Chart], language: str) -> None:
    for chart in charts:
        figure = chart.draw(language)
        figure.canvas.draw()
        page = figure.bbox
        for text in figure.findobj(Text):
            box = text.get_window_extent()
            if not text.get_text().strip() or not text.get_visible() or not box.width:
                continue
            assert box.x0 >= page.x0 - 1, text.get_text()
            assert box.x1 <= page.x1 + 1, text.get_text()


def test_hidden_ends_of_an_input_are_told_once(
    tables: dict[str, pd.DataFrame], subject: Subject
) -> None:
    inputs = tables["inputs"]
    pay = inputs["measure"] == "input_pay"
    inputs = pd.concat([inputs[~pay], hidden(inputs[pay])], ignore_index=True)
    chart = tornado_chart(tables["tornado"], inputs, tables["value"], subject)
    texts = [text.get_text() for text in chart.draw("en").findobj(Text)]
    assert texts.count("not shown") == 1


def test_a_bar_of_a_falling_result_is_turned(tables: dict[str, pd.DataFrame]) -> None:
    rows = tables["tornado"].set_index("group")
    falling, rising = rows.loc["input_counterfactual"], rows.loc["input_persistence"]
    assert (change_at(falling, "low"), change_at(falling, "high")) == ("ci_high", "ci_low")
    assert (change_at(rising, "low"), change_at(rising, "high")) == ("ci_low", "ci_high")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_hidden_is_told_to_be(
    tables: dict[str, pd.DataFrame], subject: Subject, language: str
) -> None:
    gone = {name: hidden(table) for name, table in tables.items()}
    charts = [
        value_chart(gone["value"], subject),
        tornado_chart(gone["tornado"], gone["inputs"], gone["value"], subject),
    ]
    for chart in charts:
        words = chart.words[language]
        assert not re.search(r"\d", words.headline), words.headline
        assert not re.search(r"\bnan\b|<NA>", words.caption + words.alt + words.subtitle)
        chart.draw(language)
    sentences = (
        social_sentence(gone["value"], language),
        gap_sentence(gone["value"], subject, language),
    )
    assert not any(re.search("€|nan", text) for text in sentences)


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_have_values_intervals_and_the_mark(
    tables: dict[str, pd.DataFrame], subject: Subject, language: str
) -> None:
    value = tables["value"]
    for sentence, measures in (
        (social_sentence(value, language), [("public_gain", 1), ("learners_net_gain", 1)]),
        (gap_sentence(value, subject, language), []),
    ):
        assert sentence.startswith(MARKS[language])
        for measure, years in measures:
            assert with_interval(row_of(value, measure, years), language, short=True) in sentence


def test_a_gap_that_can_not_be_told_says_why(
    tables: dict[str, pd.DataFrame], subject: Subject
) -> None:
    bare = replace(EVIDENCE, gap=None, gap_note="one_sided")
    rows = measure_table(gap_rows(social_inputs(FRANCE, bare), bare, HOW))
    assert "only successes or only failures" in gap_sentence(rows, subject, "en")


def test_there_is_no_gap_to_close_if_the_underserved_are_ahead(subject: Subject) -> None:
    ahead = replace(EVIDENCE, gap=estimated(0.05, 0.1, least=-1.0, most=1.0))
    rows = measure_table(gap_rows(social_inputs(FRANCE, ahead), ahead, HOW))
    assert "there is none to close" in gap_sentence(rows, subject, "en")


@pytest.mark.parametrize("group", [EACH, PLACED])
def test_the_table_has_a_row_a_measure_and_a_column_a_horizon(
    tables: dict[str, pd.DataFrame], subject: Subject, group: str
) -> None:
    table = value_table(tables["value"], group, subject, "fr", FLOWS)
    assert len(table) == len(FLOWS)
    assert len(table.columns) == len(YEARS) + 1
    assert not table.isin(["–", "nan"]).any(axis=None)


@pytest.mark.parametrize("marked", [True, False])
def test_the_title_of_a_table_says_if_its_values_are_illustrative(
    tables: dict[str, pd.DataFrame],
    subject: Subject,
    marked: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    titles: list[str] = []
    monkeypatch.setattr(social_tables, "show", lambda make, language: None)
    monkeypatch.setattr(
        social_tables, "show_text", lambda make, language: titles.append(make(language))
    )
    social_tables.show_value(
        tables["value"].assign(illustrative=marked), tables["inputs"], subject, "fr"
    )
    titles = [title for title in titles if title.startswith("**")]
    assert len(titles) == 2
    assert all(("ILLUSTRATIF" in title) is marked for title in titles)


def test_inputs_have_the_words_of_the_country_and_its_sources(
    tables: dict[str, pd.DataFrame], subject: Subject
) -> None:
    table = inputs_table(tables["inputs"], FRANCE, subject, "fr")
    assert len(table) == len(tables["inputs"])
    labels = [one.label.fr for name, one in FRANCE.parameters.items() if "told" not in name]
    assert table.iloc[: len(labels), 0].tolist() == labels
    marked = table.iloc[:, -1] == "ILLUSTRATIF"
    assert marked.tolist() == tables["inputs"]["illustrative"].tolist()


def test_units_and_persons_of_inputs_are_told(
    tables: dict[str, pd.DataFrame], subject: Subject
) -> None:
    inputs = tables["inputs"]
    inputs.loc[inputs["measure"] == "input_seekers", "n"] = 491
    inputs.loc[inputs["measure"] == "input_benefit_months", "unit"] = MeasureUnit.MONTHS
    shown = inputs_table(inputs, FRANCE, subject, "en").replace(
        "\N{NO-BREAK SPACE}", " ", regex=True
    )
    by_name = shown.set_index(inputs["measure"])
    assert by_name.loc["input_benefit", "Central"] == "€1,000 a month"
    assert by_name.loc["input_benefit_months", "High"].endswith(" months")
    assert by_name.loc["input_seekers", "n"] == "491"
    assert by_name.loc["input_discount", "n"] == "–"


def test_salaries_have_a_row_a_group(subject: Subject) -> None:
    rows: list[dict[str, Any]] = [
        {"measure": name, "group": group, "unit": MeasureUnit.EUR, "estimate": 30_000.0, "n": n}
        for name in ("pay_before", "pay_after", "pay_raise")
        for group, n in (("all", 100), ("job_seeker_out", 12))
    ]
    table = salaries_table(measure_table(rows), subject, "en")
    assert table.iloc[:, 0].tolist() == ["All", "Not job seekers"]
    assert "indicative" in table.iloc[1, 1]
    assert len(table.columns) == 5


def test_the_tornado_as_a_table(tables: dict[str, pd.DataFrame]) -> None:
    table = tornado_table(tables["tornado"], "en")
    assert len(table) == len(tables["tornado"])
    falling = table[table["Input"] == "Placed anyway"].iloc[0]
    assert falling.iloc[1].startswith("+")
    assert falling.iloc[2].startswith("−")


def test_every_measure_and_input_has_words(tables: dict[str, pd.DataFrame]) -> None:
    for table in tables.values():
        for measure in table["measure"].unique():
            assert f"measures.{measure}" in catalogue()
    for name in [*tables["inputs"]["measure"], EACH, PLACED]:
        assert f"measure_groups.{name}" in catalogue()


@pytest.mark.parametrize("language", LANGUAGES)
def test_bottom_lines_are_three_sentences_whatever_is_missing(
    tables: dict[str, pd.DataFrame], subject: Subject, language: str
) -> None:
    year = {"period": "2022", "unit": MeasureUnit.EUR}
    income = measure_table(
        [
            {"measure": "income", "group": "net_result", "estimate": -1_500_000.0, **year},
            {"measure": "income", "group": "revenue", "estimate": 40_000_000.0, **year},
        ]
    )
    emissions = measure_table(
        [
            {
                "measure": "emissions",
                "group": "all",
                "estimate": 349.3,
                "unit": MeasureUnit.TONNE,
                "period": "2022",
            }
        ]
    )
    whole = {"income": income, "emissions": emissions, "value": tables["value"]}
    for given in ({}, {"value": tables["value"]}, whole):
        lines = bottom_lines(given, subject, language).splitlines()
        assert [line[:2] for line in lines] == ["- "] * 3
        assert social_sentence(tables["value"], language) in lines[1] or not given
    assert "−" in lines[0]
    assert "349" in lines[2]
