"""Words for the parameters that vary over the runs of a sweep, and for their values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from analysis.figures.wording import (
    catalogue,
    covariate_list,
    enumerate_words,
    number,
    outcome_label,
    percent,
    say,
)
from analysis.studies import Study
from analysis.studies.model import ALL_COHORTS
from analysis.vocabulary import CONTRASTS, Contrast

ITEM: Final = ", "
"""Between the values of a parameter that is a list."""


@dataclass(frozen=True)
class Choices:
    """The parameters that vary over the runs of a sweep.

    Attributes
    ----------
    study
        Labels their values.
    columns
        Column of each parameter, by its name.
    """

    study: Study
    columns: Mapping[str, str]

    def label(self, name: str, value: str, language: str) -> str:
        """A value in words that need no name of the parameter beside them."""
        return value_words(self.study, name, value, language)

    def run(self, row: pd.Series, language: str) -> str:
        """The values of a run, its number before them."""
        parts = [
            self.label(name, str(row[column]), language) for name, column in self.columns.items()
        ]
        return ". ".join([number(row["run"], language), " · ".join(parts)]).rstrip(". ")


def value_words(study: Study, name: str, value: str, language: str) -> str:
    """What readers call a value of a parameter.

    Parameters
    ----------
    study
        Has labels of its outcomes and covariates.
    name
        The parameter's.
    value
        As tables of sweeps tell it (see `analysis.runs.grid.GridRun.told`).
    language
        Language of the words.
    """
    names = [one for one in value.split(ITEM) if one]
    if name == "outcomes" and set(names) <= set(study.outcomes):
        return enumerate_words((outcome_label(study, one, language) for one in names), language)
    if name in ("adjusters", "mediators"):
        listed = covariate_list(study, names, language) if names else ""
        return listed or say("specification.none", language)
    if name == "contrasts":
        return enumerate_words((CONTRASTS[Contrast(one)][language] for one in names), language)
    if name == "confidence":
        digits = 0 if round(100 * float(value), 6).is_integer() else 1
        return percent(float(value), language, digits)
    if name == "cohort" and value == ALL_COHORTS:
        return say("documents.all_cohorts", language)
    keys = (f"sweep.{name}_{value}", f"{name}.{value}")
    known = next((key for key in keys if key in catalogue()), None)
    if known:
        return say(known, language)
    item = {"name": parameter_words(name, language), "value": value or "–"}
    return value if name == "cohort" else say("words.item", language, **item)


def parameter_words(name: str, language: str) -> str:
    """What readers call a parameter."""
    return say(f"sweep.parameter_{name}", language)
