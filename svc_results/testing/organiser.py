"""An organiser who writes the log of polls of a running system."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from harness.processes.waiting import wait_until
from harness.servers.kafka_server import TOPICS
from svc_results.testing.page_actions import get_url
from voting.ledger.settings import POLLS_TOPIC, VOTES_TOPIC
from voting.polls.event import Change, Close, Cut, Define, Open, Release
from voting.polls.times import from_rfc3339
from voting.testing.polls import PollLog, with_changes


class Organiser:
    """Writes events, each once Kafka has the one before; the only writer of the log."""

    def __init__(self, kafka_address: str, url: str) -> None:
        self._kafka_address = kafka_address
        self._url = url.rstrip("/")
        self.log = PollLog()

    def define(self, poll: str, **fields: Any) -> None:
        """Define the example poll with these fields changed."""
        self._write(poll, Define(with_changes(answer_within_ms=1_000, **fields)))

    def open(self, poll: str) -> None:
        """Open a poll and wait until svc_results and the routes know it."""
        self._write(poll, Open())
        self.wait_for(poll, "open")

    def close(self, poll: str) -> int:
        """Close a poll as soon as it can be; return when that will be."""
        self._write(poll, Close(None))
        return self.log.book.polls[poll].closes_at_ms or 0

    def cut(self, poll: str) -> None:
        """Cut a poll at the ends of the ledger, once it is settled."""
        settled = self.log.book.polls[poll].settled_at_ms or 0

        def is_settled() -> bool:
            return from_rfc3339(self.state(poll)["at"]) > settled

        wait_until("the last answer", is_settled, 30)
        self._write(poll, Cut(_in_own_loop(self._ends())))

    def release(self, poll: str) -> None:
        """Release a poll's result."""
        self._write(poll, Release())

    def state(self, poll: str) -> dict[str, Any]:
        """Return what svc_results says of the poll."""
        answer: dict[str, Any] = get_url(f"{self._url}/api/polls/{poll}").json()
        return answer

    def wait_for(self, poll: str, phase: str) -> None:
        """Wait until svc_results shows the poll in this phase."""
        wait_until(f"{poll} is {phase}", lambda: self.state(poll).get("phase") == phase, 30)

    def _write(self, poll: str, change: Change) -> None:
        value = self.log.next(change, poll)
        recorded = self.log.append(change, _in_own_loop(self._send(value)), poll)
        if recorded.refusal is not None:
            raise AssertionError(recorded.refusal)

    async def _send(self, value: bytes) -> int:
        """Write a record; return the time at which Kafka appended it."""
        producer = AIOKafkaProducer(bootstrap_servers=self._kafka_address, acks="all")
        await producer.start()
        try:
            written = await producer.send_and_wait(POLLS_TOPIC, value)
        finally:
            await producer.stop()
        return int(written.timestamp)

    async def _ends(self) -> tuple[int, ...]:
        consumer: AIOKafkaConsumer[bytes, bytes] = AIOKafkaConsumer(
            bootstrap_servers=self._kafka_address
        )
        await consumer.start()
        try:
            partitions = [
                TopicPartition(VOTES_TOPIC, number) for number in range(TOPICS[VOTES_TOPIC])
            ]
            ends = await consumer.end_offsets(partitions)
        finally:
            await consumer.stop()
        return tuple(ends[partition] for partition in partitions)


def _in_own_loop[T](work: Coroutine[Any, Any, T]) -> T:
    """Do the work in a thread of its own: Playwright's has an event loop already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
