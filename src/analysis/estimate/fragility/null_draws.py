"""Outcomes drawn as if no group mattered: the null hypothesis of a joint test.

Each person's chance is the rate that a logit on the covariates alone fits to their cell, so the
groups differ by their covariates and by nothing else. Several outcomes of the same persons (the
horizons of one placement) are drawn one after another, each given the one before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.estimate.fits import Array, NotEstimableError
from analysis.estimate.groups import MEMBER
from analysis.estimate.nonresponse.answering import fit_sides

KNOWN = "known "
PERSONS = "persons"


@dataclass(frozen=True)
class Drawn:
    """The finest cells, and how many of each succeed: in the data, then in each draw.

    Attributes
    ----------
    cells
        Persons who agree in all but what became of them: the keys, `persons`, and for each
        outcome whether it is known of them, under `known <outcome>`.
    successes
        For each outcome, shape (cells, 1 + draws): the first column is the data.
    """

    cells: pd.DataFrame
    successes: dict[str, Array]

    def known(self, outcome: str) -> NDArray[np.bool_]:
        """Cells whose persons are in the denominator of an outcome."""
        return self.cells[KNOWN + outcome].to_numpy(dtype=bool)


def draw_without_groups(
    patterns: pd.DataFrame,
    keys: Sequence[str],
    outcomes: Sequence[str],
    covariates: Sequence[str],
    draws: int,
    seed: int,
) -> Drawn:
    """Draw outcomes from each cell's fitted rate without any group.

    Parameters
    ----------
    patterns
        A row for each pattern of the keys and the outcomes, with `persons`; see
        `analysis.estimate.fragility.specifications.count_patterns`.
    keys
        Columns that the specifications tell persons apart by.
    outcomes
        Nullable boolean columns in the order of time, null for persons not in a denominator.
    covariates
        Those of the keys that the rates may depend on.
    draws, seed
        How often, and the seed.
    """
    known = {KNOWN + name: patterns[name].notna() for name in outcomes}
    told = patterns.assign(**known)
    by = [*keys, *known]
    # Sorted, so that the draws don't depend on the order of the patterns.
    grouped = told.groupby(by, observed=True, dropna=False)
    cells = grouped[PERSONS].sum().reset_index()
    place = grouped.ngroup().to_numpy().astype(np.intp)
    random = np.random.Generator(np.random.Philox(seed))
    successes: dict[str, Array] = {}
    before: str | None = None
    for name in outcomes:
        history = _History(told, cells, place, covariates, name, before)
        data = np.bincount(place, _successes(told, name), len(cells))
        earlier = successes[before][:, 1:] if before else np.zeros((len(cells), draws))
        drawn = history.draw(earlier.astype(np.int64), random)
        successes[name] = np.column_stack([data, drawn])
        before = name
    return Drawn(cells, successes)


def _successes(told: pd.DataFrame, name: str) -> Array:
    counted: Array = (told[PERSONS] * told[name].eq(True).fillna(False)).to_numpy(dtype=float)
    return counted


@dataclass(frozen=True)
class _History:
    """An outcome and the one before it; persons of one pattern have one `place` in the cells."""

    told: pd.DataFrame
    cells: pd.DataFrame
    place: NDArray[np.intp]
    covariates: Sequence[str]
    outcome: str
    before: str | None

    def draw(self, earlier: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
        """Successes of each cell and draw, given how many succeeded in the outcome before."""
        inside = self.cells[KNOWN + self.outcome].to_numpy(dtype=bool)
        persons = np.where(inside, self.cells[PERSONS], 0)[:, None]
        yes = np.zeros_like(earlier)
        if self.before:
            known = self.cells[KNOWN + self.before].to_numpy(dtype=bool)[:, None]
            yes = np.where(inside[:, None] & known, earlier, 0)
            no = np.where(known, persons - yes, 0)
            rest = np.where(known, 0, persons) + np.zeros_like(earlier)
            status = self.told[self.before]
            drawn = random.binomial(yes, self._rates(status.eq(True).fillna(False))[:, None])
            drawn += random.binomial(no, self._rates(status.eq(False).fillna(False))[:, None])
            return drawn + random.binomial(rest, self._rates(status.isna())[:, None])
        everyone = pd.Series(True, index=self.told.index)
        return random.binomial(persons + yes, self._rates(everyone)[:, None])

    def _rates(self, who: pd.Series) -> Array:
        """Rate that the covariates give each cell, among the persons of some patterns.

        Where no logit can be had (nobody of a level, separation), the rate of all of them.
        """
        used = who.to_numpy(dtype=bool) & self.told[self.outcome].notna().to_numpy()
        size = len(self.cells)
        n = np.bincount(self.place[used], self.told[PERSONS].to_numpy()[used], size)
        successes = np.bincount(self.place[used], _successes(self.told, self.outcome)[used], size)
        if not n.sum():
            return np.zeros(size)
        counted = self.cells[list(self.covariates)].assign(n=n, successes=successes, member=True)
        by = [MEMBER, *self.covariates]
        grouped = counted.groupby(by, observed=True, dropna=False, sort=False)
        summed = grouped[["n", "successes"]].sum().reset_index()
        try:
            rates = fit_sides(summed, self.covariates).mean
        except NotEstimableError:
            rates = np.full(len(summed), successes.sum() / n.sum())
        return np.clip(rates[grouped.ngroup().to_numpy()], 0.0, 1.0)
