"""The table of both decompositions by the logit."""

from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from analysis.cells import CLUSTER, count_cells
from analysis.estimate.composition.nonlinear import nonlinear_decompositions
from analysis.estimate.fits import INTERCEPT
from analysis.estimate.options import GapOptions
from analysis.estimate.results import read_note
from analysis.studies import Study
from analysis.vocabulary import Contrast, Estimand

COVARIATES = ["gender", "age_band", "education"]
COMPLEMENT = GapOptions(contrasts=(Contrast.COMPLEMENT,))
NUMBERS = ["estimate", "std_error", "ci_low", "ci_high"]


@pytest.fixture(scope="module")
def cells(persons: pd.DataFrame, study: Study) -> pd.DataFrame:
    return count_cells(
        ibis.memtable(persons),
        by=[*study.categories, *COVARIATES],
        outcome="graduated",
        cluster=CLUSTER,
    )


def ask(study: Study, cells: pd.DataFrame, options: GapOptions, **more: Any) -> pd.DataFrame:
    more = {"covariates": COVARIATES, "draws": 99} | more
    return nonlinear_decompositions(study, "graduated", cells, options=options, **more)


def model_of(table: pd.DataFrame) -> pd.Series:
    """First word of the method, which rows without a number have too."""
    return table["method"].str.split("_").str[0].rename("model")


@pytest.fixture(scope="module")
def table(study: Study, cells: pd.DataFrame) -> pd.DataFrame:
    return ask(study, cells, GapOptions())


def test_each_comparison_has_both_methods(table: pd.DataFrame) -> None:
    assert set(table["method"]) == {"yun", "yun_cluster", "fairlie_bootstrap_cluster"}
    assert set(table["contrast"]) == {"any", "marginal", "complement"}
    for (contrast, group, method), rows in table.groupby(["contrast", "group", model_of(table)]):
        kept = (
            COVARIATES[:2]
            if (contrast != "complement" or group == "low_qualification")
            else (COVARIATES)
        )
        terms = [(e, "") for e in ("difference", "explained", "unexplained")]
        terms += [("explained", name) for name in kept]
        if method.startswith("yun"):
            terms += [("unexplained", name) for name in (*kept, INTERCEPT)]
        assert list(zip(rows["estimand"], rows["term"], strict=True)) == terms
        told = rows[rows["method"] != "yun"]
        assert told[[*NUMBERS, "p_adjusted"]].notna().all(axis=None)
        left = rows[rows["method"] == "yun"]
        assert left["term"].ne("").all()
        assert left["note"].str.contains("no_index_difference").all()


def test_parts_add_up_to_the_gap(table: pd.DataFrame) -> None:
    for _, rows in table.groupby(["contrast", "group", model_of(table)]):
        whole = rows[rows["term"] == ""].set_index("estimand")["estimate"]
        gap = rows["k_group"] / rows["n_group"] - rows["k_reference"] / rows["n_reference"]
        assert whole["difference"] == pytest.approx(gap.iloc[0], abs=1e-9)
        assert whole["explained"] + whole["unexplained"] == pytest.approx(gap.iloc[0], abs=1e-8)
        for estimand, parts in rows[rows["term"] != ""].groupby("estimand"):
            if parts["estimate"].notna().all():
                assert parts["estimate"].sum() == pytest.approx(whole[estimand], abs=1e-8)


def test_both_methods_tell_of_the_same_gap_alike(table: pd.DataFrame) -> None:
    """Errors of the gap: by formula and by draws of clusters."""
    gaps = table[table["estimand"] == Estimand.DIFFERENCE].set_index(["contrast", "group"])
    yun = gaps[gaps["method"].str.startswith("yun")]
    fairlie = gaps[gaps["method"].str.startswith("fairlie")]
    np.testing.assert_allclose(yun["std_error"], fairlie["std_error"], rtol=0.3)


