"""`VoteService`, which appends its votes to a `RecordSink`."""

import asyncio
from functools import partial
from typing import Any, Final

from grpc import StatusCode
from grpc.aio import ServicerContext
from votes.v1 import votes_pb2, votes_pb2_grpc

from svc_grpc_server.request import VOTES_MAX
from voting.casting.group_commit import settle
from voting.casting.sink import CLOSED, OnResult, RecordSink, UnavailableError
from voting.domain.codec import from_message
from voting.domain.known_albums import KnownAlbums
from voting.domain.vote import InvalidVoteError, Vote, check_new_vote
from voting.polls.known_polls import KnownPolls, StalePollsError, UntimelyVoteError
from voting.service.clock_watch import now_ms
from voting.tracing.trace_context import if_sampled, read_traceparent
from voting.tracing.tracing import step

# How far a vote's time may differ from our clock. Beyond that one clock is wrong, and the vote gets
# our time.
CLOCK_TOLERANCE_MS: Final = 300_000

# No valid id is longer, and what a client sends need not come back whole.
_ID_LENGTH: Final = 36

_METHOD: Final = "votes.v1.VoteService/CastVotes"

_ACCEPTED = votes_pb2.VoteStatus.OUTCOME_ACCEPTED
_INVALID = votes_pb2.VoteStatus.OUTCOME_INVALID
_UNAVAILABLE = votes_pb2.VoteStatus.OUTCOME_UNAVAILABLE


class VoteService(votes_pb2_grpc.VoteServiceServicer):
    """Appends the votes of a request and answers when each is stored or refused."""

    def __init__(self, sink: RecordSink, albums: KnownAlbums, polls: KnownPolls) -> None:
        self._sink = sink
        self._albums = albums
        self._polls = polls
        self._step = step(_METHOD, "server", {"rpc.system.name": "grpc", "rpc.method": _METHOD})

    async def CastVotes(  # noqa: N802 - the name is the schema's
        self,
        request: votes_pb2.CastVotesRequest | None,
        context: ServicerContext[Any, Any],
    ) -> votes_pb2.CastVotesResponse:
        """Return one status per vote, in order. `request` is None if it could not be parsed."""
        if request is None or max(len(request.votes), len(request.traceparents)) > VOTES_MAX:
            await context.abort(
                StatusCode.INVALID_ARGUMENT,
                f"not a valid request: at most {VOTES_MAX} votes and as many traceparents",
            )
        request.DiscardUnknownFields()  # the ledger keeps only what was checked
        outcomes = _Outcomes(len(request.votes))
        traceparents = _sampled(request)
        size = {"votes.batch_size": len(request.votes)}
        spans = self._step.start(traceparents, size) if self._step else None
        if spans:
            traceparents = spans.traceparents
        now = now_ms()
        # All votes are appended before the first result, so they share batches.
        for index, message in enumerate(request.votes):
            outcomes.statuses.add(id=message.id[:_ID_LENGTH], outcome=_ACCEPTED)
            self._cast(message, traceparents.get(index), now, partial(outcomes.set, index))
        try:
            await outcomes.known
        finally:
            if spans:
                spans.end(outcomes.errors)
        outcomes.response.answered_at_ms = now_ms()
        return outcomes.response

    def _cast(
        self,
        message: votes_pb2.Vote,
        traceparent: str | None,
        now: int,
        on_result: OnResult,
    ) -> None:
        try:
            vote = from_message(message, check_new_vote)
            if vote.poll:
                self._check_in_poll(vote, now)
            elif self._albums.listed is not None:
                self._albums.check(vote)
            if abs(vote.cast_at_ms - now) > CLOCK_TOLERANCE_MS:
                message.cast_at_ms = now
            # The message has been validated, so its encoding is the record.
            record = vote.id, message.SerializeToString(), traceparent
            self._sink.append(record, on_result)
        except (InvalidVoteError, UnavailableError) as error:
            on_result(error)

    def _check_in_poll(self, vote: Vote, now: int) -> None:
        """Raise `InvalidVoteError` or `UnavailableError` for a vote that its poll does not take."""
        try:
            self._polls.check(vote, now)
        except (StalePollsError, UntimelyVoteError) as error:
            raise UnavailableError(CLOSED) from error


class _Outcomes:
    """The statuses of a request's votes; `known` is done when all are known."""

    def __init__(self, votes: int) -> None:
        self.response = votes_pb2.CastVotesResponse()
        self.statuses = self.response.statuses
        self.known: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.errors: dict[int, BaseException | None] = {}
        self._unknown = votes
        if not votes:
            self.known.set_result(None)

    def set(self, index: int, error: BaseException | None) -> None:
        """Set the status of a vote."""
        if error is not None:  # the initial status is accepted
            self._set_error(index, error)
        self._unknown -= 1
        if not self._unknown:
            settle(self.known, None)

    def _set_error(self, index: int, error: BaseException) -> None:
        self.errors[index] = error
        if isinstance(error, InvalidVoteError | UnavailableError):
            status = self.statuses[index]
            status.outcome, status.detail = _UNAVAILABLE, str(error)
            if isinstance(error, InvalidVoteError):
                status.outcome = _INVALID
                status.field, status.reason = error.field, error.reason
                status.type = error.kind
        else:
            settle(self.known, error)


def _sampled(request: votes_pb2.CastVotesRequest) -> dict[int, str]:
    """Return the traceparents of the sampled votes of a request, by index."""
    given = request.traceparents
    if not given:
        return {}
    sampled = (if_sampled(read_traceparent(given.get(vote.id))) for vote in request.votes)
    return {index: found for index, found in enumerate(sampled) if found}
