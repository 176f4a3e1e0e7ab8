"""Fills ledger, vote log and tally with millions of votes, faster than the services do.

The vote log is written as nx-27017 stores it (a table with the document as JSON, expressions of it
as indexes): through MongoDB's protocol a million votes would take minutes.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from harness.filler.batch_writer import BATCH_VOTES, BatchWriter
from harness.promise.stores_reader import next_offset
from harness.servers.mongodb_server import MongodbServer
from harness.voters.sample_votes import sample_votes
from voting.domain.tally import Tally, add_tally, tally_of
from voting.domain.vote import Vote
from voting.stores.errors import NO_POSITION
from voting.stores.logged_vote import Cursor, to_document
from voting.stores.settings import DATABASE
from voting.stores.tally_store import TallyMove, TallyStore
from voting.stores.vote_log import LogMove, VoteLog

_OWNER: Final = "filled"
_VOTES_PER_LINE: Final = 500_000
_INSERT: Final = "INSERT INTO votes (_id, data) VALUES (?, ?)"

type Say = Callable[[str], None]


class Filler:
    """Grows a topic and the stores in step while no service runs.

    Without `redis_url` the tally stays as it is. `votes` is how many votes there are; `middle` is
    the cursor of a vote about in the middle of those last added.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        topic: str,
        partitions: int,
        mongodb: MongodbServer,
        redis_url: str | None = None,
    ) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._topic = topic
        self._partitions = range(partitions)
        self._mongodb = mongodb
        self._redis_url = redis_url
        self.votes = 0
        self.middle: Cursor | None = None

    async def prepare(self) -> None:
        """Create in the vote log what the first vote would create: indexes and owners."""
        log = VoteLog(self._mongodb.url, DATABASE)
        try:
            await log.ensure_indexes()
            await self._claim(log)
        finally:
            log.close()

    async def grow_to(self, count: int, say: Say) -> None:
        """Add votes until there are `count` in all; this restarts the MongoDB server."""
        before = await self._positions()
        ends = {partition: next_offset(position) for partition, position in before.items()}
        self._mongodb.stop()
        added, last = await self._write(count - self.votes, ends, say)
        self._mongodb.start()
        after = {
            partition: f"{ends[partition] - 1}:{vote_id}" for partition, vote_id in last.items()
        }
        await self._advance_log(before, after)
        if self._redis_url is not None:
            await _advance_tally(self._redis_url, after, added)
        self.votes = count

    async def _positions(self) -> dict[int, str]:
        log = VoteLog(self._mongodb.url, DATABASE)
        try:
            found = await log.positions(list(self._partitions))
        finally:
            log.close()
        return {p: found[p].position if p in found else NO_POSITION for p in self._partitions}

    async def _claim(self, log: VoteLog) -> None:
        for partition in self._partitions:
            await log.claim(partition, _OWNER, len(self._partitions))

    async def _advance_log(self, before: dict[int, str], after: dict[int, str]) -> None:
        log = VoteLog(self._mongodb.url, DATABASE)
        try:
            await self._claim(log)
            moves = [LogMove(p, _OWNER, before[p], position) for p, position in after.items()]
            if await log.advance(moves) < len(moves):
                raise AssertionError("the vote log has moved")
        finally:
            log.close()

    async def _write(
        self, count: int, ends: dict[int, int], say: Say
    ) -> tuple[dict[int, Tally], dict[int, str]]:
        """Write votes to ledger and log; return what they add to the tally, and the last ids."""
        added = {partition: Tally() for partition in self._partitions}
        last: dict[int, str] = {}
        file = self._mongodb.data / "votes.db"
        async with BatchWriter(self._bootstrap_servers, self._topic) as writer:
            with closing(sqlite3.connect(file, isolation_level=None)) as database:
                indexes = _drop_indexes(database)
                database.execute("BEGIN")
                for done in range(0, count, BATCH_VOTES):
                    partition = done // BATCH_VOTES % len(self._partitions)
                    batch = sample_votes(partition, min(BATCH_VOTES, count - done))
                    await writer.send(writer.encode(batch), partition)
                    database.executemany(_INSERT, _rows(batch, partition, ends[partition]))
                    add_tally(added[partition], tally_of(batch))
                    ends[partition] += len(batch)
                    last[partition] = batch[-1].id
                    if done <= count // 2:
                        self.middle = (batch[0].cast_at_ms, batch[0].id)
                    if done % _VOTES_PER_LINE == 0:
                        say(f"filling: {self.votes + done:,} votes")
                database.execute("COMMIT")
                say("filling: indexes")
                for index in indexes:
                    database.execute(index)
        return added, last


async def _advance_tally(redis_url: str, after: dict[int, str], added: dict[int, Tally]) -> None:
    tally = TallyStore(redis_url)
    try:
        before = await tally.positions(list(after))
        for partition, position in after.items():
            move = TallyMove(partition, before[partition], position, added[partition])
            await tally.advance([move])
    finally:
        await tally.close()


def _drop_indexes(database: sqlite3.Connection) -> list[str]:
    """Drop the indexes of the table and return the statements that recreate them."""
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA cache_size = -500000")  # in KiB
    found = database.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    ).fetchall()
    for name, _ in found:
        database.execute(f'DROP INDEX "{name}"')
    return [sql for _, sql in found]


def _rows(batch: list[Vote], partition: int, offset: int) -> list[tuple[str, str]]:
    return [
        (vote.id, msgspec.json.encode(_stored(vote, partition, offset + n)).decode())
        for n, vote in enumerate(batch)
    ]


def _stored(vote: Vote, partition: int, offset: int) -> dict[str, Any]:
    at = datetime.fromtimestamp(vote.cast_at_ms / 1000, UTC).replace(tzinfo=None)
    date = {"$date": at.isoformat(timespec="microseconds")}
    return {**to_document(vote, partition, offset), "cast_at": date}
