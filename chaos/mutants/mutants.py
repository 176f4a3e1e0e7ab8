"""Consumers with one rule of counting broken each. The check must catch them."""

from collections.abc import Sequence
from typing import Any, Final, override

import msgspec

from svc_consumer.counting.batch import Batch
from svc_consumer.counting.partition import Partition
from svc_consumer.counting.projector import Projector
from svc_consumer.ledger.records import Copy
from voting.domain.tally import PollTally
from voting.stores.tally_store import ADVANCE, TallyStore
from voting.stores.vote_log import LogMove, VoteLog

_MAX_OFFSET: Final = 2**63 - 1
_COMPARE: Final = "if position == ARGV[at + 1] then"
_ONE_WRITE: Final = "redis.call('HSET', KEYS[1], unpack(write))"
_MANY_WRITES: Final = """
  for i = #write - 1, 1, -2 do
    local field, value = write[i], write[i + 1]
    if added[field] then redis.call('HINCRBY', KEYS[1], field, added[field])
    else redis.call('HSET', KEYS[1], field, value) end
  end
"""


class UnfencedLog(VoteLog):
    """Advances the vote log's position without comparing owner and position."""

    @override
    async def advance(self, moves: Sequence[LogMove]) -> int:
        for move in moves:
            where = {"_id": f"@{move.partition}"}
            await self._votes.update_one(where, {"$set": {"pos": move.position}})
        return len(moves)


class FencedTogetherLog(VoteLog):
    """Says that all partitions have passed the fence when one has."""

    @override
    async def advance(self, moves: Sequence[LogMove]) -> int:
        return len(moves) if await super().advance(moves) else 0


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
        super().__init__(redis_url, ADVANCE.replace(_COMPARE, "do"))


class ComparedTogetherTally(_OtherScript):
    """Moves all partitions when the first is where it was expected."""

    def __init__(self, redis_url: str) -> None:
        first = "if position == ARGV[at + 1] or #write > 0 then"
        super().__init__(redis_url, ADVANCE.replace(_COMPARE, first))


class ManyWritesTally(_OtherScript):
    """Writes each counter, and the position, with a command of its own."""

    def __init__(self, redis_url: str) -> None:
        super().__init__(redis_url, ADVANCE.replace(_ONE_WRITE, _MANY_WRITES))


class TallyFirst(Projector):
    """Counts in the tally before the batches have passed the vote log's fence."""

    @override
    async def _pass_fences(self, batches: Sequence[Batch]) -> None:
        await super()._count(batches)

    @override
    async def _count(self, batches: Sequence[Batch]) -> None:
        await super()._pass_fences(batches)


class CountsDuplicates(Projector):
    """Adds every copy of a vote to the tally."""

    @override
    async def _count(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            batch.winners = batch.copies
        await super()._count(batches)


class IgnoresPolls(Projector):
    """Counts votes in polls for their albums, as a version that knows no polls does."""

    @override
    async def _count(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            batch.winners = [_without_poll(winner) for winner in batch.winners]
        await super()._count(batches)


def _without_poll(copy: Copy) -> Copy:
    bare = {"poll": "", "entry": "", "poll_event": 0, "voter_class": 0}
    return copy._replace(vote=msgspec.structs.replace(copy.vote, **bare))


class IgnoresClasses(Projector):
    """Counts the votes of all classes of voters together, as a version without classes does."""

    @override
    async def _count(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            batch.winners = [_without_class(winner) for winner in batch.winners]
        await super()._count(batches)


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
    async def take_in(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            self.committed = batch.records[-1].offset + 1
        await super().take_in(batches)
