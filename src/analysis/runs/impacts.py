"""What `08_triple_bottom_line` asks of the social value, by the parameters of its session."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from analysis.cells import CLUSTER
from analysis.estimate.gaps import outcome_gaps
from analysis.estimate.groups import MEMBER, compare
from analysis.estimate.options import GapOptions
from analysis.estimate.rates import rate_row
from analysis.impact.conversion import converted
from analysis.impact.country import Country, Parameter, ParameterUnit, load_country
from analysis.impact.currency import Currency
from analysis.impact.measures import MeasureUnit, measure_table
from analysis.impact.precision import supported_digits
from analysis.impact.salaries import JOB_SEEKER, JOB_SEEKER_OUT, salary_means
from analysis.impact.simulation import Estimated, Inputs, Result, Uncertain
from analysis.impact.social import (
    GAP,
    IF_NOT_TOLD,
    INPUT,
    PAY,
    PLACED,
    PLACEMENT,
    PUBLIC_GAIN,
    RAISE,
    SEEKERS,
    UNDERSERVED_SEEKERS,
    Asked,
    Evidence,
    Simulation,
    gap_rows,
    result_rows,
    social_inputs,
    value_formulas,
)
from analysis.impact.tornado import tornado_rows
from analysis.runs.parameters import TripleBottomLine
from analysis.runs.session import Session
from analysis.vocabulary import UNDERSERVED, Contrast, Estimand

ANSWERED: Final = "answered_6"
"""Outcome that tells which graduates of the cohort answered the job survey."""
IS_PLACED: Final = "placed_6"
"""Outcome that tells which of them were placed."""

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

UNITS: Final[Mapping[str, MeasureUnit]] = {
    PLACEMENT: MeasureUnit.SHARE,
    SEEKERS: MeasureUnit.SHARE,
    UNDERSERVED_SEEKERS: MeasureUnit.SHARE,
    GAP: MeasureUnit.SHARE,
    PAY: MeasureUnit.EUR,
    RAISE: MeasureUnit.EUR,
}
PARAMETER_UNITS: Final[Mapping[ParameterUnit, MeasureUnit]] = {
    ParameterUnit.SHARE: MeasureUnit.SHARE,
    ParameterUnit.MONTHS: MeasureUnit.RATIO,
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
    study = session.study
    if not {ANSWERED, IS_PLACED} <= study.outcomes.keys() or JOB_SEEKER not in study.categories:
        return None
    salaries = salary_means(study, session.data.path, session.cohort, asked.confidence)
    evidence = gather_evidence(session, asked, salaries)
    if evidence is None:
        return None
    inputs = social_inputs(country, evidence)
    period = session.cohort or ""
    how = Simulation(
        asked.draws, asked.seed, asked.confidence, period, f"{SURVEYS}, {country.name}"
    )
    formulas = value_formulas(evidence.everyone)
    tables = (
        list(_input_rows(inputs, country, period)),
        list(_salary_rows(salaries, period)),
        [*result_rows(inputs, formulas, how), *gap_rows(inputs, evidence, how)],
        tornado_rows(inputs, formulas, LOOKED_AT, how),
    )
    currency = Currency.of(asked.currency, asked.dollars_per_euro)
    shown = (session.release.measures(converted(measure_table(rows), currency)) for rows in tables)
    return SocialValue(country, *shown)


def gather_evidence(
    session: Session, asked: TripleBottomLine, salaries: pd.DataFrame
) -> Evidence | None:
    """Count graduates and estimate placement, job seekers, pay and gap; None if nobody is placed.

    Parameters
    ----------
    session
        Its study has the outcomes `answered_6` and `placed_6` and the category `job_seeker`.
    asked
        Its parameters.
    salaries
        See `analysis.impact.salaries.salary_means`.
    """
    categories = list(session.study.categories)
    answers, placements = session.cells(ANSWERED, ()), session.cells(IS_PLACED, ())
    seekers = _seekers(placements, asked.confidence)
    if seekers is None:
        return None
    gap = _adjusted_gap(session, asked)
    told = {
        (row["amount"], row["group"]): _mean(row, asked.confidence)
        for row in salaries.to_dict("records")
    }
    return Evidence(
        everyone=_asked(answers),
        underserved=_asked(_underserved(answers, categories)),
        placement=_share(rate_row(placements, asked.confidence), asked.confidence),
        seekers=seekers,
        underserved_seekers=_seekers(_underserved(placements, categories), asked.confidence),
        gap=_gap(gap, asked.confidence),
        gap_note=str(gap["note"]),
        pay=told.get(("salary_after", JOB_SEEKER)),
        raised=told.get(("salary_gain", JOB_SEEKER_OUT)),
    )


def _adjusted_gap(session: Session, asked: TripleBottomLine) -> Mapping[Any, Any]:
    """The row of the gap between the underserved and the others, as `03_placement_gaps` has it."""
    covariates = asked.asked_covariates
    cells = session.cells(IS_PLACED, covariates)
    options = GapOptions(
        contrasts=(Contrast.ANY,), confidence=asked.confidence, errors=asked.errors
    )
    gaps = outcome_gaps(session.study, IS_PLACED, cells, covariates, options)
    adjusted = gaps["estimand"] == Estimand.ADJUSTED_DIFFERENCE
    [row] = gaps[adjusted & gaps["method"].str.startswith("logit")].to_dict("records")
    return row


def _asked(answers: pd.DataFrame) -> Asked:
    return Asked(int(answers["n"].sum()), int(answers["successes"].sum()))


def _underserved(cells: pd.DataFrame, categories: list[str]) -> pd.DataFrame:
    sides = compare(cells, categories, Contrast.ANY, UNDERSERVED).cells
    return sides[sides[MEMBER]]


def _seekers(placements: pd.DataFrame, confidence: float) -> Estimated | None:
    """Share of job seekers among the placed of whom it is known; None if there are none."""
    known = placements[placements[JOB_SEEKER].notna()]
    is_seeker = known[JOB_SEEKER].astype(bool)
    placed = known.assign(n=known["successes"], successes=known["successes"].where(is_seeker, 0))
    columns = [name for name in ("n", "successes", CLUSTER) if name in placed]
    if not placed["n"].sum():
        return None
    return _share(rate_row(placed[columns], confidence), confidence)


def _share(row: Mapping[str, Any], confidence: float) -> Estimated:
    limits = (row["estimate"], row["ci_low"], row["ci_high"])
    return Estimated(*limits, confidence, row["n_group"], least=0.0, most=1.0)


def _gap(row: Mapping[Any, Any], confidence: float) -> Estimated | None:
    if pd.isna(row["estimate"]):
        return None
    limits = (row["estimate"], row["ci_low"], row["ci_high"])
    n = min(row["n_group"], row["n_reference"])
    return Estimated(*limits, confidence, n, least=-1.0, most=1.0)


def _mean(row: Mapping[Any, Any], confidence: float) -> Estimated | None:
    """A mean with its interval; None without one: a parameter then stands in for it."""
    if pd.isna(row["ci_low"]):
        return None
    return Estimated(row["mean"], row["ci_low"], row["ci_high"], confidence, row["n"])


def _input_rows(inputs: Inputs, country: Country, period: str) -> Iterator[Mapping[str, object]]:
    """A row an input, parameters before estimates."""
    for name, one in inputs.items():
        stated = country.parameters.get(name)
        if stated is None and one.n is None:
            stated = country.parameters[IF_NOT_TOLD[name]]
        yield {
            "measure": INPUT + name,
            "group": "" if stated is None else country.name,
            "period": period,
            "estimate": one.central,
            "ci_low": one.low,
            "ci_high": one.high,
            "n": one.n,
            "illustrative": one.illustrative,
            **(_estimated(name, one) if stated is None else _stated(stated)),
        }


def _stated(parameter: Parameter) -> dict[str, object]:
    """Unit, digits and source of a parameter: its ends are as the file has them, not estimated."""
    unit = PARAMETER_UNITS[parameter.unit]
    worth = 100 if unit is MeasureUnit.SHARE else 1
    ends = (parameter.low, parameter.central, parameter.high)
    whole = all(round(worth * end, 6).is_integer() for end in ends)
    return {"unit": unit, "digits": 0 if whole else 1, "source": parameter.source.en}


def _estimated(name: str, one: Uncertain) -> dict[str, object]:
    """Unit, digits and source of an estimate; shares in whole points, as everyone may see them."""
    found: dict[str, object] = {"unit": UNITS[name], "source": SURVEYS}
    if UNITS[name] is MeasureUnit.SHARE:
        found["digits"] = min(int(supported_digits(100 * one.low, 100 * one.high)), 0)
    return found


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
