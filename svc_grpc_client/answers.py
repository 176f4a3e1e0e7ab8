"""Whether an answer is that of the request: a vote is accepted by no other one."""

import grpc.aio
from votes.v1 import votes_pb2


def is_answer(response: object, request: votes_pb2.CastVotesRequest) -> bool:
    """Whether a response has as many statuses as the request has votes, beginning with its first.

    A server that answers twice in a stream would otherwise answer the next request with it. Each
    status is compared with its vote where it is read.
    """
    return (
        isinstance(response, votes_pb2.CastVotesResponse)
        and len(response.statuses) == len(request.votes)
        and (not request.votes or response.statuses[0].id == request.votes[0].id)
    )


def checked(
    response: votes_pb2.CastVotesResponse, request: votes_pb2.CastVotesRequest
) -> votes_pb2.CastVotesResponse:
    """Return the response; raise `AioRpcError` if it is not that of the request."""
    if not is_answer(response, request):
        raise grpc.aio.AioRpcError(
            grpc.StatusCode.INTERNAL,
            grpc.aio.Metadata(),
            grpc.aio.Metadata(),
            "the server's answer has not one status for each vote of the request",
        )
    return response
