"""Headless Chromium for tests of pages."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from harness.processes.waiting import STUCK_SECONDS

_OPTIONS: Final = [
    "--no-sandbox",  # the tests run as root
    "--disable-dev-shm-usage",  # /dev/shm may be small
    "--use-fake-device-for-media-stream",  # a camera, for pages that may use it
]
# The browser logs a refused vote on the console as a failed request.
_EXPECTED: Final = "Failed to load resource"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Debian's Chromium while the context lasts."""
    program = shutil.which("chromium")
    if program is None:
        raise RuntimeError("there is no chromium on PATH: start through ./bazelw, which brings it")
    expect.set_options(timeout=1000 * STUCK_SECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_OPTIONS)
        yield browser
        browser.close()


@contextmanager
def open_page(browser: Browser, url: str, **options: Any) -> Iterator[Page]:
    """Open `url` in a new context with these options.

    Fails at the end if the page logged an error or violated its content security policy.
    """
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and _EXPECTED not in message.text:
            errors.append(message.text)

    context = browser.new_context(**{"locale": "en-GB", **options})
    page = context.new_page()
    page.on("console", note)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    yield page
    context.close()
    if errors:
        raise AssertionError(f"the page met errors: {errors}")


def keep_screenshot(page: Page, name: str) -> None:
    """Keep a screenshot of the page among the outputs of the test, else among temporary files."""
    folder = Path(os.environ.get("TEST_UNDECLARED_OUTPUTS_DIR") or tempfile.gettempdir())
    page.screenshot(path=folder / f"{name}.png")
