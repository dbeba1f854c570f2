"""Chart and sentence of the combinations of categories: what they show, and when they can't."""

import re
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from analysis.estimate.small.intersections import intersections as estimate
from analysis.figures import intersections as module
from analysis.figures.intersections import intersections_chart, show_partition, shrunk_rows
from analysis.figures.subject import Subject
from analysis.release.results import Release
from analysis.studies import Study, load_study
from analysis.vocabulary import LANGUAGES, NON_UNDERSERVED, Audience, Estimand


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study("openclassrooms")


def cells_of(study: Study, *, scale: int = 1, clusters: int = 0) -> pd.DataFrame:
    """Count cells of all combinations; two categories together fare worse than their sum."""
    names = list(study.categories)
    flags = np.array(list(product([False, True], repeat=len(names))))
    cells = pd.DataFrame(flags, columns=names).astype("boolean")
    n = scale * 1000 // 3 ** flags.sum(axis=1)
    rate = 0.6 - 0.05 * flags.sum(axis=1) - 0.2 * flags[:, 0] * flags[:, 1]
    cells = cells.assign(n=n, persons=n, successes=(n * rate).round().astype(int))
    if not clusters:
        return cells
    parts = [cells.assign(cluster=f"c{number:02d}") for number in range(clusters)]
    return pd.concat(parts, ignore_index=True)


def intersections(study: Study, outcome: str, cells: pd.DataFrame) -> pd.DataFrame:
    return Release(Audience.INTERNAL).results(estimate(study, outcome, cells))


@pytest.fixture(scope="module")
def subject(study: Study) -> Subject:
    return Subject(study, "placed_6", "2022", 0.95)


@pytest.fixture(scope="module")
def results(study: Study) -> pd.DataFrame:
    return intersections(study, "placed_6", cells_of(study))


def said(
    results: pd.DataFrame, subject: Subject, language: str, monkeypatch: pytest.MonkeyPatch
) -> str:
    made = []
    monkeypatch.setattr(module, "show_text", lambda make, each: made.append(make(each)))
    show_partition(results, subject, language)
    return made[0]


def test_raw_and_shrunk_stand_side_by_side(results: pd.DataFrame, subject: Subject) -> None:
    rows = shrunk_rows(results, subject)
    assert rows["group"].iloc[0] == NON_UNDERSERVED
    assert rows["n_group"].is_monotonic_decreasing
    assert np.allclose(rows["estimate_raw"], rows["k_group"] / rows["n_group"])
    drawn = results[results["estimand"] == Estimand.SHRUNK_RATE].set_index("group")["estimate"]
    assert np.allclose(rows["estimate_shrunk"], drawn[rows["group"]])


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cropped_and_no_texts_overlap(
    results: pd.DataFrame, subject: Subject, language: str
) -> None:
    figure = intersections_chart(shrunk_rows(results, subject), subject).draw(language)
    FigureCanvasAgg(figure).draw()
    axes = figure.axes[0]
    unseen = {
        label
        for label in axes.get_xticklabels()
        if not axes.get_xlim()[0] <= label.get_position()[0] <= axes.get_xlim()[1]
    }
    texts = [
        text
        for text in figure.findobj(lambda one: isinstance(one, Text) and one not in unseen)
        if text.get_text().strip() and text.get_visible() and (text.get_alpha() or 1) == 1
    ]
    width, height = figure.canvas.get_width_height()
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    for text, box in boxes:
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height
        assert inside, f"{text!r} is cropped"
    for (one, a), (other, b) in combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across <= 2 or down <= 2, f"{one!r} overlaps {other!r}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_complete(results: pd.DataFrame, subject: Subject, language: str) -> None:
    words = intersections_chart(shrunk_rows(results, subject), subject).words[language]
    parts = re.split("[ \N{NO-BREAK SPACE}]", words.headline)
    assert len([word for word in parts if word not in {";", ":", "%"}]) <= 12
    assert not re.search(r"\bnan\b", words.caption + words.alt + words.headline)


def test_clusters_are_told(study: Study, subject: Subject) -> None:
    for clusters, told in ((0, False), (20, True)):
        found = intersections(study, "placed_6", cells_of(study, clusters=clusters))
        note = intersections_chart(shrunk_rows(found, subject), subject).words["en"].note
        assert ("allow for clusters" in note) == told


def test_what_stands_out_is_named(
    study: Study, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = intersections(study, "placed_6", cells_of(study, scale=50))
    text = said(large, subject, "en", monkeypatch)
    assert "Other than the sum of their categories" in text
    assert re.search(r"points: Non-underserved −\d", text)
    effects = large["estimand"] == Estimand.INTERACTION_EFFECT
    small = large.assign(ci_low=large["ci_low"].mask(effects, -1.0)).assign(
        ci_high=large["ci_high"].mask(effects, 1.0)
    )
    assert "No combination can be told" in said(small, subject, "en", monkeypatch)


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_intervals_that_is_said(
    study: Study, subject: Subject, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = intersections(study, "placed_6", cells_of(study, clusters=5))
    rows = shrunk_rows(found, subject)
    assert rows["ci_low_shrunk"].isna().all()
    chart = intersections_chart(rows, subject)
    assert not re.search(r"\bnan\b", chart.words[language].caption)
    assert chart.draw(language).axes
    few = {"en": "too few clusters", "fr": "Trop peu de grappes"}[language]
    assert few in said(found, subject, language, monkeypatch)


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_model_the_reason_is_said(
    study: Study, subject: Subject, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = cells_of(study)
    found = intersections(study, "placed_6", cells.assign(successes=cells["n"]))
    assert shrunk_rows(found, subject).empty
    reason = {"en": "only successes", "fr": "uniquement des réussites"}[language]
    assert reason in said(found, subject, language, monkeypatch)
