"""The ledger: the topic of the votes, read as a member of a consumer group."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, NoOffsetForPartitionError

from svc_consumer.ledger.polls import KafkaRecord, Polls
from svc_consumer.settings import ConsumerSettings
from voting.ledger.connection import connection_arguments, connection_refusal
from voting.ledger.errors import LedgerUnavailableError, translated

_log = logging.getLogger(__name__)

_FETCH_MS: Final = 1_000  # how long a broker waits for a record
_METADATA_MS: Final = 10_000
_START_SECONDS: Final = 15
_ANSWER_SECONDS: Final = 5
_END_OFFSETS_SECONDS: Final = 3
_STOP_SECONDS: Final = 5

type Records = dict[int, list[KafkaRecord]]


class LedgerReader:
    """The partitions of the topic that the group assigns to this consumer.

    `on_change` is called whenever they change; what was known of them is void then. A partition
    is paused until `seek` sets where to read: what the group has committed serves lag metrics
    only. Every wait is bounded and may raise `LedgerUnavailableError`.
    """

    def __init__(self, settings: ConsumerSettings, on_change: Callable[[], None]) -> None:
        self._connection = connection_arguments(settings)
        self._group = settings.kafka_group
        self._topic = settings.kafka_topic
        self._on_change = on_change
        self._consumer: AIOKafkaConsumer[bytes, bytes] | None = None
        self.generation = 0  # how often the assignment has changed
        self.polls = Polls()

    async def start(self) -> None:
        """Connect and join the group."""
        consumer = AIOKafkaConsumer(
            **self._connection,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            session_timeout_ms=6_000,
            heartbeat_interval_ms=1_500,
            max_poll_interval_ms=120_000,
            request_timeout_ms=10_000,
            # A topic missing during an assignment stays unassigned until metadata is refreshed.
            metadata_max_age_ms=_METADATA_MS,
            fetch_max_wait_ms=_FETCH_MS,
            consumer_timeout_ms=_FETCH_MS,  # how often its fetcher runs without a reason
        )
        try:
            with translated():
                async with asyncio.timeout(_START_SECONDS):
                    await consumer.start()
                    topics = await consumer.topics()
        except LedgerUnavailableError as error:
            await _close(consumer)  # a consumer that failed to start cannot start again
            if refusal := await connection_refusal(self._connection):
                servers = self._connection["bootstrap_servers"]
                raise LedgerUnavailableError(f"{servers}, {refusal}") from error
            raise
        except BaseException:
            await _close(consumer)
            raise
        if self._topic not in topics:
            await _close(consumer)
            raise LedgerUnavailableError(f"topic {self._topic} does not exist")
        self._consumer = consumer
        consumer.subscribe([self._topic], listener=_Listener(self._changed))

    @property
    def partitions(self) -> int:
        """How many partitions the topic has."""
        found = self._started.partitions_for_topic(self._topic)
        if not found:
            raise LedgerUnavailableError(f"topic {self._topic} does not exist")
        return len(found)

    @property
    def assigned(self) -> list[int]:
        """The partitions that the group assigns to this consumer."""
        return sorted(partition.partition for partition in self._started.assignment())

    def seek(self, partition: int, offset: int) -> None:
        """Read a partition from this offset on, unless it has been reassigned.

        aiokafka has the group's new assignment a moment before it calls the listener.
        """
        where = TopicPartition(self._topic, partition)
        if where in self._started.assignment():
            self._started.seek(where, offset)
            self._started.resume(where)
            self.polls.hurry()

    def pause(self, partition: int) -> None:
        """Stop reading a partition until the next `seek`, unless it has been reassigned."""
        where = TopicPartition(self._topic, partition)
        if where in self._started.assignment():
            self._started.pause(where)
            self.polls.leave_out(where)

    async def poll(self, seconds: float) -> Records:
        """Return the next records by partition; empty if none arrive within so many `seconds`.

        Raises `OutsideLedgerError` when the ledger does not have the requested offsets.
        """
        with translated():
            try:
                found = await self.polls.get(self._started, seconds)
            except NoOffsetForPartitionError:
                return {}  # assigned a moment ago, not sought yet
        return {partition.partition: records for partition, records in found.items()}

    async def end_offsets(self) -> dict[int, int]:
        """Return the end offset of each assigned partition.

        Asks Kafka even when no partition is assigned, so it also checks that Kafka answers.
        """
        partitions = list(self._started.assignment())
        with translated():
            async with asyncio.timeout(_END_OFFSETS_SECONDS):
                if not partitions:
                    await self._started.topics()
                    return {}
                found = await self._started.end_offsets(partitions)
        return {partition.partition: offset for partition, offset in found.items()}

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """Commit the next offset of each partition, for monitoring of the group's lag."""
        if not offsets:
            return
        with translated():
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._started.commit(
                    {TopicPartition(self._topic, p): offset for p, offset in offsets.items()}
                )

    async def last_committed(self, partitions: Collection[int]) -> dict[int, int]:
        """Return the committed offsets of these partitions, without those never committed."""
        found = {}
        with translated():
            async with asyncio.timeout(_ANSWER_SECONDS):
                for number in partitions:
                    where = TopicPartition(self._topic, number)
                    found[number] = await self._started.committed(where)
        return {number: offset for number, offset in found.items() if offset is not None}

    async def reachable(self) -> bool:
        """Whether Kafka answers on a new connection."""
        client = AIOKafkaClient(**self._connection)
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await client.bootstrap()
        except (KafkaError, TimeoutError, OSError) as error:
            _log.debug("cannot open a new connection to Kafka: %s", error)
            return False
        finally:
            await client.close()
        return True

    async def stop(self) -> None:
        """Leave the group, so that the others take over at once."""
        if self._consumer is not None:
            await _close(self._consumer)
            self._consumer = None

    @property
    def _started(self) -> AIOKafkaConsumer[bytes, bytes]:
        if self._consumer is None:
            raise LedgerUnavailableError("not connected")
        return self._consumer

    def _changed(self, assigned: Iterable[TopicPartition]) -> None:
        self.generation += 1
        self.polls.start_anew()
        for partition in assigned:
            self._started.seek(partition, 0)  # or aiokafka would look for committed offsets
            self._started.pause(partition)
            self.polls.wake()
        self._on_change()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Does no I/O: it would delay heartbeats, and aiokafka only logs errors here."""

    def __init__(self, changed: Callable[[Iterable[TopicPartition]], None]) -> None:
        self._changed = changed

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002
        self._changed(())

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        _log.info("assigned partitions: %s", sorted(p.partition for p in assigned) or "none")
        self._changed(assigned)


async def _close(consumer: AIOKafkaConsumer[bytes, bytes]) -> None:
    try:
        await asyncio.wait_for(consumer.stop(), _STOP_SECONDS)
    except (KafkaError, TimeoutError, OSError) as error:
        _log.warning(
            "closed the consumer without leaving its group: %s", str(error) or "no answer in time"
        )
    except asyncio.CancelledError:
        # While Kafka is away, aiokafka passes the cancellation of its own task to the caller.
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        _log.warning("closed the consumer without leaving its group: Kafka cannot be reached")
