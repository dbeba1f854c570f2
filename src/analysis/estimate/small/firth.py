"""Firth's penalised logit: an estimate for small groups, and where the ordinary logit has none.

The library firthmodels maximises the penalised likelihood and follows its profile. It takes the
counts of cells as weights as it should: the leverage that enters the penalty is that of all
persons of a cell together. Average effects, their intervals and what clusters do to either are
made here.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from firthmodels import FirthLogisticRegression
from scipy.special import expit
from scipy.stats import chi2, norm
from scipy.stats import t as student

from analysis.estimate.fits import Array, Design, Fit, NotEstimableError, prepare
from analysis.estimate.hybrid import UncertainRate, critical_value, difference_estimate
from analysis.estimate.margins import Over
from analysis.estimate.options import GapOptions
from analysis.estimate.proportions import Estimate
from analysis.estimate.rates import Row, as_row, reason_row
from analysis.estimate.regressions import ErrorModel, empty_side, error_model, too_few_clusters
from analysis.estimate.results import write_note
from analysis.vocabulary import Estimand

TOLERANCE = 1e-6
"""Of the score and of the coefficients. At 1e-8, what a step gains drowns in rounding."""

MAX_ITERATIONS = 200
GAP = np.array([1.0, -1.0])
METHODS = {Estimand.ADJUSTED_DIFFERENCE: "firth", Estimand.ODDS_RATIO: "firth_profile"}


def firth_rows(
    cells: pd.DataFrame,
    focus: Sequence[str],
    adjusters: Sequence[str],
    options: GapOptions,
    cluster: str | None = None,
) -> Iterator[tuple[str, Row]]:
    """Adjusted difference and odds ratio of each focus variable by one penalised logit.

    Parameters
    ----------
    cells
        Cells with `n`, `successes`, the variables, and the cluster where there is one.
    focus
        Boolean variables whose gap is asked for.
    adjusters
        Variables held fixed.
    options
        Errors, averaging and coverage; covariates are taken as fixed.
    cluster
        Cluster column.

    Yields
    ------
    tuple
        Name of the focus variable and the numbers of a row, or the reason why there are none:
        two rows a variable.
    """
    empty = {name: reason for name in focus if (reason := empty_side(cells, name))}
    try:
        fit = fit_firth(cells, [name for name in focus if name not in empty], adjusters)
        model = error_model(fit, cells, options, cluster)
    except NotEstimableError as error:
        for name in focus:
            missing = NotEstimableError(empty[name]) if name in empty else error
            yield from _missing(name, missing)
        return
    for name in focus:
        if name in empty:
            yield from _missing(name, NotEstimableError(empty[name]))
            continue
        too_few = too_few_clusters(fit, model, name)
        yield name, _difference_row(fit, model, name, options, too_few)
        yield name, _odds_row(fit, model, name, options, too_few)


def _missing(name: str, error: NotEstimableError) -> Iterator[tuple[str, Row]]:
    for estimand, method in METHODS.items():
        yield name, reason_row(estimand, method, error)


# ---- The fit ------------------------------------------------------------------------------------


def fit_firth(cells: pd.DataFrame, focus: Sequence[str], adjusters: Sequence[str] = ()) -> Fit:
    """Fit the logit by maximum penalised likelihood over the persons in the cells (Firth 1993).

    The penalty is half the log determinant of the information. The maximum always exists.

    Parameters
    ----------
    cells
        Columns `n`, `successes` and the variables.
    focus, adjusters
        See `analysis.estimate.fits.design_matrix`.

    Returns
    -------
    Fit
        With the inverse information at the penalised estimate as bread (Heinze and Schemper 2002).

    Raises
    ------
    NotEstimableError
        If there are no persons, only successes or only failures, a focus variable is collinear,
        or the steps do not converge.
    """
    design, n, successes, rows = prepare(cells, focus, adjusters)
    found = _maximise(design, n, successes)
    coefficients = np.asarray(found.coef_)
    fitted = expit(design.matrix @ coefficients)
    weight = n * fitted * (1 - fitted)
    bread = np.linalg.inv(design.matrix.T @ (weight[:, None] * design.matrix))
    return Fit("logit", design, n, successes, coefficients, fitted, bread, rows)


def _maximise(
    design: Design, n: Array, successes: Array, inflation: float = 1.0
) -> FirthLogisticRegression:
    """Maximise the penalised likelihood, divided by an inflation of the variance."""
    weights = np.concatenate([successes, n - successes]) / inflation
    outcome = np.repeat([1.0, 0.0], len(n))
    used = weights > 0
    # Leverages don't depend on the scale of the weights, so the penalty must be scaled by itself.
    library = FirthLogisticRegression(
        backend="numpy",
        max_iter=MAX_ITERATIONS,
        gtol=TOLERANCE,
        xtol=TOLERANCE,
        fit_intercept=False,
        penalty_weight=0.5 / inflation,
    )
    matrix = np.vstack([design.matrix, design.matrix])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they say is checked below
        try:
            library.fit(matrix[used], outcome[used], sample_weight=weights[used])
        except (np.linalg.LinAlgError, ValueError) as error:
            raise NotEstimableError("no_convergence") from error
    if not library.converged_:
        raise NotEstimableError("no_convergence")
    return library


# ---- Odds ratio ---------------------------------------------------------------------------------


def profile(
    fit: Fit, name: str, confidence: float, *, inflation: float = 1.0, freedom: float = np.inf
) -> Estimate:
    """Coefficient with its profile penalised likelihood interval and ratio test.

    Heinze and Schemper (2002). For clusters the penalised likelihood is divided by the ratio of
    the clustered to the independent variance (Chandler and Bate 2007), and its root is compared
    with t.

    Parameters
    ----------
    fit
        Of `fit_firth`.
    name
        A column of its design.
    confidence
        Coverage of the interval.
    inflation
        Ratio of the variances; 1 if persons are independent.
    freedom
        Degrees of freedom of Student's t; infinite for the normal.

    Returns
    -------
    Estimate
        On the scale of the logit; without limits or p-value where the profile can't be followed.
    """
    column = fit.design.names.index(name)
    value = float(fit.coefficients[column])
    error = float(np.sqrt(fit.bread[column, column] * inflation))
    alpha = float(chi2.sf(critical_value(confidence, freedom) ** 2, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        library = _maximise(fit.design, fit.n, fit.successes, inflation)
        try:
            limits = library.conf_int(
                alpha, method="pl", features=[column], max_iter=MAX_ITERATIONS, tol=TOLERANCE
            )
            library.lrt([column])
        except np.linalg.LinAlgError:
            # A step went to where all persons of a column are certain to succeed or to fail.
            return Estimate(value, error)
    low, high = (float(limit) for limit in limits[column])
    if not low <= value <= high:
        low = high = np.nan
    # The library tells the root of twice the drop of the likelihood as an error.
    root = abs(value) / float(library.lrt_bse_[column])
    law = norm if np.isinf(freedom) else student(freedom)
    return Estimate(value, error, low, high, float(2 * law.sf(root)))


def _odds_row(
    fit: Fit, model: ErrorModel, name: str, options: GapOptions, too_few: int | None
) -> Row:
    method = METHODS[Estimand.ODDS_RATIO]
    if model.clusters is not None:
        method += "_cluster"
    try:
        found = _log_odds(fit, model, name, options, too_few)
    except NotEstimableError as error:
        return reason_row(Estimand.ODDS_RATIO, method, error)
    ratio = float(np.exp(found.value))
    shown = Estimate(
        ratio,
        ratio * found.std_error,
        float(np.exp(found.low)),
        float(np.exp(found.high)),
        found.p_value,
    )
    lost = too_few is None and np.isnan(found.low)
    note = _remarks(fit, model, name, too_few, no_profile=bool(lost))
    return as_row(shown) | {"estimand": Estimand.ODDS_RATIO, "method": method, "note": note}


def _log_odds(
    fit: Fit, model: ErrorModel, name: str, options: GapOptions, too_few: int | None
) -> Estimate:
    column = fit.design.names.index(name)
    if too_few is not None:
        return Estimate(float(fit.coefficients[column]))
    inflation = 1.0
    if model.clusters is not None:
        variance = max(float(one[column, column]) for one in _covariances(fit, model, name))
        inflation = variance / float(fit.bread[column, column])
    return profile(fit, name, options.confidence, inflation=inflation, freedom=model.freedom)


# ---- Average marginal effect --------------------------------------------------------------------


def standardised_rates(fit: Fit, name: str, over: Over = "all") -> tuple[Array, Array]:
    """Average probability if everybody were in the group, and if nobody were.

    Their difference is the average marginal effect.

    Parameters
    ----------
    fit
        A logit.
    name
        Boolean variable of the design.
    over
        Average over `all` persons, or over the `group`.

    Returns
    -------
    tuple of numpy.ndarray
        The two rates, shape (2,), and their derivatives by the coefficients, shape (2, k).
    """
    column = fit.design.names.index(name)
    weights = fit.n * (fit.design.matrix[:, column] if over == "group" else 1.0)
    weights = weights / weights.sum()
    rates, gradients = [], []
    for member in (1.0, 0.0):
        matrix = fit.design.matrix.copy()
        matrix[:, column] = member
        probability = expit(matrix @ fit.coefficients)
        rates.append(weights @ probability)
        gradients.append((weights * probability * (1 - probability)) @ matrix)
    return np.array(rates), np.array(gradients)


def average_difference(
    fit: Fit, model: ErrorModel, name: str, confidence: float, over: Over = "all"
) -> Estimate:
    """Average marginal effect with the hybrid score interval of its two standardised rates.

    Delta-method variances, put together as Zou and Donner (2008) do; see
    `analysis.estimate.hybrid`. Estimate ± z × error covers as well only from some hundred persons
    on, and leaves [-1, 1].

    Parameters
    ----------
    fit, model
        Of `fit_firth`, and its errors.
    name, over
        See `standardised_rates`.
    confidence
        Coverage of the interval.
    """
    rates, gradients = standardised_rates(fit, name, over)
    candidates = [gradients @ one @ gradients.T for one in _covariances(fit, model, name)]
    covariance = max(candidates, key=lambda one: float(GAP @ one @ GAP))
    members = float(fit.n @ fit.design.matrix[:, fit.design.names.index(name)])
    group, reference = (
        UncertainRate(float(rates[i]), float(covariance[i, i]), persons)
        for i, persons in enumerate((members, fit.persons - members))
    )
    return difference_estimate(group, reference, float(covariance[0, 1]), confidence, model.freedom)


def _difference_row(
    fit: Fit, model: ErrorModel, name: str, options: GapOptions, too_few: int | None
) -> Row:
    if too_few is None:
        found = average_difference(fit, model, name, options.confidence, options.over)
    else:
        found = Estimate(float(GAP @ standardised_rates(fit, name, options.over)[0]))
    over = options.over if options.over == "group" else ""
    parts = (METHODS[Estimand.ADJUSTED_DIFFERENCE], model.kind, over)
    return as_row(found) | {
        "estimand": Estimand.ADJUSTED_DIFFERENCE,
        "method": "_".join(filter(None, parts)),
        "note": _remarks(fit, model, name, too_few),
    }


def side_without_spread(fit: Fit, name: str) -> bool:
    """Whether the members of a focus variable, or the others, all succeed or all fail."""
    member = fit.design.matrix[:, fit.design.names.index(name)] > 0
    sides = ((fit.successes[side].sum(), fit.n[side].sum()) for side in (member, ~member))
    return any(successes in (0, n) for successes, n in sides)


def _covariances(fit: Fit, model: ErrorModel, name: str) -> list[Array]:
    """Covariances of the coefficients, the largest of which is to be taken.

    Residuals of a side that only succeeds or only fails are next to nothing, and so would be the
    sandwich. The inverse information is not.
    """
    return [model.matrix, *([fit.bread] if side_without_spread(fit, name) else [])]


def _remarks(fit: Fit, model: ErrorModel, name: str, too_few: int | None, **more: object) -> str:
    remarks: Mapping[str, object] = {
        "no_spread": too_few is None and side_without_spread(fit, name),
        "few_clusters": too_few,
        "clusters": None if too_few else model.groups,
        "dropped": ", ".join(fit.design.dropped) or None,
    }
    return write_note(**more, **remarks)
