"""The driver as a process of its own, against a real HTTP server."""

import asyncio
import math
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import numpy as np
import pytest

from loadtest.analysis.split import check_split
from loadtest.driver.phase_runner import DriverError, driver_environment, start_drivers
from loadtest.driver.samples import ROUTES, Samples, id_text
from loadtest.model.answer import Outcome
from loadtest.model.arrivals import Pattern
from loadtest.model.candidate import Candidate
from loadtest.model.phase import Phase, PhaseProgress, PhaseResult
from loadtest.testing.examples import new_phase
from loadtest.testing.routes_server import Reply, accept, routes_server
from voting.domain.headers import UNARY_HOST
from voting.domain.vote import Route

UNREACHABLE = "http://127.0.0.1:1"
WITHOUT_END = 60.0  # seconds


class Run:
    """Runs phases with real drivers and records their progress.

    A phase ends after `enough` votes, unless its test says how long it takes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "driver.log"
        self.stop = asyncio.Event()
        self.progress: list[PhaseProgress] = []
        self.first_accepted = asyncio.Event()
        self.enough = 10

    def phase(self, target: str, forced: Candidate | None = None, **changes: Any) -> Phase:
        samples = str(self.folder / "samples")
        return new_phase(
            forced, **{"target": target, "samples": samples, "seconds": WITHOUT_END} | changes
        )

    async def __call__(
        self, target: str, forced: Candidate | None = None, **changes: Any
    ) -> tuple[Samples, PhaseResult]:
        result, samples = await self.all_phases(self.phase(target, forced, **changes))
        return samples, result

    async def all_phases(self, *phases: Phase, processes: int = 1) -> tuple[PhaseResult, Samples]:
        """Run phases one after another; return the result and the samples of the last."""
        async with start_drivers(processes, self.log) as drivers:
            for phase in phases:
                enough = self.enough if phase.seconds == WITHOUT_END else math.inf
                self.stop.clear()
                last = await drivers.run_phase(phase, self.stop, partial(self._note, enough))
        assert self.log.read_text() == ""
        return last

    def _note(self, enough: float, progress: PhaseProgress) -> None:
        self.progress.append(progress)
        if progress.accepted:
            self.first_accepted.set()
        if progress.sent >= enough:
            self.stop.set()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


async def test_votes_go_to_the_forced_route_at_the_rate_with_our_ids(run: Run) -> None:
    with routes_server() as server:
        samples, result = await run(server.url, Candidate.GRPC, warm_up=0.5, seconds=1, rate=100)
        received = server.received
    assert len(samples) == len(received)
    assert len(samples) + result.unsent == pytest.approx(150, abs=2)
    assert np.count_nonzero(samples["at"] < 0) == pytest.approx(min(50, len(samples)), abs=1)
    assert {route for _, route in received} == {Route.GRPC}
    assert set(samples["route"]) == {ROUTES.index(Route.GRPC)}
    assert {id_text(raw) for raw in samples["id"]} == {vote["id"] for vote, _ in received}
    assert set(samples["outcome"]) == {Outcome.ACCEPTED}
    assert (result.seconds, result.interrupted) == (1.0, False)
    assert run.progress[-1].sent > 0


async def test_without_force_the_splitter_chooses(run: Run) -> None:
    with routes_server() as server:
        samples, _ = await run(server.url)
    counts = np.bincount(samples["route"], minlength=3)
    assert counts[1] == pytest.approx(counts[2], abs=1)


async def test_the_same_seed_casts_the_same_votes(run: Run) -> None:
    run.enough = 20
    with routes_server() as server:
        first, _ = await run(server.url, pattern=Pattern.POISSON, seed=5)
        second, _ = await run(server.url, pattern=Pattern.POISSON, seed=5)
    votes = [{vote["at"]: (vote["album"], vote["rank"]) for vote in run} for run in (first, second)]
    both = votes[0].keys() & votes[1].keys()
    assert len(both) > 10
    assert all(votes[0][at] == votes[1][at] for at in both)


async def test_a_slow_server_shows_in_the_latency(run: Run) -> None:
    """One user, 20 votes a second, 4 answers a second: the queue grows, and so does latency."""
    pause = threading.Event()

    def slow(vote: dict[str, Any], route: Route) -> Reply:
        pause.wait(0.25)
        return accept(vote, route)

    with routes_server(slow) as server:
        samples, result = await run(server.url, rate=20, users=1, seconds=2)
    latency = samples["latency"]
    assert latency.min() >= 0.25
    assert latency.max() > 1.0
    assert np.count_nonzero(samples["queued"]) >= len(samples) - 1
    assert result.unsent + len(samples) == pytest.approx(40, abs=1)


async def test_in_a_closed_loop_a_slow_server_just_gets_fewer_votes(run: Run) -> None:
    pause = threading.Event()

    def slow(vote: dict[str, Any], route: Route) -> Reply:
        pause.wait(0.25)
        return accept(vote, route)

    with routes_server(slow) as server:
        samples, result = await run(server.url, pattern=Pattern.CLOSED, users=2, seconds=1)
    assert result.unsent == 0
    assert not samples["queued"].any()


async def test_a_time_out_leaves_the_vote_unknown_but_not_its_id(run: Run) -> None:
    pause = threading.Event()

    def never(vote: dict[str, Any], route: Route) -> Reply:
        pause.wait(5)
        return accept(vote, route)

    with routes_server(never) as server:
        samples, result = await run(server.url, rate=10, timeout=0.3)
        pause.set()
    assert set(samples["outcome"]) == {Outcome.UNKNOWN}
    assert result.kinds == ["", "timed out"]
    assert all(id_text(raw) for raw in samples["id"])


async def test_a_target_that_is_gone_leaves_votes_unknown(run: Run) -> None:
    samples, result = await run(UNREACHABLE)
    assert set(samples["outcome"]) == {Outcome.UNKNOWN}
    assert result.kinds == ["", "ConnectionRefusedError"]


def unavailable(vote: dict[str, Any], _: Route) -> Reply:
    return 503, {"title": "Service Unavailable", "status": 503, "id": vote["id"]}


def refused(_: dict[str, Any], __: Route) -> Reply:
    return 429, {"title": "Too Many Requests", "status": 429}


def misnamed(_: dict[str, Any], __: Route) -> Reply:
    return 202, {"id": str(uuid4())}


@pytest.mark.parametrize(
    ("reply", "outcome", "kind"),
    [
        (unavailable, Outcome.UNKNOWN, "503 Service Unavailable"),
        (refused, Outcome.REFUSED, "429 Too Many Requests"),
        (misnamed, Outcome.UNKNOWN, "answered with another id"),
    ],
)
async def test_other_answers_have_their_own_outcome_and_kind(
    reply: Callable[[dict[str, Any], Route], Reply], outcome: Outcome, kind: str, run: Run
) -> None:
    with routes_server(reply) as server:
        samples, result = await run(server.url, Candidate.HTTP)
    assert set(samples["outcome"]) == {outcome}
    assert result.kinds == ["", kind]


async def test_ids_of_the_service_are_taken_from_the_answers(run: Run) -> None:
    def mint(_: dict[str, Any], __: Route) -> Reply:
        return 202, {"id": str(uuid4())}

    with routes_server(mint) as server:
        samples, _ = await run(server.url, client_ids=False)
        assert all("id" not in vote for vote, _ in server.received)
    assert len(set(samples["id"])) == len(samples)


async def test_a_phase_can_be_ended_early(run: Run) -> None:
    with routes_server() as server:
        task = asyncio.create_task(run(server.url, seconds=50))
        async with asyncio.timeout(60):
            await run.first_accepted.wait()
            run.stop.set()
            samples, result = await task
    assert result.interrupted
    assert 0 < result.seconds < 50
    assert set(samples["outcome"]) == {Outcome.ACCEPTED}


async def test_a_driver_that_fails_names_its_log(run: Run) -> None:
    phase = msgspec.structs.replace(run.phase(UNREACHABLE), samples="/nowhere/samples")
    with pytest.raises(DriverError, match=str(run.log)):
        await run.all_phases(phase)
    assert "No such file" in run.log.read_text()


async def test_a_part_of_the_votes_has_a_connection_each(run: Run) -> None:
    """Also fair where users and routes take turns: chance decides which votes those are."""
    with routes_server() as server:
        samples, _ = await run(server.url, users=2, fresh_share=0.5, rate=200, seconds=1)
        connections = len(server.connections)
    fresh = samples["fresh"] == 1
    assert 0.3 < fresh.mean() < 0.7
    assert 1 <= connections - np.count_nonzero(fresh) <= 2  # the users' own
    for votes in (samples[fresh], samples[~fresh]):
        counts = np.bincount(votes["route"], minlength=3)
        found = check_split({Route.GRPC: counts[1], Route.HTTP: counts[2]}, dict.fromkeys(Route, 1))
        assert found is not None
        assert found.fair


async def test_votes_for_unary_calls_name_their_host_and_would_else_show_as_of_the_other_route(
    run: Run,
) -> None:
    with routes_server() as server:
        samples, _ = await run(server.url, Candidate.GRPC_UNARY)
        assert server.hosts == {UNARY_HOST}
    assert set(samples["route"]) == {ROUTES.index(Route.HTTP)}


async def test_one_driver_runs_phase_after_phase(run: Run) -> None:
    with routes_server() as server:
        phases = [
            run.phase(server.url, route, seed=seed, samples=str(run.folder / f"{seed}"))
            for seed, route in enumerate([Candidate.GRPC, Candidate.HTTP, Candidate.GRPC])
        ]
        _, samples = await run.all_phases(*phases)
        routes = [route for _, route in server.received]
    assert set(samples["route"]) == {ROUTES.index(Route.GRPC)}
    assert [key for key, _ in groupby(routes)] == [Route.GRPC, Route.HTTP, Route.GRPC]


async def test_several_drivers_share_rate_and_users(run: Run) -> None:
    with routes_server() as server:
        phase = run.phase(server.url, Candidate.HTTP, rate=100, users=5, seconds=1, warm_up=0.2)
        result, samples = await run.all_phases(phase, processes=2)
        received = server.received
    assert len(samples) == len(received)
    assert len(samples) + result.unsent == pytest.approx(120, abs=2)
    assert len(set(samples["id"])) == len(samples)
    assert run.progress[-1].sent == len(samples)


def test_the_driver_ends_when_nobody_reads_its_output(run: Run) -> None:
    with routes_server() as server:
        driver = subprocess.Popen(
            [sys.executable, "-m", "loadtest.driver.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=driver_environment(),
        )
        assert driver.stdin is not None
        assert driver.stdout is not None
        phase = run.phase(server.url, seconds=600)
        driver.stdin.write(msgspec.json.encode(phase) + b"\nbegin\n")
        driver.stdin.flush()
        driver.stdout.readline()
        driver.stdout.close()
        driver.wait(30)
        driver.stdin.close()


def test_the_driver_ends_when_there_are_no_more_phases() -> None:
    driver = subprocess.run(
        [sys.executable, "-m", "loadtest.driver.process"],
        stdin=subprocess.DEVNULL,
        env=driver_environment(),
        timeout=60,
        check=False,
    )
    assert driver.returncode == 0
