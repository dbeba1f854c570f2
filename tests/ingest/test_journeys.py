"""Journeys against a derivation in plain Python: cohorts, denominators, horizons."""

import datetime
from calendar import monthrange
from typing import Any

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.ingest.contract import AREAS, CONTRACT, EMPLOYMENT, PROTECTION
from analysis.ingest.derive import derive
from analysis.ingest.extract import ROW
from analysis.ingest.journeys import (
    COHORTS,
    SALARY_WAVE,
    count_steps,
    extract_date,
    journeys,
    months_until,
    plus_months,
)
from analysis.studies import load_study
from analysis.vocabulary import CATEGORIES, HORIZONS, KEPT

Date = datetime.date
Rows = list[dict[str, Any]]
AS_OF = Date(2023, 7, 31)
TYPES = {"date": "date", "int64": "int64", "boolean": "boolean", "float64": "float64"}
EXAMPLES = settings(max_examples=25, deadline=None)


def tables(**given: Rows) -> dict[str, Any]:
    """Tables of the contract with the columns and types that it says; what is not given is null."""
    made = {}
    for name, model in CONTRACT.items():
        columns = {
            column: TYPES.get(str(kind.dtype), "string")
            for column, kind in model.to_schema().columns.items()
        }
        rows = [
            {ROW: number, **dict.fromkeys(columns), **row}
            for number, row in enumerate(given.get(name, []), 2)
        ]
        schema = ibis.schema({ROW: "int64", **columns})
        frame = pd.DataFrame(rows, columns=[ROW, *columns], dtype=object)
        made[name] = ibis.memtable(frame, schema=schema)
    return made


def derived(as_of: Date = AS_OF, **given: Rows) -> dict[str, dict[str, Any]]:
    """Rows of the journeys by application."""
    rows = journeys(tables(**given), as_of).to_pyarrow().to_pylist()
    return {row["application"]: row for row in rows}


def application(name: str, person: str = "p", **more: Any) -> dict[str, Any]:
    row = {"application": name, "person": person, "path": "dev", "country": "FR"}
    return row | {"applied": Date(2022, 1, 10)} | more


STARTED = {"admitted": Date(2022, 2, 1), "started": Date(2022, 3, 1), "funding": "public"}


def test_each_step_of_admission_has_its_denominator() -> None:
    found = derived(
        applications=[
            application("a", "p1"),
            application("b", "p2", admitted=Date(2022, 2, 1)),
            application("c", "p3", **STARTED),
        ]
    )
    assert [found[name]["admitted"] for name in "abc"] == ["false", "true", "true"]
    assert [found[name]["started"] for name in "abc"] == [None, "false", "true"]
    assert [found[name]["oriented"] for name in "abc"] == ["false", "false", "true"]
    assert found["a"]["started_status"] == "not_admitted"
    assert found["a"]["applied_year"] == "2022"


def test_a_person_counts_once_a_year_with_the_application_that_came_furthest() -> None:
    found = derived(
        applications=[
            application("a", applied=Date(2022, 1, 1)),
            application("b", applied=Date(2022, 5, 1), admitted=Date(2022, 6, 1)),
            application("c", applied=Date(2022, 3, 1), **STARTED),
            application("d", applied=Date(2021, 3, 1)),
        ]
    )
    status = {name: row["oriented_status"] for name, row in found.items()}
    another = "another_application"
    assert status == {"a": another, "b": another, "c": KEPT, "d": KEPT}
    assert found["c"]["oriented"] == "true"
    assert found["d"]["oriented"] == "false"


@pytest.mark.parametrize(
    ("funding", "expected"),
    [("individual", "false"), ("public", "true"), ("employer", "true"), ("other", "true")],
)
def test_who_does_not_pay_alone_is_funded_by_others(funding: str, expected: str) -> None:
    found = derived(applications=[application("a", **STARTED | {"funding": funding})])
    assert found["a"]["third_party_funded"] == expected


def enrolment(name: str, expected: Date, graduated: Date | None = None) -> dict[str, Any]:
    return {
        "application": name,
        "expected_graduation": expected,
        "graduated": graduated,
        "projects": 1,
        "mentor_sessions": 1,
    }


