"""What an audience may see of the tables that notebooks print and draw."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.estimate.results import Correction, read_note
from analysis.release.limits import with_limits_of_rounded
from analysis.release.measures import public_measures
from analysis.release.policy import HIDDEN, round_count
from analysis.release.rows import COUNTS, FullRows, PublicRows, Withheld
from analysis.release.shares import (
    few_persons,
    full_curves,
    full_shares,
    public_curves,
    public_shares,
)
from analysis.studies.model import ALL_COHORTS
from analysis.vocabulary import Audience

__all__ = ["COUNTS", "Release", "Withheld", "is_hidden"]


@dataclass(frozen=True)
class Release:
    """What an audience may see of tables.

    Counts come out as nullable integers, missing where they are not shown, and each table has a
    column `digits`: decimals of each row in the unit that readers see (percent, points, months,
    persons, or a plain ratio). A row that is hidden has no numbers, and its note says `hidden`.

    Attributes
    ----------
    audience
        Inside the provider, everything; everyone, what the policy allows.
    withheld
        Rows that are hidden to protect others; see `analysis.release.suppression`.
    cohort
        The cohort that rows are about that don't name one.
    described
        The outcome whose denominator the shares of persons describe; empty if none is.
    confidence, correction
        Coverage of the tables' intervals, and how p-values were corrected for many tests.
    categories
        Names of the study's categories, by which groups overlap.
    """

    audience: Audience
    withheld: frozenset[Withheld] = frozenset()
    cohort: str = ALL_COHORTS
    described: str = ""
    confidence: float = 0.95
    correction: Correction = "holm"
    categories: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        """Whether the audience sees all."""
        return self.audience is Audience.INTERNAL

    def results(self, table: pd.DataFrame) -> pd.DataFrame:
        """A result table as the audience may see it.

        Parameters
        ----------
        table
            See `analysis.estimate.results.Results`. A change between cohorts is shown only if the
            gaps of both stand in the same table, by which their denominators are known.

        Returns
        -------
        pandas.DataFrame
            The same rows and columns, and `digits`.
        """
        if self.everything:
            return FullRows().released(table)
        rows = PublicRows.of(table, self.withheld, self.cohort)
        return rows.released(with_limits_of_rounded(table, self.confidence, self.correction))

    def specifications(self, table: pd.DataFrame) -> pd.DataFrame:
        """A specification curve as the audience may see it.

        Parameters
        ----------
        table
            See `analysis.estimate.fragility.specifications.specification_curve`.

        Returns
        -------
        pandas.DataFrame
            The same rows and columns, and `digits`. For everyone no specification has counts: two
            that differ by a handful of persons would tell these apart.
        """
        if self.everything:
            return FullRows().released(table)
        rows = PublicRows.of(table, self.withheld, self.cohort, by_specification=True)
        return rows.released(table)

    def shares(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table of persons and their shares as the audience may see it.

        Parameters
        ----------
        table
            What `analysis.estimate.journey` returns: `funnel`, `composition`, `overlap` or
            `shares_by_group`.

        Returns
        -------
        pandas.DataFrame
            The same rows and columns, `digits` and `note`.
        """
        if self.everything:
            return full_shares(table)
        return public_shares(
            table, self.withheld, self.cohort, self.described, confidence=self.confidence
        )

    def curves(self, table: pd.DataFrame) -> pd.DataFrame:
        """Curves of the time to an event as the audience may see them.

        Parameters
        ----------
        table
            Curves of `analysis.estimate.duration.times.study_times`.

        Returns
        -------
        pandas.DataFrame
            The same columns, `digits` and `note`; for everyone, rows of the horizons only.
        """
        return full_curves(table) if self.everything else public_curves(table)

    def measures(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table of measures as the audience may see it.

        Parameters
        ----------
        table
            See `analysis.impact.measures.Measures`. A row with `n` is one of persons, and its
            digits are what its interval supports.

        Returns
        -------
        pandas.DataFrame
            Inside the provider the table as it is: its values are rounded where they are written
            out. For everyone the same rows and columns, values rounded to their digits and persons
            to the nearest multiple of five; rows of few persons are hidden, and with them the rows
            from which they could be worked out.
        """
        return table if self.everything else public_measures(table, self.categories)

    def counts(
        self, table: pd.DataFrame, columns: Sequence[str], whole: str = "year"
    ) -> pd.DataFrame:
        """A table of plain counts of persons, as the audience may see it.

        Parameters
        ----------
        table
            A row for each kind of persons.
        columns
            Its counts.
        whole
            Column of what rows make up, whose totals are known: the provider prints those of years.

        Returns
        -------
        pandas.DataFrame
            The same rows and columns. For everyone counts are rounded, and missing in rows that
            have one from 1 to 24; where that is one row of a whole, in the next smallest too.
        """
        shown = table.astype(dict.fromkeys(columns, "Int64"))
        if self.everything:
            return shown
        hidden = few_persons(table, columns, whole)
        rounded = {name: shown[name].map(round_count).astype("Int64") for name in columns}
        return shown.assign(**{name: counts.mask(hidden) for name, counts in rounded.items()})

    def number(self, count: int) -> int:
        """A count of persons or rows as the audience may see it."""
        return count if self.everything else int(round_count(count))


def is_hidden(note: str) -> bool:
    """Whether the note of a row says that it is not shown."""
    return HIDDEN in read_note(note)
