"""The released gaps of a report, sorted by what a reader can choose."""

from typing import Final

import pandas as pd

from analysis.estimate.results import read_note
from analysis.figures.adjustment import ALL_OF_THEM, NONE
from analysis.release.results import is_hidden
from analysis.report.contents import Contents
from analysis.studies import Study
from analysis.vocabulary import NON_UNDERSERVED, UNDERSERVED, Contrast, Estimand, Unknown

DIMENSIONS: Final = ("outcome", "contrast", "group", "adjustment", "model", "unknown")
"""What can be chosen, in the order of the choices: each depends on those before it."""

GAPS: Final = "placement-gaps"
STEPS: Final = "adjustment-steps"

SHOWN: Final = {
    Estimand.DIFFERENCE: (NONE, Unknown.LEFT_OUT),
    Estimand.ADJUSTED_DIFFERENCE: (ALL_OF_THEM, Unknown.LEFT_OUT),
    Estimand.DIFFERENCE_AS_NO: (NONE, Unknown.AS_NO),
    Estimand.ADJUSTED_DIFFERENCE_AS_NO: (ALL_OF_THEM, Unknown.AS_NO),
    Estimand.DIFFERENCE_AS_YES: (NONE, Unknown.AS_YES),
    Estimand.ADJUSTED_DIFFERENCE_AS_YES: (ALL_OF_THEM, Unknown.AS_YES),
}
"""What each estimand holds fixed, and what it does with memberships that are not known."""

MODELS: Final = ("logit", "linear", "newcombe", "miettinen_nurminen")
"""How the methods of gaps begin; what follows names the errors."""

COLUMNS: Final = (
    *DIMENSIONS, "reference", "method", "estimate", "ci_low", "ci_high", "n_group", "n_reference",
    "note", "digits",
)  # fmt: skip


def gap_rows(contents: Contents) -> pd.DataFrame:
    """The gaps that a reader can choose among.

    Parameters
    ----------
    contents
        The report; its tables `placement-gaps` and `adjustment-steps` are read if it has them.

    Returns
    -------
    pandas.DataFrame
        One row per combination of `DIMENSIONS` for which there is an answer, in the order of the
        choices, with the columns `COLUMNS`: numbers as released, fractions as in result tables.
        `adjustment` is `none`, `all`, or the one covariate held fixed. No rows if the report has
        no such tables.
    """
    tables = {table.id: table.data for table in contents.tables}
    parts = [_gaps(tables[GAPS])] if GAPS in tables else []
    if STEPS in tables:
        parts.append(_steps(tables[STEPS]))
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    # The steps begin and end with gaps that the first table may have too.
    rows = pd.concat(parts).drop_duplicates(list(DIMENSIONS), ignore_index=True)
    return _sorted(rows, contents.study)[list(COLUMNS)].reset_index(drop=True)


def _gaps(table: pd.DataFrame) -> pd.DataFrame:
    rows = table[table["estimand"].isin(SHOWN)]
    kinds = [SHOWN[Estimand(name)] for name in rows["estimand"]]
    return rows.assign(
        adjustment=[adjustment for adjustment, _ in kinds],
        unknown=[str(unknown) for _, unknown in kinds],
        model=rows["method"].map(model_of),
    )


def _steps(table: pd.DataFrame) -> pd.DataFrame:
    """The adjustment steps; a hidden group has a hidden row for every step of the others.

    A hidden row no longer tells what it held fixed, and no group may vanish from a choice.
    """
    rows = _gaps(table)
    hidden = rows["note"].map(is_hidden)
    rows["adjustment"] = rows["adjustment"].where(hidden, _held(rows))
    seen = rows.loc[~hidden, ["outcome", "contrast", "adjustment"]].drop_duplicates()
    groups = rows[hidden].drop_duplicates(["outcome", "contrast", "group"])
    spread = groups.drop(columns="adjustment").merge(seen, on=["outcome", "contrast"])
    return pd.concat([rows[~hidden], spread], ignore_index=True)


def _held(rows: pd.DataFrame) -> pd.Series:
    """What each step holds fixed: one covariate by its name if there are steps with more."""
    held = pd.Series([read_note(note).get("adjusted", "") for note in rows["note"]], rows.index)
    several = held.str.contains(", ").groupby([rows["outcome"], rows["group"]]).transform("any")
    single = several & (held != "") & ~held.str.contains(", ")
    return rows["adjustment"].where(~single, held)


def model_of(method: str) -> str:
    """The model of a method: "logit" of "logit_hc1".

    Raises
    ------
    ValueError
        If no model of gaps is known whose name the method begins with.
    """
    for model in MODELS:
        if method == model or method.startswith(f"{model}_"):
            return model
    raise ValueError(f"no model of gaps is called {method!r}")


def errors_of(method: str) -> str:
    """What a method's name says beside the model: "hc1" of "logit_hc1"."""
    return method.removeprefix(model_of(method)).removeprefix("_")


def orders(study: Study) -> dict[str, list[str]]:
    """Values that each dimension may have, in the order in which they are offered."""
    return {
        "outcome": list(study.outcomes),
        "contrast": list(Contrast),
        "group": [UNDERSERVED, NON_UNDERSERVED, *study.categories],
        "adjustment": [NONE, *study.covariates, ALL_OF_THEM],
        "model": list(MODELS),
        "unknown": list(Unknown),
    }


def _sorted(rows: pd.DataFrame, study: Study) -> pd.DataFrame:
    places = {
        name: {value: place for place, value in enumerate(values)}
        for name, values in orders(study).items()
    }
    return rows.sort_values(
        list(DIMENSIONS), key=lambda column: column.map(places[str(column.name)]), kind="stable"
    )
