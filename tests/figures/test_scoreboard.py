"""The scoreboard in charts, tables and sentences, for both audiences and languages."""

import re
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.figures import scoreboard_tables as tables
from analysis.figures.place import Place
from analysis.figures.save import Chart
from analysis.figures.scoreboard import goals_chart, outcome_years_chart
from analysis.figures.scoreboard_panels import outcome_kinds_chart, panel_rates_charts
from analysis.figures.scores import (
    agreement_words,
    goal_words,
    printed_words,
    progress,
    progress_words,
)
from analysis.figures.wording import say
from analysis.impact.scoreboard import OUTCOMES, RATE, goal_rows
from analysis.ingest import Processed
from analysis.runs.parameters import StudyParameters
from analysis.runs.scoreboards import Scored, score
from analysis.runs.session import Session
from analysis.studies import Study
from analysis.vocabulary import LANGUAGES, Audience

NO_BREAK = "\N{NO-BREAK SPACE}"
EVERY = [(audience, language) for audience in Audience for language in LANGUAGES]
Scores = dict[Audience, tuple[Session, Scored]]


def session_of(study: Study, data: Processed, audience: Audience, folder: Path) -> Session:
    parameters = StudyParameters(study=study.name, audience=audience)
    place = Place(folder, "00_scoreboard", "0" * 64)
    return Session("00_scoreboard", parameters, data.marked(study), data, place)


@pytest.fixture(scope="module")
def scores(
    provider_study: Study, provider_processed: Processed, tmp_path_factory: pytest.TempPathFactory
) -> Scores:
    folder = tmp_path_factory.mktemp("place")
    sessions = {
        audience: session_of(provider_study, provider_processed, audience, folder)
        for audience in Audience
    }
    return {audience: (session, score(session)) for audience, session in sessions.items()}


def charts_of(session: Session, found: Scored) -> list[Chart]:
    about = session.subject(session.study.described_outcome)
    assert found.outcomes is not None
    return [
        goals_chart(goal_rows(found.board, session.cohort), about),
        outcome_years_chart(found.board, about),
        outcome_kinds_chart(found.outcomes, about),
        *panel_rates_charts(found.rates, found.board, about),
    ]


@pytest.fixture(scope="module")
def charts(scores: Scores) -> dict[Audience, list[Chart]]:
    return {audience: charts_of(*told) for audience, told in scores.items()}


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
        for text in figure.findobj(lambda one: isinstance(one, Text) and one not in unseen)
        if text.get_text().strip() and text.get_visible() and (text.get_alpha() or 1) == 1
    ]


@pytest.mark.parametrize(("audience", "language"), EVERY)
def test_nothing_is_cropped_and_no_texts_overlap(
    charts: dict[Audience, list[Chart]], audience: Audience, language: str
) -> None:
    for chart in charts[audience]:
        figure = chart.draw(language)
        boxes = [(text.get_text(), text.get_window_extent()) for text in texts_of(figure)]
        width, height = figure.canvas.get_width_height()
        for text, box in boxes:
            inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height
            assert inside, f"{chart.id}.{language}: {text!r} is cropped"
        for (one, a), (other, b) in combinations(boxes, 2):
            across, down = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
            assert across <= 2 or down <= 2, f"{chart.id}.{language}: {one!r} overlaps {other!r}"


@pytest.mark.parametrize(("audience", "language"), EVERY)
def test_headlines_are_short_and_words_complete(
    charts: dict[Audience, list[Chart]], audience: Audience, language: str
) -> None:
    for chart in charts[audience]:
        words = chart.words[language]
        parts = [one for one in re.split(f"[ {NO_BREAK}]", words.headline) if one not in ":;%"]
        assert len(parts) <= 12, words.headline
        said = (words.subtitle, words.note, words.source, words.caption, words.alt)
        assert all(text.strip() for text in said)
        assert not re.search(r"\bnan\b|<NA>", "".join((words.headline, *said)))


def test_headlines_state_what_was_found(charts: dict[Audience, list[Chart]]) -> None:
    goals, years, kinds, rates = (one.words["en"].headline for one in charts[Audience.INTERNAL])
    assert goals == "Goals for 2022: 1 of 3 reached"
    assert years == "44,010 career outcomes in 2022: 8.8% of the goal"
    assert kinds == "New job: 45% of the career outcomes of 2022"
    assert rates.startswith("6-month placement: 53.4% of the non-underserved, 42.4%")


