"""A real browser and a real Streamlit server, started for the tests and stopped by them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.servers import free_port
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

REFRESH_MS = 30_000  # the page asks every 2 s; the machine may be busy

CUT_OFF = """() => [...document.querySelectorAll(
    '.station *, .condition *, .headline *, .cards *, .ledger *, .release *')]
  .filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline')
  .map(e => e.outerHTML.slice(0, 120))"""

Serve = Callable[..., str]
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("these tests drive a real browser: apt-get install chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def serve() -> Iterator[Serve]:
    """Starts a dashboard on a run folder, with more settings; answers with its address."""
    with ExitStack() as servers:
        yield lambda run_dir, **more: servers.enter_context(_dashboard(run_dir, more))


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens a page in a window of its own and waits until its script has run."""
    with ExitStack() as windows:

        def open_one(url: str, width: int = 1280, height: int = 800, theme: str = "light") -> Page:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                timezone_id="Europe/Berlin",
                color_scheme="dark" if theme == "dark" else "light",
            )
            windows.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(PATIENCE_S * 1000)
            page.goto(url)
            page.wait_for_selector('[data-test-script-state="notRunning"]')
            return page

        yield open_one


@contextmanager
def _dashboard(run_dir: Path, more: dict[str, str]) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "app.py")]
    command += [f"--server.port={port}", "--server.address=127.0.0.1"]
    environment = {name: value for name, value in os.environ.items() if "REFEREE" not in name}
    environment |= {
        "PYTHONPATH": str(ROOT),
        "REFEREE_SITE": "plant",
        "REFEREE_LINE": "line-1",
        "REFEREE_RUN_DIR": str(run_dir),
        **more,
    }
    log = run_dir / "dashboard.log"
    with log.open("wb") as out:
        # Not started in the project's folder: the style must not depend on where it is started.
        process = subprocess.Popen(command, env=environment, cwd=run_dir, stdout=out, stderr=out)
    try:
        _wait_until_up(f"http://127.0.0.1:{port}/_stcore/health", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"the dashboard did not start: {log.read_text()[-2000:]}")
