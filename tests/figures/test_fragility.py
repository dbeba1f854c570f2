"""Tables on how sure a gap is: every row there, reasons in words, verdicts of corrected tests."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.cells import study_cells
from analysis.estimate.small.small_groups import small_groups
from analysis.figures.fragility import (
    detectable_table,
    equivalence_table,
    firth_table,
    show_detectable,
    show_equivalence,
    show_firth,
)
from analysis.figures.tables import DASH
from analysis.figures.wording import points
from analysis.release.results import Release
from analysis.vocabulary import LANGUAGES, Audience, Contrast, Estimand

# ---- Small groups -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(estimated: Any) -> pd.DataFrame:
    study = estimated.study
    covariates = study.default_adjusters()
    cells = study_cells(study, estimated.processed, outcome="graduated", covariates=covariates)
    found = small_groups(study, "graduated", cells, covariates, margin=0.125)
    return Release(Audience.INTERNAL).results(found)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("make", [firth_table, detectable_table, equivalence_table])
def test_a_line_a_comparison(small: pd.DataFrame, estimated: Any, make: Any, language: str) -> None:
    table = make(small, estimated.subject(), language)
    assert len(table) == 1 + 3 * len(estimated.study.categories)
    assert not table.isna().any(axis=None)
    assert table.columns.is_unique


def test_numbers_are_those_of_the_estimates(small: pd.DataFrame, estimated: Any) -> None:
    firth = small[small["method"].str.startswith("firth")]
    gap = firth[firth["estimand"] == Estimand.ADJUSTED_DIFFERENCE].iloc[0]
    shown = firth_table(small, estimated.subject(), "en")["Adjusted gap, points"].iloc[0]
    assert shown.startswith(points(gap["estimate"], "en"))
    assert points(gap["ci_high"], "en") in shown


@pytest.mark.parametrize(
    ("language", "power", "gap", "verdicts"),
    [
        (
            "en",
            "Power against a gap of 12.5 points",
            "Adjusted gap, points (90% interval)",
            {True: "no gap beyond 12.5 points", False: "not demonstrated"},
        ),
        (
            "fr",
            "Puissance face à un écart de 12,5 points",
            "Écart ajusté, points (intervalle à 90\N{NO-BREAK SPACE}%)",
            {True: "pas d’écart au-delà de 12,5 points", False: "non démontré"},
        ),
    ],
)
def test_the_margin_is_told(
    small: pd.DataFrame,
    estimated: Any,
    language: str,
    power: str,
    gap: str,
    verdicts: dict[bool, str],
) -> None:
    assert power in detectable_table(small, estimated.subject(), language)
    table = equivalence_table(small, estimated.subject(), language)
    assert gap in table
    shown = small.loc[small["estimand"] == Estimand.EQUIVALENCE, "p_adjusted"] <= 0.05
    assert table.iloc[:, 5].tolist() == [verdicts[bool(each)] for each in shown]


def test_no_power_is_certain(small: pd.DataFrame, estimated: Any) -> None:
    sure = small.assign(estimate=small["estimate"].mask(small["estimand"] == Estimand.POWER, 0.999))
    table = detectable_table(sure, estimated.subject(), "en")
    assert set(table["Power against a gap of 12.5 points"]) == {"> 99%"}


def test_what_is_missing_has_its_reason(small: pd.DataFrame, estimated: Any) -> None:
    missing = dict.fromkeys(("estimate", "ci_low", "ci_high", "p_value", "p_adjusted"), np.nan)
    broken = small.assign(**missing, note="separation=member")
    for make in (firth_table, detectable_table, equivalence_table):
        table = make(broken, estimated.subject(), "en")
        assert table["Note"].str.contains("told apart by group membership").all()
        assert (table.iloc[:, 3:-1] == DASH).all(axis=None)


def test_remarks_of_all_rows_of_a_line_are_told(small: pd.DataFrame, estimated: Any) -> None:
    first = (small["contrast"] == Contrast.ANY) & (small["estimand"] == Estimand.ODDS_RATIO)
    noted = small.assign(note=small["note"].mask(first, "no_profile"))
    table = firth_table(noted, estimated.subject(), "en")
    assert "could not be followed" in table["Note"].iloc[0]


@pytest.mark.parametrize("show", [show_firth, show_detectable, show_equivalence])
def test_tables_are_shown_in_both_languages(
    small: pd.DataFrame, estimated: Any, show: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    show(small, estimated.subject(), "fr")
    assert "Public prioritaire" in capsys.readouterr().out


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("make", [firth_table, detectable_table, equivalence_table])
def test_a_group_of_few_is_not_shown_to_everyone(
    small: pd.DataFrame, estimated: Any, make: Any, language: str
) -> None:
    few = small.drop(columns="digits").assign(n_group=9)
    table = make(Release(Audience.PUBLIC).results(few), estimated.subject(), language)
    assert len(table) == 1 + 3 * len(estimated.study.categories)
    reason = {"en": "fewer than 25 persons", "fr": "moins de 25 personnes"}[language]
    assert table.iloc[:, -1].str.contains(reason).all()
    shown = {"en": "not shown", "fr": "non montré"}[language]
    assert set(table.iloc[:, 3:-1].to_numpy().ravel()) <= {shown, DASH}
    assert (table.iloc[:, 3] == shown).all()


def test_a_side_under_thirty_is_called_indicative(small: pd.DataFrame, estimated: Any) -> None:
    few = small.assign(n_group=small["n_group"].where(small["contrast"] != Contrast.ANY, 29))
    notes = firth_table(few, estimated.subject(), "en")["Note"]
    assert "indicative" in notes.iloc[0]
