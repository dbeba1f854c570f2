"""Sensitivity of gaps: values from R, what must not change them, and where there are none."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import export_data
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.cells import CLUSTER
from analysis.estimate.fragility.sensitivity import TIMES, sensitivity
from analysis.estimate.gaps import outcome_gaps
from analysis.estimate.options import GapOptions
from analysis.estimate.results import read_note
from analysis.studies import Study
from analysis.vocabulary import Contrast, Estimand

GROUP = "disability"
PLAIN = GapOptions(contrasts=(Contrast.COMPLEMENT,))
BENCHMARKS = {"loanapp": ("dep", "cluster_unem"), "fair": ("age", "cluster_occupations")}
SHARES = (Estimand.PARTIAL_R2, Estimand.ROBUSTNESS_VALUE, Estimand.ROBUSTNESS_VALUE_ALPHA)
RATIOS = (Estimand.RISK_RATIO, Estimand.E_VALUE, Estimand.E_VALUE_INTERVAL)


def study_of(document: dict[str, Any], names: list[str]) -> Study:
    """A study of one category with these adjusters."""
    column = {"label": {"en": "x", "fr": "x"}, "from": "gender"}
    changed = {
        "categories": {GROUP: document["categories"][GROUP]},
        "adjusters": dict.fromkeys(names, column),
        "mediators": {},
    }
    return Study.model_validate({**document, **changed})


def by_estimand(results: pd.DataFrame) -> dict[str, pd.Series]:
    return {
        f"{row['estimand']}{' ' if row['term'] else ''}{row['term']}": row
        for _, row in results.iterrows()
    }


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    path = Path(__file__).parents[2] / "reference" / "fragility.json"
    values: dict[str, Any] = json.loads(path.read_text())
    return values


@pytest.fixture(params=["loanapp", "fair"])
def frame(request: pytest.FixtureRequest) -> tuple[str, pd.DataFrame]:
    made = {"loanapp": export_data.loanapp_frame, "fair": export_data.fair_frame}
    return request.param, made[request.param]()


def cells_of(
    rows: pd.DataFrame, names: list[str], count: Callable[..., pd.DataFrame], cluster: str = ""
) -> pd.DataFrame:
    """Count the cells of a data set, whose `group` is the category."""
    rows = rows.astype(dict.fromkeys(names, "category"))
    rows = rows.assign(**{GROUP: rows["group"].astype(bool)})
    keys = [GROUP, *names]
    if cluster:
        rows = rows.assign(**{CLUSTER: rows[cluster].astype(str)})
        keys.append(CLUSTER)
    return count(rows, keys).astype({GROUP: "boolean"})


def covariates_of(rows: pd.DataFrame) -> list[str]:
    return [name for name in rows if name not in ("y", "group") and "cluster" not in name]


def test_values_of_r(
    frame: tuple[str, pd.DataFrame],
    reference: dict[str, Any],
    study_document: dict[str, Any],
    count: Callable[..., pd.DataFrame],
) -> None:
    name, rows = frame
    names = covariates_of(rows)
    study = study_of(study_document, names)
    cells = cells_of(rows, names, count)
    values = reference[name]["variance"]
    options = replace(PLAIN, errors="hc1")
    found = by_estimand(sensitivity(study, "graduated", cells, names, options))
    assert found["partial_r2"]["estimate"] == pytest.approx(values["partial_r2"], rel=1e-9)
    assert found["robustness_value"]["estimate"] == pytest.approx(values["robustness"], rel=1e-9)
    test = found["robustness_value_alpha"]
    assert test["estimate"] == pytest.approx(values["robustness_hc1"], rel=1e-7)
    assert test["method"] == "linear_hc1"
    for times, key in zip(TIMES, ("once_hc1", "twice_hc1"), strict=True):
        row = found[f"confounded_difference {BENCHMARKS[name][0]}:{times}"]
        assert row["estimate"] == pytest.approx(values[key]["estimate"], rel=1e-8)
        assert row["std_error"] == pytest.approx(values[key]["se"], rel=1e-8)
    ratio = reference[name]["ratio"]
    assert found["risk_ratio"]["estimate"] == pytest.approx(ratio["ratio"], rel=1e-9)
    assert found["risk_ratio"]["std_error"] == pytest.approx(
        ratio["ratio"] * ratio["log_error"], rel=1e-6
    )
    assert found["e_value"]["estimate"] == pytest.approx(ratio["e_value"], rel=1e-8)
    assert found["e_value_interval"]["estimate"] == pytest.approx(ratio["e_interval"], rel=1e-6)


@pytest.mark.parametrize("errors", ["model", "auto"])
def test_the_value_of_the_test_follows_the_errors(
    frame: tuple[str, pd.DataFrame],
    reference: dict[str, Any],
    study_document: dict[str, Any],
    count: Callable[..., pd.DataFrame],
    errors: Any,
) -> None:
    """Classical errors give sensemakr's value; clustered ones take CR2 and Satterthwaite."""
    name, rows = frame
    names = covariates_of(rows)
    cells = cells_of(rows, names, count, BENCHMARKS[name][1])
    options = GapOptions(contrasts=PLAIN.contrasts, errors=errors)
    results = sensitivity(study_of(study_document, names), "graduated", cells, names, options)
    found = by_estimand(results)
    key = {"model": "robustness_model", "auto": "robustness_cr2"}[errors]
    values = reference[name]["variance"]
    test = found["robustness_value_alpha"]
    assert test["estimate"] == pytest.approx(values[key], rel=1e-6)
    assert test["method"] == {"model": "linear_model", "auto": "linear_cr2"}[errors]
    assert found["robustness_value"]["estimate"] == pytest.approx(values["robustness"], rel=1e-9)


