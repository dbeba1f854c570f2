"""Rates at the combinations of categories: which rows there are, and what they say."""

from collections.abc import Callable
from itertools import product
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from analysis.cells import count_cells
from analysis.estimate.fits import fit_logit
from analysis.estimate.options import GapOptions
from analysis.estimate.proportions import rate
from analysis.estimate.results import read_note
from analysis.estimate.small.intersections import intersections
from analysis.studies import Study
from analysis.vocabulary import ALL, INTERSECTION, NON_UNDERSERVED, Estimand

CATEGORIES = ["job_seeker", "low_qualification", "disability"]
OF_STRATA = [Estimand.RATE, Estimand.SHRUNK_RATE, Estimand.INTERACTION_EFFECT]
NUMBERS = ["estimate", "std_error", "ci_low", "ci_high"]

Asking = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def asking(study: Study) -> Asking:
    """Give the function that counts persons' cells and estimates, with the small study."""

    def ask(rows: pd.DataFrame, cluster: str | None = None, **options: Any) -> pd.DataFrame:
        named = rows.assign(cluster=rows[cluster]) if cluster else rows
        cells = count_cells(
            ibis.memtable(named),
            by=CATEGORIES,
            outcome="graduated",
            cluster="cluster" if cluster else None,
        )
        return intersections(study, "graduated", cells, GapOptions(**options))

    return ask


@pytest.fixture(scope="module")
def found(persons: pd.DataFrame, asking: Asking) -> pd.DataFrame:
    return asking(persons)


@pytest.fixture(scope="module")
def known(persons: pd.DataFrame) -> pd.DataFrame:
    """Persons in the denominator whose categories are all known."""
    return persons.dropna(subset=[*CATEGORIES, "graduated"])


def of(results: pd.DataFrame, estimand: Estimand, term: str = "") -> pd.DataFrame:
    rows = results[(results["estimand"] == estimand) & (results["term"] == term)]
    return rows.set_index("group")


def drawn_cells(seed: int, sigma: float = 0.3, size: int = 150) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    flags = np.array(list(product([False, True], repeat=3)))
    n = random.integers(5, size, 8)
    rates = expit(0.3 - flags @ [0.5, 0.4, 0.3] + sigma * random.standard_normal(8))
    cells = pd.DataFrame(flags, columns=CATEGORIES).astype("boolean")
    return cells.assign(n=n, persons=n, successes=random.binomial(n, rates))


# ---- Which rows ---------------------------------------------------------------------------------


def test_each_combination_and_the_whole_have_their_rows(found: pd.DataFrame) -> None:
    assert set(found["contrast"]) == {INTERSECTION}
    names = set(of(found, Estimand.RATE).index)
    assert len(names) == 8
    assert NON_UNDERSERVED in names
    assert " + ".join(CATEGORIES) in names
    for estimand in OF_STRATA:
        assert set(of(found, estimand).index) == names
    whole = found[~found["estimand"].isin(OF_STRATA)]
    assert list(zip(whole["estimand"], whole["term"], whole["group"], strict=True)) == [
        (Estimand.VARIANCE_PARTITION, "null", ALL),
        (Estimand.VARIANCE_PARTITION, "additive", ALL),
        (Estimand.PROPORTIONAL_CHANGE, "", ALL),
    ]
    assert len(found) == 3 * 8 + 3
    assert found["p_value"].isna().all()
    assert set(found["method"]) == {"wilson", "maihda"}


def test_counts_are_those_of_the_persons_whose_categories_are_known(
    found: pd.DataFrame, known: pd.DataFrame, persons: pd.DataFrame
) -> None:
    raw = of(found, Estimand.RATE)
    assert raw["n_group"].sum() == len(known)
    assert raw["k_group"].sum() == known["graduated"].sum()
    some = known[known["job_seeker"] & ~known["low_qualification"] & known["disability"]]
    row = raw.loc["job_seeker + disability"]
    assert (row["n_group"], row["k_group"]) == (len(some), some["graduated"].sum())
    expected = rate(int(row["k_group"]), int(row["n_group"]))
    assert tuple(row[["estimate", "ci_low", "ci_high"]]) == pytest.approx(
        (expected.value, expected.low, expected.high)
    )
    left_out = persons["graduated"].notna().sum() - len(known)
    assert all(read_note(note)["left_out"] == str(left_out) for note in found["note"])


