"""A row an application: how far the person came, counted in which year, and why not if left out.

Each rate has a denominator of its own, and so a cohort of its own (design: a period view): who
applied, who started, who was expected to graduate, who graduated in the year. A person counts once
in each cohort, with the application that came furthest.
"""

import datetime
from collections.abc import Mapping, Sequence
from typing import Final

import ibis
from ibis import ir

from analysis.engines.dialect import by_code_point
from analysis.ingest.contract import AREAS
from analysis.ingest.extract import ROW
from analysis.vocabulary import HORIZONS, KEPT

Tables = Mapping[str, ir.Table]
Reason = tuple[ir.BooleanValue, str]

EVENTS: Final = {
    "learners": ("first_seen", "registered"),
    "applications": ("applied", "admitted", "started"),
    "enrolments": ("graduated", "withdrawn"),
    "surveys": ("sent", "answered"),
    "career_outcomes": ("reported",),
}
"""What has happened by the day of the extract; an expected graduation has not."""

COUNTRIES_WITH_AREAS: Final = sorted({country for country in AREAS.values() if country})
OTHER_COUNTRY: Final = "other"
SELF_PAID: Final = "individual"
SALARY_WAVE: Final = HORIZONS[0]
"""The wave whose salaries are compared with those before the path."""

COHORTS: Final = {
    "admitted": "applied_year",
    "started": "applied_year",
    "oriented": "applied_year",
    "third_party_funded": "started_year",
    "graduated": "expected_year",
    **{f"{name}_{h}": "graduated_year" for h in HORIZONS for name in ("answered", "placed")},
    "placed": "graduated_year",
}
"""The outcomes of a journey, each with the column that tells its cohort."""


def extract_date(tables: Tables) -> datetime.date | None:
    """The day of an extract: the last day on which anything in it happened; None if nothing has."""
    latest: list[datetime.date | None] = [
        day
        for name, columns in EVENTS.items()
        for day in tables[name]
        .aggregate(**{column: tables[name][column].max() for column in columns})
        .to_pyarrow()
        .to_pylist()[0]
        .values()
    ]
    return max((day for day in latest if day is not None), default=None)


def plus_months(day: ir.DateValue, months: int) -> ir.DateValue:
    """The same day so many months later, or the last of that month if it has no such day."""
    return (day + ibis.interval(months=months)).cast("date")


def months_until(start: ir.DateValue, day: ir.DateValue) -> ir.IntegerValue:
    """The least number of months after which `plus_months` comes to a day or beyond it."""
    months = 12 * (day.year() - start.year()) + day.month() - start.month()
    # Where the month of `day` lacks the day of `start`, its last day is never before `day`.
    return months + ibis.ifelse(start.day() < day.day(), 1, 0)


def journeys(tables: Tables, as_of: datetime.date) -> ir.Table:
    """Derive the journeys of an extract, lazily.

    Parameters
    ----------
    tables
        The tables of the contract, typed.
    as_of
        The day of the extract; what lies ahead of it is in no denominator.

    Returns
    -------
    ibis Table
        A row an application, in text: `application`, `person`, the years of the cohorts, for each
        outcome of `COHORTS` its value (null outside the denominator) and its `<outcome>_status`
        (`kept`, or why it is left out), the months until the first career outcome or for which
        none is known, the salaries told, and what is known of the person at application.
    """
    rows = _placements(_enrolled(tables), tables)
    rows = rows.mutate(
        applied_year=rows.applied.year(),
        started_year=rows.started.year(),
        expected_year=rows.expected_graduation.year(),
        graduated_year=rows.graduated.year(),
    )
    rows = rows.mutate(**_turns(rows))
    columns: dict[str, ir.Value] = {
        "application": rows.application,
        "person": rows.person,
        **{column: rows[column] for column in dict.fromkeys(COHORTS.values())},
        **_admission(rows),
        **_funding(rows),
        **_graduation(rows, as_of),
        **{name: part for h in HORIZONS for name, part in _placement(rows, h, as_of).items()},
        **_time_to_placement(rows, as_of),
        **_salaries(rows),
        **_status_of_person(rows),
    }
    texts = {name: value.cast("string") for name, value in columns.items()}
    return rows.select(**texts, **{ROW: rows[ROW]})


