"""Actions on the page for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx
from playwright.sync_api import Browser, Locator, Page

NASTY: Final = "<b>Björk</b> & فيروز 🎸 " + "x" * 150


def cast(url: str, album: str, rank: int) -> None:
    """Cast a vote for an album without the page."""
    vote = {"name": "Neil Young", "album": album, "year": 1972, "rank": rank}
    with httpx.Client(timeout=30, trust_env=False) as client:
        client.post(f"{url.rstrip('/')}/votes", json=vote).raise_for_status()


@contextmanager
def fresh_page(browser: Browser, url: str, setup: str = "", **options: Any) -> Iterator[Page]:
    """Open a page in which `setup` runs first; errors of its scripts do not fail the test."""
    context = browser.new_context(**{"locale": "en-GB", **options})
    if setup:
        context.add_init_script(setup)
    try:
        page = context.new_page()
        page.goto(url)
        yield page
    finally:
        context.close()


def fill_form(page: Page, name: str, album: str, year: str) -> None:
    """Fill in the form, all but the rank."""
    page.get_by_label("Artist or band").fill(name)
    page.get_by_label("Album", exact=True).fill(album)
    page.get_by_label("Year").fill(year)


def press_vote(page: Page) -> None:
    """Press the form's button."""
    page.locator("#cast").click()


def vote(page: Page, album: str) -> None:
    """Vote for an album of Neil Young's with the form."""
    fill_form(page, "Neil Young", album, "1975")
    press_vote(page)


def album_row(page: Page, album: str) -> Locator:
    """Return the album's row in the leaderboard."""
    return page.locator("#albums tr").filter(has=page.get_by_text(album, exact=True))


def get_url(url: str) -> httpx.Response:
    """Get a URL without the page."""
    with httpx.Client(trust_env=False) as client:
        return client.get(url)
