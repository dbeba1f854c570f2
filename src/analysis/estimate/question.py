"""What is asked of a study's cells, and the words that every answer carries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import pandas as pd

from analysis.cells import CLUSTER
from analysis.estimate.groups import Comparison
from analysis.estimate.options import Errors, GapOptions
from analysis.estimate.rates import Row
from analysis.estimate.results import write_note
from analysis.studies import Study
from analysis.vocabulary import Contrast


@dataclass(frozen=True)
class Question:
    """A study with the choices of an analyst: what every estimate of gaps needs to know.

    Attributes
    ----------
    study
        The study.
    covariates
        Adjusters and mediators, by name.
    options
        How to estimate.
    cluster
        Cluster column of the cells, if there is one.
    """

    study: Study
    covariates: tuple[str, ...]
    options: GapOptions
    cluster: str | None

    @classmethod
    def of(
        cls, study: Study, cells: pd.DataFrame, covariates: Sequence[str], options: GapOptions
    ) -> Self:
        """Put a question to cells; errors are clustered if these have clusters."""
        cluster = CLUSTER if CLUSTER in cells.columns else None
        return cls(study, tuple(covariates), options, cluster)

    @property
    def clustered(self) -> str | None:
        """Column to cluster errors by, if they are; see `clustered_by`."""
        return clustered_by(self.cluster, self.options.errors)

    @property
    def categories(self) -> list[str]:
        """Names of the study's categories."""
        return list(self.study.categories)

    def adjusters(self, contrast: Contrast, group: str) -> tuple[list[str], dict[str, object]]:
        """Covariates that may adjust a gap, and the note on them.

        What defines the group or its reference would absorb the gap. The non-underserved are
        defined by every category, and so are the coefficients of the joint contrast.
        """
        defining = [group] if contrast == Contrast.COMPLEMENT else self.categories
        sources = {self.study.categories[name].source for name in defining}
        declared = self.study.covariates
        kept = [name for name in self.covariates if declared[name].source not in sources]
        return kept, {
            "adjusted": ", ".join(kept) or None,
            "defines": ", ".join(sorted(set(self.covariates).difference(kept))) or None,
            "mediators": ", ".join(name for name in kept if name in self.study.mediators) or None,
        }


def clustered_by(cluster: str | None, errors: Errors) -> str | None:
    """Column of the cells to cluster errors by, if they are.

    Raises
    ------
    ValueError
        If errors by cluster are asked for, and the cells have no clusters.
    """
    if cluster is None and errors == "cluster":
        raise ValueError("errors by cluster need cells with clusters")
    return cluster if errors in ("auto", "cluster") else None


def with_sides(one: Comparison, row: Row, **remarks: object) -> Row:
    """Add what a comparison knows to a row: its sides, their counts and who was left out."""
    said = (write_note(**remarks), row.get("note"), write_note(left_out=one.left_out or None))
    return {
        "contrast": one.contrast,
        "group": one.group,
        "reference": one.reference,
        **one.counts,
        **row,
        "note": "; ".join(str(part) for part in said if part),
    }
