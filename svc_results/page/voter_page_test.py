"""The page of a poll whose votes need tokens, in headless Chromium with the whole system."""

import json
from http import HTTPStatus
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Request, Route, expect

from harness.processes.waiting import wait_until
from harness.testing.browser import keep_screenshot, open_page
from svc_results.testing.page_actions import fresh_page
from svc_results.testing.voter_polls import (
    PHONE,
    QUICK_RETRIES,
    SCOPE,
    Polls,
    counted,
    kept,
    tap,
)

pytest_plugins = ["svc_results.testing.page_fixtures"]

NO_STORAGE: Final = (
    "Object.defineProperty(window, 'localStorage', {get() { throw new Error('refused'); }});"
)


def test_without_a_ticket_nobody_votes_and_its_code_or_link_lets_one_vote(
    browser: Browser, polls: Polls
) -> None:
    address, token = polls.open(), polls.token()
    with open_page(browser, address, **PHONE) as page:
        ticket = page.locator("#ticket")
        expect(ticket).to_contain_text("You need the link or the code on your ticket to vote")
        expect(page.get_by_role("button", name="Rumours")).to_be_disabled()
        keep_screenshot(page, "voter-no-ticket")
        page.get_by_label("Code on your ticket").fill(token[:-1])
        ticket.get_by_role("button").tap()
        expect(ticket).to_contain_text("This is not the code of a ticket.")
        keep_screenshot(page, "voter-wrong-code")
        page.get_by_label("Code on your ticket").fill(f" {address}#voter={token}\n")
        ticket.get_by_role("button").tap()
        expect(ticket).to_be_hidden()
        expect(page.locator("#admitted")).to_contain_text("kept in this browser")
        keep_screenshot(page, "voter-ticket")
        tap(page, "Rumours")
        expect(page.locator("#vote")).to_contain_text("Your vote is in.")
        expect(page.locator("#again")).to_be_hidden()
        keep_screenshot(page, "voter-voted")
        counted(address, rumours=1)
        page.get_by_role("link", name="It is in the record").tap()
        expect(page.locator("h1")).to_have_class("counted")
        wait_until(lambda: page.reload() and page.locator("li").count(), "the proof")
        expect(page.locator("h1")).to_contain_text("Your vote is number")
        expect(page.locator("main")).to_contain_text("Rumours")
        keep_screenshot(page, "voter-receipt")
        page.get_by_role("link", name="Español").tap()
        expect(page.locator("h1")).to_contain_text("Tu voto es el número")


def test_a_link_leaves_no_token_in_the_address_and_sends_it_in_the_body_alone(
    browser: Browser, polls: Polls
) -> None:
    address, token = polls.open(), polls.token()
    requests: list[Request] = []
    with fresh_page(browser, "about:blank", **PHONE) as page:
        page.on("request", lambda request: requests.append(request))
        page.goto(f"{address}?lang=es#voter={token}")
        expect(page).to_have_url(f"{address}?lang=es")
        tap(page, "Blue")
        expect(page.locator("#vote")).to_contain_text("Tu voto ha quedado registrado.")
        keep_screenshot(page, "voter-voted-es")
        [vote] = [request for request in requests if request.url.endswith("/votes")]
        assert vote.post_data_json == {
            "poll": address.rsplit("/", 1)[1],
            "entry": "blue",
            "rank": 1,
            "voter": token,
        }
        for request in requests:
            assert token not in request.url.partition("#")[0]
            assert token not in json.dumps(request.headers)
        page.reload()
        expect(page.locator("#vote")).to_contain_text("Joni Mitchell")
        assert kept(page).count(token) == 1
        # The ticket is for all polls of its scope.
        other = polls.open()
        page.goto(other)
        tap(page, "Rumours")
        expect(page.locator("#vote")).to_contain_text("Fleetwood Mac")
    counted(address, blue=1)
    counted(other, rumours=1)


def test_a_broken_link_says_so_and_a_good_one_replaces_it_without_a_reload(
    browser: Browser, polls: Polls
) -> None:
    address, token = polls.open(), polls.token()
    with open_page(browser, f"{address}#voter={token[:40]}", **PHONE) as page:
        expect(page.locator("#ticket")).to_contain_text("This link is not complete")
        expect(page).to_have_url(address)
        keep_screenshot(page, "voter-broken-link")
        page.evaluate("token => { location.hash = `voter=${token}`; }", token)
        expect(page.get_by_role("button", name="Rumours")).to_be_enabled()
        expect(page).to_have_url(address)
        assert token not in page.evaluate("location.href")


