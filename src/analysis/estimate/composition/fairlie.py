"""Fairlie's decomposition of a gap by the logit, from cells.

Fairlie (1999, 2005): coefficients come from the logit of both sides pooled, with an indicator of
the group. Both sides are ranked by their predicted probability, the larger one is subsampled to the
size of the smaller, and persons of the same rank are matched. Then one covariate after another is
switched, in each pair, from the reference's to the group's value; the mean change of the predicted
probability is the covariate's part. This is averaged over subsamples and over the orders of the
covariates (Fairlie 2017).

Here the average over subsamples is that over all of them, exactly. In a random subsample of n out
of N persons the rank of the J-th of the N is hypergeometric, so that the weight of each pair of
cells has a formula; nothing is left to the luck of some hundred subsamples, and the parts add up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, gammaln

from analysis.estimate.fits import Array, NotEstimableError
from analysis.estimate.groups import MEMBER
from analysis.estimate.redraws import Redrawn, redraw
from analysis.vocabulary import SEED

DRAWS = 399
ENUMERATED = 5
"""Most covariates whose orders are all taken."""
SAMPLED_ORDERS = 120
LEAST_SHARE = 1e-16
NUMBERS_AT_ONCE = 4_000_000
TAIL = 9.0
"""Standard deviations of a rank beyond which its probability is nothing."""


@dataclass(frozen=True)
class Pairs:
    """Matched persons: cells of the group, cells of the reference, and the share of each pair."""

    group: NDArray[np.intp]
    reference: NDArray[np.intp]
    share: Array


@dataclass(frozen=True)
class Orders:
    """How switching covariates one after another is averaged over their orders.

    Attributes
    ----------
    switched
        Sets of covariates that some order has switched at some time, shape (sets, covariates).
    weights
        Shape (covariates, sets): a covariate's part is this times the mean probability of each set.
    """

    switched: NDArray[np.bool_]
    weights: Array


@dataclass(frozen=True)
class FairlieParts:
    """A gap and its parts in the data and in each draw.

    Attributes
    ----------
    covariates
        Part of each covariate, shape (1 + draws, covariates); the first line is the data.
    explained, unexplained, gap
        Shape (1 + draws,).
    dropped
        Columns of the logit that others determine.
    """

    covariates: Array
    explained: Array
    unexplained: Array
    gap: Array
    dropped: tuple[str, ...]


def fairlie_parts(
    cells: pd.DataFrame,
    adjusters: Sequence[str],
    cluster: str | None = None,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> FairlieParts:
    """Split a gap by Fairlie's method, in the data and in draws of its persons.

    The explained part is the gap in predicted probability if the group's indicator were 0 for all.
    In the draws all persons of both sides are matched, fractionally, by their rank as a share of
    their side, which differs from the mean over subsamples by a term of the order 1/n. The draws
    are moved by this difference in the data.

    Parameters
    ----------
    cells
        Cells of a comparison: `n`, `successes`, `member`, the adjusters and the cluster.
    adjusters
        Covariates whose parts are asked for, at least one.
    cluster
        Cluster column; whole clusters are drawn then.
    draws, seed
        Of the bootstrap; the seed also draws the orders of more than five covariates.

    Raises
    ------
    NotEstimableError
        If there are no covariates or the logit can't be fitted.
    """
    if not adjusters:
        raise NotEstimableError("no_covariates")
    redrawn = redraw(cells, [MEMBER], adjusters, cluster, draws=draws, seed=seed)
    split = _Split.of(redrawn, adjusters, orders_of(len(adjusters), seed))
    n = np.vstack([redrawn.fit.n, redrawn.n])
    successes = np.vstack([redrawn.fit.successes, redrawn.successes])
    coefficients = np.vstack([redrawn.fit.coefficients, redrawn.coefficients])
    matched = np.array([split.parts(*line) for line in zip(coefficients, n, strict=True)])
    parts = matched + (split.parts(coefficients[0], n[0], subsampled=True) - matched[0])
    explained = split.explained(coefficients, n)
    gap = _between(successes, n, split.member)
    return FairlieParts(parts, explained, gap - explained, gap, redrawn.fit.design.dropped)


def _between(values: Array, n: Array, member: NDArray[np.bool_]) -> Array:
    """Mean per person of the group minus that of the reference; sums of values by cell."""
    with np.errstate(invalid="ignore", divide="ignore"):
        sides = [values[:, side].sum(axis=1) / n[:, side].sum(axis=1) for side in (member, ~member)]
    return np.asarray(sides[0] - sides[1])


@dataclass(frozen=True)
class _Split:
    """What of a logit's design the parts need.

    Attributes
    ----------
    matrix
        Design with nobody in the group, shape (m, k).
    member
        Which cells are of the group, shape (m,).
    owners
        Shape (k, covariates): 1 where a column belongs to a covariate.
    orders
        See `Orders`.
    """

    matrix: Array
    member: NDArray[np.bool_]
    owners: Array
    orders: Orders

    @classmethod
    def of(cls, redrawn: Redrawn, adjusters: Sequence[str], orders: Orders) -> Self:
        design = redrawn.fit.design
        column = design.names.index(MEMBER)
        matrix = design.matrix.copy()
        matrix[:, column] = 0.0
        owners = np.zeros((len(design.names), len(adjusters)))
        for place, name in enumerate(adjusters):
            owners[list(design.factors[name]), place] = 1.0
        return cls(matrix, design.matrix[:, column] > 0, owners, orders)

    def explained(self, coefficients: Array, n: Array) -> Array:
        """Explained part of each line of coefficients and counts: of all persons, unmatched."""
        return _between(n * expit(coefficients @ self.matrix.T), n, self.member)

    def parts(self, coefficients: Array, n: Array, *, subsampled: bool = False) -> Array:
        """Part of each covariate, for one line of coefficients and counts."""
        group, reference = (np.flatnonzero(side & (n > 0)) for side in (self.member, ~self.member))
        if not (len(group) and len(reference) and np.isfinite(coefficients).all()):
            return np.full(self.owners.shape[1], np.nan)
        # Of each cell, what each covariate adds to the index.
        added = self.matrix @ (coefficients[:, None] * self.owners)
        index = coefficients[0] + added.sum(axis=1)
        group, reference = (_ranked(side, index) for side in (group, reference))
        match = subsample_pairs if subsampled else rank_pairs
        pairs = match(n[group], n[reference])
        first, second = reference[pairs.reference], group[pairs.group]
        change = added[second] - added[first]
        at_once = max(1, NUMBERS_AT_ONCE // len(self.orders.switched))
        means = np.zeros(len(self.orders.switched))
        for start in range(0, len(change), at_once):
            block = slice(start, start + at_once)
            logits = index[first[block], None] + change[block] @ self.orders.switched.T
            means += pairs.share[block] @ expit(logits)
        return np.asarray(self.orders.weights @ means)


def _ranked(cells: NDArray[np.intp], index: Array) -> NDArray[np.intp]:
    # Rounded: what is tied but for the last digits keeps the order of the cells.
    return cells[np.argsort(np.round(index[cells], 9), kind="stable")]


def orders_of(covariates: int, seed: int = SEED) -> Orders:
    """Take all orders of up to five covariates; draw them for more, each with its reverse.

    Parameters
    ----------
    covariates
        How many.
    seed
        Of the draw.
    """
    if covariates <= ENUMERATED:
        orders = list(permutations(range(covariates)))
    else:
        random = np.random.Generator(np.random.Philox(seed))
        drawn = [tuple(random.permutation(covariates)) for _ in range(SAMPLED_ORDERS // 2)]
        orders = [*drawn, *(order[::-1] for order in drawn)]
    places: dict[frozenset[int], int] = {}
    steps = np.zeros((covariates, 2**covariates))
    for order in orders:
        before = places.setdefault(frozenset(), len(places))
        for position, covariate in enumerate(order):
            after = places.setdefault(frozenset(order[: position + 1]), len(places))
            steps[covariate, after] += 1 / len(orders)
            steps[covariate, before] -= 1 / len(orders)
            before = after
    switched = np.array([[i in chosen for i in range(covariates)] for chosen in places])
    return Orders(switched, steps[:, : len(places)])


def rank_pairs(group: Array, reference: Array) -> Pairs:
    """Match all persons of both sides by their rank as a share of their side.

    Parameters
    ----------
    group, reference
        Persons of each cell, by rising predicted probability; above 0.
    """
    ends = [np.cumsum(side) / side.sum() for side in (group, reference)]
    breaks = np.sort(np.concatenate(ends))[:-1]
    begin, end = np.concatenate([[0.0], breaks[:-1]]), breaks
    middle, share = (begin + end) / 2, end - begin
    places = [np.minimum(np.searchsorted(side, middle), len(side) - 1) for side in ends]
    kept = share > 0
    return Pairs(places[0][kept], places[1][kept], share[kept])


def subsample_pairs(group: Array, reference: Array) -> Pairs:
    """Match by rank each subsample of the larger side of the smaller's size; mean over all.

    With K the number of the first J of the larger side's N persons that are among the n drawn,
    which is hypergeometric, the expected number of the first a ranks that are matched with the
    first J persons is E min(a, K). Differences of this over the cells' ends give the pairs.

    Parameters
    ----------
    group, reference
        Persons of each cell, by rising predicted probability; whole numbers above 0.
    """
    if group.sum() > reference.sum():
        swapped = subsample_pairs(reference, group)
        return Pairs(swapped.reference, swapped.group, swapped.share)
    ranks = np.concatenate([[0], np.cumsum(group)]).astype(np.int64)
    ends = np.concatenate([[0], np.cumsum(reference)]).astype(np.int64)
    width = int(2 * TAIL * np.sqrt(ranks[-1]) / 2) + 8
    at_once = max(2, NUMBERS_AT_ONCE // (width + len(ranks)))
    logs = gammaln(np.arange(ends[-1] + 1) + 1.0)
    found = []
    for start in range(0, len(reference), at_once):
        block = ends[start : start + at_once + 1]
        weights = np.diff(np.diff(_expected_minimum(ranks, block, ends[-1], logs), axis=0), axis=1)
        rows, columns = np.nonzero(np.abs(weights) > LEAST_SHARE * ranks[-1])
        found.append((columns, rows + start, weights[rows, columns] / ranks[-1]))
    return Pairs(*(np.concatenate(part) for part in zip(*found, strict=True)))


def _expected_minimum(
    ranks: NDArray[np.int64], ends: NDArray[np.int64], persons: int, logs: Array
) -> Array:
    """E min(a, K) for each end J (rows) and rank a (columns), K as in `subsample_pairs`.

    `logs` are the logarithms of the factorials up to the number of persons.
    """
    drawn = ranks[-1]
    mean = ends * (drawn / persons)
    spread = np.sqrt(mean * (1 - ends / persons) * (persons - drawn) / max(persons - 1, 1))
    low = np.maximum(np.floor(mean - TAIL * spread - 2), np.maximum(0, drawn - persons + ends))
    high = np.minimum(np.ceil(mean + TAIL * spread + 2), np.minimum(drawn, ends))
    low, high = low.astype(np.int64)[:, None], high.astype(np.int64)[:, None]
    hits = low + np.arange(int((high - low).max()) + 1)
    inside = np.minimum(hits, high)
    first = ends[:, None]
    chance = np.exp(
        logs[first] - logs[inside] - logs[first - inside]
        + logs[persons - first] - logs[drawn - inside] - logs[persons - first - drawn + inside]
        - (logs[persons] - logs[drawn] - logs[persons - drawn])
    ) * (hits <= high)  # fmt: skip
    chance /= chance.sum(axis=1, keepdims=True)
    below, up_to = np.cumsum(chance * hits, axis=1), np.cumsum(chance, axis=1)
    place = np.clip(ranks - low, 0, hits.shape[1] - 1)
    partial = np.take_along_axis(below, place, axis=1)
    partial += ranks * (1 - np.take_along_axis(up_to, place, axis=1))
    return np.where(ranks < low, ranks, np.where(ranks >= high, below[:, -1:], partial))
