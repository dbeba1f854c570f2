"""One specification of a gap, estimated in the data and in many draws of the outcome."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.estimate.clusters import CLUSTERS_FOR_INTERVAL
from analysis.estimate.covariance import cluster_codes, cluster_covariance
from analysis.estimate.fits import Array, Fit, Link, NotEstimableError
from analysis.estimate.fragility.many_fits import Clusters, Outcomes, linear_effects, logit_effects
from analysis.estimate.fragility.null_draws import PERSONS, Drawn
from analysis.estimate.fragility.specification_grid import Data, Specification, Surveys
from analysis.estimate.groups import MEMBER, Comparison, compare, treat_unknown
from analysis.estimate.nonresponse.answering import answer_probabilities
from analysis.estimate.nonresponse.weighting import ANSWERED
from analysis.estimate.options import GapOptions
from analysis.estimate.question import Question, clustered_by, with_sides
from analysis.estimate.rates import Row, reason_row
from analysis.estimate.regressions import (
    FITS,
    ErrorModel,
    Regression,
    regress,
)
from analysis.vocabulary import Estimand


@dataclass(frozen=True)
class Found:
    """What a specification finds.

    Attributes
    ----------
    row
        Its row of the result table.
    estimates
        Shape (1 + draws,), the data first; nan where there is none.
    reaches
        Half the width of the interval, likewise.
    """

    row: Row
    estimates: Array
    reaches: Array


@dataclass(frozen=True, eq=False)
class Estimator:
    """What all specifications of one group draw on; what several of them share is kept.

    Attributes
    ----------
    question
        What is asked; its covariates are those that answering may depend on.
    drawn
        The cells, and the draws of their outcomes.
    group
        The group.
    outcomes
        For each outcome, the column of the cells that tells who answered, null for persons who
        were not asked.
    """

    question: Question
    drawn: Drawn
    group: str
    outcomes: Surveys
    _sides: dict[object, Comparison] = field(default_factory=dict)
    _weights: dict[object, pd.Series | NotEstimableError] = field(default_factory=dict)

    def estimate(self, asked: Sequence[Specification]) -> Iterator[Found]:
        """Estimate specifications that differ in nothing but their model."""
        data = asked[0].data
        sides = self._compare(data)
        own = replace(self.question, covariates=data.covariates)
        _, remarks = own.adjusters(data.contrast, self.group)
        successes = self.drawn.successes[data.outcome]
        sample: Sample | NotEstimableError
        try:
            sample = Sample.of(own, sides, successes, self._weigh(data))
        except NotEstimableError as error:
            sample = error
        for one in asked:
            if isinstance(sample, NotEstimableError):
                row = reason_row(Estimand.ADJUSTED_DIFFERENCE, one.model, sample)
                estimates = reaches = np.full(successes.shape[1], np.nan)
            else:
                row, estimates, reaches = sample.estimate(one.model)
            row = row | {"estimand": Estimand.ADJUSTED_DIFFERENCE}
            said = with_sides(sides, row, **one.note(sides.reference), **remarks)
            yield Found(said, estimates, reaches)

    def _compare(self, data: Data) -> Comparison:
        key = (data.outcome, data.contrast, data.unknown)
        if key not in self._sides:
            cells = self.drawn.cells
            inside = np.where(self.drawn.known(data.outcome), cells[PERSONS], 0)
            successes = self.drawn.successes[data.outcome][:, 0].astype(np.int64)
            counted = cells.assign(n=inside, successes=successes)
            sides = self._sort(counted, data)
            kept = sides.cells[sides.cells["n"] > 0]
            self._sides[key] = replace(sides, cells=kept)
        return self._sides[key]

    def _sort(self, counted: pd.DataFrame, data: Data) -> Comparison:
        categories = self.question.categories
        treated = treat_unknown(counted, categories, data.unknown)
        return compare(treated, categories, data.contrast, self.group)

    def _weigh(self, data: Data) -> pd.Series | None:
        """Weights of the cells of both sides; None if there are none."""
        answered = self.outcomes[data.outcome]
        if data.weights == "none" or not answered:
            return None
        key = (data.outcome, data.contrast, data.unknown)
        if key not in self._weights:
            try:
                self._weights[key] = self._inverse_probabilities(data, answered)
            except NotEstimableError as error:
                self._weights[key] = error
        found = self._weights[key]
        if isinstance(found, NotEstimableError):
            raise found
        return found

    def _inverse_probabilities(self, data: Data, answered: str) -> pd.Series:
        """One over the probability of answering, by the cells of both sides that were asked.

        It may depend on all adjusters, whichever of them a specification holds fixed.
        """
        silent = ~self.drawn.cells[answered].fillna(False).to_numpy(dtype=bool)
        if (silent & self.drawn.known(data.outcome)).any():
            raise ValueError(f"{data.outcome} is told of persons who did not answer: {answered}")
        asked = self.drawn.cells[self.drawn.cells[answered].notna()]
        told = asked[PERSONS] * asked[answered].astype(int)
        counted = asked.assign(n=asked[PERSONS], successes=0).assign(**{ANSWERED: told})
        both = self._sort(counted, data).cells
        adjusters, _ = self.question.adjusters(data.contrast, self.group)
        by = both.groupby([MEMBER, *adjusters], observed=True, sort=False, dropna=False)
        summed = by[["n", ANSWERED]].sum().reset_index()
        probabilities = answer_probabilities(summed, adjusters)
        return pd.Series(1 / probabilities[by.ngroup().to_numpy()], index=both.index)


@dataclass(frozen=True)
class Sample:
    """The cells that a specification tells apart, with all draws of their outcome.

    Attributes
    ----------
    cells
        By the side, the covariates and the cluster, with `n` and `successes`, weighted if the
        specification is.
    pattern
        Number of each cell's pattern: its side and covariates.
    persons
        Number of persons.
    counts
        Successes of the cells, by 1 + draws.
    squares
        Sums of squared weights: over the persons of each cell, and over those who succeed. None if
        all weights are 1.
    adjusters, options, cluster
        How to estimate.
    """

    cells: pd.DataFrame
    pattern: NDArray[np.intp]
    persons: int
    counts: Array
    squares: tuple[Array, Array] | None
    adjusters: list[str]
    options: GapOptions
    cluster: str | None

    @classmethod
    def of(
        cls, question: Question, sides: Comparison, successes: Array, weights: pd.Series | None
    ) -> Self:
        """Add up cells that a specification doesn't tell apart.

        Parameters
        ----------
        question
            Its covariates are those held fixed.
        sides
            Cells with persons in the denominator, their index the positions in `successes`.
        successes
            Of the finest cells, by 1 + draws.
        weights
            By the index of these cells.

        Raises
        ------
        NotEstimableError
            If a side is empty.
        """
        _, group, _, reference = sides.sides
        if not group or not reference:
            raise NotEstimableError("empty_reference" if group else "empty_group")
        adjusters = list(question.covariates)
        keys = [MEMBER, *adjusters, *([question.cluster] if question.cluster else [])]
        used = sides.cells
        code = used.groupby(keys, observed=True, sort=False, dropna=False).ngroup().to_numpy()
        n = used["n"].to_numpy(dtype=float)
        factor = np.ones(len(used)) if weights is None else weights[used.index].to_numpy()
        shape = (int(code.max()) + 1, len(successes))

        def add(values: Array) -> tuple[Array, Array]:
            """Sum over the persons of each cell, and over those who succeed."""
            counted = csr_array((values, (code, used.index.to_numpy())), shape=shape) @ successes
            return np.bincount(code, values * n).astype(float), counted

        persons, counts = add(factor)
        cells = used[keys].iloc[np.unique(code, return_index=True)[1]].reset_index(drop=True)
        pattern = cells.groupby([MEMBER, *adjusters], observed=True, sort=False).ngroup()
        return cls(
            cells.assign(n=persons, successes=counts[:, 0]),
            pattern.to_numpy().astype(np.intp),
            int(n.sum()),
            counts,
            None if weights is None else add(factor**2),
            adjusters,
            question.options,
            question.cluster,
        )

    def estimate(self, link: Link) -> tuple[Row, Array, Array]:
        """Row of the data, and estimates and reaches of their intervals in data and draws.

        A draw's error is the sandwich's times what the house's error, of few clusters or small
        samples, is to it in the data; its interval takes the degrees of freedom of the data.
        """
        regression = self._regression(link)
        row = regression.row(MEMBER)
        nothing = np.full(self.counts.shape[1], np.nan)
        if regression.fit is None or regression.model is None:
            return row, nothing, nothing
        clustered = regression.model.clusters is not None
        outcomes = self._outcomes(regression.fit, clustered=clustered)
        if link == "linear":
            estimates, errors = linear_effects(outcomes)
        else:
            estimates, errors = logit_effects(
                outcomes, regression.fit.coefficients, self.options.over
            )
        estimate, high = (float(str(row.get(name, np.nan))) for name in ("estimate", "ci_high"))
        estimates[0] = estimate
        with np.errstate(invalid="ignore", divide="ignore"):
            reaches = errors * ((high - estimate) / errors[0])
        return row, estimates, reaches

    def _regression(self, link: Link) -> Regression:
        if self.squares is None:
            whole = self.cells.astype({"n": np.int64, "successes": np.int64})
            return regress(whole, link, [MEMBER], self.adjusters, self.options, self.cluster)
        try:
            fit = FITS[link](self.cells, [MEMBER], self.adjusters)
            return Regression(link, self.options, {}, fit, self._weighted_errors(fit))
        except NotEstimableError as error:
            reason = str(reason_row(Estimand.ADJUSTED_DIFFERENCE, link, error)["note"])
            return Regression(link, self.options, {MEMBER: reason})

    def _weighted_errors(self, fit: Fit) -> ErrorModel:
        """Sandwich of a weighted fit, the weights taken as known."""
        assert self.squares is not None
        terms = len(fit.coefficients)
        if self.persons <= terms:
            raise NotEstimableError("no_freedom")
        if cluster := clustered_by(self.cluster, self.options.errors):
            clusters = cluster_codes(self.cells[cluster].iloc[fit.rows])
            groups = int(clusters.max()) + 1
            if groups < CLUSTERS_FOR_INTERVAL:
                return ErrorModel("cluster", np.full_like(fit.bread, np.nan), clusters)
            matrix = cluster_covariance(fit, clusters)
            return ErrorModel("cluster", matrix, clusters, freedom=groups - 1)
        n, successes = self.squares[0], self.squares[1][:, 0]
        squares = successes * (1 - fit.fitted) ** 2 + (n - successes) * fit.fitted**2
        meat = fit.design.matrix.T @ (squares[:, None] * fit.design.matrix)
        factor = self.persons / (self.persons - terms)
        freedom = self.persons - terms if fit.link == "linear" else np.inf
        return ErrorModel("hc1", factor * fit.bread @ meat @ fit.bread, freedom=freedom)

    def _outcomes(self, fit: Fit, *, clustered: bool) -> Outcomes:
        """The draws over the patterns of a fit's design."""
        size = len(self.pattern)
        add = csr_array((np.ones(size), (self.pattern, np.arange(size))))
        n = self.cells["n"].to_numpy(dtype=float)
        counts = add @ self.counts
        n_squares, count_squares = add @ n, counts
        if self.squares is not None:
            n_squares, count_squares = (add @ part for part in self.squares)
        clusters = None
        if clustered and self.cluster is not None:
            codes = cluster_codes(self.cells[self.cluster])
            clusters = Clusters(self.pattern, codes, n, self.counts)
        return Outcomes(
            fit.design.matrix[np.unique(self.pattern, return_index=True)[1]],
            fit.design.names.index(MEMBER),
            add @ n,
            n_squares,
            counts,
            count_squares,
            clusters,
        )
