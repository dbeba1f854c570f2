"""Captions to paste: every figure, in both languages, with all that belongs to it."""

import pytest

from analysis.figures.wording import say
from analysis.report.contents import KINDS, Contents
from analysis.report.documents.captions import captions
from analysis.vocabulary import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_is_told_whole(contents: Contents, language: str) -> None:
    text = captions(contents, language)
    sections = text.split("\n## ")[1:]
    assert len(sections) == len(contents.figures) == 3
    for figure, section in zip(contents.figures, sections, strict=True):
        number = say("documents.figure", language, number=figure.number)
        assert section.startswith(f"{number}. {figure.title[language]}\n")
        for words in (figure.caption[language], figure.alt[language], *figure.sources):
            assert words in section
        for kind in (*KINDS, "csv"):
            file = figure.file(language, kind)
            assert f"`{file}`" in section
            assert (contents.folder / file).is_file()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_marks_stand_before_everything(contents: Contents, language: str) -> None:
    opening = captions(contents, language).split("\n## ")[0]
    assert say("words.synthetic", language) in opening
    assert say("documents.internal", language) in opening
    assert contents.study.provenance.licence in opening
