"""A request that is too large is divided, and nothing of it is lost."""

import pytest
from votes.v1 import votes_pb2

from svc_grpc_client.request_parts import BYTES_MAX, parts_of
from svc_grpc_server.request import BYTES_MAX as READ_MAX
from voting.domain.codec import to_message
from voting.testing.examples import vote_with

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def request_with(votes: int, artist: str) -> votes_pb2.CastVotesRequest:
    request = votes_pb2.CastVotesRequest()
    for number in range(votes):
        vote = vote_with(id=f"{number:08}-0000-4000-8000-000000000000", name=artist, album=artist)
        to_message(vote, request.votes.add)
        if number % 2:
            request.traceparents[vote.id] = TRACEPARENT
    return request


def test_a_server_reads_what_a_client_sends() -> None:
    assert BYTES_MAX < READ_MAX


@pytest.mark.parametrize("votes", [0, 1, 500])
def test_an_ordinary_request_is_sent_as_it_is(votes: int) -> None:
    request = request_with(votes, "Joni Mitchell")
    [part] = parts_of(request)
    assert part is request


@pytest.mark.parametrize("votes", [80, 500, 501])
def test_a_large_one_is_divided_and_nothing_is_lost(votes: int) -> None:
    request = request_with(votes, "\U0001f3b5" * 200)
    parts = parts_of(request)
    assert len(parts) > 1
    assert max(part.ByteSize() for part in parts) <= BYTES_MAX
    whole = votes_pb2.CastVotesRequest()
    for part in parts:
        assert set(part.traceparents) <= {vote.id for vote in part.votes}
        whole.MergeFrom(part)
    assert whole == request


def test_a_vote_that_is_too_large_alone_is_left_to_the_server() -> None:
    request = request_with(1, "x" * READ_MAX)
    assert parts_of(request) == [request]
