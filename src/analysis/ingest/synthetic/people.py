"""Who the persons of a stratum are: age, country and path, and how these matter to each stage."""

from functools import cache
from typing import Final

import numpy as np
import pandas as pd

from analysis.ingest.journeys import COUNTRIES_WITH_AREAS
from analysis.ingest.synthetic import assumed
from analysis.ingest.synthetic.closest import Array
from analysis.ingest.synthetic.strata import FLAGS, NAMES, STRATA, shared_out

SLOTS: Final = 1000
"""Shares of levels are multiples of one in so many, so that they are known exactly."""

SHARES: Final = {
    "age": assumed.AGES,
    "country": assumed.COUNTRIES,
    "path": {name: share for name, (_, _, share) in assumed.PATHS.items()},
}
STAGES: Final = tuple(assumed.EFFECTS)
AREA: Final = NAMES.index("underserved_area")


@cache
def level_shares(variable: str) -> pd.DataFrame:
    """Share of each level (columns) in each stratum (rows), in slots.

    Parameters
    ----------
    variable
        `age`, `country` or `path`.
    """
    base = SHARES[variable]
    weights = np.tile(np.array(list(base.values())), (STRATA, 1))
    for category, shifts in assumed.SHIFTS[variable].items():
        member = np.nan_to_num(FLAGS[:, NAMES.index(category)])
        shift = np.array([shifts.get(level, 0.0) for level in base])
        weights = weights * np.exp(np.outer(member, shift))
    if variable == "country":
        # Elsewhere nobody is in an underprivileged area, or not known to be.
        undefined = ~np.isin(list(base), COUNTRIES_WITH_AREAS)
        asked = FLAGS[:, AREA] != 0
        weights[np.ix_(asked, undefined)] = 0.0
    slots = [shared_out(SLOTS, row) for row in weights]
    return pd.DataFrame(slots, columns=list(base))


def effects(variable: str, stage: str) -> Array:
    """Effect of each level of a variable on a stage, in log odds."""
    given = assumed.EFFECTS[stage].get(variable, {})
    return np.array([given.get(level, 0.0) for level in SHARES[variable]])


def slots(variable: str) -> pd.DataFrame:
    """A row a slot of each stratum: the level that it stands for, with its effects by stage."""
    shares = level_shares(variable)
    levels = np.repeat(np.tile(np.arange(shares.shape[1]), STRATA), shares.to_numpy().ravel())
    table = pd.DataFrame(
        {
            "stratum": np.repeat(np.arange(STRATA), SLOTS),
            "slot": np.tile(np.arange(SLOTS), STRATA),
            "level": np.array(shares.columns)[levels],
        }
    )
    return table.assign(**{stage: effects(variable, stage)[levels] for stage in STAGES})