def test_bars_are_as_long_as_what_was_found_of_the_goal(
    charts: dict[Audience, list[Chart]], scores: Scores
) -> None:
    axes = charts[Audience.INTERNAL][0].draw("en").axes[0]
    goals = goal_rows(scores[Audience.INTERNAL][1].board, "2022")
    parts = [progress(row) for _, row in goals.iterrows()]
    assert np.allclose([bar.get_width() for bar in axes.patches], parts)
    assert axes.get_xlim()[0] == 0
    faces = [bar.get_facecolor()[:3] == (1, 1, 1) for bar in axes.patches]
    assert faces == [verdict == "missed" for verdict in goals["verdict"]]


def test_lengths_of_counts_compare(charts: dict[Audience, list[Chart]]) -> None:
    """Bars of counts begin at zero on a linear axis that reaches to the goal."""
    years, kinds = (chart.draw("fr") for chart in charts[Audience.INTERNAL][1:3])
    for axes in (*years.axes, *kinds.axes):
        assert (axes.get_xscale(), axes.get_xlim()[0]) == ("linear", 0)
        assert axes.get_xlim() == kinds.axes[0].get_xlim() or axes in years.axes
    assert years.axes[0].get_xlim()[1] > 500_000


def test_printed_rates_stand_beside_those_estimated(charts: dict[Audience, list[Chart]]) -> None:
    chart = charts[Audience.INTERNAL][3]
    for axes, (_, rows) in zip(
        chart.draw("en").axes, chart.data.groupby("outcome", sort=False), strict=True
    ):
        dots = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
        (crosses,) = (line.get_xdata() for line in axes.lines if line.get_marker() == "x")
        assert np.allclose(dots, rows["estimate"])
        assert np.allclose(crosses, rows["printed"], equal_nan=True)
    assert "printed 29%" in chart.words["en"].caption


def test_ticks_reach_as_far_as_rates_do(charts: dict[Audience, list[Chart]]) -> None:
    for audience in Audience:
        chart = charts[audience][3]
        ticks = chart.draw("en").axes[0].xaxis.get_ticklocs()
        assert np.allclose([tick for tick in ticks if 0 <= tick <= 0.7], [0, 0.2, 0.4, 0.6])


def test_what_is_hidden_is_said_to_be(charts: dict[Audience, list[Chart]]) -> None:
    chart = charts[Audience.PUBLIC][3]
    shown = [text.get_text() for text in texts_of(chart.draw("en"))]
    hidden = chart.data["estimate"].isna().sum()
    assert hidden >= 2
    assert shown.count("not shown") == hidden
    assert "fewer than 25 persons" in chart.words["en"].caption


def test_no_goal_no_line(scores: Scores) -> None:
    session, found = scores[Audience.INTERNAL]
    about = session.subject(session.study.described_outcome)
    alone = found.board.assign(goal=float("nan"), verdict="")
    chart = outcome_years_chart(alone, about)
    assert chart.words["en"].headline == "44,010 career outcomes in 2022"
    assert chart.draw("en").axes[0].get_xlim()[1] < 100_000


def test_an_undecided_goal_is_hatched_and_counted(scores: Scores) -> None:
    session, found = scores[Audience.INTERNAL]
    goals = goal_rows(found.board, "2022")
    about = session.subject(session.study.described_outcome)
    open_ = goals.assign(verdict=["missed", "open", "not_shown"])
    open_.loc[2, ["estimate", "ci_low", "ci_high"]] = float("nan")
    open_.loc[2, "note"] = "hidden=small"
    chart = goals_chart(open_, about)
    assert chart.words["en"].headline == "Goals for 2022: 0 of 2 reached, 1 undecided"
    assert [bar.get_hatch() or "" for bar in chart.draw("en").axes[0].patches] == ["", "///"]
    assert "fewer than 25 persons" in chart.words["en"].caption


@pytest.mark.parametrize("outcomes", [1, 4])
def test_no_more_than_three_panels_stand_side_by_side(scores: Scores, outcomes: int) -> None:
    session, found = scores[Audience.INTERNAL]
    names = list(session.study.outcomes)[:outcomes]
    first = found.rates[found.rates["outcome"] == found.rates["outcome"].iloc[0]]
    rates = pd.concat([first.assign(outcome=name) for name in names], ignore_index=True)
    about = session.subject(session.study.described_outcome)
    drawn = list(panel_rates_charts(rates, found.board, about))
    assert [len(chart.draw("fr").axes) for chart in drawn] == ([1] if outcomes == 1 else [3, 1])
    assert [chart.id for chart in drawn][1:] == ["scoreboard-rates-2"] * (outcomes > 3)


# ---- Words and tables ---------------------------------------------------------------------------


