"""All estimates of one outcome: which rows there are, what adjusts them, what their notes say."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit

from analysis.cells import count_cells
from analysis.estimate.gaps import adjustment_steps, outcome_gaps, study_gaps
from analysis.estimate.options import GapOptions
from analysis.estimate.results import read_note
from analysis.studies import Study
from analysis.vocabulary import NON_UNDERSERVED, UNDERSERVED, Contrast, Estimand

KEY = ["contrast", "group", "reference", "estimand", "link"]
COVARIATES = ["gender", "age_band", "education", "funding"]
BOUNDS = {
    "as_no": (False, Estimand.DIFFERENCE_AS_NO, Estimand.ADJUSTED_DIFFERENCE_AS_NO),
    "as_yes": (True, Estimand.DIFFERENCE_AS_YES, Estimand.ADJUSTED_DIFFERENCE_AS_YES),
}


def keyed(results: pd.DataFrame) -> pd.DataFrame:
    """Index rows by what they answer; the errors that clusters allow are no part of that."""
    link = results["method"].str.split("_").str[0]
    return results.assign(link=link).set_index(KEY).sort_index()


@pytest.fixture(scope="module")
def asking(study: Study) -> Callable[..., pd.DataFrame]:
    """Give the function that counts persons' cells and estimates, with the small study."""

    def ask(rows: pd.DataFrame, covariates: list[str] = COVARIATES, **options: Any) -> pd.DataFrame:
        cells = count_cells(
            ibis.memtable(rows.assign(cluster=rows["school"])),
            by=[*study.categories, *covariates],
            outcome="graduated",
            cluster="cluster",
            levels={name: study.levels(name) for name in covariates},
        )
        return outcome_gaps(study, "graduated", cells, covariates, GapOptions(**options))

    return ask


@pytest.fixture(scope="module")
def gaps(persons: pd.DataFrame, asking: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return keyed(asking(persons))


# ---- Which rows ---------------------------------------------------------------------------------


def test_each_group_of_each_contrast_has_all_its_estimates(
    gaps: pd.DataFrame, study: Study
) -> None:
    assert gaps.index.is_unique
    assert set(gaps["study"]) == {"small"}
    assert set(gaps["outcome"]) == {"graduated"}
    plain = {
        (Estimand.DIFFERENCE, "newcombe"),
        (Estimand.DIFFERENCE, "miettinen"),
        (Estimand.RISK_RATIO, "log"),
        (Estimand.ODDS_RATIO, "log"),
    }
    models = {
        (Estimand.DIFFERENCE, "linear"),
        (Estimand.ADJUSTED_DIFFERENCE, "linear"),
        (Estimand.ADJUSTED_DIFFERENCE, "logit"),
    }
    bounds = {
        (estimand, link)
        for _, raw, adjusted in BOUNDS.values()
        for estimand, link in ((raw, "linear"), (adjusted, "logit"))
    }
    for contrast in Contrast:
        expected = models | bounds | (plain if contrast != Contrast.JOINT else set())
        groups = [UNDERSERVED] if contrast == Contrast.ANY else list(study.categories)
        rows = gaps.loc[contrast].reset_index()
        for group in groups:
            own = rows[rows["group"] == group]
            assert set(zip(own["estimand"], own["link"], strict=True)) == expected
        assert set(rows["group"]) == set(groups)


def test_the_contrasts_asked_for_are_the_only_ones(
    persons: pd.DataFrame, asking: Callable[..., pd.DataFrame]
) -> None:
    found = asking(persons, ["gender"], contrasts=(Contrast.ANY,))
    assert set(found["contrast"]) == {"", Contrast.ANY}  # rates and indices have none


BROKEN: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "no persons": lambda rows: rows.iloc[:0],
    "nobody in the denominator": lambda rows: rows.assign(graduated=pd.NA),
    "one person": lambda rows: rows.iloc[:1],
    "two persons": lambda rows: rows.iloc[:2],
    "ten persons": lambda rows: rows.iloc[:10],
    "one school": lambda rows: rows.assign(school="only"),
    "nine schools": lambda rows: rows[rows["school"] < "s09"],
    "all succeed": lambda rows: rows.assign(graduated=True),
    "none succeed": lambda rows: rows.assign(graduated=False),
    "success is being a job seeker": lambda rows: rows.assign(graduated=rows["job_seeker"]),
    "nobody is a job seeker": lambda rows: rows.assign(job_seeker=False),
    "everybody is a job seeker": lambda rows: rows.assign(job_seeker=True),
    "nobody's status is known": lambda rows: rows.assign(job_seeker=pd.NA),
    "nothing is known": lambda rows: rows.assign(
        job_seeker=pd.NA, low_qualification=pd.NA, disability=pd.NA
    ),
    "two categories are one": lambda rows: rows.assign(disability=rows["job_seeker"]),
    "an adjuster is a category": lambda rows: rows.assign(
        gender=rows["job_seeker"].map({True: "F", False: "M"}).astype(object).fillna("unknown")
    ),
    "an adjuster's level fails": lambda rows: rows.assign(
        graduated=rows["graduated"].mask((rows["gender"] == "unknown").fillna(False), False)
    ),
}


