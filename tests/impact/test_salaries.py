"""Mean salaries against numpy on rows, and a case computed by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.errors import InputError
from analysis.impact.salaries import COLUMNS, JOB_SEEKER_OUT, salary_means
from analysis.ingest import Processed
from analysis.studies import Study, load_study
from analysis.vocabulary import ALL, CATEGORIES, NON_UNDERSERVED, UNDERSERVED

AMOUNTS = ("salary_before", "salary_after", "salary_gain")
Row = dict[str, Any]


def _person(gain: float | None, year: str | None = "2022", **flags: bool | None) -> Row:
    """A processed row of whom the gain is known; in no category unless told otherwise."""
    told = None if gain is None else 20_000.0
    return {
        "salary_before": told,
        "salary_after": None if gain is None else 20_000.0 + gain,
        "salary_gain": gain,
        **{f"cohort_{name}": year for name in AMOUNTS},
        **{name: flags.get(name, False) for name in CATEGORIES},
    }


def _means(
    rows: list[Row], folder: Path, cohort: str | None = "2022", confidence: float = 0.95
) -> pd.DataFrame:
    types: dict[str, Any] = dict.fromkeys(AMOUNTS, "float64")
    types |= dict.fromkeys(CATEGORIES, "boolean")
    types |= {f"cohort_{name}": "str" for name in AMOUNTS}
    path = folder / "rows.parquet"
    pd.DataFrame(rows, columns=list(types)).astype(types).to_parquet(path)
    found = salary_means(load_study("openclassrooms"), path, cohort, confidence)
    return found.set_index(["amount", "group"])


def test_a_case_computed_by_hand(tmp_path: Path) -> None:
    """Gains of 1000, 2000 and 3000 of job seekers and 6000 of another: means 2000 and 3000.

    Squared distances from 3000 sum to 14 million, so the error of the mean of all four is
    sqrt(14e6 / 3 / 4) = 1080.1; t(3) at 95% is 3.1824.
    """
    rows = [_person(gain, job_seeker=True) for gain in (1000.0, 2000.0, 3000.0)]
    rows += [_person(6000.0), _person(None), _person(9000.0, year="2021")]
    found = _means(rows, tmp_path)
    everyone = found.loc["salary_gain", ALL]
    assert everyone["n"] == 4
    assert everyone["mean"] == 3000
    assert everyone["std_error"] == pytest.approx(1080.123, abs=1e-3)
    assert everyone["ci_low"] == pytest.approx(3000 - 3.182446 * 1080.123, abs=0.01)
    assert everyone["ci_high"] == pytest.approx(3000 + 3.182446 * 1080.123, abs=0.01)
    seekers = found.loc["salary_gain", "job_seeker"]
    # Of 1000, 2000 and 3000 the standard deviation is 1000, and t(2) at 95% is 4.3027.
    assert tuple(seekers[["n", "mean"]]) == (3, 2000)
    assert seekers["ci_high"] == pytest.approx(2000 + 4.302653 * 1000 / np.sqrt(3), abs=0.01)
    assert found.loc["salary_gain", UNDERSERVED].equals(seekers)
    assert found.loc["salary_before", ALL]["std_error"] == 0
    assert found.loc["salary_after", ALL]["mean"] == 23_000


def test_one_person_has_a_mean_without_interval_and_nobody_has_neither(tmp_path: Path) -> None:
    found = _means([_person(6000.0)], tmp_path).loc["salary_gain"]
    for group in (ALL, NON_UNDERSERVED, JOB_SEEKER_OUT):
        assert tuple(found.loc[group, ["n", "mean"]]) == (1, 6000)
        assert found.loc[group, ["std_error", "ci_low", "ci_high"]].isna().all()
    for group in (UNDERSERVED, *CATEGORIES):
        assert found.loc[group, "n"] == 0
        assert found.loc[group].drop("n").isna().all()
    assert (_means([], tmp_path)["n"] == 0).all()


def test_who_is_not_known_to_be_one_is_no_job_seeker_and_no_other(tmp_path: Path) -> None:
    rows = [_person(1000.0, job_seeker=None), _person(2000.0), _person(3000.0, disability=True)]
    found = _means(rows, tmp_path).loc["salary_gain"]
    assert found.loc["job_seeker", "n"] == 0
    assert found.loc[JOB_SEEKER_OUT, ["n", "mean"]].tolist() == [2, 2500]
    assert found.loc[NON_UNDERSERVED, ["n", "mean"]].tolist() == [1, 2000]
    assert found.loc[ALL, "n"] == 3


FLAGS = st.fixed_dictionaries({name: st.sampled_from([True, False, None]) for name in CATEGORIES})
PEOPLE = st.lists(
    st.tuples(
        st.none() | st.integers(-5_000_000, 90_000_000).map(lambda cents: cents / 100),
        st.sampled_from(["2021", "2022", None]),
        FLAGS,
    ),
    max_size=30,
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    people=PEOPLE, cohort=st.sampled_from([None, "2022"]), confidence=st.sampled_from([0.8, 0.95])
)
def test_means_are_those_of_the_rows(
    tmp_path: Path,
    people: list[tuple[float | None, str | None, Row]],
    cohort: str | None,
    confidence: float,
) -> None:
    found = _means(
        [_person(gain, year, **flags) for gain, year, flags in people], tmp_path, cohort, confidence
    ).loc["salary_gain"]
    told = [
        (gain, flags) for gain, year, flags in people if gain is not None and cohort in (None, year)
    ]
    groups = {
        ALL: [gain for gain, _ in told],
        UNDERSERVED: [gain for gain, flags in told if True in flags.values()],
        NON_UNDERSERVED: [gain for gain, flags in told if set(flags.values()) == {False}],
        JOB_SEEKER_OUT: [gain for gain, flags in told if flags["job_seeker"] is False],
        **{name: [gain for gain, flags in told if flags[name]] for name in CATEGORIES},
    }
    assert set(found.index) == set(groups)
    for group, gains in groups.items():
        row = found.loc[group]
        assert row["n"] == len(gains)
        if not gains:
            assert np.isnan(row["mean"])
            continue
        assert row["mean"] == pytest.approx(np.mean(gains), rel=1e-9, abs=1e-5)
        if len(gains) > 1:
            error = stats.sem(gains)
            low, high = stats.t.interval(confidence, len(gains) - 1, np.mean(gains), error or 1e-9)
            # Squares of hundreds of thousands leave some thousandths to rounding.
            assert row["std_error"] == pytest.approx(error, rel=1e-6, abs=0.1)
            assert row["ci_low"] == pytest.approx(low, rel=1e-6, abs=1.5)
            assert row["ci_high"] == pytest.approx(high, rel=1e-6, abs=1.5)


def test_the_generated_cohort_gains_as_it_was_made_to(
    provider_study: Study, provider_processed: Processed
) -> None:
    """A gain is 5% to 45% of a salary of 25,700 EUR in the mean, and so 6425 EUR."""
    table = salary_means(provider_study, provider_processed.place, "2022", 0.999)
    assert list(table.columns) == list(COLUMNS)
    found = table.set_index(["amount", "group"])
    for amount, mean in (("salary_before", 25_700), ("salary_gain", 6425)):
        row = found.loc[amount, ALL]
        assert row["ci_low"] < mean < row["ci_high"]
    means = found["mean"].unstack("amount")
    gains = means["salary_after"] - means["salary_before"]
    np.testing.assert_allclose(means["salary_gain"], gains, atol=1e-4)
    # Of the placed respondents, and nobody else.
    placed = pd.read_parquet(
        provider_processed.place, columns=["placed_6", "cohort_placed_6", *AMOUNTS]
    )
    told = placed[list(AMOUNTS)].notna()
    assert told.eq(placed["placed_6"].eq(True).fillna(False), axis=0).all(axis=None)
    assert (
        found.loc["salary_gain", ALL]["n"]
        == (told["salary_gain"] & (placed["cohort_placed_6"] == "2022")).sum()
    )


def test_a_study_without_amounts_has_none_and_an_unknown_cohort_is_told(
    provider_processed: Processed, provider_study: Study
) -> None:
    empty = salary_means(load_study("oulad"), provider_processed.place, None, 0.95)
    assert empty.empty
    assert list(empty.columns) == list(COLUMNS)
    with pytest.raises(InputError, match="no cohort '1999'"):
        salary_means(provider_study, provider_processed.place, "1999", 0.95)
