"""How long an instance takes to start with very many polls, and what memory it needs then."""

import asyncio
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from harness.processes.console import say
from harness.servers.kafka_server import KafkaServer
from svc_polls.tokens import Organiser, Role, hash_of
from voting.polls.changes import ALL_ENTRIES_MAX
from voting.polls.definition import ShowResult
from voting.polls.event import Cut, Define, Open, Release
from voting.service.clock_watch import now_ms
from voting.testing.polls import PollLog, entries, with_changes

if TYPE_CHECKING:  # pytest loads it as a plugin and must be the first to do so
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures"]

TOKEN: Final = "token"
MEMORY_MB: Final = 256  # half of what a pod may have


@pytest.mark.parametrize(("polls", "size"), [(1_000, 50), (ALL_ENTRIES_MAX // 500 - 1, 500)])
def test_very_many_polls_are_read_soon_and_fit_into_memory(
    kafka: KafkaServer, service: StartService, polls: int, size: int
) -> None:
    topic = f"polls-of-{size}"
    kafka.create_topics({topic: 1})
    log = events(polls, size)
    asyncio.run(write(kafka, topic, [value for value, _ in log.records]))
    line = Organiser("ana", frozenset({Role.EDITOR}), hash_of(TOKEN)).line
    start = time.monotonic()
    running = service("svc_polls", KAFKA_POLLS_TOPIC=topic, ORGANISER_TOKENS=line)
    ready_seconds = time.monotonic() - start
    with httpx.Client(
        base_url=running.url, headers={"authorization": f"Bearer {TOKEN}"}, trust_env=False
    ) as client:
        page = client.get("/api/polls?limit=500").json()
        found = len(page["polls"])
        while page["next"] is not None:
            page = client.get(f"/api/polls?limit=500&after={page['next']}").json()
            found += len(page["polls"])
        assert found == polls
        history: Any = client.get("/api/polls/poll-0/history").json()
        assert len(history["events"]) == 5
        start = time.monotonic()
        assert client.put("/api/polls/one-more", json=FORM).status_code == 201
        change_seconds = time.monotonic() - start
        assert client.get("/api/polls/one-more").status_code == 200
    kilobytes = sum(len(value) for value, _ in log.records) / 1000
    status = Path(f"/proc/{running.pid}/status").read_text()
    peak_mb = int(peak[1]) / 1024 if (peak := re.search(r"VmHWM:\s+(\d+) kB", status)) else 0
    say(
        f"{polls} polls of {size} entries, {len(log.records)} events, {kilobytes:.0f} kB: ready"
        f" after {ready_seconds:.2f} s, at most {peak_mb:.0f} MB, a change {change_seconds:.3f} s"
    )
    running.stop()
    assert ready_seconds < 30
    assert 0 < peak_mb < MEMORY_MB


FORM: Final = {
    "titles": {"en": "One more", "es": "Otra más"},
    "entries": [{"id": "blue", "name": "Joni Mitchell", "album": "Blue", "year": 1971}],
}


def events(polls: int, size: int) -> PollLog:
    """Return a log with five events for each of the polls."""
    log = PollLog()
    begin_ms = now_ms() - 3_600_000
    definition = with_changes(
        entries=entries(size),
        closes_at_ms=begin_ms + 60_000,
        show_result=ShowResult.ON_RELEASE,
    )
    names = [f"poll-{number}" for number in range(polls)]
    for change, at_ms in (
        (Define(with_changes(entries=entries(1), show_result=ShowResult.ON_RELEASE)), begin_ms),
        (Define(definition), begin_ms),
        (Open(), begin_ms),
        (Cut(tuple(range(12))), begin_ms + 120_000),
        (Release(), begin_ms + 120_000),
    ):
        for name in names:
            assert log.append(change, at_ms, name).refusal is None
    return log


async def write(kafka: KafkaServer, topic: str, values: list[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka.address, acks="all", linger_ms=5)
    await producer.start()
    try:
        sent = [await producer.send(topic, value) for value in values]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
