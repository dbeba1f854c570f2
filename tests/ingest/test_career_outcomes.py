"""The 12-month rule against a count by hand, and what a person was by then."""

import datetime
from calendar import monthrange
from typing import Any

import ibis
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.ingest.career_outcomes import MONTHS_BETWEEN, count_outcomes, counted_outcomes
from analysis.vocabulary import CAREER_OUTCOMES

Date = datetime.date
Event = tuple[str, str, Date]
EVENTS = st.lists(
    st.tuples(
        st.sampled_from("pqr"),
        st.sampled_from(list(CAREER_OUTCOMES)),
        st.dates(Date(2019, 11, 1), Date(2024, 3, 31)),
    ),
    min_size=1,
    max_size=25,
    unique=True,
)


def _table(events: list[Event]) -> Any:
    frame = pd.DataFrame(events, columns=["person", "kind", "occurred"])
    schema = {"person": "string", "kind": "string", "occurred": "date"}
    return ibis.memtable(frame, schema=ibis.schema(schema))


def _a_year_later(day: Date) -> Date:
    year = day.year + MONTHS_BETWEEN // 12
    return Date(year, day.month, min(day.day, monthrange(year, day.month)[1]))


def _by_hand(events: list[Event]) -> set[Event]:
    order = list(CAREER_OUTCOMES)
    last: dict[str, Date] = {}
    counted = set()
    for event in sorted(events, key=lambda e: (e[2], order.index(e[1]))):
        person, _, occurred = event
        if person not in last or occurred >= _a_year_later(last[person]):
            counted.add(event)
            last[person] = occurred
    return counted


@settings(max_examples=60, deadline=None)
@given(events=EVENTS)
def test_the_rule_is_that_of_a_count_by_hand(events: list[Event]) -> None:
    found = counted_outcomes(_table(events)).to_pyarrow().to_pylist()
    assert {(row["person"], row["kind"], row["occurred"]) for row in found} == _by_hand(events)
    assert len(found) == len(_by_hand(events))


def test_twelve_months_are_enough_and_a_day_less_is_not() -> None:
    first = ("p", "job", Date(2021, 3, 15))
    for occurred, counts in ((Date(2022, 3, 14), 1), (Date(2022, 3, 15), 2)):
        events = [first, ("p", "business", occurred)]
        assert len(counted_outcomes(_table(events)).to_pyarrow()) == counts


def test_a_chain_of_outcomes_counts_from_the_last_that_counted() -> None:
    """Every ten months: the second is too early, the third is twenty months after the first."""
    days = [Date(2020, 1, 1), Date(2020, 11, 1), Date(2021, 9, 1), Date(2022, 7, 1)]
    found = counted_outcomes(_table([("p", "job", day) for day in days])).to_pyarrow().to_pylist()
    assert sorted(row["occurred"] for row in found) == [days[0], days[2]]


def test_what_a_person_was_is_what_it_was_by_then() -> None:
    applications = pd.DataFrame(
        [
            ("p", Date(2021, 5, 1), "public"),
            ("p", Date(2022, 5, 1), "apprenticeship"),
            ("q", None, None),
        ],
        columns=["person", "started", "funding"],
    )
    schema = {"person": "string", "started": "date", "funding": "string"}
    events = [
        ("p", "job", Date(2021, 4, 30)),
        ("p", "job", Date(2022, 4, 30)),
        ("p", "internship", Date(2022, 6, 1)),
        ("p", "job", Date(2023, 6, 1)),
        ("q", "job", Date(2022, 6, 1)),
    ]
    tables = {
        "applications": ibis.memtable(applications, schema=ibis.schema(schema)),
        "career_outcomes": _table(events),
    }
    found = count_outcomes(tables)
    rows = found[["year", "kind", "learner", "counted", "reported"]].to_numpy().tolist()
    assert rows == [
        [2021, "job", "free", 1, 1],
        [2022, "internship", "apprentice", 0, 1],
        [2022, "job", "free", 1, 1],
        [2022, "job", "path", 1, 1],
        [2023, "job", "apprentice", 1, 1],
    ]
