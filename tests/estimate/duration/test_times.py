"""Times to an event: the rows of the result table, their reasons, and the curves."""

import dataclasses
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.cells import count_cells
from analysis.estimate.duration.times import CURVE_COLUMNS, FEW_AT_RISK, times_to_event
from analysis.estimate.options import GapOptions
from analysis.estimate.results import Results, read_note
from analysis.studies import Study
from analysis.vocabulary import HORIZONS, OTHERS, Contrast, Estimand

EXAMPLES = settings(max_examples=15, deadline=None)
CATEGORIES = ["job_seeker", "low_qualification", "disability"]
COVARIATES = ["gender", "age_band"]
LEVELS = {"gender": ["F", "M", "unknown"], "age_band": ["<=30", "31-45", ">45", "unknown"]}
OPTIONS = GapOptions(contrasts=(Contrast.ANY, Contrast.MARGINAL))
DIFFERENCES = (Estimand.PLACED_BY_DIFFERENCE, Estimand.RESTRICTED_MEAN_DIFFERENCE)


def follow(persons: pd.DataFrame, seed: int = 5) -> pd.DataFrame:
    """Persons with a month and whether the event came about in it: followed to 6 or 12 months."""
    rng = np.random.default_rng(seed)
    hazard = 0.08 * np.where(persons["job_seeker"].fillna(False), 0.6, 1.0)
    event = rng.geometric(hazard)
    followed = rng.choice([6, 12], len(persons))
    return persons.assign(month=np.minimum(event, followed), y=event <= followed)


def cells_of(rows: pd.DataFrame, *, cluster: bool = False) -> pd.DataFrame:
    counted = count_cells(
        ibis.memtable(rows.astype({"y": "boolean"})),
        by=[*CATEGORIES, *COVARIATES, "month"],
        outcome="y",
        cluster="cluster" if cluster else None,
        levels=LEVELS,
    )
    return counted.astype({"month": "int64"})


@pytest.fixture(scope="module")
def rows(persons: pd.DataFrame) -> pd.DataFrame:
    return follow(persons)


@pytest.fixture(scope="module")
def cells(rows: pd.DataFrame) -> pd.DataFrame:
    return cells_of(rows)


