"""Binomial regressions on cells: the design matrix, the linear probability model, the logit."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.special import expit
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.regression.linear_model import WLS

from analysis.estimate.refits import refit

Array = NDArray[np.floating[Any]]
Link = Literal["linear", "logit"]

INTERCEPT = "intercept"
ALIAS_TOLERANCE = 1e-9
EXTREME_PROBABILITY = 1e-6
GRADIENT_TOLERANCE = 1e-8
MAX_ITERATIONS = 50
PERSONS_PER_COEFFICIENT = 10
"""What a side needs for a regression of its own that errors can rest on (Peduzzi et al. 1996)."""


class NotEstimableError(Exception):
    """The data can't answer the question; becomes a row with a reason.

    Parameters
    ----------
    reason
        Key of the reason in the message catalogue, under `notes`.
    detail
        What it concerns, a name or a number.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Design:
    """A design matrix and what its columns are.

    Attributes
    ----------
    matrix
        Cells by columns; the first column is the intercept.
    names
        One name a column, `variable[level]` for a level of a categorical variable.
    factors
        For each variable, the positions of its columns; the reference level has none.
    dropped
        Names of columns left out because the ones before them determine them.
    """

    matrix: Array
    names: tuple[str, ...]
    factors: Mapping[str, tuple[int, ...]]
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fit:
    """A fitted binomial regression on cells.

    Attributes
    ----------
    design
        The design, of the cells with n > 0 only.
    n, successes
        Persons and successes of each cell.
    coefficients
        One a column of the design.
    fitted
        Probability of success of each cell.
    bread
        Inverse of X'X (linear) or of the information X'WX (logit), over persons.
    rows
        Positions of the cells used in the table that the fit was made of.
    """

    link: Link
    design: Design
    n: Array
    successes: Array
    coefficients: Array
    fitted: Array
    bread: Array
    rows: NDArray[np.intp]

    @property
    def persons(self) -> float:
        """Number of persons."""
        return float(self.n.sum())


def design_matrix(cells: pd.DataFrame, focus: Sequence[str], adjusters: Sequence[str]) -> Design:
    """Build the design of a regression on cells.

    Parameters
    ----------
    cells
        Cells with n > 0.
    focus
        Boolean or numeric variables whose coefficients are asked for.
    adjusters
        Variables held fixed: categorical ones become indicators of each level that occurs but
        the first, boolean and numeric ones enter as they are.

    Raises
    ------
    NotEstimableError
        If a focus variable is determined by the adjusters and the other focus variables.
    """
    owners, names = [""], [INTERCEPT]
    columns: list[Array | NDArray[np.bool_]] = [np.ones(len(cells))]
    for variable in (*adjusters, *focus):
        for name, column in _coded(cells[variable]):
            owners.append(variable)
            names.append(name)
            columns.append(column)
    # Transposed: a column lies in one piece, which is what the products read.
    matrix = np.array(columns, dtype=float).T
    independent = _independent_columns(matrix)
    aliased = [i for i, keep in enumerate(independent) if not keep]
    for i in aliased:
        if owners[i] in focus:
            raise NotEstimableError("collinear", names[i])
    kept = [i for i, keep in enumerate(independent) if keep]
    factors = {
        variable: tuple(place for place, i in enumerate(kept) if owners[i] == variable)
        for variable in (*adjusters, *focus)
    }
    return Design(
        matrix[:, kept] if aliased else matrix,
        tuple(names[i] for i in kept),
        factors,
        tuple(names[i] for i in aliased),
    )


def _coded(values: pd.Series) -> Iterator[tuple[str, Array | NDArray[np.bool_]]]:
    """Columns of one variable, each with its name."""
    if isinstance(values.dtype, pd.CategoricalDtype) or not pd.api.types.is_numeric_dtype(values):
        categorical = values.astype("category")
        codes = categorical.cat.codes.to_numpy()
        if codes.min() < 0:
            raise ValueError(f"{values.name} has missing values; make them a level of their own")
        for code in np.unique(codes)[1:]:
            level = categorical.cat.categories[code]
            yield f"{values.name}[{level}]", codes == code
    else:
        yield str(values.name), values.to_numpy(dtype=float)


