import uuid

import pytest
from votes.v1 import votes_pb2

from svc_grpc_server.request import VOTES_MAX, read_request
from voting.domain.codec import to_message
from voting.testing.examples import VOTE, vote_with

ENOUGH = 100_000
EMPTY_VOTE = b"\x0a\x00"
EMPTY_TRACE = b"\x12\x00"


def request_with(votes: int, artist: str) -> votes_pb2.CastVotesRequest:
    request = votes_pb2.CastVotesRequest()
    for _ in range(votes):
        vote = vote_with(id=str(uuid.uuid4()), name=artist)
        to_message(vote, request.votes.add)
        request.traceparents[vote.id] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    return request


@pytest.mark.parametrize("artist", ["x", "x" * 127, "x" * 128, "\U0001f3b5" * 200])
@pytest.mark.parametrize("votes", [0, 1, VOTES_MAX])
def test_every_call_within_the_limit_is_read(votes: int, artist: str) -> None:
    request = request_with(votes, artist)
    assert read_request(request.SerializeToString()) == request


@pytest.mark.parametrize("small", [EMPTY_VOTE, EMPTY_TRACE, b"\x0a\x02\x20\x01", b"\x7a\x00"])
def test_a_huge_number_of_small_parts_is_refused(small: bytes) -> None:
    assert read_request(small * ENOUGH) is None


@pytest.mark.parametrize(
    "data",
    [
        b"\xff",
        b"\xff" * ENOUGH,
        b"\x00" * ENOUGH,
        b"\x08\x01" * ENOUGH,
        b"\x0b\x0c" * ENOUGH,
        b"\x0a" + b"\xff" * ENOUGH,
        b"\x0a\xf0\xff\x05" + b"x" * 98_288 + b"\x0a",
    ],
)
def test_invalid_bytes_are_refused(data: bytes) -> None:
    assert read_request(data) is None


def test_one_long_vote_is_parsed_and_left_to_validation() -> None:
    message = votes_pb2.CastVotesRequest(votes=[to_message(VOTE)])
    message.votes[0].album = "x" * ENOUGH
    assert read_request(message.SerializeToString()) == message
