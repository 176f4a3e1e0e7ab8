"""Casts votes over gRPC as plain clients do: each vote is a `CastVotes` call of its own."""

import asyncio
from random import randrange

import grpc.aio

from svc_grpc_client.settings import GrpcClientSettings
from svc_grpc_client.vote_calls import VoteCalls
from voting.casting.sink import FULL, OnResult, UnavailableError
from voting.domain.vote import RESIDUES, Vote, new_vote_id
from voting.service.lifecycle import Readiness


class UnarySink:
    """Casts votes through the gRPC servers; a `VoteSink`. `readiness` is that of its calls.

    It exists for comparisons: they show what gRPC costs a vote, and what batches save of it.
    """

    def __init__(self, settings: GrpcClientSettings, readiness: Readiness) -> None:
        self._calls = VoteCalls(settings, readiness, in_streams=False)
        self._most = settings.max_waiting_votes
        self._in_flight: set[asyncio.Task[None]] = set()

    @property
    def channel(self) -> grpc.aio.Channel:
        """The channel to the servers, once started."""
        return self._calls.channel

    async def start(self) -> None:
        """Open the channel; gRPC requires that in the event loop that uses it."""
        await self._calls.open()

    async def stop(self) -> None:
        """Wait for the calls in flight, for at most one call's timeout, and close the channel."""
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=self._calls.timeout_seconds)
        await self._calls.close()

    def new_id(self) -> str:
        """Return an id in any partition."""
        return new_vote_id(randrange(RESIDUES))  # noqa: S311 - spreads votes, keeps no secret

    def cast(self, vote: Vote, traceparent: str | None, on_result: OnResult) -> None:
        """Call a server; `on_result` is called once Kafka has the vote, or with the error."""
        if len(self._in_flight) >= self._most:
            raise UnavailableError(FULL)
        task = asyncio.get_running_loop().create_task(self._call(vote, traceparent, on_result))
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)

    async def _call(self, vote: Vote, traceparent: str | None, on_result: OnResult) -> None:
        result: BaseException | None
        try:
            [result] = await self._calls.cast([(vote, traceparent)])
        except Exception as error:  # noqa: BLE001 - whatever went wrong, its voter must not wait
            result = error
        on_result(result)
