"""Rates by group and indices of disproportionate impact, against DisImpact's published values."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.tools.numdiff import approx_fprime

from analysis.estimate.fits import NotEstimableError
from analysis.estimate.proportions import clustered_rate, rate
from analysis.estimate.rates import (
    impact_rows,
    margin_of_error,
    proportionality_index,
    rate_rows,
    row_or_reason,
    successes_needed,
)
from analysis.estimate.results import read_note
from analysis.vocabulary import ALL, NON_UNDERSERVED, UNDERSERVED, Estimand

EQUITY = Path(__file__).parents[3] / "shared" / "reference" / "student_equity.csv"

# DisImpact 0.0.21 on `student_equity`, Transfer by Ethnicity: persons, successes, margin of error,
# successes needed to escape the flag and to full parity, proportionality index, 80% index.
DISIMPACT = {
    "Black": (2000, 607, 0.03, 386, 446, 0.5765578, 0.4242777),
    "Hispanic": (4000, 847, 0.03, 1139, 1259, 0.4022606, 0.2960158),
    "Native American": (200, 78, 0.06929646, 14, 28, 0.7408815, 0.5452004),
    "Multi-Ethnicity": (1000, 504, 0.03099032, 0, 23, 0.9574468, 0.7045666),
}


def flag_cells(rows: list[tuple[Any, ...]], *categories: str) -> pd.DataFrame:
    """Cells from tuples: a flag a category (None = unknown), persons, successes."""
    cells = pd.DataFrame(rows, columns=[*categories, "n", "successes"])
    return cells.astype(dict.fromkeys(categories, "boolean"))


@pytest.fixture(scope="module")
def equity() -> pd.DataFrame:
    """Impact rows of each ethnicity; the one with the highest rate is the 80% index's reference."""
    if not EQUITY.exists():
        pytest.skip("needs student_equity.csv, which is in the folder of shared reference data")
    counts = pd.read_csv(EQUITY).groupby("Ethnicity")["Transfer"].agg(["size", "sum"])
    categories = [name for name in counts.index if name != "Asian"]
    cells = flag_cells(
        [
            (*(name == category for category in categories), size, successes)
            for name, size, successes in counts.itertuples()
        ],
        *categories,
    )
    rows = pd.DataFrame(impact_rows(cells, categories))
    return rows.set_index(["group", "estimand"])


@pytest.mark.parametrize(("group", "values"), DISIMPACT.items())
def test_impact_as_published(equity: pd.DataFrame, group: str, values: tuple[Any, ...]) -> None:
    n, successes, margin, to_escape, to_parity, proportionality, eighty = values
    own = equity.loc[group]
    gap = own.loc[Estimand.POINT_GAP]
    assert (gap["n_group"], gap["k_group"], gap["n_reference"]) == (n, successes, 20_000)
    assert gap["estimate"] == pytest.approx(successes / n - 0.5264, abs=1e-12)
    # DisImpact takes the quantile for 1.96; the floor of .03 is as it stands.
    expected = margin if margin == 0.03 else margin / 1.96 * norm.ppf(0.975)
    assert gap["ci_high"] - gap["estimate"] == pytest.approx(expected, abs=5.1e-9)
    assert gap["estimate"] - gap["ci_low"] == pytest.approx(expected, abs=5.1e-9)
    assert (gap["ci_high"] < 0) == (to_escape > 0)  # flagged
    found = own["estimate"]
    assert found[Estimand.SUCCESSES_TO_ESCAPE_FLAG] == to_escape
    assert found[Estimand.SUCCESSES_TO_PARITY] == to_parity
    assert found[Estimand.PROPORTIONALITY_INDEX] == pytest.approx(proportionality, abs=5.1e-8)
    assert found[Estimand.EIGHTY_PERCENT_INDEX] == pytest.approx(eighty, abs=5.1e-8)


def test_the_margin_of_error_has_a_floor_and_follows_the_confidence() -> None:
    assert margin_of_error(10_000) == 0.03
    assert margin_of_error(10_000, minimum=0.0) == pytest.approx(norm.ppf(0.975) * 0.005)
    assert margin_of_error(100, 0.9) == pytest.approx(norm.ppf(0.95) * 0.05)


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.data())
def test_successes_needed_are_enough_and_no_more(counts: tuple[int, int], data: Any) -> None:
    successes, n = counts
    goal = data.draw(st.integers(0, n)) / n  # rates that the group can reach exactly: ties
    needed = successes_needed(successes, n, goal)
    assert (successes + needed) / n >= goal - 1e-12
    assert needed == 0 or (successes + needed - 1) / n < goal - 1e-12


