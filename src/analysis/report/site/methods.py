"""The pages of methods: what each number is, what is taken for granted, what was validated."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from analysis.figures.wording import capitalise, say
from analysis.files import project_root
from analysis.report.contents import Contents
from analysis.report.site.layout import page_path, render
from analysis.report.site.markdown import Page
from analysis.vocabulary import LANGUAGES

PAGES = ("methods", "assumptions", "validation")
"""Files of `docs` that are pages of the site; the first is in the navigation."""
WRITTEN_IN = "en"
FILE_NAMED = re.compile(rf"\[({'|'.join(PAGES)})\.md\]")
"""A link whose words are the name of a file that is a page here."""


def method_pages(contents: Contents) -> Iterator[tuple[str, str]]:
    """Path and HTML of each page of methods."""
    folder = project_root() / "docs"
    for name in PAGES:
        text = (folder / f"{name}.md").read_text(encoding="utf-8")
        for language in LANGUAGES:
            yield page_path(name, language), _page(name, text, language, contents)


def _page(name: str, text: str, language: str, contents: Contents) -> str:
    page = Page(WRITTEN_IN, lambda url: link_within(url, language))
    body = page.html(FILE_NAMED.sub(lambda found: f"[{capitalise(found[1])}]", text))
    return render(
        "methods.html.j2",
        language=language,
        title=say(f"site.page_{name}", language),
        current=name,
        contents=contents,
        body=body,
        written_in=WRITTEN_IN,
        headings=page.headings,
        others_of_methods=[other for other in PAGES if other != name],
    )


def link_within(url: str, language: str) -> str | None:
    """Where a link of the documentation leads: to a page of the site, elsewhere, or nowhere."""
    path, _, anchor = url.partition("#")
    if not path or ":" in path:
        return url
    name = PurePosixPath(path).stem
    if name not in PAGES or Path(path).parent != Path():
        return None
    target = PurePosixPath(page_path(name, language)).name
    return f"{target}#{anchor}" if anchor else target
