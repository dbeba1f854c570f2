"""Cells against a count of the persons one by one."""

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.cells import check_cohort, count_cells, study_cells, time_cells
from analysis.errors import InputError
from analysis.studies import Study, load_study

FLAG = st.sampled_from([True, False, None])
AMOUNT = st.none() | st.floats(-1e3, 1e3)
PERSON = st.fixed_dictionaries(
    {
        "flag": FLAG,
        "level": st.sampled_from(["a", "b", "unknown", None]),
        "site": st.sampled_from(["x", "y"]),
        "y": FLAG,
        "answered": FLAG,
        "weight": st.floats(0, 10),
        "salary": AMOUNT,
    }
)


def as_table(people: list[dict[str, Any]]) -> pd.DataFrame:
    """Persons with the types of a processed table."""
    flags = dict.fromkeys(("flag", "y", "answered"), "boolean")
    numbers = dict.fromkeys(("weight", "salary"), "float64")
    names = ["flag", "level", "site", "y", "answered", "weight", "salary"]
    return pd.DataFrame(people, columns=names).astype(flags | numbers | {"level": "object"})


def one_by_one(people: list[dict[str, Any]], keys: list[str]) -> dict[tuple[Any, ...], Any]:
    """Count each pattern the slow way, from the words of `count_cells`' documentation."""
    cells: dict[tuple[Any, ...], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for one in people:
        cell = cells[tuple(one[key] for key in keys)]
        inside, success, weight = one["y"] is not None, one["y"] is True, one["weight"]
        cell["persons"] += 1
        cell["n"] += inside
        cell["successes"] += success
        cell["answered"] += one["answered"] is True
        cell["weight"] += weight * inside
        cell["weight_successes"] += weight * success
        cell["weight_squares"] += weight**2 * inside
        cell["weight_squares_successes"] += weight**2 * success
        salary = one["salary"]
        cell["count_salary"] += salary is not None
        cell["sum_salary"] += salary or 0
        cell["squares_salary"] += (salary or 0) ** 2
    return cells


def plain(value: object) -> object:
    """Turn pandas' missing values into None."""
    return None if pd.isna(value) else value


@settings(deadline=None, max_examples=30)
@given(st.lists(PERSON, min_size=1, max_size=40))
def test_every_number_is_that_of_the_persons_counted_one_by_one(
    people: list[dict[str, Any]],
) -> None:
    keys = ["flag", "level", "site"]
    cells = count_cells(
        ibis.memtable(as_table(people)),
        by=["flag", "level"],
        outcome="y",
        cluster="site",
        response="answered",
        weight="weight",
        sums=["salary"],
    )
    expected = one_by_one(people, keys)
    assert len(cells) == len(expected)  # each pattern once: the empty and the one-sided ones too
    for cell in cells.to_dict("records"):
        counts = expected[tuple(plain(cell[key]) for key in keys)]
        for name, value in counts.items():
            assert math.isclose(cell[name], value, rel_tol=1e-9, abs_tol=1e-9), name


@pytest.fixture
def five() -> pd.DataFrame:
    """Five persons: one outside the denominator, one of unknown membership."""
    return as_table(
        [
            {"flag": True, "level": "b", "site": "x", "y": True},
            {"flag": True, "level": "b", "site": "x", "y": True},
            {"flag": False, "level": "a", "site": "x", "y": None},
            {"flag": None, "level": "a", "site": "x", "y": False},
            {"flag": False, "level": "c", "site": "x", "y": False},
        ]
    )


def test_empty_and_one_sided_cells_are_kept(five: pd.DataFrame) -> None:
    cells = count_cells(ibis.memtable(five), by=["flag", "level"], outcome="y")
    found = {
        (plain(cell["flag"]), cell["level"]): (cell["persons"], cell["n"], cell["successes"])
        for cell in cells.to_dict("records")
    }
    assert found == {
        (True, "b"): (2, 2, 2),
        (False, "a"): (1, 0, 0),
        (None, "a"): (1, 1, 0),
        (False, "c"): (1, 1, 0),
    }


def test_keys_are_typed_and_declared_levels_keep_their_order(five: pd.DataFrame) -> None:
    declared = {"level": ["c", "b", "a", "never"]}
    cells = count_cells(
        ibis.memtable(five), by=["level", "flag"], outcome="y", cluster="site", levels=declared
    )
    assert cells["flag"].dtype == "boolean"
    assert list(cells["level"].cat.categories) == declared["level"]
    assert list(cells["level"]) == ["c", "b", "a", "a"]
    assert cells["site"].dtype == "category"
    assert {str(cells[name].dtype) for name in ("persons", "n", "successes")} == {"int64"}


def test_an_undeclared_level_is_refused_by_name(five: pd.DataFrame) -> None:
    """Taken for missing, its persons would vanish from every adjusted estimate."""
    with pytest.raises(ValueError, match="level has undeclared levels: a, c"):
        count_cells(ibis.memtable(five), by=["level"], outcome="y", levels={"level": ["b"]})


def test_without_a_pattern_everyone_is_one_cell(five: pd.DataFrame) -> None:
    cells = count_cells(ibis.memtable(five), by=[], outcome="y")
    assert cells.to_dict("records") == [{"persons": 5, "n": 4, "successes": 2}]


@pytest.mark.parametrize(("by", "cells"), [(["flag", "level"], 0), ([], 1)])
def test_a_table_without_persons_has_no_patterns(
    five: pd.DataFrame, by: list[str], cells: int
) -> None:
    counted = count_cells(ibis.memtable(five.iloc[:0]), by=by, outcome="y")
    assert len(counted) == cells
    assert counted[["persons", "n", "successes"]].to_numpy().sum() == 0


def test_the_order_of_the_persons_does_not_matter(five: pd.DataFrame) -> None:
    count = {"by": ["level", "flag"], "outcome": "y", "weight": "weight"}
    there = count_cells(ibis.memtable(five.fillna({"weight": 0.5})), **count)
    back = count_cells(ibis.memtable(five[::-1].fillna({"weight": 0.5})), **count)
    pd.testing.assert_frame_equal(there, back)


@pytest.fixture
def oulad(tmp_path: Path) -> tuple[Study, Path]:
    """Give the shipped study, and a processed table drawn for it."""
    rng = np.random.default_rng(3)
    study, size = load_study("oulad"), 200
    rows = pd.DataFrame(
        {
            "cohort": rng.choice(["2013", "2014"], size),
            "cluster": rng.choice(["p", "q", "r"], size),
            "gender": rng.choice(["M", "F", "unknown"], size),
            "completed": pd.array(rng.random(size) < 0.5, dtype="boolean"),
        }
        | {name: pd.array(rng.random(size) < 0.3, dtype="boolean") for name in study.categories}
    )
    rows.to_parquet(tmp_path / "processed.parquet")
    return study, tmp_path / "processed.parquet"


def test_the_cells_of_a_study_split_by_category_covariate_and_cluster(
    oulad: tuple[Study, Path],
) -> None:
    study, processed = oulad
    cells = study_cells(study, processed, outcome="completed", covariates=["gender"], cohort="2014")
    rows = pd.read_parquet(processed).query("cohort == '2014'")
    keys = [*study.categories, "gender", "cluster"]
    expected = rows.groupby(keys)["completed"].agg(n="size", successes="sum")
    typed = dict.fromkeys(study.categories, bool) | {"gender": str, "cluster": str}
    found = cells.astype(typed).set_index(keys)
    assert list(cells["gender"].cat.categories) == ["F", "M", "unknown"]
    assert found["n"].to_dict() == expected["n"].to_dict()
    assert found["successes"].to_dict() == expected["successes"].to_dict()


def test_without_a_cohort_all_persons_count(oulad: tuple[Study, Path]) -> None:
    cells = study_cells(*oulad, outcome="completed", covariates=[])
    assert cells["persons"].sum() == len(pd.read_parquet(oulad[1]))


def test_the_cells_of_a_duration_split_by_month(tmp_path: Path) -> None:
    study, size = load_study("openclassrooms"), 300
    rng = np.random.default_rng(5)
    known = rng.random(size) < 0.9
    rows = pd.DataFrame(
        {
            "cohort_placed": rng.choice(["2021", "2022"], size),
            "gender": rng.choice(["man", "woman", "unknown"], size),
            "placed": pd.array(rng.random(size) < 0.5, dtype="boolean"),
            "months_placed": pd.array(rng.choice([3, 6, 12], size), dtype="Int64"),
        }
        | {name: pd.array(rng.random(size) < 0.3, dtype="boolean") for name in study.categories}
    )
    rows.loc[~known, ["placed", "months_placed"]] = pd.NA
    rows.to_parquet(tmp_path / "processed.parquet")
    asked = {"duration": "placed", "covariates": ["gender"], "cohort": "2022"}
    cells = time_cells(study, tmp_path / "processed.parquet", **asked)
    used = rows[known & (rows["cohort_placed"] == "2022")]
    keys = [*study.categories, "gender", "month"]
    expected = used.rename(columns={"months_placed": "month"}).groupby(keys)["placed"]
    counts = expected.agg(n="size", successes="sum")
    typed = dict.fromkeys(study.categories, bool) | {"gender": str}
    found = cells.astype(typed).set_index(keys)
    assert cells["month"].dtype == "int64"
    assert found["n"].to_dict() == counts["n"].to_dict()
    assert found["successes"].to_dict() == counts["successes"].to_dict()


def test_an_unknown_cohort_is_refused_with_the_known_ones(oulad: tuple[Study, Path]) -> None:
    with pytest.raises(InputError, match=r"no cohort '2015'.*2013, 2014"):
        study_cells(*oulad, outcome="completed", covariates=[], cohort="2015")
    without = oulad[0].model_copy(update={"cohort": None})
    with pytest.raises(InputError, match="declares no cohorts"):
        check_cohort(without, "2014")
