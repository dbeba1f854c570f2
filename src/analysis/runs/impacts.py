"""What `08_triple_bottom_line` asks of the social value, by the parameters of its session."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from analysis.impact.country import Country, Parameter, ParameterUnit, load_country
from analysis.impact.measures import MeasureUnit, measure_table
from analysis.impact.precision import supported_digits
from analysis.impact.salaries import salary_means
from analysis.impact.simulation import Inputs, Result, Uncertain
from analysis.impact.social import (
    GAP,
    IF_NOT_TOLD,
    INPUT,
    PLACED,
    PUBLIC_GAIN,
    Evidence,
    Simulation,
    gap_rows,
    result_rows,
    social_inputs,
    value_formulas,
)
from analysis.impact.tornado import tornado_rows
from analysis.runs.bottom_lines import released
from analysis.runs.parameters import TripleBottomLine
from analysis.runs.session import Session
from analysis.runs.social_evidence import MEANS, OF_PLACED, can_be_valued, gather_evidence

SURVEYS: Final = "surveys"
"""The table of an extract that placements and salaries come from."""
LOOKED_AT: Final = Result(PUBLIC_GAIN, PLACED, 5)
"""The result whose drivers are looked for."""
TOLD: Final = {
    "salary_before": "pay_before",
    "salary_after": "pay_after",
    "salary_gain": "pay_raise",
}
"""Amounts of the table of salaries by the names of measures."""

ENDS: Final = {"estimate": "central", "ci_low": "low", "ci_high": "high"}
"""Columns of measures and the attributes of an input that they hold."""
PARAMETER_UNITS: Final[Mapping[ParameterUnit, MeasureUnit]] = {
    ParameterUnit.SHARE: MeasureUnit.SHARE,
    ParameterUnit.MONTHS: MeasureUnit.MONTHS,
    ParameterUnit.EUR_A_MONTH: MeasureUnit.EUR,
    ParameterUnit.EUR_A_YEAR: MeasureUnit.EUR,
}


@dataclass(frozen=True)
class SocialValue:
    """What the placements of a cohort are worth, in released tables of measures.

    Attributes
    ----------
    country
        Whose parameters.
    inputs
        What went in: parameters with their ends, estimates with their intervals.
    salaries
        Pay before and after, and the raise, by group, as the placed told them; may be empty.
    value
        Placements and their worth over the horizons, for one placed graduate and for all, and
        what closing the gap of the underserved would be worth.
    tornado
        By how much each input moves the public gain over five years.
    """

    country: Country
    inputs: pd.DataFrame
    salaries: pd.DataFrame
    value: pd.DataFrame
    tornado: pd.DataFrame

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by the names to save them under; salaries only where there are some."""
        found = {
            "social-value": self.value,
            "social-parameters": self.inputs,
            "social-tornado": self.tornado,
            "salaries": self.salaries,
        }
        return {name: table for name, table in found.items() if not table.empty}


def value_society(session: Session) -> SocialValue | None:
    """Value the placements of a session's study and cohort, as its audience may see it.

    Returns
    -------
    SocialValue or None
        None if the study has no job survey or no job seekers, or nobody of the cohort was placed.
    """
    asked = session.parameters
    assert isinstance(asked, TripleBottomLine)
    country = load_country(asked.country)
    if not can_be_valued(session):
        return None
    salaries = salary_means(session.study, session.data.place, session.cohort, asked.confidence)
    evidence = gather_evidence(session, salaries)
    if evidence is None:
        return None
    inputs = social_inputs(country, evidence)
    period = session.cohort or ""
    how = Simulation(
        asked.simulations, asked.seed, asked.confidence, period, f"{SURVEYS}, {country.name}"
    )
    formulas = value_formulas(evidence.everyone)
    value = [*result_rows(inputs, formulas, how), *gap_rows(inputs, evidence, how)]
    # Inputs that are means of a group are hidden where these are: one release for both.
    told = released(
        session,
        measure_table(
            [
                *_salary_rows(salaries, period),
                *_input_rows(inputs, evidence, salaries, country, session),
            ]
        ),
    )
    # Shares of the placed have the number of respondents until they are released: where that of
    # their own persons may not be told, another one must not be either.
    untold = [INPUT + name for name in OF_PLACED if name not in evidence.persons]
    told["n"] = told["n"].mask(told["measure"].isin(untold))
    is_input = told["measure"].str.startswith(INPUT)
    return SocialValue(
        country,
        inputs=told[is_input].reset_index(drop=True),
        salaries=told[~is_input].reset_index(drop=True),
        value=released(session, measure_table(value)),
        tornado=released(session, measure_table(tornado_rows(inputs, formulas, LOOKED_AT, how))),
    )


def _input_rows(
    inputs: Inputs,
    evidence: Evidence,
    salaries: pd.DataFrame,
    country: Country,
    session: Session,
) -> Iterator[Mapping[str, object]]:
    """A row an input, parameters before estimates."""
    for name, one in inputs.items():
        stated = country.parameters.get(name)
        if stated is None and one.n is None:
            stated = country.parameters[IF_NOT_TOLD[name]]
        yield {
            "measure": INPUT + name,
            "group": "" if stated is None else country.name,
            "period": session.cohort or "",
            **{column: getattr(one, end) for column, end in ENDS.items()},
            "n": evidence.persons.get(name, one.n),
            "illustrative": one.illustrative,
            **(_stated(stated) if stated else _estimated(name, one, salaries, session)),
        }


def _stated(parameter: Parameter) -> dict[str, object]:
    """Unit, digits and source of a parameter: its ends are as the file has them, not estimated."""
    unit = PARAMETER_UNITS[parameter.unit]
    worth = 100 if unit is MeasureUnit.SHARE else 1
    ends = (parameter.low, parameter.central, parameter.high)
    whole = all(round(worth * end, 6).is_integer() for end in ends)
    return {"unit": unit, "digits": 0 if whole else 1, "source": parameter.source.en}


def _estimated(
    name: str, one: Uncertain, salaries: pd.DataFrame, session: Session
) -> dict[str, object]:
    """Unit, digits and source of an estimate, and of whom it is if it is the mean of a group."""
    if name in MEANS:
        amount, group = MEANS[name]
        own = salaries[(salaries["amount"] == amount) & (salaries["group"] == group)]
        told = {"group": group, "n": own["n"].iloc[0]}
        return {"unit": MeasureUnit.EUR, "source": SURVEYS, **told}
    supported = int(supported_digits(100 * one.low, 100 * one.high))
    if name == GAP:
        points = {key: 100 * getattr(one, end) for key, end in ENDS.items()}
        digits = min(supported, 0)
        return {"unit": MeasureUnit.POINTS, "source": SURVEYS, "digits": digits, **points}
    # In whole points a share of the placed would tell everyone a count that may be hidden.
    most = -1 if name in OF_PLACED and not session.release.everything else 0
    return {"unit": MeasureUnit.SHARE, "source": SURVEYS, "digits": min(supported, most)}


def _salary_rows(salaries: pd.DataFrame, period: str) -> Iterator[Mapping[str, object]]:
    for row in salaries.to_dict("records"):
        if row["n"] == 0:
            continue
        yield {
            "measure": TOLD[row["amount"]],
            "group": row["group"],
            "period": period,
            "unit": MeasureUnit.EUR,
            "estimate": row["mean"],
            "ci_low": row["ci_low"],
            "ci_high": row["ci_high"],
            "n": row["n"],
            "source": SURVEYS,
        }
