"""Career outcomes under the rule that a person counts at most once in any 12 months."""

import ibis
import pandas as pd
from ibis import ir

from analysis.ingest.journeys import Tables, plus_months
from analysis.vocabulary import CAREER_OUTCOMES, LearnerKind

MONTHS_BETWEEN = 12


def counted_outcomes(outcomes: ir.Table) -> ir.Table:
    """The outcomes that count: a person's first, then the first 12 months or more after that one.

    Of several on one day the first in the order of the vocabulary counts. Each round finds one
    outcome a person, so the years that the outcomes span bound the rounds.

    Parameters
    ----------
    outcomes
        The contract's table of career outcomes, typed.
    """
    order = outcomes.kind.substitute({kind: str(i) for i, kind in enumerate(CAREER_OUTCOMES)})
    left = outcomes.select("person", "kind", "occurred").mutate(order=order)
    kept = []
    for _ in range(_rounds(outcomes)):
        turn = ibis.row_number().over(group_by="person", order_by=["occurred", "order"])
        first = left.mutate(turn=turn).filter(ibis._.turn == 0).drop("turn")
        kept.append(first)
        last = first.select("person", counted=first.occurred)
        later = left.inner_join(last, "person")
        later = later.filter(later.occurred >= plus_months(later.counted, MONTHS_BETWEEN))
        left = later.select("person", "kind", "occurred", "order")
    return ibis.union(*kept).drop("order") if len(kept) > 1 else kept[0].drop("order")


def _rounds(outcomes: ir.Table) -> int:
    years = outcomes.occurred.year()
    row = outcomes.aggregate(first=years.min(), last=years.max()).to_pyarrow().to_pylist()[0]
    return 1 if row["first"] is None else int(row["last"] - row["first"]) + 1


def count_outcomes(tables: Tables) -> pd.DataFrame:
    """Count career outcomes by year, kind and learner.

    Parameters
    ----------
    tables
        The tables of the contract, typed.

    Returns
    -------
    pandas.DataFrame
        `year` in which they occurred, `kind`, `learner` (what the person was by then: `free`,
        `path`, or `apprentice`, which is a part of the paths kept apart here), `counted` and
        `reported`: outcomes by the 12-month rule, and all that were told. Sorted.
    """
    told = _by(_with_learner(tables["career_outcomes"], tables), "reported")
    counted = _by(_with_learner(counted_outcomes(tables["career_outcomes"]), tables), "counted")
    keys = ["year", "kind", "learner"]
    both = counted.merge(told, on=keys, how="right").fillna({"counted": 0})
    both = both.astype({"counted": "int64", "reported": "int64"})
    return both[[*keys, "counted", "reported"]].sort_values(keys, ignore_index=True)


def _with_learner(outcomes: ir.Table, tables: Tables) -> ir.Table:
    """Add what the person was when the outcome occurred."""
    begun = tables["applications"].filter(ibis._.started.notnull())
    apprentice = begun.funding == "apprenticeship"
    starts = begun.group_by("person").aggregate(
        path=begun.started.min(), apprentice=begun.started.min(where=apprentice)
    )
    joined = outcomes.left_join(starts, "person")
    learner = ibis.cases(
        (joined.apprentice <= joined.occurred, LearnerKind.APPRENTICE),
        (joined.path <= joined.occurred, LearnerKind.PATH),
        else_=LearnerKind.FREE,
    )
    return joined.select(year=joined.occurred.year(), kind=joined.kind, learner=learner)


def _by(outcomes: ir.Table, name: str) -> pd.DataFrame:
    counts = outcomes.group_by("year", "kind", "learner").aggregate(**{name: outcomes.count()})
    frame: pd.DataFrame = counts.to_pandas()
    return frame
