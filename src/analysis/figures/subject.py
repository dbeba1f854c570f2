"""What a chart, a table or a sentence is about, and the words that follow from it."""

from collections.abc import Container
from dataclasses import dataclass, replace

import pandas as pd

from analysis.figures.wording import (
    count,
    covariate_list,
    described_label,
    group_label,
    note_sentences,
    number,
    outcome_label,
    p_words,
    percent,
    released_p_words,
    say,
)
from analysis.release.policy import ROUNDED_TO
from analysis.release.results import is_hidden
from analysis.studies import Study
from analysis.vocabulary import Audience


@dataclass(frozen=True)
class Subject:
    """One outcome of a study, in one cohort or all.

    Attributes
    ----------
    study, outcome, cohort
        What is looked at.
    confidence
        Coverage of the intervals shown.
    audience
        For whom the tables were released.
    """

    study: Study
    outcome: str
    cohort: str | None
    confidence: float
    audience: Audience = Audience.INTERNAL

    @property
    def file_stem(self) -> str:
        """The outcome's name as it stands in file names."""
        return self.outcome.replace("_", "-")

    def outcome_words(self, language: str) -> str:
        """Label of the outcome, to stand within a sentence."""
        return outcome_label(self.study, self.outcome, language)

    def group(self, name: str, language: str) -> str:
        """Label of a group."""
        return group_label(self.study, name, language)

    def population(self, language: str) -> str:
        """Who was counted, and in which cohort, beginning with a capital."""
        population = self.study.population.label()[language]
        population = population[:1].upper() + population[1:]
        if self.cohort is None:
            return population
        return say("words.cohort", language, population=population, cohort=self.cohort)

    def everyone(self, language: str) -> str:
        """Who was counted in all cohorts, beginning with a capital."""
        return replace(self, cohort=None).population(language)

    def level(self, language: str) -> str:
        """Coverage of the intervals as a percentage."""
        digits = 0 if round(100 * self.confidence, 6).is_integer() else 1
        return percent(self.confidence, language, digits)

    def source(self, language: str) -> str:
        """Source and licence."""
        said = self.study.provenance.said
        told = {"source": said("source", language), "licence": said("licence", language)}
        return say("words.source", language, **told)

    def rounding(self, language: str) -> str:
        """The sentence that counts are rounded; empty if they are not."""
        if self.audience is Audience.INTERNAL:
            return ""
        return say("words.rounded", language, nearest=number(ROUNDED_TO, language))

    def p_words(self, value: float, language: str) -> str:
        """A p-value with the decimals that the audience may see."""
        write = p_words if self.audience is Audience.INTERNAL else released_p_words
        return write(value, language)

    def watermark(self, language: str) -> str:
        """Word laid over charts of synthetic data; empty for real data."""
        return say("words.synthetic", language) if self.study.synthetic else ""

    def described(self, language: str) -> str:
        """The persons that the study describes."""
        return described_label(self.study, language)

    def denominator(self, language: str) -> str:
        """Successes and denominator of the outcome, to stand behind "share of"."""
        return self.study.outcomes[self.outcome].denominator.label()[language]

    def covariates(self, names: list[str], language: str) -> str:
        """Labels of covariates as a list."""
        return covariate_list(self.study, names, language)

    def reason(self, row: pd.Series, language: str, omit: Container[str] = ()) -> str:
        """The remarks of a row in words, but for the keys to omit."""
        return say("words.separator", language).join(
            note_sentences(self.study, str(row["note"]), language, omit)
        )

    def absence(self, row: pd.Series, language: str) -> str:
        """Why a row has no number, briefly: why it is hidden, or that it is not estimable."""
        if is_hidden(str(row["note"])):
            return self.reason(row, language)
        return say("words.not_estimable", language)

    def sides(self, row: pd.Series, language: str) -> dict[str, str]:
        """Numbers of persons on both sides, for messages."""
        return {
            "n": count(row["n_group"], language),
            "n_reference": count(row["n_reference"], language),
        }

    def rows(self, results: pd.DataFrame, **conditions: object) -> pd.DataFrame:
        """Rows of this outcome for which each column has the value given, or one of a list."""
        kept = results["outcome"] == self.outcome
        for column, value in conditions.items():
            wanted = value if isinstance(value, (list, tuple)) else [value]
            kept &= results[column].isin(wanted)
        return results[kept].reset_index(drop=True)
