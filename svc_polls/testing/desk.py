"""The console in a browser, and organisers who use the API at the same time."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from playwright.sync_api import Page, expect

from harness.servers.kafka_server import KafkaServer
from harness.servers.services import Service
from svc_polls.testing.running import Organisers, Topics
from voting.domain.vote import Vote

if TYPE_CHECKING:  # pytest loads it as a plugin and must be the first to do so
    from harness.testing.fixtures import StartService

NASTY: Final = "<img src=x onerror=\"document.title='owned'\"> فيروز 🎸 " + "長い名前" * 20
NASTY_AUTHOR: Final = "<script>document.title='owned'</script>"
LAPTOP: Final = {"width": 1280, "height": 800}
TABLET: Final = {"width": 768, "height": 1024}


class Desk:
    """A running service whose console is open, and whose API makes the same changes."""

    def __init__(self, topics: Topics, organisers: Organisers) -> None:
        self.running = organisers.running
        self._topics = topics
        self._organisers = organisers

    def ask(self, method: str, path: str, who: str = "ana", **options: Any) -> Any:
        """Return what the API answers; a change succeeds whatever the poll was before."""
        condition = {"if-none-match": "*"} if method == "PUT" else {"if-match": "*"}
        answer = self._organisers.ask(method, path, who, condition, **options)
        answer.raise_for_status()
        return answer.json()

    def define(self, poll: str, title: str = "", spanish: str = "", **fields: Any) -> str:
        """Create a poll and return its id."""
        titles = {"en": title or f"Poll {poll}", "es": spanish or f"Votación {poll}"}
        self.ask("PUT", f"/{poll}", json={"titles": titles, "entries": _ENTRIES, **fields})
        return poll

    def change(self, poll: str, definition: Any) -> None:
        """Replace a poll's definition, whatever it was."""
        answer = self._organisers.ask("PUT", f"/{poll}", "ana", {"if-match": "*"}, json=definition)
        answer.raise_for_status()

    def cast(self, votes: Sequence[Vote]) -> None:
        """Append votes to the ledger."""
        _run(self._topics.cast(votes))

    def start_consumer(self) -> Service:
        """Start svc_consumer, which counts the votes."""
        return self._topics.start_consumer()

    def write_event(self, value: bytes) -> None:
        """Write a record to the log of polls."""
        _write_event(self._topics, value)


_ENTRIES: Final = [
    {"id": f"e{number}", "name": "Joni Mitchell", "album": f"Blue {number}", "year": 1971}
    for number in range(3)
]


def _write_event(topics: Topics, value: bytes) -> None:
    _run(topics.write(topics.polls, value))


def _run(work: Coroutine[Any, Any, None]) -> None:
    # In a thread: the browser has an event loop in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


@contextmanager
def desk_of(
    kafka: KafkaServer, service: StartService, records: Sequence[bytes] = (), **settings: str
) -> Iterator[Desk]:
    """Run a service with topics of its own; some records are in the log of polls already."""
    topics = Topics(kafka, service)
    for record in records:
        _write_event(topics, record)
    try:
        yield Desk(topics, topics.start(**settings))
    finally:
        topics.stop()


def sign_in(page: Page, who: str) -> None:
    """Sign in and wait until the console is live."""
    page.locator("#token").fill(who)
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_have_attribute("data-state", "live")


def choose(page: Page, poll: str) -> None:
    """Select a poll."""
    page.locator(f'#polls a[href="#/{poll}"]').click()
    expect(page.locator("#poll-id")).to_have_text(poll)


def press(page: Page, name: str) -> None:
    """Press the button of a change; the question appears."""
    page.locator(f"#do-{name}").click()
    expect(page.locator("#confirm")).to_be_visible()
