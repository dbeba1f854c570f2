"""Printed figures and what they say: an interval of what could have been printed so."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from analysis.errors import InputError
from analysis.ingest.published import read_figures
from analysis.ingest.raw import published_folder

GOALS: Final = "targets.csv"
"""A file of this name holds goals, which say nothing of what is, and are not compared."""

EVERY_YEAR: Final = "each year"
DEFINITION: Final = "definition"
YEAR = re.compile(r"\d{4}")
YEARS = re.compile(r"(\d{4}) to (\d{4})")

PERCENT: Final = "percent"
COUNTED: Final = frozenset(
    ("persons", "outcomes", "employers", "countries", "courses", "paths", "mentors")
)
"""Units of which there are whole ones only: printed to the last one, such a figure is exact."""

UNITS: Final[Mapping[str, tuple[str, float]]] = {
    "kg CO2e": ("kg CO2e", 1.0),
    "kg CO2e a year": ("kg CO2e", 1.0),
    "t CO2e": ("kg CO2e", 1000.0),
    "t CO2e a year": ("kg CO2e", 1000.0),
}
"""Unit in which figures of another unit are compared, and how many of it make one."""

GROWTH: Final = "growth"


@dataclass(frozen=True)
class Place:
    """Where a figure or a definition is printed.

    Attributes
    ----------
    file, row
        Name of the file that holds it, and its row; the header is row 1.
    section, sentence
        Part of the report, and the sentence or chart in it.
    reading
        How it was understood where the text leaves doubt; empty where it leaves none.
    """

    file: str
    row: int
    section: str
    sentence: str
    reading: str


@dataclass(frozen=True)
class Figure:
    """A printed figure; one that is printed several times alike is one figure with several places.

    Attributes
    ----------
    measure, group, period
        What it is of.
    relation
        How the value is meant: equal, more_than, at_least, less_than, almost or about.
    value, unit, rounding
        As printed; `rounding` is the worth of the last digit that counts, in the same unit.
    places
        Where it is printed; at least one.
    """

    measure: str
    group: str
    period: str
    relation: str
    value: float
    unit: str
    rounding: float
    places: tuple[Place, ...]

    @property
    def key(self) -> str:
        """Name of the figure, by what it says."""
        said = (self.measure, self.group, self.period, self.relation)
        return " ".join((*said, f"{self.value:.12g} ±{self.rounding:g} {self.unit}"))

    @property
    def is_exact(self) -> bool:
        """Whether it counts whole things to the last one."""
        return self.unit in COUNTED and self.rounding == 1

    @property
    def room(self) -> tuple[float, float]:
        """How far below and above the printed value the true one may lie, in its unit.

        Equal: half a rounding to each side, ends included, for halves are rounded up by some and
        to even by others; nothing if counted to the last one. About: a whole rounding. Almost: up
        to a rounding below. The others bound one side. "More than" begins with the next whole
        thing where whole things are counted; elsewhere it includes its bound, which linear
        relations can't leave out. "Less than" is its mirror.
        """
        half = 0.0 if self.is_exact else self.rounding / 2
        whole = self.unit in COUNTED
        return {
            "equal": (-half, half),
            "about": (-self.rounding, self.rounding),
            "almost": (-self.rounding, 0.0),
            "more_than": (math.floor(self.value) + 1 - self.value if whole else 0.0, math.inf),
            "at_least": (0.0, math.inf),
            "less_than": (-math.inf, math.ceil(self.value) - 1 - self.value if whole else 0.0),
        }[self.relation]

    @property
    def interval(self) -> tuple[float, float]:
        """Smallest and greatest value that could be printed so, in its unit."""
        below, above = self.room
        return self.value + below, self.value + above

    def printable(self, low: float, high: float) -> float | None:
        """The nearest value that could be printed instead if the true one lies in a range.

        Parameters
        ----------
        low, high
            The range, in the figure's unit.

        Returns
        -------
        float or None
            A multiple of the rounding that agrees with the range; the printed value itself if it
            does. One that shares no more than an end with the range, as 22% does with "at most
            21.5%", is taken only if none shares more. None if there is none from 0 on.
        """
        below, above = self.room
        # A hair of room, for the ends of ranges come out of a solver.
        hair = 1e-7 * max(1.0, abs(self.value))
        if self.value + below <= high + hair and self.value + above >= low - hair:
            return self.value
        within = None if below == above else self._nearest(low, high, -hair)
        return self._nearest(low, high, hair) if within is None else within

    def _nearest(self, low: float, high: float, hair: float) -> float | None:
        """The nearest multiple of the rounding that agrees with a range widened by a hair."""
        below, above = self.room
        if self.value + below > high:
            value = math.floor((high - below + hair) / self.rounding) * self.rounding
            fits = value >= 0 and value + above >= low - hair
        else:
            value = math.ceil((low - above - hair) / self.rounding) * self.rounding
            fits = value + below <= high + hair
        # Multiples of 0.1 come out as 0.30000000000000004.
        return round(value, 9) if fits else None


@dataclass(frozen=True)
class Definition:
    """A sentence that defines a measure, and out of whom it is measured."""

    measure: str
    group: str
    place: Place


@dataclass(frozen=True)
class Printed:
    """What a report prints: its figures, and its definitions of measures."""

    figures: tuple[Figure, ...]
    definitions: tuple[Definition, ...] = ()


def published_files(root: Path, year: int | str) -> list[Path]:
    """The files of figures published of a year, goals aside.

    Raises
    ------
    InputError
        If there are none.
    """
    folder = published_folder(root, year)
    found = sorted(path for path in folder.glob("*.csv") if path.name != GOALS)
    if not found:
        raise InputError(f"There are no published figures in {folder}.")
    return found


def read_printed(paths: Sequence[Path]) -> Printed:
    """Read files of figures.

    Parameters
    ----------
    paths
        Files in the format of `analysis.ingest.published.Published`. One of the name `targets.csv`
        holds goals; it is checked and left aside.

    Raises
    ------
    InputError
        If a file breaks the format; all faults of a file are told by their row.
    """
    figures: list[Figure] = []
    definitions: list[Definition] = []
    for path in paths:
        rows = list(_rows(path))
        faults = [f"  row {row}, {fault}" for row, one in rows for fault in _faults(one)]
        if faults:
            raise InputError(f"{path} holds figures that can't be read:\n" + "\n".join(faults))
        if path.name == GOALS:
            continue
        for row, one in rows:
            place = Place(path.name, row, one["section"], one["source"], one["reading"])
            if one["period"] == DEFINITION:
                definitions.append(Definition(one["measure"], one["group"], place))
            elif not math.isnan(one["value"]):
                figures.append(_figure(one, place))
    return Printed(merge(figures), tuple(definitions))


def merge(figures: Iterable[Figure]) -> tuple[Figure, ...]:
    """Make one figure of those that say the same, with all their places, in order of the first."""
    found: dict[str, Figure] = {}
    for figure in figures:
        known = found.get(figure.key)
        found[figure.key] = replace(known, places=known.places + figure.places) if known else figure
    return tuple(found.values())


def _rows(path: Path) -> Iterable[tuple[int, dict[str, Any]]]:
    table = read_figures(path).fillna({"reading": "", "unit": ""})
    return (
        (number, {str(name): value for name, value in row.items()})
        for number, row in enumerate(table.to_dict("records"), 2)
    )


def _figure(row: Mapping[str, Any], place: Place) -> Figure:
    names = ("measure", "group", "period", "relation")
    said = {name: str(row[name]) for name in names}
    return Figure(
        **said,
        value=float(row["value"]),
        unit=_plain_unit(str(row["unit"])),
        rounding=float(row["rounding"]),
        places=(place,),
    )


def _plain_unit(unit: str) -> str:
    """The unit without of what: "percent of students" is in percent."""
    return PERCENT if unit.split(" ")[0] == PERCENT else unit


def _faults(row: Mapping[str, Any]) -> Iterable[str]:
    """What the format's own rules let pass, but no figure can be."""
    value, rounding = row["value"], row["rounding"]
    if math.isnan(value):
        return
    if math.isinf(value) or math.isinf(rounding):
        yield "value, rounding: must be finite"
    elif value < 0 and row["measure"] != GROWTH:
        yield f"value = {value:g}: must not be below 0; only growth may be"
    elif abs(value / rounding - round(value / rounding)) > 1e-6:
        yield f"value = {value:g}: has more digits than its rounding {rounding:g}"
    years = YEARS.fullmatch(row["period"])
    if row["measure"] == GROWTH and not years:
        yield f"period = {row['period']!r}: growth is from a year to a later one, “2021 to 2022”"
    elif row["measure"] == GROWTH and _plain_unit(row["unit"]) != PERCENT:
        yield f"unit = {row['unit']!r}: growth is in percent"
    elif years and int(years[1]) >= int(years[2]):
        yield f"period = {row['period']!r}: the first year must be before the second"
