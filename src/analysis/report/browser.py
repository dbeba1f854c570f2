"""The browser that prints documents: found where one is installed, and started alike."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS: Final = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Hinting and subpixel positions of the machine's screen have no place in a document.
    "--font-render-hinting=none",
)
NO_SANDBOX: Final = "--no-sandbox"
"""The sandbox refuses to work for root, who is the user of most containers."""


def find_browser() -> Path | None:
    """The browser to use: a Chromium on the path, else the one that playwright installed.

    Returns
    -------
    pathlib.Path or None
        Its program; None where there is none.
    """
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    # Imported late: whether a report still stands must be told at once.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.is_file() else None


def browser_flags() -> list[str]:
    """Flags that every start of the browser takes."""
    return [*FLAGS, *([NO_SANDBOX] if os.geteuid() == 0 else [])]


@contextlib.contextmanager
def open_browser(
    program: Path, environment: Mapping[str, str] | None = None
) -> "Iterator[Browser]":
    """Start a browser without windows, and end it after the block.

    Parameters
    ----------
    program
        See `find_browser`.
    environment
        Variables that it gets besides those of this process.
    """
    from playwright.sync_api import sync_playwright

    variables: dict[str, str | float | bool] = {**os.environ, **(environment or {})}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=browser_flags(), env=variables
        )
        try:
            yield browser
        finally:
            browser.close()
