"""The page of a sweep: what was asked, how the runs compare, which failed, and where all is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from analysis.figures.choices import parameter_words, value_words
from analysis.figures.forest import KINDS as KINDS_OF_REFERENCE
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
class Range:
    """A gap over the runs: from least to greatest, and what is told of it below."""

    value: str
    detail: str


@dataclass(frozen=True)
class Summary:
    """A table of ranges.

    Attributes
    ----------
    anchor, title
        Its place on the page, and whom it is about.
    measures
        Names of its columns.
    parts
        Each kind of reference with its groups, and a range a measure for each of them.
    """

    anchor: str
    title: str
    measures: Sequence[str]
    parts: Sequence[tuple[str, Sequence[tuple[str, Sequence[Range]]]]]


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
    yield (
        say("documents.audience", language),
        say(f"documents.audience_{contents.audience}", language),
    )
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
        return contents.studies[value].title.label()[language]
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
    rows = gaps_of(contents.questions)
    places = rows.groupby(["study", "cohort", "outcome"], sort=False) if len(rows) else ()
    for number_of, ((name, cohort, _), own) in enumerate(places, start=1):
        study = contents.studies[str(name)]
        labels = Labels(study, language)
        every = say("documents.all_cohorts", language)
        title = say(
            "sweep.summary_title",
            language,
            study=study.title.label()[language],
            cohort=every if cohort == ALL_COHORTS else cohort,
            outcome=labels.values(own, "outcome")[0],
        )
        estimands = list(dict.fromkeys(own["estimand"]))
        measures = [labels.say(f"estimands.{one}") for one in estimands]
        parts = list(_parts(own, estimands, labels, language))
        yield Summary(f"range-{number_of}", title, measures, parts)


def _parts(
    rows: pd.DataFrame, estimands: Sequence[str], labels: Labels, language: str
) -> Iterator[tuple[str, list[tuple[str, list[Range]]]]]:
    for kind, contrasts in KINDS_OF_REFERENCE.items():
        own = rows[rows["contrast"].isin(contrasts)]
        groups = []
        for group, answers in own.groupby("group", sort=False):
            by_measure = answers.drop_duplicates("estimand").set_index("estimand")
            ranges = [
                _range(pd.Series(by_measure.loc[one]), language)
                if one in by_measure.index
                else Range(DASH, "")
                for one in estimands
            ]
            groups.append((labels.values(answers, "group")[0] or str(group), ranges))
        if groups:
            yield say(f"forest.against_{kind}", language), groups


def _range(row: pd.Series, language: str) -> Range:
    """A gap's range, and below it its median, and how many runs and intervals it rests on."""
    runs = _part_of(row["estimated"], row["runs"], language)
    if not row["estimated"]:
        return Range(DASH, say("sweep.detail_none", language, runs=runs))
    least, median, most = (points(row[name], language, int(row["digits"])) for name in SUMMARY)
    value = least if least == most else say("words.interval", language, low=least, high=most)
    told = [say("sweep.detail_median", language, median=median)] if least != most else []
    told.append(say("sweep.detail_runs", language, runs=runs))
    if row["intervals"] and pd.notna(row["exclude_zero"]):
        sure = _part_of(row["exclude_zero"], row["intervals"], language)
        told.append(say("sweep.detail_sure", language, sure=sure))
    return Range(value, " · ".join(told))


def _part_of(part: int, whole: int, language: str) -> str:
    told = {"part": number(part, language), "whole": number(whole, language)}
    return say("sweep.part_of", language, **told)


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
