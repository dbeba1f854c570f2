"""The packs that a browser opens, and what it sees of each page, looked at once for all tests."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from analysis.report.build import Report

WIDTHS = (360, 768, 1440)
HEIGHT = 900
PATIENCE = 30_000  # milliseconds: a busy machine takes ten times as long as an idle one
ALIKE = {"exclude": ["tr:nth-child(n+4)"]}
PLAIN_FORMULAS = """() => document.querySelectorAll("math").forEach(
  formula => formula.replaceWith(formula.textContent))"""
# Images that wait to be scrolled to are fetched at once, so that all are judged.
LOAD_IMAGES = """() => Promise.all([...document.images].map(image => {
  image.loading = "eager";
  return image.complete || new Promise(done => { image.onload = image.onerror = done; });
}))"""
STRUCTURE = """() => ({
  language: document.documentElement.lang,
  title: document.title,
  headings: [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map(h => Number(h.tagName[1])),
  landmarks: ["header", "nav", "main", "footer"].filter(tag => document.querySelector(tag)),
  images: [...document.images].filter(image => !image.closest("dialog:not([open])")).map(image => ({
    source: image.src, alt: image.getAttribute("alt"), width: image.naturalWidth,
  })),
  tables: [...document.querySelectorAll("table")].map(table => ({
    heads: table.querySelectorAll("th").length,
    scoped: table.querySelectorAll("th[scope]").length,
    rows: table.rows.length,
  })),
  links: [...document.querySelectorAll("a[href], link[href]")].map(link => link.href),
  ids: [...document.querySelectorAll("[id]")].map(element => element.id),
})"""
# What sticks out, for the message; what scrolls in a region of its own does not.
STICKS_OUT = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  const scrolls = element => element && (
    !["visible", "clip"].includes(getComputedStyle(element).overflowX)
    || scrolls(element.parentElement));
  const out = [...document.body.querySelectorAll("*")].filter(element =>
    element.getBoundingClientRect().right > room + 1 && !scrolls(element.parentElement));
  return [`${document.documentElement.scrollWidth} of ${room}`,
    ...out.slice(0, 5).map(element => element.outerHTML.slice(0, 120))];
}"""


@dataclass(frozen=True)
class Look:
    """What a browser sees of a page.

    Attributes
    ----------
    path
        Of the page, below the pack.
    troubles
        Errors and warnings on the console, exceptions, and requests that failed.
    requests
        Addresses of everything that it loaded.
    structure
        Its language, title, headings, images, tables, links and anchors.
    violations
        What axe finds, by colour scheme.
    sticking_out
        What is wider than the window, by the window's width.
    """

    path: str
    troubles: Sequence[str]
    requests: Sequence[str]
    structure: Mapping[str, Any]
    violations: Mapping[str, Sequence[str]]
    sticking_out: Mapping[int, Sequence[str]]


LookAt = Callable[[str], Look]


@pytest.fixture(scope="session")
def pack(toy_report: Report) -> Path:
    """A finished pack, as the report team receives it."""
    assert toy_report.complete, toy_report.ended
    return toy_report.folder


@pytest.fixture(scope="session")
def public_pack(public_report: Report) -> Path:
    """A pack for the public, from which small groups are hidden."""
    return public_report.folder


@pytest.fixture(scope="module")
def context(pack: Path, public_pack: Path, browser: Browser) -> Iterator[BrowserContext]:
    """A window's storage; packs are built before, for a browser prints their documents."""
    opened = browser.new_context(viewport={"width": WIDTHS[-1], "height": HEIGHT})
    opened.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def look(pack: Path, context: BrowserContext) -> LookAt:
    """Look at a page of the pack, once for all tests of a file."""
    return cache(lambda path: look_at(pack, path, context))


@pytest.fixture(scope="module")
def look_public(public_pack: Path, context: BrowserContext) -> LookAt:
    """Look at a page of the public pack, once for all tests of a file."""
    return cache(lambda path: look_at(public_pack, path, context))


@pytest.fixture(scope="session")
def look_in() -> Callable[[Path, str, BrowserContext], Look]:
    """Give the function that looks at a page of any pack."""
    return look_at


def look_at(pack: Path, path: str, context: BrowserContext) -> Look:
    """Open a page and write down what there is to see."""
    page = context.new_page()
    troubles: list[str] = []
    requests: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            troubles.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("requestfailed", lambda request: troubles.append(f"failed: {request.url}"))
    page.on("request", lambda request: requests.append(request.url))
    page.goto((pack / path).as_uri())
    page.evaluate(LOAD_IMAGES)
    structure = page.evaluate(STRUCTURE)
    sticking_out = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        sticking_out[width] = page.evaluate(STICKS_OUT)
    page.evaluate(PLAIN_FORMULAS)  # of thousands of elements each, which axe knows nothing about
    violations = {"light": axe(page, {})}
    page.emulate_media(color_scheme="dark")
    violations["dark"] = axe(page, {"runOnly": ["color-contrast"]})
    page.close()
    return Look(path, troubles, requests, structure, violations, sticking_out)


def axe(page: Page, options: Mapping[str, object]) -> list[str]:
    """What axe finds on a page as it stands: the rule and the first elements that break it.

    All but the first rows of tables are left out: axe looks at what is behind each of thousands
    of like elements, and a page would take half a minute.
    """
    # No preload: it would fetch style sheets anew, which a page opened from a disk may not.
    always = {"resultTypes": ["violations"], "preload": False}
    found = Axe().run(page, context=ALIKE, options={**always, **options})
    return [
        f"{one['id']} × {len(one['nodes'])}: {[node['html'][:120] for node in one['nodes'][:3]]}"
        for one in found.response["violations"]
    ]
