"""What the simulation study counts, and what it says of it."""

import numpy as np
import pytest

from validation.coverage import count
from validation.report import misses, write_report
from validation.scenarios import (
    BORDER,
    LOOSE,
    PRODUCT,
    STRICT,
    UNKNOWN,
    Bar,
    Scenario,
    bar_for,
    reason,
)

NUMBERS = np.array([[0.2, 0.1, 0.3], [0.4, 0.35, 0.5], [np.nan] * 3, [0.3, np.nan, np.nan]])


def scenario(column: str = "600 against 600", bar: Bar | None = STRICT) -> Scenario:
    return Scenario("Gaps", column, {"gap": 0.2}, lambda random: [], 4, {"gap": bar})


def test_what_has_no_interval_counts_for_bias_only() -> None:
    found = count(0.2, NUMBERS)
    assert found.coverage == 0.5
    assert found.coverage_error == pytest.approx(np.sqrt(0.25 / 2))
    assert (found.intervals, found.samples) == (2, 4)
    assert found.bias == pytest.approx(0.1)
    assert found.bias_error == pytest.approx(0.1 / np.sqrt(3))


def test_nothing_found_is_no_coverage() -> None:
    found = count(0.2, np.full((3, 3), np.nan))
    assert np.isnan([found.coverage, found.bias]).all()
    assert found.intervals == 0


@pytest.mark.parametrize(
    ("share", "error", "holds"),
    [(0.95, 0.0, True), (0.93, 0.0, False), (0.93, 0.003, True), (0.97, 0.002, False)],
)
def test_a_bar_is_allowed_two_monte_carlo_errors(share: float, error: float, holds: bool) -> None:
    assert STRICT.holds(share, error) is holds


def test_bars_go_by_the_smaller_side() -> None:
    assert [bar_for(persons) for persons in (600, 599, 66, 65)] == [STRICT, LOOSE, LOOSE, None]


def test_the_report_marks_what_misses_and_says_why() -> None:
    found = count(0.2, np.tile(NUMBERS, (40, 1)))
    seen = [(scenario(), {"gap": found})]
    assert [name for _, name, _ in misses(seen)] == ["gap"]
    text = write_report(seen, 90.0)
    assert "| gap | 50.0 ± 5.6 (rare: 50%) **✗** |" in text
    assert f"0 of 1 coverages with a bar hold it. These miss:\n\n{UNKNOWN}" in text
    held = [(scenario(bar=Bar(0.4)), {"gap": found})]
    assert not list(misses(held))
    assert "All 1 coverages with a bar hold it." in write_report(held, 90.0)


def test_reasons_are_those_of_the_interval() -> None:
    assert reason(scenario(), "explained, kitagawa") == PRODUCT
    assert reason(scenario(), "unexplained, kitagawa") == UNKNOWN
    assert reason(scenario("effects of 0"), "variance partition, additive") == BORDER
