"""The browser is found, or not, and started with the flags of its user."""

import os
from pathlib import Path

import pytest

from analysis.report.browser import NO_SANDBOX, browser_flags, find_browser, open_browser


def test_the_first_chromium_on_the_path_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "google-chrome"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser() == program
    (tmp_path / "chromium").symlink_to(program)
    assert find_browser() == tmp_path / "chromium"


def test_without_any_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    assert find_browser() is None


def test_only_root_goes_without_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert NO_SANDBOX in browser_flags()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert NO_SANDBOX not in browser_flags()


def test_it_opens_a_page() -> None:
    program = find_browser()
    if program is None:
        pytest.skip("no chromium is installed")
    with open_browser(program) as browser:
        page = browser.new_page()
        page.set_content("<title>A page</title>")
        assert page.title() == "A page"
