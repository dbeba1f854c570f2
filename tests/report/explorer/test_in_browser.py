"""The explorer as a reader uses it, in Chromium, from a disk and without a network."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from analysis.report.contents import Contents
from analysis.vocabulary import LANGUAGES

ReadPayload = Callable[[Contents, str], dict[str, Any]]
OpenPage = Callable[..., Page]
DIMENSIONS = ("outcome", "contrast", "group", "adjustment", "model", "unknown")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (360, 768, 1440)
TABLE = "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
TEXTS = "texts => texts.map(text => text.textContent)"
FITS = """() => {
  const [chart, drawn] = ["#chart", "#chart svg"].map(one => document.querySelector(one));
  return drawn && Math.abs(drawn.clientWidth - chart.clientWidth) < 3;
}"""
POINTS = """points => points.map(point => {
  const { left, top } = point.getBoundingClientRect();
  return { x: left, y: top, fill: point.getAttribute("fill") };
})"""
DRAW_ONE = """() => drawGaps(document.querySelector("#chart"),
  [{ name: ["x"], sides: "", value: "", tags: [], estimate: -0.5, low: -1, high: 0.5, raw: true }],
  { axis: "x", format: JSON.parse(document.querySelector("#payload").textContent).format })"""
# How far the words and marks of the chart stick out of it, in pixels.
STICKS_OUT = """chart => {
  const room = chart.getBoundingClientRect();
  const out = [...chart.querySelectorAll("text, .mark-symbol path, .mark-rule line")]
    .map(mark => mark.getBoundingClientRect()).filter(mark => mark.width)
    .map(mark => Math.max(mark.right - room.right, room.left - mark.left));
  return Math.max(0, ...out);
}"""


@pytest.fixture(scope="module")
def context(internal: Contents, public: Contents, browser: Browser) -> Iterator[BrowserContext]:
    """A window's storage; the reports are written before."""
    opened = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    opened.set_default_timeout(15_000)
    expect.set_options(timeout=15_000)
    yield opened
    opened.close()


@pytest.fixture
def open_page(context: BrowserContext) -> Iterator[OpenPage]:
    """Open an explorer, and hold afterwards that nothing failed or was asked of elsewhere."""
    pages: list[Page] = []
    troubles: list[str] = []
    asked: list[str] = []

    def open_(contents: Contents, language: str = "en", state: str = "") -> Page:
        page = context.new_page()
        pages.append(page)
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("requestfailed", lambda request: troubles.append(request.url))
        page.on("request", lambda request: asked.append(request.url))
        path = contents.folder / "pages" / f"explorer.{language}.html"
        page.goto(path.as_uri() + state)
        page.wait_for_selector("#chart svg")
        return page

    yield open_
    for page in pages:
        page.close()
    assert not troubles
    assert all(url.startswith(("file:", "data:", "blob:")) for url in asked)


def choices(page: Page) -> dict[str, str]:
    return {name: page.input_value(f"#choice-{name}") for name in DIMENSIONS}


def offered(page: Page, name: str) -> list[str]:
    return page.eval_on_selector_all(
        f"#choice-{name} option", "options => options.map(option => option.value)"
    )


def choose(page: Page, **values: str) -> None:
    for name, value in values.items():
        page.select_option(f"#choice-{name}", value)


def drawn(page: Page) -> str:
    """All words of the chart."""
    return " ".join(page.eval_on_selector_all("#chart svg text", TEXTS))


def chosen_rows(payload: dict[str, Any], chosen: dict[str, str]) -> list[dict[str, Any]]:
    return [
        row
        for row in payload["named"]
        if all(value in ("every", row[name]) for name, value in chosen.items())
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_opens_with_adjusted_gaps_of_all_groups(
    internal: Contents, open_page: OpenPage, read_payload: ReadPayload, language: str
) -> None:
    page = open_page(internal, language)
    assert choices(page) == {
        "outcome": "placed", "contrast": "marginal", "group": "every", "adjustment": "all",
        "model": "logit", "unknown": "left_out",
    }  # fmt: skip
    rows = chosen_rows(read_payload(internal, language), choices(page))
    assert len(rows) == 3
    for row in rows:
        assert row["gap"] in str(page.get_attribute("#chart", "aria-label"))
        assert row["gap"] in drawn(page)
        assert row["interval"] in drawn(page)
        assert row["sides"][1] in drawn(page)
    assert {"en": "SYNTHETIC", "fr": "SYNTHÉTIQUE"}[language] in drawn(page)
    assert page.get_attribute("#chart", "role") == "img"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "state",
    [
        "#outcome=graduated&contrast=complement&group=every&adjustment=every",
        "#outcome=graduated&contrast=every&group=every&adjustment=every&model=every&unknown=every",
        "#contrast=any&adjustment=none&model=newcombe",
        "#outcome=placed&contrast=complement&group=job_seeker",
    ],
)
def test_table_equals_the_data(
    internal: Contents, open_page: OpenPage, read_payload: ReadPayload, language: str, state: str
) -> None:
    page = open_page(internal, language, state)
    payload = read_payload(internal, language)
    labels = {one["name"]: one["values"] for one in payload["dimensions"]}
    chosen = choices(page)
    rows = chosen_rows(payload, chosen)
    varying = [name for name in DIMENSIONS if name != "group" and chosen[name] == "every"]
    shown = page.eval_on_selector_all("#rows tbody tr", TABLE)
    assert len(shown) == len(rows)
    for cells, row in zip(shown, rows, strict=True):
        assert cells[:-1] == [
            labels["group"][row["group"]], row["reference"],
            *[labels[name][row[name]] for name in varying],
            row["gap"], row["interval"], *row["sides"],
        ]  # fmt: skip
        assert row["note"] in cells[-1]
    assert page.locator("#rows thead th[scope=col]").count() == len(shown[0])
    assert page.locator("#rows tbody th[scope=row]").count() == len(rows)
    assert page.inner_text("#rows caption")


