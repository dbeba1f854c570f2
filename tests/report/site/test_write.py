"""The site as a whole: what every page holds, links that lead somewhere, the same bytes again."""

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from posixpath import dirname, normpath

import pytest
from bs4 import BeautifulSoup

from analysis.files import tree_hashes
from analysis.report.contents import Contents
from analysis.report.site import write_site

Pages = dict[str, BeautifulSoup]
WRITTEN_BY_OTHERS = re.compile(
    r"pages/explorer\.(en|fr)\.html|manifest\.json|ro-crate-metadata\.json"
)


def _links(page: BeautifulSoup) -> set[str]:
    named = (("a", "href"), ("link", "href"), ("script", "src"), ("img", "src"))
    found = {
        str(one[name]) for tag, name in named for one in page.find_all(tag, attrs={name: True})
    }
    return {link for link in found if not link.startswith(("data:", "https:", "#"))}


def test_every_page_has_one_heading_one_main_and_a_switch(pages: Pages) -> None:
    for path, page in pages.items():
        language = path.split(".")[-2] if "fr" in path.split(".") else "en"
        assert page.html["lang"] == language, path
        for tag in ("h1", "main", "title"):
            assert len(page.find_all(tag)) == 1, path
        (switch,) = page.find_all("a", rel="alternate")
        assert switch["hreflang"] != language
        assert switch["lang"] == switch["hreflang"]


def test_ids_are_unique_and_images_have_alternative_texts(pages: Pages) -> None:
    for path, page in pages.items():
        twice = [
            name for name, n in Counter(e["id"] for e in page.find_all(id=True)).items() if n > 1
        ]
        assert not twice, path
        assert all(image["alt"] for image in page.find_all("img")), path


def test_headings_skip_no_depth(pages: Pages) -> None:
    for path, page in pages.items():
        depths = [int(heading.name[1]) for heading in page.find_all(re.compile(r"^h\d$"))]
        steps = [after - before for before, after in pairwise(depths)]
        assert all(step <= 1 for step in steps), path


def test_every_link_leads_to_a_file_and_an_anchor(contents: Contents, pages: Pages) -> None:
    for path, page in pages.items():
        for link in _links(page):
            file, _, anchor = link.partition("#")
            target = normpath(f"{dirname(path) or '.'}/{file}")
            if WRITTEN_BY_OTHERS.fullmatch(target):
                continue
            assert (contents.folder / target).is_file(), f"{path}: {link}"
            if target in pages and anchor and "=" not in anchor:
                assert pages[target].find(id=anchor), f"{path}: {link}"


def test_nothing_comes_from_elsewhere_and_no_code_is_inline(pages: Pages) -> None:
    for path, page in pages.items():
        for tag in page.find_all(["script", "img", "link", "iframe", "source"]):
            assert not str(tag.get("src") or tag.get("href")).startswith(("http", "//")), path
        assert all(script.get("src") for script in page.find_all("script")), path
        assert not page.find_all("script", type="module")
        handlers = [
            e for e in page.find_all(True) if any(name.startswith("on") for name in e.attrs)
        ]
        assert not handlers, path


def test_synthetic_and_internal_stand_on_every_page(
    pages: Pages, public_contents: Contents
) -> None:
    words = {"en": ("SYNTHETIC", "INTERNAL"), "fr": ("SYNTHÉTIQUE", "INTERNE")}
    for path, page in pages.items():
        told = [banner.strong.text for banner in page.find_all(class_="banner")]
        assert told == list(words[page.html["lang"]]), path
    public = BeautifulSoup(
        (public_contents.folder / "index.html").read_text("utf-8"), "html.parser"
    )
    assert not public.find_all(class_="banner")


def test_the_same_bytes_again(contents: Contents) -> None:
    before = tree_hashes(contents.folder)
    write_site(contents)
    assert tree_hashes(contents.folder) == before


@pytest.mark.parametrize("language", ["en", "fr"])
def test_links_to_documents_only_where_they_are(
    contents: Contents, pages: Pages, language: str, tmp_path: Path
) -> None:
    index = "index.html" if language == "en" else "index.fr.html"
    assert not [link for link in _links(pages[index]) if link.startswith("documents/")]
    write_site(contents, [f"documents/report.{language}.pdf"])
    page = BeautifulSoup((contents.folder / index).read_text("utf-8"), "html.parser")
    write_site(contents)
    assert [link for link in _links(page) if link.startswith("documents/")] == [
        f"documents/report.{language}.pdf"
    ]