def test_every_model_row_has_an_interval(found: pd.DataFrame) -> None:
    assert found[["ci_low", "ci_high"]].notna().all(axis=None)
    modelled = found[found["estimand"].isin(OF_STRATA)]
    assert (modelled["std_error"] > 0).all()


def test_effects_are_what_the_main_effects_leave_over(found: pd.DataFrame, study: Study) -> None:
    shrunk, effect = of(found, Estimand.SHRUNK_RATE), of(found, Estimand.INTERACTION_EFFECT)
    main = shrunk["estimate"] - effect["estimate"]
    logits = np.log(main / (1 - main))
    assert logits["job_seeker + disability"] - logits["disability"] == pytest.approx(
        logits["job_seeker"] - logits[NON_UNDERSERVED]
    )


def test_without_variance_rates_are_those_of_the_additive_logit(study: Study) -> None:
    cells = drawn_cells(0)
    main = expit(0.3 - cells[CATEGORIES].to_numpy(float) @ [0.5, 0.4, 0.3])
    cells["n"] = 4000
    cells["successes"] = (4000 * main).round().astype(int)
    results = intersections(study, "graduated", cells)
    shrunk = of(results, Estimand.SHRUNK_RATE)
    fitted = fit_logit(cells, [], CATEGORIES).fitted
    np.testing.assert_allclose(shrunk["estimate"], fitted, rtol=1e-9)
    assert (of(results, Estimand.INTERACTION_EFFECT)["estimate"] == 0).all()
    partition = of(results, Estimand.VARIANCE_PARTITION, "additive").loc[ALL]
    assert partition["estimate"] == partition["ci_low"] == 0 < partition["ci_high"]
    assert "no_random_variance" in read_note(partition["note"])
    assert of(results, Estimand.PROPORTIONAL_CHANGE).loc[ALL, "estimate"] == 1


def test_a_combination_that_stands_out_is_found(study: Study) -> None:
    cells = drawn_cells(0)
    main = expit(0.3 - cells[CATEGORIES].to_numpy(float) @ [0.5, 0.4, 0.3])
    cells["n"] = 2000
    cells["successes"] = (2000 * main).round().astype(int)
    cells.loc[7, "successes"] = 100
    results = intersections(study, "graduated", cells)
    effect = of(results, Estimand.INTERACTION_EFFECT)["estimate"]
    assert effect[" + ".join(CATEGORIES)] < -0.05
    assert of(results, Estimand.VARIANCE_PARTITION, "additive").loc[ALL, "ci_low"] > 0


# ---- What must not change it --------------------------------------------------------------------


@given(seed=st.integers(0, 10_000), data=st.data())
@settings(max_examples=8, deadline=None)
def test_splitting_and_permuting_cells_change_nothing(
    study: Study, seed: int, data: st.DataObject
) -> None:
    cells = drawn_cells(seed)
    place = data.draw(st.integers(0, 7))
    wins, losses = cells.loc[place, "successes"], (cells["n"] - cells["successes"])[place]
    part = cells.loc[[place]].assign(
        successes=data.draw(st.integers(0, int(wins))),
        n=lambda one: one["successes"] + data.draw(st.integers(0, int(losses))),
    )
    rest = cells.copy()
    rest.loc[place, ["n", "successes"]] -= part.loc[place, ["n", "successes"]]
    split = pd.concat([rest, part]).sample(frac=1, random_state=seed)
    first = intersections(study, "graduated", cells)
    second = intersections(study, "graduated", split.reset_index(drop=True))
    pd.testing.assert_frame_equal(first, second, rtol=1e-6, atol=1e-7)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_shrinking_draws_the_more_the_fewer_persons(study: Study, seed: int) -> None:
    """With a tenth of the persons at the same rates, all rates are drawn further."""
    cells = drawn_cells(seed, 0.6, 300)
    more = cells.assign(n=cells["n"] * 20, successes=cells["successes"] * 20)
    gaps = []
    for one in (cells, more):
        results = intersections(study, "graduated", one)
        raw, shrunk = of(results, Estimand.RATE), of(results, Estimand.SHRUNK_RATE)
        gaps.append(float((raw["estimate"] - shrunk["estimate"]).abs().sum()))
    assert gaps[1] <= gaps[0] + 1e-6


# ---- Clusters -----------------------------------------------------------------------------------


