"""Markdown as the HTML of a page: maths as MathML, headings with anchors, tables that scroll."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from bs4 import BeautifulSoup, Tag
from latex2mathml.converter import convert
from markupsafe import Markup, escape
from mistune import HTMLRenderer, Markdown
from mistune.core import BlockState
from mistune.plugins.math import math, parse_inline_math
from mistune.plugins.table import table

from analysis.figures.wording import say

Link = Callable[[str], str | None]
"""Where a link of the text leads on the page; None if it leads nowhere there."""

INLINE_FORMULA = (
    r"\$\$(?P<display_math_text>(?:[^$\\]|\\.)*?)\$\$|"
    r"\$(?P<backtick_math_marker>`+)(?P<backtick_math_text>[\s\S]*?)(?P=backtick_math_marker)\$|"
    r"\$(?![$\s])(?P<math_text>(?:[^$\\]|\\[\s\S])+?)\$(?!\d)"
)
"""mistune's own, but that a formula may go on in the next line."""
NO_WORD = re.compile(r"[^\w\- ]")
ITEM_OF_CONTENTS = re.compile(r"\[[^\]]*\]\(#[^)]*\)")


@dataclass(frozen=True)
class Heading:
    """A heading of a page: its depth from 1, its anchor, its words as HTML."""

    level: int
    anchor: str
    html: Markup


@dataclass
class Page:
    """What the parts of a page, rendered one after the other, share.

    Attributes
    ----------
    language
        Of the labels that are added.
    link
        Says where links lead.
    headings
        Those met so far; no two have the same anchor.
    tables
        How many tables were met so far.
    """

    language: str
    link: Link = field(default=lambda url: url)
    headings: list[Heading] = field(default_factory=list)
    tables: int = 0

    def html(self, text: str) -> Markup:
        """Markdown as HTML.

        A first heading of depth 1 is left out, for the layout writes it; so is a list of
        contents, for the page has its own.
        """
        renderer = _Renderer(self)
        markdown = Markdown(renderer=renderer, plugins=[math, table])
        markdown.inline.register("inline_math", INLINE_FORMULA, parse_inline_math, before="link")
        markdown.before_render_hooks.append(_without_contents)
        # The text is the repository's or a notebook's own; its HTML is shown as written.
        return Markup(markdown(text))  # noqa: S704

    def table(self, html: str) -> Markup:
        """A table that pandas or Markdown wrote, in a region of its own that scrolls."""
        soup = BeautifulSoup(html, "html.parser")
        if soup.find("td") is None:
            return Markup("<p>{}</p>").format(say("site.no_rows", self.language))
        for element in soup.find_all(True):
            for name in ("class", "border", "style"):
                element.attrs.pop(name, None)
        for head in soup.find_all("th"):
            head["scope"] = "col"
            _name_formula(head)
        self.tables += 1
        label = say("site.table_number", self.language, number=str(self.tables))
        around = '<div class="scroll" role="region" tabindex="0" aria-label="{}">{}</div>'
        return Markup(around).format(label, Markup(str(soup)))  # noqa: S704

    def anchor(self, words: str) -> str:
        """An anchor for a heading, made as GitHub makes it, and not taken yet."""
        plain = NO_WORD.sub("", words.lower()).replace(" ", "-") or "section"
        taken = {heading.anchor for heading in self.headings}
        free, number = plain, 1
        while free in taken:
            free, number = f"{plain}-{number}", number + 1
        return free


class _Renderer(HTMLRenderer):
    """mistune's own, but for what the page must keep track of."""

    def __init__(self, page: Page) -> None:
        super().__init__(escape=False)
        self.page = page

    def heading(self, text: str, level: int, **attrs: Any) -> str:  # noqa: ANN401 (mistune's own)
        if level == 1 and not self.page.headings:
            return ""
        anchor = self.page.anchor(Markup(text).striptags())  # noqa: S704
        self.page.headings.append(Heading(level, anchor, Markup(text)))  # noqa: S704
        return f'<h{level} id="{anchor}">{text}</h{level}>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        target = self.page.link(url)
        return text if target is None else super().link(text, target, title)

    def block_math(self, text: str) -> str:
        return f'<div class="formula">{_formula(text, "block")}</div>\n'

    def inline_math(self, text: str) -> str:
        return _formula(text, "inline")

    def table(self, text: str) -> str:
        return f"{self.page.table(f'<table>{text}</table>')}\n"


@cache
def _formula(latex: str, display: str) -> str:
    """LaTeX as MathML, with the LaTeX itself as its annotation for those who copy it."""
    # latex2mathml shows the backslash of escaped braces.
    escaped = latex.strip().replace(r"\{", r"\lbrace ").replace(r"\}", r"\rbrace ")
    mathml: str = convert(escaped, display=display)
    noted = f'<annotation encoding="application/x-tex">{escape(latex.strip())}</annotation>'
    opened = re.sub(r"(<math[^>]*>)", r"\1<semantics>", mathml, count=1)
    return opened.replace("</math>", f"{noted}</semantics></math>")


def _name_formula(head: Tag) -> None:
    """Give a table's heading that is nothing but a formula its LaTeX as unseen text.

    Not every reader of screens takes a formula for the text of a heading.
    """
    formula, source = head.math, head.annotation
    beside = head.find_all(string=True, recursive=False)
    if formula and source and not "".join(beside).strip():
        formula["aria-hidden"] = "true"
        words = BeautifulSoup().new_tag("span", attrs={"class": "unseen"})
        words.string = source.text
        head.append(words)


def _without_contents(_: Markdown, state: BlockState) -> None:
    """Take out lists whose every item is but a link to a place of the same page."""
    state.tokens = [token for token in state.tokens if not _is_contents(token)]


def _is_contents(token: Mapping[str, Any]) -> bool:
    if token["type"] != "list":
        return False
    texts = [
        part.get("text", "").strip() for item in token["children"] for part in item["children"]
    ]
    return all(ITEM_OF_CONTENTS.fullmatch(text) for text in texts)
