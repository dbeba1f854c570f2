"""What is true is never called impossible, and what is moved beyond its rounding is found."""

import math
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.audit.figures import Printed
from analysis.audit.findings import audit
from analysis.audit.model import build_model

Report = Callable[..., Printed]
SEEDS = st.integers(0, 2**32)


@pytest.mark.parametrize("seed", range(40))
def test_a_true_report_is_not_contradicted(report: Report, seed: int) -> None:
    found = audit(report(seed))
    assert found.conflicts == ()
    assert found.complete
    assert len(found.alone) < len(found.figures) / 10


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_a_thousand_true_reports_are_not_contradicted(report: Report, block: int) -> None:
    for seed in range(1000 + 100 * block, 1100 + 100 * block):
        assert audit(report(seed)).conflicts == (), seed


@pytest.mark.parametrize("seed", range(10))
def test_what_only_breaks_an_assumption_is_no_contradiction(report: Report, seed: int) -> None:
    """Some are of unknown status, and others than the students graduate and answer."""
    assert audit(report(seed, known=False, alike=False), limit=5).contradictions == ()


@settings(max_examples=10, deadline=None, derandomize=True)
@given(seed=SEEDS)
def test_a_figure_moved_beyond_what_the_others_leave_is_found(report: Report, seed: int) -> None:
    printed = report(seed)
    rng = random.Random(seed)
    model = build_model(printed.figures)
    figure = rng.choice([one for one in printed.figures if one not in model.alone])
    low, high = model.view().range(model.quantities[figure.key][0], [figure.key])
    below, above = figure.room
    steps = [math.floor((low - above) / figure.rounding) - 1]
    steps += [] if math.isinf(high) else [math.ceil((high - below) / figure.rounding) + 1]
    values = [step * figure.rounding for step in steps if step >= 0 and not math.isinf(above)]
    if not values:
        return
    moved = replace(figure, value=round(rng.choice(values), 9))
    others = [one for one in printed.figures if one is not figure]
    found = audit(Printed((*others, moved)), limit=20)
    assert any(moved in conflict.figures for conflict in found.conflicts)