def test_a_voter_with_several_votes_casts_them_in_order_and_no_more(
    browser: Browser, polls: Polls
) -> None:
    address, token = polls.open(votes=3), polls.token()
    with open_page(browser, f"{address}#voter={token}", **PHONE) as page:
        expect(page.locator("#legend")).to_have_text("Vote 1 of 3")
        tap(page, "Rumours")
        expect(page.locator("#vote")).to_contain_text("Fleetwood Mac")
        page.reload()
        keep_screenshot(page, "voter-one-of-three")
        page.get_by_role("link", name="Vote 2 of 3").tap()
        expect(page.locator(".entry", has_text="Rumours")).to_contain_text("Your vote")
        keep_screenshot(page, "voter-second-vote")
        # Another browser uses the second one meanwhile.
        assert polls.cast(address, token, "moon", slot=2) == HTTPStatus.ACCEPTED
        # This one is refused by a route that has met that, and a copy of it by the other one.
        tap(page, "Rumours")
        expect(page.locator("#again")).to_have_text("Vote 3 of 3")
        page.get_by_role("link", name="Vote 3 of 3").tap()
        tap(page, "Blue")
        expect(page.locator("#vote")).to_contain_text("Joni Mitchell")
        expect(page.locator("#again")).to_be_hidden()
        expect(page.locator("#admitted")).to_contain_text("3 of 3 votes used.")
        keep_screenshot(page, "voter-all-voted")
    counted(address, rumours=1, moon=1, blue=1)


def test_with_a_vote_for_each_entry_own_ones_are_marked(browser: Browser, polls: Polls) -> None:
    address, token = polls.open(rank_max=5, per_entry=True), polls.token()
    with open_page(browser, f"{address}#voter={token}", **PHONE) as page:
        for album, rank in {"Rumours": 4, "Blue": 5, "Moon": 1}.items():
            page.locator(".entry", has_text=album).tap()
            page.locator(".rank", has_text=str(rank)).tap()
            page.get_by_role("button", name="Vote", exact=True).tap()
            entry = page.locator(".entry", has_text=album)
            expect(entry).to_contain_text(f"Your rating: {rank}")
            expect(entry.locator("input")).to_be_disabled()
            if album != "Moon":
                expect(page.locator("#outcome")).to_have_text("Your vote is in.")
            keep_screenshot(page, f"voter-entry-{album}")
        expect(page.locator("#legend")).to_have_text("All your votes are in")
        page.reload()
        expect(page.locator(".own")).to_have_count(3)
    counted(address, rumours=1, blue=1, moon=1)


def test_a_vote_without_an_answer_is_sent_again_as_it_was(browser: Browser, polls: Polls) -> None:
    address, token = polls.open(votes=2), polls.token()
    sent: list[Any] = []

    def lose(route: Route, request: Request) -> None:
        sent.append(request.post_data)
        assert route.fetch().status == HTTPStatus.ACCEPTED
        route.abort()

    with open_page(browser, f"{address}#voter={token}", **PHONE) as page:
        page.route("**/votes", lose)
        tap(page, "Blue")
        expect(page.locator("#outcome")).to_contain_text("Sending the same vote again")
        pending: str = page.evaluate("JSON.stringify({...sessionStorage})")
        assert pending.count(token) == 1
        page.unroute("**/votes")
        with page.expect_request("**/votes") as again:
            page.reload()
        assert {*sent, again.value.post_data} == {sent[0]}
        expect(page.locator("#vote")).to_contain_text("Joni Mitchell")
        expect(page.locator("#again")).to_have_text("Vote 2 of 2")
    counted(address, blue=1)


def test_no_other_vote_takes_the_place_of_one_that_may_have_arrived(
    browser: Browser, polls: Polls
) -> None:
    address, token = polls.open(), polls.token()
    with fresh_page(browser, f"{address}#voter={token}", QUICK_RETRIES, **PHONE) as page:
        page.route("**/votes", lambda route: route.abort())
        tap(page, "Blue")
        expect(page.locator("#outcome")).to_contain_text("We could not confirm")
        page.unroute("**/votes")
        tap(page, "Rumours")
        expect(page.locator("#outcome")).to_contain_text("whether your vote for “Blue” arrived")
        tap(page, "Blue")
        expect(page.locator("#vote")).to_contain_text("Joni Mitchell")
    counted(address, blue=1)


@pytest.mark.parametrize("language", ["en", "es"])
def test_who_has_voted_already_learns_when(browser: Browser, polls: Polls, language: str) -> None:
    address, token = polls.open(), polls.token()
    said = {
        "en": "You have voted already, at 20:15; the first vote counts.",
        "es": "Ya has votado, a las 20:15; cuenta el primer voto.",
    }[language]
    problem = {"status": 409, "title": "Voted before", "type": "urn:voting:problem:voted-before"}

    def refuse(route: Route) -> None:
        at = page.evaluate("new Date(new Date().setHours(20, 15, 30)).toISOString()")
        route.fulfill(
            status=409,
            body=json.dumps(problem | {"voted_at": at}),
            content_type="application/problem+json",
        )

    with open_page(browser, f"{address}?lang={language}#voter={token}", **PHONE) as page:
        page.route("**/votes", refuse)
        tap(page, "Blue")
        expect(page.locator("#vote")).to_contain_text(said)
        expect(page.locator("#ballot")).to_be_hidden()
        expect(page.locator("#again")).to_be_hidden()
        keep_screenshot(page, f"voter-voted-before-{language}")
        page.reload()
        expect(page.locator("#vote")).to_contain_text(said)


