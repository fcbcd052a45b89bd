"""A real browser. A page of ours that breaks its own policy, logs an error or asks another host fails its test."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from otelier import ui

from . import stage as stages

WAIT_MS = 15_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    names = filter(None, (os.environ.get("OTELIER_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"))
    path = next(filter(None, map(shutil.which, names)), None)
    if not path:
        pytest.skip("no Chromium: install it (Debian: apt-get install chromium) or name one in OTELIER_CHROMIUM")
    if not ui.is_built():
        pytest.skip("the UI is not built: make ui (needs Node 20 or newer)")
    # A context's time is not that of `expect`, whose five seconds are short beside other tests.
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture
def stage() -> Iterator[stages.Stage]:
    with stages.running() as stage:
        yield stage


class Faults:
    """What the pages of a test did wrong, but for what the test provokes."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._meant: list[str] = []

    def allow(self, words: str) -> None:
        self._meant.append(words)

    def left(self) -> list[str]:
        return [fault for fault in self.seen if not any(words in fault for words in self._meant)]


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def open_page(browser: Browser, faults: Faults) -> Iterator[Callable[..., Page]]:
    """`open_page(url, width=…, scheme="dark", locale="ko-KR")`."""
    contexts: list[BrowserContext] = []

    def open_page(
        url: str, *, width: int = 1280, height: int = 860, scheme: Any = "light", locale: str = "en-US"
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, locale=locale, has_touch=width < 600
        )
        contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.on("console", lambda message: faults.seen.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: faults.seen.append(str(error)))
        page.on("dialog", lambda dialog: (faults.seen.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        origin = "/".join(url.split("/")[:3])
        page.on(
            "request",
            lambda request: faults.seen.append(f"asked {request.url}") if not is_of(request.url, origin) else None,
        )
        page.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective))"
        )
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults.left()


def is_of(url: str, origin: str) -> bool:
    return url.startswith((origin + "/", "data:", "blob:"))


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keeps what a page shows under `OTELIER_SCREENSHOTS` (or build/screenshots), for people to look at."""
    folder = Path(os.environ.get("OTELIER_SCREENSHOTS") or request.config.rootpath / "build" / "screenshots")

    def picture(page: Page, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png")

    return picture
