"""What others leave for a figure."""

import math
from collections.abc import Callable

import pytest

from analysis.audit.figures import Figure
from analysis.audit.implied import Implied, implied_for
from analysis.audit.model import build_model

Make = Callable[..., Figure]


def test_the_range_is_of_what_is_not_left_out(make: Make) -> None:
    half, most = make("share", "refugee", 50), make("students", "refugee", 70, "persons")
    model = build_model([half, most, make("students", "all", 100, "persons")])
    implied = implied_for(model, model.view(()), half.key, [half.key])
    assert (implied.low, implied.high) == pytest.approx((70, 70))
    assert implied.printable == 70
    free = implied_for(model, model.view(()), half.key, [half.key, most.key])
    assert (free.low, free.high) == pytest.approx((0, 100))
    assert free.printable == 50


def test_where_nothing_is_left_nothing_can_be_printed(make: Make) -> None:
    """Of nobody there is no share."""
    share = make("share", "refugee", 50)
    model = build_model([share, make("students", "all", 0, "persons")])
    implied = implied_for(model, model.view(()), share.key, [share.key])
    assert math.isnan(implied.low)
    assert implied.printable is None


@pytest.mark.parametrize(
    ("low", "high", "cut"), [(36.56, 36.56, True), (36.99, 40, True), (37.2, 40, False)]
)
def test_a_cut_figure_is_up_to_a_rounding_below_what_is_left(
    make: Make, low: float, high: float, cut: bool
) -> None:
    assert Implied(make("share", "all", 36), low, high, 37).is_cut is cut
    assert not Implied(make("share", "all", 36, relation="about"), low, high, 37).is_cut
