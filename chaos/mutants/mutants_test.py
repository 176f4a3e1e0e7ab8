"""The checker is checked: each rule of counting is broken once, and the check must catch it.

Every scenario runs twice: with the real consumer the check must find nothing, with the mutant it
must find something.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final

import msgspec
import pytest
from pymongo import MongoClient
from redis import Redis

from chaos.faults.losses import append_only_file
from chaos.mutants.mutants import (
    CommitsFirst,
    ComparedTogetherTally,
    CountsDuplicates,
    FencedTogetherLog,
    IgnoresClasses,
    IgnoresPolls,
    ManyWritesTally,
    OverwritingLog,
    SumsBeyondCut,
    TallyFirst,
    UncomparedTally,
    UnfencedLog,
)
from chaos.mutants.workbench import OTHER, PARTITION, CountingConsumer, Ledger, NothingRejected
from harness.servers.mongodb_server import MongodbServer
from harness.servers.redis_server import RedisServer
from svc_consumer.counting.projector import Projector
from voting.stores.errors import StoreUnavailableError
from voting.stores.settings import DATABASE
from voting.stores.tally_store import TallyMove, TallyStore
from voting.stores.vote_log import VoteLog
from voting.stores.vote_log_reader import COLLECTION

pytest_plugins = ["harness.testing.fixtures"]

LOST: Final = "acknowledged, but not in the vote log"
ALTERED: Final = "in the vote log, but not what the voter sent first"
MISCOUNTED: Final = "tally is not the vote log's sum"
NOT_FINAL: Final = "final result is not the ledger's votes before the cut"
CUTS: Final = 8


class Bench:
    """Empty stores, an empty ledger, and consumers made of the parts that a test chooses."""

    def __init__(self, redis: RedisServer, mongodb: MongodbServer) -> None:
        self.redis = redis
        self.mongodb = mongodb
        self.ledger = Ledger()
        self._clients: list[VoteLog | TallyStore] = []
        with Redis.from_url(redis.url) as client:
            client.flushall()
        self.lose_log()

    def log(self, kind: type[VoteLog] = VoteLog) -> VoteLog:
        self._clients.append(log := kind(self.mongodb.url, DATABASE))
        return log

    def tally(self, kind: Callable[[str], TallyStore] = TallyStore) -> TallyStore:
        self._clients.append(tally := kind(self.redis.url))
        return tally

    def consumer(
        self,
        kind: type[Projector] = Projector,
        log: VoteLog | None = None,
        tally: TallyStore | None = None,
    ) -> CountingConsumer:
        log, tally = log or self.log(), tally or self.tally()
        return CountingConsumer(self.ledger, kind(log, tally, NothingRejected()), log, tally)

    async def check(self, kind: type[VoteLog] = VoteLog) -> dict[str, int]:
        """Return how often each rule is broken; the vote log may be read in another way."""
        found = await self.ledger.check(self.log(kind), self.tally())
        return {violation.rule: violation.times for violation in found}

    def lose_log(self) -> None:
        with self._mongodb() as client:
            client[DATABASE][COLLECTION].drop()

    def set_log_back_to(self, offset: int, partition: int = PARTITION) -> None:
        """Set a partition of the vote log back to when the record at `offset` was its last."""
        key = self.ledger.partitions[partition][offset].key or b""
        with self._mongodb() as client:
            votes = client[DATABASE][COLLECTION]
            votes.delete_many({"partition": partition, "offset": {"$gt": offset}})
            position = {"$set": {"pos": f"{offset}:{key.decode()}"}}
            votes.update_one({"_id": f"@{partition}"}, position)

    async def close(self) -> None:
        for client in self._clients:
            if isinstance(client, VoteLog):
                client.close()
            else:
                await client.close()

    def _mongodb(self) -> MongoClient[dict[str, Any]]:
        return MongoClient(self.mongodb.url)


@pytest.fixture
async def new_bench(
    redis_server: RedisServer, mongodb: MongodbServer
) -> AsyncIterator[Callable[[], Bench]]:
    benches: list[Bench] = []

    def new() -> Bench:
        benches.append(Bench(redis_server, mongodb))
        return benches[-1]

    yield new
    for bench in benches:
        await bench.close()


async def test_a_log_advanced_without_comparing_loses_votes(
    new_bench: Callable[[], Bench],
) -> None:
    async def log_set_back(kind: type[VoteLog]) -> dict[str, int]:
        bench = new_bench()
        consumer = bench.consumer(log=bench.log(kind))
        bench.ledger.cast(20)
        await consumer.catch_up()
        bench.set_log_back_to(9)
        bench.ledger.cast(10)
        await consumer.catch_up()
        return await bench.check()

    assert await log_set_back(VoteLog) == {}
    assert (await log_set_back(UnfencedLog))[LOST] == 10


async def test_a_tally_advanced_without_comparing_counts_twice(
    new_bench: Callable[[], Bench],
) -> None:
    async def wakes_between_fence_and_tally(kind: Callable[[str], TallyStore]) -> dict[str, int]:
        bench = new_bench()
        held = HeldTally(bench.tally(kind))
        zombie, other = bench.consumer(tally=held), bench.consumer(tally=bench.tally(kind))
        bench.ledger.cast(30)
        asleep = asyncio.create_task(zombie.take_in_next())
        await asyncio.wait_for(held.reached.wait(), 10)
        await other.catch_up()
        held.go_on.set()
        await asleep
        await zombie.catch_up()
        return await bench.check()

    assert await wakes_between_fence_and_tally(TallyStore) == {}
    assert MISCOUNTED in await wakes_between_fence_and_tally(UncomparedTally)


async def test_a_partition_that_passes_the_fence_does_not_take_another_with_it(
    new_bench: Callable[[], Bench],
) -> None:
    async def one_is_set_back(kind: type[VoteLog]) -> dict[str, int]:
        bench = new_bench()
        consumer = bench.consumer(log=bench.log(kind))
        for partition in (PARTITION, OTHER):
            bench.ledger.cast(20, partition)
        await consumer.catch_up()
        bench.set_log_back_to(9, OTHER)
        for partition in (PARTITION, OTHER):
            bench.ledger.cast(10, partition)
        await consumer.catch_up()
        return await bench.check()

    assert await one_is_set_back(VoteLog) == {}
    assert (await one_is_set_back(FencedTogetherLog))[LOST] == 10


async def test_a_partition_that_the_tally_expects_does_not_take_another_with_it(
    new_bench: Callable[[], Bench],
) -> None:
    async def another_has_counted_one(kind: Callable[[str], TallyStore]) -> dict[str, int]:
        bench = new_bench()
        held = HeldTally(bench.tally(kind))
        zombie, other = bench.consumer(tally=held), bench.consumer(tally=bench.tally(kind))
        for partition in (PARTITION, OTHER):
            bench.ledger.cast(30, partition)
        asleep = asyncio.create_task(zombie.take_in_next())
        await asyncio.wait_for(held.reached.wait(), 10)
        await other.catch_up(only=OTHER)
        held.go_on.set()
        await asleep
        await zombie.catch_up()
        return await bench.check()

    assert await another_has_counted_one(TallyStore) == {}
    assert MISCOUNTED in await another_has_counted_one(ComparedTogetherTally)


async def test_a_tally_before_the_fence_counts_twice(new_bench: Callable[[], Bench]) -> None:
    async def log_lost_before_a_duplicate(kind: type[Projector]) -> dict[str, int]:
        bench = new_bench()
        consumer = bench.consumer(kind)
        votes = bench.ledger.cast(10)
        await consumer.catch_up()
        bench.lose_log()
        bench.ledger.append(votes[5])
        await consumer.catch_up()
        return await bench.check()

    assert await log_lost_before_a_duplicate(Projector) == {}
    assert MISCOUNTED in await log_lost_before_a_duplicate(TallyFirst)


async def test_several_writes_in_the_script_are_torn_apart(
    new_bench: Callable[[], Bench],
) -> None:
    async def torn_files(kind: Callable[[str], TallyStore]) -> dict[str, int]:
        bench = new_bench()
        redis, folder = bench.redis, bench.redis.data
        bench.ledger.cast(20)
        consumer = bench.consumer(tally=bench.tally(kind))
        await consumer.take_in_next()
        before = append_only_file(folder).stat().st_size
        await consumer.take_in_next()
        after = append_only_file(folder).stat().st_size
        redis.kill()
        file = append_only_file(folder)
        whole = file.read_bytes()
        found: dict[str, int] = {}
        for cut in range(before, after, (after - before) // CUTS):
            file.write_bytes(whole[:cut])
            redis.start()
            await bench.consumer(tally=bench.tally(kind)).catch_up()
            redis.kill()
            redis.start()  # a torn script shows only now
            await bench.consumer(tally=bench.tally(kind)).catch_up()
            found |= await bench.check()
            redis.kill()
        redis.start()
        return found

    assert await torn_files(TallyStore) == {}
    assert MISCOUNTED in await torn_files(ManyWritesTally)


@pytest.mark.parametrize("changes", [{"rank": 99}, {"poll": "another"}, {"entry": "9"}])
async def test_a_later_copy_in_the_log_is_not_what_was_acknowledged(
    new_bench: Callable[[], Bench], changes: dict[str, object]
) -> None:
    async def sent_again_with_changes(kind: type[VoteLog]) -> dict[str, int]:
        bench = new_bench()
        consumer = bench.consumer(log=bench.log(kind))
        votes = bench.ledger.cast(10)
        await consumer.catch_up()
        bench.ledger.append(msgspec.structs.replace(votes[4], **changes))
        await consumer.catch_up()
        return await bench.check()

    assert await sent_again_with_changes(VoteLog) == {}
    assert (await sent_again_with_changes(OverwritingLog))[ALTERED] == 1


@pytest.mark.parametrize("store", ["log", "tally"])
async def test_without_verifying_an_idle_loss_stays(
    new_bench: Callable[[], Bench], store: str
) -> None:
    async def idle_loss(*, verifies: bool) -> dict[str, int]:
        bench = new_bench()
        consumer = bench.consumer()
        bench.ledger.cast(20)
        await consumer.catch_up()
        if store == "log":
            bench.lose_log()
        else:
            with Redis.from_url(bench.redis.url) as client:
                client.flushall()
        if verifies:
            await consumer.idle_for_a_second()
        await consumer.catch_up()
        return await bench.check()

    assert await idle_loss(verifies=True) == {}
    assert await idle_loss(verifies=False) != {}


async def test_counted_duplicates_are_too_many(new_bench: Callable[[], Bench]) -> None:
    async def one_vote_twice(kind: type[Projector]) -> dict[str, int]:
        bench = new_bench()
        (vote,) = bench.ledger.cast(1)
        bench.ledger.append(vote)
        await bench.consumer(kind).catch_up()
        return await bench.check()

    assert await one_vote_twice(Projector) == {}
    assert MISCOUNTED in await one_vote_twice(CountsDuplicates)


async def test_votes_counted_for_their_albums_or_for_another_class_are_in_the_wrong_place(
    new_bench: Callable[[], Bench],
) -> None:
    async def votes_in_polls(kind: type[Projector]) -> dict[str, int]:
        bench = new_bench()
        bench.ledger.cast(30)
        await bench.consumer(kind).catch_up()
        return await bench.check()

    assert await votes_in_polls(Projector) == {}
    assert MISCOUNTED in await votes_in_polls(IgnoresPolls)
    assert MISCOUNTED in await votes_in_polls(IgnoresClasses)


async def test_a_result_with_votes_behind_the_cut_is_not_final(
    new_bench: Callable[[], Bench],
) -> None:
    async def unanswered_votes_behind_the_cut(kind: type[VoteLog]) -> dict[str, int]:
        bench = new_bench()
        bench.ledger.cast(20)
        bench.ledger.cut()
        bench.ledger.cast(10, acknowledged=False)
        await bench.consumer().catch_up()
        return await bench.check(kind)

    assert await unanswered_votes_behind_the_cut(VoteLog) == {}
    assert NOT_FINAL in await unanswered_votes_behind_the_cut(SumsBeyondCut)


async def test_commit_before_write_loses_what_a_crash_cuts_short(
    new_bench: Callable[[], Bench],
) -> None:
    async def log_away_for_one_batch(kind: type[Projector]) -> dict[str, int]:
        bench = new_bench()
        log = FailingLog(bench.mongodb.url, DATABASE)
        consumer = bench.consumer(kind, log=log)
        bench.ledger.cast(10)
        await consumer.catch_up()
        bench.ledger.cast(10)
        log.fails = True
        await consumer.take_in_next()
        log.fails = False
        bench.ledger.cast(10)
        await consumer.catch_up()
        log.close()
        return await bench.check()

    assert await log_away_for_one_batch(Projector) == {}
    assert LOST in await log_away_for_one_batch(CommitsFirst)


class HeldTally(TallyStore):
    """A tally whose first advance waits, like that of a process that was stopped there."""

    def __init__(self, tally: TallyStore) -> None:
        self._tally = tally
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    async def positions(self, partitions: Any) -> dict[int, str]:
        return await self._tally.positions(partitions)

    async def claim(self, partition: int) -> str:
        return await self._tally.claim(partition)

    async def advance(self, moves: Sequence[TallyMove]) -> list[str]:
        self.reached.set()
        await self.go_on.wait()
        return await self._tally.advance(moves)


class FailingLog(VoteLog):
    """A vote log that stores no votes while `fails`."""

    fails = False

    async def insert(self, documents: Any) -> list[str]:
        if self.fails:
            raise StoreUnavailableError("MongoDB", ConnectionError("refused"))
        return await super().insert(documents)
