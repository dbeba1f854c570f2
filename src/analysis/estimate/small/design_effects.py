"""How many independent persons those of clusters are worth, in strata that clusters cut across."""

import numpy as np
from scipy.stats import norm, t

from analysis.estimate.fits import Array


def intraclass_correlation(n: Array, successes: Array) -> float:
    """Correlation of two persons of a stratum and a cluster, one for all strata.

    By moments: with p_j the rate of stratum j, the variance of the successes of its clusters about
    n_jg p_j is p_j (1 - p_j) [Σ n_jg + ρ Σ n_jg (n_jg - 1)], and ρ is such that both sides agree
    when summed over strata, the left with the factor G_j/(G_j - 1). A stratum in a single cluster
    tells nothing of it. One correlation for all strata, since small ones can't tell their own.

    Parameters
    ----------
    n, successes
        Counts by stratum and cluster, shape (strata, clusters); every stratum has persons.

    Returns
    -------
    float
        Between 0 and 1; 0 where persons of a cluster are less alike than by chance.
    """
    total = n.sum(axis=1)
    rate = successes.sum(axis=1) / total
    binomial = rate * (1 - rate)
    groups = (n > 0).sum(axis=1)
    told = groups > 1
    factor = groups[told] / (groups[told] - 1)
    squares = ((successes - n * rate[:, None]) ** 2).sum(axis=1)
    above = (factor * squares[told] - (binomial * total)[told]).sum()
    pairs = (binomial * (n * (n - 1)).sum(axis=1))[told].sum()
    return float(np.clip(above / pairs, 0.0, 1.0)) if pairs > 0 else 0.0


def effective_shares(n: Array, successes: Array, confidence: float) -> Array:
    """Share of its persons that each stratum is worth, for an interval that takes them as such.

    One over the design effect, 1 + ρ (Σ n_jg² / Σ n_jg - 1) (Kish 1965, section 5.4, for unequal
    clusters), and over the squared ratio of the quantiles of t(G - 1) and the normal (Korn and
    Graubard 1998), G being the number of clusters.

    Parameters
    ----------
    n, successes
        See `intraclass_correlation`; at least two clusters have persons.
    confidence
        Coverage of the interval.
    """
    effect = 1 + intraclass_correlation(n, successes) * ((n**2).sum(axis=1) / n.sum(axis=1) - 1)
    shares: Array = quantile_share(int((n.sum(axis=0) > 0).sum()), confidence) / effect
    return shares


def quantile_share(clusters: int, confidence: float) -> float:
    """Squared ratio of the normal's quantile to that of t(G - 1), G being the number of clusters.

    By this, counts are the fewer and variances the larger, where quantiles of the normal follow.
    """
    upper = 0.5 + confidence / 2
    return float((norm.ppf(upper) / t.ppf(upper, clusters - 1)) ** 2)
