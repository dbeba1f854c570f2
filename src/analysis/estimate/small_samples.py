"""Few persons on a side: HC2, and degrees of freedom of the errors themselves.

A handful of persons seldom shows how much their outcomes vary. HC2 takes what a linear fit hides of
it out of the residuals, and Student's t has as many degrees of freedom as the error rests on,
however many persons the reference has (Bell and McCaffrey 2002; Imbens and Kolesár 2016). For the
linear model that is CR2 with each person a cluster, from the sums over cells; the logit is taken as
the least squares of its last step.
"""

from dataclasses import dataclass

import numpy as np

from analysis.estimate.covariance import covariance
from analysis.estimate.fits import Array, Fit

WHOLE_LEVERAGE = 1 - 1e-9
ROUNDING = 1e-12


@dataclass(frozen=True)
class SmallSampleCovariance:
    """HC2 covariance and what the degrees of freedom of a contrast need.

    Attributes
    ----------
    covariance
        k by k.
    matrix, n, bread
        Design in which the errors have one variance, persons of each cell, and (X'X)⁻¹ over them.
    leverage
        Of one person of each cell, shape (cells,).
    """

    covariance: Array
    matrix: Array
    n: Array
    bread: Array
    leverage: Array

    def degrees_of_freedom(self, contrast: Array) -> float:
        """Satterthwaite degrees of freedom of contrast'β: (tr G)² / tr G².

        G has the elements w_i (I - H)_ij w_j over persons, w = X(X'X)⁻¹ contrast / √(1 - h)
        (Imbens and Kolesár 2016, section 4.1). nan if no person's residual has a part in the error.
        """
        matrix, n, bread = self.matrix, self.n, self.bread
        loads = (matrix @ (bread @ contrast)) ** 2
        squares = loads * _inverse(self.leverage)
        trace = float(n @ (squares * (1 - self.leverage)))
        # Where all who carry the contrast are alone at a level, no residual carries its error:
        # what is left of the others is rounding, whose size differs between processors.
        if trace <= ROUNDING * float(n @ loads):
            return np.nan
        inner = bread @ (matrix.T @ ((n * squares)[:, None] * matrix))
        # The sum over all pairs takes each person with himself as h², where it is (1 - h)².
        own = float(n @ (squares**2 * (1 - 2 * self.leverage)))
        return trace**2 / (float(np.trace(inner @ inner)) + own)


def hc2_covariance(fit: Fit) -> SmallSampleCovariance:
    """HC2 covariance of a linear fit (MacKinnon and White 1985).

    A person who alone determines a coefficient has no residual, and adds nothing; the inverse of
    1 - h is the generalised one there, as for CR2.

    Parameters
    ----------
    fit
        A linear fit on cells.
    """
    matrix = fit.design.matrix
    leverage = ((matrix @ fit.bread) * matrix).sum(axis=1)
    squares = fit.successes * (1 - fit.fitted) ** 2 + (fit.n - fit.successes) * fit.fitted**2
    meat = matrix.T @ ((squares * _inverse(leverage))[:, None] * matrix)
    return SmallSampleCovariance(fit.bread @ meat @ fit.bread, matrix, fit.n, fit.bread, leverage)


def logit_covariance(fit: Fit) -> SmallSampleCovariance:
    """HC1 covariance of a logit, with degrees of freedom as of least squares at its weights.

    Parameters
    ----------
    fit
        A logit on cells.
    """
    matrix = np.sqrt(fit.fitted * (1 - fit.fitted))[:, None] * fit.design.matrix
    leverage = ((matrix @ fit.bread) * matrix).sum(axis=1)
    return SmallSampleCovariance(covariance(fit, "hc1"), matrix, fit.n, fit.bread, leverage)


def _inverse(leverage: Array) -> Array:
    """Generalised inverse of 1 - h."""
    whole = leverage > WHOLE_LEVERAGE
    return np.where(whole, 0.0, 1 / np.where(whole, 1.0, 1 - leverage))
