"""The site as a reader uses it, in Chromium: choosing, enlarging, switching, printing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from analysis.report.site.layout import SECTIONS, page_path
from analysis.vocabulary import LANGUAGES

GROUND = "getComputedStyle(document.body).backgroundColor"
WHITE, PAPER_WIDTH = "rgb(255, 255, 255)", 673  # A4 without its margins, in pixels
FIGURES = {language: page_path("figures", language) for language in LANGUAGES}
Open = Callable[..., Page]


@pytest.fixture
def open_page(pack: Path, context: BrowserContext) -> Iterator[Open]:
    """Open a page of the pack, at an anchor or with choices if asked to."""
    opened = []

    def open_(path: str, hash_: str = "") -> Page:
        page = context.new_page()
        opened.append(page)
        page.goto((pack / path).as_uri() + hash_)
        return page

    yield open_
    for page in opened:
        page.close()


def shown(page: Page) -> list[str]:
    """Anchors of the figures that are shown."""
    return page.locator(".gallery > article:visible").evaluate_all("all => all.map(one => one.id)")


def status(page: Page) -> Locator:
    return page.locator("#filter [role=status]")


@pytest.mark.parametrize("language", LANGUAGES)
def test_choosing_narrows_the_figures_and_says_how_many_are_left(
    open_page: Open, language: str
) -> None:
    page = open_page(FIGURES[language])
    everything = shown(page)
    selects = page.locator("#filter select")
    assert selects.count() == 3
    for select in selects.all():
        values = select.locator("option").evaluate_all("all => all.map(one => one.value)")
        for value in values[1:]:
            select.select_option(value)
            left = shown(page)
            assert 0 < len(left) <= len(everything)
            assert str(len(left)) in status(page).inner_text()
        assert len(left) < len(everything), "the last choice of each must leave some out"
        select.select_option("")
    assert shown(page) == everything


def test_choices_add_up_stand_in_the_address_and_can_be_taken_back(open_page: Open) -> None:
    page = open_page(FIGURES["en"])
    everything = shown(page)
    page.select_option("#choose-stage", index=1)
    by_stage = shown(page)
    page.select_option("#choose-group", index=1)
    both = shown(page)
    assert set(both) <= set(by_stage)
    again = open_page(FIGURES["en"], page.evaluate("location.hash"))
    assert shown(again) == both
    page.locator("#filter button[type=reset]").click()
    assert shown(page) == everything


def test_a_link_to_a_figure_shows_it_whatever_was_chosen(open_page: Open) -> None:
    page = open_page(FIGURES["en"])
    last = shown(page)[-1]
    page.evaluate("anchor => { location.hash = anchor }", last)
    expect(page.locator(f"#{last}")).to_be_in_viewport()
    beside = open_page(FIGURES["fr"], f"#{last}")
    expect(beside.locator(f"#{last}")).to_be_in_viewport()


def test_the_large_view_works_from_the_keyboard(open_page: Open) -> None:
    page = open_page(FIGURES["en"])
    dialog, opener = page.locator("dialog#large"), page.locator(".enlarge").first
    opener.focus()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    first = dialog.locator("h2").inner_text()
    large = dialog.locator("img")
    assert large.get_attribute("alt") == page.locator(".gallery img").first.get_attribute("alt")
    page.keyboard.press("ArrowRight")
    assert dialog.locator("h2").inner_text() != first
    page.keyboard.press("ArrowLeft")
    assert dialog.locator("h2").inner_text() == first
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('dialog').contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_what_a_figure_offers_is_that_figure(open_page: Open, pack: Path) -> None:
    page = open_page(FIGURES["fr"])
    for article in page.locator(".gallery > article").all():
        links = article.locator("a[download]").evaluate_all("all => all.map(one => one.href)")
        paths = [Path(link.removeprefix("file://")) for link in links]
        assert sorted(path.suffix for path in paths) == [".csv", ".pdf", ".png", ".svg"]
        assert all(path.is_relative_to(pack) and path.stat().st_size > 0 for path in paths)
        name = str(article.get_attribute("id")).removeprefix("figure-")
        assert {path.name.split(".")[0] for path in paths} == {name}


def test_a_download_is_the_file_of_the_pack(open_page: Open, pack: Path) -> None:
    page = open_page(page_path("tables", "en"))
    link = page.locator("a[download][href$='.csv']").first
    with page.expect_download() as download:
        link.click()
    there = (pack / "pages" / str(link.get_attribute("href"))).resolve()
    assert download.value.path().read_bytes() == there.read_bytes()


@pytest.mark.parametrize("name", [*SECTIONS, "03_placement_gaps"])
def test_the_switch_leads_to_the_same_page_and_place(open_page: Open, name: str) -> None:
    for here, there in (LANGUAGES, LANGUAGES[::-1]):
        page = open_page(page_path(name, here))
        page.locator(f"[rel=alternate][hreflang={there}]").click()
        page.wait_for_load_state()
        assert page.url.split("#")[0].endswith(f"/{page_path(name, there)}")
        assert page.evaluate("document.documentElement.lang") == there


def test_the_switch_keeps_what_was_chosen(open_page: Open) -> None:
    page = open_page(FIGURES["en"])
    page.select_option("#choose-stage", index=1)
    chosen = shown(page)
    page.locator("[rel=alternate][hreflang=fr]").click()
    page.wait_for_url("**/figures.fr.html#**")
    assert shown(page) == chosen


def test_the_first_stop_of_the_keyboard_leads_past_the_navigation(open_page: Open) -> None:
    page = open_page("index.html")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_light_and_dark_follow_the_system_until_one_is_chosen(open_page: Open) -> None:
    page = open_page("index.html")
    page.emulate_media(color_scheme="light")
    button, light = page.locator("#theme"), page.evaluate(GROUND)
    expect(button).to_have_attribute("aria-pressed", "false")
    page.emulate_media(color_scheme="dark")
    expect(button).to_have_attribute("aria-pressed", "true")
    dark = page.evaluate(GROUND)
    assert light == WHITE
    assert dark != light
    button.focus()
    page.keyboard.press("Enter")
    assert page.evaluate(GROUND) == light
    page.reload()
    assert page.evaluate(GROUND) == light
    page.evaluate("localStorage.clear()")


@pytest.mark.parametrize("name", ["index", "figures", "tables", "03_placement_gaps"])
def test_print_is_black_on_white_whole_and_without_controls(open_page: Open, name: str) -> None:
    page = open_page(page_path(name, "fr"))
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": PAPER_WIDTH, "height": 1000})
    assert page.evaluate(GROUND) == WHITE
    for control in ("nav.pages", ".switches", "#filter"):
        assert page.locator(f"{control}:visible").count() == 0
    expect(page.locator("h1")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER_WIDTH


def test_code_of_notebooks_is_folded_and_opens_from_the_keyboard(open_page: Open) -> None:
    page = open_page(page_path("03_placement_gaps", "en"))
    summary = page.locator("details.code > summary").first
    code = page.locator("details.code pre").first
    expect(code).to_be_hidden()
    summary.focus()
    page.keyboard.press("Enter")
    expect(code).to_be_visible()


@pytest.mark.parametrize("name", ["index", "03_placement_gaps"])
def test_no_table_has_to_be_scrolled_on_a_wide_screen(open_page: Open, name: str) -> None:
    page = open_page(page_path(name, "fr"))
    wider = "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).length"
    assert page.locator(".scroll").evaluate_all(wider) == 0
