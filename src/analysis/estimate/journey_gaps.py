"""Where on the journey? The gap in placements per application, split over the steps.

The rates of one year's admission, start, graduation and placement multiply to placements per
application. Each is over its own denominator, of other persons: a period product, like a life
table, and never one cohort's path.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.cells import CLUSTER, LinkedCells
from analysis.engines.tables import Place
from analysis.estimate.bootstrap import DRAWS, drawn_estimate
from analysis.estimate.fits import Array, NotEstimableError
from analysis.estimate.groups import MEMBER, Comparison, comparisons
from analysis.estimate.journey_rates import (
    STEPS as STEPS,
)
from analysis.estimate.journey_rates import (
    SURVEY,
    draw_kinds,
    journey_cells,
    rates_of,
    weighted_placement,
)
from analysis.estimate.options import GapOptions
from analysis.estimate.proportions import Estimate
from analysis.estimate.question import Question, clustered_by, with_sides
from analysis.estimate.rates import Row, as_row, reason_row
from analysis.estimate.results import adjust_p_values, result_table, write_note
from analysis.studies import Study
from analysis.vocabulary import SEED, Contrast, Estimand

WHOLE = ""
PLACEMENT = len(STEPS) - 1


def journey_gaps(
    study: Study,
    processed: Place,
    *,
    cohort: str | None,
    covariates: Sequence[str],
    options: GapOptions | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> pd.DataFrame:
    """Split the gap in placements per application over the steps of the journey.

    Parameters
    ----------
    study
        A study that declares the outcomes of `STEPS`.
    processed
        Where the processed table lies: a Parquet file, or an address.
    cohort
        The year whose rates are multiplied, each step by its own; all rows when not given.
    covariates
        What weights placement for non-response; see `weighted_placement`. What defines a group
        is left out for it, as in `analysis.estimate.gaps.outcome_gaps`.
    options
        See `GapOptions`; the joint contrast has no two rates to compare, and so no rows.
    draws, seed
        Of the bootstrap, which draws persons with all of their rows, or clusters.

    Returns
    -------
    pandas.DataFrame
        A result table. `step_contribution`: what each step (`term`) adds to the gap, and the gap
        (no term), in placements per application. `log_step_contribution`: the same of the
        logarithm of the ratio. `nonresponse_shift`: the gap if respondents stood for all minus the
        weighted one, in placement (term `placement`) and in placements per application (no term).
        Counts are those of the step; for the whole those of the first step, for the shifts those
        of the survey.
    """
    options = options or GapOptions()
    cluster = clustered_by(CLUSTER if study.cluster else None, options.errors)
    linked = journey_cells(study, processed, cohort, covariates, by_cluster=cluster is not None)
    question = Question(study, tuple(covariates), options, cluster)
    return split_journeys(question, linked, draws, seed)


def split_journeys(question: Question, linked: LinkedCells, draws: int, seed: int) -> pd.DataFrame:
    """Split the gaps of persons counted by all that they contribute; see `journey_gaps`."""
    options = question.options
    counts = draw_kinds(linked, draws, seed)
    rows: list[Row] = []
    for contrast in options.contrasts:
        if contrast != Contrast.JOINT:
            for asked in _by_outcome(question, linked.kinds, counts[0], contrast):
                rows.extend(_rows_of_group(question, _Journey.of(question, asked, linked, counts)))
    shared: Row = {"study": question.study.name, "outcome": STEPS["placement"]}
    return adjust_p_values(result_table([shared | row for row in rows]), options.correction)


ByOutcome = Mapping[str, Comparison]
"""The same two sides in the denominator of each outcome."""


def _by_outcome(
    question: Question, kinds: pd.DataFrame, counts: Array, contrast: Contrast
) -> Iterator[ByOutcome]:
    """The comparisons of a contrast, one a group."""
    told = {}
    for outcome in (*STEPS.values(), SURVEY):
        # Without a survey, those whose placement is known are all that are known to have been due.
        values = kinds[outcome if outcome in kinds else STEPS["placement"]]
        counted = {"n": counts * values.notna(), "successes": counts * values.fillna(False)}
        cells = kinds.assign(**{name: value.astype("int64") for name, value in counted.items()})
        told[outcome] = list(comparisons(cells, question.categories, contrast))
    for group in zip(*told.values(), strict=True):
        yield dict(zip(told, group, strict=True))


def _rows_of_group(question: Question, journey: "_Journey") -> Iterator[Row]:
    one = journey.asked[SURVEY]
    _, remarks = question.adjusters(one.contrast, one.group)
    # These covariates are not held fixed: they tell who answers.
    weights = remarks.pop("adjusted")
    for outcome, row in journey.rows():
        yield with_sides(
            journey.asked[outcome],
            row,
            weighted_by=weights if journey.weighted else None,
            **remarks,
        )


@dataclass(frozen=True)
class _Journey:
    """The rates of a group and of its reference at all steps, in the data and in each draw.

    Attributes
    ----------
    asked
        The two sides, by outcome.
    clusters
        At each step how many clusters hold persons compared, and how many hold the side that fewer
        hold; None where persons are drawn.
    confidence
        Coverage of the intervals.
    respondents
        Rates of the group and of the reference, placement among respondents; each of shape
        (1 + draws, steps).
    weighted
        Weighted placement of both, each of shape (1 + draws,).
    reason
        Why there is none.
    """

    asked: ByOutcome
    clusters: Sequence[tuple[int, int]] | None
    confidence: float
    respondents: tuple[Array, Array]
    weighted: tuple[Array, Array] | None
    reason: NotEstimableError | None

    @classmethod
    def of(
        cls, question: Question, asked: ByOutcome, linked: LinkedCells, counts: Array
    ) -> "_Journey":
        """Compute the rates of a comparison."""
        one = asked[SURVEY]
        sides = _sides(one, len(linked.kinds))
        group, reference = (rates_of(linked.kinds, counts, side) for side in sides)
        weighted, reason = None, None
        try:
            adjusters, _ = question.adjusters(one.contrast, one.group)
            weighted = weighted_placement(linked.kinds, counts, sides, adjusters)
        except NotEstimableError as error:
            reason = error
        clusters = _clusters(linked, sides) if question.cluster else None
        confidence = question.options.confidence
        return cls(asked, clusters, confidence, (group, reference), weighted, reason)

    @cached_property
    def rates(self) -> tuple[Array, Array]:
        """Rates of both sides, placement weighted where it can be."""
        group, reference = (rates.copy() for rates in self.respondents)
        if self.weighted:
            group[:, PLACEMENT], reference[:, PLACEMENT] = self.weighted
        return group, reference

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Rows of the table, each with the outcome whose counts belong to it."""
        group, reference = self.rates
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(group) - np.log(reference)
        splits = (
            (Estimand.STEP_CONTRIBUTION, "shapley", split_product(group, reference)),
            (Estimand.LOG_STEP_CONTRIBUTION, "log", logs),
        )
        every = list(range(len(STEPS)))
        for estimand, method, parts in splits:
            for place, (step, outcome) in enumerate(STEPS.items()):
                # The step's part of a difference has the rates of all steps in it.
                used = [place] if method == "log" else every
                row = self._row(estimand, method, parts[:, place], used)
                yield outcome, row | {"term": step}
            total = parts.sum(axis=1)
            yield STEPS["admission"], self._row(estimand, method, total, every) | {"term": WHOLE}
        for term, used in (("placement", [PLACEMENT]), (WHOLE, every)):
            yield SURVEY, self._shift_row(used) | {"term": term}

    def _shift_row(self, used: Sequence[int]) -> Row:
        """Row of what the gap in a product of rates gains if respondents stand for all."""
        if self.reason:
            return reason_row(Estimand.NONRESPONSE_SHIFT, "weighted", self.reason)
        among, weighted = (
            group[:, used].prod(axis=1) - reference[:, used].prod(axis=1)
            for group, reference in (self.respondents, self.rates)
        )
        return self._row(Estimand.NONRESPONSE_SHIFT, "weighted", among - weighted, used)

    def _row(self, estimand: Estimand, method: str, values: Array, used: Sequence[int]) -> Row:
        """Numbers of a row that follows from the rates of some steps, or why there are none."""
        if not np.isfinite(values[0]):
            # Infinite, too, is the logarithm of the ratio of a rate of zero.
            empty = any(np.isnan(rates[0, used]).any() for rates in self.rates)
            reason = NotEstimableError("empty_step" if empty else "no_successes")
            return reason_row(estimand, method, reason)
        estimate, remarks = self._estimate(values, used)
        unweighted = PLACEMENT in used and self.weighted is None
        suffix = "bootstrap" if self.clusters is None else "bootstrap_cluster"
        return as_row(estimate) | {
            "estimand": estimand,
            "method": f"{method}_{suffix}",
            "note": write_note(unweighted=unweighted, **remarks),
        }

    def _estimate(self, values: Array, used: Sequence[int]) -> tuple[Estimate, dict[str, object]]:
        """Estimate with its interval, and what is to be said of it."""
        clusters = None
        if self.clusters:
            counts = [self.clusters[step] for step in used]
            clusters = (min(both for both, _ in counts), min(side for _, side in counts))
        found, remarks = drawn_estimate(values, self.confidence, clusters)
        if "few_clusters" not in remarks and _stuck(
            *(rates[0, used] for rates in self.respondents)
        ):
            return Estimate(found.value), {"fixed_rate": True}
        return found, remarks


