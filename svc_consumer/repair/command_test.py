"""The maintenance commands as processes, while a consumer counts."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import pytest
from redis.asyncio import Redis

from harness.processes.programs import ROOT, python_environment
from harness.servers.kafka_server import KafkaServer
from harness.servers.mongodb_server import MongodbServer
from harness.servers.redis_server import RedisServer
from svc_consumer.testing.consumer_process import ProcessTrial, votes
from svc_consumer.testing.ruled_trial import POLL, RuledTrial
from voting.domain.tally import tally_of
from voting.stores.settings import DATABASE
from voting.stores.tally_exclusion import read_exclusion
from voting.stores.tally_fields import POLL_FIELDS, counter_fields, exclusion_field
from voting.stores.tally_reader import TallyReader
from voting.stores.tally_store import TALLY_KEY, TallyStore

if TYPE_CHECKING:  # pytest loads it as a plugin and must be the first to do so
    from harness.testing.fixtures import StartService

pytest_plugins = ["harness.testing.fixtures", "svc_consumer.testing.process_fixtures"]

LIMIT_SECONDS = 90
PACE_SECONDS = 0.2
LOOK_SECONDS = 0.005


async def run(trial: ProcessTrial, *arguments: str, **settings: str) -> tuple[int, str]:
    """Run svc_consumer with these arguments; return its exit status and output."""
    process = await start(trial, *arguments, **settings)
    async with asyncio.timeout(LIMIT_SECONDS):
        output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def start(
    trial: ProcessTrial, *arguments: str, **settings: str
) -> asyncio.subprocess.Process:
    binary = ROOT / "svc_consumer" / "svc_consumer"
    command = [str(binary)] if binary.exists() else [sys.executable, "-m", "svc_consumer"]
    stores = {
        "REDIS_URL": trial.redis.url,
        "MONGODB_URL": trial.mongodb.url,
        "MONGODB_DATABASE": DATABASE,
    }
    environment = {**os.environ, **python_environment(), **stores, **settings}
    return await asyncio.create_subprocess_exec(
        *command, *arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


@asynccontextmanager
async def watched(trial: ProcessTrial, check: Callable[[int, int], None]) -> AsyncIterator[None]:
    """Read the tally continually; pass each total of votes and the previous one to `check`."""
    tally = TallyStore(trial.redis.url)

    async def watch() -> None:
        before = 0
        while True:
            total = (await tally.read()).votes
            check(before, total)
            before = total
            await asyncio.sleep(LOOK_SECONDS)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])
        await tally.close()
    if not watching.cancelled():
        await watching  # raises what failed


@asynccontextmanager
async def voting(trial: ProcessTrial) -> AsyncIterator[None]:
    """Cast votes while the context lasts."""

    enough = False

    async def vote() -> None:
        while not enough:
            await trial.cast(*votes(20 + len(trial.votes) % 7))
            await asyncio.sleep(PACE_SECONDS)  # leaves the stores time for the tools

    flowing = asyncio.create_task(vote())
    try:
        yield
    finally:
        enough = True
        await flowing


async def damage(trial: ProcessTrial, *, wrong: int) -> None:
    """Write wrong counters into the tally."""
    async with Redis.from_url(trial.redis.url, decode_responses=True) as client:
        fields = cast("list[str]", await client.hkeys(TALLY_KEY))
        [first, *_] = sorted(field for field in fields if field.startswith("v:"))
        await client.hincrby(TALLY_KEY, first, wrong)
        await client.hincrby(TALLY_KEY, "r:grpc", wrong)
        await client.hset(TALLY_KEY, "s:Nobody\x1fNothing\x1f1999", "12")
        await client.hincrby(TALLY_KEY, "p:2026\x1fv:1", wrong)
        await client.hset(TALLY_KEY, "p:nowhere\x1fs:1", "7")


async def test_a_tally_that_agrees_is_verified_while_votes_flow(trial: ProcessTrial) -> None:
    trial.start_consumer()
    await trial.cast(*votes(500))
    await trial.in_step()
    async with voting(trial):
        for _ in range(3):
            status, output = await run(trial, "verify", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
            assert status == 0, output
    assert "what rulings take was not checked: the log of polls cannot be read" in output
    assert "0 differences" in output


async def test_differences_are_listed_one_by_one(trial: ProcessTrial) -> None:
    trial.start_consumer()
    await trial.cast(*votes(500))
    await trial.in_step()
    await damage(trial, wrong=3)
    status, output = await run(trial, "verify")
    expected = counter_fields(tally_of(trial.votes.values()))
    assert status == 1
    assert (
        f"r grpc: {expected['r:grpc'] + 3} in the tally, {expected['r:grpc']} in the vote log"
        in (output.replace("votes of the route", "r"))
    )
    assert "rank sum of Nobody / Nothing / 1999: 12 in the tally, 0 in the vote log" in output
    of_poll = tally_of(trial.votes.values()).polls["2026"].entries["1"].votes
    found = f"poll 2026: votes of 1: {of_poll + 3} in the tally, {of_poll} in the vote log"
    assert found in output
    assert "poll nowhere: rank sum of 1: 7 in the tally, 0 in the vote log" in output
    assert "5 differences" in output


async def test_a_wrong_number_of_fields_of_polls_is_found_and_put_right(
    trial: ProcessTrial,
) -> None:
    consumer = trial.start_consumer()
    await trial.cast(*votes(50))
    await trial.in_step()
    consumer.stop()
    async with Redis.from_url(trial.redis.url, decode_responses=True) as client:
        right = cast("str", await client.hget(TALLY_KEY, POLL_FIELDS))
        await client.hset(TALLY_KEY, POLL_FIELDS, "1")
        status, output = await run(trial, "verify")
        assert status == 1
        assert f"fields of polls: 1 in the tally, {right} in the vote log" in output
        assert "1 differences" in output
        status, output = await run(trial, "rebuild")
        assert (status, "1 counters were wrong" in output) == (0, True), output
        assert await client.hget(TALLY_KEY, POLL_FIELDS) == right


async def test_what_rulings_take_is_verified_and_put_right(
    kafka: KafkaServer, redis_server: RedisServer, mongodb: MongodbServer, service: StartService
) -> None:
    trial = RuledTrial(kafka, redis_server, mongodb, service)
    reader = TallyReader(redis_server.url)
    await trial.empty_tally()
    trial.drop_log()
    await trial.begin()
    trial.start_consumer()
    await trial.cast(*votes(300))
    bots = [vote for vote in trial.votes.values() if vote.poll == POLL][:40]
    await trial.rule_out(bots)
    await trial.shows(reader, trial.left(bots))
    log_of_polls = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.address,
        "KAFKA_POLLS_TOPIC": trial.polls_topic,
    }
    assert (await run(trial, "verify", **log_of_polls))[0] == 0
    async with Redis.from_url(redis_server.url, decode_responses=True) as client:
        right = cast("str", await client.hget(TALLY_KEY, exclusion_field(POLL)))
        wrong = f'{right.partition(" ")[0]} {{"by_ruling":{{}}}}'
        await client.hset(TALLY_KEY, exclusion_field(POLL), wrong)
        status, output = await run(trial, "verify", **log_of_polls)
        said = f"poll {POLL}: 0 votes are excluded in the tally, 40 by rulings"
        assert (status, said in output, "1 differences" in output) == (1, True, True), output
        status, output = await run(trial, "rebuild", **log_of_polls)
        assert (status, "1 counters were wrong" in output) == (0, True), output
        assert read_exclusion(
            cast("str", await client.hget(TALLY_KEY, exclusion_field(POLL)))
        ) == read_exclusion(right)
        await client.hset(TALLY_KEY, exclusion_field(POLL), "?")
        await trial.shows(reader, trial.left(bots))  # svc_consumer has applied them again
    assert (await run(trial, "verify", **log_of_polls))[0] == 0
    away = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    status, output = await run(trial, "verify", **away)
    assert (status, "the log of polls cannot be read" in output) == (2, True), output
    status, output = await run(trial, "rebuild", **away)
    assert (status, "what rulings take was not checked" in output) == (0, True), output
    await reader.close()
    await trial.close()


async def test_a_damaged_tally_is_rebuilt_while_votes_flow(trial: ProcessTrial) -> None:
    def wrong_then_right(before: int, total: int) -> None:
        if total < 1_000_000 and total > len(trial.votes):
            raise AssertionError(f"{total} votes, {len(trial.votes)} were cast")
        if total < before and before < 1_000_000:
            raise AssertionError(f"{total} votes after {before}")

    trial.start_consumer()
    await trial.cast(*votes(2000))
    await trial.in_step()
    await damage(trial, wrong=1_000_000)
    async with voting(trial), watched(trial, wrong_then_right):
        status, output = await run(trial, "rebuild")
        assert status == 0, output
        status, output = await run(trial, "verify")
        assert status == 0, output
    await trial.in_step()


async def test_rebuilding_a_correct_tally_changes_nothing(trial: ProcessTrial) -> None:
    def never_less(before: int, total: int) -> None:
        if not before <= total <= len(trial.votes):
            raise AssertionError(f"{total} votes after {before}, {len(trial.votes)} were cast")

    trial.start_consumer()
    await trial.cast(*votes(2000))
    await trial.in_step()
    async with voting(trial), watched(trial, never_less):
        for _ in range(3):
            status, output = await run(trial, "rebuild", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
            assert status == 0, output
            assert "what rulings take was not checked: the log of polls cannot be read" in output
            assert "0 counters were wrong" in output
    await trial.in_step()


async def test_an_empty_tally_is_rebuilt_at_once_without_a_consumer(trial: ProcessTrial) -> None:
    def all_or_nothing(before: int, total: int) -> None:
        if total not in {0, 2000}:
            raise AssertionError(f"{total} votes")

    consumer = trial.start_consumer()
    await trial.cast(*votes(2000))
    await trial.in_step()
    consumer.stop()
    await trial.empty_tally()
    async with watched(trial, all_or_nothing):
        status, output = await run(trial, "rebuild")
    assert status == 0, output
    await trial.in_step()
    status, output = await run(trial, "verify")
    assert (status, "2000 votes" in output) == (0, True), output
    consumer.start()
    await trial.cast(*votes(100))
    await trial.in_step()


async def test_an_interrupted_rebuild_leaves_nothing_behind(trial: ProcessTrial) -> None:
    consumer = trial.start_consumer()
    await trial.cast(*votes(100))
    await trial.in_step()
    consumer.stop()
    trial.drop_log()  # so that it waits for the log to catch up with the tally
    process = await start(trial, "rebuild")
    assert process.stdout is not None
    async with asyncio.timeout(LIMIT_SECONDS):
        while b"waiting" not in await process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        output, _ = await process.communicate()
    assert process.returncode == 130
    assert output.endswith(b"svc_consumer rebuild: interrupted; nothing was changed\n")
    async with Redis.from_url(trial.redis.url, decode_responses=True) as client:
        assert await client.keys("*") == [TALLY_KEY]
        assert not await client.hexists(TALLY_KEY, "rebuild")


@pytest.mark.parametrize("tool", ["verify", "rebuild"])
async def test_a_store_that_is_away_is_named_in_one_line(trial: ProcessTrial, tool: str) -> None:
    status, output = await run(trial, tool, REDIS_URL="redis://127.0.0.1:1/0")
    assert status == 2
    assert output.splitlines()[-1].startswith(f"svc_consumer {tool}: Redis is not available")


@pytest.mark.parametrize("tool", ["verify", "rebuild"])
async def test_help_describes_the_tool(trial: ProcessTrial, tool: str) -> None:
    status, output = await run(trial, tool, "--help")
    assert status == 0
    assert "vote log" in output
    assert "REDIS_URL" in output
    assert tool in (await run(trial, "--help"))[1]


async def test_albums_that_look_alike_are_listed(trial: ProcessTrial) -> None:
    async with Redis.from_url(trial.redis.url) as client:
        fields = {
            "Yes\x1fFragile\x1f1971": 3,
            "Y\u0435s\x1fFragile\x1f1971": 2,
            "Yes\x1fRelayer\x1f1974": 1,
        }
        for field, number in fields.items():
            await client.hset(TALLY_KEY, mapping={f"v:{field}": number, f"s:{field}": number})
    status, output = await run(trial, "twins")
    assert status == 0, output
    assert output.splitlines() == [
        "        3 'Yes' / 'Fragile' / 1971",
        "        2 'Y\\u0435s' / 'Fragile' / 1971",
        "",
        "3 albums, 1 groups that look alike; each is counted separately",
    ]
