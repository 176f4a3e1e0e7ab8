"""What tests do with the page."""

from typing import Final

import httpx
from playwright.sync_api import Locator, Page

NASTY: Final = "<b>Björk</b> & فيروز 🎸 " + "x" * 150


def cast(url: str, album: str, rank: int) -> None:
    """Cast a vote for an album without the page."""
    vote = {"name": "Neil Young", "album": album, "year": 1972, "rank": rank}
    with httpx.Client(timeout=30, trust_env=False) as client:
        client.post(f"{url.rstrip('/')}/votes", json=vote).raise_for_status()


def fill(page: Page, name: str, album: str, year: str) -> None:
    """Fill in the form, all but the rank."""
    page.get_by_label("Artist or band").fill(name)
    page.get_by_label("Album", exact=True).fill(album)
    page.get_by_label("Year").fill(year)


def press_vote(page: Page) -> None:
    """Press the form's button."""
    page.locator("#cast").click()


def row(page: Page, album: str) -> Locator:
    """Return the album's row in the leaderboard."""
    return page.locator("#albums tr").filter(has=page.get_by_text(album, exact=True))
