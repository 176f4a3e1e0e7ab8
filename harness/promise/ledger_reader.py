"""Reads the topics of Kafka from outside, independently of the consumer."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import KafkaError

from voting.domain.codec import read_vote
from voting.domain.vote import InvalidVoteError, Vote, arrival
from voting.ledger.settings import POLLS_TOPIC, REJECTED_TOPIC, VOTES_TOPIC
from voting.merkle.hashes import leaf_hash
from voting.polls.book import PollBook
from voting.polls.event import Publish
from voting.polls.poll import Poll
from voting.stores.logged_vote import LoggedVote, Place

READ_SECONDS: Final = 20.0
"""How long a reading of positions may take before another one is tried."""

_LIMIT_SECONDS: Final = 300.0

type _Consumer = AIOKafkaConsumer[bytes, bytes]


class LedgerVotes(NamedTuple):
    """What should count, the first copy of every vote by id, and where records are not votes.

    `leaves` are the hashes of all records of each partition, as the notary's trees have them.
    """

    first: dict[str, LoggedVote]
    records: int
    not_votes: frozenset[Place] = frozenset()
    leaves: Mapping[int, list[bytes]] = {}


class Rejections(NamedTuple):
    """What was rejected: its places in the ledger, and the ids of valid votes among it."""

    places: frozenset[Place]
    valid: list[str]


async def read_ledger(bootstrap_servers: str) -> LedgerVotes:
    """Return the votes of the topic. Raises TimeoutError after five minutes."""
    first: dict[str, LoggedVote] = {}
    not_votes: set[Place] = set()
    leaves: dict[int, list[bytes]] = {}
    records = 0
    async with (
        asyncio.timeout(_LIMIT_SECONDS),
        _consumer(bootstrap_servers, VOTES_TOPIC) as consumer,
    ):
        partitions = len(consumer.assignment())
        async for record in _all_records(consumer):
            records += 1
            place = Place(record.partition, record.offset)
            hashed = leaf_hash(record.offset, record.key, record.value)
            leaves.setdefault(record.partition, []).append(hashed)
            try:
                vote = read_vote(record.key, record.value, record.partition, partitions)
            except InvalidVoteError:
                not_votes.add(place)
            else:
                first.setdefault(vote.id, logged_vote(vote, *place, record.timestamp))
    return LedgerVotes(first, records, frozenset(not_votes), leaves)


async def read_rejections(bootstrap_servers: str, partitions: int) -> Rejections:
    """Return what was rejected of a topic with these partitions; errors: see `read_ledger`."""
    places: set[Place] = set()
    valid: list[str] = []
    async with (
        asyncio.timeout(_LIMIT_SECONDS),
        _consumer(bootstrap_servers, REJECTED_TOPIC) as consumer,
    ):
        async for record in _all_records(consumer):
            headers = dict(record.headers)
            place = Place(int(headers["partition"]), int(headers["offset"]))
            places.add(place)
            try:
                vote = read_vote(record.key, record.value, place.partition, partitions)
            except InvalidVoteError:
                continue
            valid.append(vote.id)
    return Rejections(frozenset(places), valid)


async def read_polls(bootstrap_servers: str) -> Mapping[str, Poll]:
    """Return all polls by id; errors: see `read_ledger`."""
    book = PollBook()
    async with (
        asyncio.timeout(_LIMIT_SECONDS),
        _consumer(bootstrap_servers, POLLS_TOPIC) as consumer,
    ):
        async for record in _all_records(consumer):
            book.apply(record.value, record.timestamp)
    return book.polls


async def read_results(bootstrap_servers: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the published results by poll; errors: see `read_ledger`."""
    book, results = PollBook(), dict[str, Mapping[str, Any]]()
    async with (
        asyncio.timeout(_LIMIT_SECONDS),
        _consumer(bootstrap_servers, POLLS_TOPIC) as consumer,
    ):
        async for record in _all_records(consumer):
            recorded = book.apply(record.value, record.timestamp)
            if recorded is None or recorded.refusal is not None:
                continue
            if isinstance(recorded.event.change, Publish):
                document = recorded.event.change.document
                results[recorded.event.poll] = json.loads(document)
    return results


async def end_offsets(bootstrap_servers: str) -> dict[int, int]:
    """Return the offset of the next record of each partition. Raises KafkaError, TimeoutError."""
    async with asyncio.timeout(READ_SECONDS), _consumer(bootstrap_servers, VOTES_TOPIC) as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
    return {partition.partition: offset for partition, offset in ends.items()}


@asynccontextmanager
async def _consumer(bootstrap_servers: str, topic: str) -> AsyncIterator[_Consumer]:
    """Connect as a reader of all partitions of a topic, outside any group."""
    consumer: _Consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap_servers, auto_offset_reset="earliest"
    )
    try:
        await consumer.start()
        if not consumer.assignment():
            raise KafkaError(f"there is no topic {topic}")
        yield consumer
    finally:
        await consumer.stop()


async def _all_records(consumer: _Consumer) -> AsyncIterator[ConsumerRecord[bytes, bytes]]:
    """Return the records up to the topic's present end, in order within each partition."""
    ends = await consumer.end_offsets(consumer.assignment())
    while any([await consumer.position(partition) < end for partition, end in ends.items()]):
        for records in (await consumer.getmany(timeout_ms=1000)).values():
            for record in records:
                yield record


def logged_vote(vote: Vote, partition: int, offset: int, timestamp_ms: int = -1) -> LoggedVote:
    """Return a vote as the log should have it; -1 if Kafka did not record when it arrived."""
    return LoggedVote(vote, Place(partition, offset), arrival(vote, timestamp_ms))
