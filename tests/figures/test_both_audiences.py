"""Charts of drivers, robustness and times for both audiences: what they show, say and hide."""

import re
from itertools import combinations
from typing import Any

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.cells import study_cells, time_cells
from analysis.estimate.composition.decompositions import decompositions
from analysis.estimate.duration.times import times_to_event
from analysis.estimate.fragility.specifications import count_patterns, specification_curve
from analysis.estimate.journey_gaps import journey_gaps
from analysis.estimate.nonresponse.response import response_gaps
from analysis.estimate.options import GapOptions
from analysis.estimate.small.intersections import intersections
from analysis.estimate.trends import gap_trends
from analysis.figures.contributions import (
    COMPOSITION,
    JOURNEY,
    composition_parts,
    contributions_charts,
    journey_parts,
)
from analysis.figures.curves import curves_charts
from analysis.figures.intersections import intersections_chart, shrunk_rows
from analysis.figures.rates import rates_chart
from analysis.figures.released import adjusters, gap_words, hidden_rows, most_persons
from analysis.figures.response import response_chart, response_rows
from analysis.figures.save import Chart
from analysis.figures.specifications import curve_chart
from analysis.figures.subject import Subject
from analysis.figures.trends import trend_chart
from analysis.figures.wording import catalogue, say
from analysis.ingest import Processed
from analysis.release.results import Release
from analysis.studies import Study
from analysis.vocabulary import LANGUAGES, Audience, Contrast

COVARIATES = ("gender", "country")
OPTIONS = GapOptions(contrasts=(Contrast.ANY, Contrast.MARGINAL))
REFERENCE = "Reference: |Référence\N{NO-BREAK SPACE}: "
PERSONS = "n\N{NO-BREAK SPACE}?(=|:)|n is not shown|n n’est pas"
ADJUSTMENT = {"en": r"gender|[Nn]ot adjusted|without adjustment", "fr": r"sexe|sans ajustement"}
LEVEL = {"en": "95% intervals", "fr": "intervalles à 95\N{NO-BREAK SPACE}%"}
HIDDEN = {"en": "fewer than 25 persons", "fr": "moins de 25 personnes"}
NO_NUMBER = {"en": "not shown", "fr": "non montré"}

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def raw(provider_processed: Processed, provider_study: Study) -> Tables:
    """Give the estimates before any release, by what they are of."""
    study, path = provider_study, provider_processed.place

    def count(outcome: str, cohort: str = "2022") -> pd.DataFrame:
        return study_cells(study, path, outcome=outcome, covariates=COVARIATES, cohort=cohort)

    placed = (study, "placed_6", count("placed_6"))
    by_cohort = {cohort: count("placed_6", cohort) for cohort in ("2021", "2022")}
    outcomes: dict[str, str | None] = {"placed_6": "answered_6"}
    patterns = count_patterns(study, path, outcomes=outcomes, covariates=COVARIATES, cohort="2022")
    cells = time_cells(study, path, duration="placed", covariates=("gender",), cohort="2022")
    results, curves = times_to_event(study, "placed", cells, ("gender",), OPTIONS)
    return {
        "composition": decompositions(*placed, COVARIATES, OPTIONS),
        "journey": journey_gaps(
            study, path, cohort="2022", covariates=COVARIATES, options=OPTIONS, draws=99
        ),
        "trend": gap_trends(study, "placed_6", by_cohort, COVARIATES, OPTIONS),
        "response": response_gaps(*placed, count("answered_6"), COVARIATES, OPTIONS),
        "intersections": intersections(*placed),
        "specifications": specification_curve(
            study, "placed_6", patterns, COVARIATES, OPTIONS, outcomes=outcomes, draws=9, most=8
        ),
        "times": results,
        "curves": curves,
    }


def charts_of(raw: Tables, study: Study, audience: Audience) -> list[Chart]:
    """Release all tables and draw the charts from them, in the order of the notebooks."""
    release = Release(audience, cohort="2022")
    subject = Subject(study, "placed_6", "2022", 0.95, audience)
    followed = Subject(study, "placed", "2022", 0.95, audience)

    def table(name: str) -> pd.DataFrame:
        return release.results(raw[name])

    parts = composition_parts(table("composition"), subject)
    return [
        *contributions_charts(parts, subject, COMPOSITION),
        *contributions_charts(journey_parts(table("journey")), subject, JOURNEY),
        trend_chart(table("trend"), subject),
        response_chart(response_rows(table("response")), subject),
        intersections_chart(shrunk_rows(table("intersections"), subject), subject),
        curve_chart(release.specifications(raw["specifications"]), subject),
        *curves_charts(release.curves(raw["curves"]), table("times"), followed),
    ]


Charts = dict[Audience, list[Chart]]


@pytest.fixture(scope="module")
def charts(raw: Tables, provider_processed: Processed, provider_study: Study) -> Charts:
    study = provider_processed.marked(provider_study)
    return {audience: charts_of(raw, study, audience) for audience in Audience}


