"""What drives a result: each input moved to its ends, the others at their central values."""

from collections.abc import Mapping

import numpy as np

from analysis.estimate.results import write_note
from analysis.impact.simulation import (
    Formulas,
    Inputs,
    Result,
    fewest_persons,
    is_illustrative,
    one_at_a_time,
    rests_on,
)
from analysis.impact.social import INPUT, Simulation, shared_columns

CHANGE = "_change"
"""How the names of measures end that are changes of a result."""
FALLS = "falls"
"""Note of an input with which the result falls as it rises."""


def tornado_rows(
    inputs: Inputs, formulas: Formulas, result: Result, how: Simulation
) -> list[Mapping[str, object]]:
    """By how much each input moves a result from its central estimate, the strongest first.

    Parameters
    ----------
    inputs
        Each has two ends: a parameter's low and high value, an estimate's interval.
    formulas
        Of the result.
    result
        What to look at.
    how
        Confidence plays no part: the ends are the inputs' own.

    Returns
    -------
    list of mapping
        Rows of measures, one for each input that moves the result and has two ends; its name,
        after `input_`, is the `group`. The change is zero at the central value; `ci_low` and
        `ci_high` are those at the two ends, no confidence limits. The note says `falls` if the
        upper end of the input lowers the result.
    """
    central = {name: float(one.central) for name, one in inputs.items()}
    lows, highs = (
        formulas(one_at_a_time(central, {name: getattr(one, end) for name, one in inputs.items()}))
        for end in ("low", "high")
    )
    behind = rests_on(inputs, formulas)[result]
    changes = {
        name: (lows[result][place] - lows[result][0], highs[result][place] - highs[result][0])
        for place, name in enumerate(inputs, start=1)
        if name in behind and not np.isnan(inputs[name].low + inputs[name].high)
    }
    shared = {
        **shared_columns(result, how),
        "measure": result.measure + CHANGE,
        "estimate": 0.0,
        "n": fewest_persons(inputs, behind),
        "illustrative": is_illustrative(inputs, behind),
    }
    return [
        {
            **shared,
            "group": INPUT + name,
            "ci_low": min(down, up, 0.0),
            "ci_high": max(down, up, 0.0),
            "note": write_note(**{FALLS: bool(up < down)}),
        }
        for name, (down, up) in sorted(
            changes.items(), key=lambda change: (-abs(change[1][1] - change[1][0]), change[0])
        )
    ]
