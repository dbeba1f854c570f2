"""The published figures that the generated cohort gives back, as ranges by their rounding."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.ingest.published import read_published
from analysis.ingest.synthetic import YEAR
from analysis.vocabulary import FUNDING

INSIDE = 0.45
"""How far from a printed value counts may lie, in units of its rounding: inside of a half, so that
no rounding rule prints another value."""

Range = tuple[float, float]


@dataclass(frozen=True)
class Targets:
    """Published figures of 2022.

    Attributes
    ----------
    applicants, candidates, students
        Persons.
    members
        Students by category.
    underserved
        Range of their share of students with known status.
    women
        Range of their share of students.
    orientation, graduation, placement
        Range of each rate, by group.
    funding
        Range of the share of students, by group and type of funding.
    outcomes
        Career outcomes, by year.
    path_outcomes, apprentice_outcomes
        Those of path students in 2022, and of the apprentices among them.
    """

    applicants: int
    candidates: int
    students: int
    members: dict[str, int]
    underserved: Range
    women: Range
    orientation: dict[str, Range]
    graduation: dict[str, Range]
    placement: dict[str, Range]
    funding: dict[tuple[str, str], Range]
    outcomes: dict[int, int]
    path_outcomes: int
    apprentice_outcomes: int


def read_targets(root: Path) -> Targets:
    """Read the targets from the published figures of a repository."""
    subjects = ("funnel", "categories", "funding", "career_outcomes", "apprenticeship")
    funnel, categories, funding, outcomes, apprentices = (
        read_published(root, YEAR, name) for name in subjects
    )
    parts = funding[funding["measure"].isin(list(FUNDING))]
    by_year = outcomes[(outcomes["group"] == "all") & (outcomes["relation"] == "equal")]
    by_year = by_year[by_year["measure"] == "career_outcomes"]
    return Targets(
        applicants=_count(funnel, "applicants"),
        candidates=_count(funnel, "candidates"),
        students=_count(funnel, "students"),
        members={
            row["group"]: int(row["value"])
            for row in _of(categories, "students").to_dict("records")
        },
        underserved=_ranges(categories, "share")["underserved"],
        women=_ranges(funnel, "women_share")["students"],
        orientation=_ranges(categories, "orientation_rate"),
        graduation=_ranges(categories, "graduation_rate"),
        placement=_ranges(categories, "placement_rate"),
        funding={(row["group"], row["measure"]): _range(row) for row in parts.to_dict("records")},
        outcomes={int(row["period"]): int(row["value"]) for row in by_year.to_dict("records")},
        path_outcomes=_count(outcomes, "career_outcomes", "path_students"),
        apprentice_outcomes=_count(apprentices, "career_outcomes", "apprentices"),
    )


def _of(figures: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Rows of a measure that state a value, not a bound."""
    return figures[(figures["measure"] == measure) & (figures["relation"] == "equal")]


def _count(figures: pd.DataFrame, measure: str, group: str = "all") -> int:
    rows = _of(figures, measure)
    return int(rows.loc[rows["group"] == group, "value"].iloc[0])


def _ranges(figures: pd.DataFrame, measure: str) -> dict[str, Range]:
    return {row["group"]: _range(row) for row in _of(figures, measure).to_dict("records")}


def _range(row: Mapping[Hashable, Any]) -> Range:
    """Range of a percentage, as fractions."""
    value, half = row["value"], INSIDE * row["rounding"]
    return max((value - half) / 100, 0.0), min((value + half) / 100, 1.0)
