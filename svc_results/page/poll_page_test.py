"""A poll's page and screen in headless Chromium with the whole system."""

import itertools
import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from harness.processes.waiting import wait_until
from harness.system.stack import Stack
from harness.testing.browser import keep_screenshot, open_page
from svc_results.testing.organiser import WaitingOrganiser
from svc_results.testing.page_actions import fresh_page, get_url
from voting.polls.definition import ShowResult
from voting.testing.polls import DEFINITION, with_changes

pytest_plugins = ["svc_results.testing.page_fixtures"]

PHONE: Final[dict[str, Any]] = {
    "viewport": {"width": 360, "height": 740},
    "is_mobile": True,
    "has_touch": True,
}
_NUMBERS: Final = itertools.count()
# A poll closes 11 s after an organiser closes it, at the soonest.
CLOSING_MS: Final = 20_000


@pytest.fixture(scope="module")
def organiser(stack: Stack) -> Iterator[WaitingOrganiser]:
    organiser = WaitingOrganiser(stack)
    yield organiser
    organiser.close_connections()


@pytest.fixture
def poll(organiser: WaitingOrganiser) -> str:
    """Return an open poll in which one picks an entry."""
    name = f"pick-{next(_NUMBERS)}"
    organiser.create(name, with_changes(rank_max=1))
    organiser.open_everywhere(name)
    return name


@pytest.fixture
def page(browser: Browser, url: str, poll: str) -> Iterator[Page]:
    """Open the poll's page on a phone."""
    with open_page(browser, f"{url}p/{poll}", **PHONE) as page:
        expect(page.locator("#status")).to_have_attribute("data-state", "live")
        yield page


def votes(url: str, poll: str) -> dict[str, int]:
    """Return the votes of each entry that has some."""
    entries = get_url(f"{url}api/polls/{poll}/result").json()["entries"]
    return {entry["id"]: entry["votes"] for entry in entries if entry["votes"]}


def counted(url: str, poll: str, **expected: int) -> None:
    wait_until(lambda: votes(url, poll) == expected, f"{poll} has {expected}")


def tap(page: Page, album: str) -> None:
    page.get_by_role("button", name=album).tap()


def test_a_tap_votes_and_the_vote_is_confirmed_and_shown(page: Page, url: str, poll: str) -> None:
    keep_screenshot(page, "poll-open")
    tap(page, "Rumours")
    mine = page.locator("#vote")
    expect(mine).to_contain_text("Your vote is in.")
    expect(mine).to_contain_text("Fleetwood Mac")
    expect(page.locator("#ballot")).to_be_hidden()
    expect(page.locator("#rows li").first).to_contain_text("Rumours")
    expect(page.locator("#rows li").first).to_contain_text("100.0%")
    keep_screenshot(page, "poll-voted")
    page.reload()
    expect(mine).to_contain_text("Fleetwood Mac")
    page.get_by_role("link", name="Vote again").tap()
    tap(page, "Blue")
    expect(mine).to_contain_text("Joni Mitchell")
    counted(url, poll, rumours=1, blue=1)


def test_two_quick_taps_are_one_vote(page: Page, url: str, poll: str) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.get_by_role("button", name="Rumours").evaluate("b => { b.click(); b.click(); b.click(); }")
    expect(page.locator("#vote")).to_contain_text("Your vote is in.")
    counted(url, poll, rumours=1)
    assert sum(address.endswith("/votes") for address in sent) == 1


def test_a_vote_without_an_answer_outlives_a_reload_and_counts_once(
    page: Page, url: str, poll: str
) -> None:
    sent: list[Any] = []

    def lose(route: Route, request: Request) -> None:
        sent.append(request.post_data_json)
        assert route.fetch().status == HTTPStatus.ACCEPTED
        route.abort()

    page.route("**/votes", lose)
    tap(page, "Blue")
    expect(page.locator("#outcome")).to_contain_text("Sending the same vote again")
    page.unroute("**/votes")

    def note(request: Request) -> None:
        if request.url.endswith("/votes"):
            sent.append(request.post_data_json)

    page.on("request", note)
    page.reload()
    expect(page.locator("#vote")).to_contain_text("Joni Mitchell")
    assert len({vote["id"] for vote in sent}) == 1
    assert len(sent) >= 2
    counted(url, poll, blue=1)
    # The page of the open poll has nothing to do with it.
    page.goto(url)
    expect(page.locator("#status")).to_have_text("Live")
    expect(page.locator("#outcome")).to_be_empty()


