"""The generated cohort: it gives back every published figure, and estimates find its truth."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from analysis.cells import study_cells
from analysis.estimate.gaps import outcome_gaps
from analysis.estimate.journey import funnel, shares_by_group
from analysis.estimate.options import GapOptions
from analysis.estimate.rates import rate_rows
from analysis.files import tree_hashes
from analysis.ingest import Processed
from analysis.ingest.published import read_published
from analysis.ingest.synthetic import PREFIX, assumed
from analysis.ingest.synthetic.generate import generate_extract
from analysis.ingest.synthetic.people import SLOTS, level_shares
from analysis.ingest.synthetic.strata import FLAGS, NAMES, all_stages, shared_out
from analysis.ingest.synthetic.targets import read_targets
from analysis.ingest.synthetic.truth import expected_counts
from analysis.studies import Study
from analysis.studies.model import band_labels
from analysis.vocabulary import CATEGORIES, Contrast, Estimand

YEAR = "2022"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def truth(generated: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((generated / "truth.json").read_text("utf-8"))
    return told


def printed(subject: str, **conditions: str) -> pd.DataFrame:
    figures = read_published(ROOT, 2022, subject)
    for column, value in conditions.items():
        figures = figures[figures[column] == value]
    return figures[figures["relation"] == "equal"]


def agrees(estimate: float, value: float, rounding: float) -> bool:
    """Whether an estimate in percent is printed as the value."""
    return abs(estimate - value) < rounding / 2


@pytest.mark.parametrize("stage", ["applicants", "candidates", "students"])
def test_the_funnel_is_the_printed_one(
    provider_study: Study, provider_processed: Processed, stage: str
) -> None:
    found = funnel(provider_study, provider_processed.place, YEAR).set_index("stage")["persons"]
    (value,) = printed("funnel", measure=stage, group="all")["value"].unique()
    assert found[stage] == value


@pytest.mark.parametrize("measure", ["orientation_rate", "graduation_rate", "placement_rate"])
def test_every_printed_rate_is_given_back(
    provider_study: Study, provider_processed: Processed, measure: str
) -> None:
    outcome = provider_study.published[measure]
    cells = study_cells(
        provider_study, provider_processed.place, outcome=outcome, covariates=(), cohort=YEAR
    )
    found = {row["group"]: row["estimate"] for row in rate_rows(cells, list(CATEGORIES))}
    rows = printed("categories", measure=measure).to_dict("records")
    assert len(rows) == 7
    for row in rows:
        assert agrees(100 * found[row["group"]], row["value"], row["rounding"]), row["group"]


def test_every_printed_count_of_students_is_given_back(
    provider_study: Study, provider_processed: Processed
) -> None:
    cells = study_cells(
        provider_study,
        provider_processed.place,
        outcome="third_party_funded",
        covariates=["gender"],
        cohort=YEAR,
    )
    rows = printed("categories", measure="students").to_dict("records")
    assert {row["group"] for row in rows} == set(CATEGORIES)
    for row in rows:
        assert cells.loc[cells[row["group"]].eq(True), "n"].sum() == row["value"]
    flags = cells[list(CATEGORIES)]
    yes, no = flags.eq(True).fillna(False).any(axis=1), flags.eq(False).fillna(False).all(axis=1)
    share = cells.loc[yes, "n"].sum() / cells.loc[yes | no, "n"].sum()
    for row in printed("categories", measure="share", group="underserved").to_dict("records"):
        assert agrees(100 * share, row["value"], row["rounding"])
    women = cells.loc[cells["gender"] == "woman", "n"].sum() / cells["n"].sum()
    (row,) = printed("funnel", measure="women_share").to_dict("records")
    assert agrees(100 * women, row["value"], row["rounding"])


def test_every_printed_share_of_funding_is_given_back(
    provider_study: Study, provider_processed: Processed
) -> None:
    found = shares_by_group(provider_study, provider_processed.place, YEAR, "funding")
    share = found.set_index(["group", "level"])["share"]
    kinds = set(found["level"])
    rows = [row for row in printed("funding").to_dict("records") if row["measure"] in kinds]
    assert len(rows) == 30
    for row in rows:
        estimate = 100 * share[row["group"], row["measure"]]
        assert agrees(estimate, row["value"], row["rounding"]), row


def test_every_printed_career_outcome_is_given_back(provider_processed: Processed) -> None:
    outcomes = provider_processed.career_outcomes()
    assert outcomes is not None
    by_year = outcomes.groupby("year")["counted"].sum()
    totals = printed("career_outcomes", measure="career_outcomes", group="all")
    for row in totals.to_dict("records"):
        assert by_year[int(row["period"])] == row["value"]
    own = outcomes[outcomes["year"] == int(YEAR)].groupby("learner")["counted"].sum()
    (paths,) = printed("career_outcomes", group="path_students")["value"]
    assert own["path"] + own["apprentice"] == paths
    (apprentices,) = printed("apprenticeship", measure="career_outcomes")["value"]
    assert own["apprentice"] == apprentices
    # Or the rule would not be put to the test.
    assert (outcomes["reported"].sum() - outcomes["counted"].sum()) > 1000


def test_no_underserved_stratum_is_placed_more_often(truth: dict[str, Any]) -> None:
    """Nor graduates more often, unless one of its categories has a higher rate in print."""

    def rate(row: dict[str, Any], part: str, entire: str) -> float:
        return row[part] / row[entire] if row[entire] else 0.0

    nobody = next(row for row in truth["strata"] if set(row["categories"].values()) == {False})
    graduation = {
        row["group"]: (row["value"] + row["rounding"] / 2) / 100
        for row in printed("categories", measure="graduation_rate").to_dict("records")
    }
    for row in truth["strata"]:
        own = [name for name, member in row["categories"].items() if member]
        placed = rate(row, "placed_respondents", "respondents")
        assert placed <= rate(nobody, "placed_respondents", "respondents")
        limit = max(graduation[name] for name in [*own, "non_underserved"])
        assert rate(row, "graduates", "expected_to_graduate") <= limit


def test_the_truth_tells_the_response_of_each_stratum_and_group(
    truth: dict[str, Any], provider_study: Study, provider_processed: Processed
) -> None:
    cells = study_cells(
        provider_study, provider_processed.place, outcome="answered_6", covariates=(), cohort=YEAR
    )
    for row in truth["strata"]:
        same = np.logical_and.reduce(
            [
                cells[name].isna() if member is None else cells[name].eq(member).fillna(False)
                for name, member in row["categories"].items()
            ]
        )
        assert cells.loc[same, "n"].sum() == row["graduates"]
        assert cells.loc[same, "successes"].sum() == row["respondents"]
    for found in rate_rows(cells, list(CATEGORIES)):
        if found["group"] in truth["groups"]:
            told = truth["groups"][found["group"]]
            assert found["estimate"] == pytest.approx(told["response_rate"], abs=1e-4)
            # Those who are placed answer more, so respondents fare better than graduates.
            assert told["placement_of_respondents"] > told["placement_of_graduates"]


@pytest.mark.parametrize("outcome", ["oriented", "graduated", "placed_6", "third_party_funded"])
def test_estimates_find_the_true_gaps(
    truth: dict[str, Any], provider_study: Study, provider_processed: Processed, outcome: str
) -> None:
    """Raw gaps but for the counts' rounding; adjusted ones within four standard errors.

    The regression has one effect for all strata where the truth has one a stratum, hence a point
    of room beside chance.
    """
    adjusters = provider_study.default_adjusters()
    cells = study_cells(
        provider_study, provider_processed.place, outcome=outcome, covariates=adjusters, cohort=YEAR
    )
    contrasts = (Contrast.ANY, Contrast.MARGINAL, Contrast.COMPLEMENT)
    options = GapOptions(contrasts=contrasts)
    gaps = outcome_gaps(provider_study, outcome, cells, adjusters, options)
    key = ["contrast", "group"]
    linear = gaps[(gaps["estimand"] == Estimand.DIFFERENCE) & (gaps["method"] == "newcombe")]
    adjusted = gaps[
        (gaps["estimand"] == Estimand.ADJUSTED_DIFFERENCE) & gaps["method"].str.startswith("logit")
    ]
    told = pd.DataFrame([row for row in truth["gaps"] if row["outcome"] == outcome]).set_index(key)
    assert len(told) == 1 + 2 * len(CATEGORIES)
    raw = linear.set_index(key)["estimate"]
    assert (raw - told["raw"]).abs().max() < 0.003
    found = adjusted.set_index(key)
    off = (found["estimate"] - told["adjusted"]).abs()
    room = 4 * found["std_error"] + 0.01
    sure = found["n_group"] >= 100
    assert (off < room)[sure].all(), pd.concat([off, room], axis=1)
    # Adjusting matters somewhere, or the cohort would not confound.
    assert (told["raw"] - told["adjusted"]).abs().max() > 0.005


def test_expected_counts_add_up_to_the_counts() -> None:
    stages = all_stages(read_targets(ROOT))
    counts = expected_counts(stages[2022], stages[2021])
    axes = (1, 2, 3, 4)
    for name, persons, successes in (
        ("oriented", stages[2022].applicants, stages[2022].students),
        ("graduated", stages[2021].students, stages[2021].graduates),
        ("placed_6", stages[2021].respondents, stages[2021].placed_respondents),
        ("placed_6_of_all_graduates", stages[2021].graduates, stages[2021].placed),
    ):
        np.testing.assert_allclose(counts[name].persons.sum(axis=axes), persons, atol=1e-6)
        np.testing.assert_allclose(counts[name].successes.sum(axis=axes), successes, atol=1e-4)


def test_threads_change_no_byte_and_a_seed_does(generated: Path, tmp_path: Path) -> None:
    for threads in (1, 2):
        generate_extract(ROOT, tmp_path / str(threads), threads=threads)
        assert tree_hashes(tmp_path / str(threads)) == tree_hashes(generated)
    generate_extract(ROOT, tmp_path / "other", seed=7)
    other, same = tree_hashes(tmp_path / "other"), tree_hashes(generated)
    assert other["applications.parquet"] != same["applications.parquet"]


def test_twice_the_scale_is_twice_the_counts(generated: Path, tmp_path: Path) -> None:
    generate_extract(ROOT, tmp_path / "two", scale=2)
    for name, of in (("learners", assumed.PERSONS), ("applications", None)):
        rows = pq.read_metadata(tmp_path / "two" / f"{name}.parquet").num_rows
        once = pq.read_metadata(generated / f"{name}.parquet").num_rows
        assert of is None or once == of
        assert rows == pytest.approx(2 * once, rel=0.002)


def test_every_person_says_what_it_is(generated: Path) -> None:
    persons = pq.read_table(generated / "learners.parquet", columns=["person"])["person"]
    names = persons.to_pylist()
    assert all(name.startswith(PREFIX) for name in names)
    assert len(set(names)) == len(names)
    assert "SYNTHETIC" in (generated / "SYNTHETIC.md").read_text("utf-8")


def test_shares_of_levels_are_whole_slots_and_differ_on_purpose() -> None:
    for variable in ("age", "country", "path"):
        shares = level_shares(variable)
        assert (shares.sum(axis=1) == SLOTS).all()
    area = FLAGS[:, NAMES.index("underserved_area")] == 1
    assert (level_shares("country").loc[area].drop(columns=["FR", "GB", "US"]) == 0).all(axis=None)


def test_age_bands_are_those_of_the_study(provider_study: Study) -> None:
    assert tuple(assumed.AGE_BANDS) == band_labels(provider_study.adjusters["age_band"].cuts)


def test_shares_are_given_out_whole() -> None:
    np.testing.assert_array_equal(shared_out(10, np.array([1.0, 1.0, 1.0])), [4, 3, 3])
    assert shared_out(7, np.array([0.2, 0.5, 0.3])).sum() == 7
