"""The parts of a study file, each with what it may say by itself."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from analysis.vocabulary import Label

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Part(BaseModel):
    """Refuses what it does not know, and does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Wording(Part):
    """A text in both languages."""

    en: Text
    fr: Text

    def label(self) -> Label:
        """Give the text as a mapping from language to text."""
        return {"en": self.en, "fr": self.fr}


class Column(Part):
    """A column of a source table, with every value that it may hold.

    `repair` maps known damage to the value that was meant; each repair is counted and logged.
    `missing` lists the values that stand for "not known", beside the empty field.
    """

    type: Literal["text", "integer", "number"] = "text"
    values: tuple[str, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    optional: bool = False
    repair: dict[str, str] = Field(default_factory=dict)
    missing: tuple[str, ...] = ()


class Table(Part):
    """A source table: a CSV or Parquet file of the extract.

    `references` names, for another table, the columns by which each row must find its one match
    there; the matched columns can be used like the table's own.
    """

    columns: dict[str, Column]
    key: Annotated[tuple[str, ...], Field(min_length=1)]
    references: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class YesOrNo(Part):
    """What came about or not, and the denominator.

    Rows whose value is in neither `success` nor `failure` are outside the denominator, and so
    are rows for which a column of `among` has none of the values listed. `cohort_from` names the
    column that sorts its rows into cohorts, where that is not the study's.
    """

    label: Wording
    denominator: Wording
    source: str = Field(alias="from")
    success: tuple[str, ...]
    failure: tuple[str, ...]
    among: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    cohort_from: str | None = None


class Outcome(YesOrNo):
    """A yes-or-no outcome."""

    default: bool = True


class Duration(YesOrNo):
    """A time to an event: whether it came about while a row was followed, and when.

    `months` names the column of whole months from the start to the event of a success, and to the
    end of what is known of a failure.
    """

    months: str


class Amount(Part):
    """A number that rows have, such as a salary; rows without one are outside.

    So are rows for which a column of `among` has none of the values listed. `cohort_from` is that
    of an outcome.
    """

    label: Wording
    denominator: Wording | None = None
    source: str = Field(alias="from")
    among: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    cohort_from: str | None = None


class Category(Part):
    """Membership of an underserved category: known in, known out, else unknown."""

    label: Wording | None = None
    source: str = Field(alias="from")
    known_in: tuple[str, ...] = Field(alias="in")
    known_out: tuple[str, ...] = Field(alias="out")


class Covariate(Part):
    """A variable to adjust for: the values of a column, or its bands between `cuts`.

    With cuts 30 and 60 the bands are: 30 or less, more than 30 up to 60, more than 60.
    """

    label: Wording
    source: str = Field(alias="from")
    cuts: tuple[int, ...] = ()
    default: bool = True


class Cohort(Part):
    """How rows are sorted into the cohorts that a report can be restricted to.

    `default` names the cohort of a report that asks for none.
    """

    source: str = Field(alias="from")
    groups: dict[str, tuple[str, ...]]
    default: str | None = None


class Described(Part):
    """The persons that a study describes: those in the denominator of an outcome."""

    outcome: str
    label: Wording


ToldPart = Literal["source", "citation", "licence"]
"""Parts of a provenance that readers of figures and pages see."""


class Provenance(Part):
    """Where the data come from, under which licence, and how a user obtains them.

    `fr` says those of the parts in French that are not names of their own.
    """

    source: str
    citation: str
    licence: str
    obtain: str
    fr: dict[ToldPart, str] = Field(default_factory=dict)

    def said(self, part: ToldPart, language: str) -> str:
        """A part in a language, or as it stands where nothing else is said."""
        plain: str = getattr(self, part)
        return self.fr.get(part, plain) if language == "fr" else plain


class Variant(Part):
    """Another definition of some categories, asked for as `study+variant`."""

    label: Wording
    categories: dict[Name, Category]
