"""A ledger and a vote log with many votes in them, faster than people and the consumer make them.

The votes lie in Kafka, the vote log has each at its place, and its positions are at the last ones:
as the consumer would have left it. Nothing of them is in the tally.
"""

from collections.abc import Callable
from random import Random
from typing import Final

from harness.promise.ledger_reader import TOPIC
from harness.promise.stores_reader import DATABASE
from harness.voters.voters import ROUND_NAMES
from voting.domain.codec import record_of
from voting.domain.vote import Route, Vote, new_vote_id
from voting.ledger.producer import close_producer, new_producer, record_batches
from voting.stores.errors import NO_POSITION
from voting.stores.logged_vote import to_document
from voting.stores.vote_log import VoteLog

_BATCH: Final = 1000
_TOLD: Final = 100_000
_ALBUMS: Final = 100
_CAST_AT_MS: Final = 1_764_000_000_000


async def fill(
    bootstrap_servers: str,
    mongodb_url: str,
    count: int,
    partitions: int,
    random: Random,
    say: Callable[[str], None],
) -> None:
    """Put so many votes into an empty topic and an empty vote log."""
    producer = new_producer({"bootstrap_servers": bootstrap_servers})
    log = VoteLog(mongodb_url, DATABASE)
    ends = dict.fromkeys(range(partitions), 0)
    last: dict[int, str] = {}
    try:
        await producer.start()
        await log.ensure_indexes()
        for done in range(0, count, _BATCH):
            partition = done // _BATCH % partitions
            votes = [_vote(partition, random) for _ in range(min(_BATCH, count - done))]
            for batch in record_batches(producer, [record_of(vote) for vote in votes]):
                await (await producer.send_batch(batch, TOPIC, partition=partition))
            places = enumerate(votes, ends[partition])
            documents = [to_document(vote, partition, offset) for offset, vote in places]
            await log.insert(documents)
            ends[partition] += len(votes)
            last[partition] = votes[-1].id
            if done % _TOLD == 0:
                say(f"filling: {done} of {count} votes")
        for partition, vote_id in last.items():
            await log.claim(partition, "filled", partitions)
            position = f"{ends[partition] - 1}:{vote_id}"
            if not await log.advance(partition, "filled", NO_POSITION, position):
                raise AssertionError(f"partition {partition} of the vote log was not empty")
    finally:
        log.close()
        await close_producer(producer)


def _vote(partition: int, random: Random) -> Vote:
    return Vote(
        new_vote_id(partition),
        random.choice(ROUND_NAMES),
        f"filled {random.randrange(_ALBUMS)}",
        1990,
        random.randint(1, 100),
        random.choice(list(Route)),
        _CAST_AT_MS,
    )
