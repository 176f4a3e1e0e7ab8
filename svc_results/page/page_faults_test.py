"""The page without its script, an answer, the network, or the features of a new browser."""

import json
import re
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from harness.processes.waiting import wait_until
from harness.testing.browser import keep_screenshot, open_page
from svc_results.page.messages import CATALOGUE
from svc_results.testing.page_actions import (
    album_row,
    fill_form,
    fresh_page,
    get_url,
    press_vote,
    vote,
)
from voting.domain.vote import TOO_MANY_ALBUMS

pytest_plugins = ["svc_results.testing.page_fixtures"]

# Removes the features that the oldest supported browsers lack.
NEWER: Final = """
  delete AbortSignal.timeout; delete AbortSignal.any; delete AbortSignal.prototype.throwIfAborted;
  for (const name of ["BroadcastChannel", "SharedWorker", "structuredClone", "trustedTypes",
    "scheduler", "reportError", "Temporal", "CompressionStream", "Iterator"]) delete window[name];
  for (const name of ["at", "findLast", "findLastIndex", "toSorted", "toReversed", "with"])
    delete Array.prototype[name];
  for (const name of ["at", "replaceAll", "isWellFormed", "toWellFormed"])
    delete String.prototype[name];
  for (const name of ["hasOwn", "groupBy"]) delete Object[name];
  for (const name of ["any", "withResolvers", "try"]) delete Promise[name];
  for (const name of ["replaceChildren", "setHTMLUnsafe", "checkVisibility", "moveBefore"]) {
    for (const kind of [Element, Node, DocumentFragment]) delete kind.prototype[name];
  }
  delete Crypto.prototype.randomUUID; delete Navigator.prototype.locks; delete Map.groupBy;
"""


def counted(url: str, album: str) -> None:
    """Wait until the album has exactly one vote."""

    def shown() -> bool:
        albums = get_url(f"{url}api/results").json()["albums"]
        return [entry["votes"] for entry in albums if entry["album"] == album] == [1]

    wait_until(shown, f"{album} has one vote")


# The script.


def test_a_vote_without_scripts_counts_once_and_is_confirmed(browser: Browser, url: str) -> None:
    with fresh_page(browser, url, java_script_enabled=False) as page:
        vote(page, "No Script")
        expect(page.locator("#outcome")).to_have_text(re.compile("Your vote is in.*[0-9a-f-]{36}"))
        keep_screenshot(page, "voted-without-scripts")
        page.reload()
        counted(url, "No Script")


@pytest.mark.parametrize("fault", ["gone", "throws"])
def test_a_vote_counts_when_the_script_does_not_load_or_fails(
    browser: Browser, url: str, fault: str
) -> None:
    with fresh_page(browser, "about:blank") as page:
        if fault == "gone":
            page.route("**/static/**/page.js", lambda route: route.abort())
        else:
            page.route(
                "**/static/**/page.js",
                lambda route: route.fulfill(body="throw 1", content_type="text/javascript"),
            )
        page.goto(url)
        vote(page, f"Script {fault}")
        expect(page.locator("#outcome")).to_contain_text("Your vote is in")
    counted(url, f"Script {fault}")


def test_a_vote_submitted_before_the_script_loads_counts(browser: Browser, url: str) -> None:
    held: list[Route] = []
    with fresh_page(browser, "about:blank") as page:
        page.route("**/static/**/page.js", lambda route: held.append(route))
        page.goto(url, wait_until="commit")
        vote(page, "Early")
        expect(page).to_have_url(re.compile(r"voted="))
        expect(page.locator("#outcome")).to_contain_text("Your vote is in")
    counted(url, "Early")


def test_a_vote_that_the_script_cannot_send_is_sent_by_the_browser(
    browser: Browser, url: str
) -> None:
    sent: list[str] = []
    with fresh_page(browser, url) as page:
        expect(page.locator("#status")).to_have_text("Live")
        page.evaluate("() => { window.AbortController = undefined; }")
        page.on("request", lambda request: sent.append(request.post_data or ""))
        vote(page, "Plainly")
        expect(page.locator("#outcome")).to_contain_text("Your vote is in")
        [form] = filter(None, sent)
        assert re.search("&id=[0-9a-f-]{36}", form)
        assert page.evaluate("sessionStorage.length") == 0
    counted(url, "Plainly")


@pytest.mark.parametrize("language", ["en", "es"])
def test_an_invalid_form_is_answered_with_a_page_and_can_be_corrected(
    browser: Browser, url: str, language: str
) -> None:
    phone: dict[str, Any] = {"viewport": {"width": 360, "height": 640}}
    address = f"{url}?lang={language}"
    with fresh_page(browser, address, java_script_enabled=False, **phone) as page:
        page.locator("#name").fill("   ")
        page.locator("#album").fill(f"Mended {language}")
        page.locator("#year").fill("1975")
        press_vote(page)
        words = CATALOGUE[language]  # type: ignore[index]
        expect(page.get_by_role("alert")).to_have_text(words["correct_it"])
        expect(page.locator("#error")).to_have_text(words["wrong_name"])
        expect(page.locator("#album")).to_have_value(f"Mended {language}")
        keep_screenshot(page, f"form-refused-{language}")
        page.locator("#name").fill("Neil Young")
        page.get_by_role("button").click()
        expect(page.locator("#outcome")).to_contain_text(words["accepted"])
    counted(url, f"Mended {language}")


