"""Each combination of categories: its rate, drawn toward what its categories add up to.

Two logits of the combinations that occur: the null model has a random intercept of each, the
additive model has the categories' main effects too. What of the variance between combinations the
main effects take away is their sum; what they leave is particular to combinations.

Where persons come in clusters, the models are fitted as if they were independent, and intervals
are those of as many persons as the clusters leave of each combination, with coefficients as unsure
as clusters make them. What all combinations of a cluster have in common does not blur their
comparison, so intervals of interactions are rather too long.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from analysis.cells import CLUSTER
from analysis.estimate.clusters import CLUSTERS_FOR_INTERVAL
from analysis.estimate.covariance import cluster_codes, cluster_covariance
from analysis.estimate.fits import Array, NotEstimableError, fit_logit
from analysis.estimate.groups import collapse, combination_names
from analysis.estimate.options import GapOptions
from analysis.estimate.proportions import Estimate
from analysis.estimate.rates import Row, as_row, rate_row, reason_row
from analysis.estimate.results import result_table, write_note
from analysis.estimate.small.design_effects import effective_shares, quantile_share
from analysis.estimate.small.maihda import RandomIntercept, fit_random_intercept, variance_partition
from analysis.estimate.small.maihda_intervals import Uncertainty, uncertainty
from analysis.studies import Study
from analysis.vocabulary import ALL, INTERSECTION, Estimand

METHOD = "maihda"
NULL, ADDITIVE = "null", "additive"
STRATA_FOR_VARIANCE = 3
COMBINATION = "combination"
OF_STRATA = (Estimand.SHRUNK_RATE, Estimand.INTERACTION_EFFECT)
NO_INTERVAL: Row = dict.fromkeys(("std_error", "ci_low", "ci_high"), np.nan)


def intersections(
    study: Study, outcome: str, cells: pd.DataFrame, options: GapOptions | None = None
) -> pd.DataFrame:
    """Estimate the rates at each combination of categories, and how far they add up.

    Parameters
    ----------
    study
        The study; its categories are columns of the cells.
    outcome
        Name of the outcome that the cells count.
    cells
        See `analysis.cells.study_cells`.
    options
        See `GapOptions`; only the coverage matters here.

    Returns
    -------
    pandas.DataFrame
        A result table of the contrast `intersection`. Of each combination that occurs among the
        persons whose categories are all known: `rate` (Wilson), `shrunk_rate`, and
        `interaction_effect`, the shrunk rate minus the one by the main effects alone. Of all
        together: `variance_partition` (`term` null or additive) and `proportional_change`.
        Nothing is tested, so nothing is corrected for many tests: shrinkage stands in for it
        (Gelman, Hill and Yajima 2012).
    """
    names = list(study.categories)
    known = cells[names].notna().all(axis=1)
    asked = _Intersections(
        cells[known & (cells["n"] > 0)],
        names,
        (options or GapOptions()).confidence,
        int(cells.loc[~known, "n"].sum()),
    )
    shared: Row = {"study": study.name, "outcome": outcome, "contrast": INTERSECTION}
    return result_table([shared | row for row in asked.rows()])


@dataclass(frozen=True)
class _Fitted:
    """A fitted model, and the same of the effective counts, which intervals rest on."""

    fit: RandomIntercept
    basis: RandomIntercept
    clustered: Array | None

    @cached_property
    def uncertainty(self) -> Uncertainty:
        """What the data leave open; see `maihda_intervals`."""
        return uncertainty(self.fit, self.basis, self.clustered)

    def partition(self, confidence: float) -> Estimate:
        """Share of the variance that lies between combinations."""
        sigma, (low, high) = self.fit.sigma, self.basis.sigma_interval(confidence)
        # The limits are of the effective counts, and could miss the estimate.
        value, least, most = map(variance_partition, (sigma, min(low, sigma), max(high, sigma)))
        return Estimate(value, low=least, high=most)


_Model = _Fitted | NotEstimableError
"""A model, or why it can't be had."""


