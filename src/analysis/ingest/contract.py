"""The contract of the provider's extract: its six tables of persons, as pandera models on Ibis.

A model says what each column means, its type, its values and whether it may be empty. What must
hold between columns stands in its checks, each with the column at which a fault is reported as its
title; what must hold between tables, in `REFERENCES` and `ACROSS`. Tables that an extract may have
beside these stand in `contract_optional`. The guide `docs/data-contract.md` is written from all of
them.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pandera.ibis as pa
from ibis import ir
from pandera.ibis import IbisData

from analysis.vocabulary import CAREER_OUTCOMES, FUNDING, HORIZONS

GENDERS: Final = ("woman", "man", "other")
EMPLOYMENT: Final = ("job_seeker", "employed", "self_employed", "student", "inactive")
PROTECTION: Final = ("none", "refugee", "subsidiary_protection", "asylum_seeker", "migrant")
AREAS: Final[dict[str, str | None]] = {
    "none": None,
    "qpv": "FR",
    "zrr": "FR",
    "uk_low_income": "GB",
    "us_low_income": "US",
}
"""Classes of areas, each with the country that defines it."""
AGES: Final = (14, 100)


def _implied(given: ir.BooleanValue, then: ir.BooleanValue) -> ir.BooleanValue:
    """Whether `then` holds wherever `given` does; what is not known breaks no rule."""
    return (~given | then).fill_null(True)


def _ordered(earlier: ir.Value, later: ir.Value) -> ir.BooleanValue:
    """Whether two dates stand in their order; an empty one breaks no rule."""
    return (earlier <= later).fill_null(True)


class ContractTable(pa.DataFrameModel):
    """A table of an extract."""

    class Config:
        """Other columns of a file are left unread."""

        strict = "filter"


class Learners(ContractTable):
    """Everybody whom another table speaks of: a row a person."""

    person: str = pa.Field(unique=True, description="pseudonym of the person")
    first_seen: datetime.date = pa.Field(description="first visit known")
    registered: datetime.date = pa.Field(
        nullable=True, description="when the account was made; empty: visitor"
    )
    kind: str = pa.Field(isin=("free", "path"), description="free courses only, or a paid path")

    @pa.dataframe_check(title="registered", error="registered is not before first_seen")
    def _registered_once_seen(cls, data: IbisData) -> ir.BooleanValue:
        return _ordered(data.table.first_seen, data.table.registered)


class Paths(ContractTable):
    """The training paths on offer: a row a path."""

    path: str = pa.Field(unique=True, description="name of the path in the other tables")
    title: str = pa.Field(description="its title")
    eqf_level: int = pa.Field(
        ge=1, le=8, nullable=True, description="EQF level of its degree; empty: none"
    )


class Applications(ContractTable):
    """Completed applications for a path, with the person's status at that time."""

    application: str = pa.Field(unique=True, description="number of the application")
    person: str = pa.Field(description="who applied")
    path: str = pa.Field(description="for which path")
    applied: datetime.date = pa.Field(description="when all documents were in")
    admitted: datetime.date = pa.Field(nullable=True, description="empty: not admitted (yet)")
    started: datetime.date = pa.Field(nullable=True, description="empty: not started (yet)")
    funding: str = pa.Field(isin=tuple(FUNDING), nullable=True, description="who pays")
    country: str = pa.Field(
        str_matches="^[A-Z]{2}$", description="country of residence, ISO 3166-1 alpha-2"
    )
    gender: str = pa.Field(isin=GENDERS, nullable=True, description="empty: not told")
    birth_year: int = pa.Field(ge=1900, le=2100, nullable=True, description="empty: not told")
    eqf_level: int = pa.Field(
        ge=0, le=8, nullable=True, description="EQF level reached; 0: below the first; 4: bac"
    )
    employment_status: str = pa.Field(isin=EMPLOYMENT, nullable=True, description="at application")
    disability: bool = pa.Field(nullable=True, description="recognised or declared")
    protection_status: str = pa.Field(isin=PROTECTION, nullable=True, description="at application")
    area_class: str = pa.Field(
        isin=tuple(AREAS), nullable=True, description="class of the area of residence"
    )

    @pa.dataframe_check(title="admitted", error="admitted is not before applied")
    def _admitted_once_applied(cls, data: IbisData) -> ir.BooleanValue:
        return _ordered(data.table.applied, data.table.admitted)

    @pa.dataframe_check(title="started", error="started is not before admitted")
    def _started_once_admitted(cls, data: IbisData) -> ir.BooleanValue:
        return _ordered(data.table.admitted, data.table.started)

    @pa.dataframe_check(title="admitted", error="who started was admitted")
    def _starters_are_admitted(cls, data: IbisData) -> ir.BooleanValue:
        return _implied(data.table.started.notnull(), data.table.admitted.notnull())

    @pa.dataframe_check(title="funding", error="who started has a funding")
    def _starters_are_funded(cls, data: IbisData) -> ir.BooleanValue:
        return _implied(data.table.started.notnull(), data.table.funding.notnull())

    @pa.dataframe_check(
        title="birth_year", error=f"the age at application is between {AGES[0]} and {AGES[1]}"
    )
    def _age_is_possible(cls, data: IbisData) -> ir.BooleanValue:
        age = data.table.applied.year() - data.table.birth_year
        return age.between(*AGES).fill_null(True)

    @pa.dataframe_check(title="area_class", error="the class of an area is one of its country")
    def _area_fits_country(cls, data: IbisData) -> ir.BooleanValue:
        home = data.table.area_class.substitute(AREAS)
        return (home == data.table.country).fill_null(True)


