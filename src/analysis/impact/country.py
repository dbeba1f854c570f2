"""Country files: the taxes, benefits and assumptions that turn placements into money."""

from collections.abc import Mapping
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from analysis.errors import InputError
from analysis.files import read_yaml
from analysis.studies.named import available, fault_lines, named_file
from analysis.studies.parts import Name, Part, Wording

SHIPPED: Final = Path(str(resources.files("analysis.impact"))) / "countries"


class ParameterUnit(StrEnum):
    """What a parameter counts."""

    SHARE = "share"
    """A fraction from 0 to 1."""
    MONTHS = "months"
    EUR_A_MONTH = "EUR a month"
    EUR_A_YEAR = "EUR a year"


MOST: Final[Mapping[ParameterUnit, float]] = {
    ParameterUnit.SHARE: 1.0,
    # What is saved is counted in the first year.
    ParameterUnit.MONTHS: 12.0,
    ParameterUnit.EUR_A_MONTH: 20_000.0,
    ParameterUnit.EUR_A_YEAR: 500_000.0,
}
"""The largest value of each unit: beyond it a file is in another unit."""

UNITS: Final[Mapping[str, ParameterUnit]] = {
    "employee_contributions": ParameterUnit.SHARE,
    "employer_contributions": ParameterUnit.SHARE,
    "income_tax": ParameterUnit.SHARE,
    "benefit_recipients": ParameterUnit.SHARE,
    "benefit": ParameterUnit.EUR_A_MONTH,
    "benefit_months": ParameterUnit.MONTHS,
    "counterfactual": ParameterUnit.SHARE,
    "silent_placement": ParameterUnit.SHARE,
    "persistence": ParameterUnit.SHARE,
    "discount": ParameterUnit.SHARE,
    "raise_if_not_told": ParameterUnit.EUR_A_YEAR,
    "pay_if_not_told": ParameterUnit.EUR_A_YEAR,
}
"""The parameters of a country file with their units, in the order of the formulas.

What each means is in docs/adding-a-country.md; `analysis.impact.social` has the formulas.
"""


class Parameter(Part):
    """One parameter: its value, how far off it may be, and where it comes from.

    `illustrative` says that no source states the values: every result that rests on them is marked.
    """

    label: Wording
    unit: ParameterUnit
    low: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    central: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    high: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    illustrative: bool
    source: Wording

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.central <= self.high:
            raise ValueError("low, central and high must rise, or be alike")
        if self.high > MOST[self.unit]:
            raise ValueError(f"high: {self.unit} goes up to {MOST[self.unit]:g}")
        return self


class Country(Part):
    """What a country file says.

    Attributes
    ----------
    name, label
        The country.
    parameters
        Every parameter of `UNITS`, in that order.
    """

    name: Name
    label: Wording
    parameters: dict[str, Parameter]

    @field_validator("parameters")
    @classmethod
    def _each_and_no_other(cls, given: dict[str, Parameter]) -> dict[str, Parameter]:
        faults = [f"{name} is missing" for name in UNITS if name not in given]
        faults += [f"there is no parameter {name!r}" for name in given if name not in UNITS]
        faults += [
            f"{name}.unit must be {unit!s}"
            for name, unit in UNITS.items()
            if name in given and given[name].unit is not unit
        ]
        if faults:
            raise ValueError("; ".join(faults))
        return {name: given[name] for name in UNITS}

    @model_validator(mode="after")
    def _leaves_pay(self) -> Self:
        taken = [self.parameters[name].high for name in ("employee_contributions", "income_tax")]
        if sum(taken) > 1:
            raise ValueError(
                "parameters: employee_contributions.high and income_tax.high add up to more than 1"
            )
        return self


def available_countries() -> list[str]:
    """Names of the countries that ship with the package, in alphabetical order."""
    return available(SHIPPED)


def country_file(country: str) -> Path:
    """Path of a country file, from the name of a shipped one or the path of one's own.

    Raises
    ------
    InputError
        If there is no such file.
    """
    return named_file(country, SHIPPED, "country", "Countries")


def load_country(country: str) -> Country:
    """Read and check a country file.

    Parameters
    ----------
    country
        Name of a shipped country, or the path of a country file.

    Raises
    ------
    InputError
        If the file does not exist, is not YAML or breaks the rules; the message lists every fault
        with its place in the file.
    """
    path = country_file(country)
    try:
        return Country.model_validate(read_yaml(path))
    except ValidationError as error:
        raise InputError(
            f"{path} is not a country file (docs/adding-a-country.md):\n{fault_lines(error)}"
        ) from None
