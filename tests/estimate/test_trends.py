"""Gaps by cohort: which rows there are, that they agree, and where there is no answer."""

from collections.abc import Callable
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from analysis.cells import count_cells
from analysis.estimate.fits import fit_linear, fit_logit
from analysis.estimate.gaps import outcome_gaps
from analysis.estimate.groups import collapse
from analysis.estimate.margins import average_marginal_effect
from analysis.estimate.results import read_note
from analysis.estimate.trends import cohort_pairs, gap_trends, stack_fits
from analysis.studies import Study
from analysis.vocabulary import Contrast, Estimand

COVARIATES = ["gender", "age_band"]
PARTS = [Estimand.CHANGE_COMPOSITION, Estimand.CHANGE_RATES]
NUMBERS = ["estimate", "std_error", "ci_low", "ci_high", "p_value"]


def cells_by_cohort(
    rows: pd.DataFrame, study: Study, covariates: list[str], cluster: str | None = None
) -> dict[str, pd.DataFrame]:
    by = [*study.categories, *covariates]
    return {
        cohort: count_cells(
            ibis.memtable(rows[rows["cohort"] == cohort]), by=by, outcome="graduated",
            cluster=cluster,
        )
        for cohort in sorted(rows["cohort"].unique())
    }  # fmt: skip


@pytest.fixture(scope="module")
def trending(persons: pd.DataFrame) -> pd.DataFrame:
    """Give persons in three cohorts, of whom job seekers change in age and in fortune."""
    rng = np.random.default_rng(12)
    rows = persons.assign(cohort=rng.choice(["2020", "2021", "2022"], len(persons)))
    later = (rows["cohort"] == "2022") & rows["job_seeker"].fillna(False)
    rows.loc[later & (rng.random(len(rows)) < 0.4), "age_band"] = ">45"
    rows.loc[later & (rng.random(len(rows)) < 0.2), "graduated"] = False
    return rows


@pytest.fixture(scope="module")
def trends(trending: pd.DataFrame, study: Study) -> pd.DataFrame:
    return gap_trends(study, "graduated", cells_by_cohort(trending, study, COVARIATES), COVARIATES)


# ---- Which rows, and that they agree ------------------------------------------------------------


def test_each_cohort_and_pair_has_its_rows(trends: pd.DataFrame, study: Study) -> None:
    cohorts, pairs = ["2020", "2021", "2022"], ["2020>2021", "2021>2022", "2020>2022"]
    rows = trends.assign(link=trends["method"].str.split("_").str[0])
    for contrast in Contrast:
        own = rows[rows["contrast"] == contrast]
        expected = {("difference", "linear", year) for year in cohorts}
        expected |= {("adjusted_difference", "logit", year) for year in cohorts}
        expected |= {("change", link, pair) for link in ("linear", "logit") for pair in pairs}
        if contrast != Contrast.JOINT:
            expected |= {(part, "kitagawa", pair) for part in PARTS for pair in pairs}
        for _, group in own.groupby("group"):
            told = list(zip(group["estimand"], group["link"], group["term"], strict=True))
            assert len(told) == len(expected)
            assert set(told) == expected
    assert rows["estimate"].notna().all()


def test_a_cohort_s_gaps_are_those_of_the_cohort_alone(
    trends: pd.DataFrame, trending: pd.DataFrame, study: Study
) -> None:
    cells = cells_by_cohort(trending, study, COVARIATES)["2021"]
    alone = outcome_gaps(study, "graduated", cells, COVARIATES)
    keys = ["contrast", "group", "reference"]
    for estimand, link in (("difference", "linear"), ("adjusted_difference", "logit")):
        ours, theirs = (
            table[(table["estimand"] == estimand) & table["method"].str.startswith(link)]
            .set_index(keys)[NUMBERS]
            for table in (trends[trends["term"] == "2021"], alone)
        )  # fmt: skip
        pd.testing.assert_frame_equal(ours, theirs)


def test_changes_are_differences_of_gaps(trends: pd.DataFrame) -> None:
    """Persons of two cohorts are independent where there are no clusters: variances add up."""
    keys = ["contrast", "group"]
    for estimand, link in (("difference", "linear"), ("adjusted_difference", "logit")):
        own = trends[trends["method"].str.startswith(link)].set_index([*keys, "term"])
        gap = own[own["estimand"] == estimand]
        first, second = gap.xs("2020", level="term"), gap.xs("2022", level="term")
        change = own[own["estimand"] == Estimand.CHANGE].xs("2020>2022", level="term")
        np.testing.assert_allclose(
            change["estimate"], second["estimate"] - first["estimate"], atol=1e-12
        )
        added = np.hypot(first["std_error"], second["std_error"])
        np.testing.assert_allclose(change["std_error"], added, rtol=0.02)  # HC1's factors differ
        np.testing.assert_array_equal(change["n_group"], first["n_group"] + second["n_group"])


