"""Tables and summaries in words: every row there, formats of the language, nothing overclaimed."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.figures.quality import show_composition, show_unknown_memberships
from analysis.figures.summary import summary
from analysis.figures.tables import gaps_table, impact_table, ratios_table, unknown_table
from analysis.figures.wording import percent, points
from analysis.release.results import Release
from analysis.vocabulary import LANGUAGES, Audience, Contrast, Estimand


@pytest.fixture
def adjusted_rows(estimated: Any) -> pd.Series:
    gaps = estimated.gaps
    return (
        (gaps["outcome"] == "graduated")
        & (gaps["estimand"] == Estimand.ADJUSTED_DIFFERENCE)
        & gaps["method"].str.startswith("logit")
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_gaps_table_has_every_contrast_and_group(estimated: Any, language: str) -> None:
    table = gaps_table(estimated.gaps, estimated.subject(), language)
    categories = len(estimated.study.categories)
    assert len(table) == 1 + 3 * categories
    assert not table.isna().any(axis=None)
    assert table.shape[1] == 8


def test_numbers_are_those_of_the_estimates(estimated: Any, adjusted_rows: pd.Series) -> None:
    table = gaps_table(estimated.gaps, estimated.subject(), "en")
    row = estimated.gaps[adjusted_rows & (estimated.gaps["contrast"] == Contrast.ANY)].iloc[0]
    shown = table["Adjusted gap, points"].iloc[0]
    assert shown.startswith(points(row["estimate"], "en"))
    assert points(row["ci_high"], "en") in shown


def test_unknown_table_shows_only_gaps_that_leave_someone_out(estimated: Any) -> None:
    table = unknown_table(estimated.gaps, estimated.subject(), "en")
    left_out = estimated.gaps[
        (estimated.gaps["outcome"] == "graduated")
        & (estimated.gaps["estimand"] == Estimand.ADJUSTED_DIFFERENCE_AS_NO)
    ]
    assert 0 < len(table) == len(left_out)


def test_ratios_and_indices(estimated: Any) -> None:
    categories = len(estimated.study.categories)
    assert len(ratios_table(estimated.gaps, estimated.subject(), "fr")) == 1 + 2 * categories
    impact = impact_table(estimated.gaps, estimated.subject(), "en")
    assert len(impact) == 2 + categories
    rates = estimated.gaps.query("outcome == 'graduated' and estimand == 'rate'")
    assert impact["Rate"].iloc[0] == percent(rates["estimate"].iloc[1], "en")


@pytest.mark.parametrize(
    ("language", "differs", "includes"),
    [
        ("en", "differs from zero", "can't be told from zero"),
        ("fr", "diffère de zéro", "ne se distingue pas de zéro"),
    ],
)
def test_summary_claims_no_more_than_the_test(
    estimated: Any, adjusted_rows: pd.Series, language: str, differs: str, includes: str
) -> None:
    gaps = estimated.gaps.copy()
    gaps.loc[adjusted_rows, "p_adjusted"] = 0.0499
    gaps.loc[adjusted_rows & (gaps["contrast"] == Contrast.ANY), "p_adjusted"] = 0.0501
    text = summary(gaps, estimated.subject(), language)
    assert text.count(differs) == len(estimated.study.categories)
    assert text.count(includes) == 1


def test_summary_gives_reasons(estimated: Any, adjusted_rows: pd.Series) -> None:
    gaps = estimated.gaps.copy()
    gaps.loc[adjusted_rows, ["estimate", "ci_low", "ci_high", "p_adjusted"]] = np.nan
    gaps.loc[adjusted_rows, "note"] = "empty_group"
    text = summary(gaps, estimated.subject(), "en")
    assert text.count("not estimable: nobody in the group") == 1 + len(estimated.study.categories)


def test_small_groups_and_few_clusters_are_said(estimated: Any, adjusted_rows: pd.Series) -> None:
    gaps = estimated.gaps.copy()
    gaps.loc[gaps["group"] == "carer", ["n_group", "k_group"]] = [29, 3]
    assert "indicative only" in summary(gaps, estimated.subject(), "en")
    gaps.loc[adjusted_rows, ["ci_low", "ci_high", "p_value", "p_adjusted"]] = np.nan
    assert "too few clusters" in summary(gaps, estimated.subject(), "en")


def test_hidden_rows_stay_and_say_so(public: Any) -> None:
    subject = public.subject()
    for make, column in ((gaps_table, "Adjusted gap, points"), (ratios_table, "Odds ratio"),
                         (impact_table, "Gap to all, points")):  # fmt: skip
        table = make(public.gaps, subject, "en")
        hidden = table[table["Group"] == "Carers"]
        assert len(hidden) > 0
        assert (hidden[column] == "not shown").all()
        assert not table.isin(["nan", "<NA>"]).any(axis=None)
    table = gaps_table(public.gaps, subject, "fr")
    assert table.set_index("Groupe").loc["Aidants", "Remarque"].str.startswith("non montré").all()
    text = summary(public.gaps, subject, "en")
    assert "Carers against the non-underserved: not shown" in text
    assert "Aidants face au public non prioritaire\N{NO-BREAK SPACE}: " in summary(
        public.gaps, subject, "fr"
    )
    assert "nan" not in text


def test_tables_have_the_decimals_of_their_rows(estimated: Any) -> None:
    gaps = estimated.gaps.assign(digits=0)
    for make in (gaps_table, unknown_table, ratios_table, impact_table):
        table = make(gaps, estimated.subject(), "en").drop(columns="p, corrected", errors="ignore")
        assert not table.astype(str).apply(lambda cell: cell.str.contains(r"\d\.\d")).any(axis=None)


def test_p_values_of_everyone_are_bounds(public: Any) -> None:
    table = gaps_table(public.gaps, public.subject(), "en")
    shown = public.subject().rows(public.gaps, estimand=Estimand.ADJUSTED_DIFFERENCE)
    assert (shown["p_adjusted"].dropna() >= 0.01).all()
    assert not table["p, corrected"].str.startswith("<").any()
    assert public.subject().p_words(0.01, "en") == "≤ 0.01"
    assert public.subject().p_words(0.05, "fr") == "0,05"


def test_who_is_not_known_is_counted_as_released(
    public: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"variable": "category", "level": "carer", "persons": 120, "n": 960, "share": 0.125,
         "ci_low": 0.1, "ci_high": 0.15, "unknown": 38},
        {"variable": "category", "level": "job_seeker", "persons": 12, "n": 960, "share": 0.0125,
         "ci_low": 0.01, "ci_high": 0.02, "unknown": 38},
    ]  # fmt: skip
    composition = Release(Audience.PUBLIC).shares(pd.DataFrame(rows))
    show_unknown_memberships(composition, public.subject(), "en")
    show_composition(composition, public.subject(), "en")
    shown = capsys.readouterr().out
    assert all(number in shown for number in ("40", "1,000", "4%"))
    assert not any(number in shown for number in ("38", "998", "3.8"))
    assert shown.count("not shown") >= 5
