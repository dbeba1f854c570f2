"""The intervals that the project reports of two sides, as functions of a sample's cells."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from analysis.cells import CLUSTER
from analysis.estimate.composition.decompositions import decompositions
from analysis.estimate.composition.nonlinear import nonlinear_decompositions
from analysis.estimate.fits import Link, NotEstimableError
from analysis.estimate.groups import MEMBER, collapse
from analysis.estimate.options import GapOptions
from analysis.estimate.proportions import (
    Estimate,
    clustered_rate,
    difference,
    odds_ratio,
    rate,
    risk_ratio,
)
from analysis.estimate.rates import Row
from analysis.estimate.regressions import regression_rows
from analysis.estimate.small.small_groups import small_groups
from analysis.studies import Study
from analysis.vocabulary import Contrast, Estimand
from validation.scenarios import Named

ANY: Final = GapOptions(contrasts=(Contrast.ANY,))
PLAIN: Final = {
    "difference, Newcombe": partial(difference, method="newcombe"),
    "difference, Miettinen-Nurminen": partial(difference, method="miettinen_nurminen"),
    "risk ratio": risk_ratio,
    "odds ratio": odds_ratio,
}
DETAILED: Final = "oaxaca_pooled_group"
"""The decomposition that the report shows, and so the one whose details are counted."""

ERRORS: Final = ("_hc0", "_hc1", "_cluster", "_cr2", "_profile", "_bootstrap")


def as_estimate(row: Row | pd.Series) -> Estimate:
    """The numbers of a row of the result table; nan where it has none."""
    names = ("estimate", "std_error", "ci_low", "ci_high", "p_value")
    return Estimate(*(float(str(row.get(name, np.nan))) for name in names))


def counts(cells: pd.DataFrame) -> tuple[int, int, int, int]:
    """Successes and persons of the group, then of the reference."""
    own, others = cells[cells[MEMBER]], cells[~cells[MEMBER]]
    return (
        int(own["successes"].sum()),
        int(own["n"].sum()),
        int(others["successes"].sum()),
        int(others["n"].sum()),
    )


def plain(cells: pd.DataFrame) -> Named:
    """The group's rate, and differences and ratios of two rates."""
    sides = counts(cells)
    yield "rate, Wilson", rate(*sides[:2])
    if CLUSTER in cells:
        own = cells[cells[MEMBER]].groupby(CLUSTER)[["successes", "n"]].sum()
        yield "rate, Wilson, clustered", clustered_rate(*own.to_numpy().T)
    for name, estimator in PLAIN.items():
        try:
            yield name, estimator(*sides)
        except NotEstimableError:
            yield name, Estimate(np.nan)


def regressions(covariates: Sequence[str], cells: pd.DataFrame) -> Named:
    """The raw gap by the linear model, and the adjusted one by the linear model and the logit."""
    cluster = CLUSTER if CLUSTER in cells else None
    held: tuple[tuple[str, Link, Sequence[str], GapOptions], ...] = (
        ("raw gap, linear", "linear", (), GapOptions()),
        ("adjusted gap, linear", "linear", covariates, GapOptions()),
        ("adjusted gap, logit", "logit", covariates, GapOptions()),
        ("adjusted gap, logit, random covariates", "logit", covariates,
         GapOptions(covariates="random")),
        ("adjusted gap, logit, over the group", "logit", covariates, GapOptions(over="group")),
    )  # fmt: skip
    kept = collapse(cells, [MEMBER, *covariates, *([cluster] if cluster else [])])
    for name, link, adjusters, options in held:
        ((_, row),) = regression_rows(kept, link, [MEMBER], adjusters, options, cluster)
        yield name, as_estimate(row)


def of_table(results: pd.DataFrame) -> Named:
    """Intervals of a result table, but for the details of decompositions that aren't shown."""
    for _, row in results.iterrows():
        method = str(row["method"])
        for errors in ERRORS:
            method = method.removesuffix(errors)
        if row["estimand"] == Estimand.MINIMAL_DETECTABLE_GAP:
            continue  # it has no interval
        detail = row["term"] and method == DETAILED and row["estimand"] == Estimand.EXPLAINED
        if detail or not row["term"]:
            words = [str(row["estimand"]).replace("_", " "), method.replace("_", " ")]
            yield ", ".join([*words, *([row["term"]] if detail else [])]), as_estimate(row)


def of_terms(results: pd.DataFrame) -> Named:
    """Intervals of a result table, each with its term."""
    for _, row in results.iterrows():
        words = [str(row["estimand"]).replace("_", " "), str(row["term"])]
        yield ", ".join(filter(None, words)), as_estimate(row)


def explained(study: Study, covariates: Sequence[str], cells: pd.DataFrame) -> Named:
    """The parts of the gap by all decompositions with analytic errors, and Firth's logit."""
    asked = (study, "outcome", cells, covariates, ANY)
    yield from of_table(decompositions(*asked))
    yield from of_table(small_groups(*asked, margin=0.05))


def nonlinear(study: Study, covariates: Sequence[str], cells: pd.DataFrame, draws: int) -> Named:
    """The parts of the gap by the decompositions of the logit."""
    asked = (study, "outcome", cells, covariates, ANY)
    yield from of_table(nonlinear_decompositions(*asked, draws=draws))


Estimator = Callable[[pd.DataFrame], Named]


def all_of(estimators: Sequence[Estimator], cells: pd.DataFrame) -> Iterator[tuple[str, Estimate]]:
    """The intervals of several estimators, one after another."""
    for estimator in estimators:
        yield from estimator(cells)
