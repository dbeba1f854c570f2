"""The gap in placements per application, split over steps: its parts, and each question's row."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.errors import InputError
from analysis.estimate.journey_gaps import STEPS, split_product
from analysis.estimate.results import read_note
from analysis.vocabulary import Contrast, Estimand

Asking = Callable[..., pd.DataFrame]
OUTCOMES = [*STEPS.values(), "answered_6"]
CATEGORIES = ["job_seeker", "low_qualification", "disability", "refugee", "underserved_area"]
ADJUSTERS = ["gender", "age_band"]


# ---- What must not matter -----------------------------------------------------------------------


def test_the_order_of_rows_does_not_matter(
    applications: pd.DataFrame, ask_journeys: Asking
) -> None:
    shuffled = applications.sample(frac=1, random_state=7)
    pd.testing.assert_frame_equal(ask_journeys(applications), ask_journeys(shuffled))


def test_the_order_of_covariates_and_the_names_of_levels_do_not_matter(
    applications: pd.DataFrame, ask_journeys: Asking
) -> None:
    renamed = applications.replace({"gender": {"woman": "unknown", "unknown": "woman"}})
    turned = ask_journeys(renamed, covariates=ADJUSTERS[::-1])
    np.testing.assert_allclose(
        turned["estimate"], ask_journeys(applications)["estimate"], rtol=1e-7
    )


def test_twice_the_persons_have_half_the_variance(
    applications: pd.DataFrame, ask_journeys: Asking, of_group: Callable[..., Any]
) -> None:
    again = applications.assign(person="again " + applications["person"])
    one = of_group(ask_journeys(applications, draws=999))
    two = of_group(ask_journeys(pd.concat([applications, again]), draws=999))
    np.testing.assert_allclose(two["estimate"], one["estimate"], rtol=1e-7)
    np.testing.assert_allclose(two["std_error"], one["std_error"] / np.sqrt(2), rtol=0.2)
    whole = of_group(ask_journeys(pd.concat([applications, again]), draws=9, cohort=None))
    assert whole.loc[(Estimand.STEP_CONTRIBUTION, ""), "n_group"] == (
        2 * applications["job_seeker"].sum()
    )


FACTORS = arrays(float, (3, 4), elements=st.floats(0, 1))


@given(first=FACTORS, second=FACTORS)
@settings(max_examples=30, deadline=None)
def test_parts_of_a_product_are_those_of_all_orders(
    first: np.ndarray, second: np.ndarray, by_orders: Callable[..., np.ndarray]
) -> None:
    parts = split_product(first, second)
    np.testing.assert_allclose(
        parts.sum(axis=1), first.prod(axis=1) - second.prod(axis=1), atol=1e-14
    )
    for line in range(3):
        np.testing.assert_allclose(parts[line], by_orders(first[line], second[line]), atol=1e-14)
    np.testing.assert_allclose(split_product(second, first), -parts, atol=1e-14)
    np.testing.assert_allclose(
        split_product(first[:, ::-1], second[:, ::-1]), parts[:, ::-1], atol=1e-14
    )


@pytest.mark.parametrize("factors", [1, 2, 3, 5, 6])
def test_products_of_any_length_are_split(
    factors: int, by_orders: Callable[..., np.ndarray]
) -> None:
    first, second = np.random.default_rng(factors).random((2, factors))
    np.testing.assert_allclose(split_product(first, second), by_orders(first, second), rtol=1e-12)


def test_parts_of_a_table_add_up(applications: pd.DataFrame, ask_journeys: Asking) -> None:
    found = ask_journeys(applications, options={"contrasts": tuple(Contrast)})
    assert set(found["contrast"]) == {Contrast.ANY, Contrast.MARGINAL, Contrast.COMPLEMENT}
    for estimand in (Estimand.STEP_CONTRIBUTION, Estimand.LOG_STEP_CONTRIBUTION):
        rows = found[(found["estimand"] == estimand) & found["estimate"].notna()]
        for _, own in rows.groupby(["contrast", "group"]):
            whole = own["term"] == ""
            assert own.loc[whole, "estimate"].item() == pytest.approx(
                own.loc[~whole, "estimate"].sum(), abs=1e-14
            )


# ---- Where there is no answer -------------------------------------------------------------------

PER_GROUP = 2 * (len(STEPS) + 1) + 2


def of_members(rows: pd.DataFrame, outcome: str, value: object) -> pd.DataFrame:
    told = rows[outcome].mask(rows["job_seeker"] & rows[outcome].notna(), value)
    return rows.assign(**{outcome: told})


BROKEN: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "no rows": (lambda rows: rows.iloc[:0], "empty_step"),
    "one row": (lambda rows: rows.iloc[:1], "empty_step"),
    "nobody in the cohort": (lambda rows: rows.assign(cohort="2021"), "empty_step"),
    "nobody is a member": (lambda rows: rows.assign(job_seeker=False), "empty_step"),
    "everybody is a member": (lambda rows: rows.assign(job_seeker=True), "empty_step"),
    "nobody's status is known": (lambda rows: rows.assign(job_seeker=pd.NA), "empty_step"),
    "no member answers": (
        lambda rows: of_members(of_members(rows, "answered_6", False), "placed_6", pd.NA),
        "empty_step",
    ),
    "no member is placed": (lambda rows: of_members(rows, "placed_6", False), "fixed_rate"),
    "all members are placed": (lambda rows: of_members(rows, "placed_6", True), "fixed_rate"),
    "no member starts": (
        lambda rows: of_members(rows, "started", False),
        "fixed_rate",
    ),
    "nobody of an age answers": (
        lambda rows: rows.assign(
            answered_6=rows["answered_6"].mask(
                rows["answered_6"].notna() & (rows["age_band"] == "26-30"), False
            ),
            placed_6=rows["placed_6"].mask(rows["age_band"] == "26-30", pd.NA),
        ),
        "unweighted",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("breaking", "reason"), BROKEN.values(), ids=BROKEN)
def test_whatever_the_data_each_question_has_its_row(
    applications: pd.DataFrame,
    ask_journeys: Asking,
    of_group: Callable[..., Any],
    breaking: Callable[[pd.DataFrame], pd.DataFrame],
    reason: str,
) -> None:
    rows = breaking(applications).astype(dict.fromkeys([*CATEGORIES, *OUTCOMES], "boolean"))
    found = ask_journeys(rows, draws=19)
    assert (found.groupby("group").size() == PER_GROUP).all()
    assert set(found["group"]) == set(CATEGORIES)
    whole = of_group(found).loc[Estimand.STEP_CONTRIBUTION].loc[""]
    assert reason in read_note(whole["note"])
    assert np.isnan(whole["estimate"]) == (reason == "empty_step")
    assert np.isnan(whole["ci_low"]) == (reason != "unweighted")
    missing = found[found["estimate"].isna()]
    remarks = {"weighted_by", "defines", "left_out", "clusters"}
    assert all(set(read_note(note)) - remarks for note in missing["note"])


def test_a_rate_of_zero_has_no_logarithm(
    applications: pd.DataFrame, ask_journeys: Asking, of_group: Callable[..., Any]
) -> None:
    found = of_group(ask_journeys(of_members(applications, "placed_6", False), draws=19))
    logs = found.loc[Estimand.LOG_STEP_CONTRIBUTION]
    assert logs.loc[["admission", "start", "graduation"], "std_error"].notna().all()
    assert logs.loc[["placement", ""], "estimate"].isna().all()
    assert {"no_successes"} <= set(read_note(logs.loc["", "note"]))
    assert found.loc[Estimand.STEP_CONTRIBUTION, "estimate"].notna().all()


def test_where_everyone_is_admitted_the_other_steps_keep_their_intervals(
    applications: pd.DataFrame, ask_journeys: Asking, of_group: Callable[..., Any]
) -> None:
    found = of_group(ask_journeys(applications.assign(admitted=True)))
    own = found.loc[Estimand.STEP_CONTRIBUTION]
    assert own.loc["admission", "estimate"] == 0
    assert "no_variation" in read_note(own.loc["admission", "note"])
    assert own.drop("admission")["ci_low"].notna().all()


@pytest.mark.parametrize(
    ("clusters", "members", "told"), [(9, 9, "9"), (12, 3, "3"), (12, 12, None)]
)
def test_few_clusters_carry_no_interval(
    applications: pd.DataFrame,
    ask_journeys: Asking,
    of_group: Callable[..., Any],
    clusters: int,
    members: int,
    told: str | None,
) -> None:
    number = applications["person"].astype(int)
    held = np.where(applications["job_seeker"], number % members, number % clusters)
    found = of_group(ask_journeys(applications.assign(cluster=held.astype(str)), clusters=True))
    own = found.loc[Estimand.STEP_CONTRIBUTION]
    assert {read_note(note).get("few_clusters") for note in own["note"]} == {told}
    assert own["ci_low"].isna().all() == (told is not None)
    assert own["estimate"].notna().all()


def test_unknown_cohorts_are_refused(applications: pd.DataFrame, ask_journeys: Asking) -> None:
    with pytest.raises(InputError, match="1999"):
        ask_journeys(applications, cohort="1999")
