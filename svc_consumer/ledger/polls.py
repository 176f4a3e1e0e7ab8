"""Gets records from aiokafka so that one answer of a broker brings many of them."""

import asyncio
import time
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

_POLL_RECORDS: Final = 6000  # over all partitions, which split them into batches of their own
_ANSWER_SECONDS: Final = 5
# How long records gather while no more are waiting, and while so few arrive that each bears much of
# the cost of a poll. Then one answer of each broker brings them, ...
_GATHER_SECONDS: Final = 0.06
_GATHER_FEW_SECONDS: Final = 0.2
_FEW_PER_SECOND: Final = 100
# ... for which all brokers have this long.
_ANSWERS_SECONDS: Final = 0.005

type KafkaRecord = ConsumerRecord[bytes, bytes]
type Found = dict[TopicPartition, list[KafkaRecord]]


class Polls:
    """Polls of a Kafka consumer.

    aiokafka sends the next fetch as soon as records were taken from it, and a broker answers with
    the first record that arrives. So unless more are waiting, a poll that found records pauses the
    partitions that are being read, until `gather` or the next poll.
    """

    def __init__(self) -> None:
        self.found = 0  # how many records there were so far
        self.more: set[int] = set()  # partitions that had further records at the last poll
        self._polling: asyncio.Future[Found] | None = None
        self._gathering: set[TopicPartition] = set()  # paused until the next poll
        self._gathered_at = 0.0  # when that is due
        self._found_at = 0.0  # when the last records came
        self._woken = False

    def hurry(self) -> None:
        """Let `gather` end at once: what the next poll brings has been waited for."""
        self._gathered_at = 0.0

    def leave_out(self, partition: TopicPartition) -> None:
        """Do not resume a partition that was paused for a reason of its own."""
        self._gathering.discard(partition)

    def start_anew(self) -> None:
        """Resume nothing: other partitions are being assigned."""
        self._gathering.clear()

    def wake(self) -> None:
        """End the poll, or the next one, if it waits: there is something else to do."""
        self._woken = True
        if self._polling is not None:
            self._polling.cancel()

    async def gather(self) -> bool:
        """Let records gather for a moment, if the last poll found all there were; else False."""
        rest = self._gathered_at - time.monotonic()
        if not self._gathering or rest < 0:
            return False
        await asyncio.sleep(rest)
        return True

    async def get(self, consumer: AIOKafkaConsumer[bytes, bytes], seconds: float) -> Found:
        """Return the next records; none if none arrive in so many `seconds`, or after `wake`.

        Raises `TimeoutError` or the errors of aiokafka.
        """
        gathering = self._gathering & consumer.assignment()
        self._gathering.clear()
        if gathering:
            consumer.resume(*gathering)
            await asyncio.sleep(_ANSWERS_SECONDS)
        self._polling = asyncio.ensure_future(self._get(consumer, 0 if self._woken else seconds))
        try:
            # During a rebalance getmany() ignores its timeout.
            await asyncio.wait([self._polling], timeout=seconds + _ANSWER_SECONDS)
            if not self._polling.done():
                raise TimeoutError
            return {} if self._polling.cancelled() else self._polling.result()
        finally:
            self._polling.cancel()
            self._polling, self._woken = None, False

    async def _get(self, consumer: AIOKafkaConsumer[bytes, bytes], seconds: float) -> Found:
        wait_ms = int(1000 * seconds)
        found: Found = await consumer.getmany(timeout_ms=wait_ms, max_records=_POLL_RECORDS)
        count = sum(map(len, found.values()))
        self.found += count
        self.more = {
            partition.partition
            for partition, records in found.items()
            # The end as of the last fetch, without a request.
            if (consumer.highwater(partition) or 0) > records[-1].offset + 1
        }
        if found and not self.more:
            # In this very step, before aiokafka's task runs and sends the next fetch.
            now = time.monotonic()
            few = count < _FEW_PER_SECOND * (now - self._found_at)
            self._gathered_at = now + (_GATHER_FEW_SECONDS if few else _GATHER_SECONDS)
            self._found_at = now
            self._gathering = set(consumer.assignment() - consumer.paused())
            consumer.pause(*self._gathering)
        return found
