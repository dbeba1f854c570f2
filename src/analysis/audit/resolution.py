"""The fewest figures that resolve all conflicts, and what to correct them to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from analysis.audit.identities import Assumption
from analysis.audit.implied import Implied, implied_for
from analysis.audit.model import Model


def fewest_hitting(sets: Collection[Collection[str]], names: Sequence[str]) -> tuple[str, ...]:
    """Find the fewest names of which each set holds at least one.

    Parameters
    ----------
    sets
        Sets of names.
    names
        All names. Of several smallest answers that is taken whose names are in the most sets, and
        then that whose names come later: what sums others up tends to follow them.

    Returns
    -------
    tuple of str
        In the order of `names`; empty if there are no sets.
    """
    used = [name for name in names if any(name in one for one in sets)]
    if not used:
        return ()
    rows = np.array([[name in one for name in used] for one in sets], dtype=float)
    # What a name is in sums to less than one name, so it never buys a larger answer; nor does the
    # order, which decides between names that are in equally many sets.
    often = rows.sum(axis=0) / (rows.sum() + 1)
    late = np.arange(len(used)) / len(used) ** 2 / (rows.sum() + 1)
    chosen = milp(
        1 - 0.5 * often - 0.5 * late,
        constraints=LinearConstraint(rows, lb=1),
        bounds=Bounds(0, 1),
        integrality=np.ones(len(used)),
    ).x
    return tuple(name for name, taken in zip(used, chosen, strict=True) if taken > 0.5)


@dataclass(frozen=True)
class Resolution:
    """Figures to correct, and values for them that are jointly possible.

    Attributes
    ----------
    corrections
        What is left for each figure by all that are kept and by the values proposed for those
        before it, in the order of print.
    assumptions
        What the values agree with besides definitions.
    doubtful
        Assumptions under which the kept figures contradict each other already, or would together
        with the former. Under these there are doubts, whatever the values.
    """

    corrections: tuple[Implied, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    doubtful: tuple[Assumption, ...] = ()


def resolve(model: Model, wrong: Sequence[str], assumptions: Collection[Assumption]) -> Resolution:
    """Propose values for wrong figures, so that no contradiction is left and no doubt if possible.

    Parameters
    ----------
    model
        All figures.
    wrong
        Keys of figures without which the others can all be right.
    assumptions
        What to agree with, as far as the kept figures do: with as many as possible.

    Returns
    -------
    Resolution
        Figures are corrected one after the other, each to the nearest value that agrees with what
        is kept and what is corrected already.
    """
    touched = {rests for rests, _ in model.identities}
    asked = tuple(one for one in Assumption if one in assumptions and one in touched)
    held = _held(model, wrong, asked) if wrong else asked
    out, found = list(wrong), []
    for key in wrong:
        one, model = _corrected(model, key, out, held)
        found.append(one)
        if one.printable is not None:
            out.remove(key)
    return Resolution(tuple(found), held, tuple(one for one in asked if one not in held))


def _held(
    model: Model, wrong: Collection[str], asked: Sequence[Assumption]
) -> tuple[Assumption, ...]:
    """The most assumptions with which the figures that are kept agree."""
    for number in range(len(asked), 0, -1):
        for some in combinations(asked, number):
            if _agree(model, wrong, some):
                return some
    return ()


def _agree(model: Model, out: Collection[str], held: Collection[Assumption]) -> bool:
    system = model.view(held).system
    return system.is_feasible([key for key in system.figures if key not in out])


def _corrected(
    model: Model, key: str, out: Collection[str], held: Collection[Assumption]
) -> tuple[Implied, Model]:
    """What is left for a figure, and the model in which it has the value proposed."""
    printed = model.figures[key]
    kept = [other for other in out if other != key]
    # A figure of every year may be right in one year only after it is in another.
    for _ in model.quantities[key]:
        left = implied_for(model, model.view(held), key, out)
        if left.printable is None:
            break
        better = replace(printed, value=left.printable)
        model = replace(model, figures={**model.figures, key: better})
        if _agree(model, kept, held):
            break
    return replace(left, figure=printed), model
