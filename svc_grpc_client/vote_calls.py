"""Calls to the gRPC servers, over one channel that the service's readiness follows."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from typing import Final

import grpc.aio
from votes.v1 import votes_pb2, votes_pb2_grpc

from svc_grpc_client.answers import checked
from svc_grpc_client.failed_handshake import explained
from svc_grpc_client.request_parts import parts_of
from svc_grpc_client.secure_channel import open_channel
from svc_grpc_client.settings import GrpcClientSettings
from svc_grpc_client.vote_streams import VoteStreams
from voting.casting.sink import UNKNOWN, UnavailableError
from voting.domain.codec import to_message
from voting.domain.vote import InvalidVoteError, Vote
from voting.service.clock_watch import ClockWatch, now_ms
from voting.service.lifecycle import Readiness, run_for_good
from voting.service.logs import in_trace
from voting.service.telemetry import BATCH_SIZE
from voting.tracing.tracing import step

_log = logging.getLogger(__name__)

_CONNECTING: Final = {grpc.ChannelConnectivity.IDLE, grpc.ChannelConnectivity.CONNECTING}
# How long a channel that was ready may take to reconnect before the service is not ready.
_GRACE_SECONDS: Final = 1.0
_SERVICE: Final = votes_pb2.DESCRIPTOR.services_by_name["VoteService"].full_name
_METHOD: Final = "votes.v1.VoteService/CastVotes"
_STATUS: Final = "rpc.response.status_code"

_SERVICE_CONFIG: Final = {
    "loadBalancingConfig": [{"round_robin": {}}],
    # A server that cannot reach Kafka reports itself unhealthy and gets no calls.
    "healthCheckConfig": {"serviceName": _SERVICE},
    "methodConfig": [
        {
            "name": [{"service": _SERVICE, "method": "CastVotes"}],
            # Safe: a vote counts once per id. A stopping server cancels the calls that reach it
            # before the client has received its GOAWAY; a busy one refuses calls beyond its
            # bound that a client starts before it knows of it.
            "retryPolicy": {
                "maxAttempts": 5,
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
    # Else a window grows to megabytes of answers that nobody asked for.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.dns_min_time_between_resolutions_ms", 1_000),
]

type CastEntry = tuple[Vote, str | None]
"""A vote and its traceparent."""

type _Ask = Callable[[votes_pb2.CastVotesRequest], Awaitable[votes_pb2.CastVotesResponse]]


class VoteCalls:
    """Sends votes to the servers; `readiness` is set while at least one can take votes."""

    def __init__(
        self, settings: GrpcClientSettings, readiness: Readiness, *, in_streams: bool
    ) -> None:
        """Without `in_streams`, each `cast` is a `CastVotes` call of its own."""
        self._in_streams = in_streams
        self.timeout_seconds = settings.call_timeout_seconds
        self._target = settings.grpc_target
        self._tls = settings.grpc_tls
        self._lost = f"waiting for a ready gRPC server at {self._target}"
        self._readiness = readiness
        self._batch_size = BATCH_SIZE.labels("grpc")
        self._clock = ClockWatch("svc_grpc_server")
        self._failure: grpc.StatusCode | None = None  # of the last call
        self._step = step(_METHOD, "client", {"rpc.system.name": "grpc", "rpc.method": _METHOD})

    async def open(self) -> None:
        """Open the channel; gRPC requires that in the event loop that uses it."""
        self.channel = open_channel(self._target, _OPTIONS, self._tls)
        self._stub = votes_pb2_grpc.VoteServiceStub(self.channel)
        self._ask: _Ask = (
            VoteStreams(self._stub, self.timeout_seconds).ask
            if self._in_streams
            else self._ask_alone
        )
        self._follower = run_for_good(self._follow_channel(), "the gRPC channel watcher")

    async def close(self) -> None:
        """Close the channel, which ends the calls in flight."""
        self._follower.cancel()
        await self.channel.close()

    async def cast(
        self, entries: Sequence[CastEntry]
    ) -> Sequence[UnavailableError | InvalidVoteError | None]:
        """Cast votes; return each one's result, or raise `UnavailableError`.

        They are in one request, unless it would be larger than a server reads.
        """
        self._batch_size.observe(len(entries))
        parents = {index: parent for index, (_, parent) in enumerate(entries) if parent}
        size = {"votes.batch_size": len(entries)}
        spans = self._step.start(parents, size) if self._step else None
        traceparents = spans.traceparents if spans else parents
        request = votes_pb2.CastVotesRequest(
            traceparents={entries[index][0].id: own for index, own in traceparents.items()}
        )
        for vote, _ in entries:
            to_message(vote, request.votes.add)
        sent_ms = now_ms()
        try:
            # One after the other: a connection has only so many streams.
            responses = [await self._ask(part) for part in parts_of(request)]
        except grpc.aio.AioRpcError as error:
            with in_trace(spans.first if spans else None):
                self._failed(error)
            if spans:
                spans.note({_STATUS: error.code().name})
                spans.end(error)
            raise UnavailableError(UNKNOWN) from error
        self._failure = None
        if responses[0].answered_at_ms:  # older servers do not send their time
            self._clock.note(sent_ms, responses[0].answered_at_ms, now_ms())
        statuses = chain.from_iterable(response.statuses for response in responses)
        results = [
            _result(status, vote) for status, (vote, _) in zip(statuses, entries, strict=True)
        ]
        if spans:
            spans.note({_STATUS: grpc.StatusCode.OK.name})
            spans.end(dict(enumerate(results)))
        return results

    async def _ask_alone(self, request: votes_pb2.CastVotesRequest) -> votes_pb2.CastVotesResponse:
        """Return the answer to a request in a call of its own."""
        response = await self._stub.CastVotes(request, timeout=self.timeout_seconds)
        return checked(response, request)

    def _failed(self, error: grpc.aio.AioRpcError) -> None:
        """Log why a call failed, unless the previous one failed in the same way."""
        if error.code() is not self._failure:
            why = explained(error.details())
            _log.warning("calls to %s fail: %s, %s", self._target, error.code(), why)
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


def _result(status: votes_pb2.VoteStatus, vote: Vote) -> UnavailableError | InvalidVoteError | None:
    if status.id != vote.id:
        return UnavailableError(UNKNOWN)
    if status.outcome == votes_pb2.VoteStatus.OUTCOME_ACCEPTED:
        return None
    if status.outcome == votes_pb2.VoteStatus.OUTCOME_INVALID:
        if status.field:
            return InvalidVoteError(status.field, status.reason, status.type)
        return InvalidVoteError("vote", status.detail)  # older servers have no `field` and `reason`
    return UnavailableError(status.detail)