@pytest.mark.parametrize(
    ("errors", "kind"), [("auto", "hc1"), ("hc0", "hc0"), ("model", "hc1"), ("hc3", "hc1")]
)
def test_independent_persons(study: Study, cells: pd.DataFrame, errors: Any, kind: str) -> None:
    options = GapOptions(contrasts=(Contrast.ANY,), errors=errors)
    asked = cells.drop(columns=CLUSTER) if errors == "auto" else cells
    found = ask(study, asked, options)
    assert set(found["method"]) - {"yun"} == {f"yun_{kind}", "fairlie_bootstrap"}
    assert found.loc[found["method"] != "yun", NUMBERS].notna().all(axis=None)


def test_errors_by_cluster_need_clusters(study: Study, cells: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="clusters"):
        ask(study, cells.drop(columns=CLUSTER), GapOptions(errors="cluster"))


def test_a_seed_gives_the_same_table(study: Study, cells: pd.DataFrame) -> None:
    options = GapOptions(contrasts=(Contrast.ANY,))
    one, same, other = (ask(study, cells, options, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert not one["std_error"].equals(other["std_error"])
    pd.testing.assert_series_equal(one["estimate"], other["estimate"])


# ---- Where there are none -----------------------------------------------------------------------


def reasons(found: pd.DataFrame) -> set[str]:
    assert found["estimate"].isna().all()
    return {key for note in found["note"] for key in read_note(note)}


def test_an_empty_side_is_a_reason(study: Study, cells: pd.DataFrame) -> None:
    nobody = cells.assign(disability=pd.array([False] * len(cells), dtype="boolean"))
    found = ask(study, nobody, COMPLEMENT)
    assert "empty_group" in reasons(found[found["group"] == "disability"])
    everyone = cells.assign(disability=pd.array([True] * len(cells), dtype="boolean"))
    found = ask(study, everyone, COMPLEMENT)
    assert "empty_reference" in reasons(found[found["group"] == "disability"])
    assert "empty_group" in reasons(ask(study, cells.assign(n=0, successes=0), COMPLEMENT))
    assert "empty_group" in reasons(ask(study, cells.iloc[:0], COMPLEMENT))


def test_a_one_sided_outcome_is_a_reason(study: Study, cells: pd.DataFrame) -> None:
    assert "one_sided" in reasons(ask(study, cells.assign(successes=cells["n"]), COMPLEMENT))
    seekers = cells["job_seeker"].fillna(False).to_numpy(dtype=bool)
    failed = cells.assign(successes=cells["successes"].where(~seekers, 0))
    found = ask(study, failed, COMPLEMENT)
    found = found[found["group"] == "job_seeker"]
    assert "one_sided" in reasons(found[found["method"] == "yun"])
    assert "separation" in reasons(found[found["method"] == "fairlie"])


def test_without_adjusters_there_is_nothing_to_split(study: Study, cells: pd.DataFrame) -> None:
    found = ask(study, cells, COMPLEMENT, covariates=[])
    assert "no_covariates" in reasons(found)
    assert set(found["term"]) == {""}
    found = ask(study, cells, GapOptions(contrasts=(Contrast.ANY,)), covariates=["education"])
    assert reasons(found) == {"no_covariates", "defines", "left_out"}


def test_few_clusters_carry_no_interval(study: Study, cells: pd.DataFrame) -> None:
    few = cells.assign(**{CLUSTER: cells[CLUSTER].astype(str).str[:2]})
    found = ask(study, few, GapOptions(contrasts=(Contrast.ANY,)))
    found = found[found["method"] != "yun"]
    assert found["estimate"].notna().all()
    assert found[["std_error", "ci_low", "p_value"]].isna().all(axis=None)
    assert {read_note(note)["few_clusters"] for note in found["note"]} == {"5"}


def test_a_group_of_few_persons_has_rows(study: Study, cells: pd.DataFrame) -> None:
    """Five members: all parts are rows, each with a number or a reason."""
    members = cells["disability"].fillna(False).to_numpy(dtype=bool)
    kept = np.cumsum(members & (cells["n"] > 0).to_numpy()) <= 5
    tiny = cells[~members | kept].assign(n=lambda rows: rows["n"])
    found = ask(study, tiny.drop(columns=CLUSTER), COMPLEMENT)
    found = found[found["group"] == "disability"]
    assert len(found) == 3 + 3 + 4 + 3 + 3
    assert (found["estimate"].notna() | (found["note"] != "")).all()
