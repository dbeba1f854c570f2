"""Charts of a gap's parts by covariate, and the table of all ways of splitting it."""

import re
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.cells import study_cells
from analysis.estimate.composition.decompositions import ALL_METHODS, decompositions
from analysis.estimate.options import GapOptions
from analysis.figures import decompositions as module
from analysis.figures.contributions import (
    COMPOSITION,
    PART,
    REST,
    TOTAL,
    composition_parts,
    contributions_charts,
)
from analysis.figures.decompositions import base_method, show_methods
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.ingest import Processed
from analysis.release.results import Release
from analysis.studies import Study
from analysis.vocabulary import LANGUAGES, Audience, Contrast, Estimand

COVARIATES = ("gender", "country", "path")
CONTRASTS = (Contrast.ANY, Contrast.MARGINAL)
NUMBERS = ["estimate", "std_error", "ci_low", "ci_high", "p_value", "p_adjusted"]


@pytest.fixture(scope="module")
def subject(provider_processed: Processed, provider_study: Study) -> Subject:
    return Subject(provider_processed.marked(provider_study), "placed_6", "2022", 0.95)


@pytest.fixture(scope="module")
def split(provider_processed: Processed, provider_study: Study) -> pd.DataFrame:
    cells = study_cells(
        provider_study, provider_processed.place, outcome="placed_6", covariates=COVARIATES,
        cohort="2022",
    )  # fmt: skip
    options = GapOptions(contrasts=CONTRASTS)
    split = decompositions(provider_study, "placed_6", cells, COVARIATES, options)
    return Release(Audience.INTERNAL).results(split)


def drawn(split: pd.DataFrame, subject: Subject) -> list[Chart]:
    return contributions_charts(composition_parts(split, subject), subject, COMPOSITION)


@pytest.fixture(scope="module")
def lacking(split: pd.DataFrame) -> pd.DataFrame:
    """Give a table in which one category can't be split."""
    gone = split["group"] == "refugee"
    lacking = split.copy()
    lacking.loc[gone, NUMBERS] = np.nan
    lacking.loc[gone, "note"] = "empty_group"
    return lacking


def texts_of(figure: Figure) -> list[Text]:
    FigureCanvasAgg(figure).draw()
    unseen = {
        label
        for axes in figure.axes
        for label in axes.get_xticklabels()
        if not axes.get_xlim()[0] <= label.get_position()[0] <= axes.get_xlim()[1]
    }
    return [
        text
        for text in figure.findobj(Text)
        if text.get_text().strip() and (text.get_alpha() or 1) == 1 and text not in unseen
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("table", ["split", "lacking"])
def test_nothing_is_cropped_and_no_texts_overlap(
    request: pytest.FixtureRequest, subject: Subject, table: str, language: str
) -> None:
    charts = drawn(request.getfixturevalue(table), subject)
    assert [chart.id for chart in charts] == [
        "drivers-placed-6-underserved", "drivers-placed-6-categories"
    ]  # fmt: skip
    for chart in charts:
        figure = chart.draw(language)
        boxes = [(text.get_text(), text.get_window_extent()) for text in texts_of(figure)]
        width, height = figure.canvas.get_width_height()
        for text, box in boxes:
            assert min(box.x0, box.y0) >= 0, text
            assert box.x1 <= width, text
            assert box.y1 <= height, text
        for (one, a), (other, b) in combinations(boxes, 2):
            across, down = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
            assert across <= 2 or down <= 2, f"{chart.id}: {one!r} overlaps {other!r}"
        words = chart.words[language]
        parts = re.split("[ \N{NO-BREAK SPACE}]", words.headline)
        assert len([part for part in parts if part not in {";", ":", "%"}]) <= 12, words.headline
        assert words.headline[0] == words.headline[0].upper()
        told = words.headline + words.subtitle + words.note + words.caption + words.alt
        assert not re.search(r"\bnan\b|\{", told)


def test_bars_begin_where_the_last_one_ends_and_add_up(
    split: pd.DataFrame, subject: Subject
) -> None:
    for _, own in composition_parts(split, subject).groupby("group"):
        assert list(own["kind"]) == [PART] * len(COVARIATES) + [REST, TOTAL]
        assert list(own["term"]) == [*COVARIATES, "", ""]
        ends = own["begin"] + own["estimate"]
        np.testing.assert_allclose(own["begin"].iloc[1:-1], ends.iloc[:-2], atol=1e-12)
        assert own["begin"].iloc[-1] == 0
        assert ends.iloc[-1] == pytest.approx(ends.iloc[-2], abs=1e-10)
    chart = drawn(split, subject)[0]
    bars = chart.draw("en").axes[0].patches
    np.testing.assert_allclose([bar.get_x() for bar in bars], chart.data["begin"])
    np.testing.assert_allclose([bar.get_width() for bar in bars], chart.data["estimate"])


def test_a_group_that_can_not_be_split_says_why(lacking: pd.DataFrame, subject: Subject) -> None:
    chart = drawn(lacking, subject)[1]
    assert "not estimable: nobody in the group" in chart.words["en"].caption
    shown = [text.get_text() for text in texts_of(chart.draw("en"))]
    assert shown.count("not estimable") == 1


def test_few_clusters_leave_bars_without_intervals(split: pd.DataFrame, subject: Subject) -> None:
    few = split.assign(ci_low=np.nan, ci_high=np.nan, note="few_clusters=8")
    assert "no interval" in drawn(few, subject)[0].words["en"].caption


def test_every_way_of_splitting_has_its_line(
    split: pd.DataFrame, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {base_method(method) for method in split["method"]} == set(ALL_METHODS)
    shown: dict[str, pd.DataFrame] = {}

    def keep(make: Any, _: str) -> None:
        shown.update({each: make(each) for each in LANGUAGES})

    monkeypatch.setattr(module, "show", keep)
    show_methods(split, subject, "en")
    for language in LANGUAGES:
        assert len(shown[language]) == len(ALL_METHODS)
        assert (
            not shown[language]
            .astype(str)
            .apply(lambda column: column.str.contains("nan"))
            .any(axis=None)
        )
    threefold = split[split["method"].str.startswith("oaxaca_threefold")].iloc[0]
    assert threefold["estimand"] == Estimand.DIFFERENCE
    assert shown["en"].iloc[-2, -1] != "–"
