"""Charts of gaps by cohort and of the steps of the journey, and the table of changes."""

import re
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from analysis.cells import study_cells
from analysis.estimate.journey_gaps import journey_gaps
from analysis.estimate.options import GapOptions
from analysis.estimate.trends import gap_trends
from analysis.figures import trends as module
from analysis.figures.contributions import JOURNEY, TOTAL, contributions_charts, journey_parts
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.trends import show_changes, trend_chart
from analysis.ingest import Processed
from analysis.release.results import Release
from analysis.studies import Study
from analysis.vocabulary import LANGUAGES, Audience, Contrast, Estimand

COVARIATES = ("gender", "country")
CONTRASTS = (Contrast.ANY, Contrast.MARGINAL)


@pytest.fixture(scope="module")
def subject(provider_processed: Processed, provider_study: Study) -> Subject:
    return Subject(provider_processed.marked(provider_study), "placed_6", "2022", 0.95)


@pytest.fixture(scope="module")
def changes(provider_processed: Processed, provider_study: Study) -> pd.DataFrame:
    """Give placement by cohort: nobody was due in the first, one in the last but one."""
    cells = {
        cohort: study_cells(
            provider_study, provider_processed.place, outcome="placed_6", covariates=COVARIATES,
            cohort=cohort,
        )
        for cohort in ("2020", "2021", "2022", "2023", "2024")
    }  # fmt: skip
    options = GapOptions(contrasts=CONTRASTS)
    trends = gap_trends(provider_study, "placed_6", cells, COVARIATES, options)
    return Release(Audience.INTERNAL).results(trends)


@pytest.fixture(scope="module")
def steps(provider_processed: Processed, provider_study: Study) -> pd.DataFrame:
    gaps = journey_gaps(
        provider_study, provider_processed.place, cohort="2022", covariates=COVARIATES,
        options=GapOptions(contrasts=CONTRASTS), draws=99,
    )  # fmt: skip
    return Release(Audience.INTERNAL).results(gaps)


@pytest.fixture(scope="module")
def charts(changes: pd.DataFrame, steps: pd.DataFrame, subject: Subject) -> list[Chart]:
    drawn = contributions_charts(journey_parts(steps), subject, JOURNEY)
    return [trend_chart(changes, subject), *drawn]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cropped_and_no_texts_overlap(charts: list[Chart], language: str) -> None:
    assert len(charts) == 3
    for chart in charts:
        figure = chart.draw(language)
        FigureCanvasAgg(figure).draw()
        unseen = {
            label
            for axes in figure.axes
            for label in axes.get_xticklabels()
            if not axes.get_xlim()[0] <= label.get_position()[0] <= axes.get_xlim()[1]
        }
        texts = [
            text
            for text in figure.findobj(Text)
            if text.get_text().strip() and (text.get_alpha() or 1) == 1 and text not in unseen
        ]
        width, height = figure.canvas.get_width_height()
        boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
        for text, box in boxes:
            assert box.x0 >= 0, text
            assert box.y0 >= 0, text
            assert box.x1 <= width, text
            assert box.y1 <= height, text
        for (one, a), (other, b) in combinations(boxes, 2):
            across, down = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
            assert across <= 2 or down <= 2, f"{chart.id}: {one!r} overlaps {other!r}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_complete(charts: list[Chart], language: str) -> None:
    for chart in charts:
        words = chart.words[language]
        parts = re.split("[ \N{NO-BREAK SPACE}]", words.headline)
        assert len([part for part in parts if part not in {";", ":", "%"}]) <= 12, words.headline
        told = words.headline + words.subtitle + words.note + words.caption + words.alt
        assert not re.search(r"\bnan\b|\{", told)


def test_cohorts_without_a_gap_at_either_end_are_not_drawn(
    charts: list[Chart], changes: pd.DataFrame
) -> None:
    chart = charts[0]
    assert set(changes["term"]) > {"2020", "2023", "2024"}
    assert list(chart.data["term"].unique()) == ["2021", "2022"]
    labels = chart.draw("en").axes[0].get_yticklabels()
    assert [label.get_text() for label in labels] == ["2021", "2022"]
    assert "Refugees (2021 and 2022)" in chart.words["en"].note
    assert chart.words["fr"].headline.startswith("Insertion (6 mois)\N{NO-BREAK SPACE}: écart de")


