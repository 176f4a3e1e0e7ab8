"""Whether cost and latency stay flat with millions of votes: `./bazelw run //bench:scale`."""

import asyncio
import http.client
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import uvloop

from bench.apparatus.clock import cpu_of
from bench.apparatus.errors import BenchError
from bench.apparatus.servers import Servers, Stores
from bench.apparatus.turn import Turn
from bench.cases.consumers import ConsumerCase
from bench.options import at_least_one, path
from harness.filler.batch_writer import BatchWriter
from harness.filler.filler import Filler
from harness.processes.console import hide_progress, run_command, say
from harness.processes.scratch import scratch_folder
from harness.processes.server import start_together, stop_together
from harness.servers.services import Service
from loadtest.model.percentiles import percentile_of
from svc_results.result.cursor import encode_cursor
from voting.ledger.settings import REJECTED_TOPIC

_TOPIC: Final = "bench.scale"
_PARTITIONS: Final = 6
_STEPS: Final = (100_000, 1_000_000)
_REQUESTS: Final = 60
_TURNS: Final = 3


class SizeStep(msgspec.Struct, frozen=True):
    """The figures at one number of votes.

    By kind of request: milliseconds until the answer, and milliseconds of processor time that it
    cost svc_results and MongoDB (the median). By process: µs of processor time per vote.
    """

    votes: int
    p50_ms: dict[str, float]
    p99_ms: dict[str, float]
    cpu_ms: dict[str, float]
    cpu_us: dict[str, float]
    bytes_per_vote: float


class AnswerCost(NamedTuple):
    """How long (s) an answer took, and the processor time (s) that it cost."""

    seconds: float
    cpu: float


class ScaleTrial:
    """Measures svc_consumer and svc_results with a vote log that grows."""

    def __init__(self, folder: Path) -> None:
        self._shared = Servers(folder)
        self._stores = Stores(folder, "scale")
        self._filler = Filler(
            self._shared.kafka.address,
            _TOPIC,
            _PARTITIONS,
            self._stores.mongodb,
            self._stores.redis.url,
        )

    async def run(self, votes: int) -> list[SizeStep]:
        """Return the figures at 100,000, at a million and at `votes` votes."""
        async with self._shared.running(self._shared.kafka):
            try:
                self._shared.kafka.create_topics({_TOPIC: _PARTITIONS, REJECTED_TOPIC: 1})
                start_together(self._stores.servers)
                await self._filler.prepare()
                sizes = [*(step for step in _STEPS if step < votes), votes]
                return [await self._step(size) for size in sizes]
            finally:
                stop_together(self._stores.servers)

    async def _step(self, votes: int) -> SizeStep:
        await self._filler.grow_to(votes, say)
        size = (self._stores.mongodb.data / "votes.db").stat().st_size
        stores = self._stores.settings()
        consumer = self._shared.service("svc_consumer", KAFKA_TOPIC=_TOPIC, **stores)
        results = self._shared.service("svc_results", **stores)
        async with self._shared.running(consumer, results):
            say(f"{votes:,} votes: measuring response times")
            answers = await asyncio.to_thread(self._request, results)
            say(f"{votes:,} votes: measuring the count")
            turns = await self._count_more(consumer)
        self._filler.votes += sum(turn.votes for turn in turns)
        used = {
            name: sum(turn.cpu_seconds[name] for turn in turns[1:])
            / sum(turn.votes for turn in turns[1:])
            for name in ("svc_consumer", "mongodb", "redis")
        }
        step = SizeStep(
            votes,
            {name: _ms([a.seconds for a in found], 50) for name, found in answers.items()},
            {name: _ms([a.seconds for a in found], 99) for name, found in answers.items()},
            {name: _ms([a.cpu for a in found], 50) for name, found in answers.items()},
            {name: value * 1e6 for name, value in used.items()},
            size / votes,
        )
        say(_table([step]))
        return step

    def _request(self, results: Service) -> dict[str, list[AnswerCost]]:
        """Return what requests of each kind cost; the kinds take turns."""
        middle = self._filler.middle
        deep = "" if middle is None else f"?after={encode_cursor(middle)}"
        paths = {
            "result": "/api/results",
            "newest votes": "/api/votes",
            "votes from the middle": f"/api/votes{deep}",
            "page": "/",
        }
        connection = http.client.HTTPConnection(results.host, results.port, timeout=60)
        servers = {"results": results, "mongodb": self._stores.mongodb}
        found: dict[str, list[AnswerCost]] = {name: [] for name in paths}
        for _ in range(_REQUESTS):
            for name, where in paths.items():
                begin, used = time.perf_counter(), sum(cpu_of(servers).values())
                connection.request("GET", where)
                answer = connection.getresponse()
                answer.read()
                if answer.status != http.client.OK:
                    raise BenchError(f"{where} answers {answer.status}")
                took = time.perf_counter() - begin
                found[name].append(AnswerCost(took, sum(cpu_of(servers).values()) - used))
        connection.close()
        return found

    async def _count_more(self, consumer: Service) -> list[Turn]:
        others = (self._shared.kafka, *self._stores.servers)
        async with BatchWriter(self._shared.kafka.address, _TOPIC) as writer:
            case = ConsumerCase("scale", "", [consumer], others, writer, _PARTITIONS)
            await case.warm_up()
            return [await case.turn(1.0) for _ in range(_TURNS)]


def _ms(seconds: list[float], percent: float) -> float:
    return (percentile_of(seconds, percent) or 0.0) * 1000


def _table(steps: list[SizeStep]) -> str:
    def line(name: str, cells: list[str]) -> str:
        return f"{name:34}" + "".join(f"{cell:>16}" for cell in cells)

    def lines(label: str, found: list[Mapping[str, float]], digits: int) -> list[str]:
        names = found[0]
        return [line(f"{n}, {label}", [f"{f[n]:.{digits}f}" for f in found]) for n in names]

    return "\n".join(
        [
            line("votes in the log", [f"{step.votes:,}" for step in steps]),
            *lines("p50 ms", [step.p50_ms for step in steps], 1),
            *lines("p99 ms", [step.p99_ms for step in steps], 1),
            *lines("CPU ms", [step.cpu_ms for step in steps], 2),
            *lines("CPU µs per vote", [step.cpu_us for step in steps], 1),
            line("vote log, bytes per vote", [f"{step.bytes_per_vote:.0f}" for step in steps]),
        ]
    )


def scale(options: Namespace) -> int:
    """Run the trial, print the table, and write the file that was asked for."""
    hide_progress()
    with scratch_folder("voting-scale-", options.folder) as folder:
        steps = uvloop.run(ScaleTrial(folder).run(options.votes))
    say(f"\n{_table(steps)}")
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(steps)))
    return 0


def main() -> int:
    """Run the command."""
    parser = ArgumentParser(
        prog="scale",
        description="Fill ledger, vote log and tally with votes. At 100,000, at a million and "
        "at the end, measure the consumer's cost per vote and the response times of svc_results. "
        "Ten million votes need about 12 GB of disk.",
    )
    parser.add_argument(
        "--votes", type=at_least_one, default=1_000_000, help="votes at the end (%(default)s)"
    )
    parser.add_argument("--folder", type=path, help="folder for the data during the run")
    parser.add_argument("--json", type=path, metavar="FILE", help="file to write the figures to")
    options = parser.parse_args()
    return run_command(lambda: scale(options))


if __name__ == "__main__":
    sys.exit(main())