def test_graduation_is_of_those_expected_by_the_day_of_the_extract() -> None:
    cases = {
        "a": enrolment("a", Date(2022, 12, 1), Date(2023, 2, 1)),
        "b": enrolment("b", Date(2022, 12, 1)),
        # Early graduates whose day has not come would make the rate one of successes only.
        "c": enrolment("c", Date(2023, 8, 1), Date(2023, 1, 1)),
        "d": enrolment("d", Date(2023, 7, 31)),
    }
    found = derived(
        applications=[application(name, f"p{name}", **STARTED) for name in "abcde"],
        enrolments=list(cases.values()),
    )
    assert [found[name]["graduated"] for name in "abcde"] == ["true", "false", None, "false", None]
    assert found["c"]["graduated_status"] == "not_yet_expected"
    assert found["e"]["graduated_status"] == "no_enrolment"
    assert found["a"]["expected_year"] == "2022"
    assert found["a"]["graduated_year"] == "2023"


def placement(
    graduated: Date, answered: bool, occurred: Date | None, as_of: Date = AS_OF
) -> tuple[str | None, str, str | None]:
    survey = {"application": "a", "wave": 6, "sent": graduated}
    outcome = {"person": "p", "kind": "job", "occurred": occurred, "source": "database"}
    found = derived(
        as_of,
        applications=[application("a", **STARTED)],
        enrolments=[enrolment("a", graduated, graduated)],
        surveys=[survey | {"answered": graduated if answered else None}],
        career_outcomes=[outcome] if occurred else [],
    )["a"]
    return found["placed_6"], found["placed_6_status"], found["answered_6"]


@pytest.mark.parametrize(
    ("occurred", "expected"),
    [
        (Date(2022, 8, 31), "true"),  # on the day of graduation
        (Date(2022, 8, 30), "false"),  # a job held before is no placement
        (Date(2023, 2, 28), "true"),  # six months after 31 August: the last day of February
        (Date(2023, 3, 1), "false"),
        (None, "false"),
    ],
)
def test_placement_counts_from_graduation_to_the_horizon(
    occurred: Date | None, expected: str
) -> None:
    assert placement(Date(2022, 8, 31), True, occurred) == (expected, KEPT, "true")


def test_an_outcome_known_from_elsewhere_makes_nobody_a_respondent() -> None:
    found = placement(Date(2022, 8, 31), False, Date(2022, 9, 15))
    assert found == (None, "no_answer", "false")


def test_who_graduated_less_than_the_horizon_ago_is_in_no_denominator() -> None:
    """Even if placed and answering already: only successes could be known by then."""
    graduated = Date(2023, 2, 1)
    ahead = (None, "horizon_ahead", None)
    assert placement(graduated, True, Date(2023, 2, 2), Date(2023, 7, 31)) == ahead
    assert placement(graduated, True, Date(2023, 2, 2), Date(2023, 8, 1))[0] == "true"


GRADUATED = Date(2022, 1, 31)


def followed(
    occurred: Date | None, *answered: int, graduated: Date = GRADUATED
) -> tuple[str | None, str | None, str]:
    """Placement, months and status of a graduate who answered these waves."""
    outcome = {"person": "p", "kind": "job", "occurred": occurred, "source": "database"}
    found = derived(
        applications=[application("a", **STARTED)],
        enrolments=[enrolment("a", graduated, graduated)],
        surveys=[
            {"application": "a", "wave": h, "sent": graduated, "answered": graduated}
            for h in answered
        ],
        career_outcomes=[outcome] if occurred else [],
    )["a"]
    return found["placed"], found["months_followed"], found["placed_status"]