def test_shared_clusters_make_a_change_surer(
    trending: pd.DataFrame, study: Study, of_group: Callable[..., Any]
) -> None:
    """What a cluster's members have in common in both cohorts is no change."""
    rng = np.random.default_rng(5)
    rows = trending.assign(cluster=trending["cluster"].str[1:].astype(int).mod(45).astype(str))
    drawn = dict(enumerate(rng.normal(0, 3, 45)))
    pull = rows["job_seeker"].fillna(False).astype(float) * rows["cluster"].astype(int).map(drawn)
    rows["graduated"] = pd.array(rng.random(len(rows)) < 1 / (1 + np.exp(-pull)), dtype="boolean")
    found = of_group(
        gap_trends(study, "graduated", cells_by_cohort(rows, study, [], "cluster"), []),
        link="linear",
    )
    errors = found.loc[Estimand.DIFFERENCE, "std_error"]
    change = found.loc[(Estimand.CHANGE, "2020>2022"), "std_error"]
    assert change < 0.8 * np.hypot(errors["2020"], errors["2022"])


def test_parts_of_the_table_add_up_to_the_raw_change(trends: pd.DataFrame) -> None:
    keys = ["contrast", "group", "term"]
    parts = trends[trends["estimand"].isin(PARTS)].groupby(keys)["estimate"].sum()
    raw = trends[(trends["estimand"] == "change") & trends["method"].str.startswith("linear")]
    expected = raw.set_index(keys)["estimate"].loc[parts.index]
    np.testing.assert_allclose(parts, expected, atol=1e-9)


def test_p_values_are_corrected_over_the_groups_of_a_pair(trends: pd.DataFrame) -> None:
    own = trends[
        (trends["contrast"] == Contrast.COMPLEMENT)
        & (trends["estimand"] == Estimand.CHANGE)
        & (trends["term"] == "2021>2022")
        & trends["method"].str.startswith("logit")
    ]
    raw = own["p_value"].sort_values()
    holm = np.maximum.accumulate(np.minimum(raw * [3, 2, 1], 1))
    np.testing.assert_allclose(own["p_adjusted"][raw.index], holm, rtol=1e-12)


# ---- What must not matter -----------------------------------------------------------------------


def test_twice_the_persons_have_half_the_variance(
    trends: pd.DataFrame, trending: pd.DataFrame, study: Study
) -> None:
    doubled = cells_by_cohort(pd.concat([trending, trending]), study, COVARIATES)
    again = gap_trends(study, "graduated", doubled, COVARIATES)
    np.testing.assert_allclose(again["estimate"], trends["estimate"], atol=1e-8)
    exact = trends["method"] == "kitagawa_hc0"  # the others have a factor N/(N - k)
    for rows, tolerance in ((exact, 1e-6), (~exact, 0.02)):
        np.testing.assert_allclose(
            again.loc[rows, "std_error"], trends.loc[rows, "std_error"] / np.sqrt(2), rtol=tolerance
        )


@pytest.mark.parametrize("fit", [fit_linear, fit_logit])
def test_stacked_fits_are_one_regression_with_all_interactions(
    trending: pd.DataFrame, study: Study, fit: Callable[..., Any]
) -> None:
    halves = [
        collapse(cells.dropna(subset="job_seeker"), ["job_seeker", "age_band"])
        for cells in list(cells_by_cohort(trending, study, ["age_band"]).values())[:2]
    ]
    stacked = stack_fits(*(fit(half, ["job_seeker"], ["age_band"]) for half in halves))
    both = pd.concat([half.assign(later=k == 1) for k, half in enumerate(halves)])
    both["late member"] = both["later"] & both["job_seeker"]
    both["late band"] = both["age_band"].astype(str).where(both["later"], "none").astype("category")
    both["early band"] = (
        both["age_band"].astype(str).where(~both["later"], "none").astype("category")
    )
    one = fit(both, ["job_seeker", "late member"], ["early band", "late band"])
    np.testing.assert_allclose(stacked.fitted, one.fitted, atol=1e-8)
    effects = [
        average_marginal_effect(fit(half, ["job_seeker"], ["age_band"]), "job_seeker").value
        for half in halves
    ]
    if fit is fit_linear:
        place = one.design.names.index("late member")
        assert one.coefficients[place] == pytest.approx(effects[1] - effects[0], abs=1e-10)


# ---- Where there is no answer -------------------------------------------------------------------


def test_pairs_end_where_nobody_is_due() -> None:
    def cells(n: int, successes: int) -> pd.DataFrame:
        return pd.DataFrame({"n": [n], "successes": [successes]})

    some = {
        "0": cells(0, 0),
        "1": cells(9, 4),
        "2": cells(9, 3),
        "3": cells(9, 2),
        "4": cells(1, 1),
    }
    assert cohort_pairs(some) == [("0", "1"), ("1", "2"), ("2", "3"), ("3", "4"), ("1", "3")]
    assert cohort_pairs({"0": cells(0, 0)}) == []
    assert cohort_pairs({}) == []
    assert cohort_pairs({"0": cells(9, 2), "1": cells(9, 2)}) == [("0", "1")]


