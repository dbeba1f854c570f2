"""The parameters of each notebook: one typed model a notebook, checked before anything starts."""

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from analysis.errors import InputError
from analysis.impact.country import load_country
from analysis.studies import Study, load_study
from analysis.studies.model import ALL_COHORTS
from analysis.vocabulary import OTHERS, SEED, Audience, Contrast

DEFAULT_STUDY = "openclassrooms"
T = TypeVar("T")


class StudyParameters(BaseModel):
    """What every notebook takes: which study, which cohort, language and coverage."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)

    study: Annotated[str, Field(description="name of a study, or path of a study file")] = (
        DEFAULT_STUDY
    )
    cohort: Annotated[
        str | None,
        Field(description="one of the study's cohorts, or all; the study's default when null"),
    ] = None
    language: Annotated[
        Literal["en", "fr"], Field(description="language shown in the notebook")
    ] = "en"

    confidence: Annotated[float, Field(gt=0.5, lt=1, description="coverage of intervals")] = 0.95
    audience: Annotated[
        Audience | None,
        Field(
            description="internal: unrounded; public: rounded, small groups hidden; when null, "
            "internal for synthetic data, else public"
        ),
    ] = None

    @cached_property
    def loaded(self) -> Study:
        """The study itself."""
        return load_study(self.study)

    @property
    def asked_cohort(self) -> str | None:
        """The cohort to restrict to; None for all."""
        if self.cohort is None:
            declared = self.loaded.cohort
            return declared.default if declared else None
        return None if self.cohort == ALL_COHORTS else self.cohort

    def audience_of(self, study: Study) -> Audience:
        """For whom to release a study's results."""
        return self.audience or default_audience(study)

    @model_validator(mode="after")
    def _cohort_exists(self) -> Self:
        declared = self.loaded.cohort
        known = [*declared.groups, ALL_COHORTS] if declared else [ALL_COHORTS]
        if self.cohort is not None and self.cohort not in known:
            raise ValueError(f"cohort: {_one_of(self.cohort, known)}")
        return self