@pytest.mark.parametrize(
    ("occurred", "answered", "placed", "months"),
    [
        (Date(2022, 1, 31), [6], "true", "0"),  # on the day of graduation
        (Date(2022, 2, 1), [6], "true", "1"),
        (Date(2022, 2, 28), [6], "true", "1"),  # a month after 31 January
        (Date(2022, 3, 1), [6], "true", "2"),
        (Date(2022, 7, 31), [6], "true", "6"),
        (Date(2022, 8, 1), [6], "false", "6"),  # known from elsewhere, after the last answer
        (Date(2022, 8, 1), [6, 12], "true", "7"),
        (Date(2022, 3, 1), [12], "true", "2"),
        (None, [6], "false", "6"),
        (None, [6, 12], "false", "12"),
        (None, [12], "false", "12"),
        (None, [6, 24], "false", "6"),  # the horizon of 24 months lies ahead
        (Date(2021, 12, 1), [6], "false", "6"),  # a job held before is no placement
    ],
)
def test_graduates_are_followed_to_the_last_wave_that_they_answered(
    occurred: Date | None, answered: list[int], placed: str, months: str
) -> None:
    assert followed(occurred, *answered) == (placed, months, KEPT)


@pytest.mark.parametrize(
    ("answered", "graduated", "reason"),
    [
        ([], GRADUATED, "no_answer"),
        ([24], GRADUATED, "no_answer"),
        ([6], Date(2023, 2, 1), "horizon_ahead"),
    ],
)
def test_who_told_nothing_that_is_due_is_not_followed(
    answered: list[int], graduated: Date, reason: str
) -> None:
    found = followed(Date(2023, 2, 2), *answered, graduated=graduated)
    assert found == (None, None, reason)


def test_the_processed_table_has_months_as_numbers() -> None:
    study, day = load_study("openclassrooms"), Date(2022, 1, 31)
    made = tables(
        applications=[application("a", "p1", **STARTED), application("b", "p2")],
        enrolments=[enrolment("a", day, day)],
        surveys=[{"application": "a", "wave": 12, "sent": day, "answered": day}],
    )
    table = derive({study.rows: journeys(made, AS_OF)}, study)
    table = table.select("placed", "months_placed", "cohort_placed")
    assert table.to_pyarrow().to_pylist() == [
        {"placed": False, "months_placed": 12, "cohort_placed": "2022"},
        {"placed": None, "months_placed": None, "cohort_placed": None},
    ]


PAID = {"salary_before": 20_000.0, "salary_after": 26_500.5}


@pytest.mark.parametrize(
    ("wave", "told", "occurred", "gain"),
    [
        (6, PAID, Date(2022, 3, 1), 6500.5),
        (6, PAID | {"salary_after": 18_000.0}, Date(2022, 3, 1), -2000.0),
        (6, PAID | {"salary_before": 0.0}, Date(2022, 3, 1), 26_500.5),
        (6, {"salary_after": 26_500.5}, Date(2022, 3, 1), None),  # told one of both only
        (6, {"salary_before": 20_000.0}, Date(2022, 3, 1), None),
        (6, PAID, Date(2022, 8, 1), None),  # placed after the horizon
        (6, PAID, None, None),
        (12, PAID, Date(2022, 3, 1), None),  # another wave
    ],
)
def test_salaries_are_of_the_placed_who_told_both_at_six_months(
    wave: int, told: dict[str, float], occurred: Date | None, gain: float | None
) -> None:
    study = load_study("openclassrooms")
    outcome = {"person": "p1", "kind": "job", "occurred": occurred, "source": "database"}
    answers = [{"application": "a", "wave": wave, "sent": GRADUATED, "answered": GRADUATED} | told]
    if wave != SALARY_WAVE:
        answers.append({"application": "a", "wave": 6, "sent": GRADUATED, "answered": GRADUATED})
    made = tables(
        applications=[application("a", "p1", **STARTED), application("b", "p2")],
        enrolments=[enrolment("a", GRADUATED, GRADUATED)],
        surveys=answers,
        career_outcomes=[outcome] if occurred else [],
    )
    table = derive({study.rows: journeys(made, AS_OF)}, study).select(
        *study.amounts, "cohort_salary_gain"
    )
    first, second = table.to_pyarrow().to_pylist()
    expected = (
        (told["salary_before"], told["salary_after"], gain) if gain is not None else [None] * 3
    )
    assert [first[name] for name in study.amounts] == list(expected)
    assert first["cohort_salary_gain"] == "2022"
    assert set(second.values()) == {None}


