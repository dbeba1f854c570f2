"""Where pages lie, and how they name one another."""

import dataclasses

import pytest
from bs4 import BeautifulSoup

from analysis.report.contents import Contents
from analysis.report.site.layout import page_path, render


@pytest.mark.parametrize(
    ("name", "language", "path"),
    [
        ("index", "en", "index.html"),
        ("index", "fr", "index.fr.html"),
        ("figures", "fr", "pages/figures.fr.html"),
    ],
)
def test_paths(name: str, language: str, path: str) -> None:
    assert page_path(name, language) == path


@pytest.mark.parametrize(
    ("current", "home", "figures", "other", "root"),
    [
        ("index", "index.fr.html", "pages/figures.fr.html", "index.html", ""),
        ("toy", "../index.fr.html", "figures.fr.html", "toy.en.html", "../"),
    ],
)
def test_links_lead_from_where_the_page_is(
    contents: Contents, current: str, home: str, figures: str, other: str, root: str
) -> None:
    told = {"language": "fr", "title": "A & B", "current": current, "contents": contents}
    page = BeautifulSoup(render("base.html.j2", **told), "html.parser")  # type: ignore[arg-type]
    links = {link.text: link["href"] for link in page.header.find_all("a")}
    assert (links["Vue d’ensemble"], links["Figures"], links["English"]) == (home, figures, other)
    assert page.head.script["src"] == f"{root}assets/site.js"
    assert page.h1.text == "A & B"


def test_the_page_itself_is_current_and_a_notebook_its_section(contents: Contents) -> None:
    for current, marked in (("figures", ("Figures", "page")), ("toy", ("Notebooks", "true"))):
        page = BeautifulSoup(
            render("base.html.j2", language="en", title="x", current=current, contents=contents),
            "html.parser",
        )
        (link,) = page.find_all(attrs={"aria-current": True})
        assert (link.text, link["aria-current"]) == marked


@pytest.mark.parametrize(
    ("language", "mark", "source"),
    [
        ("en", "REAL", "Source: figures published by the provider, as printed."),
        ("fr", "RÉEL", "Source\xa0: chiffres publiés par l’organisme, tels qu’imprimés."),
    ],
)
def test_a_page_of_printed_figures_alone_is_real(
    contents: Contents, language: str, mark: str, source: str
) -> None:
    """As long as one table is of generated persons, the whole page is marked synthetic."""
    assert not contents.real("toy")
    real = dataclasses.replace(contents)
    unmarked = [
        dataclasses.replace(one, data=one.data.drop(columns="data")) for one in contents.tables
    ]
    real.__dict__["tables"] = tuple(unmarked)
    assert real.real("toy")
    told = {"language": language, "title": "x", "current": "toy", "contents": real}
    page = BeautifulSoup(render("base.html.j2", **told), "html.parser")  # type: ignore[arg-type]
    assert page.find(class_="banner").strong.text == mark
    assert not page.find(class_="synthetic")
    assert page.footer.p.text == source
    others = BeautifulSoup(
        render("base.html.j2", **{**told, "current": "tables"}),  # type: ignore[arg-type]
        "html.parser",
    )
    assert others.find(class_="synthetic")
