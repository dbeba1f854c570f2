"""What can be chosen when a gap is asked for, and which of all specifications are taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import combinations, product
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.estimate.fits import Link
from analysis.estimate.question import Question
from analysis.vocabulary import UNDERSERVED, Contrast, Unknown

Weights = Literal["none", "ipw"]
MODELS: tuple[Link, ...] = ("logit", "linear")

Surveys = Mapping[str, str | None]
"""Outcomes that may stand in for each other, in the order of time, each with the outcome that tells
who answered its survey, if it rests on one."""


@dataclass(frozen=True)
class Data:
    """Whose gap in what is estimated: all choices but that of the model."""

    outcome: str
    contrast: Contrast
    covariates: tuple[str, ...]
    weights: Weights
    unknown: Unknown


@dataclass(frozen=True)
class Specification:
    """One way to ask for a gap."""

    data: Data
    model: Link

    def note(self, reference: str) -> dict[str, object]:
        """Its choices as parts of a note."""
        return {
            "spec_outcome": self.data.outcome,
            "spec_reference": reference,
            "spec_covariates": ", ".join(self.data.covariates),
            "spec_model": self.model,
            "spec_weights": self.data.weights,
            "spec_unknown": self.data.unknown.value,
        }


def all_specifications(
    question: Question, group: str, outcomes: Surveys, first: str, *, any_unknown: bool
) -> list[Specification]:
    """Cross all choices; the first specification is the one that other tables give.

    Parameters
    ----------
    question
        What is asked.
    group
        `underserved` or a category; only the latter has two references.
    outcomes
        Outcomes that may stand in for each other.
    first
        The one that is asked for.
    any_unknown
        Whether any membership is not known, so that its treatment is a choice.
    """
    contrasts = [Contrast.ANY]
    if group != UNDERSERVED:
        contrasts = [Contrast.MARGINAL, Contrast.COMPLEMENT]
    weights: tuple[Weights, ...] = ("none", "ipw") if all(outcomes.values()) else ("none",)
    unknown = list(Unknown) if any_unknown else [Unknown.LEFT_OUT]
    names = sorted(outcomes, key=lambda name: name != first)
    return [
        Specification(Data(name, contrast, held, weight, treated), model)
        for contrast in contrasts
        for name, held, weight, treated, model in product(
            names,
            covariate_sets(question.adjusters(contrast, group)[0]),
            weights,
            unknown,
            MODELS,
        )
    ]


def covariate_sets(names: Sequence[str]) -> list[tuple[str, ...]]:
    """All, none, each, and all but each, without repetition."""
    whole = tuple(names)
    but_one = [tuple(name for name in whole if name != left) for left in whole]
    return list(dict.fromkeys([whole, (), *((name,) for name in whole), *but_one]))


def choose(possible: Sequence[Specification], most: int, seed: int) -> list[Specification]:
    """Choose specifications that are balanced over what they choose, whatever they find.

    After the first one, the next is always one whose pairs of choices were taken least often so
    far; a seeded order decides among equals.

    Parameters
    ----------
    possible
        All specifications.
    most
        How many to choose at most.
    seed
        Of the order.

    Returns
    -------
    list of Specification
        In the order of `possible`.
    """
    if len(possible) <= most:
        return list(possible)
    codes = _pair_codes(possible)
    taken = np.zeros(codes.max() + 1)
    order = np.random.Generator(np.random.Philox(seed)).permutation(len(possible))
    free = np.ones(len(possible), dtype=bool)
    place = 0
    for _ in range(most):
        free[place] = False
        taken[codes[place]] += 1
        left = order[free[order]]
        place = int(left[np.argmin(taken[codes[left]].sum(axis=1))])
    return [one for one, still_free in zip(possible, free, strict=True) if not still_free]


def _pair_codes(possible: Sequence[Specification]) -> NDArray[np.intp]:
    """Number of each pair of choices of each specification: specifications by pairs."""
    names = [field.name for field in fields(Data)]
    frame = pd.DataFrame(
        [[*(getattr(one.data, name) for name in names), one.model] for one in possible]
    )
    columns, start = [], 0
    for pair in combinations(frame.columns, 2):
        codes = frame.groupby(list(pair), sort=False).ngroup().to_numpy()
        columns.append(codes + start)
        start += int(codes.max()) + 1
    return np.column_stack(columns)
