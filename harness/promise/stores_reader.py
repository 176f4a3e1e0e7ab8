"""Reads the ledger and both stores from outside, by their addresses."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from harness.promise.ledger_reader import (
    READ_SECONDS,
    LedgerVotes,
    Rejections,
    end_offsets,
    read_ledger,
    read_polls,
    read_rejections,
)
from harness.promise.trees_reader import SignedTree
from voting.domain.tally import PollTally, Tally
from voting.polls.excluded import Excluded
from voting.polls.poll import Poll
from voting.stores.logged_vote import LoggedVote
from voting.stores.poll_result import votes_before_cut
from voting.stores.settings import DATABASE
from voting.stores.tally_exclusion import read_exclusion
from voting.stores.tally_fields import poll_in_exclusion
from voting.stores.tally_store import TallyStore
from voting.stores.vote_log import VoteLog


class Contents(NamedTuple):
    """All that the ledger and the stores hold, read while nobody votes.

    `polls` are those of the log of polls, None where there is none; `final` has what counts for
    good in those that are cut. `excluded` is what the tally says that rulings take. `trees` are the
    notary's by partition, None where none runs; `results` are what was published.
    """

    ledger: LedgerVotes
    logged: list[LoggedVote]
    tally: Tally
    rejections: Rejections
    polls: Mapping[str, Poll] | None = None
    final: Mapping[str, PollTally] = {}
    excluded: Mapping[str, Excluded] = {}
    trees: Mapping[int, SignedTree] | None = None
    results: Mapping[str, Mapping[str, Any]] = {}


class Positions(NamedTuple):
    """The next offset of each partition, in the ledger and in each store."""

    ledger: Mapping[int, int]
    log: Mapping[int, int]
    tally: Mapping[int, int]

    @property
    def lag(self) -> int:
        """How many records the store that is further behind has yet to take in."""
        total = sum(self.ledger.values())
        return total - min(sum(self.log.values()), sum(self.tally.values()))

    @property
    def in_step(self) -> bool:
        """Whether both stores have taken in the whole ledger."""
        return self.ledger == self.log == self.tally


class StoresReader:
    """Reads what a system keeps: the ledger, the vote log and the tally."""

    def __init__(self, bootstrap_servers: str, log: VoteLog, tally: TallyStore) -> None:
        self._bootstrap_servers = bootstrap_servers
        self.log = log
        self.tally_store = tally

    async def positions(self) -> Positions:
        """Return the positions, or raise what a client raises, within forty seconds."""
        ledger = await end_offsets(self._bootstrap_servers)
        async with asyncio.timeout(READ_SECONDS):
            tally = await self.tally_store.positions(list(ledger))
            log = await self.log.positions(list(ledger))
        return Positions(
            ledger,
            {p: next_offset(log[p].position) if p in log else 0 for p in ledger},
            {p: next_offset(position) for p, position in tally.items()},
        )

    async def contents(self) -> Contents:
        """Return all that the ledger and the stores hold."""
        ledger = await read_ledger(self._bootstrap_servers)
        partitions = len(await end_offsets(self._bootstrap_servers))
        rejected = await read_rejections(self._bootstrap_servers, partitions)
        polls = await read_polls(self._bootstrap_servers)
        final = {
            poll.id: await votes_before_cut(self.log, poll.id, poll.cut)
            for poll in polls.values()
            if poll.cut is not None
        }
        return Contents(
            ledger,
            await self.logged(),
            await self.tally(),
            rejected,
            polls,
            final,
            await self.excluded(),
        )

    async def logged(self) -> list[LoggedVote]:
        """Return every vote of the log."""
        return [logged async for logged in self.log.all_votes()]

    async def excluded(self) -> dict[str, Excluded]:
        """Return what the tally says that rulings take, by poll."""
        fields = await self.tally_store.fields()
        found = ((poll_in_exclusion(field), value) for field, value in fields.items())
        return {poll: read_exclusion(value).excluded for poll, value in found if poll is not None}

    async def tally(self) -> Tally:
        """Return the tally."""
        return await self.tally_store.read()


@asynccontextmanager
async def open_stores_reader(
    bootstrap_servers: str, redis_url: str, mongodb_url: str
) -> AsyncIterator[StoresReader]:
    """Connect to both stores while the context lasts; every read connects to Kafka anew."""
    log, tally = VoteLog(mongodb_url, DATABASE), TallyStore(redis_url)
    try:
        yield StoresReader(bootstrap_servers, log, tally)
    finally:
        log.close()
        await tally.close()


def next_offset(position: str) -> int:
    """Return the offset that follows a position of a store (`offset:id of the vote`)."""
    return int(position.partition(":")[0]) + 1