def test_both_gaps_are_told_and_the_headline_has_one_precision(
    changes: pd.DataFrame, subject: Subject
) -> None:
    mixed = changes.assign(digits=changes["term"].map({"2021": 0}).fillna(1).astype(int))
    words = trend_chart(mixed, subject).words["en"]
    told = re.findall(r"\d{4} raw \S+ \(.+?, adjusted \S", words.caption)
    assert len(told) >= len(mixed["group"].unique())
    assert "The headline tells the raw gap" in words.caption
    assert re.search(r"a gap of \D?\d+ points in 2021, \D?\d+ in 2022$", words.headline)


def test_where_no_cohort_has_a_gap_the_chart_says_so(
    changes: pd.DataFrame, subject: Subject
) -> None:
    early = changes[changes["term"] == "2020"]
    chart = trend_chart(early, subject)
    assert chart.words["en"].headline == "Gaps in 6-month placement by cohort"
    assert "not estimable" in chart.words["en"].caption
    chart.draw("en")


def test_bars_of_the_journey_add_up_to_the_gap(charts: list[Chart], steps: pd.DataFrame) -> None:
    for chart in charts[1:]:
        for _, own in chart.data.groupby("group"):
            parts = own[own["kind"] == "part"]
            whole = own.loc[own["kind"] == TOTAL, "estimate"].item()
            assert parts["estimate"].sum() == pytest.approx(whole, abs=1e-12)
            np.testing.assert_allclose(
                parts["begin"].iloc[1:], (parts["begin"] + parts["estimate"]).iloc[:-1], atol=1e-12
            )
            aside = own[own["kind"] == "aside"]
            assert list(aside["estimand"]) == [Estimand.NONRESPONSE_SHIFT]
            assert list(aside["begin"]) == [0]
    assert "Refugees (placement)" in charts[2].words["en"].note
    assert "Underserved" not in charts[1].words["en"].note


def test_a_journey_that_can_not_be_weighted_keeps_its_bars(
    steps: pd.DataFrame, subject: Subject
) -> None:
    shift = steps["estimand"] == Estimand.NONRESPONSE_SHIFT
    numbers = ["estimate", "std_error", "ci_low", "ci_high", "p_value"]
    missing = steps.copy()
    missing.loc[shift, numbers] = np.nan
    charts = contributions_charts(journey_parts(missing), subject, JOURNEY)
    assert "aside" not in set(charts[0].data["kind"])
    assert charts[0].words["en"].headline.startswith("Ahead at admission")


def test_a_headline_tells_only_steps_that_are_sure(steps: pd.DataFrame, subject: Subject) -> None:
    ahead = (steps["estimand"] == Estimand.STEP_CONTRIBUTION) & (steps["estimate"] > 0)
    unsure = steps.assign(ci_low=steps["ci_low"].mask(ahead, -1.0))
    headline = contributions_charts(journey_parts(unsure), subject, JOURNEY)[0].words["en"].headline
    assert headline.startswith("The gap opens above all at placement: −")
    nothing = steps.assign(ci_low=-1.0, ci_high=1.0)
    headline = (
        contributions_charts(journey_parts(nothing), subject, JOURNEY)[0].words["en"].headline
    )
    assert headline == "Gap in placements per application, by step"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Give the list of what is shown, instead of showing it."""
    told: list[Any] = []

    def keep(make: Callable[[str], pd.DataFrame], language: str) -> None:
        told.append({each: make(each) for each in LANGUAGES})

    monkeypatch.setattr(module, "show", keep)
    monkeypatch.setattr(module, "show_message", lambda key, language: told.append(key))
    return told


def test_the_table_tells_each_change_that_is_known(
    changes: pd.DataFrame, subject: Subject, shown: list[Any]
) -> None:
    show_changes(changes, subject, "en")
    (tables,) = shown
    english, french = tables["en"], tables["fr"]
    assert set(english["Cohorts"]) == {"2021 → 2022"}
    assert len(english) == 6
    assert list(french.columns)[:2] == ["Groupe", "Cohortes"]
    own = changes[(changes["group"] == "underserved") & (changes["term"] == "2021>2022")]
    raw = own[(own["estimand"] == Estimand.CHANGE) & own["method"].str.startswith("linear")]
    told = english["Change of the raw gap, points"].iloc[0]
    assert told.replace("−", "-").startswith(f"{100 * raw['estimate'].item():+.1f}")


def test_no_change_is_told_in_a_sentence(
    changes: pd.DataFrame, subject: Subject, shown: list[Any]
) -> None:
    show_changes(changes[changes["term"] != "2021>2022"], subject, "en")
    assert shown == ["trend.no_change"]
