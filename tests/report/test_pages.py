"""Pages: one language each, alternative texts kept, nothing loaded from elsewhere."""

import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from analysis.figures.save import OUTPUT_KEY
from analysis.report.pages import write_pages
from analysis.vocabulary import LANGUAGES

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q"
    "DwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ALT = {"en": 'Dots & "lines" <1>', "fr": "Points et lignes"}


def output(data: dict[str, str], marked: dict[str, object]) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", data=data, metadata={OUTPUT_KEY: marked})


@pytest.fixture
def pages(tmp_path: Path) -> dict[str, str]:
    prose = {"en": "# Gaps\n\nEnglish prose.", "fr": "# Écarts\n\nProse française."}
    code = nbformat.v4.new_code_cell("show(1 < 2)")
    code.outputs = [
        output({"image/png": PIXEL}, {"figure": "rates-toy", "alt": ALT}),
        output({"text/html": "<b>en</b>"}, {"html": {"en": "<b>en</b>", "fr": "<b>fr</b>"}}),
        output({"text/markdown": "x"}, {"markdown": {"en": "**Said**", "fr": "**Dit**"}}),
        nbformat.v4.new_output("stream", text="1 & 2 <ok>"),
    ]
    cells = [
        *(
            nbformat.v4.new_markdown_cell(text, metadata={"tags": [tag]})
            for tag, text in prose.items()
        ),
        code,
    ]
    path = tmp_path / "toy.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    written = write_pages(path, tmp_path / "pages")
    assert [page.name for page in written] == ["toy.en.html", "toy.fr.html"]
    return dict(zip(LANGUAGES, (page.read_text("utf-8") for page in written), strict=True))


class _Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def every(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.mark.parametrize("language", LANGUAGES)
def test_language_and_landmarks(pages: dict[str, str], language: str) -> None:
    elements = _Elements(pages[language])
    assert elements.every("html")[0]["lang"] == language
    assert len(elements.every("main")) == len(elements.every("header")) == 1
    other = next(name for name in LANGUAGES if name != language)
    links = {link.get("href"): link for link in elements.every("a")}
    assert links[f"toy.{other}.html"]["lang"] == other
    assert len(elements.every("h1")) == 1


def test_each_page_speaks_one_language(pages: dict[str, str]) -> None:
    assert "English prose" in pages["en"]
    assert "Prose française" not in pages["en"]
    assert "<b>fr</b>" in pages["fr"]
    assert "<b>en</b>" not in pages["fr"]
    assert "<strong>Dit</strong>" in pages["fr"]
    assert "<title>Écarts</title>" in pages["fr"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_images_keep_their_alternative_text(pages: dict[str, str], language: str) -> None:
    (image,) = _Elements(pages[language]).every("img")
    assert image == {"src": f"../figures/rates-toy.{language}.png", "alt": ALT[language]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_comes_from_elsewhere(pages: dict[str, str], language: str) -> None:
    assert not re.search(r'(src|href)="(https?:)?//', pages[language])
    assert "@import" not in pages[language]
    assert not _Elements(pages[language]).every("script")


def test_code_is_folded_and_escaped(pages: dict[str, str]) -> None:
    elements = _Elements(pages["en"])
    assert all("open" not in attributes for attributes in elements.every("details"))
    assert "show(1 &lt; 2)" in pages["en"]
    assert "1 &amp; 2 &lt;ok&gt;" in pages["en"]


def test_an_ordinary_image_is_kept(tmp_path: Path) -> None:
    code = nbformat.v4.new_code_cell("plot()")
    metadata = {"image/png": {"alt": "By hand"}}
    code.outputs = [
        nbformat.v4.new_output("display_data", data={"image/png": PIXEL}, metadata=metadata)
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=[code]), tmp_path / "hand.ipynb")
    page = write_pages(tmp_path / "hand.ipynb", tmp_path)[0].read_text("utf-8")
    (image,) = _Elements(page).every("img")
    assert image["alt"] == "By hand"
    assert str(image["src"]).startswith("data:image/png;base64,iVBOR")