def test_clusters_widen_intervals_and_leave_estimates(
    found: pd.DataFrame, persons: pd.DataFrame, asking: Asking
) -> None:
    clustered = asking(persons, cluster="school")
    assert set(clustered["method"]) == {"wilson_cluster", "maihda_cluster"}
    np.testing.assert_allclose(clustered["estimate"], found["estimate"], atol=1e-9)
    for estimand in (Estimand.SHRUNK_RATE, Estimand.INTERACTION_EFFECT):
        wide, narrow = of(clustered, estimand), of(found, estimand)
        width = wide["ci_high"] - wide["ci_low"]
        assert (width > narrow["ci_high"] - narrow["ci_low"]).mean() > 0.7
        notes = [read_note(note) for note in wide["note"]]
        assert all(note["clusters"] == "12" and "effective_counts" in note for note in notes)


def test_few_clusters_carry_no_interval(persons: pd.DataFrame, asking: Asking) -> None:
    results = asking(persons[persons["school"] < "s09"], cluster="school")
    modelled = results[results["method"] == "maihda_cluster"]
    assert modelled["estimate"].notna().all()
    assert modelled[NUMBERS[1:]].isna().all(axis=None)
    assert all(read_note(note)["few_clusters"] == "9" for note in modelled["note"])


# ---- Whatever the data --------------------------------------------------------------------------

BROKEN: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str | None]] = {
    "no persons": (lambda rows: rows.iloc[:0], "no_persons"),
    "nobody in the denominator": (lambda rows: rows.assign(graduated=pd.NA), "no_persons"),
    "nothing is known": (
        lambda rows: rows.assign(job_seeker=pd.NA, low_qualification=pd.NA, disability=pd.NA),
        "no_persons",
    ),
    "one person": (lambda rows: rows.dropna().iloc[:1], "few_strata"),
    "one category": (
        lambda rows: rows.assign(low_qualification=False, disability=False),
        "few_strata",
    ),
    "as many combinations as coefficients": (
        lambda rows: rows[rows[["job_seeker", "disability"]].sum(axis=1) < 2].assign(
            low_qualification=False
        ),
        "few_strata",
    ),
    "nobody is a job seeker": (lambda rows: rows.assign(job_seeker=False), None),
    "all succeed": (lambda rows: rows.assign(graduated=True), "one_sided"),
    "none succeed": (lambda rows: rows.assign(graduated=False), "one_sided"),
    "success is being a job seeker": (
        lambda rows: rows.assign(graduated=rows["job_seeker"]),
        "separation",
    ),
    "a category fails": (
        lambda rows: rows.assign(
            graduated=rows["graduated"].mask(rows["disability"].fillna(False), False)
        ),
        "separation",
    ),
    "two categories are one": (lambda rows: rows.assign(disability=rows["job_seeker"]), None),
    "ten persons": (lambda rows: rows.dropna().iloc[:10], None),
}


@pytest.mark.parametrize("cluster", [None, "school"])
@pytest.mark.parametrize(("breaking", "reason"), BROKEN.values(), ids=BROKEN)
def test_whatever_the_data_each_question_has_its_row(
    persons: pd.DataFrame,
    asking: Asking,
    breaking: Callable[[pd.DataFrame], pd.DataFrame],
    reason: str | None,
    cluster: str | None,
) -> None:
    """Never a crash, never a missing row; what can't be had says why."""
    broken = breaking(persons).astype(dict.fromkeys([*CATEGORIES, "graduated"], "boolean"))
    results = asking(broken, cluster=cluster)
    kept = broken.dropna(subset=[*CATEGORIES, "graduated"])
    strata = len(kept.groupby(CATEGORIES, observed=True))
    assert len(results) == 3 * strata + 3
    own = results[results["estimand"] != Estimand.RATE]
    additive = own[(own["estimand"] != Estimand.VARIANCE_PARTITION) | (own["term"] == "additive")]
    if reason:
        assert additive["estimate"].isna().all()
        told = additive[additive["estimand"] != Estimand.PROPORTIONAL_CHANGE]
        assert all(reason in read_note(note) for note in told["note"])
    assert (results["estimate"].notna() | results["note"].ne("")).all()


def test_confidence_sets_the_width(persons: pd.DataFrame, asking: Asking) -> None:
    wide, narrow = asking(persons, confidence=0.95), asking(persons, confidence=0.8)
    width = {
        name: (one["ci_high"] - one["ci_low"])[one["estimand"] == Estimand.SHRUNK_RATE]
        for name, one in (("wide", wide), ("narrow", narrow))
    }
    assert (width["narrow"] < width["wide"]).all()