def test_choices_never_lead_to_nothing(internal: Contents, open_page: OpenPage) -> None:
    page = open_page(internal, "en", "#outcome=graduated&contrast=complement&adjustment=gender")
    assert offered(page, "adjustment") == ["every", "none", "gender", "age_band", "all"]
    assert offered(page, "model") == ["logit"]
    # The other outcome has no steps: what is held fixed falls back, the rest stays.
    choose(page, outcome="placed")
    assert choices(page)["adjustment"] == "all"
    assert choices(page)["contrast"] == "complement"
    choose(page, contrast="any")
    assert choices(page)["group"] == "underserved"
    choose(page, contrast="marginal")
    assert choices(page)["group"] == "every"
    # No logit without covariates here: the first model that there is.
    choose(page, adjustment="none")
    assert choices(page)["model"] == "linear"
    assert page.locator("#rows tbody tr").count() == 3


def test_works_from_the_keyboard(internal: Contents, open_page: OpenPage) -> None:
    page = open_page(internal)
    reached = []
    page.focus("#choice-outcome")
    for _ in range(9):
        reached.append(
            page.evaluate("document.activeElement.id || document.activeElement.tabIndex")
        )
        page.keyboard.press("Tab")
    assert reached[:6] == [f"choice-{name}" for name in DIMENSIONS]
    assert reached[6:8] == ["copy", "download"]
    assert reached[8] == 0  # the region of the table, which scrolls
    page.focus("#choice-group")
    page.keyboard.press("ArrowDown")
    assert choices(page)["group"] == "job_seeker"
    assert page.locator("#rows tbody tr").count() == 1
    assert "group=job_seeker" in page.url
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    assert choices(page)["adjustment"] == "none"


def test_link_reproduces_the_view_in_either_language(
    internal: Contents, open_page: OpenPage
) -> None:
    page = open_page(internal)
    choose(page, outcome="graduated", contrast="complement", adjustment="every", group="carer")
    kept = page.url.partition("#")[2]
    rows = page.eval_on_selector_all("#rows tbody tr", TABLE)
    again = open_page(internal, "en", f"#{kept}")
    assert choices(again) == choices(page)
    assert again.eval_on_selector_all("#rows tbody tr", TABLE) == rows
    page.click("a[hreflang=fr]")
    page.wait_for_selector("#chart svg")
    assert "explorer.fr.html" in page.url
    assert choices(page) == choices(again)


def test_address_changed_by_hand_changes_the_view(internal: Contents, open_page: OpenPage) -> None:
    page = open_page(internal)
    page.evaluate("location.hash = '#outcome=graduated&group=job_seeker&model=nonsense&other=1'")
    expect(page.locator("#choice-outcome")).to_have_value("graduated")
    assert choices(page)["group"] == "job_seeker"
    assert choices(page)["model"] == "logit"


def test_link_is_copied_or_shown(internal: Contents, open_page: OpenPage) -> None:
    page = open_page(internal)
    page.evaluate("""Object.defineProperty(navigator, "clipboard", {configurable: true, value: {
        writeText: async text => { window.copied = text; }}})""")
    page.click("#copy")
    expect(page.locator("#copied")).to_have_text("Link copied.")
    assert page.evaluate("window.copied").endswith("model=logit&unknown=left_out")
    page.evaluate("""Object.defineProperty(navigator, "clipboard", {configurable: true, value: {
        writeText: async () => { throw new Error("refused"); }}})""")
    page.click("#copy")
    expect(page.locator("#link")).to_be_visible()
    assert page.input_value("#link").endswith("model=logit&unknown=left_out")


