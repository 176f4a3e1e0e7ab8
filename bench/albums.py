"""Measures svc_results with very many albums that have the longest possible names.

`./bazelw run //bench:albums -- --albums 100000` fills a Redis of its own, counts votes one by one
while a client watches the events, and prints memory and times.
"""

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import httpx
from redis import Redis

from harness.processes.ports import free_port
from harness.processes.scratch import scratch_folder
from harness.servers.mongodb_server import MongodbServer
from harness.servers.redis_server import RedisServer
from harness.servers.services import Service
from loadtest.model.percentiles import percentile_of
from voting.domain.tally import AlbumTally, Tally
from voting.domain.vote import TEXT_MAX
from voting.stores.tally_fields import counter_fields
from voting.stores.tally_reader import TALLY_KEY

_ALBUMS_PER_CALL: Final = 1000
_READ: Final = 'svc_results_read_seconds_{}{{source="Redis"}}'


def main(argv: Sequence[str] | None = None) -> None:
    """Run the case and print its figures."""
    parser = argparse.ArgumentParser(prog="//bench:albums", description=__doc__)
    parser.add_argument("--albums", type=int, default=10_000, help="number of albums (%(default)s)")
    parser.add_argument("--seconds", type=float, default=40.0, help="duration (%(default)s)")
    options = parser.parse_args(argv)
    with (
        scratch_folder("voting-albums-") as folder,
        RedisServer("redis", free_port(), folder) as redis_server,
        MongodbServer("mongodb", free_port(), folder) as mongodb,
        Redis.from_url(redis_server.url) as redis,
    ):
        fill(redis, options.albums)
        stores = {"REDIS_URL": redis_server.url, "MONGODB_URL": mongodb.url}
        with Service("svc_results", free_port(), folder, stores) as results:
            sys.stdout.writelines(f"{x}\n" for x in watch(results, redis, options.seconds))


def fill(redis: Redis, count: int) -> None:
    """Store the counters of `count` albums whose names hardly compress."""
    redis.config_set("maxmemory", "2gb")
    rng = random.Random(1)  # noqa: S311 - the same names in each run
    letters = [chr(code) for code in range(0x20000, 0x2A6D0)]  # four bytes each

    def longest() -> str:
        return "".join(rng.choices(letters, k=TEXT_MAX))

    for start in range(0, count, _ALBUMS_PER_CALL):
        size = min(_ALBUMS_PER_CALL, count - start)
        albums = [
            AlbumTally(longest(), longest(), 2000, rng.randint(1, 3), 150) for _ in range(size)
        ]
        tally = Tally({(album.name, album.album, album.year): album for album in albums})
        redis.hset(TALLY_KEY, mapping={k: str(n) for k, n in counter_fields(tally).items()})
    redis.hset(TALLY_KEY, "r:http", str(2 * count))


def watch(results: Service, redis: Redis, seconds: float) -> Iterator[str]:
    """Count votes and watch the events for `seconds`; yield the lines of the result."""
    answers: list[float] = []
    redis.config_resetstat()
    with httpx.Client(base_url=results.url, timeout=60, trust_env=False) as client:
        with client.stream("GET", "/api/events") as stream:
            frames = stream.iter_raw()
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                redis.hincrby(TALLY_KEY, "r:http", 1)
                start = time.perf_counter()
                client.get("/healthz")
                answers.append(time.perf_counter() - start)
                next(frames)
        metrics = dict(
            line.rsplit(" ", 1)
            for line in client.get("/metrics").text.splitlines()
            if not line.startswith("#")
        )
    status = Path(f"/proc/{results.pid}/status").read_text()
    [peak] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    commands = redis.info("commandstats")
    yield f"albums                       {metrics['svc_results_albums']}"
    yield f"Redis, MB                    {redis.info('memory')['used_memory'] >> 20}"
    yield f"svc_results at most, MB      {int(peak.split()[1]) >> 10}"
    yield f"readings, pulses included    {metrics[_READ.format('count')]}"
    yield f"their time together, s       {float(metrics[_READ.format('sum')]):.2f}"
    for name in ("hscan", "hmget", "hlen"):
        command = commands[f"cmdstat_{name}"]
        yield f"{name}, calls and µs each     {command['calls']}, {command['usec_per_call']}"
    for percent in (50, 99):
        answer = percentile_of(answers, percent) or 0.0
        yield f"/healthz, ms, quantile {percent / 100:g}  {1000 * answer:.1f}"


if __name__ == "__main__":
    main()
