"""Fixtures for tests of the page in headless Chromium: the whole system, a browser, a page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from harness.processes.ports import free_ports
from harness.system.stack import Stack
from harness.testing.browser import chromium, open_page
from svc_results.testing.organiser import WaitingOrganiser
from svc_results.testing.page_actions import NASTY, cast
from svc_results.testing.voter_polls import Polls


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run the whole system."""
    with Stack(tmp_path_factory.mktemp("stack"), free_ports()) as stack:
        yield stack


@pytest.fixture(scope="module")
def url(stack: Stack) -> str:
    """Return the page's address, once some albums have votes."""
    for album, votes in {"Harvest": 3, "After the Gold Rush": 2, NASTY: 1}.items():
        for rank in range(votes):
            cast(stack.entry.url, album, 60 + rank)
    return f"{stack.entry.url}/"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run Chromium."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def polls(stack: Stack, url: str) -> Iterator[Polls]:
    """Make polls with voters."""
    organiser = WaitingOrganiser(stack)
    yield Polls(stack, organiser, url)
    organiser.close_connections()


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """Open the page on a desktop and wait until it is live."""
    with open_page(browser, url, viewport={"width": 1280, "height": 800}) as page:
        expect(page.locator("#status")).to_have_text("Live")
        yield page
