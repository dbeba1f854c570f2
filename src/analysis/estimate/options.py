"""How gaps are estimated: the choices of an analyst, with their defaults."""

from dataclasses import dataclass
from typing import Literal

from analysis.estimate.margins import Over
from analysis.estimate.results import Correction
from analysis.vocabulary import Contrast

Errors = Literal["auto", "model", "hc0", "hc1", "hc2", "hc3", "cluster"]
Covariates = Literal["fixed", "random"]


@dataclass(frozen=True)
class GapOptions:
    """Choices that hold for all gaps of a table.

    Attributes
    ----------
    contrasts
        Which comparisons.
    confidence
        Coverage of the intervals.
    errors
        `auto` is `cluster` where the study has clusters; elsewhere `hc2` for the linear model and
        `hc1` for the logit, both with Satterthwaite's degrees of freedom. HC2 and HC3 are for the
        linear model; the logit takes HC1 beside them.
    over
        Average the logit's marginal effects over all persons compared, or over the group.
    covariates
        Take the covariates as fixed, or as a random draw, in the errors of these effects.
    correction
        For many tests, within each family.
    """

    contrasts: tuple[Contrast, ...] = tuple(Contrast)
    confidence: float = 0.95
    errors: Errors = "auto"
    over: Over = "all"
    covariates: Covariates = "fixed"
    correction: Correction = "holm"
