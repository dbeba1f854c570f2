"""Measures in words: unit, sign, interval, digits and mark, in both languages."""

import pandas as pd
import pytest

from analysis.estimate.results import write_note
from analysis.figures.amounts import amount, amount_with_interval, row_amount
from analysis.impact.measures import MeasureUnit, measure_table

NARROW, SPACE = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"


def row(**values: object) -> pd.Series:
    """A row of measures."""
    return measure_table([{"measure": "gain", "unit": "EUR", **values}]).iloc[0]


@pytest.mark.parametrize(
    ("value", "unit", "digits", "english", "french"),
    [
        (1_234_567.0, "EUR", -4, "€1,230,000", f"1{NARROW}230{NARROW}000{SPACE}€"),
        (-1_234.5, "EUR", 0, "−€1,234", f"−1{NARROW}234{SPACE}€"),
        (-0.4, "EUR", 0, "€0", f"0{SPACE}€"),
        (12.5, "USD", 2, "$12.50", f"12,50{SPACE}$"),
        (0.826, "kg CO2e", 2, f"0.83{SPACE}kg{SPACE}CO₂e", f"0,83{SPACE}kg{SPACE}CO₂e"),
        (349.28, "t CO2e", 1, f"349.3{SPACE}t{SPACE}CO₂e", f"349,3{SPACE}t{SPACE}CO₂e"),
        (243.4, "EUR a t CO2e", 0, f"€243 per t{SPACE}CO₂e", f"243{SPACE}€ par t{SPACE}CO₂e"),
        (0.6, "share", 0, "60%", f"60{SPACE}%"),
        (0.4832, "share", 1, "48.3%", f"48,3{SPACE}%"),
        (0.4832, "share", -1, "50%", f"50{SPACE}%"),
        (-0.0212, "share", 1, "−2.1%", f"−2,1{SPACE}%"),
        (10_915.0, "persons", 0, "10,915", f"10{NARROW}915"),
        (30.4, "ratio", 1, "30.4", "30,4"),
    ],
)
def test_amounts(value: float, unit: str, digits: int, english: str, french: str) -> None:
    assert amount(value, unit, "en", digits) == english
    assert amount(value, unit, "fr", digits) == french


@pytest.mark.parametrize("unit", MeasureUnit)
def test_every_unit_is_told_in_both_languages(unit: MeasureUnit) -> None:
    for language in ("en", "fr"):
        assert "7" in amount(7, unit, language, 0)


def test_a_plus_sign_is_written_where_asked_for_and_never_before_nothing() -> None:
    assert amount(3, "EUR", "en", 0, signed=True) == "+€3"
    assert amount(0.2, "EUR", "en", 0, signed=True) == "€0"


def test_an_interval_has_the_digits_of_its_estimate() -> None:
    shown = row(estimate=7_796.3, ci_low=5_524.6, ci_high=11_030.9)
    assert amount_with_interval(shown, "en") == f"€7,800 (€5,500{SPACE}to{SPACE}€11,000)"


def test_what_rests_on_no_source_says_so() -> None:
    shown = row(estimate=4.0, illustrative=True)
    assert amount_with_interval(shown, "en") == "€4 (ILLUSTRATIVE)"
    assert amount_with_interval(shown, "fr").endswith("(ILLUSTRATIF)")


def test_a_missing_value_is_a_dash_and_a_hidden_one_says_so() -> None:
    missing = row(note=write_note(no_budget=True), illustrative=True)
    assert amount_with_interval(missing, "en") == row_amount(missing, "en") == "–"
    hidden = row(note=write_note(hidden="small"))
    assert amount_with_interval(hidden, "fr") == "non montré"
