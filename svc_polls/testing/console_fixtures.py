"""Fixtures for tests of the console, beside `harness.testing.fixtures`."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from harness.servers.kafka_server import KafkaServer
from harness.testing.browser import chromium, open_page
from harness.testing.fixtures import StartService
from svc_polls.testing.desk import LAPTOP, NASTY_AUTHOR, Desk, desk_of
from voting.polls.event import Define, Event, encode_event
from voting.testing.polls import with_changes


@pytest.fixture(scope="module")
def desk(kafka: KafkaServer, service: StartService) -> Iterator[Desk]:
    """Return a service in whose log a hostile author was first."""
    change = Define(with_changes(answer_within_ms=1_000))
    first = Event(1, b"", 1_764_000_000_000, NASTY_AUTHOR, "hostile", change)
    with desk_of(kafka, service, [encode_event(first)]) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run Chromium."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, desk: Desk) -> Iterator[Page]:
    """Open the console on a laptop; nobody has signed in."""
    with open_page(browser, desk.running.url, viewport=LAPTOP) as page:
        yield page
