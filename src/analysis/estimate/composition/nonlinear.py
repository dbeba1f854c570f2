"""Composition or treatment, by the logit: the decompositions of Yun and of Fairlie."""

from collections.abc import Callable, Iterator, Sequence

import pandas as pd

from analysis.estimate.bootstrap import drawn_estimate
from analysis.estimate.clusters import too_few
from analysis.estimate.composition.fairlie import DRAWS, fairlie_parts
from analysis.estimate.composition.yun import Part, yun_parts
from analysis.estimate.covariance import cluster_codes
from analysis.estimate.fits import INTERCEPT, NotEstimableError
from analysis.estimate.groups import MEMBER, Comparison, collapse, comparisons
from analysis.estimate.options import GapOptions
from analysis.estimate.proportions import Estimate
from analysis.estimate.question import Question, with_sides
from analysis.estimate.rates import Row, as_row, reason_row
from analysis.estimate.redraws import cluster_counts
from analysis.estimate.regressions import NO_VARIATION, with_interval
from analysis.estimate.results import adjust_p_values, result_table, write_note
from analysis.studies import Study
from analysis.vocabulary import SEED, Contrast, Estimand

WHOLE = (Estimand.DIFFERENCE, Estimand.EXPLAINED, Estimand.UNEXPLAINED)
SLACK = 1e-7
"""By which parts may miss the whole: the logit meets the rates to this."""


