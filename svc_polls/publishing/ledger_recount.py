"""Counts a poll from the records of the ledger in Kafka."""

from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any

from voting.ledger.partition_reader import read_all, read_partition
from voting.ledger.topic_ends import topic_ends
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
        done, counted = 0, []
        for partition, end in enumerate(ends):
            count = PartitionCount(cut.poll.id, partition, len(ends))
            reading = read_partition(self._connection, self._votes, partition, end)
            async with aclosing(reading) as batches:
                async for batch in batches:
                    for record in batch:
                        count.take(record.offset, record.key, record.value)
                    done += len(batch)
                    progress(done)
            count.forget_ids()
            counted.append(count)
        return sum_up(counted)
