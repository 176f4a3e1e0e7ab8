"""The sink of unary calls with the real gRPC server, whose votes go to a sink in memory."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from harness.processes.ports import free_port
from harness.processes.waiting import until
from svc_grpc_client.settings import GrpcClientSettings
from svc_grpc_client.testing.vote_server import CALLS, Ledger, vote_server
from svc_grpc_client.unary_sink import UnarySink
from voting.casting.sink import FULL, UnavailableError, cast_vote
from voting.domain.vote import InvalidVoteError, partition_of
from voting.service.lifecycle import Readiness
from voting.testing.examples import vote_with


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@asynccontextmanager
async def sink(port: int, **settings: float) -> AsyncIterator[tuple[UnarySink, Readiness]]:
    readiness = Readiness()
    target = f"dns:///127.0.0.1:{port}"
    made = UnarySink(GrpcClientSettings(grpc_target=target, **settings), readiness)  # type: ignore[arg-type]
    await made.start()
    yield made, readiness
    await made.stop()


def new_vote(unary: UnarySink, **changes: object) -> asyncio.Future[None]:
    return cast_vote(unary, vote_with(id=unary.new_id(), **changes))


async def test_votes_are_accepted_once_each_in_the_ledger(ledger: Ledger) -> None:
    async with vote_server(ledger) as (port, _), sink(port) as (unary, _):
        await asyncio.gather(*(new_vote(unary) for _ in range(10 * CALLS)))
    assert len(set(ledger.ids)) == len(ledger.ids) == 10 * CALLS


async def test_ids_of_votes_at_the_same_time_lie_in_all_partitions(ledger: Ledger) -> None:
    async with vote_server(ledger) as (port, _), sink(port) as (unary, _):
        assert {partition_of(unary.new_id(), 12) for _ in range(600)} == set(range(12))


async def test_an_invalid_vote_is_refused_and_its_neighbours_are_not(ledger: Ledger) -> None:
    async with vote_server(ledger) as (port, _), sink(port) as (unary, _):
        neighbours = [new_vote(unary) for _ in range(2)]
        with pytest.raises(InvalidVoteError, match="rank"):
            await new_vote(unary, rank=101)
        await asyncio.gather(*neighbours)


async def test_votes_beyond_the_bound_are_refused_until_one_is_answered(ledger: Ledger) -> None:
    ledger.holds = True
    async with vote_server(ledger) as (port, _), sink(port, max_waiting_votes=5) as (unary, _):
        held = [new_vote(unary) for _ in range(5)]
        await until(lambda: len(ledger.held) == 5, "five votes in flight")
        with pytest.raises(UnavailableError, match=FULL):
            new_vote(unary)
        ledger.release()
        await asyncio.gather(*held)
        await new_vote(unary)
    assert len(ledger.ids) == 6


async def test_readiness_follows_the_servers_health(ledger: Ledger) -> None:
    async with vote_server(ledger) as (port, health), sink(port) as (_, readiness):
        await until(lambda: readiness.ready, "a ready server")
        health.set_not_ready("Kafka is away")
        await until(lambda: not readiness.ready, "no ready server")
        health.set_ready()
        await until(lambda: readiness.ready, "a ready server again")


async def test_votes_cast_again_through_a_restart_of_the_server_are_all_accepted(
    ledger: Ledger,
) -> None:
    port = free_port()
    ids = {f"{number:08}-0000-4000-8000-000000000000" for number in range(200)}
    accepted: Counter[str] = Counter()

    async def insist(unary: UnarySink, vote_id: str) -> None:
        """Cast the vote until it is accepted, as a voter does who retries."""
        while not accepted[vote_id]:
            answer = cast_vote(unary, vote_with(id=vote_id))
            await asyncio.wait([answer])
            accepted[vote_id] += answer.exception() is None

    async with sink(port) as (unary, _), AsyncExitStack() as first:
        await first.enter_async_context(vote_server(ledger, port))
        ledger.holds = True
        insisting = [asyncio.create_task(insist(unary, vote_id)) for vote_id in ids]
        await until(lambda: len(ledger.held) == CALLS - 1, "all calls but the health check's")
        ledger.release()
        await first.aclose()
        async with vote_server(ledger, port):
            await asyncio.gather(*insisting)
    assert accepted == dict.fromkeys(ids, 1)
    assert set(ledger.ids) == ids
