"""All that is asked of small groups: which rows there are, whatever the data."""

from collections.abc import Callable
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from analysis.cells import count_cells
from analysis.estimate.gaps import outcome_gaps
from analysis.estimate.options import GapOptions
from analysis.estimate.results import COLUMNS, read_note
from analysis.estimate.small.power import minimal_detectable_gap
from analysis.estimate.small.small_groups import small_groups
from analysis.studies import Study
from analysis.vocabulary import UNDERSERVED, Contrast, Estimand

COVARIATES = ["gender", "age_band", "education"]
KEY = ["contrast", "group", "reference", "estimand", "term"]
ASKED = {
    (Estimand.ADJUSTED_DIFFERENCE, ""),
    (Estimand.ODDS_RATIO, ""),
    (Estimand.MINIMAL_DETECTABLE_GAP, ""),
    (Estimand.POWER, "0.05"),
    (Estimand.EQUIVALENCE, "0.05"),
}


@pytest.fixture(scope="module")
def asking(study: Study) -> Callable[..., pd.DataFrame]:
    """Give the function that counts persons' cells and estimates, with the small study."""

    def ask(
        rows: pd.DataFrame, covariates: list[str] = COVARIATES, clustered: bool = True, **more: Any
    ) -> pd.DataFrame:
        cells = count_cells(
            ibis.memtable(rows.assign(cluster=rows["school"])),
            by=[*study.categories, *covariates],
            outcome="graduated",
            cluster="cluster" if clustered else None,
            levels={name: study.levels(name) for name in covariates},
        )
        options = GapOptions(**{k: v for k, v in more.items() if k != "margin"})
        margin = more.get("margin", 0.05)
        return small_groups(study, "graduated", cells, covariates, options, margin)

    return ask


@pytest.fixture(scope="module")
def table(persons: pd.DataFrame, asking: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return asking(persons).set_index(KEY).sort_index()


def test_each_comparison_has_all_its_rows(table: pd.DataFrame, study: Study) -> None:
    assert table.index.is_unique
    for contrast in Contrast:
        groups = [UNDERSERVED] if contrast == Contrast.ANY else list(study.categories)
        rows = table.loc[contrast].reset_index()
        assert set(rows["group"]) == set(groups)
        for group in groups:
            own = rows[rows["group"] == group]
            assert set(zip(own["estimand"], own["term"], strict=True)) == ASKED
            assert own["estimate"].notna().all()


BROKEN: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "no persons": lambda rows: rows.iloc[:0],
    "nobody in the denominator": lambda rows: rows.assign(graduated=pd.NA),
    "one person": lambda rows: rows.iloc[:1],
    "two persons": lambda rows: rows.iloc[:2],
    "ten persons": lambda rows: rows.iloc[:10],
    "forty persons": lambda rows: rows.iloc[:40],
    "one school": lambda rows: rows.assign(school="only"),
    "nine schools": lambda rows: rows[rows["school"] < "s09"],
    "all succeed": lambda rows: rows.assign(graduated=True),
    "success is being a job seeker": lambda rows: rows.assign(graduated=rows["job_seeker"]),
    "nobody is a job seeker": lambda rows: rows.assign(job_seeker=False),
    "everybody is a job seeker": lambda rows: rows.assign(job_seeker=True),
    "nothing is known": lambda rows: rows.assign(
        job_seeker=pd.NA, low_qualification=pd.NA, disability=pd.NA
    ),
    "two categories are one": lambda rows: rows.assign(disability=rows["job_seeker"]),
    "an adjuster's level fails": lambda rows: rows.assign(
        graduated=rows["graduated"].mask((rows["gender"] == "unknown").fillna(False), False)
    ),
}


