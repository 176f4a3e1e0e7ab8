"""Requests of one address take turns; those of another do not wait for them."""

import asyncio
from time import perf_counter
from typing import Any, cast

import pytest
from votes.v1 import votes_pb2

from harness.processes.waiting import until
from svc_grpc_server.fair_turns import Context, FairTurns

AT_A_TIME = 3
LONG_SECONDS = 0.003


class Peer:
    """All that is used of a call's context."""

    def __init__(self, peer: str) -> None:
        self._peer = peer

    def peer(self) -> str:
        return self._peer


class Handler:
    """Answers when told, the oldest request first."""

    def __init__(self) -> None:
        self.held: list[asyncio.Future[votes_pb2.CastVotesResponse]] = []
        self.turns = FairTurns(self.cast_votes, AT_A_TIME)

    async def cast_votes(self, request: object, _: Any) -> votes_pb2.CastVotesResponse:
        assert request == votes_pb2.CastVotesRequest()
        self.held.append(asyncio.get_running_loop().create_future())
        return await self.held[-1]

    def ask(self, peer: str) -> asyncio.Task[bytes]:
        return asyncio.create_task(self.turns.answer(b"", cast("Context", Peer(peer))))

    def answer(self) -> None:
        self.held.pop(0).set_result(votes_pb2.CastVotesResponse(answered_at_ms=7))


@pytest.mark.parametrize("other", ["ipv4:10.0.0.2:999", "ipv6:%5B::1%5D:1"])
async def test_further_requests_of_an_address_wait_and_those_of_another_do_not(other: str) -> None:
    handler = Handler()
    many = [handler.ask(f"ipv4:10.0.0.1:{port}") for port in range(5 * AT_A_TIME)]
    await until(lambda: len(handler.held) == AT_A_TIME, "as many as an address may have")
    one = handler.ask(other)
    await until(lambda: len(handler.held) == AT_A_TIME + 1, "the other's")
    handler.held.insert(0, handler.held.pop())
    handler.answer()
    assert votes_pb2.CastVotesResponse.FromString(await one).answered_at_ms == 7
    for answered in range(5 * AT_A_TIME):
        waiting = 5 * AT_A_TIME - answered
        await until(
            lambda waiting=waiting: len(handler.held) == min(AT_A_TIME, waiting),  # type: ignore[misc]
            "the next turn",
        )
        handler.answer()
    await asyncio.gather(*many)


async def test_a_request_that_is_cancelled_gives_its_turn_to_the_next() -> None:
    handler = Handler()
    asked = [handler.ask("ipv4:10.0.0.1:1") for _ in range(AT_A_TIME + 2)]
    await until(lambda: len(handler.held) == AT_A_TIME, "as many as an address may have")
    asked[0].cancel()  # which has its turn
    asked[AT_A_TIME].cancel()  # which awaits it
    await until(lambda: len(handler.held) == AT_A_TIME + 1, "the next turn")
    handler.held.pop(0)
    for _ in range(AT_A_TIME):
        handler.answer()
    await asyncio.wait(asked)
    assert [request.cancelled() for request in asked] == [True, False, False, True, False]


async def test_addresses_without_requests_are_forgotten() -> None:
    handler = Handler()
    asked = [handler.ask(f"ipv4:10.0.0.{number}:1") for number in range(100)]
    await until(lambda: len(handler.held) == len(asked), "all requests")
    for _ in asked[1:]:
        handler.answer()
    asked[-1].cancel()
    await until(lambda: handler.turns.addresses == 0, "nobody's line")
    await asyncio.wait(asked)


async def test_requests_that_are_answered_at_once_take_turns_too() -> None:
    """As invalid votes are."""
    answered: list[str] = []

    async def cast_votes(_: object, context: Any) -> votes_pb2.CastVotesResponse:
        answered.append(context.peer())
        return votes_pb2.CastVotesResponse()

    turns = FairTurns(cast_votes, AT_A_TIME)
    peers = [f"ipv4:10.0.0.1:{port}" for port in range(10 * AT_A_TIME)] + ["ipv4:10.0.0.2:1"]
    await asyncio.gather(*(turns.answer(b"", cast("Context", Peer(peer))) for peer in peers))
    assert len(answered) == len(peers)
    assert answered.index(peers[-1]) == AT_A_TIME


@pytest.mark.parametrize(
    ("peers", "pauses"),
    [
        (["ipv4:10.0.0.1:1", "ipv4:10.0.0.1:2", "ipv4:10.0.0.1:1"], 0),
        (["ipv4:10.0.0.1:1", "ipv4:10.0.0.2:1", "ipv4:10.0.0.1:1"], 2),
    ],
)
async def test_an_address_pauses_after_a_long_request_unless_it_has_been_alone(
    peers: list[str], pauses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused = []

    async def sleep(seconds: float) -> None:
        paused.append(seconds)

    async def cast_votes(_: object, __: Any) -> votes_pb2.CastVotesResponse:
        begin = perf_counter()
        while perf_counter() < begin + LONG_SECONDS:
            pass
        return votes_pb2.CastVotesResponse()

    turns = FairTurns(cast_votes, AT_A_TIME)
    monkeypatch.setattr("svc_grpc_server.fair_turns.asyncio.sleep", sleep)
    many = votes_pb2.CastVotesRequest(votes=[votes_pb2.Vote()] * 65).SerializeToString()
    for peer in peers:
        await turns.answer(many, cast("Context", Peer(peer)))
    assert len(paused) == pauses
    assert all(seconds >= LONG_SECONDS for seconds in paused)