def _enrolled(tables: Tables) -> ir.Table:
    enrolments = tables["enrolments"].drop(ROW).mutate(enrolled=True)
    return tables["applications"].left_join(enrolments, "application").drop("application_right")


def _placements(rows: ir.Table, tables: Tables) -> ir.Table:
    """Add the waves that a graduate answered, salaries, and the first outcome from graduation."""
    surveys, outcomes = tables["surveys"], tables["career_outcomes"].select("person", "occurred")
    answered = surveys.filter(surveys.answered.notnull())
    before, after = answered.salary_before, answered.salary_after
    # Who told only one of both would change the mean of one and not of the other.
    both = (answered.wave == SALARY_WAVE) & before.notnull() & after.notnull()
    waves = answered.group_by("application").aggregate(
        **{f"wave_{h}": (answered.wave == h).any() for h in HORIZONS},
        salary_before=before.max(where=both),
        salary_after=after.max(where=both),
    )
    graduates = rows.filter(rows.graduated.notnull()).select("application", "person", "graduated")
    reached = graduates.inner_join(outcomes, "person")
    reached = reached.filter(reached.occurred >= reached.graduated)
    first = reached.group_by("application").aggregate(first_outcome=reached.occurred.min())
    for part in (waves, first):
        rows = rows.left_join(part, "application").drop("application_right")
    return rows


def _turns(rows: ir.Table) -> dict[str, ir.IntegerValue]:
    """Number of a row among the person's rows of one cohort, the one that came furthest first."""
    order: dict[str, Sequence[ir.Value]] = {
        "applied_year": (rows.started.isnull(), rows.admitted.isnull(), rows.applied),
        "started_year": (rows.started,),
        "expected_year": (rows.graduated.isnull(), rows.expected_graduation),
        "graduated_year": (rows.graduated,),
    }
    last = by_code_point(rows.application)
    return {
        f"turn_{year}": ibis.row_number().over(group_by=["person", year], order_by=[*by, last])
        for year, by in order.items()
    }


def _outcome(name: str, reasons: Sequence[Reason], success: ir.BooleanValue) -> dict[str, ir.Value]:
    """An outcome and its status: the first reason that leaves a row out, else `kept`."""
    status = ibis.cases(*reasons, else_=KEPT)
    value = ibis.ifelse(status == KEPT, success, ibis.null("boolean"))
    return {name: value, f"{name}_status": status}


def _admission(rows: ir.Table) -> dict[str, ir.Value]:
    """Admission (of applicants), start (of the admitted) and orientation, which is both."""
    another = (rows.turn_applied_year > 0, "another_application")
    return {
        **_outcome("admitted", [another], rows.admitted.notnull()),
        **_outcome(
            "started", [another, (rows.admitted.isnull(), "not_admitted")], rows.started.notnull()
        ),
        **_outcome("oriented", [another], rows.started.notnull()),
    }


def _funding(rows: ir.Table) -> dict[str, ir.Value]:
    """Whether anybody but the student pays, of the students who started in the year."""
    reasons = [
        (rows.started.isnull(), "not_started"),
        (rows.turn_started_year > 0, "another_start"),
    ]
    return _outcome("third_party_funded", reasons, rows.funding != SELF_PAID)


def _graduation(rows: ir.Table, as_of: datetime.date) -> dict[str, ir.Value]:
    """Graduation by the day of the extract, of the students whose expected day has come."""
    reasons = [
        (rows.started.isnull(), "not_started"),
        (rows.enrolled.isnull(), "no_enrolment"),
        (rows.expected_graduation > as_of, "not_yet_expected"),
        (rows.turn_expected_year > 0, "another_enrolment"),
    ]
    return _outcome("graduated", reasons, rows.graduated.notnull())