def test_another_sites_page_cannot_vote_for_its_visitors(browser: Browser, url: str) -> None:
    evil = f"""<form method=post action="{url}votes"><input name=name value=Evil>
      <input name=album value=Evil><input name=year value=1975><input name=rank value=1>
      <button>Win a prize</button></form>"""
    with fresh_page(browser, "about:blank") as page:
        page.route("http://evil.test/", lambda r: r.fulfill(body=evil, content_type="text/html"))
        page.goto("http://evil.test/")
        page.get_by_role("button").click()
        expect(page.get_by_role("alert")).to_contain_text("sent from another site")
        assert page.locator("form").count() == 0


# An answer.


def test_a_vote_with_a_lost_answer_is_sent_again_after_a_reload_and_counts_once(
    page: Page, url: str
) -> None:
    sent: list[Any] = []

    def lose(route: Route, request: Request) -> None:
        sent.append(json.loads(request.post_data or ""))
        if len(sent) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/votes", lose)
    page.evaluate("window.setTimeout = () => 0")  # until the reload nothing is sent again
    vote(page, "Reloaded")
    expect(page.locator("#outcome")).to_contain_text("No response yet.")
    page.reload()
    expect(page.locator("#outcome")).to_contain_text("Your vote is in")
    assert sent[0] == sent[1]
    expect(album_row(page, "Reloaded").locator(".votes")).to_have_text("1")
    page.reload()
    expect(page.locator("#status")).to_have_text("Live")
    expect(page.locator("#outcome")).to_be_empty()
    assert len(sent) == 2


def test_a_vote_that_was_refused_is_not_sent_again(page: Page) -> None:
    fill_form(page, " ", "Refused", "1975")
    press_vote(page)
    expect(page.locator("#name-error")).not_to_be_empty()
    page.reload()
    expect(page.locator("#status")).to_have_text("Live")
    assert page.evaluate("sessionStorage.length") == 0
    expect(page.get_by_label("Artist or band")).to_have_value("")


def test_a_browser_without_storage_can_vote(browser: Browser, url: str) -> None:
    setup = """Object.defineProperty(window, "sessionStorage", { get() { throw new Error(); } });"""
    with fresh_page(browser, url, setup) as page:
        vote(page, "Nothing Kept")
        expect(page.locator("#outcome")).to_contain_text("Your vote is in, via")


# An old browser.


def test_an_old_browser_can_vote_and_gets_live_results(browser: Browser, url: str) -> None:
    errors: list[str] = []
    with fresh_page(browser, "about:blank", NEWER) as page:
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        expect(page.locator("#status")).to_have_text("Live")
        assert page.evaluate("typeof SharedWorker + typeof AbortSignal.timeout") == "undefined" * 2
        vote(page, "Old Browser")
        expect(page.locator("#outcome")).to_contain_text("Your vote is in, via")
        expect(album_row(page, "Old Browser").locator(".votes")).to_have_text("1")
    assert errors == []


# The network.


def test_offline_is_shown_and_the_vote_is_sent_once_online(browser: Browser, url: str) -> None:
    with fresh_page(browser, url, "delete window.SharedWorker;") as page:
        expect(page.locator("#status")).to_have_text("Live")
        page.context.set_offline(True)
        expect(page.locator("#status")).to_have_text("You are offline")
        vote(page, "Offline")
        expect(page.locator("#outcome")).to_have_text(CATALOGUE["en"]["waiting_online"])
        keep_screenshot(page, "offline")
        page.context.set_offline(False)
        expect(page.locator("#outcome")).to_contain_text("Your vote is in, via")
        expect(page.locator("#status")).to_have_text("Live")


# Words.


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(
    ("status", "problem", "place", "key"),
    [
        (422, {"field": "name", "detail": "name: Redis"}, "#name-error", "wrong_name"),
        (422, {"field": "album", "detail": "album: Redis"}, "#album-error", "wrong_album"),
        (422, {"field": "year", "detail": "year: Redis"}, "#year-error", "wrong_year"),
        (422, {"field": "rank", "detail": "rank: Redis"}, "#rank-error", "wrong_rank"),
        (422, {"field": "id", "detail": "id: Redis"}, "#outcome", "refused"),
        (
            422,
            {"type": TOO_MANY_ALBUMS, "field": "album", "detail": "Redis"},
            "#outcome",
            "too_many_albums",
        ),
        (403, {"detail": "Redis"}, "#outcome", "refused"),
        (413, {"detail": "Redis"}, "#outcome", "refused"),
        (431, None, "#outcome", "refused"),
        (408, {"detail": "Redis"}, "#outcome", "retrying"),
        (429, {"detail": "Redis"}, "#outcome", "retrying_busy"),
        (502, None, "#outcome", "retrying"),
        (503, {"detail": "Redis"}, "#outcome", "retrying"),
    ],
)
def test_every_answer_is_shown_in_the_voters_language(
    browser: Browser, url: str, language: str, status: int, problem: Any, place: str, key: str
) -> None:
    words = CATALOGUE[language]  # type: ignore[index]
    body = "<h1>Bad Gateway</h1>" if problem is None else json.dumps(problem)
    with open_page(browser, f"{url}?lang={language}") as page:
        expect(page.locator("#status")).to_have_text(words["live"])
        page.route(
            "**/votes",
            lambda route: route.fulfill(status=status, body=body, headers={"retry-after": "7"}),
        )
        for field, value in {"name": "Neil", "album": "Zuma", "year": "1975"}.items():
            page.locator(f"#{field}").fill(value)
        press_vote(page)
        expect(page.locator(place)).to_have_text(words[key].format(seconds=7))
        expect(page.locator("body")).not_to_contain_text("Redis")
