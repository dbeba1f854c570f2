"""The page of figures: what they can be chosen by, and their files."""

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from analysis.report.contents import Contents, ReportFigure
from analysis.report.site.gallery import groups_of, methods_of, stages_of
from analysis.studies import Study

Pages = dict[str, BeautifulSoup]


def figure(name: str, data: dict[str, list[object]]) -> ReportFigure:
    nothing: dict[str, str] = {}
    told = {"notebook": "toy", "run": "", "sources": (), "key": nothing}
    words = {"title": nothing, "caption": nothing, "alt": nothing}
    return ReportFigure(number=1, id=name, data=pd.DataFrame(data), **told, **words)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "data", "stages"),
    [
        ("any", {"outcome": ["graduated", "placed", "strange"]}, ["graduated", "placed"]),
        ("gaps-graduated-others", {"group": ["carer"]}, ["graduated"]),
        ("curves-placed-categories", {}, ["placed"]),
        ("displaced", {}, []),
    ],
)
def test_stages(
    name: str, data: dict[str, list[object]], stages: list[str], toy_study: Study
) -> None:
    assert stages_of(figure(name, data), toy_study) == stages


def test_groups_are_known_ones_alone_or_combined(toy_study: Study) -> None:
    shown = figure("any", {"group": ["carer", "job_seeker + low_qualification", "strange", None]})
    assert groups_of(shown, toy_study) == ["job_seeker", "low_qualification", "carer"]


@pytest.mark.parametrize(
    ("data", "methods"),
    [
        (
            {"method": ["logit_hc1", "logit_cluster", "oaxaca_pooled_hc1"]},
            ["logit", "logit", "oaxaca_pooled"],
        ),
        ({"method": ["strange_way"]}, ["strange"]),
        ({"estimate_adjusted": [0.1]}, ["linear", "logit"]),
        ({"persons": [3]}, []),
    ],
)
def test_methods_are_families(data: dict[str, list[object]], methods: list[str]) -> None:
    assert methods_of(figure("any", data)) == methods


def test_figures_say_what_they_can_be_chosen_by(pages: Pages) -> None:
    rates, overlap = pages["pages/figures.en.html"].find_all("article")
    assert (rates["data-stage"], rates["data-method"]) == ("graduated", "wilson")
    assert rates["data-group"].split()[0] == "underserved"
    assert (overlap["data-stage"], overlap["data-method"]) == ("none", "none")
    assert overlap["data-group"] == "job_seeker carer" or overlap["data-group"] == "carer"


def test_choices_are_labelled_in_the_order_of_the_study(pages: Pages) -> None:
    page = pages["pages/figures.fr.html"]
    options = [option.text for option in page.find("select", id="choose-stage").find_all("option")]
    assert options == ["Indifférent", "Diplomation", "Aucune étape en particulier"]
    assert page.find("label", attrs={"for": "choose-group"})


def test_each_figure_has_its_files_and_words(contents: Contents, pages: Pages) -> None:
    article = pages["pages/figures.fr.html"].find("article", id="figure-overlap")
    files = {link["href"] for link in article.find(class_="downloads").find_all("a", download=True)}
    assert files == {
        "../figures/overlap.csv",
        *(f"../figures/overlap.fr.{kind}" for kind in ("svg", "png", "pdf")),
    }
    told = [part.text for part in article.dl.find_all("dd")]
    shown = contents.figures[1]
    assert told == [shown.alt["fr"], "drawn at random", "toy", shown.key["fr"]]
    assert article.figcaption.text == "Caption fr"
    assert (article.img["width"], article.img["loading"]) == ("200", "lazy")