def _sides(one: Comparison, kinds: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which kinds of rows are of the group, and which of the reference."""
    group, reference = np.zeros(kinds, dtype=bool), np.zeros(kinds, dtype=bool)
    member = one.cells[MEMBER]
    group[one.cells.index[member]] = True
    reference[one.cells.index[~member]] = True
    return group, reference


def _clusters(
    linked: LinkedCells, sides: tuple[NDArray[np.bool_], NDArray[np.bool_]]
) -> list[tuple[int, int]]:
    """At each step, clusters with persons compared, and those of the side that fewer hold."""
    assert linked.clusters is not None
    rows = linked.patterns.tocoo()
    cluster, kind = linked.clusters[rows.coords[0]], rows.coords[1]
    known = linked.kinds[list(STEPS.values())].notna().to_numpy()
    found = []
    for step in range(len(STEPS)):
        own = [set(cluster[(side & known[:, step])[kind]]) for side in sides]
        found.append((len(own[0] | own[1]), min(len(each) for each in own)))
    return found


def _stuck(group: Array, reference: Array) -> bool:
    """Whether a rate is 0 or 1, and so in all draws, on one side only.

    The draws would take it for certain, which five persons who all fail don't make it. On both
    sides it is how the journey is made, as where everyone is admitted.
    """
    ends = np.isin(group, (0, 1)) | np.isin(reference, (0, 1))
    return bool((ends & (group != reference)).any())


def split_product(first: Array, second: Array) -> Array:
    """Split the difference of two products over their factors: Shapley values.

    A factor's part is its mean contribution over all orders in which the factors may go from the
    second's values to the first's. For a product these means are an integral over the diagonal
    (Owen 1972),

        (a_i - b_i) ∫₀¹ ∏_{j ≠ i} (b_j + t (a_j - b_j)) dt ,

    of a polynomial in t, which Gauss and Legendre's rule integrates exactly.

    Parameters
    ----------
    first, second
        Factors along the last axis, of the same shape.

    Returns
    -------
    numpy.ndarray
        Of that shape; its sum over the last axis is the difference of the products.
    """
    factors = first.shape[-1]
    nodes, weights = np.polynomial.legendre.leggauss((factors + 1) // 2)
    parts = np.zeros_like(first)
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        between = second + node * (first - second)
        for i in range(factors):
            parts[..., i] += weight * np.delete(between, i, axis=-1).prod(axis=-1)
    return parts * (first - second)