@EXAMPLES
@given(start=st.dates(Date(1990, 1, 1), Date(2040, 1, 1)), days=st.integers(0, 4000))
def test_months_until_a_day_are_the_least_that_reach_it(start: Date, days: int) -> None:
    day = start + datetime.timedelta(days)
    first = ibis.literal(start)
    months = months_until(first, ibis.literal(day)).to_pyarrow().as_py()
    assert plus_months(first, months).to_pyarrow().as_py() >= day
    assert months == 0 or plus_months(first, months - 1).to_pyarrow().as_py() < day


def test_areas_are_those_of_countries_that_define_them() -> None:
    found = derived(
        applications=[
            application("a", "p1", country="BE", area_class=None),
            application("b", "p2", country="FR", area_class=None),
            application("c", "p3", country="GB", area_class="uk_low_income"),
        ]
    )
    assert [found[name]["area_class"] for name in "abc"] == ["none", None, "uk_low_income"]
    assert [found[name]["country"] for name in "abc"] == ["other", "FR", "GB"]


def test_age_is_that_of_the_year_of_application() -> None:
    found = derived(applications=[application("a", birth_year=1990)])
    assert found["a"]["age"] == "32"


def test_the_day_of_an_extract_is_the_last_on_which_something_happened() -> None:
    made = tables(
        applications=[application("a", **STARTED)],
        enrolments=[enrolment("a", Date(2030, 1, 1))],
        surveys=[{"application": "a", "wave": 6, "sent": Date(2022, 5, 1)}],
    )
    assert extract_date(made) == Date(2022, 5, 1)


@EXAMPLES
@given(day=st.dates(Date(1990, 1, 1), Date(2040, 1, 1)), months=st.sampled_from(HORIZONS))
def test_months_later_is_the_same_day_or_the_last_of_the_month(day: Date, months: int) -> None:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = monthrange(year, month + 1)[1]
    expected = Date(year, month + 1, min(day.day, last))
    assert plus_months(ibis.literal(day), months).to_pyarrow().as_py() == expected


DAYS = st.dates(Date(2020, 1, 1), Date(2023, 7, 31))


@st.composite
def histories(draw: Any) -> tuple[Rows, Rows]:
    """Applications of few persons, in order, and their enrolments."""
    applied, enrolled = [], []
    for number in range(draw(st.integers(1, 8))):
        days = sorted(draw(st.lists(DAYS, min_size=5, max_size=5)))
        reached = draw(st.integers(0, 4))
        name = f"a{number}"
        row = application(name, draw(st.sampled_from("pq")), applied=days[0])
        row |= {"admitted": days[1] if reached > 0 else None}
        row |= {"started": days[2] if reached > 1 else None, "funding": "public"}
        applied.append(row)
        if reached > 1:
            enrolled.append(enrolment(name, days[3], days[4] if reached > 3 else None))
    return applied, enrolled


@EXAMPLES
@given(history=histories())
def test_cohorts_are_those_of_a_count_by_hand(history: tuple[Rows, Rows]) -> None:
    applied, enrolled = history
    found = derived(applications=applied, enrolments=enrolled)
    kept = {
        name: [row for row in found.values() if row[f"{name}_status"] == KEPT] for name in COHORTS
    }
    ends = {row["application"]: row for row in enrolled}
    for person in "pq":
        own = [row for row in applied if row["person"] == person]
        years: dict[str, set[int]] = {
            "oriented": {row["applied"].year for row in own},
            "third_party_funded": {row["started"].year for row in own if row["started"]},
            "graduated": {
                ends[row["application"]]["expected_graduation"].year
                for row in own
                if row["application"] in ends
            },
        }
        for name, expected in years.items():
            mine = [row for row in kept[name] if row["person"] == person]
            assert sorted(row[COHORTS[name]] for row in mine) == sorted(map(str, expected))
        for row in kept["oriented"]:
            if row["person"] == person:
                same = [r for r in own if str(r["applied"].year) == row["applied_year"]]
                assert row["oriented"] == str(any(r["started"] for r in same)).lower()
        for row in kept["graduated"]:
            if row["person"] == person:
                same = [
                    ends[r["application"]]
                    for r in own
                    if r["application"] in ends
                    and str(ends[r["application"]]["expected_graduation"].year)
                    == row["expected_year"]
                ]
                assert row["graduated"] == str(any(r["graduated"] for r in same)).lower()


