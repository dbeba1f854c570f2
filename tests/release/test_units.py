"""Every estimand says in what unit it is shown."""

import pytest

from analysis.estimate.results import BOUNDED
from analysis.release.units import COARSE_DIGITS, FRACTIONS, FULL_DIGITS, UNITS, Unit
from analysis.vocabulary import Estimand


def test_every_estimand_has_a_unit() -> None:
    assert set(UNITS) == set(Estimand)


def test_every_unit_has_decimals() -> None:
    assert set(FULL_DIGITS) == set(COARSE_DIGITS) == set(Unit)


@pytest.mark.parametrize("estimand", sorted(BOUNDED))
def test_what_can_only_be_a_fraction_is_shown_as_one(estimand: Estimand) -> None:
    assert UNITS[estimand] in FRACTIONS


@pytest.mark.parametrize("estimand", [e for e in Estimand if "ratio" in e or "index" in e])
def test_ratios_are_no_fractions(estimand: Estimand) -> None:
    assert UNITS[estimand] is Unit.RATIO