def test_a_tie_that_rounding_spoils_is_a_tie() -> None:
    assert 10 * (0.1 + 0.2) > 3  # in binary
    assert successes_needed(0, 10, 0.1 + 0.2) == 3


@pytest.mark.parametrize("counts", [(30, 90, 300, 500), (5, 10, 6, 2000), (81, 90, 91, 100)])
def test_the_proportionality_index_and_its_interval(counts: tuple[int, int, int, int]) -> None:
    """Delta method by differences on the logarithm, the group and the rest being independent."""
    k, n, all_k, all_n = counts
    rest_n = all_n - n
    rates = np.array([k / n, (all_k - k) / rest_n])

    def log_index(rates: np.ndarray) -> float:
        overall = (n * rates[0] + rest_n * rates[1]) / all_n
        return float(np.log(rates[0] / overall))

    gradient = approx_fprime(rates, log_index, centered=True).ravel()
    error = np.sqrt(gradient**2 @ (rates * (1 - rates) / [n, rest_n]))
    found = proportionality_index(k, n, all_k, all_n, confidence=0.9)
    value = (k / all_k) / (n / all_n)
    assert found.value == pytest.approx(value, rel=1e-12)
    assert found.std_error == pytest.approx(value * error, rel=1e-6)
    reach = math.exp(norm.ppf(0.95) * error)
    assert (found.low, found.high) == pytest.approx((value / reach, value * reach), rel=1e-6)
    assert found.p_value == pytest.approx(2 * norm.sf(abs(math.log(value)) / error), rel=1e-5)


def test_everyone_is_in_proportion_to_everyone() -> None:
    found = proportionality_index(30, 90, 30, 90)
    assert found.value == 1
    assert math.isnan(found.low)


def test_proportionality_needs_persons_and_successes() -> None:
    with pytest.raises(NotEstimableError, match="empty_group"):
        proportionality_index(0, 0, 3, 9)
    with pytest.raises(NotEstimableError, match="no_successes"):
        proportionality_index(0, 4, 3, 9)


# ---- Rows ---------------------------------------------------------------------------------------

OVERLAP = flag_cells(
    [
        (True, True, 10, 4),
        (True, False, 20, 9),
        (False, True, 30, 11),
        (False, False, 40, 25),
        (None, False, 5, 2),
        (None, True, 7, 3),
    ],
    "refugee",
    "disability",
)


def test_rates_count_overlapping_members_and_name_who_is_left_out() -> None:
    rows = pd.DataFrame(rate_rows(OVERLAP, ["refugee", "disability"], 0.9)).set_index("group")
    # Of unknown status as a whole: the five who may be refugees and have no disability.
    assert rows[["n_group", "k_group"]].T.to_dict("list") == {
        ALL: [112, 54],
        NON_UNDERSERVED: [40, 25],
        UNDERSERVED: [67, 27],
        "refugee": [30, 13],
        "disability": [47, 18],
    }
    left_out = {group: read_note(note).get("left_out") for group, note in rows["note"].items()}
    assert left_out == {
        ALL: None,
        NON_UNDERSERVED: "5",
        UNDERSERVED: "5",
        "refugee": "12",
        "disability": None,
    }
    for row in rows.itertuples():
        expected = rate(row.k_group, row.n_group, 0.9)
        found = (row.estimate, row.std_error, row.ci_low, row.ci_high)
        assert found == (expected.value, expected.std_error, expected.low, expected.high)
    assert set(rows["n_reference"]) == set(rows["k_reference"]) == {0}
    assert set(rows["estimand"]) == {Estimand.RATE}


