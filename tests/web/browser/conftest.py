"""A node that runs, and a Chromium that looks at it. Without a Chromium these tests are left out, and say so."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from msgspec import Struct
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.web.browser import people

ROOT = Path(__file__).parents[3]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DRIVER_NOISE = "GL Driver Message"
"""What a graphics driver in software says of itself; no page can help it."""


class Node(Struct):
    """A running node and what is in it."""

    url: str
    alert: UUID
    case: UUID


class Visitor:
    """One person at a browser window; notes everything that went wrong in it."""

    def __init__(self, page: Page, node: Node) -> None:
        self.page, self.node = page, node
        self.trouble: list[str] = []
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("request", self._elsewhere)

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and DRIVER_NOISE not in text:
            self.trouble.append(f"{kind}: {text}")

    def _elsewhere(self, request: object) -> None:
        url = request.url  # type: ignore[attr-defined]  # Playwright's Request
        if not url.startswith((self.node.url, "data:", "blob:")):
            self.trouble.append(f"asks elsewhere: {url}")

    def go(self, path: str) -> None:
        """Open a page and wait until it is quiet; the live stream never is."""
        self.page.goto(self.node.url + path, wait_until="load")
        if self.page.query_selector("[data-chart]"):
            self.page.wait_for_selector("[data-chart][data-ready], .chart.without")
        self.page.wait_for_timeout(150)

    def sign_in(self, name: str, password: str = people.PASSWORD) -> None:
        """Give name and password."""
        self.go("/sign-in")
        self.page.fill("[name=login]", name)
        self.page.fill("[name=password]", password)
        self.page.click("form[action='/sign-in'] button")
        self.page.wait_for_load_state()


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node that serves, with something in it."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here, so nothing was looked at in a browser; install the package chromium")
    home = tmp_path_factory.mktemp("browser") / "ma"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    ours = {key: value for key, value in os.environ.items() if key not in ("TANSIQ_HOME", "DJANGO_SETTINGS_MODULE")}

    def tansiq(*words: str) -> list[str]:
        return [sys.executable, "-m", "tansiq.cli", *words]

    made = tansiq("node", "init", "--home", str(home), "--code", "ma", "--agency", "ma.marine", "--url", url)
    made += ["--exercise", "Night in the Strait", "--timezone", "Africa/Casablanca"]
    subprocess.run(made, check=True, cwd=ROOT, env=ours, stdout=subprocess.DEVNULL)
    seed = [sys.executable, "-m", "tests.web.browser.seed", str(home)]
    said = subprocess.run(seed, check=True, cwd=ROOT, env=ours, capture_output=True, text=True).stdout.split()
    with subprocess.Popen(
        tansiq("serve", "--home", str(home)), cwd=ROOT, env=ours, stderr=subprocess.DEVNULL
    ) as server:
        try:
            _wait(url)
            yield Node(url, UUID(said[-2]), UUID(said[-1]))
        finally:
            server.terminate()
            server.wait(20)


def _wait(url: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{url}/sign-in", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise TimeoutError(f"{url} does not answer")


@pytest.fixture(scope="session")
def chromium(node: Node) -> Iterator[Browser]:
    """The browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A window without memory, in English."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    yield context
    context.close()


@pytest.fixture
def visitor(context: BrowserContext, node: Node) -> Visitor:
    """Someone who has not signed in."""
    return Visitor(context.new_page(), node)
