"""What the stores hold, read from outside."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from harness.promise.ledger_reader import (
    LedgerVotes,
    Rejections,
    end_offsets,
    read_ledger,
    read_rejections,
)
from harness.system.weakened import System
from voting.domain.tally import Tally
from voting.stores.logged_vote import LoggedVote
from voting.stores.tally_store import TallyStore
from voting.stores.vote_log import VoteLog

DATABASE: Final = "voting"
_PAGE: Final = 1000


class Books(NamedTuple):
    """Everything that is checked, read while nobody votes."""

    ledger: LedgerVotes
    logged: list[LoggedVote]
    tally: Tally
    rejections: Rejections


class Positions(NamedTuple):
    """How far each partition got: the next offset of the ledger, and of each store."""

    ledger: Mapping[int, int]
    log: Mapping[int, int]
    tally: Mapping[int, int]

    @property
    def lag(self) -> int:
        """How many records the store that lacks most still lacks."""
        total = sum(self.ledger.values())
        return total - min(sum(self.log.values()), sum(self.tally.values()))

    @property
    def in_step(self) -> bool:
        """Whether both stores have taken in all that the ledger has."""
        return self.ledger == self.log == self.tally


class Reader:
    """Reads the stores of a system."""

    def __init__(self, system: System, log: VoteLog, tally: TallyStore) -> None:
        self._bootstrap_servers = system.bootstrap_servers
        self.log = log
        self.tally_store = tally

    async def positions(self) -> Positions:
        """Return the positions; raises what Kafka's or a store's client raises, bounded."""
        ledger = await end_offsets(self._bootstrap_servers)
        async with asyncio.timeout(5):
            tally = await self.tally_store.positions(list(ledger))
            log = await self.log.positions(list(ledger))
        return Positions(
            ledger,
            {p: _next(log[p].position) if p in log else 0 for p in ledger},
            {p: _next(position) for p, position in tally.items()},
        )

    async def books(self) -> Books:
        """Return all that the stores hold."""
        ledger = await read_ledger(self._bootstrap_servers)
        partitions = len(await end_offsets(self._bootstrap_servers))
        rejected = await read_rejections(self._bootstrap_servers, partitions)
        return Books(ledger, await self.logged(), await self.tally(), rejected)

    async def logged(self) -> list[LoggedVote]:
        """Return every vote of the log."""
        votes: list[LoggedVote] = []
        while page := await self.log.newest(_PAGE, votes[-1].cursor if votes else None):
            votes += page
        return votes

    async def tally(self) -> Tally:
        """Return the tally."""
        return await self.tally_store.read()


@asynccontextmanager
async def open_reader(system: System) -> AsyncIterator[Reader]:
    """Connect to the stores of a system."""
    log, tally = VoteLog(system.mongodb.url, DATABASE), TallyStore(system.redis.url)
    try:
        yield Reader(system, log, tally)
    finally:
        log.close()
        await tally.close()


def _next(position: str) -> int:
    return int(position.partition(":")[0]) + 1