@dataclass(frozen=True)
class _Intersections:
    """The persons whose categories are all known, and what is asked of them."""

    cells: pd.DataFrame
    categories: list[str]
    confidence: float
    left_out: int

    def rows(self) -> Iterator[Row]:
        """All rows, raw rates first."""
        names = combination_names(self.cells, self.categories)
        for name in self.strata[COMBINATION]:
            row = rate_row(self.cells[names == name], self.confidence)
            yield self._noted(row | {"group": name})
        null, additive = self._fit([]), self._fit(self.categories)
        yield from self._stratum_rows(additive)
        yield from self._variance_rows(null, additive)

    @cached_property
    def strata(self) -> pd.DataFrame:
        """Counts by combination, in an order that doesn't depend on that of the cells."""
        strata = collapse(self.cells, self.categories)
        strata = strata.sort_values(self.categories, ignore_index=True)
        return strata.assign(**{COMBINATION: combination_names(strata, self.categories)})

    @cached_property
    def clusters(self) -> int | None:
        """Number of clusters, where there are any."""
        return self.cells[CLUSTER].nunique() if CLUSTER in self.cells else None

    @property
    def few_clusters(self) -> bool:
        """Whether the clusters are too few for intervals."""
        return self.clusters is not None and self.clusters < CLUSTERS_FOR_INTERVAL

    @cached_property
    def effective(self) -> pd.DataFrame:
        """The strata with the counts that intervals rest on."""
        if self.clusters is None or self.few_clusters:
            return self.strata
        by = self.cells.groupby([*self.categories, CLUSTER], observed=True)[["n", "successes"]]
        # Grouped by the categories, the rows stand in the order of the strata.
        counts = by.sum().unstack(CLUSTER, fill_value=0)
        n, successes = (counts[name].to_numpy(dtype=float) for name in ("n", "successes"))
        shares = effective_shares(n, successes, self.confidence)
        scaled = {name: self.strata[name] * shares for name in ("n", "successes")}
        return self.strata.assign(**scaled)

    def _fit(self, terms: Sequence[str]) -> _Model:
        """Fit a model, or say why it can't be had."""
        strata = self.strata
        try:
            if 0 < len(strata) < STRATA_FOR_VARIANCE:
                raise NotEstimableError("few_strata", str(len(strata)))
            fit = fit_random_intercept(fit_logit(strata, [], terms))
            if self.effective is strata:
                return _Fitted(fit, fit, None)
            basis = fit_random_intercept(fit_logit(self.effective, [], terms))
            return _Fitted(fit, basis, self._clustered(terms))
        except NotEstimableError as error:
            return error

    def _clustered(self, terms: Sequence[str]) -> Array:
        """Covariance of the logit's coefficients by clusters, for t(G - 1)."""
        cells = collapse(self.cells, [*self.categories, CLUSTER])
        matrix = cluster_covariance(fit_logit(cells, [], terms), cluster_codes(cells[CLUSTER]))
        assert self.clusters is not None
        return matrix / quantile_share(self.clusters, self.confidence)

    def _noted(self, row: Row, **remarks: object) -> Row:
        """Add the remarks that hold for all rows."""
        shared = write_note(**remarks, left_out=self.left_out or None)
        return row | {"note": "; ".join(filter(None, (str(row.get("note", "")), shared)))}

    def _row(self, estimand: Estimand, model: _Model, found: Estimate | None) -> Row:
        """Numbers of one row of a model, or the reason why there are none."""
        method = METHOD if self.clusters is None else f"{METHOD}_cluster"
        if isinstance(model, NotEstimableError):
            return self._noted(reason_row(estimand, method, model))
        assert found is not None
        row = as_row(found) | {"estimand": estimand, "method": method}
        few = self.few_clusters
        return self._noted(
            row | NO_INTERVAL if few else row,
            strata=None if estimand in OF_STRATA else len(self.strata),
            dropped=", ".join(model.fit.logit.design.dropped) or None,
            no_random_variance=model.fit.sigma == 0,
            few_clusters=self.clusters if few else None,
            clusters=None if few else self.clusters,
            effective_counts=self.clusters is not None and not few,
        )

    def _stratum_rows(self, model: _Model) -> Iterator[Row]:
        """Shrunk rate and interaction effect of each combination."""
        sides = self.strata[[COMBINATION, "n", "successes"]].itertuples(index=False, name=None)
        found: list[tuple[Estimate, ...]] = []
        if isinstance(model, _Fitted):
            found = list(model.uncertainty.strata(self.confidence))
        for number, side in enumerate(sides):
            for place, estimand in enumerate(OF_STRATA):
                own = found[number][place] if found else None
                yield _side(*side) | self._row(estimand, model, own)

    def _variance_rows(self, null: _Model, additive: _Model) -> Iterator[Row]:
        """What lies between combinations, and what of it the main effects take away."""
        side = _side(ALL, int(self.strata["n"].sum()), int(self.strata["successes"].sum()))
        for term, model in ((NULL, null), (ADDITIVE, additive)):
            found = model.partition(self.confidence) if isinstance(model, _Fitted) else None
            row = self._row(Estimand.VARIANCE_PARTITION, model, found)
            yield side | row | {"term": term}
        change: Estimate | None = None
        if isinstance(null, _Fitted) and isinstance(additive, _Fitted):
            if null.fit.sigma:
                value = 1 - additive.fit.sigma**2 / null.fit.sigma**2
                change = additive.uncertainty.additive_share(value, self.confidence)
            else:
                additive = NotEstimableError("no_variance_between")
        model = null if isinstance(null, NotEstimableError) else additive
        yield side | self._row(Estimand.PROPORTIONAL_CHANGE, model, change)


def _side(group: str, n: int, successes: int) -> Row:
    """Whom a row is about; rates have no reference."""
    counts = {"n_group": n, "k_group": successes, "n_reference": 0, "k_reference": 0}
    return {"group": group, "reference": "", **counts}