@pytest.fixture(scope="module")
def estimated(study: Study, cells: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    return times_to_event(study, "placed", cells, COVARIATES, OPTIONS)


def test_every_comparison_has_every_row(estimated: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    results, _ = estimated
    Results.validate(results)
    for _, own in results[results["reference"] == "non_underserved"].groupby("group"):
        counts = own["estimand"].value_counts()
        for estimand in (*DIFFERENCES, Estimand.PLACED_BY, Estimand.RESTRICTED_MEAN,
                         Estimand.ADJUSTED_PLACED_BY_DIFFERENCE):  # fmt: skip
            assert counts[estimand] == len(HORIZONS)
        assert counts[Estimand.HAZARD_RATIO] == counts[Estimand.HAZARD_ODDS_RATIO] == 1
    keys = ["contrast", "group", "reference", "estimand", "term", "method"]
    assert not results.duplicated(keys).any()


def test_what_nobody_was_followed_to_is_not_extrapolated(
    estimated: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    results, curves = estimated
    beyond = results["term"].isin(["24", "60", "120"])
    assert results.loc[beyond, "estimate"].isna().all()
    assert {read_note(note)["not_followed"] for note in results.loc[beyond, "note"]} == {"12"}
    assert results.loc[~beyond, "estimate"].notna().all()
    assert curves["month"].max() == 12


def test_a_difference_is_that_of_its_sides(
    estimated: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    results, _ = estimated
    for side, difference in (
        (Estimand.PLACED_BY, Estimand.PLACED_BY_DIFFERENCE),
        (Estimand.RESTRICTED_MEAN, Estimand.RESTRICTED_MEAN_DIFFERENCE),
    ):
        own = results[(results["estimand"] == side) & results["estimate"].notna()]
        alone = own.set_index(["contrast", "group", "reference", "term"])
        gaps = results[(results["estimand"] == difference) & results["estimate"].notna()]
        for _, row in gaps.iterrows():
            group = alone.loc[(row["contrast"], row["group"], row["reference"], row["term"])]
            other = alone.loc[(row["contrast"], row["reference"], row["group"], row["term"])]
            assert row["estimate"] == pytest.approx(group["estimate"] - other["estimate"])
            spread = np.hypot(group["std_error"], other["std_error"])
            assert row["std_error"] == pytest.approx(spread)
            assert (row["n_group"], row["k_group"]) == (group["n_group"], group["k_group"])
            assert row["k_reference"] == other["k_group"]


def test_curves_begin_with_all_and_agree_with_the_table(
    estimated: tuple[pd.DataFrame, pd.DataFrame], rows: pd.DataFrame
) -> None:
    results, curves = estimated
    assert tuple(curves.columns) == CURVE_COLUMNS
    own = curves[(curves["contrast"] == Contrast.MARGINAL) & (curves["group"] == "job_seeker")]
    group = own[own["side"] == "group"].set_index("month")
    assert group.loc[0, "at_risk"] == rows["job_seeker"].sum()
    assert group.loc[12, "at_risk"] == (rows["job_seeker"].fillna(False) & rows["month"].eq(12)
                                        ).sum()  # fmt: skip
    told = results[(results["estimand"] == Estimand.PLACED_BY) & (results["term"] == "6")]
    row = told[(told["group"] == "job_seeker") & (told["contrast"] == Contrast.MARGINAL)].iloc[0]
    assert group.loc[6, ["placed_by", "ci_low", "ci_high"]].tolist() == pytest.approx(
        row[["estimate", "ci_low", "ci_high"]].tolist()
    )
    for _, side in curves.groupby(["contrast", "group", "side"]):
        assert side["placed_by"].is_monotonic_increasing
        assert side["at_risk"].is_monotonic_decreasing


def test_what_defines_a_group_does_not_adjust_it(study: Study, persons: pd.DataFrame) -> None:
    rows = follow(persons)
    counted = count_cells(
        ibis.memtable(rows.astype({"y": "boolean"})),
        by=[*CATEGORIES, "gender", "education", "month"],
        outcome="y",
    ).astype({"month": "int64"})
    options = GapOptions(contrasts=(Contrast.COMPLEMENT,))
    results, _ = times_to_event(study, "placed", counted, ["gender", "education"], options)
    ratios = results[results["estimand"] == Estimand.HAZARD_RATIO].set_index("group")
    assert read_note(ratios.loc["low_qualification", "note"])["defines"] == "education"
    assert read_note(ratios.loc["disability", "note"])["adjusted"] == "gender, education"
    sides = results[results["estimand"] == Estimand.PLACED_BY]
    assert set(sides.loc[sides["group"] == OTHERS, "reference"]) == set(CATEGORIES)


def test_a_true_ratio_is_found(study: Study, cells: pd.DataFrame) -> None:
    """The hazard of job seekers is .6 of the others' as drawn."""
    options = GapOptions(contrasts=(Contrast.COMPLEMENT,))
    results, _ = times_to_event(study, "placed", cells, COVARIATES, options)
    own = results[results["group"] == "job_seeker"].set_index("estimand")
    ratio = own.loc[Estimand.HAZARD_RATIO]
    assert ratio["ci_low"] < 0.6 < ratio["ci_high"]
    assert ratio["method"] == "cox_hc0"
    odds = own.loc[Estimand.HAZARD_ODDS_RATIO]
    true = 0.048 / 0.952 / (0.08 / 0.92)
    assert odds["ci_low"] < true < odds["ci_high"]
    assert odds["p_value"] == pytest.approx(ratio["p_value"], abs=0.01)


@pytest.mark.parametrize(
    ("errors", "suffixes"),
    [
        ("auto", {"greenwood", "hc0", "hc1"}),
        ("model", {"greenwood", "model"}),
        ("hc0", {"greenwood", "hc0"}),
    ],
)
def test_errors_are_those_asked_for(
    study: Study, cells: pd.DataFrame, errors: Any, suffixes: set[str]
) -> None:
    options = dataclasses.replace(OPTIONS, errors=errors)
    results, _ = times_to_event(study, "placed", cells, COVARIATES, options)
    kinds = results.loc[results["estimate"].notna(), "method"].str.rsplit("_", n=1).str[-1]
    assert set(kinds) == suffixes


def test_clusters_are_allowed_for(study: Study, rows: pd.DataFrame) -> None:
    clustered = cells_of(rows, cluster=True)
    results, _ = times_to_event(study, "placed", clustered, COVARIATES, OPTIONS)
    told = results[results["estimate"].notna()]
    assert told["method"].str.endswith("_cluster").all()
    of_two = told[told["estimand"].isin([*DIFFERENCES, Estimand.HAZARD_RATIO])]
    assert {read_note(note)["clusters"] for note in of_two["note"]} == {"45"}
    plain, _ = times_to_event(study, "placed", cells_of(rows), COVARIATES, OPTIONS)
    assert results["estimate"].tolist() == pytest.approx(
        plain["estimate"].tolist(), rel=1e-6, nan_ok=True
    )
    options = dataclasses.replace(OPTIONS, errors="hc1")
    again, _ = times_to_event(study, "placed", clustered, COVARIATES, options)
    assert again["std_error"].tolist() == pytest.approx(
        plain["std_error"].tolist(), rel=1e-6, nan_ok=True
    )


def test_few_clusters_carry_no_interval(study: Study, rows: pd.DataFrame) -> None:
    few = rows.assign(cluster=rows["cluster"].str[-1])
    few = few[few["cluster"].isin(list("01234"))]
    results, curves = times_to_event(
        study, "placed", cells_of(few, cluster=True), COVARIATES, OPTIONS
    )
    told = results[results["estimate"].notna()]
    assert told["std_error"].isna().all()
    assert told["ci_low"].isna().all()
    assert {read_note(note)["few_clusters"] for note in told["note"]} == {"5"}
    assert curves["ci_low"].isna().all()


def reasons(results: pd.DataFrame, group: str, reference: str = "non_underserved") -> set[str]:
    own = results[(results["group"] == group) & (results["reference"] == reference)]
    assert own["estimate"].isna().all()
    return {key for note in own["note"] for key in read_note(note)} - {
        "adjusted", "left_out", "defines"
    }  # fmt: skip


def test_an_empty_side_is_a_reason(study: Study, rows: pd.DataFrame) -> None:
    nobody = rows.assign(disability=pd.array([False] * len(rows), dtype="boolean"))
    results, curves = times_to_event(study, "placed", cells_of(nobody), COVARIATES, OPTIONS)
    assert reasons(results, "disability") == {"empty_group"}
    assert "disability" not in set(curves["group"])
    others = results[(results["group"] == "non_underserved") & (results["term"] == "6")]
    assert others["estimate"].notna().all()
    all_in = rows.assign(job_seeker=pd.array([True] * len(rows), dtype="boolean"))
    results, curves = times_to_event(study, "placed", cells_of(all_in), COVARIATES, OPTIONS)
    lost = results[results["estimand"].isin([*DIFFERENCES, Estimand.HAZARD_RATIO])]
    assert lost["note"].str.contains("empty_reference").all()
    assert curves.empty


def test_nobody_at_all_is_a_table_of_reasons(study: Study, rows: pd.DataFrame) -> None:
    results, curves = times_to_event(study, "placed", cells_of(rows.iloc[:0]), COVARIATES, OPTIONS)
    assert len(results)
    assert results["estimate"].isna().all()
    assert curves.empty
    assert tuple(curves.columns) == CURVE_COLUMNS


def test_a_group_without_events_has_a_curve_but_no_ratio(study: Study, rows: pd.DataFrame) -> None:
    never = rows["disability"].fillna(False).astype(bool)
    flat = rows.assign(y=rows["y"] & ~never, month=rows["month"].mask(never, 12))
    results, _ = times_to_event(study, "placed", cells_of(flat), COVARIATES, OPTIONS)
    own = results[(results["group"] == "disability") & (results["reference"] != "")]
    own = own[own["term"].isin(["", "6"])].set_index("estimand")
    assert own.loc[Estimand.PLACED_BY, "estimate"] == 0
    assert "no_variation" in own.loc[Estimand.PLACED_BY, "note"]
    gap = own.loc[Estimand.PLACED_BY_DIFFERENCE]
    assert gap["estimate"] < 0
    assert np.isnan(gap["std_error"])
    assert "no_variation" in gap["note"]
    for estimand in (Estimand.HAZARD_RATIO, Estimand.HAZARD_ODDS_RATIO,
                     Estimand.ADJUSTED_PLACED_BY_DIFFERENCE):  # fmt: skip
        assert "separation=member" in own.loc[estimand, "note"]


def test_few_at_risk_are_told(study: Study, rows: pd.DataFrame) -> None:
    known = rows[rows["disability"].notna()]
    small = pd.concat([known[known["disability"].eq(True)].head(12),
                       known[known["disability"].eq(False)]])  # fmt: skip
    results, _ = times_to_event(study, "placed", cells_of(small), [], OPTIONS)
    own = results[(results["group"] == "disability") & (results["term"] == "12")]
    gap = own[own["estimand"] == Estimand.PLACED_BY_DIFFERENCE].iloc[0]
    assert int(read_note(gap["note"])["few_at_risk"]) < 10
    adjusted = own[own["estimand"] == Estimand.ADJUSTED_PLACED_BY_DIFFERENCE].iloc[0]
    reasons = read_note(adjusted["note"])
    assert pd.isna(adjusted["estimate"]) or int(reasons["few_at_risk"]) < 10


def test_those_at_risk_are_told_up_to_where_curves_are_indicative(
    study: Study, rows: pd.DataFrame
) -> None:
    results, curves = times_to_event(study, "placed", cells_of(rows), [], OPTIONS)
    gaps = results[results["estimand"] == Estimand.PLACED_BY_DIFFERENCE]
    compared = 0
    for gap in gaps[gaps["estimate"].notna()].to_dict("records"):
        same = curves["month"] == int(gap["term"])
        for name in ("contrast", "group", "reference"):
            same &= curves[name] == gap[name]
        least = int(curves.loc[same, "at_risk"].min())
        told = read_note(gap["note"]).get("few_at_risk")
        assert told == (str(least) if least < FEW_AT_RISK else None)
        compared += 1
    assert compared


@EXAMPLES
@given(seed=st.integers(0, 999))
def test_order_and_split_cells_do_not_matter(
    study: Study, persons: pd.DataFrame, seed: int
) -> None:
    counted = cells_of(follow(persons, seed))
    options = GapOptions(contrasts=(Contrast.ANY,))
    found, drawn = times_to_event(study, "placed", counted, ["gender"], options)
    halves = [counted.assign(n=counted["successes"]), counted.assign(
        n=counted["n"] - counted["successes"], successes=0)]  # fmt: skip
    other = pd.concat(halves).sample(frac=1, random_state=seed).reset_index(drop=True)
    again, redrawn = times_to_event(study, "placed", other, ["gender"], options)
    for name in ("estimate", "std_error", "ci_low", "p_value", "n_group", "k_reference"):
        np.testing.assert_allclose(again[name], found[name], rtol=1e-6, atol=1e-12)
    pd.testing.assert_frame_equal(redrawn, drawn)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 999), size=st.integers(1, 25))
def test_tiny_samples_give_rows_not_crashes(
    study: Study, persons: pd.DataFrame, seed: int, size: int
) -> None:
    few = follow(persons, seed).sample(size, random_state=seed)
    options = GapOptions(contrasts=(Contrast.ANY, Contrast.COMPLEMENT))
    for cluster in (False, True):
        results, _ = times_to_event(
            study, "placed", cells_of(few, cluster=cluster), COVARIATES, options
        )
        assert len(results) == 4 * (len(HORIZONS) * 7 + 2)
