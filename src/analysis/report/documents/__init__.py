"""What a team works with on paper and in an office: the report, its tables, its captions."""

from analysis.figures.wording import say
from analysis.files import write_text
from analysis.report.browser import find_browser
from analysis.report.contents import Contents
from analysis.report.documents.captions import captions
from analysis.report.documents.printing import print_reports
from analysis.report.documents.workbook import write_workbook
from analysis.vocabulary import LANGUAGES

FOLDER = "documents"


def write_documents(contents: Contents) -> tuple[str, ...]:
    """Write the documents of a report, each in every language, into its folder `documents`.

    `report.<language>.pdf`, `tables.<language>.xlsx` and `captions.<language>.md` depend on the
    contents alone; the PDF also on the version of the browser that prints it.

    Parameters
    ----------
    contents
        The report.

    Returns
    -------
    tuple of str
        What was left out and what to do about it, for whoever makes the report; empty if nothing
        was. Without a browser there is no PDF.
    """
    folder = contents.folder / FOLDER
    for language in LANGUAGES:
        write_text(folder / f"captions.{language}.md", captions(contents, language))
        write_workbook(contents, language, folder / f"tables.{language}.xlsx")
    browser = find_browser()
    if browser is None:
        return (say("documents.no_browser", LANGUAGES[0]),)
    print_reports(contents, browser)
    return ()
