"""Casts votes over gRPC: all waiting votes leave in one `CastVotes` call."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Sequence
from typing import Final

import grpc.aio
from votes.v1 import votes_pb2, votes_pb2_grpc

from svc_grpc_client.settings import GrpcClientSettings
from voting.casting.group_commit import GroupCommit, QueueFullError
from voting.casting.sink import FULL, UNKNOWN, OnResult, UnavailableError
from voting.domain.codec import to_message
from voting.domain.vote import InvalidVoteError, Vote, new_vote_id
from voting.service.clock_watch import ClockWatch, now_ms
from voting.service.lifecycle import Readiness, run_for_good
from voting.service.telemetry import BATCH_SIZE

_log = logging.getLogger(__name__)

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
_CONNECTING: Final = {grpc.ChannelConnectivity.IDLE, grpc.ChannelConnectivity.CONNECTING}
# How long a channel that was ready may take to reconnect before the service is not ready.
_GRACE_SECONDS: Final = 1.0
_SERVICE: Final = votes_pb2.DESCRIPTOR.services_by_name["VoteService"].full_name

_SERVICE_CONFIG: Final = {
    "loadBalancingConfig": [{"round_robin": {}}],
    # A server that cannot reach Kafka reports itself unhealthy and gets no calls.
    "healthCheckConfig": {"serviceName": _SERVICE},
    "methodConfig": [
        {
            "name": [{"service": _SERVICE}],
            # Safe: a vote counts once per id. A stopping server cancels the calls that reach it
            # before the client has received its GOAWAY.
            "retryPolicy": {
                "maxAttempts": 3,
                "initialBackoff": "0.05s",
                "maxBackoff": "0.5s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
            },
        }
    ],
}
_OPTIONS: Final = [
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # The servers are ours; a proxy in the environment is for the internet.
    ("grpc.enable_http_proxy", 0),
    ("grpc.dns_min_time_between_resolutions_ms", 1_000),
]

type _Entry = tuple[Vote, str | None]


class GrpcSink:
    """Casts votes through the gRPC servers; a `VoteSink`.

    `readiness` follows the channel: ready while at least one server can take votes.
    """

    def __init__(self, settings: GrpcClientSettings, readiness: Readiness) -> None:
        self._target = settings.grpc_target
        self._lost = f"waiting for a ready gRPC server at {self._target}"
        self._timeout = settings.call_timeout_seconds
        self._readiness = readiness
        self._group: GroupCommit[_Entry, None] = GroupCommit(
            self._commit,
            lanes=_LANES,
            max_in_flight=_MAX_CALLS,
            max_batch=_BATCH_VOTES,
            max_waiting=settings.max_waiting_votes,
            patience=_PATIENCE_SECONDS,
            pause=_PAUSE_SECONDS,
            enough=_ENOUGH_VOTES,
        )
        self._batch_size = BATCH_SIZE.labels("grpc")
        self._clock = ClockWatch("svc_grpc_server")
        self._failure: grpc.StatusCode | None = None  # of the last call

    async def start(self) -> None:
        """Open the channel; gRPC requires that in the event loop that uses it."""
        self.channel = grpc.aio.insecure_channel(self._target, options=_OPTIONS)
        self._stub = votes_pb2_grpc.VoteServiceStub(self.channel)
        self._follower = run_for_good(self._follow_channel(), "the gRPC channel watcher")

    async def stop(self) -> None:
        """Wait for the calls in flight, for at most one call's timeout, and close the channel."""
        with contextlib.suppress(TimeoutError):  # no client waits for the remaining votes
            await asyncio.wait_for(self._group.drain(), self._timeout)
        self._follower.cancel()
        await self.channel.close()

    def new_id(self) -> str:
        """Return an id in the partition of the next call's other ids."""
        return new_vote_id(self._group.filling)

    def cast(self, vote: Vote, traceparent: str | None, on_result: OnResult) -> None:
        """Queue a vote; `on_result` is called once Kafka has it, or with the error."""
        try:
            self._group.submit(self._group.filling, (vote, traceparent), on_result)
        except QueueFullError as error:
            raise UnavailableError(FULL) from error

    async def _commit(
        self, _lane: int, entries: Sequence[_Entry]
    ) -> Sequence[UnavailableError | InvalidVoteError | None]:
        self._batch_size.observe(len(entries))
        request = votes_pb2.CastVotesRequest(
            traceparents={vote.id: parent for vote, parent in entries if parent}
        )
        for vote, _ in entries:
            to_message(vote, request.votes.add)
        sent_ms = now_ms()
        try:
            response = await self._stub.CastVotes(request, timeout=self._timeout)
        except grpc.aio.AioRpcError as error:
            self._failed(error)
            raise UnavailableError(UNKNOWN) from error
        self._failure = None
        if response.answered_at_ms:  # older servers do not send their time
            self._clock.note(sent_ms, response.answered_at_ms, now_ms())
        return [_result(status) for status in response.statuses]

    def _failed(self, error: grpc.aio.AioRpcError) -> None:
        """Log why a call failed, unless the previous one failed in the same way."""
        if error.code() is not self._failure:
            _log.warning("calls to %s fail: %s, %s", self._target, error.code(), error.details())
        self._failure = error.code()

    async def _follow_channel(self) -> None:
        """Follow the channel's state; once ready, it has `_GRACE_SECONDS` to reconnect.

        A server closes each connection after a minute, and the next one is up within milliseconds.
        Calls wait for it, so readiness is kept. A failed connection shows at once.
        """
        loop = asyncio.get_running_loop()
        until = 0.0  # the end of the grace period, in the loop's time
        while True:
            state = self.channel.get_state(try_to_connect=True)
            if state is grpc.ChannelConnectivity.READY:
                self._readiness.set_ready()
                until = 0.0
            elif state in _CONNECTING and self._readiness.ready:
                until = until or loop.time() + _GRACE_SECONDS
            else:
                self._readiness.set_not_ready(self._lost)
            changed = asyncio.ensure_future(self.channel.wait_for_state_change(state))
            if self._readiness.ready and until:
                await asyncio.wait([changed], timeout=max(0.0, until - loop.time()))
                if not changed.done():
                    self._readiness.set_not_ready(self._lost)
            await changed


def _result(status: votes_pb2.VoteStatus) -> UnavailableError | InvalidVoteError | None:
    if status.outcome == votes_pb2.VoteStatus.OUTCOME_ACCEPTED:
        return None
    if status.outcome == votes_pb2.VoteStatus.OUTCOME_INVALID:
        if status.field:
            return InvalidVoteError(status.field, status.reason, status.type)
        return InvalidVoteError("vote", status.detail)  # older servers have no `field` and `reason`
    return UnavailableError(status.detail)