# ---- What must not change the values ------------------------------------------------------------


@pytest.fixture(scope="module")
def cells(persons: pd.DataFrame, count: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    known = persons[persons["graduated"].notna()]
    rows = known.astype({"gender": "category", "age_band": "category"})
    keys = ["job_seeker", "low_qualification", "disability", "gender", "age_band"]
    return count(rows.assign(y=rows["graduated"].astype(int)), keys)


NAMES = ["gender", "age_band"]
SETTINGS = settings(max_examples=10, deadline=None)


def numbers(results: pd.DataFrame) -> np.ndarray:
    keys = ["contrast", "group", "estimand", "term"]
    columns = ["estimate", "std_error", "ci_low", "ci_high"]
    sorted_rows = results.sort_values(keys)
    return sorted_rows[columns].to_numpy(dtype=float)


@given(st.randoms(use_true_random=False))
@SETTINGS
def test_order_and_splitting_of_cells_change_nothing(
    study: Study, cells: pd.DataFrame, random: Any
) -> None:
    half = cells.assign(
        n=cells["n"] // 2, successes=np.minimum(cells["successes"], cells["n"] // 2)
    )
    rest = cells.assign(n=cells["n"] - half["n"], successes=cells["successes"] - half["successes"])
    split = pd.concat([half, rest], ignore_index=True)
    order = list(range(len(split)))
    random.shuffle(order)
    shuffled = split.iloc[order].reset_index(drop=True)
    one = sensitivity(study, "graduated", cells, NAMES, GapOptions())
    other = sensitivity(study, "graduated", shuffled, NAMES[::-1], GapOptions())
    np.testing.assert_allclose(numbers(other), numbers(one), rtol=1e-6, atol=1e-9)


def test_the_omitted_level_changes_nothing(study: Study, cells: pd.DataFrame) -> None:
    levels = cells["age_band"].cat.categories[::-1]
    other = cells.assign(age_band=cells["age_band"].cat.reorder_categories(levels))
    one, two = (sensitivity(study, "graduated", each, NAMES, PLAIN) for each in (cells, other))
    np.testing.assert_allclose(numbers(two), numbers(one), rtol=1e-6, atol=1e-9)


def test_twice_the_persons_have_the_same_strengths(study: Study, cells: pd.DataFrame) -> None:
    """What a confounder must do is no matter of numbers, but for the test's value."""
    double = cells.assign(n=2 * cells["n"], successes=2 * cells["successes"])
    one, two = (
        by_estimand(sensitivity(study, "graduated", each, NAMES, PLAIN).query("group == @GROUP"))
        for each in (cells, double)
    )
    for key in ("partial_r2", "robustness_value", "e_value", "confounded_difference gender:2"):
        assert two[key]["estimate"] == pytest.approx(one[key]["estimate"], rel=1e-7)
    key = "robustness_value_alpha"
    assert two[key]["estimate"] >= one[key]["estimate"]
    key = "confounded_difference gender:1"
    assert two[key]["std_error"] == pytest.approx(one[key]["std_error"] / 2**0.5, rel=0.01)


def test_the_reverse_outcome_has_the_same_shares(study: Study, cells: pd.DataFrame) -> None:
    reverse = cells.assign(successes=cells["n"] - cells["successes"])
    one, two = (sensitivity(study, "graduated", each, NAMES, PLAIN) for each in (cells, reverse))
    shares = [each[each["estimand"].isin(SHARES)]["estimate"] for each in (one, two)]
    np.testing.assert_allclose(shares[1], shares[0], rtol=1e-8)
    gaps = [
        each[each["estimand"] == Estimand.CONFOUNDED_DIFFERENCE]["estimate"] for each in (one, two)
    ]
    np.testing.assert_allclose(gaps[1], -gaps[0], rtol=1e-8)


def test_rows_agree_with_the_gaps_that_they_are_about(study: Study, cells: pd.DataFrame) -> None:
    results = sensitivity(study, "graduated", cells, NAMES)
    gaps = outcome_gaps(study, "graduated", cells, NAMES)
    linear = gaps[gaps["method"].str.startswith("linear")]
    linear = linear[linear["estimand"] == Estimand.ADJUSTED_DIFFERENCE]
    keys = ["contrast", "group"]
    paired = results[results["term"] == "gender:1"].merge(linear, on=keys, suffixes=("", "_gap"))
    assert len(paired) == 10  # one underserved, three categories in three contrasts
    # The bias is taken toward zero and, in these data, doesn't reach it.
    assert (paired["estimate"].abs() <= paired["estimate_gap"].abs()).all()
    assert (np.sign(paired["estimate"]) == np.sign(paired["estimate_gap"])).all()
    tested = results[results["estimand"] == Estimand.ROBUSTNESS_VALUE_ALPHA]
    paired = tested.merge(linear, on=keys, suffixes=("", "_gap"))
    significant = (paired["ci_low_gap"] > 0) | (paired["ci_high_gap"] < 0)
    assert ((paired["estimate"] > 0) == significant).all()
    assert (results["n_group"] > 0).all()


# ---- Where there are none -----------------------------------------------------------------------


def table(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Cells from tuples: disability, gender, persons, successes."""
    made = pd.DataFrame(rows, columns=[GROUP, "gender", "n", "successes"])
    made = made.astype({GROUP: "boolean", "gender": "category"})
    return made.assign(job_seeker=False, low_qualification=False).astype(
        {"job_seeker": "boolean", "low_qualification": "boolean"}
    )


def reasons(study: Study, cells: pd.DataFrame, names: list[str]) -> dict[str, pd.Series]:
    results = sensitivity(study, "graduated", cells, names, PLAIN)
    return by_estimand(results[results["group"] == GROUP])


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([(False, "F", 30, 10), (False, "M", 30, 20)], "empty_group"),
        ([(True, "F", 30, 10), (True, "M", 30, 20)], "empty_reference"),
        ([(False, "F", 30, 30), (True, "M", 30, 30)], "one_sided"),
        ([(False, "F", 30, 10), (True, "M", 30, 20)], "collinear"),
        ([(False, "F", 0, 0), (True, "M", 0, 0)], "empty_group"),
    ],
)
def test_every_row_has_a_reason(study: Study, rows: list[tuple[Any, ...]], reason: str) -> None:
    found = reasons(study, table(rows), ["gender"])
    assert len(found) == len(SHARES) + len(TIMES) + len(RATIOS)
    for row in found.values():
        assert np.isnan(row["estimate"])
        assert reason in read_note(row["note"])


def test_separated_persons_have_shares_but_no_ratio(study: Study) -> None:
    cells = table(
        [(False, "F", 30, 10), (False, "M", 30, 20), (True, "F", 5, 5), (True, "M", 5, 5)]
    )
    found = reasons(study, cells, ["gender"])
    assert all(np.isfinite(found[key]["estimate"]) for key in SHARES[:2])
    assert "fixed_rate" in found[SHARES[2]]["note"]
    assert all("separation" in found[key]["note"] for key in RATIOS)


def test_without_adjusters_nothing_is_a_benchmark(study: Study) -> None:
    cells = table([(False, "F", 40, 20), (True, "M", 30, 10)])
    found = reasons(study, cells, [])
    assert set(found) == {*SHARES, *RATIOS}
    assert found["risk_ratio"]["estimate"] == pytest.approx((10 / 30) / (20 / 40), rel=1e-9)


def test_a_variable_with_one_level_is_no_benchmark(study: Study) -> None:
    cells = table([(False, "F", 40, 20), (True, "F", 30, 10)])
    row = reasons(study, cells, ["gender"])["confounded_difference gender:1"]
    assert read_note(row["note"])["no_coefficient"] == "gender"


def test_a_variable_near_the_group_allows_no_confounder_as_strong(study: Study) -> None:
    cells = table(
        [(False, "F", 95, 40), (False, "M", 5, 3), (True, "F", 5, 2), (True, "M", 95, 60)]
    )
    row = reasons(study, cells, ["gender"])["confounded_difference gender:1"]
    assert "confounder_too_strong" in read_note(row["note"])


def test_a_gap_of_nothing(study: Study) -> None:
    found = reasons(study, table([(False, "F", 40, 20), (True, "F", 30, 15)]), [])
    assert found["robustness_value"]["estimate"] == pytest.approx(0, abs=1e-12)
    assert found["robustness_value_alpha"]["estimate"] == 0
    assert found["e_value"]["estimate"] == pytest.approx(1, abs=1e-6)
    assert found["e_value_interval"]["estimate"] == 1


def test_an_outcome_that_the_group_tells_leaves_nothing(study: Study) -> None:
    found = reasons(study, table([(False, "F", 40, 0), (True, "F", 30, 30)]), [])
    assert found["partial_r2"]["estimate"] == pytest.approx(1)
    assert "no_variation" in found["robustness_value"]["note"]
    assert "separation" in found["e_value"]["note"]


def test_few_clusters_have_estimates_without_tests(study: Study, persons: pd.DataFrame) -> None:
    rows = persons[persons["graduated"].notna()].assign(
        cluster=persons["school"].where(persons["school"] < "s06", "s00")
    )
    grouped = rows.groupby([GROUP, "gender", "cluster"], as_index=False)["graduated"]
    cells = grouped.agg(n="size", successes="sum").astype({"gender": "category"})
    cells = cells.assign(
        job_seeker=pd.array([False] * len(cells), dtype="boolean"),
        low_qualification=pd.array([False] * len(cells), dtype="boolean"),
    )
    found = reasons(study, cells, ["gender"])
    assert np.isfinite(found["robustness_value"]["estimate"])
    assert np.isfinite(found["confounded_difference gender:1"]["estimate"])
    assert np.isnan(found["confounded_difference gender:1"]["ci_low"])
    for key in ("robustness_value_alpha", "e_value_interval"):
        assert np.isnan(found[key]["estimate"])
        assert read_note(found[key]["note"])["few_clusters"] == "6"


def test_no_more_persons_than_a_confounder_needs(study: Study) -> None:
    found = reasons(study, table([(False, "F", 2, 1), (True, "F", 1, 0)]), [])
    assert "no_freedom" in found["robustness_value"]["note"]
