"""The console in headless Chromium, with the service as a process and a real broker."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from harness.processes.waiting import wait_until
from harness.testing.browser import keep_screenshot, open_page
from svc_polls.testing.desk import (
    LAPTOP,
    NASTY,
    NASTY_AUTHOR,
    TABLET,
    Desk,
    choose,
    press,
    sign_in,
)
from voting.domain.times import from_rfc3339, to_rfc3339

pytest_plugins = ["harness.testing.fixtures", "svc_polls.testing.console_fixtures"]


def test_a_token_lets_in_is_kept_in_the_tab_only_and_is_forgotten(page: Page, desk: Desk) -> None:
    desk.define("let-in")
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    page.locator("#token").fill("nobody")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#token-error")).to_contain_text("not an organiser's")
    expect(page.locator("#console")).to_be_hidden()
    sign_in(page, "oli")
    expect(page.locator("#who")).to_have_text("oli operator")
    expect(page.locator("#token")).to_have_value("")
    assert not any("oli" in url for url in urls)
    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length") == 0
    page.reload()
    expect(page.locator("#who")).to_have_text("oli operator")
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#token")).to_be_focused()
    assert page.evaluate("sessionStorage.length") == 0
    expect(page.locator("#polls")).to_be_empty()


def test_a_poll_is_opened_extended_and_closed_with_a_question_each(page: Page, desk: Desk) -> None:
    poll = desk.define("whole-way", title="The whole way", show_result="on_release")
    sign_in(page, "oli")
    choose(page, poll)
    press(page, "open")
    expect(page.locator("#confirm")).to_contain_text("The whole way")
    expect(page.locator("#effect")).to_contain_text("at once")
    page.locator("#cancel").click()
    assert desk.ask("GET", f"/{poll}")["phase"] == "draft"
    press(page, "open")
    page.locator("#go").click()
    expect(page.locator("#phase")).to_have_text("Open")
    expect(page.locator("#outcome")).to_contain_text("Open since")
    press(page, "close_at")
    page.locator("#new-end").fill("2020-01-01T00:00:00")
    page.locator("#go").click()
    expect(page.locator("#new-end-error")).to_contain_text("at least 11 s ahead")
    page.get_by_role("button", name="+1 min").click()
    page.locator("#go").click()
    expect(page.locator("#count-label")).to_have_text("closes in")
    before = desk.ask("GET", f"/{poll}")["closes_at"]
    press(page, "extend")
    page.get_by_role("button", name="+10 min").click()
    page.locator("#go").click()
    wait_until(lambda: desk.ask("GET", f"/{poll}")["closes_at"] != before, "the new end")
    after = datetime.fromisoformat(desk.ask("GET", f"/{poll}")["closes_at"])
    assert after - datetime.fromisoformat(before) == timedelta(minutes=10)
    press(page, "close")
    expect(page.locator("#effect")).to_contain_text(re.compile(r"11 s .*\d\d:\d\d:\d\d"))
    expect(page.locator("#final")).to_have_text("A closed poll never opens again.")
    expect(page.locator("#cancel")).to_be_focused()
    keep_screenshot(page, "console-close-now")
    page.locator("#go").click()
    expect(page.locator("#outcome")).to_contain_text(re.compile(r"Voting ends at \d\d:\d\d:\d\d"))
    expect(page.locator("#role-hint")).to_contain_text("less than 11 s")
    expect(page.locator("#phase")).to_have_text("Final")
    expect(page.locator("#history tr").first).to_contain_text("svc_polls")
    expect(page.locator("#role-hint")).to_contain_text("role releaser")
    expect(page.locator("#actions button:visible")).to_have_count(0)
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, "rea")
    choose(page, poll)
    expect(page.locator("#facts")).to_contain_text("not published yet")
    press(page, "publish")
    expect(page.locator("#final")).to_contain_text("A published result stands for good")
    page.locator("#go").click()
    expect(page.locator("#history tr").first).to_contain_text("published the signed result")
    expect(page.locator("#facts")).to_contain_text("published, for good")
    expect(page.locator("#do-publish")).to_be_hidden()
    press(page, "release")
    page.locator("#go").click()
    expect(page.locator("#outcome")).to_contain_text("The result is shown since")
    expect(page.locator("#history tr").first).to_contain_text("released the result")
    assert desk.ask("GET", f"/{poll}")["shows_result"] is True


def test_without_the_role_the_page_says_so_and_offers_nothing(page: Page, desk: Desk) -> None:
    poll = desk.define("look-only")
    sign_in(page, "eva")
    choose(page, poll)
    expect(page.locator("#role-hint")).to_contain_text("do not have the role operator")
    expect(page.locator("#actions button:visible")).to_have_count(0)


def test_a_change_by_somebody_else_in_between_is_shown_and_nothing_is_done(
    page: Page, desk: Desk
) -> None:
    poll = desk.define("crossed")
    desk.ask("POST", f"/{poll}/open")
    sign_in(page, "oli")
    choose(page, poll)
    press(page, "close")
    end = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="milliseconds")
    desk.ask("POST", f"/{poll}/close", "ana", json={"closes_at": end})
    page.locator("#go").click()
    outcome = page.locator("#outcome")
    expect(outcome).to_contain_text("Nothing was changed: ana changed this poll in the meantime")
    expect(outcome).to_contain_text("set the end to")
    expect(page.locator("#history tr").first).to_contain_text("ana")
    expect(page.locator("#do-extend")).to_be_visible()
    assert desk.ask("GET", f"/{poll}")["phase"] == "open"
    press(page, "close")  # decided again, now that the change is visible
    page.locator("#go").click()
    expect(outcome).to_contain_text("Voting ends at")


def test_the_keyboard_is_enough(page: Page, desk: Desk) -> None:
    poll = desk.define("by-keys")
    expect(page.locator("#token")).to_be_focused()
    page.keyboard.type("ana")
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_have_attribute("data-state", "live")

    def tab_to(selector: str, most: int = 60) -> None:
        for _ in range(most):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert outline == "solid"
                return
        raise AssertionError(f"Tab does not lead to {selector}")

    tab_to(f'a[href="#/{poll}"]')
    page.keyboard.press("Enter")
    expect(page.locator("#poll-id")).to_have_text(poll)
    tab_to("#do-open")
    page.keyboard.press("Enter")
    expect(page.locator("#cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#confirm")).to_be_hidden()
    expect(page.locator("#do-open")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to("#go")
    page.keyboard.press("Enter")
    expect(page.locator("#phase")).to_have_text("Open")


def test_a_question_asked_at_once_after_another_one_is_the_one_that_counts(
    page: Page, desk: Desk
) -> None:
    poll = desk.define("asked-twice")
    sign_in(page, "ana")
    choose(page, poll)
    # In one turn, so that the event of the first one's closing comes after the second one is open.
    page.evaluate("""() => {
        for (const id of ["do-open", "cancel", "do-open"]) document.getElementById(id).click();
    }""")
    page.evaluate("() => new Promise(requestAnimationFrame)")
    page.locator("#go").click()
    expect(page.locator("#phase")).to_have_text("Open")


def test_a_rehearsal_is_marked_wherever_it_is_named(page: Page, desk: Desk) -> None:
    poll = desk.define("trial", rehearsal=True)
    sign_in(page, "ana")
    choose(page, poll)
    expect(page.locator('#polls a[href="#/trial"] .badge')).to_have_text("Rehearsal")
    expect(page.locator("#rehearsal")).to_be_visible()
    press(page, "open")
    expect(page.locator("#confirm-rehearsal")).to_contain_text("not the real poll")
    keep_screenshot(page, "console-rehearsal")
    page.keyboard.press("Escape")
    choose(page, desk.define("no-trial"))
    expect(page.locator("#rehearsal")).to_be_hidden()


def test_it_shows_who_votes_and_that_it_was_changed(browser: Browser, desk: Desk) -> None:
    poll = desk.define("with-voters")
    whole = desk.ask("GET", f"/{poll}")["definition"]
    words = {
        "en": ("Who votes", "with tokens, 1 vote each (awards-2026, key 2)", "changed: who votes"),
        "es": (
            "Quién vota",
            "con códigos de voto, 1 voto cada uno (awards-2026, clave 2)",
            "cambió: quién vota",
        ),
    }
    for locale, (label, fact, change) in words.items():
        with open_page(browser, desk.running.url, locale=locale, viewport=LAPTOP) as page:
            sign_in(page, "ana")
            choose(page, poll)
            facts = page.locator("#facts div").filter(has_text=label)
            if locale == "en":
                expect(facts).to_contain_text("anybody, as often as they like")
                voters = {"scope": "awards-2026", "key": 2}
                desk.change(poll, whole | {"voters": voters})
            expect(facts).to_contain_text(fact)
            expect(page.locator("#history")).to_contain_text(change)
            keep_screenshot(page, f"console-voters-{locale}")
    desk.change(poll, whole | {"voters": {"scope": "awards-2026", "votes": 3}})
    several = "with tokens, 3 votes each (awards-2026, key 1)"
    with open_page(browser, desk.running.url, viewport=LAPTOP) as page:
        sign_in(page, "ana")
        choose(page, poll)
        expect(page.locator("#facts")).to_contain_text(several)
        desk.change(poll, whole | {"voters": {"scope": "awards-2026", "per_entry": True}})
        expect(page.locator("#facts")).to_contain_text("with tokens, 1 vote for each entry")


def test_it_shows_what_classes_weigh_and_how_ties_are_decided(browser: Browser, desk: Desk) -> None:
    poll = desk.define("with-classes")
    whole = desk.ask("GET", f"/{poll}")["definition"]
    jury = {"name": "jury", "number": 1, "weight": 40}
    classes = [{"name": "audience", "weight": 60}, jury]
    voters = {"scope": "awards-2026", "classes": classes}
    words = {
        "en": (
            "rank sum, then a shared place",
            "audience 60, jury 40",
            "votes of jury, votes of all, order of the entries",
            "changed: who votes, how ties are decided",
        ),
        "es": (
            "suma de puntuaciones y, si siguen, mismo puesto",
            "audience 60, jury 40",
            "votos de jury, votos de todos, orden de las opciones",
            "cambió: quién vota, cómo se deciden los empates",
        ),
    }
    for locale, (before, weights, ties, change) in words.items():
        desk.change(poll, whole)
        with open_page(browser, desk.running.url, locale=locale, viewport=LAPTOP) as page:
            sign_in(page, "ana")
            choose(page, poll)
            facts = page.locator("#facts")
            expect(facts).to_contain_text(before)
            expect(facts).not_to_contain_text("jury")
            desk.change(poll, whole | {"voters": voters, "ties": ["class:jury", "votes", "order"]})
            expect(facts).to_contain_text(weights)
            expect(facts).to_contain_text(ties)
            expect(page.locator("#history")).to_contain_text(change)
            keep_screenshot(page, f"console-classes-{locale}")


def test_titles_and_authors_are_text_only(page: Page, desk: Desk) -> None:
    poll = desk.define("xss", title=NASTY, spanish=NASTY)
    sign_in(page, "ana")
    choose(page, poll)
    expect(page.locator("#poll-title")).to_have_text(NASTY)
    press(page, "open")
    expect(page.locator("#confirm-poll")).to_have_text(NASTY)
    page.keyboard.press("Escape")
    choose(page, "hostile")
    expect(page.locator("#history tr").first).to_contain_text(NASTY_AUTHOR)
    assert page.locator("#console img, #console script").count() == 0
    assert page.title() == "Polls console"


def test_a_spanish_browser_gets_the_console_in_spanish(browser: Browser, desk: Desk) -> None:
    poll = desk.define("idioma", title="Song of the year", spanish="Canción del año")
    desk.ask("POST", f"/{poll}/open")
    with open_page(browser, desk.running.url, locale="es-AR", viewport=LAPTOP) as page:
        sign_in(page, "oli")
        choose(page, poll)
        expect(page.locator("#poll-title")).to_have_text("Canción del año")
        press(page, "close")
        expect(page.locator("#effect")).to_contain_text("Tiene efecto 11 s después")
        page.keyboard.press("Escape")
        keep_screenshot(page, "console-spanish")
        page.locator("#language").click()  # the same poll, and nobody has to sign in again
        expect(page.locator("#poll-title")).to_have_text("Song of the year")
        expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_servers_clock_counts_down_not_the_laptops(browser: Browser, desk: Desk) -> None:
    end = datetime.now(UTC) + timedelta(hours=2)
    poll = desk.define("clock", closes_at=end.isoformat(timespec="milliseconds"))
    desk.ask("POST", f"/{poll}/open")
    with open_page(browser, "about:blank", viewport=LAPTOP) as page:
        page.clock.install(time=datetime.now(UTC) + timedelta(days=3))
        page.goto(desk.running.url)
        sign_in(page, "oli")
        choose(page, poll)
        expect(page.locator("#count")).to_have_text(re.compile(r"^1:59:\d\d$"))


def test_the_countdown_is_right_after_the_laptop_was_asleep(page: Page, desk: Desk) -> None:
    end = datetime.now(UTC) + timedelta(hours=2)
    poll = desk.define("asleep", closes_at=end.isoformat(timespec="milliseconds"))
    desk.ask("POST", f"/{poll}/open")
    sign_in(page, "oli")
    choose(page, poll)
    expect(page.locator("#count")).to_have_text(re.compile(r"^1:59:\d\d$"))
    # As if the laptop had been asleep for an hour, in which its own clock stood still.
    page.route("**/api/**", an_hour_later)
    expect(page.locator("#count")).to_have_text(re.compile(r"^59:\d\d$"))
    page.unroute_all(behavior="wait")


def an_hour_later(route: Route) -> None:
    answer = route.fetch()
    body = answer.json()
    if "now" in body:
        body["now"] = to_rfc3339(from_rfc3339(body["now"]) + 3_600_000)
    route.fulfill(response=answer, json=body)


@pytest.mark.parametrize("viewport", [LAPTOP, TABLET], ids=["laptop", "tablet"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_runs_out_of_the_page(
    browser: Browser, desk: Desk, viewport: Any, scheme: Any
) -> None:
    poll = desk.define(f"wide-{viewport['width']}-{scheme}", title="W" * 200, spanish=NASTY)
    with open_page(
        browser, desk.running.url, viewport=viewport, color_scheme=scheme, reduced_motion="reduce"
    ) as page:
        sign_in(page, "ana")
        choose(page, poll)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        keep_screenshot(page, f"console-{viewport['width']}-{scheme}")
        press(page, "open")
        assert page.evaluate("document.getElementById('confirm').scrollWidth") <= 768
