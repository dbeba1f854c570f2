"""Each question of a sweep over its runs: range and median of the estimates, and no more.

Runs on the same persons are dependent, and which of them were asked for is the analyst's choice.
So nothing is tested here, nothing is averaged over studies or cohorts, and the number of
intervals that exclude zero is a count and no evidence.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import pandas as pd

from analysis.figures.released import excludes_zero
from analysis.release.results import is_hidden
from analysis.release.units import UNITS, Unit
from analysis.report.documents.columns import SHARES, SIZES
from analysis.report.site.names import method_family
from analysis.vocabulary import Audience, Estimand

QUESTION: Final = (
    *("notebook", "table", "study", "cohort", "outcome", "group", "reference", "contrast"),
    *("estimand", "term", "method"),
)
"""What makes two rows of a sweep answers to one question; the method is without its errors."""
SUMMARY: Final = ("minimum", "median", "maximum")
PERCENT: Final = frozenset({Unit.RATE, Unit.POINTS})
"""Units in which a fraction is shown times a hundred, so with two decimals less."""


def question_table(
    estimates: pd.DataFrame, cohorts: Sequence[str], audience: Audience
) -> pd.DataFrame:
    """A row a question: in how many runs it was answered, and between what values.

    Parameters
    ----------
    estimates
        The table of a sweep; see `analysis.runs.sweep.gather_estimates`.
    cohorts
        The cohort of each run, by its number from 1.
    audience
        For everyone, the median is rounded as its estimates are.

    Returns
    -------
    pandas.DataFrame
        The columns of `QUESTION`; `runs` that ask it, `estimated` of them with an estimate and
        `hidden` with one that is not shown; `minimum`, `median` and `maximum` of the estimates,
        `intervals` and how many of these `exclude_zero` (missing where zero is not “no gap”);
        `digits`, and `data` as in the estimates.
    """
    if estimates.empty:
        return pd.DataFrame(columns=[*QUESTION, "runs"])
    named = estimates.assign(
        cohort=estimates["run"].map(lambda run: cohorts[run - 1]),
        method=estimates["method"].map(method_family),
    )
    rows = named.groupby(list(QUESTION), sort=False, observed=True, dropna=False)
    table = pd.DataFrame([_summed_up(part, audience) for _, part in rows])
    counts = ["runs", "estimated", "hidden", "intervals", "exclude_zero", "digits"]
    return table.astype(dict.fromkeys(counts, "Int64"))


def _summed_up(rows: pd.DataFrame, audience: Audience) -> dict[str, object]:
    told, first = rows["estimate"].dropna(), rows.iloc[0]
    unit = UNITS[Estimand(first["estimand"])]
    digits = int(rows["digits"].max())
    values = [told.min(), told.median(), told.max()]
    if audience is Audience.PUBLIC:
        values = [round(value, digits + 2 * (unit in PERCENT)) for value in values]
    compares = unit is Unit.POINTS and first["estimand"] not in SHARES | SIZES
    sure = excludes_zero(rows).sum() if compares else None
    mark = {"data": first["data"]} if "data" in rows else {}
    return {
        **{name: first[name] for name in QUESTION},
        "runs": rows["run"].nunique(),
        "estimated": len(told),
        "hidden": sum(map(is_hidden, rows["note"].astype(str))),
        **dict(zip(SUMMARY, values, strict=True)),
        "intervals": rows["ci_low"].notna().sum(),
        "exclude_zero": sure,
        "digits": digits,
        **mark,
    }


def gaps_of(questions: pd.DataFrame) -> pd.DataFrame:
    """The questions that the page shows: raw and adjusted gaps against each reference.

    Of several methods for the same, the one that charts show: a model with the errors that the
    study's design asks for.
    """
    kept = questions[questions["contrast"] != ""] if len(questions) else questions
    return pd.concat(list(_preferred(kept))) if len(kept) else kept


def _preferred(questions: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for estimand, method in (
        (Estimand.DIFFERENCE, "linear"),
        (Estimand.ADJUSTED_DIFFERENCE, "logit"),
        (Estimand.PLACED_BY_DIFFERENCE, ""),
        (Estimand.ADJUSTED_PLACED_BY_DIFFERENCE, ""),
    ):
        own = questions["estimand"] == estimand
        yield questions[own & questions["method"].str.startswith(method)]
