"""What open proposals would take, in the console: headless Chromium, real servers, real votes."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from harness.servers.kafka_server import KafkaServer
from harness.testing.browser import chromium, keep_screenshot, open_page
from svc_polls.testing.desk import LAPTOP, Desk, choose, desk_of, sign_in
from svc_polls.testing.running import PARTITIONS
from voting.domain.vote import Vote, new_vote_id
from voting.polls.ruling import RULINGS_MAX
from voting.testing.examples import vote_with

if TYPE_CHECKING:  # pytest loads it as a plugin and must be the first to do so
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures"]

PHONE: Final = {"width": 390, "height": 844}
JURY: Final = {"name": "jury", "number": 1}
VOTERS: Final = {"scope": "awards-2026", "classes": [{"name": "audience"}, JURY]}
VOTES: Final = 12  # a third of them the jury's


@pytest.fixture(scope="module")
def desk(kafka: KafkaServer, service: StartService) -> Iterator[Desk]:
    with desk_of(kafka, service) as found:
        found.start_consumer()
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def opened(desk: Desk, poll: str, **fields: Any) -> str:
    desk.define(poll, **{"voters": VOTERS, **fields})
    desk.ask("POST", f"/{poll}/open")
    return poll


def rule(desk: Desk, poll: str, who: str = "rea", **form: Any) -> None:
    desk.ask("POST", f"/{poll}/rulings", who, json={"reason": "Sold votes", **form})


def votes_in(poll: str) -> list[Vote]:
    return [
        vote_with(
            id=new_vote_id(n % PARTITIONS), poll=poll, entry=f"e{n % 2}", rank=1, poll_event=1,
            voter_class=int(n % 3 == 0),
        )
        for n in range(VOTES)
    ]  # fmt: skip


def open_console(browser: Browser, desk: Desk, **options: Any) -> Any:
    return open_page(browser, desk.running.url, **{"viewport": LAPTOP, **options})


def test_whoever_approves_sees_before_how_many_votes_it_takes(browser: Browser, desk: Desk) -> None:
    poll = opened(desk, "awards", show_result="on_release")
    desk.cast(votes_in(poll))
    rule(desk, poll, voter_class="jury")
    with open_console(browser, desk) as page:
        sign_in(page, "ana")
        choose(page, poll)
        takes = "Votes it takes as of now: 4 of 12"
        expect(page.locator("#preview-1")).to_have_text(takes)
        approve = page.get_by_role("button", name="Approve ruling 1")
        expect(approve).to_have_accessible_description(takes)
        approve.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#confirm-preview")).to_have_text(takes)
        expect(page.locator("#cancel")).to_be_focused()
        keep_screenshot(page, "preview-approve-laptop")
        page.keyboard.press("Tab")
        expect(page.locator("#go")).to_be_focused()
        expect(page.locator("#go")).to_have_accessible_description(takes)
        page.keyboard.press("Enter")
        expect(page.locator("#outcome")).to_contain_text("Ruling 1 is in force since")
        expect(page.locator("#preview-1")).to_be_hidden()
        page.locator("#lift-1").click()
        page.locator("#ruling-reason").fill("They were people")
        page.keyboard.press("Enter")
        gives = "Votes that come back as of now: 4, besides 8 that count"
        expect(page.locator("#preview-2")).to_have_text(gives)
        keep_screenshot(page, "preview-own-lift-laptop")
    options: Any = {"viewport": PHONE, "locale": "es-ES", "color_scheme": "dark"}
    with open_console(browser, desk, **options) as page:
        sign_in(page, "rea")
        choose(page, poll)
        expect(page.locator("#preview-2")).to_have_text(
            "Votos que vuelven en este momento: 4, además de 8 que cuentan"
        )
        page.locator("#approve-2").click()
        expect(page.locator("#confirm-preview")).to_contain_text("4, además de 8")
        keep_screenshot(page, "preview-approve-phone")
        page.keyboard.press("Escape")
        page.locator("#do-exclude").click()  # the next question is about no ruling
        page.keyboard.press("Escape")
        expect(page.locator("#confirm-preview")).to_be_hidden()


def test_until_the_result_is_shown_only_releasers_see_it(browser: Browser, desk: Desk) -> None:
    poll = opened(desk, "embargoed", show_result="on_release")
    rule(desk, poll, voter_class="jury")
    hidden = "for releasers only, until the result is shown"
    with open_console(browser, desk) as page:
        sign_in(page, "oli")
        choose(page, poll)
        expect(page.locator("#preview-1")).to_contain_text(hidden)
        keep_screenshot(page, "preview-hidden-laptop")
        page.locator("#sign-out").click()
        sign_in(page, "rea")
        choose(page, poll)
        expect(page.locator("#preview-1")).to_have_text("Votes it takes as of now: 0 of 0")


class Previews:
    """Answers for the service what it is asked about previews, in this order, the last for ever."""

    def __init__(self, *previews: dict[str, Any]) -> None:
        self._previews = list(previews)

    def __call__(self, route: Route) -> None:
        left = len(self._previews) > 1
        preview = self._previews.pop(0) if left else self._previews[0]
        found = {"state": "unknown", "votes": None, "votes_now": None, "reason": None, **preview}
        route.fulfill(body=json.dumps({"preview": found}), content_type="application/json")


COUNTED: Final = {"state": "counted", "votes": 212, "votes_now": 10_400}


def test_a_long_count_is_awaited_and_what_cannot_be_known_is_said(
    browser: Browser, desk: Desk
) -> None:
    poll = opened(desk, "long-count")
    rule(desk, poll, voter_class="jury")
    with open_console(browser, desk) as page:
        page.route("**/rulings/1?ids=false", Previews({"state": "counting"}, COUNTED))
        sign_in(page, "ana")
        choose(page, poll)
        expect(page.locator("#preview-1")).to_contain_text("is being counted")
        expect(page.locator("#preview-1")).to_have_text("Votes it takes as of now: 212 of 10,400")
        page.unroute("**/rulings/1?ids=false")
        page.route("**/rulings/1?ids=false", lambda _: None)  # no answer
        rule(desk, poll, voter_class="audience")  # approved, it could change what ruling 1 takes
        expect(page.locator("#preview-1")).to_contain_text("is being counted")
    with open_console(browser, desk, locale="es-ES") as page:
        reason = "the vote log lacks 12 records of partition 3"
        page.route("**/rulings/1?ids=false", Previews({"reason": reason}))
        sign_in(page, "ana")
        choose(page, poll)
        expect(page.locator("#preview-1")).to_have_text(
            "Ahora no se puede saber a cuántos votos afecta: "
            "al registro de votos le faltan 12 registros de la partición 3"
        )
        page.unroute("**/rulings/1?ids=false")
        page.route("**/rulings/1?ids=false", lambda route: route.abort())
        page.locator("#approve-1").click()
        expect(page.locator("#confirm-preview")).to_contain_text("no se puede saber")


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
@pytest.mark.parametrize(("scheme", "locale"), [("light", "en-GB"), ("dark", "es-ES")])
def test_previews_have_room_with_no_ruling_one_and_as_many_as_there_may_be(
    browser: Browser, desk: Desk, viewport: Any, scheme: Any, locale: str
) -> None:
    name = f"{viewport['width']}-{scheme}"
    polls = {count: opened(desk, f"rulings-{name}-{count}") for count in (0, 1, RULINGS_MAX)}
    for count, poll in polls.items():
        for number in range(count):
            rule(
                desk, poll, voter_class=("jury", "audience")[number % 2], reason=f"Because {number}"
            )
    options: Any = {"viewport": viewport, "color_scheme": scheme, "locale": locale}
    with open_console(browser, desk, reduced_motion="reduce", **options) as page:
        page.route("**/rulings/*?ids=false", Previews(COUNTED))
        sign_in(page, "ana")
        for count, poll in polls.items():
            choose(page, poll)
            expect(page.locator("#rulings li")).to_have_count(count)
            if count:
                expect(page.locator(".preview:visible", has_text="212")).to_have_count(count)
                page.locator("#rulings-part").scroll_into_view_if_needed()
            assert not scrolls_sideways(page)
            keep_screenshot(page, f"previews-{name}-{count}")
        page.locator(f"#approve-{RULINGS_MAX}").click()
        expect(page.locator("#confirm-preview")).to_contain_text("212")
        keep_screenshot(page, f"previews-{name}-question")
