"""Comparisons of runs: few of them in words, many with marks, and nothing claimed of either."""

from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures.choices import Choices, parameter_words, value_words
from analysis.figures.comparison import FEW, compared, comparison_chart
from analysis.figures.released import excludes_zero
from analysis.figures.save import Chart
from analysis.figures.subject import Subject
from analysis.figures.wording import catalogue
from analysis.runs.parameters import MODELS
from analysis.studies import Study
from analysis.vocabulary import LANGUAGES

GROUPS = (("any", "underserved"), ("marginal", "job_seeker"), ("marginal", "carer"))
MakeChart = Callable[..., Chart]


def estimates(runs: int, missing: tuple[int, ...] = ()) -> pd.DataFrame:
    """Adjusted gaps of three groups in so many runs; no numbers for some runs."""
    rows = []
    for run in range(1, runs + 1):
        for place, (contrast, group) in enumerate(GROUPS):
            gap = np.nan if run in missing else 0.01 * ((7 * run) % runs) - 0.04 * place
            rows.append(
                {
                    "run": run,
                    "errors": ("hc1", "hc2")[run % 2],
                    "confidence": ("0.9", "0.95", "0.99")[run % 3],
                    "study": "bootcamp",
                    "outcome": "graduated",
                    "group": group,
                    "reference": "non_underserved",
                    "contrast": contrast,
                    "estimand": "adjusted_difference",
                    "method": f"logit_{('hc1', 'hc2')[run % 2]}",
                    "estimate": gap,
                    "ci_low": gap - 0.02,
                    "ci_high": gap + 0.02,
                    "n_group": 100,
                    "n_reference": 200,
                    "note": "not_estimable" if run in missing else "",
                    "digits": 1,
                    "data": "SYNTHETIC",
                }
            )
    return pd.DataFrame(rows)


@pytest.fixture
def chart(toy_study: Study) -> MakeChart:
    """Make the chart of so many runs."""

    def make(runs: int, missing: tuple[int, ...] = ()) -> Chart:
        subject = Subject(toy_study, "graduated", None, 0.95)
        choices = Choices(toy_study, {"errors": "errors", "confidence": "confidence"})
        rows = compared(estimates(runs, missing))
        return comparison_chart(rows, subject, "non_underserved", choices)

    return make


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(mpl.text.Text))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("runs", [1, 4, FEW, FEW + 1, 96])
def test_every_number_of_runs_can_be_drawn(chart: MakeChart, runs: int, language: str) -> None:
    made = chart(runs)
    figure = made.draw(language)
    said = texts(figure)
    assert ("SYNTHETIC" if language == "en" else "SYNTHÉTIQUE") in said
    assert ("independent evidence" if language == "en" else "preuves indépendantes") in said
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert len(panels) == len(GROUPS)
    dots = [line for axes in panels for line in axes.lines if line.get_marker() == "o"]
    assert sum(len(line.get_xdata()) for line in dots) == runs * len(GROUPS)


def test_runs_are_sorted_by_the_first_group_and_those_without_estimate_last(
    chart: MakeChart,
) -> None:
    data = chart(8, missing=(3,)).data
    first = data[data["group"] == "underserved"]
    told = first["estimate"].dropna()
    assert list(told) == sorted(told)
    assert first["run"].iloc[-1] == 3
    assert "data" not in data  # the chart marks them itself
    words = chart(8, missing=(3,)).words["en"]
    assert "not estimable: 3 of 24" in words.note


def test_few_runs_have_their_values_in_words(chart: MakeChart) -> None:
    said = texts(chart(4).draw("fr"))
    assert "1. erreurs HC2 · 95 %" in said.replace("\N{NO-BREAK SPACE}", " ")


def test_many_runs_have_a_mark_for_each_value(chart: MakeChart) -> None:
    figure = chart(96).draw("en")
    marks = figure.axes[-1]
    labels = [label.get_text() for label in marks.get_yticklabels()]
    assert sorted(labels) == ["90%", "95%", "99%", "HC1 errors", "HC2 errors"]
    squares = [line for line in marks.lines if line.get_marker() == "s"]
    assert sum(len(line.get_xdata()) for line in squares) == 2 * 96


def test_words_tell_range_and_count_and_no_average(chart: MakeChart) -> None:
    words = chart(8).words["en"]
    rows = chart(8).data
    own = rows[rows["group"] == "underserved"]
    sure = excludes_zero(own).sum()
    assert "0.0 to +7.0 points" in words.headline
    assert f"{sure} of 8 intervals exclude zero" in words.alt
    assert 0 < sure < 8
    assert "average" not in words.caption
    assert len(words.headline.split()) <= 12


def test_without_a_gap_there_is_nothing_to_compare() -> None:
    rates = estimates(3).assign(contrast="", estimand="rate", method="wilson")
    assert compared(rates).empty


def test_an_all_missing_question_is_told(chart: MakeChart) -> None:
    made = chart(2, missing=(1, 2))
    assert "no estimate to compare" in made.words["en"].headline
    made.draw("en")


def test_every_parameter_of_every_notebook_has_a_name() -> None:
    for model in MODELS.values():
        for name in model.model_fields:
            assert f"sweep.parameter_{name}" in catalogue()
            assert all(parameter_words(name, language) for language in LANGUAGES)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("outcomes", "graduated", "graduation"),
        ("adjusters", "gender, country", "gender and country"),
        ("adjusters", "", "no adjustment"),
        ("confidence", "0.9", "90%"),
        ("confidence", "0.975", "97.5%"),
        ("cohort", "all", "all cohorts"),
        ("cohort", "2022", "2022"),
        ("errors", "hc3", "HC3 errors"),
        ("errors", "auto", "errors by design"),
        ("over", "group", "averaged over the group"),
        ("seed", "7", "seed: 7"),
    ],
)
def test_values_are_told_in_words(toy_study: Study, name: str, value: str, said: str) -> None:
    assert value_words(toy_study, name, value, "en") == said
