"""`VoteService` in front of a `VoteSink`."""

import asyncio
from collections.abc import Mapping

from grpc.aio import ServicerContext
from votes.v1 import votes_pb2, votes_pb2_grpc

from voting.codec import from_message
from voting.vote import InvalidVoteError
from voting.vote_sink import UnavailableError, VoteSink

_ACCEPTED = votes_pb2.VoteStatus.OUTCOME_ACCEPTED
_INVALID = votes_pb2.VoteStatus.OUTCOME_INVALID
_UNAVAILABLE = votes_pb2.VoteStatus.OUTCOME_UNAVAILABLE


class VoteService(votes_pb2_grpc.VoteServiceServicer):
    """Casts the votes of a request and answers when each is stored or refused."""

    def __init__(self, sink: VoteSink) -> None:
        self._sink = sink

    async def CastVotes(  # noqa: N802 - the name is the schema's
        self,
        request: votes_pb2.CastVotesRequest,
        _context: ServicerContext[votes_pb2.CastVotesRequest, votes_pb2.CastVotesResponse],
    ) -> votes_pb2.CastVotesResponse:
        """Return one status per vote, in order."""
        # All votes are handed over before the first is awaited: they share their batches.
        pending = [self._cast(message, request.traceparents) for message in request.votes]
        statuses = [
            outcome if isinstance(outcome, votes_pb2.VoteStatus) else await _status(*outcome)
            for outcome in pending
        ]
        return votes_pb2.CastVotesResponse(statuses=statuses)

    def _cast(
        self, message: votes_pb2.Vote, traceparents: Mapping[str, str]
    ) -> votes_pb2.VoteStatus | tuple[str, asyncio.Future[None]]:
        try:
            vote = from_message(message)
            return vote.id, self._sink.cast(vote, traceparents.get(vote.id))
        except InvalidVoteError as error:
            return votes_pb2.VoteStatus(id=message.id, outcome=_INVALID, detail=str(error))
        except UnavailableError as error:
            return votes_pb2.VoteStatus(id=message.id, outcome=_UNAVAILABLE, detail=str(error))


async def _status(vote_id: str, acknowledged: asyncio.Future[None]) -> votes_pb2.VoteStatus:
    try:
        await acknowledged
    except UnavailableError as error:
        return votes_pb2.VoteStatus(id=vote_id, outcome=_UNAVAILABLE, detail=str(error))
    return votes_pb2.VoteStatus(id=vote_id, outcome=_ACCEPTED)