def test_goals_and_printed_values_are_told_as_they_stand(scores: Scores) -> None:
    board = scores[Audience.INTERNAL][1].board
    counted, share, rate = (row for _, row in goal_rows(board, "2022").iterrows())
    assert [goal_words(row, "en") for row in (counted, share, rate)] == [
        "500,000",
        "at least 60%",
        "more than 70%",
    ]
    assert goal_words(share, "fr") == f"au moins 60{NO_BREAK}%"
    assert [progress_words(row, "en") for row in (counted, share, rate)] == ["8.8%", "132%", "68%"]
    refugees = board[(board["measure"] == "share") & (board["group"] == "refugee")].iloc[0]
    assert (printed_words(refugees, "en"), agreement_words(refugees, "en")) == ("0.6%", "agrees")


def shown(monkeypatch: pytest.MonkeyPatch, show: Any, *given: Any) -> dict[str, pd.DataFrame]:
    """The tables that a function shows, by language."""
    made: dict[str, pd.DataFrame] = {}

    def keep(make: Any, _: str) -> None:
        made.update({each: make(each) for each in LANGUAGES})

    monkeypatch.setattr(tables, "show", keep)
    show(*given, "en")
    return made


def test_tables_name_everything_in_both_languages(
    scores: Scores, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, found = scores[Audience.PUBLIC]
    about = session.subject(session.study.described_outcome)
    outcomes = shown(monkeypatch, tables.show_outcomes, found.board, about)
    assert list(outcomes["en"]["Year"][:3]) == ["2020", "2021", "2022"]
    assert list(outcomes["en"]["Printed"][:3]) == ["4,373", "14,163", "44,010"]
    assert list(outcomes["fr"]["Concordance"][:3]) == ["concorde"] * 3
    rates = shown(monkeypatch, tables.show_rates, found.board, about)
    assert len(rates["fr"]) == (found.board["measure"].isin([RATE, "share"])).sum()
    assert "not shown" in set(rates["en"]["Estimate (95% interval)"])
    for language in LANGUAGES:
        cells = "".join(map(str, [*outcomes[language].to_numpy().flat, *rates[language].columns]))
        assert not re.search(r"\bnan\b|<NA>|_", cells)


def test_each_measure_is_defined_in_the_words_of_the_report(
    scores: Scores, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, found = scores[Audience.INTERNAL]
    about = session.subject(session.study.described_outcome)
    told = shown(monkeypatch, tables.show_definitions, found.board, found.definitions, about)["en"]
    assert set(told["Measure"]) == {
        "Career outcomes, counted",
        "Share of persons",
        "Orientation",
        "Graduation",
        "6-month placement",
    }
    said = told["In the report’s words"]
    assert said.str.contains("over a 12-month period").any()
    assert said.str.contains("Percentage of respondents to the job survey").any()
    assert not (said == "–").any()
    remarks = dict(
        zip(zip(told["Measure"], told["Where"], strict=True), told["Remark"], strict=True)
    )
    assert remarks["Graduation", "Footnote 4"] == (
        "word for word what is said of: orientation; see the audit"
    )
    assert remarks["Orientation", "Footnote 11"] == "–"
    assert remarks["6-month placement", "Footnote 13"] == "open to readings: see the audit"
    alone = shown(monkeypatch, tables.show_definitions, found.board, None, about)["fr"]
    assert list(alone) == ["Mesure", "Ce qui est compté, ou part de qui"]
    assert len(alone) == 5


def test_nothing_printed_no_column_for_it(scores: Scores, monkeypatch: pytest.MonkeyPatch) -> None:
    session, found = scores[Audience.INTERNAL]
    about = session.subject(session.study.described_outcome)
    alone = found.board.assign(printed=float("nan"), agreement="")
    for show in (tables.show_outcomes, tables.show_rates):
        assert "Printed" not in shown(monkeypatch, show, alone, about)["en"]


def test_the_ambition_on_placement_is_said_to_be_of_graduates(scores: Scores) -> None:
    session, found = scores[Audience.INTERNAL]
    goals = goal_rows(found.board, "2022")
    assert tables.speaks_of_graduates(goals, session.study)
    assert not tables.speaks_of_graduates(goals[goals["measure"] == OUTCOMES], session.study)
    assert "graduates who answered" in say("scoreboard.of_graduates", "en")


def test_a_scoreboard_tells_no_more_than_the_tables_released(scores: Scores) -> None:
    """Rates are the released ones, and counts are multiples of five or missing."""
    _, found = scores[Audience.PUBLIC]
    rates = found.board[found.board["measure"] == RATE].set_index(["outcome", "group"])
    released = found.rates.set_index(["outcome", "group"])
    for column in ("estimate", "ci_low", "ci_high"):
        pd.testing.assert_series_equal(rates[column], released[column])
    counts = found.board.loc[found.board["measure"] == OUTCOMES, "estimate"]
    assert (counts.dropna() % 5 == 0).all()
