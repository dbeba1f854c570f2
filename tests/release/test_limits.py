"""Limits and tests tell nothing of the counts that these, rounded, don't."""

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import pandas as pd
import pytest

from analysis.cells import study_cells
from analysis.estimate.gaps import outcome_gaps
from analysis.estimate.proportions import difference, rate
from analysis.estimate.rates import rate_rows
from analysis.estimate.results import result_table
from analysis.ingest import Processed
from analysis.release import limits
from analysis.release.limits import limits_of, with_limits_of_rounded
from analysis.release.policy import SMALLEST, round_count
from analysis.release.results import Release, is_hidden
from analysis.studies import Study
from analysis.vocabulary import Audience

PUBLIC = Release(Audience.PUBLIC)
SHOWN = ["estimate", "ci_low", "ci_high", "p_value", "p_adjusted"]
TOLD = ["n_group", "k_group", "estimate", "digits"]
"""What is told of a rate beside its limits."""

Make = Callable[..., pd.DataFrame]


def near(count: int) -> Iterator[int]:
    """Counts that look the same, rounded."""
    yield from (one for one in range(count - 4, count + 5) if round_count(one) == count)


def test_limits_of_a_rate_are_those_of_its_rounded_counts(row: Make) -> None:
    shown = PUBLIC.results(row(ci_low=0.264, ci_high=0.357, n_group=41, k_group=12, estimate=0.29))
    plain = rate(10, 40)
    assert shown[["ci_low", "ci_high"]].iloc[0].tolist() == [round(plain.low, 2), 0.40]
    wider = Release(Audience.PUBLIC, confidence=0.99).results(row(ci_low=0.2, ci_high=0.4))
    assert wider["ci_low"].item() == round(rate(125, 400, 0.99).low, 2)


def test_limits_hold_the_rate_that_stays_true(row: Make) -> None:
    off = row(n_group=1002, k_group=7, estimate=0.7, ci_low=0.6, ci_high=0.8)
    shown = PUBLIC.results(off).iloc[0]
    assert (shown["estimate"], shown["ci_low"], shown["ci_high"]) == (0.7, 0.0, 0.7)


def test_limits_that_are_not_there_stay_away(row: Make) -> None:
    assert PUBLIC.results(row())["ci_low"].isna().all()
    none = row(estimand="odds_ratio", method="log", contrast="marginal", reference="all",
               k_group=2, estimate=0.02, ci_low=0.01, ci_high=0.04, p_value=0.01,
               n_reference=400, k_reference=100)  # fmt: skip
    assert PUBLIC.results(none)[["ci_low", "ci_high", "p_value"]].isna().all(axis=None)


@pytest.mark.parametrize(
    "changed", [{"method": "wilson_cluster"}, {"method": "aipw_hc1"}, {"method": "ipw_hc1"}]
)
def test_limits_that_depend_on_more_are_left(row: Make, changed: dict[str, str]) -> None:
    shown = PUBLIC.results(row(**changed, ci_low=0.111, ci_high=0.777))
    assert shown[["ci_low", "ci_high"]].iloc[0].tolist() == [0.11, 0.78]


def test_true_counts_give_the_limits_that_were_estimated(
    provider_study: Study, provider_processed: Processed, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = provider_processed.place
    cells = study_cells(provider_study, path, outcome="graduated", covariates=[], cohort="2022")
    table = outcome_gaps(provider_study, "graduated", cells, [])
    assert sum(limits_of(one) is not None for one in table.to_dict("records")) > 50
    monkeypatch.setattr(limits, "round_count", lambda count: count)
    again = with_limits_of_rounded(table, 0.95, "holm")
    pd.testing.assert_frame_equal(again, table)


def test_a_gap_tells_no_more_than_its_rounded_counts(row: Make) -> None:
    sides = list(product(near(60), near(20), near(200), near(95)))[::7]
    rows = []
    for n, k, other_n, other_k in sides:
        found = difference(k, n, other_k, other_n, method="miettinen_nurminen")
        rows.append(
            {"study": "toy", "outcome": "o", "group": "refugee", "reference": "others",
             "contrast": "complement", "estimand": "difference", "method": "miettinen_nurminen",
             "estimate": found.value, "ci_low": found.low, "ci_high": found.high,
             "p_value": found.p_value, "n_group": n, "k_group": k, "n_reference": other_n,
             "k_reference": other_k}
        )  # fmt: skip
    shown = PUBLIC.results(result_table(rows))
    assert len(shown.drop(columns="estimate").drop_duplicates()) == 1
    assert shown["estimate"].nunique() > 1


def rates_near(n: int, k: int) -> pd.DataFrame:
    """Rates of all pairs of counts that look the same as these, rounded, as released."""
    shared = {"study": "toy", "outcome": "started", "group": "all", "reference": ""}
    rows = []
    for persons, wins in product(near(n), near(k)):
        if max(SMALLEST, wins) > persons or wins < 0:
            continue
        told = rate(wins, persons)
        rows.append(
            shared | {"estimand": "rate", "method": "wilson", "n_group": persons, "k_group": wins}
            | {"n_reference": 0, "k_reference": 0, "estimate": told.value}
            | {"ci_low": told.low, "ci_high": told.high}
        )  # fmt: skip
    return PUBLIC.results(result_table(rows))


def test_no_rate_tells_its_counts_by_its_limits(draw_cells: Callable) -> None:
    """The attack by enumeration: pairs of counts that give all of a row, or its rate alone."""
    looked = 0
    for seed, size in ((1, 300), (2, 900), (3, 4000), (4, 12_000)):
        for cells in draw_cells(seed, size).values():
            rows = [{"study": "toy", "outcome": "o", **one} for one in
                    rate_rows(cells, ["job_seeker", "refugee"])]  # fmt: skip
            for _, shown in PUBLIC.results(result_table(rows)).iterrows():
                if is_hidden(shown["note"]):
                    continue
                possible = rates_near(shown["n_group"], shown["k_group"])
                by_rate = np.logical_and.reduce([possible[name] == shown[name] for name in TOLD])
                by_all = by_rate & (possible[["ci_low", "ci_high"]] == shown[["ci_low", "ci_high"]]
                                    ).all(axis=1)  # fmt: skip
                assert by_all.sum() == by_rate.sum() > 0
                looked += 1
    assert looked > 30
