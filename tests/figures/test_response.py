"""The chart and table of non-response: every gap there, nothing cropped, words that fit."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from analysis.cells import study_cells
from analysis.estimate.nonresponse.response import response_gaps
from analysis.estimate.options import GapOptions
from analysis.figures.response import METHODS, response_chart, response_rows, show_response
from analysis.figures.subject import Subject
from analysis.ingest import Processed
from analysis.release.results import Release
from analysis.studies import Study
from analysis.vocabulary import LANGUAGES, UNDERSERVED, Audience, Contrast


@pytest.fixture(scope="module")
def subject(provider_study: Study, provider_processed: Processed) -> Subject:
    return Subject(provider_processed.marked(provider_study), "placed_6", "2022", 0.95)


@pytest.fixture(scope="module")
def rows(subject: Subject, provider_processed: Processed) -> pd.DataFrame:
    covariates = subject.study.default_adjusters()

    def count(outcome: str) -> pd.DataFrame:
        where: tuple[Study, Path] = (subject.study, provider_processed.place)
        return study_cells(*where, outcome=outcome, covariates=covariates, cohort="2022")

    options = GapOptions(contrasts=(Contrast.ANY, Contrast.MARGINAL))
    cells = count("placed_6"), count("answered_6")
    gaps = response_gaps(subject.study, "placed_6", *cells, covariates, options)
    return response_rows(Release(Audience.INTERNAL).results(gaps))


def test_each_gap_has_one_row(rows: pd.DataFrame, subject: Subject) -> None:
    assert list(rows["group"]) == [UNDERSERVED, *subject.study.categories]
    for method in METHODS:
        assert rows[f"estimate_{method}"].between(rows["lower"], rows["upper"]).all()
    assert (rows["ci_low_bounds"] <= rows["lower"]).all()
    assert (rows["upper"] <= rows["ci_high_bounds"]).all()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chart_shows_gaps_bounds_and_where_the_gap_vanishes(
    rows: pd.DataFrame, subject: Subject, language: str
) -> None:
    chart = response_chart(rows, subject)
    figure = chart.draw(language)
    axes = figure.axes[0]
    diamonds = [line for line in axes.lines if line.get_marker() == "D"]
    assert len(diamonds) == rows["vanish"].notna().sum()
    bars = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    np.testing.assert_allclose(bars, rows[["lower", "upper"]])
    FigureCanvasAgg(figure).draw()
    width, height = figure.canvas.get_width_height()
    for text in figure.findobj(Text):
        if text.get_text().strip() and text.get_visible():
            box = text.get_window_extent()
            assert box.x0 >= 0, text
            assert box.x1 <= width, text
            assert 0 <= box.y0 <= box.y1 <= height, text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("lower", "upper", "headline"),
    [
        ([-0.4, -0.4], [0.3, 0.3], "headline_none"),
        ([-0.4, -0.4], [-0.1, 0.3], "headline"),
        ([-0.4, 0.1], [-0.1, 0.3], "headline_all"),
        ([np.nan, np.nan], [np.nan, np.nan], "headline_missing"),
    ],
)
def test_the_headline_says_what_the_bounds_say(
    rows: pd.DataFrame,
    subject: Subject,
    language: str,
    lower: list[float],
    upper: list[float],
    headline: str,
) -> None:
    told = {
        "headline_none": ("every gap", "inverser chaque écart"),
        "headline": ("all but 1 of 2 gaps", "sauf 1 sur 2"),
        "headline_all": ("can’t turn the sign of any gap", "aucun écart"),
        "headline_missing": ("6-month placement and non-response", "insertion (6 mois)"),
    }[headline]
    changed = rows.iloc[:2].assign(lower=lower, upper=upper)
    words = response_chart(changed, subject).words[language]
    assert told[LANGUAGES.index(language)] in words.headline
    assert len(words.headline.split()) <= 12
    assert not re.search(r"\bnan\b", words.caption + words.alt)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_can_not_be_told_has_its_reason(
    rows: pd.DataFrame, subject: Subject, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = [name for name in rows if rows[name].dtype == float]
    empty = rows.iloc[:1].assign(**dict.fromkeys(numbers, np.nan))
    notes = {f"note_{name}": "nobody_answered" for name in (*METHODS, "lower", "vanish", "double")}
    empty = pd.concat([empty.assign(**notes), rows.iloc[1:]])
    chart = response_chart(empty, subject)
    texts = [text.get_text() for text in chart.draw(language).findobj(Text)]
    missing = {"en": "not estimable", "fr": "non estimable"}[language]
    assert missing in texts
    assert missing in chart.words[language].caption
    # The key tells of bounds though the first row has none.
    bounds = {"en": "worst-case bounds", "fr": "bornes au pire cas"}[language]
    assert bounds in texts
    show_response(empty, subject, language)
    capsys.readouterr()


def test_small_groups_are_marked(rows: pd.DataFrame, subject: Subject) -> None:
    texts = [text.get_text() for text in response_chart(rows, subject).draw("en").findobj(Text)]
    small = (rows[["n_group", "n_reference"]].min(axis=1) < 30).sum()
    assert sum("indicative" in text for text in texts) == small >= 1
