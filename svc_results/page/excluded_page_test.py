"""What rulings exclude, on the page and the screen of a poll: Chromium with the whole system."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from harness.system.stack import Stack
from harness.testing.browser import keep_screenshot, open_page
from svc_results.testing.organiser import WaitingOrganiser
from voting.testing.polls import DEFINITION

pytest_plugins = ["svc_results.testing.page_fixtures"]

PHONE: Final[dict[str, Any]] = {"viewport": {"width": 360, "height": 740}, "is_mobile": True}
DARK_PHONE: Final[dict[str, Any]] = {**PHONE, "color_scheme": "dark", "locale": "es-ES"}
SCREEN: Final[dict[str, Any]] = {"viewport": {"width": 1920, "height": 1080}}
# Long, with markup, from right to left, and like our own words.
REASONS: Final = ("W" * 200, "<img src=x onerror=\"document.title='owned'\">", "فيروز 12", "{n}: 3")


@pytest.fixture(scope="module")
def two(stack: Stack) -> Iterator[tuple[WaitingOrganiser, WaitingOrganiser]]:
    organisers = WaitingOrganiser(stack), WaitingOrganiser(stack, stack.colleague_token)
    yield organisers
    for one in organisers:
        one.close_connections()


def cast(url: str, poll: str, count: int) -> list[str]:
    """Vote so often for one entry; return the ids."""
    vote = {"poll": poll, "entry": "moon", "rank": 5}
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        answers = [client.post("votes", json=vote) for _ in range(count)]
    assert {answer.status_code for answer in answers} == {HTTPStatus.ACCEPTED}
    return [answer.json()["id"] for answer in answers]


def fits(page: Page) -> bool:
    """Whether nothing is wider than the page."""
    width: bool = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return width


def test_what_rulings_exclude_and_why_is_said_and_kept_current(
    browser: Browser, url: str, two: tuple[WaitingOrganiser, WaitingOrganiser]
) -> None:
    organiser, colleague = two
    organiser.create("ruled", DEFINITION)
    organiser.open_everywhere("ruled")
    ids = cast(url, "ruled", len(REASONS) + 1)
    with open_page(browser, f"{url}p/ruled", **PHONE) as page:
        expect(page.locator("#total")).to_have_text("5")
        expect(page.locator("#why")).to_be_hidden()
        for vote_id, reason in zip(ids, REASONS, strict=False):
            ruling = organiser.rule("ruled", reason, ids=[vote_id])
            colleague.approve("ruled", ruling)
        expect(page.locator("#total")).to_have_text("1")
        expect(page.locator("#excluded")).to_have_text("Of 5 votes, 4 do not count.")
        page.locator("#why summary").click()
        expected = [f"{reason}: 1" for reason in REASONS]
        expect(page.locator("#rulings li")).to_have_text(expected)
        assert page.locator("#rulings img").count() == 0
        assert fits(page)
        page.reload()  # as the server writes it
        expect(page.locator("#rulings li")).to_have_text(expected)
        lift = organiser.rule("ruled", "A mistake", lifts=1)
        colleague.approve("ruled", lift)
        expect(page.locator("#excluded")).to_have_text("Of 5 votes, 3 do not count.")
        expect(page.locator("#rulings li")).to_have_count(3)
    with open_page(browser, f"{url}p/ruled", **DARK_PHONE) as page:
        expect(page.locator("#excluded")).to_have_text("De 5 votos, 3 no cuentan.")
        page.locator("#why summary").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#rulings")).to_be_visible()
        keep_screenshot(page, "excluded-phone-dark-es")
    with open_page(browser, f"{url}p/ruled/screen", **SCREEN) as page:
        expect(page.locator("#excluded")).to_have_text("3 more do not count")
        assert fits(page)
        keep_screenshot(page, "excluded-screen")
