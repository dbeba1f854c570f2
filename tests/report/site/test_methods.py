"""The pages of methods: in English on both pages, said so, links kept where they lead somewhere."""

import pytest
from bs4 import BeautifulSoup

from analysis.report.site.methods import link_within

Pages = dict[str, BeautifulSoup]


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("#rates", "#rates"),
        ("methods.md#rates", "methods.fr.html#rates"),
        ("validation.md", "validation.fr.html"),
        ("https://example.org/a.md", "https://example.org/a.md"),
        ("data-contract.md", None),
        ("decisions/validation.md", None),
    ],
)
def test_links_lead_to_pages_of_the_same_language(url: str, target: str | None) -> None:
    assert link_within(url, "fr") == target


def test_formulas_are_all_converted(pages: Pages) -> None:
    page = pages["pages/methods.en.html"]
    assert len(page.find_all("math")) > 100
    unconverted = [text for text in page.main.find_all(string=True) if "$" in text]
    assert not [text for text in unconverted if text.find_parent(("code", "annotation")) is None]


def test_the_french_page_says_that_its_text_is_english(pages: Pages) -> None:
    page = pages["pages/methods.fr.html"]
    assert page.html["lang"] == "fr"
    assert page.find(class_="prose")["lang"] == "en"
    assert "anglais" in page.find(class_="note").text


def test_anchors_that_links_name_exist(pages: Pages) -> None:
    page = pages["pages/methods.en.html"]
    named = {link["href"][1:] for link in page.find_all("a", href=lambda url: url[:1] == "#")}
    assert named <= {element["id"] for element in page.find_all(id=True)}
