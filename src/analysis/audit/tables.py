"""An audit as tidy tables: findings, the resolution, and bounds on what is not printed."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from analysis.audit.bounds import Bound
from analysis.audit.figures import PERCENT, Definition, Figure, Place
from analysis.audit.findings import Audit, Conflict, Finding, TwoDefinitions
from analysis.audit.identities import Assumption
from analysis.audit.implied import Implied
from analysis.audit.left import left_for
from analysis.vocabulary import UNDERSERVED

AGREES: Final = "agrees"
DIFFERS: Final = "differs"

NUMBERED: Final = ("severity", "finding", "origin")
SAID: Final = ("measure", "group", "period", "wording", "value", "unit", "rounding")
RESOLVED: Final = ("left", "left_low", "left_high", "printable", "cut")
QUOTED: Final = ("sentence", "section", "file", "row", "places")
FINDINGS: Final = (*NUMBERED, *SAID, *RESOLVED, "assumptions", *QUOTED)
RESOLUTION: Final = (*SAID, *RESOLVED, "assumptions", *QUOTED)
BOUNDS: Final = (
    *("measure", "period", "population", "unit", "low", "high"),
    *("tested_group", "tested_value", "leaves", "agreement", "assumptions"),
)

Row = Mapping[str, Any]


def findings_table(audit: Audit) -> pd.DataFrame:
    """All findings, a row for each of their figures, or definitions.

    Parameters
    ----------
    audit
        The audit.

    Returns
    -------
    pandas.DataFrame
        `severity`, `finding` (its number within the severity) and `origin` (computed or
        documentary); the figure as printed, `wording` being its relation and `rounding` in its
        unit; `left`, how the range from `left_low` to `left_high` is told that the others leave,
        an end that there is not being empty; `printable`, what could be printed instead; `cut`,
        whether it is right if it was cut and not rounded; `assumptions`, what the finding rests
        on; `sentence`, `section`, `file` and `row` of its first place, and how many `places` hold
        it. Of a definition, `group` is the population out of which it defines the measure.
    """
    counts: dict[str, int] = {}
    rows: list[Row] = []
    for finding in audit.findings:
        number = counts[finding.severity] = counts.get(finding.severity, 0) + 1
        first = {
            "severity": str(finding.severity),
            "finding": number,
            "origin": str(finding.kind),
            "assumptions": "",
        }
        rows += [{**first, **row} for row in _rows(finding)]
    return _table(rows, FINDINGS)


def resolution_table(audit: Audit) -> pd.DataFrame:
    """The fewest figures to correct so that no contradiction is left, a row each.

    Returns
    -------
    pandas.DataFrame
        Columns as in `findings_table`. What is left is left by the figures that are kept and by
        the values proposed in the rows before; `assumptions` are those that all of it agrees with.
    """
    rests = {"assumptions": named(audit.resolution.assumptions)}
    rows = [{**_implied(one), **rests} for one in audit.resolution.corrections]
    return _table(rows, RESOLUTION)


def bounds_table(audit: Audit) -> pd.DataFrame:
    """Bounds on the share of the non-underserved, a row for each printed share tested.

    Returns
    -------
    pandas.DataFrame
        `measure`, the table of rates; `population`, of whom the share is; `low` and `high`, its
        bounds in percent; `tested_group` and `tested_value`, a printed share of the students,
        `leaves`, the share of the non-underserved that follows from it, and `agreement`, whether
        it `agrees` with the bounds or `differs`; empty where none is tested.
    """
    return _table([row for bound in audit.bounds for row in _bound(bound)], BOUNDS)


def left_by(figure: Figure) -> float:
    """The share of the non-underserved, in percent, that follows from a printed share."""
    return 100 - figure.value if figure.group == UNDERSERVED else figure.value


def _rows(finding: Finding) -> Iterable[Row]:
    if isinstance(finding, TwoDefinitions):
        return [_definition(one) for one in finding.definitions]
    if isinstance(finding, Conflict):
        rests = {"assumptions": named(finding.assumptions)}
        return [{**_implied(one), **rests} for one in finding.implied]
    return [_figure(one) for one in finding.figures]


def named(assumptions: Iterable[Assumption]) -> str:
    """Names of assumptions in one text."""
    return ", ".join(assumptions)


def _figure(figure: Figure) -> Row:
    names = ("measure", "group", "period", "value", "unit", "rounding")
    said = {name: getattr(figure, name) for name in names}
    return {**said, "wording": figure.relation, **_place(figure.places[0], len(figure.places))}


def _definition(one: Definition) -> Row:
    said = {"measure": one.measure, "group": one.group, "period": "", "wording": "", "unit": ""}
    return {**said, **_place(one.place, 1)}


def _place(place: Place, places: int) -> Row:
    names = ("sentence", "section", "file", "row")
    return {**{name: getattr(place, name) for name in names}, "places": places}


def _implied(implied: Implied) -> Row:
    left = left_for(implied)
    ends = {"left_low": left.low, "left_high": left.high}
    return {
        **_figure(implied.figure),
        "left": str(left.form),
        **{name: end if math.isfinite(end) else math.nan for name, end in ends.items()},
        "printable": math.nan if implied.printable is None else implied.printable,
        "cut": implied.is_cut,
    }


def _bound(bound: Bound) -> Iterable[Row]:
    told = {
        "measure": bound.measure,
        "period": bound.period,
        "population": bound.population,
        "unit": PERCENT,
        # Ends come out of a solver.
        "low": round(bound.low, 6) + 0.0,
        "high": round(bound.high, 6) + 0.0,
        "assumptions": named(bound.assumptions),
    }
    tested = [
        {
            "tested_group": figure.group,
            "tested_value": figure.value,
            "leaves": left_by(figure),
            "agreement": AGREES if agrees else DIFFERS,
        }
        for figure, agrees in bound.tested
    ]
    return [{**told, **one} for one in tested or [{"tested_group": "", "agreement": ""}]]


NUMBERS: Final = frozenset(
    (
        *("value", "rounding", "left_low", "left_high", "printable"),
        *("low", "high", "tested_value", "leaves"),
    )
)
WHOLE: Final = frozenset(("finding", "row", "places"))


def _table(rows: Sequence[Row], columns: Sequence[str]) -> pd.DataFrame:
    """A table of all columns with their types, though it has no row."""
    table = pd.DataFrame(rows, columns=list(columns))
    for name in columns:
        if name in NUMBERS:
            table[name] = table[name].astype(float)
        elif name in WHOLE:
            table[name] = table[name].astype(int)
        elif name == "cut":
            table[name] = (table[name] == True).astype(bool)  # noqa: E712 (a missing one is not cut)
        else:
            table[name] = table[name].fillna("").astype(str)
    return table
