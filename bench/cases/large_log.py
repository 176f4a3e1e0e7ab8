"""A ledger, a vote log and a tally with millions of votes, filled faster than services fill them.

The vote log is written as nx-27017 keeps it (a table with the document as JSON, expressions of it
as indexes), as through its protocol a million votes would take minutes.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from bench.cases.kafka_write import BATCH_VOTES, Writer
from bench.cases.servers import Rig, Stores
from harness.processes.server import start_together
from harness.voters.ballots import sample_votes
from voting.domain.tally import Tally, add_tally, tally_of
from voting.domain.vote import Vote
from voting.stores.logged_vote import Cursor, to_document
from voting.stores.tally_store import TallyStore
from voting.stores.vote_log import VoteLog

PARTITIONS: Final = 6
_OWNER: Final = "filled"
_TOLD: Final = 500_000
_INSERT: Final = "INSERT INTO votes (_id, data) VALUES (?, ?)"

type Say = Callable[[str], None]


class LargeLog:
    """Grows ledger, vote log and tally, all in step, while no service runs."""

    def __init__(self, rig: Rig, stores: Stores, topic: str) -> None:
        self._rig = rig
        self._stores = stores
        self._topic = topic
        self.votes = 0
        self.middle: Cursor | None = None  # a vote about in the middle

    async def start(self) -> None:
        """Start the stores and make what a first vote would make."""
        self._rig.kafka.create_topics({self._topic: PARTITIONS, "votes.rejected": 1})
        start_together(self._stores.servers)
        log = VoteLog(self._stores.mongodb.url, "voting")
        await log.ensure_indexes()
        for partition in range(PARTITIONS):
            await log.claim(partition, _OWNER, PARTITIONS)
        log.close()

    async def grow_to(self, count: int, say: Say) -> None:
        """Add votes until there are so many in all."""
        tally = TallyStore(self._stores.redis.url)
        before = await tally.positions(range(PARTITIONS))
        ends = {p: int(position.partition(":")[0]) + 1 for p, position in before.items()}
        self._stores.mongodb.stop()
        deltas, last = await self._write(count - self.votes, ends, say)
        self._stores.mongodb.start()
        log = VoteLog(self._stores.mongodb.url, "voting")
        for partition, vote_id in last.items():
            position = f"{ends[partition] - 1}:{vote_id}"
            await log.claim(partition, _OWNER, PARTITIONS)
            await log.advance(partition, _OWNER, before[partition], position)
            await tally.advance(partition, before[partition], position, deltas[partition])
        log.close()
        await tally.close()
        self.votes = count

    async def _write(
        self, count: int, ends: dict[int, int], say: Say
    ) -> tuple[dict[int, Tally], dict[int, str]]:
        """Write votes to ledger and log; return what they add to the tally, and the last ids."""
        deltas = {partition: Tally() for partition in range(PARTITIONS)}
        last: dict[int, str] = {}
        file = self._stores.mongodb.data / "votes.db"
        async with Writer(self._rig.kafka.address, self._topic) as writer:
            with closing(sqlite3.connect(file, isolation_level=None)) as database:
                indexes = _drop_indexes(database)
                database.execute("BEGIN")
                for done in range(0, count, BATCH_VOTES):
                    lane = done // BATCH_VOTES % PARTITIONS
                    batch = sample_votes(lane, min(BATCH_VOTES, count - done))
                    await writer.send(writer.encode(batch), lane)
                    database.executemany(_INSERT, _rows(batch, lane, ends[lane]))
                    add_tally(deltas[lane], tally_of(batch))
                    ends[lane] += len(batch)
                    last[lane] = batch[-1].id
                    if done <= count // 2:
                        self.middle = (batch[0].cast_at_ms, batch[0].id)
                    if done % _TOLD == 0:
                        say(f"filling: {self.votes + done:,} votes")
                database.execute("COMMIT")
                say("filling: indexes")
                for index in indexes:
                    database.execute(index)
        return deltas, last


def _drop_indexes(database: sqlite3.Connection) -> list[str]:
    """Drop the indexes of the table and return the statements that make them again."""
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