def texts_of(figure: Figure) -> list[Text]:
    FigureCanvasAgg(figure).draw()
    unseen = {
        label
        for axes in figure.axes
        for labels, (low, high), part in (
            (axes.get_xticklabels(), axes.get_xlim(), 0),
            (axes.get_yticklabels(), sorted(axes.get_ylim()), 1),
        )
        for label in labels
        if not low <= label.get_position()[part] <= high
    }
    return [
        text
        for text in figure.findobj(Text)
        if text.get_text().strip()
        and text.get_visible()
        and (text.get_alpha() or 1) == 1
        and text not in unseen
    ]


@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize("language", LANGUAGES)
def test_captions_say_what_a_reader_must_know(
    charts: Charts, audience: Audience, language: str
) -> None:
    for chart in charts[audience]:
        words = chart.words[language]
        for told in (LEVEL[language], words.source, "2022"):
            assert told in words.caption, f"{chart.id}: {told}"
        assert re.search(PERSONS, words.caption), chart.id
        assert re.search(ADJUSTMENT[language], words.caption), chart.id
        # Rates of combinations are compared with nothing.
        assert re.search(REFERENCE, words.caption) or chart.id.startswith("intersections")
        assert not re.search(r"\bnan\b|<NA>|\{", " ".join(vars(words).values())), chart.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_small_groups_are_called_indicative(charts: Charts, language: str) -> None:
    word = {"en": "indicative", "fr": "indicatif"}[language]
    small = [
        chart
        for chart in charts[Audience.INTERNAL]
        if (chart.data.filter(like="n_") < 30).any(axis=None)
    ]
    assert len(small) == 6
    for chart in small:
        assert word in chart.words[language].caption, chart.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_hidden_says_so_in_words_and_in_the_picture(charts: Charts, language: str) -> None:
    lacking = []
    for chart in charts[Audience.PUBLIC]:
        notes = chart.data.filter(regex="^note").astype(str)
        if not notes.apply(lambda column: column.str.contains("hidden=")).any(axis=None):
            continue
        lacking.append(chart.id)
        assert HIDDEN[language] in chart.words[language].caption, chart.id
        assert NO_NUMBER[language] in chart.words[language].alt, chart.id
        drawn = " ".join(text.get_text() for text in texts_of(chart.draw(language)))
        assert NO_NUMBER[language] in drawn.replace("\n", " "), chart.id
    assert lacking == [
        "drivers-placed-6-categories",
        "journey-gap-categories",
        "trend-placed-6",
        "response-placed-6",
        "intersections-placed-6",
        "curves-placed-categories",
    ]


def test_no_group_vanishes(charts: Charts) -> None:
    for full, public in zip(charts[Audience.INTERNAL], charts[Audience.PUBLIC], strict=True):
        assert full.id == public.id
        assert set(public.data["group"]) == set(full.data["group"]), full.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cropped_and_no_texts_overlap_in_public(charts: Charts, language: str) -> None:
    for chart in charts[Audience.PUBLIC]:
        figure = chart.draw(language)
        boxes = [(text.get_text(), text.get_window_extent()) for text in texts_of(figure)]
        width, height = figure.canvas.get_width_height()
        for text, box in boxes:
            assert min(box.x0, box.y0) >= 0, f"{chart.id}: {text}"
            assert box.x1 <= width, f"{chart.id}: {text}"
            assert box.y1 <= height, f"{chart.id}: {text}"
        for (one, a), (other, b) in combinations(boxes, 2):
            across, down = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
            assert across <= 2 or down <= 2, f"{chart.id}: {one!r} overlaps {other!r}"


def test_public_charts_of_few_have_whole_points(charts: Charts) -> None:
    """Of under 1,000 persons a side; the journey begins with more, a p-value has two decimals."""
    for chart in charts[Audience.PUBLIC]:
        words = chart.words["en"]
        assert "rounded to the nearest 5" in words.caption, chart.id
        told = words.headline + words.subtitle + words.caption + words.alt
        decimals = re.findall(r"\d\.\d+", told.replace("probability 0.", ""))
        assert bool(decimals) == chart.id.startswith("journey"), chart.id


def test_specifications_and_months_are_not_told_apart_in_public(charts: Charts) -> None:
    found = {chart.id: chart for chart in charts[Audience.PUBLIC]}
    curve = found["specifications-placed-6-underserved"]
    assert curve.data[["n_group", "n_reference", "k_group", "k_reference"]].isna().all(axis=None)
    assert "n is not shown by specification" in curve.words["en"].subtitle
    for name in ("underserved", "categories"):
        chart = found[f"curves-placed-{name}"]
        assert set(chart.data["month"]) == {6, 12}
        assert "By month 6: " in chart.words["en"].caption
        assert "By month 12: " in chart.words["en"].caption
        for axes in chart.draw("en").axes:
            assert [label.get_text() for label in axes.get_xticklabels()] == ["6", "12"]
    # At 12 months some categories are hidden.
    headline = found["curves-placed-categories"].words["en"].headline
    assert headline.startswith("Placed within 6 months: ")