@pytest.mark.parametrize("breaking", BROKEN.values(), ids=BROKEN)
def test_whatever_the_data_each_question_has_its_row(
    persons: pd.DataFrame,
    table: pd.DataFrame,
    asking: Callable[..., pd.DataFrame],
    breaking: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    flags = ["job_seeker", "low_qualification", "disability", "graduated"]
    broken = breaking(persons).astype(dict.fromkeys(flags, "boolean"))
    found = asking(broken).set_index(KEY).sort_index()
    assert found.index.equals(table.index)
    remarks = {"adjusted", "defines", "left_out", "clusters", "dropped"}
    for note in found.loc[found["estimate"].isna(), "note"]:
        assert set(read_note(note)) - remarks, f"no reason in {note!r}"
    empty = (found["n_group"] == 0) | (found["n_reference"] == 0)
    assert found.loc[empty, "estimate"].isna().all()


def test_firth_serves_where_a_level_separates(
    persons: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    """Nobody of a rare category succeeds: the ordinary logit is told so, Firth's has a gap."""
    rows = persons.copy()
    few = rows.index[(rows["disability"] == True).fillna(False)][:15]  # noqa: E712
    rows["disability"] = pd.array(rows.index.isin(few), dtype="boolean")
    rows.loc[few, "graduated"] = False
    found = asking(rows, clustered=False, contrasts=(Contrast.COMPLEMENT,))
    own = found[found["group"] == "disability"].set_index("estimand")
    assert own.loc[Estimand.ADJUSTED_DIFFERENCE, "ci_high"] < 0
    assert own.loc[Estimand.ODDS_RATIO, "ci_high"] < 1
    for estimand in (Estimand.MINIMAL_DETECTABLE_GAP, Estimand.POWER, Estimand.EQUIVALENCE):
        assert np.isnan(own.loc[estimand, "estimate"])
        assert "separation" in read_note(own.loc[estimand, "note"])


def test_tests_are_of_the_adjusted_gap(
    persons: pd.DataFrame, table: pd.DataFrame, study: Study
) -> None:
    """Of the gap that the other tables show, with its error by clusters."""
    cells = count_cells(
        ibis.memtable(persons),
        by=[*study.categories, *COVARIATES],
        outcome="graduated",
        cluster="school",
        levels={name: study.levels(name) for name in COVARIATES},
    ).rename(columns={"school": "cluster"})
    gaps = outcome_gaps(study, "graduated", cells, COVARIATES)
    gaps = gaps[(gaps["estimand"] == Estimand.ADJUSTED_DIFFERENCE)]
    gaps = gaps[gaps["method"] == "logit_cluster"].set_index(["contrast", "group"])
    assert len(gaps) == 10
    for (contrast, group), gap in gaps.iterrows():
        own = table.loc[contrast, group].reset_index().set_index("estimand")
        assert own.loc[Estimand.EQUIVALENCE, "estimate"] == pytest.approx(gap["estimate"])
        detectable = minimal_detectable_gap(gap["std_error"], freedom=11)
        assert own.loc[Estimand.MINIMAL_DETECTABLE_GAP, "estimate"] == pytest.approx(detectable)
        note = read_note(own.loc[Estimand.EQUIVALENCE, "note"])
        assert ("equivalent" in note) != ("not_equivalent" in note)
        assert note["clusters"] == "12"
        assert note.get("defines") == read_note(gap["note"]).get("defines")


def test_p_values_are_corrected_and_verdicts_follow(
    persons: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    found = asking(persons, clustered=False, margin=0.2, contrasts=(Contrast.COMPLEMENT,))
    own = found[found["estimand"] == Estimand.EQUIVALENCE]
    raw = own["p_value"].sort_values()
    holm = np.maximum.accumulate(np.minimum(raw * [3, 2, 1], 1))
    np.testing.assert_allclose(own["p_adjusted"][raw.index], holm, rtol=1e-12)
    shown = own["note"].map(lambda note: "equivalent" in read_note(note))
    assert shown.tolist() == (own["p_adjusted"] <= 0.05).tolist()
    assert shown.any()
    assert (own["term"] == "0.2").all()


def test_columns_are_those_of_every_result(table: pd.DataFrame) -> None:
    assert [name for name in COLUMNS if name not in KEY] == list(table.columns)
