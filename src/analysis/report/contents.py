"""What a report holds: its figures and tables, in their order, with all that is told of them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd

from analysis.figures.place import OUTPUT_KEY
from analysis.studies import Study
from analysis.vocabulary import LANGUAGES, Audience

KINDS = ("svg", "png", "pdf")
MARK = "data"
"""Column that says of each row that it is of generated persons."""


@dataclass(frozen=True)
class ReportFigure:
    """A figure of a report.

    Attributes
    ----------
    number
        Its place in the report, from 1.
    id, notebook, key, run, sources
        Of its sidecar (see `analysis.figures.save.save_figure`); `key` by language.
    title, caption, alt
        Its words, by language.
    data
        What it plots, as released.
    """

    number: int
    id: str
    notebook: str
    key: Mapping[str, str]
    run: str
    sources: tuple[str, ...]
    title: Mapping[str, str]
    caption: Mapping[str, str]
    alt: Mapping[str, str]
    data: pd.DataFrame

    def file(self, language: str, kind: str) -> str:
        """Path of a file below the report's folder; kind is one of `KINDS`, or csv."""
        name = self.id if kind == "csv" else f"{self.id}.{language}"
        return f"figures/{name}.{kind}"

    def values(self, column: str) -> list[str]:
        """Distinct values of a column of the data, in their order; none if there is no such."""
        if column not in self.data:
            return []
        return [str(value) for value in self.data[column].dropna().unique() if str(value)]


@dataclass(frozen=True)
class ReportTable:
    """A table of a report: name, the notebook that made it, content key, and rows as released."""

    id: str
    notebook: str
    key: str
    run: str
    data: pd.DataFrame

    def file(self, kind: str) -> str:
        """Path of its file below the report's folder; kind is csv or parquet."""
        return f"tables/{self.id}.{kind}"


@dataclass(frozen=True)
class Contents:
    """A report's folder, once its notebooks are executed.

    Attributes
    ----------
    folder
        Holds `notebooks`, `figures` and `tables`.
    study, cohort, audience
        What it is on, and for whom.
    notebooks
        Names of the executed notebooks, in their order.
    """

    folder: Path
    study: Study
    cohort: str | None
    audience: Audience
    notebooks: tuple[str, ...]

    @cached_property
    def figures(self) -> tuple[ReportFigure, ...]:
        """The figures in the order in which the notebooks show them."""
        shown = dict.fromkeys(name for book in self.notebooks for name in self._shown(book))
        return tuple(self._figure(number, name) for number, name in enumerate(shown, start=1))

    @cached_property
    def tables(self) -> tuple[ReportTable, ...]:
        """The tables, by notebook and name."""
        paths = sorted((self.folder / "tables").glob("*.json"))
        tables = [self._table(path) for path in paths]
        return tuple(sorted(tables, key=lambda one: (one.notebook, one.id)))

    @cached_property
    def runs(self) -> dict[str, str]:
        """Content key of each notebook's run that left a figure or a table."""
        keys = {one.notebook: one.run for one in self.figures}
        return keys | {one.notebook: one.run for one in self.tables}

    def real(self, notebook: str) -> bool:
        """Whether nothing that a notebook shows is of generated persons, though the study's are."""
        made: list[ReportFigure | ReportTable] = [*self.figures, *self.tables]
        shown = [one.data for one in made if one.notebook == notebook]
        return self.study.synthetic and bool(shown) and not any(MARK in data for data in shown)

    def executed(self, notebook: str) -> Any:  # noqa: ANN401 (nbformat's own)
        """An executed notebook."""
        return nbformat.read(self.folder / "notebooks" / f"{notebook}.ipynb", as_version=4)

    def _shown(self, notebook: str) -> Iterator[str]:
        for cell in self.executed(notebook).cells:
            for output in cell.get("outputs", []):
                marked = output.get("metadata", {}).get(OUTPUT_KEY, {})
                if "figure" in marked:
                    yield marked["figure"]

    def _figure(self, number: int, name: str) -> ReportFigure:
        folder = self.folder / "figures"
        told = {language: _read(folder / f"{name}.{language}.json") for language in LANGUAGES}
        first = told[LANGUAGES[0]]
        by_language = {
            part: {language: words[part] for language, words in told.items()}
            for part in ("key", "title", "caption", "alt")
        }
        return ReportFigure(
            number=number,
            id=name,
            notebook=first["notebook"],
            run=first["run"],
            sources=tuple(first["sources"]),
            data=pd.read_csv(folder / f"{name}.csv"),
            **by_language,
        )

    def _table(self, sidecar: Path) -> ReportTable:
        told = _read(sidecar)
        data = pd.read_parquet(sidecar.with_suffix(".parquet"))
        return ReportTable(**told, data=data)


def _read(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read
