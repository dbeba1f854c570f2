"""An audit in words: numbers as they are printed, ranges in words, singular and plural."""

from collections.abc import Callable

import pytest

from analysis.audit.figures import Figure, Printed
from analysis.audit.findings import audit
from analysis.audit.identities import Assumption
from analysis.audit.implied import Implied
from analysis.audit.told import ASSUMPTIONS, left_words, tell

Make = Callable[..., Figure]


def _lines(*figures: Figure) -> list[str]:
    return list(tell(audit(Printed(figures))))


def test_a_figure_impossible_by_itself_is_told_so(make: Make) -> None:
    lines = _lines(make("share", "refugee", 130))
    assert "CONTRADICTION 1: this figure is impossible by itself." in lines
    assert "      the others leave at most 100.0%; resolved by 100%" in lines
    assert lines[-1] == "1 contradiction, 0 doubts, 0 notes."


def test_what_no_whole_number_resolves_is_told_so(make: Make) -> None:
    """Of 1,000 no whole number is 10.63%."""
    lines = _lines(
        make("students", "all", 1000, "persons"),
        make("students", "refugee", 103, "persons"),
        make("share", "refugee", 10.63, rounding=0.01),
    )
    (told,) = [line for line in lines if line.endswith("no other value would resolve it")]
    assert told.startswith("      the others leave 106.2 to 106.")


def test_figures_compared_with_nothing_are_listed(make: Make) -> None:
    lines = _lines(make("shares", "refugee", 3), make("share", "refugees", 4))
    assert lines[0] == "2 figures, 0 of them compared with others."
    listed = (
        "Compared with nothing, as no other figure speaks of it: shares refugee, share refugees."
    )
    assert listed in lines


def test_every_assumption_has_its_words() -> None:
    assert set(ASSUMPTIONS) == set(Assumption)


@pytest.mark.parametrize(
    ("figure", "low", "high", "words"),
    [
        (("share", "all", 68.0), 66.881, 66.881, "make it 66.9%; resolved by 67%"),
        (("share", "all", 36.0), 0.0, 32.5, "leave at most 32.5%; resolved by 32%"),
        (("share", "all", 36.0), 36.56, 36.56, "37%; right as it stands if it was cut"),
        (
            ("share", "all", 0.6, "percent", 0.1),
            0.67,
            1.07,
            "leave 0.67 to 1.07%; resolved by 0.7%",
        ),
        (
            ("students", "all", 10_915.0, "persons"),
            11_317.8,
            float("inf"),
            "at least 11,318 persons",
        ),
        (("students", "all", 10_915.0, "persons"), 10_656.9, 10_814.8, "10,657 to 10,814 persons"),
        (
            ("students", "all", 11_000.0, "persons", 1000, "more_than"),
            10_914.9999999,
            10_915.0,
            "make it 10,915 persons; resolved by more than 10,000 persons",
        ),
        (("growth", "all", 47.0), float("nan"), float("nan"), "leave no value for it"),
    ],
)
def test_what_the_others_leave_is_told_as_the_figure_is_printed(
    make: Make, figure: tuple[object, ...], low: float, high: float, words: str
) -> None:
    made = make(*figure)
    value = None if low != low else made.printable(low, high)
    assert words in left_words(Implied(made, low, high, value))


def test_what_is_proposed_is_told_with_the_doubts_that_stay(make: Make) -> None:
    both = (make("share", "non_underserved", 36), make("share", "job_seeker", 68))
    assert "  These values are jointly possible, and raise no doubt either." in _lines(*both)
    started = (make("applicants", "all", 100, "persons"), make("students", "all", 60, "persons"))
    lines = _lines(*both, *started, make("orientation_rate", "all", 50))
    place = lines.index(
        "  These values are jointly possible, and raise no doubt but on the assumption that"
    )
    assert lines[place + 1].strip() == f"{ASSUMPTIONS[Assumption.SAME_YEAR]}."
    assert lines[place + 2] == "  Whatever the values, doubt 1 stays."