LAST: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str | None, str | None]] = {
    "nobody yet": (lambda own: own.assign(graduated=pd.NA), "empty_cohort", "empty_cohort"),
    "one person": (lambda own: own.iloc[:1], "", ""),
    "no member": (lambda own: own.assign(job_seeker=False), "empty_group", "empty_group"),
    "only members": (lambda own: own.assign(job_seeker=True), "empty_reference", "empty_reference"),
    "all succeed": (lambda own: own.assign(graduated=True), "one_sided", "separation"),
    "members all fail": (
        lambda own: own.assign(graduated=own["graduated"] & ~own["job_seeker"].fillna(False)),
        "separation",
        "separation",
    ),
    "nobody's status is known": (
        lambda own: own.assign(job_seeker=pd.NA),
        "empty_cohort",
        "empty_cohort",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("breaking", "gap", "parts"), LAST.values(), ids=LAST)
def test_whatever_the_last_cohort_each_question_has_its_row(
    trending: pd.DataFrame,
    trends: pd.DataFrame,
    study: Study,
    of_group: Callable[..., Any],
    breaking: Callable[[pd.DataFrame], pd.DataFrame],
    gap: str,
    parts: str,
) -> None:
    last = trending["cohort"] == "2022"
    broken = breaking(trending[last]).astype({"graduated": "boolean", "job_seeker": "boolean"})
    rows = pd.concat([trending[~last], broken])
    by_cohort = cells_by_cohort(trending[~last], study, COVARIATES)
    by_cohort |= cells_by_cohort(rows[rows["cohort"] == "2022"], study, COVARIATES)
    found = gap_trends(study, "graduated", by_cohort, COVARIATES)
    keys = ["contrast", "group", "estimand", "term"]
    shown = trends[trends["term"] != "2020>2022"]  # there if the last cohort is told
    ours = set(found[keys].itertuples(index=False, name=None))
    assert set(shown[keys].itertuples(index=False, name=None)) <= ours
    pd.testing.assert_frame_equal(
        found[found["term"] == "2021"][NUMBERS].reset_index(drop=True),
        trends[trends["term"] == "2021"][NUMBERS].reset_index(drop=True),
    )
    missing = found[found["estimate"].isna()]
    remarks = {"adjusted", "defines", "mediators", "left_out", "in_cohort"}
    assert all(set(read_note(note)) - remarks for note in missing["note"])
    if gap:
        row = of_group(found, link="logit").loc[(Estimand.CHANGE, "2021>2022")]
        note = read_note(row["note"])
        assert gap in note
        assert note.get("in_cohort", note.get("empty_cohort")) == "2022"
        part = of_group(found, link="kitagawa").loc[(PARTS[0], "2021>2022")]
        assert parts in read_note(part["note"])


@pytest.mark.parametrize("covariates", [[], ["education"]])
def test_without_adjusters_there_is_no_composition(
    trending: pd.DataFrame, study: Study, covariates: list[str], of_group: Callable[..., Any]
) -> None:
    """Education defines the lower qualified, so of their gap nothing is left to tell."""
    cells = cells_by_cohort(trending, study, covariates)
    found = of_group(gap_trends(study, "graduated", cells, covariates), "low_qualification")
    parts = found.loc[PARTS]
    assert parts["estimate"].isna().all()
    assert all("no_covariates" in read_note(note) for note in parts["note"])
    assert found.loc[Estimand.CHANGE, "estimate"].notna().all()


def test_no_cohorts_no_rows(study: Study) -> None:
    assert gap_trends(study, "graduated", {}, COVARIATES).empty


@pytest.mark.parametrize(
    ("clusters", "members", "told"), [(9, 9, "9"), (12, 3, "3"), (12, 12, None)]
)
def test_few_clusters_carry_no_interval(
    trending: pd.DataFrame,
    study: Study,
    of_group: Callable[..., Any],
    clusters: int,
    members: int,
    told: str | None,
) -> None:
    number = trending["person"]
    own = trending["job_seeker"].fillna(False).astype(bool)
    held = np.where(own, number % members, number % clusters)
    rows = trending.assign(cluster=[f"c{code:02d}" for code in held])
    cells = cells_by_cohort(rows, study, ["age_band"], "cluster")
    found = of_group(gap_trends(study, "graduated", cells, ["age_band"]))
    for estimand in (Estimand.CHANGE, *PARTS):
        shown = found.loc[estimand]
        assert {read_note(note).get("few_clusters") for note in shown["note"]} == {told}
        assert shown["ci_low"].isna().all() == (told is not None)
        assert shown["estimate"].notna().all()
