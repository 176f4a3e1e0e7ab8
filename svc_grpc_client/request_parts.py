"""Requests no larger than a server reads."""

from collections.abc import Mapping, Sequence
from typing import Final

from votes.v1 import votes_pb2

BYTES_MAX: Final = 125_000
"""Of a request: somewhat less than svc_grpc_server reads. Five hundred ordinary votes are 80 kB."""


def parts_of(request: votes_pb2.CastVotesRequest) -> list[votes_pb2.CastVotesRequest]:
    """Return requests of at most `BYTES_MAX` with all votes of this one, in order."""
    if request.ByteSize() <= BYTES_MAX or len(request.votes) < 2:
        return [request]
    middle = len(request.votes) // 2
    return [
        part
        for votes in (request.votes[:middle], request.votes[middle:])
        for part in parts_of(_with(votes, request.traceparents))
    ]


def _with(
    votes: Sequence[votes_pb2.Vote], traceparents: Mapping[str, str]
) -> votes_pb2.CastVotesRequest:
    own = {vote.id: traceparents[vote.id] for vote in votes if vote.id in traceparents}
    return votes_pb2.CastVotesRequest(votes=votes, traceparents=own)