def test_going_back_shows_the_vote_again_and_sends_nothing(page: Page, url: str, poll: str) -> None:
    tap(page, "Rumours")
    expect(page.locator("#vote")).to_contain_text("Your vote is in.")
    page.get_by_role("link", name="Go to the start page").tap()
    expect(page.locator("#status")).to_have_text("Live")
    expect(page.get_by_role("navigation", name="Polls")).to_contain_text("Album of the year")
    page.go_back()
    expect(page.locator("#vote")).to_contain_text("Fleetwood Mac")
    counted(url, poll, rumours=1)


def test_offline_says_so_and_the_vote_is_sent_when_the_network_is_back(
    browser: Browser, url: str, poll: str
) -> None:
    # The emulation takes the network from the page alone, not from a worker.
    with fresh_page(browser, f"{url}p/{poll}", "delete window.SharedWorker;", **PHONE) as page:
        expect(page.locator("#status-text")).to_have_text("Live")
        page.context.set_offline(True)
        expect(page.locator("#status-text")).to_have_text("You are offline")
        tap(page, "Blue")
        expect(page.locator("#outcome")).to_contain_text("You are offline.")
        keep_screenshot(page, "poll-offline")
        page.context.set_offline(False)
        expect(page.locator("#vote")).to_contain_text("Joni Mitchell")
    counted(url, poll, blue=1)


@pytest.mark.parametrize("language", ["en", "es"])
def test_without_scripts_a_tap_votes_and_is_confirmed(
    browser: Browser, url: str, poll: str, language: str
) -> None:
    address = f"{url}p/{poll}?lang={language}"
    with fresh_page(browser, address, java_script_enabled=False, **PHONE) as page:
        tap(page, "Rumours")
        said = {"en": "Your vote is in.", "es": "Tu voto ha quedado registrado."}[language]
        expect(page.locator("#vote")).to_contain_text(said)
        keep_screenshot(page, f"poll-without-scripts-{language}")
        page.reload()
    counted(url, poll, rumours=1)


def test_a_scale_is_voted_on_by_choosing_and_rating(
    browser: Browser, url: str, organiser: WaitingOrganiser
) -> None:
    organiser.create("scale", with_changes(rank_max=5))
    organiser.create("long-scale", DEFINITION)
    organiser.open_everywhere("scale")
    organiser.open_everywhere("long-scale")
    with open_page(browser, f"{url}p/scale", **PHONE) as page:
        page.get_by_role("button", name="Vote", exact=True).tap()
        expect(page.locator("#outcome")).to_have_text("Please choose one first.")
        # The message does not cover the button.
        page.get_by_role("button", name="Vote", exact=True).tap(trial=True)
        page.get_by_text("Rumours").first.tap()
        page.locator(".rank", has_text="4").tap()
        page.get_by_role("button", name="Vote", exact=True).tap()
        expect(page.locator("#vote")).to_contain_text("Your rating: 4")
    with fresh_page(browser, f"{url}p/long-scale", java_script_enabled=False, **PHONE) as page:
        page.get_by_text("Rumours").first.tap()
        page.locator("#rank").fill("87")
        page.get_by_role("button", name="Vote", exact=True).tap()
        expect(page.locator("#vote")).to_contain_text("Your vote is in.")
    for poll, rank in {"scale": 4, "long-scale": 87}.items():
        counted(url, poll, rumours=1)
        [first, *_] = get_url(f"{url}api/polls/{poll}/result").json()["entries"]
        assert (first["rank_sum"], first["average_rank"]) == (rank, rank)


def test_a_poll_opens_while_one_looks(
    browser: Browser, url: str, organiser: WaitingOrganiser
) -> None:
    organiser.create("opens", with_changes(rank_max=1))
    organiser.wait_for("opens", "not_open")
    with open_page(browser, f"{url}p/opens?lang=es", **PHONE) as page:
        expect(page.locator("#state")).to_have_text("La votación aún no está abierta")
        expect(page.get_by_role("button", name="Rumours")).to_be_disabled()
        organiser.open_everywhere("opens")
        expect(page.locator("#state")).to_have_text("La votación está abierta")
        expect(page.get_by_role("button", name="Rumours")).to_be_enabled()


