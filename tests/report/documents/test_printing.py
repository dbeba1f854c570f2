"""The printed report: tagged, with bookmarks, marked on every page, the same on repetition."""

import io
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from shutil import which

import pandas as pd
import pikepdf
import pytest

from analysis.figures.wording import say
from analysis.impact.measures import measure_table
from analysis.report import documents
from analysis.report.browser import find_browser
from analysis.report.contents import Contents, ReportTable
from analysis.report.documents import write_documents
from analysis.report.documents.printing import lay_out, page_numbers, print_reports
from analysis.vocabulary import LANGUAGES, Audience

MEGABYTE = 1 << 20
MakeContents = Callable[[Audience], Contents]


@pytest.fixture(scope="module")
def browser() -> Path:
    """Give the browser; without one there is nothing to print with."""
    found = find_browser()
    if found is None:
        pytest.skip("no chromium to print with is installed")
    return found


@pytest.fixture(scope="module")
def printed(contents: Contents, browser: Path) -> Mapping[str, bytes]:
    """Give the printed report of each language."""
    files = print_reports(contents, browser)
    return {language: file.read_bytes() for language, file in zip(LANGUAGES, files, strict=True)}


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    """Give each language."""
    return str(request.param)


@pytest.fixture
def document(printed: Mapping[str, bytes], language: str) -> Iterator[pikepdf.Pdf]:
    """Give the printed report of a language, opened."""
    with pikepdf.open(io.BytesIO(printed[language])) as opened:
        yield opened


def _elements(document: pikepdf.Pdf, kind: str) -> list[pikepdf.Dictionary]:
    return [
        thing
        for thing in document.objects
        if isinstance(thing, pikepdf.Dictionary)
        and thing.get("/Type") == "/StructElem"
        and thing.get("/S") == kind
    ]


def test_it_is_tagged_titled_and_in_its_language(
    document: pikepdf.Pdf, contents: Contents, language: str
) -> None:
    root = document.Root
    assert root.MarkInfo.Marked
    assert str(root.Lang) == language
    assert root.ViewerPreferences.DisplayDocTitle
    title = say("documents.title", language, study=contents.study.title.label()[language])
    assert str(document.docinfo["/Title"]) == title
    assert document.open_metadata()["dc:title"] == title


def test_figures_keep_their_alternative_texts(
    document: pikepdf.Pdf, contents: Contents, language: str
) -> None:
    alts = [str(figure.get("/Alt", "")) for figure in _elements(document, "/Figure")]
    assert sorted(alts) == sorted(figure.alt[language] for figure in contents.figures)


def test_figures_are_drawn_not_painted(document: pikepdf.Pdf) -> None:
    images = [
        thing
        for thing in document.objects
        if isinstance(thing, pikepdf.Stream) and thing.get("/Subtype") == "/Image"
    ]
    assert not images


def test_cells_name_their_headers(document: pikepdf.Pdf) -> None:
    names = {str(head.ID) for head in _elements(document, "/TH")}
    tree = [str(name) for name in list(document.Root.StructTreeRoot.IDTree.Names)[::2]]
    assert tree == sorted(names)
    told = {
        str(name)
        for cell in _elements(document, "/TD")
        for one in cell.A
        for name in one.get("/Headers", [])
    }
    assert told == names


def test_bookmarks_lead_through_chapters_and_sections(document: pikepdf.Pdf, language: str) -> None:
    with document.open_outline() as outline:
        titles = [entry.title for entry in outline.root]
        sections = [entry.title for entry in outline.root[1].children]
    first = {"en": ["1. Rates & shares", "2. Gaps"], "fr": ["1. Taux et parts", "2. Écarts"]}
    reading, figures = (say(f"documents.{one}", language) for one in ("reading", "figures"))
    expected = [say("documents.contents", language), *first[language], reading, figures]
    assert titles == expected
    assert sections == [{"en": "1.1 A first part", "fr": "1.1 Une première partie"}[language]]


@pytest.mark.skipif(which("pdftotext") is None, reason="pdftotext is not installed")
def test_every_page_is_marked_and_the_contents_tell_the_right_pages(
    printed: Mapping[str, bytes], language: str, tmp_path: Path
) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(printed[language])
    command = ["pdftotext", "-layout", str(file), "-"]
    text = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    pages = text.split("\f")[:-1]
    marks = [say("words.synthetic", language), say("documents.internal", language)]
    assert all(mark in page for page in pages for mark in marks)
    places = page_numbers(printed[language])
    assert places["chapter-1"] == 3
    line = next(one for one in pages[1].splitlines() if one.strip().startswith("2. "))
    assert line.split()[-1] == str(places["chapter-2"])
    assert f"{'Gaps' if language == 'en' else 'Écarts'}" in pages[places["chapter-2"] - 1]


def test_it_is_byte_identical_when_printed_again(
    printed: Mapping[str, bytes], make_contents: MakeContents, browser: Path
) -> None:
    """From another folder, by another start of the browser."""
    again = print_reports(make_contents(Audience.INTERNAL), browser)
    assert [file.read_bytes() for file in again] == [printed[one] for one in LANGUAGES]


def test_it_is_small_and_tells_nothing_of_the_machine(
    document: pikepdf.Pdf, printed: Mapping[str, bytes], language: str, contents: Contents
) -> None:
    assert len(printed[language]) < MEGABYTE
    assert set(document.docinfo) == {"/Title", "/Producer"}
    unpacked = io.BytesIO()
    document.save(unpacked, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode(0))
    assert str(contents.folder).encode() not in unpacked.getvalue()


def test_without_a_browser_the_rest_is_written_and_the_reader_told(
    make_contents: MakeContents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "find_browser", lambda: None)
    contents = make_contents(Audience.PUBLIC)
    (told,) = write_documents(contents)
    assert "chromium" in told
    written = {path.name for path in (contents.folder / "documents").iterdir()}
    assert written == {
        f"{name}.{language}.{kind}"
        for name, kind in (("captions", "md"), ("tables", "xlsx"))
        for language in LANGUAGES
    }


def test_only_what_the_report_has_is_explained(contents: Contents, language: str) -> None:
    measures = measure_table([{"measure": "rate", "unit": "EUR", "estimate": 1.0}])
    told = {part: say(f"documents.reading_{part}_text", language) for part in
            ("gap", "measures", "illustrative")}  # fmt: skip
    for table, explained in (
        (pd.DataFrame(), {"gap"}),
        (measures, {"gap", "measures"}),
        (measures.assign(illustrative=True), {"gap", "measures", "illustrative"}),
    ):
        own = replace(contents)
        own.__dict__["tables"] = (ReportTable("a", "02_gaps", "0", "0", table),)
        page = lay_out(own, language)
        assert {part for part, text in told.items() if text in page} == explained
