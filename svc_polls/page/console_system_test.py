"""What the console shows of the system, and while that or the server is away, in Chromium."""

from typing import TYPE_CHECKING

from playwright.sync_api import Browser, Page, expect

from harness.servers.kafka_server import KafkaServer
from harness.testing.browser import keep_screenshot, open_page
from svc_polls.testing.desk import LAPTOP, TABLET, Desk, desk_of, sign_in

if TYPE_CHECKING:  # pytest loads it as a plugin and must be the first to do so
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures", "svc_polls.testing.console_fixtures"]


def test_the_flow_of_votes_and_services_that_are_not_watched(page: Page, desk: Desk) -> None:
    sign_in(page, "ana")
    expect(page.locator("#per-second")).to_have_text("0.0")
    expect(page.locator("#services")).to_have_text("not configured")
    expect(page.locator("#proof")).to_contain_text("s ago")
    expect(page.locator("#proof")).to_have_attribute("data-good", "yes")


def test_watched_services_are_shown_with_what_is_wrong(
    browser: Browser, kafka: KafkaServer, service: StartService, desk: Desk
) -> None:
    away = f"http://127.0.0.1:{desk.running.port + 1}"
    watched = f"polls-here={desk.running.url.rstrip('/')},away=http://away.invalid:80,gone={away}"
    with (
        desk_of(kafka, service, WATCHED_SERVICES=watched) as watching,
        open_page(browser, watching.running.url, viewport=LAPTOP) as page,
    ):
        sign_in(page, "ana")
        expect(page.locator("#services")).to_have_text("1 of 3")
        page.locator("#service-details summary").click()
        lines = page.locator("#instances li")
        expect(lines.nth(0)).to_contain_text("ready, has the newest events")
        expect(lines.nth(1)).to_contain_text("there is no address of away.invalid")
        keep_screenshot(page, "console-services")
        assert "GET http" not in watching.running.log.read_text()  # nobody wants a line for each


def test_a_log_that_cannot_be_trusted_is_announced_in_plain_words(
    browser: Browser, kafka: KafkaServer, service: StartService
) -> None:
    with (
        desk_of(kafka, service) as halting,
        open_page(browser, halting.running.url, viewport=LAPTOP) as page,
    ):
        halting.define("before")
        sign_in(page, "ana")
        expect(page.locator("#do-open")).to_be_visible()
        halting.write_event(b"no event")
        alarm = page.locator("#alarm")
        expect(alarm).to_contain_text("The log of polls cannot be trusted")
        expect(page.locator("#do-open")).to_be_hidden()
        expect(page.locator("#poll-id")).to_have_text("before")


def test_the_server_goes_away_and_comes_back(
    browser: Browser, kafka: KafkaServer, service: StartService
) -> None:
    with (
        desk_of(kafka, service) as leaving,
        open_page(browser, leaving.running.url, viewport=TABLET) as page,
    ):
        leaving.define("stays")
        sign_in(page, "ana")
        expect(page.locator("#do-open")).to_be_visible()
        leaving.running.stop()
        expect(page.locator("#alarm")).to_contain_text("no connection to the server")
        expect(page.locator("#status")).to_have_attribute("data-state", "lost")
        expect(page.locator("#do-open")).to_be_hidden()
        leaving.running.start()
        expect(page.locator("#status")).to_have_attribute("data-state", "live")
        expect(page.locator("#alarm")).to_be_empty()
        expect(page.locator("#do-open")).to_be_visible()
