"""The financial and environmental bottom lines of a session, as its audience may see them."""

import pandas as pd

from analysis.impact.conversion import converted
from analysis.impact.currency import Currency
from analysis.impact.emissions import (
    EMISSIONS,
    MONTHLY,
    emission_measures,
    monthly_measures,
    monthly_totals,
)
from analysis.impact.forecast import FORECAST, forecast_measures
from analysis.impact.income import INCOME, climate_contribution, income_statement
from analysis.runs.parameters import TripleBottomLine
from analysis.runs.session import Session


def financial_tables(session: Session) -> dict[str, pd.DataFrame]:
    """The income statement of every year, by the name to save it under.

    Returns
    -------
    dict
        A released table of measures (see `analysis.impact.income.income_statement`) in the
        currency asked for; empty if the extract tells nothing of finance.
    """
    finance = _provided(session, "finance")
    return {} if finance is None else {INCOME: released(session, income_statement(finance))}


def environmental_tables(session: Session) -> dict[str, pd.DataFrame]:
    """Emissions of the year, of every month, and of the months to come, by the names to save under.

    Returns
    -------
    dict
        Released tables of measures; see `analysis.impact.emissions` and
        `analysis.impact.forecast`. Empty if the extract tells nothing of emissions.
    """
    asked = _asked(session)
    emissions, finance = _provided(session, "emissions"), _provided(session, "finance")
    if emissions is None:
        return {}
    year = measured_year(session, emissions)
    measures = emission_measures(
        emissions,
        year,
        activity=_provided(session, "activity"),
        contribution=None if finance is None else climate_contribution(finance, year),
        printed=session.published("emissions"),
        counted=session.release.number,
    )
    ahead = forecast_measures(
        monthly_totals(emissions),
        asked.months_ahead,
        asked.confidence,
        draws=asked.simulations,
        seed=asked.seed,
    )
    made = {EMISSIONS: measures, MONTHLY: monthly_measures(emissions), FORECAST: ahead}
    return {name: released(session, table) for name, table in made.items()}


def measured_year(session: Session, dated: pd.DataFrame) -> int:
    """The cohort's year; the last one of a table with months if the cohort is no year."""
    cohort = session.cohort or ""
    return int(cohort) if cohort.isdigit() else int(dated["month"].dt.year.max())


def released(session: Session, table: pd.DataFrame) -> pd.DataFrame:
    """A table of measures in the currency asked for, as the audience may see it."""
    asked = _asked(session)
    currency = Currency.of(asked.currency, asked.dollars_per_euro)
    return session.release.measures(converted(table, currency))


def _provided(session: Session, name: str) -> pd.DataFrame | None:
    """An optional table; None if the extract lacks it or has no row of it."""
    table = session.data.provided(name)
    return None if table is None or table.empty else table


def _asked(session: Session) -> TripleBottomLine:
    asked = session.parameters
    assert isinstance(asked, TripleBottomLine)
    return asked
