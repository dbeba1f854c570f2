"""Table of one gap split by several decompositions."""

from typing import Final

import pandas as pd

from analysis.figures.subject import Subject
from analysis.figures.tables import show, spread, with_reasons
from analysis.figures.wording import catalogue, points, say
from analysis.vocabulary import Estimand

SAME_COLUMN: Final = {
    Estimand.ENDOWMENTS: Estimand.EXPLAINED,
    Estimand.COEFFICIENTS: Estimand.UNEXPLAINED,
}
"""Parts of the threefold decomposition that stand under the others' heading."""


def show_methods(results: pd.DataFrame, subject: Subject, language: str) -> None:
    """Show the parts of the first group's gap by every decomposition, a line each.

    Parameters
    ----------
    results
        The result tables of `decompositions` and `nonlinear_decompositions`, one below the other.
    subject
        The outcome.
    language
        The one to show.
    """
    columns = {
        Estimand.DIFFERENCE: ("gap", points),
        Estimand.EXPLAINED: ("explained", points),
        Estimand.UNEXPLAINED: ("unexplained", points),
        Estimand.INTERACTION: ("interaction", points),
    }
    rows = subject.rows(results, term="")
    rows = rows[rows["group"] == rows["group"].iloc[0]]
    rows = rows.assign(
        estimand=rows["estimand"].replace(SAME_COLUMN), base=rows["method"].map(base_method)
    )

    def make(each: str) -> pd.DataFrame:
        leading = {
            "group": lambda row: subject.group(row["group"], each),
            "method": lambda row: say(f"decompositions.{row['base']}", each),
        }
        table = spread(rows, ["base"], leading, columns, each)
        lines = [own for _, own in rows.groupby("base", sort=False)]
        return with_reasons(table, lines, subject, each)

    show(make, language)


def base_method(method: str) -> str:
    """Name of a decomposition without the errors that it was given."""
    known = [key.partition(".")[2] for key in catalogue() if key.startswith("decompositions.")]
    return max((name for name in known if method.startswith(name)), key=len)