def test_a_poll_closes_while_one_looks_and_while_a_vote_is_sent_again(
    browser: Browser, url: str, poll: str, organiser: WaitingOrganiser
) -> None:
    """The phone's clock is an hour fast: the server's counts."""
    wrong_clock = "const now = Date.now; Date.now = () => now() + 3600e3;"
    with fresh_page(browser, f"{url}p/{poll}", wrong_clock, **PHONE) as page:
        organiser.close_now(poll)
        expect(page.locator("#state")).to_have_text("Voting closes in")
        expect(page.locator("#countdown")).to_have_text(re.compile(r"^0:(1[01]|0\d)$"))

        def lose(route: Route) -> None:
            assert route.fetch().status in {HTTPStatus.ACCEPTED, HTTPStatus.CONFLICT}
            route.abort()

        page.route("**/votes", lose)
        tap(page, "Blue")
        expect(page.locator("#outcome")).to_contain_text("Sending the same vote again")
        expect(page.locator("#state")).to_have_text("Voting has closed", timeout=CLOSING_MS)
        page.unroute("**/votes")
        expect(page.locator("#outcome")).to_contain_text(
            "could not confirm that your vote arrived in time", timeout=CLOSING_MS
        )
        expect(page.locator("#ballot")).to_be_hidden()
        keep_screenshot(page, "poll-closed")
    counted(url, poll, blue=1)
    vote = {"poll": poll, "entry": "blue", "rank": "1", "lang": "en"}
    with fresh_page(browser, f"{url}p/{poll}", java_script_enabled=False, **PHONE) as page:
        expect(page.locator("#state")).to_have_text("Voting has closed")
        refused = page.request.post(f"{url}votes", form=dict(vote))
        assert refused.status == HTTPStatus.CONFLICT
        assert "Voting has closed." in refused.text()
        assert f'href="/p/{poll}?lang=en"' in refused.text()


def test_a_screen_shows_the_result_as_it_changes(
    browser: Browser, page: Page, url: str, poll: str
) -> None:
    large = {"viewport": {"width": 1920, "height": 1080}}
    with open_page(browser, f"{url}p/{poll}/screen?background=transparent", **large) as screen:
        expect(screen.locator("#total")).to_have_text("0")
        tap(page, "Blue")
        expect(screen.locator("#rows li").first).to_contain_text("Blue")
        expect(screen.locator("#total")).to_have_text("1")
        background = screen.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == "rgba(0, 0, 0, 0)"
        assert screen.evaluate("document.documentElement.scrollHeight") == 1080
        keep_screenshot(screen, "poll-screen")


def test_a_result_that_may_not_be_seen_yet_is_not_on_the_page(
    browser: Browser, url: str, organiser: WaitingOrganiser
) -> None:
    organiser.create("hidden", with_changes(rank_max=1, show_result=ShowResult.ON_CLOSE))
    organiser.open_everywhere("hidden")
    with open_page(browser, f"{url}p/hidden", **PHONE) as page:
        tap(page, "Blue")
        expect(page.locator("#vote")).to_contain_text("Joni Mitchell")
        expect(page.locator("#waiting")).to_have_text("The result follows when voting has closed.")
        expect(page.locator("#board")).to_be_hidden()


def test_only_a_newer_definition_reloads_the_page(browser: Browser, url: str, poll: str) -> None:
    """An instance that is behind would have it reloaded for ever."""
    address = f"{url}p/{poll}"
    found = re.search(r'"version": ?(\d+)', get_url(address).text)
    assert found
    version = int(found[1])

    def snapshot(version: int) -> str:
        state = {"version": version, "phase": "open", "opens_at": None, "closes_at": None}
        result = {"result_shown": False, "result": None, "final": False}
        data = {**state, **result, "counted": True, "current": False}
        return f"event: results\ndata: {json.dumps(data)}\n\n"

    def send(page: Page, *versions: int) -> None:
        body = "".join(map(snapshot, versions))
        page.unroute("**/events")
        page.route("**/events", lambda r: r.fulfill(body=body, content_type="text/event-stream"))

    loads: list[Page] = []
    with fresh_page(browser, "about:blank", "delete window.SharedWorker;") as page:
        send(page, version - 1, version)
        page.on("load", lambda loaded: loads.append(loaded))
        page.goto(address)
        expect(page.locator("#stale-notice")).to_be_visible()
        assert len(loads) == 1
        with page.expect_event("load"):
            send(page, version + 1)


def test_a_poll_that_does_not_exist_is_a_page(browser: Browser, url: str) -> None:
    with open_page(browser, f"{url}p/nothing", locale="es-ES", **PHONE) as page:
        expect(page.get_by_role("heading")).to_have_text("Esta votación no existe")
