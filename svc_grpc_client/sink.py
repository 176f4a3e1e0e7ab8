"""Casts votes over gRPC: all waiting votes leave in one request, in a stream that is open."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

import grpc.aio

from svc_grpc_client.settings import GrpcClientSettings
from svc_grpc_client.vote_calls import CastEntry, VoteCalls
from voting.casting.group_commit import Batch, GroupCommit, QueueFullError
from voting.casting.sink import FULL, OnResult, UnavailableError
from voting.domain.vote import Vote, new_vote_id
from voting.service.lifecycle import Readiness

# Ids made for one call share a residue, hence a partition. The lanes take turns, which spreads
# calls evenly over any common number of partitions: 60 is a multiple of most.
_LANES: Final = 60
_MAX_CALLS: Final = 4
_BATCH_VOTES: Final = 500
# Votes wait for the call in flight, because large calls are cheaper, but not for a slow one. If few
# are waiting, they wait a moment longer for the next votes of clients just answered.
_PATIENCE_SECONDS: Final = 0.01
_PAUSE_SECONDS: Final = 0.002
_ENOUGH_VOTES: Final = 32


class GrpcSink:
    """Casts votes through the gRPC servers; a `VoteSink`. `readiness` is that of its calls."""

    def __init__(self, settings: GrpcClientSettings, readiness: Readiness) -> None:
        self._calls = VoteCalls(settings, readiness, in_streams=True)
        self._in_flight: set[asyncio.Task[None]] = set()
        self._group: GroupCommit[CastEntry, None] = GroupCommit(
            self._commit,
            lanes=_LANES,
            max_in_flight=_MAX_CALLS,
            max_batch=_BATCH_VOTES,
            max_waiting=settings.max_waiting_votes,
            patience=_PATIENCE_SECONDS,
            pause=_PAUSE_SECONDS,
            enough=_ENOUGH_VOTES,
        )

    @property
    def channel(self) -> grpc.aio.Channel:
        """The channel to the servers, once started."""
        return self._calls.channel

    async def start(self) -> None:
        """Open the channel; gRPC requires that in the event loop that uses it."""
        await self._calls.open()

    async def stop(self) -> None:
        """Wait for the calls in flight, for at most one call's timeout, and close the channel."""
        with contextlib.suppress(TimeoutError):  # no client waits for the remaining votes
            await asyncio.wait_for(self._group.drain(), self._calls.timeout_seconds)
        await self._calls.close()

    def new_id(self) -> str:
        """Return an id in the partition of the next call's other ids."""
        return new_vote_id(self._group.filling)

    def cast(self, vote: Vote, traceparent: str | None, on_result: OnResult) -> None:
        """Queue a vote; `on_result` is called once Kafka has it, or with the error."""
        try:
            self._group.submit(self._group.filling, (vote, traceparent), on_result)
        except QueueFullError as error:
            raise UnavailableError(FULL) from error

    def _commit(self, batches: Sequence[Batch[CastEntry, None]]) -> None:
        for batch in batches:
            call = asyncio.get_running_loop().create_task(self._call(batch))
            self._in_flight.add(call)
            call.add_done_callback(self._in_flight.discard)

    async def _call(self, batch: Batch[CastEntry, None]) -> None:
        try:
            batch.finish(await self._calls.cast(batch.items))
        except Exception as error:  # noqa: BLE001 - whatever went wrong, its voters must not wait
            batch.fail(error)
