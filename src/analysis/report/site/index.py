"""The page that the site opens with: scoreboard, headline numbers, the way to everything else."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from analysis.report.contents import Contents
from analysis.report.documents.marks import describe
from analysis.report.documents.marks import title as report_title
from analysis.report.site.goals import WIDTH, goals, goals_remark
from analysis.report.site.headline import headlines, subjects
from analysis.report.site.layout import INDEX, page_path, render
from analysis.report.site.markdown import Page
from analysis.report.site.quality import (
    answered,
    denominators,
    quality_notebook,
    sources_read,
    unknown_memberships,
)
from analysis.report.site.scoreboard import board_notebook, outcomes, rates
from analysis.vocabulary import LANGUAGES, NON_UNDERSERVED, UNDERSERVED

FILES = (
    ("documents/report.{language}.pdf", "report"),
    ("documents/tables.{language}.xlsx", "workbook"),
    ("documents/captions.{language}.md", "captions"),
    ("manifest.json", "manifest"),
    ("ro-crate-metadata.json", "crate"),
)
"""Files that the first page leads to, with the names of their messages."""


@dataclass(frozen=True)
class File:
    """A file of the report: its path below the report's folder, and the name of its message."""

    path: str
    name: str


def index_pages(contents: Contents, later: Collection[str]) -> Iterator[tuple[str, str]]:
    """Path and HTML of the first page in each language.

    Parameters
    ----------
    contents
        The report.
    later
        Paths, below its folder, of files that are written after the site.
    """
    about, read = subjects(contents), sources_read(contents)
    for language in LANGUAGES:
        yield (
            page_path(INDEX, language),
            render(
                "index.html.j2",
                language=language,
                title=report_title(contents, language),
                current=INDEX,
                contents=contents,
                facts=describe(contents, language),
                level=about[0].level(language) if about else "",
                headlines=headlines(contents, about, language),
                reference=NON_UNDERSERVED,
                underserved=UNDERSERVED,
                goals=goals(contents, language),
                goals_remark=goals_remark(contents, language),
                bar_width=WIDTH,
                outcomes=outcomes(contents, language),
                rates=rates(contents, language),
                board_notebook=board_notebook(contents),
                denominators=denominators(contents, language),
                unknown=unknown_memberships(contents, language),
                answered=answered(contents, language),
                files=_files(contents, later, language),
                quality_notebook=quality_notebook(contents),
                read=Page(language).table(read[language]) if read else "",
            ),
        )


def _files(contents: Contents, later: Collection[str], language: str) -> list[File]:
    """Files that exist, or are said to be written yet."""
    named = [File(path.format(language=language), name) for path, name in FILES]
    return [file for file in named if file.path in later or (contents.folder / file.path).is_file()]