def test_downloads_the_rows_shown(
    internal: Contents, open_page: OpenPage, read_payload: ReadPayload, tmp_path: Path
) -> None:
    page = open_page(internal, "fr", "#outcome=placed&contrast=complement&adjustment=all")
    with page.expect_download() as waiting:
        page.click("#download")
    waiting.value.save_as(tmp_path / "rows.csv")
    assert waiting.value.suggested_filename == "gaps-placed.csv"
    text = (tmp_path / "rows.csv").read_text("utf-8-sig")
    rows = chosen_rows(read_payload(internal, "fr"), choices(page))
    downloaded = list(csv.DictReader(io.StringIO(text)))
    assert len(downloaded) == len(rows) == 3
    for line, row in zip(downloaded, rows, strict=True):
        number = line["Écart, points"]
        assert (float(number) if number else None) == row["estimate"]
        assert line["n, référence"] == str(row["n"][1])
        assert line["Données"] == "SYNTHÉTIQUE"


def test_summary_tells_gap_interval_sides_and_warnings(
    internal: Contents, open_page: OpenPage, read_payload: ReadPayload
) -> None:
    page = open_page(internal, "en", "#outcome=graduated&contrast=marginal&group=low_qualification")
    (row,) = chosen_rows(read_payload(internal, "en"), choices(page))
    summary = page.inner_text("#summary").replace("\N{NO-BREAK SPACE}", " ")
    interval = row["interval"].replace("\N{NO-BREAK SPACE}", " ")
    assert summary.startswith(
        "Graduation. Low or no qualification; reference: Non-underserved. "
        f"Gap of {row['gap']} points (90% interval: {interval}; n = 27 against 1,504)."
    )
    assert "The interval includes zero." in summary
    assert "fewer than 30 persons: indicative only" in summary
    assert page.get_attribute("#summary", "aria-live") == "polite"
    choose(page, group="every")
    assert "Gaps shown: 3." in page.inner_text("#summary")


@pytest.mark.parametrize("language", LANGUAGES)
def test_hidden_group_is_shown_as_hidden(
    public: Contents, open_page: OpenPage, language: str
) -> None:
    page = open_page(public, language, "#outcome=graduated&contrast=complement&adjustment=gender")
    word = {"en": "not shown", "fr": "non montré"}[language]
    line = page.locator("#rows tbody tr", has_text=word)
    expect(line).to_have_count(1)
    assert {"en": "Carers", "fr": "Aidants"}[language] in line.inner_text()
    assert word in drawn(page).replace("\N{NO-BREAK SPACE}", " ")
    assert "SYNTH" not in drawn(page)


@pytest.mark.parametrize(("language", "tick"), [("en", "−0.5"), ("fr", "−0,5")])
def test_axis_has_the_language_s_numbers(
    internal: Contents, open_page: OpenPage, language: str, tick: str
) -> None:
    page = open_page(internal, language)
    words = {"en": "Group minus reference", "fr": "Groupe moins référence"}
    assert words[language] in drawn(page)
    page.evaluate(DRAW_ONE)
    assert tick in drawn(page)
    assert "0" in page.eval_on_selector_all("#chart svg text", TEXTS)


def test_points_lie_by_their_estimates(
    internal: Contents, open_page: OpenPage, read_payload: ReadPayload
) -> None:
    page = open_page(internal, "en", "#outcome=placed&contrast=every&adjustment=every&model=every")
    rows = chosen_rows(read_payload(internal, "en"), choices(page))
    estimated = [row for row in rows if row["estimate"] is not None]
    points = page.eval_on_selector_all("#chart .mark-symbol path", POINTS)
    assert len(points) == len(estimated) < len(rows)
    below = sorted(points, key=lambda point: point["y"])
    by_place = sorted(range(len(below)), key=lambda i: below[i]["x"])
    by_estimate = sorted(range(len(below)), key=lambda i: estimated[i]["estimate"])
    assert [estimated[i]["estimate"] for i in by_place] == [
        estimated[i]["estimate"] for i in by_estimate
    ]
    hollow = [point["fill"] == "var(--paper)" for point in below]
    assert hollow == [row["adjustment"] == "none" for row in estimated]
    assert {True, False} == set(hollow)


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing(public: Contents, open_page: OpenPage, language: str) -> None:
    page = open_page(public, language)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        # What axe would fetch again, style sheets, a page opened from a disk may not.
        found = Axe().run(page, options={"preload": False}).response["violations"]
        assert [violation["id"] for violation in found] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_layout_holds_at_every_width(
    internal: Contents, open_page: OpenPage, language: str
) -> None:
    state = "#outcome=graduated&contrast=every&group=every&model=every"
    page = open_page(internal, language, state)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(FITS)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.eval_on_selector("#chart", STICKS_OUT) <= 1.5


def test_without_scripts_it_leads_to_the_tables(internal: Contents, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((internal.folder / "pages" / "explorer.en.html").as_uri())
    assert "JavaScript" in page.inner_text("main")
    assert not page.is_visible("#explorer")
    assert page.locator("ul.downloads a").count() == 2
    context.close()
