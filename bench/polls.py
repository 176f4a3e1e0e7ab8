"""Measures what it costs to read one poll, and the open poll beside many others.

`./bazelw run //bench:polls` fills a Redis and a server of MongoDB's protocol of its own: a tally
without polls, with 1 and with 1,000 of 50 entries beside 1,000 albums, and a vote log with a large
and a small poll. It prints how long each reading takes.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from redis import Redis

from harness.processes.ports import free_port
from harness.servers.mongodb_server import MongodbServer
from harness.servers.redis_server import RedisServer
from loadtest.model.percentiles import percentile_of
from svc_results.feed.ranking_reader import LOOK_AGAIN_SECONDS, RankingReader
from voting.client.samples import sample_vote
from voting.domain.tally import AlbumTally, EntryTally, PollTally, Tally
from voting.domain.vote import Route, new_vote_id
from voting.stores.errors import NO_POSITION
from voting.stores.logged_vote import to_document
from voting.stores.poll_result import votes_before_cut
from voting.stores.settings import DATABASE
from voting.stores.tally_fields import POLL_FIELDS, counter_fields, poll_field_count
from voting.stores.tally_reader import TALLY_KEY, TallyReader
from voting.stores.vote_log import LogMove, VoteLog

_POLLS: Final = (0, 1, 1000)
_ENTRIES: Final = 50
_ALBUMS: Final = 1000
_READINGS: Final = 300
_WHOLE_READINGS: Final = 50
_PARTITIONS: Final = 6
_BATCH: Final = 1000
_SMALL: Final = 100  # one vote of so many is in the small poll


class Figure(NamedTuple):
    """Milliseconds of a reading, and of Redis for it, in which it serves nobody else."""

    name: str
    p50_ms: float
    p99_ms: float
    redis_ms: float


def main(argv: Sequence[str] | None = None) -> None:
    """Run the cases and print their figures."""
    parser = argparse.ArgumentParser(prog="//bench:polls", description=__doc__)
    parser.add_argument("--entries", type=int, default=_ENTRIES, help="of a poll (%(default)s)")
    parser.add_argument("--albums", type=int, default=_ALBUMS, help="open ones (%(default)s)")
    parser.add_argument("--votes", type=int, default=120_000, help="in the log (%(default)s)")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        for polls in _POLLS:
            with (
                RedisServer("redis", free_port(), Path(name) / str(polls)) as server,
                Redis.from_url(server.url) as redis,
            ):
                fill(redis, polls, options.entries, options.albums)
                memory = redis.info("memory")["used_memory"] >> 10
                sys.stdout.write(f"{polls} polls, {memory} KB in Redis\n")
                figures = asyncio.run(measure(server, redis, options.entries, alone=polls == 0))
                sys.stdout.writelines(
                    f"  {f.name:28}{f.p50_ms:9.2f}{f.p99_ms:9.2f}{f.redis_ms:9.3f}\n"
                    for f in figures
                )
        with MongodbServer("mongodb", free_port(), Path(name)) as mongodb:
            lines = asyncio.run(final_results(mongodb, options.votes, options.entries))
        sys.stdout.writelines(f"{line}\n" for line in lines)


async def final_results(mongodb: MongodbServer, count: int, entries: int) -> list[str]:
    """Return how long it takes to add up a large and a small poll of a vote log."""
    log = VoteLog(mongodb.url, DATABASE)
    try:
        await log.ensure_indexes()
        ends = [await _fill_log(log, p, count // _PARTITIONS, entries) for p in range(_PARTITIONS)]
        lines = []
        for poll in ("large", "small"):
            start = time.perf_counter()
            counted = await votes_before_cut(log, poll, ends)
            seconds = time.perf_counter() - start
            lines.append(f"final result of {counted.votes} votes of {sum(ends)}: {seconds:.2f} s")
        return lines
    finally:
        log.close()


async def _fill_log(log: VoteLog, partition: int, count: int, entries: int) -> int:
    """Store votes of a partition: most in a large poll, a few in a small one; return their end."""
    await log.claim(partition, "bench", _PARTITIONS)
    position = NO_POSITION
    for start in range(0, count, _BATCH):
        votes = [
            sample_vote(
                id=new_vote_id(partition),
                poll="large" if number % _SMALL else "small",
                entry=f"entry-{number % entries}",
                poll_event=1,
                route=list(Route)[number % 2],
            )
            for number in range(start, min(start + _BATCH, count))
        ]
        await log.insert([to_document(v, partition, start + n) for n, v in enumerate(votes)])
        before, position = position, f"{start + len(votes) - 1}:{votes[-1].id}"
        await log.advance([LogMove(partition, "bench", before, position)])
    return count


def fill(redis: Redis, polls: int, entries: int, albums: int) -> None:
    """Store the counters of so many polls with votes on all entries, and of so many albums."""
    some = [AlbumTally(f"The Band {n % 25}", f"Album {n}", 1990, 3, 150) for n in range(albums)]
    tally = Tally({(a.name, a.album, a.year): a for a in some}, {Route.HTTP: 3 * albums})
    store(redis, counter_fields(tally))
    of_polls = 0
    for number in range(polls):
        poll = PollTally(
            {f"entry-{n}": EntryTally(3, 150) for n in range(entries)},
            dict.fromkeys(Route, 3 * entries // 2),
        )
        fields = counter_fields(Tally(polls={f"poll-{number}": poll}))
        store(redis, fields)
        of_polls += poll_field_count(fields)
    if of_polls:
        store(redis, {POLL_FIELDS: of_polls})


def store(redis: Redis, fields: dict[str, int]) -> None:
    """Store fields of the tally."""
    values: dict[Any, Any] = dict(fields)
    redis.hset(TALLY_KEY, mapping=values)


async def measure(server: RedisServer, redis: Redis, entries: int, *, alone: bool) -> list[Figure]:
    """Return what each reading costs; `alone` is without a poll."""
    reader = TallyReader(server.reader_url)
    names = [f"entry-{n}" for n in range(entries)]

    async def first_reading() -> object:
        return await RankingReader(reader).read()

    async def again() -> Callable[[], Awaitable[object]]:
        now = [0.0]  # stands still during a reading, so that the tally need not rest
        ranking = RankingReader(reader, clock=lambda: now[0])
        await ranking.read()

        async def read() -> object:
            redis.hincrby(TALLY_KEY, "r:http", 1)
            now[0] += LOOK_AGAIN_SECONDS / 1000
            return await ranking.read()

        return read

    cases: list[tuple[str, int, Callable[[], Awaitable[object]]]] = [
        ("pulse of the open poll", _READINGS, reader.pulse),
        ("open poll, first reading", _WHOLE_READINGS, first_reading),
        ("open poll, after a vote", _WHOLE_READINGS, await again()),
    ]
    if not alone:
        cases.append(("one poll", _READINGS, lambda: reader.poll_standings("poll-0", names)))
    figures = [await _measure(redis, *case) for case in cases]
    await reader.close()
    return figures


async def _measure(
    redis: Redis, name: str, times: int, read: Callable[[], Awaitable[object]]
) -> Figure:
    await read()
    redis.config_resetstat()
    taken: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        await read()
        taken.append(1000 * (time.perf_counter() - start))
    used = sum(_microseconds(redis.info("commandstats")))
    p50, p99 = (percentile_of(taken, percent) or 0.0 for percent in (50, 99))
    return Figure(name, p50, p99, used / 1000 / times)


def _microseconds(commands: dict[str, Any]) -> Iterator[int]:
    for name in ("hlen", "hmget", "hscan"):
        yield commands.get(f"cmdstat_{name}", {}).get("usec", 0)


if __name__ == "__main__":
    main()