def nonlinear_decompositions(
    study: Study,
    outcome: str,
    cells: pd.DataFrame,
    covariates: Sequence[str],
    options: GapOptions | None = None,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> pd.DataFrame:
    """Split the gaps of one outcome by the logit.

    Parameters
    ----------
    study, outcome, cells, covariates
        See `analysis.estimate.gaps.outcome_gaps`.
    options
        See `GapOptions`; the joint contrast has no two rates to compare, and so no rows. Of the
        errors, Yun's are `hc0`, `hc1` (for every other choice without clusters) or `cluster`;
        Fairlie's are bootstrapped.
    draws, seed
        Of Fairlie's bootstrap; the seed also draws the orders of more than five covariates.

    Returns
    -------
    pandas.DataFrame
        A result table with the methods `yun_<errors>` and `fairlie_bootstrap`, or
        `fairlie_bootstrap_cluster`. Without `term`: the gap (`difference`), the `explained` and
        the `unexplained` part, which add up to it. With a covariate as `term`, its part of the
        explained one, and of the unexplained one by Yun, where a term `intercept` is what no
        covariate has. The parts of a side add up to it.
    """
    options = options or GapOptions()
    question = Question.of(study, cells, covariates, options)
    rows: list[Row] = []
    for contrast in options.contrasts:
        if contrast != Contrast.JOINT:
            for one in comparisons(cells, question.categories, contrast):
                rows.extend(_comparison_rows(question, one, draws, seed))
    shared: Row = {"study": study.name, "outcome": outcome}
    return adjust_p_values(result_table([shared | row for row in rows]), options.correction)


def _comparison_rows(question: Question, one: Comparison, draws: int, seed: int) -> Iterator[Row]:
    adjusters, remarks = question.adjusters(one.contrast, one.group)
    explained = [(Estimand.EXPLAINED, name) for name in adjusters]
    unexplained = [(Estimand.UNEXPLAINED, name) for name in (*adjusters, INTERCEPT)]
    clustered = question.clustered

    def yun() -> list[Row]:
        return _yun_rows(one, adjusters, question.options, clustered)

    def fairlie() -> list[Row]:
        return _fairlie_rows(one, adjusters, question.options, clustered, draws, seed)

    details = unexplained if adjusters else []
    for name, told, make in (
        ("yun", [*explained, *details], yun),
        ("fairlie", explained, fairlie),
    ):
        for row in _rows_or_reason(one, name, told, make):
            yield with_sides(one, row, **remarks)


def _rows_or_reason(
    one: Comparison,
    method: str,
    details: Sequence[tuple[Estimand, str]],
    make: Callable[[], list[Row]],
) -> list[Row]:
    """Rows of a decomposition; if it can't be had, the same rows with the reason."""
    _, group, _, reference = one.sides
    try:
        if not group:
            raise NotEstimableError("empty_group")
        if not reference:
            raise NotEstimableError("empty_reference")
        rows = make()
    except NotEstimableError as error:
        asked = [*((estimand, "") for estimand in WHOLE), *details]
        return [reason_row(estimand, method, error) | {"term": term} for estimand, term in asked]
    _assert_sums(rows)
    return rows


def _assert_sums(rows: Sequence[Row]) -> None:
    """Stop if parts don't add up: a fault of the estimator, not of the data."""
    told = pd.DataFrame(rows)
    whole = told[told["term"] == ""].set_index("estimand")["estimate"]
    assert abs(whole[list(WHOLE[1:])].sum() - whole[WHOLE[0]]) < SLACK, "parts miss the gap"
    for estimand, parts in told[told["term"] != ""].groupby("estimand"):
        if parts["estimate"].notna().all():
            assert abs(parts["estimate"].sum() - whole[estimand]) < SLACK, f"parts miss {estimand}"


# ---- Yun ----------------------------------------------------------------------------------------


def _yun_rows(
    one: Comparison, adjusters: list[str], options: GapOptions, cluster: str | None
) -> list[Row]:
    keys = [MEMBER, *adjusters, *([cluster] if cluster else [])]
    cells = collapse(one.cells, keys)
    kind = "cluster" if cluster else "hc0" if options.errors == "hc0" else "hc1"
    codes = cluster_codes(cells[cluster]) if cluster else None
    parts, dropped = yun_parts(cells, adjusters, small_sample=kind == "hc1", clusters=codes)
    counts = cluster_counts(cells, cluster) if cluster else None
    note = write_note(dropped=", ".join(dropped) or None)
    smaller = min(persons for _, persons in (one.sides[:2], one.sides[2:]))
    freedom = smaller - 1 if counts is None else counts[0] - 1
    return [_yun_row(part, kind, counts, freedom, options.confidence, note) for part in parts]


def _yun_row(
    part: Part,
    kind: str,
    clusters: tuple[int, int] | None,
    freedom: float,
    confidence: float,
    remark: str,
) -> Row:
    if part.reason:
        return reason_row(part.estimand, "yun", part.reason) | {"term": part.term}
    estimate, remarks = _analytic(part, clusters, freedom, confidence)
    note = "; ".join(filter(None, (write_note(**remarks), remark)))
    return as_row(estimate) | {
        "estimand": part.estimand,
        "term": part.term,
        "method": f"yun_{kind}",
        "note": note,
    }


def _analytic(
    part: Part, clusters: tuple[int, int] | None, freedom: float, confidence: float
) -> tuple[Estimate, dict[str, object]]:
    """Estimate with its interval, if one can rest on the persons or clusters."""
    few = too_few(*clusters) if clusters else None
    if few is not None:
        return Estimate(part.value), {"few_clusters": few}
    groups = clusters[0] if clusters else None
    if part.std_error <= NO_VARIATION or freedom < 1:
        return Estimate(part.value), {"no_variation": True}
    return with_interval(part.value, part.std_error, freedom, confidence), {"clusters": groups}


# ---- Fairlie ------------------------------------------------------------------------------------


def _fairlie_rows(
    one: Comparison,
    adjusters: list[str],
    options: GapOptions,
    cluster: str | None,
    draws: int,
    seed: int,
) -> list[Row]:
    found = fairlie_parts(one.cells, adjusters, cluster, draws=draws, seed=seed)
    counts = cluster_counts(one.cells, cluster) if cluster else None
    method = "fairlie_bootstrap" + ("_cluster" if cluster else "")
    told = [
        *zip(WHOLE, ("", "", ""), (found.gap, found.explained, found.unexplained), strict=True),
        *((Estimand.EXPLAINED, name, found.covariates[:, i]) for i, name in enumerate(adjusters)),
    ]
    rows: list[Row] = []
    for estimand, term, values in told:
        estimate, remarks = drawn_estimate(values, options.confidence, counts)
        note = write_note(**remarks, draws=draws, dropped=", ".join(found.dropped) or None)
        named: Row = {"estimand": estimand, "term": term, "method": method, "note": note}
        rows.append(as_row(estimate) | named)
    return rows
