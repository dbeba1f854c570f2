"""Captions of all figures as a text to paste from."""

from analysis.figures.wording import say
from analysis.report.contents import KINDS, Contents, ReportFigure
from analysis.report.documents.marks import describe, marks


def captions(contents: Contents, language: str) -> str:
    """The words of every figure in a language, as Markdown.

    Parameters
    ----------
    contents
        The report.
    language
        One of `analysis.vocabulary.LANGUAGES`.

    Returns
    -------
    str
        What the report is of, then a section a figure: number and headline, caption,
        alternative text, sources and files.
    """
    opening = [f"# {say('documents.captions', language)}"]
    if told := marks(contents, language):
        opening.append(f"**{' · '.join(told)}**")
    facts = describe(contents, language)
    opening.append("\n".join(f"- {say('words.item', language, name=a, value=b)}" for a, b in facts))
    sections = [_section(figure, language) for figure in contents.figures]
    return "\n\n".join([*opening, *sections]) + "\n"


def _section(figure: ReportFigure, language: str) -> str:
    files = [figure.file(language, kind) for kind in (*KINDS, "csv")]
    parts = {
        "caption": figure.caption[language],
        "alternative": figure.alt[language],
        "sources": "; ".join(figure.sources),
        "files": ", ".join(f"`{file}`" for file in files),
    }
    number = say("documents.figure", language, number=figure.number)
    told = [f"**{say(f'documents.{part}', language)}** {text}" for part, text in parts.items()]
    return "\n\n".join([f"## {number}. {figure.title[language]}", *told])