class Enrolments(ContractTable):
    """What became of each application that started."""

    application: str = pa.Field(unique=True, description="the application that started")
    expected_graduation: datetime.date = pa.Field(description="as agreed at the start")
    graduated: datetime.date = pa.Field(nullable=True, description="when the jury gave the degree")
    withdrawn: datetime.date = pa.Field(nullable=True, description="when the person left without")
    projects: int = pa.Field(ge=0, description="projects completed")
    mentor_sessions: int = pa.Field(ge=0, description="sessions held with a mentor")

    @pa.dataframe_check(title="withdrawn", error="nobody both graduated and withdrew")
    def _one_end(cls, data: IbisData) -> ir.BooleanValue:
        return data.table.graduated.isnull() | data.table.withdrawn.isnull()


class Surveys(ContractTable):
    """The job survey: a row a graduate and wave."""

    application: str = pa.Field(description="whose graduation is asked about")
    wave: int = pa.Field(isin=HORIZONS, description="months after graduation")
    sent: datetime.date = pa.Field(description="when it was sent")
    answered: datetime.date = pa.Field(nullable=True, description="empty: no answer")
    salary_before: float = pa.Field(
        ge=0, nullable=True, description="yearly and gross, before the path, in EUR"
    )
    salary_after: float = pa.Field(
        ge=0, nullable=True, description="yearly and gross, at the wave, in EUR"
    )

    @pa.dataframe_check(title="answered", error="answered is not before sent")
    def _answered_once_sent(cls, data: IbisData) -> ir.BooleanValue:
        return _ordered(data.table.sent, data.table.answered)

    @pa.dataframe_check(title="answered", error="only who answered told a salary")
    def _salaries_are_answers(cls, data: IbisData) -> ir.BooleanValue:
        told = data.table.salary_before.notnull() | data.table.salary_after.notnull()
        return _implied(told, data.table.answered.notnull())

    class Config:
        """A graduate gets each wave once."""

        unique = ("application", "wave")


class CareerOutcomes(ContractTable):
    """What a person credits the provider with."""

    person: str = pa.Field(description="whose outcome")
    kind: str = pa.Field(isin=tuple(CAREER_OUTCOMES), description="what was reached")
    occurred: datetime.date = pa.Field(description="when it was reached")
    reported: datetime.date = pa.Field(description="when the provider learnt of it")
    source: str = pa.Field(
        isin=("survey", "declaration", "database"), description="how the provider learnt of it"
    )

    @pa.dataframe_check(title="reported", error="reported is not before occurred")
    def _reported_once_occurred(cls, data: IbisData) -> ir.BooleanValue:
        return _ordered(data.table.occurred, data.table.reported)

    class Config:
        """An outcome is told once."""

        unique = ("person", "kind", "occurred")


CONTRACT: Final[dict[str, type[pa.DataFrameModel]]] = {
    "learners": Learners,
    "paths": Paths,
    "applications": Applications,
    "enrolments": Enrolments,
    "surveys": Surveys,
    "career_outcomes": CareerOutcomes,
}
"""The tables of an extract, in the order in which one refers to another."""

REFERENCES: Final[dict[tuple[str, str], str]] = {
    ("applications", "person"): "learners",
    ("applications", "path"): "paths",
    ("enrolments", "application"): "applications",
    ("surveys", "application"): "enrolments",
    ("career_outcomes", "person"): "learners",
}
"""Columns whose every value is in the column of the same name of another table."""


@dataclass(frozen=True)
class Across:
    """What must hold between the rows of a table and their matches in the one referred to.

    Attributes
    ----------
    table, column
        Where a fault is reported.
    by
        The column that refers.
    words
        The rule.
    holds
        Whether it holds, given the table and the one referred to, joined.
    """

    table: str
    column: str
    by: str
    words: str
    holds: Callable[[ir.Table], ir.BooleanValue]


def _present(column: str) -> Callable[[ir.Table], ir.BooleanValue]:
    return lambda joined: joined[column].notnull()


def _in_order(earlier: str, later: str) -> Callable[[ir.Table], ir.BooleanValue]:
    return lambda joined: _ordered(joined[earlier], joined[later])


ACROSS: Final = (
    Across(
        "enrolments", "application", "application", "the application started", _present("started")
    ),
    *(
        Across(
            "enrolments",
            column,
            "application",
            f"{column} is not before started",
            _in_order("started", column),
        )
        for column in ("expected_graduation", "graduated", "withdrawn")
    ),
    Across(
        "surveys", "application", "application", "the application graduated", _present("graduated")
    ),
    Across(
        "surveys",
        "sent",
        "application",
        "sent is not before graduated",
        _in_order("graduated", "sent"),
    ),
    Across(
        "career_outcomes",
        "occurred",
        "person",
        "occurred is not before first_seen",
        _in_order("first_seen", "occurred"),
    ),
)
"""Rules that need two tables."""
