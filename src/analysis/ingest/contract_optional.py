"""The optional tables of the provider's extract: what the bottom lines beside the social one need.

They speak of the provider as a whole and of no person. Where one is absent, what rests on it is
said to be not given; where one is there, it keeps its rules like any other table.
"""

import datetime
from typing import Final

import pandera.ibis as pa
from ibis import ir
from pandera.ibis import IbisData

from analysis.ingest.contract import ContractTable
from analysis.vocabulary import ALL, PRINTED, SIGNED_LINES, IncomeLine, LearnerKind

SCOPES: Final = (1, 2, 3)
NO_TEAMS: Final = (ALL, PRINTED, *(f"scope_{scope}" for scope in SCOPES))
"""What stands beside teams in tables of emissions, and so can't be the name of one."""
YEARS: Final = (2000, 2100)


def _starts_a_month(data: IbisData) -> ir.BooleanValue:
    return (data.table.month.day() == 1).fill_null(True)


def _is_no_less_than_zero(data: IbisData, column: str) -> ir.BooleanValue:
    """Whether an amount is positive or zero, or its line has a sign of its own."""
    return ((data.table[column] >= 0) | data.table.line.isin(list(SIGNED_LINES))).fill_null(True)


class Finance(ContractTable):
    """The income statement by month, with its budget: for the financial bottom line."""

    month: datetime.date = pa.Field(description="first day of the month")
    line: str = pa.Field(
        isin=tuple(map(str, IncomeLine)),
        description="line of the statement; revenue is told by who pays",
    )
    amount: float = pa.Field(
        description="in EUR; revenue and costs both positive, the financial result with its sign"
    )
    budget: float = pa.Field(nullable=True, description="in EUR, likewise; empty: none was set")

    @pa.dataframe_check(title="month", error="month is the first day of a month")
    def _month_starts(cls, data: IbisData) -> ir.BooleanValue:
        return _starts_a_month(data)

    @pa.dataframe_check(
        title="amount",
        error=f"amount is not below zero, but for {' and '.join(SIGNED_LINES)}",
    )
    def _amount_is_positive(cls, data: IbisData) -> ir.BooleanValue:
        return _is_no_less_than_zero(data, "amount")

    @pa.dataframe_check(
        title="budget",
        error=f"budget is not below zero, but for {' and '.join(SIGNED_LINES)}",
    )
    def _budget_is_positive(cls, data: IbisData) -> ir.BooleanValue:
        return _is_no_less_than_zero(data, "budget")

    class Config:
        """A line has one amount a month."""

        unique = ("month", "line")


class Emissions(ContractTable):
    """Greenhouse gas emissions by month, team and scope: for the environmental bottom line."""

    month: datetime.date = pa.Field(description="first day of the month")
    team: str = pa.Field(description="whose activity it was")
    scope: int = pa.Field(
        isin=SCOPES,
        description="scope of the GHG Protocol: 1 direct, 2 energy bought, 3 all other",
    )
    kg_co2e: float = pa.Field(ge=0, description="emissions in kg CO2e")
    budget_kg_co2e: float = pa.Field(
        ge=0, nullable=True, description="in kg CO2e; empty: none was set"
    )

    @pa.dataframe_check(title="month", error="month is the first day of a month")
    def _month_starts(cls, data: IbisData) -> ir.BooleanValue:
        return _starts_a_month(data)

    @pa.dataframe_check(title="team", error=f"team is none of {', '.join(NO_TEAMS)}, in any case")
    def _team_is_a_team(cls, data: IbisData) -> ir.BooleanValue:
        return data.table.team.strip().lower().notin(list(NO_TEAMS)).fill_null(True)

    class Config:
        """A team has one value a month and scope."""

        unique = ("month", "team", "scope")


class Activity(ContractTable):
    """Persons active in a year: what emissions per learner and per path student are divided by."""

    year: int = pa.Field(ge=YEARS[0], le=YEARS[1], description="the calendar year")
    kind: str = pa.Field(
        isin=(str(LearnerKind.FREE), str(LearnerKind.PATH)),
        description="free courses only, or a paid path; who was both counts as path",
    )
    persons: int = pa.Field(ge=0, description="distinct persons active in the year")

    class Config:
        """A kind of learner is counted once a year."""

        unique = ("year", "kind")


OPTIONAL: Final[dict[str, type[pa.DataFrameModel]]] = {
    "finance": Finance,
    "emissions": Emissions,
    "activity": Activity,
}
"""Tables that an extract may have."""

DATED: Final = {"finance": "month", "emissions": "month", "activity": "year"}
"""The column of each that says when; nothing in it lies after the day of the extract."""
