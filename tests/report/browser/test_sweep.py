"""The page of a sweep, in both languages, as Chromium shows it."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser

PAGES = {"index.html": "en", "index.fr.html": "fr"}
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module", params=PAGES)
def seen(
    request: pytest.FixtureRequest, toy_sweep: Any, browser: Browser, look_in: Callable[..., Any]
) -> Any:
    """What Chromium sees of the page."""
    with browser.new_context() as context:
        return look_in(toy_sweep.folder, request.param, context)


def test_it_loads_whole_and_says_its_language(seen: Any) -> None:
    assert seen.troubles == []
    assert seen.structure["language"] == PAGES[seen.path]
    assert [one for one in seen.structure["images"] if not one["width"] or not one["alt"]] == []


def test_its_headings_and_tables_are_in_order(seen: Any) -> None:
    levels = seen.structure["headings"]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert seen.structure["landmarks"] == ["header", "nav", "main", "footer"]
    assert all(one["scoped"] == one["heads"] > 0 for one in seen.structure["tables"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(seen: Any, scheme: str) -> None:
    assert seen.violations[scheme] == []


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_it_holds_at_every_width(seen: Any, width: int) -> None:
    assert seen.sticking_out[width] == []
