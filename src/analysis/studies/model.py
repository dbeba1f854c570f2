"""The model of a study file: what it may say and what must hold between its parts."""

import hashlib
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from analysis.studies.parts import (
    Amount,
    Category,
    Cohort,
    Column,
    Covariate,
    Described,
    Duration,
    Name,
    Outcome,
    Part,
    Provenance,
    Table,
    Variant,
    Wording,
    YesOrNo,
)
from analysis.vocabulary import CATEGORIES, GROUPS, UNKNOWN_LEVEL, Label

COHORT = "cohort"
MONTH = "month"
TOLD = "told"
ALL_COHORTS = "all"
RESERVED_NAMES = frozenset(
    {"person", "cluster", COHORT, MONTH, TOLD, "n", "persons", "successes", "answered", "member"}
    | GROUPS.keys()
)


class Study(Part):
    """Everything that is particular to one study.

    `contract` says that the extract keeps the provider's contract, whose journeys are then the one
    table; `generated` is the provenance of the cohort that is generated where there is no extract;
    `published` maps a published rate to the outcome that estimates it; `described` says whom to
    describe, those of the first outcome when not given.
    """

    name: Name
    title: Wording
    unit: Wording
    population: Wording
    provenance: Provenance
    generated: Provenance | None = None
    synthetic: bool = False
    contract: bool = False
    published: dict[str, str] = Field(default_factory=dict)
    described: Described | None = None
    tables: dict[str, Table]
    rows: str
    person: str
    cluster: tuple[str, ...] = ()
    cohort: Cohort | None = None
    outcomes: Annotated[dict[Name, Outcome], Field(min_length=1)]
    durations: dict[Name, Duration] = Field(default_factory=dict)
    amounts: dict[Name, Amount] = Field(default_factory=dict)
    categories: Annotated[dict[Name, Category], Field(min_length=1)]
    adjusters: dict[Name, Covariate]
    mediators: dict[Name, Covariate] = Field(default_factory=dict)
    variants: dict[Name, Variant] = Field(default_factory=dict)

    def with_variant(self, name: str) -> Self:
        """The study with the categories of a variant in place of its own."""
        variant = self.variants[name]
        title = {
            language: f"{self.title.label()[language]} ({words})"
            for language, words in variant.label.label().items()
        }
        changed = {
            "name": f"{self.name}+{name}",
            "title": Wording.model_validate(title),
            "categories": {**self.categories, **variant.categories},
        }
        return self.model_copy(update=changed)

    def as_generated(self) -> Self:
        """The study of a generated extract: marked synthetic, with that provenance."""
        told = self.generated or self.provenance
        return self.model_copy(update={"synthetic": True, "provenance": told})

    @property
    def covariates(self) -> dict[str, Covariate]:
        """Adjusters and mediators by name."""
        return {**self.adjusters, **self.mediators}

    @property
    def measures(self) -> dict[str, YesOrNo]:
        """Outcomes and durations by name."""
        return {**self.outcomes, **self.durations}

    @property
    def columns(self) -> dict[str, Column]:
        """Columns that a row has: its own table's and those of the tables it refers to."""
        own = self.tables[self.rows]
        referred = [self.tables[name].columns for name in own.references if name in self.tables]
        return {name: column for part in (*referred, own.columns) for name, column in part.items()}

    def category_label(self, name: str) -> Label:
        """Label of a category: the study's own, else the vocabulary's."""
        wording = self.categories[name].label
        return wording.label() if wording else CATEGORIES[name]

    @property
    def digest(self) -> str:
        """SHA-256 of all that the study file says."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def default_adjusters(self) -> tuple[str, ...]:
        """Names of the adjusters that enter unless an analyst says otherwise."""
        return tuple(name for name, adjuster in self.adjusters.items() if adjuster.default)

    def default_outcomes(self) -> tuple[str, ...]:
        """Names of the outcomes that are estimated unless an analyst says otherwise."""
        return tuple(name for name, outcome in self.outcomes.items() if outcome.default)

    @property
    def described_outcome(self) -> str:
        """Name of the outcome whose denominator are the persons to describe."""
        return self.described.outcome if self.described else next(iter(self.outcomes))

    @property
    def counted(self) -> dict[str, YesOrNo | Amount]:
        """Outcomes, durations and amounts by name: whatever has rows of its own."""
        return {**self.measures, **self.amounts}

    def cohort_column(self, name: str) -> str:
        """Column of the processed table with the cohort of an outcome's or amount's own rows."""
        return COHORT if self.counted[name].cohort_from is None else f"{COHORT}_{name}"

    def months_column(self, duration: str) -> str:
        """Column of the processed table with the months of a duration."""
        return f"{MONTH}s_{duration}"

    def levels(self, covariate: str) -> tuple[str, ...]:
        """Levels of a covariate in their declared order, "unknown" last; empty if undeclared."""
        declared = self.covariates[covariate]
        values = self.columns[declared.source].values or ()
        if declared.cuts:
            values = band_labels(declared.cuts)
        named = tuple(value for value in values if value != UNKNOWN_LEVEL)
        return (*named, UNKNOWN_LEVEL) if values else ()

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        problems = list(_problems(self))
        if problems:
            raise ValueError("; ".join(problems))
        return self


def band_labels(cuts: tuple[int, ...]) -> tuple[str, ...]:
    """Names of the bands between `cuts`: "<=30", "31-60", ">60" for cuts 30 and 60."""
    between = [f"{low + 1}-{high}" if high > low + 1 else f"{high}" for low, high in pairwise(cuts)]
    return (f"<={cuts[0]}", *between, f">{cuts[-1]}")


def _problems(study: Study) -> Iterator[str]:
    if study.rows not in study.tables:
        yield f"rows: no table {study.rows!r}; tables are {', '.join(study.tables)}"
        return
    yield from _table_problems(study)
    yield from _name_problems(study)
    known = study.columns
    for place, column in _columns_used(study):
        if column not in known:
            yield f"{place}: no column {column!r}; columns are {', '.join(sorted(known))}"
        elif place in ("person", "cluster") and known[column].optional:
            yield f"{place}: the column {column!r} must not be optional"
    for place, column, values in _values_used(study):
        allowed = known[column].values if column in known else None
        if allowed and (strange := [value for value in values if value not in allowed]):
            yield f"{place}: {column} has no value {', '.join(strange)}"
        if twice := sorted({value for value in values if values.count(value) > 1}):
            yield f"{place}: {', '.join(twice)} stands on both sides"
    yield from _cut_problems(study, known)
    yield from _number_problems(study, known)
    yield from _cohort_problems(study)
    yield from _outcome_problems(study)


def _outcome_problems(study: Study) -> Iterator[str]:
    for measure, name in study.published.items():
        if name not in study.outcomes:
            yield f"published.{measure}: no outcome {name!r}"
    if study.described_outcome not in study.outcomes:
        yield f"described.outcome: no outcome {study.described_outcome!r}"


def _cohort_problems(study: Study) -> Iterator[str]:
    groups = study.cohort.groups if study.cohort else {}
    if ALL_COHORTS in groups:
        yield f"cohort.groups.{ALL_COHORTS}: the name is taken by the program"
    if study.cohort and study.cohort.default not in (None, *groups):
        yield f"cohort.default: no cohort {study.cohort.default!r}"
    for place, measure in _counted(study):
        if measure.cohort_from and not study.cohort:
            yield f"{place}.cohort_from: the study declares no cohort"


def _table_problems(study: Study) -> Iterator[str]:
    for name, table in study.tables.items():
        for column in table.key:
            if column not in table.columns:
                yield f"tables.{name}.key: no column {column!r}"
        for other, by in table.references.items():
            if other not in study.tables:
                yield f"tables.{name}.references: no table {other!r}"
            elif by != study.tables[other].key:
                yield f"tables.{name}.references.{other}: must be its key, in its order"
            for column in set(by).difference(table.columns):
                yield f"tables.{name}.references.{other}: no column {column!r}"
        for column, kind in table.columns.items():
            yield from _repair_problems(f"tables.{name}.columns.{column}", kind)


def _repair_problems(place: str, kind: Column) -> Iterator[str]:
    allowed = kind.values or ()
    for meant in kind.repair.values():
        if allowed and meant not in allowed:
            yield f"{place}.repair: {meant!r} is not one of its values"
    for token in (*kind.missing, *kind.repair):
        if token in allowed:
            yield f"{place}: {token!r} is a value, so it can't be damaged or missing"


def _name_problems(study: Study) -> Iterator[str]:
    kinds = ("outcomes", "durations", "amounts", "categories", "adjusters", "mediators")
    names = [name for kind in kinds for name in getattr(study, kind)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name}: the name is used twice among {', '.join(kinds)}"
    for name in sorted(RESERVED_NAMES.intersection(names)):
        yield f"{name}: the name is taken by the program"
    for name, variant in study.variants.items():
        for other in variant.categories.keys() - study.categories.keys():
            yield f"variants.{name}.categories: no category {other!r}"
    for name, category in study.categories.items():
        if category.label is None and name not in CATEGORIES:
            yield f"categories.{name}.label: needed, for the name is not one of the vocabulary's"


def _cut_problems(study: Study, known: dict[str, Column]) -> Iterator[str]:
    for kind in ("adjusters", "mediators"):
        for name, covariate in getattr(study, kind).items():
            cuts, column = covariate.cuts, known.get(covariate.source)
            if any(high <= low for low, high in pairwise(cuts)):
                yield f"{kind}.{name}.cuts: must rise"
            if cuts and column and column.type == "text":
                yield f"{kind}.{name}.cuts: {covariate.source!r} is text, not numbers"


def _number_problems(study: Study, known: dict[str, Column]) -> Iterator[str]:
    for name, duration in study.durations.items():
        column = known.get(duration.months)
        if column and (column.type != "integer" or column.minimum is None or column.minimum < 0):
            yield f"durations.{name}.months: {duration.months!r} must be integer, with minimum 0"
    for name, amount in study.amounts.items():
        column = known.get(amount.source)
        if column and column.type == "text":
            yield f"amounts.{name}.from: {amount.source!r} is text, not numbers"


def _measures(study: Study) -> Iterator[tuple[str, YesOrNo]]:
    """Outcomes and durations with their places in the file."""
    for kind in ("outcomes", "durations"):
        yield from ((f"{kind}.{name}", part) for name, part in getattr(study, kind).items())


def _counted(study: Study) -> Iterator[tuple[str, YesOrNo | Amount]]:
    """Outcomes, durations and amounts with their places in the file."""
    yield from _measures(study)
    yield from ((f"amounts.{name}", part) for name, part in study.amounts.items())


def _columns_used(study: Study) -> Iterator[tuple[str, str]]:
    yield "person", study.person
    yield from (("cluster", column) for column in study.cluster)
    if study.cohort:
        yield "cohort.from", study.cohort.source
    for kind in ("outcomes", "durations", "amounts", "categories", "adjusters", "mediators"):
        for name, part in getattr(study, kind).items():
            yield f"{kind}.{name}.from", part.source
    for place, measure in _counted(study):
        yield from ((f"{place}.among", column) for column in measure.among)
        if measure.cohort_from:
            yield f"{place}.cohort_from", measure.cohort_from
    for name, duration in study.durations.items():
        yield f"durations.{name}.months", duration.months
    for name, variant in study.variants.items():
        for category, part in variant.categories.items():
            yield f"variants.{name}.categories.{category}.from", part.source


def _values_used(study: Study) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for place, measure in _measures(study):
        yield place, measure.source, (*measure.success, *measure.failure)
    for place, part in _counted(study):
        for column, values in part.among.items():
            yield f"{place}.among", column, values
    for place, category in _category_parts(study):
        yield place, category.source, (*category.known_in, *category.known_out)
    if study.cohort:
        for name, values in study.cohort.groups.items():
            yield f"cohort.groups.{name}", study.cohort.source, values


def _category_parts(study: Study) -> Iterator[tuple[str, Category]]:
    yield from ((f"categories.{name}", part) for name, part in study.categories.items())
    for name, variant in study.variants.items():
        for category, part in variant.categories.items():
            yield f"variants.{name}.categories.{category}", part
