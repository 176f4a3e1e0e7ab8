"""What watchers of the live page cost one svc_results: `./bazelw run //bench:watchers`."""

import asyncio
import resource
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path
from typing import Final

import msgspec
import uvloop
from redis.asyncio import Redis

from bench.apparatus.hall import Hall, WatchedTurn
from bench.apparatus.servers import Servers, Stores
from bench.options import at_least_one, path, positive
from harness.filler.filler import Filler
from harness.processes.console import hide_progress, run_command, say
from harness.processes.scratch import scratch_folder
from harness.processes.server import start_together, stop_together
from harness.servers.services import Service
from harness.voters.sample_votes import sample_votes
from loadtest.model.estimate import Estimate, estimate
from loadtest.model.percentiles import percentile_of
from voting.domain.tally import album_key
from voting.stores.tally_fields import album_votes_field
from voting.stores.tally_store import TALLY_KEY

_STEPS: Final = ((1, 0), (100, 0), (1000, 0), (2000, 0), (1000, 1000))
_TOPIC: Final = "bench.watchers"
_PARTITIONS: Final = 6
_VOTES: Final = 10_000
_VOTES_AT_ONCE: Final = 10
_PAUSE_SECONDS: Final = 0.05


class Watched(msgspec.Struct, frozen=True):
    """The figures with a number of watchers who read, and of `slow` ones who do not.

    `core_percent` is svc_results' share of a core; `frame_us` its µs of processor time for each
    frame to each watcher who reads; `join_us` those for each new watcher. `spread` are the
    milliseconds from the first watcher's receipt of a frame to the last one's; `missed` counts
    frames that some got and others, who read as well, did not.
    """

    watchers: int
    slow: int
    core_percent: Estimate | None
    frame_us: Estimate | None
    join_us: float
    frames_per_second: float
    kilobytes_per_second: float
    spread_p50_ms: float
    spread_p99_ms: float
    missed: int


def watched(watchers: int, slow: int, joining_seconds: float, turns: list[WatchedTurn]) -> Watched:
    """Return the figures of these turns."""
    spreads = [seconds * 1000 for turn in turns for seconds in turn.spreads]
    seconds = sum(turn.seconds for turn in turns)
    return Watched(
        watchers,
        slow,
        core_percent=estimate([turn.cpu_seconds / turn.seconds * 100 for turn in turns]),
        frame_us=estimate([turn.cpu_seconds / turn.deliveries * 1e6 for turn in turns]),
        join_us=joining_seconds / (watchers + slow) * 1e6,
        frames_per_second=sum(turn.deliveries for turn in turns) / watchers / seconds,
        kilobytes_per_second=sum(turn.bytes for turn in turns) / 1000 / watchers / seconds,
        spread_p50_ms=percentile_of(spreads, 50) or 0.0,
        spread_p99_ms=percentile_of(spreads, 99) or 0.0,
        missed=sum(turn.missed for turn in turns),
    )


async def watch(
    folder: Path, steps: Sequence[tuple[int, int]], seconds: float, rounds: int
) -> list[Watched]:
    """Return the figures at each step: watchers who read, and who do not."""
    found: list[Watched] = []
    most = sum(map(sum, steps))  # those of a step may still be there when the next begins
    async with _service(folder, most) as (service, redis_url), _voting(redis_url):
        for watchers, slow in steps:
            hall = Hall(service)
            try:
                joining = await hall.join(watchers) + await hall.join(slow, reads=False)
                turns = [await hall.turn(seconds) for _ in range(rounds)]
            finally:
                hall.leave()
            found.append(watched(watchers, slow, joining, turns))
            say(f"{watchers} watchers, {slow} more who do not read: done")
    return found


