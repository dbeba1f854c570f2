"""Charts: nothing cropped or overlapping, headlines short, every group there, in both languages."""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.cells import study_cells
from analysis.estimate.gaps import adjustment_steps
from analysis.figures.adjustment import ALL_OF_THEM, NONE, adjustment_chart, label_steps
from analysis.figures.forest import KINDS, forest_chart, kinds_of, pair_gaps
from analysis.figures.rates import rates_chart
from analysis.figures.save import Chart
from analysis.vocabulary import LANGUAGES, Contrast, Estimand

OVERLAP_ALLOWED = 2.0  # points of antialiasing at the edge of two lines of text


def charts(estimated: Any) -> Iterator[Chart]:
    for outcome in estimated.study.outcomes:
        subject = estimated.subject(outcome)
        yield rates_chart(estimated.gaps, subject)
        yield from (forest_chart(estimated.gaps, subject, kind) for kind in KINDS)
        yield adjustment_chart(estimated.steps, subject)
    yield from estimated.more


def adjustment_steps_of(estimated: Any, covariates: list[str]) -> pd.DataFrame:
    cells = study_cells(
        estimated.study, estimated.processed, outcome="graduated", covariates=covariates
    )
    return adjustment_steps(estimated.study, "graduated", cells, covariates)


def shown_texts(figure: Figure) -> list[Text]:
    FigureCanvasAgg(figure).draw()
    unseen = {
        label
        for axes in figure.axes
        for label in axes.get_xticklabels()
        if not axes.get_xlim()[0] <= label.get_position()[0] <= axes.get_xlim()[1]
    }
    return [
        text
        for text in figure.findobj(lambda one: isinstance(one, Text) and one not in unseen)
        if text.get_text().strip() and text.get_visible() and (text.get_alpha() or 1) == 1
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cropped_and_no_texts_overlap(estimated: Any, language: str) -> None:
    for chart in charts(estimated):
        figure = chart.draw(language)
        texts = shown_texts(figure)
        boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
        width, height = figure.canvas.get_width_height()
        for text, box in boxes:
            inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height
            assert inside, f"{chart.id}.{language}: {text!r} is cropped"
        for (one, a), (other, b) in combinations(boxes, 2):
            across = min(a.x1, b.x1) - max(a.x0, b.x0)
            down = min(a.y1, b.y1) - max(a.y0, b.y0)
            apart = across <= OVERLAP_ALLOWED or down <= OVERLAP_ALLOWED
            assert apart, f"{chart.id}.{language}: {one!r} overlaps {other!r}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_complete(estimated: Any, language: str) -> None:
    for chart in charts(estimated):
        words = chart.words[language]
        marks = {";", ":", "!", "?", "%"}
        # A space within a number, which is narrow, parts no words.
        parts = re.split("[ \N{NO-BREAK SPACE}]", words.headline)
        assert len([word for word in parts if word not in marks]) <= 12, words
        for text in (words.subtitle, words.source, words.caption, words.alt):
            assert text.strip()
        assert not re.search(r"\bnan\b", words.caption + words.alt + words.headline)


def test_labels_show_what_is_plotted(estimated: Any) -> None:
    subject = estimated.subject()
    chart = rates_chart(estimated.gaps, subject)
    axes = chart.draw("en").axes[0]
    dots = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert np.allclose(dots, chart.data["estimate"])
    bars = [line.get_xdata() for line in axes.lines if line.get_marker() != "o"]
    assert np.allclose(bars, chart.data[["ci_low", "ci_high"]])


def test_synthetic_data_are_watermarked(estimated: Any) -> None:
    assert estimated.study.synthetic
    for chart in charts(estimated):
        for language, word in (("en", "SYNTHETIC"), ("fr", "SYNTHÉTIQUE")):
            texts = [text.get_text() for text in chart.draw(language).findobj(Text)]
            assert word in texts, chart.id


def test_every_group_has_a_row_though_it_can_not_be_estimated(estimated: Any) -> None:
    subject = estimated.subject()
    gaps = estimated.gaps.copy()
    category = next(iter(estimated.study.categories))
    gone = (gaps["group"] == category) & (gaps["estimand"] == Estimand.ADJUSTED_DIFFERENCE)
    numbers = ["estimate", "std_error", "ci_low", "ci_high", "p_value", "p_adjusted"]
    gaps.loc[gone, numbers] = np.nan
    gaps.loc[gone, "note"] = "separation=region[Wales]"
    chart = forest_chart(gaps, subject, "others")
    texts = [text.get_text() for text in chart.draw("en").findobj(Text)]
    assert any("not estimable" in text for text in texts)
    assert "region[Wales]" in chart.words["en"].caption
    assert len(chart.data) == len(estimated.study.categories)


def test_small_groups_are_marked(estimated: Any) -> None:
    gaps = estimated.gaps.copy()
    gaps.loc[gaps["group"] == "carer", ["n_group", "k_group"]] = [29, 3]
    for chart in (
        rates_chart(gaps, estimated.subject()),
        forest_chart(gaps, estimated.subject(), "joint"),
    ):
        texts = [text.get_text() for text in chart.draw("fr").findobj(Text)]
        assert any("indicatif" in text for text in texts), chart.id


@pytest.mark.parametrize(
    ("p_values", "estimates", "start"),
    [
        ([0.01, 0.01, 0.01], [-0.1, -0.1, -0.1], "Graduation stays lower in every category"),
        ([0.9, 0.8, 0.5], [-0.1, 0.1, -0.1], "Graduation: no adjusted gap"),
        ([0.01, 0.8, 0.5], [-0.1, 0.1, -0.1], "Graduation: 1 of 3 adjusted gaps"),
        ([0.01, 0.01, 0.01], [-0.1, 0.1, -0.1], "Graduation: 3 of 3 adjusted gaps"),
    ],
)
def test_headline_states_what_the_estimates_say(
    estimated: Any, p_values: list[float], estimates: list[float], start: str
) -> None:
    gaps = estimated.gaps.copy()
    adjusted = (
        (gaps["outcome"] == "graduated")
        & (gaps["contrast"] == Contrast.COMPLEMENT)
        & (gaps["estimand"] == Estimand.ADJUSTED_DIFFERENCE)
        & gaps["method"].str.startswith("logit")
    )
    gaps.loc[adjusted, "p_adjusted"] = p_values
    gaps.loc[adjusted, "estimate"] = estimates
    headline = forest_chart(gaps, estimated.subject(), "others").words["en"].headline
    assert headline.startswith(start)


def test_raw_and_adjusted_stand_side_by_side(estimated: Any) -> None:
    pairs = pair_gaps(estimated.gaps, estimated.subject(), KINDS["others"])
    rows = estimated.gaps.query("outcome == 'graduated' and contrast == 'complement'")
    newcombe = rows[rows["method"] == "newcombe"].set_index("group")["estimate"]
    assert np.allclose(pairs.set_index("group")["estimate_raw"], newcombe)
    assert kinds_of(estimated.gaps) == list(KINDS)
    assert kinds_of(estimated.gaps[estimated.gaps["contrast"] == "joint"]) == ["joint"]


def test_steps_start_with_nothing_held_fixed_and_end_with_all(estimated: Any) -> None:
    rows = label_steps(estimated.subject().rows(estimated.steps))
    for _, own in rows.groupby("group"):
        assert {NONE, ALL_OF_THEM} <= set(own["specification"])
        assert own["specification"].is_unique


def test_a_single_covariate_is_both_alone_and_all(estimated: Any) -> None:
    rows = pd.DataFrame({"group": "a", "note": ["clusters=14", "adjusted=gender; clusters=14"]})
    assert list(label_steps(rows)["specification"]) == [NONE, ALL_OF_THEM]
    steps = adjustment_steps_of(estimated, ["gender"])
    chart = adjustment_chart(steps, estimated.subject())
    assert {*chart.data["specification"]} == {NONE, ALL_OF_THEM}
    assert chart.draw("en").axes


def test_without_covariates_there_is_one_step(estimated: Any) -> None:
    chart = adjustment_chart(adjustment_steps_of(estimated, []), estimated.subject())
    assert {*chart.data["specification"]} == {NONE}
    assert "without adjustment" in chart.words["en"].caption
    assert chart.draw("fr").axes
