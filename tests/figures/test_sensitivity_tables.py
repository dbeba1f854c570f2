"""Tables of what an unmeasured variable could do."""

from typing import Any

import pandas as pd
import pytest

from analysis.cells import study_cells
from analysis.estimate.fragility.sensitivity import sensitivity
from analysis.estimate.options import GapOptions
from analysis.figures import fragility as module
from analysis.figures.fragility import (
    confounders_table,
    sensitivity_table,
    show_confounders,
    show_sensitivity,
)
from analysis.release.results import Release
from analysis.vocabulary import LANGUAGES, Audience, Contrast

ADJUSTERS = ("gender", "age_band", "country")


def results_of(estimated: Any, adjusters: tuple[str, ...]) -> pd.DataFrame:
    cells = study_cells(
        estimated.study, estimated.processed, outcome="graduated", covariates=adjusters
    )
    options = GapOptions(contrasts=(Contrast.ANY, Contrast.MARGINAL))
    found = sensitivity(estimated.study, "graduated", cells, adjusters, options)
    return Release(Audience.INTERNAL).results(found)


@pytest.fixture(scope="module")
def results(estimated: Any) -> pd.DataFrame:
    return results_of(estimated, ADJUSTERS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_gap_has_a_line(estimated: Any, results: pd.DataFrame, language: str) -> None:
    subject = estimated.subject()
    table = sensitivity_table(results, subject, language)
    groups = 1 + len(estimated.study.categories)
    assert len(table) == groups
    assert table.shape[1] >= 9
    lines = confounders_table(results, subject, language)
    assert len(lines) == groups * len(ADJUSTERS)
    assert not table.isna().any(axis=None)
    assert not lines.isna().any(axis=None)


def test_numbers_are_those_of_the_rows(estimated: Any, results: pd.DataFrame) -> None:
    table = sensitivity_table(results, estimated.subject(), "en")
    row = results[(results["estimand"] == "robustness_value") & (results["contrast"] == "any")]
    assert table["Robustness value of the gap"].iloc[0] == f"{100 * row['estimate'].iloc[0]:.1f}%"
    lines = confounders_table(results, estimated.subject(), "en")
    assert list(lines["Measured variable"][:3]) == ["gender", "age band", "country"]
    assert "Gap with a confounder 2× as strong, points" in lines


def test_tables_are_shown_where_there_is_something_to_show(
    estimated: Any, results: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[pd.DataFrame] = []
    told: list[str] = []
    monkeypatch.setattr(module, "show", lambda make, language: shown.append(make(language)))
    monkeypatch.setattr(module, "show_message", lambda key, language: told.append(key))
    show_sensitivity(results, estimated.subject(), "en")
    show_confounders(results, estimated.subject(), "fr")
    assert [len(table) for table in shown] == [4, 12]
    assert not told
    show_confounders(results_of(estimated, ()), estimated.subject(), "en")
    assert told == ["fragility.no_benchmark"]
