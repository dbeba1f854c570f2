"""The page of a sweep: what was asked, how the runs compare, which failed, and where all is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import pandas as pd

from analysis.figures.choices import parameter_words, value_words
from analysis.figures.save import Chart
from analysis.figures.tables import DASH
from analysis.figures.wording import capitalise, number, points, say
from analysis.report.contents import KINDS
from analysis.report.documents.labels import Labels
from analysis.report.site.images import png_size
from analysis.report.site.layout import INDEX, page_path, render_alone
from analysis.report.sweeps.contents import TABLES, SweepContents
from analysis.report.sweeps.questions import SUMMARY, gaps_of
from analysis.runs.grid import Grid
from analysis.runs.sweep import Swept, estimate_tables
from analysis.studies import Study
from analysis.studies.model import ALL_COHORTS
from analysis.vocabulary import LANGUAGES

TEMPLATES: Final = Path(__file__).parent / "templates"
DOWNLOADS: Final = (*KINDS, "csv")
FILES: Final = (*(f"tables/{name}.csv" for name in TABLES), "tables/sweep.parquet", "grid.yaml")


@dataclass(frozen=True)
class Shown:
    """A figure as the page shows it: its words, its size, and its files by kind."""

    chart: Chart
    size: tuple[int, int]
    files: Mapping[str, str]


@dataclass(frozen=True)
class Summary:
    """A table of ranges: whom it is about, and its rows of texts."""

    anchor: str
    title: str
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class RunRow:
    """A run in the list of runs: number, values of what varies, status, error, and its files."""

    number: int
    values: Sequence[str]
    status: str
    error: str
    files: Mapping[str, str]


def sweep_pages(contents: SweepContents, charts: Sequence[Chart]) -> Iterator[tuple[str, str]]:
    """Path and HTML of the page in each language.

    Parameters
    ----------
    contents
        The sweep; its figures and tables are in its folder already.
    charts
        The figures that it has.
    """
    for language in LANGUAGES:
        name = contents.grid.name
        yield (
            page_path(INDEX, language),
            render_alone(
                "sweep.html.j2",
                language=language,
                title=say("sweep.title", language, name=name),
                current=INDEX,
                audience=contents.audience,
                templates=TEMPLATES,
                name=name,
                studies=list(contents.studies.values()),
                total=len(contents.swept),
                failed=[_run_row(one, contents.grid, language) for one in contents.failed],
                facts=list(_facts(contents, language)),
                figures=[_shown(chart, contents.folder, language) for chart in charts],
                kinds=DOWNLOADS,
                summaries=list(_summaries(contents, language)),
                varying=[capitalise(parameter_words(one, language)) for one in _varying(contents)],
                runs=[_run_row(one, contents.grid, language) for one in contents.swept],
                files=FILES,
            ),
        )


def _varying(contents: SweepContents) -> list[str]:
    """Names of what varies, the notebook first if there are several."""
    several = len(contents.grid.notebooks) > 1
    return [*(["notebook"] if several else []), *contents.grid.varying]


def _facts(contents: SweepContents, language: str) -> Iterator[tuple[str, str]]:
    """What every run has, then what varies with its values, each after its name."""
    grid, study = contents.grid, next(iter(contents.studies.values()))
    yield capitalise(parameter_words("notebook", language)), ", ".join(grid.notebooks)
    for name, value in grid.constant.items():
        told = _value(study, contents, name, value, language)
        yield capitalise(parameter_words(name, language)), told
    for name, values in grid.varying.items():
        words = [_value(study, contents, name, one, language) for one in values]
        yield (
            say("sweep.varies", language, parameter=capitalise(parameter_words(name, language))),
            " · ".join(words),
        )


def _value(study: Study, contents: SweepContents, name: str, value: str, language: str) -> str:
    """A value in the words of the study that knows it."""
    if name == "study":
        named = (one for one in contents.swept if one.run.parameters.study == value)
        return next(named).study.title.label()[language]
    if name == "outcomes":
        having = (one for one in contents.studies.values() if value.split(", ")[0] in one.outcomes)
        study = next(having, study)
    return value_words(study, name, value, language)


def _shown(chart: Chart, folder: Path, language: str) -> Shown:
    files = {kind: f"figures/{chart.id}.{language}.{kind}" for kind in KINDS}
    files["csv"] = f"figures/{chart.id}.csv"
    return Shown(chart, png_size(folder / files["png"]), files)


def _summaries(contents: SweepContents, language: str) -> Iterator[Summary]:
    """Ranges of the gaps, a table a study, cohort and outcome, none for what has no gap."""
    rows = gaps_of(contents.questions).to_dict("records")
    places = list(dict.fromkeys(map(_place, rows)))
    ordered = sorted(rows, key=lambda row: places.index(_place(row)))
    for number_of, (place, own) in enumerate(groupby(ordered, key=_place), start=1):
        study = contents.studies[place[0]]
        table = pd.DataFrame(list(own))
        labels = Labels(study, language)
        cohort = say("documents.all_cohorts", language) if place[1] == ALL_COHORTS else place[1]
        title = say(
            "sweep.summary_title",
            language,
            study=study.title.label()[language],
            cohort=cohort,
            outcome=labels.values(table, "outcome")[0],
        )
        yield Summary(f"range-{number_of}", title, list(_summary_rows(table, labels, language)))


def _place(row: Mapping[Any, Any]) -> tuple[str, str, str]:
    return str(row["study"]), str(row["cohort"]), str(row["outcome"])


def _summary_rows(table: pd.DataFrame, labels: Labels, language: str) -> Iterator[list[str]]:
    words = [labels.values(table, name) for name in ("group", "reference", "contrast", "estimand")]
    for row, *said in zip(table.to_dict("records"), *words, strict=True):
        group, reference, contrast, estimand = said
        values = [
            DASH if pd.isna(row[name]) else points(row[name], language, int(row["digits"]))
            for name in SUMMARY
        ]
        comparison = f"{reference} · {contrast}" if row["contrast"] == "joint" else reference
        sure = DASH
        if row["intervals"] and pd.notna(row["exclude_zero"]):
            counts = {"part": row["exclude_zero"], "whole": row["intervals"]}
            told = {name: number(one, language) for name, one in counts.items()}
            sure = say("sweep.part_of", language, **told)
        of_runs = {"part": row["estimated"], "whole": row["runs"]}
        told = {name: number(one, language) for name, one in of_runs.items()}
        yield [group, comparison, estimand, say("sweep.part_of", language, **told), *values, sure]


def _run_row(one: Swept, grid: Grid, language: str) -> RunRow:
    study, values = one.study, []
    if len(grid.notebooks) > 1:
        values.append(one.run.notebook)
    for name in grid.varying:
        told = one.run.told(name)
        if name == "study":
            told = study.title.label()[language]
        elif name in type(one.run.parameters).model_fields:
            told = value_words(study, name, told, language)
        values.append(told or DASH)
    files = {f"{name}.csv": f"{one.run.folder}/tables/{name}.csv" for name in estimate_tables(one)}
    files["parameters.yaml"] = f"{one.run.folder}/parameters.yaml"
    status = say(f"sweep.status_{one.status.replace(' ', '_')}", language)
    return RunRow(one.run.number, values, status, one.error, files)