def _independent_columns(matrix: Array) -> NDArray[np.bool_]:
    """Tell for each column whether the ones before it leave any of it unexplained.

    Sweeps the scaled cross-product matrix column by column (Goodnight 1979), which keeps the
    earlier of two collinear columns, as R does.
    """
    cross = matrix.T @ matrix
    scale = np.sqrt(np.diag(cross))
    scale[scale == 0] = 1.0
    cross = cross / np.outer(scale, scale)
    independent = np.zeros(len(scale), dtype=bool)
    for j in range(len(scale)):
        if cross[j, j] > ALIAS_TOLERANCE:
            independent[j] = True
            cross = cross - np.outer(cross[:, j], cross[j]) / cross[j, j]
    return independent


def fit_linear(cells: pd.DataFrame, focus: Sequence[str], adjusters: Sequence[str] = ()) -> Fit:
    """Fit the linear probability model by least squares over the persons in the cells.

    Parameters
    ----------
    cells
        Columns `n`, `successes` and the variables.
    focus, adjusters
        See `design_matrix`.

    Raises
    ------
    NotEstimableError
        If there are no persons, only successes or only failures, or a focus variable is
        collinear.
    """
    design, n, successes, rows = prepare(cells, focus, adjusters)
    result = WLS(successes / n, design.matrix, weights=n, hasconst=True).fit(method="qr")
    bread = np.linalg.inv(design.matrix.T @ (n[:, None] * design.matrix))
    coefficients = np.asarray(result.params)
    fitted = design.matrix @ coefficients
    return Fit("linear", design, n, successes, coefficients, fitted, bread, rows)


def fit_logit(cells: pd.DataFrame, focus: Sequence[str], adjusters: Sequence[str] = ()) -> Fit:
    """Fit the logit by maximum likelihood over the persons in the cells.

    Parameters
    ----------
    cells
        Columns `n`, `successes` and the variables.
    focus, adjusters
        See `design_matrix`.

    Raises
    ------
    NotEstimableError
        If there are no persons, only successes or only failures, a focus variable is collinear,
        or the maximum does not exist because a combination of the variables separates successes
        from failures.
    """
    design, n, successes, rows = prepare(cells, focus, adjusters)
    coefficients = _maximise(np.column_stack([successes, n - successes]), design.matrix)
    fitted = expit(design.matrix @ coefficients)
    if not np.minimum(fitted, 1 - fitted).min() > EXTREME_PROBABILITY:  # nan where it diverged
        _refuse_separation(design, n, successes)
    if not _at_maximum(design, n, successes, fitted):
        # Rare events of very many persons: Newton's method needs shorter steps from further off.
        start = np.zeros_like(coefficients)
        (coefficients,) = refit(design.matrix, n[None], successes[None], start)
        fitted = expit(design.matrix @ coefficients)
        if not _at_maximum(design, n, successes, fitted):
            raise NotEstimableError("no_convergence")
    weight = n * fitted * (1 - fitted)
    bread = np.linalg.inv(design.matrix.T @ (weight[:, None] * design.matrix))
    return Fit("logit", design, n, successes, coefficients, fitted, bread, rows)


def _at_maximum(design: Design, n: Array, successes: Array, fitted: Array) -> bool:
    """Whether the likelihood's gradient vanishes; not where it is nan."""
    gradient = design.matrix.T @ (successes - n * fitted)
    return bool(np.abs(gradient).max() <= GRADIENT_TOLERANCE * n.sum())


