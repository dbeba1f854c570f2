"""Charts and tables of times: what they tell, and what they don't."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from analysis.cells import time_cells
from analysis.estimate.duration.times import times_to_event
from analysis.estimate.options import GapOptions
from analysis.figures.curves import curves_charts, tick_step
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.tables import DASH
from analysis.figures.times import horizons_table, risk_table
from analysis.figures.wording import say
from analysis.ingest import Processed
from analysis.release.results import Release
from analysis.studies import Study
from analysis.vocabulary import LANGUAGES, Audience, Contrast, Estimand


def released(
    times: tuple[pd.DataFrame, pd.DataFrame], audience: Audience
) -> tuple[pd.DataFrame, pd.DataFrame]:
    results, curves = times
    return Release(audience).results(results), Release(audience).curves(curves)


def charts_of(
    times: tuple[pd.DataFrame, pd.DataFrame], subject: Subject, curves: pd.DataFrame | None = None
) -> list[Chart]:
    return curves_charts(times[1] if curves is None else curves, times[0], subject)


@pytest.fixture(scope="module")
def subject(provider_processed: Processed, provider_study: Study) -> Subject:
    return Subject(provider_processed.marked(provider_study), "placed", "2022", 0.95)


@pytest.fixture(scope="module")
def followed(provider_processed: Processed, subject: Subject) -> dict[str, Any]:
    """Give results and curves by reference, as the notebook asks for them."""
    study = subject.study
    cells = time_cells(
        study, provider_processed.place, duration="placed", covariates=["gender"], cohort="2022"
    )
    asked = {
        "non_underserved": (Contrast.ANY, Contrast.MARGINAL),
        "others": (Contrast.COMPLEMENT,),
    }
    return {
        name: released(
            times_to_event(study, "placed", cells, ["gender"], GapOptions(contrasts=contrasts)),
            Audience.INTERNAL,
        )
        for name, contrasts in asked.items()
    }


def test_there_is_a_chart_of_the_whole_and_one_of_the_categories(
    followed: dict[str, Any], subject: Subject
) -> None:
    whole, categories = charts_of(followed["non_underserved"], subject)
    assert whole.id == "curves-placed-underserved"
    assert categories.id == "curves-placed-categories"
    assert [chart.id for chart in charts_of(followed["others"], subject)] == [categories.id]
    assert charts_of(followed["others"], subject, followed["others"][1].iloc[:0]) == []
    assert len(categories.draw("fr").axes) == len(subject.study.categories)


@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_and_numbers_at_risk_are_those_of_the_data(
    followed: dict[str, Any], subject: Subject, language: str
) -> None:
    chart = charts_of(followed["non_underserved"], subject)[0]
    axes = chart.draw(language).axes[0]
    for line, side in zip(axes.lines, ("group", "reference"), strict=True):
        own = chart.data[chart.data["side"] == side]
        assert line.get_ydata()[:-1] == pytest.approx(own["placed_by"].to_numpy())
        assert line.get_xdata()[:-1].tolist() == own["month"].tolist()
    texts = {text.get_text() for text in axes.findobj(Text)}
    at_start = chart.data.loc[chart.data["month"] == 0, "at_risk"]
    assert {str(number) for number in at_start} <= texts


def test_axes_hold_every_interval(followed: dict[str, Any], subject: Subject) -> None:
    for reference in followed:
        for chart in charts_of(followed[reference], subject):
            highest = chart.data["ci_high"].max()
            assert all(axes.get_ylim()[1] >= min(highest, 1) for axes in chart.draw("en").axes)


def test_words_tell_the_last_month_that_all_were_followed_to(
    followed: dict[str, Any], subject: Subject
) -> None:
    curves = followed["non_underserved"][1]
    short = curves[(curves["group"] != "refugee") | (curves["month"] <= 6)]
    categories = charts_of(followed["non_underserved"], subject, short)[1]
    assert categories.words["en"].headline.startswith("Placed within 6 months")
    assert not re.search(r"\bnan\b", categories.words["fr"].caption)
    assert categories.draw("en").axes


def test_curves_without_intervals_can_be_drawn(followed: dict[str, Any], subject: Subject) -> None:
    curves = followed["non_underserved"][1].assign(ci_low=np.nan, ci_high=np.nan)
    for chart in charts_of(followed["non_underserved"], subject, curves):
        assert "no interval" in chart.words["en"].caption
        assert chart.draw("en").axes


@pytest.mark.parametrize("reference", ["non_underserved", "others"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_horizons_ahead_share_a_line_that_says_so(
    followed: dict[str, Any], subject: Subject, reference: str, language: str
) -> None:
    results = followed[reference][0]
    table = horizons_table(results, subject, language)
    assert len(table) == 3 * results.loc[
        results["estimand"] == Estimand.HAZARD_RATIO, "group"
    ].nunique()  # fmt: skip
    within, note = table.columns[1], table.columns[-1]
    ahead = table[table[within].str.contains("120")]
    assert ahead[within].str.contains("24").all()
    assert ahead[note].str.contains("12").all()
    assert (ahead.iloc[:, 2:-1] == DASH).all(axis=None)
    assert not (table.drop(ahead.index).iloc[:, 2:-1] == DASH).any(axis=None)


def test_each_side_of_a_horizon_is_its_own(followed: dict[str, Any], subject: Subject) -> None:
    results = followed["others"][0]
    table = horizons_table(results, subject, "en").set_index(["Group", "Within"])
    own = results[(results["estimand"] == Estimand.PLACED_BY) & (results["term"] == "6")]
    for group in subject.study.categories:
        shown = table.loc[(subject.group(group, "en"), "6 months")]
        for column, sides in (
            ("Placed, group", (group, "others")),
            ("Placed, reference", ("others", group)),
        ):
            row = own[(own["group"] == sides[0]) & (own["reference"] == sides[1])].iloc[0]
            assert shown[column].startswith(f"{100 * row['estimate']:.1f}%")


@pytest.mark.parametrize("language", LANGUAGES)
def test_ratios_have_a_line_a_group(
    followed: dict[str, Any], subject: Subject, language: str
) -> None:
    results = followed["non_underserved"][0]
    table = risk_table(results, subject, language)
    assert len(table) == 1 + len(subject.study.categories)
    assert len(table.columns) == 7  # adjusted within 6 and within 12 months
    lost = results.copy()
    gone = lost["group"].eq("refugee") & lost["estimand"].eq(Estimand.HAZARD_RATIO)
    lost.loc[gone, ["estimate", "ci_low", "ci_high"]] = np.nan
    lost.loc[gone, "note"] = "separation=member"
    row = risk_table(lost, subject, language).iloc[4]
    assert row.iloc[2] == DASH
    assert say("words.member", language) in row.iloc[-1]


@pytest.mark.parametrize(
    ("last", "alone", "step"),
    [(0, True, 1), (6, True, 1), (12, True, 3), (12, False, 6), (60, True, 12), (120, False, 24)],
)
def test_ticks_are_few_and_round(last: int, alone: bool, step: int) -> None:
    assert tick_step(last, alone=alone) == step


def test_an_empty_result_makes_empty_tables(followed: dict[str, Any], subject: Subject) -> None:
    nothing: pd.DataFrame = followed["others"][0].iloc[:0]
    assert horizons_table(nothing, subject, "en").empty
    assert risk_table(nothing, subject, "fr").empty


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_group_of_few_is_not_shown_to_everyone(
    followed: dict[str, Any], subject: Subject, language: str
) -> None:
    full = followed["non_underserved"][0]
    public = Release(Audience.PUBLIC).results(full.drop(columns="digits"))
    shown = {"en": "not shown", "fr": "non montré"}[language]
    for make, first in ((horizons_table, 2), (risk_table, 2)):
        table = make(public, subject, language)
        assert set(table.iloc[:, 0]) | set(table.iloc[:, 1]) >= {subject.group("refugee", language)}
        own = table[(table == subject.group("refugee", language)).any(axis=1)]
        assert (own.iloc[:, first] == shown).all()
        assert own.iloc[:, -1].str.contains("25 person").all()