def test_steps_count_every_row_of_every_outcome() -> None:
    rows = journeys(
        tables(applications=[application("a", "p1", **STARTED), application("b", "p2")]), AS_OF
    )
    steps = count_steps(rows)
    for name in COHORTS:
        own = [step for step in steps if step["outcome"] == name]
        assert sum(int(step["rows"] or 0) for step in own) == 2
    assert {"outcome": "oriented", "year": "2022", "status": KEPT, "rows": 2} in steps


# ---- The five categories ------------------------------------------------------------------------


def flags(persons: Rows, study: str = "openclassrooms") -> list[dict[str, bool | None]]:
    """Membership of each person in each category, as the study says."""
    rows = [application(f"a{i}", f"p{i}", **person) for i, person in enumerate(persons)]
    loaded = load_study(study)
    table = derive({loaded.rows: journeys(tables(applications=rows), AS_OF)}, loaded)
    found: list[dict[str, bool | None]] = table.select(*CATEGORIES).to_pyarrow().to_pylist()
    return found


@pytest.mark.parametrize(
    ("study", "person", "category", "member"),
    [
        ("openclassrooms", {"eqf_level": 4}, "low_qualification", True),
        ("openclassrooms", {"eqf_level": 5}, "low_qualification", False),
        ("openclassrooms", {"eqf_level": 0}, "low_qualification", True),
        ("openclassrooms", {"eqf_level": None}, "low_qualification", None),
        ("openclassrooms", {"employment_status": "inactive"}, "job_seeker", False),
        ("openclassrooms", {"disability": None}, "disability", None),
        ("openclassrooms", {"area_class": "qpv"}, "underserved_area", True),
        ("openclassrooms", {"area_class": "zrr"}, "underserved_area", False),
        ("openclassrooms+zrr", {"area_class": "zrr"}, "underserved_area", True),
        ("openclassrooms", {"area_class": None}, "underserved_area", None),
        ("openclassrooms", {"area_class": None, "country": "SN"}, "underserved_area", False),
        (
            "openclassrooms",
            {"area_class": "us_low_income", "country": "US"},
            "underserved_area",
            True,
        ),
        ("openclassrooms", {"protection_status": "migrant"}, "refugee", True),
        ("openclassrooms+statutory_refugees", {"protection_status": "migrant"}, "refugee", False),
        (
            "openclassrooms+zrr+statutory_refugees",
            {"protection_status": "refugee"},
            "refugee",
            True,
        ),
    ],
)
def test_a_category_is_that_of_its_definition(
    study: str, person: dict[str, Any], category: str, member: bool | None
) -> None:
    assert flags([person], study)[0][category] is member


def _by_hand(person: dict[str, Any]) -> dict[str, bool | None]:
    def known(value: Any, member: bool) -> bool | None:
        return None if value is None else member

    area, country = person["area_class"], person["country"]
    status, protection = person["employment_status"], person["protection_status"]
    in_area = {"FR": "qpv", "GB": "uk_low_income", "US": "us_low_income"}.get(country)
    return {
        "job_seeker": known(status, status == "job_seeker"),
        "low_qualification": known(person["eqf_level"], (person["eqf_level"] or 0) <= 4),
        "disability": person["disability"],
        "refugee": known(protection, protection != "none"),
        "underserved_area": known(area, area == in_area) if in_area else False,
    }


def _areas(country: str) -> list[str | None]:
    return [None, "none", *(name for name, home in AREAS.items() if home == country)]


@EXAMPLES
@given(
    persons=st.lists(
        st.sampled_from(["FR", "GB", "US", "BE", "SN"]).flatmap(
            lambda country: st.fixed_dictionaries(
                {
                    "country": st.just(country),
                    "area_class": st.sampled_from(_areas(country)),
                    "eqf_level": st.none() | st.integers(0, 8),
                    "employment_status": st.sampled_from([None, *EMPLOYMENT]),
                    "protection_status": st.sampled_from([None, *PROTECTION]),
                    "disability": st.sampled_from([None, True, False]),
                }
            )
        ),
        min_size=1,
        max_size=30,
    )
)
def test_categories_are_those_of_a_count_by_hand(persons: Rows) -> None:
    assert flags(persons) == [_by_hand(person) for person in persons]