def test_points_at_horizons_are_those_of_the_data(charts: Charts) -> None:
    found = {chart.id: chart for chart in charts[Audience.PUBLIC]}
    chart = found["curves-placed-underserved"]
    dots = [line for line in chart.draw("en").axes[0].lines if line.get_marker() == "o"]
    for line, side in zip(dots, ("group", "reference"), strict=True):
        own = chart.data[chart.data["side"] == side].sort_values("month")
        assert list(line.get_ydata()) == own["placed_by"].tolist()


def test_rounded_parts_that_do_not_add_up_are_said_to(charts: Charts) -> None:
    said = {
        audience: ["need not add up" in chart.words["en"].note for chart in drawn]
        for audience, drawn in charts.items()
    }
    assert any(said[Audience.PUBLIC])
    assert not any(said[Audience.INTERNAL])


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.05, 0.02, ("includes zero", "zéro compris")),
        (0.0, 0.02, ("touches zero as rounded", "touche zéro une fois arrondi")),
        (-0.03, 0.0, ("touches zero as rounded", "touche zéro une fois arrondi")),
        (0.01, 0.02, None),
        (-0.03, -0.01, None),
    ],
)
def test_how_an_interval_lies_to_zero_is_said(
    low: float, high: float, said: tuple[str, str] | None
) -> None:
    row = pd.Series({"estimate": 0.015, "ci_low": low, "ci_high": high, "digits": 0})
    for language, zero, words in zip(LANGUAGES, ("zero", "zéro"), said or ("", ""), strict=True):
        told = gap_words(row, language)
        assert told.endswith(f", {words})") if said else zero not in told
    assert "zero" not in gap_words(row, "en", zero=False)


def test_a_gap_without_interval_says_so() -> None:
    row = pd.Series({"estimate_raw": -0.021, "ci_low_raw": None, "ci_high_raw": None,
                     "digits_raw": 1}, dtype=float)  # fmt: skip
    assert gap_words(row, "en", "_raw") == "−2.1 (no interval)"


def test_helpers_bear_that_everything_is_hidden(provider_study: Study) -> None:
    rows = pd.DataFrame({"n_group": [None], "n_reference": [None]}, dtype="Int64")
    rows = rows.assign(note="hidden=small")
    assert hidden_rows(rows).all()
    assert most_persons(rows, "en") == "not shown"
    assert adjusters(rows["note"], Subject(provider_study, "placed_6", "2022", 0.95), "en") == ""


def test_everything_hidden_can_still_be_drawn(raw: Tables, provider_study: Study) -> None:
    """As for a provider with a handful of persons."""
    counts = dict.fromkeys(["n_group", "n_reference", "k_group", "k_reference"], 9)
    few = {name: table.assign(**counts) for name, table in raw.items() if name != "curves"}
    few["curves"] = raw["curves"].assign(at_risk=9)
    for chart in charts_of(few, provider_study, Audience.PUBLIC):
        for language in LANGUAGES:
            words = chart.words[language]
            assert HIDDEN[language] in words.caption, chart.id
            assert not re.search(r"\bnan\b|<NA>", words.headline + words.caption), chart.id
            assert chart.draw(language).axes
        assert not re.search(r"\d%? to \S?\d", chart.words["en"].alt), chart.id


ABSENCE = r"\bno (gap|difference)\b|pas d’(écart|différence)|aucune? (écart|différence)"
ALLOWED = {
    "notes.equivalent",  # what a test of equivalence found
    "small_groups.equivalent",
    "small_groups.verdict",  # the question that it answers
    "response.headline_all",  # that no gap turns its sign
    "notes.null_draws",  # draws from a world without a gap
    "specifications.test",
    "trend.no_change",  # that no gap is known
}
SECTIONS = ("composition", "steps", "trend", "response", "intersections", "specifications",
            "times", "small_groups", "fragility", "notes", "released")  # fmt: skip


def test_no_message_claims_that_there_is_no_gap() -> None:
    """But where a test of equivalence stands behind it."""
    claims = {
        key
        for key, label in catalogue().items()
        if key.split(".")[0] in SECTIONS
        and any(re.search(ABSENCE, text, re.IGNORECASE) for text in label.values())
    }
    assert claims <= ALLOWED
    assert say("small_groups.equivalent", "en", margin="5") == "no gap beyond 5 points"


def test_a_headline_has_one_precision(estimated: Any) -> None:
    gaps = estimated.gaps.copy()
    gaps.loc[gaps["group"] == "non_underserved", "digits"] = 0
    headline = rates_chart(gaps, estimated.subject()).words["en"].headline
    assert len(re.findall(r"\d+%", headline)) == 2
    assert "." not in headline