def _placement(rows: ir.Table, horizon: int, as_of: datetime.date) -> dict[str, ir.Value]:
    """Answer to a wave, and placement within its months among those who answered it.

    A graduate whose horizon lies ahead of the extract is in neither, whatever is known already;
    an outcome known from elsewhere makes nobody a respondent.
    """
    answered = rows[f"wave_{horizon}"].fill_null(False)
    due = plus_months(rows.graduated, horizon)
    reasons = [
        (rows.graduated.isnull(), "not_graduated"),
        (rows.turn_graduated_year > 0, "another_graduation"),
        (due > as_of, "horizon_ahead"),
    ]
    placed = (rows.first_outcome <= due).fill_null(False)
    return {
        **_outcome(f"answered_{horizon}", reasons, answered),
        **_outcome(f"placed_{horizon}", [*reasons, (~answered, "no_answer")], placed),
    }


def _time_to_placement(rows: ir.Table, as_of: datetime.date) -> dict[str, ir.Value]:
    """Placement and the months to it, of graduates who answered a wave whose horizon has come.

    A graduate is followed to the last of these horizons. What came about later, known from
    elsewhere, does not count: it would be known of some who were placed, and of nobody who wasn't.
    """
    due = {h: (plus_months(rows.graduated, h) <= as_of).fill_null(False) for h in HORIZONS}
    told = {h: rows[f"wave_{h}"].fill_null(False) & due[h] for h in HORIZONS}
    followed = ibis.cases(*((told[h], h) for h in reversed(HORIZONS)), else_=ibis.null("int64"))
    month = months_until(rows.graduated, rows.first_outcome)
    placed = (month <= followed).fill_null(False)
    reasons = [
        (rows.graduated.isnull(), "not_graduated"),
        (rows.turn_graduated_year > 0, "another_graduation"),
        (~due[HORIZONS[0]], "horizon_ahead"),
        (followed.isnull(), "no_answer"),
    ]
    found = _outcome("placed", reasons, placed)
    months = ibis.ifelse(placed, month, followed)
    return found | {"months_followed": ibis.ifelse(found["placed"].notnull(), months, None)}


def _salaries(rows: ir.Table) -> dict[str, ir.Value]:
    """Yearly gross salaries of whoever told both, before the path and at the wave, and the gain."""
    before, after = rows.salary_before, rows.salary_after
    return {"salary_before": before, "salary_after": after, "salary_gain": after - before}


def _status_of_person(rows: ir.Table) -> dict[str, ir.Value]:
    """What is known of a person at application, by the names of the contract."""
    defined = rows.country.isin(COUNTRIES_WITH_AREAS)
    return {
        "path": rows.path,
        "funding": rows.funding,
        "gender": rows.gender,
        "age": rows.applied.year() - rows.birth_year,
        "country": ibis.ifelse(defined, rows.country, OTHER_COUNTRY),
        "eqf_level": rows.eqf_level,
        "employment_status": rows.employment_status,
        "disability": rows.disability,
        "protection_status": rows.protection_status,
        # A country without a definition has no underprivileged area, known or not.
        "area_class": ibis.ifelse(defined, rows.area_class, "none"),
    }


def count_steps(rows: ir.Table) -> list[dict[str, str | int | None]]:
    """How many rows each outcome keeps and leaves out, by cohort and reason.

    Parameters
    ----------
    rows
        The journeys.

    Returns
    -------
    list of dict
        `outcome`, `year` (None where the step that dates the cohort has not come), `status` and
        `rows`, sorted.
    """
    steps = []
    for name, year in COHORTS.items():
        status = f"{name}_status"
        counts = rows.group_by(year=rows[year], status=rows[status]).aggregate(rows=rows.count())
        steps += [{"outcome": name, **row} for row in counts.to_pyarrow().to_pylist()]
    return sorted(steps, key=lambda row: (row["outcome"], row["year"] or "", row["status"]))
