"""Notebooks as pages: one language each, alternative texts kept, code folded."""

import pytest
from bs4 import BeautifulSoup

from analysis.vocabulary import LANGUAGES

Pages = dict[str, BeautifulSoup]
ALT = {"en": 'Dots & "lines" <1>', "fr": "Points et lignes"}


def test_each_page_speaks_one_language(pages: Pages) -> None:
    english, french = (pages[f"pages/toy.{language}.html"] for language in LANGUAGES)
    assert "English prose" in english.text
    assert "Prose française" not in english.text
    assert [cell.text for cell in french.find_all("td")] == ["fr"]
    assert french.find("strong", string="Dit")
    assert not french.find("strong", string="Said")


def test_the_heading_is_the_notebooks_own(pages: Pages) -> None:
    page = pages["pages/toy.en.html"]
    assert [heading.text for heading in page.find_all("h1")] == ["Gaps & more"]
    assert page.title is not None
    assert page.title.text.startswith("Gaps & more – ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_keep_alternative_text_number_and_size(pages: Pages, language: str) -> None:
    figure = pages[f"pages/toy.{language}.html"].find_all("figure")[1]
    image, link = figure.img, figure.figcaption.a
    assert image["src"] == f"../figures/overlap.{language}.png"
    assert image["alt"] == ALT[language]
    assert (image["width"], image["height"]) == ("200", "100")
    assert link["href"] == f"figures.{language}.html#figure-overlap"
    assert link.text == "Figure 2"


def test_code_is_folded_and_escaped(pages: Pages) -> None:
    page = pages["pages/toy.en.html"]
    folded = page.find_all("details", class_="code")
    assert [part.pre.text for part in folded] == ["confidence = 0.9", "show(1 < 2)", "plot()"]
    assert not any(part.has_attr("open") for part in folded)
    assert page.find("pre", class_="log").text == "1 & 2 <ok>"


def test_tables_have_scopes_and_regions_and_none_is_empty(pages: Pages) -> None:
    page = pages["pages/toy.en.html"]
    (region,) = page.find_all(class_="scroll")
    assert region["aria-label"] == "Table 1"
    assert region["tabindex"] == "0"
    assert [head["scope"] for head in region.find_all("th")] == ["col"]
    assert page.find("p", string="No rows.")


def test_an_ordinary_image_is_kept(pages: Pages) -> None:
    image = pages["pages/toy.en.html"].find_all("img")[-1]
    assert image["alt"] == "By hand"
    assert image["src"].startswith("data:image/png;base64,iVBOR")


def test_formulas_are_mathml(pages: Pages) -> None:
    formula = pages["pages/toy.en.html"].math
    assert formula is not None
    assert formula.annotation.text == "p_1 < 1"


def test_contents_lead_to_the_parts(pages: Pages) -> None:
    page = pages["pages/toy.fr.html"]
    (link,) = page.find("nav", class_="toc").find_all("a")
    assert link.text == "Partie"
    assert page.find("h2", id=link["href"].removeprefix("#"))


def test_the_list_tells_what_each_notebook_asks(pages: Pages) -> None:
    page = pages["pages/notebooks.fr.html"]
    assert page.h2 is not None
    assert page.h2.a["href"] == "toy.fr.html"
    assert page.h2.a.text == "Écarts"
    assert page.find("p", string="Question française ?")
