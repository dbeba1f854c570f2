"""Minimal detectable gaps and power: values of R, simulation, and what they must not depend on."""

import json
from pathlib import Path
from typing import Any

import export_data
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.estimate.options import GapOptions
from analysis.estimate.regressions import Regression, regress
from analysis.estimate.results import read_note
from analysis.estimate.small.power import minimal_detectable_gap, power_against, power_rows
from analysis.vocabulary import Estimand

REFERENCE = Path(__file__).parents[2] / "reference" / "small_groups.json"
MARGIN = 0.05
ERRORS = st.floats(0.001, 0.5)
EXAMPLES = settings(max_examples=30, deadline=None)


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    values: dict[str, Any] = json.loads(REFERENCE.read_text())
    return values


def small(count: Any) -> Regression:
    held = ["male", "married", "dep", "sch"]
    rows = export_data.loanapp_frame().query("chist == 0 and pubrec == 1")
    cells = count(rows.astype(dict.fromkeys(held, "category") | {"group": bool}), ["group", *held])
    return regress(cells, "logit", ["group"], held, GapOptions(errors="hc1"))


def clustered(count: Any, clusters: int = 99) -> Regression:
    held, cluster = ["rate_marriage", "age"], "cluster_occupations"
    rows = export_data.fair_frame().query("religious == 4 and age >= 32")
    rows = rows.astype(dict.fromkeys(held, "category") | {"group": bool})
    cells = count(rows.assign(**{cluster: rows[cluster] % clusters}), ["group", *held, cluster])
    return regress(cells, "logit", ["group"], held, GapOptions(), cluster)


def found(regression: Regression) -> dict[Any, dict[str, Any]]:
    return {row["estimand"]: row for row in power_rows(regression, "group", MARGIN)}


@pytest.mark.parametrize("make", [small, clustered], ids=["small", "clustered"])
def test_values_of_r(make: Any, reference: dict[str, Any], count: Any) -> None:
    theirs, rows = reference["detectable"][make.__name__], found(make(count))
    for estimand in (Estimand.MINIMAL_DETECTABLE_GAP, Estimand.POWER):
        assert rows[estimand]["estimate"] == pytest.approx(theirs[estimand.value], rel=1e-6)
    assert rows[Estimand.POWER]["term"] == "0.05"


def test_near_power_prop_test(reference: dict[str, Any]) -> None:
    """R's test pools both sides under the null, so the two differ a little."""
    theirs = reference["two_proportions"]
    n, (one, two) = theirs["n"], theirs["rates"]
    error = np.sqrt((one * (1 - one) + two * (1 - two)) / n)
    assert power_against(two - one, error) == pytest.approx(theirs["power"], abs=2e-3)
    gap = theirs["detectable_rate"] - one
    assert minimal_detectable_gap(error) == pytest.approx(gap, rel=5e-3)


def test_known_multipliers() -> None:
    """Bloom (1995): 2.8 errors at 80% power, two-sided 5%; more with few degrees of freedom."""
    assert minimal_detectable_gap(1.0) == pytest.approx(2.801585, rel=1e-6)
    assert minimal_detectable_gap(1.0, freedom=9) == pytest.approx(2.262157 + 0.883404, rel=1e-6)


@EXAMPLES
@given(ERRORS, st.sampled_from([9.0, 21.0, np.inf]), st.floats(0.9, 0.99), st.floats(0.7, 0.95))
def test_the_detectable_gap_is_detected(
    error: float, freedom: float, confidence: float, power: float
) -> None:
    gap = minimal_detectable_gap(error, confidence, freedom, power)
    assert power_against(gap, error, confidence, freedom) == pytest.approx(power, abs=6e-3)


@EXAMPLES
@given(ERRORS, ERRORS, st.floats(0.001, 0.4))
def test_power_grows_with_the_gap_and_falls_with_the_error(a: float, b: float, gap: float) -> None:
    small_error, large_error = sorted([a, b])
    assert power_against(gap, small_error) >= power_against(gap, large_error) - 1e-12
    assert power_against(2 * gap, a) >= power_against(gap, a) - 1e-12
    assert power_against(gap, a) == power_against(-gap, a)
    assert power_against(0.0, a) == pytest.approx(0.05)


def test_power_is_how_often_the_test_finds_it() -> None:
    error, draws = 0.04, 100_000
    seen = np.random.default_rng(6).normal(0.1, error, draws)
    share = (np.abs(seen) / error > 1.959964).mean()
    assert power_against(0.1, error) == pytest.approx(share, abs=4 * 0.5 / np.sqrt(draws))


def test_it_rests_on_no_gap_that_was_found(count: Any) -> None:
    """Power at the estimate would be the p-value once more (Hoenig and Heisey 2001)."""
    regression = small(count)
    row = regression.row("group")
    observed = power_against(float(row["estimate"]), float(row["std_error"]))  # type: ignore[arg-type]
    assert found(regression)[Estimand.POWER]["estimate"] < observed


def test_four_times_the_persons_halve_the_detectable_gap() -> None:
    cells = pd.DataFrame({"group": [True, False], "n": [60, 90], "successes": [20, 41]})
    gaps = []
    for times in (1, 4):
        more = cells.assign(n=cells["n"] * times, successes=cells["successes"] * times)
        regression = regress(more, "logit", ["group"], [], GapOptions(errors="hc0"))
        gaps.append(found(regression)[Estimand.MINIMAL_DETECTABLE_GAP]["estimate"])
    assert gaps[0] == pytest.approx(2 * gaps[1], rel=1e-9)


def test_reasons(count: Any) -> None:
    cells = pd.DataFrame({"group": [True, False], "n": [12, 90], "successes": [0, 41]})
    separated = regress(cells, "logit", ["group"], [], GapOptions())
    few = clustered(count, clusters=9)
    for regression, reason in ((separated, "separation"), (few, "few_clusters")):
        for row in found(regression).values():
            assert np.isnan(row["estimate"])
            assert reason in read_note(row["note"])