def test_routes_say_when_a_voter_has_voted_before(browser: Browser, polls: Polls) -> None:
    address, token = polls.open(), polls.token()
    statuses = [polls.cast(address, token, "moon") for _ in range(12)]
    assert {*statuses} == {HTTPStatus.ACCEPTED}  # by now both routes have met it
    with open_page(browser, f"{address}#voter={token}", **PHONE) as page:
        tap(page, "Blue")
        expect(page.locator("#vote")).to_contain_text("You have voted already, at ")
    counted(address, moon=1)


@pytest.mark.parametrize(
    ("scope", "said"),
    [("gala-2025", "This ticket is for other polls"), (SCOPE, "This ticket is not valid")],
)
def test_a_ticket_that_does_not_admit_is_forgotten(
    browser: Browser, polls: Polls, scope: str, said: str
) -> None:
    address, token = polls.open(), polls.token(scope)
    if scope == SCOPE:
        token = token[:-4] + "AAAA"
    with open_page(browser, f"{address}#voter={token}", **PHONE) as page:
        tap(page, "Blue")
        expect(page.locator("#ticket")).to_contain_text(said)
        expect(page.get_by_role("button", name="Blue")).to_be_disabled()
        keep_screenshot(page, f"voter-refused-{scope}")
        assert token not in kept(page)
        page.reload()
        expect(page.locator("#ticket")).to_contain_text("You need the link or the code")
    counted(address)


def test_another_ticket_has_votes_of_its_own(browser: Browser, polls: Polls) -> None:
    address, first, second = polls.open(), polls.token(), polls.token()
    with open_page(browser, f"{address}#voter={first}", **PHONE) as page:
        tap(page, "Blue")
        expect(page.locator("#vote")).to_contain_text("Joni Mitchell")
        page.get_by_role("button", name="Use another ticket").tap()
        page.get_by_label("Code on your ticket").fill(second)
        page.locator("#ticket").get_by_role("button").tap()
        tap(page, "Rumours")
        expect(page.locator("#vote")).to_contain_text("Fleetwood Mac")
        page.goto(f"{address}#voter={first}")
        expect(page.locator("#vote")).to_contain_text("Joni Mitchell")
    counted(address, blue=1, rumours=1)


def test_where_storage_is_refused_the_page_itself_keeps_the_ticket(
    browser: Browser, polls: Polls
) -> None:
    address, token = polls.open(votes=2), polls.token()
    with fresh_page(browser, f"{address}#voter={token}", NO_STORAGE, **PHONE) as page:
        expect(page.locator("#admitted")).to_contain_text("until you leave this page")
        tap(page, "Blue")
        page.get_by_role("link", name="Vote 2 of 2").tap()
        tap(page, "Rumours")
        expect(page.locator("#vote")).to_contain_text("Fleetwood Mac")
        expect(page.locator("#again")).to_be_hidden()
    counted(address, blue=1, rumours=1)


def test_without_scripts_the_page_says_why_one_cannot_vote(browser: Browser, polls: Polls) -> None:
    with fresh_page(browser, polls.open(), java_script_enabled=False, **PHONE) as page:
        expect(page.locator(".notice").first).to_contain_text("Voting here needs JavaScript")
        expect(page.get_by_role("button", name="Rumours")).to_be_disabled()
        assert page.locator("form[action]").count() == 0
        keep_screenshot(page, "voter-without-scripts")


def test_the_page_fits_a_desktop_and_a_dark_room(browser: Browser, polls: Polls) -> None:
    address, token = polls.open(rank_max=5, votes=3), polls.token()
    options = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"}
    with open_page(browser, address, **options) as page:
        keep_screenshot(page, "voter-dark-no-ticket")
        page.evaluate("token => { location.hash = `voter=${token}`; }", token)
        expect(page.locator("#legend")).to_have_text("Vote 1 of 3")
        page.get_by_text("Rumours").first.click()
        page.locator(".rank", has_text="4").click()
        page.get_by_role("button", name="Vote", exact=True).click()
        expect(page.locator("#vote")).to_contain_text("Your rating: 4")
        keep_screenshot(page, "voter-dark-voted")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.viewport_size["width"] if page.viewport_size else False
