"""Counts a poll from the records of the ledger in Kafka."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from voting.domain.vote import arrival
from voting.ledger.partition_reader import Record, read_all, read_partition
from voting.ledger.topic_ends import topic_ends
from voting.polls.excluded import Rulings
from voting.polls.ruling import rulings_in_force
from voting.recount.evidence import END, HEADER, hidden, revealed, shown
from voting.recount.final_result import LedgerCount, sum_up
from voting.recount.partition_count import PartitionCount
from voting.recount.poll_events import CutPoll, cut_poll

type Progress = Callable[[int], None]
"""Is called with how many records were read so far."""


class LedgerRecount:
    """Reads the topics `votes` and `polls`; `connection` is what `connection_arguments` returns."""

    def __init__(self, connection: Mapping[str, Any], votes_topic: str, polls_topic: str) -> None:
        self._connection = connection
        self._votes = votes_topic
        self._polls = polls_topic

    async def cut_poll(self, poll: str) -> CutPoll:
        """Return the poll as the log of polls has it now, read from its beginning.

        Raises `PartitionUnreadableError`, `EndsUnknownError`, `BrokenLogError` or `NotCutError`.
        """
        async with topic_ends(self._connection, self._polls) as ends:
            [end] = await ends.read()
        records = await read_all(self._connection, self._polls, 0, end)
        return cut_poll(poll, ((record.value, record.timestamp) for record in records))

    async def count(self, cut: CutPoll, progress: Progress) -> LedgerCount:
        """Count the votes up to the cut, one partition after the other.

        Raises `PartitionUnreadableError`, or `LedgerGapError`.
        """
        ends = cut.poll.cut or ()
        rulings = Rulings(rulings_in_force(cut.poll.rulings))
        done, counted = 0, []
        for partition, end in enumerate(ends):
            count = PartitionCount(cut.poll.id, partition, len(ends), rulings)
            reading = read_partition(self._connection, self._votes, partition, end)
            async with aclosing(reading) as batches:
                async for batch in batches:
                    for record in batch:
                        count.take(record.offset, record.key, record.value, record.timestamp)
                    done += len(batch)
                    progress(done)
            count.forget_ids()
            counted.append(count)
        return sum_up(counted)

    async def evidence(self, cut: CutPoll, partition: int) -> AsyncGenerator[bytes]:
        """Yield the evidence of a partition, in pieces; errors: see `count`."""
        ends = cut.poll.cut or ()
        count = PartitionCount(cut.poll.id, partition, len(ends))
        yield HEADER
        reading = read_partition(self._connection, self._votes, partition, ends[partition])
        async with aclosing(reading) as batches:
            async for batch in batches:
                yield b"".join(_item(count, record) for record in batch)
        for offset in count.shadows:
            [record] = await self._records(partition, offset)
            yield revealed(offset, record.key or b"", record.value or b"")
        yield END

    async def _records(self, partition: int, offset: int) -> Sequence[Record]:
        reading = read_partition(self._connection, self._votes, partition, offset + 1, offset)
        async with aclosing(reading) as batches:
            return await anext(batches)


def _item(count: PartitionCount, record: Record) -> bytes:
    _, vote = count.take(record.offset, record.key, record.value, record.timestamp)
    if vote is None:
        return hidden(record.key, record.value)
    return shown(arrival(vote, record.timestamp), record.key or b"", record.value or b"")
