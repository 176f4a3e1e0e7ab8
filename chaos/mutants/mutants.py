"""Consumers with one rule of counting broken each. The check must catch them."""

from collections.abc import Sequence
from typing import Any, Final, override

import msgspec

from svc_consumer.counting.fence import pass_fence
from svc_consumer.counting.partition import Partition
from svc_consumer.counting.positions import offset_of, position_at
from svc_consumer.counting.projector import Projector
from svc_consumer.ledger.records import Copy, Record, read_records
from voting.domain.tally import PollTally
from voting.stores.tally_store import ADVANCE, TallyStore
from voting.stores.vote_log import VoteLog

_MAX_OFFSET: Final = 2**63 - 1
_COMPARE: Final = "if position ~= ARGV[2] then return position end\n"
_ONE_WRITE: Final = "redis.call('HSET', KEYS[1], unpack(write))\n"
_MANY_WRITES: Final = """
for i = 5, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
"""


class UnfencedLog(VoteLog):
    """Advances the vote log's position without comparing owner and position."""

    @override
    async def advance(self, partition: int, owner: str, expected: str, position: str) -> bool:
        await self._votes.update_one({"_id": f"@{partition}"}, {"$set": {"pos": position}})
        return True


class OverwritingLog(VoteLog):
    """Keeps the later copy of a vote."""

    @override
    async def insert(self, documents: Sequence[dict[str, Any]]) -> list[str]:
        known = await super().insert(documents)
        for document in documents:
            if document["_id"] in known:
                await self._votes.replace_one({"_id": document["_id"]}, document)
        return known


class SumsBeyondCut(VoteLog):
    """Adds up all votes of a poll, also those behind its cut."""

    @override
    async def sum_up_poll(self, poll: str, partition: int, after: int, upto: int) -> PollTally:
        return await super().sum_up_poll(poll, partition, after, _MAX_OFFSET)


class _OtherScript(TallyStore):
    """A tally that advances by a script of its own."""

    def __init__(self, redis_url: str, script: str) -> None:
        super().__init__(redis_url)
        if script == ADVANCE:
            raise AssertionError("the mutation does not fit the script any more")
        self._advance = self._redis.register_script(script)


class UncomparedTally(_OtherScript):
    """Counts without comparing the position."""

    def __init__(self, redis_url: str) -> None:
        super().__init__(redis_url, ADVANCE.replace(_COMPARE, ""))


class ManyWritesTally(_OtherScript):
    """Writes each counter, and the position, with a command of its own."""

    def __init__(self, redis_url: str) -> None:
        super().__init__(redis_url, ADVANCE.replace(_ONE_WRITE, _MANY_WRITES))


class TallyFirst(Projector):
    """Counts in the tally before the batch has passed the vote log's fence."""

    @override
    async def _take_in_new(self, partition: Partition, records: Sequence[Record]) -> None:
        copies = read_records(records, partition.number, partition.partitions).copies
        position = position_at(records[-1].offset, records[-1].key)
        winners = await self._log_projection.take_in(partition.number, copies)
        if offset_of(position) > offset_of(partition.tally_position):
            await self._count(partition, position, copies, winners)
        await pass_fence(self._log, partition, position)


class CountsDuplicates(Projector):
    """Adds every copy of a vote to the tally."""

    @override
    async def _count(
        self, partition: Partition, position: str, copies: Sequence[Copy], winners: Sequence[Copy]
    ) -> None:
        await super()._count(partition, position, copies, copies)


class IgnoresPolls(Projector):
    """Counts votes in polls for their albums, as a version that knows no polls does."""

    @override
    async def _count(
        self, partition: Partition, position: str, copies: Sequence[Copy], winners: Sequence[Copy]
    ) -> None:
        await super()._count(partition, position, copies, [_without_poll(w) for w in winners])


def _without_poll(copy: Copy) -> Copy:
    bare = {"poll": "", "entry": "", "poll_event": 0, "voter_class": 0}
    return copy._replace(vote=msgspec.structs.replace(copy.vote, **bare))


class IgnoresClasses(Projector):
    """Counts the votes of all classes of voters together, as a version without classes does."""

    @override
    async def _count(
        self, partition: Partition, position: str, copies: Sequence[Copy], winners: Sequence[Copy]
    ) -> None:
        await super()._count(partition, position, copies, [_without_class(w) for w in winners])


def _without_class(copy: Copy) -> Copy:
    return copy._replace(vote=msgspec.structs.replace(copy.vote, voter_class=0))


class CommitsFirst(Projector):
    """Commits what it is about to write, and goes on from there after a restart."""

    committed = 0

    @override
    async def sync(self, number: int, partitions: int) -> Partition:
        partition = await super().sync(number, partitions)
        partition.next_offset = self.committed
        return partition

    @override
    async def take_in(self, partition: Partition, records: Sequence[Record]) -> None:
        self.committed = records[-1].offset + 1
        await super().take_in(partition, records)
