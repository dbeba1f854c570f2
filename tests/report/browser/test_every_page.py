"""Every page of a pack, in both languages, as Chromium shows it."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from analysis.report.site.layout import page_path
from analysis.runs.parameters import MODELS
from analysis.vocabulary import LANGUAGES

SHARED = (
    *("index", "figures", "tables", "explorer", "notebooks"),
    *("methods", "assumptions", "validation"),
)
PAGES = {
    page_path(name, language): language for language in LANGUAGES for name in (*SHARED, *MODELS)
}
PUBLIC_PAGES = [page_path(name, language) for language in LANGUAGES for name in SHARED[:4]]
LookAt = Callable[[str], Any]
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(params=PAGES)
def seen(request: pytest.FixtureRequest, look: LookAt) -> Any:
    """What Chromium sees of each page in turn."""
    return look(request.param)


@pytest.fixture(params=PUBLIC_PAGES)
def seen_by_the_public(request: pytest.FixtureRequest, look_public: LookAt) -> Any:
    """The same of the pages of a public pack that differ from the internal one's."""
    return look_public(request.param)


def test_the_list_of_pages_is_whole(pack: Path) -> None:
    found = {path.relative_to(pack).as_posix() for path in pack.rglob("*.html")}
    assert found == set(PAGES)


def test_it_loads_without_a_complaint(seen: Any) -> None:
    assert seen.troubles == []


def test_it_loads_nothing_off_the_pack(seen: Any, pack: Path) -> None:
    inside = (f"{pack.as_uri()}/", "data:", "blob:")
    assert [one for one in seen.requests if not one.startswith(inside)] == []


def test_it_says_its_language_and_title(seen: Any) -> None:
    assert seen.structure["language"] == PAGES[seen.path]
    assert len(seen.structure["title"]) > 8


def test_its_headings_are_in_order(seen: Any) -> None:
    levels = seen.structure["headings"]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert seen.structure["landmarks"] == ["header", "nav", "main", "footer"]


def test_its_images_load_and_have_alternative_texts(seen: Any) -> None:
    images = seen.structure["images"]
    assert [image["source"] for image in images if not image["width"]] == []
    assert [image["source"] for image in images if not (image["alt"] or "").strip()] == []


def test_its_tables_have_headers(seen: Any) -> None:
    tables = seen.structure["tables"]
    assert [one for one in tables if not one["heads"] or one["scoped"] < one["heads"]] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(seen: Any, scheme: str) -> None:
    """Contrast among them, at least AA; in dark colours contrast alone, for all else is equal."""
    assert seen.violations[scheme] == []


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_it_holds_at_every_width(seen: Any, width: int) -> None:
    assert seen.sticking_out[width] == []


def test_its_links_lead_somewhere(seen: Any, pack: Path, look: LookAt) -> None:
    lost = []
    for link in seen.structure["links"]:
        parts = urlsplit(link)
        if parts.scheme != "file":
            continue
        path = Path(unquote(parts.path))
        if not path.is_file() or not path.is_relative_to(pack):
            lost.append(link)
        elif path.suffix == ".html" and parts.fragment and "=" not in parts.fragment:
            there = look(path.relative_to(pack).as_posix()).structure["ids"]
            if unquote(parts.fragment) not in there:
                lost.append(link)
    assert lost == []


def test_the_public_pack_is_as_sound(seen_by_the_public: Any, public_pack: Path) -> None:
    seen = seen_by_the_public
    assert seen.troubles == []
    assert [one for one in seen.requests if not one.startswith(f"{public_pack.as_uri()}/")] == []
    assert [one["source"] for one in seen.structure["images"] if not one["width"]] == []
    assert dict(seen.violations) == {"light": [], "dark": []}
    assert not any(seen.sticking_out.values())
