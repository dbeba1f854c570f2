"""The journey in counts and shares, against counts by hand of the processed rows."""

import pandas as pd
import pytest

from analysis.estimate.journey import STAGES, composition, funnel, overlap, shares_by_group
from analysis.estimate.proportions import rate
from analysis.ingest import Processed
from analysis.studies import Study
from analysis.vocabulary import CATEGORIES, NON_UNDERSERVED, UNDERSERVED

YEAR = "2022"


@pytest.fixture(scope="module")
def students(provider_processed: Processed) -> pd.DataFrame:
    rows = pd.read_parquet(provider_processed.place)
    return rows[(rows["cohort_third_party_funded"] == YEAR) & rows["third_party_funded"].notna()]


def test_each_stage_is_a_part_of_its_own_denominator(
    provider_study: Study, provider_processed: Processed
) -> None:
    rows = pd.read_parquet(provider_processed.place)
    found = funnel(provider_study, provider_processed.place, YEAR).set_index("stage")
    assert list(found.index) == list(STAGES)
    graduated = rows[rows["cohort_graduated"] == YEAR]["graduated"]
    assert found.loc["expected", "persons"] == graduated.count()
    assert found.loc["graduates", "persons"] == graduated.sum()
    placed = rows[rows["cohort_placed_6"] == YEAR]["placed_6"]
    assert found.loc["respondents", "persons"] == placed.count()
    assert found.loc["placed", "rate"] == placed.sum() / placed.count()
    whole = found[found["of"] == ""]
    assert list(whole.index) == ["applicants", "expected", "due"]
    assert whole["rate"].isna().all()
    # Admission times start is the orientation rate.
    oriented = rows[rows["cohort"] == YEAR]["oriented"].dropna().astype(bool)
    steps = found.loc["candidates", "rate"] * found.loc["students", "rate"]
    assert steps == pytest.approx(oriented.mean())


def test_a_study_without_stages_has_no_funnel(toy_study: Study) -> None:
    outcomes = {"completed": toy_study.outcomes["graduated"]}
    other = toy_study.model_copy(update={"outcomes": outcomes})
    assert funnel(other, None, None).empty  # type: ignore[arg-type]


def test_shares_of_categories_are_among_the_known(
    provider_study: Study, provider_processed: Processed, students: pd.DataFrame
) -> None:
    found = composition(provider_study, provider_processed.place, YEAR)
    own = found[found["variable"] == "category"].set_index("level")
    assert set(own.index) == {UNDERSERVED, NON_UNDERSERVED, *CATEGORIES}
    for name in CATEGORIES:
        known = students[name].dropna()
        assert own.loc[name, "persons"] == known.sum()
        assert own.loc[name, "n"] == len(known)
        assert own.loc[name, "unknown"] == len(students) - len(known)
        limits = rate(int(known.sum()), len(known))
        assert own.loc[name, "ci_low"] == pytest.approx(limits.low)
    sides = own.loc[[UNDERSERVED, NON_UNDERSERVED], "share"]
    assert sides.sum() == pytest.approx(1)
    gender = found[found["variable"] == "gender"].set_index("level")["persons"]
    assert gender.to_dict() == students["gender"].value_counts().to_dict()


def test_combinations_exclude_each_other_and_add_up(
    provider_study: Study, provider_processed: Processed, students: pd.DataFrame
) -> None:
    found = overlap(provider_study, provider_processed.place, YEAR)
    assert found["persons"].sum() == len(students)
    assert found["combination"].is_unique
    both = students["job_seeker"].eq(True) & students["low_qualification"].eq(True)
    others = students[["disability", "refugee", "underserved_area"]].eq(True).any(axis=1)
    row = found.set_index("combination").loc["job_seeker + low_qualification"]
    assert row["persons"] == (both & ~others).sum()
    assert row["categories"] == 2
    none = students[list(CATEGORIES)].eq(False).all(axis=1)
    assert found.set_index("combination").loc[NON_UNDERSERVED, "persons"] == none.sum()
    assert found["persons"].is_monotonic_decreasing


def test_funding_is_shared_out_within_each_group(
    provider_study: Study, provider_processed: Processed, students: pd.DataFrame
) -> None:
    found = shares_by_group(provider_study, provider_processed.place, YEAR, "funding")
    assert found.groupby("group")["share"].sum().to_numpy() == pytest.approx(1.0)
    own = students[students["refugee"].eq(True)]["funding"]
    told = found[found["group"] == "refugee"].set_index("level")["persons"]
    assert told[told > 0].to_dict() == own.value_counts().to_dict()