class _FullRank(GLM):  # type: ignore[misc]  # statsmodels is untyped
    """A model whose columns are known to be independent.

    To count them once more, statsmodels would take the singular values of all cells, which lasts
    as long as the steps of the fit together.
    """

    def initialize(self) -> None:
        """Set the degrees of freedom."""
        self.wnobs, columns = self.exog.shape
        self.df_model = columns - 1
        self.df_resid = self.wnobs - columns


def _maximise(response: Array, matrix: Array) -> Array:
    """Maximum likelihood coefficients by Newton's method; nan if it runs away.

    For the logit, Newton's steps are those of iterated least squares, but statsmodels takes them
    from the k by k cross-products, several times faster than by factoring all cells.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # What these warnings say is checked by the caller, and reported in words.
        warnings.simplefilter("ignore")
        try:
            result = _FullRank(response, matrix, family=Binomial(), hasconst=True).fit(
                method="newton",
                start_params=_first_step(response, matrix),
                max_start_irls=0,
                maxiter=MAX_ITERATIONS,
                tol=1e-10,
                disp=0,
            )
        except (np.linalg.LinAlgError, ValueError):
            return np.full(matrix.shape[1], np.nan)
    return np.asarray(result.params)


def _first_step(response: Array, matrix: Array) -> Array:
    """One step of least squares from each cell's own rate, drawn a little to one half.

    Started from the overall rate, Newton's method leaps too far for a group with a rate far from
    it, and runs away. This start is the usual one of generalised linear models (McCullagh and
    Nelder 1989).
    """
    successes, n = response[:, 0], response.sum(axis=1)
    rate = (successes + 0.5) / (n + 1)
    weight = n * rate * (1 - rate)
    index = np.log(rate / (1 - rate)) + (successes / n - rate) / (rate * (1 - rate))
    weighted = weight[:, None] * matrix
    start: Array = np.linalg.solve(weighted.T @ matrix, weighted.T @ index)
    return start


def prepare(
    cells: pd.DataFrame, focus: Sequence[str], adjusters: Sequence[str]
) -> tuple[Design, Array, Array, NDArray[np.intp]]:
    """Design, persons, successes and positions of the cells that a regression uses.

    Raises
    ------
    NotEstimableError
        If there are no persons, only successes or only failures, or a focus variable is
        collinear.
    """
    rows = np.flatnonzero(cells["n"].to_numpy() > 0)
    if not len(rows):
        raise NotEstimableError("no_persons")
    used = cells.iloc[rows]
    if used["successes"].sum() in (0, used["n"].sum()):
        raise NotEstimableError("one_sided")
    design = design_matrix(used, focus, adjusters)
    n = used["n"].to_numpy(dtype=float)
    return design, n, used["successes"].to_numpy(dtype=float), rows


def _refuse_separation(design: Design, n: Array, successes: Array) -> None:
    """Raise if some direction of the coefficients raises the likelihood without end.

    Albert and Anderson (1984): the maximum exists unless there is a b with x'b >= 0 in each
    cell of successes only, <= 0 in each of failures only, = 0 in each mixed one, and not all
    zero. A linear program finds the b of the largest sum (Konis 2007).
    """
    patterns, position = np.unique(design.matrix, axis=0, return_inverse=True)
    wins = np.bincount(position.ravel(), successes)
    losses = np.bincount(position.ravel(), n - successes)
    mixed = (wins > 0) & (losses > 0)
    sign = np.where(losses > 0, -1.0, 1.0)
    signed = sign[~mixed, None] * patterns[~mixed]
    found = linprog(
        -signed.sum(axis=0),
        A_ub=-signed,
        b_ub=np.zeros(len(signed)),
        A_eq=patterns[mixed] if mixed.any() else None,
        b_eq=np.zeros(mixed.sum()) if mixed.any() else None,
        bounds=(-1, 1),
    )
    if found.status == 0 and -found.fun > 1e-6:
        culprits = [name for name, b in zip(design.names, found.x, strict=True) if abs(b) > 1e-6]
        raise NotEstimableError("separation", ", ".join(culprits))
