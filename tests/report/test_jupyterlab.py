"""JupyterLab itself: a notebook is opened and run there, and its figures are seen."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

from analysis.files import data_folder, sha256
from analysis.ingest import process_extract
from analysis.studies import load_study

NOTEBOOK = "03_placement_gaps"
# Generous: on a busy machine of two processors each of these has been seen to take a third.
START_SECONDS = 120
RUN_SECONDS = 300
STOP_SECONDS = 20
PATIENCE = START_SECONDS * 1000  # the same in milliseconds, as the browser counts
ATTEMPTS = 3
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    # Attempts are told apart by what is on the page, so the file stays as it was.
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    # Every cell is on the page, also those that one would have to scroll to.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}
DISABLED = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
PROMPTS = "cells => cells.map(cell => cell.querySelector('.jp-InputPrompt').textContent.trim())"


@dataclass(frozen=True)
class Server:
    """A running JupyterLab server: its address and token, and the folder that it serves."""

    url: str
    token: str
    root: Path

    def ask(self, path: str, method: str = "GET") -> Any:
        """Ask its REST interface; None where the answer is empty."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.url}api/{path}", headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=START_SECONDS) as answer:
            return json.loads(answer.read() or "null")

    def end_sessions(self) -> None:
        """Shut down every kernel."""
        for session in self.ask("sessions"):
            self.ask(f"sessions/{session['id']}", "DELETE")

    def kernel(self) -> dict[str, Any] | None:
        """The kernel of the one open notebook, or None while there is none."""
        sessions = self.ask("sessions")
        return self.ask(f"kernels/{sessions[0]['kernel']['id']}") if sessions else None


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for a condition that holds in three looks, one after the other."""
    end, held = time.monotonic() + seconds, 0
    while held < 3:
        held = held + 1 if condition() else 0
        assert time.monotonic() < end, f"after {seconds} seconds: no {what}"
        time.sleep(0.5)


@pytest.fixture(scope="module")
def repository(
    make_repository: Callable[[], Path], toy_study_file: Path, toy_extract: Path
) -> Path:
    """A repository whose notebook asks for a small study with data."""
    root = make_repository()
    process_extract(load_study(str(toy_study_file)), toy_extract, data_folder(root))
    path = root / "notebooks" / f"{NOTEBOOK}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    (cell,) = (one for one in notebook.cells if "parameters" in one.metadata.get("tags", []))
    asked = 'study = "openclassrooms"'
    assert asked in cell.source
    cell.source = cell.source.replace(asked, f"study = {str(toy_study_file)!r}")
    nbformat.write(notebook, path)
    return root


@pytest.fixture(scope="module")
def server(repository: Path, browser: Browser) -> Iterator[Server]:
    """JupyterLab on the repository, with settings of its own and nothing from the network."""
    token = "of-a-test"
    # Short, for the path of a kernel's socket holds about 100 characters.
    with tempfile.TemporaryDirectory(prefix="pg-") as own:
        _write_settings(Path(own) / "config")
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            "--ServerApp.ip=127.0.0.1",
            "--ServerApp.port=0",
            f"--ServerApp.root_dir={repository}",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--LabApp.news_url=None",
            "--ConnectionFileMixin.transport=ipc",  # kernels on TCP ports collide
        ]
        folders = {f"JUPYTER_{kind.upper()}_DIR": f"{own}/{kind}" for kind in ("config", "runtime")}
        environment = {**os.environ, **folders, "JUPYTER_TOKEN": token}
        with (
            (Path(own) / "log").open("w+", encoding="utf-8") as log,
            subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process,
        ):
            try:
                yield Server(_address(Path(own), process), token, repository)
            finally:
                _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Stop the server; it has been seen to wait forever for a connection that was lost."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _write_settings(folder: Path) -> None:
    for name, values in SETTINGS.items():
        path = folder / "lab" / "user-settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    path = folder / "labconfig" / "page_config.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(DISABLED), encoding="utf-8")


def _address(own: Path, process: "subprocess.Popen[bytes]") -> str:
    """Address of a starting server, as it tells once it listens."""
    told = own / "runtime" / f"jpserver-{process.pid}.json"

    def listens() -> bool:
        assert process.poll() is None, (own / "log").read_text(encoding="utf-8")
        return told.is_file()

    wait_until(listens, START_SECONDS, "JupyterLab server")
    return str(json.loads(told.read_text(encoding="utf-8"))["url"])


def open_notebook(server: Server, page: Page, cells: int) -> None:
    """Open the notebook and wait until all of it is there and its kernel is at rest.

    Cells that are run before the page and the kernel have found each other can be lost.
    """
    page.goto(f"{server.url}lab/tree/notebooks/{NOTEBOOK}.ipynb?token={server.token}")
    expect(page.locator(".jp-CodeCell")).to_have_count(cells, timeout=PATIENCE)
    seen: list[str] = []

    def at_rest() -> bool:
        kernel = server.kernel() or {}
        seen.append(kernel.get("last_activity", ""))
        connected = kernel.get("execution_state") == "idle" and kernel.get("connections", 0) > 0
        return connected and seen[-2:] == [kernel["last_activity"]] * 2

    wait_until(at_rest, START_SECONDS, "kernel at rest")
    indicator = page.locator(".jp-Notebook-ExecutionIndicator")
    expect(indicator).to_have_attribute("data-status", "idle", timeout=PATIENCE)


def run_all(server: Server, page: Page) -> list[str]:
    """Restart the kernel, run all cells, and give the prompts of the code cells at the end."""
    page.locator("[data-command='notebook:restart-run-all']").first.click()
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    prompts: list[str] = []

    def ended() -> bool:
        prompts[:] = page.locator(".jp-CodeCell").evaluate_all(PROMPTS)
        kernel = server.kernel() or {}
        started = any(prompt.strip("[]: *") for prompt in prompts)
        return started and "[*]:" not in prompts and kernel.get("execution_state") == "idle"

    wait_until(ended, RUN_SECONDS, f"end of the run, but {prompts}")
    return prompts


@pytest.fixture
def finished(server: Server, browser: Browser) -> Iterator[Page]:
    """The notebook in JupyterLab once all its cells are run.

    Should the very first cell be the one that did not run, the page has lost it on the way to
    the kernel, which is no fault of the notebook: it is opened and run again.
    """
    source = nbformat.read(server.root / "notebooks" / f"{NOTEBOOK}.ipynb", as_version=4)
    cells = sum(cell.cell_type == "code" for cell in source.cells)
    for _ in range(ATTEMPTS):
        server.end_sessions()
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(PATIENCE)
        open_notebook(server, page, cells)
        prompts = run_all(server, page)
        if prompts[0].strip("[]: "):
            break
        page.close()
    done = [f"[{number}]:" for number in range(1, cells + 1)]
    assert prompts == done, "\n".join(_errors(page))
    yield page
    page.close()


def _errors(page: Page) -> list[str]:
    return page.locator("[data-mime-type='application/vnd.jupyter.stderr']").all_inner_texts()


def test_a_notebook_runs_in_jupyterlab_and_its_figures_are_seen(
    finished: Page, server: Server
) -> None:
    """The images are the files written; JupyterLab itself shows no alternative texts."""
    assert _errors(finished) == []
    written = server.root / "outputs" / "interactive" / NOTEBOOK / "figures"
    figures = {sha256(path) for path in written.glob("*.en.png")}
    images = finished.locator(".jp-OutputArea-output img")
    expect(images).to_have_count(len(figures), timeout=PATIENCE)
    for image in images.all():
        image.scroll_into_view_if_needed()
        expect(image).to_be_visible(timeout=PATIENCE)
        assert image.evaluate("image => image.complete && image.naturalWidth") > 0
        kind, content = str(image.get_attribute("src")).split(",")
        assert kind == "data:image/png;base64"
        figures.remove(hashlib.sha256(base64.b64decode(content)).hexdigest())
    assert not figures