class Adjusted(StudyParameters):
    """What notebooks take that compare groups: adjusted for what, with which errors."""

    adjusters: Annotated[
        tuple[str, ...] | None,
        Field(description="variables held fixed; the study's defaults when null"),
    ] = None
    mediators: Annotated[
        tuple[str, ...], Field(description="mediators held fixed too: a mediator analysis")
    ] = ()
    errors: Annotated[
        Literal["auto", "model", "hc0", "hc1", "hc2", "hc3", "cluster"],
        Field(description="standard errors; auto: by cluster where the study has clusters"),
    ] = "auto"
    correction: Annotated[
        Literal["holm", "benjamini_hochberg"], Field(description="for many tests")
    ] = "holm"

    @field_validator("adjusters", "mediators")
    @classmethod
    def _names_once(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return _each_once(names)

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        study = self.loaded
        _check_names("adjusters", self.adjusters, study.adjusters)
        _check_names("mediators", self.mediators, study.mediators)
        if self.errors == "cluster" and not study.cluster:
            raise ValueError(f"errors: study {study.name} declares no clusters")
        return self

    @property
    def asked_covariates(self) -> tuple[str, ...]:
        """Adjusters and mediators to hold fixed."""
        study = self.loaded
        adjusters = study.default_adjusters() if self.adjusters is None else self.adjusters
        return (*adjusters, *self.mediators)


class Estimated(Adjusted):
    """What notebooks take that estimate gaps of several outcomes."""

    outcomes: Annotated[
        tuple[str, ...], Field(description="outcomes of the study; its defaults when empty")
    ] = ()

    @field_validator("outcomes")
    @classmethod
    def _outcomes_once(cls, names: tuple[str, ...]) -> tuple[str, ...] | None:
        return _each_once(names)

    @model_validator(mode="after")
    def _outcomes_exist(self) -> Self:
        _check_names("outcomes", self.outcomes, self.loaded.outcomes)
        return self

    @property
    def asked_outcomes(self) -> tuple[str, ...]:
        """Outcomes to estimate."""
        return self.outcomes or self.loaded.default_outcomes()


class PlacementGaps(Estimated):
    """Parameters of `03_placement_gaps`."""

    contrasts: Annotated[
        tuple[Contrast, ...], Field(min_length=1, description="which comparisons")
    ] = tuple(Contrast)
    over: Annotated[
        Literal["all", "group"], Field(description="whom marginal effects are averaged over")
    ] = "all"
    covariates: Annotated[
        Literal["fixed", "random"], Field(description="how covariates enter their errors")
    ] = "fixed"

    @field_validator("contrasts")
    @classmethod
    def _contrasts_once(cls, names: tuple[Contrast, ...]) -> tuple[Contrast, ...] | None:
        return _each_once(names)


class OneReference(Adjusted):
    """What notebooks take that compare every group with one reference: `06_time_to_placement`."""

    reference: Annotated[
        Literal["non_underserved", "others"],
        Field(description="whom groups are compared with: the non-underserved, or everyone else"),
    ] = "non_underserved"

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """The comparisons with this reference."""
        others = self.reference == OTHERS
        return (Contrast.COMPLEMENT,) if others else (Contrast.ANY, Contrast.MARGINAL)


class GapDrivers(Estimated, OneReference):
    """Parameters of `04_gap_drivers`."""

    draws: Annotated[int, Field(ge=99, le=9999, description="of each bootstrap")] = 999
    seed: Annotated[int, Field(ge=0, description="of the random draws")] = SEED


class Robustness(Estimated, OneReference):
    """Parameters of `05_robustness`."""

    seed: Annotated[int, Field(ge=0, description="of the random draws")] = SEED
    margin: Annotated[
        float, Field(gt=0, lt=0.5, description="gaps within it count as none; a fraction")
    ] = 0.05


class PublishedAudit(StudyParameters):
    """Parameters of `07_published_audit`."""

    limit: Annotated[int, Field(ge=1, le=500, description="conflicts to find at most")] = 50


class TripleBottomLine(Adjusted):
    """Parameters of `08_triple_bottom_line`."""

    country: Annotated[
        str, Field(description="whose taxes and benefits: a country file's name, or its path")
    ] = "france"
    currency: Annotated[Literal["EUR", "USD"], Field(description="of all amounts shown")] = "EUR"
    dollars_per_euro: Annotated[
        float, Field(gt=0.1, lt=10, description="rate of exchange; its default is illustrative")
    ] = 1.05
    months_ahead: Annotated[
        int, Field(ge=1, le=36, description="months that emissions are forecast for")
    ] = 12
    simulations: Annotated[
        int, Field(ge=1000, le=1_000_000, description="draws of social value and forecast")
    ] = 20_000
    seed: Annotated[int, Field(ge=0, description="of the random draws")] = SEED

    @field_validator("country")
    @classmethod
    def _country_is_whole(cls, country: str) -> str:
        try:
            load_country(country)
        except InputError as error:
            raise ValueError(str(error)) from None
        return country


MODELS: dict[str, type[StudyParameters]] = {
    "00_scoreboard": StudyParameters,
    "01_data_quality": StudyParameters,
    "02_student_journey": StudyParameters,
    "03_placement_gaps": PlacementGaps,
    "04_gap_drivers": GapDrivers,
    "05_robustness": Robustness,
    "06_time_to_placement": OneReference,
    "07_published_audit": PublishedAudit,
    "08_triple_bottom_line": TripleBottomLine,
}
"""The notebooks of the report, in their order, with the model of their parameters."""


def default_audience(study: Study) -> Audience:
    """Everyone, unless the persons are synthetic: then there is nobody to protect."""
    return Audience.INTERNAL if study.synthetic else Audience.PUBLIC


def _each_once(names: tuple[T, ...] | None) -> tuple[T, ...] | None:
    if twice := sorted(str(name) for name, times in Counter(names or ()).items() if times > 1):
        raise ValueError(f"named more than once: {', '.join(twice)}")
    return names


def _check_names(field: str, names: Sequence[str] | None, known: Mapping[str, object]) -> None:
    for name in names or ():
        if name not in known:
            raise ValueError(f"{field}: {_one_of(name, list(known))}")


def _one_of(given: str, known: list[str]) -> str:
    close = difflib.get_close_matches(given, known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"there is no {given!r}; there are: {', '.join(known) or 'none'}.{hint}"


def check_parameters(notebook: str, given: Mapping[str, object]) -> StudyParameters:
    """Check parameters against the model of a notebook; see `check_all`."""
    return check_all(given, [notebook])[notebook]


def check_all(given: Mapping[str, object], notebooks: Sequence[str]) -> dict[str, StudyParameters]:
    """Check parameters against every notebook that will run.

    Parameters
    ----------
    given
        Parameters by name. Each must be known to at least one notebook, and goes to all that
        know it; those left out keep their defaults.
    notebooks
        Names of notebooks, without ending.

    Raises
    ------
    InputError
        If a notebook or a name is unknown or a value has the wrong type or is out of range; the
        message lists every fault and the valid parameters.
    """
    for name in notebooks:
        if name not in MODELS:
            raise InputError(f"There is no notebook {name!r}. Notebooks: {', '.join(MODELS)}.")
    known = list(dict.fromkeys(field for name in notebooks for field in MODELS[name].model_fields))
    faults = [f"  {_one_of(name, known)}" for name in given if name not in known]
    checked = {}
    for name in notebooks:
        own = {key: value for key, value in given.items() if key in MODELS[name].model_fields}
        try:
            checked[name] = MODELS[name].model_validate(own)
        except ValidationError as error:
            faults += [_fault(fault) for fault in error.errors()]
    if faults:
        told = "\n".join(dict.fromkeys(faults))
        valid = dict.fromkeys(
            line for name in notebooks for line in describe_parameters(name).splitlines()
        )
        raise InputError(f"Wrong parameters:\n{told}\nValid parameters:\n" + "\n".join(valid))
    return checked


def check_values(given: Mapping[str, object]) -> StudyParameters:
    """Check what names a report: study, cohort and audience.

    Raises
    ------
    InputError
        If a value is wrong; the message lists every fault.
    """
    try:
        return StudyParameters.model_validate(given)
    except ValidationError as error:
        told = "\n".join(_fault(fault) for fault in error.errors())
        raise InputError(f"Wrong parameters:\n{told}") from None


def _fault(fault: object) -> str:
    assert isinstance(fault, dict)
    place = ".".join(str(step) for step in fault["loc"])
    words = fault["msg"].removeprefix("Value error, ")
    if not place:
        return f"  {words}"
    return f"  {place}: {words} (given: {fault['input']!r})"


def describe_parameters(notebook: str) -> str:
    """One line a parameter: name, default, meaning and admissible values."""
    schema = MODELS[notebook].model_json_schema()
    lines = []
    for name, field in MODELS[notebook].model_fields.items():
        lines.append(
            f"  {name} = {_shown(field.default)}: {field.description}"
            f"{_admissible(schema['properties'][name], schema)}"
        )
    return "\n".join(lines)


def _shown(value: object) -> str:
    """A default in YAML."""
    if isinstance(value, tuple):
        return f"[{', '.join(str(item) for item in value)}]"
    return "null" if value is None else str(value)


def _admissible(field: dict[str, object], schema: dict[str, object]) -> str:
    inner = field.get("items", field)
    assert isinstance(inner, dict)
    if "$ref" in inner:
        definitions = schema["$defs"]
        assert isinstance(definitions, dict)
        inner = definitions[str(inner["$ref"]).rsplit("/", 1)[-1]]
    if "enum" in inner:
        return f" (one of: {', '.join(inner['enum'])})"
    if "exclusiveMinimum" in inner:
        return f" (between {inner['exclusiveMinimum']:g} and {inner['exclusiveMaximum']:g})"
    return ""