def test_rates_allow_for_clusters_where_cells_have_them() -> None:
    cells = pd.concat(
        [OVERLAP.assign(successes=OVERLAP["n"] // (2 + i % 3), cluster=f"c{i}") for i in range(12)],
        ignore_index=True,
    )
    rows = {row["group"]: row for row in rate_rows(cells, ["refugee", "disability"])}
    own = cells[cells["refugee"].eq(True).fillna(False)].groupby("cluster")[["successes", "n"]]
    expected = clustered_rate(*own.sum().to_numpy().T)
    assert rows["refugee"]["method"] == "wilson_cluster"
    assert rows["refugee"]["ci_low"] == expected.low
    assert read_note(str(rows["refugee"]["note"]))["clusters"] == "12"
    few = cells[cells["cluster"].isin([f"c{i}" for i in range(9)])]
    rows = {row["group"]: row for row in rate_rows(few, ["refugee", "disability"])}
    assert np.isnan(float(str(rows["refugee"]["ci_low"])))
    assert read_note(str(rows["refugee"]["note"]))["few_clusters"] == "9"


def test_a_rate_of_nobody_is_a_row_with_a_reason() -> None:
    """And the reason does not hide how many were left out."""
    cells = flag_cells([(None, 12, 5), (False, 30, 9)], "refugee")
    rows = {row["group"]: row for row in rate_rows(cells, ["refugee"])}
    assert rows["refugee"]["n_group"] == 0
    assert "estimate" not in rows["refugee"]
    assert read_note(str(rows["refugee"]["note"])) == {"no_persons": "", "left_out": "12"}


def test_impact_compares_with_everyone_and_with_the_non_underserved() -> None:
    rows = pd.DataFrame(impact_rows(OVERLAP, ["refugee", "disability"]))
    assert set(rows["group"]) == {NON_UNDERSERVED, UNDERSERVED, "refugee", "disability"}
    eighty = rows["estimand"] == Estimand.EIGHTY_PERCENT_INDEX
    # The reference of the 80% index has none of its own.
    assert set(rows.loc[eighty, "group"]) == {UNDERSERVED, "refugee", "disability"}
    assert set(rows.loc[eighty, "reference"]) == {NON_UNDERSERVED}
    assert set(rows.loc[eighty, "n_reference"]) == {40}
    assert set(rows.loc[~eighty, "reference"]) == {ALL}
    assert set(rows.loc[~eighty, "n_reference"]) == {112}
    refugee = rows[eighty & (rows["group"] == "refugee")].iloc[0]
    assert refugee["estimate"] == pytest.approx((13 / 30) / (25 / 40))


@pytest.mark.parametrize(
    ("group", "reasons"),
    [
        # Nobody in the group; nobody succeeded in it; nobody to compare with.
        ((0, 0, 9, 3), dict.fromkeys(Estimand, "empty_group")),
        (
            (8, 0, 9, 3),
            dict.fromkeys(
                (Estimand.PROPORTIONALITY_INDEX, Estimand.EIGHTY_PERCENT_INDEX), "no_successes"
            ),
        ),
        ((8, 2, 0, 0), {Estimand.EIGHTY_PERCENT_INDEX: "empty_reference"}),
    ],
)
def test_indices_that_do_not_exist_are_rows_with_a_reason(
    group: tuple[int, int, int, int], reasons: dict[Estimand, str]
) -> None:
    n, k, n0, k0 = group
    cells = flag_cells([(True, n, k), (False, n0, k0)], "refugee")
    rows = [row for row in impact_rows(cells, ["refugee"]) if row["group"] == "refugee"]
    assert len({row["estimand"] for row in rows}) == len(rows) == 5
    for row in rows:
        reason = reasons.get(Estimand(str(row["estimand"])))
        assert ("estimate" in row) == (reason is None)
        assert reason is None or reason in read_note(str(row["note"]))


def test_a_point_gap_stays_a_fraction() -> None:
    cells = flag_cells([(True, 1, 0), (False, 999, 999)], "refugee")
    rows = {(row["group"], row["estimand"]): row for row in impact_rows(cells, ["refugee"])}
    gap = rows["refugee", Estimand.POINT_GAP]
    assert gap["estimate"] == pytest.approx(-0.999)
    assert gap["ci_low"] == -1


def test_a_reason_keeps_its_detail() -> None:
    def refuse() -> Any:
        raise NotEstimableError("separation", "level[b]")

    row = row_or_reason(Estimand.RATE, "none", refuse)
    assert row == {"estimand": "rate", "method": "none", "note": "separation=level[b]"}
