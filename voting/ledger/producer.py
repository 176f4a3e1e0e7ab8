"""Writes record batches to the partitions of a topic, acknowledged by all in-sync replicas."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, Final

from aiokafka import AIOKafkaClient, TopicPartition
from aiokafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    UnknownTopicOrPartitionError,
    for_code,
)

from voting.ledger.broker import Answer, Broker

_log = logging.getLogger(__name__)

_RETRY_SECONDS: Final = 0.1
_CONNECT_SECONDS: Final = 5.0
_CLOSE_SECONDS: Final = 1.0
_NO_ANSWER: Final = Answer(UnknownTopicOrPartitionError.errno, -1)

type Batches = Mapping[int, list[bytes]]
"""Record batches by partition, in order."""

type Report = Callable[[int, int | KafkaError], None]
"""Called with a partition and Kafka's time at the end (Unix time in milliseconds, -1 if the topic
keeps the writers' times), or with why its batches are not known to be stored."""

type OnRetry = Callable[[int], None]
"""Called with a partition whose batch is about to be written again."""


class _Write:
    """One call of `write`: the batches that are not acknowledged yet."""

    __slots__ = ("batches", "expiry", "on_retry", "report")

    def __init__(self, batches: Batches, report: Report, on_retry: OnRetry | None) -> None:
        self.batches = dict(batches)
        self.report = report
        self.on_retry = on_retry
        self.expiry: asyncio.TimerHandle | None = None


class Producer:
    """Writes to one topic until it is closed.

    It is not idempotent: a batch that may have been written is written again, as copies of a vote
    count once.
    """

    def __init__(self, connection: Mapping[str, Any], topic: str, ack_seconds: float) -> None:
        """Connect nothing yet; `connection` is what `connection_arguments` returns."""
        self._client = AIOKafkaClient(**connection)
        self._security = {k: v for k, v in connection.items() if k != "bootstrap_servers"}
        self._topic = topic
        self._ack_seconds = ack_seconds
        self._brokers: dict[int, Broker] = {}
        self._connecting = asyncio.Lock()
        self._writes = 0  # with batches that are not acknowledged
        self._idle = asyncio.Event()
        self._idle.set()
        self._retries: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Connect; return how many partitions the topic has, 0 if it is not there.

        Raises KafkaError or OSError.
        """
        await self._client.bootstrap()
        await self._client.set_topics([self._topic])
        await self._connect_leaders()
        return len(self._client.cluster.partitions_for_topic(self._topic) or ())

    async def check(self) -> bool:
        """Ask for the leaders, connect to new ones, return whether Kafka answered.

        It may never return if aiokafka's own task has ended.
        """
        answered = bool(await self._client.force_metadata_update())
        await self._connect_leaders()
        return answered

    async def close(self) -> None:
        """Let all batches be acknowledged or expire, then disconnect."""
        await self._idle.wait()
        for task in self._retries:
            task.cancel()
        for broker in self._brokers.values():
            broker.close()
        # What it has for a lost broker is not worth waiting for.
        await asyncio.wait([asyncio.create_task(self._client.close())], timeout=_CLOSE_SECONDS)

    def write(self, batches: Batches, report: Report, on_retry: OnRetry | None = None) -> None:
        """Write these batches; report on each partition once, within `ack_seconds`.

        One request has the batches of all partitions with the same leader. Trouble that may pass
        is met by writing again: a lost connection, a leader that moved, too few replicas. A
        partition's next batch waits for the one before.
        """
        write = _Write(batches, report, on_retry)
        self._writes += 1
        self._idle.clear()
        loop = asyncio.get_running_loop()
        write.expiry = loop.call_later(self._ack_seconds, self._expire, write)
        self._send(write, batches)

    def _send(self, write: _Write, partitions: Collection[int]) -> None:
        by_leader: dict[int | None, list[int]] = {}
        for number in partitions:
            by_leader.setdefault(self._leader(number), []).append(number)
        for leader, group in by_leader.items():
            broker = None if leader is None else self._brokers.get(leader)
            if broker is None or not broker.is_open:
                self._send_later(write, group)
                continue
            broker.write(
                [(number, write.batches[number][0]) for number in group],
                int(self._ack_seconds * 1000),
                partial(self._answered, write, group),
            )

    def _leader(self, number: int) -> int | None:
        partition = TopicPartition(self._topic, number)
        leader: int | None = self._client.cluster.leader_for_partition(partition)
        return leader

    def _answered(
        self, write: _Write, partitions: Collection[int], answers: Mapping[int, Answer]
    ) -> None:
        following, again = [], []
        for number in partitions:
            if number not in write.batches:
                continue  # expired
            code, appended_at_ms = answers.get(number, _NO_ANSWER)
            if code:
                error = for_code(code)()
                if error.retriable:
                    again.append(number)
                else:
                    self._report(write, number, error)
            elif len(write.batches[number]) > 1:
                del write.batches[number][0]
                following.append(number)
            else:
                self._report(write, number, appended_at_ms)
        if following:
            self._send(write, following)
        if again:
            self._send_later(write, again)

    def _send_later(self, write: _Write, partitions: Collection[int]) -> None:
        task = asyncio.get_running_loop().create_task(self._send_again(write, partitions))
        self._retries.add(task)
        task.add_done_callback(self._retries.discard)

    async def _send_again(self, write: _Write, partitions: Collection[int]) -> None:
        self._client.force_metadata_update()  # leaders may have moved
        await asyncio.sleep(_RETRY_SECONDS)
        await self._connect_leaders()
        pending = write.batches.keys() & partitions
        if write.on_retry:
            for number in pending:
                write.on_retry(number)
        self._send(write, pending)

    def _expire(self, write: _Write) -> None:
        error = KafkaTimeoutError(f"no acknowledgement within {self._ack_seconds:g} s")
        for number in list(write.batches):
            self._report(write, number, error)

    def _report(self, write: _Write, partition: int, outcome: int | KafkaError) -> None:
        del write.batches[partition]
        if not write.batches:
            if write.expiry is not None:
                write.expiry.cancel()
            self._writes -= 1
            if not self._writes:
                self._idle.set()
        write.report(partition, outcome)

    async def _connect_leaders(self) -> None:
        """Connect to each leader without a connection; one that cannot be reached is left out."""
        async with self._connecting:
            numbers = self._client.cluster.partitions_for_topic(self._topic) or ()
            leaders = {leader for number in numbers if (leader := self._leader(number)) is not None}
            await asyncio.gather(*map(self._connect, filter(self._is_missing, leaders)))

    def _is_missing(self, leader: int) -> bool:
        broker = self._brokers.get(leader)
        return broker is None or not broker.is_open

    async def _connect(self, leader: int) -> None:
        address = self._client.cluster.broker_metadata(leader)
        if address is None:
            return
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                self._brokers[leader] = await Broker.connect(
                    address.host, address.port, self._topic, self._security
                )
        except (KafkaError, OSError, TimeoutError) as error:
            _log.debug("cannot connect to broker %s of Kafka: %s", leader, error)
