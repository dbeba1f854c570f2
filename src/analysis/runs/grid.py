"""Grids: which runs a sweep is made of, checked whole before any of them starts."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from analysis.errors import InputError
from analysis.files import canonical_json, read_yaml
from analysis.runs.parameters import (
    DEFAULT_STUDY,
    MODELS,
    Adjusted,
    Estimated,
    StudyParameters,
    check_all,
)
from analysis.studies.model import ALL_COHORTS
from analysis.studies.named import fault_lines

DEFAULT_NOTEBOOK: Final = "03_placement_gaps"
TAKEN: Final = frozenset({"runs", "interactive"})
"""Names below `outputs` that are no pack's."""
MOST: Final = 10_000
"""Combinations of a product at most: more can't be meant, and a slip could fill the memory."""
ITEM: Final = ", "
"""Between the values of a parameter that is a list."""
WRONG: Final = "Wrong parameters:\n"
HINT: Final = "Valid parameters:"
"""What `check_all` sets before its faults and behind them, the same for each run."""

Values = Mapping[str, object]


class GridFile(BaseModel):
    """A grid file as it is written; every value is a text, a list or null yet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=80)]
    notebooks: Annotated[tuple[str, ...], Field(min_length=1)] = (DEFAULT_NOTEBOOK,)
    product: dict[str, list[object]] = {}
    runs: list[dict[str, object]] = []
    exclude: list[dict[str, object]] = []

    @field_validator("name")
    @classmethod
    def _name_is_free(cls, name: str) -> str:
        if name in TAKEN:
            raise ValueError(f"{name!r} is taken; choose another name")
        return name

    @field_validator("notebooks")
    @classmethod
    def _notebooks_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in MODELS:
                raise ValueError(f"there is no {name!r}; there are: {', '.join(MODELS)}")
        return tuple(dict.fromkeys(names))

    @field_validator("product")
    @classmethod
    def _values_differ(cls, product: dict[str, list[object]]) -> dict[str, list[object]]:
        for name, values in product.items():
            if not values:
                raise ValueError(f"{name}: no value")
            if twice := next((one for one in values if values.count(one) > 1), None):
                raise ValueError(f"{name}: {twice!r} stands twice")
        combinations = math.prod(map(len, product.values()))
        if combinations > MOST:
            raise ValueError(f"{combinations:,} combinations, of {MOST:,} at most")
        return product


@dataclass(frozen=True)
class GridRun:
    """One run of a sweep.

    Attributes
    ----------
    number
        From 1, in the order of the grid.
    notebook
        The notebook to execute.
    parameters
        Its checked parameters.
    """

    number: int
    notebook: str
    parameters: StudyParameters

    @property
    def folder(self) -> str:
        """Its folder in the sweep's pack."""
        return f"runs/{self.number:03}"

    def told(self, name: str) -> str:
        """A parameter as tables tell it: the value that a default stands for, lists by commas.

        Empty if the notebook does not have it.
        """
        if name not in type(self.parameters).model_fields:
            return ""
        value = getattr(_settled(self.parameters), name)
        if name == "study":
            value = self.parameters.loaded.name
        if isinstance(value, tuple):
            return ITEM.join(map(str, value))
        return "" if value is None else str(value)


@dataclass(frozen=True)
class Grid:
    """The runs of a sweep.

    Attributes
    ----------
    name
        The sweep's.
    runs
        At least one, no two alike.
    asked
        Names of the parameters that the grid gives, in its order.
    """

    name: str
    runs: tuple[GridRun, ...]
    asked: tuple[str, ...]

    @property
    def notebooks(self) -> tuple[str, ...]:
        """Names of the notebooks, in their order."""
        return tuple(dict.fromkeys(run.notebook for run in self.runs))

    @property
    def varying(self) -> dict[str, list[str]]:
        """Parameters asked for that differ between runs, with their values as tables tell them."""
        told = {name: self._values(name) for name in self.asked}
        return {name: values for name, values in told.items() if len(values) > 1}

    @property
    def constant(self) -> dict[str, str]:
        """Parameters asked for that are the same in every run."""
        told = {name: self._values(name) for name in self.asked}
        return {name: values[0] for name, values in told.items() if len(values) == 1}

    def _values(self, name: str) -> list[str]:
        having = [run for run in self.runs if name in type(run.parameters).model_fields]
        return list(dict.fromkeys(run.told(name) for run in having))


def read_grid(
    path: Path, given: Values | None = None, place: Callable[[str], str] = lambda study: study
) -> Grid:
    """Read a grid file and check every run of it.

    Parameters
    ----------
    path
        The file; docs/sweeps.md says what stands in it.
    given
        Parameters of every run, which the file must not name then.
    place
        Gives the name of a study that results may tell, of the one asked for.

    Raises
    ------
    InputError
        With every fault: unknown names, an empty grid or one beyond reason, runs that are the
        same, different studies of one name, exclusions that exclude nothing, and each wrong
        parameter with the numbers of its runs.
    """
    try:
        file = GridFile.model_validate(read_yaml(path))
    except ValidationError as error:
        raise InputError(f"{path} is no grid:\n{fault_lines(error)}") from None
    faults, given = [], given or {}
    if named := sorted(name for name in given if any(name in one for one in _written(file))):
        faults.append(f"  {ITEM.join(named)}: given on the command line and in the grid")
    kept, unused = _without_excluded(file)
    faults += unused
    asked = [_placed({"study": DEFAULT_STUDY, **one, **given}, place) for one in kept]
    if not asked:
        faults.append("  no run is left: give a product, runs, or both, and exclude fewer")
    checked, wrong = _checked(asked, file.notebooks)
    faults += wrong or [*_repeated(checked), *_one_name(checked)]
    if faults:
        raise InputError(f"{path}: nothing was started.\n" + "\n".join(faults))
    names = dict.fromkeys(name for one in asked for name in one)
    return Grid(file.name, tuple(_numbered(checked)), tuple(names))


