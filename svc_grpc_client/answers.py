"""Whether an answer is that of the request: a vote is accepted by no other one."""

import grpc.aio
from votes.v1 import votes_pb2


def is_answer(response: object, request: votes_pb2.CastVotesRequest) -> bool:
    """Whether a response has one status for each vote of the request, in order.

    A server that answers twice in a stream would otherwise accept the votes of the next request.
    """
    return (
        isinstance(response, votes_pb2.CastVotesResponse)
        and len(response.statuses) == len(request.votes)
        and all(
            status.id == vote.id
            for status, vote in zip(response.statuses, request.votes, strict=True)
        )
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
