"""The specification curve: every specification and choice is there, and so is a curve of none."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from analysis.estimate.fragility.specifications import count_patterns, specification_curve
from analysis.figures import specifications as module
from analysis.figures.specifications import (
    CHOICES,
    curve_chart,
    curve_rows,
    joint_sentence,
    show_joint_test,
)
from analysis.release.results import Release
from analysis.vocabulary import LANGUAGES, Audience, Estimand

ADJUSTERS = ("gender", "age_band", "country")
OUTCOMES = {"placed": None}


@pytest.fixture(scope="module")
def curve(estimated: Any) -> pd.DataFrame:
    patterns = count_patterns(
        estimated.study, estimated.processed, outcomes=OUTCOMES, covariates=ADJUSTERS
    )
    curve = specification_curve(
        estimated.study, "placed", patterns, ADJUSTERS, outcomes=OUTCOMES, draws=9, most=40
    )
    return Release(Audience.INTERNAL).specifications(curve)


def none_of(curve: pd.DataFrame) -> pd.DataFrame:
    """The same without a single estimate."""
    numbers = ["estimate", "std_error", "ci_low", "ci_high", "p_value", "p_adjusted"]
    return curve.assign(**dict.fromkeys(numbers, np.nan), note=curve["note"] + "; one_sided")


def test_rows_are_in_the_order_of_their_estimates(curve: pd.DataFrame) -> None:
    rows = curve_rows(curve)
    assert len(rows) == 40
    assert rows["estimate"].is_monotonic_increasing
    assert set(rows["model"]) == {"linear", "logit"}
    assert set(rows["outcome"]) == {"placed"}
    assert "" in set(rows["covariates"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_choice_is_marked_once_a_specification(
    estimated: Any, curve: pd.DataFrame, language: str
) -> None:
    chart = curve_chart(curve, estimated.subject("placed"))
    figure = chart.draw(language)
    upper, lower = figure.axes
    marked = sum(len(line.get_xdata()) for line in lower.lines if line.get_marker() == "s")
    varied = [name for name in CHOICES if chart.data[name].nunique() > 1]
    assert marked == len(chart.data) * len(varied)
    dots = [line.get_ydata() for line in upper.lines if line.get_marker() == "o"]
    assert np.allclose(np.sort(np.concatenate(dots)), chart.data["estimate"])
    labels = [label.get_text() for label in lower.get_yticklabels()]
    assert len(labels) == sum(chart.data[name].nunique() for name in varied)
    assert len(set(labels)) == len(labels)


def test_texts_stay_inside_and_apart(estimated: Any, curve: pd.DataFrame) -> None:
    for language in LANGUAGES:
        figure = curve_chart(curve, estimated.subject("placed")).draw(language)
        figure.draw_without_rendering()
        width, height = figure.canvas.get_width_height()
        texts = [text for text in figure.texts if text.get_text()]
        unit = [text for text in figure.axes[0].texts if text.get_text()]
        boxes = [text.get_window_extent() for text in (*texts, *unit)]
        for box in boxes:
            assert box.x0 >= 0
            assert box.x1 <= width
            assert box.y0 >= 0
            assert box.y1 <= height
        (points,) = [text.get_window_extent() for text in unit]
        titles = [text.get_window_extent() for text in texts if text.get_alpha() is None]
        assert not any(points.overlaps(box) for box in titles)


def test_the_joint_test_is_told_with_what_it_rests_on(estimated: Any, curve: pd.DataFrame) -> None:
    """The toy study has clusters, and more than 40 specifications are possible."""
    said = joint_sentence(curve, estimated.subject("placed"), "en")
    assert "joint test" in said
    assert "share clusters" in said
    assert "The 40 were chosen" in said
    summary = curve["estimand"] == Estimand.SPECIFICATIONS_MEDIAN
    untested = curve.assign(p_value=curve["p_value"].mask(summary))
    assert (
        joint_sentence(untested, estimated.subject("placed"), "en")
        == "The joint test could not be had."
    )


def test_a_curve_of_no_estimates_says_why(estimated: Any, curve: pd.DataFrame) -> None:
    chart = curve_chart(none_of(curve), estimated.subject("placed"))
    assert chart.data.empty
    for language, word in (("en", "only successes"), ("fr", "uniquement des réussites")):
        assert word in chart.words[language].alt
        texts = [text.get_text() for text in chart.draw(language).findobj(Text)]
        assert any(word in text for text in texts)


@pytest.mark.parametrize("empty", [False, True])
def test_the_summary_is_told_in_both_languages(
    estimated: Any, curve: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, empty: bool
) -> None:
    told: list[str] = []
    monkeypatch.setattr(
        module, "show_text", lambda make, language: told.extend(map(make, LANGUAGES))
    )
    show_joint_test(none_of(curve) if empty else curve, estimated.subject("placed"), "fr")
    english, french = told
    assert "40 specifications" in english
    assert "40 spécifications" in french
    assert english.startswith("All 40 specifications: not estimable") == empty


def test_shares_are_those_estimated_and_not_those_of_rounded_limits(
    estimated: Any, curve: pd.DataFrame
) -> None:
    summaries = {
        Estimand.SPECIFICATIONS_BELOW_ZERO: 0.975,
        Estimand.SPECIFICATIONS_SIGNIFICANT: 0.6,
    }
    shares = curve["estimand"].map(summaries)
    rounded = curve.assign(
        estimate=shares.fillna(curve["estimate"].round(1)),
        ci_low=curve["ci_low"].clip(upper=0.0),
        ci_high=curve["ci_high"].clip(lower=0.0),
    )
    words = curve_chart(rounded, estimated.subject("placed")).words["en"]
    assert words.headline == "97.5% of 40 specifications find a lower rate"
    assert "60.0% of the intervals exclude zero" in words.caption
    significant = rounded["estimand"] == Estimand.SPECIFICATIONS_SIGNIFICANT
    without = rounded.assign(estimate=rounded["estimate"].mask(significant))
    caption = curve_chart(without, estimated.subject("placed")).words["en"].caption
    assert "exclude zero" not in caption
    assert "nan" not in caption