def _written(file: GridFile) -> Iterator[Values]:
    yield file.product
    yield from file.runs


def _without_excluded(file: GridFile) -> tuple[list[Values], list[str]]:
    """Combinations of the product but for those excluded, then the listed runs; and faults."""
    names = list(file.product)
    combined: list[Values] = [
        dict(zip(names, values, strict=True))
        for values in (itertools.product(*file.product.values()) if names else ())
    ]
    faults = [
        f"  exclude {_told(one)}: excludes nothing of the product"
        for one in file.exclude
        if not any(_matches(run, one) for run in combined)
    ]
    kept = [run for run in combined if not any(_matches(run, one) for one in file.exclude)]
    return [*kept, *file.runs], faults


def _matches(run: Values, excluded: Values) -> bool:
    """Whether a run has every value of an exclusion, as written."""
    same = [name in run and run[name] == value for name, value in excluded.items()]
    return bool(same) and all(same)


def _told(values: Values) -> str:
    return "{" + ITEM.join(f"{name}: {value}" for name, value in values.items()) + "}"


def _placed(asked: Values, place: Callable[[str], str]) -> Values:
    """The parameters with the study's name that results may tell."""
    return {**asked, "study": place(str(asked["study"]))}


Checked = list[Mapping[str, StudyParameters]]


def _checked(asked: Sequence[Values], notebooks: Sequence[str]) -> tuple[Checked, list[str]]:
    """Checked parameters of each combination by notebook, and every fault with its runs."""
    checked: Checked = []
    faults: dict[str, list[int]] = {}
    valid = ""
    for number, values in enumerate(asked, start=1):
        try:
            checked.append(check_all(values, notebooks))
        except InputError as error:
            valid = str(error).partition(HINT)[2] or valid
            for fault in dict.fromkeys(_faults(values, notebooks, error)):
                faults.setdefault(fault, []).append(number)
    lines = [f"  {_runs(numbers)}: {fault}" for fault, numbers in faults.items()]
    return checked, lines + ([HINT + valid] if valid else [])


def _faults(values: Values, notebooks: Sequence[str], whole: InputError) -> Iterator[str]:
    """What is wrong with a run; with each parameter alone too, for one fault may hide another."""
    yield from _fault_lines(whole)
    for name in values:
        try:
            check_all({"study": values["study"], name: values[name]}, notebooks)
        except InputError as error:
            yield from _fault_lines(error)


def _fault_lines(error: InputError) -> list[str]:
    """The faults that a message lists, without what it begins with and what would be valid."""
    told = str(error).partition(HINT)[0].removeprefix(WRONG)
    return [line.strip() for line in told.splitlines() if line.strip()]


def _runs(numbers: Sequence[int]) -> str:
    """Runs by their numbers; of many the first ones."""
    shown = ITEM.join(map(str, numbers[:5])) + (" …" if len(numbers) > 5 else "")
    word = "run" if len(numbers) == 1 else f"{len(numbers)} runs:"
    return f"{word} {shown}"


def _repeated(checked: Checked) -> Iterator[str]:
    """Combinations that ask for what an earlier one asks for, whatever notebook is run."""
    first: dict[tuple[str, ...], int] = {}
    for number, by_notebook in enumerate(checked, start=1):
        same = first.setdefault(tuple(map(_identity, by_notebook.values())), number)
        if same != number:
            yield f"  run {number}: the same as run {same}"


def _one_name(checked: Checked) -> Iterator[str]:
    """Names of studies that several files have: their data and estimates would be mixed up."""
    digests: dict[str, str] = {}
    for one in itertools.chain.from_iterable(by_notebook.values() for by_notebook in checked):
        study = one.loaded
        if digests.setdefault(study.name, study.digest) != study.digest:
            digests[study.name] = study.digest
            yield f"  study {one.study}: another study of this grid is called {study.name!r} too"


def _settled(given: StudyParameters) -> StudyParameters:
    """The parameters with the values that their defaults stand for."""
    update: dict[str, object] = {"cohort": given.asked_cohort or ALL_COHORTS}
    if isinstance(given, Estimated):
        update["outcomes"] = given.asked_outcomes
    if isinstance(given, Adjusted) and given.adjusters is None:
        update["adjusters"] = given.loaded.default_adjusters()
    return given.model_copy(update=update)


def _identity(parameters: StudyParameters) -> str:
    """What a run's results depend on; the language shown is none of it."""
    told = _settled(parameters).model_dump(mode="json", exclude={"language"})
    told["study"] = [parameters.loaded.name, parameters.loaded.digest]
    return canonical_json(told)


def _numbered(checked: Checked) -> Iterator[GridRun]:
    """A run a combination and notebook; one for all that a notebook can't tell apart."""
    seen: set[tuple[str, str]] = set()
    numbers = itertools.count(1)
    for by_notebook in checked:
        for notebook, parameters in by_notebook.items():
            same = (notebook, _identity(parameters))
            if same not in seen:
                seen.add(same)
                yield GridRun(next(numbers), notebook, parameters)
