"""Kaplan-Meier curves and restricted means on counts by month, with their influence functions.

Of a side it is enough to count, by month, whose event came about and whose follow-up ended without
one. Persons who agree in both are of one kind, and have one influence on every number told of the
curve, so that errors by person and by cluster are one formula.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm
from scipy.stats import t as student

from analysis.estimate.clusters import too_few
from analysis.estimate.covariance import cluster_codes
from analysis.estimate.fits import Array
from analysis.estimate.proportions import Estimate
from analysis.studies.model import MONTH


@dataclass(frozen=True)
class Statistic:
    """A number told of one curve or two, and what each kind of person adds to it.

    Attributes
    ----------
    value
        The number.
    influence
        Of a person of each kind on it, shape (kinds,); over all persons it sums to 0.
    counts
        Persons by cluster and kind, shape (clusters, kinds); one row where there are no clusters.
    sides
        Clusters that hold each of its curves; None where there are no clusters.
    """

    value: float
    influence: Array
    counts: NDArray[np.int64]
    sides: tuple[int, ...] | None = None

    def minus(self, other: Self) -> "Statistic":
        """Difference of numbers of two disjoint sets of persons."""
        sides = None if self.sides is None or other.sides is None else self.sides + other.sides
        return Statistic(
            self.value - other.value,
            np.concatenate([self.influence, -other.influence]),
            np.hstack([self.counts, other.counts]),
            sides,
        )

    @property
    def clusters(self) -> int | None:
        """Number of clusters that hold its persons, where there are clusters."""
        return None if self.sides is None else int((self.counts.sum(axis=1) > 0).sum())

    @property
    def too_few(self) -> int | None:
        """Number of clusters, of all persons or of one curve, on which no interval can rest."""
        return too_few(self.clusters, *(self.sides or ()))

    @cached_property
    def std_error(self) -> float:
        """Root of the sum of squared influence of persons, or of clusters times G/(G - 1).

        Of persons, for a Kaplan-Meier curve, this is Greenwood's error (see `Curve`).
        """
        if self.clusters is None:
            return float(np.sqrt(self.counts.sum(axis=0) @ self.influence**2))
        if self.clusters < 2:
            return np.nan
        sums = self.counts @ self.influence
        return float(np.sqrt(self.clusters / (self.clusters - 1) * (sums @ sums)))

    @property
    def freedom(self) -> float:
        """Degrees of freedom of its test: clusters less one, infinite without clusters."""
        return np.inf if self.clusters is None else self.clusters - 1

    def quantile(self, confidence: float) -> float:
        """Half the width of an interval, in standard errors."""
        upper = 0.5 + confidence / 2
        if np.isinf(self.freedom):
            return float(norm.ppf(upper))
        return float(student.ppf(upper, self.freedom))


@dataclass(frozen=True)
class Curve:
    """The Kaplan-Meier curve of one side, at whole months from 0 to the last one followed.

    A person censored in a month was at risk in it: of the graduates followed to month 6 it is known
    whether they were placed in month 6.

    Attributes
    ----------
    counts
        By cluster, persons whose event came about in each month, then persons whose follow-up
        ended in it without one: shape (clusters, 2 x months).
    clustered
        Whether the rows are clusters; without clusters there is one row.
    """

    counts: NDArray[np.int64]
    clustered: bool

    @classmethod
    def of(
        cls, cells: pd.DataFrame, clusters: NDArray[np.intp], groups: int, *, clustered: bool
    ) -> Self:
        """Count the curve of cells.

        Parameters
        ----------
        cells
            With `month`, `n` above 0 and `successes`; see `analysis.cells.time_cells`.
        clusters
            Number of each cell's cluster; 0 for all where there are none.
        groups
            Number of clusters.
        clustered
            Whether there are clusters.
        """
        months = int(cells[MONTH].max()) + 1
        place, size = clusters * months + cells[MONTH].to_numpy(), groups * months
        events, persons = cells["successes"].to_numpy(), cells["n"].to_numpy()
        counts = [np.bincount(place, own, size) for own in (events, persons - events)]
        by_cluster = [own.reshape(groups, months).astype(np.int64) for own in counts]
        return cls(np.hstack(by_cluster), clustered)

    @property
    def last(self) -> int:
        """The last month in which anyone was at risk."""
        return int(self.counts.shape[1]) // 2 - 1

    @cached_property
    def events(self) -> NDArray[np.int64]:
        """Events in each month, shape (months,)."""
        found: NDArray[np.int64] = self.counts.sum(axis=0)[: self.last + 1]
        return found

    @cached_property
    def at_risk(self) -> NDArray[np.int64]:
        """Persons at risk in each month, shape (months,): all who were followed to it."""
        ended = self.counts.sum(axis=0).reshape(2, -1).sum(axis=0)
        found: NDArray[np.int64] = ended[::-1].cumsum()[::-1]
        return found

    @cached_property
    def hazard(self) -> Array:
        """Share of those at risk whose event came about in each month."""
        found: Array = self.events / self.at_risk
        return found

    @cached_property
    def survival(self) -> Array:
        """Share without the event by the end of each month (Kaplan and Meier 1958)."""
        found: Array = np.cumprod(1 - self.hazard)
        return found

    @cached_property
    def influence(self) -> Array:
        r"""Influence of a person of each kind on the survival of each month: (kinds, months).

        With the hazard h and Y at risk, of a person who had the event (D = 1) or not in month u,

            S(t) x sum over m <= min(t, u) of (h_m - D [m = u]) / (Y_m (1 - h_m)).

        It is the derivative of the curve by the weight of the person (Reid 1981). Its squares add
        up to Greenwood's variance, for its parts of different months are uncorrelated.
        """
        months = self.last + 1
        alive = 1 - self.hazard
        # Where all at risk have the event the curve is 0, whatever a person adds.
        scale = np.divide(1.0, self.at_risk * alive, out=np.zeros(months), where=alive > 0)
        lived = np.cumsum(self.hazard * scale)
        until, now = np.indices((months, months))  # month of the end, month of the curve
        ended = lived[np.minimum(until, now)]
        events = ended - np.where(until <= now, scale[until], 0.0)
        found: Array = self.survival * np.vstack([events, ended])
        return found

    def reaches(self, month: int) -> bool:
        """Whether the curve is known at a month: anyone was followed to it, or all had the event.

        Nothing is extrapolated.
        """
        return month <= self.last or bool(self.survival[-1] == 0)

    def followed(self, month: int) -> int:
        """Persons at risk in a month."""
        return int(self.at_risk[month]) if month <= self.last else 0

    def placed_by(self, month: int) -> Statistic:
        """Share whose event came about by the end of a month that the curve reaches."""
        place = min(month, self.last)
        return self._statistic(1 - self.survival[place], -self.influence[:, place])

    def restricted_mean(self, month: int) -> Statistic:
        """Mean months without the event within the first ones, the area below the curve.

        The survival of month m holds from m to m + 1, so that the area to a month has the steps
        of all months before it (Irwin 1949; Royston and Parmar 2013).
        """
        value = float(self.survival[:month].sum())
        return self._statistic(value, self.influence[:, :month].sum(axis=1))

    def _statistic(self, value: float, influence: Array) -> Statistic:
        held = int((self.counts.sum(axis=1) > 0).sum())
        return Statistic(float(value), influence, self.counts, (held,) if self.clustered else None)


def two_curves(
    group: pd.DataFrame, reference: pd.DataFrame, cluster: str | None
) -> tuple[Curve | None, Curve | None]:
    """Curves of both sides of a comparison, on one numbering of the clusters.

    Parameters
    ----------
    group, reference
        Cells of each side; one without persons has no curve.
    cluster
        Their cluster column, if there is one.
    """
    both = [one[one["n"] > 0] for one in (group, reference)]
    codes, groups = np.zeros(sum(map(len, both)), dtype=np.intp), 1
    if cluster is not None and len(codes):
        codes = cluster_codes(pd.concat([one[cluster] for one in both]))
        groups = int(codes.max()) + 1
    own = np.split(codes, [len(both[0])])
    first, second = (
        Curve.of(cells, rows, groups, clustered=cluster is not None) if len(cells) else None
        for cells, rows in zip(both, own, strict=True)
    )
    return first, second


def share_interval(one: Statistic, confidence: float) -> Estimate:
    """Share placed, with the interval of the log of minus the log of what is left.

    It keeps within 0 and 1 and covers better than the plain one (Kalbfleisch and Prentice 1980;
    Borgan and Liestøl 1990). A share of 0 or 1 has none.
    """
    left = 1 - one.value
    if one.too_few or not 0 < left < 1:
        return Estimate(one.value, np.nan if one.too_few else one.std_error)
    error = one.std_error
    reach = one.quantile(confidence) * error / (left * abs(np.log(left)))
    low, high = (1 - left ** np.exp(sign * reach) for sign in (-1, 1))
    return Estimate(one.value, error, float(low), float(high))