@pytest.mark.parametrize("breaking", BROKEN.values(), ids=BROKEN)
def test_whatever_the_data_each_question_has_its_row(
    persons: pd.DataFrame,
    gaps: pd.DataFrame,
    asking: Callable[..., pd.DataFrame],
    breaking: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    """Never a crash, never a missing row, never an estimate of nobody."""
    flags = ["job_seeker", "low_qualification", "disability", "graduated"]
    broken = breaking(persons).astype(dict.fromkeys(flags, "boolean"))
    found = keyed(asking(broken))
    # Bounds stand where somebody's membership is unknown, the other rows always.
    asked = ~gaps.index.get_level_values("estimand").str.contains("unknown")
    assert set(gaps.index[asked]) <= set(found.index)
    assert set(found.index) <= set(gaps.index)
    missing = found[found["estimate"].isna()]
    remarks = {"adjusted", "defines", "mediators", "left_out", "clusters", "df", "dropped"}
    for note in missing["note"]:
        assert set(read_note(note)) - remarks, f"no reason in {note!r}"
    differences = found[found.index.get_level_values("contrast") != ""]
    empty = (differences["n_group"] == 0) | (differences["n_reference"] == 0)
    assert differences.loc[empty, "estimate"].isna().all()
    # No error of rounding: an interval has a width, or there is none.
    width = (found["ci_high"] - found["ci_low"]).dropna()
    ratios = found.loc[width.index].index.get_level_values("link") == "log"
    assert (width[~ratios] > 1e-9).all()


# ---- What adjusts -------------------------------------------------------------------------------


def test_known_trap_what_defines_a_category_never_adjusts_its_gap(gaps: pd.DataFrame) -> None:
    adjusted = gaps[
        gaps.index.get_level_values("estimand").isin(
            [Estimand.ADJUSTED_DIFFERENCE, *(adjusted for _, _, adjusted in BOUNDS.values())]
        )
    ]
    assert len(adjusted) == (1 + 3 * 3) * 4
    for (contrast, group, *_), row in adjusted.iterrows():
        note = read_note(row["note"])
        free = contrast == Contrast.COMPLEMENT and group != "low_qualification"
        held = [name for name in COVARIATES if free or name != "education"]
        assert note["adjusted"] == ", ".join(held)
        assert note.get("defines") == (None if free else "education")
        assert note["mediators"] == "funding"
    plain = gaps[gaps.index.get_level_values("estimand") == Estimand.DIFFERENCE]
    assert not any({"adjusted", "defines", "mediators"} & set(read_note(n)) for n in plain["note"])


@pytest.mark.parametrize(
    ("group", "held"),
    [
        ("low_qualification", ["gender", "age_band", "funding"]),
        ("job_seeker", ["gender", "age_band", "education", "funding"]),
    ],
)
def test_adjusted_gaps_are_those_of_rows(
    persons: pd.DataFrame, gaps: pd.DataFrame, group: str, held: list[str]
) -> None:
    rows = persons[persons[group].notna() & persons["graduated"].notna()]
    dummies = pd.get_dummies(rows[held], drop_first=True, dtype=float)
    design = dummies.assign(one=1.0, member=rows[group].astype(float))
    y = rows["graduated"].astype(float)
    own = gaps.loc[Contrast.COMPLEMENT, group, "others", Estimand.ADJUSTED_DIFFERENCE]
    linear = sm.OLS(y, design).fit().params["member"]
    assert own.loc["linear", "estimate"] == pytest.approx(linear, rel=1e-8)
    params = sm.Logit(y, design).fit(disp=0, tol=1e-12).params
    changes = expit(design.assign(member=1.0) @ params) - expit(design.assign(member=0.0) @ params)
    assert own.loc["logit", "estimate"] == pytest.approx(changes.mean(), rel=1e-8)


def test_joint_gaps_are_those_of_one_regression_on_rows(
    persons: pd.DataFrame, gaps: pd.DataFrame, study: Study
) -> None:
    names = list(study.categories)
    rows = persons[persons[[*names, "graduated"]].notna().all(axis=1)]
    y, flags = rows["graduated"].astype(float), rows[names].astype(float)
    dummies = pd.get_dummies(rows[["gender", "age_band", "funding"]], drop_first=True, dtype=float)
    for estimand, design in (
        (Estimand.DIFFERENCE, flags),
        (Estimand.ADJUSTED_DIFFERENCE, flags.join(dummies)),
    ):
        expected = sm.OLS(y, design.assign(one=1.0)).fit().params
        for name in names:
            row = gaps.loc[Contrast.JOINT, name, "others", estimand, "linear"]
            assert row["estimate"] == pytest.approx(expected[name], rel=1e-8)
            assert row["n_group"] + row["n_reference"] == len(rows)


def test_without_adjusters_the_linear_gap_is_the_difference_of_rates(gaps: pd.DataFrame) -> None:
    differences = gaps.xs(Estimand.DIFFERENCE, level="estimand")
    linear = differences.xs("linear", level="link").drop(Contrast.JOINT)
    newcombe = differences.xs("newcombe", level="link")
    assert len(linear) == 7
    np.testing.assert_allclose(
        linear["estimate"], newcombe.loc[linear.index, "estimate"], atol=1e-12
    )


def test_no_mediator_no_remark(persons: pd.DataFrame, asking: Callable[..., pd.DataFrame]) -> None:
    found = asking(persons, ["gender"])
    assert not found["note"].str.contains("mediators").any()
    assert found["note"].str.contains("adjusted=gender").any()


# ---- Unknown memberships ------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "raw", "adjusted"), BOUNDS.values(), ids=BOUNDS)
def test_bounds_are_the_gaps_of_persons_recoded(
    persons: pd.DataFrame,
    gaps: pd.DataFrame,
    asking: Callable[..., pd.DataFrame],
    study: Study,
    value: bool,
    raw: Estimand,
    adjusted: Estimand,
) -> None:
    recoded = keyed(asking(persons.fillna(dict.fromkeys(study.categories, value))))
    numbers = ["estimate", "std_error", "ci_low", "ci_high", "p_value"]
    counts = ["n_group", "n_reference", "k_group", "k_reference"]
    for bound, link, estimand in (
        (raw, "linear", Estimand.DIFFERENCE),
        (adjusted, "logit", Estimand.ADJUSTED_DIFFERENCE),
    ):
        ours = gaps.xs((bound, link), level=("estimand", "link"))
        theirs = recoded.xs((estimand, link), level=("estimand", "link"))
        assert len(ours) == 10
        pd.testing.assert_frame_equal(ours[numbers], theirs[numbers], rtol=1e-8)
        pd.testing.assert_frame_equal(ours[counts], theirs[counts])


def test_who_is_left_out_is_counted_in_the_note(
    persons: pd.DataFrame, gaps: pd.DataFrame, study: Study
) -> None:
    inside = persons[persons["graduated"].notna()]
    for name in study.categories:
        expected = str(inside[name].isna().sum())
        rows = gaps.loc[Contrast.COMPLEMENT, name].reset_index()
        known = ~rows["estimand"].str.contains("unknown")
        notes = rows.loc[known, "note"].map(read_note)
        assert {note.get("left_out") for note in notes} == {expected}
        assert all("left_out" not in read_note(note) for note in rows.loc[~known, "note"])


def test_where_all_is_known_there_are_no_bounds(
    persons: pd.DataFrame, asking: Callable[..., pd.DataFrame], study: Study
) -> None:
    found = asking(persons.dropna(subset=list(study.categories)), ["gender"])
    assert not found["estimand"].str.contains("unknown").any()
    assert not found["note"].str.contains("left_out").any()


# ---- Clusters and many tests --------------------------------------------------------------------


def test_default_errors_follow_the_clusters(gaps: pd.DataFrame) -> None:
    """The small study has twelve: CR2 for the linear model, t(11) for the logit."""
    for link, method in (("linear", "linear_cr2"), ("logit", "logit_cluster")):
        own = gaps.xs(link, level="link")
        assert set(own["method"]) == {method}
        assert {read_note(note)["clusters"] for note in own["note"]} == {"12"}


def test_without_clusters_errors_are_of_persons(persons: pd.DataFrame, study: Study) -> None:
    cells = count_cells(
        ibis.memtable(persons), by=[*study.categories, "gender"], outcome="graduated"
    )
    found = keyed(outcome_gaps(study, "graduated", cells, ["gender"]))
    for link, errors in (("linear", "hc2"), ("logit", "hc1")):
        assert set(found.xs(link, level="link")["method"]) == {f"{link}_{errors}"}


def test_p_values_are_corrected_over_the_groups_of_a_question(gaps: pd.DataFrame) -> None:
    for estimand, link in (
        (Estimand.ADJUSTED_DIFFERENCE, "logit"),
        (Estimand.DIFFERENCE, "miettinen"),
    ):
        own = gaps.loc[Contrast.COMPLEMENT].xs((estimand, link), level=("estimand", "link"))
        raw = own["p_value"].sort_values()
        holm = np.maximum.accumulate(np.minimum(raw * [3, 2, 1], 1))
        np.testing.assert_allclose(own["p_adjusted"][raw.index], holm, rtol=1e-12)


def test_clusters_do_not_split_a_family(persons: pd.DataFrame, study: Study) -> None:
    """One category is known in 30 of 45 clusters: its errors are CR2, the others' are not."""
    known = persons["job_seeker"].mask(persons["cluster"] >= "c30")
    cells = count_cells(
        ibis.memtable(persons.assign(job_seeker=known)),
        by=list(study.categories),
        outcome="graduated",
        cluster="cluster",
    )
    found = keyed(outcome_gaps(study, "graduated", cells, []))
    own = found.loc[Contrast.COMPLEMENT].xs(
        (Estimand.DIFFERENCE, "linear"), level=("estimand", "link")
    )
    assert set(own["method"]) == {"linear_cr2", "linear_cluster"}
    raw = own["p_value"].sort_values()
    assert own["p_adjusted"][raw.index].iloc[0] == pytest.approx(3 * raw.iloc[0])


# ---- Steps and whole studies --------------------------------------------------------------------


def test_steps_hold_one_covariate_at_a_time_and_then_all(
    persons: pd.DataFrame, gaps: pd.DataFrame, study: Study
) -> None:
    by = [*study.categories, *COVARIATES]
    cells = count_cells(ibis.memtable(persons), by=by, outcome="graduated", cluster="school")
    steps = adjustment_steps(study, "graduated", cells, COVARIATES)
    assert set(steps["contrast"]) == {Contrast.COMPLEMENT}
    for name in study.categories:
        held = [c for c in COVARIATES if name != "low_qualification" or c != "education"]
        own = steps[steps["group"] == name]
        found = [read_note(note).get("adjusted") for note in own["note"]]
        assert found == [*held, None, ", ".join(held)]
        whole = gaps.loc[Contrast.COMPLEMENT, name, "others"]
        assert own["estimate"].iloc[-1] == pytest.approx(
            whole.loc[(Estimand.ADJUSTED_DIFFERENCE, "logit"), "estimate"], rel=1e-8
        )
        assert own["estimate"].iloc[-2] == pytest.approx(
            whole.loc[(Estimand.DIFFERENCE, "newcombe"), "estimate"], rel=1e-8
        )
    first = steps[(steps["group"] == "job_seeker")].iloc[0]
    rows = persons[persons["job_seeker"].notna() & persons["graduated"].notna()]
    dummies = pd.get_dummies(rows["gender"], drop_first=True, dtype=float)
    design = dummies.assign(one=1.0, member=rows["job_seeker"].astype(float))
    params = sm.Logit(rows["graduated"].astype(float), design).fit(disp=0, tol=1e-12).params
    changes = expit(design.assign(member=1.0) @ params) - expit(design.assign(member=0.0) @ params)
    assert first["estimate"] == pytest.approx(changes.mean(), rel=1e-8)


def test_a_study_from_its_processed_table(
    persons: pd.DataFrame,
    study: Study,
    asking: Callable[..., pd.DataFrame],
    tmp_path: Path,
) -> None:
    processed = tmp_path / "processed.parquet"
    persons.assign(cluster=persons["school"]).to_parquet(processed)
    asked = {"outcomes": ["graduated"], "covariates": ["gender"]}
    gaps, steps = study_gaps(study, processed, **asked, cohort="2022")
    own = persons[persons["cohort"] == "2022"]
    pd.testing.assert_frame_equal(gaps, asking(own, ["gender"]), rtol=1e-8)
    assert gaps.loc[0, "n_group"] == own["graduated"].notna().sum()
    assert set(gaps.query("estimand == 'rate'")["group"]) >= {NON_UNDERSERVED, UNDERSERVED}
    assert set(steps["outcome"]) == {"graduated"}