@asynccontextmanager
async def _service(folder: Path, most: int) -> AsyncIterator[tuple[Service, str]]:
    """Run svc_results with votes on a hundred albums, and room for as many watchers."""
    servers, stores = Servers(folder), Stores(folder, "stores")
    limits = {"MAX_WATCHERS": str(most), "WATCHERS_PER_ADDRESS": str(most)}
    kafka, mongodb = servers.kafka, stores.mongodb
    filler = Filler(kafka.address, _TOPIC, _PARTITIONS, mongodb, stores.redis.url)
    async with servers.running(kafka):
        try:
            kafka.create_topics()
            kafka.create_topics({_TOPIC: _PARTITIONS})
            start_together(stores.servers)
            await filler.prepare()
            await filler.grow_to(_VOTES, lambda _: None)
            service = servers.service("svc_results", **stores.settings(), **limits)
            async with servers.running(service):
                yield service, stores.redis.url
        finally:
            stop_together(stores.servers)


@asynccontextmanager
async def _voting(redis_url: str) -> AsyncIterator[None]:
    """Count 200 votes a second, on all albums in turn, so that every frame differs."""
    redis: Redis = Redis.from_url(redis_url)
    votes = cycle(sample_votes(0, 100))

    async def count() -> None:
        while True:
            async with redis.pipeline(transaction=False) as pipe:
                for _ in range(_VOTES_AT_ONCE):
                    vote = next(votes)
                    album = album_key(vote.name, vote.album, vote.year)
                    pipe.hincrby(TALLY_KEY, album_votes_field(album).decode(), 1)
                    pipe.hincrby(TALLY_KEY, f"r:{vote.route}", 1)
                await pipe.execute()
            await asyncio.sleep(_PAUSE_SECONDS)

    counting = asyncio.create_task(count())
    try:
        yield
    finally:
        counting.cancel()
        await asyncio.wait([counting])
        await redis.aclose()


def _table(found: list[Watched]) -> str:
    head = ("watchers", "do not read", "% of a core", "µs/frame", "µs/join")
    more = ("frames/s", "kB/s each", "spread p50 ms", "p99 ms", "missed")
    rows = [
        (
            f"{step.watchers:,}",
            f"{step.slow:,}",
            _estimate(step.core_percent),
            _estimate(step.frame_us),
            f"{step.join_us:.0f}",
            f"{step.frames_per_second:.1f}",
            f"{step.kilobytes_per_second:.1f}",
            f"{step.spread_p50_ms:.0f}",
            f"{step.spread_p99_ms:.0f}",
            f"{step.missed}",
        )
        for step in found
    ]
    line = ("---:",) * len(head + more)
    return "\n".join(f"| {' | '.join(row)} |" for row in [head + more, line, *rows])


def _estimate(found: Estimate | None) -> str:
    if found is None:
        return "-"
    interval = "" if found.low is None else f" ({found.low:.1f}-{found.high:.1f})"
    return f"{found.value:.1f}{interval}"


def watchers(options: Namespace) -> int:
    """Run the trial, print the table, and write the file that was asked for."""
    hide_progress()
    most = max(map(sum, _STEPS))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2 * most + 1000, hard), hard))
    with scratch_folder("voting-watchers-") as folder:
        found = uvloop.run(watch(folder, _STEPS, options.seconds, options.rounds))
    say(f"\n{_table(found)}")
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    return 0


def main() -> int:
    """Run the command."""
    parser = ArgumentParser(
        prog="watchers",
        description="Let 1, 100, 1,000 and 2,000 clients watch the events of one svc_results "
        "while votes are counted, then 1,000 beside 1,000 who read nothing, and print what they "
        "cost it and how long a frame takes to reach all of them.",
    )
    parser.add_argument("--seconds", type=positive, default=1.5, help="a turn (%(default)s)")
    # All turns together end before watchers who read nothing are cut off.
    parser.add_argument("--rounds", type=at_least_one, default=5, help="turns (%(default)s)")
    parser.add_argument("--json", type=path, metavar="FILE", help="file to write the figures to")
    return run_command(lambda: watchers(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
